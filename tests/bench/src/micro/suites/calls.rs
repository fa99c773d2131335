//! Calls between host and wasm, with types known to the compiler and without.

use super::{Bench, in_wasm, repeat};
use crate::micro::api::{IntoFunc, Linker, Module, Store, Val, WasmParams, WasmResults};
use wasmtier_bench::runner::Failure;

/// Many parameters: of all number types, and more than fit in registers.
type Many = (i32, i64, f32, f64, i32, i64, f32, f64, i32, i64, f32, f64);

const MANY: Many = (1, 2, 3.0, 4.0, 5, 6, 7.0, 8.0, 9, 10, 11.0, 12.0);

/// A function type: its name in the names of the suites, and its parts in text.
#[derive(Copy, Clone)]
struct Shape {
    name: &'static str,
    ty: &'static str,
    arguments: &'static str,
    result: &'static str,
}

const NOP: Shape = Shape { name: "nop", ty: "", arguments: "", result: "" };

const TWO: Shape = Shape {
    name: "2xi64",
    ty: "(param i64 i64) (result i64)",
    arguments: "(i64.const 1) (i64.const 2)",
    result: "(i64.const 3)",
};

const TWELVE: Shape = Shape {
    name: "12-mixed",
    ty: "(param i32 i64 f32 f64 i32 i64 f32 f64 i32 i64 f32 f64) (result i64)",
    arguments: "(i32.const 1) (i64.const 2) (f32.const 3) (f64.const 4)
        (i32.const 5) (i64.const 6) (f32.const 7) (f64.const 8)
        (i32.const 9) (i64.const 10) (f32.const 11) (f64.const 12)",
    result: "(i64.const 3)",
};

pub(super) fn run(bench: &Bench<'_>) -> Result<(), Failure> {
    typed_to_wasm::<(), ()>(bench, NOP, ())?;
    typed_to_wasm::<(i64, i64), i64>(bench, TWO, (1, 2))?;
    typed_to_wasm::<Many, i64>(bench, TWELVE, MANY)?;

    untyped_to_wasm(bench, NOP, &[])?;
    untyped_to_wasm(bench, TWO, &[1_i64.into(), 2_i64.into()])?;
    untyped_to_wasm(bench, TWELVE, &many())?;

    typed_to_host(bench, NOP, || ())?;
    typed_to_host(bench, TWO, |a: i64, b: i64| a + b)?;
    typed_to_host(
        bench,
        TWELVE,
        |_: i32,
         a: i64,
         _: f32,
         _: f64,
         _: i32,
         b: i64,
         _: f32,
         _: f64,
         _: i32,
         _: i64,
         _: f32,
         _: f64| a + b,
    )?;

    untyped_to_host(bench, NOP)?;
    untyped_to_host(bench, TWO)?;
    untyped_to_host(bench, TWELVE)
}

/// The values of [`MANY`].
fn many() -> Vec<Val> {
    let four = |at: i16| -> [Val; 4] {
        let [a, b, c, d] = [at, at + 1, at + 2, at + 3];
        [i32::from(a).into(), i64::from(b).into(), f32::from(c).into(), f64::from(d).into()]
    };
    [1, 5, 9].into_iter().flat_map(four).collect()
}

/// A function of this type that returns at once.
fn callee(shape: Shape) -> String {
    format!(r#"(module (func (export "f") {} {}))"#, shape.ty, shape.result)
}

fn typed_to_wasm<P: WasmParams + Copy, R: WasmResults>(
    bench: &Bench<'_>,
    shape: Shape,
    arguments: P,
) -> Result<(), Failure> {
    let (mut store, instance) = bench.instance(&callee(shape))?;
    let func = instance.get_typed_func::<P, R>(&mut store, "f")?;
    bench.report.measure(&format!("call/host-to-wasm/typed/{}", shape.name), 1, |rounds| {
        repeat(rounds, || {
            func.call(&mut store, arguments)?;
            Ok(())
        })
    })
}

fn untyped_to_wasm(bench: &Bench<'_>, shape: Shape, arguments: &[Val]) -> Result<(), Failure> {
    let (mut store, instance) = bench.instance(&callee(shape))?;
    let func = instance.get_func(&mut store, "f").ok_or("no such export")?;
    let mut results = vec![Val::I32(0); func.ty(&store).results().len()];
    bench.report.measure(&format!("call/host-to-wasm/untyped/{}", shape.name), 1, |rounds| {
        repeat(rounds, || Ok(func.call(&mut store, arguments, &mut results)?))
    })
}

/// A module that calls the import `host.f` as often as the parameter of its export `run` says.
fn caller(bench: &Bench<'_>, shape: Shape) -> Result<Module, Failure> {
    let drop = if shape.result.is_empty() { "" } else { "drop" };
    bench.module(&format!(
        r#"(module
            (import "host" "f" (func $f {}))
            (func (export "run") (param $rounds i32) (result i32)
                (loop $again
                    (call $f {}) {drop}
                    (local.tee $rounds (i32.sub (local.get $rounds) (i32.const 1)))
                    br_if $again)
                (i32.const 0)))"#,
        shape.ty, shape.arguments
    ))
}

fn typed_to_host<P, R>(
    bench: &Bench<'_>,
    shape: Shape,
    function: impl IntoFunc<(), P, R>,
) -> Result<(), Failure> {
    let mut linker = Linker::new(&bench.engine);
    linker.func_wrap("host", "f", function)?;
    to_host(bench, &format!("typed/{}", shape.name), &linker, &caller(bench, shape)?)
}

fn untyped_to_host(bench: &Bench<'_>, shape: Shape) -> Result<(), Failure> {
    let module = caller(bench, shape)?;
    let ty = module.imports().next().and_then(|import| import.ty().func().cloned());
    let mut linker = Linker::new(&bench.engine);
    linker.func_new("host", "f", ty.ok_or("no such import")?, |_, _, results| {
        if let Some(result) = results.first_mut() {
            *result = Val::I64(3);
        }
        Ok(())
    })?;
    to_host(bench, &format!("untyped/{}", shape.name), &linker, &module)
}

fn to_host(
    bench: &Bench<'_>,
    name: &str,
    linker: &Linker<()>,
    module: &Module,
) -> Result<(), Failure> {
    let mut store = Store::new(&bench.engine, ());
    let instance = linker.instantiate(&mut store, module)?;
    let task = instance.get_typed_func::<u32, i32>(&mut store, "run")?;
    bench.report.measure(&format!("call/wasm-to-host/{name}"), 1, |rounds| {
        in_wasm(&mut store, &task, rounds)
    })
}
