//! Growth: one thread's is everybody's.

use std::sync::Barrier;
use std::thread;

use wasmtier::{
    Caller, Linker, MemoryType, SharedMemory, Store, StoreLimits, StoreLimitsBuilder, Trap,
};

use crate::{PAGE, THREADS, in_every_mode, instantiate, module, run_on_threads, word};

const USER: &str = r#"(module (memory (export "memory") (import "env" "memory") 1 64 shared)
    (func (export "load") (param i32) (result i32) (i32.load (local.get 0)))
    (func (export "store") (param i32 i32) (i32.store (local.get 0) (local.get 1)))
    (func (export "add") (param i32 i32) (result i32)
        (i32.atomic.rmw.add (local.get 0) (local.get 1)))
    (func (export "vector") (param i32) (v128.store (local.get 0) (v128.const i64x2 1 2)))
    (func (export "size") (result i32) (memory.size))
    (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))"#;

/// All threads grow until nothing is left, and mark the pages they got.
#[test]
fn growing_at_the_same_time_gives_each_page_once() {
    let text = r#"(module (memory (import "env" "memory") 1 64 shared)
        (func (export "run") (param $number i32) (result i32) (local $page i32) (local $count i32)
            (loop $more
                (local.set $page (memory.grow (i32.const 1)))
                (if (i32.ne (local.get $page) (i32.const -1))
                    (then
                        (local.set $count (i32.add (local.get $count) (i32.const 1)))
                        (drop (i32.atomic.rmw.add
                            (i32.mul (local.get $page) (i32.const 65536))
                            (i32.add (local.get $number) (i32.const 1))))
                        ;; The last byte of the page, and nothing behind it in between.
                        (i32.store8 offset=65535
                            (i32.mul (local.get $page) (i32.const 65536)) (i32.const 7))
                        (br $more))))
            (local.get $count)))"#;
    in_every_mode(|engine| {
        let (memory, counts) = run_on_threads(engine, MemoryType::shared(1, 64), text);
        assert_eq!((memory.size(), memory.data_size()), (64, 64 * PAGE));
        assert_eq!(counts.iter().sum::<i32>(), 63);
        for page in 1..64 {
            let owner = word(&memory, page * PAGE);
            assert!((1..=THREADS as u32).contains(&owner), "page {page} is of thread {owner}");
            assert_eq!(word(&memory, (page + 1) * PAGE - 4), 0x0700_0000);
        }
    });
}

/// A store that has run before, and cached what it saw, sees what others did to the memory.
#[test]
fn other_stores_see_growth_at_once() {
    in_every_mode(|engine| {
        let memory = SharedMemory::new(engine, MemoryType::shared(1, 64)).unwrap();
        let module = module(engine, USER);
        let (mut ours, user) = instantiate(&module, &memory);
        let load = user.get_typed_func::<i32, i32>(&mut ours, "load").unwrap();
        let put = user.get_typed_func::<(i32, i32), ()>(&mut ours, "store").unwrap();
        let add = user.get_typed_func::<(i32, i32), i32>(&mut ours, "add").unwrap();
        let vector = user.get_typed_func::<i32, ()>(&mut ours, "vector").unwrap();
        let size = user.get_typed_func::<(), i32>(&mut ours, "size").unwrap();
        // How many pages others have made it, and an access to the last of them.
        for pages in 2..10usize {
            let at = ((pages - 1) * PAGE) as i32;
            let error = load.call(&mut ours, at).unwrap_err();
            assert_eq!(error.downcast_ref(), Some(&Trap::MemoryOutOfBounds));
            let grower = || {
                let (mut theirs, user) = instantiate(&module, &memory);
                let grow = user.get_typed_func::<i32, i32>(&mut theirs, "grow").unwrap();
                assert_eq!(grow.call(&mut theirs, 1).unwrap(), pages as i32 - 1);
            };
            thread::scope(|scope| scope.spawn(grower).join()).unwrap();
            match pages % 5 {
                0 => put.call(&mut ours, (at, 1)).unwrap(),
                1 => assert_eq!(add.call(&mut ours, (at, 1)).unwrap(), 0),
                2 => vector.call(&mut ours, at).unwrap(),
                3 => assert_eq!(size.call(&mut ours, ()).unwrap(), pages as i32),
                _ => assert_eq!(load.call(&mut ours, at).unwrap(), 0),
            }
            assert_eq!(load.call(&mut ours, at + 65532).unwrap(), 0);
            let error = load.call(&mut ours, at + 65533).unwrap_err();
            assert_eq!(error.downcast_ref(), Some(&Trap::MemoryOutOfBounds));
        }
    });
}

/// Plain accesses at the edge of a memory, while another thread grows it.
#[test]
fn accesses_race_with_growth() {
    let text = r#"(module (memory (import "env" "memory") 1 64 shared)
        (func (export "run") (param $number i32) (result i32) (local $size i32)
            (if (i32.eqz (local.get $number))
                (then
                    (loop $more (br_if $more (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))
                    (return (i32.const 0))))
            ;; Whatever size is seen, its last bytes are there.
            (loop $more
                (local.set $size (memory.size))
                (i32.store (i32.sub (i32.mul (local.get $size) (i32.const 65536)) (i32.const 4))
                    (i32.const 9))
                (drop (i64.load
                    (i32.sub (i32.mul (local.get $size) (i32.const 65536)) (i32.const 8))))
                (br_if $more (i32.ne (local.get $size) (i32.const 64))))
            (i32.const 0)))"#;
    in_every_mode(|engine| {
        let (memory, _) = run_on_threads(engine, MemoryType::shared(1, 64), text);
        assert_eq!(word(&memory, 64 * PAGE - 4), 9);
    });
}

#[test]
fn a_running_function_sees_what_its_host_grew() {
    let text = r#"(module (memory (import "env" "memory") 1 64 shared)
        (import "env" "grow" (func $grow))
        (func (export "run") (result i32)
            (call $grow)
            (i32.store (i32.const 131068) (i32.const 3))
            (i32.load (i32.const 131068))))"#;
    in_every_mode(|engine| {
        let memory = SharedMemory::new(engine, MemoryType::shared(1, 64)).unwrap();
        let mut store = Store::new(engine, memory.clone());
        let mut linker = Linker::new(engine);
        linker.define(&store, "env", "memory", memory.clone()).unwrap();
        linker
            .func_wrap("env", "grow", |caller: Caller<'_, SharedMemory>| {
                caller.data().grow(1).map(drop)
            })
            .unwrap();
        let instance = linker.instantiate(&mut store, &module(engine, text)).unwrap();
        let run = instance.get_typed_func::<(), i32>(&mut store, "run").unwrap();
        assert_eq!(run.call(&mut store, ()).unwrap(), 3);
        assert_eq!(word(&memory, 131_068), 3);
    });
}

/// Each store's limiter is asked about the size that the memory would really have.
#[test]
fn limiters_are_not_outrun() {
    const PAGES: u64 = 20;
    in_every_mode(|engine| {
        let memory = SharedMemory::new(engine, MemoryType::shared(1, 64)).unwrap();
        let module = module(engine, USER);
        let barrier = Barrier::new(THREADS as usize);
        let grower = || {
            let limits = StoreLimitsBuilder::new().memory_size(PAGES as usize * PAGE).build();
            let mut store = Store::<StoreLimits>::new(engine, limits);
            store.limiter(|limits| limits);
            let mut linker = Linker::new(engine);
            linker.define(&store, "env", "memory", memory.clone()).unwrap();
            let instance = linker.instantiate(&mut store, &module).unwrap();
            let grow = instance.get_typed_func::<i32, i32>(&mut store, "grow").unwrap();
            barrier.wait();
            while grow.call(&mut store, 1).unwrap() != -1 {}
        };
        thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(grower);
            }
        });
        assert_eq!(memory.size(), PAGES);
    });
}
