//! Calls of builtins: every operator that the runtime carries out.
//!
//! Invariant: a builtin may grow memory 0 and changes the registers of pins; both are taken up
//! again behind each.

use core::mem::{offset_of, size_of};

use wasmtier_vm::{Builtin, BuiltinTable, Slot, VmCtx};
use wasmtier_x64::{Cond, Gpr, Mem, Scale, Width};

use super::body::{Body, context, exit_to_runtime, frame_low, frame_word};
use super::call::reload_pins;
use super::key::Variant;
use super::registers::{ACC, CTX, FP, MEMORY, PC};
use super::stubs::Stub;
use crate::cell::BuiltinCell;

use Gpr::{R11, Rax, Rcx, Rdi, Rdx, Rsi, Rsp};
use Width::{W16, W32, W64};

/// Where a builtin's operands are kept meanwhile: the host's stack has room for three words.
const ARGS: Mem = Mem::base(Rsp);

/// Calls the builtin that the cell names.
pub(super) fn call_builtin(body: &mut Body<'_>, variant: Variant) {
    use dynasmrt::DynasmLabelApi;
    let (has_result, pins) = variant.builtin();
    let (code, cell) = (&mut *body.l.code, body.cell);
    code.store(W64, frame_word(Slot::SAVED_PC), PC);
    frame_low(code, Rax);
    exit_to_runtime(code, Rax);
    code.movsx(W16, W64, Rsi, cell.at(offset_of!(BuiltinCell, args)));
    code.lea(W64, Rsi, Mem::base(FP).indexed(Rsi, Scale::Eight));
    code.store(W64, ARGS, Rsi);
    code.mov(W32, Rcx, cell.at(offset_of!(BuiltinCell, builtin)));
    code.mov(W64, R11, context(offset_of!(VmCtx, builtins)));
    code.mov(W64, R11, Mem::base(R11).indexed(Rcx, Scale::Eight).offset(FIRST));
    code.mov(W64, Rdi, CTX);
    code.mov(W32, Rdx, cell.at(offset_of!(BuiltinCell, imm0)));
    code.mov(W32, Rcx, cell.at(offset_of!(BuiltinCell, imm1)));
    code.call_to(R11);
    code.mov(W64, MEMORY, context(offset_of!(VmCtx, mem0_base)));
    let failed = code.new_dynamic_label();
    code.test(W32, Rax, Rax);
    code.jcc(Cond::Ne, failed);
    if has_result {
        code.mov(W64, ACC, ARGS);
        code.mov(W64, ACC, Mem::base(ACC));
    }
    reload_pins(body, pins);
    body.next::<BuiltinCell>();
    body.l.code.dynamic_label(failed);
    body.jump_to_stub(Stub::Leave);
}

/// Where the code of the first builtin is in their table.
const FIRST: i32 = offset_of!(BuiltinTable, memory_grow) as i32;

const _: () = assert!(
    Builtin::MemoryGrow as usize == 0
        && size_of::<BuiltinTable>()
            == FIRST as usize + Builtin::ALL.len() * size_of::<wasmtier_vm::BuiltinCode>(),
    "the table has the code of each builtin in the order of their numbers"
);
