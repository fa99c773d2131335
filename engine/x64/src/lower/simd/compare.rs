//! Comparisons of lanes of integers that are more than one instruction.
//!
//! What lives here: how they follow from equality, the signed order and the smaller or larger of
//! two. What does not: comparisons of floats, which are one instruction each.

use super::form::{T0, T1, Two};
use crate::lower::Lowering;
use crate::{XmmOp, XmmUnaryImm};

/// Where `op(a, b)` gives zeros, ones, and the other way round.
pub(super) fn unless(l: &mut Lowering<'_>, op: XmmOp, at: Two) {
    l.packed(op, at);
    complement(l, at);
}

/// Where `pick`, a minimum or a maximum, picks `a`, be it that `b` is `equal`.
pub(super) fn picked(l: &mut Lowering<'_>, pick: XmmOp, equal: XmmOp, at: Two) {
    l.vector(pick, T0, at.a, at.b);
    l.vector(equal, at.dst, at.a, T0);
}

/// Where `pick`, a minimum or a maximum, does not pick `a`.
pub(super) fn not_picked(l: &mut Lowering<'_>, pick: XmmOp, equal: XmmOp, at: Two) {
    picked(l, pick, equal, at);
    complement(l, at);
}

/// `a > b` of signed lanes of 64 bits, for which only AVX has an instruction; one of SSE4.2 would
/// have it too.
pub(super) fn greater64(l: &mut Lowering<'_>, Two { dst, a, b }: Two) {
    const UPPER_HALVES: u8 = 0b11_11_01_01;
    if l.has_avx() {
        return l.vector(XmmOp::Pcmpgtq, dst, a, b);
    }
    // The upper halves decide. If they are equal, `b - a` says by its own upper half, all of which
    // is the borrow, whether the lower half of `b` is the smaller one.
    l.vector(XmmOp::Psubq, T0, b, a);
    l.vector(XmmOp::Pcmpeqd, T1, a, b);
    l.vector(XmmOp::Pand, T1, T1, T0);
    l.vector(XmmOp::Pcmpgtd, T0, a, b);
    l.vector(XmmOp::Por, T1, T1, T0);
    l.vector_unary_imm(XmmUnaryImm::Pshufd, dst, T1, UPPER_HALVES);
}

/// `a <= b` of signed lanes of 64 bits.
pub(super) fn not_greater64(l: &mut Lowering<'_>, at: Two) {
    greater64(l, at);
    complement(l, at);
}

fn complement(l: &mut Lowering<'_>, at: Two) {
    l.vector_ones(T0);
    l.vector(XmmOp::Pxor, at.dst, at.dst, T0);
}
