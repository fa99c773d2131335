//! Atomic accesses; waiting and waking are builtins.
//!
//! Invariant: where an operator needs `rax`, neither the place nor the operands are there.

use wasmparser::MemArg;
use wasmtier_ops::{AtomicOp, AtomicShape};
use wasmtier_vm::MemoryIdx;
use wasmtier_x64::lower::{self, Operand};

use super::memory::{At, Guest};
use super::register::{Register, Registers};
use super::value::{Entry, Kind, Value};
use super::{Compiler, Visit};

impl Compiler<'_> {
    pub(crate) fn atomic_access(&mut self, op: AtomicOp, memarg: MemArg) -> Visit {
        let at = At::of(memarg)?;
        let values = match op.shape() {
            AtomicShape::Load => 0,
            AtomicShape::Cmpxchg => 2,
            AtomicShape::Store
            | AtomicShape::Add
            | AtomicShape::Sub
            | AtomicShape::And
            | AtomicShape::Or
            | AtomicShape::Xor
            | AtomicShape::Xchg => 1,
        };
        self.settle_below(values + 1);
        let needs_rax = lower::atomic_needs_rax(op);
        let crowded = needs_rax || at.memory != MemoryIdx(0);
        let mut entries: Vec<Entry> = (0..values).map(|_| self.pop()).collect();
        entries.reverse();
        let mut index = self.pop();
        let mut operands = [Operand::Imm(0); 2];
        for (operand, entry) in operands.iter_mut().zip(&mut entries) {
            *operand = if crowded { self.aside(entry) } else { self.atomic_operand(entry) };
        }
        let rax = Register::RAX;
        if needs_rax {
            self.vacate_rax(&mut index);
        }
        let keep = Self::named(&operands);
        let Guest { place, held } = self.guest(&mut index, at, op.into(), keep);
        self.release(&index);
        entries.iter().for_each(|entry| self.release(entry));
        self.give_back(held);
        let kind = Kind::from(op.value());
        let is_store = op.shape() == AtomicShape::Store;
        let to = match (needs_rax, is_store) {
            (true, _) => rax,
            (false, false) => self.allocate(kind),
            // Nothing is written.
            (false, true) => rax,
        };
        lower::atomic(&mut self.lowering(), op, to.as_gpr(), place, operands);
        if !is_store {
            self.push_register(kind, to)?;
        }
        self.after()
    }

    /// A popped operand in a register, or as an immediate.
    fn atomic_operand(&mut self, entry: &mut Entry) -> Operand {
        match entry.value {
            Value::Const(_) => self.operand(entry),
            Value::Reg(_) | Value::Slot | Value::Local { .. } | Value::Pending => {
                Operand::Reg(self.register(entry).into())
            }
        }
    }

    /// Makes `rax` the operator's, with the popped index elsewhere.
    fn vacate_rax(&mut self, index: &mut Entry) {
        let rax = Register::RAX;
        if index.register() == Some(rax) {
            let other = self.allocate_in(Registers::GPR.without(rax.set()));
            self.load(index, other);
            index.value = Value::Reg(other);
        } else {
            self.claim(rax);
        }
    }

    pub(crate) fn fence(&mut self) -> Visit {
        self.settle_pending();
        self.code.mfence();
        self.after()
    }
}
