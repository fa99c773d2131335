//! The scalar numeric operators: [`unary`], [`binary`], and [`condition`] for those whose result is
//! only tested.
//!
//! What lives here: which lowering an operator has, by its shape. What does not: the lowerings.
//! Invariant: every operator of the table has one, on any operands that its [`Constraint`] allows.

use wasmtier_ops::NumOp;

use super::compare::{self, Test};
use super::operand::{TEMP, floats, gpr, width, xmm};
use super::shape::{Shape, shape};
use super::{Lowering, Operand, Reg, convert, divide, float, int};
use crate::{Alu, Cond, CpuFeatures, Gpr, Scale, Shift, Width};

/// What an operator asks of registers beyond the contract of all lowerings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Constraint {
    /// Nothing.
    None,
    /// The second operand is an immediate or in `rcx`, and the result is not in `rcx`.
    ShiftCount,
    /// The first operand is in `rax`, the second one neither in `rax` or `rdx` nor addressed by
    /// them; both change.
    Divide {
        /// Where the result is: a quotient in `rax`, a remainder in `rdx`.
        result: Gpr,
    },
}

/// What `op` asks of registers beyond the contract of all lowerings.
#[must_use]
pub fn constraint(op: NumOp, cpu: CpuFeatures) -> Constraint {
    match shape(op) {
        Shape::Divide { remainder, .. } => Constraint::Divide { result: divide::result(remainder) },
        Shape::Shift(shift) => match int::three_operands(shift) {
            Some(_) if cpu.has(CpuFeatures::BMI2) => Constraint::None,
            Some(_) | None => Constraint::ShiftCount,
        },
        Shape::Eqz
        | Shape::Compare(_)
        | Shape::CompareFloats(_)
        | Shape::Count(_)
        | Shape::Extend { .. }
        | Shape::Add
        | Shape::Sub
        | Shape::Mul
        | Shape::And
        | Shape::Or
        | Shape::Xor
        | Shape::Sign(_)
        | Shape::Round(_)
        | Shape::Sqrt
        | Shape::Float(..)
        | Shape::Extremum(_)
        | Shape::Copysign
        | Shape::Truncate { .. }
        | Shape::Convert { .. }
        | Shape::Resize
        | Shape::Reinterpret => Constraint::None,
    }
}

/// What is known of an operator's value when it is only tested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Whether an integer is zero.
    Eqz,
    /// Whether two operands compare so.
    Compare,
    /// A conjunction of integers: whether it is zero costs no result.
    And,
    /// A sum of integers.
    Add,
    /// Anything else.
    Other,
}

/// What is known of `op` when it is only tested, or is part of something larger. Of
/// [`Class::Compare`], [`Class::And`] and [`Class::Add`] there is a [`condition`].
#[must_use]
pub fn class(op: NumOp) -> Class {
    match shape(op) {
        Shape::Eqz => Class::Eqz,
        Shape::Compare(_) | Shape::CompareFloats(_) => Class::Compare,
        Shape::And => Class::And,
        Shape::Add => Class::Add,
        Shape::Count(_)
        | Shape::Extend { .. }
        | Shape::Sub
        | Shape::Or
        | Shape::Xor
        | Shape::Mul
        | Shape::Shift(_)
        | Shape::Divide { .. }
        | Shape::Sign(_)
        | Shape::Round(_)
        | Shape::Sqrt
        | Shape::Float(..)
        | Shape::Extremum(_)
        | Shape::Copysign
        | Shape::Truncate { .. }
        | Shape::Convert { .. }
        | Shape::Resize
        | Shape::Reinterpret => Class::Other,
    }
}

/// What an address multiplies its index with that has the value of `op` by the constant `count`, if
/// it can.
#[must_use]
pub fn scale(op: NumOp, count: u64) -> Option<Scale> {
    match (shape(op), count) {
        (Shape::Shift(Shift::Shl), 1) => Some(Scale::Two),
        (Shape::Shift(Shift::Shl), 2) => Some(Scale::Four),
        (Shape::Shift(Shift::Shl), 3) => Some(Scale::Eight),
        _ => None,
    }
}

/// Whether, behind [`binary`] of the same arguments, `E` tells whether the result is zero.
#[must_use]
pub fn flags_tell_zero(op: NumOp, dst: Reg, a: Operand, b: Operand) -> bool {
    let is_imm = |imm: i32| a == Operand::Imm(imm) || b == Operand::Imm(imm);
    match shape(op) {
        // What is elsewhere may be made by an instruction that leaves the flags.
        Shape::Add | Shape::Sub => a == Operand::Reg(dst),
        Shape::And => !is_imm(0xff) && !is_imm(0xffff),
        Shape::Or => true,
        Shape::Xor => !is_imm(-1),
        _ => false,
    }
}

/// Makes `dst` the value of `op` on `a`. An integer may be an immediate.
///
/// # Panics
/// When `op` takes two operands, or one of them is in a register of the other file.
pub fn unary(l: &mut Lowering<'_>, op: NumOp, dst: Reg, a: Operand) {
    let (from, to) = (op.params()[0], op.result());
    match shape(op) {
        Shape::Eqz => {
            set(l, gpr(dst), &[a], |l| nonzero(l, width(from) == Width::W64, a).not());
        }
        Shape::Count(counted) => int::count(l, counted, width(from), gpr(dst), a),
        Shape::Extend { from, signed } => {
            int::extend(l.code, (from, signed, width(to)), gpr(dst), a);
        }
        Shape::Sign(sign) => float::sign(l, sign, floats(from), xmm(dst), a),
        Shape::Round(direction) => float::round(l, direction, floats(from), xmm(dst), a),
        Shape::Sqrt => float::sqrt(l, floats(from), xmm(dst), a),
        Shape::Resize => float::resize(l, floats(from), xmm(dst), a),
        Shape::Truncate { signed, saturating: false } => {
            convert::truncate(l, signed, (floats(from), width(to)), gpr(dst), a);
        }
        Shape::Truncate { signed, saturating: true } => {
            convert::saturate(l, signed, (floats(from), width(to)), gpr(dst), a);
        }
        Shape::Convert { signed } => {
            convert::from_int(l, signed, (width(from), floats(to)), xmm(dst), a);
        }
        Shape::Reinterpret => convert::reinterpret(l, width(from), dst, a),
        Shape::Compare(_)
        | Shape::CompareFloats(_)
        | Shape::Add
        | Shape::Sub
        | Shape::Mul
        | Shape::Divide { .. }
        | Shape::And
        | Shape::Or
        | Shape::Xor
        | Shape::Shift(_)
        | Shape::Float(..)
        | Shape::Extremum(_)
        | Shape::Copysign => panic!("{} takes two operands", op.name()),
    }
}

/// Makes `dst` the value of `op` on `a` and `b`. Either of two integers may be an immediate.
///
/// # Panics
/// When `op` takes one operand, one of them is in a register of the other file, or the
/// [`constraint`] is not met.
pub fn binary(l: &mut Lowering<'_>, op: NumOp, dst: Reg, a: Operand, b: Operand) {
    let ty = op.params()[0];
    let (wide, single) = (width(ty), floats(ty));
    match shape(op) {
        Shape::Compare(_) | Shape::CompareFloats(_) => {
            set(l, gpr(dst), &[a, b], |l| condition(l, op, a, b));
        }
        Shape::Add => int::add(l.code, wide, gpr(dst), a, b),
        Shape::Sub => int::sub(l.code, wide, gpr(dst), a, b),
        Shape::Mul => int::mul(l.code, wide, gpr(dst), a, b),
        Shape::Divide { signed, remainder } => {
            divide::divide(l, (signed, remainder), wide, gpr(dst), (a, b));
        }
        Shape::And => int::and(l.code, wide, gpr(dst), a, b),
        Shape::Or => int::alu(l.code, Alu::Or, wide, gpr(dst), a, b),
        Shape::Xor => int::xor(l.code, wide, gpr(dst), a, b),
        Shape::Shift(shift) => int::shift(l, shift, wide, gpr(dst), a, b),
        Shape::Float(single_op, double_op) => {
            let op = if wide == Width::W64 { double_op } else { single_op };
            float::binary(l, (op, single), xmm(dst), a, b);
        }
        Shape::Extremum(extremum) => float::extremum(l, extremum, single, xmm(dst), (a, b)),
        Shape::Copysign => float::copysign(l, single, xmm(dst), a, b),
        Shape::Eqz
        | Shape::Count(_)
        | Shape::Extend { .. }
        | Shape::Sign(_)
        | Shape::Round(_)
        | Shape::Sqrt
        | Shape::Truncate { .. }
        | Shape::Convert { .. }
        | Shape::Resize
        | Shape::Reinterpret => panic!("{} takes one operand", op.name()),
    }
}

/// Whether the value of `op` on `a` and `b` is not zero, for any `op` on two operands whose result
/// is an integer, and that cannot trap. The [`constraint`] is that of [`binary`].
///
/// # Panics
/// As [`binary`], and for other operators.
pub fn condition(l: &mut Lowering<'_>, op: NumOp, a: Operand, b: Operand) -> Test {
    let ty = op.params()[0];
    let wide = width(ty);
    match (shape(op), b) {
        (Shape::Compare(cond), _) => compare::integers(l.code, cond, wide, a, b),
        (Shape::CompareFloats(order), _) => compare::ordered(l, order, floats(ty), a, b),
        (Shape::And, _) => compare::common_bits(l.code, wide, a, b),
        (Shape::Sub | Shape::Xor, _) => compare::integers(l.code, Cond::Ne, wide, a, b),
        (Shape::Add, Operand::Imm(b)) if b != i32::MIN => {
            compare::integers(l.code, Cond::Ne, wide, a, Operand::Imm(-b))
        }
        (Shape::Add, _) => {
            int::alu(l.code, Alu::Add, wide, TEMP, a, b);
            Cond::Ne.into()
        }
        (Shape::Or, _) => {
            int::alu(l.code, Alu::Or, wide, TEMP, a, b);
            Cond::Ne.into()
        }
        (Shape::Mul | Shape::Shift(_), _) => {
            binary(l, op, TEMP.into(), a, b);
            nonzero(l, wide == Width::W64, TEMP.into())
        }
        (
            Shape::Eqz
            | Shape::Count(_)
            | Shape::Extend { .. }
            | Shape::Divide { .. }
            | Shape::Sign(_)
            | Shape::Round(_)
            | Shape::Sqrt
            | Shape::Float(..)
            | Shape::Extremum(_)
            | Shape::Copysign
            | Shape::Truncate { .. }
            | Shape::Convert { .. }
            | Shape::Resize
            | Shape::Reinterpret,
            _,
        ) => panic!("{} is not a condition", op.name()),
    }
}

/// Whether the integer `a`, of 64 bits if `wide` and else of 32, is not zero.
///
/// # Panics
/// When `a` is in a vector register.
pub fn nonzero(l: &mut Lowering<'_>, wide: bool, a: Operand) -> Test {
    let width = if wide { Width::W64 } else { Width::W32 };
    compare::integers(l.code, Cond::Ne, width, a, Operand::Imm(0))
}

/// Makes `dst` 1 if the test that `emit` gives of `operands` holds, else 0.
fn set(
    l: &mut Lowering<'_>,
    dst: Gpr,
    operands: &[Operand],
    emit: impl FnOnce(&mut Lowering<'_>) -> Test,
) {
    if operands.iter().any(|operand| operand.uses(dst)) {
        emit(l).set(l, dst);
    } else {
        l.code.zero(dst);
        emit(l).set_byte(l, dst);
    }
}
