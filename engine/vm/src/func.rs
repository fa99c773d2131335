//! Functions as running code sees them: [`FuncEntry`] and the funcref record [`FuncRecord`].
//!
//! What lives here: the two layouts and the publication protocol of an entry. What does not: the
//! arena of records, and who translates, compiles or frees code.
//!
//! Invariant: an entry point changes by one release store and is read with acquire; what it
//! points to is complete before the store and lives as long as the module.

use core::mem::offset_of;
use core::sync::atomic::{AtomicI32, AtomicPtr, Ordering};

use crate::key::FuncKey;
use crate::status::Status;
use crate::types::{FuncType, TypeId};
use crate::vmctx::VmCtx;

/// A function implemented by the host, called with its arguments in slots.
///
/// `callee` is the record's `vmctx` word, `caller` the context of the calling instance, `args` the
/// slot of argument 0: argument slot `i` is at `args - i`, and result slot `i` goes to the same
/// place.
///
/// # Safety
///
/// `args` has room below it for the larger of the signature's parameter and result slots.
pub type HostCode =
    unsafe extern "C" fn(callee: *mut VmCtx, caller: *mut VmCtx, args: *mut u64) -> Status;

/// What every tier needs to call one function: one per function and module, shared by its
/// instances.
#[repr(C)]
#[derive(Debug)]
pub struct FuncEntry {
    /// Machine code that takes arguments in slots; null in the portable world.
    pub slot_entry: AtomicPtr<u8>,
    /// Machine code that takes arguments in registers; null in the portable world.
    pub reg_entry: AtomicPtr<u8>,
    /// The function's translated code, null until its first call.
    ir: AtomicPtr<u8>,
    /// What the host runs instead of code; only for host functions.
    pub host: Option<HostCode>,
    /// Calls left before the runtime is told that the function runs often; the turns of its loops
    /// count too, many at a time.
    pub heat: AtomicI32,
    /// The name of the function.
    pub key: FuncKey,
    /// Its engine-wide type.
    pub type_id: TypeId,
    /// Slots of its parameters.
    pub param_slots: u32,
    /// Slots of its results.
    pub result_slots: u32,
    /// The engine's record of the module the function belongs to; opaque to running code, null
    /// for host functions.
    pub module: AtomicPtr<()>,
}

impl FuncEntry {
    /// The entry of a wasm function that has not run yet; `type_id` names `ty`.
    #[must_use]
    pub fn wasm(key: FuncKey, type_id: TypeId, ty: &FuncType) -> Self {
        Self {
            slot_entry: AtomicPtr::default(),
            reg_entry: AtomicPtr::default(),
            ir: AtomicPtr::default(),
            host: None,
            heat: AtomicI32::new(0),
            key,
            type_id,
            param_slots: ty.param_slots(),
            result_slots: ty.result_slots(),
            module: AtomicPtr::default(),
        }
    }

    /// The entry of a host function; `type_id` names `ty`.
    #[must_use]
    pub fn host(key: FuncKey, type_id: TypeId, ty: &FuncType, code: HostCode) -> Self {
        Self { host: Some(code), ..Self::wasm(key, type_id, ty) }
    }

    /// Where machine code finds what [`FuncEntry::ir`] gives: a word that it reads when it can run
    /// only because the code was published.
    pub const IR_OFFSET: usize = offset_of!(Self, ir);

    /// The translated code, or null before [`FuncEntry::publish_ir`].
    #[inline]
    #[must_use]
    pub fn ir(&self) -> *mut u8 {
        // Acquire: pairs with the release in `publish_ir`, so that the code behind the pointer
        // is seen complete.
        self.ir.load(Ordering::Acquire)
    }

    /// Makes translated code reachable by every thread.
    pub fn publish_ir(&self, code: *mut u8) {
        // Release: pairs with the acquire in `ir`.
        self.ir.store(code, Ordering::Release);
    }
}

/// A funcref record: what a table slot or a `funcref` value names by its arena offset.
///
/// A record whose `type_id` is 0 matches no signature: record 0 is null and stays zero for ever.
#[repr(C, align(32))]
#[derive(Copy, Clone, Debug)]
pub struct FuncRecord {
    /// What to run.
    pub entry: *const FuncEntry,
    /// The callee's context: a `VmCtx`, or for host functions the host's own record.
    pub vmctx: *mut VmCtx,
    /// Engine-wide type of the function; 0 never matches.
    pub type_id: TypeId,
    /// Index of the function in its module, for backtraces.
    pub func_index: u32,
}

/// Bytes of a record, and the step between two offsets in the arena.
pub const FUNC_RECORD_SIZE: u32 = size_of::<FuncRecord>() as u32;

const _: () = assert!(FUNC_RECORD_SIZE == 32, "offsets are scaled by a shift of 5");
