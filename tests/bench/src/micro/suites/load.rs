//! Making a module of its bytes, or of an image that the engine made before.

use super::{Bench, repeat};
use crate::micro::IMAGES;
use crate::micro::api::Module;
use std::fmt::Write;
use wasmtier_bench::runner::Failure;

/// The number of functions of the large module.
const FUNCTIONS: usize = 2000;

pub(super) fn run(bench: &Bench<'_>) -> Result<(), Failure> {
    for (name, functions) in [("small", 1), ("large", FUNCTIONS)] {
        let wasm = wat::parse_str(text(functions))?;
        bench.report.measure(&format!("load/bytes/{name}"), 1, |rounds| {
            repeat(rounds, || {
                Module::new(&bench.engine, &wasm)?;
                Ok(())
            })
        })?;
        if let Some(images) = IMAGES
            && bench.report.may_want("load/image")
        {
            let image = (images.save)(&Module::new(&bench.engine, &wasm)?)?;
            bench.report.measure(&format!("load/image/{name}"), 1, |rounds| {
                repeat(rounds, || {
                    (images.load)(&bench.engine, &image)?;
                    Ok(())
                })
            })?;
        }
    }
    Ok(())
}

/// A module with so many functions, each of some 60 operators: a loop over memory, a branch, and a
/// call of the next.
fn text(functions: usize) -> String {
    let mut text = "(module (memory (export \"memory\") 1)".to_owned();
    for function in 0..functions {
        let next = (function + 1) % functions;
        _ = write!(
            text,
            r"(func $f{function} (param $from i32) (param $count i32) (result i32)
                (local $sum i32) (local $wide i64)
                (if (i32.eqz (local.get $count)) (then (return (i32.const {function}))))
                (block $done (loop $again
                    (br_if $done (i32.ge_u (local.get $from) (i32.const 65520)))
                    (local.set $sum (i32.add (local.get $sum)
                        (i32.mul (i32.load offset=4 (local.get $from)) (i32.const {function}))))
                    (local.set $wide (i64.xor (local.get $wide)
                        (i64.shl (i64.load (local.get $from)) (i64.const 7))))
                    (i64.store offset=8 (local.get $from) (local.get $wide))
                    (local.set $from (i32.add (local.get $from) (i32.const 16)))
                    (br_if $again (i32.lt_s (local.get $sum) (i32.const {next})))))
                (if (result i32) (i64.eqz (local.get $wide))
                    (then (call $f{next} (local.get $sum)
                        (i32.sub (local.get $count) (i32.const 1))))
                    (else (select (local.get $sum) (i32.wrap_i64 (local.get $wide))
                        (i32.and (local.get $sum) (i32.const 1))))))"
        );
    }
    text + "(export \"run\" (func $f0)))"
}
