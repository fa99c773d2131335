//! Function references: their records are written late and move when there are more.

use wasmtier::{Func, FuncType, Instance, Ref, Store, Val, ValType};

use crate::{call, instance, instantiate};

/// Enough functions that their records are not all written at once.
const MANY: i32 = 1000;

fn many_functions() -> String {
    let mut text = String::from(
        r#"(module
            (table (export "table") 2 funcref)
            (func (export "call") (param i32) (result i32)
                (call_indirect (result i32) (local.get 0)))
            (func (export "put") (param i32) (result i32)
                (table.set (i32.const 0) (ref.func $f700))
                (call_indirect (result i32) (i32.const 0)))"#,
    );
    for at in 0..MANY {
        text.push_str(&format!(r#"(func $f{at} (export "f{at}") (result i32) (i32.const {at}))"#));
    }
    text + ")"
}

#[test]
fn records_are_written_when_they_are_needed() {
    let (mut store, instance) = instance(&many_functions());
    assert_eq!(call(&mut store, instance, "put", &[0]).unwrap(), 700);
    for at in (0..MANY).step_by(93) {
        assert_eq!(call(&mut store, instance, &format!("f{at}"), &[]).unwrap(), at);
    }
}

#[test]
fn references_outlive_the_growth_of_the_arena() {
    let (mut store, first) = instance(&many_functions());
    assert_eq!(call(&mut store, first, "put", &[0]).unwrap(), 700);
    let func = first.get_func(&mut store, "f500").unwrap();
    let more: Vec<Instance> =
        (0..20).map(|_| instantiate(&mut store, &many_functions(), &[]).unwrap()).collect();
    let ty = FuncType::new([], [ValType::I32]);
    let hosts: Vec<Func> = (0..5000)
        .map(|at| {
            Func::new(&mut store, ty.clone(), move |_, _, results| {
                results[0] = Val::I32(at);
                Ok(())
            })
        })
        .collect();
    assert_eq!(call(&mut store, first, "call", &[0]).unwrap(), 700);
    let mut results = [Val::I32(0)];
    func.call(&mut store, &[], &mut results).unwrap();
    assert_eq!(results[0].i32(), Some(500));
    assert_eq!(call(&mut store, more[19], "f999", &[]).unwrap(), 999);
    let table = first.get_table(&mut store, "table").unwrap();
    table.set(&mut store, 1, Ref::Func(Some(hosts[4321]))).unwrap();
    assert_eq!(call(&mut store, first, "call", &[1]).unwrap(), 4321);
}

#[test]
fn an_arena_may_move_while_wasm_waits() {
    let mut store = Store::new(&wasmtier::Engine::default(), ());
    let ty = FuncType::new([], []);
    let grow = Func::new(&mut store, ty, |mut caller, _, _| {
        for _ in 0..3000 {
            Func::new(&mut caller, FuncType::new([], []), |_, _, _| Ok(()));
        }
        Ok(())
    });
    let text = r#"(module
        (import "" "" (func $grow))
        (table funcref (elem $one))
        (func $one (result i32) (i32.const 1))
        (func (export "run") (result i32)
            (i32.add (call_indirect (result i32) (i32.const 0))
                (block (result i32) (call $grow) (call_indirect (result i32) (i32.const 0))))))"#;
    let instance = instantiate(&mut store, text, &[grow.into()]).unwrap();
    assert_eq!(call(&mut store, instance, "run", &[]).unwrap(), 2);
}

#[test]
fn an_imported_function_is_exported_as_itself() {
    let (mut store, first) = instance(r#"(module (func (export "f") (result i32) (i32.const 5)))"#);
    let func = first.get_func(&mut store, "f").unwrap();
    let text = r#"(module
        (import "" "" (func $f (result i32)))
        (export "g" (func $f))
        (func (export "null") (result funcref) (ref.null func))
        (func (export "ref") (result funcref) (ref.func $f)))"#;
    let second = instantiate(&mut store, text, &[func.into()]).unwrap();
    assert_eq!(call(&mut store, second, "g", &[]).unwrap(), 5);
    let mut results = [Val::FuncRef(None)];
    second.get_func(&mut store, "ref").unwrap().call(&mut store, &[], &mut results).unwrap();
    let found = results[0].unwrap_func_ref().expect("not null");
    let mut answer = [Val::I32(0)];
    found.call(&mut store, &[], &mut answer).unwrap();
    assert_eq!(answer[0].i32(), Some(5));
    second.get_func(&mut store, "null").unwrap().call(&mut store, &[], &mut results).unwrap();
    assert!(results[0].unwrap_func_ref().is_none());
}
