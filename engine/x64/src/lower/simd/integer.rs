//! Arithmetic on lanes of integers and on bits, where it takes more than one instruction, and
//! tests of whole vectors.
//!
//! What does not live here: shifts, comparisons, what makes lanes wider or narrower.

use super::form::{One, SPARE, T0, T1, Three, ToInteger, Two, splat8, splat16};
use crate::lower::Lowering;
use crate::{Cond, Floats, Gpr, Width, XmmOp, XmmShift, XmmUnary, XmmUnaryImm};

/// `!a`.
pub(super) fn not(l: &mut Lowering<'_>, at: One) {
    l.vector_ones(T0);
    l.vector(XmmOp::Pxor, at.dst, at.a, T0);
}

/// `a & c | b & !c`.
pub(super) fn bitselect(l: &mut Lowering<'_>, at: Three) {
    l.vector(XmmOp::Pxor, T0, at.a, at.b);
    l.vector(XmmOp::Pand, T0, T0, at.c);
    l.vector(XmmOp::Pxor, at.dst, at.b, T0);
}

/// `0 - a`, of which `subtract` is the subtraction.
pub(super) fn negate(l: &mut Lowering<'_>, subtract: XmmOp, at: One) {
    l.vector_zero(T0);
    if l.has_avx() {
        l.vector(subtract, at.dst, T0, at.a);
    } else {
        l.code.xmm(subtract, T0, at.a);
        l.vector_mov(at.dst, T0);
    }
}

/// The absolute value of lanes of 64 bits.
pub(super) fn abs64(l: &mut Lowering<'_>, at: One) {
    const UPPER_HALVES: u8 = 0b11_11_01_01;
    l.vector_unary_imm(XmmUnaryImm::Pshufd, T0, at.a, UPPER_HALVES);
    l.vector_shift(XmmShift::Psrad, T0, T0, 31);
    l.vector(XmmOp::Pxor, at.dst, at.a, T0);
    l.vector(XmmOp::Psubq, at.dst, at.dst, T0);
}

/// The number of ones in each byte: a table says it for each half.
pub(super) fn popcnt(l: &mut Lowering<'_>, at: One) {
    const ONES_IN: [u8; 16] = [0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4];
    let low = l.vector_constant(splat8(0x0f));
    let table = l.vector_constant(u128::from_le_bytes(ONES_IN));
    l.vector_shift(XmmShift::Psrlw, T1, at.a, 4);
    l.vector(XmmOp::Pand, T1, T1, low);
    l.vector(XmmOp::Pand, T0, at.a, low);
    l.vector_unary(XmmUnary::Movdqa, SPARE, table);
    l.vector(XmmOp::Pshufb, at.dst, SPARE, T0);
    l.vector(XmmOp::Pshufb, SPARE, SPARE, T1);
    l.vector(XmmOp::Paddb, at.dst, at.dst, SPARE);
}

/// The product of fixed-point numbers, rounded. Only -1 times -1 is out of range, and comes out as
/// the lowest number, which nothing else does: it becomes the highest.
pub(super) fn q15_multiply(l: &mut Lowering<'_>, at: Two) {
    let lowest = l.vector_constant(splat16(0x8000));
    l.vector(XmmOp::Pmulhrsw, T0, at.a, at.b);
    l.vector(XmmOp::Pcmpeqw, T1, T0, lowest);
    l.vector(XmmOp::Pxor, at.dst, T0, T1);
}

/// The product of lanes of 64 bits, from products of their halves.
pub(super) fn multiply64(l: &mut Lowering<'_>, at: Two) {
    l.vector_shift(XmmShift::Psrlq, T0, at.a, 32);
    l.vector(XmmOp::Pmuludq, T0, T0, at.b);
    l.vector_shift(XmmShift::Psrlq, T1, at.b, 32);
    l.vector(XmmOp::Pmuludq, T1, T1, at.a);
    l.vector(XmmOp::Paddq, T0, T0, T1);
    l.vector_shift(XmmShift::Psllq, T0, T0, 32);
    l.vector(XmmOp::Pmuludq, at.dst, at.a, at.b);
    l.vector(XmmOp::Paddq, at.dst, at.dst, T0);
}

/// 1 if any bit is set, else 0.
pub(super) fn any_true(l: &mut Lowering<'_>, at: ToInteger) {
    l.code.zero(at.dst);
    l.vector_unary(XmmUnary::Ptest, at.a, at.a);
    l.code.setcc(Cond::Ne, at.dst);
}

/// 1 if no lane is zero, else 0; `equal` compares lanes.
pub(super) fn all_true(l: &mut Lowering<'_>, equal: XmmOp, at: ToInteger) {
    l.vector_zero(T0);
    l.vector(equal, T0, T0, at.a);
    l.code.zero(at.dst);
    l.vector_unary(XmmUnary::Ptest, T0, T0);
    l.code.setcc(Cond::E, at.dst);
}

/// The signs of the lanes, which have as many bits as `width` says.
pub(super) fn bitmask(l: &mut Lowering<'_>, width: Width, ToInteger { dst, a }: ToInteger) {
    match width {
        Width::W8 => l.code.pmovmskb(dst, a),
        Width::W16 => bitmask16(l, dst, a),
        Width::W32 => l.code.movmsk(Floats::Ps, dst, a),
        Width::W64 => l.code.movmsk(Floats::Pd, dst, a),
    }
}

/// Narrows the lanes to bytes, which saturates and so keeps the signs.
fn bitmask16(l: &mut Lowering<'_>, dst: Gpr, a: crate::Xmm) {
    l.vector(XmmOp::Packsswb, T0, a, a);
    l.code.pmovmskb(dst, T0);
    l.code.movzx(Width::W8, dst, dst);
}
