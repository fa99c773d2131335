//! Host functions: what they see, what they may return, errors and panics on their way out.

use std::fmt;
use std::sync::{Arc, Mutex};

use wasmtier::{Caller, Context, Engine, Error, Extern, Func, Instance, Linker, Store, Trap, Val};

use crate::{module, panic_text};

/// An error of an embedder.
#[derive(Debug, PartialEq)]
struct Exit(i32);

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "exit with {}", self.0)
    }
}

impl std::error::Error for Exit {}

const CALL_HOST: &str = r#"(module
    (import "host" "f" (func $f (param i32) (result i32)))
    (memory (export "memory") 1)
    (global (export "g") (mut i32) (i32.const 5))
    (func (export "run") (param i32) (result i32) (call $f (local.get 0)))
    (func (export "add") (param i32) (result i32) (i32.add (local.get 0) (i32.const 1))))"#;

/// An instance of [`CALL_HOST`] with `f` as its import.
fn with_host(f: impl FnOnce(&mut Store<i32>) -> Func) -> (Store<i32>, Instance) {
    let mut store = Store::new(&Engine::default(), 0);
    let module = module(store.engine(), CALL_HOST);
    let f = f(&mut store);
    let instance = Instance::new(&mut store, &module, &[f.into()]).unwrap();
    (store, instance)
}

fn run(store: &mut Store<i32>, instance: Instance, value: i32) -> Result<i32, Error> {
    let run = instance.get_typed_func::<i32, i32>(&mut *store, "run").unwrap();
    run.call(store, value)
}

#[test]
fn closures_of_all_shapes() {
    let mut linker = Linker::<()>::new(&Engine::default());
    linker.func_wrap("m", "unit", || {}).unwrap();
    linker.func_wrap("m", "caller", |_: Caller<'_, ()>| {}).unwrap();
    linker.func_wrap("m", "result", || -> Result<(), Error> { Ok(()) }).unwrap();
    linker.func_wrap("m", "value", |a: i32| a).unwrap();
    linker.func_wrap("m", "tuple", |a: f32, b: f64| (b, a)).unwrap();
    linker.func_wrap("m", "single", |a: u64| (a,)).unwrap();
    linker
        .func_wrap("m", "fallible", |_: Caller<'_, ()>, a: i32| {
            if a < 0 {
                return Err(Exit(a).into());
            }
            Ok((a, i64::from(a)))
        })
        .unwrap();
    let mut store = Store::new(linker.engine(), ());
    let ty = |store: &mut Store<()>, name| {
        linker.get(&mut *store, "m", name).expect("defined").ty(&*store).to_string()
    };
    assert_eq!(ty(&mut store, "unit"), "func () -> ()");
    assert_eq!(ty(&mut store, "tuple"), "func (f32, f64) -> (f64, f32)");
    assert_eq!(ty(&mut store, "single"), "func (i64) -> i64");
    assert_eq!(ty(&mut store, "fallible"), "func (i32) -> (i32, i64)");
}

#[test]
fn a_closure_of_sixteen_parameters() {
    let mut linker = Linker::<()>::new(&Engine::default());
    linker
        .func_wrap(
            "m",
            "sixteen",
            |_: Caller<'_, ()>,
             a: i32,
             b: i32,
             c: i32,
             d: i32,
             e: i32,
             f: i32,
             g: i32,
             h: i32,
             i: i32,
             j: i32,
             k: i32,
             l: i32,
             m: i32,
             n: i32,
             o: i32,
             p: i32| {
                a + 2 * b
                    + 3 * c
                    + 4 * d
                    + 5 * e
                    + 6 * f
                    + 7 * g
                    + 8 * h
                    + 9 * i
                    + 10 * j
                    + 11 * k
                    + 12 * l
                    + 13 * m
                    + 14 * n
                    + 15 * o
                    + 16 * p
            },
        )
        .unwrap();
    let mut store = Store::new(linker.engine(), ());
    let sixteen = linker.get(&mut store, "m", "sixteen").and_then(Extern::into_func).unwrap();
    let mut result = [Val::I32(0)];
    sixteen.call(&mut store, &[Val::I32(1); 16], &mut result).unwrap();
    assert_eq!(result[0].i32(), Some(136));
}

#[test]
fn a_caller_reaches_its_instance_and_the_data() {
    let (mut store, instance) = with_host(|store| {
        Func::wrap(store, |mut caller: Caller<'_, i32>, at: i32| -> Result<i32, Error> {
            *caller.data_mut() += 1;
            let memory = caller.get_export("memory").and_then(Extern::into_memory);
            memory.context("no memory")?.write(&mut caller, at as usize, b"hello")?;
            let global = caller.get_export("g").and_then(Extern::into_global).context("no g")?;
            global.set(&mut caller, Val::I32(at))?;
            let add = caller.get_export("add").and_then(Extern::into_func).context("no add")?;
            assert!(caller.get_export("absent").is_none());
            add.typed::<i32, i32>(&caller)?.call(&mut caller, at)
        })
    });
    assert_eq!(run(&mut store, instance, 100).unwrap(), 101);
    assert_eq!(*store.data(), 1);
    let memory = instance.get_memory(&mut store, "memory").unwrap();
    assert_eq!(&memory.data(&store)[100..105], b"hello");
    let global = instance.get_global(&mut store, "g").unwrap();
    assert_eq!(global.get(&mut store).i32(), Some(100));
}

#[test]
fn a_host_function_called_by_the_host_has_no_instance() {
    let mut store = Store::new(&Engine::default(), ());
    let func = Func::wrap(&mut store, |mut caller: Caller<'_, ()>| {
        u32::from(caller.get_export("memory").is_some())
    });
    assert_eq!(func.typed::<(), u32>(&store).unwrap().call(&mut store, ()).unwrap(), 0);
}

#[test]
fn host_errors_arrive_as_they_were_returned() {
    let (mut store, instance) = with_host(|store| {
        Func::wrap(store, |code: i32| -> Result<i32, Error> { Err(Exit(code).into()) })
    });
    let error = run(&mut store, instance, 3).unwrap_err();
    assert_eq!(error.downcast_ref::<Exit>(), Some(&Exit(3)));
    assert!(!error.is::<Trap>());
    assert_eq!(error.downcast::<Exit>().expect("still an Exit"), Exit(3));
}

#[test]
fn a_host_may_return_a_trap() {
    let (mut store, instance) = with_host(|store| {
        Func::wrap(store, |_: i32| -> Result<i32, Error> {
            Err(Trap::UnreachableCodeReached.into())
        })
    });
    let error = run(&mut store, instance, 3).unwrap_err();
    assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::UnreachableCodeReached));
}

#[test]
fn a_panic_reaches_the_embedder_and_the_store_lives_on() {
    let (mut store, instance) = with_host(|store| {
        Func::wrap(store, |mut caller: Caller<'_, i32>, value: i32| {
            *caller.data_mut() += 1;
            assert!(value >= 0, "negative: {value}");
            value * 2
        })
    });
    for round in 1..100 {
        let text = panic_text(|| run(&mut store, instance, -round));
        assert_eq!(text, format!("negative: -{round}"));
        assert_eq!(run(&mut store, instance, round).unwrap(), round * 2);
    }
    assert_eq!(*store.data(), 198);
}

#[test]
fn arguments_are_dropped_and_destructors_run_when_a_call_is_left() {
    struct Canary(Arc<Mutex<u32>>);
    impl Drop for Canary {
        fn drop(&mut self) {
            *self.0.lock().unwrap() += 1;
        }
    }
    let drops = Arc::default();
    let count = Arc::clone(&drops);
    let (mut store, instance) = with_host(|store| {
        Func::wrap(store, move |mut caller: Caller<'_, i32>, depth: i32| -> Result<i32, Error> {
            let _canary = Canary(Arc::clone(&count));
            match depth {
                0 => Err(Exit(0).into()),
                -1 => panic!("at the bottom"),
                _ => {
                    let next = if depth > 0 { depth - 1 } else { depth + 1 };
                    let run = caller.get_export("run").and_then(Extern::into_func).unwrap();
                    run.typed::<i32, i32>(&caller)?.call(&mut caller, next)
                }
            }
        })
    });
    assert!(run(&mut store, instance, 9).unwrap_err().is::<Exit>());
    assert_eq!(*drops.lock().unwrap(), 10);
    assert_eq!(panic_text(|| run(&mut store, instance, -10)), "at the bottom");
    assert_eq!(*drops.lock().unwrap(), 20);
}
