//! Scalar loads and stores.
//!
//! What lives here: the one instruction of each access. What does not: its address (`address`),
//! vectors, atomic accesses.
//!
//! Invariant: an access of a shared memory reads or writes each byte once.

use wasmtier_ops::{LoadOp, StoreOp};

use super::operand::{self, TEMP, floats, width};
use super::{GuestMem, Lowering, Operand, Reg};
use crate::Width;

/// Loads to a register of either file: a float's bits may go to a general purpose register, and an
/// integer that is not extended to a vector register.
///
/// # Panics
/// When an integer is to be extended to a vector register.
pub fn load(l: &mut Lowering<'_>, op: LoadOp, dst: Reg, from: GuestMem) {
    let (raw, value) = (width_of_bytes(op.bytes()), width(op.result()));
    l.exits.fault(l.code);
    match dst {
        Reg::Gpr(dst) if op.signed() => l.code.movsx(raw, value, dst, from.mem()),
        Reg::Gpr(dst) => l.code.movzx(raw, dst, from.mem()),
        Reg::Xmm(dst) => {
            assert_eq!(raw, value, "vector instructions extend no scalars");
            l.code.load_xmm(floats(op.result()), dst, from.mem());
        }
    }
}

/// Stores an operand in any place; of a float, an immediate is the bits.
///
/// # Panics
/// When a narrowed integer is in a vector register.
pub fn store(l: &mut Lowering<'_>, op: StoreOp, to: GuestMem, value: Operand) {
    let (raw, whole) = (width_of_bytes(op.bytes()), width(op.value()));
    let value = match value {
        Operand::Reg(Reg::Gpr(value)) => value,
        Operand::Mem(_) | Operand::Constant(_) => {
            operand::load_int(l.code, whole, TEMP, value);
            TEMP
        }
        Operand::Reg(Reg::Xmm(value)) => {
            assert_eq!(raw, whole, "vector instructions narrow no scalars");
            l.exits.fault(l.code);
            return l.code.store_xmm(floats(op.value()), to.mem(), value);
        }
        Operand::Imm(value) => {
            l.exits.fault(l.code);
            return l.code.store_imm(raw, to.mem(), value);
        }
    };
    l.exits.fault(l.code);
    l.code.store(raw, to.mem(), value);
}

/// The width of an integer of `bytes` bytes.
///
/// # Panics
/// When that is not 1, 2, 4 or 8.
pub(super) fn width_of_bytes(bytes: usize) -> Width {
    let width = Width::ALL.into_iter().find(|width| usize::from(width.bytes()) == bytes);
    width.expect("scalars have 1, 2, 4 or 8 bytes")
}
