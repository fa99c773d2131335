//! Calls of functions in tables.
//!
//! What lives here: the lookup, and what happens when it finds something unexpected. Invariant: the
//! function that is called has the type that the call names.

use core::mem::offset_of;

use dynasmrt::{DynamicLabel, DynasmLabelApi};
use wasmtier_vm::{FuncRecord, NativeStubs, TableIdx, TypeIdx, VmCtx, VmTable};
use wasmtier_x64::{Alu, Cond, Gpr, Mem, Scale, Width};

use super::call::reg_entry;
use super::frame::{CONTEXT, TOP, context};
use super::register::Register;
use super::site::Stub;
use super::{Compiler, Visit};
use crate::convention::arguments;

/// A lookup that did not find what was hoped for; the index is in `rax`.
#[derive(Debug)]
pub(crate) struct Lookup {
    at: DynamicLabel,
    found: DynamicLabel,
    ty: TypeIdx,
    table: TableIdx,
    offset: u64,
    /// Bytes from the top to where nothing is in use, and to the arguments.
    low: u32,
    arguments: u32,
}

/// Arguments that the routine takes in registers which are arguments of the call too.
const TAKEN: [Gpr; 2] = [Gpr::Rsi, Gpr::R8];

impl Compiler<'_> {
    pub(crate) fn call_indirect(&mut self, ty: TypeIdx, table: TableIdx) -> Visit {
        let module = self.module;
        let callee = &module.types[ty.index()];
        self.pop_index();
        self.pass_arguments(callee, Register::RAX.set());
        self.look_up(ty, table);
        let callee_top = self.enter_callee();
        let (other, back) = (self.code.new_dynamic_label(), self.code.new_dynamic_label());
        self.code.alu(Alu::Cmp, Width::W64, Gpr::Rcx, CONTEXT);
        self.code.jcc(Cond::Ne, other);
        self.code.call_to(reg_entry());
        self.note_site(self.offset, Some(callee_top));
        self.code.dynamic_label(back);
        let offset = self.offset;
        self.stubs.push(Stub::CallOther { at: other, back, offset, callee_top });
        self.leave_callee(callee_top);
        self.push_results(callee)?;
        self.after()
    }

    /// Pops the index into `rax`, which the operator holds then.
    pub(crate) fn pop_index(&mut self) {
        self.settle_pending();
        let index = self.pop();
        if index.register() != Some(Register::RAX) {
            self.claim(Register::RAX);
            self.load(&index, Register::RAX);
            self.release(&index);
        }
    }

    /// Finds the function at the index in `rax`: its entry in `r11`, its context in `rcx`. Its
    /// arguments have been passed.
    pub(crate) fn look_up(&mut self, ty: TypeIdx, table: TableIdx) {
        let (at, found) = (self.code.new_dynamic_label(), self.code.new_dynamic_label());
        let field = |base: Gpr, field: usize| Mem::new(base, field as i32);
        let code = &mut self.code;
        let (base, len) = if table == TableIdx(0) {
            (context(offset_of!(VmCtx, table0_base)), context(offset_of!(VmCtx, table0_len)))
        } else {
            code.mov(Width::W64, Gpr::Rcx, context(offset_of!(VmCtx, tables)));
            code.mov(Width::W64, Gpr::Rcx, Mem::new(Gpr::Rcx, 8 * table.0 as i32));
            (field(Gpr::Rcx, offset_of!(VmTable, base)), field(Gpr::Rcx, offset_of!(VmTable, len)))
        };
        // The index is extended by zeros, or has 64 bits; so does the length here.
        code.mov(Width::W32, Gpr::Rdx, len);
        code.alu(Alu::Cmp, Width::W64, Gpr::Rax, Gpr::Rdx);
        code.jcc(Cond::Ae, at);
        code.mov(Width::W64, Gpr::Rcx, base);
        code.mov(Width::W32, Gpr::Rcx, Mem::base(Gpr::Rcx).indexed(Gpr::Rax, Scale::Four));
        code.alu(Alu::Add, Width::W64, Gpr::Rcx, context(offset_of!(VmCtx, funcref_base)));
        // The ids of the module's types follow the context.
        let ids = size_of::<VmCtx>() + 4 * ty.index();
        code.mov(Width::W32, Gpr::Rdx, context(ids));
        let type_id = field(Gpr::Rcx, offset_of!(FuncRecord, type_id));
        code.alu(Alu::Cmp, Width::W32, Gpr::Rdx, type_id);
        code.jcc(Cond::Ne, at);
        code.dynamic_label(found);
        code.mov(Width::W64, Gpr::R11, field(Gpr::Rcx, offset_of!(FuncRecord, entry)));
        code.mov(Width::W64, Gpr::Rcx, field(Gpr::Rcx, offset_of!(FuncRecord, vmctx)));
        let params = self.module.types[ty.index()].param_slots();
        let (low, arguments) =
            (self.frame.below(self.height + params), self.frame.below(self.height));
        let offset = self.offset;
        self.stubs.push(Stub::Resolve(Lookup { at, found, ty, table, offset, low, arguments }));
    }

    /// Asks the runtime for the function. Arguments that are in the way wait in their own slots.
    pub(crate) fn resolve(&mut self, lookup: &Lookup) {
        let ty = &self.module.types[lookup.ty.index()];
        let waiting: Vec<(Gpr, Mem)> = arguments(ty)
            .filter_map(|place| {
                let taken = TAKEN.into_iter().find(|gpr| place.register == Some((*gpr).into()))?;
                let below = lookup.arguments + place.below_top();
                Some((taken, Mem::new(TOP, -(below as i32))))
            })
            .collect();
        self.code.dynamic_label(lookup.at);
        for (register, slot) in &waiting {
            self.code.store(Width::W64, *slot, *register);
        }
        self.code.mov(Width::W64, Gpr::Rsi, Gpr::Rax);
        self.code.mov_imm(Gpr::Rdx, lookup.table.0.into());
        self.code.mov_imm(Gpr::Rcx, lookup.ty.0.into());
        self.code.lea(Width::W64, Gpr::R8, Mem::new(TOP, -(lookup.low as i32)));
        self.call_native(offset_of!(NativeStubs, resolve));
        self.note_site(lookup.offset, None);
        for (register, slot) in &waiting {
            self.code.mov(Width::W64, *register, *slot);
        }
        self.code.mov(Width::W64, Gpr::Rcx, Gpr::Rax);
        self.code.jmp(lookup.found);
    }
}
