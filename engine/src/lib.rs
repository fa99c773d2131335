//! The public API of wasmtier.
