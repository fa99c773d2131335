//! Operators that yield 128-bit integers: folded when their operands are constants, else one cell
//! with its operands in slots.
//!
//! The high half of a result is on top of the stack, and may go straight to a local or stay in the
//! accumulator like any other result; the low half goes to its temp.

use wasmtier_ops::{WideOp, WideShape};
use wasmtier_vm::Slot;

use super::emit::File;
use super::operand::Operand;
use super::{Translator, Visit};
use crate::cell::{WideCell, WideningCell};
use crate::code::TranslateError;
use crate::handler::HandlerKey;

impl Translator<'_> {
    pub(super) fn wide(&mut self, op: WideOp) -> Visit {
        let handler = HandlerKey::Wide { op }.id();
        match op.shape() {
            WideShape::Wide => {
                let operands = self.pop_many();
                if self.fold(op, &operands)? {
                    return Ok(());
                }
                let [a, a_high, b, b_high] = operands.map(|each| self.slot_with_value(&each));
                self.push_halves(|d, low, code| {
                    WideCell { handler, d, low, a, a_high, b, b_high }.put(code);
                })
            }
            WideShape::Widening => {
                let operands = self.pop_many();
                if self.fold(op, &operands)? {
                    return Ok(());
                }
                let [a, b] = operands.map(|each| self.slot_with_value(&each));
                self.push_halves(|d, low, code| {
                    WideningCell { handler, d, low, a, b }.put(code);
                })
            }
        }
    }

    /// Pops operands; the first was pushed first.
    fn pop_many<const N: usize>(&mut self) -> [Operand; N] {
        let mut operands = core::array::from_fn(|_| self.operands.pop());
        operands.reverse();
        operands
    }

    /// Pushes the result of `op` if it is known.
    fn fold<const N: usize>(
        &mut self,
        op: WideOp,
        operands: &[Operand; N],
    ) -> Result<bool, Box<TranslateError>> {
        let mut known = [0; N];
        for (bits, operand) in known.iter_mut().zip(operands) {
            match operand.constant() {
                Some(constant) => *bits = constant,
                None => return Ok(false),
            }
        }
        for half in op.eval(&known) {
            self.operands.push_const(half, File::Int)?;
        }
        Ok(true)
    }

    /// Pushes the result of a cell that `put` appends, given the slots of its high and low half.
    fn push_halves(&mut self, put: impl FnOnce(Slot, Slot, &mut Vec<u32>)) -> Visit {
        let low = self.operands.next_temp(File::Int);
        self.emitter.overwrite(low);
        self.operands.push_temp(File::Int)?;
        self.push_result(File::Int, |d, code| put(d, low, code))
    }
}
