//! Frames that change tier in the middle of a loop, among frames of every other kind.
//!
//! What lives here: how such frames are left, and what they call. What does not: what is in them
//! (`tests/wast/osr.wast`).

use wasmtier::{Caller, Config, Engine, Error, Extern, Func, Instance, Store, Tier, WasmBacktrace};

use crate::{instantiate, mixes};

/// `$walk` goes down and loops before each call; at the bottom something happens in a loop.
const TEXT: &str = r#"(module $m
    (import "" "" (func $host (param i32 i32) (result i32)))
    (type $f (func (param i32 i32) (result i32)))
    (memory 1)
    (table 2 funcref)
    (elem (i32.const 0) $walk)
    (func $turns (param $n i32) (result i32)
        (loop $again
            (br_if $again (i32.gt_s (local.tee $n (i32.sub (local.get $n) (i32.const 1)))
                (i32.const 0))))
        (local.get $n))
    (func $walk (export "walk") (param $depth i32) (param $way i32) (result i32)
        (local $i i32) (local $sum i32)
        (i32.const 17)
        (loop $again
            (local.set $sum (i32.add (local.get $sum) (call $turns (i32.const 3))))
            (if (i32.eq (local.get $i) (i32.const 2)) (then
                (if (i32.eqz (local.get $depth))
                    (then (local.set $sum (call $bottom (local.get $way) (f64.const 1))))
                    (else (local.set $sum (i32.add (local.get $sum)
                        (if (result i32) (i32.rem_u (local.get $depth) (i32.const 3))
                            (then (call $walk
                                (i32.sub (local.get $depth) (i32.const 1)) (local.get $way)))
                            (else (if (result i32) (i32.and (local.get $depth) (i32.const 1))
                                (then (call $host
                                    (i32.sub (local.get $depth) (i32.const 1)) (local.get $way)))
                                (else (call_indirect (type $f)
                                    (i32.sub (local.get $depth) (i32.const 1)) (local.get $way)
                                    (i32.const 0))))))))))))
            (br_if $again (i32.lt_u
                (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 5))))
        (i32.add (local.get $sum)))
    (func $bottom (param $way i32) (param f64) (result i32)
        (local $i i32)
        (loop $again
            (if (i32.eq (local.get $i) (i32.const 3)) (then
                (block $host (block $null (block $zero (block $load (block $unreachable
                    (block $none
                        (br_table $none $unreachable $load $zero $null $host (local.get $way)))
                    (return (i32.const 5)))
                    unreachable)
                    (return (i32.load offset=1000000 (local.get $i))))
                    (return (i32.div_u (local.get $way) (i32.const 0))))
                    (return (call_indirect (type $f) (local.get $way) (local.get $way)
                        (i32.const 1))))
                (return (call $host (i32.const -1) (local.get $way)))))
            (local.set $i (i32.add (local.get $i) (i32.const 1)))
            (br $again))
        unreachable)
    (func (export "even") (param $n i32) (param $sum i64) (result i64)
        (return_call $even (local.get $n) (local.get $sum)))
    (func $even (param $n i32) (param $sum i64) (result i64)
        (local $i i32)
        (loop $again
            (local.set $sum (i64.add (local.get $sum) (i64.const 1)))
            (br_if $again (i32.lt_u
                (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 3))))
        (if (i32.eqz (local.get $n)) (then (return (local.get $sum))))
        (return_call $odd (i32.sub (local.get $n) (i32.const 1)) (f32.const 1)
            (local.get $sum) (i64.const 2) (i64.const 3) (i64.const 4) (i64.const 5)))
    (func $odd (param $n i32) (param f32) (param $sum i64) (param i64 i64 i64) (param $k i64)
        (result i64)
        (local $i i32)
        (loop $again
            (local.set $sum (i64.add (local.get $sum) (local.get $k)))
            (br_if $again (i32.lt_u
                (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 2))))
        (return_call $plain (local.get $n) (local.get $sum)))
    (func $plain (param $n i32) (param $sum i64) (result i64)
        (return_call $even (local.get $n) (local.get $sum))))"#;

fn instance(config: &Config) -> (Store<()>, Instance) {
    let mut store = Store::new(&Engine::new(config).unwrap(), ());
    let host = |mut caller: Caller<'_, ()>, depth: i32, way: i32| -> Result<i32, Error> {
        if depth < 0 {
            return Err(Error::msg("no further"));
        }
        let walk = caller.get_export("walk").and_then(Extern::into_func).unwrap();
        walk.typed::<(i32, i32), i32>(&caller)?.call(&mut caller, (depth, way))
    };
    let host = Func::wrap(&mut store, host);
    let instance = instantiate(&mut store, TEXT, &[host.into()]);
    (store, instance)
}

/// What comes of each way, at several depths: the result, or the error and the frames.
fn outcomes(config: &Config) -> Vec<String> {
    let (mut store, instance) = instance(config);
    let walk = instance.get_typed_func::<(i32, i32), i32>(&mut store, "walk").unwrap();
    let mut outcomes = Vec::new();
    // Twice, for what the first calls have changed.
    for depth in [0, 1, 2, 7, 0, 7] {
        for way in 0..6 {
            outcomes.push(match walk.call(&mut store, (depth, way)) {
                Ok(result) => result.to_string(),
                Err(error) => {
                    let trace: &WasmBacktrace = error.downcast_ref().expect("it has a backtrace");
                    format!("{}: {trace}", error.root_cause())
                }
            });
        }
    }
    outcomes
}

#[test]
fn loops_are_left_alike_in_all_tiers() {
    let mut portable = Config::new();
    let expected = outcomes(portable.tier(Tier::Portable));
    for mix in mixes() {
        for (outcome, expected) in outcomes(&mix.config).iter().zip(&expected) {
            assert_eq!(outcome, expected, "{}", mix.name);
        }
    }
}

#[test]
fn tail_calls_out_of_loops_take_no_stack() {
    for mix in mixes() {
        let (mut store, instance) = instance(&mix.config);
        let even = instance.get_typed_func::<(i32, i64), i64>(&mut store, "even").unwrap();
        let turns = 200_000;
        let sum = even.call(&mut store, (turns, 0)).unwrap();
        assert_eq!(sum, 13 * i64::from(turns) + 3, "{}", mix.name);
    }
}
