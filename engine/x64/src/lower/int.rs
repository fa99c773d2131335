//! Integers to integers: sums, products, shifts, counts, extensions.
//!
//! What lives here: everything that cannot trap. What does not: quotients (`divide.rs`) and
//! comparisons (`compare.rs`). Invariant: see [`lower`](super); the scratch register is needed only
//! where the result overlaps operands, and by shifts, of which it may be the result all the same.

use super::operand::{Int, TEMP, copy_int, extended, load_int};
use super::shape::Counted;
use super::{Lowering, Operand, Reg};
use crate::{Alu, CodeBuffer, Count, CpuFeatures, Gpr, GprMem, Mem, Scale, Shift, ShiftX};
use crate::{Cond, Unary, Width};

/// `a + b`.
pub(super) fn add(code: &mut CodeBuffer, width: Width, dst: Gpr, a: Operand, b: Operand) {
    let (a, b) = if matches!(a, Operand::Imm(_)) { (b, a) } else { (a, b) };
    if let (Operand::Reg(Reg::Gpr(a)), false) = (a, a.uses(dst) || b.uses(dst)) {
        match b {
            Operand::Reg(Reg::Gpr(b)) => {
                return code.lea(width, dst, Mem::base(a).indexed(b, Scale::One));
            }
            Operand::Imm(b) => return code.lea(width, dst, Mem::new(a, b)),
            Operand::Reg(Reg::Xmm(_)) | Operand::Mem(_) | Operand::Constant(_) => {}
        }
    }
    alu(code, Alu::Add, width, dst, a, b);
}

/// `a - b`.
pub(super) fn sub(code: &mut CodeBuffer, width: Width, dst: Gpr, a: Operand, b: Operand) {
    match (a, b) {
        (Operand::Reg(_), Operand::Imm(imm)) if imm != i32::MIN && !a.uses(dst) => {
            add(code, width, dst, a, Operand::Imm(-imm));
        }
        // What is subtracted is already where the result goes.
        (_, Operand::Reg(_)) if b.uses(dst) && !a.uses(dst) => {
            code.unary(Unary::Neg, width, dst);
            if a != Operand::Imm(0) {
                alu(code, Alu::Add, width, dst, dst.into(), a);
            }
        }
        (Operand::Imm(0), Operand::Mem(_) | Operand::Constant(_) | Operand::Reg(_)) => {
            load_int(code, width, dst, b);
            code.unary(Unary::Neg, width, dst);
        }
        _ => alu(code, Alu::Sub, width, dst, a, b),
    }
}

/// `a & b`.
pub(super) fn and(code: &mut CodeBuffer, width: Width, dst: Gpr, a: Operand, b: Operand) {
    let (a, b) = if matches!(a, Operand::Imm(_)) { (b, a) } else { (a, b) };
    match (a.int(), b) {
        (Int::Place(a), Operand::Imm(0xff)) => code.movzx(Width::W8, dst, a),
        (Int::Place(a), Operand::Imm(0xffff)) => code.movzx(Width::W16, dst, a),
        // The upper half of the result is zero, as that of a result of 32 bits.
        (_, Operand::Imm(0..)) => alu(code, Alu::And, Width::W32, dst, a, b),
        _ => alu(code, Alu::And, width, dst, a, b),
    }
}

/// `a ^ b`.
pub(super) fn xor(code: &mut CodeBuffer, width: Width, dst: Gpr, a: Operand, b: Operand) {
    match (a, b) {
        (other, Operand::Imm(-1)) | (Operand::Imm(-1), other) => {
            load_int(code, width, dst, other);
            code.unary(Unary::Not, width, dst);
        }
        _ => alu(code, Alu::Xor, width, dst, a, b),
    }
}

/// `a op b` in two operands; the flags are those of the result. Not for a comparison.
pub(super) fn alu(code: &mut CodeBuffer, op: Alu, width: Width, dst: Gpr, a: Operand, b: Operand) {
    let apply = |code: &mut CodeBuffer, dst, b| alu_in_place(code, op, width, dst, b);
    combine(code, width, op != Alu::Sub, dst, (a, b), apply);
}

/// `dst op b`, to the same register; the flags are those of the result.
pub(super) fn alu_in_place(code: &mut CodeBuffer, op: Alu, width: Width, dst: Gpr, b: Operand) {
    match b.int() {
        Int::Place(b) => code.alu(op, width, dst, b),
        Int::Imm(b) => code.alu_imm(op, width, dst, b),
    }
}

/// `a * b`.
pub(super) fn mul(code: &mut CodeBuffer, width: Width, dst: Gpr, a: Operand, b: Operand) {
    let (a, b) = if matches!(a, Operand::Imm(_)) { (b, a) } else { (a, b) };
    let (Int::Place(place), Operand::Imm(imm)) = (a.int(), b) else {
        let apply = |code: &mut CodeBuffer, dst, b: Operand| match b.int() {
            Int::Place(b) => code.imul(width, dst, b),
            Int::Imm(b) => code.imul_imm(width, dst, dst, b),
        };
        return combine(code, width, true, dst, (a, b), apply);
    };
    match (place, imm) {
        (GprMem::Reg(a), 3) => code.lea(width, dst, Mem::base(a).indexed(a, Scale::Two)),
        (GprMem::Reg(a), 5) => code.lea(width, dst, Mem::base(a).indexed(a, Scale::Four)),
        (GprMem::Reg(a), 9) => code.lea(width, dst, Mem::base(a).indexed(a, Scale::Eight)),
        (_, 1..) if imm.count_ones() == 1 => {
            shift_imm(code, Shift::Shl, width, dst, a, imm.trailing_zeros() as u8);
        }
        _ => code.imul_imm(width, dst, place, imm),
    }
}

/// `dst = a`, `apply(dst, b)`, such that `b` is not overwritten before it is read.
fn combine(
    code: &mut CodeBuffer,
    width: Width,
    commutes: bool,
    dst: Gpr,
    (a, b): (Operand, Operand),
    apply: impl Fn(&mut CodeBuffer, Gpr, Operand),
) {
    let better = matches!(a, Operand::Imm(_)) || (b.uses(dst) && !a.uses(dst));
    let (a, b) = if commutes && better { (b, a) } else { (a, b) };
    if a == Operand::from(dst) || !b.uses(dst) {
        load_int(code, width, dst, a);
        apply(code, dst, b);
    } else {
        load_int(code, width, TEMP, a);
        apply(code, TEMP, b);
        code.mov(width, dst, TEMP);
    }
}

/// `a` shifted or rotated by `b`, which without BMI2 and for rotations is an immediate or in `rcx`.
pub(super) fn shift(
    l: &mut Lowering<'_>,
    op: Shift,
    width: Width,
    dst: Gpr,
    a: Operand,
    b: Operand,
) {
    if let Operand::Imm(count) = b {
        let count = count as u8 & (8 * width.bytes() - 1);
        return match op {
            Shift::Rol | Shift::Ror => rotate_imm(l, op, width, dst, a, count),
            Shift::Shl | Shift::Shr | Shift::Sar => {
                shift_imm(l.code, op, width, dst, a, count);
            }
        };
    }
    match three_operands(op) {
        Some(op) if l.cpu.has(CpuFeatures::BMI2) => shiftx(l, op, width, dst, a, b),
        Some(_) | None => {
            assert_eq!(b, Gpr::Rcx.into(), "a count without an instruction of its own is in rcx");
            assert_ne!(dst, Gpr::Rcx, "the count is still needed where the result goes");
            load_int(l.code, width, dst, a);
            l.code.shift_cl(op, width, dst);
        }
    }
}

/// The instruction of BMI2 for `op`, if there is one.
pub(super) fn three_operands(op: Shift) -> Option<ShiftX> {
    match op {
        Shift::Shl => Some(ShiftX::Shlx),
        Shift::Shr => Some(ShiftX::Shrx),
        Shift::Sar => Some(ShiftX::Sarx),
        Shift::Rol | Shift::Ror => None,
    }
}

fn shift_imm(code: &mut CodeBuffer, op: Shift, width: Width, dst: Gpr, a: Operand, count: u8) {
    match (count, a) {
        (0, _) => copy_int(code, width, dst, a),
        (1, Operand::Reg(Reg::Gpr(a))) if op == Shift::Shl && a != dst => {
            code.lea(width, dst, Mem::base(a).indexed(a, Scale::One));
        }
        _ => {
            load_int(code, width, dst, a);
            code.shift_imm(op, width, dst, count);
        }
    }
}

fn rotate_imm(l: &mut Lowering<'_>, op: Shift, width: Width, dst: Gpr, a: Operand, count: u8) {
    let right = if op == Shift::Ror { count } else { 8 * width.bytes() - count };
    match a.int() {
        Int::Place(place)
            if count != 0 && l.cpu.has(CpuFeatures::BMI2) && place != GprMem::Reg(dst) =>
        {
            l.code.rorx(width, dst, place, right);
        }
        Int::Place(_) | Int::Imm(_) => shift_imm(l.code, op, width, dst, a, count),
    }
}

/// A shift by `b`, which is no immediate.
fn shiftx(l: &mut Lowering<'_>, op: ShiftX, width: Width, dst: Gpr, a: Operand, b: Operand) {
    let count = match b.int() {
        Int::Place(GprMem::Reg(count)) => count,
        Int::Place(place @ GprMem::Mem(_)) => {
            l.code.mov(Width::W32, TEMP, place);
            TEMP
        }
        Int::Imm(_) => unreachable!("immediate counts have instructions of their own"),
    };
    match a.int() {
        Int::Place(a) => l.code.shiftx(op, width, dst, a, count),
        Int::Imm(imm) => {
            // No register is free if the count is in memory and the result in the scratch one.
            let bits = u128::from(extended(width, imm));
            let constant = l.exits.constant(l.code, bits);
            l.code.shiftx(op, width, dst, constant, count);
        }
    }
}

/// How many of the bits of `a` are so.
pub(super) fn count(l: &mut Lowering<'_>, counted: Counted, width: Width, dst: Gpr, a: Operand) {
    let place = match a.int() {
        Int::Place(place) => place,
        Int::Imm(_) => {
            load_int(l.code, width, dst, a);
            dst.into()
        }
    };
    let bits = 8 * width.bytes();
    let (feature, op) = match counted {
        Counted::LeadingZeros => (CpuFeatures::LZCNT, Count::Lzcnt),
        Counted::TrailingZeros => (CpuFeatures::BMI1, Count::Tzcnt),
        Counted::Ones => (CpuFeatures::POPCNT, Count::Popcnt),
    };
    if l.cpu.has(feature) {
        return l.code.count(op, width, dst, place);
    }
    let (op, of_zero) = match counted {
        // Of the highest bit, the position becomes the count by inverting its bits.
        Counted::LeadingZeros => (Count::Bsr, 2 * bits - 1),
        Counted::TrailingZeros => (Count::Bsf, bits),
        Counted::Ones => return count_ones(l, width, dst, place),
    };
    l.code.count(op, width, TEMP, place);
    l.code.mov_imm(dst, of_zero.into());
    l.code.cmov(Cond::Ne, Width::W32, dst, TEMP);
    if op == Count::Bsr {
        l.code.alu_imm(Alu::Xor, Width::W32, dst, i32::from(bits - 1));
    }
}

/// The set bits of `a`: of pairs, of nibbles, of bytes, and of all by a product.
fn count_ones(l: &mut Lowering<'_>, width: Width, dst: Gpr, a: GprMem) {
    if a != GprMem::Reg(dst) {
        l.code.mov(width, dst, a);
    }
    l.code.mov(width, TEMP, dst);
    l.code.shift_imm(Shift::Shr, width, TEMP, 1);
    with_bytes(l, Alu::And, width, TEMP, 0x55);
    l.code.alu(Alu::Sub, width, dst, TEMP);

    l.code.mov(width, TEMP, dst);
    l.code.shift_imm(Shift::Shr, width, TEMP, 2);
    with_bytes(l, Alu::And, width, TEMP, 0x33);
    with_bytes(l, Alu::And, width, dst, 0x33);
    l.code.alu(Alu::Add, width, dst, TEMP);

    l.code.mov(width, TEMP, dst);
    l.code.shift_imm(Shift::Shr, width, TEMP, 4);
    l.code.alu(Alu::Add, width, dst, TEMP);
    with_bytes(l, Alu::And, width, dst, 0x0f);

    if width == Width::W64 {
        l.code.mov_imm(TEMP, 0x0101_0101_0101_0101);
        l.code.imul(width, dst, TEMP);
    } else {
        l.code.imul_imm(width, dst, dst, 0x0101_0101);
    }
    l.code.shift_imm(Shift::Shr, width, dst, 8 * width.bytes() - 8);
}

/// `dst op` the integer whose bytes are all `byte`.
fn with_bytes(l: &mut Lowering<'_>, op: Alu, width: Width, dst: Gpr, byte: u8) {
    let pattern = u128::from_le_bytes([byte; 16]);
    if width == Width::W64 {
        let constant = l.exits.constant(l.code, pattern);
        l.code.alu(op, width, dst, constant);
    } else {
        l.code.alu_imm(op, width, dst, pattern as i32);
    }
}

/// The low `from` bits of `a` as an integer of `to`.
pub(super) fn extend(
    code: &mut CodeBuffer,
    (from, signed, to): (Width, bool, Width),
    dst: Gpr,
    a: Operand,
) {
    let place = match a.int() {
        Int::Place(place) => place,
        Int::Imm(imm) => {
            code.mov_imm(dst, extended(Width::W64, imm));
            dst.into()
        }
    };
    if signed {
        code.movsx(from, to, dst, place);
    } else {
        code.movzx(from, dst, place);
    }
}
