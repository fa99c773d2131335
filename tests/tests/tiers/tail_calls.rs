//! Tail calls take no stack, whoever calls whom: neither wasm's own nor the native one.

use wasmtier::{Engine, Extern, Func, Store, Tier};

use crate::{export, instantiate, mixes};

/// Turns of each kind: enough that the native stack would overflow if each took a word of it.
const TURNS: i32 = 1_500_000;

/// Functions that call each other in a ring, so that wherever the line between the tiers is, it is
/// crossed. Signatures differ, and with them what is in registers.
const RING: &str = r#"(module
    (type $a (func (param i32) (result i32)))
    (type $b (func (param i64 f64 i32 i32 i32 i32 i32 i32) (result i32)))
    (table funcref (elem $a0 $b1 $a2 $b3))
    (func $a0 (export "ring") (param i32) (result i32)
        (if (i32.eqz (local.get 0)) (then (return (i32.const 10))))
        (return_call $b1 (i64.const -1) (f64.const 0.5) (i32.const 1) (i32.const 2) (i32.const 3)
            (i32.const 4) (i32.const 5) (i32.sub (local.get 0) (i32.const 1))))
    (func $b1 (param i64 f64 i32 i32 i32 i32 i32 i32) (result i32)
        (if (i32.eqz (local.get 7)) (then (return (i32.const 11))))
        (return_call_indirect (type $a) (i32.sub (local.get 7) (i32.const 1)) (i32.const 2)))
    (func $a2 (param i32) (result i32)
        (local v128 i64 i64 i64)
        (if (i32.eqz (local.get 0)) (then (return (i32.const 12))))
        (return_call_indirect (type $b) (i64.const 7) (f64.const 1.5) (i32.const 1) (i32.const 2)
            (i32.const 3) (i32.const 4) (i32.const 5) (i32.sub (local.get 0) (i32.const 1))
            (i32.const 3)))
    (func $b3 (param i64 f64 i32 i32 i32 i32 i32 i32) (result i32)
        (if (i32.eqz (local.get 7)) (then (return (i32.const 13))))
        (return_call $a0 (i32.sub (local.get 7) (i32.const 1))))
    (func (export "nested") (param i32) (result i32)
        (i32.add (call $a0 (local.get 0)) (call $b1 (i64.const 0) (f64.const 0) (i32.const 0)
            (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (local.get 0)))))"#;

#[test]
fn within_an_instance() {
    for mix in mixes() {
        let mut store = Store::new(&Engine::new(&mix.config).unwrap(), ());
        let instance = instantiate(&mut store, RING, &[]);
        let ring = instance.get_typed_func::<i32, i32>(&mut store, "ring").unwrap();
        let nested = instance.get_typed_func::<i32, i32>(&mut store, "nested").unwrap();
        for rest in 0..4 {
            assert_eq!(ring.call(&mut store, TURNS + rest).unwrap(), 10 + rest, "{}", mix.name);
        }
        for rest in 0..4 {
            let expected = 10 + rest + 10 + (rest + 1) % 4;
            assert_eq!(nested.call(&mut store, TURNS + rest).unwrap(), expected, "{}", mix.name);
        }
    }
}

#[test]
fn ten_million_times() {
    let is_mixed = |name: &str| ["seed 0", "seed 1"].iter().all(|pure| !name.ends_with(pure));
    for mix in mixes().into_iter().filter(|mix| is_mixed(&mix.name)) {
        let mut store = Store::new(&Engine::new(&mix.config).unwrap(), ());
        let instance = instantiate(&mut store, RING, &[]);
        let ring = instance.get_typed_func::<i32, i32>(&mut store, "ring").unwrap();
        assert_eq!(ring.call(&mut store, 10_000_000).unwrap(), 10, "{}", mix.name);
    }
}

/// Two instances whose functions are in one table, and call each other.
const FIRST: &str = r#"(module
    (type $f (func (param i32 f32) (result i32 f32)))
    (table (export "table") 4 funcref)
    (memory (export "memory") 1)
    (elem (i32.const 0) $even $through)
    (func $even (export "even") (param i32 f32) (result i32 f32)
        (i32.store (i32.const 0) (local.get 0))
        (if (i32.eqz (local.get 0)) (then (return (i32.load (i32.const 4)) (local.get 1))))
        (return_call_indirect (type $f) (i32.sub (local.get 0) (i32.const 1)) (local.get 1)
            (i32.const 2)))
    (func $through (param i32 f32) (result i32 f32)
        (if (i32.eqz (local.get 0)) (then (return (i32.const 1) (local.get 1))))
        (return_call $even (i32.sub (local.get 0) (i32.const 1)) (local.get 1)))
    (func (export "outer") (param i32) (result i32 f32 i32)
        (local i32 f32)
        (i32.store (i32.const 4) (i32.const 77))
        (call $even (local.get 0) (f32.const 2.5))
        (local.set 2) (local.set 1)
        (local.get 1) (local.get 2) (i32.load (i32.const 4))))"#;

const SECOND: &str = r#"(module
    (type $f (func (param i32 f32) (result i32 f32)))
    (import "" "table" (table 4 funcref))
    (import "" "even" (func $even (param i32 f32) (result i32 f32)))
    (memory 1)
    (elem (i32.const 2) $odd $other)
    (func $odd (param i32 f32) (result i32 f32)
        (i32.store (i32.const 4) (i32.const 88))
        (if (i32.eqz (local.get 0)) (then (return (i32.load (i32.const 4)) (local.get 1))))
        (if (i32.and (local.get 0) (i32.const 2))
            (then (return_call $other (local.get 0) (local.get 1))))
        (return_call $even (i32.sub (local.get 0) (i32.const 1)) (local.get 1)))
    (func $other (param i32 f32) (result i32 f32)
        (return_call_indirect (type $f) (i32.sub (local.get 0) (i32.const 1)) (local.get 1)
            (i32.const 1))))"#;

#[test]
fn between_instances() {
    for mix in mixes() {
        let mut store = Store::new(&Engine::new(&mix.config).unwrap(), ());
        let first = instantiate(&mut store, FIRST, &[]);
        let imports = ["table", "even"].map(|name| export(&mut store, first, name));
        instantiate(&mut store, SECOND, &imports);
        let outer = first.get_typed_func::<i32, (i32, f32, i32)>(&mut store, "outer").unwrap();
        let mut seen = Vec::new();
        for turns in (0..8).chain(TURNS..TURNS + 8) {
            let (result, float, memory) = outer.call(&mut store, turns).unwrap();
            assert_eq!((float, memory), (2.5, 77), "{}", mix.name);
            seen.push(result);
        }
        let mut portable = wasmtier::Config::new();
        let mut store = Store::new(&Engine::new(portable.tier(Tier::Portable)).unwrap(), ());
        let first = instantiate(&mut store, FIRST, &[]);
        let imports = ["table", "even"].map(|name| export(&mut store, first, name));
        instantiate(&mut store, SECOND, &imports);
        let outer = first.get_typed_func::<i32, (i32, f32, i32)>(&mut store, "outer").unwrap();
        for (turns, seen) in (0..8).zip(&seen) {
            assert_eq!(outer.call(&mut store, turns).unwrap().0, *seen, "{}, {turns}", mix.name);
        }
    }
}

#[test]
fn of_the_host() {
    let text = r#"(module
        (import "" "" (func $host (param i32) (result i32)))
        (func $a (param i32) (result i32) (return_call $host (local.get 0)))
        (func $b (param i32) (result i32) (return_call $a (local.get 0)))
        (func (export "sum") (param i32) (result i32)
            (local i32)
            (loop
                (local.set 1 (i32.add (local.get 1) (call $b (local.get 0))))
                (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
            (local.get 1)))"#;
    for mix in mixes() {
        let mut store = Store::new(&Engine::new(&mix.config).unwrap(), ());
        let host: Extern = Func::wrap(&mut store, |value: i32| value * 2).into();
        let instance = instantiate(&mut store, text, &[host]);
        let sum = instance.get_typed_func::<i32, i32>(&mut store, "sum").unwrap();
        assert_eq!(sum.call(&mut store, 1000).unwrap(), 1_001_000, "{}", mix.name);
    }
}
