//! The machine a handler works on: its registers, and the small unsafe accessors everything else is
//! built from.
//!
//! What lives here: [`Machine`], [`Next`], access to cells, slots and accumulators, and how running
//! code leaves. What does not: frames (`call`), operators.
//!
//! Invariant, on which every `SAFETY` comment of the handlers rests: `ip` points to a cell the
//! translator emitted for the running function, `fp` to that function's frame on the value stack,
//! and `vmctx` to the live context of its instance; all slots of a cell lie in that frame, and all
//! indices in it are valid in the instance's module.

use core::ptr;

use wasmtier_ops::{Scalar, ScalarType, Trap};
use wasmtier_vm::{Activation, FuncEntry, Slot, Status, VmCtx, VmStore};

use crate::cell::CodeHeader;

/// The registers of the portable back-end that are not passed from handler to handler.
pub(super) struct Machine {
    /// Frame pointer of the running function.
    pub(super) fp: *mut u64,
    /// Cached from `vmctx`; see [`Machine::reload_memory`].
    pub(super) mem0_base: *mut u8,
    /// Cached from `vmctx`.
    pub(super) mem0_len: usize,
    /// The float accumulator.
    pub(super) float_acc: u64,
    /// The context of the running instance.
    pub(super) vmctx: *mut VmCtx,
    /// Why the code left, once `Next::ip` is null.
    pub(super) status: Status,
}

/// What a handler passes on: small enough for two registers.
#[derive(Copy, Clone)]
pub(super) struct Next {
    /// The cell to run; null to leave.
    pub(super) ip: *const u32,
    /// The integer accumulator.
    pub(super) acc: u64,
}

/// The code of a handler: runs the cell at `ip` with the integer accumulator `acc`.
///
/// # Safety
///
/// The module's invariant holds, and the handler belongs to the cell at `ip`.
pub(super) type Handler = unsafe fn(machine: &mut Machine, ip: *const u32, acc: u64) -> Next;

/// The cell at `ip`.
///
/// # Safety
///
/// The translator emitted a cell of type `C` at `ip`.
#[inline(always)]
pub(super) unsafe fn cell<'a, C>(ip: *const u32) -> &'a C {
    // SAFETY: there is a `C` (caller's contract), and code lives longer than any run of a handler.
    unsafe { &*ip.cast::<C>() }
}

/// Goes on behind the cell of type `C` at `ip`.
#[inline(always)]
pub(super) fn behind<C>(ip: *const u32, acc: u64) -> Next {
    Next { ip: ip.wrapping_byte_add(size_of::<C>()), acc }
}

/// Whether values of type `T` live in the float accumulator.
#[inline(always)]
pub(super) const fn is_float<T: Scalar>() -> bool {
    matches!(T::KIND, ScalarType::F32 | ScalarType::F64)
}

impl Machine {
    /// The address of a slot of the running frame.
    ///
    /// # Safety
    ///
    /// `slot` lies in the frame or its arguments.
    #[inline(always)]
    pub(super) unsafe fn slot(&self, slot: Slot) -> *mut u64 {
        // SAFETY: the slot is part of the value stack (caller's contract).
        unsafe { self.fp.offset(slot.offset()) }
    }

    /// The address of a slot that may lie below the frame, even below the value stack: where a
    /// callee's frame would be, before it is known whether there is room for it.
    #[inline(always)]
    pub(super) fn place(&self, slot: Slot) -> *mut u64 {
        self.fp.wrapping_offset(slot.offset())
    }

    /// Reads a slot.
    ///
    /// # Safety
    ///
    /// As for [`Machine::slot`].
    #[inline(always)]
    pub(super) unsafe fn read(&self, slot: Slot) -> u64 {
        // SAFETY: caller's contract.
        let at = unsafe { self.slot(slot) };
        // SAFETY: slots are aligned, initialised words of the value stack.
        unsafe { at.read() }
    }

    /// Writes a slot.
    ///
    /// # Safety
    ///
    /// As for [`Machine::slot`].
    #[inline(always)]
    pub(super) unsafe fn write(&mut self, slot: Slot, bits: u64) {
        // SAFETY: caller's contract.
        let at = unsafe { self.slot(slot) };
        // SAFETY: slots are aligned words of the value stack, which nobody else borrows.
        unsafe { at.write(bits) };
    }

    /// Reads a slot that holds the address of a `T`.
    ///
    /// # Safety
    ///
    /// As for [`Machine::slot`].
    #[inline(always)]
    pub(super) unsafe fn read_address<T>(&self, slot: Slot) -> *mut T {
        // SAFETY: caller's contract.
        let address = unsafe { self.read(slot) };
        ptr::with_exposed_provenance_mut(address as usize)
    }

    /// Yields `bits`, a value of type `T`, in the accumulator of its register file, and goes on
    /// behind the cell of type `C`.
    #[inline(always)]
    pub(super) fn accumulate<T: Scalar, C>(&mut self, bits: u64, ip: *const u32, acc: u64) -> Next {
        if is_float::<T>() {
            self.float_acc = bits;
            behind::<C>(ip, acc)
        } else {
            behind::<C>(ip, bits)
        }
    }

    /// Reads memory 0's base and length again, after anything that may have grown it.
    ///
    /// # Safety
    ///
    /// The module's invariant holds.
    #[inline]
    pub(super) unsafe fn reload_memory(&mut self) {
        // SAFETY: `vmctx` is live.
        self.mem0_base = unsafe { (*self.vmctx).mem0_base };
        // SAFETY: as above.
        self.mem0_len = unsafe { (*self.vmctx).mem0_len };
    }

    /// Goes on in another instance.
    ///
    /// # Safety
    ///
    /// `vmctx` is live.
    #[inline]
    pub(super) unsafe fn switch_to(&mut self, vmctx: *mut VmCtx) {
        self.vmctx = vmctx;
        // SAFETY: the new context is live (caller's contract).
        unsafe { self.reload_memory() };
    }

    /// The state the running instance shares with the others of its store.
    ///
    /// # Safety
    ///
    /// The module's invariant holds.
    unsafe fn store(&self) -> *mut VmStore {
        // SAFETY: `vmctx` is live.
        unsafe { (*self.vmctx).store }
    }

    /// Notes where the code is, for backtraces: before anything that may look at the frames.
    ///
    /// # Safety
    ///
    /// The module's invariant holds, and an activation is running.
    unsafe fn mark(&mut self, ip: *const u32) {
        // SAFETY: every frame has the slot.
        unsafe { self.write(Slot::SAVED_PC, ip.expose_provenance() as u64) };
        // SAFETY: the invariant.
        let store = unsafe { self.store() };
        // SAFETY: the store outlives the run; whoever entered wasm has pushed an activation.
        let activation: *mut Activation = unsafe { (*store).activation };
        // SAFETY: as above.
        unsafe { (*activation).exit_fp = self.fp };
    }

    /// The lowest address of the running frame.
    ///
    /// # Safety
    ///
    /// The module's invariant holds.
    pub(super) unsafe fn frame_low(&self) -> *mut u64 {
        // SAFETY: every frame names its function.
        let entry: *mut FuncEntry = unsafe { self.read_address(Slot::ENTRY) };
        // SAFETY: entries live as long as the store.
        let code = unsafe { (*entry).ir() };
        // SAFETY: a function that runs has code, which starts with its header.
        let header = unsafe { cell::<CodeHeader>(code.cast()) };
        self.fp.wrapping_byte_sub(header.frame_bytes as usize)
    }

    /// Prepares for a call out of wasm at the cell `ip`, during which others may use the value
    /// stack below `stack_top`.
    ///
    /// # Safety
    ///
    /// The module's invariant holds, and an activation is running.
    pub(super) unsafe fn exit(&mut self, ip: *const u32, stack_top: *mut u64) {
        // SAFETY: caller's contract.
        unsafe { self.mark(ip) };
        // SAFETY: caller's contract.
        let store = unsafe { self.store() };
        // SAFETY: the store outlives the run.
        unsafe { (*store).stack_top = stack_top };
    }

    /// Leaves at the cell `ip` with `status`, which is not `OK`.
    ///
    /// # Safety
    ///
    /// The module's invariant holds, and an activation is running.
    #[cold]
    #[inline(never)]
    pub(super) unsafe fn leave(&mut self, ip: *const u32, status: Status) -> Next {
        // SAFETY: caller's contract.
        unsafe { self.mark(ip) };
        self.status = status;
        Next { ip: ptr::null(), acc: 0 }
    }

    /// Leaves at the cell `ip` with a trap.
    ///
    /// # Safety
    ///
    /// As for [`Machine::leave`].
    #[cold]
    #[inline(never)]
    pub(super) unsafe fn trap(&mut self, ip: *const u32, trap: Trap) -> Next {
        // SAFETY: caller's contract.
        unsafe { self.leave(ip, Status::trap(trap)) }
    }
}
