//! Integer operands, wherever they are.
//!
//! What lives here: what several lowerings do with an [`Operand`] by its place alone. What does
//! not: operators. Invariant: nothing here changes the flags before it reads its operand.

use super::{Operand, Reg};
use crate::{Alu, CodeBuffer, Gpr, Width};

/// Copies the low `width` bits of `value` to `into`, and clears all above; the flags stay.
///
/// # Panics
/// When it is in a vector register; so do all functions here.
pub(super) fn copy(code: &mut CodeBuffer, width: Width, into: Gpr, value: Operand) {
    match value {
        Operand::Reg(value) => code.movzx(width, into, gpr(value)),
        Operand::Mem(value) => code.movzx(width, into, value),
        Operand::Imm(value) => {
            let unused = u64::BITS - 8 * u32::from(width.bytes());
            code.mov_imm(into, i64::from(value).cast_unsigned() << unused >> unused);
        }
    }
}

/// `op dst, value`
pub(super) fn alu(code: &mut CodeBuffer, op: Alu, width: Width, dst: Gpr, value: Operand) {
    match value {
        Operand::Reg(value) => code.alu(op, width, dst, gpr(value)),
        Operand::Mem(value) => code.alu(op, width, dst, value),
        Operand::Imm(value) => code.alu_imm(op, width, dst, value),
    }
}

/// Whether reading `value` reads `register`.
pub(super) fn uses(value: Operand, register: Gpr) -> bool {
    match value {
        Operand::Reg(value) => value == Reg::Gpr(register),
        Operand::Mem(value) => value.uses(register),
        Operand::Imm(_) => false,
    }
}

/// The register of an integer.
fn gpr(register: Reg) -> Gpr {
    match register {
        Reg::Gpr(register) => register,
        Reg::Xmm(register) => panic!("integers are not in {register:?}"),
    }
}
