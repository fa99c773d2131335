//! The public API of wasmtier.

mod runtime;
