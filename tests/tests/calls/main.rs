//! Calls between functions, instances and the host: where frames overlap, what tail calls replace.
//!
//! What lives here: behaviour through the API that the specification's tests, which stay within one
//! module, do not reach. What does not: traps and their backtraces (`api`), host functions as such.

mod frames;
mod tail_calls;

use wasmtier::{Engine, Extern, Instance, Module, Result, Store, Trap, Val};

/// An instance of a module in `store`.
fn instantiate(store: &mut Store<()>, text: &str, imports: &[Extern]) -> Instance {
    let wasm = wat::parse_str(text).expect("the text of a test is well formed");
    let module = Module::new(store.engine(), wasm).expect("the module of a test is valid");
    Instance::new(store, &module, imports).expect("it can be instantiated")
}

/// An instance of a module without imports, in a store of its own.
fn instance(text: &str) -> (Store<()>, Instance) {
    let mut store = Store::new(&Engine::default(), ());
    let instance = instantiate(&mut store, text, &[]);
    (store, instance)
}

/// Something exported, as an import of another instance.
fn export(store: &mut Store<()>, instance: Instance, name: &str) -> Extern {
    instance.get_func(store, name).expect("it is exported").into()
}

/// Calls an export with parameters and results of any types.
fn call(store: &mut Store<()>, instance: Instance, name: &str, params: &[Val]) -> Result<Vec<Val>> {
    let func = instance.get_func(&mut *store, name).expect("it is exported");
    let mut results = vec![Val::I32(0); func.ty(&mut *store).results().len()];
    func.call(store, params, &mut results)?;
    Ok(results)
}

/// Calls an export with an `i32` for an `i32`.
fn call_i32(store: &mut Store<()>, instance: Instance, name: &str, param: i32) -> Result<i32> {
    call(store, instance, name, &[param.into()]).map(|results| results[0].unwrap_i32())
}

/// The trap that a call ends with.
fn trap<R: std::fmt::Debug>(outcome: Result<R>) -> Trap {
    *outcome.unwrap_err().downcast_ref().expect("the error is a trap")
}
