//! Where operands come from and results go to, as types: handlers are generic over them.
//!
//! What lives here: a marker per variant of `Src`, `Srcs` and `Dst`, and how operands are read.
//! What does not: what becomes of them.
//!
//! Invariant: each marker names the variant of the handler id it stands for, so that the table of
//! handlers cannot mix them up.

use wasmtier_ops::Scalar;
use wasmtier_vm::Slot;

use super::machine::{Machine, Next, is_float};
use crate::cell::{BinaryCell, BinaryImmCell, BranchCell, BranchImmCell, StoreCell, StoreImmCell};
use crate::handler::{Dst, Src, Srcs};

/// Where a result goes.
pub(super) trait Destination {
    const DST: Dst;
}

/// Into a slot and an accumulator.
pub(super) struct ToSlot;
/// Into an accumulator.
pub(super) struct ToAcc;

impl Destination for ToSlot {
    const DST: Dst = Dst::Slot;
}

impl Destination for ToAcc {
    const DST: Dst = Dst::Acc;
}

/// Where a single operand comes from.
pub(super) trait Source {
    const SRC: Src;
}

/// From a slot.
pub(super) struct InSlot;
/// From an accumulator.
pub(super) struct InAcc;

impl Source for InSlot {
    const SRC: Src = Src::Slot;
}

impl Source for InAcc {
    const SRC: Src = Src::Acc;
}

/// The second operand of a cell.
pub(super) enum Second {
    Slot(Slot),
    Immediate(i32),
}

/// A cell with two operands.
pub(super) trait TwoOperands {
    fn first(&self) -> Slot;
    fn second(&self) -> Second;
}

/// A cell that yields a value.
pub(super) trait Yields {
    fn destination(&self) -> Slot;
}

/// A cell that branches.
pub(super) trait Branches {
    fn target(&self) -> i32;
}

/// A cell that accesses memory 0.
pub(super) trait Accesses {
    fn offset(&self) -> u32;
}

macro_rules! operand_cells {
    ($($slots:ident $immediate:ident: $trait:ident $method:ident $field:ident $ty:ident;)*) => {$(
        operand_cells!(@cell $slots $trait $method $field $ty, Second::Slot(b));
        operand_cells!(@cell $immediate $trait $method $field $ty, Second::Immediate(imm));
    )*};
    (@cell $cell:ident $trait:ident $method:ident $field:ident $ty:ident,
        Second::$second:ident($operand:ident)) => {
        impl TwoOperands for $cell {
            #[inline(always)]
            fn first(&self) -> Slot {
                self.a
            }

            #[inline(always)]
            fn second(&self) -> Second {
                Second::$second(self.$operand)
            }
        }

        impl $trait for $cell {
            #[inline(always)]
            fn $method(&self) -> $ty {
                self.$field
            }
        }
    };
}

operand_cells! {
    BinaryCell BinaryImmCell: Yields destination d Slot;
    BranchCell BranchImmCell: Branches target target i32;
    StoreCell StoreImmCell: Accesses offset offset u32;
}

/// Where two operands come from, and the cells that name them.
pub(super) trait Sources {
    const SRCS: Srcs;
    const FIRST: Src;
    /// Ignored for immediates.
    const SECOND: Src;
    type Binary: TwoOperands + Yields + 'static;
    type Branch: TwoOperands + Branches + 'static;
    type Store: TwoOperands + Accesses + 'static;
}

macro_rules! sources {
    ($($name:ident: $first:ident $second:ident $Binary:ident $Branch:ident $Store:ident;)*) => {$(
        pub(super) struct $name;

        impl Sources for $name {
            const SRCS: Srcs = Srcs::$name;
            const FIRST: Src = Src::$first;
            const SECOND: Src = Src::$second;
            type Binary = $Binary;
            type Branch = $Branch;
            type Store = $Store;
        }
    )*};
}

sources! {
    SlotSlot: Slot Slot BinaryCell BranchCell StoreCell;
    SlotAcc: Slot Acc BinaryCell BranchCell StoreCell;
    AccSlot: Acc Slot BinaryCell BranchCell StoreCell;
    SlotImm: Slot Slot BinaryImmCell BranchImmCell StoreImmCell;
    AccImm: Acc Slot BinaryImmCell BranchImmCell StoreImmCell;
}

impl Machine {
    /// Reads an operand.
    ///
    /// # Safety
    ///
    /// If `src` is `Slot`, `slot` lies in the frame.
    #[inline(always)]
    pub(super) unsafe fn operand<T: Scalar>(&self, src: Src, slot: Slot, acc: u64) -> T {
        T::from_bits(match src {
            // SAFETY: caller's contract.
            Src::Slot => unsafe { self.read(slot) },
            Src::Acc if is_float::<T>() => self.float_acc,
            Src::Acc => acc,
        })
    }

    /// Reads the operands of a cell.
    ///
    /// # Safety
    ///
    /// The translator emitted `cell` for the running function and for sources `S`.
    #[inline(always)]
    pub(super) unsafe fn operands<S: Sources, A: Scalar, B: Scalar>(
        &self,
        cell: &impl TwoOperands,
        acc: u64,
    ) -> (A, B) {
        // SAFETY: the translator's slots lie in the frame.
        let a = unsafe { self.operand(S::FIRST, cell.first(), acc) };
        let b = match cell.second() {
            // SAFETY: as above.
            Second::Slot(slot) => unsafe { self.operand(S::SECOND, slot, acc) },
            Second::Immediate(imm) => B::from_imm(imm),
        };
        (a, b)
    }

    /// Yields a result where `D` says, and in its accumulator, and goes on behind the cell `C`.
    ///
    /// # Safety
    ///
    /// If `D` is a slot, `d` lies in the frame.
    #[inline(always)]
    pub(super) unsafe fn finish<D: Destination, R: Scalar, C>(
        &mut self,
        d: Slot,
        result: R,
        ip: *const u32,
        acc: u64,
    ) -> Next {
        let bits = result.to_bits();
        match D::DST {
            // SAFETY: caller's contract.
            Dst::Slot => unsafe { self.write(d, bits) },
            Dst::Acc => {}
        }
        self.accumulate::<R, C>(bits, ip, acc)
    }
}
