//! Adapters: calls between functions that take arguments in registers and those that do not.
//!
//! What lives here: the code that stands in for a function of a signature towards callers of the
//! other kind. What does not: what all signatures share (`stubs`), and who needs which.
//!
//! Invariant: tail calls between the kinds take no native stack. An adapter that is called in place
//! of a function which an adapter of the other kind had called undoes that one instead of calling:
//! it finds the mark of that one's continuation where it would return to.

use core::mem::offset_of;

use dynasmrt::DynasmLabelApi;
use wasmtier_vm::{
    AdapterFrame, BuiltinTable, Continuation, EnteredFrame, FuncEntry, FuncType, NativeStubs, Slot,
    VmCtx, VmStore,
};
use wasmtier_x64::{Alu, CodeBuffer, Cond, Gpr, Mem, Width};

use crate::convention::{arguments, results};
use crate::native::{CALLEE, CTX, ENTRY, Emit, SLOT, TOP, context, field};
use Gpr::{R11, R12, R13, R14, R15, Rax, Rcx, Rdi, Rdx, Rsi, Rsp};
use Width::{W32, W64};

/// Bytes from the top of the frame of a function of type `ty` down to its frame pointer.
pub(crate) fn frame_distance(ty: &FuncType) -> i32 {
    let slots = i32::try_from(ty.param_slots()).expect("validation bounds how many there are");
    (slots + 1 + i32::from(Slot::RETURN.0)) * SLOT
}

/// The header word at `slot` of a frame of type `ty`, from its top.
pub(crate) fn header(ty: &FuncType, slot: Slot) -> Mem {
    Mem::new(TOP, i32::from(slot.0) * SLOT - frame_distance(ty))
}

/// The bytes of an adapter.
pub(crate) fn finish(code: CodeBuffer) -> Vec<u8> {
    code.finish().expect("all labels of an adapter are placed")
}

/// The code of [`FuncEntry::slot_entry`] for compiled functions of type `ty`.
#[must_use]
pub fn slots_to_registers(ty: &FuncType) -> Vec<u8> {
    let mut buffer = CodeBuffer::new();
    let code = &mut buffer;
    let (from_machine, call) = (code.new_dynamic_label(), code.new_dynamic_label());
    let scratch = |offset: usize| field(Rsp, offset);
    let return_word = scratch(offset_of!(EnteredFrame, return_word));
    let caller_fp = scratch(offset_of!(EnteredFrame, caller_fp));
    code.mov(W64, ENTRY, Rdx);
    code.alu_imm(Alu::Add, W64, TOP, frame_distance(ty));
    code.mov(W64, Rax, header(ty, Slot::RETURN));
    code.test(W64, Rax, Rax);
    code.jcc(Cond::G, from_machine);
    code.dynamic_label(call);
    code.mov(W64, Rcx, header(ty, Slot::CALLER_FP));
    code.store(W64, return_word, Rax);
    code.store(W64, caller_fp, Rcx);
    code.load_places(arguments(ty));
    code.call_to(reg_entry());
    code.mark(Continuation::Entered);
    return_to_slots(code, ty);
    code.dynamic_label(from_machine);
    code.compare_mark(Rax, Continuation::Interpreted, Rcx);
    code.jcc(Cond::Ne, call);
    undo_registers_to_slots(code, ty);
    finish(buffer)
}

/// Behind a call of compiled code, with an [`EnteredFrame`] at `rsp`: returns its results as an
/// interpreted function does.
pub(crate) fn return_to_slots(code: &mut CodeBuffer, ty: &FuncType) {
    let to_machine = code.new_dynamic_label();
    code.store_places(results(ty));
    code.extend_slots(results(ty));
    code.mov(W64, Rcx, field(Rsp, offset_of!(EnteredFrame, return_word)));
    code.mov(W64, TOP, field(Rsp, offset_of!(EnteredFrame, caller_fp)));
    code.test(W64, Rcx, Rcx);
    code.jcc(Cond::G, to_machine);
    code.jump_to_stub(offset_of!(NativeStubs, resume), R11);
    code.dynamic_label(to_machine);
    code.jmp_to(Rcx);
}

/// Where the code of the function is that is called with arguments in registers.
fn reg_entry() -> Mem {
    field(ENTRY, offset_of!(FuncEntry, reg_entry))
}

/// Calls the compiled function in place of the interpreted one that an adapter has called.
fn undo_registers_to_slots(code: &mut CodeBuffer, ty: &FuncType) {
    let other = code.new_dynamic_label();
    let frame = |offset: usize| field(Rsp, offset);
    code.load_places(arguments(ty));
    code.mov(W64, R12, frame(offset_of!(AdapterFrame, r12)));
    code.mov(W64, R13, frame(offset_of!(AdapterFrame, r13)));
    code.mov(W64, R15, frame(offset_of!(AdapterFrame, r15)));
    code.mov(W64, Rcx, frame(offset_of!(AdapterFrame, r14)));
    code.mov(W64, Rsp, frame(offset_of!(AdapterFrame, caller_sp)));
    code.alu(Alu::Cmp, W64, Rcx, CTX);
    code.jcc(Cond::Ne, other);
    code.jmp_to(reg_entry());
    // The interpreted function was of the caller's instance or had replaced one that was.
    code.dynamic_label(other);
    code.xchg(W64, CALLEE, CTX);
    code.jump_to_stub(offset_of!(NativeStubs, tail_call_other), Rax);
}

/// The code of [`FuncEntry::reg_entry`] for functions of type `ty` that are not compiled.
#[must_use]
pub fn registers_to_slots(ty: &FuncType) -> Vec<u8> {
    let mut buffer = CodeBuffer::new();
    let code = &mut buffer;
    let (undo, behind) = (code.new_dynamic_label(), code.new_dynamic_label());
    code.mov(W64, Rax, Mem::base(Rsp));
    code.compare_mark(Rax, Continuation::Entered, Rdx);
    code.jcc(Cond::E, undo);
    code.check_native_stack(Rax);
    code.mov(W64, Rax, Rsp);
    code.alu_imm(Alu::Sub, W64, Rsp, size_of::<AdapterFrame>() as i32);
    code.alu_imm(Alu::And, W64, Rsp, -16);
    let frame = |offset: usize| field(Rsp, offset);
    let saved = [
        (R12, offset_of!(AdapterFrame, r12)),
        (R13, offset_of!(AdapterFrame, r13)),
        (R14, offset_of!(AdapterFrame, r14)),
        (R15, offset_of!(AdapterFrame, r15)),
    ];
    code.store(W64, frame(offset_of!(AdapterFrame, caller_sp)), Rax);
    for (register, offset) in saved {
        code.store(W64, frame(offset), register);
    }
    code.store_places(arguments(ty));
    code.extend_slots(arguments(ty));
    code.lea(W64, Rax, behind);
    code.store(W64, header(ty, Slot::RETURN), Rax);
    code.store(W64, header(ty, Slot::CALLER_FP), TOP);
    code.builtins(R13);
    code.mov(W64, R13, field(R13, offset_of!(BuiltinTable, native) + BASE));
    begin_in_slots(code, ty);
    code.dynamic_label(behind);
    code.mark(Continuation::Interpreted);
    for (register, offset) in saved {
        code.mov(W64, register, frame(offset));
    }
    code.reload_memory();
    code.load_places(results(ty));
    code.mov(W64, Rsp, frame(offset_of!(AdapterFrame, caller_sp)));
    code.ret();
    code.dynamic_label(undo);
    undo_slots_to_registers(code, ty);
    finish(buffer)
}

/// Where the base of the code memory is in the shared routines.
const BASE: usize = offset_of!(NativeStubs, base);

/// Begins the function of the entry in `r11`, whose arguments and return word are in slots.
fn begin_in_slots(code: &mut CodeBuffer, ty: &FuncType) {
    code.mov(W64, Rdx, ENTRY);
    code.alu_imm(Alu::Sub, W64, TOP, frame_distance(ty));
    code.jmp_to(field(Rdx, offset_of!(FuncEntry, slot_entry)));
}

/// Begins the interpreted function in place of the compiled one that an adapter has called.
fn undo_slots_to_registers(code: &mut CodeBuffer, ty: &FuncType) {
    code.store_places(arguments(ty));
    code.extend_slots(arguments(ty));
    // Its continuation is dropped; behind it is what the header of its frame held.
    code.alu_imm(Alu::Add, W64, Rsp, SLOT);
    code.mov(W64, Rax, field(Rsp, offset_of!(EnteredFrame, return_word)));
    code.store(W64, header(ty, Slot::RETURN), Rax);
    code.mov(W64, Rax, field(Rsp, offset_of!(EnteredFrame, caller_fp)));
    code.store(W64, header(ty, Slot::CALLER_FP), Rax);
    begin_in_slots(code, ty);
}

/// The code of [`FuncEntry::reg_entry`] for host functions of type `ty`.
#[must_use]
pub fn registers_to_host(ty: &FuncType) -> Vec<u8> {
    let mut buffer = CodeBuffer::new();
    let code = &mut buffer;
    let failed = code.new_dynamic_label();
    let slots = i32::try_from(ty.param_slots().max(ty.result_slots()));
    let slots = slots.expect("validation bounds how many there are");
    code.store_places(arguments(ty));
    code.leave_at_rsp(Rax);
    code.mov(W64, Rax, context(offset_of!(VmCtx, store)));
    code.lea(W64, Rdx, Mem::new(TOP, -slots * SLOT));
    code.store(W64, field(Rax, offset_of!(VmStore, stack_top)), Rdx);
    code.mov(W64, Rax, Rsp);
    code.alu_imm(Alu::Sub, W64, Rsp, 2 * SLOT);
    code.alu_imm(Alu::And, W64, Rsp, -16);
    code.store(W64, Mem::base(Rsp), Rax);
    code.mov(W64, Rdi, CALLEE);
    code.mov(W64, Rsi, CTX);
    code.lea(W64, Rdx, Mem::new(TOP, -SLOT));
    code.call_to(field(ENTRY, offset_of!(FuncEntry, host)));
    code.mov(W64, Rsp, Mem::base(Rsp));
    code.test(W32, Rax, Rax);
    code.jcc(Cond::Ne, failed);
    code.reload_memory();
    code.load_places(results(ty));
    code.ret();
    code.dynamic_label(failed);
    code.jump_to_stub(offset_of!(NativeStubs, leave), R11);
    finish(buffer)
}
