//! Operators on lanes of floats that are more than one instruction.
//!
//! What lives here: minimum and maximum, and the relaxed products, which are not fused. What does
//! not: conversions, and which instruction an operator is. Invariant: NaNs come out as the rows of
//! the operators say, which is how SSE chooses them.

use super::form::{One, SPARE, T0, T1, Three, Two, splat32, splat64};
use crate::lower::Lowering;
use crate::{XmmBlend, XmmImm, XmmOp, XmmUnaryImm};

/// The instructions for lanes of one type.
#[derive(Clone, Copy)]
pub(super) struct Floats {
    add: XmmOp,
    subtract: XmmOp,
    multiply: XmmOp,
    min: XmmOp,
    max: XmmOp,
    compare: XmmImm,
    blend: XmmBlend,
    round: XmmUnaryImm,
    sign: u128,
}

/// Of `f32`.
pub(super) const F32X4: Floats = Floats {
    add: XmmOp::Addps,
    subtract: XmmOp::Subps,
    multiply: XmmOp::Mulps,
    min: XmmOp::Minps,
    max: XmmOp::Maxps,
    compare: XmmImm::Cmpps,
    blend: XmmBlend::Blendvps,
    round: XmmUnaryImm::Roundps,
    sign: splat32(1 << 31),
};

/// Of `f64`.
pub(super) const F64X2: Floats = Floats {
    add: XmmOp::Addpd,
    subtract: XmmOp::Subpd,
    multiply: XmmOp::Mulpd,
    min: XmmOp::Minpd,
    max: XmmOp::Maxpd,
    compare: XmmImm::Cmppd,
    blend: XmmBlend::Blendvpd,
    round: XmmUnaryImm::Roundpd,
    sign: splat64(1 << 63),
};

/// What a comparison finds, by its number in the instruction.
#[derive(Clone, Copy)]
pub(super) enum Predicate {
    Equal = 0,
    Less = 1,
    LessOrEqual = 2,
    Unordered = 3,
    NotEqual = 4,
    NotLess = 5,
}

/// Where to round to, by its number in the instruction.
#[derive(Clone, Copy)]
pub(super) enum Rounding {
    Nearest = 0,
    Floor = 1,
    Ceil = 2,
    Trunc = 3,
}

/// Ones where `predicate` is found, else zeros.
pub(super) fn compare(l: &mut Lowering<'_>, lanes: Floats, predicate: Predicate, at: Two) {
    l.vector_imm(lanes.compare, at.dst, at.a, at.b, predicate as u8);
}

/// To integral values.
pub(super) fn round(l: &mut Lowering<'_>, lanes: Floats, rounding: Rounding, at: One) {
    l.vector_unary_imm(lanes.round, at.dst, at.a, rounding as u8);
}

/// Without signs.
pub(super) fn abs(l: &mut Lowering<'_>, lanes: Floats, at: One) {
    l.with_constant(XmmOp::Andps, at, !lanes.sign);
}

/// With the other signs.
pub(super) fn negate(l: &mut Lowering<'_>, lanes: Floats, at: One) {
    l.with_constant(XmmOp::Xorps, at, lanes.sign);
}

/// The minimum. The instruction gives its second operand for two zeros, so in both orders a
/// negative one if there is one.
pub(super) fn min(l: &mut Lowering<'_>, lanes: Floats, at: Two) {
    minimal_or_maximal(l, lanes, lanes.min, XmmOp::Orps, at);
}

/// The maximum. The instruction gives its second operand for two zeros, so in both orders a
/// positive one if there is one.
pub(super) fn max(l: &mut Lowering<'_>, lanes: Floats, at: Two) {
    minimal_or_maximal(l, lanes, lanes.max, XmmOp::Andps, at);
}

/// `pick` in both orders, of which `zeros` makes one result; or where an operand is NaN, the sum,
/// which is the NaN that is asked for.
fn minimal_or_maximal(
    l: &mut Lowering<'_>,
    lanes: Floats,
    pick: XmmOp,
    zeros: XmmOp,
    Two { dst, a, b }: Two,
) {
    l.vector(pick, T0, a, b);
    l.vector(pick, T1, b, a);
    l.vector(zeros, T0, T0, T1);
    compare(l, lanes, Predicate::Unordered, Two { dst: T1, a, b });
    l.vector(lanes.add, SPARE, a, b);
    if l.has_avx() {
        return l.code.vex_blend(lanes.blend, dst, T0, SPARE, T1);
    }
    l.vector(XmmOp::Andps, SPARE, SPARE, T1);
    l.vector(XmmOp::Andnps, T1, T1, T0);
    l.vector(XmmOp::Orps, T1, T1, SPARE);
    l.vector_mov(dst, T1);
}

/// `b < a ? b : a`, which is the instruction in the other order.
pub(super) fn pseudo_min(l: &mut Lowering<'_>, lanes: Floats, at: Two) {
    l.packed(lanes.min, at.swapped());
}

/// `a < b ? b : a`, which is the instruction in the other order.
pub(super) fn pseudo_max(l: &mut Lowering<'_>, lanes: Floats, at: Two) {
    l.packed(lanes.max, at.swapped());
}

/// `a * b + c`, rounded twice whatever the processor has.
pub(super) fn multiply_add(l: &mut Lowering<'_>, lanes: Floats, at: Three) {
    l.vector(lanes.multiply, T0, at.a, at.b);
    if l.has_avx() {
        l.vector(lanes.add, at.dst, T0, at.c);
    } else {
        l.code.xmm(lanes.add, T0, at.c);
        l.vector_mov(at.dst, T0);
    }
}

/// `c - a * b`, rounded twice whatever the processor has.
pub(super) fn subtract_product(l: &mut Lowering<'_>, lanes: Floats, at: Three) {
    l.vector(lanes.multiply, T0, at.a, at.b);
    l.vector(lanes.subtract, at.dst, at.c, T0);
}
