//! The baseline compiler: wasm bytes in, machine code bytes out.
//!
//! What lives here: the [prescan](prescan()), the first of the compiler's two walks over a body,
//! which finds what the second must know before it emits the first byte: where loops are, which
//! locals each uses how often, and whether it calls; and that second walk, [`compile`]. What does
//! not: mapping or running code, and anything of an instance.
//!
//! Invariant: everything here is a pure function of the bytes it is given, on any thread.

#![forbid(unsafe_code)]

mod adapter;
mod compile;
mod compiler;
mod convention;
mod native;
mod osr;
mod prescan;
mod stubs;

pub use adapter::{registers_to_host, registers_to_slots, slots_to_registers};
pub use compile::{
    Bounds, CompileError, Compiled, Counters, Options, Scratch, Site, Start, compile,
};
pub use compiler::SAVED;
pub use convention::{FLOAT_ARGUMENTS, FLOAT_RESULTS, INT_ARGUMENTS, INT_RESULTS};
pub use convention::{Place, arguments, results};
pub use osr::{LoopEntries, Loops, loop_entries};
pub use prescan::{LocalUse, Prescan, PrescanError, Region, RegionIdx, prescan};
pub use stubs::{Stubs, stubs};
