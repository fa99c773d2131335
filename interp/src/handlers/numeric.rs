//! The handlers of the scalar operators, and the branches fused with them.
//!
//! What lives here: three generic functions, and the loop over the rows that fills the table with
//! them. What does not: what an operator computes (`wasmtier_ops`).
//!
//! Invariant: a branch exists for the operators that cannot trap and yield an `i32`; the translator
//! fuses no others.

use wasmtier_ops::{BinaryOp, Scalar as _, ScalarType, UnaryOp, for_each_numeric_op, op};

use super::machine::{Machine, Next, behind, cell};
use super::operand::{
    AccImm, AccSlot, Branches as _, Destination, InAcc, InSlot, SlotAcc, SlotImm, SlotSlot, Source,
    Sources, ToAcc, ToSlot, Yields as _,
};
use super::{Table, install};
use crate::cell::UnaryCell;
use crate::handler::HandlerKey;

unsafe fn unary<O: UnaryOp, D: Destination, S: Source>(
    machine: &mut Machine,
    ip: *const u32,
    acc: u64,
) -> Next {
    // SAFETY: this handler's cells are of this type.
    let cell = unsafe { cell::<UnaryCell>(ip) };
    // SAFETY: the translator's slots lie in the frame.
    let a = unsafe { machine.operand(S::SRC, cell.a, acc) };
    match O::eval(a) {
        // SAFETY: as above.
        Ok(result) => unsafe { machine.finish::<D, O::R, UnaryCell>(cell.d, result, ip, acc) },
        // SAFETY: the machine's invariant.
        Err(trap) => unsafe { machine.trap(ip, trap) },
    }
}

unsafe fn binary<O: BinaryOp, D: Destination, S: Sources>(
    machine: &mut Machine,
    ip: *const u32,
    acc: u64,
) -> Next {
    // SAFETY: this handler's cells are of this type.
    let cell = unsafe { cell::<S::Binary>(ip) };
    // SAFETY: the cell was emitted for this handler.
    let (a, b) = unsafe { machine.operands::<S, O::A, O::B>(cell, acc) };
    match O::eval(a, b) {
        Ok(result) => {
            let d = cell.destination();
            // SAFETY: the translator's slots lie in the frame.
            unsafe { machine.finish::<D, O::R, S::Binary>(d, result, ip, acc) }
        }
        // SAFETY: the machine's invariant.
        Err(trap) => unsafe { machine.trap(ip, trap) },
    }
}

unsafe fn branch<O: BinaryOp, S: Sources, const NONZERO: bool>(
    machine: &mut Machine,
    ip: *const u32,
    acc: u64,
) -> Next {
    // SAFETY: this handler's cells are of this type.
    let cell = unsafe { cell::<S::Branch>(ip) };
    // SAFETY: the cell was emitted for this handler.
    let (a, b) = unsafe { machine.operands::<S, O::A, O::B>(cell, acc) };
    match O::eval(a, b) {
        Ok(result) if (result.to_bits() != 0) == NONZERO => {
            Next { ip: ip.wrapping_byte_offset(cell.target() as isize), acc }
        }
        Ok(_) => behind::<S::Branch>(ip, acc),
        // SAFETY: the machine's invariant.
        Err(trap) => unsafe { machine.trap(ip, trap) },
    }
}

const fn fill_unary<O: UnaryOp>(table: &mut Table) {
    const fn put<O: UnaryOp, D: Destination, S: Source>(table: &mut Table) {
        let key = HandlerKey::Unary { op: O::OP, dst: D::DST, src: S::SRC };
        install(table, key, unary::<O, D, S>);
    }
    put::<O, ToSlot, InSlot>(table);
    put::<O, ToSlot, InAcc>(table);
    put::<O, ToAcc, InSlot>(table);
    put::<O, ToAcc, InAcc>(table);
}

const fn fill_binary<O: BinaryOp>(table: &mut Table) {
    const fn put<O: BinaryOp, S: Sources>(table: &mut Table) {
        let key = HandlerKey::Binary { op: O::OP, dst: ToSlot::DST, srcs: S::SRCS };
        install(table, key, binary::<O, ToSlot, S>);
        let key = HandlerKey::Binary { op: O::OP, dst: ToAcc::DST, srcs: S::SRCS };
        install(table, key, binary::<O, ToAcc, S>);
        let is_condition = matches!(<O::R as wasmtier_ops::Scalar>::KIND, ScalarType::I32);
        if is_condition && !O::TRAPS {
            let key = HandlerKey::Branch { op: O::OP, nonzero: false, srcs: S::SRCS };
            install(table, key, branch::<O, S, false>);
            let key = HandlerKey::Branch { op: O::OP, nonzero: true, srcs: S::SRCS };
            install(table, key, branch::<O, S, true>);
        }
    }
    put::<O, SlotSlot>(table);
    put::<O, SlotAcc>(table);
    put::<O, AccSlot>(table);
    put::<O, SlotImm>(table);
    put::<O, AccImm>(table);
}

macro_rules! fill_rows {
    ($(
        $op:ident $visit:ident $text:literal $params:tt -> $R:ident $($word:ident)? = $e:expr;
    )*) => {
        /// Enters the handlers of this file.
        pub(super) const fn fill(table: &mut Table) {
            $(fill_rows!(@row table $op $params);)*
        }
    };
    (@row $table:ident $op:ident ($a:ident: $A:ident)) => {
        fill_unary::<op::$op>($table)
    };
    (@row $table:ident $op:ident ($a:ident: $A:ident, $b:ident: $B:ident)) => {
        fill_binary::<op::$op>($table)
    };
}
for_each_numeric_op!(fill_rows);
