//! The handlers of jumps and traps.
//!
//! What lives here: jumps by a boolean, jump tables, `unreachable`. What does not: the branches
//! fused with a comparison (`numeric`), calls and returns (`call`).
//!
//! Invariant: a target is a distance in bytes from the start of the branching cell.

use wasmtier_ops::Trap;
use wasmtier_vm::Status;

use super::machine::{Machine, Next, behind, cell};
use super::operand::Source;
use crate::cell::{BranchCell, JumpCell, TableJumpCell, TrapCell, WORD};

/// Goes on `target` bytes from `ip`.
#[inline(always)]
fn jump_to(ip: *const u32, target: i32, acc: u64) -> Next {
    Next { ip: ip.wrapping_byte_offset(target as isize), acc }
}

pub(super) unsafe fn jump(_: &mut Machine, ip: *const u32, acc: u64) -> Next {
    // SAFETY: this handler's cells are of this type.
    let cell = unsafe { cell::<JumpCell>(ip) };
    jump_to(ip, cell.target, acc)
}

/// Jumps if the operand is not zero, or if it is. `WIDE` operands have 64 bits.
pub(super) unsafe fn jump_if<S: Source, const NONZERO: bool, const WIDE: bool>(
    machine: &mut Machine,
    ip: *const u32,
    acc: u64,
) -> Next {
    // SAFETY: this handler's cells are of this type.
    let cell = unsafe { cell::<BranchCell>(ip) };
    let nonzero = if WIDE {
        // SAFETY: the translator's slots lie in the frame.
        0 != unsafe { machine.operand::<u64>(S::SRC, cell.a, acc) }
    } else {
        // SAFETY: as above.
        0 != unsafe { machine.operand::<u32>(S::SRC, cell.a, acc) }
    };
    if nonzero == NONZERO { jump_to(ip, cell.target, acc) } else { behind::<BranchCell>(ip, acc) }
}

pub(super) unsafe fn table_jump<S: Source>(
    machine: &mut Machine,
    ip: *const u32,
    acc: u64,
) -> Next {
    // SAFETY: this handler's cells are of this type.
    let cell = unsafe { cell::<TableJumpCell>(ip) };
    // SAFETY: the translator's slots lie in the frame.
    let index = unsafe { machine.operand::<u32>(S::SRC, cell.a, acc) }.min(cell.count);
    let targets = behind::<TableJumpCell>(ip, acc).ip;
    // SAFETY: `count + 1` targets follow the cell.
    let target = unsafe { targets.add(index as usize) };
    // SAFETY: as above.
    let target = unsafe { target.read() };
    jump_to(ip, target.cast_signed(), acc)
}

pub(super) unsafe fn trap(machine: &mut Machine, ip: *const u32, _: u64) -> Next {
    // SAFETY: this handler's cells are of this type.
    let cell = unsafe { cell::<TrapCell>(ip) };
    // SAFETY: the machine's invariant.
    unsafe { machine.leave(ip, Status::from_bits(u64::from(cell.trap))) }
}

/// Stands in the table for ids the translator never emits.
pub(super) unsafe fn unused(machine: &mut Machine, ip: *const u32, _: u64) -> Next {
    // SAFETY: the machine's invariant.
    unsafe { machine.trap(ip, Trap::UnreachableCodeReached) }
}

const _: () = assert!(WORD == 4, "jump tables hold one word a target");
