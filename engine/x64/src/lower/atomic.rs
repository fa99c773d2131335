//! Atomic accesses.
//!
//! What lives here: one instruction, or one loop around it, per operator. What does not: addresses
//! and their alignment, which are checked where a [`GuestMem`] is made of an [`AtomicOp`]; waiting
//! and waking; the fence, which is [`CodeBuffer::mfence`](crate::CodeBuffer::mfence).
//!
//! Invariant: accesses are sequentially consistent: what writes is locked, and nothing is written
//! by plain moves, so that plain moves suffice for reading.

use dynasmrt::DynasmLabelApi;
use wasmtier_ops::{AtomicOp, AtomicShape};

use super::int::alu_in_place;
use super::memory::width_of_bytes;
use super::operand::{self, TEMP, copy_int};
use super::{GuestMem, Lowering, Operand};
use crate::{Alu, Cond, Gpr, Unary, Width};

/// Whether [`atomic`] changes `rax` whatever its destination is. Then neither the place nor, but
/// for a `cmpxchg`, the operand may name it.
#[must_use]
pub fn atomic_needs_rax(op: AtomicOp) -> bool {
    match op.shape() {
        AtomicShape::And | AtomicShape::Or | AtomicShape::Xor | AtomicShape::Cmpxchg => true,
        AtomicShape::Load
        | AtomicShape::Store
        | AtomicShape::Add
        | AtomicShape::Sub
        | AtomicShape::Xchg => false,
    }
}

/// What was in memory goes to `dst`, zero-extended; a store leaves `dst` alone. The operands are
/// the value, and of a `cmpxchg` what is expected and the replacement; others are ignored.
///
/// May change `rax`: see [`atomic_needs_rax`]. Where there is a loop, two instructions may fault.
///
/// # Panics
/// When an operand is in a vector register, or what must be apart from `rax` is not.
pub fn atomic(l: &mut Lowering<'_>, op: AtomicOp, dst: Gpr, at: GuestMem, operands: [Operand; 2]) {
    let width = width_of_bytes(op.bytes());
    let whole = operand::width(op.value());
    let [value, replacement] = operands;
    match op.shape() {
        AtomicShape::Load => {
            l.exits.fault(l.code);
            l.code.movzx(width, dst, at.mem());
        }
        AtomicShape::Store => {
            copy_int(l.code, whole, TEMP, value);
            exchange(l, width, &at);
        }
        AtomicShape::Xchg => {
            copy_int(l.code, whole, TEMP, value);
            exchange(l, width, &at);
            l.code.movzx(width, dst, TEMP);
        }
        AtomicShape::Add => {
            copy_int(l.code, whole, TEMP, value);
            add(l, width, dst, &at);
        }
        AtomicShape::Sub => {
            copy_int(l.code, whole, TEMP, value);
            l.code.unary(Unary::Neg, whole, TEMP);
            add(l, width, dst, &at);
        }
        AtomicShape::And => update(l, Alu::And, width, dst, &at, value),
        AtomicShape::Or => update(l, Alu::Or, width, dst, &at, value),
        AtomicShape::Xor => update(l, Alu::Xor, width, dst, &at, value),
        AtomicShape::Cmpxchg => {
            assert!(!at.mem().uses(Gpr::Rax), "the place is apart from rax");
            copy_int(l.code, whole, TEMP, replacement);
            copy_int(l.code, whole, Gpr::Rax, value);
            l.exits.fault(l.code);
            l.code.lock_cmpxchg(width, at.mem(), TEMP);
            // What is expected may be more than what is compared.
            l.code.movzx(width, dst, Gpr::Rax);
        }
    }
}

/// Writes what is in `r11`, and leaves there what it replaces.
fn exchange(l: &mut Lowering<'_>, width: Width, at: &GuestMem) {
    l.exits.fault(l.code);
    l.code.xchg(width, at.mem(), TEMP);
}

/// Adds what is in `r11`.
fn add(l: &mut Lowering<'_>, width: Width, dst: Gpr, at: &GuestMem) {
    l.exits.fault(l.code);
    l.code.lock_xadd(width, at.mem(), TEMP);
    l.code.movzx(width, dst, TEMP);
}

/// Reads to `rax`, and then tries to write what `op` makes of it until nobody wrote in between.
fn update(l: &mut Lowering<'_>, op: Alu, width: Width, dst: Gpr, at: &GuestMem, value: Operand) {
    assert!(!at.mem().uses(Gpr::Rax) && !value.uses(Gpr::Rax), "all are apart from rax");
    // A narrow access takes the low bits of it.
    let at_least_32 = width.max(Width::W32);
    let again = l.code.new_dynamic_label();
    l.exits.fault(l.code);
    l.code.movzx(width, Gpr::Rax, at.mem());
    l.code.dynamic_label(again);
    l.code.mov(at_least_32, TEMP, Gpr::Rax);
    alu_in_place(l.code, op, at_least_32, TEMP, value);
    l.exits.fault(l.code);
    l.code.lock_cmpxchg(width, at.mem(), TEMP);
    l.code.jcc(Cond::Ne, again);
    if dst != Gpr::Rax {
        l.code.mov(Width::W64, dst, Gpr::Rax);
    }
}
