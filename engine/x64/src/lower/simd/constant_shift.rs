//! Shifts of lanes by a constant.
//!
//! What does not live here: counts that are not known (`shift`). Invariant: the results are the
//! same.

use wasmtier_ops::{SimdOp, SimdShape};

use super::form::{One, T1, splat8, splat64};
use crate::lower::Lowering;
use crate::{Xmm, XmmOp, XmmShift};

/// The same as [`simd`](super::simd) for a shift whose count, taken modulo the width of a lane, is
/// known.
///
/// # Panics
/// When `op` is no shift.
pub fn shift_by(l: &mut Lowering<'_>, op: SimdOp, dst: Xmm, a: Xmm, count: u32) {
    let at = One { dst, a };
    let [bytes, words, dwords, qwords] = [8, 16, 32, 64].map(|bits| (count % bits) as u8);
    match op {
        SimdOp::I8x16Shl => {
            l.vector_shift(XmmShift::Psllw, dst, a, bytes);
            l.with_constant(XmmOp::Pand, One { dst, a: dst }, splat8(u8::MAX << bytes));
        }
        SimdOp::I8x16ShrU => {
            l.vector_shift(XmmShift::Psrlw, dst, a, bytes);
            l.with_constant(XmmOp::Pand, One { dst, a: dst }, splat8(u8::MAX >> bytes));
        }
        SimdOp::I8x16ShrS => bytes_signed(l, at, bytes),
        SimdOp::I16x8Shl => l.vector_shift(XmmShift::Psllw, dst, a, words),
        SimdOp::I16x8ShrS => l.vector_shift(XmmShift::Psraw, dst, a, words),
        SimdOp::I16x8ShrU => l.vector_shift(XmmShift::Psrlw, dst, a, words),
        SimdOp::I32x4Shl => l.vector_shift(XmmShift::Pslld, dst, a, dwords),
        SimdOp::I32x4ShrS => l.vector_shift(XmmShift::Psrad, dst, a, dwords),
        SimdOp::I32x4ShrU => l.vector_shift(XmmShift::Psrld, dst, a, dwords),
        SimdOp::I64x2Shl => l.vector_shift(XmmShift::Psllq, dst, a, qwords),
        SimdOp::I64x2ShrU => l.vector_shift(XmmShift::Psrlq, dst, a, qwords),
        SimdOp::I64x2ShrS => {
            // Unsigned, and then what was the sign is extended.
            let sign = splat64(1 << 63 >> qwords);
            l.vector_shift(XmmShift::Psrlq, dst, a, qwords);
            l.with_constant(XmmOp::Pxor, One { dst, a: dst }, sign);
            l.with_constant(XmmOp::Psubq, One { dst, a: dst }, sign);
        }
        _ => {
            assert_ne!(op.shape(), SimdShape::Shift, "all shifts are above");
            panic!("{op:?} is no shift");
        }
    }
}

/// Each as the upper half of 16 bits.
fn bytes_signed(l: &mut Lowering<'_>, One { dst, a }: One, count: u8) {
    l.vector(XmmOp::Punpckhbw, T1, a, a);
    l.vector_shift(XmmShift::Psraw, T1, T1, 8 + count);
    l.vector(XmmOp::Punpcklbw, dst, a, a);
    l.vector_shift(XmmShift::Psraw, dst, dst, 8 + count);
    l.vector(XmmOp::Packsswb, dst, dst, T1);
}
