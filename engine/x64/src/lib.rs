//! What the native tiers share of x86-64.
//!
//! What lives here: today the buffer that machine code is collected in; encoders, and one lowering
//! per operator, come with the first native tier. What does not: nothing here maps, runs or patches
//! memory.
//!
//! Invariant: what leaves this crate is position independent and the same for the same input.

#![forbid(unsafe_code)]

mod buffer;

pub use buffer::{CodeBuffer, Error};
