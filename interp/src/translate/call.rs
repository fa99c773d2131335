//! Calls: arguments are computed into consecutive temps, which become the callee's parameters.

use wasmtier_vm::{FuncIdx, FuncType, Slot, TableIdx, TypeIdx};

use super::emit::File;
use super::{Translator, Visit};
use crate::cell::{CallCell, CallIndirectCell, ReturnCallCell, ReturnCallIndirectCell};
use crate::handler::{HandlerId, HandlerKey, Misc};

/// The threaded back-end fills it in when it links.
const RESUME: HandlerId = HandlerId(0);

impl<'m> Translator<'m> {
    pub(super) fn call(&mut self, func: FuncIdx) -> Visit {
        let ty = self.module.func_type(func);
        self.settle_top(ty.params().len());
        let fp = self.callee_fp();
        let (misc, func) = self.callee(func, Misc::Call, Misc::CallImport);
        let handler = HandlerKey::Misc(misc).id();
        self.emitter
            .emit(|code| CallCell { handler, fp, unused: Slot(0), func, resume: RESUME }.put(code));
        self.after_call(ty)
    }

    pub(super) fn call_indirect(&mut self, ty: TypeIdx, table: TableIdx) -> Visit {
        let func_type = &self.module.types[ty.index()];
        let index = self.operands.pop();
        let a = self.slot_with_value(&index);
        // Computing arguments may use the accumulator, and all temps are read by the callee.
        self.settle_top(func_type.params().len());
        let in_accumulator = self.emitter.in_accumulator(File::Int, a);
        if in_accumulator {
            self.consume(&index);
        }
        let misc = if in_accumulator { Misc::CallIndirectAcc } else { Misc::CallIndirect };
        let handler = HandlerKey::Misc(misc).id();
        let fp = self.callee_fp();
        let cell = CallIndirectCell { handler, fp, a, ty: ty.0, table: table.0, resume: RESUME };
        self.emitter.emit(|code| cell.put(code));
        self.after_call(func_type)
    }

    pub(super) fn return_call(&mut self, func: FuncIdx) {
        let ty = self.module.func_type(func);
        let (args, count) = self.tail_arguments(ty);
        let (misc, func) = self.callee(func, Misc::ReturnCall, Misc::ReturnCallImport);
        let handler = HandlerKey::Misc(misc).id();
        self.emitter.emit(|code| ReturnCallCell { handler, args, count, func }.put(code));
        self.reachable = false;
    }

    pub(super) fn return_call_indirect(&mut self, ty: TypeIdx, table: TableIdx) {
        let func_type = &self.module.types[ty.index()];
        let index = self.operands.pop();
        let a = self.slot_with_value(&index);
        let (args, count) = self.tail_arguments(func_type);
        let handler = HandlerKey::Misc(Misc::ReturnCallIndirect).id();
        let cell = ReturnCallIndirectCell {
            handler,
            args,
            count,
            a,
            unused: Slot(0),
            ty: ty.0,
            table: table.0,
        };
        self.emitter.emit(|code| cell.put(code));
        self.reachable = false;
    }

    /// The handler and operand that call `func`: the module's own functions count from the first of
    /// them.
    fn callee(&self, func: FuncIdx, own: Misc, imported: Misc) -> (Misc, u32) {
        match self.module.defined_func(func) {
            Some(defined) => (own, defined),
            None => (imported, func.0),
        }
    }

    /// The frame pointer of a callee whose arguments are on top of the stack.
    fn callee_fp(&self) -> Slot {
        self.frame
            .callee_fp(self.operands.height)
            .expect("the operand stack was kept within MAX_FRAME_SLOTS")
    }

    /// Computes the arguments of a tail call into temps; returns the slot of the first argument
    /// slot and how many there are.
    fn tail_arguments(&mut self, ty: &FuncType) -> (Slot, Slot) {
        self.settle_top(ty.params().len());
        let height = self.operands.height - ty.param_slots();
        (self.temp(height, File::Int), Slot(ty.param_slots() as i16))
    }

    /// Pops the arguments of a call and pushes its results.
    fn after_call(&mut self, ty: &'m FuncType) -> Visit {
        self.call_weight = self.call_weight.saturating_add(self.use_weight);
        for _ in ty.params() {
            self.operands.pop();
        }
        self.emitter.forget();
        let first = self.operands.height;
        self.push_temps(ty.results())?;
        if let [single] = ty.results() {
            self.emitter.holds(File::of(*single), self.temp(first, File::of(*single)));
        }
        Ok(())
    }
}
