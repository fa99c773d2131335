//! Turning a fault of machine code into a trap.
//!
//! What lives here: the process's SIGSEGV handler, and the hand-over of every fault that is not
//! ours to whoever handled it before. The invariant: the handler takes no lock, allocates nothing
//! and never jumps; it rewrites the interrupted context and returns, or it passes the signal on
//! exactly as if it were not there.

use std::ffi::{c_int, c_void};
use std::mem;
use std::ptr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicPtr, Ordering};

use super::activation::{self, Fault, NativeActivation};
use super::code_range;
use super::mmap::MapError;

mod alternate_stack;

/// The handler with the context of what it interrupted.
type InfoHandler = extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void);
/// The handler of a simpler age.
type PlainHandler = extern "C" fn(c_int);

/// Who handled SIGSEGV before us: leaked, because a handler may read it at any time. Null is the
/// default action.
static PREVIOUS: AtomicPtr<libc::sigaction> = AtomicPtr::new(ptr::null_mut());

/// Makes faults of machine code traps, in this process and on this thread.
///
/// # Errors
/// When the system refuses the handler, or memory for the stack it runs on.
pub(super) fn prepare_thread() -> Result<(), MapError> {
    static INSTALLED: OnceLock<Result<(), MapError>> = OnceLock::new();
    (*INSTALLED.get_or_init(install))?;
    alternate_stack::ensure()
}

fn install() -> Result<(), MapError> {
    // A fault elsewhere may reach the new handler before the call that installs it has told us
    // whom it replaced, so we ask first; and whoever came in between is told by the call.
    remember(exchange(libc::SIGSEGV, None)?);
    // SAFETY: all zeros is a valid `sigaction`, with an empty mask.
    let mut action: libc::sigaction = unsafe { mem::zeroed() };
    action.sa_sigaction = (handle_fault as InfoHandler) as usize;
    // NODEFER: landing never runs the end of a handler's caller, and a fault within the previous
    // handler must reach it again. ONSTACK: the fault may be a stack overflow.
    action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_NODEFER;
    remember(exchange(libc::SIGSEGV, Some(&action))?);
    Ok(())
}

fn exchange(signal: c_int, action: Option<&libc::sigaction>) -> Result<libc::sigaction, MapError> {
    // SAFETY: all zeros is a valid `sigaction`.
    let mut old: libc::sigaction = unsafe { mem::zeroed() };
    let new = action.map_or(ptr::null(), ptr::from_ref);
    // SAFETY: both pointers are null or valid; a new action is our handler or the default one.
    let status = unsafe { libc::sigaction(signal, new, &raw mut old) };
    if status == 0 { Ok(old) } else { Err(MapError::last("sigaction")) }
}

fn remember(previous: libc::sigaction) {
    // Release: pairs with the handler's acquiring load, which then reads the action.
    PREVIOUS.store(Box::into_raw(Box::new(previous)), Ordering::Release);
}

extern "C" fn handle_fault(signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    // SAFETY: the kernel passes the valid description and context of this very signal.
    if !unsafe { land(info, context.cast()) } {
        // SAFETY: as above.
        unsafe { chain(signal, info, context) };
    }
}

/// Makes the interrupted thread go on at its landing pad, if the fault is a trap.
///
/// # Safety
/// The arguments are those of a signal handler with `SA_SIGINFO`.
unsafe fn land(info: *const libc::siginfo_t, context: *mut libc::ucontext_t) -> bool {
    // SAFETY: the caller's.
    let info = unsafe { &*info };
    // Other codes come without a fault address: sent by a process, or not a canonical address.
    if !matches!(info.si_code, SEGV_MAPERR | SEGV_ACCERR) {
        return false;
    }
    // SAFETY: the caller's; nobody else refers to the context.
    let registers = unsafe { &mut (*context).uc_mcontext.gregs };
    let pc = registers[libc::REG_RIP as usize].cast_unsigned() as usize;
    let fp = registers[libc::REG_RBP as usize].cast_unsigned() as usize;
    let sp = registers[libc::REG_RSP as usize].cast_unsigned() as usize;
    let cell = registers[libc::REG_R15 as usize].cast_unsigned() as usize;
    // First the code, then the activation: a thread that runs our code has touched the
    // thread-local variable before, so that reading it here allocates nothing.
    let Some(trap) = code_range::trap_at(pc) else { return false };
    let innermost = activation::innermost();
    if innermost.is_null() {
        return false;
    }
    // SAFETY: a fault of this kind carries an address.
    let address = unsafe { info.si_addr() }.addr();
    let fault = Fault { pc, fp, sp, cell, address, trap };
    // SAFETY: registered code runs only below an activation, and this thread was in it.
    let Some(landing) = (unsafe { NativeActivation::accept(innermost, fault) }) else {
        return false;
    };
    registers[libc::REG_RIP as usize] = landing.rip.cast_signed() as i64;
    registers[libc::REG_RSP as usize] = landing.rsp.cast_signed() as i64;
    registers[libc::REG_RBP as usize] = landing.rbp.cast_signed() as i64;
    registers[libc::REG_RAX as usize] = i64::from(trap as u8);
    true
}

/// `si_code` of an access to an address that is not mapped.
const SEGV_MAPERR: c_int = 1;
/// `si_code` of an access that the mapping forbids.
const SEGV_ACCERR: c_int = 2;

/// Does what would have happened without our handler.
///
/// # Safety
/// The arguments are those of a signal handler with `SA_SIGINFO`.
unsafe fn chain(signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    // SAFETY: the caller's.
    let sent = unsafe { (*info).si_code } <= 0;
    // Acquire: pairs with the release in `remember`.
    // SAFETY: null, or leaked by `remember`.
    let previous = unsafe { PREVIOUS.load(Ordering::Acquire).as_ref() };
    let handler = previous.map_or(libc::SIG_DFL, |previous| previous.sa_sigaction);
    match (handler, previous) {
        (libc::SIG_IGN, _) if sent => {}
        // The kernel does not let a fault be ignored.
        (libc::SIG_DFL | libc::SIG_IGN, _) | (_, None) => die(signal, sent),
        (handler, Some(previous)) => {
            // SAFETY: the caller's; and whoever installed the handler vouched for it.
            unsafe { call_previous(handler, previous, signal, info, context) }
        }
    }
}

/// Restores the default action, which comes when the instruction is run again.
fn die(signal: c_int, sent: bool) {
    // SAFETY: all zeros is the default action.
    let default: libc::sigaction = unsafe { mem::zeroed() };
    // It cannot fail for a signal that has a handler; and if it did, we would fault again.
    let _ = exchange(signal, Some(&default));
    if sent {
        // No instruction to run again: send it again.
        // SAFETY: async-signal-safe, no preconditions.
        unsafe { libc::raise(signal) };
    }
}

/// Calls the previous handler under the mask it asked for.
///
/// # Safety
/// The last three arguments are those of a signal handler with `SA_SIGINFO`, and `handler` is
/// that of `previous`.
unsafe fn call_previous(
    handler: usize,
    previous: &libc::sigaction,
    signal: c_int,
    info: *mut libc::siginfo_t,
    context: *mut c_void,
) {
    let mut mask = previous.sa_mask;
    if previous.sa_flags & libc::SA_NODEFER == 0 {
        // SAFETY: a valid set and signal.
        unsafe { libc::sigaddset(&raw mut mask, signal) };
    }
    if previous.sa_flags & libc::SA_RESETHAND != 0 {
        // Release: nothing to publish with a null; as in `remember`.
        PREVIOUS.store(ptr::null_mut(), Ordering::Release);
    }
    // SAFETY: all zeros is a valid set.
    let mut before: libc::sigset_t = unsafe { mem::zeroed() };
    // SAFETY: both sets are valid; the function is async-signal-safe.
    unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, &raw const mask, &raw mut before) };
    let code = ptr::with_exposed_provenance::<()>(handler);
    if previous.sa_flags & libc::SA_SIGINFO == 0 {
        // SAFETY: without the flag the handler takes one argument.
        let handler = unsafe { mem::transmute::<*const (), PlainHandler>(code) };
        handler(signal);
    } else {
        // SAFETY: with the flag the handler takes three arguments.
        let handler = unsafe { mem::transmute::<*const (), InfoHandler>(code) };
        handler(signal, info, context);
    }
    // SAFETY: the set was written above.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const before, ptr::null_mut()) };
}

#[cfg(test)]
mod tests;
