//! Memories with pages of one byte, made by the host and seen from there.

use wasmtier::{
    Config, Engine, ExternType, Instance, Linker, Memory, MemoryType, Module, Store, StoreLimits,
    StoreLimitsBuilder, Trap,
};

use crate::{instance, module};

/// The type of a 32-bit memory of pages of one byte.
fn bytes(minimum: u32, maximum: Option<u32>) -> MemoryType {
    MemoryType { page_size_log2: 0, ..MemoryType::new(minimum, maximum) }
}

#[test]
fn the_host_counts_in_pages_of_the_memory() {
    let mut store = Store::new(&Engine::default(), ());
    let memory = Memory::new(&mut store, bytes(3, Some(9000))).unwrap();
    assert_eq!(memory.ty(&store), bytes(3, Some(9000)));
    assert_eq!(memory.page_size(&store), 1);
    assert_eq!((memory.size(&store), memory.data_size(&store)), (3, 3));
    memory.write(&mut store, 0, &[1, 2, 3]).unwrap();
    assert!(memory.write(&mut store, 1, &[1, 2, 3]).is_err());
    assert!(memory.read(&store, 3, &mut [0]).is_err());
    assert_eq!(memory.grow(&mut store, 1).unwrap(), 3);
    assert_eq!(memory.data(&store), [1, 2, 3, 0]);
    assert_eq!(memory.grow(&mut store, 8996).unwrap(), 4);
    assert_eq!((memory.size(&store), memory.data(&store).len()), (9000, 9000));
    let error = memory.grow(&mut store, 1).unwrap_err();
    assert_eq!(error.to_string(), "failed to grow memory of 9000 pages by 1");
    assert_eq!(memory.data(&store)[..4], [1, 2, 3, 0]);
    assert!(memory.data(&store)[4..].iter().all(|&byte| byte == 0));
}

/// With room to stay where they are, and without.
fn engines() -> [Engine; 2] {
    let mut config = Config::new();
    config.signals_based_traps(false).memory_reservation(0);
    [Engine::default(), Engine::new(&config).unwrap()]
}

#[test]
fn growth_by_the_host_is_seen_at_the_byte() {
    let text = r#"(module
        (memory (import "" "") 1 (pagesize 1))
        (func (export "load") (param i32) (result i32) (i32.load16_u (local.get 0)))
        (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
        (func (export "size") (result i32) (memory.size)))"#;
    for engine in engines() {
        let mut store = Store::new(&engine, ());
        let memory = Memory::new(&mut store, bytes(1, None)).unwrap();
        let module = module(&engine, text);
        let instance = Instance::new(&mut store, &module, &[memory.into()]).unwrap();
        let load = instance.get_typed_func::<u32, u32>(&mut store, "load").unwrap();
        let grow = instance.get_typed_func::<u32, u32>(&mut store, "grow").unwrap();
        let size = instance.get_typed_func::<(), u32>(&mut store, "size").unwrap();
        // Around pages of 4 KiB and 64 KiB.
        for len in [2, 4095, 4096, 4097, 65_535, 65_536, 65_537] {
            let now = memory.size(&store);
            if len % 2 == 0 {
                assert_eq!(memory.grow(&mut store, len - now).unwrap(), now);
            } else {
                let by = u32::try_from(len - now).unwrap();
                assert_eq!(u64::from(grow.call(&mut store, by).unwrap()), now);
            }
            assert_eq!(u64::from(size.call(&mut store, ()).unwrap()), len);
            let last = u32::try_from(len - 2).unwrap();
            memory.write(&mut store, last as usize, &[1, 2]).unwrap();
            assert_eq!(load.call(&mut store, last).unwrap(), 0x201);
            let error = load.call(&mut store, last + 1).unwrap_err();
            assert_eq!(error.downcast_ref(), Some(&Trap::MemoryOutOfBounds));
        }
    }
}

#[test]
fn types_say_the_page_size() {
    let (mut store, instance) = instance(r#"(module (memory (export "m") i64 1 20 (pagesize 1)))"#);
    let memory = instance.get_memory(&mut store, "m").unwrap();
    let ty = MemoryType { page_size_log2: 0, ..MemoryType::memory64(1, Some(20)) };
    assert_eq!(memory.ty(&store), ty);
    assert_eq!(ExternType::Memory(ty).to_string(), "memory i64 1 20 (pagesize 1)");
    let mut linker = Linker::new(store.engine());
    linker.define(&store, "m", "m", memory).unwrap();
    let wrong = module(store.engine(), r#"(module (memory (import "m" "m") i64 0))"#);
    let error = linker.instantiate(&mut store, &wrong).unwrap_err();
    assert_eq!(
        error.to_string(),
        "incompatible import type for `m`.`m`: expected memory i64 0, \
         found memory i64 1 20 (pagesize 1)"
    );
    let right = module(store.engine(), r#"(module (memory (import "m" "m") i64 1 (pagesize 1)))"#);
    assert!(linker.instantiate(&mut store, &right).is_ok());
}

#[test]
fn impossible_types_are_errors() {
    let mut store = Store::new(&Engine::default(), ());
    // The most is what 32 bits can count; that much need not be there.
    let most = MemoryType { maximum: Some(u64::from(u32::MAX)), ..bytes(0, None) };
    assert!(Memory::new(&mut store, most).is_ok());
    let wide = MemoryType { memory64: true, maximum: Some(u64::MAX), ..bytes(0, None) };
    assert!(Memory::new(&mut store, wide).is_ok());
    let pages = MemoryType::memory64(0, Some(1 << 48));
    assert!(Memory::new(&mut store, pages).is_ok());
    for (ty, reason) in [
        (MemoryType { maximum: Some(1 << 32), ..most }, "exceeds what an index can reach"),
        (MemoryType { minimum: 1 << 32, maximum: None, ..most }, "exceeds what an index can reach"),
        (MemoryType { maximum: Some((1 << 48) + 1), ..pages }, "exceeds what an index can reach"),
        (MemoryType { page_size_log2: 1, ..most }, "a page has 65536 bytes, or 1"),
        (MemoryType { page_size_log2: 255, ..most }, "a page has 65536 bytes, or 1"),
        (bytes(2, Some(1)), "the minimum size exceeds the maximum size"),
    ] {
        let error = Memory::new(&mut store, ty).unwrap_err().to_string();
        assert!(error.contains(reason), "{ty:?}: {error}");
    }
}

#[test]
fn more_than_the_host_has_is_an_error() {
    let mut store = Store::new(&Engine::default(), ());
    let ty = MemoryType { minimum: u64::MAX, page_size_log2: 0, ..MemoryType::memory64(0, None) };
    assert!(Memory::new(&mut store, ty).is_err());
    let memory = Memory::new(&mut store, MemoryType { minimum: 1, ..ty }).unwrap();
    assert!(memory.grow(&mut store, u64::MAX).is_err());
    assert!(memory.grow(&mut store, u64::MAX - 1).is_err());
    assert!(memory.grow(&mut store, 1 << 62).is_err());
    assert_eq!(memory.size(&store), 1);
}

#[test]
fn limits_count_bytes() {
    let engine = Engine::default();
    let limits = StoreLimitsBuilder::new().memory_size(100).build();
    let mut store = Store::new(&engine, limits);
    store.limiter(|limits: &mut StoreLimits| limits);
    let memory = Memory::new(&mut store, bytes(99, None)).unwrap();
    assert_eq!(memory.grow(&mut store, 1).unwrap(), 99);
    assert!(memory.grow(&mut store, 1).is_err());
    let error = Memory::new(&mut store, bytes(101, None)).unwrap_err();
    assert_eq!(error.to_string(), "memory minimum size of 101 pages exceeds memory limits");
    assert!(Memory::new(&mut store, MemoryType::new(1, None)).is_err());
}

#[test]
fn a_module_without_the_proposal_has_none() {
    let mut config = Config::new();
    config.wasm_custom_page_sizes(false);
    let engine = Engine::new(&config).unwrap();
    let wasm = wat::parse_str("(module (memory 1 (pagesize 1)))").unwrap();
    let error = Module::new(&engine, wasm).unwrap_err().to_string();
    assert!(error.contains("custom page sizes proposal must be enabled"), "{error}");
}
