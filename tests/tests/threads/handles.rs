//! A shared memory as a value of the embedder: types, linking, bytes, lifetime.

use wasmtier::{
    Engine, ErrorKind, Extern, ExternType, Instance, Linker, Memory, MemoryType, SharedMemory,
    Store,
};

use crate::{PAGE, in_every_mode, instantiate, module};

const EXPORTER: &str = r#"(module
    (memory (export "shared") 1 3 shared) (memory (export "own") 1 3)
    (data "hello")
    (func (export "init") (memory.init 0 (i32.const 8) (i32.const 0) (i32.const 5))))"#;

fn is_send_and_sync<T: Send + Sync + Clone>() {}

#[test]
fn exports_tell_shared_memories_from_others() {
    is_send_and_sync::<SharedMemory>();
    is_send_and_sync::<Extern>();
    in_every_mode(|engine| {
        let mut store = Store::new(engine, ());
        let instance = Instance::new(&mut store, &module(engine, EXPORTER), &[]).unwrap();
        assert!(instance.get_memory(&mut store, "shared").is_none());
        assert!(instance.get_shared_memory(&mut store, "own").is_none());
        let memory = instance.get_shared_memory(&mut store, "shared").unwrap();
        assert_eq!(memory.ty(), MemoryType::shared(1, 3));
        assert_eq!((memory.size(), memory.page_size(), memory.data_size()), (1, 65536, PAGE));
        assert_eq!(memory.grow(1).unwrap(), 1);
        let item = instance.get_export(&mut store, "shared").unwrap();
        let present = MemoryType { minimum: 2, ..memory.ty() };
        assert_eq!(item.ty(&store), ExternType::Memory(present));
        assert_eq!(item.ty(&store).to_string(), "memory 2 3 shared");
        assert_eq!(item.clone().into_shared_memory().unwrap().size(), 2);
        assert!(item.into_memory().is_none());
        // The memory outlives its store.
        let init = instance.get_typed_func::<(), ()>(&mut store, "init").unwrap();
        init.call(&mut store, ()).unwrap();
        drop(store);
        let mut bytes = [0; 7];
        memory.read(7, &mut bytes).unwrap();
        assert_eq!(&bytes, b"\0hello\0");
    });
}

#[test]
fn bytes_are_copied_in_bounds() {
    in_every_mode(|engine| {
        let memory = SharedMemory::new(engine, MemoryType::shared(1, 2)).unwrap();
        let bytes: Vec<u8> = (0..100).collect();
        // Every alignment of both ends.
        for start in 0..9 {
            for len in 0..40 {
                memory.write(start, &bytes[..len]).unwrap();
                let mut found = vec![0xff; len];
                memory.read(start, &mut found).unwrap();
                assert_eq!(found, bytes[..len], "{len} bytes at {start}");
                memory.write(0, &[0; 60]).unwrap();
            }
        }
        let mut around = [0; 12];
        memory.write(3, &[1; 6]).unwrap();
        memory.read(0, &mut around).unwrap();
        assert_eq!(around, [0, 0, 0, 1, 1, 1, 1, 1, 1, 0, 0, 0]);
        memory.write(PAGE - 2, &[1, 2]).unwrap();
        assert!(memory.write(PAGE - 1, &[1, 2]).is_err());
        assert!(memory.write(usize::MAX, &[1]).is_err());
        let error = memory.read(PAGE, &mut [0]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "out of bounds memory access: 1 bytes at 0x10000 in a memory of 0x10000"
        );
        memory.read(PAGE, &mut []).unwrap();
        assert!(memory.read(PAGE + 1, &mut []).is_err());
        assert_eq!(memory.data().len(), PAGE);
        let base = memory.data().as_ptr();
        memory.grow(1).unwrap();
        assert_eq!((memory.data().len(), memory.data().as_ptr()), (2 * PAGE, base));
        assert!(memory.grow(1).is_err());
    });
}

#[test]
fn types_must_be_possible() {
    let engine = Engine::default();
    let error = |ty| SharedMemory::new(&engine, ty).unwrap_err().to_string();
    let ty = MemoryType::shared(1, 2);
    assert!(error(MemoryType { shared: false, ..ty }).contains("not that of a shared memory"));
    assert!(error(MemoryType { maximum: None, ..ty }).contains("must have a maximum"));
    assert!(error(MemoryType::shared(3, 2)).contains("exceeds the maximum"));
    assert!(error(MemoryType::shared(1, 65537)).contains("what an index can reach"));
    let wide = MemoryType { shared: true, ..MemoryType::memory64(1, Some((1 << 48) - 1)) };
    assert_eq!(SharedMemory::new(&engine, wide).unwrap().size(), 1);
    let mut store = Store::new(&engine, ());
    let refused = Memory::new(&mut store, ty).unwrap_err().to_string();
    assert!(refused.contains("SharedMemory"), "{refused}");
}

#[test]
fn linkers_and_engines() {
    let engine = Engine::default();
    let importer = module(
        &engine,
        r#"(module (import "env" "memory" (memory 1 3 shared)) (export "m" (memory 0)))"#,
    );
    let memory = SharedMemory::new(&engine, MemoryType::shared(1, 3)).unwrap();
    // One linker for many stores: the memory is of none.
    let mut linker = Linker::<()>::new(&engine);
    linker.define(Store::new(&engine, ()), "env", "memory", memory.clone()).unwrap();
    let pre = linker.instantiate_pre(&importer).unwrap();
    for pages in 1..4 {
        let mut store = Store::new(&engine, ());
        let instance = pre.instantiate(&mut store).unwrap();
        let same = instance.get_shared_memory(&mut store, "m").unwrap();
        assert_eq!(same.size(), pages);
        let _ = same.grow(1);
    }
    let link_error = |memory: SharedMemory| {
        let mut store = Store::new(&engine, ());
        let error = Instance::new(&mut store, &importer, &[memory.into()]).unwrap_err();
        assert!(matches!(error.downcast_ref(), Some(ErrorKind::Link(_))), "{error}");
        error.to_string()
    };
    let larger = SharedMemory::new(&engine, MemoryType::shared(1, 4)).unwrap();
    assert!(link_error(larger).contains("incompatible import type"));
    let foreign = SharedMemory::new(&Engine::default(), MemoryType::shared(1, 3)).unwrap();
    assert!(link_error(foreign).contains("another engine"));
    let mut linker = Linker::<()>::new(&engine);
    let mut store = Store::new(&engine, ());
    linker.define_unknown_imports_as_default_values(&mut store, &importer).unwrap();
    let instance = linker.instantiate(&mut store, &importer).unwrap();
    assert_eq!(instance.get_shared_memory(&mut store, "m").unwrap().size(), 1);
}

#[test]
fn a_store_that_imports_it_again_and_again_keeps_it_once() {
    let engine = Engine::default();
    let importer = module(&engine, r#"(module (import "env" "memory" (memory 1 3 shared)))"#);
    let memory = SharedMemory::new(&engine, MemoryType::shared(1, 3)).unwrap();
    let limits = wasmtier::StoreLimitsBuilder::new().memories(1).instances(100).build();
    let mut store = Store::new(&engine, limits);
    store.limiter(|limits| limits);
    for _ in 0..100 {
        Instance::new(&mut store, &importer, &[memory.clone().into()]).unwrap();
    }
}

#[test]
fn proposals_can_be_turned_off() {
    let mut config = wasmtier::Config::new();
    let engine = Engine::new(config.wasm_threads(false)).unwrap();
    let wasm = wat::parse_str("(module (memory 1 1 shared))").unwrap();
    let error = wasmtier::Module::new(&engine, wasm).unwrap_err().to_string();
    assert!(error.contains("threads must be enabled"), "{error}");
}

#[test]
fn segments_are_written_to_imported_memories() {
    in_every_mode(|engine| {
        let memory = SharedMemory::new(engine, MemoryType::shared(1, 3)).unwrap();
        let text = r#"(module (import "env" "memory" (memory 1 3 shared))
            (data (i32.const 65533) "end"))"#;
        instantiate(&module(engine, text), &memory);
        let mut end = [0; 3];
        memory.read(PAGE - 3, &mut end).unwrap();
        assert_eq!(&end, b"end");
        let text = r#"(module (import "env" "memory" (memory 1 3 shared))
            (data (i32.const 65534) "end"))"#;
        let mut store = Store::new(engine, ());
        let error = Instance::new(&mut store, &module(engine, text), &[memory.into()]).unwrap_err();
        assert_eq!(error.downcast_ref(), Some(&wasmtier::Trap::MemoryOutOfBounds));
    });
}
