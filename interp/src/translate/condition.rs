//! Conditions: what a branch tests, and the cells it makes unnecessary.
//!
//! What lives here: a comparison, an arithmetic operator or `eqz` that only a branch needs becomes
//! part of the branch. What does not: where branches go (`branch`).
//!
//! Invariant: a cell is taken back only if it is the last one and defines the temp of the popped
//! condition, which nobody else reads.

use wasmtier_ops::{NumOp, ScalarType};
use wasmtier_vm::Slot;

use super::Translator;
use super::control::LabelIdx;
use super::emit::File;
use super::operand::Operand;
use crate::cell::{BranchCell, BranchImmCell};
use crate::handler::{HandlerKey, Misc, Src, Srcs};

/// A condition, ready for a branch.
pub(super) enum Condition {
    /// Known at translation.
    Known(bool),
    /// Whether a value is not zero; wide ones are 64 bits.
    Value { slot: Slot, src: Src, wide: bool, nonzero: bool },
    /// Whether an operator on two values gives not zero, or zero.
    Compare { op: NumOp, srcs: Srcs, a: Slot, word: u32, nonzero: bool },
}

impl Condition {
    pub(super) fn not(self) -> Self {
        match self {
            Self::Known(known) => Self::Known(!known),
            Self::Value { slot, src, wide, nonzero } => {
                Self::Value { slot, src, wide, nonzero: !nonzero }
            }
            Self::Compare { op, srcs, a, word, nonzero } => {
                Self::Compare { op, srcs, a, word, nonzero: !nonzero }
            }
        }
    }
}

impl Translator<'_> {
    /// A popped operand as a source; nobody reads it again.
    pub(super) fn consumed(&mut self, operand: &Operand, slot: Slot) -> Src {
        let in_accumulator = self.emitter.in_accumulator(File::Int, slot);
        if in_accumulator {
            self.consume(operand);
            return Src::Acc;
        }
        Src::Slot
    }

    /// Makes a condition of a popped operand, taking back the cells it can replace.
    pub(super) fn condition(&mut self, operand: &Operand) -> Condition {
        if let Some(bits) = operand.constant() {
            return Condition::Known(bits as u32 != 0);
        }
        let mut slot = operand.slot();
        let mut nonzero = true;
        let mut words = [0; 4];
        let mut peeled = false;
        if operand.is_temp() {
            while let Some(key) = self.emitter.last_defines(slot) {
                match key {
                    HandlerKey::Unary { op: op @ (NumOp::I32Eqz | NumOp::I64Eqz), src, .. } => {
                        self.emitter.take_last(&mut words);
                        (nonzero, peeled) = (!nonzero, true);
                        slot = operand_a(&words);
                        let wide = op == NumOp::I64Eqz;
                        // What is in the accumulator alone may have been made by a comparison.
                        let replaceable = src == Src::Acc && !wide && self.is_temp(slot);
                        if !replaceable || self.emitter.last_defines(slot).is_none() {
                            return Condition::Value { slot, src, wide, nonzero };
                        }
                    }
                    HandlerKey::Binary { op, srcs, .. }
                        if op.result() == ScalarType::I32 && !op.traps() =>
                    {
                        self.emitter.take_last(&mut words);
                        let a = operand_a(&words);
                        return Condition::Compare { op, srcs, a, word: words[2], nonzero };
                    }
                    _ if !peeled => break,
                    _ => return Condition::Value { slot, src: Src::Acc, wide: false, nonzero },
                }
            }
        }
        let src = self.consumed(operand, slot);
        Condition::Value { slot, src, wide: false, nonzero }
    }

    /// Whether a slot is an operand temp, which only the operand that owns it reads.
    fn is_temp(&self, slot: Slot) -> bool {
        slot <= self.temp(0, File::Int)
    }

    pub(super) fn jump_if(&mut self, condition: Condition, label: LabelIdx) {
        match condition {
            Condition::Known(true) => self.jump(label),
            Condition::Known(false) => {}
            Condition::Value { slot, src, wide, nonzero } => {
                let handler = HandlerKey::Misc(jump_handler(wide, nonzero, src)).id();
                let cell = BranchCell { handler, a: slot, b: Slot(0), target: 0 };
                let at = self.emitter.emit(|code| cell.put(code));
                self.refer(at, at + BranchCell::TARGET_WORD, label);
            }
            Condition::Compare { op, srcs, a, word, nonzero } => {
                let handler = HandlerKey::Branch { op, nonzero, srcs }.id();
                let at = match srcs {
                    Srcs::SlotImm | Srcs::AccImm => self.emitter.emit(|code| {
                        let imm = word as i32;
                        BranchImmCell { handler, a, unused: Slot(0), target: 0, imm }.put(code);
                    }),
                    Srcs::SlotSlot | Srcs::SlotAcc | Srcs::AccSlot => self.emitter.emit(|code| {
                        let b = Slot(word as i16);
                        BranchCell { handler, a, b, target: 0 }.put(code);
                    }),
                };
                self.refer(at, at + BranchCell::TARGET_WORD, label);
            }
        }
    }
}

/// The first operand of a cell of one or two operands.
fn operand_a(words: &[u32]) -> Slot {
    Slot((words[1] >> 16) as i16)
}

/// The handler that jumps by one value.
fn jump_handler(wide: bool, nonzero: bool, src: Src) -> Misc {
    match (wide, nonzero, src) {
        (false, true, Src::Slot) => Misc::JumpIf,
        (false, true, Src::Acc) => Misc::JumpIfAcc,
        (false, false, Src::Slot) => Misc::JumpIfNot,
        (false, false, Src::Acc) => Misc::JumpIfNotAcc,
        (true, true, Src::Slot) => Misc::JumpIf64,
        (true, true, Src::Acc) => Misc::JumpIf64Acc,
        (true, false, Src::Slot) => Misc::JumpIfNot64,
        (true, false, Src::Acc) => Misc::JumpIfNot64Acc,
    }
}
