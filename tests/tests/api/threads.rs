//! What may be shared among threads, and modules that are.

use std::sync::Barrier;
use std::thread;

use wasmtier::{
    Caller, Config, Engine, Error, Extern, ExternRef, ExternType, Func, Global, Instance,
    InstancePre, Linker, Memory, Module, Ref, Store, StoreLimits, Table, Trap, TypedFunc, V128,
    Val, WasmBacktrace,
};

use crate::module;

#[test]
fn everything_is_send_and_sync() {
    fn check<T: Send + Sync>() {}
    check::<Config>();
    check::<Engine>();
    check::<Module>();
    check::<Store<()>>();
    check::<Linker<()>>();
    check::<InstancePre<()>>();
    // Also where the data is not: a linker holds none.
    check::<Linker<std::cell::Cell<u8>>>();
    check::<InstancePre<std::rc::Rc<u8>>>();
    check::<(Instance, Func, Memory, Table, Global, ExternRef)>();
    check::<TypedFunc<(i32, f64), Option<Func>>>();
    check::<(Extern, ExternType, Ref, Val, V128)>();
    check::<(Error, Trap, WasmBacktrace, StoreLimits)>();
    check::<Caller<'_, ()>>();
}

#[test]
fn threads_share_a_module_and_translate_it_together() {
    const THREADS: usize = 8;
    let engine = Engine::default();
    let functions: String = (0..64)
        .map(|i| {
            format!(
                r#"(func $f{i} (param i32) (result i32)
                    (i32.add (call $h (local.get 0)) (i32.const {i})))
                "#
            )
        })
        .collect();
    let calls: String =
        (0..64).map(|i| format!("(local.set 0 (call $f{i} (local.get 0)))")).collect();
    let text = format!(
        r#"(module (import "host" "h" (func $h (param i32) (result i32)))
            {functions}
            (func (export "run") (param i32) (result i32) {calls} (local.get 0)))"#
    );
    let module = module(&engine, &text);
    let mut linker = Linker::<u32>::new(&engine);
    linker
        .func_wrap("host", "h", |mut caller: Caller<'_, u32>, n: i32| {
            *caller.data_mut() += 1;
            n ^ 1
        })
        .unwrap();
    let pre = linker.instantiate_pre(&module).unwrap();
    let expected = |seed: i32| (0..64).fold(seed, |value, i| (value ^ 1) + i);
    let barrier = Barrier::new(THREADS);
    thread::scope(|scope| {
        for seed in 0..THREADS as i32 {
            let (pre, engine, barrier) = (&pre, &engine, &barrier);
            scope.spawn(move || {
                barrier.wait();
                for round in 0..20 {
                    let mut store = Store::new(engine, 0);
                    let instance = pre.instantiate(&mut store).unwrap();
                    let run = instance.get_typed_func::<i32, i32>(&mut store, "run").unwrap();
                    assert_eq!(run.call(&mut store, seed + round).unwrap(), expected(seed + round));
                    assert_eq!(*store.data(), 64);
                }
            });
        }
    });
}

#[test]
fn a_store_moves_between_threads() {
    let (mut store, instance) = crate::instance(
        r#"(module (global $g (mut i32) (i32.const 0))
            (func (export "next") (result i32)
                (global.set $g (i32.add (global.get $g) (i32.const 1))) (global.get $g))
            (func $deep (export "deep") (param i32) (result i32)
                (if (result i32) (local.get 0)
                    (then (i32.add (i32.const 1)
                        (call $deep (i32.sub (local.get 0) (i32.const 1)))))
                    (else (i32.const 0)))))"#,
    );
    let next = instance.get_typed_func::<(), i32>(&mut store, "next").unwrap();
    let deep = instance.get_typed_func::<i32, i32>(&mut store, "deep").unwrap();
    for round in 1..=8 {
        store = thread::spawn(move || {
            assert_eq!(next.call(&mut store, ()).unwrap(), round);
            assert_eq!(deep.call(&mut store, 1000).unwrap(), 1000);
            let error = deep.call(&mut store, i32::MAX).unwrap_err();
            assert_eq!(error.downcast_ref(), Some(&Trap::StackOverflow));
            store
        })
        .join()
        .unwrap();
    }
}

#[test]
fn traps_in_many_threads_at_once() {
    let engine = Engine::default();
    let module = module(
        &engine,
        r#"(module (memory 1)
            (func (export "load") (param i32) (result i32) (i32.load (local.get 0)))
            (func (export "div") (param i32) (result i32)
                (i32.div_u (i32.const 1) (local.get 0))))"#,
    );
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut store = Store::new(&engine, ());
                let instance = Instance::new(&mut store, &module, &[]).unwrap();
                let load = instance.get_typed_func::<i32, i32>(&mut store, "load").unwrap();
                let div = instance.get_typed_func::<i32, i32>(&mut store, "div").unwrap();
                for _ in 0..200 {
                    let error = load.call(&mut store, -8).unwrap_err();
                    assert_eq!(error.downcast_ref(), Some(&Trap::MemoryOutOfBounds));
                    let error = div.call(&mut store, 0).unwrap_err();
                    assert_eq!(error.downcast_ref(), Some(&Trap::IntegerDivisionByZero));
                    assert_eq!(div.call(&mut store, 1).unwrap(), 1);
                }
            });
        }
    });
}
