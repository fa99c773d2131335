//! The baseline compiler: wasm bytes in, machine code bytes out.

#![forbid(unsafe_code)]
