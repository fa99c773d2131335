//! Translation of wasm to threaded code, and the back-ends that run it.
