//! The handlers of vector operators.
//!
//! What lives here: one generic function a shape of row. What does not: what an operator computes
//! (`wasmtier_ops`).
//!
//! Vectors live in two slots and pass no accumulator; scalars that come out of one do.

use wasmtier_ops::{
    SimdBinary, SimdExtract, SimdLoad, SimdLoadLane, SimdReplace, SimdShift, SimdShuffle,
    SimdSplat, SimdStore, SimdStoreLane, SimdTernary, SimdTest, SimdUnary, Trap, V128,
    for_each_simd_access, for_each_simd_op, op,
};
use wasmtier_vm::Slot;

use super::Table;
use super::machine::{Machine, Next, behind, cell};
use super::memory::far_address;
use super::operand::ToSlot;
use crate::cell::{
    BinaryCell, FarLaneCell, FarLoadCell, FarStoreCell, LaneCell, ShuffleCell, TernaryCell,
    UnaryCell,
};
use crate::handler::{HandlerKey, Src};

impl Machine {
    /// Reads a vector.
    ///
    /// # Safety
    ///
    /// `slot` and the one above it lie in the frame or its arguments.
    #[inline(always)]
    unsafe fn vector(&self, slot: Slot) -> V128 {
        // SAFETY: caller's contract.
        let at = unsafe { self.slot(slot) };
        // SAFETY: two initialised slots; they need not be aligned for a u128.
        V128::from_bits(unsafe { at.cast::<u128>().read_unaligned() })
    }

    /// Writes a vector.
    ///
    /// # Safety
    ///
    /// As for [`Machine::vector`].
    #[inline(always)]
    unsafe fn set_vector(&mut self, slot: Slot, value: V128) {
        // SAFETY: caller's contract.
        let at = unsafe { self.slot(slot) };
        // SAFETY: two slots nobody else borrows.
        unsafe { at.cast::<u128>().write_unaligned(value.to_bits()) };
    }
}

/// Defines handlers whose cell `$Cell` yields a vector.
macro_rules! vector_handlers {
    ($($name:ident: $Trait:ident, $Cell:ident, |$machine:ident, $cell:ident| $value:expr;)*) => {$(
        unsafe fn $name<O: $Trait>(machine: &mut Machine, ip: *const u32, acc: u64) -> Next {
            // SAFETY: this handler's cells are of this type.
            let $cell = unsafe { cell::<$Cell>(ip) };
            let $machine = &*machine;
            let value = $value;
            // SAFETY: the translator's slots lie in the frame.
            unsafe { machine.set_vector($cell.d, value) };
            behind::<$Cell>(ip, acc)
        }
    )*};
}

/// Reads a vector operand.
macro_rules! vector {
    ($machine:ident, $slot:expr) => {
        // SAFETY: the translator's slots lie in the frame.
        unsafe { $machine.vector($slot) }
    };
}

/// Reads a scalar operand.
macro_rules! scalar {
    ($machine:ident, $slot:expr) => {
        // SAFETY: the translator's slots lie in the frame.
        unsafe { $machine.operand(Src::Slot, $slot, 0) }
    };
}

vector_handlers! {
    unary: SimdUnary, UnaryCell, |m, c| O::eval(vector!(m, c.a));
    binary: SimdBinary, BinaryCell, |m, c| O::eval(vector!(m, c.a), vector!(m, c.b));
    ternary: SimdTernary, TernaryCell,
        |m, c| O::eval(vector!(m, c.a), vector!(m, c.b), vector!(m, c.c));
    shift: SimdShift, BinaryCell, |m, c| O::eval(vector!(m, c.a), scalar!(m, c.b));
    splat: SimdSplat, UnaryCell, |m, c| O::eval(scalar!(m, c.a));
    replace: SimdReplace, LaneCell,
        |m, c| O::eval(vector!(m, c.a), scalar!(m, c.b), c.lane as u8);
    shuffle: SimdShuffle, ShuffleCell,
        |m, c| O::eval(vector!(m, c.a), vector!(m, c.b), lanes([c.l0, c.l1, c.l2, c.l3]));
}

/// Sixteen lanes from the words of a cell.
fn lanes(words: [u32; 4]) -> [u8; 16] {
    let mut lanes = [0; 16];
    for (four, word) in lanes.as_chunks_mut::<4>().0.iter_mut().zip(words) {
        *four = word.to_le_bytes();
    }
    lanes
}

unsafe fn test<O: SimdTest>(machine: &mut Machine, ip: *const u32, acc: u64) -> Next {
    // SAFETY: this handler's cells are of this type.
    let cell = unsafe { cell::<UnaryCell>(ip) };
    let value = O::eval(vector!(machine, cell.a));
    // SAFETY: the translator's slots lie in the frame.
    unsafe { machine.finish::<ToSlot, u32, UnaryCell>(cell.d, value, ip, acc) }
}

unsafe fn extract<O: SimdExtract>(machine: &mut Machine, ip: *const u32, acc: u64) -> Next {
    // SAFETY: this handler's cells are of this type.
    let cell = unsafe { cell::<LaneCell>(ip) };
    let value = O::eval(vector!(machine, cell.a), cell.lane as u8);
    // SAFETY: the translator's slots lie in the frame.
    unsafe { machine.finish::<ToSlot, O::Scalar, LaneCell>(cell.d, value, ip, acc) }
}

/// Reads the `BYTES` little-endian bytes of an access, zero-extended.
///
/// # Safety
///
/// They lie within a memory.
#[inline(always)]
unsafe fn read_raw(at: *const u8, bytes: usize) -> u128 {
    match bytes {
        // SAFETY: in bounds (caller's contract); so in all arms.
        1 => unsafe { at.read() }.into(),
        // SAFETY: as above.
        2 => u16::from_le_bytes(unsafe { at.cast::<[u8; 2]>().read() }).into(),
        // SAFETY: as above.
        4 => u32::from_le_bytes(unsafe { at.cast::<[u8; 4]>().read() }).into(),
        // SAFETY: as above.
        8 => u64::from_le_bytes(unsafe { at.cast::<[u8; 8]>().read() }).into(),
        // SAFETY: as above; no vector is wider.
        _ => u128::from_le_bytes(unsafe { at.cast::<[u8; 16]>().read() }),
    }
}

/// Writes the low `bytes` bytes of `raw`.
///
/// # Safety
///
/// They lie within a memory.
#[inline(always)]
unsafe fn write_raw(at: *mut u8, raw: u128, bytes: usize) {
    match bytes {
        // SAFETY: in bounds (caller's contract); so in all arms.
        1 => unsafe { at.write(raw as u8) },
        // SAFETY: as above.
        2 => unsafe { at.cast::<[u8; 2]>().write((raw as u16).to_le_bytes()) },
        // SAFETY: as above.
        4 => unsafe { at.cast::<[u8; 4]>().write((raw as u32).to_le_bytes()) },
        // SAFETY: as above.
        8 => unsafe { at.cast::<[u8; 8]>().write((raw as u64).to_le_bytes()) },
        // SAFETY: as above; no vector is wider.
        _ => unsafe { at.cast::<[u8; 16]>().write(raw.to_le_bytes()) },
    }
}

/// Defines handlers of accesses: finds the bytes or traps, then goes on with them.
macro_rules! access_handlers {
    ($(
        $name:ident: $Trait:ident, $Cell:ident,
        |$machine:ident, $cell:ident, $at:ident| $body:expr;
    )*) => {$(
        unsafe fn $name<O: $Trait, const MEMORY64: bool>(
            $machine: &mut Machine,
            ip: *const u32,
            acc: u64,
        ) -> Next {
            // SAFETY: this handler's cells are of this type.
            let $cell = unsafe { cell::<$Cell>(ip) };
            // SAFETY: the translator's slots lie in the frame.
            let address = far_address::<MEMORY64>(unsafe { $machine.read($cell.a) });
            let offset = ($cell.offset_low, $cell.offset_high);
            // SAFETY: the translator's indices are valid.
            let place = unsafe { $machine.far($cell.memory, address, offset, O::BYTES) };
            let Some($at) = place else {
                // SAFETY: the machine's invariant.
                return unsafe { $machine.trap(ip, Trap::MemoryOutOfBounds) };
            };
            $body;
            behind::<$Cell>(ip, acc)
        }
    )*};
}

access_handlers! {
    load: SimdLoad, FarLoadCell, |machine, cell, at| {
        // SAFETY: in bounds, as was just checked.
        let value = O::extend(unsafe { read_raw(at, O::BYTES) });
        // SAFETY: the translator's slots lie in the frame.
        unsafe { machine.set_vector(cell.d, value) }
    };
    store: SimdStore, FarStoreCell, |machine, cell, at| {
        let raw = O::narrow(vector!(machine, cell.b));
        // SAFETY: in bounds, as was just checked.
        unsafe { write_raw(at, raw, O::BYTES) }
    };
    load_lane: SimdLoadLane, FarLaneCell, |machine, cell, at| {
        // SAFETY: in bounds, as was just checked.
        let raw = unsafe { read_raw(at, O::BYTES) } as u64;
        let value = O::insert(raw, vector!(machine, cell.b), cell.lane.0 as u8);
        // SAFETY: the translator's slots lie in the frame.
        unsafe { machine.set_vector(cell.d, value) }
    };
    store_lane: SimdStoreLane, FarLaneCell, |machine, cell, at| {
        let raw = O::extract(vector!(machine, cell.b), cell.lane.0 as u8);
        // SAFETY: in bounds, as was just checked.
        unsafe { write_raw(at, raw.into(), O::BYTES) }
    };
}

macro_rules! fill_simd {
    ($($op:ident $visit:ident $text:literal $shape:ident $params:tt -> $R:ident
        $($word:ident)? = $e:expr;)*) => {
        const fn fill_simd(table: &mut Table) {
            $(table[HandlerKey::Simd { op: wasmtier_ops::SimdOp::$op }.id().0 as usize] =
                $shape::<op::$op>;)*
        }
    };
}

macro_rules! fill_access {
    ($($op:ident $visit:ident $text:literal $shape:ident $params:tt -> $R:ident = $e:expr;)*) => {
        const fn fill_access(table: &mut Table) {
            $({
                let op = wasmtier_ops::SimdAccessOp::$op;
                let key = HandlerKey::SimdAccess { op, memory64: false };
                table[key.id().0 as usize] = $shape::<op::$op, false>;
                let key = HandlerKey::SimdAccess { op, memory64: true };
                table[key.id().0 as usize] = $shape::<op::$op, true>;
            })*
        }
    };
}

for_each_simd_op!(fill_simd);
for_each_simd_access!(fill_access);

/// Enters the handlers of this file.
pub(super) const fn fill(table: &mut Table) {
    fill_simd(table);
    fill_access(table);
}
