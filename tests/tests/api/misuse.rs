//! Handles used where they do not belong: always a clear panic or error, never anything else.

use wasmtier::{
    Engine, ExternRef, Func, Global, GlobalType, Instance, Linker, Memory, MemoryType, Ref,
    RefType, Store, Table, TableType, Val, ValType,
};

use crate::{module, panic_text};

const EXPORTS: &str = r#"(module
    (func (export "f") (param funcref externref))
    (memory (export "m") 1)
    (table (export "t") 2 funcref)
    (table (export "x") 2 externref)
    (global (export "g") (mut i32) (i32.const 0))
    (global (export "r") (mut funcref) (ref.null func)))"#;

/// Everything a store can hold.
struct Items {
    instance: Instance,
    func: Func,
    memory: Memory,
    table: Table,
    externs: Table,
    global: Global,
    func_global: Global,
    value: ExternRef,
}

fn items(store: &mut Store<()>) -> Items {
    let module = module(store.engine(), EXPORTS);
    let instance = Instance::new(&mut *store, &module, &[]).unwrap();
    Items {
        instance,
        func: instance.get_func(&mut *store, "f").unwrap(),
        memory: instance.get_memory(&mut *store, "m").unwrap(),
        table: instance.get_table(&mut *store, "t").unwrap(),
        externs: instance.get_table(&mut *store, "x").unwrap(),
        global: instance.get_global(&mut *store, "g").unwrap(),
        func_global: instance.get_global(&mut *store, "r").unwrap(),
        value: ExternRef::new(store, 1),
    }
}

/// Runs `run` and checks that it panics with the documented text.
fn foreign<R>(run: impl FnOnce() -> R) {
    let text = panic_text(run);
    assert!(text.contains("used with a store it does not belong to"), "{text}");
}

#[test]
fn foreign_handles_panic_when_read() {
    let engine = Engine::default();
    let (mut a, mut b) = (Store::new(&engine, ()), Store::new(&engine, ()));
    let theirs = items(&mut a);
    items(&mut b);
    foreign(|| theirs.instance.get_export(&mut b, "f"));
    foreign(|| theirs.instance.exports(&mut b).count());
    foreign(|| theirs.func.ty(&b));
    foreign(|| theirs.func.typed::<(), ()>(&b));
    foreign(|| theirs.memory.data(&b).len());
    foreign(|| theirs.memory.ty(&b));
    foreign(|| theirs.memory.size(&b));
    foreign(|| theirs.table.size(&b));
    foreign(|| theirs.table.ty(&b));
    foreign(|| theirs.table.get(&mut b, 0));
    foreign(|| theirs.global.get(&mut b));
    foreign(|| theirs.global.ty(&b));
    foreign(|| theirs.value.data(&b));
}

#[test]
fn foreign_handles_panic_when_changed_or_called() {
    let engine = Engine::default();
    let (mut a, mut b) = (Store::new(&engine, ()), Store::new(&engine, ()));
    let theirs = items(&mut a);
    items(&mut b);
    let nulls = [Val::FuncRef(None), Val::ExternRef(None)];
    type Params = (Option<Func>, Option<ExternRef>);
    let typed = theirs.func.typed::<Params, ()>(&a).unwrap();
    foreign(|| typed.call(&mut b, (None, None)));
    foreign(|| theirs.func.call(&mut b, &nulls, &mut []));
    foreign(|| theirs.memory.write(&mut b, 0, &[1]));
    foreign(|| theirs.memory.grow(&mut b, 1));
    foreign(|| theirs.table.grow(&mut b, 1, Ref::Func(None)));
    foreign(|| theirs.table.set(&mut b, 0, Ref::Func(None)));
    foreign(|| theirs.global.set(&mut b, Val::I32(1)));
    // Nothing happened to either store.
    assert_eq!(theirs.memory.size(&a), 1);
    assert_eq!(theirs.table.size(&a), 2);
    typed.call(&mut a, (None, None)).unwrap();
}

#[test]
fn foreign_references_panic_wherever_they_enter() {
    let engine = Engine::default();
    let (mut a, mut b) = (Store::new(&engine, ()), Store::new(&engine, ()));
    let theirs = items(&mut a);
    let ours = items(&mut b);
    let func = Val::FuncRef(Some(theirs.func));
    let value = Val::ExternRef(Some(theirs.value));
    foreign(|| ours.func.call(&mut b, &[func, Val::ExternRef(None)], &mut []));
    foreign(|| ours.func.call(&mut b, &[Val::FuncRef(None), value], &mut []));
    type Params = (Option<Func>, Option<ExternRef>);
    let typed = ours.func.typed::<Params, ()>(&b).unwrap();
    foreign(|| typed.call(&mut b, (Some(theirs.func), None)));
    foreign(|| typed.call(&mut b, (None, Some(theirs.value))));
    foreign(|| ours.table.set(&mut b, 0, theirs.func.into()));
    foreign(|| ours.table.grow(&mut b, 1, theirs.func.into()));
    foreign(|| ours.table.fill(&mut b, 0, theirs.func.into(), 1));
    foreign(|| ours.externs.set(&mut b, 0, theirs.value.into()));
    foreign(|| ours.func_global.set(&mut b, func));
    let bad = Func::wrap(&mut b, move || Some(theirs.func));
    let bad = bad.typed::<(), Option<Func>>(&b).unwrap();
    foreign(|| bad.call(&mut b, ()));
    typed.call(&mut b, (Some(ours.func), Some(ours.value))).unwrap();
}

#[test]
fn foreign_imports_panic() {
    let engine = Engine::default();
    let (mut a, mut b) = (Store::new(&engine, ()), Store::new(&engine, ()));
    let theirs = items(&mut a);
    let user = module(&engine, r#"(module (import "a" "m" (memory 1)))"#);
    foreign(|| Instance::new(&mut b, &user, &[theirs.memory.into()]));
    let mut linker = Linker::new(&engine);
    foreign(|| linker.define(&b, "a", "m", theirs.memory));
    linker.define(&a, "a", "m", theirs.memory).unwrap();
    foreign(|| linker.instantiate(&mut b, &user));
    let pre = linker.instantiate_pre(&user).unwrap();
    foreign(|| pre.instantiate(&mut b));
    pre.instantiate(&mut a).unwrap();
}

#[test]
fn a_module_of_another_engine_is_an_error() {
    let other = module(&Engine::default(), "(module)");
    let mut store = Store::new(&Engine::default(), ());
    let error = Instance::new(&mut store, &other, &[]).unwrap_err();
    assert!(error.to_string().contains("engine"), "{error}");
    let linker = Linker::<()>::new(store.engine());
    for error in [
        linker.instantiate(&mut store, &other).unwrap_err(),
        linker.instantiate_pre(&other).unwrap_err(),
    ] {
        assert!(error.to_string().contains("engine"), "{error}");
    }
    let pre = Linker::<()>::new(other.engine()).instantiate_pre(&other).unwrap();
    let error = pre.instantiate(&mut store).unwrap_err();
    assert!(error.to_string().contains("engine"), "{error}");
}

#[test]
fn a_linker_of_another_engine_panics() {
    let mut store = Store::new(&Engine::default(), ());
    let mut linker = Linker::<()>::new(&Engine::default());
    linker.func_wrap("m", "f", |x: i32| x).unwrap();
    let module = module(store.engine(), r#"(module (import "m" "f" (func)))"#);
    let texts = [
        panic_text(|| linker.get(&mut store, "m", "f")),
        panic_text(|| linker.get_default(&mut store, "m")),
        panic_text(|| linker.iter(&mut store).count()),
        panic_text(|| linker.instantiate(&mut store, &module)),
    ];
    for text in texts {
        assert_eq!(text, "a linker was used with a store of another engine");
    }
}

#[test]
fn wrong_imports_are_errors() {
    let mut store = Store::new(&Engine::default(), ());
    let items = items(&mut store);
    let user =
        module(store.engine(), r#"(module (import "a" "m" (memory 1)) (import "a" "f" (func)))"#);
    let func = Func::wrap(&mut store, || {});
    for imports in [
        &[][..],
        &[items.memory.into()],
        &[func.into(), items.memory.into()],
        &[items.memory.into(), items.func.into()],
        &[items.memory.into(), func.into(), func.into()],
    ] {
        assert!(Instance::new(&mut store, &user, imports).is_err());
    }
    Instance::new(&mut store, &user, &[items.memory.into(), func.into()]).unwrap();
}

#[test]
fn wrong_values_are_errors_and_change_nothing() {
    let mut store = Store::new(&Engine::default(), ());
    let items = items(&mut store);
    assert!(items.global.set(&mut store, Val::I64(1)).is_err());
    assert_eq!(items.global.get(&mut store).i32(), Some(0));
    assert!(items.table.set(&mut store, 0, Ref::Extern(Some(items.value))).is_err());
    assert!(items.table.set(&mut store, 0, Ref::Extern(None)).is_err());
    assert!(items.table.grow(&mut store, 1, Ref::Extern(None)).is_err());
    assert!(items.table.set(&mut store, 2, Ref::Func(None)).is_err());
    assert!(items.table.get(&mut store, 2).is_none());
    assert_eq!(items.table.size(&store), 2);

    let constant = GlobalType { content: ValType::F64, mutable: false };
    assert!(Global::new(&mut store, constant, Val::F32(0)).is_err());
    let constant = Global::new(&mut store, constant, Val::from(2.0f64)).unwrap();
    assert!(constant.set(&mut store, Val::from(3.0f64)).is_err());
    assert_eq!(constant.get(&mut store).f64(), Some(2.0));
}

#[test]
fn impossible_types_are_errors() {
    let mut store = Store::new(&Engine::default(), ());
    let memory = |minimum, maximum| MemoryType {
        memory64: false,
        shared: false,
        minimum,
        maximum,
        page_size_log2: 16,
    };
    for ty in [memory(2, Some(1)), memory(65537, None), memory(u64::MAX, None)] {
        assert!(Memory::new(&mut store, ty).is_err(), "{ty:?}");
    }
    let table = |minimum, maximum| TableType {
        element: RefType::FUNCREF,
        table64: false,
        minimum,
        maximum,
    };
    for ty in [table(2, Some(1)), table(1 << 32, None), table(u64::MAX, None)] {
        assert!(Table::new(&mut store, ty, Ref::Func(None)).is_err(), "{ty:?}");
    }
    assert!(Table::new(&mut store, table(1, None), Ref::Extern(None)).is_err());
}
