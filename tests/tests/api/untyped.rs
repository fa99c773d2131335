//! Calls with types known at run time: `Func::call`, `Func::new`, and what they check.

use wasmtier::{Engine, Error, ExternRef, Func, FuncType, Ref, Store, V128, Val, ValType};

use crate::instance;

/// One of each value type.
fn all_types() -> [ValType; 7] {
    [
        ValType::I32,
        ValType::I64,
        ValType::F32,
        ValType::F64,
        ValType::V128,
        ValType::FUNCREF,
        ValType::EXTERNREF,
    ]
}

#[test]
fn values_of_every_type_go_through_a_host_function() {
    let mut store = Store::new(&Engine::default(), ());
    let types = all_types();
    let reverse = FuncType::new(types, types.into_iter().rev());
    let func = Func::new(&mut store, reverse.clone(), |_, params, results| {
        for (result, param) in results.iter_mut().zip(params.iter().rev()) {
            *result = *param;
        }
        Ok(())
    });
    assert_eq!(func.ty(&store), reverse);
    let host = ExternRef::new(&mut store, 5u8);
    let params = [
        Val::I32(-1),
        Val::I64(i64::MIN),
        Val::from(-0.0f32),
        Val::from(f64::INFINITY),
        Val::V128(V128::from(1 << 127 | 1)),
        Val::FuncRef(Some(func)),
        Val::ExternRef(Some(host)),
    ];
    let mut results = [Val::I32(0); 7];
    func.call(&mut store, &params, &mut results).unwrap();
    let [host, this, vector, f64, f32, i64, i32] = results;
    assert_eq!(i32.unwrap_i32(), -1);
    assert_eq!(i64.unwrap_i64(), i64::MIN);
    assert_eq!(f32.unwrap_f32().to_bits(), 0x8000_0000);
    assert_eq!(f64.f64(), Some(f64::INFINITY));
    assert_eq!(vector.unwrap_v128().as_u128(), 1 << 127 | 1);
    assert_eq!(this.unwrap_func_ref().map(|func| func.ty(&store)), Some(reverse));
    let host = host.unwrap_extern_ref().expect("not null");
    assert_eq!(host.data(&store).downcast_ref(), Some(&5u8));
}

#[test]
fn nulls_of_both_kinds() {
    let (mut store, instance) = instance(
        r#"(module (func (export "f") (param funcref externref) (result externref funcref)
            local.get 1 local.get 0))"#,
    );
    let f = instance.get_func(&mut store, "f").unwrap();
    let mut results = [Val::I32(0); 2];
    f.call(&mut store, &[Val::FuncRef(None), Val::ExternRef(None)], &mut results).unwrap();
    assert!(matches!(results, [Val::ExternRef(None), Val::FuncRef(None)]));
    assert!(results[0].ref_().is_some_and(|reference: Ref| reference.is_null()));
}

#[test]
fn wrong_counts_and_types_are_errors() {
    let (mut store, instance) =
        instance(r#"(module (func (export "f") (param i32) (result i32) local.get 0))"#);
    let f = instance.get_func(&mut store, "f").unwrap();
    let mut one = [Val::I32(0)];
    assert!(f.call(&mut store, &[], &mut one).is_err());
    assert!(f.call(&mut store, &[Val::I32(1), Val::I32(2)], &mut one).is_err());
    let error = f.call(&mut store, &[Val::I64(1)], &mut one).unwrap_err();
    let text = format!("{error:#}");
    assert!(text.contains("i32") && text.contains("i64"), "{text}");
    assert!(f.call(&mut store, &[Val::I32(1)], &mut []).is_err());
    assert!(f.call(&mut store, &[Val::I32(1)], &mut [Val::I32(0); 2]).is_err());
    f.call(&mut store, &[Val::I32(1)], &mut one).unwrap();
    assert_eq!(one[0].unwrap_i32(), 1);
}

#[test]
fn results_of_any_old_type_are_overwritten() {
    let (mut store, instance) =
        instance(r#"(module (func (export "f") (result f64) f64.const 2.5))"#);
    let f = instance.get_func(&mut store, "f").unwrap();
    let mut results = [Val::ExternRef(None)];
    f.call(&mut store, &[], &mut results).unwrap();
    assert_eq!(results[0].f64(), Some(2.5));
}

#[test]
fn a_host_function_gets_preset_results() {
    let mut store = Store::new(&Engine::default(), ());
    let func = Func::new(&mut store, FuncType::new([], all_types()), |_, _, results| {
        let types: Vec<ValType> = results.iter().map(Val::ty).collect();
        assert_eq!(types, all_types());
        Ok(())
    });
    let mut results = [Val::I32(9); 7];
    func.call(&mut store, &[], &mut results).unwrap();
    assert_eq!(results[0].i32(), Some(0));
    assert!(matches!(results[6], Val::ExternRef(None)));
}

#[test]
fn a_host_result_of_the_wrong_type_is_an_error_of_the_call() {
    let mut store = Store::new(&Engine::default(), ());
    let func = Func::new(&mut store, FuncType::new([], [ValType::I32]), |_, _, results| {
        results[0] = Val::I64(1);
        Ok(())
    });
    let error: Error = func.call(&mut store, &[], &mut [Val::I32(0)]).unwrap_err();
    let text = format!("{error:#}");
    assert!(text.contains("i32") && text.contains("i64"), "{text}");
    assert!(func.typed::<(), i32>(&store).unwrap().call(&mut store, ()).is_err());
}

#[test]
fn any_number_of_parameters_and_results() {
    // Twice as many values: how many there are decides where they are kept.
    for count in [0, 1, 2, 3, 8, 9, 200] {
        let types = || (0..count).map(|i| if i % 3 == 0 { ValType::V128 } else { ValType::I64 });
        let mut store = Store::new(&Engine::default(), ());
        let ty = FuncType::new(types(), types());
        let func = Func::new(&mut store, ty, |_, params, results| {
            results.copy_from_slice(params);
            Ok(())
        });
        let value = |(i, ty): (usize, ValType)| match ty {
            ValType::V128 => Val::V128(V128::from((i as u128) << 64 | 3)),
            _ => Val::I64(i as i64),
        };
        let params: Vec<Val> = types().enumerate().map(value).collect();
        let mut results = vec![Val::I32(0); count];
        func.call(&mut store, &params, &mut results).unwrap();
        assert_eq!(format!("{params:?}"), format!("{results:?}"));
    }
}

#[test]
fn wasm_passes_many_values_through() {
    const COUNT: usize = 300;
    let list = |text: &str| vec![text; COUNT].join(" ");
    let gets: String = (0..COUNT).rev().map(|i| format!("local.get {i} ")).collect();
    let text = format!(
        r#"(module (func (export "reverse") (param {0}) (result {0}) {gets}))"#,
        list("i64")
    );
    let (mut store, instance) = instance(&text);
    let reverse = instance.get_func(&mut store, "reverse").unwrap();
    let params: Vec<Val> = (0..COUNT).map(|i| Val::I64(i as i64)).collect();
    let mut results = vec![Val::I32(0); COUNT];
    reverse.call(&mut store, &params, &mut results).unwrap();
    for (i, result) in results.iter().enumerate() {
        assert_eq!(result.i64(), Some((COUNT - 1 - i) as i64));
    }
}
