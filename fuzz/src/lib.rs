//! Differential fuzzing: the same module on wasmtier, in each of its configurations, and on wasmi.
//!
//! [`generate`] makes modules of a seed or of bytes; [`oracle`] runs one on all engines in
//! lockstep and says where they part; [`run`] does so for many seeds, and makes small what it
//! found. The binary `differential` and the libFuzzer target are thin covers of these.
//!
//! Invariant: everything follows from the seed or the bytes alone, so that a divergence can be had
//! again on any machine.

#![forbid(unsafe_code)]

pub mod generate;
pub mod interface;
pub mod oracle;
pub mod random;
pub mod run;
pub mod value;
