//! The builtins: what running code calls for cold operators, in every tier alike.
//!
//! What lives here: the table, and the frame of a builtin: its operands and the way to its store.
//! What does not: what each of them does (`memory`, `atomic`, `table`, `reference`).
//!
//! Invariants: a builtin checks all its bounds before it changes anything. None lets a panic of the
//! embedder's code through: it is parked, as in host functions.

mod atomic;
mod memory;
mod reference;
mod table;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;

use wasmtier_ops::Trap;
use wasmtier_vm::{BuiltinTable, FuncEntry, NativeStubs, Status, VmCtx};

use super::call::{Parked, leaving};
use super::instance::InstanceObject;
use super::store::StoreRef;
use super::vmctx::{instance_of, store_of};
use crate::error::Result;

/// A running builtin.
struct Frame<'a> {
    store: StoreRef<'a>,
    /// Index of the running instance.
    instance: usize,
    /// Operand 0, and result 0.
    args: *mut u64,
}

impl Frame<'_> {
    /// # Safety
    ///
    /// As [`wasmtier_vm::BuiltinCode`]: `vmctx` is the running instance's, and operands are at
    /// `args`.
    unsafe fn new(vmctx: *mut VmCtx, args: *mut u64) -> Self {
        // SAFETY: the context is live.
        let vm = unsafe { store_of(vmctx) };
        // SAFETY: so is its store, and wasm runs, so that there is a host.
        let host = unsafe { (*vm).host };
        // SAFETY: as above; whoever runs wasm waits for us and borrows nothing of the store.
        let store = unsafe { StoreRef::from_host(host) };
        // SAFETY: the context is live.
        let instance = unsafe { instance_of(vmctx) };
        let instance = instance.expect("builtins are called by instances");
        Self { store, instance, args }
    }

    /// Operand `place`, of which the builtin has more.
    fn operand(&self, place: usize) -> u64 {
        let slot = self.args.wrapping_sub(place);
        // SAFETY: running code puts as many operands there as the builtin is declared with, and
        // the builtin asks for no other.
        unsafe { slot.read() }
    }

    /// Leaves result 0.
    fn result(&mut self, word: u64) {
        // SAFETY: running code has room for the result in the place of operand 0.
        unsafe { self.args.write(word) };
    }

    fn instance(&self) -> &InstanceObject {
        &self.store.instances[self.instance]
    }

    fn instance_mut(&mut self) -> &mut InstanceObject {
        let index = self.instance;
        &mut self.store.instances[index]
    }

    /// Does what may run code of the embedder; whatever comes of that but a value leaves wasm.
    fn guarded<R>(
        &mut self,
        work: impl FnOnce(&mut StoreRef<'_>) -> Result<R>,
    ) -> Result<R, Leave> {
        let reason = match catch_unwind(AssertUnwindSafe(|| work(&mut self.store))) {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(error)) => Parked::Error(error),
            Err(payload) => Parked::Panic(payload),
        };
        self.store.parked = Some(reason);
        Err(Leave::Parked)
    }
}

/// Why a builtin leaves wasm.
enum Leave {
    Trap(Trap),
    /// The reason is parked in the store.
    Parked,
}

impl From<Trap> for Leave {
    fn from(trap: Trap) -> Self {
        Self::Trap(trap)
    }
}

fn status(result: Result<(), Leave>) -> Status {
    match result {
        Ok(()) => Status::OK,
        Err(Leave::Trap(trap)) => Status::trap(trap),
        Err(Leave::Parked) => Status::UNWIND,
    }
}

/// # Safety
///
/// As [`wasmtier_vm::TranslateCode`].
unsafe extern "C" fn translate(vmctx: *mut VmCtx, entry: *const FuncEntry) -> Status {
    // SAFETY: caller's contract; a translation has no operands.
    let mut frame = unsafe { Frame::new(vmctx, core::ptr::null_mut()) };
    let module = frame.instance().module().clone();
    // SAFETY: `entry` is one of the module's, which lives as long as the instance.
    let entry = unsafe { &*entry };
    status(frame.guarded(|_| Ok(module.translate(entry)?)))
}

/// # Safety
///
/// As [`wasmtier_vm::WarmCode`].
unsafe extern "C" fn warm(vmctx: *mut VmCtx, entry: *const FuncEntry) {
    // SAFETY: caller's contract; there are no operands.
    let frame = unsafe { Frame::new(vmctx, core::ptr::null_mut()) };
    // SAFETY: `entry` is one of the module's, which lives as long as the instance.
    let entry = unsafe { &*entry };
    frame.instance().module().warm_up(entry);
}

/// # Safety
///
/// As [`wasmtier_vm::OsrCode`].
unsafe extern "C" fn osr(
    vmctx: *mut VmCtx,
    entry: *const FuncEntry,
    pc: *const u8,
    fp: *const u64,
) -> *const u8 {
    // SAFETY: caller's contract; there are no operands.
    let frame = unsafe { Frame::new(vmctx, core::ptr::null_mut()) };
    // SAFETY: `entry` is one of the module's, which lives as long as the instance.
    let entry = unsafe { &*entry };
    // SAFETY: the context is live; the limit is an atomic, for others may write it too.
    let limit = unsafe { &(*vmctx).stack_limit };
    let module = frame.instance().module();
    module.warm_up(entry);
    // Relaxed: nothing else is read because of it. None is left if the guest is to stop.
    let room = fp.addr().saturating_sub(limit.load(Ordering::Relaxed));
    let cell = u32::try_from(pc.addr() - entry.ir().addr());
    let cell = cell.expect("code of functions is smaller than 4 GiB");
    module.take_over(entry, cell, room).unwrap_or(core::ptr::null())
}

/// # Safety
///
/// As [`wasmtier_vm::AdaptCode`].
unsafe extern "C" fn adapt(vmctx: *mut VmCtx, entry: *const FuncEntry) -> Status {
    // SAFETY: caller's contract; there are no operands.
    let mut frame = unsafe { Frame::new(vmctx, core::ptr::null_mut()) };
    // SAFETY: what an instance may call lives as long as its store.
    let entry = unsafe { &*entry };
    let engine = frame.store.engine().clone();
    status(frame.guarded(|_| engine.adapt(entry)))
}

/// # Safety
///
/// As [`wasmtier_vm::LeaveCode`].
unsafe extern "C" fn leave(vmctx: *mut VmCtx, status: Status) {
    // SAFETY: caller's contract; there are no operands.
    let mut frame = unsafe { Frame::new(vmctx, core::ptr::null_mut()) };
    // SAFETY: machine code is being left, and its frames are there (caller's contract).
    unsafe { leaving(&mut frame.store, status) };
}

macro_rules! builtins {
    ($($name:ident = $code:path;)*) => {
        $(
            /// # Safety
            ///
            /// As [`wasmtier_vm::BuiltinCode`].
            unsafe extern "C" fn $name(
                vmctx: *mut VmCtx,
                args: *mut u64,
                imm0: u32,
                imm1: u32,
            ) -> Status {
                // SAFETY: caller's contract.
                let mut frame = unsafe { Frame::new(vmctx, args) };
                status($code(&mut frame, imm0, imm1))
            }
        )*

        /// The builtins of an engine whose machine code shares `native`.
        pub(crate) const fn table(native: NativeStubs) -> BuiltinTable {
            BuiltinTable { translate, warm, osr, adapt, leave, native, $($name),* }
        }

        /// The builtins of the portable world.
        pub(crate) static PORTABLE: BuiltinTable = table(NativeStubs::NONE);
    };
}

builtins! {
    memory_grow = memory::grow;
    memory_size = memory::size;
    memory_fill = memory::fill;
    memory_copy = memory::copy;
    memory_init = memory::init;
    data_drop = memory::data_drop;
    atomic_wait32 = atomic::wait32;
    atomic_wait64 = atomic::wait64;
    atomic_notify = atomic::notify;
    table_get = table::get;
    table_set = table::set;
    table_size = table::size;
    table_grow = table::grow;
    table_fill = table::fill;
    table_copy = table::copy;
    table_init = table::init;
    elem_drop = table::elem_drop;
    ref_func = reference::func;
    resolve_indirect = reference::resolve_indirect;
}
