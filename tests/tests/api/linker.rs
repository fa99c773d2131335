//! The linker: names, shadowing, aliases, matching of types, stand-ins for missing imports.

use wasmtier::{
    Caller, Engine, Error, Extern, ExternType, Func, FuncType, Global, GlobalType, Instance,
    Linker, Memory, MemoryType, Ref, RefType, Store, Table, TableType, UnknownImportError, Val,
    ValType,
};

use crate::module;

/// A table of functions.
fn table_type(minimum: u32, maximum: Option<u32>) -> TableType {
    TableType::new(RefType::FUNCREF, minimum, maximum)
}

const I32: GlobalType = GlobalType { content: ValType::I32, mutable: false };

#[test]
fn one_linker_serves_many_stores() {
    let mut linker = Linker::<i32>::new(&Engine::default());
    linker
        .func_wrap("host", "add", |mut caller: Caller<'_, i32>, n: i32| *caller.data_mut() += n)
        .unwrap();
    let text = r#"(module (import "host" "add" (func $add (param i32)))
        (func (export "run") (call $add (i32.const 2))))"#;
    let module = module(linker.engine(), text);
    let pre = linker.instantiate_pre(&module).unwrap();
    for start in 0..3 {
        let mut store = Store::new(linker.engine(), start);
        for instance in [linker.instantiate(&mut store, &module), pre.instantiate(&mut store)] {
            let run = instance.unwrap().get_typed_func::<(), ()>(&mut store, "run").unwrap();
            run.call(&mut store, ()).unwrap();
        }
        assert_eq!(store.into_data(), start + 4);
    }
}

#[test]
fn unknown_imports_are_named() {
    let linker = Linker::<()>::new(&Engine::default());
    let module = module(linker.engine(), r#"(module (import "a" "b" (global i32)))"#);
    let mut store = Store::new(linker.engine(), ());
    for error in [
        linker.instantiate(&mut store, &module).unwrap_err(),
        linker.instantiate_pre(&module).unwrap_err(),
    ] {
        assert_eq!(error.to_string(), "unknown import: `a`.`b` has not been defined");
        let unknown = error.downcast_ref::<UnknownImportError>().expect("it says which");
        assert_eq!((unknown.module(), unknown.name()), ("a", "b"));
        assert_eq!(unknown.ty(), ExternType::Global(I32));
    }
}

#[test]
fn wrong_types_say_what_was_expected_and_found() {
    let mut linker = Linker::<()>::new(&Engine::default());
    let mut store = Store::new(linker.engine(), ());
    linker.func_wrap("m", "f", |_: i32| 0i64).unwrap();
    let global = Global::new(&mut store, I32, Val::I32(1)).unwrap();
    linker.define(&store, "m", "g", global).unwrap();
    let table = Table::new(&mut store, table_type(2, Some(4)), Ref::Func(None)).unwrap();
    linker.define(&store, "m", "t", table).unwrap();
    let memory = Memory::new(&mut store, MemoryType::new(1, None)).unwrap();
    linker.define(&store, "m", "m", memory).unwrap();
    for (import, expected, found) in [
        (r#""f" (func)"#, "func () -> ()", "func (i32) -> i64"),
        (r#""f" (memory 1)"#, "memory 1", "func (i32) -> i64"),
        (r#""g" (global (mut i32))"#, "global mut i32", "global i32"),
        (r#""g" (global i64)"#, "global i64", "global i32"),
        (r#""t" (table 3 funcref)"#, "table 3 funcref", "table 2 4 funcref"),
        (r#""t" (table 0 3 funcref)"#, "table 0 3 funcref", "table 2 4 funcref"),
        (r#""t" (table 0 externref)"#, "table 0 externref", "table 2 4 funcref"),
        (r#""m" (memory 2)"#, "memory 2", "memory 1"),
        (r#""m" (memory 0 9)"#, "memory 0 9", "memory 1"),
        (r#""m" (global i32)"#, "global i32", "memory 1"),
    ] {
        let module = module(linker.engine(), &format!(r#"(module (import "m" {import}))"#));
        let name = &import[1..2];
        let text = format!(
            "incompatible import type for `m`.`{name}`: expected {expected}, found {found}"
        );
        let error = linker.instantiate(&mut store, &module).unwrap_err();
        assert_eq!(error.to_string(), text);
        let error = linker.instantiate_pre(&module).unwrap_err();
        assert_eq!(error.to_string(), text);
    }
}

#[test]
fn present_sizes_count_when_imports_are_matched() {
    let mut linker = Linker::<()>::new(&Engine::default());
    let mut store = Store::new(linker.engine(), ());
    let memory = Memory::new(&mut store, MemoryType::new(1, None)).unwrap();
    linker.define(&store, "m", "m", memory).unwrap();
    let module = module(linker.engine(), r#"(module (import "m" "m" (memory 2)))"#);
    assert!(linker.instantiate(&mut store, &module).is_err());
    memory.grow(&mut store, 1).unwrap();
    assert!(linker.instantiate(&mut store, &module).is_ok());
}

#[test]
fn a_name_is_defined_once_unless_shadowing_is_allowed() {
    let mut linker = Linker::<()>::new(&Engine::default());
    linker.func_wrap("m", "f", || 1i32).unwrap();
    linker.func_wrap("m", "g", || 2i32).unwrap();
    let error = linker.func_wrap("m", "f", || 3i32).unwrap_err();
    assert!(error.to_string().contains("`m`.`f`"), "{error}");
    assert!(linker.func_new("m", "f", FuncType::new([], []), |_, _, _| Ok(())).is_err());
    assert!(linker.alias("m", "g", "m", "f").is_err());
    linker.allow_shadowing(true);
    linker.func_wrap("m", "f", || 4i32).unwrap();
    let mut store = Store::new(linker.engine(), ());
    assert_eq!(call(&linker, &mut store, "f"), 4);
    linker.alias("m", "g", "m", "f").unwrap();
    assert_eq!(call(&linker, &mut store, "f"), 2);
    linker.allow_shadowing(false);
    assert!(linker.func_wrap("m", "f", || 5i32).is_err());
}

/// Calls `m`.`name`.
fn call(linker: &Linker<()>, store: &mut Store<()>, name: &str) -> i32 {
    let func = linker.get(&mut *store, "m", name).and_then(Extern::into_func).expect("a function");
    func.typed::<(), i32>(&*store).unwrap().call(store, ()).unwrap()
}

#[test]
fn aliases_of_names_and_modules() {
    let mut linker = Linker::<()>::new(&Engine::default());
    linker.func_wrap("other", "a", || 1i32).unwrap();
    linker.func_wrap("other", "b", || 2i32).unwrap();
    linker.alias_module("other", "m").unwrap();
    linker.alias("m", "a", "m", "c").unwrap();
    assert!(linker.alias("m", "absent", "m", "d").is_err());
    assert!(linker.alias_module("other", "m").is_err());
    linker.alias_module("absent", "m").unwrap();
    let mut store = Store::new(linker.engine(), ());
    assert_eq!(["a", "b", "c"].map(|name| call(&linker, &mut store, name)), [1, 2, 1]);
    assert_eq!(linker.iter(&mut store).count(), 5);
}

#[test]
fn a_clone_goes_its_own_way() {
    let mut linker = Linker::<()>::new(&Engine::default());
    linker.func_wrap("m", "f", || 1i32).unwrap();
    let mut other = linker.clone();
    other.func_wrap("m", "g", || 2i32).unwrap();
    let mut store = Store::new(linker.engine(), ());
    assert!(linker.get(&mut store, "m", "g").is_none());
    assert_eq!(call(&other, &mut store, "f"), 1);
    assert_eq!(call(&other, &mut store, "g"), 2);
}

#[test]
fn an_instance_defines_its_exports() {
    let mut linker = Linker::<()>::new(&Engine::default());
    let mut store = Store::new(linker.engine(), ());
    let a = module(
        linker.engine(),
        r#"(module (func (export "f") (result i32) i32.const 3)
            (memory (export "m") 1) (global (export "g") i32 (i32.const 4))
            (table (export "t") 2 funcref))"#,
    );
    let a = Instance::new(&mut store, &a, &[]).unwrap();
    linker.instance(&mut store, "a", a).unwrap();
    assert!(linker.instance(&mut store, "a", a).is_err());
    let b = module(
        linker.engine(),
        r#"(module
            (import "a" "f" (func $f (result i32))) (import "a" "m" (memory 1))
            (import "a" "g" (global $g i32)) (import "a" "t" (table 2 funcref))
            (func (export "sum") (result i32) (i32.add (call $f) (global.get $g))))"#,
    );
    let b = linker.instantiate(&mut store, &b).unwrap();
    let sum = b.get_typed_func::<(), i32>(&mut store, "sum").unwrap();
    assert_eq!(sum.call(&mut store, ()).unwrap(), 7);
}

#[test]
fn names_may_be_empty_or_strange() {
    let mut linker = Linker::<()>::new(&Engine::default());
    linker.func_wrap("", "", || 1i32).unwrap();
    linker.func_wrap("m\0", "ünï✓", || 2i32).unwrap();
    let text = r#"(module (import "" "" (func (result i32)))
        (import "m\00" "ünï✓" (func (result i32))))"#;
    let module = module(linker.engine(), text);
    assert!(linker.instantiate_pre(&module).is_ok());
    let mut store = Store::new(linker.engine(), ());
    let func = Func::wrap(&mut store, || {});
    linker.define_name(&store, "lone", func).unwrap();
    assert!(linker.get(&mut store, "lone", "").is_some());
}

/// Imports of every kind, some of them defined by nobody.
const WANTS_ALL: &str = r#"(module
    (import "m" "known" (func $known (result i32)))
    (import "m" "f" (func $f (param i32) (result i32 i64 externref)))
    (func (export "known") (result i32) (call $known))
    (func (export "f") (result i32 i64 externref) (call $f (i32.const 1))))"#;

#[test]
fn missing_functions_can_be_made_to_fail_when_called() {
    let mut linker = Linker::<()>::new(&Engine::default());
    linker.func_wrap("m", "known", || 5i32).unwrap();
    let module = module(linker.engine(), WANTS_ALL);
    linker.define_unknown_imports_as_traps(&module).unwrap();
    let mut store = Store::new(linker.engine(), ());
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let known = instance.get_typed_func::<(), i32>(&mut store, "known").unwrap();
    assert_eq!(known.call(&mut store, ()).unwrap(), 5);
    let f = instance.get_func(&mut store, "f").unwrap();
    let error: Error = f.call(&mut store, &[], &mut [Val::I32(0); 3]).unwrap_err();
    let unknown = error.downcast_ref::<UnknownImportError>().expect("it says which");
    assert_eq!((unknown.module(), unknown.name()), ("m", "f"));
}

#[test]
fn missing_imports_can_be_given_default_values() {
    let mut linker = Linker::<()>::new(&Engine::default());
    linker.func_wrap("m", "known", || 5i32).unwrap();
    let functions = module(linker.engine(), WANTS_ALL);
    let mut store = Store::new(linker.engine(), ());
    linker.define_unknown_imports_as_default_values(&mut store, &functions).unwrap();
    let instance = linker.instantiate(&mut store, &functions).unwrap();
    let f = instance.get_func(&mut store, "f").unwrap();
    let mut results = [Val::I32(9), Val::I32(9), Val::I32(9)];
    f.call(&mut store, &[], &mut results).unwrap();
    assert!(matches!(results, [Val::I32(0), Val::I64(0), Val::ExternRef(None)]));

    let others = module(
        linker.engine(),
        r#"(module (import "m" "g" (global $g f64)) (import "m" "v" (global (mut v128)))
            (import "m" "t" (table 3 5 externref)) (import "m" "m" (memory 2 3))
            (func (export "g") (result f64) (global.get $g))
            (func (export "sizes") (result i32) (i32.add (memory.size) (table.size))))"#,
    );
    linker.define_unknown_imports_as_default_values(&mut store, &others).unwrap();
    let instance = linker.instantiate(&mut store, &others).unwrap();
    let g = instance.get_typed_func::<(), f64>(&mut store, "g").unwrap();
    assert_eq!(g.call(&mut store, ()).unwrap().to_bits(), 0);
    let sizes = instance.get_typed_func::<(), i32>(&mut store, "sizes").unwrap();
    assert_eq!(sizes.call(&mut store, ()).unwrap(), 5);
}

#[test]
fn types_of_externs_are_present_sizes() {
    let mut store = Store::new(&Engine::default(), ());
    let table = Table::new(&mut store, table_type(1, Some(9)), Ref::Func(None)).unwrap();
    table.grow(&mut store, 4, Ref::Func(None)).unwrap();
    assert_eq!(Extern::from(table).ty(&store), ExternType::Table(table_type(5, Some(9))));
    assert_eq!(table.ty(&store), table_type(1, Some(9)));
}
