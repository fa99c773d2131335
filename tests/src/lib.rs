//! Support for the tests of wasmtier as a whole.

pub mod modes;

/// The README, whose example is run as a doc test.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;
