//! Atomic operators: accesses are one cell each, operands in slots; waiting and waking are
//! builtins.

use wasmparser::MemArg;
use wasmtier_ops::{AtomicOp, AtomicShape};
use wasmtier_vm::{Builtin, MemoryIdx, Slot, ValType};

use super::emit::File;
use super::memory::memory_of;
use super::{Translator, Visit};
use crate::cell::{FarLoadCell, FarStoreCell, FarUpdateCell, PlainCell};
use crate::handler::{HandlerKey, Misc};

impl Translator<'_> {
    pub(super) fn atomic_access(&mut self, op: AtomicOp, memarg: MemArg) -> Visit {
        let memory = memory_of(memarg)?;
        let handler = HandlerKey::Atomic { op, memory64: self.is_memory64(memory) }.id();
        let MemoryIdx(memory) = memory;
        let (offset_low, offset_high) = (memarg.offset as u32, (memarg.offset >> 32) as u32);
        let (b, c) = match op.shape() {
            AtomicShape::Load => {
                let a = self.pop_slot();
                return self.push_result(File::of_scalar(op.value()), |d, code| {
                    FarLoadCell { handler, d, a, memory, offset_low, offset_high }.put(code);
                });
            }
            AtomicShape::Store => {
                let (b, a) = (self.pop_slot(), self.pop_slot());
                let cell = FarStoreCell { handler, a, b, memory, offset_low, offset_high };
                self.emitter.emit(|code| cell.put(code));
                return Ok(());
            }
            AtomicShape::Add
            | AtomicShape::Sub
            | AtomicShape::And
            | AtomicShape::Or
            | AtomicShape::Xor
            | AtomicShape::Xchg => (self.pop_slot(), Slot(0)),
            AtomicShape::Cmpxchg => {
                let replacement = self.pop_slot();
                (self.pop_slot(), replacement)
            }
        };
        let a = self.pop_slot();
        self.push_result(File::of_scalar(op.value()), |d, code| {
            FarUpdateCell { handler, d, a, b, c, memory, offset_low, offset_high }.put(code);
        })
    }

    pub(super) fn fence(&mut self) {
        let handler = HandlerKey::Misc(Misc::Fence).id();
        self.emitter.emit(|code| PlainCell { handler, unused: 0 }.put(code));
    }

    /// Calls a builtin that takes the operator's operands and its offset.
    pub(super) fn wait_or_notify(&mut self, builtin: Builtin, memarg: MemArg) -> Visit {
        let MemoryIdx(memory) = memory_of(memarg)?;
        self.operands.push_const(memarg.offset, File::Int)?;
        self.builtin(builtin, memory, 0, Some(ValType::I32))
    }
}
