//! [`Store`] and the contexts through which everything that lives in one is reached.
//!
//! What lives here: the public face. What does not: the objects of a store and who keeps them
//! alive (`runtime::store`). Invariant: wasm runs only under a `&mut` borrow of its store, so a
//! shared borrow sees memories, tables and globals that nobody changes.

use crate::caller::Caller;
use crate::engine::Engine;
use crate::limits::ResourceLimiter;
use crate::runtime::store::{StoreBox, StoreInner};

/// Owner of instances and of everything they use, with `T` for the host's own data.
///
/// Whatever is made in a store lives until the store is dropped: instances, memories, tables,
/// globals, functions, and the values of external references. Handles to them are `Copy` and hold
/// no borrow; using one with another store panics.
///
/// ```
/// use wasmtier::{Engine, Store};
/// let mut store = Store::new(&Engine::default(), 1);
/// *store.data_mut() += 1;
/// assert_eq!(store.into_data(), 2);
/// ```
#[derive(Debug)]
pub struct Store<T: 'static> {
    inner: StoreBox<T>,
}

impl<T: 'static> Store<T> {
    /// An empty store that holds `data`.
    pub fn new(engine: &Engine, data: T) -> Self {
        Self { inner: StoreBox::new(engine, data) }
    }

    /// The host's data.
    #[inline]
    pub fn data(&self) -> &T {
        &self.inner.data
    }

    /// The host's data, to change.
    #[inline]
    pub fn data_mut(&mut self) -> &mut T {
        &mut self.inner.data
    }

    /// Drops everything but the host's data.
    pub fn into_data(self) -> T {
        self.inner.into_data()
    }

    /// The engine the store was made for.
    pub fn engine(&self) -> &Engine {
        self.inner.opaque.engine()
    }

    /// Asks the limiter that `limiter` finds in the host's data before memories and tables are
    /// made or grow, and before instances are made.
    pub fn limiter(
        &mut self,
        limiter: impl (FnMut(&mut T) -> &mut dyn ResourceLimiter) + Send + Sync + 'static,
    ) {
        self.inner.set_limiter(Box::new(limiter));
    }
}

/// A shared borrow of a store.
///
/// ```
/// use wasmtier::{AsContext, Engine, Store, StoreContext};
/// let store = Store::new(&Engine::default(), "data");
/// let context: StoreContext<'_, &str> = store.as_context();
/// assert_eq!(*context.data(), "data");
/// ```
#[derive(Debug)]
pub struct StoreContext<'a, T: 'static>(pub(crate) &'a StoreInner<T>);

impl<T: 'static> Copy for StoreContext<'_, T> {}
impl<T: 'static> Clone for StoreContext<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<'a, T: 'static> StoreContext<'a, T> {
    /// The host's data.
    #[inline]
    pub fn data(&self) -> &'a T {
        &self.0.data
    }

    /// The engine of the store.
    pub fn engine(&self) -> &'a Engine {
        self.0.opaque.engine()
    }
}

/// An exclusive borrow of a store.
///
/// ```
/// use wasmtier::{AsContextMut, Engine, Store, StoreContextMut};
/// let mut store = Store::new(&Engine::default(), 1);
/// let mut context: StoreContextMut<'_, i32> = store.as_context_mut();
/// *context.data_mut() += 1;
/// assert_eq!(store.into_data(), 2);
/// ```
#[derive(Debug)]
pub struct StoreContextMut<'a, T: 'static>(pub(crate) &'a mut StoreInner<T>);

impl<T: 'static> StoreContextMut<'_, T> {
    /// The host's data.
    #[inline]
    pub fn data(&self) -> &T {
        &self.0.data
    }

    /// The host's data, to change.
    #[inline]
    pub fn data_mut(&mut self) -> &mut T {
        &mut self.0.data
    }

    /// The engine of the store.
    pub fn engine(&self) -> &Engine {
        self.0.opaque.engine()
    }
}

/// What a store can be read through: the store, its contexts, [`Caller`], and borrows of them.
///
/// ```
/// use wasmtier::{AsContext, Engine, Memory, Store};
///
/// fn is_full(memory: Memory, store: impl AsContext) -> bool {
///     memory.ty(&store).maximum == Some(memory.size(&store))
/// }
/// # use wasmtier::MemoryType;
/// # let mut store = Store::new(&Engine::default(), ());
/// # let ty = MemoryType::new(1, Some(1));
/// # let memory = Memory::new(&mut store, ty)?;
/// assert!(is_full(memory, &store));
/// # Ok::<(), wasmtier::Error>(())
/// ```
pub trait AsContext {
    /// The host's data in the store.
    type Data: 'static;

    /// Borrows the store.
    fn as_context(&self) -> StoreContext<'_, Self::Data>;
}

/// What a store can be changed through: a store, a [`StoreContextMut`], a [`Caller`], or an
/// exclusive borrow of one.
///
/// ```
/// use wasmtier::{AsContextMut, Caller, Engine, Func, Store};
///
/// fn bump(mut store: impl AsContextMut<Data = u32>) {
///     *store.as_context_mut().data_mut() += 1;
/// }
/// let mut store = Store::new(&Engine::default(), 0);
/// bump(&mut store);
/// let func = Func::wrap(&mut store, |caller: Caller<'_, u32>| bump(caller));
/// func.call(&mut store, &[], &mut [])?;
/// assert_eq!(*store.data(), 2);
/// # Ok::<(), wasmtier::Error>(())
/// ```
pub trait AsContextMut: AsContext {
    /// Borrows the store exclusively.
    fn as_context_mut(&mut self) -> StoreContextMut<'_, Self::Data>;
}

impl<T: 'static> AsContext for Store<T> {
    type Data = T;
    #[inline]
    fn as_context(&self) -> StoreContext<'_, T> {
        StoreContext(&self.inner)
    }
}

impl<T: 'static> AsContextMut for Store<T> {
    #[inline]
    fn as_context_mut(&mut self) -> StoreContextMut<'_, T> {
        StoreContextMut(&mut self.inner)
    }
}

impl<T: 'static> AsContext for StoreContext<'_, T> {
    type Data = T;
    #[inline]
    fn as_context(&self) -> StoreContext<'_, T> {
        StoreContext(self.0)
    }
}

impl<T: 'static> AsContext for StoreContextMut<'_, T> {
    type Data = T;
    #[inline]
    fn as_context(&self) -> StoreContext<'_, T> {
        StoreContext(self.0)
    }
}

impl<T: 'static> AsContextMut for StoreContextMut<'_, T> {
    #[inline]
    fn as_context_mut(&mut self) -> StoreContextMut<'_, T> {
        StoreContextMut(self.0)
    }
}

impl<T: 'static> AsContext for Caller<'_, T> {
    type Data = T;
    #[inline]
    fn as_context(&self) -> StoreContext<'_, T> {
        self.store.as_context()
    }
}

impl<T: 'static> AsContextMut for Caller<'_, T> {
    #[inline]
    fn as_context_mut(&mut self) -> StoreContextMut<'_, T> {
        self.store.as_context_mut()
    }
}

impl<C: AsContext> AsContext for &'_ C {
    type Data = C::Data;
    #[inline]
    fn as_context(&self) -> StoreContext<'_, C::Data> {
        C::as_context(self)
    }
}

impl<C: AsContext> AsContext for &'_ mut C {
    type Data = C::Data;
    #[inline]
    fn as_context(&self) -> StoreContext<'_, C::Data> {
        C::as_context(self)
    }
}

impl<C: AsContextMut> AsContextMut for &'_ mut C {
    #[inline]
    fn as_context_mut(&mut self) -> StoreContextMut<'_, C::Data> {
        C::as_context_mut(self)
    }
}

impl<'a, C: AsContext> From<&'a C> for StoreContext<'a, C::Data> {
    fn from(context: &'a C) -> Self {
        context.as_context()
    }
}

impl<'a, C: AsContext> From<&'a mut C> for StoreContext<'a, C::Data> {
    fn from(context: &'a mut C) -> Self {
        C::as_context(context)
    }
}

impl<'a, C: AsContextMut> From<&'a mut C> for StoreContextMut<'a, C::Data> {
    fn from(context: &'a mut C) -> Self {
        context.as_context_mut()
    }
}
