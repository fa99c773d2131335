//! The handlers of the atomic operators.
//!
//! What lives here: the check of alignment, and the access as one operation of the machine. What
//! does not: what is written in the place of what (`wasmtier_ops`), bounds (`memory`), waiting and
//! waking (builtins).
//!
//! Invariants: accesses are sequentially consistent among all of this file, on whichever thread. An
//! access that is misaligned and out of bounds traps as misaligned.

use core::sync::atomic::{self, AtomicU8, AtomicU16, AtomicU32, AtomicU64, Ordering};

use wasmtier_ops::{
    AtomicLoad, AtomicOperands, AtomicStore, AtomicUpdate, Scalar, Trap, for_each_atomic_access, op,
};
use wasmtier_vm::Slot;

use super::machine::{Handler, Machine, Next, behind, cell};
use super::operand::ToSlot;
use super::{Table, install};
use crate::cell::{FarLoadCell, FarStoreCell, FarUpdateCell, PlainCell};
use crate::handler::{HandlerKey, Src};

const _: () = assert!(cfg!(target_endian = "little"), "memory is accessed as the host's integers");

/// Runs `$access` with `$cell` as a reference to the atomic integer of `$bytes` bytes at `$at`, and
/// with `$Int` as the type of the integer.
macro_rules! with_cell {
    ($at:ident, $bytes:expr, |$cell:ident: $Int:ident| $access:expr) => {
        match $bytes {
            1 => with_cell!(@ AtomicU8, u8, $at, $cell, $Int, $access),
            2 => with_cell!(@ AtomicU16, u16, $at, $cell, $Int, $access),
            4 => with_cell!(@ AtomicU32, u32, $at, $cell, $Int, $access),
            _ => with_cell!(@ AtomicU64, u64, $at, $cell, $Int, $access),
        }
    };
    (@ $Atomic:ident, $int:ident, $at:ident, $cell:ident, $Int:ident, $access:expr) => {{
        type $Int = $int;
        // SAFETY: aligned and in a memory (contract of the functions that use this macro), whose
        // bytes the host never borrows while wasm runs. Other threads access them as here; or, if
        // the guest lets them race with each other, with plain loads and stores of the machine,
        // which tear but do nothing else. Sizes may be mixed: so they are in x86 and Arm.
        let $cell = unsafe { $Atomic::from_ptr($at.cast()) };
        $access
    }};
}

/// Reads an integer of `bytes` bytes: 1, 2, 4 or 8.
///
/// # Safety
///
/// The access lies within a memory and is aligned.
#[inline(always)]
unsafe fn read(at: *mut u8, bytes: usize) -> u64 {
    // SeqCst: what the operators promise.
    with_cell!(at, bytes, |cell: Int| Int::into(cell.load(Ordering::SeqCst)))
}

/// Writes the low `bytes` bytes of an integer: 1, 2, 4 or 8.
///
/// # Safety
///
/// The access lies within a memory and is aligned.
#[inline(always)]
unsafe fn write(at: *mut u8, raw: u64, bytes: usize) {
    // SeqCst: what the operators promise.
    with_cell!(at, bytes, |cell: Int| cell.store(raw as Int, Ordering::SeqCst));
}

/// Replaces an integer of `bytes` bytes, 1, 2, 4 or 8, by what `update` makes of it, if anything,
/// and returns what it was.
///
/// # Safety
///
/// The access lies within a memory and is aligned.
#[inline(always)]
unsafe fn replace(at: *mut u8, bytes: usize, update: impl Fn(u64) -> Option<u64>) -> u64 {
    with_cell!(at, bytes, |cell: Int| {
        let update = |old: Int| update(Int::into(old)).map(|new| new as Int);
        // SeqCst: what the operators promise, of those that change nothing too.
        let old = cell.fetch_update(Ordering::SeqCst, Ordering::SeqCst, update);
        Int::into(old.unwrap_or_else(|old| old))
    })
}

impl Machine {
    /// As [`Machine::far`], for an access that must be aligned.
    ///
    /// # Safety
    ///
    /// As for [`Machine::far`].
    #[inline(always)]
    unsafe fn aligned<const MEMORY64: bool>(
        &mut self,
        ip: *const u32,
        acc: u64,
        memory: u32,
        address: Slot,
        offset: (u32, u32),
        bytes: usize,
    ) -> Result<*mut u8, Next> {
        // SAFETY: caller's contract.
        let effective = unsafe { self.effective::<MEMORY64>(address, offset) };
        if effective.is_some_and(|address| address % bytes as u64 != 0) {
            // SAFETY: the machine's invariant.
            return Err(unsafe { self.trap(ip, Trap::HeapMisaligned) });
        }
        // Memories begin at a host page, so that their addresses are aligned as the host's are.
        // SAFETY: caller's contract.
        unsafe { self.far::<MEMORY64>(ip, acc, memory, address, offset, bytes) }
    }
}

unsafe fn load<L: AtomicLoad, const MEMORY64: bool>(
    machine: &mut Machine,
    ip: *const u32,
    acc: u64,
) -> Next {
    // SAFETY: this handler's cells are of this type.
    let cell = unsafe { cell::<FarLoadCell>(ip) };
    let offset = (cell.offset_low, cell.offset_high);
    // SAFETY: the translator's slots and indices are valid.
    let at = unsafe { machine.aligned::<MEMORY64>(ip, acc, cell.memory, cell.a, offset, L::BYTES) };
    let at = match at {
        Ok(at) => at,
        Err(trap) => return trap,
    };
    // SAFETY: in bounds and aligned, as was just checked.
    let value = L::extend(unsafe { read(at, L::BYTES) });
    // SAFETY: the translator's slots lie in the frame.
    unsafe { machine.finish::<ToSlot, L::Value, FarLoadCell>(cell.d, value, ip, acc) }
}

unsafe fn store<W: AtomicStore, const MEMORY64: bool>(
    machine: &mut Machine,
    ip: *const u32,
    acc: u64,
) -> Next {
    // SAFETY: this handler's cells are of this type.
    let cell = unsafe { cell::<FarStoreCell>(ip) };
    let offset = (cell.offset_low, cell.offset_high);
    // SAFETY: the translator's slots and indices are valid.
    let at = unsafe { machine.aligned::<MEMORY64>(ip, acc, cell.memory, cell.a, offset, W::BYTES) };
    let at = match at {
        Ok(at) => at,
        Err(trap) => return trap,
    };
    // SAFETY: the translator's slots lie in the frame.
    let value = unsafe { machine.operand::<W::Value>(Src::Slot, cell.b, acc) };
    // SAFETY: in bounds and aligned, as was just checked.
    unsafe { write(at, W::narrow(value), W::BYTES) };
    behind::<FarStoreCell>(ip, acc)
}

/// Operands of an update as cells name them.
trait InSlots: AtomicOperands {
    /// Reads them from the slots of `cell`.
    ///
    /// # Safety
    ///
    /// The translator emitted `cell` for the running function and for as many operands.
    unsafe fn read(machine: &Machine, cell: &FarUpdateCell) -> Self;
}

impl<V: Scalar> InSlots for [V; 1] {
    #[inline(always)]
    unsafe fn read(machine: &Machine, cell: &FarUpdateCell) -> Self {
        // SAFETY: the translator's slots lie in the frame.
        [unsafe { machine.operand(Src::Slot, cell.b, 0) }]
    }
}

impl<V: Scalar> InSlots for [V; 2] {
    #[inline(always)]
    unsafe fn read(machine: &Machine, cell: &FarUpdateCell) -> Self {
        // SAFETY: the translator's slots lie in the frame.
        let expected = unsafe { machine.operand(Src::Slot, cell.b, 0) };
        // SAFETY: as above.
        [expected, unsafe { machine.operand(Src::Slot, cell.c, 0) }]
    }
}

unsafe fn update<U: AtomicUpdate<Operands: InSlots>, const MEMORY64: bool>(
    machine: &mut Machine,
    ip: *const u32,
    acc: u64,
) -> Next {
    // SAFETY: this handler's cells are of this type.
    let cell = unsafe { cell::<FarUpdateCell>(ip) };
    let offset = (cell.offset_low, cell.offset_high);
    // SAFETY: the translator's slots and indices are valid.
    let at = unsafe { machine.aligned::<MEMORY64>(ip, acc, cell.memory, cell.a, offset, U::BYTES) };
    let at = match at {
        Ok(at) => at,
        Err(trap) => return trap,
    };
    // SAFETY: the cell was emitted for this handler.
    let operands = unsafe { U::Operands::read(machine, cell) };
    // SAFETY: in bounds and aligned, as was just checked.
    let old = unsafe { replace(at, U::BYTES, |old| U::update(old, operands)) };
    let value = U::Value::from_bits(old);
    // SAFETY: the translator's slots lie in the frame.
    unsafe { machine.finish::<ToSlot, U::Value, FarUpdateCell>(cell.d, value, ip, acc) }
}

pub(super) unsafe fn fence(_: &mut Machine, ip: *const u32, acc: u64) -> Next {
    // SeqCst: what the operator promises.
    atomic::fence(Ordering::SeqCst);
    behind::<PlainCell>(ip, acc)
}

macro_rules! fill_accesses {
    ($($op:ident $visit:ident $text:literal $shape:ident $params:tt -> $R:ident = $e:expr;)*) => {
        /// Enters the handlers of this file.
        pub(super) const fn fill(table: &mut Table) {
            $({
                let [narrow, wide]: [Handler; 2] = fill_accesses!(@$shape op::$op);
                let key = HandlerKey::Atomic { op: op::$op::OP, memory64: false };
                install(table, key, narrow);
                let key = HandlerKey::Atomic { op: op::$op::OP, memory64: true };
                install(table, key, wide);
            })*
        }
    };
    (@load $op:ty) => { [load::<$op, false>, load::<$op, true>] };
    (@store $op:ty) => { [store::<$op, false>, store::<$op, true>] };
    (@$shape:ident $op:ty) => { [update::<$op, false>, update::<$op, true>] };
}
for_each_atomic_access!(fill_accesses);
