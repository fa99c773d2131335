//! Several stores on several threads that share one memory, in every mode.
//!
//! What lives here: what threads do to each other through a shared memory, and the memory as the
//! embedder sees it. What does not: single operators (the official tests and `tests/wast`).
//! Invariant: every outcome is certain, whatever order the threads run in.

mod growth;
mod handles;
mod sharing;
mod waiting;

use std::thread;

use wasmtier::{Engine, Instance, Linker, MemoryType, Module, SharedMemory, Store, TypedFunc};
use wasmtier_tests::modes::MODES;

const PAGE: usize = 1 << 16;
/// How many threads share a memory.
const THREADS: i32 = 4;

/// A module from its text.
fn module(engine: &Engine, text: &str) -> Module {
    let wasm = wat::parse_str(text).expect("the text of a test is well formed");
    Module::new(engine, wasm).expect("the module of a test is valid")
}

/// An instance of a module that imports `memory` as `env`.`memory`, in a store of its own.
fn instantiate(module: &Module, memory: &SharedMemory) -> (Store<()>, Instance) {
    let mut store = Store::new(module.engine(), ());
    let mut linker = Linker::new(module.engine());
    linker.define(&store, "env", "memory", memory.clone()).expect("nobody defined it yet");
    let instance = linker.instantiate(&mut store, module).expect("it can be instantiated");
    (store, instance)
}

/// Does something in an engine of every mode.
fn in_every_mode(test: impl Fn(&Engine)) {
    for mode in MODES {
        test(&mode.engine());
    }
}

/// Runs the export `run` of `text` with the numbers of the threads on as many threads, which share
/// a memory of type `ty`. Returns the memory and the results.
fn run_on_threads(engine: &Engine, ty: MemoryType, text: &str) -> (SharedMemory, Vec<i32>) {
    let module = module(engine, text);
    let memory = SharedMemory::new(engine, ty).expect("there is room");
    let run = |number: i32| {
        let (mut store, instance) = instantiate(&module, &memory);
        let run: TypedFunc<i32, i32> = instance.get_typed_func(&mut store, "run").expect("is so");
        run.call(&mut store, number).expect("it does not trap")
    };
    let results = thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|number| scope.spawn(move || run(number))).collect();
        threads.into_iter().map(|thread| thread.join().expect("it does not panic")).collect()
    });
    (memory, results)
}

/// The 32 bits at `at`.
fn word(memory: &SharedMemory, at: usize) -> u32 {
    let mut bytes = [0; 4];
    memory.read(at, &mut bytes).expect("in bounds");
    u32::from_le_bytes(bytes)
}
