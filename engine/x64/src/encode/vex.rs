//! Vector instructions of AVX and FMA, on 128 bits.
//!
//! What lives here: the three-operand forms of the tables in `xmm.rs`, and fused multiply-add. What
//! does not: 256 bits. Invariant: see [`encode`](super). Memory needs no alignment, except for
//! `Movaps`, `Movapd` and `Movdqa`.

use super::form::{Instruction, Map, Opcode, Prefix};
use super::sse::insertion;
use super::{Floats, XmmBlend, XmmImm, XmmOp, XmmShift, XmmUnary, XmmUnaryImm};
use crate::{CodeBuffer, GprMem, Width, Xmm, XmmMem};

/// A product and a sum, rounded once, by its opcode for vectors. The digits say which operands, of
/// three counted from 1, are multiplied, and which is added last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Fma {
    /// `1 * 3 + 2`.
    Vfmadd132 = 0x98,
    /// `2 * 1 + 3`.
    Vfmadd213 = 0xa8,
    /// `2 * 3 + 1`.
    Vfmadd231 = 0xb8,
    /// `-(1 * 3) + 2`.
    Vfnmadd132 = 0x9c,
    /// `-(2 * 1) + 3`.
    Vfnmadd213 = 0xac,
    /// `-(2 * 3) + 1`.
    Vfnmadd231 = 0xbc,
}

impl Fma {
    /// All operations.
    pub const ALL: [Self; 6] = [
        Self::Vfmadd132,
        Self::Vfmadd213,
        Self::Vfmadd231,
        Self::Vfnmadd132,
        Self::Vfnmadd213,
        Self::Vfnmadd231,
    ];
}

impl CodeBuffer {
    /// `vop dst, a, b`.
    ///
    /// ```
    /// use wasmtier_x64::{CodeBuffer, Xmm, XmmOp};
    ///
    /// let mut code = CodeBuffer::new();
    /// code.vex(XmmOp::Addsd, Xmm::new(0), Xmm::new(9), Xmm::new(1));
    /// assert_eq!(code.finish()?, [0xc5, 0xb3, 0x58, 0xc1]);
    /// # Ok::<(), wasmtier_x64::Error>(())
    /// ```
    pub fn vex(&mut self, op: XmmOp, dst: Xmm, a: Xmm, b: impl Into<XmmMem>) {
        vex(op.opcode(), dst, a.number(), b.into()).place(self);
    }

    /// `vop dst, src`: `dst` is only written, or of what makes only flags, only read.
    pub fn vex_unary(&mut self, op: XmmUnary, dst: Xmm, src: impl Into<XmmMem>) {
        vex(op.opcode(), dst, 0, src.into()).place(self);
    }

    /// `vop dst, a, b, imm`.
    pub fn vex_imm(&mut self, op: XmmImm, dst: Xmm, a: Xmm, b: impl Into<XmmMem>, imm: u8) {
        vex(op.opcode(), dst, a.number(), b.into()).byte(imm).place(self);
    }

    /// `vop dst, src, imm`.
    pub fn vex_unary_imm(&mut self, op: XmmUnaryImm, dst: Xmm, src: impl Into<XmmMem>, imm: u8) {
        vex(op.opcode(), dst, 0, src.into()).byte(imm).place(self);
    }

    /// `vop dst, src, imm`: a shift by an immediate.
    pub fn vex_shift(&mut self, op: XmmShift, dst: Xmm, src: Xmm, imm: u8) {
        let (opcode, digit) = op.opcode();
        Instruction::vex(opcode, false, digit, dst.number(), src.into()).byte(imm).place(self);
    }

    /// `vop dst, a, b, mask`: lanes of `b` where the highest bits of `mask` are set, else of `a`.
    pub fn vex_blend(&mut self, op: XmmBlend, dst: Xmm, a: Xmm, b: impl Into<XmmMem>, mask: Xmm) {
        let byte = match op {
            XmmBlend::Blendvps => 0x4a,
            XmmBlend::Blendvpd => 0x4b,
            XmmBlend::Pblendvb => 0x4c,
        };
        let opcode = Opcode::new(Prefix::P66, Map::M0f3a, byte);
        vex(opcode, dst, a.number(), b.into()).byte(mask.number() << 4).place(self);
    }

    /// `vpinsrb`, `vpinsrw`, `vpinsrd`, `vpinsrq dst, a, src, lane`.
    pub fn vex_insert_lane(
        &mut self,
        lane: Width,
        dst: Xmm,
        a: Xmm,
        src: impl Into<GprMem>,
        index: u8,
    ) {
        let (opcode, rm) = (insertion(lane), src.into().into());
        let wide = lane == Width::W64;
        Instruction::vex(opcode, wide, dst.number(), a.number(), rm).byte(index).place(self);
    }

    /// `op dst, a, b`, of FMA: `dst` is the first operand too.
    pub fn fma(&mut self, op: Fma, floats: Floats, dst: Xmm, a: Xmm, b: impl Into<XmmMem>) {
        let byte = op as u8 | u8::from(floats.is_scalar());
        let opcode = Opcode::new(Prefix::P66, Map::M0f38, byte);
        let rm = b.into().into();
        let wide = floats.is_double();
        Instruction::vex(opcode, wide, dst.number(), a.number(), rm).place(self);
    }
}

fn vex(op: Opcode, reg: Xmm, v: u8, rm: XmmMem) -> Instruction {
    Instruction::vex(op, false, reg.number(), v, rm.into())
}
