//! Growth of shared memories and tables is seen by everybody at once.

use wasmtier::{Config, Engine, Func, FuncType, Memory, Store, Trap, Val, ValType};

use crate::{call, instantiate, trap};

const SHARER: &str = r#"(module
    (import "" "" (memory 1))
    (func (export "load") (param i32) (result i32) (i32.load (local.get 0)))
    (func (export "size") (result i32) (memory.size))
    (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))"#;

/// Engines whose memories stay where they are, and such whose memories move.
fn engines() -> [Engine; 2] {
    let mut config = Config::new();
    config.signals_based_traps(false).memory_reservation(0);
    [Engine::default(), Engine::new(&config).unwrap()]
}

fn memory(store: &mut Store<()>, maximum: Option<u64>) -> Memory {
    let ty = wasmtier::MemoryType {
        memory64: false,
        shared: false,
        minimum: 1,
        maximum,
        page_size_log2: 16,
    };
    Memory::new(store, ty).unwrap()
}

#[test]
fn all_sharers_see_a_memory_grow() {
    for engine in engines() {
        let mut store = Store::new(&engine, ());
        let memory = memory(&mut store, Some(100));
        let sharers = [(); 3].map(|()| instantiate(&mut store, SHARER, &[memory.into()]).unwrap());
        assert_eq!(trap(call(&mut store, sharers[0], "load", &[65533])), Trap::MemoryOutOfBounds);
        memory.write(&mut store, 65532, &[1, 2, 3, 4]).unwrap();
        assert_eq!(call(&mut store, sharers[1], "grow", &[40]).unwrap(), 1);
        for sharer in sharers {
            assert_eq!(call(&mut store, sharer, "size", &[]).unwrap(), 41);
            assert_eq!(call(&mut store, sharer, "load", &[65532]).unwrap(), 0x0403_0201);
            assert_eq!(call(&mut store, sharer, "load", &[41 * 65536 - 4]).unwrap(), 0);
        }
        assert_eq!(memory.grow(&mut store, 59).unwrap(), 41);
        assert!(memory.grow(&mut store, 1).is_err());
        assert_eq!(call(&mut store, sharers[2], "grow", &[1]).unwrap(), -1);
        assert_eq!(call(&mut store, sharers[2], "load", &[100 * 65536 - 4]).unwrap(), 0);
    }
}

#[test]
fn a_memory_may_move_while_wasm_waits_for_the_host() {
    for engine in engines() {
        let mut store = Store::new(&engine, ());
        let memory = memory(&mut store, None);
        let grow = Func::new(&mut store, FuncType::new([], []), move |mut caller, _, _| {
            memory.grow(&mut caller, 200)?;
            memory.write(&mut caller, 199 * 65536, &[9])?;
            Ok(())
        });
        let text = r#"(module
            (import "" "" (memory 1))
            (import "" "" (func $grow))
            (func (export "run") (result i32)
                (i32.store (i32.const 0) (i32.const 7))
                (call $grow)
                (i32.add (i32.load (i32.const 0)) (i32.load8_u (i32.const 13041664)))))"#;
        let instance = instantiate(&mut store, text, &[memory.into(), grow.into()]).unwrap();
        assert_eq!(call(&mut store, instance, "run", &[]).unwrap(), 16);
    }
}

#[test]
fn copies_go_between_memories_of_different_index_types() {
    let text = r#"(module
        (memory $small 1)
        (memory $big i64 1)
        (data (memory $big) (i64.const 100) "abcd")
        (func (export "run") (param i32) (result i32)
            (memory.copy $small $big (i32.const 8) (i64.const 100) (local.get 0))
            (memory.copy $big $small (i64.const 104) (i32.const 8) (local.get 0))
            (i64.eq (i64.load $big (i64.const 100)) (i64.const 0x6463626164636261))))"#;
    let mut store = Store::new(&Engine::default(), ());
    let instance = instantiate(&mut store, text, &[]).unwrap();
    assert_eq!(call(&mut store, instance, "run", &[4]).unwrap(), 1);
    assert_eq!(trap(call(&mut store, instance, "run", &[-1])), Trap::MemoryOutOfBounds);
}

#[test]
fn sizes_that_overflow_are_out_of_bounds() {
    let text = r#"(module
        (memory i64 1 2)
        (data $data "abc")
        (func (export "fill") (param i64 i64) (result i32)
            (memory.fill (local.get 0) (i32.const 1) (local.get 1)) (i32.const 0))
        (func (export "init") (param i64) (result i32)
            (memory.init $data (local.get 0) (i32.const 1) (i32.const 2)) (i32.const 0))
        (func (export "grow") (param i64) (result i64) (memory.grow (local.get 0))))"#;
    let mut store = Store::new(&Engine::default(), ());
    let instance = instantiate(&mut store, text, &[]).unwrap();
    let mut run = |name: &str, params: &[i64], result: Val| {
        let func = instance.get_func(&mut store, name).unwrap();
        let params: Vec<Val> = params.iter().map(|&param| param.into()).collect();
        let mut results = [result];
        func.call(&mut store, &params, &mut results).map(|()| results[0])
    };
    assert_eq!(trap(run("fill", &[-1, 2], Val::I32(0))), Trap::MemoryOutOfBounds);
    assert_eq!(trap(run("fill", &[65536, 1], Val::I32(0))), Trap::MemoryOutOfBounds);
    assert!(run("fill", &[65536, 0], Val::I32(0)).is_ok());
    assert_eq!(trap(run("init", &[-1], Val::I32(0))), Trap::MemoryOutOfBounds);
    assert!(run("init", &[65534], Val::I32(0)).is_ok());
    for delta in [-1, 2, 1 << 48] {
        assert_eq!(run("grow", &[delta], Val::I64(0)).unwrap().i64(), Some(-1));
    }
    assert_eq!(run("grow", &[1], Val::I64(0)).unwrap().i64(), Some(1));
}

#[test]
fn all_sharers_see_a_table_grow() {
    let owner = r#"(module
        (table (export "t") 1 funcref)
        (func $f (export "f") (result i32) (i32.const 3))
        (func (export "grow") (param i32) (result i32)
            (table.grow (ref.func $f) (local.get 0))))"#;
    let sharer = r#"(module
        (import "" "" (table 1 funcref))
        (func (export "call") (param i32) (result i32)
            (call_indirect (result i32) (local.get 0))))"#;
    let mut store = Store::new(&Engine::default(), ());
    let owner = instantiate(&mut store, owner, &[]).unwrap();
    let table = owner.get_table(&mut store, "t").unwrap();
    let sharer = instantiate(&mut store, sharer, &[table.into()]).unwrap();
    assert_eq!(trap(call(&mut store, sharer, "call", &[5])), Trap::TableOutOfBounds);
    assert_eq!(call(&mut store, owner, "grow", &[9]).unwrap(), 1);
    assert_eq!(call(&mut store, sharer, "call", &[5]).unwrap(), 3);
    assert_eq!(trap(call(&mut store, sharer, "call", &[0])), Trap::IndirectCallToNull);
    assert_eq!(table.ty(&store).minimum, 1);
    assert_eq!(table.size(&store), 10);
}

#[test]
fn vectors_pass_through_the_host_whole() {
    let bits = 0x0011_2233_4455_6677_8899_aabb_ccdd_eeff_u128;
    let mut store = Store::new(&Engine::default(), ());
    let ty = FuncType::new([ValType::I32, ValType::V128], [ValType::V128, ValType::I32]);
    let swap = Func::new(&mut store, ty, |_, params, results| {
        results.copy_from_slice(&[params[1], params[0]]);
        Ok(())
    });
    let text = r#"(module
        (import "" "" (func $swap (param i32 v128) (result v128 i32)))
        (global $g (export "g") (mut v128) (v128.const i64x2 0 0))
        (func (export "run") (param v128) (result i32 v128)
            (local i32)
            (call $swap (i32.const 5) (local.get 0))
            (local.set 1)
            (global.set $g)
            (local.get 1)
            (global.get $g)))"#;
    let instance = instantiate(&mut store, text, &[swap.into()]).unwrap();
    let run = instance.get_func(&mut store, "run").unwrap();
    let mut results = [Val::I32(0), Val::I32(0)];
    run.call(&mut store, &[Val::from(bits)], &mut results).unwrap();
    assert_eq!(results[0].i32(), Some(5));
    assert_eq!(results[1].v128().map(u128::from), Some(bits));
    let global = instance.get_global(&mut store, "g").unwrap();
    assert_eq!(global.get(&mut store).v128().map(u128::from), Some(bits));
}
