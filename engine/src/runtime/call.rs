//! Calls from the host: into wasm, or to a host function that the host holds a handle of.
//!
//! What lives here: room on the value stack, activations, and what becomes of a status other than
//! OK. What does not: the way back (`host`) and the values of arguments (`value`, `typed`).
//!
//! Invariants: whatever a call changes in `VmStore` it restores before it returns or panics.
//! Between two calls from outside, `stack_top` is the end of the stack and no activation is linked.

use core::any::Any;
use core::mem::MaybeUninit;
use core::ptr;
use std::panic::resume_unwind;

use wasmtier_ops::Trap;
use wasmtier_vm::{Activation, FuncRecord, FuncType, Status, TypeId};

use super::backtrace;
use super::native::Native;
use super::native_stack::Limits;
use super::slots::Slots;
use super::store::{StoreOpaque, StoreRef};
use crate::error::{Error, Result};
use crate::trap::WasmBacktrace;

/// Slots that a call needs above its callee's frame.
const HEADER: usize = wasmtier_vm::frame::HEADER_SLOTS as usize;

/// Slots below the limit of a stack.
const RESERVE: usize = wasmtier_vm::frame::STACK_RESERVE as usize / 8;

/// The stack of wasm frames of a store, allocated when it is first needed.
#[derive(Default)]
pub(crate) struct ValueStack {
    slots: Box<[MaybeUninit<u64>]>,
    /// Bytes of them that calls may use.
    bytes: usize,
    /// Address of a local of the outermost call from the host; 0 when there is none.
    native_base: usize,
}

/// Why wasm is being left.
pub(crate) enum Parked {
    /// A host function, limiter or translation failed.
    Error(Error),
    /// A host function panicked.
    Panic(Box<dyn Any + Send>),
}

/// A function type as calls need it.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Signature {
    type_id: TypeId,
    slots: u32,
}

impl Signature {
    /// The signature of `ty`, which `type_id` names.
    pub(crate) fn known(type_id: TypeId, ty: &FuncType) -> Self {
        Self { type_id, slots: ty.param_slots().max(ty.result_slots()) }
    }
}

impl StoreOpaque {
    /// Where a new instance finds the end of the stack.
    pub(super) fn stack_limit(&self) -> usize {
        // SAFETY: pinned by the store.
        unsafe { (*self.vm.as_ptr()).stack_low }.addr()
    }

    /// Allocates the value stack, and tells every context.
    #[cold]
    fn make_stack(&mut self) {
        let slots = (self.engine().config().max_wasm_stack / 8).max(HEADER);
        // Machine code opens a callee's frame before the callee sees that there is no room for it.
        // Not zeroed: that would cost more than most calls take.
        self.stack.slots = Box::new_uninit_slice(RESERVE + slots);
        self.stack.bytes = slots * size_of::<u64>();
        let low = self.stack.slots.as_mut_ptr().wrapping_add(RESERVE).cast();
        let vm = self.vm.as_ptr();
        // SAFETY: pinned by the store; nothing runs yet.
        unsafe { (*vm).stack_low = low };
        // SAFETY: as above.
        unsafe { (*vm).stack_top = low.wrapping_add(slots) };
        for instance in &self.instances {
            instance.ctx().set_stack_limit(low.addr());
        }
    }
}

impl StoreOpaque {
    /// Lets calls use `bytes` of the stack, of which none is in use.
    #[cold]
    fn resize_stack(&mut self, bytes: usize) {
        self.stack.bytes = bytes;
        let end = self.stack.slots.len().saturating_sub(bytes / size_of::<u64>());
        let low = self.stack.slots.as_mut_ptr().wrapping_add(end).cast::<u64>();
        // SAFETY: pinned by the store; nothing runs.
        unsafe { (*self.vm.as_ptr()).stack_low = low };
        for instance in &self.instances {
            instance.ctx().set_stack_limit(low.addr());
        }
    }
}

/// Calls the function of `record`, whose type must be `signature`'s. `write` puts the arguments
/// into the slots from which `read` takes the results.
///
/// # Errors
///
/// A trap, with a backtrace attached; or whatever error a host function left wasm with.
///
/// # Panics
///
/// When the record is of another type; and with the panic of a host function.
#[inline]
pub(crate) fn call<R>(
    mut store: StoreRef<'_>,
    record: &FuncRecord,
    signature: Signature,
    write: impl FnOnce(&StoreOpaque, &mut Slots<'_>),
    read: impl FnOnce(&mut StoreOpaque, &Slots<'_>) -> R,
) -> Result<R> {
    assert!(record.type_id == signature.type_id, "a function was called with another's type");
    let first = frame(&mut store, signature.slots)?;
    // SAFETY: `frame` found room for the slots below the live frames, where nobody looks until
    // the call begins.
    let mut slots = unsafe { Slots::new(first, signature.slots) };
    write(&store, &mut slots);
    // SAFETY: a complete record of this store; the arguments of its type are in the slots.
    unsafe { enter(&mut store, record, first, signature.slots) }?;
    // SAFETY: as above; the callee has returned, and its results are in the same slots.
    let slots = unsafe { Slots::new(first, signature.slots) };
    Ok(read(&mut store, &slots))
}

/// The slot of argument 0 of a call with `slots` slots, checked for room.
#[inline]
fn frame(store: &mut StoreRef<'_>, slots: u32) -> Result<*mut u64> {
    let vm = store.vm.as_ptr();
    // SAFETY: pinned by the store.
    if unsafe { (*vm).stack_low }.is_null() {
        store.make_stack();
    }
    // SAFETY: as above.
    let top = unsafe { (*vm).stack_top };
    // SAFETY: as above.
    let low = unsafe { (*vm).stack_low };
    let room = top.addr().saturating_sub(low.addr()) / size_of::<u64>();
    if room < slots as usize + HEADER {
        return Err(stack_overflow(store));
    }
    Ok(top.wrapping_sub(1))
}

#[cold]
fn stack_overflow(store: &mut StoreOpaque) -> Error {
    with_backtrace(store, Error::new(Trap::StackOverflow))
}

fn with_backtrace(store: &mut StoreOpaque, error: Error) -> Error {
    let captured = store.left_at.take();
    if error.is::<WasmBacktrace>() {
        return error;
    }
    match captured.or_else(|| backtrace::capture(store)) {
        Some(frames) => error.attach(frames),
        None => error,
    }
}

/// Looks at the frames of machine code that is being left with `status`, for [`leave`].
///
/// # Safety
///
/// `store` runs, and its innermost activation's frames are still there.
#[cold]
pub(super) unsafe fn leaving(store: &mut StoreOpaque, status: Status) {
    // SAFETY: pinned by the store.
    let activation = unsafe { (*store.vm.as_ptr()).activation };
    if let Some(native) = store.engine().native() {
        // SAFETY: caller's contract.
        unsafe { native.note_fault(activation) };
    }
    let wanted = match &store.parked {
        Some(Parked::Error(error)) if status.as_trap().is_none() => !error.is::<WasmBacktrace>(),
        Some(Parked::Panic(_)) => false,
        Some(Parked::Error(_)) | None => true,
    };
    if wanted {
        store.left_at = backtrace::capture(store);
    }
    // SAFETY: live (caller's contract); nothing of its frames will be there any more.
    let activation = unsafe { &mut *activation };
    (activation.exit_fp, activation.exit_sp) = (ptr::null_mut(), ptr::null());
}

/// Runs the function of `record` on the arguments below and at `first`.
///
/// # Safety
///
/// `record` is complete and of `store`; as many slots as its type takes lie at and below `first`,
/// which is the first free slot of the stack, and hold its arguments.
#[inline]
unsafe fn enter(
    store: &mut StoreRef<'_>,
    record: &FuncRecord,
    first: *mut u64,
    slots: u32,
) -> Result<()> {
    let native_base = nest(store)?;
    let host = store.as_host();
    let vm = store.vm.as_ptr();
    // SAFETY: pinned by the store, and plain words.
    let saved = unsafe { vm.read() };
    // SAFETY: as above.
    unsafe { (*vm).host = host };
    // SAFETY: caller's contract; `host` is the store that `store` borrows.
    let status = unsafe { run(store, record, first, slots) };
    // SAFETY: as above.
    unsafe { vm.write(saved) };
    store.stack.native_base = native_base;
    status.map_err(|left| match left {
        Parked::Error(error) => error,
        Parked::Panic(payload) => resume_unwind(payload),
    })
}

/// Checks that the host's own stack has room for another call and returns where the outermost one
/// began, 0 when this is it.
#[inline]
fn nest(store: &mut StoreRef<'_>) -> Result<usize> {
    let here = 0_u8;
    let here = (&raw const here).addr();
    let base = store.stack.native_base;
    let vm = store.vm.as_ptr();
    if base == 0 {
        let bytes = store.stack.slots.len().saturating_sub(RESERVE) * size_of::<u64>();
        let limits = if store.engine().native().is_some_and(Native::compiles) {
            Limits::compiled(here, bytes)
        } else {
            Limits::interpreted(here, bytes)
        };
        // SAFETY: pinned by the store.
        unsafe { (*vm).native_limit = limits.native };
        if limits.value_bytes != store.stack.bytes {
            store.resize_stack(limits.value_bytes);
        }
        store.stack.native_base = here;
        return Ok(0);
    }
    // SAFETY: as above.
    let limit = unsafe { (*vm).native_limit };
    if (limit..=base).contains(&here) { Ok(base) } else { Err(stack_overflow(store)) }
}

/// # Safety
///
/// As [`enter`]; `VmStore.host` is `store`.
#[inline]
unsafe fn run(
    store: &mut StoreRef<'_>,
    record: &FuncRecord,
    first: *mut u64,
    slots: u32,
) -> Result<(), Parked> {
    let vm = store.vm.as_ptr();
    // SAFETY: the entry of a complete record lives as long as the store.
    let status = if let Some(code) = unsafe { (*record.entry).host } {
        let caller = store.host_ctx.as_ptr();
        // SAFETY: pinned by the store.
        unsafe { (*vm).stack_top = first.wrapping_add(1).wrapping_sub(slots as usize) };
        // SAFETY: a host function's record has its own context, and its arguments are at `first`.
        unsafe { code(record.vmctx, caller, first) }
    } else {
        // SAFETY: pinned by the store.
        let previous = unsafe { (*vm).activation };
        let mut activation = Activation::new(previous);
        // SAFETY: as above; `enter` restores it before `activation` dies.
        unsafe { (*vm).activation = &raw mut activation };
        // SAFETY: a wasm function's record has its instance's context and an entry of its module;
        // its arguments are at `first`; the activation is as it should be.
        unsafe { run_wasm(store, record, first) }?
    };
    if status.is_ok() { Ok(()) } else { Err(leave(store, status)) }
}

/// Runs a wasm function in the world of its engine.
///
/// # Safety
///
/// As [`run`]; the record is a wasm function's, and an activation was pushed for this call.
#[inline]
unsafe fn run_wasm(
    store: &StoreRef<'_>,
    record: &FuncRecord,
    first: *mut u64,
) -> Result<Status, Parked> {
    let Some(native) = store.engine().native() else {
        // SAFETY: caller's contract.
        return Ok(unsafe { wasmtier_interp::enter(record.vmctx, record.entry, first) });
    };
    let faults = store.faults.as_ptr();
    // SAFETY: caller's contract.
    let status = unsafe { native.enter(record.vmctx, record.entry, first, faults) };
    status.map_err(|error| Parked::Error(error.into()))
}

/// Why the callee was left with `status`, which is not OK. The frames are still linked.
#[cold]
fn leave(store: &mut StoreRef<'_>, status: Status) -> Parked {
    if let Some(trap) = status.as_trap() {
        return Parked::Error(with_backtrace(store, Error::new(trap)));
    }
    match store.parked.take().expect("whoever unwinds parks the reason") {
        Parked::Error(error) => Parked::Error(with_backtrace(store, error)),
        panic @ Parked::Panic(_) => panic,
    }
}
