//! What stubs and adapters are made of.
//!
//! What lives here: the registers and fields they share. What does not: either of them.
//! Invariant: what is not named as preserved in [`wasmtier_vm::NativeStubs`] may be changed.

use core::mem::offset_of;

use dynasmrt::{DynasmApi, DynasmLabelApi};
use wasmtier_vm::{Activation, BuiltinTable, Continuation, NativeStubs, VmCtx, VmStore};
use wasmtier_x64::lower::Reg;
use wasmtier_x64::{Alu, CodeBuffer, Cond, Floats, Gpr, Mem, Width};

use crate::convention::Place;
use Gpr::{R11, R14, Rbp, Rbx, Rcx, Rsp};
use Width::{W32, W64};
use wasmtier_vm::ValType;

/// Bytes of a slot.
pub(crate) const SLOT: i32 = size_of::<u64>() as i32;

/// The running instance's context.
pub(crate) const CTX: Gpr = R14;
/// The base of its memory 0.
pub(crate) const MEMORY: Gpr = Rbx;
/// The top of the running frame, or the frame pointer at an entry that takes slots.
pub(crate) const TOP: Gpr = Rbp;
/// The entry of the function that is called.
pub(crate) const ENTRY: Gpr = R11;
/// The context of the function that is called, where it may be another instance's.
pub(crate) const CALLEE: Gpr = Rcx;

/// A field of what `base` points to.
pub(crate) fn field(base: Gpr, offset: usize) -> Mem {
    Mem::new(base, i32::try_from(offset).expect("layouts are small"))
}

/// A field of the running instance's context.
pub(crate) fn context(offset: usize) -> Mem {
    field(CTX, offset)
}

/// What stubs and adapters are written in.
pub(crate) trait Emit {
    /// Puts the builtins' table into `into`.
    fn builtins(&mut self, into: Gpr);
    /// Puts the innermost activation into `into`.
    fn activation(&mut self, into: Gpr);
    /// Goes on at the shared routine at `offset` in [`NativeStubs`]. Changes `through`.
    fn jump_to_stub(&mut self, offset: usize, through: Gpr);
    /// Calls the shared routine at `offset` in [`NativeStubs`]. Changes `through`.
    fn call_stub(&mut self, offset: usize, through: Gpr);
    /// Takes up memory 0 of the running instance.
    fn reload_memory(&mut self);
    /// Notes that compiled code left wasm at the return address at `rsp`. Changes `temp`.
    fn leave_at_rsp(&mut self, temp: Gpr);
    /// Says what the code behind a call is.
    fn mark(&mut self, continuation: Continuation);
    /// Compares the code at the address in `code` with a mark. Changes `temp`.
    fn compare_mark(&mut self, code: Gpr, continuation: Continuation, temp: Gpr);
    /// Leaves unless the native stack has room. Changes `temp`.
    fn check_native_stack(&mut self, temp: Gpr);
    /// Loads what is in a register from its slots below the top.
    fn load_places(&mut self, places: impl Iterator<Item = Place>);
    /// Stores what is in a register to its slots below the top.
    fn store_places(&mut self, places: impl Iterator<Item = Place>);
    /// Clears the upper halves of the slots of 32-bit integers that are in no register: compiled
    /// code leaves anything there, where interpreted code expects zeros.
    fn extend_slots(&mut self, places: impl Iterator<Item = Place>);
}

impl Emit for CodeBuffer {
    fn builtins(&mut self, into: Gpr) {
        self.mov(W64, into, context(offset_of!(VmCtx, builtins)));
    }

    fn activation(&mut self, into: Gpr) {
        self.mov(W64, into, context(offset_of!(VmCtx, store)));
        self.mov(W64, into, field(into, offset_of!(VmStore, activation)));
    }

    fn jump_to_stub(&mut self, offset: usize, through: Gpr) {
        self.builtins(through);
        self.jmp_to(stub(through, offset));
    }

    fn call_stub(&mut self, offset: usize, through: Gpr) {
        self.builtins(through);
        self.call_to(stub(through, offset));
    }

    fn reload_memory(&mut self) {
        self.mov(W64, MEMORY, context(offset_of!(VmCtx, mem0_base)));
    }

    fn leave_at_rsp(&mut self, temp: Gpr) {
        self.activation(temp);
        self.store_imm(W64, field(temp, offset_of!(Activation, exit_fp)), 0);
        self.store(W64, field(temp, offset_of!(Activation, exit_sp)), Rsp);
    }

    fn mark(&mut self, continuation: Continuation) {
        for byte in continuation.mark() {
            self.push(byte);
        }
    }

    fn compare_mark(&mut self, code: Gpr, continuation: Continuation, temp: Gpr) {
        self.mov_imm(temp, continuation.word());
        self.alu(Alu::Cmp, W64, temp, Mem::base(code));
    }

    fn check_native_stack(&mut self, temp: Gpr) {
        let room = self.new_dynamic_label();
        self.mov(W64, temp, context(offset_of!(VmCtx, store)));
        self.alu(Alu::Cmp, W64, Rsp, field(temp, offset_of!(VmStore, native_limit)));
        self.jcc(Cond::Ae, room);
        self.call_stub(offset_of!(NativeStubs, refuse), temp);
        self.dynamic_label(room);
    }

    fn load_places(&mut self, places: impl Iterator<Item = Place>) {
        for place in places {
            let from = place.mem(TOP);
            match (place.register, place.ty) {
                (None, _) => {}
                // The upper half of their slots is not looked at.
                (Some(Reg::Gpr(to)), ValType::I32 | ValType::Ref(_)) => self.mov(W32, to, from),
                (Some(Reg::Gpr(to)), _) => self.mov(W64, to, from),
                (Some(Reg::Xmm(to)), ty) => self.load_xmm(floats(ty), to, from),
            }
        }
    }

    fn store_places(&mut self, places: impl Iterator<Item = Place>) {
        for place in places {
            let to = place.mem(TOP);
            match place.register {
                None => {}
                Some(Reg::Gpr(from)) => self.store(W64, to, from),
                Some(Reg::Xmm(from)) => self.store_xmm(floats(place.ty), to, from),
            }
        }
    }

    fn extend_slots(&mut self, places: impl Iterator<Item = Place>) {
        for place in places.filter(|place| place.register.is_none() && place.ty == ValType::I32) {
            let upper = i32::try_from(place.below_top()).expect("frames are small") - SLOT / 2;
            self.store_imm(W32, Mem::new(TOP, -upper), 0);
        }
    }
}

/// Where the table that `builtins` points to has the routine at `offset` in [`NativeStubs`].
fn stub(builtins: Gpr, offset: usize) -> Mem {
    field(builtins, offset_of!(BuiltinTable, native) + offset)
}

/// How much of a register a value takes in slots: all of them are moved.
fn floats(ty: ValType) -> Floats {
    match ty {
        ValType::V128 => Floats::Ps,
        _ => Floats::Sd,
    }
}
