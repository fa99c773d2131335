//! Statically typed calls: every value type, many parameters and results, mismatches.

use wasmtier::{Engine, ExternRef, Func, Store, Trap, TypedFunc, V128};

use crate::instance;

#[test]
fn scalars_pass_bit_for_bit() {
    let (mut store, instance) = instance(
        r#"(module
            (func (export "i32") (param i32) (result i32) local.get 0)
            (func (export "i64") (param i64) (result i64) local.get 0)
            (func (export "f32") (param f32) (result f32) local.get 0)
            (func (export "f64") (param f64) (result f64) local.get 0))"#,
    );
    let i32s = instance.get_typed_func::<i32, i32>(&mut store, "i32").unwrap();
    for value in [0, 1, -1, i32::MIN, i32::MAX] {
        assert_eq!(i32s.call(&mut store, value).unwrap(), value);
    }
    let u32s = instance.get_typed_func::<u32, u32>(&mut store, "i32").unwrap();
    assert_eq!(u32s.call(&mut store, u32::MAX).unwrap(), u32::MAX);
    let i64s = instance.get_typed_func::<i64, i64>(&mut store, "i64").unwrap();
    assert_eq!(i64s.call(&mut store, i64::MIN).unwrap(), i64::MIN);
    let u64s = instance.get_typed_func::<u64, u64>(&mut store, "i64").unwrap();
    assert_eq!(u64s.call(&mut store, u64::MAX).unwrap(), u64::MAX);
    let f32s = instance.get_typed_func::<f32, f32>(&mut store, "f32").unwrap();
    for bits in [0x8000_0000, 0x7fa0_1234, 0xff80_0000, 1] {
        let value = f32s.call(&mut store, f32::from_bits(bits)).unwrap();
        assert_eq!(value.to_bits(), bits);
    }
    let f64s = instance.get_typed_func::<f64, f64>(&mut store, "f64").unwrap();
    for bits in [1 << 63, 0x7ff4_0000_dead_beef, 1] {
        let value = f64s.call(&mut store, f64::from_bits(bits)).unwrap();
        assert_eq!(value.to_bits(), bits);
    }
}

#[test]
fn vectors_pass_among_scalars() {
    let mut store = Store::new(&Engine::default(), ());
    let swap = Func::wrap(&mut store, |a: i32, b: V128, c: u64, d: V128| (d, c, b, a));
    let swap = swap.typed::<(i32, V128, u64, V128), (V128, u64, V128, i32)>(&store).unwrap();
    let (low, high) = (V128::from(1 << 100 | 7), V128::from(u128::MAX - 5));
    let got = swap.call(&mut store, (-3, low, u64::MAX, high)).unwrap();
    assert_eq!(got, (high, u64::MAX, low, -3));
}

#[test]
fn references_pass_and_null_is_none() {
    let (mut store, instance) = instance(
        r#"(module
            (func $f (export "f") (result i32) i32.const 11)
            (func (export "func") (param funcref) (result funcref) local.get 0)
            (func (export "self") (result funcref) ref.func $f)
            (func (export "extern") (param externref) (result externref) local.get 0)
            (func (export "null?") (param externref) (result i32) local.get 0 ref.is_null))"#,
    );
    let funcs = instance.get_typed_func::<Option<Func>, Option<Func>>(&mut store, "func").unwrap();
    assert!(funcs.call(&mut store, None).unwrap().is_none());
    let f = instance.get_func(&mut store, "f").unwrap();
    let f = funcs.call(&mut store, Some(f)).unwrap().expect("not null");
    let call = |store: &mut Store<()>, f: Func| {
        f.typed::<(), i32>(&*store).unwrap().call(&mut *store, ()).unwrap()
    };
    assert_eq!(call(&mut store, f), 11);
    let own = instance.get_typed_func::<(), Option<Func>>(&mut store, "self").unwrap();
    let own = own.call(&mut store, ()).unwrap().expect("not null");
    assert_eq!(call(&mut store, own), 11);

    type Same = TypedFunc<Option<ExternRef>, Option<ExternRef>>;
    let same: Same = instance.get_typed_func(&mut store, "extern").unwrap();
    assert!(same.call(&mut store, None).unwrap().is_none());
    let value = ExternRef::new(&mut store, String::from("held by the host"));
    let value = same.call(&mut store, Some(value)).unwrap().expect("not null");
    let text = value.data(&store).downcast_ref::<String>();
    assert_eq!(text.map(String::as_str), Some("held by the host"));
    let null = instance.get_typed_func::<Option<ExternRef>, u32>(&mut store, "null?").unwrap();
    assert_eq!(null.call(&mut store, None).unwrap(), 1);
    assert_eq!(null.call(&mut store, Some(value)).unwrap(), 0);
}

#[test]
fn sixteen_parameters_and_results_keep_their_order() {
    type Sixteen = (i32, i64, f32, f64, u32, u64, i32, i64, f32, f64, u32, u64, i32, i64, f32, f64);
    let (mut store, instance) = instance(
        r#"(module
            (type $t (func
                (param i32 i64 f32 f64 i32 i64 i32 i64 f32 f64 i32 i64 i32 i64 f32 f64)
                (result i32 i64 f32 f64 i32 i64 i32 i64 f32 f64 i32 i64 i32 i64 f32 f64)))
            (func $inner (type $t)
                local.get 0 local.get 1 local.get 2 local.get 3
                local.get 4 local.get 5 local.get 6 local.get 7
                local.get 8 local.get 9 local.get 10 local.get 11
                local.get 12 local.get 13 local.get 14 local.get 15)
            (func (export "f") (type $t)
                local.get 0 local.get 1 local.get 2 local.get 3
                local.get 4 local.get 5 local.get 6 local.get 7
                local.get 8 local.get 9 local.get 10 local.get 11
                local.get 12 local.get 13 local.get 14 local.get 15
                call $inner))"#,
    );
    let f = instance.get_typed_func::<Sixteen, Sixteen>(&mut store, "f").unwrap();
    let values = (1, 2, 3.0, 4.0, 5, 6, 7, 8, 9.0, 10.0, 11, 12, 13, 14, 15.0, 16.0);
    let (a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p) = f.call(&mut store, values).unwrap();
    assert_eq!((a, b, c, d, e, f, g, h), (1, 2, 3.0, 4.0, 5, 6, 7, 8));
    assert_eq!((i, j, k, l, m, n, o, p), (9.0, 10.0, 11, 12, 13, 14, 15.0, 16.0));
}

#[test]
fn more_results_than_parameters_and_the_reverse() {
    let (mut store, instance) = instance(
        r#"(module
            (func (export "spread") (param i32) (result i32 i32 i32 i64)
                local.get 0
                (i32.add (local.get 0) (i32.const 1))
                (i32.add (local.get 0) (i32.const 2))
                (i64.extend_i32_s (local.get 0)))
            (func (export "sum") (param i32 i32 i32 i32 i32) (result i32)
                local.get 0 local.get 1 i32.add local.get 2 i32.add
                local.get 3 i32.add local.get 4 i32.add))"#,
    );
    let spread = instance.get_typed_func::<i32, (i32, i32, i32, i64)>(&mut store, "spread");
    assert_eq!(spread.unwrap().call(&mut store, -1).unwrap(), (-1, 0, 1, -1));
    let sum = instance.get_typed_func::<(i32, i32, i32, i32, i32), i32>(&mut store, "sum");
    assert_eq!(sum.unwrap().call(&mut store, (1, 2, 3, 4, 5)).unwrap(), 15);
}

#[test]
fn mismatches_say_both_types() {
    let (mut store, instance) =
        instance(r#"(module (func (export "f") (param i32) (result i64) i64.const 0))"#);
    let error = instance.get_typed_func::<i64, i64>(&mut store, "f").unwrap_err();
    let text = format!("{error:#}");
    assert!(
        text.contains("parameters") && text.contains("(i32)") && text.contains("(i64)"),
        "{text}"
    );
    let error = instance.get_typed_func::<i32, ()>(&mut store, "f").unwrap_err();
    assert!(format!("{error:#}").contains("results"), "{error:#}");
    let f = instance.get_func(&mut store, "f").unwrap();
    assert!(f.typed::<(i32, i32), i64>(&store).is_err());
    assert!(f.typed::<(), i64>(&store).is_err());
    assert!(f.typed::<(i32,), (i64,)>(&store).is_ok());
}

#[test]
fn a_missing_export_and_one_of_another_kind_are_errors() {
    let (mut store, instance) = instance(r#"(module (memory (export "m") 1))"#);
    let error = instance.get_typed_func::<(), ()>(&mut store, "f").unwrap_err();
    assert!(format!("{error:#}").contains("`f`"), "{error:#}");
    assert!(instance.get_typed_func::<(), ()>(&mut store, "m").is_err());
    assert!(instance.get_func(&mut store, "m").is_none());
    assert!(instance.get_table(&mut store, "m").is_none());
    assert!(instance.get_global(&mut store, "m").is_none());
    assert!(instance.get_memory(&mut store, "m").is_some());
}

#[test]
fn a_typed_function_still_works_after_a_trap() {
    let (mut store, instance) = instance(
        r#"(module (func (export "div") (param i32 i32) (result i32)
            local.get 0 local.get 1 i32.div_s))"#,
    );
    let div = instance.get_typed_func::<(i32, i32), i32>(&mut store, "div").unwrap();
    for _ in 0..1000 {
        let error = div.call(&mut store, (1, 0)).unwrap_err();
        assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::IntegerDivisionByZero));
        assert_eq!(div.call(&mut store, (7, 2)).unwrap(), 3);
    }
}
