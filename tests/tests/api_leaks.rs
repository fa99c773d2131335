//! What calls and instances leave behind, measured in a process that does nothing else.

use std::time::Duration;

use wasmtier::{Caller, Engine, Linker, MemoryType, Module, SharedMemory, Store, WaitResult};

#[test]
fn calls_and_stores_leave_nothing_behind() {
    a_million_host_calls_leave_nothing_behind();
    ten_thousand_stores_leave_nothing_behind();
    shared_memories_and_waits_leave_nothing_behind();
}

fn a_million_host_calls_leave_nothing_behind() {
    let engine = Engine::default();
    let wasm = wat::parse_str(
        r#"(module
            (import "host" "f" (func $f (param i32) (result i32)))
            (func (export "run") (param $n i32) (result i32)
                (local $sum i32)
                (loop $again
                    (local.set $sum (i32.add (local.get $sum) (call $f (local.get $n))))
                    (br_if $again
                        (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
                local.get $sum))"#,
    )
    .unwrap();
    let module = Module::new(&engine, wasm).unwrap();
    let mut linker = Linker::<u64>::new(&engine);
    linker
        .func_wrap("host", "f", |mut caller: Caller<'_, u64>, n: i32| {
            *caller.data_mut() += 1;
            n & 1
        })
        .unwrap();
    let mut store = Store::new(&engine, 0);
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let run = instance.get_typed_func::<i32, i32>(&mut store, "run").unwrap();
    run.call(&mut store, 1000).unwrap();
    let before = resident_bytes();
    assert_eq!(run.call(&mut store, 1_000_000).unwrap(), 500_000);
    let grown = resident_bytes().saturating_sub(before);
    assert_eq!(*store.data(), 1_001_000);
    // 8 bytes leaked per call would be 8 MB.
    assert!(grown < 1 << 20, "a million calls took {grown} bytes");
}

/// Memory of this process that is in use, in bytes.
fn resident_bytes() -> usize {
    let status = std::fs::read_to_string("/proc/self/statm").expect("Linux has it");
    let pages: usize = status.split(' ').nth(1).and_then(|n| n.parse().ok()).expect("a number");
    pages * 4096
}

fn ten_thousand_stores_leave_nothing_behind() {
    let engine = Engine::default();
    let wasm = wat::parse_str(
        r#"(module
            (import "host" "f" (func $f (param i32) (result i32)))
            (memory (export "memory") 1)
            (table 10 funcref)
            (elem (i32.const 0) $f $run)
            (func $run (export "run") (param i32) (result i32)
                (i32.store (i32.const 0) (local.get 0))
                (call_indirect (param i32) (result i32) (local.get 0) (i32.const 0))))"#,
    )
    .unwrap();
    let module = Module::new(&engine, wasm).unwrap();
    let mut linker = Linker::<()>::new(&engine);
    linker.func_wrap("host", "f", |n: i32| n + 1).unwrap();
    let pre = linker.instantiate_pre(&module).unwrap();
    let round = |count: i32| {
        for n in 0..count {
            let mut store = Store::new(&engine, ());
            let instance = pre.instantiate(&mut store).unwrap();
            let run = instance.get_typed_func::<i32, i32>(&mut store, "run").unwrap();
            assert_eq!(run.call(&mut store, n).unwrap(), n + 1);
        }
    };
    round(100);
    let before = resident_bytes();
    round(10_000);
    let grown = resident_bytes().saturating_sub(before);
    assert!(grown < 1 << 20, "10,000 stores took {grown} bytes");
}

fn shared_memories_and_waits_leave_nothing_behind() {
    let engine = Engine::default();
    let wasm = wat::parse_str(r#"(module (import "env" "memory" (memory 1 16 shared)))"#).unwrap();
    let module = Module::new(&engine, wasm).unwrap();
    let kept = SharedMemory::new(&engine, MemoryType::shared(16, 16)).unwrap();
    let round = |count: u64| {
        for n in 0..count {
            let memory = SharedMemory::new(&engine, MemoryType::shared(1, 16)).unwrap();
            let mut store = Store::new(&engine, ());
            let mut linker = Linker::new(&engine);
            linker.define(&store, "env", "memory", memory).unwrap();
            linker.instantiate(&mut store, &module).unwrap();
            // Each wait is at an address of its own.
            let soon = Some(Duration::from_nanos(n % 3));
            let result = kept.atomic_wait32(4 * n, 0, soon).unwrap();
            assert_eq!(result, WaitResult::TimedOut);
            assert_eq!(kept.atomic_notify(4 * n, 1).unwrap(), 0);
        }
    };
    round(100);
    let before = resident_bytes();
    round(10_000);
    let grown = resident_bytes().saturating_sub(before);
    assert!(grown < 1 << 20, "10,000 shared memories and waits took {grown} bytes");
}
