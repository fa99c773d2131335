//! Entering machine code, and the place where a trap leaves it again.
//!
//! What lives here: the entry thunk, the landing pad it leaves for the fault handler, and the
//! thread's chain of entries. What does not: the handler itself (`signals`), the addresses at which
//! a fault may be a trap (`reservation_set`), and the record of an entry that backtraces walk
//! ([`wasmtier_vm::Activation`]). The invariant: the innermost entry of a thread is at the head of
//! its chain exactly while its machine code, or something that code called, runs.

use std::arch::naked_asm;
use std::cell::Cell;
use std::mem::offset_of;
use std::ptr;

use wasmtier_ops::Trap;
use wasmtier_vm::{FuncEntry, Status, VmCtx};

use super::mmap::MapError;
use super::reservation_set::ReservationSet;
use super::signals;

/// A fault that was accepted as a trap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// The instruction that faulted.
    pub(crate) pc: usize,
    /// What was in `rbp`: the frame pointer, if the code was the interpreter's.
    pub(crate) fp: usize,
    /// The stack pointer.
    pub(crate) sp: usize,
    /// What was in `r15`: the cell that ran, if the code was the interpreter's.
    pub(crate) cell: usize,
    /// The address it could not access.
    pub(crate) address: usize,
    /// What its trap site said.
    pub(crate) trap: Trap,
}

/// Where a thread goes on after a fault that is a trap.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Landing {
    pub(super) rsp: usize,
    pub(super) rbp: usize,
    pub(super) rip: usize,
}

/// One entry from the host into machine code.
#[repr(C)]
#[derive(Debug)]
pub(crate) struct NativeActivation {
    /// What the thunk keeps for whoever leaves machine code at once.
    landing: Landing,
    /// Where code goes on instead that looks at its stack first; 0 if none does.
    leave: usize,
    previous: *mut Self,
    reservations: *const ReservationSet,
    fault: Option<Fault>,
}

thread_local! {
    /// The innermost activation of the thread. Without a destructor or lazy initialisation, so
    /// that the fault handler may read it.
    static INNERMOST: Cell<*mut NativeActivation> = const { Cell::new(ptr::null_mut()) };
    /// Whether faults of this thread reach our handler, on a stack that will do.
    static PREPARED: Cell<bool> = const { Cell::new(false) };
}

/// Makes faults of this thread reach our handler, the first time it is called.
#[inline]
fn prepare() -> Result<(), MapError> {
    if !PREPARED.get() {
        signals::prepare_thread()?;
        PREPARED.set(true);
    }
    Ok(())
}

/// The innermost activation of this thread, or null. Async-signal-safe on a thread that has
/// entered machine code before.
pub(super) fn innermost() -> *mut NativeActivation {
    INNERMOST.get()
}

/// The fault because of which the innermost machine code of this thread is being left, if it is.
pub(super) fn take_fault() -> Option<Fault> {
    // SAFETY: null, or the activation of a call that waits in the thunk.
    let innermost = unsafe { INNERMOST.get().as_mut() };
    innermost?.fault.take()
}

impl NativeActivation {
    /// Prepares an entry of this thread, in which faults in `reservations` are traps. With a null
    /// pointer there are no traps of that kind, and signals are left alone.
    ///
    /// # Errors
    /// When the fault handler or its stack cannot be had.
    #[inline]
    pub(crate) fn new(reservations: *const ReservationSet) -> Result<Self, MapError> {
        if !reservations.is_null() {
            prepare()?;
        }
        let previous = ptr::null_mut();
        let landing = Landing::default();
        Ok(Self { landing, leave: 0, previous, reservations, fault: None })
    }

    /// Makes code that faults go on at `leave`, with the status in `eax` and on its own stack, on
    /// which the instruction that faulted is pushed as if it were a call.
    #[inline]
    pub(crate) fn leave_by(self, leave: usize) -> Self {
        Self { leave, ..self }
    }

    /// Calls `code` as `extern "C" fn(vmctx, args, entry, base) -> Status`.
    ///
    /// A fault at a registered trap site ends the call with the status of its trap, and
    /// [`NativeActivation::fault`] tells where. `code` may change every register but `rsp`.
    ///
    /// # Safety
    /// * `code` is executable, of that signature, and does what its arguments allow.
    /// * The set of reservations lives until the call returns, and lists no address that Rust
    ///   code expects to fault at.
    /// * If `code` faults, nobody misses what the frames left behind would have done.
    #[inline]
    pub(crate) unsafe fn call(
        &mut self,
        code: *const u8,
        vmctx: *mut VmCtx,
        args: *mut u64,
        entry: *const FuncEntry,
        base: *const u8,
    ) -> Status {
        self.fault = None;
        self.previous = INNERMOST.get();
        let previous = self.previous;
        let this = &raw mut *self;
        INNERMOST.set(this);
        // SAFETY: what the thunk asks of `code` is what this method asks; `this` is live.
        let status = unsafe { enter_native(vmctx, args, entry, base, code, this) };
        INNERMOST.set(previous);
        status
    }

    /// The fault that ended the last call, if one did.
    #[inline]
    #[cfg_attr(not(test), expect(dead_code, reason = "who leaves by `leave` takes it there"))]
    pub(crate) fn fault(&self) -> Option<Fault> {
        self.fault
    }

    /// Decides on a fault of machine code below `this`: takes note of it and says where to land,
    /// or refuses it because its address is none of the store's. Async-signal-safe.
    ///
    /// # Safety
    /// `this` is the innermost activation of this thread, and the fault interrupted its code.
    pub(super) unsafe fn accept(this: *mut Self, fault: Fault) -> Option<Landing> {
        // SAFETY: `call` is waiting in the thunk, so nobody else uses the activation.
        let this = unsafe { &mut *this };
        // SAFETY: `call` was promised that the set outlives it.
        let reservations = unsafe { this.reservations.as_ref() }?;
        if !reservations.contains(fault.address) {
            return None;
        }
        this.fault = Some(fault);
        if this.leave == 0 {
            return Some(this.landing);
        }
        let rsp = fault.sp - size_of::<usize>();
        let pushed: *mut usize = ptr::with_exposed_provenance_mut(rsp);
        // SAFETY: the code runs on the thread's stack, keeps nothing below its stack pointer, and
        // leaves room for calls.
        unsafe { pushed.write(fault.pc) };
        Some(Landing { rsp, rbp: fault.fp, rip: this.leave })
    }
}

/// Saves the registers Rust wants back, leaves the landing pad in the activation, calls `code`.
///
/// `code` returns to the landing pad; the fault handler jumps to it, with the stack and frame
/// pointer of the activation and a status in `eax`.
///
/// # Safety
/// See [`NativeActivation::call`].
#[unsafe(naked)]
unsafe extern "C" fn enter_native(
    vmctx: *mut VmCtx,
    args: *mut u64,
    entry: *const FuncEntry,
    base: *const u8,
    code: *const u8,
    activation: *mut NativeActivation,
) -> Status {
    naked_asm!(
        // A naked function describes its own frame to unwinders.
        ".cfi_startproc",
        "push rbp",
        ".cfi_def_cfa_offset 16",
        ".cfi_offset rbp, -16",
        "mov rbp, rsp",
        ".cfi_def_cfa_register rbp",
        "push rbx",
        "push r12",
        "push r13",
        "push r14",
        "push r15",
        // The stack pointer is a multiple of 16 at a call.
        "sub rsp, 8",
        "mov [r9 + {rsp}], rsp",
        "mov [r9 + {rbp}], rbp",
        "lea rax, [rip + 2f]",
        "mov [r9 + {rip}], rax",
        // The first four arguments are those of the code.
        "call r8",
        "2:",
        "add rsp, 8",
        "pop r15",
        "pop r14",
        "pop r13",
        "pop r12",
        "pop rbx",
        "pop rbp",
        ".cfi_def_cfa rsp, 8",
        "ret",
        ".cfi_endproc",
        rsp = const offset_of!(NativeActivation, landing) + offset_of!(Landing, rsp),
        rbp = const offset_of!(NativeActivation, landing) + offset_of!(Landing, rbp),
        rip = const offset_of!(NativeActivation, landing) + offset_of!(Landing, rip),
    )
}
