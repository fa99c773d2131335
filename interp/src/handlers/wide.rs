//! The handlers of the operators that yield 128-bit integers.
//!
//! What lives here: one generic function per shape of operator, and the loop over the rows that
//! fills the table with them. What does not: what an operator computes (`wasmtier_ops`).
//!
//! Invariant: operands are in slots. The high half of the result is in its slot and the integer
//! accumulator, the low half in its slot alone.

use wasmtier_ops::{WideBinary, WideningBinary, for_each_wide_op, join, op, split};
use wasmtier_vm::Slot;

use super::machine::{Machine, Next, cell};
use super::operand::ToSlot;
use super::{Table, install};
use crate::cell::{WideCell, WideningCell};
use crate::handler::HandlerKey;

impl Machine {
    /// Reads the integer whose halves are in slots.
    ///
    /// # Safety
    ///
    /// As for [`Machine::slot`], for both slots.
    #[inline(always)]
    unsafe fn read_halves(&self, low: Slot, high: Slot) -> u128 {
        // SAFETY: caller's contract.
        let low = unsafe { self.read(low) };
        // SAFETY: as above.
        join(low, unsafe { self.read(high) })
    }

    /// Yields the halves of `result` in slots, and goes on behind the cell `C`.
    ///
    /// # Safety
    ///
    /// As for [`Machine::slot`], for both slots.
    #[inline(always)]
    unsafe fn finish_halves<C>(
        &mut self,
        low: Slot,
        high: Slot,
        result: u128,
        ip: *const u32,
        acc: u64,
    ) -> Next {
        let [low_half, high_half] = split(result);
        // SAFETY: caller's contract.
        unsafe { self.write(low, low_half) };
        // SAFETY: as above.
        unsafe { self.finish::<ToSlot, u64, C>(high, high_half, ip, acc) }
    }
}

unsafe fn wide<O: WideBinary>(machine: &mut Machine, ip: *const u32, acc: u64) -> Next {
    // SAFETY: this handler's cells are of this type.
    let cell = unsafe { cell::<WideCell>(ip) };
    // SAFETY: the translator's slots lie in the frame.
    let a = unsafe { machine.read_halves(cell.a, cell.a_high) };
    // SAFETY: as above.
    let b = unsafe { machine.read_halves(cell.b, cell.b_high) };
    let result = O::eval(a, b);
    // SAFETY: as above.
    unsafe { machine.finish_halves::<WideCell>(cell.low, cell.d, result, ip, acc) }
}

unsafe fn widening<O: WideningBinary>(machine: &mut Machine, ip: *const u32, acc: u64) -> Next {
    // SAFETY: this handler's cells are of this type.
    let cell = unsafe { cell::<WideningCell>(ip) };
    // SAFETY: the translator's slots lie in the frame.
    let a = unsafe { machine.read(cell.a) };
    // SAFETY: as above.
    let b = unsafe { machine.read(cell.b) };
    let result = O::eval(a, b);
    // SAFETY: as above.
    unsafe { machine.finish_halves::<WideningCell>(cell.low, cell.d, result, ip, acc) }
}

macro_rules! fill_rows {
    ($($op:ident $visit:ident $text:literal $shape:ident $params:tt -> $R:ident
        $($word:ident)? = $e:expr;)*) => {
        /// Enters the handlers of this file.
        pub(super) const fn fill(table: &mut Table) {
            $(install(table, HandlerKey::Wide { op: op::$op::OP }, $shape::<op::$op>);)*
        }
    };
}
for_each_wide_op!(fill_rows);
