//! Jumps, jump tables, traps.
//!
//! Invariant: a target is a distance in bytes from the start of the branching cell.

use core::mem::{offset_of, size_of};

use wasmtier_ops::ScalarType;
use wasmtier_x64::lower::nonzero;
use wasmtier_x64::{Alu, Cond, Mem, Scale, Width};

use super::body::{Body, Place};
use super::key::Variant;
use super::registers::{A, ACC, B, PC, T, V1};
use super::stubs::Stub;
use crate::cell::{BranchCell, JumpCell, TableJumpCell, TrapCell};

/// Jumps.
pub(super) fn jump(body: &mut Body<'_>, variant: Variant) {
    let (back, _) = variant.branch();
    body.jump(offset_of!(JumpCell, target), back);
}

/// Jumps if the operand, of 64 bits if `wide`, is not zero, or if it is.
pub(super) fn jump_if(
    body: &mut Body<'_>,
    in_acc: bool,
    wide: bool,
    not_zero: bool,
    variant: Variant,
) {
    let (back, [a, _]) = variant.branch();
    let place = if in_acc { Place::Acc } else { Place::slot(offset_of!(BranchCell, a), a) };
    let ty = if wide { ScalarType::I64 } else { ScalarType::I32 };
    let operand = body.operand(place, ty, A, V1);
    let test = nonzero(&mut body.l, wide, operand);
    let test = if not_zero { test } else { test.not() };
    body.branch(test, offset_of!(BranchCell, target), back, size_of::<BranchCell>());
}

/// Jumps through a table.
pub(super) fn table_jump(body: &mut Body<'_>, in_acc: bool, variant: Variant) {
    let [_, a, _] = variant.pins();
    let place = if in_acc { Place::Acc } else { Place::slot(offset_of!(TableJumpCell, a), a) };
    let index = body.in_gpr(place, ScalarType::I32, A);
    let (code, cell) = (&mut *body.l.code, body.cell);
    code.mov(Width::W32, T, cell.at(offset_of!(TableJumpCell, count)));
    code.mov(Width::W32, B, index);
    code.alu(Alu::Cmp, Width::W32, B, T);
    code.cmov(Cond::A, Width::W32, B, T);
    let targets = Mem::base(PC).indexed(B, Scale::Four);
    let first = i32::try_from(size_of::<TableJumpCell>()).expect("cells are short");
    let behind = i32::try_from(cell.behind).expect("runs are short");
    code.movsx(Width::W32, Width::W64, B, targets.offset(behind + first));
    code.lea(Width::W64, PC, Mem::new(PC, behind).indexed(B, Scale::One));
    body.run();
}

/// Traps.
pub(super) fn trap(body: &mut Body<'_>) {
    body.l.code.mov(Width::W32, ACC, body.cell.at(offset_of!(TrapCell, trap)));
    body.jump_to_stub(Stub::Leave);
}
