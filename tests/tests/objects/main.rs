//! The objects of a store, where their state is more than the specification's tests can see:
//! tables that fill late, records that move, instances that fail half way.
//!
//! What lives here: behaviour through the API. What does not: the API's own promises (`api`) and
//! the meaning of operators (the specification's tests).

mod funcrefs;
mod growth;
mod instantiation;
mod tables;

use wasmtier::{Engine, Extern, Instance, Module, Result, Store, Trap, Val};

/// A module from its text.
fn module(text: &str) -> Module {
    module_of(&Engine::default(), text)
}

fn module_of(engine: &Engine, text: &str) -> Module {
    let wasm = wat::parse_str(text).expect("the text of a test is well formed");
    Module::new(engine, wasm).expect("the module of a test is valid")
}

/// An instance of a module without imports, in a store of its own.
fn instance(text: &str) -> (Store<()>, Instance) {
    let module = module(text);
    let mut store = Store::new(module.engine(), ());
    let instance = Instance::new(&mut store, &module, &[]).expect("it can be instantiated");
    (store, instance)
}

/// An instance of a module in `store`.
fn instantiate(store: &mut Store<()>, text: &str, imports: &[Extern]) -> Result<Instance> {
    let module = module_of(store.engine(), text);
    Instance::new(store, &module, imports)
}

/// Calls an export of `i32`s with one result.
fn call(store: &mut Store<()>, instance: Instance, name: &str, params: &[i32]) -> Result<i32> {
    let func = instance.get_func(&mut *store, name).expect("it is exported");
    let params: Vec<Val> = params.iter().map(|&param| param.into()).collect();
    let mut results = [Val::I32(0)];
    func.call(store, &params, &mut results)?;
    Ok(results[0].unwrap_i32())
}

/// The trap that a call ends with.
fn trap<R: std::fmt::Debug>(outcome: Result<R>) -> Trap {
    *outcome.unwrap_err().downcast_ref().expect("the error is a trap")
}
