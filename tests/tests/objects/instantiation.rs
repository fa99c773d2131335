//! What a failed instantiation leaves behind, and the order of a successful one.

use wasmtier::{
    Config, Engine, ErrorKind, Func, FuncType, Instance, Memory, MemoryType, Ref, RefType, Store,
    Table, TableType, Trap, Val, ValType,
};

use crate::{call, instance, instantiate, trap};

#[test]
fn what_was_written_before_a_trap_stays() {
    let (mut store, owner) = instance(
        r#"(module
            (table (export "t") 10 funcref)
            (memory (export "m") 1)
            (func (export "call") (param i32) (result i32)
                (call_indirect (result i32) (local.get 0)))
            (func (export "load") (param i32) (result i32) (i32.load8_u (local.get 0))))"#,
    );
    let table = owner.get_table(&mut store, "t").unwrap();
    let memory = owner.get_memory(&mut store, "m").unwrap();
    let text = r#"(module
        (import "" "" (table 10 funcref))
        (import "" "" (memory 1))
        (global $secret (mut i32) (i32.const 41))
        (func $f (result i32)
            (global.set $secret (i32.add (global.get $secret) (i32.const 1)))
            (global.get $secret))
        (elem (i32.const 3) func $f)
        (data (i32.const 0) "x")
        (data (i32.const 65536) "y")
        (data (i32.const 1) "z"))"#;
    let error = instantiate(&mut store, text, &[table.into(), memory.into()]).unwrap_err();
    assert_eq!(error.downcast_ref(), Some(&Trap::MemoryOutOfBounds));
    // The function outlives its instance's failure, with the instance's state.
    assert_eq!(call(&mut store, owner, "call", &[3]).unwrap(), 42);
    assert_eq!(call(&mut store, owner, "call", &[3]).unwrap(), 43);
    assert_eq!(call(&mut store, owner, "load", &[0]).unwrap(), i32::from(b'x'));
    assert_eq!(call(&mut store, owner, "load", &[1]).unwrap(), 0);
}

#[test]
fn without_bulk_memory_segments_are_written_all_or_none() {
    let mut config = Config::new();
    config.wasm_bulk_memory(false).wasm_reference_types(false);
    let mut store = Store::new(&Engine::new(&config).unwrap(), ());
    let memory = Memory::new(&mut store, MemoryType::new(1, None)).unwrap();
    let ty = TableType::new(RefType::FUNCREF, 2, None);
    let table = Table::new(&mut store, ty, Ref::Func(None)).unwrap();
    for (last, message) in [
        (r#"(data (i32.const 65536) "y")"#, "data segment does not fit"),
        ("(elem (i32.const 2) $f)", "elements segment does not fit"),
    ] {
        let text = format!(
            r#"(module
                (memory (import "" "memory") 1)
                (table (import "" "table") 1 funcref)
                (func $f)
                (elem (i32.const 1) $f)
                (data (i32.const 0) "x")
                {last})"#
        );
        let error = instantiate(&mut store, &text, &[memory.into(), table.into()]).unwrap_err();
        assert_eq!(error.to_string(), message);
        assert_eq!(memory.data(&store)[0], 0);
        assert!(table.get(&mut store, 1).unwrap().is_null());
    }
}

#[test]
fn a_start_function_that_traps_says_so() {
    let module = r#"(module $init
        (func $start (i32.div_u (i32.const 1) (i32.const 0)) drop)
        (start $start))"#;
    let mut store = Store::new(&wasmtier::Engine::default(), ());
    let error = instantiate(&mut store, module, &[]).unwrap_err();
    assert_eq!(error.downcast_ref(), Some(&Trap::IntegerDivisionByZero));
    let text = format!("{error:#}");
    assert!(text.contains("init!start"), "{text}");
}

#[test]
fn a_start_function_may_be_the_host_s() {
    let mut store = Store::new(&wasmtier::Engine::default(), 0);
    let count = Func::new(&mut store, FuncType::new([], []), |mut caller, _, _| {
        *caller.data_mut() += 1;
        assert!(caller.get_export("anything").is_none());
        Ok(())
    });
    let wasm = wat::parse_str(r#"(module (import "" "" (func $count)) (start $count))"#).unwrap();
    let module = wasmtier::Module::new(store.engine(), wasm).unwrap();
    for _ in 0..3 {
        Instance::new(&mut store, &module, &[count.into()]).unwrap();
    }
    assert_eq!(*store.data(), 3);
}

#[test]
fn constants_are_computed_from_imports_and_each_other() {
    let (mut store, owner) = instance(
        r#"(module
            (global (export "six") i32 (i32.const 6))
            (global (export "ref") funcref (ref.func $f))
            (func $f (result i32) (i32.const 7)))"#,
    );
    let [six, reference] =
        ["six", "ref"].map(|name| owner.get_global(&mut store, name).unwrap().into());
    let text = r#"(module
        (import "" "" (global $six i32))
        (import "" "" (global $ref funcref))
        (global $answer i32 (i32.mul (global.get $six) (i32.add (i32.const 10) (i32.const -3))))
        (table 50 funcref)
        (elem (offset (i32.mul (global.get $six) (i32.const 7))) funcref
            (ref.null func) (item global.get $ref) (ref.func $f))
        (memory 1)
        (data (offset (i32.sub (i32.const 46) (global.get $six))) "q")
        (func $f (result i32) (global.get $answer))
        (func (export "call") (param i32) (result i32)
            (call_indirect (result i32) (local.get 0)))
        (func (export "load") (param i32) (result i32) (i32.load8_u (local.get 0))))"#;
    let instance = instantiate(&mut store, text, &[six, reference]).unwrap();
    assert_eq!(trap(call(&mut store, instance, "call", &[42])), Trap::IndirectCallToNull);
    assert_eq!(call(&mut store, instance, "call", &[43]).unwrap(), 7);
    assert_eq!(call(&mut store, instance, "call", &[44]).unwrap(), 42);
    assert_eq!(call(&mut store, instance, "load", &[40]).unwrap(), i32::from(b'q'));
}

#[test]
fn imports_are_checked_before_anything_happens() {
    let mut store = Store::new(&wasmtier::Engine::default(), ());
    let host = Func::new(&mut store, FuncType::new([ValType::I32], []), |_, _, _| Ok(()));
    let text = r#"(module
        (import "env" "log" (func (param i64)))
        (memory (export "m") 1))"#;
    let error = instantiate(&mut store, text, &[host.into()]).unwrap_err();
    assert!(matches!(error.downcast_ref(), Some(ErrorKind::Link(_))));
    assert_eq!(
        error.to_string(),
        "incompatible import type for `env`.`log`: \
         expected func (i64) -> (), found func (i32) -> ()"
    );
    let error = instantiate(&mut store, text, &[]).unwrap_err();
    assert_eq!(error.to_string(), "expected 1 imports, found 0");
}

#[test]
fn an_import_of_another_engine_s_module_is_refused() {
    let mut store = Store::new(&wasmtier::Engine::default(), ());
    let error = Instance::new(&mut store, &crate::module("(module)"), &[]).unwrap_err();
    assert!(error.to_string().contains("another engine"), "{error}");
}

#[test]
fn dropped_segments_have_no_elements() {
    let (mut store, instance) = instance(
        r#"(module
            (table 4 funcref)
            (memory 1)
            (elem $passive func $f $f)
            (elem $active (i32.const 0) func $f)
            (elem $declared declare func $f)
            (data $bytes "abc")
            (data $used (i32.const 0) "d")
            (func $f (result i32) (i32.const 1))
            (func (export "passive") (param i32 i32) (result i32)
                (table.init $passive (i32.const 1) (local.get 0) (local.get 1)) (i32.const 0))
            (func (export "active") (param i32) (result i32)
                (table.init $active (i32.const 0) (i32.const 0) (local.get 0)) (i32.const 0))
            (func (export "declared") (param i32) (result i32)
                (table.init $declared (i32.const 0) (i32.const 0) (local.get 0)) (i32.const 0))
            (func (export "bytes") (param i32) (result i32)
                (memory.init $bytes (i32.const 0) (i32.const 0) (local.get 0)) (i32.const 0))
            (func (export "used") (param i32) (result i32)
                (memory.init $used (i32.const 0) (i32.const 0) (local.get 0)) (i32.const 0))
            (func (export "drop") (result i32)
                (elem.drop $passive) (data.drop $bytes) (i32.const 0))
            (func (export "call") (param i32) (result i32)
                (call_indirect (result i32) (local.get 0))))"#,
    );
    assert_eq!(call(&mut store, instance, "passive", &[0, 2]).unwrap(), 0);
    assert_eq!(call(&mut store, instance, "call", &[2]).unwrap(), 1);
    assert_eq!(trap(call(&mut store, instance, "passive", &[1, 2])), Trap::TableOutOfBounds);
    assert_eq!(call(&mut store, instance, "bytes", &[3]).unwrap(), 0);
    assert_eq!(trap(call(&mut store, instance, "bytes", &[4])), Trap::MemoryOutOfBounds);
    call(&mut store, instance, "drop", &[]).unwrap();
    assert_eq!(trap(call(&mut store, instance, "passive", &[0, 1])), Trap::TableOutOfBounds);
    assert_eq!(call(&mut store, instance, "passive", &[0, 0]).unwrap(), 0);
    for name in ["active", "declared"] {
        assert_eq!(trap(call(&mut store, instance, name, &[1])), Trap::TableOutOfBounds);
        assert_eq!(call(&mut store, instance, name, &[0]).unwrap(), 0);
    }
    for name in ["bytes", "used"] {
        assert_eq!(trap(call(&mut store, instance, name, &[1])), Trap::MemoryOutOfBounds);
        assert_eq!(call(&mut store, instance, name, &[0]).unwrap(), 0);
    }
}

#[test]
fn a_host_function_s_results_are_checked() {
    let mut store = Store::new(&wasmtier::Engine::default(), ());
    let ty = FuncType::new([], [ValType::I64]);
    let host = Func::new(&mut store, ty, |_, _, results| {
        results[0] = Val::I32(1);
        Ok(())
    });
    let error = host.call(&mut store, &[], &mut [Val::I64(0)]).unwrap_err();
    assert_eq!(error.to_string(), "result 0: expected i64, found i32");
}
