//! The handlers that move values: copies, constants, globals, `select`.
//!
//! What lives here: anything that neither computes nor branches nor touches linear memory. A value
//! the translator keeps in no slot goes through an accumulator.
//!
//! Invariant: a vector is addressed by its lower slot, its low half.

use wasmtier_ops::V128;
use wasmtier_vm::{GlobalIdx, Slot, VmCtx};

use super::machine::{Machine, Next, behind, cell};
use super::operand::{Destination, Source};
use super::simd::vector_of;
use crate::cell::{Const32Cell, Const64Cell, Const128Cell, GlobalCell, SelectCell, UnaryCell};

pub(super) unsafe fn copy(machine: &mut Machine, ip: *const u32, _: u64) -> Next {
    // SAFETY: this handler's cells are of this type.
    let cell = unsafe { cell::<UnaryCell>(ip) };
    // SAFETY: the translator's slots lie in the frame.
    let bits = unsafe { machine.read(cell.a) };
    // SAFETY: as above.
    unsafe { machine.write(cell.d, bits) };
    behind::<UnaryCell>(ip, bits)
}

pub(super) unsafe fn copy_acc(machine: &mut Machine, ip: *const u32, acc: u64) -> Next {
    // SAFETY: this handler's cells are of this type.
    let cell = unsafe { cell::<UnaryCell>(ip) };
    // SAFETY: the translator's slots lie in the frame.
    unsafe { machine.write(cell.d, acc) };
    behind::<UnaryCell>(ip, acc)
}

pub(super) unsafe fn copy_float_acc(machine: &mut Machine, ip: *const u32, acc: u64) -> Next {
    // SAFETY: this handler's cells are of this type.
    let cell = unsafe { cell::<UnaryCell>(ip) };
    // SAFETY: the translator's slots lie in the frame.
    unsafe { machine.write(cell.d, machine.float_acc) };
    behind::<UnaryCell>(ip, acc)
}

pub(super) unsafe fn copy_vector(machine: &mut Machine, ip: *const u32, acc: u64) -> Next {
    // SAFETY: this handler's cells are of this type.
    let cell = unsafe { cell::<UnaryCell>(ip) };
    // SAFETY: the translator's slots lie in the frame.
    let vector = unsafe { machine.read_vector(cell.a) };
    // SAFETY: as above.
    unsafe { machine.write_vector(cell.d, vector) };
    behind::<UnaryCell>(ip, acc)
}

pub(super) unsafe fn const32(machine: &mut Machine, ip: *const u32, _: u64) -> Next {
    // SAFETY: this handler's cells are of this type.
    let cell = unsafe { cell::<Const32Cell>(ip) };
    let bits = u64::from(cell.imm);
    // SAFETY: the translator's slots lie in the frame.
    unsafe { machine.write(cell.d, bits) };
    behind::<Const32Cell>(ip, bits)
}

pub(super) unsafe fn const64(machine: &mut Machine, ip: *const u32, _: u64) -> Next {
    // SAFETY: this handler's cells are of this type.
    let cell = unsafe { cell::<Const64Cell>(ip) };
    let bits = u64::from(cell.low) | u64::from(cell.high) << 32;
    // SAFETY: the translator's slots lie in the frame.
    unsafe { machine.write(cell.d, bits) };
    behind::<Const64Cell>(ip, bits)
}

pub(super) unsafe fn const128(machine: &mut Machine, ip: *const u32, acc: u64) -> Next {
    // SAFETY: this handler's cells are of this type.
    let cell = unsafe { cell::<Const128Cell>(ip) };
    let words = [cell.w0, cell.w1, cell.w2, cell.w3];
    // SAFETY: the translator's slots lie in the frame.
    unsafe { machine.write_vector(cell.d, vector_of(words)) };
    behind::<Const128Cell>(ip, acc)
}

/// `FLOAT` values go to the float accumulator.
pub(super) unsafe fn global_get<D: Destination, const IMPORTED: bool, const FLOAT: bool>(
    machine: &mut Machine,
    ip: *const u32,
    acc: u64,
) -> Next {
    // SAFETY: this handler's cells are of this type.
    let cell = unsafe { cell::<GlobalCell>(ip) };
    // SAFETY: the translator's indices are valid.
    let global = unsafe { machine.global::<IMPORTED>(cell.global) };
    // SAFETY: globals outlive the instances that use them.
    let bits = unsafe { global.read() };
    // SAFETY: the translator's slots lie in the frame.
    unsafe { machine.finish_bits::<D, FLOAT, GlobalCell>(cell.d, bits, ip, acc) }
}

pub(super) unsafe fn global_get_vector<const IMPORTED: bool>(
    machine: &mut Machine,
    ip: *const u32,
    acc: u64,
) -> Next {
    // SAFETY: this handler's cells are of this type.
    let cell = unsafe { cell::<GlobalCell>(ip) };
    // SAFETY: the translator's indices are valid.
    let global = unsafe { machine.global::<IMPORTED>(cell.global) };
    // SAFETY: a vector global has two slots.
    let vector = unsafe { global.cast::<[u8; 16]>().read() };
    // SAFETY: the translator's slots lie in the frame.
    unsafe { machine.write_vector(cell.d, V128::from_le_bytes(vector)) };
    behind::<GlobalCell>(ip, acc)
}

pub(super) unsafe fn global_set<S: Source, const IMPORTED: bool>(
    machine: &mut Machine,
    ip: *const u32,
    acc: u64,
) -> Next {
    // SAFETY: this handler's cells are of this type.
    let cell = unsafe { cell::<GlobalCell>(ip) };
    // SAFETY: the translator's slots lie in the frame.
    let bits = unsafe { machine.operand::<u64>(S::SRC, cell.a, acc) };
    // SAFETY: the translator's indices are valid.
    let global = unsafe { machine.global::<IMPORTED>(cell.global) };
    // SAFETY: globals outlive the instances that use them.
    unsafe { global.write(bits) };
    behind::<GlobalCell>(ip, acc)
}

pub(super) unsafe fn global_set_vector<const IMPORTED: bool>(
    machine: &mut Machine,
    ip: *const u32,
    acc: u64,
) -> Next {
    // SAFETY: this handler's cells are of this type.
    let cell = unsafe { cell::<GlobalCell>(ip) };
    // SAFETY: the translator's slots lie in the frame.
    let vector = unsafe { machine.read_vector(cell.a) };
    // SAFETY: the translator's indices are valid.
    let global = unsafe { machine.global::<IMPORTED>(cell.global) };
    // SAFETY: a vector global has two slots.
    unsafe { global.cast::<[u8; 16]>().write(vector.to_le_bytes()) };
    behind::<GlobalCell>(ip, acc)
}

/// The condition is where `C` says. `FLOAT` values go to the float accumulator.
pub(super) unsafe fn select<D: Destination, C: Source, const FLOAT: bool>(
    machine: &mut Machine,
    ip: *const u32,
    acc: u64,
) -> Next {
    // SAFETY: this handler's cells are of this type.
    let cell = unsafe { cell::<SelectCell>(ip) };
    // SAFETY: the translator's slots lie in the frame.
    let condition = unsafe { machine.operand::<u32>(C::SRC, cell.c, acc) };
    let chosen = if condition != 0 { cell.a } else { cell.b };
    // SAFETY: as above.
    let bits = unsafe { machine.read(chosen) };
    // SAFETY: as above.
    unsafe { machine.finish_bits::<D, FLOAT, SelectCell>(cell.d, bits, ip, acc) }
}

pub(super) unsafe fn select_vector(machine: &mut Machine, ip: *const u32, acc: u64) -> Next {
    // SAFETY: this handler's cells are of this type.
    let cell = unsafe { cell::<SelectCell>(ip) };
    // SAFETY: the translator's slots lie in the frame.
    let condition = unsafe { machine.read(cell.c) } as u32;
    let chosen = if condition != 0 { cell.a } else { cell.b };
    // SAFETY: as above.
    let vector = unsafe { machine.read_vector(chosen) };
    // SAFETY: as above.
    unsafe { machine.write_vector(cell.d, vector) };
    behind::<SelectCell>(ip, acc)
}

impl Machine {
    /// Yields a value whose register file is a handler's, not an operator's, to choose.
    ///
    /// # Safety
    ///
    /// As for [`Machine::finish`].
    #[inline(always)]
    unsafe fn finish_bits<D: Destination, const FLOAT: bool, C>(
        &mut self,
        d: Slot,
        bits: u64,
        ip: *const u32,
        acc: u64,
    ) -> Next {
        if FLOAT {
            // SAFETY: caller's contract. Any float type keeps all bits of a slot.
            unsafe { self.finish::<D, f64, C>(d, f64::from_bits(bits), ip, acc) }
        } else {
            // SAFETY: caller's contract.
            unsafe { self.finish::<D, u64, C>(d, bits, ip, acc) }
        }
    }

    /// Where a global is stored.
    ///
    /// # Safety
    ///
    /// `global` is the index of an imported global if `IMPORTED`, else a slot of the storage.
    #[inline(always)]
    unsafe fn global<const IMPORTED: bool>(&self, global: u32) -> *mut u64 {
        if IMPORTED {
            // SAFETY: `vmctx` is live, and the index valid (caller's contract).
            return unsafe { VmCtx::imported_global(self.vmctx, GlobalIdx(global)) };
        }
        // SAFETY: `vmctx` is live.
        let globals = unsafe { (*self.vmctx).globals };
        // SAFETY: the slot is in the storage (caller's contract).
        unsafe { globals.add(global as usize) }
    }
}
