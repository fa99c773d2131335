//! Wasm and host calling each other in turn: recursion, errors and panics through many frames.

use wasmtier::{Caller, Engine, Error, Extern, Func, Instance, Linker, Store, Trap, WasmBacktrace};

use crate::{module, panic_text};

/// `down` calls the host, which calls `down` again, one less.
const PING_PONG: &str = r#"(module $ping
    (import "host" "pong" (func $pong (param i32) (result i32)))
    (func $down (export "down") (param $n i32) (result i32)
        (i32.add (i32.const 1) (call $pong (local.get $n)))))"#;

/// What the host does at the bottom.
#[derive(Copy, Clone)]
enum Bottom {
    Return,
    Fail,
    Panic,
    Trap,
}

fn ping_pong() -> (Store<Bottom>, Instance) {
    let mut linker = Linker::<Bottom>::new(&Engine::default());
    linker
        .func_wrap("host", "pong", |mut caller: Caller<'_, Bottom>, n: i32| -> Result<i32, Error> {
            if n > 0 {
                let down = caller.get_export("down").and_then(Extern::into_func).unwrap();
                return down.typed::<i32, i32>(&caller)?.call(&mut caller, n - 1);
            }
            match *caller.data() {
                Bottom::Return => Ok(0),
                Bottom::Fail => Err(Error::msg("no further")),
                Bottom::Panic => panic!("fell off"),
                Bottom::Trap => Err(Trap::UnreachableCodeReached.into()),
            }
        })
        .unwrap();
    let mut store = Store::new(linker.engine(), Bottom::Return);
    let instance = linker.instantiate(&mut store, &module(linker.engine(), PING_PONG)).unwrap();
    (store, instance)
}

fn down(store: &mut Store<Bottom>, instance: Instance, n: i32) -> Result<i32, Error> {
    instance.get_typed_func::<i32, i32>(&mut *store, "down").unwrap().call(store, n)
}

#[test]
fn calls_nest_and_return() {
    let (mut store, instance) = ping_pong();
    for n in [0, 1, 2, 30] {
        assert_eq!(down(&mut store, instance, n).unwrap(), n + 1);
    }
}

#[test]
fn errors_cross_all_frames_and_the_next_call_works() {
    let (mut store, instance) = ping_pong();
    for n in [0, 1, 30] {
        *store.data_mut() = Bottom::Fail;
        let error = down(&mut store, instance, n).unwrap_err();
        assert_eq!(error.root_cause().to_string(), "no further");
        *store.data_mut() = Bottom::Trap;
        let error = down(&mut store, instance, n).unwrap_err();
        assert_eq!(error.downcast_ref(), Some(&Trap::UnreachableCodeReached));
        *store.data_mut() = Bottom::Return;
        assert_eq!(down(&mut store, instance, n).unwrap(), n + 1);
    }
}

#[test]
fn panics_cross_all_frames_and_the_next_call_works() {
    let (mut store, instance) = ping_pong();
    for n in [0, 1, 30] {
        *store.data_mut() = Bottom::Panic;
        assert_eq!(panic_text(|| down(&mut store, instance, n)), "fell off");
        *store.data_mut() = Bottom::Return;
        assert_eq!(down(&mut store, instance, n).unwrap(), n + 1);
    }
}

#[test]
fn a_host_may_catch_what_its_own_call_ended_with() {
    let mut linker = Linker::<()>::new(&Engine::default());
    linker
        .func_wrap("host", "try", |mut caller: Caller<'_, ()>| -> Result<i32, Error> {
            let fail = caller.get_export("fail").and_then(Extern::into_func).unwrap();
            let fail = fail.typed::<(), ()>(&caller)?;
            let mut caught = 0;
            for _ in 0..3 {
                caught += i32::from(fail.call(&mut caller, ()).is_err());
            }
            let run = std::panic::AssertUnwindSafe(|| fail.call(&mut caller, ()));
            caught += i32::from(std::panic::catch_unwind(run).is_ok());
            Ok(caught)
        })
        .unwrap();
    let mut store = Store::new(linker.engine(), ());
    let text = r#"(module
        (import "host" "try" (func $try (result i32)))
        (func (export "fail") unreachable)
        (func (export "run") (result i32) (i32.add (i32.const 10) (call $try))))"#;
    let instance = linker.instantiate(&mut store, &module(linker.engine(), text)).unwrap();
    let run = instance.get_typed_func::<(), i32>(&mut store, "run").unwrap();
    assert_eq!(run.call(&mut store, ()).unwrap(), 14);
}

#[test]
fn endless_recursion_through_the_host_is_a_stack_overflow() {
    let (mut store, instance) = ping_pong();
    for _ in 0..2 {
        let error = down(&mut store, instance, i32::MAX).unwrap_err();
        assert_eq!(error.downcast_ref(), Some(&Trap::StackOverflow));
        assert_eq!(down(&mut store, instance, 20).unwrap(), 21);
    }
}

#[test]
fn a_backtrace_has_the_frames_of_every_activation() {
    let (mut store, instance) = ping_pong();
    *store.data_mut() = Bottom::Trap;
    let error = down(&mut store, instance, 4).unwrap_err();
    let backtrace = error.downcast_ref::<WasmBacktrace>().expect("a trap has a backtrace");
    let names: Vec<_> = backtrace.frames().iter().map(|frame| frame.func_name()).collect();
    assert_eq!(names, [Some("down"); 5]);
}

#[test]
fn an_instance_can_be_made_while_another_runs() {
    let mut linker = Linker::<Vec<i32>>::new(&Engine::default());
    let inner = module(
        linker.engine(),
        r#"(module (memory (export "m") 1) (func (export "f") (result i32) i32.const 7))"#,
    );
    linker
        .func_wrap("host", "spawn", move |mut caller: Caller<'_, Vec<i32>>| -> Result<(), Error> {
            let instance = Instance::new(&mut caller, &inner, &[])?;
            let f = instance.get_typed_func::<(), i32>(&mut caller, "f")?;
            let value = f.call(&mut caller, ())?;
            caller.data_mut().push(value);
            Ok(())
        })
        .unwrap();
    let mut store = Store::new(linker.engine(), Vec::new());
    let text = r#"(module
        (import "host" "spawn" (func $spawn))
        (memory 1)
        (func (export "run") (result i32)
            (i32.store (i32.const 0) (i32.const 3))
            (call $spawn) (call $spawn)
            (i32.load (i32.const 0))))"#;
    let instance = linker.instantiate(&mut store, &module(linker.engine(), text)).unwrap();
    let run = instance.get_typed_func::<(), i32>(&mut store, "run").unwrap();
    assert_eq!(run.call(&mut store, ()).unwrap(), 3);
    assert_eq!(store.data(), &[7, 7]);
}

#[test]
fn a_host_function_that_calls_itself_for_ever_is_a_stack_overflow() {
    let mut store = Store::new(&Engine::default(), None::<Func>);
    let again =
        Func::wrap(&mut store, |mut caller: Caller<'_, Option<Func>>| -> Result<(), Error> {
            let this = caller.data().expect("set below");
            this.call(&mut caller, &[], &mut [])
        });
    *store.data_mut() = Some(again);
    for _ in 0..2 {
        let error = again.call(&mut store, &[], &mut []).unwrap_err();
        assert_eq!(error.downcast_ref(), Some(&Trap::StackOverflow));
    }
}

#[test]
fn a_panic_keeps_its_payload() {
    let mut linker = Linker::<()>::new(&Engine::default());
    let panic = || -> () { std::panic::panic_any(vec![1u8, 2]) };
    linker.func_wrap("host", "panic", panic).unwrap();
    let text =
        r#"(module (import "host" "panic" (func $panic)) (func (export "f") (call $panic)))"#;
    let mut store = Store::new(linker.engine(), ());
    let instance = linker.instantiate(&mut store, &module(linker.engine(), text)).unwrap();
    let f = instance.get_typed_func::<(), ()>(&mut store, "f").unwrap();
    let run = std::panic::AssertUnwindSafe(|| f.call(&mut store, ()));
    let payload = std::panic::catch_unwind(run).expect_err("it panics");
    assert_eq!(payload.downcast_ref(), Some(&vec![1u8, 2]));
}

#[test]
fn stores_run_inside_host_functions_of_other_stores() {
    let engine = Engine::default();
    let inner = module(
        &engine,
        r#"(module (memory 1)
            (func (export "f") (param i32) (result i32)
                (i32.store (i32.const 0) (local.get 0)) (i32.load (i32.const 0)))
            (func (export "trap") unreachable))"#,
    );
    let mut linker = Linker::<()>::new(&engine);
    linker
        .func_wrap("host", "nest", move |x: i32| -> Result<i32, Error> {
            let mut store = Store::new(inner.engine(), ());
            let instance = Instance::new(&mut store, &inner, &[])?;
            let trap = instance.get_typed_func::<(), ()>(&mut store, "trap")?;
            assert!(trap.call(&mut store, ()).is_err());
            instance.get_typed_func::<i32, i32>(&mut store, "f")?.call(&mut store, x)
        })
        .unwrap();
    let text = r#"(module (import "host" "nest" (func $nest (param i32) (result i32)))
        (func (export "run") (result i32)
            (i32.add (call $nest (i32.const 20)) (call $nest (i32.const 22)))))"#;
    let mut store = Store::new(&engine, ());
    let instance = linker.instantiate(&mut store, &module(&engine, text)).unwrap();
    let run = instance.get_typed_func::<(), i32>(&mut store, "run").unwrap();
    assert_eq!(run.call(&mut store, ()).unwrap(), 42);
}
