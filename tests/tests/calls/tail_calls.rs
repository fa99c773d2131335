//! Tail calls replace the caller's frame, whatever they call.

use wasmtier::{Engine, Func, FuncType, Store, Trap, Val, ValType};

use wasmtier_tests::modes::MODES;

use crate::{call, call_i32, export, instance, instantiate, trap};

#[test]
fn endless_tail_recursion_takes_no_stack() {
    let (mut store, instance) = instance(
        r#"(module
            (type $odd (func (param i32) (result i32)))
            (table funcref (elem $odd $even))
            (func $count (export "count") (param i32) (result i32)
                (if (i32.eqz (local.get 0)) (then (return (i32.const 7))))
                (return_call $count (i32.sub (local.get 0) (i32.const 1))))
            (func $even (export "even") (param i32) (result i32)
                (if (i32.eqz (local.get 0)) (then (return (i32.const 1))))
                (return_call_indirect (type $odd)
                    (i32.sub (local.get 0) (i32.const 1)) (i32.const 0)))
            (func $odd (param i32) (result i32)
                (local i64 i64)
                (if (i32.eqz (local.get 0)) (then (return (i32.const 0))))
                (return_call_indirect (type $odd)
                    (i32.sub (local.get 0) (i32.const 1)) (i32.const 1))))"#,
    );
    assert_eq!(call_i32(&mut store, instance, "count", 1_000_000).unwrap(), 7);
    assert_eq!(call_i32(&mut store, instance, "even", 1_000_000).unwrap(), 1);
    assert_eq!(call_i32(&mut store, instance, "even", 1_000_001).unwrap(), 0);
}

#[test]
fn the_callee_may_take_more_or_fewer_parameters() {
    let (mut store, instance) = instance(
        r#"(module
            (func $none (result i64) (i64.const 1000))
            (func $many (param i64 i64 v128 i64 i64 i32) (result i64)
                (local i64)
                (if (local.get 5) (then (return_call $none)))
                (i64.add (i64.sub (local.get 0) (local.get 1))
                    (i64.add (i64.mul (local.get 3) (local.get 4))
                        (i64.add (local.get 6) (i64x2.extract_lane 1 (local.get 2))))))
            (func $one (param i32) (result i64)
                (return_call $many (i64.const 50) (i64.const 8) (v128.const i64x2 9 300)
                    (i64.const 3) (i64.const 4) (local.get 0)))
            (func (export "f") (param i32) (result i64)
                (local i64 i64)
                (local.set 1 (i64.const 5))
                (local.set 2 (call $one (local.get 0)))
                (i64.add (local.get 1) (local.get 2))))"#,
    );
    let mut f = |param: i32| call(&mut store, instance, "f", &[param.into()]).unwrap();
    assert_eq!(f(0)[0].unwrap_i64(), 5 + 42 + 12 + 300);
    assert_eq!(f(1)[0].unwrap_i64(), 1005);
}

#[test]
fn arguments_may_be_parameters_in_another_order() {
    let (mut store, instance) = instance(
        r#"(module
            (func $f (export "f") (param i32 i32 i32 i32) (result i32)
                (if (i32.eqz (local.get 3)) (then (return
                    (i32.add (i32.mul (local.get 0) (i32.const 100))
                        (i32.add (i32.mul (local.get 1) (i32.const 10)) (local.get 2))))))
                (return_call $f (local.get 2) (local.get 0) (local.get 1)
                    (i32.sub (local.get 3) (i32.const 1)))))"#,
    );
    for (turns, expected) in [(0, 123), (1, 312), (2, 231), (3, 123)] {
        let params = [1, 2, 3, turns].map(Val::I32);
        assert_eq!(call(&mut store, instance, "f", &params).unwrap()[0].unwrap_i32(), expected);
    }
}

#[test]
fn a_tail_call_of_the_host_returns_for_it() {
    let mut store = Store::new(&Engine::default(), ());
    let ty = FuncType::new([ValType::I32], [ValType::I64, ValType::V128, ValType::F32]);
    let spread = Func::new(&mut store, ty, |_, params, results| {
        let value = params[0].unwrap_i32();
        results[0] = Val::I64(i64::from(value) - 1);
        results[1] = Val::V128(u128::from(value.cast_unsigned()).into());
        results[2] = Val::F32((value as f32).to_bits());
        Ok(())
    });
    let half = Func::wrap(&mut store, |value: f64| value / 2.0);
    let fail = Func::wrap(&mut store, || -> wasmtier::Result<()> { Err(Trap::OutOfFuel.into()) });
    let user = instantiate(
        &mut store,
        r#"(module
            (import "" "spread" (func $spread (param i32) (result i64 v128 f32)))
            (import "" "half" (func $half (param f64) (result f64)))
            (import "" "fail" (func $fail))
            (type $half (func (param f64) (result f64)))
            (table funcref (elem $half))
            (func $tail (param i32) (result i64 v128 f32) (return_call $spread (local.get 0)))
            (func (export "spread") (param i32) (result i32)
                (local i64 v128 f32 i32)
                (local.set 4 (i32.const 1000))
                (call $tail (local.get 0))
                (local.set 3) (local.set 2) (local.set 1)
                (i32.add (i32.add (local.get 4) (i32.wrap_i64 (local.get 1)))
                    (i32.add (i32x4.extract_lane 0 (local.get 2))
                        (i32.trunc_f32_s (local.get 3)))))
            (func $quarter (param i32 f64) (result f64)
                (return_call_indirect (type $half) (call $half (local.get 1)) (i32.const 0)))
            (func (export "quarter") (param i32) (result i32)
                (i32.trunc_f64_s (f64.mul (f64.const 3)
                    (call $quarter (i32.const 1) (f64.convert_i32_s (local.get 0))))))
            (func (export "fail") (return_call $fail)))"#,
        &[spread.into(), half.into(), fail.into()],
    );
    assert_eq!(call_i32(&mut store, user, "spread", 7).unwrap(), 1000 + 6 + 7 + 7);
    assert_eq!(call_i32(&mut store, user, "quarter", 40).unwrap(), 30);
    assert_eq!(trap(call(&mut store, user, "fail", &[])), Trap::OutOfFuel);
    assert_eq!(call_i32(&mut store, user, "quarter", 4).unwrap(), 3);
}

#[test]
fn a_tail_call_of_another_instance_comes_back_to_the_callers() {
    let mut store = Store::new(&Engine::default(), ());
    let other = instantiate(
        &mut store,
        r#"(module
            (memory 1) (data (i32.const 0) "\05")
            (global i32 (i32.const 10))
            (func (export "f") (param i32) (result i32)
                (i32.add (i32.add (global.get 0) (i32.load8_u (i32.const 0))) (local.get 0))))"#,
        &[],
    );
    let import = export(&mut store, other, "f");
    let user = instantiate(
        &mut store,
        r#"(module
            (import "" "" (func $f (param i32) (result i32)))
            (memory 1) (data (i32.const 0) "\63")
            (global i32 (i32.const 1000))
            (func $tail (param i64 i64 i32) (result i32) (return_call $f (local.get 2)))
            (func (export "tail") (param i32) (result i32) (return_call $f (local.get 0)))
            (func (export "f") (param i32) (result i32)
                (local i32)
                (local.set 1 (call $tail (i64.const 1) (i64.const 2) (local.get 0)))
                (i32.add (i32.add (local.get 1) (global.get 0)) (i32.load8_u (i32.const 0)))))"#,
        &[import],
    );
    assert_eq!(call_i32(&mut store, user, "f", 3).unwrap(), 10 + 5 + 3 + 1000 + 99);
    assert_eq!(call_i32(&mut store, user, "tail", 4).unwrap(), 19);
}

#[test]
fn a_tail_call_through_a_table_checks_like_a_call() {
    let (mut store, instance) = instance(
        r#"(module
            (type $f (func (param i32) (result i32)))
            (table 3 funcref)
            (elem (i32.const 0) $id $nothing)
            (func $id (param i32) (result i32) (local.get 0))
            (func $nothing)
            (func (export "f") (param i32) (result i32)
                (return_call_indirect (type $f) (i32.const 42) (local.get 0))))"#,
    );
    assert_eq!(call_i32(&mut store, instance, "f", 0).unwrap(), 42);
    assert_eq!(trap(call_i32(&mut store, instance, "f", 1)), Trap::BadSignature);
    assert_eq!(trap(call_i32(&mut store, instance, "f", 2)), Trap::IndirectCallToNull);
    assert_eq!(trap(call_i32(&mut store, instance, "f", 3)), Trap::TableOutOfBounds);
    assert_eq!(trap(call_i32(&mut store, instance, "f", -1)), Trap::TableOutOfBounds);
}

/// A frame that called out is replaced, and then its successor cannot even begin. Nobody may take
/// arguments of the successor, which lie where the frame's header was, for a frame.
#[test]
fn a_callee_that_cannot_begin_leaves_nothing_behind() {
    let text = format!(
        r#"(module
            (memory 1)
            (func $too_large (param i64 i64 i64 i64 i64 i64) (result i32)
                (local {})
                (local.set 7 (i64.const 1))
                (i32.const 1))
            (func (export "f") (result i32)
                (drop (memory.grow (i32.const 1)))
                (return_call $too_large
                    (i64.const 0x4041414140) (i64.const 0x4041414148) (i64.const 0x4041414150)
                    (i64.const 0x4041414158) (i64.const 0x4041414160) (i64.const 0x4041414168))))"#,
        "i64 ".repeat(32_001),
    );
    for mode in MODES {
        let mut store = Store::new(&mode.engine(), ());
        let instance = instantiate(&mut store, &text, &[]);
        let error = call(&mut store, instance, "f", &[]).unwrap_err();
        assert!(error.to_string().contains("function too large"), "{}: {error}", mode.name);
    }
}
