//! Floats to floats.
//!
//! What lives here: arithmetic, rounding, signs, and the two float types into each other. What does
//! not: comparisons (`compare.rs`) and integers (`convert.rs`). Invariant: operands keep their
//! order in every instruction that may see NaN, as the first NaN is what comes out.

use super::operand::{FLOAT_TEMPS, float_reg, load_float};
use super::shape::{Extremum, Sign};
use super::{Lowering, Operand, compare};
use crate::{Cond, CpuFeatures, Floats, Xmm, XmmImm, XmmOp};

/// One of two instructions.
fn by_width<T>(floats: Floats, single: T, double: T) -> T {
    match floats {
        Floats::Ss | Floats::Ps => single,
        Floats::Sd | Floats::Pd => double,
    }
}

/// A vector of the bits of a float: `bits` are those of a single, or of the upper half of a double
/// whose lower half is `low`.
fn splat(floats: Floats, bits: u32, low: u32) -> u128 {
    let lane = u64::from(bits) << 32 | u64::from(by_width(floats, bits, low));
    u128::from(lane) << 64 | u128::from(lane)
}

/// `a op b`, by one instruction.
pub(super) fn binary(
    l: &mut Lowering<'_>,
    (op, floats): (XmmOp, Floats),
    dst: Xmm,
    a: Operand,
    b: Operand,
) {
    if l.cpu.has(CpuFeatures::AVX) {
        let spare = if b.uses(dst) { FLOAT_TEMPS[0] } else { dst };
        let a = float_reg(l, floats, a, spare);
        l.code.vex(op, dst, a, b.float());
        return;
    }
    let target = if b.uses(dst) && a != b { FLOAT_TEMPS[0] } else { dst };
    load_float(l.code, floats, target, a);
    l.code.xmm(op, target, b.float());
    if target != dst {
        l.code.mov_xmm(dst, target);
    }
}

/// `op a`, by an instruction that leaves the rest of its destination. As that is waited for, it is
/// made of `a` too.
fn unary(
    l: &mut Lowering<'_>,
    floats: Floats,
    dst: Xmm,
    a: Operand,
    vex: impl FnOnce(&mut Lowering<'_>, Xmm, Xmm),
    legacy: impl FnOnce(&mut Lowering<'_>, Xmm),
) {
    if l.cpu.has(CpuFeatures::AVX) {
        let a = float_reg(l, floats, a, dst);
        vex(l, dst, a);
    } else {
        load_float(l.code, floats, dst, a);
        legacy(l, dst);
    }
}

/// The square root.
pub(super) fn sqrt(l: &mut Lowering<'_>, floats: Floats, dst: Xmm, a: Operand) {
    one(l, by_width(floats, XmmOp::Sqrtss, XmmOp::Sqrtsd), floats, dst, a);
}

/// The other type of float.
pub(super) fn resize(l: &mut Lowering<'_>, from: Floats, dst: Xmm, a: Operand) {
    one(l, by_width(from, XmmOp::Cvtss2sd, XmmOp::Cvtsd2ss), from, dst, a);
}

fn one(l: &mut Lowering<'_>, op: XmmOp, floats: Floats, dst: Xmm, a: Operand) {
    let vex = |l: &mut Lowering<'_>, dst, a| l.code.vex(op, dst, a, a);
    unary(l, floats, dst, a, vex, |l, dst| l.code.xmm(op, dst, dst));
}

/// An integral value, in the direction of that number.
pub(super) fn round(l: &mut Lowering<'_>, direction: u8, floats: Floats, dst: Xmm, a: Operand) {
    let op = by_width(floats, XmmImm::Roundss, XmmImm::Roundsd);
    let vex = |l: &mut Lowering<'_>, dst, a| l.code.vex_imm(op, dst, a, a, direction);
    unary(l, floats, dst, a, vex, |l, dst| l.code.xmm_imm(op, dst, dst, direction));
}

/// `a` with another sign.
pub(super) fn sign(l: &mut Lowering<'_>, sign: Sign, floats: Floats, dst: Xmm, a: Operand) {
    let (op, bits) = match sign {
        Sign::Cleared => (XmmOp::Andps, splat(floats, 0x7fff_ffff, 0xffff_ffff)),
        Sign::Inverted => (XmmOp::Xorps, splat(floats, 0x8000_0000, 0)),
    };
    let constant = l.exits.constant(l.code, bits);
    let vex = |l: &mut Lowering<'_>, dst, a| l.code.vex(op, dst, a, constant);
    unary(l, floats, dst, a, vex, |l, dst| l.code.xmm(op, dst, constant));
}

/// `a` with the sign of `b`.
pub(super) fn copysign(l: &mut Lowering<'_>, floats: Floats, dst: Xmm, a: Operand, b: Operand) {
    let [mask, magnitude, value] = FLOAT_TEMPS;
    let constant = l.exits.constant(l.code, splat(floats, 0x8000_0000, 0));
    if l.cpu.has(CpuFeatures::AVX) {
        let a = float_reg(l, floats, a, magnitude);
        let b = float_reg(l, floats, b, value);
        l.code.load_xmm(Floats::Ps, mask, constant);
        l.code.vex(XmmOp::Andnps, magnitude, mask, a);
        l.code.vex(XmmOp::Andps, mask, mask, b);
        l.code.vex(XmmOp::Orps, dst, magnitude, mask);
        return;
    }
    // Of each operand, a copy loses what the other gives.
    l.code.load_xmm(Floats::Ps, mask, constant);
    l.code.mov_xmm(magnitude, mask);
    let a = float_reg(l, floats, a, value);
    l.code.xmm(XmmOp::Andnps, magnitude, a);
    let b = float_reg(l, floats, b, value);
    l.code.xmm(XmmOp::Andps, mask, b);
    l.code.mov_xmm(dst, mask);
    l.code.xmm(XmmOp::Orps, dst, magnitude);
}

/// The smaller or larger of `a` and `b`.
///
/// The instruction takes the second operand if both are equal or either is NaN. Of equal ones that
/// is wrong for zeros of different signs; of NaN, a sum has the right one.
pub(super) fn extremum(
    l: &mut Lowering<'_>,
    extremum: Extremum,
    floats: Floats,
    dst: Xmm,
    (a, b): (Operand, Operand),
) {
    let (op, of_equal) = match extremum {
        Extremum::Min => (by_width(floats, XmmOp::Minss, XmmOp::Minsd), XmmOp::Orps),
        Extremum::Max => (by_width(floats, XmmOp::Maxss, XmmOp::Maxsd), XmmOp::Andps),
    };
    let sum = by_width(floats, XmmOp::Addss, XmmOp::Addsd);
    let avx = l.cpu.has(CpuFeatures::AVX);
    let [other, copy, _] = FLOAT_TEMPS;
    // Bits are combined in whole registers, so that both operands have to be in one.
    let b = float_reg(l, floats, b, other);
    let first = if avx {
        float_reg(l, floats, a, copy)
    } else {
        let target = if b == dst { copy } else { dst };
        load_float(l.code, floats, target, a);
        target
    };
    let apply = |l: &mut Lowering<'_>, op| {
        if avx { l.code.vex(op, dst, first, b) } else { l.code.xmm(op, first, b) }
    };
    let [unequal, unordered, done] = [(); 3].map(|()| l.code.new_dynamic_label());
    compare::compare_floats(l, floats, first, b);
    l.code.jcc_short(Cond::Ne, unequal);
    l.code.jcc_short(Cond::P, unordered);
    apply(l, of_equal);
    l.code.jmp_short(done);
    l.place(unordered);
    apply(l, sum);
    l.code.jmp_short(done);
    l.place(unequal);
    apply(l, op);
    l.place(done);
    if !avx && first != dst {
        l.code.mov_xmm(dst, first);
    }
}
