//! The handlers of calls and returns.
//!
//! What lives here: how frames are opened and closed in the portable world, calls of wasm and of
//! the host. What does not: which function a cell means (`callee`), tail calls (`tail_call`), entry
//! from the host (`portable`).
//!
//! Invariant: a frame's header is complete before its first cell runs, and is read before results,
//! which may lie over it, are written.

use core::ptr;
use core::sync::atomic::Ordering;

use wasmtier_ops::Trap;
use wasmtier_vm::{FuncEntry, FuncImport, Slot, Status, VmCtx};

use super::machine::{Machine, Next, behind, cell};
use super::operand::Source;
use crate::cell::{CallCell, CallIndirectCell, CodeHeader, ReturnCell, ReturnManyCell};

/// What a return goes back to, as it stands in a frame.
#[derive(Copy, Clone)]
pub(super) struct Caller {
    /// The address of the caller's `VmCtx`.
    pub(super) vmctx: usize,
    /// The caller's frame; null for the host.
    pub(super) fp: *mut u64,
}

/// Whether a frame at `fp` may be opened for the function whose code has this header.
///
/// # Safety
///
/// `vmctx` is the context of the running instance.
#[inline(always)]
pub(super) unsafe fn has_room(vmctx: *const VmCtx, fp: *mut u64, header: &CodeHeader) -> bool {
    // SAFETY: `vmctx` is live.
    let limit = unsafe { &(*vmctx).stack_limit };
    // No wrapping: value stacks are not that close to address 0 (contract of `enter`).
    let low = fp.addr().wrapping_sub(header.frame_bytes as usize);
    // Relaxed: the limit guards nothing else; an interrupt is seen at one of the next calls.
    low >= limit.load(Ordering::Relaxed)
}

impl Machine {
    /// Whom the running frame returns to.
    ///
    /// # Safety
    ///
    /// The machine's invariant holds.
    #[inline(always)]
    pub(super) unsafe fn caller(&self) -> Caller {
        // SAFETY: every frame has the slot.
        let vmctx = unsafe { self.read(Slot::RETURN) } as usize;
        // SAFETY: as above.
        let fp = unsafe { self.read_address(Slot::CALLER_FP) };
        Caller { vmctx, fp }
    }

    /// Goes on in the caller, to which results have been written.
    ///
    /// # Safety
    ///
    /// `caller` was read from the running frame.
    #[inline(always)]
    pub(super) unsafe fn resume(&mut self, caller: Caller, acc: u64) -> Next {
        if caller.fp.is_null() {
            return Next { ip: ptr::null(), acc };
        }
        self.fp = caller.fp;
        if self.vmctx.addr() != caller.vmctx {
            // SAFETY: the caller's context outlives its frame.
            unsafe { self.switch_to(ptr::with_exposed_provenance_mut(caller.vmctx)) };
        }
        // SAFETY: the caller's frame has the slot.
        let ip = unsafe { self.read_address(Slot::SAVED_PC) };
        Next { ip, acc }
    }

    /// Why a callee had no room.
    ///
    /// # Safety
    ///
    /// The machine's invariant holds.
    pub(super) unsafe fn refusal(&self) -> Trap {
        // SAFETY: `vmctx` is live.
        let limit = unsafe { &(*self.vmctx).stack_limit };
        // Relaxed: as in `has_room`.
        let interrupted = limit.load(Ordering::Relaxed) == usize::MAX;
        if interrupted { Trap::Interrupt } else { Trap::StackOverflow }
    }

    /// Leaves at the cell `ip`, as its callee had no room.
    ///
    /// # Safety
    ///
    /// As for [`Machine::leave`].
    #[cold]
    #[inline(never)]
    pub(super) unsafe fn refuse(&mut self, ip: *const u32) -> Next {
        // SAFETY: caller's contract.
        let trap = unsafe { self.refusal() };
        // SAFETY: caller's contract.
        unsafe { self.trap(ip, trap) }
    }

    /// Opens the frame at `fp` for a call of `entry`, and goes on at the first cell of its code.
    ///
    /// # Safety
    ///
    /// `code` is the entry's code; the frame has room; the arguments are where the frame expects
    /// them.
    #[inline(always)]
    pub(super) unsafe fn open_frame(
        &mut self,
        entry: *const FuncEntry,
        code: *const u32,
        fp: *mut u64,
        caller: Caller,
    ) -> Next {
        self.fp = fp;
        // SAFETY: code starts with its header.
        let header = unsafe { cell::<CodeHeader>(code) };
        // SAFETY: there is room for the header (caller's contract), so below.
        unsafe { self.write(Slot::RETURN, caller.vmctx as u64) };
        // SAFETY: as above.
        unsafe { self.write(Slot::CALLER_FP, caller.fp.expose_provenance() as u64) };
        // SAFETY: as above.
        unsafe { self.write(Slot::ENTRY, entry.expose_provenance() as u64) };
        // SAFETY: as above.
        let mut local = unsafe { self.slot(Slot::SAVED_PC) };
        for _ in 0..header.zero_slots {
            local = local.wrapping_sub(1);
            // Volatile: locals are few, and the compiler would call `memset`.
            // SAFETY: there is room for the locals (caller's contract).
            unsafe { local.write_volatile(0) };
        }
        // Functions begin with empty accumulators.
        behind::<CodeHeader>(code, 0)
    }

    /// The running code as the caller of a frame to be opened; it goes on at `ip`.
    ///
    /// # Safety
    ///
    /// The machine's invariant holds, and `vmctx` is its context.
    #[inline(always)]
    unsafe fn save(&mut self, vmctx: *mut VmCtx, ip: *const u32) -> Caller {
        // SAFETY: every frame has the slot.
        unsafe { self.write(Slot::SAVED_PC, ip.expose_provenance() as u64) };
        Caller { vmctx: vmctx.expose_provenance(), fp: self.fp }
    }

    /// Translates the callee of the cell at `ip`, which then runs again.
    ///
    /// # Safety
    ///
    /// The machine's invariant holds, and `callee` is a wasm function.
    #[cold]
    #[inline(never)]
    pub(super) unsafe fn translate(
        &mut self,
        callee: FuncImport,
        ip: *const u32,
        acc: u64,
    ) -> Next {
        // SAFETY: `vmctx` is live.
        let builtins = unsafe { (*self.vmctx).builtins };
        // SAFETY: the table lives as long as the engine.
        let translate = unsafe { (*builtins).translate };
        // SAFETY: the entry is one of the callee's module.
        let status = unsafe { translate(callee.vmctx, callee.entry) };
        if status.is_ok() {
            Next { ip, acc }
        } else {
            // SAFETY: the machine's invariant.
            unsafe { self.leave(ip, status) }
        }
    }

    /// Calls a function of any kind for the cell of type `C` at `ip`; `fp` is its frame pointer.
    ///
    /// # Safety
    ///
    /// The machine's invariant holds, and the callee has the type the cell was emitted for.
    #[inline(always)]
    unsafe fn call<C>(&mut self, callee: FuncImport, fp: Slot, ip: *const u32, acc: u64) -> Next {
        let vmctx = self.vmctx;
        let fp = self.place(fp);
        // SAFETY: entries live as long as the store.
        if unsafe { (*callee.entry).host }.is_some() {
            // SAFETY: caller's contract.
            return unsafe { self.call_host(callee, fp, ip, behind::<C>(ip, acc).ip) };
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
        if !unsafe { has_room(vmctx, fp, header) } {
            // SAFETY: the machine's invariant.
            return unsafe { self.refuse(ip) };
        }
        // SAFETY: the machine's invariant.
        let caller = unsafe { self.save(vmctx, behind::<C>(ip, acc).ip) };
        if vmctx != callee.vmctx {
            // SAFETY: the context of a function that can be called is live.
            unsafe { self.switch_to(callee.vmctx) };
        }
        // SAFETY: there is room, and the arguments were evaluated into place.
        unsafe { self.open_frame(callee.entry, code.cast(), fp, caller) }
    }

    /// Calls a host function from the cell at `ip`, and goes on at `next`; `fp` is where the frame
    /// pointer of a wasm function would be.
    ///
    /// # Safety
    ///
    /// As for [`Machine::call`], and the callee is a host function.
    #[inline(never)]
    unsafe fn call_host(
        &mut self,
        callee: FuncImport,
        fp: *mut u64,
        ip: *const u32,
        next: *const u32,
    ) -> Next {
        // SAFETY: entries live as long as the store.
        let params = unsafe { (*callee.entry).param_slots };
        let args = fp.wrapping_add(params as usize + 1);
        // SAFETY: the machine's invariant.
        let low = unsafe { self.frame_low() };
        // SAFETY: the arguments end at the callee's frame, and the frame has room for results.
        let status = unsafe { self.run_host(callee, args, low, ip) };
        if !status.is_ok() {
            // SAFETY: the machine's invariant.
            return unsafe { self.leave(ip, status) };
        }
        // SAFETY: entries live as long as the store.
        if unsafe { (*callee.entry).result_slots } == 0 {
            // Without parameters or results there may be no slot at `args`.
            return Next { ip: next, acc: 0 };
        }
        // SAFETY: the host function has left a result there.
        let result = unsafe { args.read() };
        self.float_acc = result;
        Next { ip: next, acc: result }
    }

    /// Runs a host function for the cell at `ip`; nothing below `low` is in use.
    ///
    /// # Safety
    ///
    /// As for [`wasmtier_vm::HostCode`], and the machine's invariant holds.
    pub(super) unsafe fn run_host(
        &mut self,
        callee: FuncImport,
        args: *mut u64,
        low: *mut u64,
        ip: *const u32,
    ) -> Status {
        // SAFETY: the machine's invariant.
        unsafe { self.exit(ip, low) };
        // SAFETY: entries live as long as the store.
        let code = unsafe { (*callee.entry).host }.expect("only host functions are run as such");
        // SAFETY: caller's contract.
        let status = unsafe { code(callee.vmctx, self.vmctx, args) };
        // SAFETY: the machine's invariant.
        unsafe { self.reload_memory() };
        status
    }
}

pub(super) unsafe fn call(machine: &mut Machine, ip: *const u32, acc: u64) -> Next {
    let vmctx = machine.vmctx;
    // SAFETY: this handler's cells are of this type.
    let call = unsafe { cell::<CallCell>(ip) };
    // SAFETY: `vmctx` is live, and the translator's indices valid.
    let entry = unsafe { VmCtx::entry(vmctx, call.func) };
    // SAFETY: entries live as long as the store.
    let code = unsafe { (*entry).ir() };
    if code.is_null() {
        let callee = FuncImport { entry, vmctx };
        // SAFETY: the machine's invariant.
        return unsafe { machine.translate(callee, ip, acc) };
    }
    // SAFETY: code starts with its header.
    let header = unsafe { cell::<CodeHeader>(code.cast()) };
    let fp = machine.place(call.fp);
    // SAFETY: the machine's invariant.
    if !unsafe { has_room(vmctx, fp, header) } {
        // SAFETY: the machine's invariant.
        return unsafe { machine.refuse(ip) };
    }
    // SAFETY: the machine's invariant.
    let caller = unsafe { machine.save(vmctx, behind::<CallCell>(ip, acc).ip) };
    // SAFETY: there is room, and the arguments were evaluated into place.
    unsafe { machine.open_frame(entry, code.cast(), fp, caller) }
}

pub(super) unsafe fn call_import(machine: &mut Machine, ip: *const u32, acc: u64) -> Next {
    // SAFETY: this handler's cells are of this type.
    let cell = unsafe { cell::<CallCell>(ip) };
    // SAFETY: the translator's indices are valid.
    let callee = unsafe { machine.import(cell.func) };
    // SAFETY: the import was checked to have its type when it was linked.
    unsafe { machine.call::<CallCell>(callee, cell.fp, ip, acc) }
}

pub(super) unsafe fn call_indirect<S: Source>(
    machine: &mut Machine,
    ip: *const u32,
    acc: u64,
) -> Next {
    // SAFETY: this handler's cells are of this type.
    let cell = unsafe { cell::<CallIndirectCell>(ip) };
    // SAFETY: the translator's slots lie in the frame.
    let index = unsafe { machine.operand::<u64>(S::SRC, cell.a, acc) };
    // SAFETY: the translator's indices are valid.
    let callee = unsafe { machine.resolve(cell.table, index, cell.ty) };
    if callee.is_null() {
        // SAFETY: the machine's invariant.
        return unsafe { machine.leave(ip, machine.status) };
    }
    // SAFETY: a record with a type is initialised.
    let callee = unsafe { *callee };
    // SAFETY: the function has the type, as was just checked.
    unsafe { machine.call::<CallIndirectCell>(callee, cell.fp, ip, acc) }
}

pub(super) unsafe fn return_nothing(machine: &mut Machine, _: *const u32, acc: u64) -> Next {
    // SAFETY: the machine's invariant.
    let caller = unsafe { machine.caller() };
    // SAFETY: the caller is this frame's.
    unsafe { machine.resume(caller, acc) }
}

/// `FLOAT` values go to the float accumulator.
pub(super) unsafe fn return_one<S: Source, const FLOAT: bool>(
    machine: &mut Machine,
    ip: *const u32,
    acc: u64,
) -> Next {
    // SAFETY: this handler's cells are of this type.
    let cell = unsafe { cell::<ReturnCell>(ip) };
    let acc = if FLOAT {
        // SAFETY: the translator's slots lie in the frame.
        machine.float_acc = unsafe { machine.operand::<f64>(S::SRC, cell.a, acc) }.to_bits();
        acc
    } else {
        // SAFETY: as above.
        unsafe { machine.operand::<u64>(S::SRC, cell.a, acc) }
    };
    // SAFETY: the machine's invariant.
    let caller = unsafe { machine.caller() };
    // SAFETY: the result replaces an argument, or the header, which was read.
    unsafe { machine.write(cell.d, if FLOAT { machine.float_acc } else { acc }) };
    // SAFETY: the caller is this frame's.
    unsafe { machine.resume(caller, acc) }
}

pub(super) unsafe fn return_many(machine: &mut Machine, ip: *const u32, acc: u64) -> Next {
    // SAFETY: this handler's cells are of this type.
    let cell = unsafe { cell::<ReturnManyCell>(ip) };
    // SAFETY: the machine's invariant.
    let caller = unsafe { machine.caller() };
    // SAFETY: the translator's slots lie in the frame.
    let source = unsafe { machine.slot(cell.a) };
    // SAFETY: as above.
    let destination = unsafe { machine.slot(cell.d) };
    // SAFETY: `count` slots lie below both; results are returned above where they were computed.
    unsafe { move_up(source, destination, cell.count) };
    // SAFETY: the caller is this frame's.
    unsafe { machine.resume(caller, acc) }
}

/// Moves `count` slots from `source` downwards to `destination` downwards.
///
/// # Safety
///
/// Both lie in the value stack; the destination is not below the source.
pub(super) unsafe fn move_up(source: *const u64, destination: *mut u64, count: u32) {
    for i in 0..count as usize {
        // SAFETY: in the value stack (caller's contract).
        let bits = unsafe { source.wrapping_sub(i).read() };
        // SAFETY: as above; of an overlap only slots that were read are written.
        unsafe { destination.wrapping_sub(i).write(bits) };
    }
}
