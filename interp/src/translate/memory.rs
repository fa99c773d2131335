//! Loads and stores.

use wasmparser::MemArgTarget;
use wasmtier_ops::{LoadOp, StoreOp};
use wasmtier_vm::{MemoryIdx, Slot};

use super::emit::source;
use super::numeric::{Pair, Second};
use super::operand::file_of;
use super::{Translator, scalar};
use crate::cell::{FarLoadCell, FarStoreCell, LoadCell, StoreCell, StoreImmCell};
use crate::code::TranslateError;
use crate::handler::{Dst, HandlerKey};

impl Translator<'_> {
    /// The memory an access goes to, and its offset if the short cells can make it: memory 0,
    /// 32-bit address and offset.
    pub(super) fn access(
        &self,
        memarg: wasmparser::MemArg,
    ) -> Result<(MemoryIdx, Option<u32>), TranslateError> {
        let MemArgTarget::Memory(memory) = memarg.target else {
            return Err(TranslateError::Unsupported { proposal: "gc" });
        };
        let memory = MemoryIdx(memory);
        let near = memory.0 == 0 && !self.is_memory64(memory);
        Ok((memory, u32::try_from(memarg.offset).ok().filter(|_| near)))
    }

    pub(super) fn is_memory64(&self, memory: MemoryIdx) -> bool {
        self.module.memories[memory.index()].memory64
    }

    pub(super) fn load(
        &mut self,
        op: LoadOp,
        memarg: wasmparser::MemArg,
    ) -> Result<(), TranslateError> {
        let ty = scalar(op.result());
        let (memory, near) = self.access(memarg)?;
        let address = self.operands.pop();
        let a = self.slot_with_value(&address);
        if let Some(offset) = near {
            let in_accumulator = self.emitter.in_accumulator(file_of(address.ty), a);
            if in_accumulator {
                self.consume(&address);
            }
            let key = HandlerKey::Load { op, dst: Dst::Slot, src: source(in_accumulator) };
            return self.push_result(ty, key, |d, code| {
                LoadCell { handler: key.id(), d, a, offset }.put(code);
            });
        }
        let key = HandlerKey::FarLoad { op, memory64: self.is_memory64(memory) };
        let (offset_low, offset_high) = (memarg.offset as u32, (memarg.offset >> 32) as u32);
        self.push_result(ty, key, |d, code| {
            let handler = key.id();
            FarLoadCell { handler, d, a, memory: memory.0, offset_low, offset_high }.put(code);
        })
    }

    pub(super) fn store(
        &mut self,
        op: StoreOp,
        memarg: wasmparser::MemArg,
    ) -> Result<(), TranslateError> {
        let (memory, near) = self.access(memarg)?;
        let value = self.operands.pop();
        let address = self.operands.pop();
        if let Some(offset) = near {
            let Pair { srcs, a, b } = self.pair(&address, &value, scalar(op.value()));
            let handler = HandlerKey::Store { op, srcs }.id();
            self.emitter.emit(|code| match b {
                Second::Slot(b) => StoreCell { handler, a, b, offset }.put(code),
                Second::Imm(imm) => {
                    StoreImmCell { handler, a, unused: Slot(0), offset, imm }.put(code);
                }
            });
            return Ok(());
        }
        let (a, b) = (self.slot_with_value(&address), self.slot_with_value(&value));
        let handler = HandlerKey::FarStore { op, memory64: self.is_memory64(memory) }.id();
        let (offset_low, offset_high) = (memarg.offset as u32, (memarg.offset >> 32) as u32);
        let cell = FarStoreCell { handler, a, b, memory: memory.0, offset_low, offset_high };
        self.emitter.emit(|code| cell.put(code));
        Ok(())
    }
}
