//! Conversions between lanes of integers and of floats that are more than one instruction.
//!
//! What lives here: saturation, and unsigned integers, which the instructions know nothing of: they
//! give the lowest integer for all that is out of range. Invariant: NaN becomes 0.

use super::float::{F32X4, F64X2, Predicate, Rounding, compare, round};
use super::form::{One, SPARE, T0, T1, Two, splat32, splat64};
use crate::lower::Lowering;
use crate::{XmmImm, XmmOp, XmmShift, XmmUnary};

/// 2^31 as an `f32`.
const TWO_31: u128 = splat32(0x4f00_0000);
/// 2^52 as an `f64`: above it, the unit of the last place is 1.
const TWO_52: u128 = splat64(0x4330_0000_0000_0000);
/// 2^31 - 1 as an `f64`.
const I32_MAX: u128 = splat64(0x41df_ffff_ffc0_0000);
/// 2^32 - 1 as an `f64`.
const U32_MAX: u128 = splat64(0x41ef_ffff_ffe0_0000);

/// `f32` to `i32`.
pub(super) fn truncate32_signed(l: &mut Lowering<'_>, at: One) {
    let bound = l.vector_constant(TWO_31);
    compare(l, F32X4, Predicate::Equal, Two { dst: T0, a: at.a, b: at.a });
    l.vector(XmmOp::Andps, T0, T0, at.a);
    // Below the range, the lowest integer is right. Above, all of its bits are wrong.
    l.vector_imm(XmmImm::Cmpps, T1, T0, bound, Predicate::NotLess as u8);
    l.vector_unary(XmmUnary::Cvttps2dq, T0, T0);
    l.vector(XmmOp::Pxor, at.dst, T0, T1);
}

/// `f32` to `u32`: the sum of two signed conversions.
pub(super) fn truncate32_unsigned(l: &mut Lowering<'_>, at: One) {
    let half = l.vector_constant(TWO_31);
    // Of NaN and 0, the instruction gives its second operand.
    l.vector_zero(T1);
    l.vector(XmmOp::Maxps, T0, at.a, T1);
    // What exceeds 2^31, saturated; negative if nothing does.
    l.vector(XmmOp::Subps, T1, T0, half);
    l.vector_imm(XmmImm::Cmpps, SPARE, T1, half, Predicate::NotLess as u8);
    l.vector_unary(XmmUnary::Cvttps2dq, T1, T1);
    l.vector(XmmOp::Pxor, T1, T1, SPARE);
    l.vector_zero(SPARE);
    l.vector(XmmOp::Pmaxsd, T1, T1, SPARE);
    // The rest; if something does, 2^31 in this sense of the lowest integer.
    l.vector_unary(XmmUnary::Cvttps2dq, T0, T0);
    l.vector(XmmOp::Paddd, at.dst, T0, T1);
}

/// `u32` to `f32`. Both halves become exact floats, by being put into the fractions of 2^23 and
/// 2^39, so that only their sum is rounded.
pub(super) fn from_unsigned32(l: &mut Lowering<'_>, at: One) {
    const ODD: u8 = 0b1010_1010;
    let two_23 = l.vector_constant(splat32(0x4b00_0000));
    let two_39 = l.vector_constant(splat32(0x5300_0000));
    let two_39_and_23 = l.vector_constant(splat32(0x5300_0080));
    l.vector_imm(XmmImm::Pblendw, T0, at.a, two_23, ODD);
    l.vector_shift(XmmShift::Psrld, T1, at.a, 16);
    l.vector_imm(XmmImm::Pblendw, T1, T1, two_39, ODD);
    l.vector(XmmOp::Subps, T1, T1, two_39_and_23);
    l.vector(XmmOp::Addps, at.dst, T0, T1);
}

/// `f64` to `i32`, with zeros above.
pub(super) fn truncate64_signed(l: &mut Lowering<'_>, at: One) {
    let highest = l.vector_constant(I32_MAX);
    compare(l, F64X2, Predicate::Equal, Two { dst: T0, a: at.a, b: at.a });
    l.vector(XmmOp::Andpd, T0, T0, highest);
    // Of NaN and the 0 that is there then, the instruction gives its second operand.
    l.vector(XmmOp::Minpd, T1, at.a, T0);
    l.vector_unary(XmmUnary::Cvttpd2dq, at.dst, T1);
}

/// `f64` to `u32`, with zeros above: where the unit of the last place is 1, the fraction is the
/// integer.
pub(super) fn truncate64_unsigned(l: &mut Lowering<'_>, at: One) {
    const EVEN: u8 = 0b10_00_10_00;
    let highest = l.vector_constant(U32_MAX);
    let two_52 = l.vector_constant(TWO_52);
    // Of NaN and 0, the instruction gives its second operand.
    l.vector_zero(T1);
    l.vector(XmmOp::Maxpd, T0, at.a, T1);
    l.vector(XmmOp::Minpd, T0, T0, highest);
    round(l, F64X2, Rounding::Trunc, One { dst: T0, a: T0 });
    l.vector(XmmOp::Addpd, T0, T0, two_52);
    l.vector_imm(XmmImm::Shufps, at.dst, T0, T1, EVEN);
}

/// The lower lanes, `u32` to `f64`: put into the fractions of 2^52.
pub(super) fn from_low_unsigned32(l: &mut Lowering<'_>, at: One) {
    l.with_constant(XmmOp::Unpcklps, at, splat32(0x4330_0000));
    l.with_constant(XmmOp::Subpd, One { dst: at.dst, a: at.dst }, TWO_52);
}
