//! Emission of operators that load one of their operands from memory 0.
//!
//! What lives here: registers for both operands. What does not: which operators do so (`numeric`).
//! Invariant: the operand that is not loaded is in no memory if the instruction has only one place
//! for that.

use wasmtier_ops::{LoadOp, NumOp};
use wasmtier_vm::MemoryIdx;
use wasmtier_x64::lower::{self, Operand, Test};

use super::Compiler;
use super::expression::{Expression, Shape};
use super::memory::{At, Guest};
use super::register::Register;
use super::value::Entry;

impl Compiler<'_> {
    /// Computes `a op` what is loaded at the index `b`.
    pub(crate) fn emit_fused(
        &mut self,
        op: NumOp,
        (load, offset): (LoadOp, u32),
        (mut a, mut index): (Entry, Entry),
        want: Option<Register>,
    ) -> Register {
        let left = self.operand(&mut a);
        let at = At { memory: MemoryIdx(0), offset: offset.into() };
        let Guest { place, held } = self.guest(&mut index, at, load.into(), Self::named(&[left]));
        // Not where the index is, if that can be helped.
        self.release(&a);
        let to = match want {
            Some(to) => to,
            None => self.allocate_near(op.result().into(), a.register()),
        };
        self.release(&index);
        self.give_back(held);
        lower::binary_load(&mut self.lowering(), op, to.into(), left, place);
        to
    }

    /// Finds registers for both operands of a comparison with what is loaded.
    pub(crate) fn locate_fused(&mut self, condition: &mut Expression, load: LoadOp, offset: u32) {
        let Expression { a, b: index, .. } = condition;
        if let Operand::Mem(_) | Operand::Constant(_) = self.operand(a) {
            self.register(a);
        }
        let at = At { memory: MemoryIdx(0), offset: offset.into() };
        if self.fixed(index, at, load.into()).is_none() {
            self.register(index);
        }
    }

    /// Sets the flags by a comparison with what is loaded, and gives both operands back.
    pub(crate) fn test_fused(&mut self, condition: &Expression) -> Test {
        let Shape::Fused { op, load, offset, first, negated, .. } = condition.shape else {
            unreachable!("the caller has found the shape");
        };
        let (mut a, mut index) = (condition.a, condition.b);
        let other = match self.operand(&mut a) {
            Operand::Mem(_) | Operand::Constant(_) => Operand::Reg(self.register(&mut a).into()),
            other @ (Operand::Reg(_) | Operand::Imm(_)) => other,
        };
        let at = At { memory: MemoryIdx(0), offset: offset.into() };
        let Guest { place, held } = self.guest(&mut index, at, load.into(), Self::named(&[other]));
        let test = lower::condition_load(&mut self.lowering(), op, load, (other, first), place);
        self.release(&a);
        self.release(&index);
        self.give_back(held);
        self.collect_traps();
        if negated { test.not() } else { test }
    }
}
