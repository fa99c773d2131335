//! Arithmetic and logic on general purpose registers and memory.
//!
//! What lives here: what sets the flags from one or two operands of the same width. What does not:
//! shifts, products and bit scans. Invariant: see [`encode`](super).

use super::form::{Instruction, Opcode, Rm};
use crate::{Address, CodeBuffer, Gpr, GprMem, Width};

/// An operation of two operands, by its number in the opcode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Alu {
    /// Sum.
    Add,
    /// Disjunction.
    Or,
    /// Sum and carry.
    Adc,
    /// Difference less carry.
    Sbb,
    /// Conjunction.
    And,
    /// Difference.
    Sub,
    /// Exclusive disjunction.
    Xor,
    /// Difference of which only the flags are kept.
    Cmp,
}

impl Alu {
    /// All operations, each at its number.
    pub const ALL: [Self; 8] =
        [Self::Add, Self::Or, Self::Adc, Self::Sbb, Self::And, Self::Sub, Self::Xor, Self::Cmp];
}

/// An operation of one operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unary {
    /// Adds 1 and leaves the carry.
    Inc,
    /// Subtracts 1 and leaves the carry.
    Dec,
    /// Inverts the bits and leaves the flags.
    Not,
    /// Subtracts from 0.
    Neg,
}

impl Unary {
    /// All operations.
    pub const ALL: [Self; 4] = [Self::Inc, Self::Dec, Self::Not, Self::Neg];
}

/// The opcode for `width`, given the one for 8 bits; the next one is for the wider widths.
pub(super) fn sized(byte: u8, width: Width) -> u8 {
    byte | u8::from(width != Width::W8)
}

/// Whether an operand of `width` in `rm` needs a REX prefix for its name.
pub(super) fn byte_name(width: Width, rm: Rm) -> bool {
    width == Width::W8 && rm.is_new_byte()
}

/// `imm` as an operation of `width` sees it.
fn truncated(width: Width, imm: i32) -> i32 {
    match width {
        Width::W8 => i32::from(imm as i8),
        Width::W16 => i32::from(imm as i16),
        Width::W32 | Width::W64 => imm,
    }
}

impl CodeBuffer {
    /// `op dst, src`: from a register or memory to a register.
    ///
    /// ```
    /// use wasmtier_x64::{Alu, CodeBuffer, Gpr, Mem, Width};
    ///
    /// let mut code = CodeBuffer::new();
    /// code.alu(Alu::Add, Width::W32, Gpr::Rax, Gpr::Rcx);
    /// code.alu(Alu::Cmp, Width::W64, Gpr::Rax, Mem::base(Gpr::Rbp));
    /// assert_eq!(code.finish()?, [0x01, 0xc8, 0x48, 0x3b, 0x45, 0x00]);
    /// # Ok::<(), wasmtier_x64::Error>(())
    /// ```
    pub fn alu(&mut self, op: Alu, width: Width, dst: Gpr, src: impl Into<GprMem>) {
        match src.into() {
            GprMem::Reg(src) => self.reg_rm(op as u8 * 8, width, src, dst.into()),
            GprMem::Mem(src) => self.reg_rm(op as u8 * 8 + 2, width, dst, src.into()),
        }
    }

    /// `op [dst], src`: from a register to memory.
    pub fn alu_store(&mut self, op: Alu, width: Width, dst: impl Into<Address>, src: Gpr) {
        self.reg_rm(op as u8 * 8, width, src, dst.into().into());
    }

    /// `op dst, imm`: to a register or memory; `imm` is extended by its sign or truncated.
    pub fn alu_imm(&mut self, op: Alu, width: Width, dst: impl Into<GprMem>, imm: i32) {
        let (dst, imm) = (dst.into(), truncated(width, imm));
        let short = i8::try_from(imm);
        if dst == GprMem::Reg(Gpr::Rax) && (width == Width::W8 || short.is_err()) {
            let opcode = Opcode::primary(sized(op as u8 * 8 + 4, width));
            return Instruction::new().opcode(opcode, width, 0, false).imm(width, imm).place(self);
        }
        let rm = Rm::from(dst);
        let form = |byte| {
            let needed = byte_name(width, rm);
            Instruction::modrm(Opcode::primary(byte), width, op as u8, rm, needed)
        };
        match (width, short) {
            (Width::W8, _) => form(0x80).imm(width, imm),
            (_, Ok(short)) => form(0x83).imm8(short),
            (_, Err(_)) => form(0x81).imm(width, imm),
        }
        .place(self);
    }

    /// `test a, b`: the flags of the conjunction.
    pub fn test(&mut self, width: Width, a: impl Into<GprMem>, b: Gpr) {
        self.reg_rm(0x84, width, b, a.into().into());
    }

    /// `test a, imm`: the flags of the conjunction; `imm` is extended by its sign or truncated.
    pub fn test_imm(&mut self, width: Width, a: impl Into<GprMem>, imm: i32) {
        let a = a.into();
        if a == GprMem::Reg(Gpr::Rax) {
            let opcode = Opcode::primary(sized(0xa8, width));
            return Instruction::new().opcode(opcode, width, 0, false).imm(width, imm).place(self);
        }
        digit(0xf6, 0, width, a.into()).imm(width, imm).place(self);
    }

    /// `op dst`: on a register or memory.
    pub fn unary(&mut self, op: Unary, width: Width, dst: impl Into<GprMem>) {
        let (byte, number) = match op {
            Unary::Inc => (0xfe, 0),
            Unary::Dec => (0xfe, 1),
            Unary::Not => (0xf6, 2),
            Unary::Neg => (0xf6, 3),
        };
        digit(byte, number, width, dst.into().into()).place(self);
    }

    /// `xor dst, dst` on 32 bits: makes all of `dst` zero, and changes the flags.
    pub fn zero(&mut self, dst: Gpr) {
        self.alu(Alu::Xor, Width::W32, dst, dst);
    }

    /// The instruction on a register and a register or memory. `byte` is the opcode for 8 bits.
    pub(super) fn reg_rm(&mut self, byte: u8, width: Width, reg: Gpr, rm: Rm) {
        let needed = byte_name(width, rm) || byte_name(width, reg.into());
        let op = Opcode::primary(sized(byte, width));
        Instruction::modrm(op, width, reg.number(), rm, needed).place(self);
    }
}

/// The instruction on `rm` alone, up to its immediate. `byte` is the opcode for 8 bits.
pub(super) fn digit(byte: u8, digit: u8, width: Width, rm: Rm) -> Instruction {
    let op = Opcode::primary(sized(byte, width));
    Instruction::modrm(op, width, digit, rm, byte_name(width, rm))
}
