//! [`InstancePre`]: a module whose imports are found and checked, ready to be instantiated.
//!
//! Invariant: every import has a definition, in order, and its type matched when it was looked up.

use std::fmt;
use std::sync::Arc;

use crate::linker::Definition;
use crate::store::AsContextMut;
use crate::{Engine, ErrorKind, Instance, Module, Result};

/// A module whose imports a [`Linker`](crate::Linker) has found and checked.
///
/// Made by [`Linker::instantiate_pre`](crate::Linker::instantiate_pre), for those who instantiate
/// one module over and over. Cheap to clone; `Send` and `Sync`.
///
/// ```
/// use wasmtier::{Engine, Linker, Module, Store};
///
/// # fn main() -> Result<(), wasmtier::Error> {
/// // (module (func (export "answer") (result i32) i32.const 42))
/// let wasm = b"\0asm\x01\0\0\0\x01\x05\x01\x60\0\x01\x7f\x03\x02\x01\0\x07\x0a\x01\x06answer\0\0\
///     \x0a\x06\x01\x04\0\x41\x2a\x0b";
/// let engine = Engine::default();
/// let pre = Linker::<()>::new(&engine).instantiate_pre(&Module::new(&engine, wasm)?)?;
/// for _ in 0..3 {
///     let mut store = Store::new(&engine, ());
///     let instance = pre.instantiate(&mut store)?;
///     let answer = instance.get_typed_func::<(), i32>(&mut store, "answer")?;
///     assert_eq!(answer.call(&mut store, ())?, 42);
/// }
/// # Ok(())
/// # }
/// ```
pub struct InstancePre<T: 'static> {
    module: Module,
    imports: Arc<[Definition<T>]>,
}

impl<T: 'static> Clone for InstancePre<T> {
    fn clone(&self) -> Self {
        Self { module: self.module.clone(), imports: Arc::clone(&self.imports) }
    }
}

impl<T: 'static> fmt::Debug for InstancePre<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InstancePre").field("module", &self.module.name()).finish_non_exhaustive()
    }
}

impl<T: 'static> InstancePre<T> {
    pub(crate) fn new(module: Module, imports: Vec<Definition<T>>) -> Self {
        Self { module, imports: imports.into() }
    }

    /// The module.
    #[must_use]
    pub fn module(&self) -> &Module {
        &self.module
    }

    /// Makes an instance in `store`, and runs its start function.
    ///
    /// # Errors
    ///
    /// As [`Instance::new`]; imports have the right types already.
    ///
    /// # Panics
    ///
    /// When an import belongs to another store, and with the panic of a host function.
    pub fn instantiate(&self, mut store: impl AsContextMut<Data = T>) -> Result<Instance> {
        let mut store = store.as_context_mut();
        if !Engine::same(self.module.engine(), store.engine()) {
            let text = "the module was made with another engine than the store";
            return Err(ErrorKind::Link(text.into()).into());
        }
        let imports = self.imports.iter().map(|definition| definition.to_extern(&mut store));
        let imports = imports.collect::<Result<Vec<_>>>()?;
        Instance::new(store, &self.module, &imports)
    }
}
