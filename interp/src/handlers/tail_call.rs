//! The handlers of tail calls.
//!
//! What lives here: replacing the running frame by that of a callee. What does not: plain calls
//! (`call`).
//!
//! Invariant: argument 0 of the new frame lies where argument 0 of the old one lay, so that results
//! come back where the caller expects them and endless tail recursion takes no stack. Nothing of
//! the old frame is written before the call can no longer fail.

use core::sync::atomic::Ordering;

use wasmtier_vm::{FuncEntry, FuncImport, Slot, VmCtx};

use super::call::{has_room, move_up};
use super::machine::{Machine, Next, cell};
use crate::cell::{CodeHeader, ReturnCallCell, ReturnCallIndirectCell};

/// The arguments of a tail call.
#[derive(Copy, Clone)]
struct Arguments {
    /// The slot of argument 0.
    first: *mut u64,
    /// How many slots, downwards.
    count: u32,
}

impl Machine {
    /// The arguments that a cell names.
    ///
    /// # Safety
    ///
    /// The translator emitted the operands for the running function.
    unsafe fn arguments(&self, first: Slot, count: Slot) -> Arguments {
        // SAFETY: the translator's slots lie in the frame.
        let first = unsafe { self.slot(first) };
        Arguments { first, count: u32::from(count.0.cast_unsigned()) }
    }

    /// Where argument 0 of the running frame lies, and result 0 goes.
    ///
    /// # Safety
    ///
    /// The machine's invariant holds.
    unsafe fn first_argument(&self) -> *mut u64 {
        // SAFETY: every frame names its function.
        let entry: *mut FuncEntry = unsafe { self.read_address(Slot::ENTRY) };
        // SAFETY: entries live as long as the store.
        let params = unsafe { (*entry).param_slots };
        self.fp.wrapping_add(params as usize + 1)
    }

    /// Replaces the running frame by a call of any function.
    ///
    /// # Safety
    ///
    /// The machine's invariant holds, and the callee has the type the cell at `ip` was emitted for.
    unsafe fn replace(
        &mut self,
        callee: FuncImport,
        arguments: Arguments,
        ip: *const u32,
        acc: u64,
    ) -> Next {
        // SAFETY: entries live as long as the store.
        if unsafe { (*callee.entry).host }.is_some() {
            // SAFETY: caller's contract.
            return unsafe { self.replace_by_host(callee, arguments, ip) };
        }
        // SAFETY: entries live as long as the store.
        let code = unsafe { (*callee.entry).ir() };
        if code.is_null() {
            // SAFETY: the machine's invariant.
            return unsafe { self.translate(callee, ip, acc) };
        }
        // SAFETY: code starts with its header.
        let header = unsafe { cell::<CodeHeader>(code.cast()) };
        // SAFETY: the machine's invariant.
        let first = unsafe { self.first_argument() };
        let fp = first.wrapping_sub(arguments.count as usize + 1);
        // SAFETY: the machine's invariant.
        if !unsafe { has_room(self.vmctx, fp, header) } {
            // SAFETY: the machine's invariant.
            return unsafe { self.refuse(ip) };
        }
        // SAFETY: the machine's invariant.
        let caller = unsafe { self.caller() };
        // SAFETY: arguments are operand temps, which lie below a frame's own arguments.
        unsafe { move_up(arguments.first, first, arguments.count) };
        if self.vmctx != callee.vmctx {
            // SAFETY: the context of a function that can be called is live.
            unsafe { self.switch_to(callee.vmctx) };
        }
        // SAFETY: there is room, and the arguments are in place.
        unsafe { self.open_frame(callee.entry, code.cast(), fp, caller) }
    }

    /// Calls a host function and returns what it returns.
    ///
    /// # Safety
    ///
    /// As for [`Machine::replace`], and the callee is a host function.
    #[inline(never)]
    unsafe fn replace_by_host(
        &mut self,
        callee: FuncImport,
        arguments: Arguments,
        ip: *const u32,
    ) -> Next {
        // SAFETY: entries live as long as the store.
        let results = unsafe { (*callee.entry).result_slots };
        // The translator left room for the arguments; the results may take more.
        let slots = results.max(arguments.count).max(1) as usize;
        let low = arguments.first.wrapping_sub(slots - 1);
        // SAFETY: the machine's invariant.
        let low = low.min(unsafe { self.frame_low() });
        // SAFETY: `vmctx` is live.
        let limit = unsafe { &(*self.vmctx).stack_limit };
        // Relaxed: as in `has_room`.
        if low.addr() < limit.load(Ordering::Relaxed) {
            // SAFETY: the machine's invariant.
            return unsafe { self.refuse(ip) };
        }
        // SAFETY: there is room for arguments and results, as was just checked.
        let status = unsafe { self.run_host(callee, arguments.first, low, ip) };
        if !status.is_ok() {
            // SAFETY: the machine's invariant.
            return unsafe { self.leave(ip, status) };
        }
        // SAFETY: the machine's invariant.
        let caller = unsafe { self.caller() };
        // SAFETY: the machine's invariant.
        let first = unsafe { self.first_argument() };
        // SAFETY: the caller has room for the results, which were made below.
        unsafe { move_up(arguments.first, first, results) };
        // SAFETY: the slot is an argument or result of the frame, or its return word.
        let result = unsafe { first.read() };
        self.float_acc = result;
        // SAFETY: the caller is this frame's.
        unsafe { self.resume(caller, result) }
    }
}

pub(super) unsafe fn return_call(machine: &mut Machine, ip: *const u32, acc: u64) -> Next {
    // SAFETY: this handler's cells are of this type.
    let cell = unsafe { cell::<ReturnCallCell>(ip) };
    // SAFETY: `vmctx` is live, and the translator's indices valid.
    let entry = unsafe { VmCtx::entry(machine.vmctx, cell.func) };
    let callee = FuncImport { entry, vmctx: machine.vmctx };
    // SAFETY: the cell was emitted for this handler.
    let arguments = unsafe { machine.arguments(cell.args, cell.count) };
    // SAFETY: the module was validated.
    unsafe { machine.replace(callee, arguments, ip, acc) }
}

pub(super) unsafe fn return_call_import(machine: &mut Machine, ip: *const u32, acc: u64) -> Next {
    // SAFETY: this handler's cells are of this type.
    let cell = unsafe { cell::<ReturnCallCell>(ip) };
    // SAFETY: the translator's indices are valid.
    let callee = unsafe { machine.import(cell.func) };
    // SAFETY: the cell was emitted for this handler.
    let arguments = unsafe { machine.arguments(cell.args, cell.count) };
    // SAFETY: the import was checked to have its type when it was linked.
    unsafe { machine.replace(callee, arguments, ip, acc) }
}

pub(super) unsafe fn return_call_indirect(machine: &mut Machine, ip: *const u32, acc: u64) -> Next {
    // SAFETY: this handler's cells are of this type.
    let cell = unsafe { cell::<ReturnCallIndirectCell>(ip) };
    // SAFETY: the translator's slots lie in the frame.
    let index = unsafe { machine.read(cell.a) };
    // SAFETY: the translator's indices are valid.
    let callee = unsafe { machine.resolve(cell.table, index, cell.ty) };
    if callee.is_null() {
        // SAFETY: the machine's invariant.
        return unsafe { machine.leave(ip, machine.status) };
    }
    // SAFETY: a record with a type is initialised.
    let callee = unsafe { *callee };
    // SAFETY: the cell was emitted for this handler.
    let arguments = unsafe { machine.arguments(cell.args, cell.count) };
    // SAFETY: the function has the type, as was just checked.
    unsafe { machine.replace(callee, arguments, ip, acc) }
}
