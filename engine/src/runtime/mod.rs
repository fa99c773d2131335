//! What running code stands on: address space, linear memories, faults, machine code.
//!
//! The only part of the engine where `unsafe` may live. Nothing here parses a module or knows the
//! public API.

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
pub(crate) mod activation;
#[cfg(test)]
mod child_process;
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
pub(crate) mod code_memory;
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
pub(crate) mod code_range;
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod cpu;
#[cfg(all(test, target_arch = "x86_64", target_os = "linux"))]
mod emitted;
pub(crate) mod memory;
#[expect(dead_code, reason = "pooling comes next")]
pub(crate) mod mmap;
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
pub(crate) mod native;
#[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
#[path = "native/absent.rs"]
pub(crate) mod native;
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod profile;
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod signals;

pub(crate) mod backtrace;
pub(crate) mod builtins;
pub(crate) mod call;
pub(crate) mod externref;
mod funcref;
pub(crate) mod global;
pub(crate) mod grow;
pub(crate) mod host;
pub(crate) mod instance;
pub(crate) mod instantiate;
mod limit;
pub(crate) mod memory_object;
mod native_stack;
mod pinned;
mod racy;
mod reservation_set;
pub(crate) mod shared_object;
pub(crate) mod slots;
pub(crate) mod store;
pub(crate) mod table;
pub(crate) mod unavailable;
mod vmctx;
mod waiters;
