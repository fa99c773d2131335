//! Frames: results over headers, locals over what an earlier call left, several instances.

use wasmtier::{Val, ValType};

use crate::{call, call_i32, export, instance, instantiate};

/// The values of results, floats by their bits.
fn bits(results: &[Val]) -> Vec<u128> {
    let bits = |value: &Val| match value {
        Val::I32(value) => u128::from(value.cast_unsigned()),
        Val::I64(value) => u128::from(value.cast_unsigned()),
        Val::F32(bits) => u128::from(*bits),
        Val::F64(bits) => u128::from(*bits),
        Val::V128(value) => value.as_u128(),
        value => panic!("no number: {value:?}"),
    };
    results.iter().map(bits).collect()
}

#[test]
fn results_may_take_more_slots_than_parameters() {
    let (mut store, instance) = instance(
        r#"(module
            (func $five (result i32 i64 f32 v128 f64)
                i32.const 1 i64.const -1 f32.const 1
                (v128.const i64x2 5 6)
                f64.const 2)
            (func (export "direct") (result i32 i64 f32 v128 f64) (call $five))
            (func $below (param i32) (result i32 i64 f32 v128 f64)
                (local i64)
                (call $five))
            (func (export "nested") (param i32) (result i32 i32 i64 f32 v128 f64)
                (local.get 0) (call $below (local.get 0)))
            (func (export "live") (param i32) (result i32)
                (local i32 i32)
                (local.set 1 (i32.const 100))
                (local.get 0)
                (call $five)
                drop drop drop drop
                (i32.add) (i32.add (local.get 1)) (i32.add (local.get 2))))"#,
    );
    let five = [1, u128::from(u64::MAX), 0x3f80_0000, 6 << 64 | 5, 2f64.to_bits().into()];
    assert_eq!(bits(&call(&mut store, instance, "direct", &[]).unwrap()), five);
    let nested = call(&mut store, instance, "nested", &[Val::I32(7)]).unwrap();
    assert_eq!(bits(&nested[..1]), [7]);
    assert_eq!(bits(&nested[1..]), five);
    assert_eq!(call_i32(&mut store, instance, "live", 7).unwrap(), 108);
}

#[test]
fn parameters_of_all_widths_keep_their_order() {
    let (mut store, instance) = instance(
        r#"(module
            (func $turn (param i32 v128 f32 i64 v128 f64) (result f64 v128 i64 f32 v128 i32)
                (local.get 5) (local.get 4) (local.get 3) (local.get 2) (local.get 1)
                (local.get 0))
            (func (export "twice") (param i32 v128 f32 i64 v128 f64) (result i32 v128)
                (local v128 i32)
                (call $turn (local.get 0) (local.get 1) (local.get 2) (local.get 3)
                    (local.get 4) (local.get 5))
                (local.set 7) (local.set 6)
                drop drop drop drop
                (i32.add (local.get 7) (local.get 0)) (local.get 6)))"#,
    );
    let ty = instance.get_func(&mut store, "twice").unwrap().ty(&store);
    assert_eq!(ty.params()[1], ValType::V128);
    let params = [
        Val::I32(21),
        Val::V128(0x1234_0000_0000_0000_0000_5678.into()),
        Val::F32(1),
        Val::I64(2),
        Val::V128(3.into()),
        Val::F64(4),
    ];
    let results = call(&mut store, instance, "twice", &params).unwrap();
    assert_eq!(bits(&results), [42, 0x1234_0000_0000_0000_0000_5678]);
}

#[test]
fn locals_are_zero_whatever_lay_there() {
    let (mut store, instance) = instance(
        r#"(module
            (func $dirty (param i64) (result i64)
                (local i64 v128 i64 f64)
                (local.set 1 (local.get 0))
                (local.set 2 (i64x2.splat (local.get 0)))
                (local.set 3 (i64.sub (local.get 0) (i64.const 1)))
                (local.set 4 (f64.convert_i64_s (local.get 0)))
                (i64.add (local.get 1) (local.get 3)))
            (func $clean (result i64)
                (local i64 i64 v128 f64)
                (i64.or (i64.or (local.get 0) (local.get 1))
                    (i64.or (i64.reinterpret_f64 (local.get 3))
                        (i64.or (i64x2.extract_lane 0 (local.get 2))
                            (i64x2.extract_lane 1 (local.get 2))))))
            (func (export "sum") (result i64)
                (drop (call $dirty (i64.const -1)))
                (call $clean)))"#,
    );
    assert_eq!(bits(&call(&mut store, instance, "sum", &[]).unwrap()), [0]);
}

#[test]
fn each_frame_runs_in_its_own_instance() {
    let text = |global: u32, byte: u32| {
        format!(
            r#"(module
                (import "" "" (func $other (param i32) (result i32)))
                (memory (export "memory") 1)
                (data (i32.const 0) "\{byte:02x}")
                (global i32 (i32.const {global}))
                (func (export "f") (param i32) (result i32)
                    (local i32)
                    (if (i32.eqz (local.get 0)) (then (return (global.get 0))))
                    (local.set 1 (call $other (i32.sub (local.get 0) (i32.const 1))))
                    (i32.add
                        (i32.mul (local.get 1) (i32.const 10))
                        (i32.add (global.get 0) (i32.load8_u (i32.const 0))))))"#
        )
    };
    let (mut store, first) = instance(
        r#"(module (memory 1) (func (export "f") (param i32) (result i32) (i32.const 0)))"#,
    );
    let mut callee = first;
    for link in 1..5 {
        let import = export(&mut store, callee, "f");
        callee = instantiate(&mut store, &text(link, link), &[import]);
    }
    assert_eq!(call_i32(&mut store, callee, "f", 3).unwrap(), 1000 + 400 + 60 + 8);
    assert_eq!(call_i32(&mut store, callee, "f", 9).unwrap(), 2468);
}

#[test]
fn a_caller_sees_its_memory_grow_in_a_callee() {
    let mut store = wasmtier::Store::new(&wasmtier::Engine::default(), ());
    let owner = instantiate(
        &mut store,
        r#"(module
            (memory (export "memory") 1)
            (func (export "grow") (result i32)
                (i32.store (i32.const 0) (i32.const 5))
                (memory.grow (i32.const 3))))"#,
        &[],
    );
    let memory = owner.get_export(&mut store, "memory").unwrap();
    let grow = export(&mut store, owner, "grow");
    let user = instantiate(
        &mut store,
        r#"(module
            (import "" "memory" (memory 1))
            (import "" "grow" (func $grow (result i32)))
            (func (export "use") (param i32) (result i32)
                (drop (call $grow))
                (i32.store (local.get 0) (i32.const 37))
                (i32.add (i32.load (i32.const 0)) (i32.load (local.get 0)))))"#,
        &[memory, grow],
    );
    assert_eq!(call_i32(&mut store, user, "use", 3 * 65536).unwrap(), 42);
}
