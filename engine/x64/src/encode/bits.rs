//! Counting, finding and clearing bits.
//!
//! What lives here: the bit instructions of the floor, of LZCNT, POPCNT and BMI1. What does not:
//! choosing between them. Invariant: see [`encode`](super).

use super::form::{Instruction, Map, Opcode, Prefix, Rm, is_wide, not_byte};
use crate::{CodeBuffer, Gpr, GprMem, Width};

/// A count or a position of bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Count {
    /// The lowest set bit; leaves the destination if there is none, and says so by `E`.
    Bsf,
    /// The highest set bit; leaves the destination if there is none, and says so by `E`.
    Bsr,
    /// Leading zeros, of LZCNT; decoded as `Bsr` without it.
    Lzcnt,
    /// Trailing zeros, of BMI1; decoded as `Bsf` without it.
    Tzcnt,
    /// Set bits, of POPCNT.
    Popcnt,
}

impl Count {
    /// All counts.
    pub const ALL: [Self; 5] = [Self::Bsf, Self::Bsr, Self::Lzcnt, Self::Tzcnt, Self::Popcnt];
}

/// What BMI1 makes of the lowest set bit, by its number in the opcode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Lowest {
    /// Clears it.
    Blsr = 1,
    /// Sets all up to it, clears all above.
    Blsmsk = 2,
    /// Clears all others.
    Blsi = 3,
}

impl Lowest {
    /// All operations.
    pub const ALL: [Self; 3] = [Self::Blsr, Self::Blsmsk, Self::Blsi];
}

impl CodeBuffer {
    /// `op dst, src`.
    ///
    /// # Panics
    /// When `width` is 8 bits.
    pub fn count(&mut self, op: Count, width: Width, dst: Gpr, src: impl Into<GprMem>) {
        let (prefix, byte) = match op {
            Count::Bsf => (Prefix::Np, 0xbc),
            Count::Bsr => (Prefix::Np, 0xbd),
            Count::Lzcnt => (Prefix::Pf3, 0xbd),
            Count::Tzcnt => (Prefix::Pf3, 0xbc),
            Count::Popcnt => (Prefix::Pf3, 0xb8),
        };
        let op = Opcode::new(prefix, Map::M0f, byte);
        let rm = src.into().into();
        Instruction::modrm(op, not_byte(width), dst.number(), rm, false).place(self);
    }

    /// `andn dst, a, b`, of BMI1: `b` without the bits of `a`.
    ///
    /// # Panics
    /// When `width` is not 32 or 64 bits.
    pub fn andn(&mut self, width: Width, dst: Gpr, a: Gpr, b: impl Into<GprMem>) {
        let op = Opcode::new(Prefix::Np, Map::M0f38, 0xf2);
        let rm = b.into().into();
        Instruction::vex(op, is_wide(width), dst.number(), a.number(), rm).place(self);
    }

    /// `op dst, src`, of BMI1.
    ///
    /// # Panics
    /// When `width` is not 32 or 64 bits.
    pub fn lowest(&mut self, op: Lowest, width: Width, dst: Gpr, src: impl Into<GprMem>) {
        let opcode = Opcode::new(Prefix::Np, Map::M0f38, 0xf3);
        let rm = src.into().into();
        Instruction::vex(opcode, is_wide(width), op as u8, dst.number(), rm).place(self);
    }

    /// `bt a, b`: the carry becomes the bit of `a` that `b` modulo the width names.
    ///
    /// # Panics
    /// When `width` is 8 bits.
    pub fn bt(&mut self, width: Width, a: Gpr, b: Gpr) {
        let op = Opcode::m0f(0xa3);
        Instruction::modrm(op, not_byte(width), b.number(), a.into(), false).place(self);
    }

    /// `bt a, bit`: the carry becomes the bit of `a` that `bit` modulo the width names.
    ///
    /// # Panics
    /// When `width` is 8 bits.
    pub fn bt_imm(&mut self, width: Width, a: impl Into<GprMem>, bit: u8) {
        let rm = Rm::from(a.into());
        Instruction::modrm(Opcode::m0f(0xba), not_byte(width), 4, rm, false).byte(bit).place(self);
    }
}
