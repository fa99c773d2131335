//! Quotients and remainders by constants: products, instead of the division that takes longest.
//!
//! What lives here: divisors other than 0, 1, -1 and powers of two without sign, which callers sort
//! out. What does not: division itself (`divide`). Invariant: as `divide`, the dividend is in
//! `rax`, a quotient ends in `rax`, a remainder in `rdx`, and only those and the scratch registers
//! change.

use super::Lowering;
use super::operand::{FLOAT_TEMPS, TEMP};
use crate::{Alu, Gpr, Shift, Wide, Width};

/// The quotient, or the remainder, of `rax` without sign by `divisor`, at least 3 and no power of
/// 2.
pub(super) fn unsigned(l: &mut Lowering<'_>, width: Width, remainder: bool, divisor: u64) {
    match width {
        Width::W64 => unsigned_64(l, remainder, divisor),
        Width::W8 | Width::W16 | Width::W32 => unsigned_32(l, remainder, divisor),
    }
}

/// Of 2^64 / divisor, rounded up, times the dividend, the upper half is the quotient; the lower one
/// is the fraction, whose product with the divisor has the remainder in its upper half.
fn unsigned_32(l: &mut Lowering<'_>, remainder: bool, divisor: u64) {
    l.code.mov(Width::W32, Gpr::Rax, Gpr::Rax);
    l.code.mov_imm(TEMP, u64::MAX / divisor + 1);
    l.code.wide(Wide::Mul, Width::W64, TEMP);
    if remainder {
        l.code.mov_imm(TEMP, divisor);
        l.code.wide(Wide::Mul, Width::W64, TEMP);
        // Nothing is above, but whoever proves accesses to be within memory need not know.
        l.code.mov(Width::W32, Gpr::Rdx, Gpr::Rdx);
    } else {
        l.code.mov(Width::W32, Gpr::Rax, Gpr::Rdx);
    }
}

/// The factor has 65 bits, of which the highest, always set, is added apart.
fn unsigned_64(l: &mut Lowering<'_>, remainder: bool, divisor: u64) {
    let bits = u64::BITS - (divisor - 1).leading_zeros();
    let excess = (1_u128 << bits) - u128::from(divisor);
    let factor = ((excess << 64) / u128::from(divisor) + 1) as u64;
    if remainder {
        l.code.mov_to_xmm(Width::W64, FLOAT_TEMPS[0], Gpr::Rax);
    }
    l.code.mov(Width::W64, TEMP, Gpr::Rax);
    l.code.mov_imm(Gpr::Rdx, factor);
    l.code.wide(Wide::Mul, Width::W64, Gpr::Rdx);
    l.code.alu(Alu::Sub, Width::W64, TEMP, Gpr::Rdx);
    l.code.shift_imm(Shift::Shr, Width::W64, TEMP, 1);
    l.code.alu(Alu::Add, Width::W64, TEMP, Gpr::Rdx);
    if bits > 1 {
        l.code.shift_imm(Shift::Shr, Width::W64, TEMP, bits as u8 - 1);
    }
    if remainder {
        l.code.mov_imm(Gpr::Rax, divisor);
        l.code.imul(Width::W64, TEMP, Gpr::Rax);
        l.code.mov_from_xmm(Width::W64, Gpr::Rdx, FLOAT_TEMPS[0]);
        l.code.alu(Alu::Sub, Width::W64, Gpr::Rdx, TEMP);
    } else {
        l.code.mov(Width::W64, Gpr::Rax, TEMP);
    }
}

/// The quotient, or the remainder, of `rax` by `divisor`, which is none of 0, 1, -1 and the
/// smallest integer of the width.
pub(super) fn signed(l: &mut Lowering<'_>, width: Width, remainder: bool, divisor: i32) {
    let size = divisor.unsigned_abs();
    if size.is_power_of_two() {
        return signed_power(l, width, remainder, divisor, size.trailing_zeros() as u8);
    }
    match width {
        Width::W64 => signed_64(l, size.into()),
        Width::W8 | Width::W16 | Width::W32 => signed_32(l, size.into()),
    }
    // The quotient by the size is in rdx, the dividend in r11.
    if remainder {
        l.code.imul_imm(width, Gpr::Rax, Gpr::Rdx, size.cast_signed());
        l.code.mov(width, Gpr::Rdx, TEMP);
        l.code.alu(Alu::Sub, width, Gpr::Rdx, Gpr::Rax);
    } else {
        l.code.mov(width, Gpr::Rax, Gpr::Rdx);
        negate(l, width, divisor);
    }
}

/// Makes the quotient in `rax` that by a negative divisor.
fn negate(l: &mut Lowering<'_>, width: Width, divisor: i32) {
    if divisor < 0 {
        l.code.unary(crate::Unary::Neg, width, Gpr::Rax);
    }
}

/// Rounds towards zero by adding 2^power - 1 to what is negative.
fn signed_power(l: &mut Lowering<'_>, width: Width, remainder: bool, divisor: i32, power: u8) {
    let bits = 8 * width.bytes();
    l.code.mov(width, Gpr::Rdx, Gpr::Rax);
    l.code.shift_imm(Shift::Sar, width, Gpr::Rdx, bits - 1);
    l.code.shift_imm(Shift::Shr, width, Gpr::Rdx, bits - power);
    if remainder {
        // The quotient's multiple is subtracted.
        l.code.mov(width, TEMP, Gpr::Rax);
        l.code.alu(Alu::Add, width, TEMP, Gpr::Rdx);
        l.code.shift_imm(Shift::Shr, width, TEMP, power);
        l.code.shift_imm(Shift::Shl, width, TEMP, power);
        l.code.mov(width, Gpr::Rdx, Gpr::Rax);
        l.code.alu(Alu::Sub, width, Gpr::Rdx, TEMP);
    } else {
        l.code.alu(Alu::Add, width, Gpr::Rax, Gpr::Rdx);
        l.code.shift_imm(Shift::Sar, width, Gpr::Rax, power);
        negate(l, width, divisor);
    }
}

/// The quotient to `rdx`, the dividend to `r11`: a product with a factor of up to 33 bits fits.
fn signed_32(l: &mut Lowering<'_>, size: u64) {
    let bits = u64::BITS - (size - 1).leading_zeros();
    let factor = (1_u64 << (31 + bits)) / size + 1;
    l.code.movsx(Width::W32, Width::W64, Gpr::Rax, Gpr::Rax);
    l.code.mov_imm(Gpr::Rdx, factor);
    l.code.imul(Width::W64, Gpr::Rdx, Gpr::Rax);
    l.code.shift_imm(Shift::Sar, Width::W64, Gpr::Rdx, 31 + bits as u8);
    l.code.mov(Width::W32, TEMP, Gpr::Rax);
    l.code.shift_imm(Shift::Sar, Width::W32, Gpr::Rax, 31);
    l.code.alu(Alu::Sub, Width::W32, Gpr::Rdx, Gpr::Rax);
}

/// The same of 64 bits: the factor has 65, of which the highest, always set, is added apart.
fn signed_64(l: &mut Lowering<'_>, size: u64) {
    let bits = u64::BITS - (size - 1).leading_zeros();
    let whole = (1_u128 << (63 + bits)) / u128::from(size) + 1;
    l.code.mov(Width::W64, TEMP, Gpr::Rax);
    l.code.mov_imm(Gpr::Rdx, whole as u64);
    l.code.wide(Wide::Imul, Width::W64, Gpr::Rdx);
    l.code.alu(Alu::Add, Width::W64, Gpr::Rdx, TEMP);
    l.code.shift_imm(Shift::Sar, Width::W64, Gpr::Rdx, bits as u8 - 1);
    l.code.mov(Width::W64, Gpr::Rax, TEMP);
    l.code.shift_imm(Shift::Sar, Width::W64, Gpr::Rax, 63);
    l.code.alu(Alu::Sub, Width::W64, Gpr::Rdx, Gpr::Rax);
}
