//! Locals, globals, `drop` and `select`.

use wasmtier_vm::{GlobalIdx, Slot, ValType};

use super::emit::File;
use super::operand::Operand;
use super::{Translator, Visit};
use crate::cell::{GlobalCell, SelectCell};
use crate::handler::{HandlerKey, Misc};

impl Translator<'_> {
    pub(super) fn local_get(&mut self, local: u32) -> Visit {
        self.weigh(local);
        self.operands.push_local(local)
    }

    pub(super) fn local_set(&mut self, local: u32) {
        self.weigh(local);
        let operand = self.operands.pop();
        self.assign(local, &operand);
    }

    pub(super) fn local_tee(&mut self, local: u32) -> Visit {
        self.local_set(local);
        self.operands.push_local(local)
    }

    /// Writes a popped operand to a local, behind every read of the local that is still pending.
    fn assign(&mut self, local: u32, operand: &Operand) {
        if operand.local() == Some(local) {
            return;
        }
        while let Some(reader) = self.operands.reader_of(local) {
            self.settle(reader);
        }
        let slot = self.operands.locals[local as usize].slot;
        if operand.is_temp() && self.emitter.redirect(operand.slot(), slot) {
            return;
        }
        if self.in_accumulator(operand) {
            self.consume(operand);
        }
        self.emit_move(slot, operand);
    }

    pub(super) fn drop_operand(&mut self) {
        self.operands.pop();
    }

    pub(super) fn global_get(&mut self, global: GlobalIdx) -> Visit {
        let ty = self.module.globals[global.index()].content;
        let (imported, at) = self.global_place(global);
        let misc = match (File::of(ty), imported) {
            (File::Int, false) => Misc::GlobalGet,
            (File::Float, false) => Misc::GlobalGetFloat,
            (File::Vector, false) => Misc::GlobalGetVector,
            (File::Int, true) => Misc::ImportedGlobalGet,
            (File::Float, true) => Misc::ImportedGlobalGetFloat,
            (File::Vector, true) => Misc::ImportedGlobalGetVector,
        };
        let key = HandlerKey::Misc(misc);
        let handler = key.id();
        self.push_narrow_result(File::of(ty), key.to_acc(), |d, code| {
            GlobalCell { handler, d, a: Slot(0), global: at }.put(code);
        })
    }

    pub(super) fn global_set(&mut self, global: GlobalIdx) {
        let operand = self.operands.pop();
        let (imported, at) = self.global_place(global);
        let a = self.slot_with_value(&operand);
        let file = operand.file();
        let in_accumulator = file == File::Int && self.emitter.in_accumulator(file, a);
        let misc = match (file, imported) {
            (File::Int, false) if in_accumulator => Misc::GlobalSetAcc,
            (File::Int | File::Float, false) => Misc::GlobalSet,
            (File::Vector, false) => Misc::GlobalSetVector,
            (File::Int | File::Float, true) => Misc::ImportedGlobalSet,
            (File::Vector, true) => Misc::ImportedGlobalSetVector,
        };
        if misc == Misc::GlobalSetAcc {
            self.consume(&operand);
        }
        let handler = HandlerKey::Misc(misc).id();
        let cell = GlobalCell { handler, d: Slot(0), a, global: at };
        self.emitter.emit(|code| cell.put(code));
    }

    /// Whether a global is imported, and its index or slot in the storage of its kind.
    fn global_place(&self, global: GlobalIdx) -> (bool, u32) {
        let imported = global.0 < self.module.imported_globals;
        let at = if imported { global.0 } else { self.module.global_slots[global.index()] };
        (imported, at)
    }

    pub(super) fn select(&mut self) -> Visit {
        let condition = self.operands.pop();
        let b = self.operands.pop();
        let a = self.operands.pop();
        let file = a.file();
        let (a, b) = (self.slot_with_value(&a), self.slot_with_value(&b));
        let c = self.slot_with_value(&condition);
        // A vector's condition is always read from its slot: there is no variant for less.
        let in_accumulator = file != File::Vector && self.emitter.in_accumulator(File::Int, c);
        if in_accumulator {
            self.consume(&condition);
        }
        let misc = match (file, in_accumulator) {
            (File::Int, false) => Misc::Select,
            (File::Int, true) => Misc::SelectAcc,
            (File::Float, false) => Misc::SelectFloat,
            (File::Float, true) => Misc::SelectFloatAcc,
            (File::Vector, _) => Misc::SelectVector,
        };
        let key = HandlerKey::Misc(misc);
        let handler = key.id();
        self.push_narrow_result(file, key.to_acc(), |d, code| {
            SelectCell { handler, d, a, b, c }.put(code);
        })
    }

    /// Pushes a constant.
    pub(super) fn constant(&mut self, bits: u64, ty: ValType) -> Visit {
        self.operands.push_const(bits, File::of(ty))
    }
}
