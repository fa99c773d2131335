//! The baseline compiler: wasm bytes in, machine code bytes out.
