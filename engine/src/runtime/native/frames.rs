//! The walk over frames of machine code, of the interpreter and compiled alike.
//!
//! What lives here: the way from a frame to its caller. What does not: which function an address is
//! in (`backtrace`). Invariant: what a frame keeps natively is read by the layouts of
//! [`wasmtier_vm`] alone.

use core::mem::offset_of;
use core::ptr;

use wasmtier_vm::{
    Activation, AdapterFrame, Continuation, EnteredFrame, FuncEntry, OtherFrame, Slot,
};

use crate::runtime::backtrace::RawFrame;

/// A frame whose caller is to be found.
enum Frame {
    /// An interpreted one.
    Interpreted {
        fp: *const u64,
        /// Its [`wasmtier_vm::InterpreterFrame`].
        sp: *const u64,
    },
    /// One whose return address is at `sp`.
    Native { sp: *const u64 },
}

/// Shows the frames of an activation to `visit`, innermost first.
///
/// # Safety
///
/// `activation` is live and of machine code, and its frames are there since wasm left.
pub(super) unsafe fn walk(activation: *const Activation, visit: &mut dyn FnMut(RawFrame)) {
    // SAFETY: live (caller's contract).
    let Activation { exit_fp: fp, exit_sp: sp, .. } = *unsafe { &*activation };
    if sp.is_null() {
        return;
    }
    // The innermost frame saved the pc of the cell that left; the others that behind their call.
    let mut behind_call = false;
    let first = if fp.is_null() { Frame::Native { sp } } else { Frame::Interpreted { fp, sp } };
    let mut next = Some(first);
    while let Some(frame) = next {
        next = match frame {
            // SAFETY: the frame has a header, and its native frame is at `sp`.
            Frame::Interpreted { fp, sp } => unsafe { interpreted(fp, sp, behind_call, visit) },
            // SAFETY: a return address is at `sp`.
            Frame::Native { sp } => unsafe { native(sp, visit) },
        };
        behind_call = true;
    }
}

/// Shows an interpreted frame, and finds its caller.
///
/// # Safety
///
/// `fp` is its frame pointer, and `sp` where its native frame is.
unsafe fn interpreted(
    fp: *const u64,
    sp: *const u64,
    behind_call: bool,
    visit: &mut dyn FnMut(RawFrame),
) -> Option<Frame> {
    let header = |slot: Slot| {
        // SAFETY: a frame has all slots of the header.
        unsafe { word(fp.wrapping_offset(slot.offset())) }
    };
    let entry: *const FuncEntry = ptr::with_exposed_provenance(header(Slot::ENTRY) as usize);
    let pc = header(Slot::SAVED_PC) as usize;
    visit(RawFrame::Interpreted { entry, pc, behind_call });
    // SAFETY: the words of the header, and the native frame of the function.
    unsafe { caller_of_slots(header(Slot::RETURN), header(Slot::CALLER_FP), sp) }
}

/// The caller of a function that takes its arguments in slots.
///
/// # Safety
///
/// `return_word` and `caller_fp` are those of its frame, and `sp` is where its native frame is.
unsafe fn caller_of_slots(return_word: u64, caller_fp: u64, sp: *const u64) -> Option<Frame> {
    let fp: *const u64 = ptr::with_exposed_provenance(caller_fp as usize);
    if fp.is_null() {
        return None;
    }
    if return_word.cast_signed() <= 0 {
        return Some(Frame::Interpreted { fp, sp });
    }
    let caller_sp = sp.wrapping_byte_add(offset_of!(AdapterFrame, caller_sp));
    // SAFETY: machine code that is returned to, but for the host, is an adapter, whose frame is at
    // `sp`.
    let caller_sp = unsafe { word(caller_sp) };
    Some(Frame::Native { sp: ptr::with_exposed_provenance(caller_sp as usize) })
}

/// Shows the frame whose return address is at `sp`, if it is a function's, and finds its caller.
///
/// # Safety
///
/// There is one.
unsafe fn native(sp: *const u64, visit: &mut dyn FnMut(RawFrame)) -> Option<Frame> {
    // SAFETY: caller's contract.
    let pc = unsafe { word(sp) } as usize;
    let code: *const u64 = ptr::with_exposed_provenance(pc);
    // SAFETY: eight bytes can be read from wherever code returns to or faults.
    let kind = Continuation::of(unsafe { code.read_unaligned() });
    let above = sp.wrapping_add(1);
    match kind {
        None => {
            visit(RawFrame::Compiled { pc });
            Some(Frame::Native { sp: above })
        }
        Some(Continuation::Other) => {
            Some(Frame::Native { sp: above.wrapping_byte_add(size_of::<OtherFrame>()) })
        }
        Some(Continuation::Entered) => {
            let field = |offset| {
                // SAFETY: the frame lies above the return address.
                unsafe { word(above.wrapping_byte_add(offset)) }
            };
            let return_word = field(offset_of!(EnteredFrame, return_word));
            let caller_fp = field(offset_of!(EnteredFrame, caller_fp));
            // SAFETY: these are of the header that was replaced; the frame is the interpreter's.
            unsafe { caller_of_slots(return_word, caller_fp, above) }
        }
        Some(Continuation::Interpreted) => unreachable!("adapters are not called, but returned to"),
    }
}

/// A word of a stack.
///
/// # Safety
///
/// It is there.
unsafe fn word(at: *const u64) -> u64 {
    // SAFETY: caller's contract.
    unsafe { at.read() }
}
