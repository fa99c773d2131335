//! `Linker::module`: commands, reactors, and default exports.

use wasmtier::{Caller, Engine, Extern, Linker, Module, Store, Trap};

use crate::module;

/// A linker whose `host.tick` counts in the store's data.
fn linker() -> (Linker<u32>, Store<u32>) {
    let mut linker = Linker::<u32>::new(&Engine::default());
    linker
        .func_wrap("host", "tick", |mut caller: Caller<'_, u32>| *caller.data_mut() += 1)
        .unwrap();
    let store = Store::new(linker.engine(), 0);
    (linker, store)
}

fn counter(linker: &Linker<u32>, start: &str) -> Module {
    let text = format!(
        r#"(module
            (import "host" "tick" (func $tick))
            (memory (export "memory") 1)
            (global $g (mut i32) (i32.const 0))
            (func (export "{start}") (call $tick) (global.set $g (i32.const 10)))
            (func (export "next") (result i32)
                (global.set $g (i32.add (global.get $g) (i32.const 1)))
                (global.get $g)))"#
    );
    module(linker.engine(), &text)
}

fn next(linker: &Linker<u32>, store: &mut Store<u32>) -> i32 {
    let next = linker.get(&mut *store, "m", "next").and_then(Extern::into_func).unwrap();
    next.typed::<(), i32>(&*store).unwrap().call(store, ()).unwrap()
}

#[test]
fn a_reactor_is_one_instance_and_initialised_first() {
    let (mut linker, mut store) = linker();
    let reactor = counter(&linker, "_initialize");
    linker.module(&mut store, "m", &reactor).unwrap();
    assert_eq!(*store.data(), 1);
    assert_eq!([next(&linker, &mut store), next(&linker, &mut store)], [11, 12]);
    assert!(linker.get(&mut store, "m", "memory").is_some());
}

#[test]
fn a_command_is_a_new_instance_for_every_call() {
    let (mut linker, mut store) = linker();
    let command = counter(&linker, "_start");
    linker.module(&mut store, "m", &command).unwrap();
    assert_eq!(*store.data(), 0);
    assert_eq!([next(&linker, &mut store), next(&linker, &mut store)], [1, 1]);
    assert!(linker.get(&mut store, "m", "memory").is_none());
    let default = linker.get_default(&mut store, "m").unwrap().typed::<(), ()>(&store).unwrap();
    default.call(&mut store, ()).unwrap();
    default.call(&mut store, ()).unwrap();
    assert_eq!(*store.data(), 2);
}

#[test]
fn modules_import_from_modules() {
    let (mut linker, mut store) = linker();
    let reactor = counter(&linker, "_initialize");
    linker.module(&mut store, "m", &reactor).unwrap();
    let user = module(
        linker.engine(),
        r#"(module (import "m" "next" (func $next (result i32)))
            (func (export "twice") (result i32) (drop (call $next)) (call $next)))"#,
    );
    linker.module(&mut store, "user", &user).unwrap();
    let twice = linker.get(&mut store, "user", "twice").and_then(Extern::into_func).unwrap();
    let twice = twice.typed::<(), i32>(&store).unwrap();
    assert_eq!(twice.call(&mut store, ()).unwrap(), 12);
}

#[test]
fn modules_of_no_clear_kind_are_errors() {
    let (mut linker, mut store) = linker();
    for (text, says) in [
        (r#"(module (func (export "_start")) (func (export "_initialize")))"#, "both"),
        (r#"(module (memory 1) (export "_start" (memory 0)))"#, "_start"),
        (r#"(module (memory 1) (export "_initialize" (memory 0)))"#, "_initialize"),
        (r#"(module (func (export "_initialize") (param i32)))"#, "initialise"),
        (r#"(module (func (export "_start")) (memory (export "odd") 1))"#, "`odd`"),
    ] {
        let module = module(linker.engine(), text);
        let error = linker.module(&mut store, "m", &module).unwrap_err();
        assert!(format!("{error:#}").contains(says), "{error:#}");
    }
    linker.allow_unknown_exports(true);
    let text = r#"(module (func (export "_start")) (memory (export "odd") 1))"#;
    let command = module(linker.engine(), text);
    linker.module(&mut store, "command", &command).unwrap();
}

#[test]
fn a_failing_initialiser_is_an_error() {
    let (mut linker, mut store) = linker();
    let text = r#"(module (func (export "_initialize") unreachable))"#;
    let reactor = module(linker.engine(), text);
    let error = linker.module(&mut store, "m", &reactor).unwrap_err();
    assert_eq!(error.downcast_ref(), Some(&Trap::UnreachableCodeReached));
    assert!(linker.get(&mut store, "m", "_initialize").is_none());
}

#[test]
fn default_exports() {
    let (mut linker, mut store) = linker();
    // Nothing is defined: the default does nothing.
    let nothing = linker.get_default(&mut store, "absent").unwrap();
    nothing.typed::<(), ()>(&store).unwrap().call(&mut store, ()).unwrap();
    let text = r#"(module (import "host" "tick" (func $tick)) (func (export "") (call $tick)))"#;
    let named = module(linker.engine(), text);
    linker.module(&mut store, "m", &named).unwrap();
    let default = linker.get_default(&mut store, "m").unwrap();
    default.typed::<(), ()>(&store).unwrap().call(&mut store, ()).unwrap();
    assert_eq!(*store.data(), 1);
    let odd = module(linker.engine(), r#"(module (memory (export "") 1))"#);
    linker.module(&mut store, "odd", &odd).unwrap();
    assert!(linker.get_default(&mut store, "odd").is_err());
}
