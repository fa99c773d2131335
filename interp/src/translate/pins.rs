//! Which locals of a function deserve a pinned register.
//!
//! What lives here: the choice, recorded in the code's header for the threaded back-end; the
//! portable back-end has no registers to pin and ignores it. Invariant: the choice never changes a
//! result.

use wasmtier_vm::Slot;

use super::emit::File;
use super::operand::Local;

/// A use inside one more loop counts this many bits more: 8 times.
const LOOP_SHIFT: u32 = 3;
/// Loops deeper than this weigh no more.
const MAX_LOOP_DEPTH: u32 = 6;

/// The weight of one use at a loop depth.
pub(super) fn weight(loop_depth: u32) -> u32 {
    1 << (loop_depth.min(MAX_LOOP_DEPTH) * LOOP_SHIFT)
}

/// The four integer and four float locals to pin. Every call reloads all pins, so a local is worth
/// one only if it is used more often than calls are made.
pub(super) fn choose(locals: &[Local], call_weight: u32) -> ([Slot; 4], [Slot; 4]) {
    (best(locals, File::Int, call_weight), best(locals, File::Float, call_weight))
}

fn best(locals: &[Local], file: File, call_weight: u32) -> [Slot; 4] {
    let mut best = [(0, Slot(0)); 4];
    for local in locals {
        let last = best.len() - 1;
        if local.file != file || local.weight <= call_weight.max(best[last].0) {
            continue;
        }
        best[last] = (local.weight, local.slot);
        let mut at = last;
        while at > 0 && best[at].0 > best[at - 1].0 {
            best.swap(at, at - 1);
            at -= 1;
        }
    }
    best.map(|(_, slot)| slot)
}
