//! [`Func`]: a function of a store, by any origin.
//!
//! What lives here: the handle, dynamically typed calls, and host functions on [`Val`]s. What does
//! not: statically typed calls and closures (`typed`), and the crossing itself (`runtime::call`).
//!
//! Invariant: a handle names a complete funcref record of its store.

use std::sync::Arc;

use wasmtier_vm::{FuncType, TypeId, ValType};

use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::runtime::call::{Signature, call};
use crate::runtime::host::HostFunc;
use crate::runtime::slots::Slots;
use crate::runtime::store::{StoreId, StoreInner, StoreOpaque};
use crate::store::{AsContext, AsContextMut};
use crate::value::Val;

/// A function: of an instance or of the host.
///
/// A handle, valid with the store it came from.
///
/// ```
/// use wasmtier::{Engine, Func, FuncType, Store, Val, ValType};
/// let mut store = Store::new(&Engine::default(), 0);
/// let ty = FuncType::new([ValType::I32], [ValType::I32]);
/// let double = Func::new(&mut store, ty, |mut caller, params, results| {
///     *caller.data_mut() += 1;
///     results[0] = Val::I32(params[0].unwrap_i32() * 2);
///     Ok(())
/// });
/// let mut results = [Val::I32(0)];
/// double.call(&mut store, &[Val::I32(21)], &mut results)?;
/// assert_eq!((results[0].i32(), *store.data()), (Some(42), 1));
/// # Ok::<(), wasmtier::Error>(())
/// ```
#[derive(Copy, Clone, Debug)]
pub struct Func {
    store: StoreId,
    /// Offset of its record.
    offset: u32,
}

impl Func {
    /// A host function of type `ty`.
    ///
    /// `func` gets the arguments and a slice for the results, which hold zeros and nulls. An error
    /// of `func` leaves wasm and is returned by the call that entered it; a panic likewise goes on
    /// there.
    ///
    /// # Panics
    ///
    /// When the store has no room for another function (2^27).
    pub fn new<T: 'static>(
        mut store: impl AsContextMut<Data = T>,
        ty: FuncType,
        func: impl Fn(Caller<'_, T>, &[Val], &mut [Val]) -> Result<()> + Send + Sync + 'static,
    ) -> Self {
        let store = store.as_context_mut().0;
        let host = HostFunc::dynamic(store.opaque.engine(), ty, func);
        host.func(store).expect("a store has room for 2^27 functions")
    }

    /// The function of a record that is complete.
    pub(crate) fn new_unchecked(store: &StoreOpaque, offset: u32) -> Self {
        Self { store: store.id(), offset }
    }

    /// The function a reference of this store names; `None` for null.
    pub(crate) fn from_handle(store: &mut StoreOpaque, handle: u32) -> Option<Self> {
        (handle != 0).then(|| {
            store.func_record(handle);
            Self::new_unchecked(store, handle)
        })
    }

    /// The reference in slots of its store.
    ///
    /// # Panics
    ///
    /// When the function belongs to another store.
    #[inline]
    pub(crate) fn handle(self, store: &StoreOpaque) -> u32 {
        store.check(self.store, "a function");
        self.offset
    }

    /// The engine-wide name of its type.
    pub(crate) fn type_id(self, store: &StoreOpaque) -> TypeId {
        store.known_record(self.handle(store)).type_id
    }

    /// Its type, shared.
    pub(crate) fn shared_ty(self, store: &StoreOpaque) -> Arc<FuncType> {
        let ty = store.engine().types().func_type(self.type_id(store));
        ty.expect("the type of a function is registered in its engine")
    }

    /// Its type.
    ///
    /// # Panics
    ///
    /// When the function belongs to another store.
    pub fn ty(&self, store: impl AsContext) -> FuncType {
        FuncType::clone(&self.shared_ty(&store.as_context().0.opaque))
    }

    /// Calls it.
    ///
    /// # Errors
    ///
    /// When `params` are not of its parameter types or `results` are not as many as its results;
    /// then nothing was called. A [`Trap`](crate::Trap) with a
    /// [`WasmBacktrace`](crate::WasmBacktrace); the error of a host function.
    ///
    /// # Panics
    ///
    /// When the function or a reference in `params` belongs to another store; with the panic of a
    /// host function.
    pub fn call(
        &self,
        mut store: impl AsContextMut,
        params: &[Val],
        results: &mut [Val],
    ) -> Result<()> {
        let store = store.as_context_mut().0;
        let type_id = self.type_id(&store.opaque);
        let ty = store.opaque.learn_type(type_id);
        check_values("parameter", ty.params(), params)?;
        if ty.results().len() != results.len() {
            let (wanted, found) = (ty.results().len(), results.len());
            return Err(Error::msg(format!("expected room for {wanted} results, found {found}")));
        }
        let signature = Signature::known(type_id, ty);
        self.call_slots(
            store,
            signature,
            |store, slots| write_values(store, slots, params),
            |store, slots| read_results(store, slots, type_id, results),
        )
    }

    /// Calls it on slots; see [`call`].
    ///
    /// # Errors
    ///
    /// As [`Func::call`].
    ///
    /// # Panics
    ///
    /// As [`Func::call`], and when `signature` is not that of the function.
    #[inline]
    pub(crate) fn call_slots<T: 'static, R>(
        self,
        store: &mut StoreInner<T>,
        signature: Signature,
        write: impl FnOnce(&StoreOpaque, &mut Slots<'_>),
        read: impl FnOnce(&mut StoreOpaque, &Slots<'_>) -> R,
    ) -> Result<R> {
        let record = store.opaque.known_record(self.handle(&store.opaque));
        call(store.erase(), &record, signature, write, read)
    }
}

fn check_values(what: &str, types: &[ValType], values: &[Val]) -> Result<()> {
    if types.len() != values.len() {
        let (wanted, found) = (types.len(), values.len());
        return Err(Error::msg(format!("expected {wanted} {what}s, found {found}")));
    }
    for (place, (ty, value)) in types.iter().zip(values).enumerate() {
        if !value.matches_ty(*ty) {
            let found = value.ty();
            return Err(Error::msg(format!("{what} {place}: expected {ty}, found {found}")));
        }
    }
    Ok(())
}

fn write_values(store: &StoreOpaque, slots: &mut Slots<'_>, values: &[Val]) {
    let mut at = 0;
    for value in values {
        at = value.write(store, slots, at);
    }
}

/// Reads the results of a function whose type has been learnt.
fn read_results(store: &mut StoreOpaque, slots: &Slots<'_>, ty: TypeId, results: &mut [Val]) {
    let mut at = 0;
    for (place, result) in results.iter_mut().enumerate() {
        let ty = store.learn_type(ty).results()[place];
        result.read(store, slots, at, ty);
        at += ty.slots();
    }
}

/// How many values a call of a host function on [`Val`]s keeps on the host's own stack: enough for
/// most functions, and for nearly all.
const FEW: usize = 4;
const MANY: usize = 16;

impl<T: 'static> HostFunc<T> {
    /// A host function of type `ty` on [`Val`]s.
    pub(crate) fn dynamic(
        engine: &crate::Engine,
        ty: FuncType,
        func: impl Fn(Caller<'_, T>, &[Val], &mut [Val]) -> Result<()> + Send + Sync + 'static,
    ) -> Self {
        let signature = ty.clone();
        let count = ty.params().len() + ty.results().len();
        Self::new(engine, ty, move |caller, slots| {
            if count == 0 {
                func(caller, &[], &mut [])
            } else if count <= FEW {
                run_dynamic(&func, caller, slots, &signature, &mut [Val::I32(0); FEW])
            } else if count <= MANY {
                run_dynamic(&func, caller, slots, &signature, &mut [Val::I32(0); MANY])
            } else {
                run_dynamic(&func, caller, slots, &signature, &mut vec![Val::I32(0); count])
            }
        })
    }
}

/// Runs `func`, of type `ty`, on values: `room` is for at least as many as it has.
fn run_dynamic<T: 'static>(
    func: &impl Fn(Caller<'_, T>, &[Val], &mut [Val]) -> Result<()>,
    mut caller: Caller<'_, T>,
    mut slots: Slots<'_>,
    ty: &FuncType,
    room: &mut [Val],
) -> Result<()> {
    let (params, room) = room.split_at_mut(ty.params().len());
    let (results, _) = room.split_at_mut(ty.results().len());
    read_params(&mut caller.store.0.opaque, &slots, ty, params, results);
    func(caller.reborrow(), params, results)?;
    check_values("result", ty.results(), results)?;
    write_values(&caller.store.0.opaque, &mut slots, results);
    Ok(())
}

/// Reads the parameters of a function of type `ty`, and gives its results zeros and nulls.
fn read_params(
    store: &mut StoreOpaque,
    slots: &Slots<'_>,
    ty: &FuncType,
    params: &mut [Val],
    results: &mut [Val],
) {
    let mut at = 0;
    for (param, ty) in params.iter_mut().zip(ty.params()) {
        param.read(store, slots, at, *ty);
        at += ty.slots();
    }
    for (result, ty) in results.iter_mut().zip(ty.results()) {
        *result = Val::default_for_ty(*ty);
    }
}
