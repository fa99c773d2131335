//! Traps: every kind, where it happened, and that the store is as good as before.

use std::thread;

use wasmtier::{
    Caller, Config, Engine, Error, Extern, Instance, Linker, Store, Tier, Trap, WasmBacktrace,
};

use crate::{instance, module};

const KINDS: &str = r#"(module $kinds
    (type $unary (func (param i32) (result i32)))
    (memory 1)
    (table $t 3 funcref)
    (elem (i32.const 0) $unreachable)
    (data $d "abc")
    (elem $e func $unreachable)
    (func $unreachable (export "unreachable") unreachable)
    (func $load (export "load") (drop (i64.load (i32.const 65529))))
    (func $far (export "far") (drop (i32.load offset=0xffffffff (i32.const -1))))
    (func $store (export "store") (i32.store16 (i32.const 65535) (i32.const 0)))
    (func $fill (export "fill") (memory.fill (i32.const 65530) (i32.const 1) (i32.const 7)))
    (func $init (export "init") (memory.init $d (i32.const 0) (i32.const 1) (i32.const 3)))
    (func $zero (export "zero") (drop (i32.div_s (i32.const 1) (i32.const 0))))
    (func $rem (export "rem") (drop (i64.rem_u (i64.const 1) (i64.const 0))))
    (func $overflow (export "overflow")
        (drop (i64.div_s (i64.const 0x8000000000000000) (i64.const -1))))
    (func $nan (export "nan") (drop (i32.trunc_f32_s (f32.const nan))))
    (func $large (export "large") (drop (i32.trunc_f64_u (f64.const 1e10))))
    (func $table (export "table") (drop (table.get $t (i32.const 3))))
    (func $null (export "null") (drop (call_indirect (type $unary) (i32.const 1) (i32.const 1))))
    (func $beyond (export "beyond")
        (drop (call_indirect (type $unary) (i32.const 1) (i32.const 3))))
    (func $signature (export "signature")
        (drop (call_indirect (type $unary) (i32.const 1) (i32.const 0))))
    (func $elem (export "elem") (table.init $t $e (i32.const 0) (i32.const 0) (i32.const 2)))
    (func $deep (export "deep") (call $deep))
    (func $fine (export "fine") (result i32) (i32.const 1)))"#;

#[test]
fn every_kind_names_itself_and_its_function() {
    let (mut store, instance) = instance(KINDS);
    let fine = instance.get_typed_func::<(), i32>(&mut store, "fine").unwrap();
    for (name, trap) in [
        ("unreachable", Trap::UnreachableCodeReached),
        ("load", Trap::MemoryOutOfBounds),
        ("far", Trap::MemoryOutOfBounds),
        ("store", Trap::MemoryOutOfBounds),
        ("fill", Trap::MemoryOutOfBounds),
        ("init", Trap::MemoryOutOfBounds),
        ("zero", Trap::IntegerDivisionByZero),
        ("rem", Trap::IntegerDivisionByZero),
        ("overflow", Trap::IntegerOverflow),
        ("nan", Trap::BadConversionToInteger),
        ("large", Trap::IntegerOverflow),
        ("table", Trap::TableOutOfBounds),
        ("null", Trap::IndirectCallToNull),
        ("beyond", Trap::TableOutOfBounds),
        ("signature", Trap::BadSignature),
        ("elem", Trap::TableOutOfBounds),
        ("deep", Trap::StackOverflow),
    ] {
        let func = instance.get_typed_func::<(), ()>(&mut store, name).unwrap();
        let error = func.call(&mut store, ()).unwrap_err();
        assert_eq!(error.downcast_ref(), Some(&trap), "{name}");
        let backtrace = error.downcast_ref::<WasmBacktrace>().expect("it has a backtrace");
        let frame = &backtrace.frames()[0];
        assert_eq!(frame.func_name(), Some(name));
        assert_eq!(frame.module_name(), Some("kinds"));
        assert!(format!("{error:?}").contains(&format!("kinds!{name}")), "{error:?}");
        assert_eq!(error.to_string().lines().count(), 1);
        assert_eq!(fine.call(&mut store, ()).unwrap(), 1);
    }
}

#[test]
fn a_backtrace_goes_from_the_trap_to_the_entry() {
    let text = r#"(module $chain
        (table funcref (elem $c))
        (func $a (export "a") (call $b))
        (func $b (param) (call_indirect (i32.const 0)))
        (func $c (call 3))
        (func (drop (i32.div_u (i32.const 1) (i32.const 0)))))"#;
    let (mut store, instance) = instance(text);
    let error = instance.get_typed_func::<(), ()>(&mut store, "a").unwrap();
    let error = error.call(&mut store, ()).unwrap_err();
    let frames = error.downcast_ref::<WasmBacktrace>().expect("it has a backtrace").frames();
    let names: Vec<_> = frames.iter().map(|frame| frame.func_name()).collect();
    assert_eq!(names, [None, Some("c"), Some("b"), Some("a")]);
    let indices: Vec<_> = frames.iter().map(|frame| frame.func_index()).collect();
    assert_eq!(indices, [3, 2, 1, 0]);
    // The offset is that of the operator: 0x6e is `i32.div_u`, 0x10 is `call`.
    let wasm = wat::parse_str(text).unwrap();
    let operator = |frame: usize| wasm[frames[frame].module_offset().expect("known") as usize];
    assert_eq!((operator(0), operator(1), operator(2)), (0x6e, 0x10, 0x11));
}

#[test]
fn a_trap_in_the_start_function_fails_the_instantiation() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let text = r#"(module $m (func $boom unreachable) (start $boom))"#;
    let error = Instance::new(&mut store, &module(&engine, text), &[]).unwrap_err();
    assert_eq!(error.downcast_ref(), Some(&Trap::UnreachableCodeReached));
    let backtrace = error.downcast_ref::<WasmBacktrace>().expect("it has a backtrace");
    assert_eq!(backtrace.frames()[0].func_name(), Some("boom"));
    Instance::new(&mut store, &module(&engine, "(module)"), &[]).unwrap();
}

#[test]
fn a_start_function_may_be_an_import() {
    let mut linker = Linker::<u8>::new(&Engine::default());
    linker.func_wrap("m", "start", |mut caller: Caller<'_, u8>| *caller.data_mut() += 1).unwrap();
    let module = module(linker.engine(), r#"(module (import "m" "start" (func $s)) (start $s))"#);
    let mut store = Store::new(linker.engine(), 0);
    linker.instantiate(&mut store, &module).unwrap();
    assert_eq!(*store.data(), 1);
}

/// How many calls deep a function gets in an engine with `bytes` of stack.
fn depth(tier: Tier, bytes: usize) -> i32 {
    let mut config = Config::new();
    config.tier(tier).max_wasm_stack(bytes);
    let engine = Engine::new(&config).unwrap();
    let mut store = Store::new(&engine, ());
    let text = r#"(module (global $depth (mut i32) (i32.const 0))
        (func $deep (export "deep")
            (global.set $depth (i32.add (global.get $depth) (i32.const 1)))
            (call $deep))
        (func (export "depth") (result i32) (global.get $depth)))"#;
    let instance = Instance::new(&mut store, &module(&engine, text), &[]).unwrap();
    let deep = instance.get_typed_func::<(), ()>(&mut store, "deep").unwrap();
    let error = deep.call(&mut store, ()).unwrap_err();
    assert_eq!(error.downcast_ref(), Some(&Trap::StackOverflow));
    let backtrace = error.downcast_ref::<WasmBacktrace>().expect("it has a backtrace");
    assert!(backtrace.frames().len() < 1000, "a deep backtrace is cut");
    instance.get_typed_func::<(), i32>(&mut store, "depth").unwrap().call(&mut store, ()).unwrap()
}

#[test]
fn the_depth_of_the_stack_follows_the_configuration() {
    // Compiled code takes a part of the thread's stack too.
    let thread = thread::Builder::new().stack_size(64 << 20);
    let work = || {
        for tier in [Tier::Portable, Tier::Interp, Tier::Jit] {
            let (small, large) = (depth(tier, 64 << 10), depth(tier, 1 << 20));
            assert!(small > 100, "{small}");
            let ratio = f64::from(large) / f64::from(small);
            assert!((14.0..18.0).contains(&ratio), "{small} and {large}");
            assert!(depth(tier, 64 << 20) > 50 * large);
        }
    };
    thread.spawn(work).unwrap().join().unwrap();
}

#[test]
fn large_frames_reach_the_limit_sooner() {
    let locals = "i64 ".repeat(2000);
    let text = format!(
        r#"(module (func $deep (export "deep") (param i32) (result i32) (local {locals})
            (if (result i32) (local.get 0)
                (then (call $deep (i32.sub (local.get 0) (i32.const 1))))
                (else (i32.const 0)))))"#
    );
    let (mut store, instance) = instance(&text);
    let deep = instance.get_typed_func::<i32, i32>(&mut store, "deep").unwrap();
    assert_eq!(deep.call(&mut store, 10).unwrap(), 0);
    let error = deep.call(&mut store, 100).unwrap_err();
    assert_eq!(error.downcast_ref(), Some(&Trap::StackOverflow));
}

#[test]
fn tail_calls_take_no_stack() {
    let (mut store, instance) = instance(
        r#"(module (func $count (export "count") (param i32) (result i32)
            (if (result i32) (local.get 0)
                (then (return_call $count (i32.sub (local.get 0) (i32.const 1))))
                (else (i32.const 7)))))"#,
    );
    let count = instance.get_typed_func::<i32, i32>(&mut store, "count").unwrap();
    assert_eq!(count.call(&mut store, 1_000_000).unwrap(), 7);
}

#[test]
fn two_modules_and_the_host_recurse_until_the_stack_ends() {
    let engine = Engine::default();
    let mut linker = Linker::<()>::new(&engine);
    linker
        .func_wrap("host", "bounce", |mut caller: Caller<'_, ()>| -> Result<(), Error> {
            let go = caller.get_export("go").and_then(Extern::into_func).unwrap();
            go.typed::<(), ()>(&caller)?.call(&mut caller, ())
        })
        .unwrap();
    let mut store = Store::new(&engine, ());
    let a = r#"(module (import "host" "bounce" (func $bounce))
        (func $go (export "go") (call $bounce)))"#;
    let a = linker.instantiate(&mut store, &module(&engine, a)).unwrap();
    linker.instance(&mut store, "a", a).unwrap();
    let b = r#"(module (import "a" "go" (func $go)) (func (export "run") (call $go)))"#;
    let b = linker.instantiate(&mut store, &module(&engine, b)).unwrap();
    let run = b.get_typed_func::<(), ()>(&mut store, "run").unwrap();
    for _ in 0..3 {
        let error = run.call(&mut store, ()).unwrap_err();
        assert_eq!(error.downcast_ref(), Some(&Trap::StackOverflow));
    }
}

#[test]
fn what_was_written_before_a_trap_stays() {
    let (mut store, instance) = instance(
        r#"(module (memory (export "m") 1) (global $g (export "g") (mut i32) (i32.const 0))
            (func (export "run")
                (i32.store (i32.const 0) (i32.const 5))
                (global.set $g (i32.const 6))
                (i32.store (i32.const 65536) (i32.const 7))))"#,
    );
    let run = instance.get_typed_func::<(), ()>(&mut store, "run").unwrap();
    assert!(run.call(&mut store, ()).is_err());
    assert_eq!(instance.get_memory(&mut store, "m").unwrap().data(&store)[0], 5);
    assert_eq!(instance.get_global(&mut store, "g").unwrap().get(&mut store).i32(), Some(6));
}

#[test]
fn context_leaves_the_trap_in_reach() {
    let (mut store, instance) = instance(KINDS);
    let func = instance.get_typed_func::<(), ()>(&mut store, "zero").unwrap();
    let error = func.call(&mut store, ()).unwrap_err().context("cannot run the plugin");
    assert_eq!(error.to_string(), "cannot run the plugin");
    assert_eq!(error.downcast_ref(), Some(&Trap::IntegerDivisionByZero));
    assert!(error.is::<WasmBacktrace>());
    assert_eq!(error.root_cause().to_string(), Trap::IntegerDivisionByZero.to_string());
}
