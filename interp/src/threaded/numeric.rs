//! Scalar operators, alone and fused with a branch.
//!
//! What lives here: where cells have the operands of the shared lowerings. What does not: what an
//! operator computes (`wasmtier_x64::lower`).

use core::mem::{offset_of, size_of};

use wasmtier_ops::{NumOp, ScalarType};
use wasmtier_x64::Width;
use wasmtier_x64::lower::{
    Constraint, Operand, Reg, binary as lower_binary, condition, constraint, unary as lower_unary,
};

use super::body::{Body, File, Place, width};
use super::key::{Pin, Variant};
use super::registers::{A, ACC, B, V1, V2};
use crate::cell::{BinaryCell, BinaryImmCell, BranchCell, BranchImmCell, UnaryCell};
use crate::handler::{Dst, Src, Srcs};

/// Where the operands of a cell are.
pub(super) struct Places {
    pub(super) a: Place,
    pub(super) b: Place,
    /// Whether the cell is that with an immediate.
    pub(super) immediate: bool,
}

impl Places {
    pub(super) fn new(
        srcs: Srcs,
        [a, b]: [Pin; 2],
        a_slot: usize,
        b_slot: usize,
        imm: usize,
    ) -> Self {
        let (a, b) = match srcs {
            Srcs::SlotSlot => (Place::slot(a_slot, a), Place::slot(b_slot, b)),
            Srcs::SlotAcc => (Place::slot(a_slot, a), Place::Acc),
            Srcs::AccSlot => (Place::Acc, Place::slot(b_slot, b)),
            Srcs::SlotImm => (Place::slot(a_slot, a), Place::Imm(imm)),
            Srcs::AccImm => (Place::Acc, Place::Imm(imm)),
        };
        Self { a, b, immediate: matches!(srcs, Srcs::SlotImm | Srcs::AccImm) }
    }
}

/// Operators of one operand.
pub(super) fn unary(body: &mut Body<'_>, op: NumOp, dst: Dst, src: Src, variant: Variant) {
    let [d, a, _] = variant.pins();
    let place = match src {
        Src::Slot => Place::slot(offset_of!(UnaryCell, a), a),
        Src::Acc => Place::Acc,
    };
    let operand = body.operand(place, op.params()[0], A, V1);
    lower_unary(&mut body.l, op, File::of(op.result()).accumulator(), operand);
    if dst == Dst::Slot {
        body.finish(File::of(op.result()), offset_of!(UnaryCell, d), d);
    }
    body.next::<UnaryCell>();
}

/// Operators of two operands.
pub(super) fn binary(body: &mut Body<'_>, op: NumOp, dst: Dst, srcs: Srcs, variant: Variant) {
    let [d, a, b] = variant.pins();
    let places = Places::new(
        srcs,
        [a, b],
        offset_of!(BinaryCell, a),
        offset_of!(BinaryCell, b),
        offset_of!(BinaryImmCell, imm),
    );
    compute(body, op, &places);
    if dst == Dst::Slot {
        body.finish(File::of(op.result()), offset_of!(BinaryCell, d), d);
    }
    body.go_on(if places.immediate { size_of::<BinaryImmCell>() } else { size_of::<BinaryCell>() });
}

/// Leaves the result of an operator of two operands in its accumulator.
fn compute(body: &mut Body<'_>, op: NumOp, places: &Places) {
    let [a_type, b_type] = [op.params()[0], op.params()[1]];
    match constraint(op, body.l.cpu) {
        Constraint::None => {
            let a = body.operand(places.a, a_type, A, V1);
            let b = body.operand(places.b, b_type, B, V2);
            lower_binary(&mut body.l, op, File::of(op.result()).accumulator(), a, b);
        }
        Constraint::ShiftCount => {
            let a = body.operand(places.a, a_type, A, V1);
            let count = count_in_rcx(body, places.b, b_type);
            lower_binary(&mut body.l, op, ACC.into(), a, count);
        }
        Constraint::Divide { result } => {
            // First the divisor, which may be in the accumulator, where the dividend goes.
            let b = body.operand(places.b, b_type, B, V2);
            let b = match b {
                Operand::Reg(Reg::Gpr(ACC)) => {
                    body.l.code.mov(width(b_type), B, ACC);
                    B.into()
                }
                b => b,
            };
            let a = body.in_gpr(places.a, a_type, ACC);
            if a != ACC {
                body.l.code.mov(width(a_type), ACC, a);
            }
            lower_binary(&mut body.l, op, result.into(), ACC.into(), b);
            if result != ACC {
                body.l.code.mov(width(op.result()), ACC, result);
            }
        }
    }
}

/// The count of a shift in the register that shifts want.
fn count_in_rcx(body: &mut Body<'_>, place: Place, ty: ScalarType) -> Operand {
    let count = body.in_gpr(place, ty, B);
    if count != B {
        body.l.code.mov(Width::W64, B, count);
    }
    B.into()
}

/// Branches by an operator of two operands.
pub(super) fn branch(body: &mut Body<'_>, op: NumOp, nonzero: bool, srcs: Srcs, variant: Variant) {
    let (back, pins) = variant.branch();
    let places = Places::new(
        srcs,
        pins,
        offset_of!(BranchCell, a),
        offset_of!(BranchCell, b),
        offset_of!(BranchImmCell, imm),
    );
    let [a_type, b_type] = [op.params()[0], op.params()[1]];
    let a = body.operand(places.a, a_type, A, V1);
    let b = match constraint(op, body.l.cpu) {
        Constraint::ShiftCount => count_in_rcx(body, places.b, b_type),
        Constraint::None | Constraint::Divide { .. } => body.operand(places.b, b_type, B, V2),
    };
    let test = condition(&mut body.l, op, a, b);
    let test = if nonzero { test } else { test.not() };
    let len = if places.immediate { size_of::<BranchImmCell>() } else { size_of::<BranchCell>() };
    body.branch(test, offset_of!(BranchCell, target), back, len);
}
