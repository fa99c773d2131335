//! The portable back-end: runs translated code by a loop over a table of handlers.
//!
//! What lives here: entry from the host, the loop, the walk over the frames of an activation. What
//! does not: the handlers.
//!
//! Invariant: the loop holds no state but what handlers pass on; the frames alone say where an
//! activation is.

use core::ptr;

use wasmtier_vm::{Activation, FuncEntry, Slot, Status, VmCtx};

use super::HANDLERS;
use super::call::{Caller, has_room};
use super::machine::{Machine, Next, cell};
use crate::cell::{CodeHeader, WORD};

/// Calls a wasm function from the host, translating it if this is its first call.
///
/// `args` is the slot of argument 0: argument slot `i` is at `args - i`, and result slot `i` is
/// left in the same place.
///
/// The status is `OK`; or what stopped the code, in which case the frames of the activation are
/// still there to be walked by [`frames`].
///
/// # Safety
///
/// * `vmctx` is a live instance's, and `entry` a wasm function's of its module.
/// * The store's innermost activation was pushed for this call, and its `exit_fp` is null.
/// * The arguments have the function's types; below `args` there is room for the larger of
///   parameters and results and for a frame's header, and nothing in use.
/// * The value stack is not within the first MiB of the address space.
pub unsafe fn enter(vmctx: *mut VmCtx, entry: *const FuncEntry, args: *mut u64) -> Status {
    // SAFETY: entries live as long as the store.
    let mut code = unsafe { (*entry).ir() };
    if code.is_null() {
        // SAFETY: `vmctx` is live.
        let builtins = unsafe { (*vmctx).builtins };
        // SAFETY: the table lives as long as the engine.
        let translate = unsafe { (*builtins).translate };
        // SAFETY: the entry is one of the instance's module (caller's contract).
        let status = unsafe { translate(vmctx, entry) };
        if !status.is_ok() {
            return status;
        }
        // SAFETY: as above.
        code = unsafe { (*entry).ir() };
    }
    // SAFETY: entries live as long as the store.
    let params = unsafe { (*entry).param_slots };
    let fp = args.wrapping_sub(params as usize + 1);
    let mut machine = Machine {
        fp,
        mem0_base: ptr::null_mut(),
        mem0_len: 0,
        float_acc: 0,
        vmctx,
        status: Status::OK,
    };
    // SAFETY: `vmctx` is live.
    unsafe { machine.reload_memory() };
    // SAFETY: code starts with its header.
    let header = unsafe { cell::<CodeHeader>(code.cast()) };
    // SAFETY: `vmctx` is live.
    if !unsafe { has_room(vmctx, fp, header) } {
        // SAFETY: `vmctx` is live.
        return Status::trap(unsafe { machine.refusal() });
    }
    let host = Caller { vmctx: 0, fp: ptr::null_mut() };
    // SAFETY: there is room, and the arguments are in place (caller's contract).
    let first = unsafe { machine.open_frame(entry, code.cast(), fp, host) };
    // SAFETY: the machine is set up to run the function's first cell.
    unsafe { run(&mut machine, first) };
    machine.status
}

/// Runs cells until one leaves.
///
/// Not unrolled on purpose: with eight copies of the body short loops ran a tenth faster, but
/// CoreMark a third slower, as one cell then has eight histories for the branch predictor to learn.
///
/// # Safety
///
/// The machine's invariant holds.
#[inline(never)]
unsafe fn run(machine: &mut Machine, mut next: Next) {
    align_loop();
    while !next.ip.is_null() {
        // SAFETY: the translator emitted a cell at `ip`; its first word is its handler's id.
        let id = unsafe { next.ip.read() };
        // SAFETY: ids come from `HandlerKey::id`, which is below the table's length.
        let handler = unsafe { HANDLERS.get_unchecked(id as usize) };
        // SAFETY: the handler is that of the cell, and the machine's invariant holds.
        next = unsafe { handler(machine, next.ip, next.acc) };
    }
}

/// Begins the next instruction, which is the loop's first, at a multiple of 32.
///
/// The loop is 17 bytes long. Where it crossed a line of the cache, everything took a fifth more
/// time (1.21, geometric mean of seven programs on an Intel Xeon), and whether it did was up to the
/// size of whatever the linker put before it.
#[inline(always)]
fn align_loop() {
    // SAFETY: aligns the code that follows with instructions that do nothing.
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    unsafe {
        core::arch::asm!(".p2align 5", options(nomem, nostack, preserves_flags));
    }
}

/// Shows the frames of an activation to `visit`, innermost first: the function, and the offset of
/// the cell of the call or trap in bytes from the start of its code.
///
/// There are none if the activation has not left wasm.
///
/// # Safety
///
/// `activation` is live, and its frames have not been overwritten since wasm left.
pub unsafe fn frames(activation: *const Activation, visit: &mut dyn FnMut(*const FuncEntry, u32)) {
    // SAFETY: the activation is live (caller's contract).
    let mut fp = unsafe { (*activation).exit_fp };
    // The innermost frame saved the pc of the cell that left; the others that behind their call.
    let mut back = 0;
    while !fp.is_null() {
        // SAFETY: every frame has the slots of the header, so below.
        let entry = unsafe { word(fp, Slot::ENTRY) };
        let entry: *const FuncEntry = ptr::with_exposed_provenance(entry);
        // SAFETY: entries live as long as the store.
        let code = unsafe { (*entry).ir() };
        // SAFETY: as above.
        let pc = unsafe { word(fp, Slot::SAVED_PC) };
        // Code is shorter than 4 GiB, as its branches must reach everywhere.
        visit(entry, (pc - code.addr()) as u32 - back);
        back = WORD;
        // SAFETY: as above.
        let caller = unsafe { word(fp, Slot::CALLER_FP) };
        fp = ptr::with_exposed_provenance_mut(caller);
    }
}

/// A word of a frame's header.
///
/// # Safety
///
/// `fp` is the frame pointer of a live frame, and `slot` one of its header.
unsafe fn word(fp: *const u64, slot: Slot) -> usize {
    // SAFETY: the header is part of the value stack.
    let at = unsafe { fp.offset(slot.offset()) };
    // SAFETY: as above.
    (unsafe { at.read() }) as usize
}
