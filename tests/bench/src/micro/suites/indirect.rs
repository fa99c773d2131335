//! Calls through a table of 65,536 slots: the same slot again and again, each slot in turn with
//! one function in all of them, and each slot in turn with a function of its own.
//!
//! `warm` has been through the table before; `first` goes through it in a fresh instance, of a
//! module that has run before.

use super::{Bench, repeat};
use crate::micro;
use crate::micro::api::{Engine, InstancePre, Linker, Module, Store, TypedFunc};
use std::fmt::Write;
use std::time::{Duration, Instant};
use wasmtier_bench::runner::Failure;

const SLOTS: u32 = 1 << 16;

/// Goes through the table; the slot is `i & mask`.
type Pass = TypedFunc<u32, i32>;

pub(super) fn run(bench: &Bench<'_>) -> Result<(), Failure> {
    let one = wat::parse_str(text(1))?;
    for tables in micro::tables(bench.mode) {
        let engine = micro::engine(bench.mode, *tables)?;
        let pre = prepared(&engine, &one)?;
        go_through(bench, &pre, &format!("same-callee/{}", tables.name()), 0)?;
        go_through(bench, &pre, &format!("different-callees/{}", tables.name()), SLOTS - 1)?;
    }
    if !bench.report.may_want("call-indirect/distinct-functions") {
        return Ok(());
    }
    let many = wat::parse_str(text(SLOTS))?;
    for tables in micro::tables(bench.mode) {
        let engine = micro::engine(bench.mode, *tables)?;
        let pre = prepared(&engine, &many)?;
        go_through(bench, &pre, &format!("distinct-functions/{}", tables.name()), SLOTS - 1)?;
    }
    Ok(())
}

/// A module with so many functions, and a table filled with them.
fn text(functions: u32) -> String {
    let mut text = format!(
        r#"(module
            (type $callee (func (param i32) (result i32)))
            (table {SLOTS} funcref)
            (func (export "pass") (param $mask i32) (result i32)
                (local $i i32) (local $sum i32)
                (loop $again
                    (local.set $sum (call_indirect (type $callee)
                        (local.get $sum) (i32.and (local.get $i) (local.get $mask))))
                    (local.set $i (i32.add (local.get $i) (i32.const 1)))
                    (br_if $again (i32.lt_u (local.get $i) (i32.const {SLOTS}))))
                (local.get $sum))"#
    );
    for function in 0..functions {
        _ = write!(
            text,
            "(func (type $callee) (i32.add (local.get 0) (i32.const {})))",
            function % 100
        );
    }
    text += "(elem (i32.const 0) func";
    for slot in 0..SLOTS {
        // The first function is `pass`.
        _ = write!(text, " {}", 1 + slot % functions);
    }
    text + "))"
}

fn prepared(engine: &Engine, wasm: &[u8]) -> Result<InstancePre<()>, Failure> {
    let module = Module::new(engine, wasm)?;
    Ok(Linker::new(engine).instantiate_pre(&module)?)
}

fn instance(pre: &InstancePre<()>) -> Result<(Store<()>, Pass), Failure> {
    let mut store = Store::new(pre.module().engine(), ());
    let instance = pre.instantiate(&mut store)?;
    let pass = instance.get_typed_func(&mut store, "pass")?;
    Ok((store, pass))
}

fn go_through(
    bench: &Bench<'_>,
    pre: &InstancePre<()>,
    name: &str,
    mask: u32,
) -> Result<(), Failure> {
    let (mut store, pass) = instance(pre)?;
    bench.report.measure(&format!("call-indirect/{name}/warm"), SLOTS, |rounds| {
        repeat(rounds, || {
            pass.call(&mut store, mask)?;
            Ok(())
        })
    })?;
    bench.report.measure(&format!("call-indirect/{name}/first"), SLOTS, |rounds| {
        let mut time = Duration::ZERO;
        for _ in 0..rounds {
            let (mut store, pass) = instance(pre)?;
            let begin = Instant::now();
            pass.call(&mut store, mask)?;
            time += begin.elapsed();
        }
        Ok(time)
    })
}
