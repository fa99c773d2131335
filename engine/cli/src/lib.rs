//! What the `wasmtier` command is made of, for the command and for the tests of wasmtier.

pub mod wast;
