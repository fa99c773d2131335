//! Locals, globals and constants.
//!
//! Invariant: a read of a local emits nothing; entries that name it take its value before it is
//! written.

use core::mem::offset_of;

use wasmtier_vm::{GlobalIdx, VmCtx};
use wasmtier_x64::{Gpr, Mem};

use super::register::Register;
use super::value::{Entry, Kind, NONE, Value};
use super::{Compiler, Visit};

impl Compiler<'_> {
    pub(crate) fn local_set(&mut self, local: u32) -> Visit {
        if let Some(kept) = self.write_local(local) {
            self.release_register(kept);
            self.keep(kept, local);
        }
        self.after()
    }

    pub(crate) fn local_tee(&mut self, local: u32) -> Visit {
        match self.write_local(local) {
            // It need not be loaded again.
            Some(kept) => {
                self.push_register(self.locals[local as usize].kind, kept)?;
                self.keep(kept, local);
            }
            None => self.push_local(local)?,
        }
        self.after()
    }

    /// Pops the value of a local; computes it where the local is, if it is not yet. If that is its
    /// home, its value may also be in a temporary, which the caller holds then.
    fn write_local(&mut self, local: u32) -> Option<Register> {
        self.settle_below(1);
        let mut entry = self.pop_lazy();
        if let Value::Local { local: same, .. } = entry.value
            && same == local
        {
            return None;
        }
        if self.locals[local as usize].head != NONE {
            self.free_local(local);
        }
        let home = self.locals[local as usize].mem();
        let kept = match (self.lane(local), entry.value) {
            (Some(lane), Value::Pending) => {
                let expression = self.take_pending();
                self.emit(&expression, Some(lane));
                self.written(lane);
                None
            }
            (Some(lane), _) => {
                self.load_free(&entry, lane);
                self.release(&entry);
                self.written(lane);
                None
            }
            (None, Value::Pending) => {
                let expression = self.take_pending();
                let register = self.emit(&expression, None);
                self.store_home(entry.kind, home, register);
                Some(register)
            }
            (None, _) => self.write_home(&mut entry, home),
        };
        self.forget(local);
        kept
    }

    /// Copies an operand to a register when the flags are free.
    fn load_free(&mut self, entry: &Entry, to: Register) {
        match entry.value {
            Value::Const(0) if to.is_gpr() => self.code.zero(to.as_gpr()),
            Value::Local { local, .. } => {
                // It may be read again.
                let _ = self.read_lane(local);
                self.load(entry, to);
            }
            Value::Const(_) | Value::Reg(_) | Value::Slot | Value::Pending => self.load(entry, to),
        }
    }

    /// Stores an operand to the home of a local without a lane.
    fn write_home(&mut self, entry: &mut Entry, home: Mem) -> Option<Register> {
        match entry.value {
            Value::Const(bits) if entry.kind != Kind::V128 => {
                self.store_constant(entry.kind, home, bits);
                None
            }
            _ => {
                let from = self.register(entry);
                self.store_home(entry.kind, home, from);
                entry.register()
            }
        }
    }

    pub(crate) fn constant(&mut self, kind: Kind, bits: u64) -> Visit {
        self.push(kind, Value::Const(bits))
    }

    pub(crate) fn global_get(&mut self, global: GlobalIdx) -> Visit {
        self.settle_pending();
        let kind = Kind::of(self.module.globals[global.index()].content);
        let place = self.global(global);
        let to = self.allocate(kind);
        self.load_home(kind, to, place);
        self.push_register(kind, to)?;
        self.after()
    }

    pub(crate) fn global_set(&mut self, global: GlobalIdx) -> Visit {
        self.settle_below(1);
        let mut entry = self.pop();
        let from = match entry.value {
            // The scratch register is needed for the address.
            Value::Const(bits)
                if entry.kind != Kind::V128 && i32::try_from(bits.cast_signed()).is_ok() =>
            {
                None
            }
            _ => Some(self.register(&mut entry)),
        };
        let place = self.global(global);
        match (from, entry.value) {
            (None, Value::Const(bits)) => {
                self.code.store_imm(entry.kind.width(), place, bits as i32);
            }
            (Some(from), _) => self.store_home(entry.kind, place, from),
            (None, _) => unreachable!("only constants are in no register"),
        }
        self.release(&entry);
        self.after()
    }

    /// The place of a global, by way of the scratch register.
    fn global(&mut self, global: GlobalIdx) -> Mem {
        let module = self.module;
        match global.0.checked_sub(module.imported_globals) {
            Some(_) => {
                self.load_context(Gpr::R11, offset_of!(VmCtx, globals));
                Mem::new(Gpr::R11, 8 * module.global_slots[global.index()] as i32)
            }
            None => {
                self.load_context(Gpr::R11, offset_of!(VmCtx, imported_globals));
                let at = Mem::new(Gpr::R11, 8 * global.0 as i32);
                self.code.mov(wasmtier_x64::Width::W64, Gpr::R11, at);
                Mem::base(Gpr::R11)
            }
        }
    }
}
