//! The routines that all compiled code shares: [`NativeStubs`], all but the interpreter's.
//!
//! What lives here: their code. What does not: adapters, which are per signature.
//!
//! Invariant: a routine is entered, and left, as its field in [`NativeStubs`] says.

use core::mem::offset_of;

use dynasmrt::{DynamicLabel, DynasmLabelApi};
use wasmtier_ops::Trap;
use wasmtier_vm::{BuiltinTable, Continuation, FuncEntry, NativeStubs, VmCtx, VmMemory, VmStore};
use wasmtier_x64::{Alu, CodeBuffer, Cond, Floats, Gpr, Mem, Width, Xmm};

use crate::convention::{FLOAT_ARGUMENTS, INT_ARGUMENTS};
use crate::native::{CALLEE, CTX, ENTRY, Emit, SLOT, context, field};
use Gpr::{R8, R11, Rax, Rcx, Rdi, Rdx, Rsi, Rsp};
use Width::{W32, W64};

/// The shared routines, before they are published.
#[derive(Debug)]
pub struct Stubs {
    /// Their code, which wants to lie at a multiple of 32.
    pub code: Vec<u8>,
    /// [`FuncEntry::reg_entry`] of a function whose adapter has not been made yet.
    pub adapt: u32,
    /// Offsets of the routines: what [`Stubs::at`] adds an address to.
    offsets: NativeStubs,
}

impl Stubs {
    /// The routines of code that was published at `start`, with those of the interpreter in
    /// `interpreter`.
    #[must_use]
    pub fn at(&self, start: usize, interpreter: NativeStubs) -> NativeStubs {
        let offsets = self.offsets;
        NativeStubs {
            trap: start + offsets.trap,
            refuse: start + offsets.refuse,
            call_builtin: start + offsets.call_builtin,
            resolve: start + offsets.resolve,
            out_of_bounds: start + offsets.out_of_bounds,
            call_other: start + offsets.call_other,
            tail_call_other: start + offsets.tail_call_other,
            ..interpreter
        }
    }
}

/// Emits the shared routines.
#[must_use]
pub fn stubs() -> Stubs {
    let mut code = CodeBuffer::new();
    let (trap, call_other) = (code.new_dynamic_label(), code.new_dynamic_label());
    let mut at = |emit: &mut dyn FnMut(&mut CodeBuffer)| {
        code.align_with_nops(32);
        let offset = code.len();
        emit(&mut code);
        offset
    };
    let offsets = NativeStubs {
        trap: at(&mut |code| emit_trap(code, trap)),
        refuse: at(&mut emit_refuse),
        call_builtin: at(&mut emit_call_builtin),
        resolve: at(&mut emit_resolve),
        out_of_bounds: at(&mut |code| emit_out_of_bounds(code, trap)),
        call_other: at(&mut |code| emit_call_other(code, call_other)),
        tail_call_other: at(&mut |code| emit_tail_call_other(code, call_other)),
        ..NativeStubs::NONE
    };
    let adapt = at(&mut emit_adapt) as u32;
    let code = code.finish().expect("all labels of stubs are placed");
    Stubs { code, adapt, offsets }
}

fn emit_trap(code: &mut CodeBuffer, trap: DynamicLabel) {
    code.dynamic_label(trap);
    code.leave_at_rsp(R11);
    code.jump_to_stub(offset_of!(NativeStubs, leave), R11);
}

fn emit_refuse(code: &mut CodeBuffer) {
    // The callee's own address: it is not to be seen.
    code.alu_imm(Alu::Add, W64, Rsp, SLOT);
    code.leave_at_rsp(R11);
    code.mov_imm(Rax, Trap::StackOverflow as u64);
    code.mov_imm(Rcx, Trap::Interrupt as u64);
    code.alu_imm(Alu::Cmp, W64, context(offset_of!(VmCtx, stack_limit)), -1);
    code.cmov(Cond::E, W32, Rax, Rcx);
    code.jump_to_stub(offset_of!(NativeStubs, leave), R11);
}

/// Notes that nothing below `r8` is in use, and where wasm was left. Changes `r11`.
fn exit_to_runtime(code: &mut CodeBuffer) {
    code.mov(W64, R11, context(offset_of!(VmCtx, store)));
    code.store(W64, field(R11, offset_of!(VmStore, stack_top)), R8);
    code.leave_at_rsp(R11);
}

fn emit_call_builtin(code: &mut CodeBuffer) {
    exit_to_runtime(code);
    let saved = Saved { words: 0, gprs: &[], xmms: &[] };
    saved.open(code, R11);
    code.builtins(R11);
    code.mov(W64, Rdi, CTX);
    code.mov(W32, Rax, Rax);
    code.call_to(Mem::base(R11).indexed(Rax, wasmtier_x64::Scale::One));
    saved.close(code);
    leave_unless_ok(code);
    code.reload_memory();
    code.ret();
}

/// Leaves with the status in `eax`, unless that is OK, at the place that was noted.
fn leave_unless_ok(code: &mut CodeBuffer) {
    let ok = code.new_dynamic_label();
    code.test(W32, Rax, Rax);
    code.jcc(Cond::E, ok);
    code.jump_to_stub(offset_of!(NativeStubs, leave), R11);
    code.dynamic_label(ok);
}

fn emit_resolve(code: &mut CodeBuffer) {
    let saved = Saved { words: 1, gprs: &INT_ARGUMENTS, xmms: &Xmm::ALL };
    let failed = code.new_dynamic_label();
    exit_to_runtime(code);
    saved.open(code, Rax);
    code.store(W64, saved.word(0), Rsi);
    code.mov(W64, Rdi, CTX);
    code.lea(W64, Rsi, saved.word(0));
    code.builtins(Rax);
    code.call_to(field(Rax, offset_of!(BuiltinTable, resolve_indirect)));
    code.test(W32, Rax, Rax);
    code.jcc(Cond::Ne, failed);
    code.mov(W32, Rax, saved.word(0));
    code.alu(Alu::Add, W64, Rax, context(offset_of!(VmCtx, funcref_base)));
    saved.close(code);
    code.ret();
    code.dynamic_label(failed);
    code.jump_to_stub(offset_of!(NativeStubs, leave), R11);
}

fn emit_out_of_bounds(code: &mut CodeBuffer, trap: DynamicLabel) {
    let out = code.new_dynamic_label();
    code.mov(W64, R11, context(offset_of!(VmCtx, memories)));
    code.mov(W64, R11, Mem::base(R11));
    code.mov(W64, R11, field(R11, offset_of!(VmMemory, len)));
    code.alu(Alu::Cmp, W64, R11, context(offset_of!(VmCtx, mem0_len)));
    code.jcc(Cond::Be, out);
    // Another thread has grown the memory.
    code.store(W64, context(offset_of!(VmCtx, mem0_len)), R11);
    code.ret();
    code.dynamic_label(out);
    code.mov_imm(Rax, Trap::MemoryOutOfBounds as u64);
    code.jmp(trap);
}

/// Goes on in `host` if the entry is a host function's, which takes the caller's context.
fn begin_host(code: &mut CodeBuffer) {
    let wasm = code.new_dynamic_label();
    code.alu_imm(Alu::Cmp, W64, field(ENTRY, offset_of!(FuncEntry, host)), 0);
    code.jcc(Cond::E, wasm);
    code.jmp_to(field(ENTRY, offset_of!(FuncEntry, reg_entry)));
    code.dynamic_label(wasm);
}

fn switch_to_callee(code: &mut CodeBuffer) {
    code.mov(W64, CTX, CALLEE);
    code.reload_memory();
}

fn emit_call_other(code: &mut CodeBuffer, call_other: DynamicLabel) {
    code.dynamic_label(call_other);
    begin_host(code);
    code.check_native_stack(Rax);
    code.push_reg(CTX);
    switch_to_callee(code);
    code.call_to(field(ENTRY, offset_of!(FuncEntry, reg_entry)));
    code.mark(Continuation::Other);
    code.pop_reg(CTX);
    code.reload_memory();
    code.ret();
}

fn emit_tail_call_other(code: &mut CodeBuffer, call_other: DynamicLabel) {
    code.mov(W64, Rax, Mem::base(Rsp));
    code.compare_mark(Rax, Continuation::Other, Rdx);
    code.jcc(Cond::Ne, call_other);
    // The context to return to is known there.
    begin_host(code);
    switch_to_callee(code);
    code.jmp_to(field(ENTRY, offset_of!(FuncEntry, reg_entry)));
}

fn emit_adapt(code: &mut CodeBuffer) {
    let gprs: Vec<Gpr> = INT_ARGUMENTS.into_iter().chain([ENTRY, CALLEE]).collect();
    let saved = Saved { words: 0, gprs: &gprs, xmms: &FLOAT_ARGUMENTS };
    let failed = code.new_dynamic_label();
    saved.open(code, Rax);
    code.mov(W64, Rdi, CTX);
    code.mov(W64, Rsi, ENTRY);
    code.builtins(Rax);
    code.call_to(field(Rax, offset_of!(BuiltinTable, adapt)));
    code.test(W32, Rax, Rax);
    code.jcc(Cond::Ne, failed);
    saved.close(code);
    code.jmp_to(field(ENTRY, offset_of!(FuncEntry, reg_entry)));
    code.dynamic_label(failed);
    saved.close(code);
    code.leave_at_rsp(R11);
    code.jump_to_stub(offset_of!(NativeStubs, leave), R11);
}

/// A native frame that keeps registers during a call of the runtime. Also aligns the stack.
struct Saved<'a> {
    /// Words for other purposes.
    words: i32,
    gprs: &'a [Gpr],
    xmms: &'a [Xmm],
}

impl Saved<'_> {
    fn word(&self, index: i32) -> Mem {
        Mem::new(Rsp, (1 + index) * SLOT)
    }

    fn gpr(&self, index: usize) -> Mem {
        self.word(self.words + index as i32)
    }

    fn xmm(&self, index: usize) -> Mem {
        self.gpr(self.gprs.len() + 2 * index)
    }

    fn open(&self, code: &mut CodeBuffer, temp: Gpr) {
        let slots = 1 + self.words + self.gprs.len() as i32 + 2 * self.xmms.len() as i32;
        code.mov(W64, temp, Rsp);
        code.alu_imm(Alu::Sub, W64, Rsp, slots * SLOT);
        code.alu_imm(Alu::And, W64, Rsp, -16);
        code.store(W64, Mem::base(Rsp), temp);
        for (index, register) in self.gprs.iter().enumerate() {
            code.store(W64, self.gpr(index), *register);
        }
        for (index, register) in self.xmms.iter().enumerate() {
            code.store_xmm(Floats::Ps, self.xmm(index), *register);
        }
    }

    fn close(&self, code: &mut CodeBuffer) {
        for (index, register) in self.gprs.iter().enumerate() {
            code.mov(W64, *register, self.gpr(index));
        }
        for (index, register) in self.xmms.iter().enumerate() {
            code.load_xmm(Floats::Ps, *register, self.xmm(index));
        }
        code.mov(W64, Rsp, Mem::base(Rsp));
    }
}
