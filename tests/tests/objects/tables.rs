//! Tables that are filled when they are used must look as if they had been filled before.

use wasmtier::{Extern, Func, FuncType, Ref, Store, Trap, Val, ValType};

use crate::{call, instance, instantiate, trap};

/// A table of 10,000 elements, of which the even ones from 10 to 8,998 return their index.
fn big_table() -> String {
    let mut text = String::from(
        r#"(module
            (type $get (func (result i32)))
            (table (export "table") 10000 funcref)
            (func (export "call") (param i32) (result i32)
                (call_indirect (type $get) (local.get 0)))
            (func (export "is_null") (param i32) (result i32)
                (ref.is_null (table.get (local.get 0))))
            (func (export "fill") (param i32 i32) (result i32)
                (table.fill (local.get 0) (ref.null func) (local.get 1)) (i32.const 0))
            (func (export "copy") (param i32 i32 i32) (result i32)
                (table.copy (local.get 0) (local.get 1) (local.get 2)) (i32.const 0))
            (func (export "grow") (param i32) (result i32)
                (table.grow (ref.null func) (local.get 0)))
            (func (export "wrong") (param i32) (result i32)
                (call_indirect (param i32) (result i32) (i32.const 0) (local.get 0)))"#,
    );
    let mut elements = String::new();
    for at in (10..9000).step_by(2) {
        text.push_str(&format!("(func $f{at} (result i32) (i32.const {at}))"));
        elements.push_str(&format!("(elem (i32.const {at}) func $f{at})"));
    }
    text + &elements + ")"
}

#[test]
fn every_element_is_there_when_it_is_called() {
    let (mut store, instance) = instance(&big_table());
    for at in (0..10000).step_by(7) {
        if at % 2 == 0 && (10..9000).contains(&at) {
            assert_eq!(call(&mut store, instance, "call", &[at]).unwrap(), at);
            assert_eq!(trap(call(&mut store, instance, "wrong", &[at])), Trap::BadSignature);
        } else {
            assert_eq!(trap(call(&mut store, instance, "call", &[at])), Trap::IndirectCallToNull);
        }
    }
    assert_eq!(trap(call(&mut store, instance, "call", &[10000])), Trap::TableOutOfBounds);
    assert_eq!(trap(call(&mut store, instance, "call", &[-1])), Trap::TableOutOfBounds);
}

#[test]
fn table_get_sees_what_no_call_has_touched() {
    let (mut store, instance) = instance(&big_table());
    assert_eq!(call(&mut store, instance, "is_null", &[5000]).unwrap(), 0);
    assert_eq!(call(&mut store, instance, "is_null", &[5001]).unwrap(), 1);
    let table = instance.get_table(&mut store, "table").unwrap();
    let Some(Ref::Func(Some(func))) = table.get(&mut store, 7002) else { panic!("no function") };
    let mut results = [Val::I32(0)];
    func.call(&mut store, &[], &mut results).unwrap();
    assert_eq!(results[0].i32(), Some(7002));
}

#[test]
fn what_is_overwritten_does_not_come_back() {
    let (mut store, instance) = instance(&big_table());
    call(&mut store, instance, "fill", &[2000, 3000]).unwrap();
    for at in [2000, 3000, 4998] {
        assert_eq!(trap(call(&mut store, instance, "call", &[at])), Trap::IndirectCallToNull);
    }
    for at in [1998, 5000] {
        assert_eq!(call(&mut store, instance, "call", &[at]).unwrap(), at);
    }
}

#[test]
fn copies_take_untouched_elements_along() {
    let (mut store, instance) = instance(&big_table());
    call(&mut store, instance, "copy", &[9000, 4000, 1000]).unwrap();
    assert_eq!(call(&mut store, instance, "call", &[9500]).unwrap(), 4500);
    // Overlapping, both ways.
    call(&mut store, instance, "copy", &[1000, 1002, 5000]).unwrap();
    assert_eq!(call(&mut store, instance, "call", &[3000]).unwrap(), 3002);
    call(&mut store, instance, "copy", &[1002, 1000, 5000]).unwrap();
    assert_eq!(call(&mut store, instance, "call", &[3002]).unwrap(), 3002);
    let out = call(&mut store, instance, "copy", &[0, 9001, 1000]);
    assert_eq!(trap(out), Trap::TableOutOfBounds);
}

#[test]
fn growth_keeps_untouched_elements() {
    let (mut store, instance) = instance(&big_table());
    assert_eq!(call(&mut store, instance, "grow", &[50000]).unwrap(), 10000);
    assert_eq!(call(&mut store, instance, "call", &[8000]).unwrap(), 8000);
    assert_eq!(call(&mut store, instance, "is_null", &[59999]).unwrap(), 1);
    assert_eq!(call(&mut store, instance, "grow", &[i32::MAX]).unwrap(), -1);
}

#[test]
fn an_imported_table_is_filled_by_whoever_imports_it() {
    let (mut store, owner) = instance(&big_table());
    let table = owner.get_table(&mut store, "table").unwrap();
    let text = r#"(module
        (import "" "" (table 1 funcref))
        (func $minus (result i32) (i32.const -1))
        (elem (i32.const 20) func $minus $minus))"#;
    instantiate(&mut store, text, &[table.into()]).unwrap();
    for (at, found) in [(18, 18), (20, -1), (21, -1), (22, 22)] {
        assert_eq!(call(&mut store, owner, "call", &[at]).unwrap(), found);
    }
    let far = text.replace("i32.const 20", "i32.const 9999");
    let error = instantiate(&mut store, &far, &[table.into()]).unwrap_err();
    assert_eq!(error.downcast_ref(), Some(&Trap::TableOutOfBounds));
    assert_eq!(trap(call(&mut store, owner, "call", &[9999])), Trap::IndirectCallToNull);
}

#[test]
fn host_functions_are_called_through_tables() {
    let (mut store, owner) = instance(&big_table());
    let table = owner.get_table(&mut store, "table").unwrap();
    let ty = FuncType::new([], [ValType::I32]);
    let host = Func::new(&mut store, ty, |_, _, results| {
        results[0] = Val::I32(77);
        Ok(())
    });
    table.set(&mut store, 11, host.into()).unwrap();
    assert_eq!(call(&mut store, owner, "call", &[11]).unwrap(), 77);
    assert_eq!(call(&mut store, owner, "call", &[12]).unwrap(), 12);
}

#[test]
fn sixty_four_bit_indices_are_compared_whole() {
    let (mut store, instance) = instance(
        r#"(module
            (table $t i64 3 funcref)
            (elem (table $t) (i64.const 1) func $one)
            (func $one (export "one") (result i32) (i32.const 1))
            (func (export "call") (param i32) (result i32)
                (call_indirect $t (result i32)
                    (i64.or (i64.shl (i64.extend_i32_u (local.get 0)) (i64.const 32))
                            (i64.const 1))))
            (func (export "fill") (param i32) (result i32)
                (table.fill $t (i64.shl (i64.extend_i32_u (local.get 0)) (i64.const 32))
                    (ref.func $one) (i64.const 1))
                (i32.const 0)))"#,
    );
    assert_eq!(call(&mut store, instance, "call", &[0]).unwrap(), 1);
    assert_eq!(trap(call(&mut store, instance, "call", &[1])), Trap::TableOutOfBounds);
    assert_eq!(call(&mut store, instance, "fill", &[0]).unwrap(), 0);
    assert_eq!(trap(call(&mut store, instance, "fill", &[1])), Trap::TableOutOfBounds);
}

#[test]
fn a_table_of_another_store_is_refused() {
    let (mut store, owner) = instance(&big_table());
    let table = owner.get_table(&mut store, "table").unwrap();
    let mut other = Store::new(store.engine(), ());
    let import = r#"(module (import "" "" (table 1 funcref)))"#;
    let misuse = std::panic::AssertUnwindSafe(|| {
        instantiate(&mut other, import, &[Extern::Table(table)]).map(|_| ())
    });
    let payload = std::panic::catch_unwind(misuse).unwrap_err();
    let text = payload.downcast_ref::<String>().expect("a panic with a text");
    assert!(text.contains("a table was used with a store it does not belong to"), "{text}");
}
