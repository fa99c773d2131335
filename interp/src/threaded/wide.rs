//! Operators that yield 128-bit integers.
//!
//! Invariant: the high half of a result is in its slot and the integer accumulator, the low half in
//! its slot alone.

use core::mem::{offset_of, size_of};

use wasmtier_ops::{WideOp, WideShape};
use wasmtier_x64::lower::{Operand, wide as lower_wide};
use wasmtier_x64::{Gpr, Width};

use super::body::{Body, File};
use super::key::Variant;
use super::registers::{A, ACC, B, D};
use crate::cell::{WideCell, WideningCell};

/// Where the low half of a result is until it is stored, and the high half.
const HALVES: [Gpr; 2] = [Gpr::Rdx, ACC];

pub(super) fn wide(body: &mut Body<'_>, op: WideOp, variant: Variant) {
    let [d, _, _] = variant.pins();
    let (low, d_offset, len) = match op.shape() {
        WideShape::Wide => {
            let slots = [
                offset_of!(WideCell, a),
                offset_of!(WideCell, a_high),
                offset_of!(WideCell, b),
                offset_of!(WideCell, b_high),
            ];
            // Four slots, four scratch registers that no lowering changes.
            let temps = [A, B, D, Gpr::Rdx];
            let mut operands = [Operand::Imm(0); 4];
            for ((operand, slot), temp) in operands.iter_mut().zip(slots).zip(temps) {
                *operand = body.slot(slot, temp).into();
            }
            lower_wide(&mut body.l, op, HALVES, &operands);
            (offset_of!(WideCell, low), offset_of!(WideCell, d), size_of::<WideCell>())
        }
        WideShape::Widening => {
            let a = body.slot(offset_of!(WideningCell, a), A).into();
            let b = body.slot(offset_of!(WideningCell, b), B).into();
            lower_wide(&mut body.l, op, HALVES, &[a, b]);
            let (low, d) = (offset_of!(WideningCell, low), offset_of!(WideningCell, d));
            (low, d, size_of::<WideningCell>())
        }
    };
    let slot = body.slot(low, D);
    body.l.code.store(Width::W64, slot, HALVES[0]);
    body.finish(File::Int, d_offset, d);
    body.go_on(len);
}
