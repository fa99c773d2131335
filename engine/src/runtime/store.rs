//! What a store is made of: [`StoreOpaque`], its typed shell [`StoreInner`], and how running code
//! finds the way back to them ([`StoreRef`]).
//!
//! What lives here: ownership and identity. What does not: what the objects do (`memory_object`,
//! `table`, `funcref`, `instance`) and how calls enter and leave wasm (`call`, `host`).
//!
//! Invariants: objects are only ever added, and live until the store is dropped; running code
//! holds raw pointers to pinned objects, never to the vectors here. `VmStore.host` is a pointer to
//! the whole [`StoreInner`] whenever wasm runs, derived from the `&mut` that the call into wasm
//! holds.

use core::any::Any;
use core::fmt;
use core::marker::PhantomData;
use core::ops::{Deref, DerefMut};
use core::ptr::NonNull;
use core::sync::atomic::{AtomicU64, Ordering};
use std::collections::BTreeMap;
use std::sync::Arc;

use wasmtier_vm::{FuncType, TypeId, VmStore};

use super::call::{Parked, ValueStack};
use super::externref::ExternValues;
use super::funcref::FuncArena;
use super::global::GlobalObject;
use super::host::HostFuncs;
use super::instance::InstanceObject;
use super::limit::{LimitHook, Limiter, Request, ask};
use super::memory_object::MemoryObject;
use super::pinned::Pinned;
use super::reservation_set::ReservationSet;
use super::table::TableObject;
use super::vmctx::VmCtxBlock;
use crate::engine::Engine;
use crate::error::Result;
use crate::module::ModuleInner;
use crate::trap::WasmBacktrace;

/// The identity of a store: no two stores of a process share one.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct StoreId(u64);

impl StoreId {
    fn next() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        // Relaxed: only that the numbers differ matters.
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// A store with the host's data.
///
/// `repr(C)` with the opaque part first: a pointer to the whole is a pointer to that.
#[repr(C)]
pub(crate) struct StoreInner<T: 'static> {
    pub(crate) opaque: StoreOpaque,
    pub(super) limiter: Option<Limiter<T>>,
    pub(crate) data: T,
}

impl<T: 'static> StoreInner<T> {
    pub(crate) fn set_limiter(&mut self, limiter: Limiter<T>) {
        self.limiter = Some(limiter);
        self.opaque.limit_hook = Some(ask::<T>);
    }

    /// The store without its type.
    #[inline]
    pub(crate) fn erase(&mut self) -> StoreRef<'_> {
        StoreRef { store: NonNull::from(self).cast(), _borrow: PhantomData }
    }
}

impl<T: 'static> fmt::Debug for StoreInner<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("id", &self.opaque.id.0).finish_non_exhaustive()
    }
}

/// The owner of a [`StoreInner`], which never moves while it lives.
#[derive(Debug)]
pub(crate) struct StoreBox<T: 'static>(NonNull<StoreInner<T>>);

// SAFETY: the box owns the store and everything in it; `T` is the only part that may mind, the
// rest is `Send` (see `StoreOpaque`).
unsafe impl<T: Send> Send for StoreBox<T> {}
// SAFETY: a shared store is only read.
unsafe impl<T: Sync> Sync for StoreBox<T> {}

impl<T: 'static> StoreBox<T> {
    pub(crate) fn new(engine: &Engine, data: T) -> Self {
        let inner = StoreInner { opaque: StoreOpaque::new(engine), limiter: None, data };
        Self(NonNull::from(Box::leak(Box::new(inner))))
    }

    pub(crate) fn into_data(self) -> T {
        let inner = core::mem::ManuallyDrop::new(self).0;
        // SAFETY: the pointer came from a leaked box in `new`; `self` is not dropped any more.
        let inner = unsafe { Box::from_raw(inner.as_ptr()) };
        inner.data
    }
}

impl<T: 'static> Deref for StoreBox<T> {
    type Target = StoreInner<T>;
    #[inline]
    fn deref(&self) -> &StoreInner<T> {
        // SAFETY: the pointer is valid until drop, and `&self` keeps everybody from changing it.
        unsafe { self.0.as_ref() }
    }
}

impl<T: 'static> DerefMut for StoreBox<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut StoreInner<T> {
        // SAFETY: the pointer is valid until drop, and `&mut self` is the only way to it: wasm,
        // which knows it too, runs under such a borrow.
        unsafe { self.0.as_mut() }
    }
}

impl<T: 'static> Drop for StoreBox<T> {
    fn drop(&mut self) {
        // SAFETY: the pointer came from a leaked box in `new`, and only `drop` frees it.
        drop(unsafe { Box::from_raw(self.0.as_ptr()) });
    }
}

/// Everything of a store but the host's data.
pub struct StoreOpaque {
    id: StoreId,
    engine: Engine,
    /// What running code sees of the store.
    pub(super) vm: Pinned<VmStore>,
    /// Where faults of the store's code are traps: at the guards of its memories, which live as
    /// long as the store.
    pub(super) faults: Pinned<ReservationSet>,
    /// The context of calls that come from the host: it has a store, and nothing else.
    pub(super) host_ctx: VmCtxBlock,
    pub(super) stack: ValueStack,
    pub(super) funcs: FuncArena,
    pub(super) instances: Vec<InstanceObject>,
    pub(super) memories: Vec<MemoryObject>,
    pub(super) tables: Vec<TableObject>,
    pub(super) globals: Vec<GlobalObject>,
    pub(crate) externs: ExternValues,
    pub(super) hosts: HostFuncs,
    /// The modules of the instances, by the address of their code table.
    pub(super) modules: BTreeMap<usize, Arc<ModuleInner>>,
    /// Why wasm is being left, while it is.
    pub(super) parked: Option<Parked>,
    /// Where it is being left, if machine code leaves.
    pub(super) left_at: Option<WasmBacktrace>,
    limit_hook: Option<LimitHook>,
    /// Types of functions that were called dynamically, by id: the engine's own table has a lock.
    types: Vec<Option<Arc<FuncType>>>,
}

// SAFETY: the raw pointers in a store lead to objects that the store owns, or that modules and
// host functions own which the store keeps alive and which are `Send + Sync`. Host values are
// `Send + Sync` by the bounds of the API.
unsafe impl Send for StoreOpaque {}
// SAFETY: as above; a shared store is only read, and a parked panic is not reachable through it.
unsafe impl Sync for StoreOpaque {}

impl StoreOpaque {
    fn new(engine: &Engine) -> Self {
        let vm = Pinned::new(VmStore {
            stack_low: core::ptr::null_mut(),
            stack_top: core::ptr::null_mut(),
            activation: core::ptr::null_mut(),
            host: core::ptr::null_mut(),
            native_limit: 0,
        });
        let host_ctx = VmCtxBlock::for_host(vm.as_ptr(), engine.builtins());
        Self {
            id: StoreId::next(),
            engine: engine.clone(),
            vm,
            faults: Pinned::new(ReservationSet::default()),
            host_ctx,
            stack: ValueStack::default(),
            funcs: FuncArena::default(),
            instances: Vec::new(),
            memories: Vec::new(),
            tables: Vec::new(),
            globals: Vec::new(),
            externs: ExternValues::default(),
            hosts: HostFuncs::default(),
            modules: BTreeMap::new(),
            parked: None,
            left_at: None,
            limit_hook: None,
            types: Vec::new(),
        }
    }

    #[inline]
    pub(crate) fn id(&self) -> StoreId {
        self.id
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The type called `id`, which is that of a function of the store.
    #[inline]
    pub(crate) fn learn_type(&mut self, id: TypeId) -> &FuncType {
        let at = id.index();
        if self.types.get(at).is_none_or(Option::is_none) {
            self.types.resize(self.types.len().max(at + 1), None);
            self.types[at] = self.engine.types().func_type(id);
        }
        self.types[at].as_ref().expect("the type of a function is registered in its engine")
    }

    /// A memory of the store.
    pub(crate) fn memory(&self, index: usize) -> &MemoryObject {
        &self.memories[index]
    }

    /// A memory of the store, to change.
    pub(crate) fn memory_mut(&mut self, index: usize) -> &mut MemoryObject {
        &mut self.memories[index]
    }

    /// Adds a memory and returns its index.
    pub(super) fn add_memory(&mut self, memory: MemoryObject) -> usize {
        if let Some(addresses) = memory.guarded_addresses() {
            // SAFETY: pinned by the store, and nobody else refers to it: the fault handler does
            // only while code of the store runs.
            unsafe { &*self.faults.as_ptr() }.insert(addresses);
        }
        self.memories.push(memory);
        self.memories.len() - 1
    }

    /// A table of the store.
    pub(crate) fn table(&self, index: usize) -> &TableObject {
        &self.tables[index]
    }

    /// A table of the store, to change.
    pub(crate) fn table_mut(&mut self, index: usize) -> &mut TableObject {
        &mut self.tables[index]
    }

    /// Two tables of the store, which are not the same.
    pub(crate) fn two_tables(
        &mut self,
        a: usize,
        b: usize,
    ) -> (&mut TableObject, &mut TableObject) {
        let tables = self.tables.get_disjoint_mut([a, b]);
        let [a, b] = tables.expect("two different tables of the store");
        (a, b)
    }

    /// A global of the store.
    pub(crate) fn global(&self, index: usize) -> &GlobalObject {
        &self.globals[index]
    }

    /// A global of the store, to change.
    pub(crate) fn global_mut(&mut self, index: usize) -> &mut GlobalObject {
        &mut self.globals[index]
    }

    /// Adds a global and returns its index.
    pub(crate) fn add_global(&mut self, global: GlobalObject) -> usize {
        self.globals.push(global);
        self.globals.len() - 1
    }

    /// # Panics
    ///
    /// When `what` belongs to another store.
    #[inline]
    pub(crate) fn check(&self, owner: StoreId, what: &str) {
        if owner != self.id {
            foreign(what);
        }
    }
}

#[cold]
#[inline(never)]
fn foreign(what: &str) -> ! {
    panic!("{what} was used with a store it does not belong to");
}

/// An exclusive borrow of a store whose type is not known: what builtins get, and what everything
/// that does not care for the host's data works on.
pub(crate) struct StoreRef<'a> {
    /// The [`StoreInner`] of some type, as a pointer that may be used for all of it.
    store: NonNull<StoreOpaque>,
    _borrow: PhantomData<&'a mut StoreOpaque>,
}

impl StoreRef<'_> {
    /// The store that runs.
    ///
    /// # Safety
    ///
    /// `store` is the `host` of a live [`VmStore`] while wasm runs, and nobody else borrows it
    /// during `'a`.
    #[inline]
    pub(super) unsafe fn from_host(store: *mut ()) -> Self {
        // SAFETY: a running store has a host (caller's contract).
        let store = unsafe { NonNull::new_unchecked(store.cast()) };
        Self { store, _borrow: PhantomData }
    }

    /// A shorter borrow of the same store.
    #[inline]
    #[expect(clippy::needless_pass_by_ref_mut, reason = "the borrow is passed on")]
    pub(crate) fn reborrow(&mut self) -> StoreRef<'_> {
        StoreRef { store: self.store, _borrow: PhantomData }
    }

    /// The pointer for `VmStore.host`.
    #[inline]
    #[expect(clippy::needless_pass_by_ref_mut, reason = "the borrow is passed on")]
    pub(super) fn as_host(&mut self) -> *mut () {
        self.store.as_ptr().cast()
    }

    /// Asks the store's limiter, if there is one.
    pub(super) fn ask(&mut self, request: Request) -> Result<bool> {
        match self.limit_hook {
            // SAFETY: the hook was installed for the type of this very store, which `self`
            // borrows exclusively.
            Some(hook) => unsafe { hook(self.store, request) },
            None => Ok(true),
        }
    }
}

impl Deref for StoreRef<'_> {
    type Target = StoreOpaque;
    #[inline]
    fn deref(&self) -> &StoreOpaque {
        // SAFETY: valid and exclusively borrowed by `self` (contract of its makers).
        unsafe { self.store.as_ref() }
    }
}

impl DerefMut for StoreRef<'_> {
    #[inline]
    fn deref_mut(&mut self) -> &mut StoreOpaque {
        // SAFETY: valid and exclusively borrowed by `self` (contract of its makers).
        unsafe { self.store.as_mut() }
    }
}

/// A value of any type that the host gave to the store.
pub(crate) type HostValue = Box<dyn Any + Send + Sync>;
