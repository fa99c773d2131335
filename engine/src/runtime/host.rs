//! Host functions: what their funcref records point to, and the way from wasm into the closure.
//!
//! What lives here: the record behind a host function, the trampoline, and the functions a store
//! keeps alive. What does not: how a typed closure takes its arguments from slots (`func`,
//! `typed`).
//!
//! Invariant: a trampoline was made for the type of data of the store that runs it. No panic
//! crosses it: it is parked, and goes on from the call into wasm.

use core::marker::PhantomData;
use core::sync::atomic::AtomicPtr;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use wasmtier_vm::{FuncEntry, FuncKey, FuncKeyKind, FuncRecord, FuncType, Status, VmCtx};

use super::call::Parked;
use super::native::Native;
use super::slots::Slots;
use super::store::{StoreInner, StoreRef};
use super::vmctx::{instance_of, store_of};
use crate::Func;
use crate::caller::Caller;
use crate::engine::Engine;
use crate::error::Result;
use crate::instance::Instance;
use crate::store::StoreContextMut;

/// A host function for stores with data of type `T`, of any number of them.
pub(crate) struct HostFunc<T: 'static> {
    callee: Arc<dyn Callee>,
    /// Whose type ids the entry is named by.
    engine: Engine,
    /// What records point to: the callee itself.
    ctx: *mut VmCtx,
    _store: PhantomData<fn(T)>,
}

// SAFETY: `ctx` points to what `callee` shares, which is `Send + Sync`.
unsafe impl<T: 'static> Send for HostFunc<T> {}
// SAFETY: as above.
unsafe impl<T: 'static> Sync for HostFunc<T> {}

impl<T: 'static> Clone for HostFunc<T> {
    fn clone(&self) -> Self {
        let (callee, engine) = (self.callee.clone(), self.engine.clone());
        Self { callee, engine, ctx: self.ctx, _store: PhantomData }
    }
}

/// A closure with what calls need to know of it.
struct HostCallee<F> {
    entry: FuncEntry,
    ty: FuncType,
    func: F,
}

/// A [`HostCallee`] of some closure.
trait Callee: Send + Sync {
    fn entry(&self) -> &FuncEntry;
    fn ty(&self) -> &FuncType;
}

impl<F: Send + Sync> Callee for HostCallee<F> {
    fn entry(&self) -> &FuncEntry {
        &self.entry
    }

    fn ty(&self) -> &FuncType {
        &self.ty
    }
}

impl<T: 'static> HostFunc<T> {
    /// A host function of type `ty`. `func` takes its arguments from the slots and leaves its
    /// results there.
    pub(crate) fn new<F>(engine: &Engine, ty: FuncType, func: F) -> Self
    where
        F: Fn(Caller<'_, T>, Slots<'_>) -> Result<()> + Send + Sync + 'static,
    {
        let type_id = engine.types().register(&ty);
        let key = FuncKey::new(FuncKeyKind::HostThunk, type_id.0);
        let mut entry = FuncEntry::host(key, type_id, &ty, call_host::<T, F>);
        if let Some(adapt) = engine.native().and_then(Native::adapt_entry) {
            entry.reg_entry = AtomicPtr::new(adapt);
        }
        let callee = Arc::new(HostCallee { entry, ty, func });
        let ctx = Arc::as_ptr(&callee).cast_mut().cast();
        Self { callee, engine: engine.clone(), ctx, _store: PhantomData }
    }

    /// Its type.
    pub(crate) fn ty(&self) -> &FuncType {
        self.callee.ty()
    }

    /// The function in `store`: the same one each time.
    ///
    /// # Errors
    ///
    /// When the store has no room for another function.
    ///
    /// # Panics
    ///
    /// When the store is of another engine: types have other ids there.
    pub(crate) fn func(&self, store: &mut StoreInner<T>) -> Result<Func> {
        let store = &mut store.opaque;
        let same = Engine::same(&self.engine, store.engine());
        assert!(same, "a host function was used with a store of another engine");
        if let Some(known) = store.hosts.offsets.get(&self.ctx.addr()) {
            return Ok(Func::new_unchecked(store, *known));
        }
        let entry = self.callee.entry();
        let record = FuncRecord {
            entry,
            vmctx: self.ctx,
            type_id: entry.type_id,
            func_index: entry.key.index(),
        };
        let offset = store.add_func(record)?;
        store.hosts.offsets.insert(self.ctx.addr(), offset);
        store.hosts.callees.push(self.callee.clone());
        Ok(Func::new_unchecked(store, offset))
    }
}

/// The host functions of a store.
#[derive(Default)]
pub(super) struct HostFuncs {
    /// Keeps what records point to.
    callees: Vec<Arc<dyn Callee>>,
    /// The record of each, by address.
    offsets: HashMap<usize, u32>,
}

/// The [`wasmtier_vm::HostCode`] of a closure.
///
/// # Safety
///
/// As [`wasmtier_vm::HostCode`]; `callee` is a live `HostCallee<F>`, and the running store is a
/// `StoreInner<T>`.
unsafe extern "C" fn call_host<T, F>(
    callee: *mut VmCtx,
    caller: *mut VmCtx,
    args: *mut u64,
) -> Status
where
    T: 'static,
    F: Fn(Caller<'_, T>, Slots<'_>) -> Result<()> + Send + Sync + 'static,
{
    // SAFETY: caller's contract; stores keep the callees of their records.
    let callee = unsafe { &*callee.cast::<HostCallee<F>>().cast_const() };
    // SAFETY: the caller's context is live.
    let vm = unsafe { store_of(caller) };
    // SAFETY: so is its store, and wasm runs, so that there is a host.
    let host = unsafe { (*vm).host };
    // SAFETY: the store is a `StoreInner<T>`; who runs it waits for us and borrows nothing of it.
    let store = unsafe { &mut *host.cast::<StoreInner<T>>() };
    // SAFETY: the caller's context is live.
    let instance = unsafe { instance_of(caller) };
    let instance = instance.map(|index| Instance::from_index(&store.opaque, index));
    let caller = Caller { store: StoreContextMut(store), instance };
    let slots = callee.entry.param_slots.max(callee.entry.result_slots);
    // SAFETY: `args` has room for parameters and results, and waits for us.
    let slots = unsafe { Slots::new(args, slots) };
    let reason = match catch_unwind(AssertUnwindSafe(|| (callee.func)(caller, slots))) {
        Ok(Ok(())) => return Status::OK,
        Ok(Err(error)) => Parked::Error(error),
        Err(payload) => Parked::Panic(payload),
    };
    // SAFETY: as above; the closure has ended, and with it every borrow it had.
    let mut store = unsafe { StoreRef::from_host(host) };
    store.parked = Some(reason);
    Status::UNWIND
}
