//! A call that traps some calls deep: unwinding, and the backtrace that is taken by default.

use super::{Bench, repeat};
use wasmtier_bench::runner::Failure;

/// Traps as deep as its parameter says.
const TEXT: &str = r#"(module
    (func $sink (export "sink") (param $depth i32) (result i32)
        (if (i32.eq (local.get $depth) (i32.const 1)) (then unreachable))
        ;; Not a call in tail position, so that no compiler makes a loop of it.
        (i32.add (i32.const 1)
            (call $sink (i32.sub (local.get $depth) (i32.const 1))))))"#;

pub(super) fn run(bench: &Bench<'_>) -> Result<(), Failure> {
    let (mut store, instance) = bench.instance(TEXT)?;
    let sink = instance.get_typed_func::<u32, i32>(&mut store, "sink")?;
    for depth in [1, 10, 100] {
        bench.report.measure(&format!("trap/depth-{depth}"), 1, |rounds| {
            repeat(rounds, || match sink.call(&mut store, depth) {
                Ok(_) => Err("it did not trap".into()),
                Err(_) => Ok(()),
            })
        })?;
    }
    Ok(())
}
