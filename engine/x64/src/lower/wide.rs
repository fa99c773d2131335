//! Operators that yield integers of 128 bits.
//!
//! What lives here: one lowering per operator, operands and result in halves. What does not: what
//! fits in a register. Invariant: no result is written while operands are still to be read.

use wasmtier_ops::WideOp;

use super::int::alu_in_place;
use super::operand::{FLOAT_TEMPS, TEMP, copy_int, load_int};
use super::{Lowering, Operand, Reg};
use crate::{Alu, Gpr, GprMem, Wide, Width};

/// Whether [`wide`] changes `rax` and `rdx` whatever its results are.
#[must_use]
pub fn wide_needs_rax_rdx(op: WideOp) -> bool {
    match op {
        WideOp::I64Add128 | WideOp::I64Sub128 => false,
        WideOp::I64MulWideS | WideOp::I64MulWideU => true,
    }
}

/// Yields the low half and the high half in two registers. Operands are as [`WideOp::eval`] takes
/// them, the low half of each before its high half.
///
/// May change `rax` and `rdx`, where operands and results may be too: see [`wide_needs_rax_rdx`].
///
/// # Panics
/// When there are not as many operands as the shape says, one is in a vector register, or both
/// results are in the same register.
pub fn wide(l: &mut Lowering<'_>, op: WideOp, dst: [Gpr; 2], operands: &[Operand]) {
    assert_eq!(operands.len(), op.shape().operands(), "operands of {}", op.name());
    assert_ne!(dst[0], dst[1], "the halves are apart");
    match op {
        WideOp::I64Add128 => halves(l, [Alu::Add, Alu::Adc], dst, operands),
        WideOp::I64Sub128 => halves(l, [Alu::Sub, Alu::Sbb], dst, operands),
        WideOp::I64MulWideS => product(l, Wide::Imul, dst, operands),
        WideOp::I64MulWideU => product(l, Wide::Mul, dst, operands),
    }
}

/// One half after the other; nothing in between changes the flags.
fn halves(l: &mut Lowering<'_>, ops: [Alu; 2], [low, high]: [Gpr; 2], operands: &[Operand]) {
    let read_later = operands[1].uses(low) || operands[3].uses(low);
    copy_int(l.code, Width::W64, TEMP, operands[0]);
    alu_in_place(l.code, ops[0], Width::W64, TEMP, operands[2]);
    if read_later {
        l.code.mov_to_xmm(Width::W64, FLOAT_TEMPS[0], TEMP);
    } else {
        l.code.mov(Width::W64, low, TEMP);
    }
    copy_int(l.code, Width::W64, TEMP, operands[1]);
    alu_in_place(l.code, ops[1], Width::W64, TEMP, operands[3]);
    l.code.mov(Width::W64, high, TEMP);
    if read_later {
        l.code.mov_from_xmm(Width::W64, low, FLOAT_TEMPS[0]);
    }
}

/// The product of two integers, which the machine yields in `rdx:rax`.
fn product(l: &mut Lowering<'_>, op: Wide, [low, high]: [Gpr; 2], operands: &[Operand]) {
    let [a, b] = [operands[0], operands[1]];
    let b = match b {
        Operand::Reg(Reg::Gpr(b)) if b != Gpr::Rax => GprMem::from(b),
        Operand::Mem(b) if !b.uses(Gpr::Rax) => b.into(),
        Operand::Reg(_) | Operand::Mem(_) | Operand::Constant(_) | Operand::Imm(_) => {
            copy_int(l.code, Width::W64, TEMP, b);
            TEMP.into()
        }
    };
    load_int(l.code, Width::W64, Gpr::Rax, a);
    l.code.wide(op, Width::W64, b);
    match (low, high) {
        (Gpr::Rdx, Gpr::Rax) => l.code.xchg(Width::W64, Gpr::Rdx, Gpr::Rax),
        (Gpr::Rdx, _) => {
            l.code.mov(Width::W64, high, Gpr::Rdx);
            l.code.mov(Width::W64, low, Gpr::Rax);
        }
        (_, _) => {
            load_int(l.code, Width::W64, low, Gpr::Rax.into());
            load_int(l.code, Width::W64, high, Gpr::Rdx.into());
        }
    }
}
