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

use super::integer::{alu, copy, uses};
use super::memory::width_of_bytes;
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
    let [value, replacement] = operands;
    match op.shape() {
        AtomicShape::Load => {
            l.exits.fault(l.code);
            l.code.movzx(width, dst, at.mem());
        }
        AtomicShape::Store => exchange(l, width, &at, value),
        AtomicShape::Xchg => {
            exchange(l, width, &at, value);
            l.code.movzx(width, dst, Gpr::R11);
        }
        AtomicShape::Add => {
            copy(l.code, width, Gpr::R11, value);
            add(l, width, dst, &at);
        }
        AtomicShape::Sub => {
            copy(l.code, width, Gpr::R11, value);
            l.code.unary(Unary::Neg, width, Gpr::R11);
            add(l, width, dst, &at);
        }
        AtomicShape::And => update(l, Alu::And, width, &at, value),
        AtomicShape::Or => update(l, Alu::Or, width, &at, value),
        AtomicShape::Xor => update(l, Alu::Xor, width, &at, value),
        AtomicShape::Cmpxchg => {
            assert!(!at.mem().uses(Gpr::Rax), "the place is apart from rax");
            copy(l.code, width, Gpr::R11, replacement);
            // What is expected counts as far as it is compared; and so the rest of rax is zero
            // whether the comparison replaces these bits or not.
            copy(l.code, width, Gpr::Rax, value);
            l.exits.fault(l.code);
            l.code.lock_cmpxchg(width, at.mem(), Gpr::R11);
        }
    }
    if atomic_needs_rax(op) && dst != Gpr::Rax {
        l.code.mov(Width::W64, dst, Gpr::Rax);
    }
}

/// Writes `value`, and leaves in `r11` what was there.
fn exchange(l: &mut Lowering<'_>, width: Width, at: &GuestMem, value: Operand) {
    copy(l.code, width, Gpr::R11, value);
    l.exits.fault(l.code);
    l.code.xchg(width, at.mem(), Gpr::R11);
}

/// Adds what is in `r11`.
fn add(l: &mut Lowering<'_>, width: Width, dst: Gpr, at: &GuestMem) {
    l.exits.fault(l.code);
    l.code.lock_xadd(width, at.mem(), Gpr::R11);
    l.code.movzx(width, dst, Gpr::R11);
}

/// Reads to `rax`, and then tries to write what `op` makes of it until nobody wrote in between.
fn update(l: &mut Lowering<'_>, op: Alu, width: Width, at: &GuestMem, value: Operand) {
    assert!(!at.mem().uses(Gpr::Rax) && !uses(value, Gpr::Rax), "all are apart from rax");
    // A narrow access takes the low bits of it.
    let at_least_32 = width.max(Width::W32);
    let again = l.code.new_dynamic_label();
    l.exits.fault(l.code);
    l.code.movzx(width, Gpr::Rax, at.mem());
    l.code.dynamic_label(again);
    l.code.mov(at_least_32, Gpr::R11, Gpr::Rax);
    alu(l.code, op, at_least_32, Gpr::R11, value);
    l.exits.fault(l.code);
    l.code.lock_cmpxchg(width, at.mem(), Gpr::R11);
    l.code.jcc(Cond::Ne, again);
}
