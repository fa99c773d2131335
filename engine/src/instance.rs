//! [`Instance`]: a module with its state, in a store.

use crate::error::Result;
use crate::extern_::Export;
use crate::runtime::instantiate::instantiate;
use crate::runtime::store::{StoreId, StoreOpaque};
use crate::store::{AsContextMut, StoreContext, StoreContextMut};
use crate::{Extern, Func, Global, Memory, Module, SharedMemory, Table};

/// An instance of a module.
///
/// A handle, valid with the store it came from. All methods panic when it is used with another.
///
/// ```
/// use wasmtier::{Engine, Instance, Module, Store};
/// let engine = Engine::default();
/// // (module (memory (export "memory") 1))
/// let bytes = b"\0asm\x01\0\0\0\x05\x03\x01\0\x01\x07\x0a\x01\x06memory\x02\0";
/// let module = Module::new(&engine, bytes)?;
/// let mut store = Store::new(&engine, ());
/// let instance = Instance::new(&mut store, &module, &[])?;
/// assert!(instance.get_memory(&mut store, "memory").is_some());
/// assert!(instance.get_func(&mut store, "memory").is_none());
/// # Ok::<(), wasmtier::Error>(())
/// ```
#[derive(Copy, Clone, Debug)]
pub struct Instance {
    store: StoreId,
    index: usize,
}

impl Instance {
    /// Instantiates `module` with `imports`, in the order of [`Module::imports`], and runs its
    /// start function.
    ///
    /// # Errors
    ///
    /// * [`ErrorKind::Link`](crate::ErrorKind::Link) when an import is not of the type that the
    ///   module asks for, or their number is wrong; nothing happened then.
    /// * When the store's limiter refuses, or the system has no room.
    /// * A [`Trap`](crate::Trap) when a segment does not fit or the start function traps, and
    ///   whatever error a host function returns to that. What was written before stays written.
    ///
    /// # Panics
    ///
    /// When an import belongs to another store; with the panic of a host function.
    pub fn new(mut store: impl AsContextMut, module: &Module, imports: &[Extern]) -> Result<Self> {
        let mut store = store.as_context_mut().0.erase();
        let index = instantiate(store.reborrow(), module, imports)?;
        Ok(Self::from_index(&store, index))
    }

    pub(crate) fn from_index(store: &StoreOpaque, index: usize) -> Self {
        Self { store: store.id(), index }
    }

    /// Its place in its store.
    #[inline]
    pub(crate) fn index(self, store: &StoreOpaque) -> usize {
        store.check(self.store, "an instance");
        self.index
    }

    /// The export called `name`.
    #[inline]
    pub fn get_export(&self, mut store: impl AsContextMut, name: &str) -> Option<Extern> {
        let store = &mut store.as_context_mut().0.opaque;
        store.export(self.index(store), name)
    }

    /// The exported function called `name`.
    pub fn get_func(&self, store: impl AsContextMut, name: &str) -> Option<Func> {
        self.get_export(store, name)?.into_func()
    }

    /// The exported memory called `name`, unless it is shared.
    pub fn get_memory(&self, store: impl AsContextMut, name: &str) -> Option<Memory> {
        self.get_export(store, name)?.into_memory()
    }

    /// The exported shared memory called `name`.
    pub fn get_shared_memory(&self, store: impl AsContextMut, name: &str) -> Option<SharedMemory> {
        self.get_export(store, name)?.into_shared_memory()
    }

    /// The exported table called `name`.
    pub fn get_table(&self, store: impl AsContextMut, name: &str) -> Option<Table> {
        self.get_export(store, name)?.into_table()
    }

    /// The exported global called `name`.
    pub fn get_global(&self, store: impl AsContextMut, name: &str) -> Option<Global> {
        self.get_export(store, name)?.into_global()
    }

    /// The module.
    pub fn module<'a, T: 'static>(&self, store: impl Into<StoreContext<'a, T>>) -> Module {
        let store = &store.into().0.opaque;
        Module::from_inner(store.instance(self.index(store)).module().clone())
    }

    /// Its exports, in the order of the module.
    pub fn exports<'a, T: 'static, S: Into<StoreContextMut<'a, T>>>(
        &self,
        store: S,
    ) -> impl ExactSizeIterator<Item = Export<'a>> + use<'a, T, S> {
        let store = &mut store.into().0.opaque;
        let index = self.index(store);
        let module = store.instance(index).module().clone();
        let items: Vec<Extern> = module
            .info()
            .exports
            .iter()
            .map(|export| store.export_item(index, export.item))
            .collect();
        let exports = &store.instance(index).module().info().exports;
        exports.iter().zip(items).map(|(export, item)| Export::new(&export.name, item))
    }
}
