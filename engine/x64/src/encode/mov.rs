//! Moves between general purpose registers, memory and immediates.
//!
//! What lives here: copies, extensions, addresses, and what moves by condition. What does not:
//! moves from and to vector registers, which are in `sse.rs`. Invariant: see [`encode`](super).

use super::alu::{byte_name, digit};
use super::form::{Instruction, Opcode, Rm, is_wide, not_byte};
use crate::{Address, CodeBuffer, Cond, Gpr, GprMem, Width};

impl CodeBuffer {
    /// `mov dst, src`: from a register or memory to a register.
    ///
    /// 8 and 16 bits replace only these bits of `dst`; [`Self::movzx`] is what loads them.
    pub fn mov(&mut self, width: Width, dst: Gpr, src: impl Into<GprMem>) {
        match src.into() {
            GprMem::Reg(src) => self.reg_rm(0x88, width, src, dst.into()),
            GprMem::Mem(src) => self.reg_rm(0x8a, width, dst, src.into()),
        }
    }

    /// `mov [dst], src`: from a register to memory.
    pub fn store(&mut self, width: Width, dst: impl Into<Address>, src: Gpr) {
        self.reg_rm(0x88, width, src, dst.into().into());
    }

    /// `mov [dst], imm`: to memory; `imm` is extended by its sign or truncated.
    pub fn store_imm(&mut self, width: Width, dst: impl Into<Address>, imm: i32) {
        digit(0xc6, 0, width, dst.into().into()).imm(width, imm).place(self);
    }

    /// Makes all 64 bits of `dst` `value`, and leaves the flags.
    ///
    /// Where the flags are free, [`Self::zero`] is shorter for 0.
    ///
    /// ```
    /// use wasmtier_x64::{CodeBuffer, Gpr};
    ///
    /// let length = |value| {
    ///     let mut code = CodeBuffer::new();
    ///     code.mov_imm(Gpr::Rax, value);
    ///     code.len()
    /// };
    /// assert_eq!([0xffff_ffff, -1_i64 as u64, 1 << 32].map(length), [5, 7, 10]);
    /// ```
    pub fn mov_imm(&mut self, dst: Gpr, value: u64) {
        let number = dst.number();
        let op = Opcode::primary(0xb8 | number & 7);
        if let Ok(low) = u32::try_from(value) {
            let form = Instruction::new().opcode(op, Width::W32, number >> 3, false);
            form.imm32(low.cast_signed()).place(self);
        } else if let Ok(low) = i32::try_from(value.cast_signed()) {
            digit(0xc6, 0, Width::W64, dst.into()).imm32(low).place(self);
        } else {
            let form = Instruction::new().opcode(op, Width::W64, number >> 3, false);
            form.imm64(value).place(self);
        }
    }

    /// Copies the low `from` bits of `src` to `dst` and clears all above.
    pub fn movzx(&mut self, from: Width, dst: Gpr, src: impl Into<GprMem>) {
        let byte = match from {
            Width::W8 => 0xb6,
            Width::W16 => 0xb7,
            Width::W32 | Width::W64 => return self.mov(from, dst, src),
        };
        self.extend_from(Opcode::m0f(byte), from, Width::W32, dst, src.into());
    }

    /// Copies the low `from` bits of `src` to `dst`, extended by their sign to `to` bits.
    ///
    /// A plain move of `to` bits where `from` is not narrower.
    pub fn movsx(&mut self, from: Width, to: Width, dst: Gpr, src: impl Into<GprMem>) {
        let op = match from {
            _ if from >= to => return self.mov(to, dst, src),
            Width::W8 => Opcode::m0f(0xbe),
            Width::W16 => Opcode::m0f(0xbf),
            Width::W32 | Width::W64 => Opcode::primary(0x63),
        };
        self.extend_from(op, from, to, dst, src.into());
    }

    fn extend_from(&mut self, op: Opcode, from: Width, to: Width, dst: Gpr, src: GprMem) {
        let rm = Rm::from(src);
        Instruction::modrm(op, to, dst.number(), rm, byte_name(from, rm)).place(self);
    }

    /// `lea dst, [src]`: the address itself, of 32 bits or of 64.
    ///
    /// # Panics
    /// When `width` is narrower.
    pub fn lea(&mut self, width: Width, dst: Gpr, src: impl Into<Address>) {
        is_wide(width);
        self.reg_rm(0x8c, width, dst, src.into().into());
    }

    /// `xchg a, b`: exchanges; with memory it is atomic.
    pub fn xchg(&mut self, width: Width, a: impl Into<GprMem>, b: Gpr) {
        let a = a.into();
        let other = match a {
            GprMem::Reg(a) if b == Gpr::Rax => Some(a),
            GprMem::Reg(Gpr::Rax) => Some(b),
            GprMem::Reg(_) | GprMem::Mem(_) => None,
        };
        // The short form of `xchg eax, eax` would be `nop`, which does not clear the upper half.
        let is_nop = |other| width == Width::W32 && other == Gpr::Rax;
        match other {
            Some(other) if width != Width::W8 && !is_nop(other) => {
                let op = Opcode::primary(0x90 | other.number() & 7);
                Instruction::new().opcode(op, width, other.number() >> 3, false).place(self);
            }
            Some(_) | None => self.reg_rm(0x86, width, b, a.into()),
        }
    }

    /// `bswap dst`: reverses the bytes, of 32 bits or of 64.
    ///
    /// # Panics
    /// When `width` is narrower.
    pub fn bswap(&mut self, width: Width, dst: Gpr) {
        is_wide(width);
        let op = Opcode::m0f(0xc8 | dst.number() & 7);
        Instruction::new().opcode(op, width, dst.number() >> 3, false).place(self);
    }

    /// `cmovcc dst, src`: moves if `cond` holds. 32 bits clear the upper half in any case, and
    /// memory is read in any case.
    ///
    /// # Panics
    /// When `width` is 8 bits.
    pub fn cmov(&mut self, cond: Cond, width: Width, dst: Gpr, src: impl Into<GprMem>) {
        let op = Opcode::m0f(0x40 | cond.number());
        let rm = Rm::from(src.into());
        Instruction::modrm(op, not_byte(width), dst.number(), rm, false).place(self);
    }

    /// `setcc dst`: makes the low 8 bits 1 if `cond` holds, else 0, and leaves the others.
    pub fn setcc(&mut self, cond: Cond, dst: impl Into<GprMem>) {
        let op = Opcode::m0f(0x90 | cond.number());
        let rm = Rm::from(dst.into());
        Instruction::modrm(op, Width::W8, 0, rm, byte_name(Width::W8, rm)).place(self);
    }
}
