//! Calls among functions that are interpreted, compiled, the host's and another instance's.
//!
//! What lives here: what the configurations of [`wasmtier_tests::modes`] do not reach, as in each
//! of them one fixed part of the functions is compiled. Here that part varies. What does not: what
//! operators compute.

mod loops;
mod mixes;
mod overflow;
mod signatures;
mod tail_calls;
mod unwinding;

use mixes::mixes;
use wasmtier::{Extern, Instance, Module, Store, Trap};

/// An instance of a module in `store`.
fn instantiate<T>(store: &mut Store<T>, text: &str, imports: &[Extern]) -> Instance {
    let wasm = wat::parse_str(text).expect("the text of a test is well formed");
    let module = Module::new(store.engine(), wasm).expect("the module of a test is valid");
    Instance::new(store, &module, imports).expect("it can be instantiated")
}

/// Something exported, as an import of another instance.
fn export<T>(store: &mut Store<T>, instance: Instance, name: &str) -> Extern {
    instance.get_export(store, name).expect("it is exported")
}

/// The trap that a call ends with.
fn trap<R: std::fmt::Debug>(outcome: wasmtier::Result<R>) -> Trap {
    let error = outcome.unwrap_err();
    *error.downcast_ref().unwrap_or_else(|| panic!("the error is no trap: {error:?}"))
}
