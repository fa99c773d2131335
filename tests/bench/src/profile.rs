//! Where the time of one program goes.
//!
//! What lives here: counting what a program executes ([`blocks`], [`counts`]), reading what `perf`
//! and callgrind found ([`samples`]), naming native symbols ([`symbols`]), and the report. What
//! does not: running anything, which is the `profile` program's.
//!
//! Invariant: counts are exact and the same on every engine; times belong to one engine and run.

pub mod blocks;
pub mod counts;
mod declared;
pub mod operators;
pub mod report;
pub mod samples;
pub mod symbols;
