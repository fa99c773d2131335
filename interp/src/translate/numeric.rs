//! Scalar operators: folded when their operands are constants, else one cell.

use wasmtier_ops::NumOp;

use super::emit::source;
use super::operand::{Operand, Value, file_of};
use super::{Translator, Visit, scalar};
use crate::cell::{BinaryCell, BinaryImmCell, UnaryCell};
use crate::handler::{Dst, HandlerKey, Srcs};

use wasmtier_vm::{Slot, ValType};

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
        if op.params().len() == 1 { self.unary(op) } else { self.binary(op) }
    }

    /// Pops one operand and pushes the result of `op`.
    pub(super) fn unary(&mut self, op: NumOp) -> Visit {
        let operand = self.operands.pop();
        let ty = scalar(op.result());
        if let Value::Const(bits) = operand.value
            && let Ok(result) = op.eval(&[bits])
        {
            self.operands.push_const(result, ty);
            return Ok(());
        }
        let a = self.slot_with_value(&operand);
        let in_accumulator = self.emitter.in_accumulator(file_of(operand.ty), a);
        if in_accumulator {
            self.consume(&operand);
        }
        let handler = HandlerKey::Unary { op, dst: Dst::Slot, src: source(in_accumulator) }.id();
        self.push_result(ty, |d, code| {
            UnaryCell { handler, d, a }.put(code);
        })
    }

    fn binary(&mut self, op: NumOp) -> Visit {
        let mut b = self.operands.pop();
        let mut a = self.operands.pop();
        let ty = scalar(op.result());
        if let (Value::Const(left), Value::Const(right)) = (a.value, b.value)
            && let Ok(result) = op.eval(&[left, right])
        {
            self.operands.push_const(result, ty);
            return Ok(());
        }
        if op.commutes() && matches!(a.value, Value::Const(_)) {
            core::mem::swap(&mut a.value, &mut b.value);
            core::mem::swap(&mut a.height, &mut b.height);
        }
        let pair = self.pair(&a, &b, scalar(op.params()[1]));
        let Pair { srcs, a, .. } = pair;
        let handler = HandlerKey::Binary { op, dst: Dst::Slot, srcs }.id();
        self.push_result(ty, |d, code| match pair.second() {
            Second::Slot(b) => BinaryCell { handler, d, a, b, unused: Slot(0) }.put(code),
            Second::Imm(imm) => BinaryImmCell { handler, d, a, imm }.put(code),
        })
    }

    /// Readies two popped operands; the second may become an immediate of type `imm_type`.
    pub(super) fn pair(&mut self, a: &Operand, b: &Operand, imm_type: ValType) -> Pair {
        let imm = match b.value {
            Value::Const(bits) => imm_of(imm_type, bits),
            Value::Local { .. } | Value::Temp => None,
        };
        // Constants go first: computing them may need the accumulator.
        let a_slot = self.slot_with_value(a);
        let b_slot = if imm.is_some() { Slot(0) } else { self.slot_with_value(b) };
        let a_acc = self.emitter.in_accumulator(file_of(a.ty), a_slot);
        let b_acc = imm.is_none() && self.emitter.in_accumulator(file_of(b.ty), b_slot);
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

/// The immediate for a constant, if it has one.
fn imm_of(ty: ValType, bits: u64) -> Option<i32> {
    use wasmtier_ops::ScalarType;
    match ty {
        ValType::I32 | ValType::Ref(_) => ScalarType::I32.imm_of(bits),
        ValType::I64 => ScalarType::I64.imm_of(bits),
        ValType::F32 => ScalarType::F32.imm_of(bits),
        ValType::F64 => ScalarType::F64.imm_of(bits),
        ValType::V128 => None,
    }
}
