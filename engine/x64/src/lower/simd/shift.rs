//! Shifts of lanes by an integer, which is taken modulo the width of a lane.
//!
//! What lives here: also lanes of 8 bits, and signed ones of 64, for which there is no instruction.

use super::form::{INTEGER, T0, T1, WithInteger, splat8, splat64};
use crate::lower::Lowering;
use crate::{Alu, Gpr, Width, XmmOp, XmmUnary};

/// By an instruction, of lanes of `width`.
pub(super) fn plain(l: &mut Lowering<'_>, op: XmmOp, width: Width, at: WithInteger) {
    count(l, width, at.b, 0);
    l.vector(op, at.dst, at.a, T0);
}

/// Lanes of 8 bits to the left: as 16 bits, without what crossed over.
pub(super) fn left8(l: &mut Lowering<'_>, at: WithInteger) {
    without_crossing(l, XmmOp::Psllw, 0, at);
}

/// Unsigned lanes of 8 bits to the right: as 16 bits, without what crossed over.
pub(super) fn right8_unsigned(l: &mut Lowering<'_>, at: WithInteger) {
    without_crossing(l, XmmOp::Psrlw, 1, at);
}

/// Signed lanes of 8 bits to the right: each as the upper half of 16 bits.
pub(super) fn right8_signed(l: &mut Lowering<'_>, at: WithInteger) {
    count(l, Width::W8, at.b, 8);
    l.vector(XmmOp::Punpckhbw, T1, at.a, at.a);
    l.vector(XmmOp::Psraw, T1, T1, T0);
    l.vector(XmmOp::Punpcklbw, at.dst, at.a, at.a);
    l.vector(XmmOp::Psraw, at.dst, at.dst, T0);
    l.vector(XmmOp::Packsswb, at.dst, at.dst, T1);
}

/// Signed lanes of 64 bits to the right: unsigned, and then what was the sign is extended.
pub(super) fn right64_signed(l: &mut Lowering<'_>, at: WithInteger) {
    let signs = l.vector_constant(splat64(1 << 63));
    count(l, Width::W64, at.b, 0);
    l.vector_unary(XmmUnary::Movdqa, T1, signs);
    l.vector(XmmOp::Psrlq, T1, T1, T0);
    l.vector(XmmOp::Psrlq, at.dst, at.a, T0);
    l.vector(XmmOp::Pxor, at.dst, at.dst, T1);
    l.vector(XmmOp::Psubq, at.dst, at.dst, T1);
}

/// Shifts pairs of bytes by `op`, and all ones too, of which byte `whole` of a pair tells the bits
/// of a byte that did not come out of its neighbour.
fn without_crossing(l: &mut Lowering<'_>, op: XmmOp, whole: u8, at: WithInteger) {
    count(l, Width::W8, at.b, 0);
    l.vector_ones(T1);
    l.vector(op, T1, T1, T0);
    let everywhere = l.vector_constant(splat8(whole));
    l.vector(XmmOp::Pshufb, T1, T1, everywhere);
    l.vector(op, at.dst, at.a, T0);
    l.vector(XmmOp::Pand, at.dst, at.dst, T1);
}

/// Makes [`T0`] the count modulo the width of a lane, plus `more`.
fn count(l: &mut Lowering<'_>, width: Width, from: Gpr, more: i32) {
    let highest = 8 * i32::from(width.bytes()) - 1;
    l.code.mov(Width::W32, INTEGER, from);
    l.code.alu_imm(Alu::And, Width::W32, INTEGER, highest);
    if more != 0 {
        l.code.alu_imm(Alu::Add, Width::W32, INTEGER, more);
    }
    l.code.mov_to_xmm(Width::W32, T0, INTEGER);
}
