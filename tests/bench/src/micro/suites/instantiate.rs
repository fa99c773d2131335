//! Making an instance of a prepared module in a store of its own, and dropping both.

use super::{Bench, repeat};
use crate::micro;
use crate::micro::api::{InstancePre, Linker, Module, Store};
use std::fmt::Write;
use wasmtier_bench::runner::Failure;

/// A program in Rust: 190 KB, of which 14 KB are data.
const PROGRAM: &[u8] = include_bytes!("../../../programs/strings/strings.wasm");

pub(super) fn run(bench: &Bench<'_>) -> Result<(), Failure> {
    let texts = [
        ("empty", "(module)".to_owned()),
        ("small-memory", "(module (memory 1))".to_owned()),
        ("data-segments", with_data()),
    ];
    for (name, text) in texts {
        let pre = Linker::new(&bench.engine).instantiate_pre(&bench.module(&text)?)?;
        over_and_over(bench, name, &pre, || Ok(()))?;
    }
    let mut linker = Linker::new(&bench.engine);
    micro::add_wasi(&mut linker)?;
    linker.func_wrap("bench", "start", || ())?;
    linker.func_wrap("bench", "end", || ())?;
    let pre = linker.instantiate_pre(&Module::new(&bench.engine, PROGRAM)?)?;
    over_and_over(bench, "wasi", &pre, || micro::wasi(None))
}

/// 1 MiB of data in 256 segments.
fn with_data() -> String {
    let mut text = "(module (memory 17)".to_owned();
    for segment in 0..256 {
        let bytes = format!("{segment:064}").repeat(64);
        _ = write!(text, r#"(data (i32.const {}) "{bytes}")"#, segment * bytes.len());
    }
    text + ")"
}

fn over_and_over<T: 'static>(
    bench: &Bench<'_>,
    name: &str,
    pre: &InstancePre<T>,
    data: impl Fn() -> Result<T, Failure>,
) -> Result<(), Failure> {
    bench.report.measure(&format!("instantiate/{name}"), 1, |rounds| {
        repeat(rounds, || {
            let mut store = Store::new(&bench.engine, data()?);
            pre.instantiate(&mut store)?;
            Ok(())
        })
    })
}
