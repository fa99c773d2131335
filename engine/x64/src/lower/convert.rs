//! Floats to integers and integers to floats.
//!
//! What lives here: conversions of the value and of the bits. What does not: one float type to the
//! other (`float.rs`). Invariant: a conversion that traps has written neither operand nor result.

use wasmtier_ops::Trap;

use super::compare::compare_floats;
use super::operand::{FLOAT_TEMPS, Int, TEMP, float_reg, gpr, load_float, load_int};
use super::{Lowering, Operand, Reg};
use crate::{Alu, Cond, Floats, Gpr, Shift, Width, Xmm, XmmMem, XmmOp};

/// The bit that is the sign of 64.
const TOP: u64 = 1 << 63;

/// The float that is the lowest one whose truncation is below every signed integer of `width`.
///
/// Of the floats that do not fit, it is the nearest to zero among the negative ones.
fn below_signed(floats: Floats, width: Width) -> u64 {
    match (floats, width) {
        (Floats::Ss | Floats::Ps, Width::W64) => 0xdf00_0001,
        (Floats::Ss | Floats::Ps, _) => 0xcf00_0001,
        (Floats::Sd | Floats::Pd, Width::W64) => (-9_223_372_036_854_777_856.0_f64).to_bits(),
        (Floats::Sd | Floats::Pd, _) => (-2_147_483_649.0_f64).to_bits(),
    }
}

/// 2 to the 63.
fn two_to_63(floats: Floats) -> u64 {
    match floats {
        Floats::Ss | Floats::Ps => 0x5f00_0000,
        Floats::Sd | Floats::Pd => 0x43e0_0000_0000_0000,
    }
}

/// `a` without its fraction, of `width`; traps if there is no such integer.
pub(super) fn truncate(
    l: &mut Lowering<'_>,
    signed: bool,
    (floats, width): (Floats, Width),
    dst: Gpr,
    a: Operand,
) {
    // The operand must still be there when it turns out that there is no result.
    let target = if a.uses(dst) { TEMP } else { dst };
    match (signed, width) {
        (true, _) => truncate_signed(l, floats, width, target, a),
        (false, Width::W64) => truncate_u64(l, floats, target, a, dst),
        (false, _) => truncate_u32(l, floats, target, a),
    }
    if target != dst {
        l.code.mov(width, dst, target);
    }
}

/// Goes to the trap of what is no integer at all, if `value` is NaN.
fn trap_nan(l: &mut Lowering<'_>, floats: Floats, value: Xmm) {
    compare_floats(l, floats, value, value);
    let trap = l.exits.trap(l.code, Trap::BadConversionToInteger);
    l.code.jcc(Cond::P, trap);
}

/// The instruction gives the smallest integer for what does not fit, and for that one itself.
fn truncate_signed(l: &mut Lowering<'_>, floats: Floats, width: Width, dst: Gpr, a: Operand) {
    let done = l.code.new_dynamic_label();
    let [spare, zero, _] = FLOAT_TEMPS;
    l.code.cvtt_to_int(floats, width, dst, a.float());
    l.code.alu_imm(Alu::Cmp, width, dst, 1);
    l.code.jcc_short(Cond::No, done);
    let value = float_reg(l, floats, a, spare);
    let low = l.exits.constant(l.code, below_signed(floats, width).into());
    let invalid = l.exits.trap(l.code, Trap::BadConversionToInteger);
    let overflow = l.exits.trap(l.code, Trap::IntegerOverflow);
    compare_floats(l, floats, value, low);
    l.code.jcc(Cond::P, invalid);
    l.code.jcc(Cond::Be, overflow);
    l.code.zero_xmm(zero);
    compare_floats(l, floats, value, zero);
    l.code.jcc(Cond::A, overflow);
    l.place(done);
}

/// As a signed integer of 64 bits, which must be one without sign of 32.
fn truncate_u32(l: &mut Lowering<'_>, floats: Floats, dst: Gpr, a: Operand) {
    let done = l.code.new_dynamic_label();
    l.code.cvtt_to_int(floats, Width::W64, dst, a.float());
    if dst == TEMP {
        l.code.shift_imm(Shift::Shr, Width::W64, TEMP, 32);
        l.code.jcc_short(Cond::E, done);
    } else {
        l.code.mov(Width::W32, TEMP, dst);
        l.code.alu(Alu::Cmp, Width::W64, TEMP, dst);
        l.code.jcc_short(Cond::E, done);
    }
    let value = float_reg(l, floats, a, FLOAT_TEMPS[0]);
    trap_nan(l, floats, value);
    let overflow = l.exits.trap(l.code, Trap::IntegerOverflow);
    l.code.jmp(overflow);
    l.place(done);
    if dst == TEMP {
        l.code.cvtt_to_int(floats, Width::W64, TEMP, a.float());
    }
}

/// As a signed integer, or as one and 2 to the 63. `last` may be written when all is well.
fn truncate_u64(l: &mut Lowering<'_>, floats: Floats, dst: Gpr, a: Operand, last: Gpr) {
    let [done, fits] = [(); 2].map(|()| l.code.new_dynamic_label());
    let rest = FLOAT_TEMPS[0];
    l.code.cvtt_to_int(floats, Width::W64, dst, a.float());
    l.code.test(Width::W64, dst, dst);
    l.code.jcc_short(Cond::Ns, done);
    less_two_to_63(l, floats, dst, a);
    l.code.jcc_short(Cond::Ns, fits);
    trap_nan(l, floats, rest);
    let overflow = l.exits.trap(l.code, Trap::IntegerOverflow);
    l.code.jmp(overflow);
    l.place(fits);
    let top = if dst == TEMP { last } else { TEMP };
    l.code.mov_imm(top, TOP);
    l.code.alu(Alu::Or, Width::W64, dst, top);
    l.place(done);
}

/// Makes the first scratch register `a` less 2 to the 63, and `dst` that truncated, with its flags.
fn less_two_to_63(l: &mut Lowering<'_>, floats: Floats, dst: Gpr, a: Operand) {
    let rest = FLOAT_TEMPS[0];
    let op = match floats {
        Floats::Ss | Floats::Ps => XmmOp::Subss,
        Floats::Sd | Floats::Pd => XmmOp::Subsd,
    };
    let constant = l.exits.constant(l.code, two_to_63(floats).into());
    load_float(l.code, floats, rest, a);
    l.code.xmm(op, rest, constant);
    l.code.cvtt_to_int(floats, Width::W64, dst, rest);
    l.code.test(Width::W64, dst, dst);
}

/// The integer of `width` that is nearest to `a` without its fraction; 0 for NaN.
pub(super) fn saturate(
    l: &mut Lowering<'_>,
    signed: bool,
    (floats, width): (Floats, Width),
    dst: Gpr,
    a: Operand,
) {
    let a = if a.uses(dst) { float_reg(l, floats, a, FLOAT_TEMPS[0]).into() } else { a };
    let done = l.code.new_dynamic_label();
    match (signed, width) {
        (true, _) => {
            l.code.cvtt_to_int(floats, width, dst, a.float());
            l.code.alu_imm(Alu::Cmp, width, dst, 1);
            l.code.jcc_short(Cond::No, done);
            // It is the smallest integer, which is right for what is below.
            compare_zero(l, floats, a);
            let largest = if width == Width::W64 { TOP - 1 } else { 0x7fff_ffff };
            l.code.mov_imm(TEMP, largest);
            l.code.cmov(Cond::A, width, dst, TEMP);
            l.code.mov_imm(TEMP, 0);
            l.code.cmov(Cond::P, width, dst, TEMP);
        }
        (false, Width::W64) => {
            let fits = l.code.new_dynamic_label();
            l.code.cvtt_to_int(floats, Width::W64, dst, a.float());
            l.code.test(Width::W64, dst, dst);
            l.code.jcc_short(Cond::Ns, done);
            less_two_to_63(l, floats, dst, a);
            l.code.jcc_short(Cond::Ns, fits);
            extreme_unsigned(l, floats, width, dst, FLOAT_TEMPS[0].into());
            l.code.jmp_short(done);
            l.place(fits);
            l.code.mov_imm(TEMP, TOP);
            l.code.alu(Alu::Or, Width::W64, dst, TEMP);
        }
        (false, _) => {
            l.code.cvtt_to_int(floats, Width::W64, dst, a.float());
            l.code.mov(Width::W32, TEMP, dst);
            l.code.alu(Alu::Cmp, Width::W64, TEMP, dst);
            l.code.jcc_short(Cond::E, done);
            extreme_unsigned(l, floats, width, dst, a);
        }
    }
    l.place(done);
}

/// Compares `a` with zero: `A` if it is above, `P` if it is NaN.
fn compare_zero(l: &mut Lowering<'_>, floats: Floats, a: Operand) {
    let [spare, zero, _] = FLOAT_TEMPS;
    let value = float_reg(l, floats, a, spare);
    l.code.zero_xmm(zero);
    compare_floats(l, floats, value, zero);
}

/// The largest integer without sign if `a` is above zero, else the smallest.
fn extreme_unsigned(l: &mut Lowering<'_>, floats: Floats, width: Width, dst: Gpr, a: Operand) {
    compare_zero(l, floats, a);
    load_int(l.code, width, TEMP, Operand::Imm(-1));
    l.code.mov_imm(dst, 0);
    l.code.cmov(Cond::A, width, dst, TEMP);
}

/// The float nearest to the integer `a`.
pub(super) fn from_int(
    l: &mut Lowering<'_>,
    signed: bool,
    (width, floats): (Width, Floats),
    dst: Xmm,
    a: Operand,
) {
    match (signed, a.int()) {
        (true, Int::Place(a)) => {
            l.code.zero_xmm(dst);
            l.code.cvt_from_int(floats, width, dst, a);
        }
        (true, Int::Imm(_)) => {
            load_int(l.code, width, TEMP, a);
            l.code.zero_xmm(dst);
            l.code.cvt_from_int(floats, width, dst, TEMP);
        }
        (false, _) => {
            // Of 32 bits, the value fits into a signed integer of 64.
            load_int(l.code, width, TEMP, a);
            l.code.zero_xmm(dst);
            l.code.cvt_from_int(floats, Width::W64, dst, TEMP);
            if width == Width::W64 {
                halve_large(l, floats, dst);
            }
        }
    }
}

/// What a scratch register without sign is as a float, which `dst` is already unless the highest
/// bit is set: the double of its half. A bit that is lost may matter only by not being zero, since
/// a float has fewer bits.
fn halve_large(l: &mut Lowering<'_>, floats: Floats, dst: Xmm) {
    let [even, done] = [(); 2].map(|()| l.code.new_dynamic_label());
    let sum = match floats {
        Floats::Ss | Floats::Ps => XmmOp::Addss,
        Floats::Sd | Floats::Pd => XmmOp::Addsd,
    };
    l.code.test(Width::W64, TEMP, TEMP);
    l.code.jcc_short(Cond::Ns, done);
    l.code.shift_imm(Shift::Shr, Width::W64, TEMP, 1);
    l.code.jcc_short(Cond::Ae, even);
    l.code.alu_imm(Alu::Or, Width::W64, TEMP, 1);
    l.place(even);
    l.code.cvt_from_int(floats, Width::W64, dst, TEMP);
    l.code.xmm(sum, dst, dst);
    l.place(done);
}

/// The same bits in a register of the other file.
pub(super) fn reinterpret(l: &mut Lowering<'_>, width: Width, dst: Reg, a: Operand) {
    match (dst, a) {
        (Reg::Gpr(dst), Operand::Mem(a)) => l.code.mov(width, dst, a),
        (Reg::Gpr(dst), _) => match a.float() {
            XmmMem::Reg(a) => l.code.mov_from_xmm(width, dst, a),
            XmmMem::Mem(a) => l.code.mov(width, dst, a),
        },
        (Reg::Xmm(dst), Operand::Mem(a)) => {
            let floats = if width == Width::W64 { Floats::Sd } else { Floats::Ss };
            l.code.load_xmm(floats, dst, a);
        }
        (Reg::Xmm(dst), Operand::Reg(a)) => l.code.mov_to_xmm(width, dst, gpr(a)),
        (Reg::Xmm(dst), Operand::Imm(_) | Operand::Constant(_)) => {
            load_int(l.code, width, TEMP, a);
            l.code.mov_to_xmm(width, dst, TEMP);
        }
    }
}
