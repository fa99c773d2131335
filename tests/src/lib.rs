//! Support for the tests of wasmtier as a whole.

pub mod modes;
