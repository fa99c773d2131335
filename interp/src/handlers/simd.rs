//! The handlers of the vector operators.
//!
//! What lives here: one generic function per shape of operator, and the loop over the rows that
//! fills the table with them. What does not: what an operator computes (`wasmtier_ops`), moving
//! vectors about (`variable`).
//!
//! Invariant: vectors are in slots, addressed by the lower one; there is no vector accumulator. A
//! scalar result goes to a slot and its accumulator.

use wasmtier_ops::{
    Scalar, SimdBinary, SimdExtract, SimdLoad, SimdLoadLane, SimdReplace, SimdShift, SimdShuffle,
    SimdSplat, SimdStore, SimdStoreLane, SimdTernary, SimdTest, SimdUnary, V128,
    for_each_simd_access, for_each_simd_op, op,
};
use wasmtier_vm::Slot;

use super::machine::{Machine, Next, behind, cell};
use super::memory::{read_integer, write_integer};
use super::operand::ToSlot;
use super::{Table, install};
use crate::cell::{
    BinaryCell, FarLaneCell, FarLoadCell, FarStoreCell, LaneCell, ShuffleCell, TernaryCell,
    UnaryCell,
};
use crate::handler::HandlerKey;

/// The vector whose 32-bit lanes are `words`.
#[inline(always)]
pub(super) fn vector_of([w0, w1, w2, w3]: [u32; 4]) -> V128 {
    let high = u128::from(w2) << 64 | u128::from(w3) << 96;
    V128::from_bits(u128::from(w0) | u128::from(w1) << 32 | high)
}

impl Machine {
    /// Reads the vector whose lower slot is `slot`.
    ///
    /// # Safety
    ///
    /// As for [`Machine::slot`], for both slots.
    #[inline(always)]
    pub(super) unsafe fn read_vector(&self, slot: Slot) -> V128 {
        // SAFETY: caller's contract.
        let at = unsafe { self.slot(slot) };
        // SAFETY: slots are initialised words of the value stack.
        V128::from_le_bytes(unsafe { at.cast::<[u8; 16]>().read() })
    }

    /// Writes the vector whose lower slot is `slot`.
    ///
    /// # Safety
    ///
    /// As for [`Machine::slot`], for both slots.
    #[inline(always)]
    pub(super) unsafe fn write_vector(&mut self, slot: Slot, vector: V128) {
        // SAFETY: caller's contract.
        let at = unsafe { self.slot(slot) };
        // SAFETY: slots are words of the value stack, which nobody else borrows.
        unsafe { at.cast::<[u8; 16]>().write(vector.to_le_bytes()) };
    }

    /// Reads the scalar in `slot`.
    ///
    /// # Safety
    ///
    /// As for [`Machine::slot`].
    #[inline(always)]
    unsafe fn read_scalar<T: Scalar>(&self, slot: Slot) -> T {
        // SAFETY: caller's contract.
        T::from_bits(unsafe { self.read(slot) })
    }
}

/// Defines a handler that reads operands with `Machine::$read`, and yields a vector.
macro_rules! vector_handlers {
    ($($name:ident: $Shape:ident $Cell:ident($cell:ident, $($read:ident $operand:ident),+)
        $(, $lane:expr)?;)*) => {$(
        unsafe fn $name<O: $Shape>(machine: &mut Machine, ip: *const u32, acc: u64) -> Next {
            // SAFETY: this handler's cells are of this type.
            let $cell = unsafe { cell::<$Cell>(ip) };
            let result = O::eval(
                // SAFETY: the translator's slots lie in the frame.
                $(unsafe { machine.$read($cell.$operand) },)+
                $($lane)?
            );
            // SAFETY: as above.
            unsafe { machine.write_vector($cell.d, result) };
            behind::<$Cell>(ip, acc)
        }
    )*};
}

vector_handlers! {
    unary: SimdUnary UnaryCell(cell, read_vector a);
    binary: SimdBinary BinaryCell(cell, read_vector a, read_vector b);
    ternary: SimdTernary TernaryCell(cell, read_vector a, read_vector b, read_vector c);
    shift: SimdShift BinaryCell(cell, read_vector a, read_scalar b);
    splat: SimdSplat UnaryCell(cell, read_scalar a);
    replace: SimdReplace LaneCell(cell, read_vector a, read_scalar b), cell.lane as u8;
    shuffle: SimdShuffle ShuffleCell(cell, read_vector a, read_vector b),
        vector_of([cell.l0, cell.l1, cell.l2, cell.l3]).to_le_bytes();
}

unsafe fn test<O: SimdTest>(machine: &mut Machine, ip: *const u32, acc: u64) -> Next {
    // SAFETY: this handler's cells are of this type.
    let cell = unsafe { cell::<UnaryCell>(ip) };
    // SAFETY: the translator's slots lie in the frame.
    let result = O::eval(unsafe { machine.read_vector(cell.a) });
    // SAFETY: as above.
    unsafe { machine.finish::<ToSlot, u32, UnaryCell>(cell.d, result, ip, acc) }
}

unsafe fn extract<O: SimdExtract>(machine: &mut Machine, ip: *const u32, acc: u64) -> Next {
    // SAFETY: this handler's cells are of this type.
    let cell = unsafe { cell::<LaneCell>(ip) };
    // SAFETY: the translator's slots lie in the frame.
    let result = O::eval(unsafe { machine.read_vector(cell.a) }, cell.lane as u8);
    // SAFETY: as above.
    unsafe { machine.finish::<ToSlot, O::Scalar, LaneCell>(cell.d, result, ip, acc) }
}

unsafe fn load<O: SimdLoad, const MEMORY64: bool>(
    machine: &mut Machine,
    ip: *const u32,
    acc: u64,
) -> Next {
    // SAFETY: this handler's cells are of this type.
    let cell = unsafe { cell::<FarLoadCell>(ip) };
    let offset = (cell.offset_low, cell.offset_high);
    // SAFETY: the translator's slots and indices are valid.
    let at = unsafe { machine.far::<MEMORY64>(ip, acc, cell.memory, cell.a, offset, O::BYTES) };
    let at = match at {
        Ok(at) => at,
        Err(trap) => return trap,
    };
    let raw = match O::BYTES {
        // SAFETY: in bounds, as was just checked.
        16 => u128::from_le_bytes(unsafe { at.cast::<[u8; 16]>().read() }),
        // SAFETY: as above.
        bytes => unsafe { read_integer(at, bytes) }.into(),
    };
    // SAFETY: the translator's slots lie in the frame.
    unsafe { machine.write_vector(cell.d, O::extend(raw)) };
    behind::<FarLoadCell>(ip, acc)
}

unsafe fn store<O: SimdStore, const MEMORY64: bool>(
    machine: &mut Machine,
    ip: *const u32,
    acc: u64,
) -> Next {
    // SAFETY: this handler's cells are of this type.
    let cell = unsafe { cell::<FarStoreCell>(ip) };
    let offset = (cell.offset_low, cell.offset_high);
    // SAFETY: the translator's slots and indices are valid.
    let at = unsafe { machine.far::<MEMORY64>(ip, acc, cell.memory, cell.a, offset, O::BYTES) };
    let at = match at {
        Ok(at) => at,
        Err(trap) => return trap,
    };
    // SAFETY: the translator's slots lie in the frame.
    let raw = O::narrow(unsafe { machine.read_vector(cell.b) });
    const { assert!(O::BYTES == 16, "only whole vectors are stored") };
    // SAFETY: in bounds, as was just checked.
    unsafe { at.cast::<[u8; 16]>().write(raw.to_le_bytes()) };
    behind::<FarStoreCell>(ip, acc)
}

unsafe fn load_lane<O: SimdLoadLane, const MEMORY64: bool>(
    machine: &mut Machine,
    ip: *const u32,
    acc: u64,
) -> Next {
    // SAFETY: this handler's cells are of this type.
    let cell = unsafe { cell::<FarLaneCell>(ip) };
    let offset = (cell.offset_low, cell.offset_high);
    // SAFETY: the translator's slots and indices are valid.
    let at = unsafe { machine.far::<MEMORY64>(ip, acc, cell.memory, cell.a, offset, O::BYTES) };
    let at = match at {
        Ok(at) => at,
        Err(trap) => return trap,
    };
    // SAFETY: in bounds, as was just checked.
    let raw = unsafe { read_integer(at, O::BYTES) };
    // SAFETY: the translator's slots lie in the frame.
    let vector = unsafe { machine.read_vector(cell.b) };
    // SAFETY: as above.
    unsafe { machine.write_vector(cell.d, O::insert(raw, vector, cell.lane.0 as u8)) };
    behind::<FarLaneCell>(ip, acc)
}

unsafe fn store_lane<O: SimdStoreLane, const MEMORY64: bool>(
    machine: &mut Machine,
    ip: *const u32,
    acc: u64,
) -> Next {
    // SAFETY: this handler's cells are of this type.
    let cell = unsafe { cell::<FarLaneCell>(ip) };
    let offset = (cell.offset_low, cell.offset_high);
    // SAFETY: the translator's slots and indices are valid.
    let at = unsafe { machine.far::<MEMORY64>(ip, acc, cell.memory, cell.a, offset, O::BYTES) };
    let at = match at {
        Ok(at) => at,
        Err(trap) => return trap,
    };
    // SAFETY: the translator's slots lie in the frame.
    let vector = unsafe { machine.read_vector(cell.b) };
    // SAFETY: in bounds, as was just checked.
    unsafe { write_integer(at, O::extract(vector, cell.lane.0 as u8), O::BYTES) };
    behind::<FarLaneCell>(ip, acc)
}

macro_rules! fill_operators {
    ($($op:ident $visit:ident $text:literal $shape:ident $params:tt -> $R:ident
        $($word:ident)? = $e:expr;)*) => {
        const fn fill_operators(table: &mut Table) {
            $(install(table, HandlerKey::Simd { op: op::$op::OP }, $shape::<op::$op>);)*
        }
    };
}
for_each_simd_op!(fill_operators);

macro_rules! fill_accesses {
    ($($op:ident $visit:ident $text:literal $shape:ident $params:tt -> $R:ident = $e:expr;)*) => {
        const fn fill_accesses(table: &mut Table) {
            $({
                let key = HandlerKey::SimdAccess { op: op::$op::OP, memory64: false };
                install(table, key, $shape::<op::$op, false>);
                let key = HandlerKey::SimdAccess { op: op::$op::OP, memory64: true };
                install(table, key, $shape::<op::$op, true>);
            })*
        }
    };
}
for_each_simd_access!(fill_accesses);

/// Enters the handlers of this file.
pub(super) const fn fill(table: &mut Table) {
    fill_operators(table);
    fill_accesses(table);
}
