//! Operators whose lanes are wider than those of their operands: extension, products, sums of
//! neighbours.
//!
//! What does not live here: what is one instruction, and conversions from and to floats.

use super::form::{One, SPARE, T0, T1, Three, Two, splat8, splat16, splat32};
use crate::lower::Lowering;
use crate::{XmmOp, XmmShift, XmmUnary, XmmUnaryImm};

/// Which half of the lanes of an operand is used.
#[derive(Clone, Copy)]
pub(super) enum Half {
    Low,
    High,
}

/// Of `pshufd`: the upper half, twice.
const UPPER_HALF: u8 = 0b11_10_11_10;

/// The upper lanes, extended as `extend` does the lower ones.
pub(super) fn extend_high(l: &mut Lowering<'_>, extend: XmmUnary, at: One) {
    l.vector_unary_imm(XmmUnaryImm::Pshufd, at.dst, at.a, UPPER_HALF);
    l.vector_unary(extend, at.dst, at.dst);
}

/// Products of bytes, which fit into 16 bits; `extend` makes them as wide.
pub(super) fn multiply8(l: &mut Lowering<'_>, extend: XmmUnary, half: Half, at: Two) {
    for (wide, narrow) in [(T0, at.a), (T1, at.b)] {
        match half {
            Half::Low => l.vector_unary(extend, wide, narrow),
            Half::High => extend_high(l, extend, One { dst: wide, a: narrow }),
        }
    }
    l.vector(XmmOp::Pmullw, at.dst, T0, T1);
}

/// Products of lanes of 16 bits, of which `upper` makes the upper halves.
pub(super) fn multiply16(l: &mut Lowering<'_>, upper: XmmOp, half: Half, at: Two) {
    l.vector(XmmOp::Pmullw, T0, at.a, at.b);
    l.vector(upper, T1, at.a, at.b);
    let interleave = match half {
        Half::Low => XmmOp::Punpcklwd,
        Half::High => XmmOp::Punpckhwd,
    };
    l.vector(interleave, at.dst, T0, T1);
}

/// Products of lanes of 32 bits by `multiply`, which takes every second lane.
pub(super) fn multiply32(l: &mut Lowering<'_>, multiply: XmmOp, half: Half, at: Two) {
    let spread = match half {
        Half::Low => 0b01_01_00_00,
        Half::High => 0b11_11_10_10,
    };
    l.vector_unary_imm(XmmUnaryImm::Pshufd, T0, at.a, spread);
    l.vector_unary_imm(XmmUnaryImm::Pshufd, T1, at.b, spread);
    l.vector(multiply, at.dst, T0, T1);
}

/// Sums of neighbouring signed bytes: of their products with 1.
pub(super) fn add_pairs8_signed(l: &mut Lowering<'_>, at: One) {
    let ones = l.vector_constant(splat8(1));
    // The first operand is the unsigned one.
    l.vector_unary(XmmUnary::Movdqa, T0, ones);
    if l.has_avx() {
        l.vector(XmmOp::Pmaddubsw, at.dst, T0, at.a);
    } else {
        l.code.xmm(XmmOp::Pmaddubsw, T0, at.a);
        l.vector_mov(at.dst, T0);
    }
}

/// Sums of neighbouring unsigned bytes: of their products with 1.
pub(super) fn add_pairs8_unsigned(l: &mut Lowering<'_>, at: One) {
    l.with_constant(XmmOp::Pmaddubsw, at, splat8(1));
}

/// Sums of neighbouring signed lanes of 16 bits: of their products with 1.
pub(super) fn add_pairs16_signed(l: &mut Lowering<'_>, at: One) {
    l.with_constant(XmmOp::Pmaddwd, at, splat16(1));
}

/// Sums of neighbouring unsigned lanes of 16 bits.
pub(super) fn add_pairs16_unsigned(l: &mut Lowering<'_>, at: One) {
    l.vector_shift(XmmShift::Psrld, T0, at.a, 16);
    l.with_constant(XmmOp::Pand, at, splat32(0xffff));
    l.vector(XmmOp::Paddd, at.dst, at.dst, T0);
}

/// Sums of two products of signed bytes, which wrap. `pmaddubsw` would saturate, and take the
/// bytes of one operand for unsigned.
pub(super) fn dot8(l: &mut Lowering<'_>, Two { dst, a, b }: Two) {
    // Of even bytes, each the upper half of 16 bits, the product is the upper half of theirs.
    l.vector_shift(XmmShift::Psllw, T0, a, 8);
    l.vector_shift(XmmShift::Psllw, T1, b, 8);
    l.vector(XmmOp::Pmulhw, T0, T0, T1);
    l.vector_shift(XmmShift::Psraw, T1, a, 8);
    l.vector_shift(XmmShift::Psraw, SPARE, b, 8);
    l.vector(XmmOp::Pmullw, T1, T1, SPARE);
    l.vector(XmmOp::Paddw, dst, T0, T1);
}

/// The sums of [`dot8`], added in pairs and to the third operand.
pub(super) fn dot8_add(l: &mut Lowering<'_>, Three { dst, a, b, c }: Three) {
    dot8(l, Two { dst: T0, a, b });
    add_pairs16_signed(l, One { dst: T0, a: T0 });
    l.vector(XmmOp::Paddd, dst, c, T0);
}
