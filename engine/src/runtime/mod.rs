//! What running code stands on: address space, linear memories, faults, machine code.
//!
//! The only part of the engine where `unsafe` may live. Nothing here parses a module or knows the
//! public API.

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
#[cfg_attr(not(test), expect(dead_code, reason = "machine code comes with the native back-ends"))]
pub(crate) mod activation;
#[cfg(test)]
mod child_process;
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
#[cfg_attr(not(test), expect(dead_code, reason = "machine code comes with the native back-ends"))]
pub(crate) mod code_range;
#[expect(dead_code, reason = "the stores that own memories come next")]
pub(crate) mod memory;
#[expect(dead_code, reason = "the stores that own mappings come next")]
pub(crate) mod mmap;
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod signals;
