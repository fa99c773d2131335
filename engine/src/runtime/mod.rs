//! What running code stands on: address space, linear memories, faults, machine code.
//!
//! The only part of the engine where `unsafe` may live. Nothing here parses a module or knows the
//! public API.

#[expect(dead_code, reason = "the stores that own memories come next")]
pub(crate) mod memory;
#[expect(dead_code, reason = "the stores that own mappings come next")]
pub(crate) mod mmap;
