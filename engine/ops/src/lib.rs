//! What every WebAssembly operator means.
