//! The handler that calls builtins.
//!
//! What lives here: the way out of wasm and back for runtime routines. What does not: their code.
//!
//! Invariant: a builtin may grow memory 0, hence its cached base is read again after each.

use wasmtier_vm::{Builtin, Status};

use super::machine::{Machine, Next, behind, cell};
use crate::cell::BuiltinCell;

pub(super) unsafe fn call_builtin(machine: &mut Machine, ip: *const u32, _: u64) -> Next {
    // SAFETY: this handler's cells are of this type.
    let cell = unsafe { cell::<BuiltinCell>(ip) };
    let args = machine.place(cell.args);
    // SAFETY: the machine's invariant.
    let low = unsafe { machine.frame_low() };
    // SAFETY: the machine's invariant.
    unsafe { machine.exit(ip, low) };
    // SAFETY: the translator's operands and indices are what the builtin asks for.
    let status = unsafe { run(machine, cell, args) };
    if !status.is_ok() {
        // SAFETY: the machine's invariant.
        return unsafe { machine.leave(ip, status) };
    }
    // SAFETY: the machine's invariant.
    unsafe { machine.reload_memory() };
    if Builtin::ALL[cell.builtin as usize].results() == 0 {
        // Without operands or results there may be no slot at `args`.
        return behind::<BuiltinCell>(ip, 0);
    }
    // SAFETY: the builtin has left its result there.
    let result = unsafe { args.read() };
    behind::<BuiltinCell>(ip, result)
}

/// Runs the builtin of a cell.
///
/// # Safety
///
/// As for [`wasmtier_vm::BuiltinCode`], and the machine's invariant.
unsafe fn run(machine: &Machine, cell: &BuiltinCell, args: *mut u64) -> Status {
    // SAFETY: `vmctx` is live.
    let builtins = unsafe { (*machine.vmctx).builtins };
    // SAFETY: the table lives as long as the engine.
    let code = unsafe { (*builtins).code(Builtin::ALL[cell.builtin as usize]) };
    // SAFETY: caller's contract.
    unsafe { code(machine.vmctx, args, cell.imm0, cell.imm1) }
}
