//! The `wasmtier` command.

fn main() {}
