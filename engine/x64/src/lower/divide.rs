//! Quotients and remainders.
//!
//! What lives here: the checks, and the instruction on `rdx:rax`. What does not: dividing by
//! multiplication. Invariant: no division faults; what would is found out before.

use wasmtier_ops::Trap;

use super::operand::{Int, TEMP, load_int};
use super::{Lowering, Operand};
use crate::{Alu, Cond, Gpr, GprMem, Wide, Width};

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
    match (signed, b) {
        (false, _) => unsigned(l, width, divisor),
        (true, Operand::Imm(imm)) if imm != -1 => {
            l.code.cdq(width);
            l.code.wide(Wide::Idiv, width, divisor);
        }
        (true, _) if remainder => signed_remainder(l, width, divisor),
        (true, _) => signed_quotient(l, width, divisor),
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
