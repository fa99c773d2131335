//! Loads and stores.

use wasmparser::{MemArg, MemArgTarget};
use wasmtier_ops::{LoadOp, StoreOp};
use wasmtier_vm::{MemoryIdx, Slot};

use super::emit::{File, source};
use super::numeric::{Pair, Second};
use super::{Translator, Visit};
use crate::cell::{FarLoadCell, FarStoreCell, LoadCell, StoreCell, StoreImmCell};
use crate::code::TranslateError;
use crate::handler::{Dst, HandlerKey};

impl Translator<'_> {
    pub(super) fn is_memory64(&self, memory: MemoryIdx) -> bool {
        self.module.memories[memory.index()].memory64
    }

    /// The offset of an access if the short cells can make it: memory 0, 32-bit address and offset.
    fn near(&self, memory: MemoryIdx, offset: u64) -> Option<u32> {
        let near = memory.0 == 0 && !self.is_memory64(memory);
        u32::try_from(offset).ok().filter(|_| near)
    }

    pub(super) fn visit_load(&mut self, op: LoadOp, memory: MemoryIdx, offset: u64) -> Visit {
        let file = File::of_scalar(op.result());
        let address = self.operands.pop();
        let a = self.slot_with_value(&address);
        if let Some(offset) = self.near(memory, offset) {
            let in_accumulator = self.emitter.in_accumulator(address.file(), a);
            if in_accumulator {
                self.consume(&address);
            }
            let key = HandlerKey::Load { op, dst: Dst::Slot, src: source(in_accumulator) };
            let handler = key.id();
            return self.push_narrow_result(file, key.to_acc(), |d, code| {
                LoadCell { handler, d, a, offset }.put(code);
            });
        }
        let handler = HandlerKey::FarLoad { op, memory64: self.is_memory64(memory) }.id();
        let (offset_low, offset_high) = (offset as u32, (offset >> 32) as u32);
        self.push_result(file, |d, code| {
            FarLoadCell { handler, d, a, memory: memory.0, offset_low, offset_high }.put(code);
        })
    }

    pub(super) fn visit_store(&mut self, op: StoreOp, memory: MemoryIdx, offset: u64) -> Visit {
        let value = self.operands.pop();
        let address = self.operands.pop();
        if let Some(offset) = self.near(memory, offset) {
            let pair = self.pair(&address, &value, op.value());
            let Pair { srcs, a, .. } = pair;
            let handler = HandlerKey::Store { op, srcs }.id();
            self.emitter.emit(|code| match pair.second() {
                Second::Slot(b) => StoreCell { handler, a, b, offset }.put(code),
                Second::Imm(imm) => {
                    StoreImmCell { handler, a, unused: Slot(0), offset, imm }.put(code);
                }
            });
            return Ok(());
        }
        let (a, b) = (self.slot_with_value(&address), self.slot_with_value(&value));
        let handler = HandlerKey::FarStore { op, memory64: self.is_memory64(memory) }.id();
        let (offset_low, offset_high) = (offset as u32, (offset >> 32) as u32);
        let cell = FarStoreCell { handler, a, b, memory: memory.0, offset_low, offset_high };
        self.emitter.emit(|code| cell.put(code));
        Ok(())
    }
}

/// The memory an access goes to.
pub(super) fn memory_of(memarg: MemArg) -> Result<MemoryIdx, TranslateError> {
    match memarg.target {
        MemArgTarget::Memory(memory) => Ok(MemoryIdx(memory)),
        MemArgTarget::Array(_) => Err(TranslateError::Unsupported { proposal: "gc" }),
    }
}
