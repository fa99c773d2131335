//! One lowering per operator on vectors, relaxed ones included; it is the same result on every
//! processor that their rows fix.
//!
//! What lives here: which code an operator is. What does not: longer sequences, which are in the
//! files below by what they work on. Invariant: see [`lower`](super).

mod access;
mod compare;
mod constant_shift;
mod convert;
mod float;
mod form;
mod integer;
mod lanes;
mod packed;
mod shift;
mod shuffle;
mod widen;

use wasmtier_ops::SimdOp;

pub use access::{load_vector, store_vector};
pub use constant_shift::shift_by;
use float::{F32X4, F64X2, Predicate, Rounding};
use form::{One, Operands};
pub use packed::{simd_of_memory, takes_memory};
pub use shuffle::shuffle_by;
use widen::Half;

use super::{Lowering, Reg};
use crate::{Width, XmmOp, XmmUnary, XmmUnaryImm};

/// The immediates of an operator on vectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Imm {
    /// There are none.
    None,
    /// The index of a lane, taken modulo the number of lanes.
    Lane(u8),
    /// Indices of the bytes of two vectors, each taken modulo 32.
    Shuffle([u8; 16]),
}

/// Makes `dst` what `op` gives for `operands`.
///
/// Vectors and floats are in vector registers; integers, counts of shifts among them, in general
/// purpose registers. All may be the same as `dst`, and as each other. As everywhere in
/// [`lower`](super), `r11`, `xmm13` to `xmm15` and the flags are changed, and no operator here
/// needs more. Nothing traps.
///
/// # Panics
/// When `operands`, `dst` or `imm` are not of the shape of `op`.
#[expect(clippy::too_many_lines, reason = "a table with one line per operator")]
pub fn simd(l: &mut Lowering<'_>, op: SimdOp, dst: Reg, operands: &[Reg], imm: Imm) {
    let at = Operands { op, dst, operands, imm };
    match op {
        SimdOp::I8x16Eq
        | SimdOp::I8x16GtS
        | SimdOp::I16x8Eq
        | SimdOp::I16x8GtS
        | SimdOp::I32x4Eq
        | SimdOp::I32x4GtS
        | SimdOp::I64x2Eq
        | SimdOp::V128And
        | SimdOp::V128Or
        | SimdOp::V128Xor
        | SimdOp::I8x16NarrowI16x8S
        | SimdOp::I8x16NarrowI16x8U
        | SimdOp::I8x16Add
        | SimdOp::I8x16AddSatS
        | SimdOp::I8x16AddSatU
        | SimdOp::I8x16Sub
        | SimdOp::I8x16SubSatS
        | SimdOp::I8x16SubSatU
        | SimdOp::I8x16MinS
        | SimdOp::I8x16MinU
        | SimdOp::I8x16MaxS
        | SimdOp::I8x16MaxU
        | SimdOp::I8x16AvgrU
        | SimdOp::I16x8NarrowI32x4S
        | SimdOp::I16x8NarrowI32x4U
        | SimdOp::I16x8Add
        | SimdOp::I16x8AddSatS
        | SimdOp::I16x8AddSatU
        | SimdOp::I16x8Sub
        | SimdOp::I16x8SubSatS
        | SimdOp::I16x8SubSatU
        | SimdOp::I16x8Mul
        | SimdOp::I16x8MinS
        | SimdOp::I16x8MinU
        | SimdOp::I16x8MaxS
        | SimdOp::I16x8MaxU
        | SimdOp::I16x8AvgrU
        | SimdOp::I32x4Add
        | SimdOp::I32x4Sub
        | SimdOp::I32x4Mul
        | SimdOp::I32x4MinS
        | SimdOp::I32x4MinU
        | SimdOp::I32x4MaxS
        | SimdOp::I32x4MaxU
        | SimdOp::I32x4DotI16x8S
        | SimdOp::I64x2Add
        | SimdOp::I64x2Sub
        | SimdOp::F32x4Add
        | SimdOp::F32x4Sub
        | SimdOp::F32x4Mul
        | SimdOp::F32x4Div
        | SimdOp::F64x2Add
        | SimdOp::F64x2Sub
        | SimdOp::F64x2Mul
        | SimdOp::F64x2Div => packed::packed(l, op, at.two()),
        SimdOp::I8x16Shuffle => shuffle::shuffle(l, at.two(), at.mask()),
        SimdOp::I8x16ExtractLaneS => {
            lanes::extract_signed(l, Width::W8, at.lane(), at.to_integer());
        }
        SimdOp::I8x16ExtractLaneU => lanes::extract(l, Width::W8, at.lane(), at.to_integer()),
        SimdOp::I8x16ReplaceLane => lanes::replace(l, Width::W8, at.lane(), at.with_integer()),
        SimdOp::I16x8ExtractLaneS => {
            lanes::extract_signed(l, Width::W16, at.lane(), at.to_integer());
        }
        SimdOp::I16x8ExtractLaneU => lanes::extract(l, Width::W16, at.lane(), at.to_integer()),
        SimdOp::I16x8ReplaceLane => lanes::replace(l, Width::W16, at.lane(), at.with_integer()),
        SimdOp::I32x4ExtractLane => lanes::extract(l, Width::W32, at.lane(), at.to_integer()),
        SimdOp::I32x4ReplaceLane => lanes::replace(l, Width::W32, at.lane(), at.with_integer()),
        SimdOp::I64x2ExtractLane => lanes::extract(l, Width::W64, at.lane(), at.to_integer()),
        SimdOp::I64x2ReplaceLane => lanes::replace(l, Width::W64, at.lane(), at.with_integer()),
        SimdOp::F32x4ExtractLane => lanes::extract_float(l, Width::W32, at.lane(), at.one()),
        SimdOp::F32x4ReplaceLane => lanes::replace_f32(l, at.lane(), at.two()),
        SimdOp::F64x2ExtractLane => lanes::extract_float(l, Width::W64, at.lane(), at.one()),
        SimdOp::F64x2ReplaceLane => lanes::replace_f64(l, at.lane(), at.two()),
        SimdOp::I8x16Swizzle | SimdOp::I8x16RelaxedSwizzle => shuffle::swizzle(l, at.two()),
        SimdOp::I8x16Splat => lanes::splat(l, Width::W8, at.only_integer()),
        SimdOp::I16x8Splat => lanes::splat(l, Width::W16, at.only_integer()),
        SimdOp::I32x4Splat => lanes::splat(l, Width::W32, at.only_integer()),
        SimdOp::I64x2Splat => lanes::splat(l, Width::W64, at.only_integer()),
        SimdOp::F32x4Splat => unary_imm(l, XmmUnaryImm::Pshufd, 0, at.one()),
        SimdOp::F64x2Splat => unary(l, XmmUnary::Movddup, at.one()),
        SimdOp::I8x16Ne => compare::unless(l, XmmOp::Pcmpeqb, at.two()),
        SimdOp::I8x16LtS => l.packed(XmmOp::Pcmpgtb, at.two().swapped()),
        SimdOp::I8x16LtU => compare::not_picked(l, XmmOp::Pmaxub, XmmOp::Pcmpeqb, at.two()),
        SimdOp::I8x16GtU => compare::not_picked(l, XmmOp::Pminub, XmmOp::Pcmpeqb, at.two()),
        SimdOp::I8x16LeS => compare::picked(l, XmmOp::Pminsb, XmmOp::Pcmpeqb, at.two()),
        SimdOp::I8x16LeU => compare::picked(l, XmmOp::Pminub, XmmOp::Pcmpeqb, at.two()),
        SimdOp::I8x16GeS => compare::picked(l, XmmOp::Pmaxsb, XmmOp::Pcmpeqb, at.two()),
        SimdOp::I8x16GeU => compare::picked(l, XmmOp::Pmaxub, XmmOp::Pcmpeqb, at.two()),
        SimdOp::I16x8Ne => compare::unless(l, XmmOp::Pcmpeqw, at.two()),
        SimdOp::I16x8LtS => l.packed(XmmOp::Pcmpgtw, at.two().swapped()),
        SimdOp::I16x8LtU => compare::not_picked(l, XmmOp::Pmaxuw, XmmOp::Pcmpeqw, at.two()),
        SimdOp::I16x8GtU => compare::not_picked(l, XmmOp::Pminuw, XmmOp::Pcmpeqw, at.two()),
        SimdOp::I16x8LeS => compare::picked(l, XmmOp::Pminsw, XmmOp::Pcmpeqw, at.two()),
        SimdOp::I16x8LeU => compare::picked(l, XmmOp::Pminuw, XmmOp::Pcmpeqw, at.two()),
        SimdOp::I16x8GeS => compare::picked(l, XmmOp::Pmaxsw, XmmOp::Pcmpeqw, at.two()),
        SimdOp::I16x8GeU => compare::picked(l, XmmOp::Pmaxuw, XmmOp::Pcmpeqw, at.two()),
        SimdOp::I32x4Ne => compare::unless(l, XmmOp::Pcmpeqd, at.two()),
        SimdOp::I32x4LtS => l.packed(XmmOp::Pcmpgtd, at.two().swapped()),
        SimdOp::I32x4LtU => compare::not_picked(l, XmmOp::Pmaxud, XmmOp::Pcmpeqd, at.two()),
        SimdOp::I32x4GtU => compare::not_picked(l, XmmOp::Pminud, XmmOp::Pcmpeqd, at.two()),
        SimdOp::I32x4LeS => compare::picked(l, XmmOp::Pminsd, XmmOp::Pcmpeqd, at.two()),
        SimdOp::I32x4LeU => compare::picked(l, XmmOp::Pminud, XmmOp::Pcmpeqd, at.two()),
        SimdOp::I32x4GeS => compare::picked(l, XmmOp::Pmaxsd, XmmOp::Pcmpeqd, at.two()),
        SimdOp::I32x4GeU => compare::picked(l, XmmOp::Pmaxud, XmmOp::Pcmpeqd, at.two()),
        SimdOp::I64x2Ne => compare::unless(l, XmmOp::Pcmpeqq, at.two()),
        SimdOp::I64x2LtS => compare::greater64(l, at.two().swapped()),
        SimdOp::I64x2GtS => compare::greater64(l, at.two()),
        SimdOp::I64x2LeS => compare::not_greater64(l, at.two()),
        SimdOp::I64x2GeS => compare::not_greater64(l, at.two().swapped()),
        SimdOp::F32x4Eq => float::compare(l, F32X4, Predicate::Equal, at.two()),
        SimdOp::F32x4Ne => float::compare(l, F32X4, Predicate::NotEqual, at.two()),
        SimdOp::F32x4Lt => float::compare(l, F32X4, Predicate::Less, at.two()),
        SimdOp::F32x4Gt => float::compare(l, F32X4, Predicate::Less, at.two().swapped()),
        SimdOp::F32x4Le => float::compare(l, F32X4, Predicate::LessOrEqual, at.two()),
        SimdOp::F32x4Ge => float::compare(l, F32X4, Predicate::LessOrEqual, at.two().swapped()),
        SimdOp::F64x2Eq => float::compare(l, F64X2, Predicate::Equal, at.two()),
        SimdOp::F64x2Ne => float::compare(l, F64X2, Predicate::NotEqual, at.two()),
        SimdOp::F64x2Lt => float::compare(l, F64X2, Predicate::Less, at.two()),
        SimdOp::F64x2Gt => float::compare(l, F64X2, Predicate::Less, at.two().swapped()),
        SimdOp::F64x2Le => float::compare(l, F64X2, Predicate::LessOrEqual, at.two()),
        SimdOp::F64x2Ge => float::compare(l, F64X2, Predicate::LessOrEqual, at.two().swapped()),
        SimdOp::V128Not => integer::not(l, at.one()),
        SimdOp::V128AndNot => l.packed(XmmOp::Pandn, at.two().swapped()),
        SimdOp::V128Bitselect
        | SimdOp::I8x16RelaxedLaneselect
        | SimdOp::I16x8RelaxedLaneselect
        | SimdOp::I32x4RelaxedLaneselect
        | SimdOp::I64x2RelaxedLaneselect => integer::bitselect(l, at.three()),
        SimdOp::V128AnyTrue => integer::any_true(l, at.to_integer()),
        SimdOp::I8x16Abs => unary(l, XmmUnary::Pabsb, at.one()),
        SimdOp::I8x16Neg => integer::negate(l, XmmOp::Psubb, at.one()),
        SimdOp::I8x16Popcnt => integer::popcnt(l, at.one()),
        SimdOp::I8x16AllTrue => integer::all_true(l, XmmOp::Pcmpeqb, at.to_integer()),
        SimdOp::I8x16Bitmask => integer::bitmask(l, Width::W8, at.to_integer()),
        SimdOp::I8x16Shl => shift::left8(l, at.with_integer()),
        SimdOp::I8x16ShrS => shift::right8_signed(l, at.with_integer()),
        SimdOp::I8x16ShrU => shift::right8_unsigned(l, at.with_integer()),
        SimdOp::I16x8ExtAddPairwiseI8x16S => widen::add_pairs8_signed(l, at.one()),
        SimdOp::I16x8ExtAddPairwiseI8x16U => widen::add_pairs8_unsigned(l, at.one()),
        SimdOp::I16x8Abs => unary(l, XmmUnary::Pabsw, at.one()),
        SimdOp::I16x8Neg => integer::negate(l, XmmOp::Psubw, at.one()),
        SimdOp::I16x8Q15MulrSatS | SimdOp::I16x8RelaxedQ15mulrS => {
            integer::q15_multiply(l, at.two());
        }
        SimdOp::I16x8AllTrue => integer::all_true(l, XmmOp::Pcmpeqw, at.to_integer()),
        SimdOp::I16x8Bitmask => integer::bitmask(l, Width::W16, at.to_integer()),
        SimdOp::I16x8ExtendLowI8x16S => unary(l, XmmUnary::Pmovsxbw, at.one()),
        SimdOp::I16x8ExtendHighI8x16S => widen::extend_high(l, XmmUnary::Pmovsxbw, at.one()),
        SimdOp::I16x8ExtendLowI8x16U => unary(l, XmmUnary::Pmovzxbw, at.one()),
        SimdOp::I16x8ExtendHighI8x16U => widen::extend_high(l, XmmUnary::Pmovzxbw, at.one()),
        SimdOp::I16x8Shl => shift::plain(l, XmmOp::Psllw, Width::W16, at.with_integer()),
        SimdOp::I16x8ShrS => shift::plain(l, XmmOp::Psraw, Width::W16, at.with_integer()),
        SimdOp::I16x8ShrU => shift::plain(l, XmmOp::Psrlw, Width::W16, at.with_integer()),
        SimdOp::I16x8ExtMulLowI8x16S => {
            widen::multiply8(l, XmmUnary::Pmovsxbw, Half::Low, at.two());
        }
        SimdOp::I16x8ExtMulHighI8x16S => {
            widen::multiply8(l, XmmUnary::Pmovsxbw, Half::High, at.two());
        }
        SimdOp::I16x8ExtMulLowI8x16U => {
            widen::multiply8(l, XmmUnary::Pmovzxbw, Half::Low, at.two());
        }
        SimdOp::I16x8ExtMulHighI8x16U => {
            widen::multiply8(l, XmmUnary::Pmovzxbw, Half::High, at.two());
        }
        SimdOp::I32x4ExtAddPairwiseI16x8S => widen::add_pairs16_signed(l, at.one()),
        SimdOp::I32x4ExtAddPairwiseI16x8U => widen::add_pairs16_unsigned(l, at.one()),
        SimdOp::I32x4Abs => unary(l, XmmUnary::Pabsd, at.one()),
        SimdOp::I32x4Neg => integer::negate(l, XmmOp::Psubd, at.one()),
        SimdOp::I32x4AllTrue => integer::all_true(l, XmmOp::Pcmpeqd, at.to_integer()),
        SimdOp::I32x4Bitmask => integer::bitmask(l, Width::W32, at.to_integer()),
        SimdOp::I32x4ExtendLowI16x8S => unary(l, XmmUnary::Pmovsxwd, at.one()),
        SimdOp::I32x4ExtendHighI16x8S => widen::extend_high(l, XmmUnary::Pmovsxwd, at.one()),
        SimdOp::I32x4ExtendLowI16x8U => unary(l, XmmUnary::Pmovzxwd, at.one()),
        SimdOp::I32x4ExtendHighI16x8U => widen::extend_high(l, XmmUnary::Pmovzxwd, at.one()),
        SimdOp::I32x4Shl => shift::plain(l, XmmOp::Pslld, Width::W32, at.with_integer()),
        SimdOp::I32x4ShrS => shift::plain(l, XmmOp::Psrad, Width::W32, at.with_integer()),
        SimdOp::I32x4ShrU => shift::plain(l, XmmOp::Psrld, Width::W32, at.with_integer()),
        SimdOp::I32x4ExtMulLowI16x8S => widen::multiply16(l, XmmOp::Pmulhw, Half::Low, at.two()),
        SimdOp::I32x4ExtMulHighI16x8S => widen::multiply16(l, XmmOp::Pmulhw, Half::High, at.two()),
        SimdOp::I32x4ExtMulLowI16x8U => widen::multiply16(l, XmmOp::Pmulhuw, Half::Low, at.two()),
        SimdOp::I32x4ExtMulHighI16x8U => widen::multiply16(l, XmmOp::Pmulhuw, Half::High, at.two()),
        SimdOp::I64x2Abs => integer::abs64(l, at.one()),
        SimdOp::I64x2Neg => integer::negate(l, XmmOp::Psubq, at.one()),
        SimdOp::I64x2AllTrue => integer::all_true(l, XmmOp::Pcmpeqq, at.to_integer()),
        SimdOp::I64x2Bitmask => integer::bitmask(l, Width::W64, at.to_integer()),
        SimdOp::I64x2ExtendLowI32x4S => unary(l, XmmUnary::Pmovsxdq, at.one()),
        SimdOp::I64x2ExtendHighI32x4S => widen::extend_high(l, XmmUnary::Pmovsxdq, at.one()),
        SimdOp::I64x2ExtendLowI32x4U => unary(l, XmmUnary::Pmovzxdq, at.one()),
        SimdOp::I64x2ExtendHighI32x4U => widen::extend_high(l, XmmUnary::Pmovzxdq, at.one()),
        SimdOp::I64x2Shl => shift::plain(l, XmmOp::Psllq, Width::W64, at.with_integer()),
        SimdOp::I64x2ShrS => shift::right64_signed(l, at.with_integer()),
        SimdOp::I64x2ShrU => shift::plain(l, XmmOp::Psrlq, Width::W64, at.with_integer()),
        SimdOp::I64x2Mul => integer::multiply64(l, at.two()),
        SimdOp::I64x2ExtMulLowI32x4S => widen::multiply32(l, XmmOp::Pmuldq, Half::Low, at.two()),
        SimdOp::I64x2ExtMulHighI32x4S => widen::multiply32(l, XmmOp::Pmuldq, Half::High, at.two()),
        SimdOp::I64x2ExtMulLowI32x4U => widen::multiply32(l, XmmOp::Pmuludq, Half::Low, at.two()),
        SimdOp::I64x2ExtMulHighI32x4U => widen::multiply32(l, XmmOp::Pmuludq, Half::High, at.two()),
        SimdOp::F32x4Ceil => float::round(l, F32X4, Rounding::Ceil, at.one()),
        SimdOp::F32x4Floor => float::round(l, F32X4, Rounding::Floor, at.one()),
        SimdOp::F32x4Trunc => float::round(l, F32X4, Rounding::Trunc, at.one()),
        SimdOp::F32x4Nearest => float::round(l, F32X4, Rounding::Nearest, at.one()),
        SimdOp::F32x4Abs => float::abs(l, F32X4, at.one()),
        SimdOp::F32x4Neg => float::negate(l, F32X4, at.one()),
        SimdOp::F32x4Sqrt => unary(l, XmmUnary::Sqrtps, at.one()),
        SimdOp::F32x4Min | SimdOp::F32x4RelaxedMin => float::min(l, F32X4, at.two()),
        SimdOp::F32x4Max | SimdOp::F32x4RelaxedMax => float::max(l, F32X4, at.two()),
        SimdOp::F32x4PMin => float::pseudo_min(l, F32X4, at.two()),
        SimdOp::F32x4PMax => float::pseudo_max(l, F32X4, at.two()),
        SimdOp::F64x2Ceil => float::round(l, F64X2, Rounding::Ceil, at.one()),
        SimdOp::F64x2Floor => float::round(l, F64X2, Rounding::Floor, at.one()),
        SimdOp::F64x2Trunc => float::round(l, F64X2, Rounding::Trunc, at.one()),
        SimdOp::F64x2Nearest => float::round(l, F64X2, Rounding::Nearest, at.one()),
        SimdOp::F64x2Abs => float::abs(l, F64X2, at.one()),
        SimdOp::F64x2Neg => float::negate(l, F64X2, at.one()),
        SimdOp::F64x2Sqrt => unary(l, XmmUnary::Sqrtpd, at.one()),
        SimdOp::F64x2Min | SimdOp::F64x2RelaxedMin => float::min(l, F64X2, at.two()),
        SimdOp::F64x2Max | SimdOp::F64x2RelaxedMax => float::max(l, F64X2, at.two()),
        SimdOp::F64x2PMin => float::pseudo_min(l, F64X2, at.two()),
        SimdOp::F64x2PMax => float::pseudo_max(l, F64X2, at.two()),
        SimdOp::I32x4TruncSatF32x4S | SimdOp::I32x4RelaxedTruncF32x4S => {
            convert::truncate32_signed(l, at.one());
        }
        SimdOp::I32x4TruncSatF32x4U | SimdOp::I32x4RelaxedTruncF32x4U => {
            convert::truncate32_unsigned(l, at.one());
        }
        SimdOp::F32x4ConvertI32x4S => unary(l, XmmUnary::Cvtdq2ps, at.one()),
        SimdOp::F32x4ConvertI32x4U => convert::from_unsigned32(l, at.one()),
        SimdOp::I32x4TruncSatF64x2SZero | SimdOp::I32x4RelaxedTruncF64x2SZero => {
            convert::truncate64_signed(l, at.one());
        }
        SimdOp::I32x4TruncSatF64x2UZero | SimdOp::I32x4RelaxedTruncF64x2UZero => {
            convert::truncate64_unsigned(l, at.one());
        }
        SimdOp::F64x2ConvertLowI32x4S => unary(l, XmmUnary::Cvtdq2pd, at.one()),
        SimdOp::F64x2ConvertLowI32x4U => convert::from_low_unsigned32(l, at.one()),
        SimdOp::F32x4DemoteF64x2Zero => unary(l, XmmUnary::Cvtpd2ps, at.one()),
        SimdOp::F64x2PromoteLowF32x4 => unary(l, XmmUnary::Cvtps2pd, at.one()),
        SimdOp::F32x4RelaxedMadd => float::multiply_add(l, F32X4, at.three()),
        SimdOp::F32x4RelaxedNmadd => float::subtract_product(l, F32X4, at.three()),
        SimdOp::F64x2RelaxedMadd => float::multiply_add(l, F64X2, at.three()),
        SimdOp::F64x2RelaxedNmadd => float::subtract_product(l, F64X2, at.three()),
        SimdOp::I16x8RelaxedDotI8x16I7x16S => widen::dot8(l, at.two()),
        SimdOp::I32x4RelaxedDotI8x16I7x16AddS => widen::dot8_add(l, at.three()),
    }
}

fn unary(l: &mut Lowering<'_>, op: XmmUnary, at: One) {
    l.vector_unary(op, at.dst, at.a);
}

fn unary_imm(l: &mut Lowering<'_>, op: XmmUnaryImm, imm: u8, at: One) {
    l.vector_unary_imm(op, at.dst, at.a, imm);
}
