//! WASI preview1 on the public API of wasmtier.
