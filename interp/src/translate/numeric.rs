//! Scalar operators: folded when their operands are constants, else one cell.

use wasmtier_ops::{NumOp, ScalarType};
use wasmtier_vm::Slot;

use super::emit::{File, source};
use super::operand::Operand;
use super::{Translator, Visit};
use crate::cell::{BinaryCell, BinaryImmCell, UnaryCell};
use crate::handler::{Dst, HandlerKey, Srcs};

/// Two operands, ready to be named by a cell. Kept in 8 bytes: it is returned in a register.
#[derive(Copy, Clone, Debug)]
pub(super) struct Pair {
    /// A slot, or an immediate.
    b: u32,
    pub(super) a: Slot,
    pub(super) srcs: Srcs,
}

/// The second operand of a cell: a slot (or its accumulator) or an immediate.
pub(super) enum Second {
    Slot(Slot),
    Imm(i32),
}

impl Pair {
    pub(super) fn second(self) -> Second {
        match self.srcs {
            Srcs::SlotImm | Srcs::AccImm => Second::Imm(self.b as i32),
            Srcs::SlotSlot | Srcs::SlotAcc | Srcs::AccSlot => Second::Slot(Slot(self.b as i16)),
        }
    }
}

impl Translator<'_> {
    pub(super) fn visit_numeric(&mut self, op: NumOp) -> Visit {
        if op.params().len() == 1 { self.visit_unary(op) } else { self.visit_binary(op) }
    }

    /// Pops one operand and pushes the result of `op`.
    pub(super) fn visit_unary(&mut self, op: NumOp) -> Visit {
        let operand = self.operands.pop();
        let file = File::of_scalar(op.result());
        if let Some(bits) = operand.constant()
            && let Ok(result) = op.eval(&[bits])
        {
            return self.operands.push_const(result, file);
        }
        let a = self.slot_with_value(&operand);
        let in_accumulator = self.emitter.in_accumulator(operand.file(), a);
        if in_accumulator {
            self.consume(&operand);
        }
        let key = HandlerKey::Unary { op, dst: Dst::Slot, src: source(in_accumulator) };
        let handler = key.id();
        self.push_narrow_result(file, key.to_acc(), |d, code| {
            UnaryCell { handler, d, a }.put(code);
        })
    }

    /// Pops two operands and pushes the result of `op`.
    pub(super) fn visit_binary(&mut self, op: NumOp) -> Visit {
        let mut b = self.operands.pop();
        let mut a = self.operands.pop();
        let file = File::of_scalar(op.result());
        if let (Some(left), Some(right)) = (a.constant(), b.constant())
            && let Ok(result) = op.eval(&[left, right])
        {
            return self.operands.push_const(result, file);
        }
        if a.constant().is_some() && op.commutes() {
            core::mem::swap(&mut a, &mut b);
        }
        let pair = self.pair(&a, &b, op.params()[1]);
        let Pair { srcs, a, .. } = pair;
        let key = HandlerKey::Binary { op, dst: Dst::Slot, srcs };
        let handler = key.id();
        self.push_narrow_result(file, key.to_acc(), |d, code| match pair.second() {
            Second::Slot(b) => BinaryCell { handler, d, a, b, unused: Slot(0) }.put(code),
            Second::Imm(imm) => BinaryImmCell { handler, d, a, imm }.put(code),
        })
    }

    /// Readies two popped operands; the second may become an immediate of type `imm_type`.
    #[inline(always)]
    pub(super) fn pair(&mut self, a: &Operand, b: &Operand, imm_type: ScalarType) -> Pair {
        let imm = b.constant().and_then(|bits| match imm_type {
            ScalarType::I32 => Some(bits as i32),
            ScalarType::I64 | ScalarType::F32 | ScalarType::F64 => rare_imm_of(imm_type, bits),
        });
        // Constants go first: computing them may need the accumulator.
        let a_slot = self.slot_with_value(a);
        let b_slot = if imm.is_some() { Slot(0) } else { self.slot_with_value(b) };
        let a_acc = self.emitter.in_accumulator(a.file(), a_slot);
        let b_acc = imm.is_none() && self.emitter.in_accumulator(b.file(), b_slot);
        let srcs = match (a_acc, b_acc, imm) {
            (true, _, Some(_)) => Srcs::AccImm,
            (false, _, Some(_)) => Srcs::SlotImm,
            (true, _, None) => Srcs::AccSlot,
            (false, true, None) => Srcs::SlotAcc,
            (false, false, None) => Srcs::SlotSlot,
        };
        match srcs {
            Srcs::AccImm | Srcs::AccSlot => self.consume(a),
            Srcs::SlotAcc => self.consume(b),
            Srcs::SlotImm | Srcs::SlotSlot => {}
        }
        let b = imm.map_or(b_slot.0 as u32, |imm| imm as u32);
        Pair { b, a: a_slot, srcs }
    }
}

/// [`ScalarType::imm_of`] away from the hot path: among the types in line, one branch in four is
/// mispredicted.
#[inline(never)]
fn rare_imm_of(ty: ScalarType, bits: u64) -> Option<i32> {
    ty.imm_of(bits)
}
