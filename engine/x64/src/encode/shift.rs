//! Shifts and rotations.
//!
//! What lives here: counts that are immediate, in `cl`, and with BMI2 in any register. What does
//! not: shifts of vectors. Invariant: see [`encode`](super).

use super::alu::digit;
use super::form::{Instruction, Map, Opcode, Prefix, is_wide};
use crate::{CodeBuffer, Gpr, GprMem, Width};

/// A shift in place, by its number in the opcode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Shift {
    /// Rotation to the left.
    Rol = 0,
    /// Rotation to the right.
    Ror = 1,
    /// Shift to the left.
    Shl = 4,
    /// Shift to the right, unsigned.
    Shr = 5,
    /// Shift to the right, signed.
    Sar = 7,
}

impl Shift {
    /// All shifts.
    pub const ALL: [Self; 5] = [Self::Rol, Self::Ror, Self::Shl, Self::Shr, Self::Sar];
}

/// A shift of BMI2, which leaves the flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ShiftX {
    /// Shift to the left.
    Shlx,
    /// Shift to the right, unsigned.
    Shrx,
    /// Shift to the right, signed.
    Sarx,
}

impl ShiftX {
    /// All shifts.
    pub const ALL: [Self; 3] = [Self::Shlx, Self::Shrx, Self::Sarx];
}

impl CodeBuffer {
    /// `op dst, count`. The hardware takes the count modulo 32, or 64 if that is the width.
    pub fn shift_imm(&mut self, op: Shift, width: Width, dst: impl Into<GprMem>, count: u8) {
        let rm = dst.into().into();
        match count {
            1 => digit(0xd0, op as u8, width, rm),
            _ => digit(0xc0, op as u8, width, rm).byte(count),
        }
        .place(self);
    }

    /// `op dst, cl`. The hardware takes the count modulo 32, or 64 if that is the width.
    pub fn shift_cl(&mut self, op: Shift, width: Width, dst: impl Into<GprMem>) {
        digit(0xd2, op as u8, width, dst.into().into()).place(self);
    }

    /// `op dst, src, count`, of BMI2: any registers, and the count modulo the width.
    ///
    /// # Panics
    /// When `width` is not 32 or 64 bits.
    pub fn shiftx(
        &mut self,
        op: ShiftX,
        width: Width,
        dst: Gpr,
        src: impl Into<GprMem>,
        count: Gpr,
    ) {
        let prefix = match op {
            ShiftX::Shlx => Prefix::P66,
            ShiftX::Shrx => Prefix::Pf2,
            ShiftX::Sarx => Prefix::Pf3,
        };
        let op = Opcode::new(prefix, Map::M0f38, 0xf7);
        let rm = src.into().into();
        Instruction::vex(op, is_wide(width), dst.number(), count.number(), rm).place(self);
    }

    /// `rorx dst, src, count`, of BMI2: rotation to the right.
    ///
    /// # Panics
    /// When `width` is not 32 or 64 bits.
    pub fn rorx(&mut self, width: Width, dst: Gpr, src: impl Into<GprMem>, count: u8) {
        let op = Opcode::new(Prefix::Pf2, Map::M0f3a, 0xf0);
        let rm = src.into().into();
        Instruction::vex(op, is_wide(width), dst.number(), 0, rm).byte(count).place(self);
    }
}
