//! Recursion without end is a trap, and leaves everything as it was: it takes neither more of
//! wasm's stack nor more of the native one than there is.

use wasmtier::{Caller, Engine, Extern, Func, Instance, Store, Trap};

use crate::mixes::{Mix, mixes};
use crate::{export, instantiate, trap};

const RECURSION: &str = r#"(module
    (type $f (func (param i32) (result i32)))
    (import "" "" (func $other (param i32) (result i32)))
    (import "" "" (func $host (param i32) (result i32)))
    (table funcref (elem $a $b $c))
    (global $depth (export "depth") (mut i32) (i32.const 0))
    (func $deeper (global.set $depth (i32.add (global.get $depth) (i32.const 1))))
    (func $a (export "a") (param i32) (result i32)
        (call $deeper) (i32.add (i32.const 1) (call $b (local.get 0))))
    (func $b (param i32) (result i32)
        (local i64) (i32.add (i32.const 1) (call $c (local.get 0))))
    (func $c (param i32) (result i32)
        (i32.add (i32.const 1) (call_indirect (type $f) (local.get 0) (i32.const 0))))
    (func $self (export "self") (param i32) (result i32)
        (call $deeper) (i32.add (i32.const 1) (call $self (local.get 0))))
    (func (export "other") (param i32) (result i32)
        (call $deeper) (i32.add (i32.const 1) (call $other (local.get 0))))
    (func (export "host") (param i32) (result i32)
        (call $deeper) (i32.add (i32.const 1) (call $host (local.get 0))))
    (func (export "fine") (param i32) (result i32) (local.get 0)))"#;

const OTHER: &str = r#"(module
    (table (export "table") 1 funcref)
    (type $f (func (param i32) (result i32)))
    (func (export "other") (param i32) (result i32)
        (i32.add (i32.const 1) (call_indirect (type $f) (local.get 0) (i32.const 0)))))"#;

/// The instance that recurses, itself, through another one and through the host.
fn instance(store: &mut Store<()>) -> Instance {
    let other = instantiate(store, OTHER, &[]);
    let through = |mut caller: Caller<'_, ()>, value: i32| {
        let host = caller.get_export("host").and_then(Extern::into_func).unwrap();
        host.typed::<i32, i32>(&caller)?.call(&mut caller, value)
    };
    let host: Extern = Func::wrap(&mut *store, through).into();
    let imports = [export(store, other, "other"), host];
    let instance = instantiate(store, RECURSION, &imports);
    let table = other.get_table(&mut *store, "table").unwrap();
    let back = instance.get_func(&mut *store, "other").unwrap();
    table.set(store, 0, wasmtier::Ref::Func(Some(back))).unwrap();
    instance
}

/// Overflows in all ways, in each mix, with a stack of `bytes`; returns the least depth there was.
fn overflow(bytes: usize) -> i32 {
    overflow_in(mixes(), bytes)
}

fn overflow_in(mixes: Vec<Mix>, bytes: usize) -> i32 {
    let mut least = i32::MAX;
    for mut mix in mixes {
        mix.config.max_wasm_stack(bytes);
        let mut store = Store::new(&Engine::new(&mix.config).unwrap(), ());
        let instance = instance(&mut store);
        let fine = instance.get_typed_func::<i32, i32>(&mut store, "fine").unwrap();
        for name in ["a", "self", "other", "host"] {
            let depth = instance.get_global(&mut store, "depth").unwrap();
            depth.set(&mut store, 0.into()).unwrap();
            let recurse = instance.get_typed_func::<i32, i32>(&mut store, name).unwrap();
            let outcome = recurse.call(&mut store, 1);
            assert_eq!(trap(outcome), Trap::StackOverflow, "{}, {name}", mix.name);
            if name != "host" {
                least = least.min(depth.get(&mut store).unwrap_i32());
            }
            assert_eq!(fine.call(&mut store, 5).unwrap(), 5, "{}, {name}", mix.name);
        }
    }
    least
}

#[test]
fn of_the_default_stack() {
    assert!(overflow(1 << 20) > 1000);
}

#[test]
fn of_a_large_stack_on_a_usual_thread() {
    assert!(overflow(64 << 20) > 1000);
}

#[test]
fn on_a_small_thread() {
    // The interpreter alone does not look how large the stack is.
    let mixes = mixes().into_iter().filter(|mix| !mix.name.ends_with("seed 0")).collect();
    let thread = std::thread::Builder::new().stack_size(512 << 10);
    let least = thread.spawn(|| overflow_in(mixes, 64 << 20)).unwrap().join().unwrap();
    assert!(least > 100, "{least}");
}

#[test]
fn of_a_large_stack_on_a_large_thread() {
    let thread = std::thread::Builder::new().stack_size(64 << 20);
    let least = thread.spawn(|| overflow(64 << 20)).unwrap().join().unwrap();
    assert!(least > 5000, "{least}");
}
