//! Tables, globals and memories shared by instances of one store.

use wasmtier::{
    Engine, Func, Global, GlobalType, Instance, Linker, Ref, RefType, Store, Table, TableType,
    Trap, Val, ValType,
};

use crate::{instance, module};

/// A linker that knows the exports of `text` as `a`, and its store.
fn provider(text: &str) -> (Linker<()>, Store<()>, Instance) {
    let (mut store, instance) = instance(text);
    let mut linker = Linker::new(store.engine());
    linker.instance(&mut store, "a", instance).unwrap();
    (linker, store, instance)
}

fn call(store: &mut Store<()>, instance: Instance, name: &str, value: i32) -> i32 {
    instance.get_typed_func::<i32, i32>(&mut *store, name).unwrap().call(store, value).unwrap()
}

#[test]
fn a_mutable_global_is_one_variable_for_all() {
    let (linker, mut store, a) = provider(
        r#"(module (global $g (export "g") (mut i32) (i32.const 1))
            (func (export "add") (param i32) (result i32)
                (global.set $g (i32.add (global.get $g) (local.get 0))) (global.get $g)))"#,
    );
    let b = module(
        linker.engine(),
        r#"(module (import "a" "g" (global $g (mut i32))) (export "again" (global $g))
            (func (export "mul") (param i32) (result i32)
                (global.set $g (i32.mul (global.get $g) (local.get 0))) (global.get $g)))"#,
    );
    let b = linker.instantiate(&mut store, &b).unwrap();
    assert_eq!(call(&mut store, a, "add", 2), 3);
    assert_eq!(call(&mut store, b, "mul", 5), 15);
    let global = b.get_global(&mut store, "again").unwrap();
    global.set(&mut store, Val::I32(100)).unwrap();
    assert_eq!(call(&mut store, a, "add", 1), 101);
    assert_eq!(a.get_global(&mut store, "g").unwrap().get(&mut store).i32(), Some(101));
}

#[test]
fn globals_of_all_types_made_by_the_host() {
    let mut store = Store::new(&Engine::default(), ());
    let func = Func::wrap(&mut store, || 6i32);
    let values = [
        Val::I32(-1),
        Val::I64(1 << 40),
        Val::from(0.5f32),
        Val::from(-0.25f64),
        Val::from(u128::MAX - 2),
        Val::FuncRef(Some(func)),
        Val::ExternRef(None),
    ];
    for value in values {
        let ty = GlobalType { content: value.ty(), mutable: true };
        let global = Global::new(&mut store, ty, value).unwrap();
        assert_eq!(global.ty(&store), ty);
        let ty = value.ty();
        let text = format!(
            r#"(module (import "" "" (global $g (mut {ty})))
                (func (export "swap") (param {ty}) (result {ty})
                    (global.get $g) (global.set $g (local.get 0))))"#
        );
        let module = module(store.engine(), &text);
        let instance = Instance::new(&mut store, &module, &[global.into()]).unwrap();
        let swap = instance.get_func(&mut store, "swap").unwrap();
        let mut old = [Val::I32(0)];
        swap.call(&mut store, &[Val::default_for_ty(value.ty())], &mut old).unwrap();
        assert_eq!(format!("{:?}", old[0]), format!("{value:?}"));
        let now = global.get(&mut store);
        assert_eq!(format!("{now:?}"), format!("{:?}", Val::default_for_ty(value.ty())));
    }
}

#[test]
fn functions_call_each_other_through_a_shared_table() {
    let (linker, mut store, a) = provider(
        r#"(module
            (table (export "t") 4 funcref)
            (memory 1) (data (i32.const 0) "\0a")
            (elem (i32.const 0) $own)
            (func $own (param i32) (result i32)
                (i32.add (i32.load8_u (i32.const 0)) (local.get 0)))
            (func (export "call") (param i32) (result i32)
                (call_indirect (param i32) (result i32) (i32.const 1000) (local.get 0)))
            (func (export "grow") (param i32) (result i32)
                (table.grow (ref.null func) (local.get 0))))"#,
    );
    let b = module(
        linker.engine(),
        r#"(module (import "a" "t" (table $t 1 funcref))
            (memory 1) (data (i32.const 0) "\14")
            (elem (i32.const 1) $mine)
            (func $mine (param i32) (result i32)
                (i32.add (i32.load8_u (i32.const 0)) (local.get 0)))
            (func (export "call") (param i32) (result i32)
                (call_indirect (param i32) (result i32) (i32.const 2000) (local.get 0)))
            (func (export "size") (param i32) (result i32) (table.size)))"#,
    );
    let b = linker.instantiate(&mut store, &b).unwrap();
    // Each function runs in its own instance, whoever calls it.
    assert_eq!([call(&mut store, a, "call", 0), call(&mut store, a, "call", 1)], [1010, 1020]);
    assert_eq!([call(&mut store, b, "call", 0), call(&mut store, b, "call", 1)], [2010, 2020]);
    let table = a.get_table(&mut store, "t").unwrap();
    let host = Func::wrap(&mut store, |x: i32| x + 1);
    table.set(&mut store, 2, host.into()).unwrap();
    assert_eq!([call(&mut store, a, "call", 2), call(&mut store, b, "call", 2)], [1001, 2001]);
    let call_indirect = b.get_typed_func::<i32, i32>(&mut store, "call").unwrap();
    let trap = |store: &mut Store<()>, at| {
        call_indirect.call(store, at).unwrap_err().downcast::<Trap>().expect("a trap")
    };
    assert_eq!(trap(&mut store, 3), Trap::IndirectCallToNull);
    assert_eq!(trap(&mut store, 4), Trap::TableOutOfBounds);
    assert_eq!(call(&mut store, a, "grow", 3), 4);
    assert_eq!(call(&mut store, b, "size", 0), 7);
    assert_eq!(trap(&mut store, 6), Trap::IndirectCallToNull);
    let other = Func::wrap(&mut store, |x: i64| x);
    table.set(&mut store, 6, other.into()).unwrap();
    assert_eq!(trap(&mut store, 6), Trap::BadSignature);
}

#[test]
fn tables_from_the_outside() {
    let mut store = Store::new(&Engine::default(), ());
    let ty = TableType::new(RefType::FUNCREF, 3, Some(6));
    let one = Func::wrap(&mut store, || 1i32);
    let two = Func::wrap(&mut store, || 2i32);
    let table = Table::new(&mut store, ty, one.into()).unwrap();
    let read = |store: &mut Store<()>, at| match table.get(&mut *store, at) {
        Some(Ref::Func(Some(func))) => {
            Some(func.typed::<(), i32>(&*store).unwrap().call(store, ()).unwrap())
        }
        Some(Ref::Func(None)) => Some(0),
        Some(Ref::Extern(_)) => panic!("not in a table of functions"),
        None => None,
    };
    assert_eq!([0, 2, 3].map(|at| read(&mut store, at)), [Some(1), Some(1), None]);
    table.set(&mut store, 1, Ref::Func(None)).unwrap();
    assert_eq!(table.grow(&mut store, 2, two.into()).unwrap(), 3);
    assert_eq!([1, 3, 4, 5].map(|at| read(&mut store, at)), [Some(0), Some(2), Some(2), None]);
    assert!(table.grow(&mut store, 2, two.into()).is_err());
    table.fill(&mut store, 0, two.into(), 2).unwrap();
    assert!(table.fill(&mut store, 4, one.into(), 2).is_err());
    assert_eq!([0, 1, 2, 4].map(|at| read(&mut store, at)), [Some(2), Some(2), Some(1), Some(2)]);
    Table::copy(&mut store, &table, 1, &table, 2, 2).unwrap();
    assert_eq!([1, 2, 3].map(|at| read(&mut store, at)), [Some(1), Some(2), Some(2)]);
    assert!(Table::copy(&mut store, &table, 4, &table, 0, 2).is_err());
    assert_eq!((table.size(&store), table.ty(&store)), (5, ty));
}

#[test]
fn a_table_of_host_values() {
    let (mut store, instance) = instance(
        r#"(module (table $t (export "t") 2 externref)
            (func (export "swap") (param externref) (result externref)
                (table.get $t (i32.const 0)) (table.set $t (i32.const 0) (local.get 0))))"#,
    );
    let table = instance.get_table(&mut store, "t").unwrap();
    let value = wasmtier::ExternRef::new(&mut store, "kept");
    table.set(&mut store, 0, value.into()).unwrap();
    let swap = instance.get_func(&mut store, "swap").unwrap();
    let mut results = [Val::I32(0)];
    swap.call(&mut store, &[Val::ExternRef(None)], &mut results).unwrap();
    let kept = results[0].unwrap_extern_ref().expect("not null");
    assert_eq!(kept.data(&store).downcast_ref(), Some(&"kept"));
    assert!(matches!(table.get(&mut store, 0), Some(Ref::Extern(None))));
    assert_eq!(Val::default_for_ty(ValType::EXTERNREF).ty(), ValType::EXTERNREF);
}

#[test]
fn an_instance_that_failed_leaves_its_functions_in_the_table() {
    let (linker, mut store, a) = provider(
        r#"(module (table (export "t") 4 funcref)
            (func (export "call") (param i32) (result i32)
                (call_indirect (result i32) (local.get 0))))"#,
    );
    let b = module(
        linker.engine(),
        r#"(module (import "a" "t" (table 1 funcref)) (memory 1)
            (elem (i32.const 0) $f) (elem (i32.const 9) $f)
            (func $f (result i32) (i32.const 77)))"#,
    );
    let error = linker.instantiate(&mut store, &b).unwrap_err();
    assert_eq!(error.downcast_ref(), Some(&Trap::TableOutOfBounds));
    // Section 4.5.4 of the specification: what was written stays.
    assert_eq!(call(&mut store, a, "call", 0), 77);
}
