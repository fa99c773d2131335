//! How fast modules load and translate: `cargo run --release -p wasmtier-tests --example
//! translation -- FILE.wasm…`.
//!
//! Prints, for each file, the best of several runs: loading (parsing and validation), translation
//! of every function on one thread, and bytes of code per byte of body.

#![expect(clippy::print_stdout, reason = "a program whose report is its output")]

use std::time::{Duration, Instant};

use wasmtier::{Context as _, Engine, Module, Result, Warmed};

/// Enough for the best to be steady on a machine with other work.
const RUNS: u32 = 10;

fn main() -> Result<()> {
    for file in std::env::args().skip(1) {
        let bytes = std::fs::read(&file).with_context(|| format!("cannot read {file}"))?;
        let (load, translate, warmed) = best(&bytes)?;
        let Warmed { functions, body_bytes, code_bytes, .. } = warmed;
        let speed = body_bytes as f64 / 1e6 / translate.as_secs_f64();
        let size = code_bytes as f64 / body_bytes as f64;
        println!(
            "{file}: {functions} functions, loaded in {load:.2?}, translated in {translate:.2?} \
             ({speed:.1} MB/s), {size:.2} bytes of code per byte"
        );
    }
    Ok(())
}

fn best(bytes: &[u8]) -> Result<(Duration, Duration, Warmed)> {
    let engine = Engine::default();
    let (mut load, mut translate) = (Duration::MAX, Duration::MAX);
    let mut warmed = Warmed::default();
    for _ in 0..RUNS {
        let start = Instant::now();
        let module = Module::new(&engine, bytes)?;
        load = load.min(start.elapsed());
        let start = Instant::now();
        warmed = module.warm()?;
        translate = translate.min(start.elapsed());
    }
    Ok((load, translate, warmed))
}
