//! Traps, errors and panics go through frames of all tiers, and backtraces name them all.

use std::panic::{AssertUnwindSafe, catch_unwind};

use wasmtier::{
    Caller, Config, Engine, Error, Extern, Func, Instance, Store, Tier, Trap, WasmBacktrace,
};

use crate::{export, instantiate, mixes};

/// What happens at the bottom of the calls.
const WAYS: [&str; 8] =
    ["fail", "panic", "unreachable", "load", "zero", "null", "builtin", "overflow"];

const TEXT: &str = r#"(module $m
    (import "" "" (func $host (param i32 i32) (result i32)))
    (type $f (func (param i32 i32) (result i32)))
    (memory 1)
    (table 4 funcref)
    (elem (i32.const 0) $a $b)
    (func $a (export "a") (param $depth i32) (param $way i32) (result i32)
        (i32.add (i32.const 1)
            (call $b (i32.sub (local.get $depth) (i32.const 1)) (local.get $way))))
    (func $b (param $depth i32) (param $way i32) (result i32)
        (local i64 i64)
        (call_indirect (type $f) (local.get $depth) (local.get $way) (i32.const 2)))
    (func $c (param $depth i32) (param $way i32) (result i32)
        (if (result i32) (local.get $depth)
            (then (i32.mul (i32.const 2) (call $host (local.get $depth) (local.get $way))))
            (else (call $bottom (local.get $way) (i64.const 1) (f64.const 1)))))
    (func $bottom (param $way i32) (param i64 f64) (result i32)
        (block $overflow (block $builtin (block $null (block $zero (block $load (block $unreachable
            (block $host
                (br_table $host $host $unreachable $load $zero $null $builtin $overflow
                    (local.get $way)))
            (return (call $host (i32.const 0) (local.get $way))))
            unreachable)
            (return (i32.load offset=1000000 (local.get $way))))
            (return (i32.div_u (local.get $way) (i32.const 0))))
            (return (call_indirect (type $f) (local.get $way) (local.get $way) (i32.const 3))))
            (memory.fill (i32.const 65530) (i32.const 1) (i32.const 7)) (return (i32.const 1)))
        (call $bottom (local.get $way) (local.get 1) (local.get 2)))
    (elem (i32.const 2) $c))"#;

/// The host goes on with `a` until there is no depth left; then it does what it is to do.
fn host(store: &mut Store<()>) -> Func {
    Func::wrap(store, |mut caller: Caller<'_, ()>, depth: i32, way: i32| -> Result<i32, Error> {
        if depth > 0 {
            let a = caller.get_export("a").and_then(Extern::into_func).unwrap();
            return a.typed::<(i32, i32), i32>(&caller)?.call(&mut caller, (depth, way));
        }
        match way {
            0 => Err(Error::msg("no further")),
            _ => panic!("fell off"),
        }
    })
}

fn instance(config: &Config) -> (Store<()>, Instance) {
    let mut store = Store::new(&Engine::new(config).unwrap(), ());
    let host = host(&mut store);
    let instance = instantiate(&mut store, TEXT, &[host.into()]);
    (store, instance)
}

/// What comes of each way, at several depths: the error, and the frames with their offsets.
fn outcomes(config: &Config) -> Vec<String> {
    let (mut store, instance) = instance(config);
    let a = instance.get_typed_func::<(i32, i32), i32>(&mut store, "a").unwrap();
    let mut outcomes = Vec::new();
    for depth in [1, 2, 5, 30] {
        for way in 0..WAYS.len() as i32 {
            let call = || a.call(&mut store, (depth, way));
            outcomes.push(match catch_unwind(AssertUnwindSafe(call)) {
                Err(payload) => {
                    assert_eq!(*payload.downcast::<&str>().unwrap(), "fell off");
                    "panic".to_owned()
                }
                Ok(outcome) => describe(&outcome.unwrap_err()),
            });
        }
    }
    outcomes
}

fn describe(error: &Error) -> String {
    let trace: &WasmBacktrace = error.downcast_ref().expect("it has a backtrace");
    if error.downcast_ref() == Some(&Trap::StackOverflow) {
        // How deep that is depends on the tiers.
        return format!("{}, in {:?}", error.root_cause(), trace.frames()[0].func_name());
    }
    format!("{}: {trace}", error.root_cause())
}

#[test]
fn every_way_out_is_the_same_in_all_tiers() {
    let mut portable = Config::new();
    let expected = outcomes(portable.tier(Tier::Portable));
    for mix in mixes() {
        for (outcome, expected) in outcomes(&mix.config).iter().zip(&expected) {
            assert_eq!(outcome, expected, "{}", mix.name);
        }
    }
}

#[test]
fn a_loop_of_traps_leaks_no_stack() {
    for mix in mixes() {
        let (mut store, instance) = instance(&mix.config);
        let a = instance.get_typed_func::<(i32, i32), i32>(&mut store, "a").unwrap();
        for round in 0..2000 {
            let way = [0, 2, 3, 4, 5, 6][round % 6];
            a.call(&mut store, (1 + round as i32 % 3, way)).unwrap_err();
        }
    }
}

/// Called by `outer` of another instance, through its import; calls that one's table.
const BETWEEN: &str = r#"(module $between
    (import "" "table" (table 2 funcref))
    (type $f (func (param i32) (result i32)))
    (func $tail (param i32) (result i32)
        (return_call_indirect (type $f) (local.get 0) (i32.const 0)))
    (func (export "between") (param i32) (result i32)
        (i32.add (call $tail (local.get 0))
            (call_indirect (type $f) (i32.const 0) (i32.const 1)))))"#;

const AROUND: &str = r#"(module $around
    (import "" "between" (func $between (param i32) (result i32)))
    (import "" "table" (table 2 funcref))
    (memory 1)
    (elem (i32.const 0) $load $divide)
    (func $load (param i32) (result i32) (i32.load (local.get 0)))
    (func $divide (param i32) (result i32) (i32.div_u (i32.const 1) (local.get 0)))
    (func $inner (param i64 i32) (result i32) (i32.add (i32.const 1) (call $between (local.get 1))))
    (func (export "outer") (param i32) (result i32) (call $inner (i64.const 1) (local.get 0))))"#;

fn outcomes_between(config: &Config) -> Vec<String> {
    let mut store = Store::new(&Engine::new(config).unwrap(), ());
    let table = instantiate(&mut store, r#"(module (table (export "table") 2 funcref))"#, &[]);
    let table = export(&mut store, table, "table");
    let between = instantiate(&mut store, BETWEEN, std::slice::from_ref(&table));
    let between = export(&mut store, between, "between");
    let around = instantiate(&mut store, AROUND, &[between, table]);
    let outer = around.get_typed_func::<i32, i32>(&mut store, "outer").unwrap();
    // The first traps in the load, the second behind it.
    [-1, 8].map(|at| describe(&outer.call(&mut store, at).unwrap_err())).into()
}

#[test]
fn backtraces_cross_instances() {
    let mut portable = Config::new();
    let expected = outcomes_between(portable.tier(Tier::Portable));
    assert!(expected[0].contains("between!between") && expected[1].contains("around!divide"));
    for mix in mixes() {
        assert_eq!(outcomes_between(&mix.config), expected, "{}", mix.name);
    }
}
