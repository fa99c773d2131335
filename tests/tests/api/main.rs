//! The embedding API, used as embedders use it.
//!
//! What lives here: what is promised to callers of the `wasmtier` crate. What does not: what wasm
//! operators compute (the specification's own tests) and the command line.

mod hosts;
mod limits;
mod linker;
mod linker_modules;
mod memories;
mod misuse;
mod page_sizes;
mod reentry;
mod shared;
mod threads;
mod traps;
mod typed;
mod untyped;
mod vectors;
mod wide_addresses;

use wasmtier::{Engine, Instance, Module, Store};

/// A module from its text.
fn module(engine: &Engine, text: &str) -> Module {
    let wasm = wat::parse_str(text).expect("the text of a test is well formed");
    Module::new(engine, wasm).expect("the module of a test is valid")
}

/// An instance of a module without imports, in a store of its own.
fn instance(text: &str) -> (Store<()>, Instance) {
    let mut store = Store::new(&Engine::default(), ());
    let module = module(store.engine(), text);
    let instance = Instance::new(&mut store, &module, &[]).expect("it can be instantiated");
    (store, instance)
}

/// The text of the panic that `run` ends with.
fn panic_text<R>(run: impl FnOnce() -> R) -> String {
    let Err(payload) = std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)) else {
        panic!("it is documented to panic");
    };
    match payload.downcast::<String>() {
        Ok(text) => *text,
        Err(payload) => (*payload.downcast_ref::<&str>().expect("a panic with a text")).to_owned(),
    }
}
