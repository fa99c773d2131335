//! Memories from the outside: bounds, growth, and what growth does to views of them.

use wasmtier::{Engine, Instance, Memory, MemoryType, Store, Trap};

use crate::{instance, module};

const PAGE: usize = 1 << 16;

#[test]
fn reads_and_writes_are_checked() {
    let mut store = Store::new(&Engine::default(), ());
    let memory = Memory::new(&mut store, MemoryType::new(1, None)).unwrap();
    memory.write(&mut store, PAGE - 4, &[1, 2, 3, 4]).unwrap();
    let mut four = [0; 4];
    memory.read(&store, PAGE - 4, &mut four).unwrap();
    assert_eq!(four, [1, 2, 3, 4]);
    assert!(memory.read(&store, PAGE - 3, &mut four).is_err());
    assert!(memory.write(&mut store, PAGE - 3, &four).is_err());
    assert!(memory.read(&store, usize::MAX, &mut four).is_err());
    assert!(memory.write(&mut store, usize::MAX - 1, &four).is_err());
    memory.read(&store, PAGE, &mut []).unwrap();
    assert!(memory.read(&store, PAGE + 1, &mut []).is_err());
    assert_eq!(memory.data(&store).len(), PAGE);
    assert_eq!(memory.data_size(&store), PAGE);
    assert_eq!(memory.data(&store)[PAGE - 4..], [1, 2, 3, 4]);
}

#[test]
fn growth_keeps_bytes_and_zeroes_the_rest() {
    let mut store = Store::new(&Engine::default(), ());
    let memory = Memory::new(&mut store, MemoryType::new(1, Some(3))).unwrap();
    memory.data_mut(&mut store).fill(0xab);
    assert_eq!(memory.grow(&mut store, 0).unwrap(), 1);
    assert_eq!(memory.grow(&mut store, 2).unwrap(), 1);
    assert_eq!(memory.size(&store), 3);
    let data = memory.data(&store);
    assert_eq!(data.len(), 3 * PAGE);
    assert!(data[..PAGE].iter().all(|&byte| byte == 0xab));
    assert!(data[PAGE..].iter().all(|&byte| byte == 0));
    assert!(memory.grow(&mut store, 1).is_err());
    assert!(memory.grow(&mut store, u64::MAX).is_err());
    assert_eq!(memory.size(&store), 3);
    assert_eq!(memory.ty(&store), MemoryType::new(1, Some(3)));
    assert_eq!(memory.page_size(&store), PAGE as u64);
}

#[test]
fn data_and_store_can_be_borrowed_together() {
    let mut store = Store::new(&Engine::default(), 7u8);
    let memory = Memory::new(&mut store, MemoryType::new(1, None)).unwrap();
    let (bytes, data) = memory.data_and_store_mut(&mut store);
    bytes[3] = *data;
    *data = 8;
    assert_eq!((memory.data(&store)[3], *store.data()), (7, 8));
}

#[test]
fn growth_by_wasm_is_seen_by_the_host_and_the_reverse() {
    let (mut store, instance) = instance(
        r#"(module (memory (export "m") 1)
            (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
            (func (export "size") (result i32) (memory.size))
            (func (export "load") (param i32) (result i32) (i32.load8_u (local.get 0)))
            (func (export "store") (param i32 i32)
                (i32.store8 (local.get 0) (local.get 1))))"#,
    );
    let memory = instance.get_memory(&mut store, "m").unwrap();
    let grow = instance.get_typed_func::<i32, i32>(&mut store, "grow").unwrap();
    let load = instance.get_typed_func::<i32, i32>(&mut store, "load").unwrap();
    let put = instance.get_typed_func::<(i32, i32), ()>(&mut store, "store").unwrap();
    let size = instance.get_typed_func::<(), i32>(&mut store, "size").unwrap();
    let second = PAGE as i32 + 5;
    let error = load.call(&mut store, second).unwrap_err();
    assert_eq!(error.downcast_ref(), Some(&Trap::MemoryOutOfBounds));
    assert_eq!(grow.call(&mut store, 1).unwrap(), 1);
    put.call(&mut store, (second, 9)).unwrap();
    assert_eq!(memory.data(&store)[second as usize], 9);
    assert_eq!(memory.grow(&mut store, 1).unwrap(), 2);
    memory.write(&mut store, 2 * PAGE, &[4]).unwrap();
    assert_eq!(load.call(&mut store, 2 * PAGE as i32).unwrap(), 4);
    assert_eq!(size.call(&mut store, ()).unwrap(), 3);
}

#[test]
fn growth_inside_a_host_call_is_seen_by_the_running_function() {
    let engine = Engine::default();
    let mut linker = wasmtier::Linker::<()>::new(&engine);
    linker
        .func_wrap("host", "grow", |mut caller: wasmtier::Caller<'_, ()>| -> wasmtier::Result<()> {
            let memory = caller.get_export("m").and_then(wasmtier::Extern::into_memory).unwrap();
            memory.grow(&mut caller, 10)?;
            memory.data_mut(&mut caller)[10 * PAGE] = 42;
            Ok(())
        })
        .unwrap();
    let text = r#"(module
        (import "host" "grow" (func $grow))
        (memory (export "m") 1)
        (func (export "run") (result i32)
            (i32.store8 (i32.const 0) (i32.const 1))
            (call $grow)
            (i32.add (i32.load8_u (i32.const 0)) (i32.load8_u (i32.const 655360)))))"#;
    let mut store = Store::new(&engine, ());
    let instance = linker.instantiate(&mut store, &module(&engine, text)).unwrap();
    let run = instance.get_typed_func::<(), i32>(&mut store, "run").unwrap();
    assert_eq!(run.call(&mut store, ()).unwrap(), 43);
}

#[test]
fn a_memory_without_pages() {
    let mut store = Store::new(&Engine::default(), ());
    let memory = Memory::new(&mut store, MemoryType::new(0, None)).unwrap();
    assert!(memory.data(&store).is_empty());
    memory.read(&store, 0, &mut []).unwrap();
    assert!(memory.read(&store, 0, &mut [0]).is_err());
    assert_eq!(memory.grow(&mut store, 1).unwrap(), 0);
    assert_eq!(memory.data(&store).len(), PAGE);
}

#[test]
fn many_memories_in_one_module() {
    let (mut store, instance) = instance(
        r#"(module (memory $a (export "a") 1) (memory $b (export "b") 2)
            (data (memory $b) (i32.const 7) "xyz")
            (func (export "copy") (memory.copy $a $b (i32.const 0) (i32.const 7) (i32.const 3))))"#,
    );
    let copy = instance.get_typed_func::<(), ()>(&mut store, "copy").unwrap();
    copy.call(&mut store, ()).unwrap();
    let a = instance.get_memory(&mut store, "a").unwrap();
    assert_eq!(&a.data(&store)[..4], b"xyz\0");
    let b = instance.get_memory(&mut store, "b").unwrap();
    assert_eq!(b.size(&store), 2);
}

#[test]
fn what_does_not_fit_leaves_what_came_before() {
    let mut store = Store::new(&Engine::default(), ());
    let memory = Memory::new(&mut store, MemoryType::new(1, None)).unwrap();
    let module = module(
        store.engine(),
        r#"(module (import "m" "m" (memory 1))
            (data (i32.const 0) "first") (data (i32.const 65535) "second"))"#,
    );
    let error = Instance::new(&mut store, &module, &[memory.into()]).unwrap_err();
    assert_eq!(error.downcast_ref(), Some(&Trap::MemoryOutOfBounds));
    assert_eq!(&memory.data(&store)[..5], b"first");
    assert_eq!(memory.data(&store)[PAGE - 1], 0);
}
