//! x86-64 code buffer and operator lowerings, shared by the native tiers.
//!
//! Bytes in, bytes out: nothing here maps, runs or patches memory. The invariant: what leaves this
//! crate is position independent and the same for the same input.

#![forbid(unsafe_code)]

mod buffer;

pub use buffer::{CodeBuffer, Error};
