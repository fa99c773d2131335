//! libFuzzer's way into the oracle; see `fuzz/run.sh` for how it is built on stable Rust.
//!
//! Invariant: an input either makes no module, or one that every engine agrees on; all else aborts.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use wasmtier_fuzz::generate;
use wasmtier_fuzz::oracle::{Oracle, Verdict};

static ORACLE: LazyLock<Oracle> = LazyLock::new(Oracle::new);

fuzz_target!(|bytes: &[u8]| {
    if let Some(case) = generate::from_bytes(bytes)
        && let Verdict::Diverged(divergence) = ORACLE.run(&case).verdict
    {
        panic!("{divergence}");
    }
});
