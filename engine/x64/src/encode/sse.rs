//! Vector instructions of two operands, and moves from and to vector registers.
//!
//! What lives here: the encodings without VEX, which every machine has. What does not: opcodes that
//! VEX shares (`xmm.rs`). Invariant: see [`encode`](super). Memory of 128 bits must be aligned to
//! 16 bytes, except for `Movups`, `Movupd` and `Movdqu`.

use super::form::{Instruction, Map, Opcode, Prefix, Rm, is_wide};
use super::{Floats, XmmBlend, XmmImm, XmmOp, XmmShift, XmmUnary, XmmUnaryImm};
use crate::{Address, CodeBuffer, Gpr, GprMem, Width, Xmm, XmmMem};

impl CodeBuffer {
    /// `op dst, src`: the first operand is also the destination.
    ///
    /// ```
    /// use wasmtier_x64::{CodeBuffer, Xmm, XmmOp};
    ///
    /// let mut code = CodeBuffer::new();
    /// code.xmm(XmmOp::Addsd, Xmm::new(0), Xmm::new(9));
    /// assert_eq!(code.finish()?, [0xf2, 0x41, 0x0f, 0x58, 0xc1]);
    /// # Ok::<(), wasmtier_x64::Error>(())
    /// ```
    pub fn xmm(&mut self, op: XmmOp, dst: Xmm, src: impl Into<XmmMem>) {
        sse(op.opcode(), dst, src.into().into()).place(self);
    }

    /// `op dst, src`: `dst` is only written, or of what makes only flags, only read.
    pub fn xmm_unary(&mut self, op: XmmUnary, dst: Xmm, src: impl Into<XmmMem>) {
        sse(op.opcode(), dst, src.into().into()).place(self);
    }

    /// `op dst, src, imm`: the first operand is also the destination.
    pub fn xmm_imm(&mut self, op: XmmImm, dst: Xmm, src: impl Into<XmmMem>, imm: u8) {
        sse(op.opcode(), dst, src.into().into()).byte(imm).place(self);
    }

    /// `op dst, src, imm`: `dst` is only written.
    pub fn xmm_unary_imm(&mut self, op: XmmUnaryImm, dst: Xmm, src: impl Into<XmmMem>, imm: u8) {
        sse(op.opcode(), dst, src.into().into()).byte(imm).place(self);
    }

    /// `op dst, imm`: a shift in place.
    pub fn xmm_shift(&mut self, op: XmmShift, dst: Xmm, imm: u8) {
        let (opcode, digit) = op.opcode();
        Instruction::modrm(opcode, Width::W32, digit, dst.into(), false).byte(imm).place(self);
    }

    /// `op dst, src`, where `xmm0` says which lanes of `src` are taken.
    pub fn xmm_blend(&mut self, op: XmmBlend, dst: Xmm, src: impl Into<XmmMem>) {
        sse(op.opcode(), dst, src.into().into()).place(self);
    }

    /// `movaps dst, src`: all of a register.
    pub fn mov_xmm(&mut self, dst: Xmm, src: Xmm) {
        self.xmm_unary(XmmUnary::Movaps, dst, src);
    }

    /// `xorps dst, dst`: makes all bits zero.
    pub fn zero_xmm(&mut self, dst: Xmm) {
        self.xmm(XmmOp::Xorps, dst, dst);
    }

    /// `movss`, `movsd`, `movups dst, [src]`: from memory of any alignment. One float clears the
    /// rest of the register.
    pub fn load_xmm(&mut self, floats: Floats, dst: Xmm, src: impl Into<Address>) {
        sse(moves(floats, 0x10), dst, src.into().into()).place(self);
    }

    /// `movss`, `movsd`, `movups [dst], src`: to memory of any alignment.
    pub fn store_xmm(&mut self, floats: Floats, dst: impl Into<Address>, src: Xmm) {
        sse(moves(floats, 0x11), src, dst.into().into()).place(self);
    }

    /// `movd`, `movq dst, src`: from a general purpose register or memory; clears the rest.
    ///
    /// # Panics
    /// When `width` is not 32 or 64 bits.
    pub fn mov_to_xmm(&mut self, width: Width, dst: Xmm, src: impl Into<GprMem>) {
        gpr(M66, 0x6e, width, dst, src.into().into()).place(self);
    }

    /// `movd`, `movq dst, src`: to a general purpose register or memory.
    ///
    /// # Panics
    /// When `width` is not 32 or 64 bits.
    pub fn mov_from_xmm(&mut self, width: Width, dst: impl Into<GprMem>, src: Xmm) {
        gpr(M66, 0x7e, width, src, dst.into().into()).place(self);
    }

    /// `cvtsi2ss`, `cvtsi2sd dst, src`: a signed integer of `width` to one float; the rest of `dst`
    /// stays, so that its former value is waited for. Of `floats` only the width counts.
    ///
    /// # Panics
    /// When `width` is not 32 or 64 bits.
    pub fn cvt_from_int(&mut self, floats: Floats, width: Width, dst: Xmm, src: impl Into<GprMem>) {
        gpr(scalar(floats), 0x2a, width, dst, src.into().into()).place(self);
    }

    /// `cvttss2si`, `cvttsd2si dst, src`: one float, truncated, to a signed integer of `width`; the
    /// lowest one if it does not fit. Of `floats` only the width counts.
    ///
    /// # Panics
    /// When `width` is not 32 or 64 bits.
    pub fn cvtt_to_int(&mut self, floats: Floats, width: Width, dst: Gpr, src: impl Into<XmmMem>) {
        let op = Opcode::new(scalar(floats), Map::M0f, 0x2c);
        is_wide(width);
        Instruction::modrm(op, width, dst.number(), src.into().into(), false).place(self);
    }

    /// `movmskps`, `movmskpd dst, src`: the signs of all lanes, as bits. Of `floats` only the width
    /// counts.
    pub fn movmsk(&mut self, floats: Floats, dst: Gpr, src: Xmm) {
        let prefix = if floats.is_double() { Prefix::P66 } else { Prefix::Np };
        let op = Opcode::new(prefix, Map::M0f, 0x50);
        Instruction::modrm(op, Width::W32, dst.number(), src.into(), false).place(self);
    }

    /// `pmovmskb dst, src`: the signs of all bytes, as bits.
    pub fn pmovmskb(&mut self, dst: Gpr, src: Xmm) {
        let op = Opcode::new(M66, Map::M0f, 0xd7);
        Instruction::modrm(op, Width::W32, dst.number(), src.into(), false).place(self);
    }

    /// `pinsrb`, `pinsrw`, `pinsrd`, `pinsrq dst, src, lane`.
    pub fn insert_lane(&mut self, lane: Width, dst: Xmm, src: impl Into<GprMem>, index: u8) {
        let (op, rm) = (insertion(lane), src.into().into());
        Instruction::modrm(op, lane_width(lane), dst.number(), rm, false).byte(index).place(self);
    }

    /// `pextrb`, `pextrw`, `pextrd`, `pextrq dst, src, lane`: clears the rest of a register.
    pub fn extract_lane(&mut self, lane: Width, dst: impl Into<GprMem>, src: Xmm, index: u8) {
        let dst = dst.into();
        let form = match (lane, dst) {
            (Width::W16, GprMem::Reg(dst)) => {
                let op = Opcode::new(M66, Map::M0f, 0xc5);
                Instruction::modrm(op, Width::W32, dst.number(), src.into(), false)
            }
            (_, dst) => {
                let byte = match lane {
                    Width::W8 => 0x14,
                    Width::W16 => 0x15,
                    Width::W32 | Width::W64 => 0x16,
                };
                let op = Opcode::new(M66, Map::M0f3a, byte);
                Instruction::modrm(op, lane_width(lane), src.number(), dst.into(), false)
            }
        };
        form.byte(index).place(self);
    }
}

const M66: Prefix = Prefix::P66;

fn sse(op: Opcode, reg: Xmm, rm: Rm) -> Instruction {
    Instruction::modrm(op, Width::W32, reg.number(), rm, false)
}

fn gpr(prefix: Prefix, byte: u8, width: Width, reg: Xmm, rm: Rm) -> Instruction {
    is_wide(width);
    Instruction::modrm(Opcode::new(prefix, Map::M0f, byte), width, reg.number(), rm, false)
}

fn scalar(floats: Floats) -> Prefix {
    if floats.is_double() { Prefix::Pf2 } else { Prefix::Pf3 }
}

/// The opcode that replaces a lane of this width.
pub(super) fn insertion(lane: Width) -> Opcode {
    let (map, byte) = match lane {
        Width::W8 => (Map::M0f3a, 0x20),
        Width::W16 => (Map::M0f, 0xc4),
        Width::W32 | Width::W64 => (Map::M0f3a, 0x22),
    };
    Opcode::new(M66, map, byte)
}

/// Only lanes of 64 bits need a bit that says so.
fn lane_width(lane: Width) -> Width {
    if lane == Width::W64 { Width::W64 } else { Width::W32 }
}

fn moves(floats: Floats, byte: u8) -> Opcode {
    let prefix = match floats {
        Floats::Ss => Prefix::Pf3,
        Floats::Sd => Prefix::Pf2,
        Floats::Ps => Prefix::Np,
        Floats::Pd => Prefix::P66,
    };
    Opcode::new(prefix, Map::M0f, byte)
}
