//! Tail calls: the frame makes room for the callee's.
//!
//! What lives here: arguments to where the callee's frame, which has the same top, wants them. What
//! does not: which they are and how a function in a table is found (`call`, `indirect`).
//!
//! Invariant: the native stack and the caller's registers are as they were when the function began.

use core::mem::offset_of;

use dynasmrt::DynasmLabelApi;
use wasmtier_vm::{FuncIdx, FuncType, NativeStubs, TableIdx, TypeIdx};
use wasmtier_x64::{Alu, Cond, Gpr, Width, Xmm};

use super::call::reg_entry;
use super::frame::{CONTEXT, TOP};
use super::register::{Register, Registers};
use super::site::native;
use super::value::Kind;
use super::{Compiler, Visit};
use crate::convention::arguments;

impl Compiler<'_> {
    pub(crate) fn return_call(&mut self, func: FuncIdx) -> Visit {
        let module = self.module;
        let ty = module.func_type(func);
        self.pass_last_arguments(ty, Registers::NONE);
        self.replace_frame(ty);
        match module.defined_func(func) {
            Some(_) if func == self.func => self.code.jmp(self.entry),
            Some(defined) => {
                self.load_entry(defined);
                self.code.jmp_to(reg_entry());
            }
            None => {
                self.load_import(func);
                self.jump_other();
            }
        }
        self.reachable = false;
        self.after()
    }

    pub(crate) fn return_call_indirect(&mut self, ty: TypeIdx, table: TableIdx) -> Visit {
        let callee = &self.module.types[ty.index()];
        self.pop_index();
        self.pass_last_arguments(callee, Register::RAX.set());
        self.look_up(ty, table);
        self.replace_frame(callee);
        let other = self.code.new_dynamic_label();
        self.code.alu(Alu::Cmp, Width::W64, Gpr::Rcx, CONTEXT);
        self.code.jcc(Cond::Ne, other);
        self.code.jmp_to(reg_entry());
        self.code.dynamic_label(other);
        self.jump_other();
        self.reachable = false;
        self.after()
    }

    /// Passes arguments as for a call. Nobody asks for locals behind it.
    fn pass_last_arguments(&mut self, ty: &FuncType, held: Registers) {
        self.state.dirty = Registers::NONE;
        self.pass_arguments(ty, held);
    }

    /// Gives the caller its registers back, and moves the arguments in slots to the top of the
    /// frame: in order, as they come from below. Changes `rdx` and flags.
    fn replace_frame(&mut self, ty: &FuncType) {
        self.restore();
        for place in arguments(ty).filter(|place| place.register.is_none()) {
            let kind = Kind::of(place.ty);
            let through: Register =
                if kind == Kind::V128 { Xmm::new(15).into() } else { Register::RDX };
            let from = self.frame.temporary(self.height + place.slot, kind);
            self.load_home(kind, through, from);
            self.store_home(kind, place.mem(TOP), through);
        }
    }

    /// Goes to a function of another instance: its entry is in `r11`, its context in `rcx`.
    fn jump_other(&mut self) {
        self.load_routines(Gpr::Rax);
        self.code.jmp_to(native(Gpr::Rax, offset_of!(NativeStubs, tail_call_other)));
    }
}
