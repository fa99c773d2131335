//! Guests that import preview1: what reaches them, and how they end.

use wasmtier::{Engine, Error, Instance, Linker, Module, Store};
use wasmtier_wasi::{I32Exit, OutputPipe, WasiCtx, WasiCtxBuilder, add_to_linker};

use crate::interface::{FUNCTIONS, imports};

fn instantiate(ctx: WasiCtx, body: &str) -> (Store<WasiCtx>, Instance) {
    let engine = Engine::default();
    let wasm = wat::parse_str(format!("(module {} {body})", imports())).unwrap();
    let module = Module::new(&engine, &wasm).unwrap();
    let mut linker = Linker::new(&engine);
    add_to_linker(&mut linker, |ctx: &mut WasiCtx| ctx).unwrap();
    let mut store = Store::new(&engine, ctx);
    let instance = linker.instantiate(&mut store, &module).unwrap();
    (store, instance)
}

fn start(ctx: WasiCtx, body: &str) -> Result<(), Error> {
    let (mut store, instance) = instantiate(ctx, body);
    instance.get_typed_func::<(), ()>(&mut store, "_start")?.call(&mut store, ())
}

#[test]
fn the_exit_status_is_in_the_error() {
    for status in [0, 1, 3, 255, -1] {
        let body = format!(
            "(memory (export \"memory\") 1)
             (func $inner (call $proc_exit (i32.const {status})))
             (func (export \"_start\") (call $inner) (unreachable))"
        );
        let error = start(WasiCtxBuilder::new().build(), &body).unwrap_err();
        assert_eq!(error.downcast_ref(), Some(&I32Exit(status)));
    }
}

#[test]
fn a_guest_that_returns_has_not_exited() {
    let body = "(memory (export \"memory\") 1) (func (export \"_start\"))";
    assert!(start(WasiCtxBuilder::new().build(), body).is_ok());
    let body = "(memory (export \"memory\") 1) (func (export \"_start\") (unreachable))";
    let error = start(WasiCtxBuilder::new().build(), body).unwrap_err();
    assert!(error.downcast_ref::<I32Exit>().is_none());
}

#[test]
fn input_goes_through_the_guest_to_output() {
    let body = r#"
        (memory (export "memory") 1)
        (data (i32.const 0) "\40\00\00\00\08\00\00\00")
        (func (export "_start")
            (local $read i32)
            (loop $more
                (drop (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 32)))
                (local.set $read (i32.load (i32.const 32)))
                (i32.store (i32.const 16) (i32.const 64))
                (i32.store (i32.const 20) (local.get $read))
                (drop (call $fd_write (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 32)))
                (br_if $more (local.get $read))))"#;
    let output = OutputPipe::new();
    let mut builder = WasiCtxBuilder::new();
    builder.stdin(&b"longer than one buffer of the guest"[..]).stdout(output.clone());
    start(builder.build(), body).unwrap();
    assert_eq!(output.contents(), b"longer than one buffer of the guest");
}

/// Every address is outside of a memory the guest does not export.
#[test]
fn a_guest_without_memory_gets_errors() {
    let body = r#"
        (func (export "clock") (result i32)
            (call $clock_time_get (i32.const 0) (i64.const 0) (i32.const 0)))
        (func (export "yield") (result i32) (call $sched_yield))
        (func (export "close") (result i32) (call $fd_close (i32.const 77)))"#;
    let (mut store, instance) = instantiate(WasiCtxBuilder::new().build(), body);
    for (name, errno) in [("clock", 21), ("yield", 0), ("close", 8)] {
        let func = instance.get_typed_func::<(), i32>(&mut store, name).unwrap();
        assert_eq!(func.call(&mut store, ()).unwrap(), errno, "{name}");
    }
}

/// The whole interface, with every argument at its worst, from a guest.
#[test]
fn no_argument_makes_a_function_trap() {
    for value in [0, -1, i64::from(i32::MIN), 65_535, 65_536] {
        let functions = FUNCTIONS.iter().filter(|(name, _)| *name != "proc_exit");
        let exports: String = functions
            .clone()
            .map(|(name, params)| {
                let argument = |c| match c {
                    'i' => format!("(i32.const {})", value as i32),
                    _ => format!("(i64.const {value})"),
                };
                let arguments: String = params.chars().map(argument).collect();
                format!("(func (export \"{name}\") (result i32) (call ${name} {arguments}))")
            })
            .collect();
        let body = format!("(memory (export \"memory\") 1) {exports}");
        let temp = std::env::temp_dir();
        let mut builder = WasiCtxBuilder::new();
        builder.arg("x").preopened_dir_read_only(&temp, "/").unwrap();
        let (mut store, instance) = instantiate(builder.build(), &body);
        for (name, _) in functions {
            let func = instance.get_typed_func::<(), i32>(&mut store, name).unwrap();
            let errno = func.call(&mut store, ()).unwrap();
            assert!((0..=76).contains(&errno), "{name}({value}) is {errno}");
        }
    }
}

#[test]
fn names_cannot_be_defined_twice() {
    let mut linker = Linker::<WasiCtx>::new(&Engine::default());
    add_to_linker(&mut linker, |ctx| ctx).unwrap();
    assert!(add_to_linker(&mut linker, |ctx| ctx).is_err());
}
