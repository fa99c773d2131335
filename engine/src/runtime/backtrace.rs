//! Capture of the frames of running wasm.
//!
//! What lives here: the walk. What does not: what a frame says to a human (`trap`).
//! Invariant: cheap however deep the stack is: only its two ends are kept.

use std::sync::Arc;

use wasmtier_vm::FuncEntry;

use super::store::StoreOpaque;
use crate::module::ModuleInner;
use crate::trap::{FrameInfo, WasmBacktrace};

/// How many innermost frames are kept.
const INNERMOST: usize = 32;
/// How many outermost frames are kept.
const OUTERMOST: usize = 16;

/// The frames of every activation of `store`, innermost first; `None` when there are none.
pub(super) fn capture(store: &StoreOpaque) -> Option<WasmBacktrace> {
    let mut innermost = Vec::new();
    let mut outermost = [None; OUTERMOST];
    let mut rest = 0;
    let mut visit = |entry: *const FuncEntry, code_offset: u32| {
        if innermost.len() < INNERMOST {
            innermost.push((entry, code_offset));
        } else {
            outermost[rest % OUTERMOST] = Some((entry, code_offset));
            rest += 1;
        }
    };
    // SAFETY: pinned by the store.
    let mut activation = unsafe { (*store.vm.as_ptr()).activation };
    while !activation.is_null() {
        // SAFETY: linked activations are on the stack of a call that has not returned, and wasm
        // has left each of them, be it for us.
        unsafe { wasmtier_interp::frames(activation, &mut visit) };
        // SAFETY: as above.
        activation = unsafe { (*activation).previous };
    }
    let resolve = |(entry, code_offset)| {
        let module = module_of(store, entry)?;
        // SAFETY: an entry of a live module.
        let func = module.func_of(unsafe { &*entry });
        Some(FrameInfo::new(module.clone(), func, code_offset))
    };
    let omitted = rest.saturating_sub(OUTERMOST);
    let (newer, older) = outermost.split_at(rest % OUTERMOST);
    let outermost = older.iter().chain(newer).flatten().copied();
    let frames: Box<[_]> = innermost.iter().copied().chain(outermost).filter_map(resolve).collect();
    (!frames.is_empty()).then(|| WasmBacktrace::new(frames, INNERMOST, omitted))
}

/// The module an entry belongs to.
fn module_of(store: &StoreOpaque, entry: *const FuncEntry) -> Option<&Arc<ModuleInner>> {
    let (_, module) = store.modules.range(..=entry.addr()).next_back()?;
    module.functions_of(entry).map(|_| module)
}
