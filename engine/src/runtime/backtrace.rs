//! Capture of the frames of running wasm.
//!
//! What lives here: the walk. What does not: what a frame says to a human (`trap`).
//! Invariant: cheap however deep the stack is: only its two ends are kept.

use std::sync::Arc;

use wasmtier_vm::FuncEntry;

use super::store::StoreOpaque;
use crate::module::{CodePlace, ModuleInner};
use crate::trap::{FrameInfo, WasmBacktrace};

/// How many innermost frames are kept.
const INNERMOST: usize = 32;
/// How many outermost frames are kept.
const OUTERMOST: usize = 16;

/// A frame as running code leaves it.
#[derive(Copy, Clone, Debug)]
pub(crate) enum RawFrame {
    /// An interpreted one.
    Interpreted {
        entry: *const FuncEntry,
        /// The cell that runs; or the one behind it, if it calls.
        pc: usize,
        behind_call: bool,
    },
    /// An interpreted one of the portable world, at an offset in its code.
    Portable { entry: *const FuncEntry, offset: u32 },
    /// One of compiled code, at an instruction.
    Compiled { pc: usize },
}

/// The frames of every activation of `store`, innermost first; `None` when there are none.
pub(super) fn capture(store: &StoreOpaque) -> Option<WasmBacktrace> {
    let mut innermost = Vec::new();
    let mut outermost = [None; OUTERMOST];
    let mut rest = 0;
    let mut visit = |frame: RawFrame| {
        if innermost.len() < INNERMOST {
            innermost.push(frame);
        } else {
            outermost[rest % OUTERMOST] = Some(frame);
            rest += 1;
        }
    };
    // SAFETY: pinned by the store.
    let mut activation = unsafe { (*store.vm.as_ptr()).activation };
    while !activation.is_null() {
        match store.engine().native() {
            // SAFETY: linked activations are on the stack of a call that has not returned, and wasm
            // has left each of them, be it for us.
            Some(native) => unsafe { native.frames(activation, &mut visit) },
            None => {
                let mut visit = |entry, offset| visit(RawFrame::Portable { entry, offset });
                // SAFETY: as above.
                unsafe { wasmtier_interp::frames(activation, &mut visit) };
            }
        }
        // SAFETY: as above.
        activation = unsafe { (*activation).previous };
    }
    let omitted = rest.saturating_sub(OUTERMOST);
    let (newer, older) = outermost.split_at(rest % OUTERMOST);
    let outermost = older.iter().chain(newer).flatten().copied();
    let frames = innermost.iter().copied().chain(outermost);
    let frames: Box<[_]> = frames.filter_map(|frame| resolve(store, frame)).collect();
    (!frames.is_empty()).then(|| WasmBacktrace::new(frames, INNERMOST, omitted))
}

/// Which function a frame is of, and where in it.
fn resolve(store: &StoreOpaque, frame: RawFrame) -> Option<FrameInfo> {
    let (entry, offset) = match frame {
        RawFrame::Interpreted { entry, pc, behind_call } => {
            // SAFETY: entries live as long as the store.
            let code = unsafe { (*entry).ir() }.addr();
            // Code is shorter than 4 GiB, as its branches must reach everywhere.
            (entry, (pc - code) as u32 - if behind_call { size_of::<u32>() as u32 } else { 0 })
        }
        RawFrame::Portable { entry, offset } => (entry, offset),
        RawFrame::Compiled { pc } => return compiled(store, pc),
    };
    let module = module_of(store, entry)?;
    // SAFETY: an entry of a live module.
    let func = module.func_of(unsafe { &*entry });
    Some(FrameInfo::new(module.clone(), func, CodePlace::Cell(offset)))
}

/// The frame of compiled code at `pc`.
fn compiled(store: &StoreOpaque, pc: usize) -> Option<FrameInfo> {
    let found = |module: &Arc<ModuleInner>| {
        let (func, place) = module.compiled_at(pc)?;
        Some(FrameInfo::new(module.clone(), func, place))
    };
    store.modules.values().find_map(found)
}

/// The module an entry belongs to.
fn module_of(store: &StoreOpaque, entry: *const FuncEntry) -> Option<&Arc<ModuleInner>> {
    let (_, module) = store.modules.range(..=entry.addr()).next_back()?;
    module.functions_of(entry).map(|_| module)
}
