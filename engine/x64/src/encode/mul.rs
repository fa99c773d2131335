//! Products and quotients.
//!
//! What lives here: the forms with free registers and those that imply `rax` and `rdx`. What does
//! not: putting values there. Invariant: see [`encode`](super).

use super::alu::digit;
use super::form::{Instruction, Map, Opcode, Prefix, Rm, is_wide, not_byte};
use crate::{CodeBuffer, Gpr, GprMem, Width};

/// An operation on `rdx:rax`, by its number in the opcode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Wide {
    /// The unsigned product of `rax` to `rdx:rax`.
    Mul = 4,
    /// The signed product of `rax` to `rdx:rax`.
    Imul = 5,
    /// The unsigned quotient of `rdx:rax` to `rax`, the rest to `rdx`; faults by zero and overflow.
    Div = 6,
    /// The signed quotient of `rdx:rax` to `rax`, the rest to `rdx`; faults by zero and overflow.
    Idiv = 7,
}

impl Wide {
    /// All operations.
    pub const ALL: [Self; 4] = [Self::Mul, Self::Imul, Self::Div, Self::Idiv];
}

impl CodeBuffer {
    /// `imul dst, src`: the low half of the product.
    ///
    /// # Panics
    /// When `width` is 8 bits.
    pub fn imul(&mut self, width: Width, dst: Gpr, src: impl Into<GprMem>) {
        let rm = src.into().into();
        Instruction::modrm(Opcode::m0f(0xaf), not_byte(width), dst.number(), rm, false).place(self);
    }

    /// `imul dst, src, imm`: the low half of the product; `imm` is extended by its sign or
    /// truncated.
    ///
    /// # Panics
    /// When `width` is 8 bits.
    pub fn imul_imm(&mut self, width: Width, dst: Gpr, src: impl Into<GprMem>, imm: i32) {
        let imm = if width == Width::W16 { i32::from(imm as i16) } else { imm };
        let rm = Rm::from(src.into());
        let form = |byte| {
            let op = Opcode::primary(byte);
            Instruction::modrm(op, not_byte(width), dst.number(), rm, false)
        };
        match i8::try_from(imm) {
            Ok(short) => form(0x6b).imm8(short),
            Err(_) => form(0x69).imm(width, imm),
        }
        .place(self);
    }

    /// `op src`: the other operand and the results are in `rdx:rax`, of 8 bits in `ax`.
    pub fn wide(&mut self, op: Wide, width: Width, src: impl Into<GprMem>) {
        digit(0xf6, op as u8, width, src.into().into()).place(self);
    }

    /// `cdq`, `cqo`: fills `rdx` with the sign of `rax`; `cwd` for 16 bits.
    ///
    /// # Panics
    /// When `width` is 8 bits.
    pub fn cdq(&mut self, width: Width) {
        Instruction::new().opcode(Opcode::primary(0x99), not_byte(width), 0, false).place(self);
    }

    /// `mulx high, low, src`, of BMI2: the unsigned product of `rdx`, leaving the flags. Where
    /// `high` and `low` are one register it gets the upper half.
    ///
    /// # Panics
    /// When `width` is not 32 or 64 bits.
    pub fn mulx(&mut self, width: Width, high: Gpr, low: Gpr, src: impl Into<GprMem>) {
        let op = Opcode::new(Prefix::Pf2, Map::M0f38, 0xf6);
        let rm = src.into().into();
        Instruction::vex(op, is_wide(width), high.number(), low.number(), rm).place(self);
    }
}
