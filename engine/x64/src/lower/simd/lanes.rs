//! Single lanes: taking one, replacing one, and making all of them one scalar.
//!
//! What does not live here: lanes that come from or go to guest memory (`access.rs`).

use super::form::{INTEGER, One, T0, ToInteger, Two, WithInteger};
use crate::lower::Lowering;
use crate::{Gpr, GprMem, Width, Xmm, XmmImm, XmmOp, XmmUnaryImm};

/// An integer lane, without a sign.
pub(super) fn extract(l: &mut Lowering<'_>, width: Width, lane: u8, at: ToInteger) {
    let lane = lane % lanes(width);
    if lane == 0 && width >= Width::W32 {
        l.code.mov_from_xmm(width, at.dst, at.a);
    } else {
        l.code.extract_lane(width, at.dst, at.a, lane);
    }
}

/// An integer lane, extended by its sign to 32 bits.
pub(super) fn extract_signed(l: &mut Lowering<'_>, width: Width, lane: u8, at: ToInteger) {
    extract(l, width, lane, at);
    l.code.movsx(width, Width::W32, at.dst, at.dst);
}

/// A float, without clearing what is above it.
pub(super) fn extract_float(l: &mut Lowering<'_>, width: Width, lane: u8, One { dst, a }: One) {
    const UPPER_HALF: u8 = 0b11_10_11_10;
    match (lane % lanes(width), width) {
        (0, _) => l.vector_mov(dst, a),
        (_, Width::W64) => l.vector_unary_imm(XmmUnaryImm::Pshufd, dst, a, UPPER_HALF),
        (lane, _) => l.vector_unary_imm(XmmUnaryImm::Pshufd, dst, a, lane),
    }
}

/// `a` with an integer lane replaced.
pub(super) fn replace(l: &mut Lowering<'_>, width: Width, lane: u8, at: WithInteger) {
    insert(l, width, lane, at.dst, at.a, at.b);
}

/// `dst = a`, but for a lane that is `source`.
pub(super) fn insert(
    l: &mut Lowering<'_>,
    width: Width,
    lane: u8,
    dst: Xmm,
    a: Xmm,
    source: impl Into<GprMem>,
) {
    let lane = lane % lanes(width);
    if l.has_avx() {
        l.code.vex_insert_lane(width, dst, a, source, lane);
    } else {
        l.vector_mov(dst, a);
        l.code.insert_lane(width, dst, source, lane);
    }
}

/// `a` with a lane of 32 bits replaced by the lowest of `b`.
pub(super) fn replace_f32(l: &mut Lowering<'_>, lane: u8, at: Two) {
    l.vector_imm(XmmImm::Insertps, at.dst, at.a, at.b, (lane % lanes(Width::W32)) << 4);
}

/// `a` with a lane of 64 bits replaced by the lower of `b`.
pub(super) fn replace_f64(l: &mut Lowering<'_>, lane: u8, at: Two) {
    const LOW: u8 = 0b01;
    match lane % lanes(Width::W64) {
        0 => l.vector_imm(XmmImm::Blendpd, at.dst, at.a, at.b, LOW),
        _ => l.packed(XmmOp::Unpcklpd, at),
    }
}

/// All lanes an integer.
pub(super) fn splat(l: &mut Lowering<'_>, width: Width, (dst, a): (Xmm, Gpr)) {
    if width == Width::W64 {
        l.code.mov_to_xmm(Width::W64, dst, a);
        return l.vector(XmmOp::Punpcklqdq, dst, dst, dst);
    }
    l.code.mov_to_xmm(Width::W32, dst, a);
    match width {
        Width::W8 => {
            l.vector_zero(T0);
            l.vector(XmmOp::Pshufb, dst, dst, T0);
        }
        Width::W16 => {
            l.vector_unary_imm(XmmUnaryImm::Pshuflw, dst, dst, 0);
            l.vector_unary_imm(XmmUnaryImm::Pshufd, dst, dst, 0);
        }
        Width::W32 | Width::W64 => l.vector_unary_imm(XmmUnaryImm::Pshufd, dst, dst, 0),
    }
}

/// All lanes an integer of 8 or 16 bits, which the first instruction reads.
pub(super) fn splat_narrow(
    l: &mut Lowering<'_>,
    width: Width,
    dst: Xmm,
    source: impl Into<GprMem>,
) {
    l.code.movzx(width, INTEGER, source);
    splat(l, width, (dst, INTEGER));
}

/// How many lanes of `width` there are.
fn lanes(width: Width) -> u8 {
    16 / width.bytes()
}
