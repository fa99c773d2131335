//! Calls of builtins: every operator that the runtime carries out.
//!
//! Invariant: a builtin may grow memory 0 and changes the registers of pins; both are taken up
//! again behind each.

use core::mem::{offset_of, size_of};

use wasmtier_vm::{Activation, Builtin, BuiltinTable, FuncEntry, Slot, VmCtx, VmStore};
use wasmtier_x64::{Alu, Cond, Gpr, Mem, Scale, Width};

use super::body::{Body, context, field, frame_word};
use super::call::reload_pins;
use super::key::Variant;
use super::registers::{ACC, CTX, FP, MEMORY, PC};
use super::stubs::Stub;
use crate::cell::{BuiltinCell, CodeHeader};

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
    code.mov(W64, R11, frame_word(Slot::ENTRY));
    code.mov(W64, R11, field(R11, FuncEntry::IR_OFFSET));
    code.mov(W32, R11, field(R11, offset_of!(CodeHeader, frame_bytes)));
    code.mov(W64, Rax, FP);
    code.alu(Alu::Sub, W64, Rax, R11);
    code.mov(W64, R11, context(offset_of!(VmCtx, store)));
    code.store(W64, field(R11, offset_of!(VmStore, stack_top)), Rax);
    code.mov(W64, R11, field(R11, offset_of!(VmStore, activation)));
    code.store(W64, field(R11, offset_of!(Activation, exit_fp)), FP);
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
