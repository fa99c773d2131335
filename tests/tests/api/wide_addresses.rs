//! Memories and tables with 64-bit addresses, made by the host and seen from there.

use wasmtier::{
    Engine, ExternRef, ExternType, Instance, Linker, Memory, MemoryType, Ref, RefType, Store,
    StoreLimits, StoreLimitsBuilder, Table, TableType, Trap,
};

use crate::{instance, module};

#[test]
fn a_memory_of_the_host() {
    let mut store = Store::new(&Engine::default(), ());
    let memory = Memory::new(&mut store, MemoryType::memory64(1, Some(3))).unwrap();
    let module = module(
        store.engine(),
        r#"(module
            (memory (import "" "") i64 1 3)
            (func (export "load") (param i64) (result i64) (i64.load (local.get 0)))
            (func (export "grow") (param i64) (result i64) (memory.grow (local.get 0)))
            (func (export "size") (result i64) (memory.size)))"#,
    );
    let instance = Instance::new(&mut store, &module, &[memory.into()]).unwrap();
    let load = instance.get_typed_func::<u64, u64>(&mut store, "load").unwrap();
    let grow = instance.get_typed_func::<u64, i64>(&mut store, "grow").unwrap();
    let size = instance.get_typed_func::<(), u64>(&mut store, "size").unwrap();
    memory.write(&mut store, 65_528, &7_u64.to_le_bytes()).unwrap();
    assert_eq!(load.call(&mut store, 65_528).unwrap(), 7);
    for address in [65_529, 1 << 32, 1 << 63, u64::MAX - 7, u64::MAX] {
        let error = load.call(&mut store, address).unwrap_err();
        assert_eq!(error.downcast_ref(), Some(&Trap::MemoryOutOfBounds), "{address:#x}");
    }
    assert_eq!(memory.grow(&mut store, 1).unwrap(), 1);
    assert_eq!(load.call(&mut store, 65_529).unwrap(), 0);
    for delta in [2, 1 << 32, 1 << 48, i64::MAX.cast_unsigned(), u64::MAX] {
        assert_eq!(grow.call(&mut store, delta).unwrap(), -1, "{delta:#x}");
        assert!(memory.grow(&mut store, delta).is_err(), "{delta:#x}");
    }
    assert_eq!(grow.call(&mut store, 1).unwrap(), 2);
    assert_eq!((size.call(&mut store, ()).unwrap(), memory.size(&store)), (3, 3));
}

#[test]
fn a_table_of_the_host() {
    let mut store = Store::new(&Engine::default(), ());
    let ty = TableType::table64(RefType::EXTERNREF, 2, Some(u64::MAX));
    let table = Table::new(&mut store, ty, Ref::Extern(None)).unwrap();
    assert_eq!(table.ty(&store), ty);
    let module = module(
        store.engine(),
        r#"(module
            (table (import "" "") i64 1 0xffff_ffff_ffff_ffff externref)
            (func (export "get") (param i64) (result externref) (table.get (local.get 0)))
            (func (export "set") (param i64 externref)
                (table.set (local.get 0) (local.get 1)))
            (func (export "grow") (param i64) (result i64)
                (table.grow (ref.null extern) (local.get 0)))
            (func (export "size") (result i64) (table.size)))"#,
    );
    let instance = Instance::new(&mut store, &module, &[table.into()]).unwrap();
    type Reference = Option<ExternRef>;
    let get = instance.get_typed_func::<u64, Reference>(&mut store, "get").unwrap();
    let set = instance.get_typed_func::<(u64, Reference), ()>(&mut store, "set").unwrap();
    let grow = instance.get_typed_func::<u64, i64>(&mut store, "grow").unwrap();
    let size = instance.get_typed_func::<(), u64>(&mut store, "size").unwrap();

    let value = ExternRef::new(&mut store, 7);
    table.set(&mut store, 1, value.into()).unwrap();
    assert_eq!(get.call(&mut store, 1).unwrap(), Some(value));
    set.call(&mut store, (0, Some(value))).unwrap();
    assert!(table.get(&mut store, 0).is_some_and(|reference| !reference.is_null()));
    for index in [2, 1 << 32, 1 << 32 | 1, u64::MAX] {
        assert!(table.get(&mut store, index).is_none(), "{index:#x}");
        assert!(table.set(&mut store, index, value.into()).is_err(), "{index:#x}");
        let error = get.call(&mut store, index).unwrap_err();
        assert_eq!(error.downcast_ref(), Some(&Trap::TableOutOfBounds), "{index:#x}");
        let error = set.call(&mut store, (index, None)).unwrap_err();
        assert_eq!(error.downcast_ref(), Some(&Trap::TableOutOfBounds), "{index:#x}");
    }
    assert_eq!(table.grow(&mut store, 1, Ref::Extern(None)).unwrap(), 2);
    assert_eq!(grow.call(&mut store, 2).unwrap(), 3);
    for delta in [1 << 32, u64::MAX - 4, u64::MAX] {
        assert_eq!(grow.call(&mut store, delta).unwrap(), -1, "{delta:#x}");
        assert!(table.grow(&mut store, delta, Ref::Extern(None)).is_err(), "{delta:#x}");
    }
    assert_eq!((size.call(&mut store, ()).unwrap(), table.size(&store)), (5, 5));
    assert!(table.fill(&mut store, 1, value.into(), u64::MAX).is_err());
    assert!(Table::copy(&mut store, &table, 1 << 32, &table, 0, 1).is_err());
}

#[test]
fn elements_are_copied_between_tables_of_both_widths() {
    let (mut store, instance) = instance(
        r#"(module
            (table $narrow (export "narrow") 4 funcref)
            (table $wide (export "wide") i64 4 funcref)
            (elem (table $wide) (i64.const 1) func $seven $nine)
            (elem $passive func $nine)
            (func $seven (result i32) (i32.const 7))
            (func $nine (result i32) (i32.const 9))
            (func (export "out") (param i32 i64 i32)
                (table.copy $narrow $wide (local.get 0) (local.get 1) (local.get 2)))
            (func (export "in") (param i64 i32 i32)
                (table.copy $wide $narrow (local.get 0) (local.get 1) (local.get 2)))
            (func (export "init") (param i64 i32 i32)
                (table.init $wide $passive (local.get 0) (local.get 1) (local.get 2)))
            (func (export "call narrow") (param i32) (result i32)
                (call_indirect $narrow (result i32) (local.get 0)))
            (func (export "call wide") (param i64) (result i32)
                (call_indirect $wide (result i32) (local.get 0)))
            (func (export "tail") (param i64) (result i32)
                (return_call_indirect $wide (result i32) (local.get 0))))"#,
    );
    let out = instance.get_typed_func::<(u32, u64, u32), ()>(&mut store, "out").unwrap();
    let into = instance.get_typed_func::<(u64, u32, u32), ()>(&mut store, "in").unwrap();
    let init = instance.get_typed_func::<(u64, u32, u32), ()>(&mut store, "init").unwrap();
    let narrow = instance.get_typed_func::<u32, i32>(&mut store, "call narrow").unwrap();
    let wide = instance.get_typed_func::<u64, i32>(&mut store, "call wide").unwrap();
    let tail = instance.get_typed_func::<u64, i32>(&mut store, "tail").unwrap();
    out.call(&mut store, (2, 1, 2)).unwrap();
    assert_eq!(narrow.call(&mut store, 2).unwrap(), 7);
    assert_eq!(narrow.call(&mut store, 3).unwrap(), 9);
    into.call(&mut store, (3, 3, 1)).unwrap();
    assert_eq!(wide.call(&mut store, 3).unwrap(), 9);
    assert_eq!(tail.call(&mut store, 1).unwrap(), 7);
    init.call(&mut store, (0, 0, 1)).unwrap();
    assert_eq!(wide.call(&mut store, 0).unwrap(), 9);
    let trap = |error: wasmtier::Error| error.downcast_ref().copied();
    for (to, from) in [(0, 1 << 32), (0, u64::MAX), (4, 0)] {
        let error = out.call(&mut store, (to, from, 1)).unwrap_err();
        assert_eq!(trap(error), Some(Trap::TableOutOfBounds));
    }
    for to in [1 << 32, u64::MAX] {
        let error = into.call(&mut store, (to, 0, 1)).unwrap_err();
        assert_eq!(trap(error), Some(Trap::TableOutOfBounds));
        let error = init.call(&mut store, (to, 0, 1)).unwrap_err();
        assert_eq!(trap(error), Some(Trap::TableOutOfBounds));
        assert_eq!(trap(wide.call(&mut store, to).unwrap_err()), Some(Trap::TableOutOfBounds));
        assert_eq!(trap(tail.call(&mut store, to).unwrap_err()), Some(Trap::TableOutOfBounds));
    }
}

#[test]
fn widths_are_compared_when_linking() {
    let mut store = Store::new(&Engine::default(), ());
    let memory = Memory::new(&mut store, MemoryType::memory64(1, None)).unwrap();
    let table = TableType::table64(RefType::FUNCREF, 1, Some(1 << 40));
    let table = Table::new(&mut store, table, Ref::Func(None)).unwrap();
    let mut linker = Linker::new(store.engine());
    linker.define(&store, "m", "m", memory).unwrap().define(&store, "m", "t", table).unwrap();
    for (import, message) in [
        (r#"(memory (import "m" "m") 1)"#, "expected memory 1, found memory i64 1"),
        (r#"(memory (import "m" "m") i64 1 2)"#, "expected memory i64 1 2, found memory i64 1"),
        (
            r#"(table (import "m" "t") 1 funcref)"#,
            "expected table 1 funcref, found table i64 1 1099511627776 funcref",
        ),
        (
            r#"(table (import "m" "t") i64 2 funcref)"#,
            "expected table i64 2 funcref, found table i64 1 1099511627776 funcref",
        ),
    ] {
        let module = module(store.engine(), &format!("(module {import})"));
        let error = linker.instantiate(&mut store, &module).unwrap_err().to_string();
        assert!(error.ends_with(message), "{error}");
    }
    let ty = ExternType::Table(table.ty(&store));
    assert_eq!(ty.to_string(), "table i64 1 1099511627776 funcref");
}

#[test]
fn impossible_types_are_errors() {
    let mut store = Store::new(&Engine::default(), ());
    let narrow = TableType::new(RefType::FUNCREF, 0, None);
    let wide = TableType::table64(RefType::FUNCREF, 0, None);
    for (ty, reason) in [
        (TableType { maximum: Some(1 << 32), ..narrow }, "exceeds what an index can reach"),
        (TableType { minimum: 1 << 32, ..narrow }, "exceeds what an index can reach"),
        (TableType { minimum: 2, maximum: Some(1), ..wide }, "the minimum exceeds the maximum"),
        (TableType { minimum: 10_000_001, ..wide }, "no room for a table of 10000001 elements"),
        (TableType { minimum: 1 << 32, ..wide }, "no room for a table of 4294967296 elements"),
    ] {
        let error = Table::new(&mut store, ty, Ref::Func(None)).unwrap_err().to_string();
        assert!(error.contains(reason), "{ty:?}: {error}");
    }
}

#[test]
fn minimums_no_host_has_are_errors() {
    let mut store = Store::new(&Engine::default(), ());
    for text in [
        "(module (memory i64 0x1_0000_0000_0000))",
        "(module (memory i64 0xffff_ffff))",
        "(module (table i64 0xffff_ffff_ffff_ffff funcref))",
        "(module (table 10_000_001 funcref))",
    ] {
        let module = module(store.engine(), text);
        assert!(Instance::new(&mut store, &module, &[]).is_err(), "{text}");
    }
}

#[test]
fn limits_hold_for_both_widths() {
    let engine = Engine::default();
    let limits = StoreLimitsBuilder::new().memory_size(2 << 16).table_elements(5).build();
    let mut store = Store::new(&engine, limits);
    store.limiter(|limits: &mut StoreLimits| limits);
    let memory = Memory::new(&mut store, MemoryType::memory64(1, None)).unwrap();
    assert!(memory.grow(&mut store, 1 << 47).is_err());
    assert!(memory.grow(&mut store, u64::MAX).is_err());
    assert_eq!(memory.grow(&mut store, 1).unwrap(), 1);
    assert!(memory.grow(&mut store, 1).is_err());
    let ty = TableType::table64(RefType::FUNCREF, 4, None);
    let table = Table::new(&mut store, ty, Ref::Func(None)).unwrap();
    assert!(table.grow(&mut store, u64::MAX, Ref::Func(None)).is_err());
    assert_eq!(table.grow(&mut store, 1, Ref::Func(None)).unwrap(), 4);
    assert!(table.grow(&mut store, 1, Ref::Func(None)).is_err());
}
