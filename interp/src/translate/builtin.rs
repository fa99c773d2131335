//! Cold operators: tables, bulk memory, references. One cell calls the runtime's routine.

use wasmtier_vm::{Builtin, Slot, ValType};

use super::emit::File;
use super::{Translator, Visit};
use crate::cell::BuiltinCell;
use crate::handler::{HandlerKey, Misc};

impl Translator<'_> {
    /// Pops the operands of `builtin`, calls it, and pushes its result of type `result`.
    pub(super) fn builtin(
        &mut self,
        builtin: Builtin,
        imm0: u32,
        imm1: u32,
        result: Option<ValType>,
    ) -> Visit {
        let operands = builtin.operands() as usize;
        self.settle_top(operands);
        for _ in 0..operands {
            self.operands.pop();
        }
        // Operands and result of a builtin are one slot each.
        let args = self.temp(self.operands.height, File::Int);
        let handler = HandlerKey::Misc(Misc::CallBuiltin).id();
        let cell =
            BuiltinCell { handler, args, unused: Slot(0), builtin: builtin as u32, imm0, imm1 };
        self.emitter.emit(|code| cell.put(code));
        self.emitter.forget();
        if let Some(ty) = result {
            self.operands.push_temp(File::of(ty))?;
            self.emitter.holds(File::of(ty), args);
        }
        Ok(())
    }
}
