//! [`Caller`]: what a host function gets to know about who called it.
//!
//! Invariant: the instance of a caller is the one whose code runs; a host function that the host
//! itself calls has none.

use crate::Extern;
use crate::engine::Engine;
use crate::instance::Instance;
use crate::store::StoreContextMut;

/// The store of a running host function, and the instance that called it.
///
/// Through [`AsContextMut`](crate::AsContextMut) it serves wherever a store does: a host function
/// may call back into wasm.
///
/// ```
/// use wasmtier::{Caller, Engine, Func, Store};
///
/// # fn main() -> Result<(), wasmtier::Error> {
/// let mut store = Store::new(&Engine::default(), 5);
/// let count = Func::wrap(&mut store, |mut caller: Caller<'_, i32>, by: i32| {
///     // The host itself calls: there is no instance to look into.
///     assert!(caller.get_export("memory").is_none());
///     *caller.data_mut() += by;
///     *caller.data()
/// });
/// assert_eq!(count.typed::<i32, i32>(&store)?.call(&mut store, 2)?, 7);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Caller<'a, T: 'static> {
    pub(crate) store: StoreContextMut<'a, T>,
    pub(crate) instance: Option<Instance>,
}

impl<T: 'static> Caller<'_, T> {
    /// The host's data in the store.
    #[inline]
    pub fn data(&self) -> &T {
        self.store.data()
    }

    /// The host's data, to change.
    #[inline]
    pub fn data_mut(&mut self) -> &mut T {
        self.store.data_mut()
    }

    /// The engine of the store.
    pub fn engine(&self) -> &Engine {
        self.store.engine()
    }

    /// An export of the calling instance; `None` when it has none of that name, or when the host
    /// made the call.
    #[inline]
    pub fn get_export(&mut self, name: &str) -> Option<Extern> {
        self.instance?.get_export(self, name)
    }

    /// A shorter borrow of the same caller.
    #[inline]
    pub(crate) fn reborrow(&mut self) -> Caller<'_, T> {
        Caller { store: StoreContextMut(&mut *self.store.0), instance: self.instance }
    }
}
