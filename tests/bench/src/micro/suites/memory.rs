//! Growing a memory from within wasm: a page at a time, and much at once. Making the instance does
//! not count.

use super::{Bench, in_wasm};
use crate::micro::api::{Linker, Store};
use std::time::Duration;
use wasmtier_bench::runner::Failure;

/// Pages of the big step: 256 MiB.
const BIG: u32 = 4096;

pub(super) fn run(bench: &Bench<'_>) -> Result<(), Failure> {
    grow(bench, "1-page", 1, 1000)?;
    grow(bench, "256-mib", BIG, 1)
}

/// Grows a fresh memory of one page by `pages`, `steps` times.
fn grow(bench: &Bench<'_>, name: &str, pages: u32, steps: u32) -> Result<(), Failure> {
    let module = bench.module(&format!(
        r#"(module
            (memory 1)
            (func (export "run") (param $steps i32) (result i32)
                (loop $again
                    (if (i32.eq (memory.grow (i32.const {pages})) (i32.const -1))
                        (then (return (i32.const 1))))
                    (local.tee $steps (i32.sub (local.get $steps) (i32.const 1)))
                    br_if $again)
                (i32.const 0)))"#
    ))?;
    let pre = Linker::new(&bench.engine).instantiate_pre(&module)?;
    bench.report.measure(&format!("memory-grow/{name}"), steps, |rounds| {
        let mut time = Duration::ZERO;
        for _ in 0..rounds {
            let mut store = Store::new(&bench.engine, ());
            let instance = pre.instantiate(&mut store)?;
            let task = instance.get_typed_func(&mut store, "run")?;
            time += in_wasm(&mut store, &task, steps)?;
        }
        Ok(time)
    })
}
