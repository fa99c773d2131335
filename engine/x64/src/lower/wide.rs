//! Operators that yield integers of 128 bits.
//!
//! What lives here: one lowering per operator, operands and result in halves. What does not: what
//! fits in a register. Invariant: no result is written while operands are still to be read.

use wasmtier_ops::WideOp;

use super::integer::{alu, copy, uses};
use super::{Lowering, Operand, Reg};
use crate::{Alu, Gpr, GprMem, Wide, Width, Xmm};

/// Holds a finished half as long as its register is still to be read.
const PARKED: Xmm = Xmm::new(15);

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
    let read_later = uses(operands[1], low) || uses(operands[3], low);
    copy(l.code, Width::W64, Gpr::R11, operands[0]);
    alu(l.code, ops[0], Width::W64, Gpr::R11, operands[2]);
    if read_later {
        l.code.mov_to_xmm(Width::W64, PARKED, Gpr::R11);
    } else {
        l.code.mov(Width::W64, low, Gpr::R11);
    }
    copy(l.code, Width::W64, Gpr::R11, operands[1]);
    alu(l.code, ops[1], Width::W64, Gpr::R11, operands[3]);
    l.code.mov(Width::W64, high, Gpr::R11);
    if read_later {
        l.code.mov_from_xmm(Width::W64, low, PARKED);
    }
}

/// The product of two integers, which the machine yields in `rdx:rax`.
fn product(l: &mut Lowering<'_>, op: Wide, [low, high]: [Gpr; 2], operands: &[Operand]) {
    let [a, b] = [operands[0], operands[1]];
    let b = match b {
        Operand::Reg(Reg::Gpr(b)) if b != Gpr::Rax => GprMem::from(b),
        Operand::Mem(b) if !b.uses(Gpr::Rax) => b.into(),
        Operand::Reg(_) | Operand::Mem(_) | Operand::Imm(_) => {
            copy(l.code, Width::W64, Gpr::R11, b);
            Gpr::R11.into()
        }
    };
    copy(l.code, Width::W64, Gpr::Rax, a);
    l.code.wide(op, Width::W64, b);
    match (low, high) {
        (Gpr::Rdx, Gpr::Rax) => l.code.xchg(Width::W64, Gpr::Rdx, Gpr::Rax),
        (Gpr::Rdx, _) => {
            l.code.mov(Width::W64, high, Gpr::Rdx);
            l.code.mov(Width::W64, low, Gpr::Rax);
        }
        (_, _) => {
            move_apart(l, low, Gpr::Rax);
            move_apart(l, high, Gpr::Rdx);
        }
    }
}

/// Copies unless that is in place already.
fn move_apart(l: &mut Lowering<'_>, into: Gpr, from: Gpr) {
    if into != from {
        l.code.mov(Width::W64, into, from);
    }
}
