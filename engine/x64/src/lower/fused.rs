//! Scalar operators with one operand in guest memory: the load is part of their instruction.
//!
//! What lives here: which operators can, and doing it. What does not: the address (`address`).
//! Invariant: exactly one instruction accesses the memory, and it is listed in
//! [`Exits::faults`](super::Exits::faults).

use wasmtier_ops::{LoadOp, NumOp};

use super::compare::{self, Test};
use super::memory::width_of_bytes;
use super::operand::{FLOAT_TEMPS, TEMP, float_reg, floats, gpr, load_float, load_int, width, xmm};
use super::shape::{Shape, shape};
use super::{GuestMem, Lowering, Operand, Reg};
use crate::{Alu, Cond, CpuFeatures, Width};

/// Whether [`binary_load`] takes `op`.
#[must_use]
pub fn takes_load(op: NumOp) -> bool {
    matches!(
        shape(op),
        Shape::Add
            | Shape::Sub
            | Shape::And
            | Shape::Or
            | Shape::Xor
            | Shape::Mul
            | Shape::Float(..)
    )
}

/// Makes `dst` the value of `op` on `a` and what is loaded, which has all bits of its type.
///
/// # Panics
/// When [`takes_load`] says no.
pub fn binary_load(l: &mut Lowering<'_>, op: NumOp, dst: Reg, a: Operand, from: GuestMem) {
    let ty = op.params()[0];
    let alu = match shape(op) {
        Shape::Float(single, double) => {
            let op = if width(ty) == Width::W64 { double } else { single };
            let (dst, single) = (xmm(dst), floats(ty));
            if l.cpu.has(CpuFeatures::AVX) {
                let a = float_reg(l, single, a, FLOAT_TEMPS[0]);
                l.exits.fault(l.code);
                return l.code.vex(op, dst, a, from.mem());
            }
            load_float(l.code, single, dst, a);
            l.exits.fault(l.code);
            return l.code.xmm(op, dst, from.mem());
        }
        Shape::Mul => None,
        Shape::Add => Some(Alu::Add),
        Shape::Sub => Some(Alu::Sub),
        Shape::And => Some(Alu::And),
        Shape::Or => Some(Alu::Or),
        Shape::Xor => Some(Alu::Xor),
        _ => panic!("{} takes no load", op.name()),
    };
    let (dst, wide) = (gpr(dst), width(ty));
    // The address is still needed when the first operand is in place.
    let apart = a == Operand::from(dst) || !from.mem().uses(dst);
    let target = if apart { dst } else { TEMP };
    load_int(l.code, wide, target, a);
    l.exits.fault(l.code);
    match alu {
        Some(alu) => l.code.alu(alu, wide, target, from.mem()),
        None => l.code.imul(wide, target, from.mem()),
    }
    if target != dst {
        l.code.mov(wide, dst, target);
    }
}

/// Whether the comparison `op` holds of what is loaded and `other`, which is in a register or an
/// immediate; `first` says that what is loaded is the first operand.
///
/// Of a load that extends, both are compared without sign, so `other` must be an immediate below
/// 2^7 and the load one without sign; or `other` is 0, and the comparison of equality.
///
/// # Panics
/// When `op` is no comparison, or `other` is in memory.
pub fn condition_load(
    l: &mut Lowering<'_>,
    op: NumOp,
    load: LoadOp,
    (other, first): (Operand, bool),
    from: GuestMem,
) -> Test {
    assert!(!matches!(other, Operand::Mem(_) | Operand::Constant(_)), "one operand is in memory");
    let loaded = Operand::Mem(from.mem());
    let (a, b) = if first { (loaded, other) } else { (other, loaded) };
    let ty = op.params()[0];
    l.exits.fault(l.code);
    match shape(op) {
        Shape::Compare(cond) => {
            let raw = width_of_bytes(load.bytes());
            let cond = if raw < width(ty) { without_sign(cond) } else { cond };
            compare::integers(l.code, cond, raw, a, b)
        }
        Shape::CompareFloats(order) => compare::ordered(l, order, floats(ty), a, b),
        _ => panic!("{} is no comparison", op.name()),
    }
}

/// The condition that says the same of numbers that are not negative.
fn without_sign(cond: Cond) -> Cond {
    match cond {
        Cond::L => Cond::B,
        Cond::Le => Cond::Be,
        Cond::G => Cond::A,
        Cond::Ge => Cond::Ae,
        other => other,
    }
}
