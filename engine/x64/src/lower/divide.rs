//! Quotients and remainders.
//!
//! What lives here: the checks, the instruction on `rdx:rax`, and what is simpler by some
//! constants. What does not: dividing by multiplication (`reciprocal`). Invariant: no division
//! faults; what would is found out before.

use wasmtier_ops::Trap;

use super::operand::{Int, TEMP, extended, load_int};
use super::{Lowering, Operand, reciprocal};
use crate::{Alu, Cond, Gpr, GprMem, Shift, Wide, Width};

/// Where a division leaves its quotient, or its remainder.
pub(super) fn result(remainder: bool) -> Gpr {
    if remainder { Gpr::Rdx } else { Gpr::Rax }
}

/// `rax` divided by `b`: the quotient to `rax`, the remainder to `rdx`.
pub(super) fn divide(
    l: &mut Lowering<'_>,
    (signed, remainder): (bool, bool),
    width: Width,
    dst: Gpr,
    (a, b): (Operand, Operand),
) {
    let result = result(remainder);
    assert_eq!(dst, result, "the result is where the instruction leaves it");
    assert_eq!(a, Gpr::Rax.into(), "the dividend is where the instruction takes it");
    assert!(!b.uses(Gpr::Rax) && !b.uses(Gpr::Rdx), "the divisor outlives the dividend");
    if let Operand::Imm(imm) = b
        && by_constant(l, (signed, remainder), width, imm)
    {
        return;
    }
    let divisor = match b.int() {
        Int::Place(GprMem::Reg(divisor)) => divisor,
        Int::Place(GprMem::Mem(_)) | Int::Imm(_) => {
            load_int(l.code, width, TEMP, b);
            TEMP
        }
    };
    match b {
        Operand::Imm(0) => {
            let trap = l.exits.trap(l.code, Trap::IntegerDivisionByZero);
            return l.code.jmp(trap);
        }
        Operand::Imm(_) => {}
        Operand::Reg(_) | Operand::Mem(_) | Operand::Constant(_) => {
            l.code.test(width, divisor, divisor);
            let trap = l.exits.trap(l.code, Trap::IntegerDivisionByZero);
            l.code.jcc(Cond::E, trap);
        }
    }
    match (signed, remainder) {
        (false, _) => unsigned(l, width, divisor),
        (true, true) => signed_remainder(l, width, divisor),
        (true, false) => signed_quotient(l, width, divisor),
    }
}

/// Divides `rax` by a constant, if that is possible without the instruction for it.
fn by_constant(
    l: &mut Lowering<'_>,
    (signed, remainder): (bool, bool),
    width: Width,
    imm: i32,
) -> bool {
    let divisor = extended(width, imm);
    match (signed, imm) {
        (_, 0) | (true, -1) => return false,
        (true, 1) => power(l, remainder, width, 1),
        (true, _) => reciprocal::signed(l, width, remainder, imm),
        (false, _) if divisor.is_power_of_two() => power(l, remainder, width, divisor),
        (false, _) => reciprocal::unsigned(l, width, remainder, divisor),
    }
    true
}

/// Divides `rax` without sign by a power of two.
fn power(l: &mut Lowering<'_>, remainder: bool, width: Width, divisor: u64) {
    if remainder {
        l.code.mov(width, Gpr::Rdx, Gpr::Rax);
        // Of 64 bits, powers that are immediates are below 2^31.
        l.code.alu_imm(Alu::And, width, Gpr::Rdx, (divisor - 1) as i32);
    } else if divisor == 1 {
        l.code.mov(width, Gpr::Rax, Gpr::Rax);
    } else {
        l.code.shift_imm(Shift::Shr, width, Gpr::Rax, divisor.trailing_zeros() as u8);
    }
}

fn unsigned(l: &mut Lowering<'_>, width: Width, divisor: Gpr) {
    l.code.zero(Gpr::Rdx);
    l.code.wide(Wide::Div, width, divisor);
}

/// By -1, the smallest integer has no quotient.
fn signed_quotient(l: &mut Lowering<'_>, width: Width, divisor: Gpr) {
    let fine = l.code.new_dynamic_label();
    l.code.alu_imm(Alu::Cmp, width, divisor, -1);
    l.code.jcc_short(Cond::Ne, fine);
    l.code.alu_imm(Alu::Cmp, width, Gpr::Rax, 1);
    let trap = l.exits.trap(l.code, Trap::IntegerOverflow);
    l.code.jcc(Cond::O, trap);
    l.place(fine);
    l.code.cdq(width);
    l.code.wide(Wide::Idiv, width, divisor);
}

/// By -1, every remainder is 0, but the instruction would compute the quotient too.
fn signed_remainder(l: &mut Lowering<'_>, width: Width, divisor: Gpr) {
    let done = l.code.new_dynamic_label();
    l.code.zero(Gpr::Rdx);
    l.code.alu_imm(Alu::Cmp, width, divisor, -1);
    l.code.jcc_short(Cond::E, done);
    l.code.cdq(width);
    l.code.wide(Wide::Idiv, width, divisor);
    l.place(done);
}
