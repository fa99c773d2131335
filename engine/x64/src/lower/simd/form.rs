//! What the lowerings of vectors are written in: operands by shape, and instructions that are of
//! AVX where the processor has it, else of SSE.
//!
//! What lives here: who must be moved where because instructions of SSE write their first operand.
//! What does not: any operator. Invariant: nothing but the destination and [`SPARE`] is changed.

use dynasmrt::DynamicLabel;
use wasmtier_ops::SimdOp;

use super::Imm;
use crate::lower::{Lowering, Reg};
use crate::{CpuFeatures, Gpr, Xmm, XmmImm, XmmMem, XmmOp, XmmShift, XmmUnary, XmmUnaryImm};

/// A scratch register.
pub(super) const T0: Xmm = Xmm::new(13);
/// Another one.
pub(super) const T1: Xmm = Xmm::new(14);
/// The last one. [`Lowering::vector`] and [`Lowering::vector_imm`] may overwrite it when their
/// destination is their second operand, but not their first.
pub(super) const SPARE: Xmm = Xmm::new(15);
/// The scratch register for integers.
pub(super) const INTEGER: Gpr = Gpr::R11;

/// Operands and result of an operator of any shape.
#[derive(Clone, Copy)]
pub(super) struct Operands<'a> {
    pub(super) op: SimdOp,
    pub(super) dst: Reg,
    pub(super) operands: &'a [Reg],
    pub(super) imm: Imm,
}

/// A vector, and one that is made of it.
#[derive(Clone, Copy)]
pub(super) struct One {
    pub(super) dst: Xmm,
    pub(super) a: Xmm,
}

/// Two vectors, and one that is made of them.
#[derive(Clone, Copy)]
pub(super) struct Two {
    pub(super) dst: Xmm,
    pub(super) a: Xmm,
    pub(super) b: Xmm,
}

impl Two {
    /// The same with the operands exchanged.
    pub(super) fn swapped(self) -> Self {
        Self { dst: self.dst, a: self.b, b: self.a }
    }
}

/// Three vectors, and one that is made of them.
#[derive(Clone, Copy)]
pub(super) struct Three {
    pub(super) dst: Xmm,
    pub(super) a: Xmm,
    pub(super) b: Xmm,
    pub(super) c: Xmm,
}

/// A vector, and an integer that is made of it.
#[derive(Clone, Copy)]
pub(super) struct ToInteger {
    pub(super) dst: Gpr,
    pub(super) a: Xmm,
}

/// A vector and an integer, and a vector that is made of them.
#[derive(Clone, Copy)]
pub(super) struct WithInteger {
    pub(super) dst: Xmm,
    pub(super) a: Xmm,
    pub(super) b: Gpr,
}

impl Operands<'_> {
    fn xmm(self, index: usize) -> Xmm {
        vector_register(self.operands[index])
    }

    pub(super) fn one(self) -> One {
        One { dst: vector_register(self.dst), a: self.xmm(0) }
    }

    /// Exchanged if that avoids a move.
    pub(super) fn two(self) -> Two {
        let two = Two { dst: vector_register(self.dst), a: self.xmm(0), b: self.xmm(1) };
        if self.op.commutes() && two.dst == two.b { two.swapped() } else { two }
    }

    pub(super) fn three(self) -> Three {
        let dst = vector_register(self.dst);
        Three { dst, a: self.xmm(0), b: self.xmm(1), c: self.xmm(2) }
    }

    pub(super) fn to_integer(self) -> ToInteger {
        ToInteger { dst: integer_register(self.dst), a: self.xmm(0) }
    }

    pub(super) fn with_integer(self) -> WithInteger {
        let b = integer_register(self.operands[1]);
        WithInteger { dst: vector_register(self.dst), a: self.xmm(0), b }
    }

    /// The result and the only operand, an integer.
    pub(super) fn only_integer(self) -> (Xmm, Gpr) {
        (vector_register(self.dst), integer_register(self.operands[0]))
    }

    pub(super) fn lane(self) -> u8 {
        match self.imm {
            Imm::Lane(lane) => lane,
            Imm::None | Imm::Shuffle(_) => panic!("{:?} has a lane", self.op),
        }
    }

    pub(super) fn mask(self) -> [u8; 16] {
        match self.imm {
            Imm::Shuffle(lanes) => lanes,
            Imm::None | Imm::Lane(_) => panic!("{:?} has sixteen lanes", self.op),
        }
    }
}

fn vector_register(register: Reg) -> Xmm {
    match register {
        Reg::Xmm(register) => register,
        Reg::Gpr(register) => panic!("{register:?} holds no vector"),
    }
}

fn integer_register(register: Reg) -> Gpr {
    match register {
        Reg::Gpr(register) => register,
        Reg::Xmm(register) => panic!("{register:?} holds no integer"),
    }
}

/// A constant of 16 equal lanes.
pub(super) const fn splat8(lane: u8) -> u128 {
    u128::from_le_bytes([lane; 16])
}

/// A constant of 8 equal lanes.
pub(super) const fn splat16(lane: u16) -> u128 {
    splat32((lane as u32) << 16 | lane as u32)
}

/// A constant of 4 equal lanes.
pub(super) const fn splat32(lane: u32) -> u128 {
    splat64((lane as u64) << 32 | lane as u64)
}

/// A constant of 2 equal lanes.
pub(super) const fn splat64(lane: u64) -> u128 {
    (lane as u128) << 64 | lane as u128
}

/// None of the sources may be a scratch register that is to be kept where the destination is
/// another: see [`SPARE`].
impl Lowering<'_> {
    pub(super) fn has_avx(&self) -> bool {
        self.cpu.has(CpuFeatures::AVX)
    }

    /// Where `bits` will be, in memory that is aligned.
    pub(super) fn vector_constant(&mut self, bits: u128) -> DynamicLabel {
        self.exits.constant(self.code, bits)
    }

    /// `dst = src`.
    pub(super) fn vector_mov(&mut self, dst: Xmm, src: Xmm) {
        if dst != src {
            self.vector_unary(XmmUnary::Movaps, dst, src);
        }
    }

    /// `dst = op(a, b)`.
    pub(super) fn vector(&mut self, op: XmmOp, dst: Xmm, a: Xmm, b: impl Into<XmmMem>) {
        let b = b.into();
        if self.has_avx() {
            return self.code.vex(op, dst, a, b);
        }
        let first = self.first_operand(dst, a, b);
        self.code.xmm(op, first, b);
        self.vector_mov(dst, first);
    }

    /// `at.dst = op(at.a, at.b)`.
    pub(super) fn packed(&mut self, op: XmmOp, at: Two) {
        self.vector(op, at.dst, at.a, at.b);
    }

    /// `at.dst = op(at.a, bits)`.
    pub(super) fn with_constant(&mut self, op: XmmOp, at: One, bits: u128) {
        let constant = self.vector_constant(bits);
        self.vector(op, at.dst, at.a, constant);
    }

    /// `dst = op(a, b, imm)`.
    pub(super) fn vector_imm(
        &mut self,
        op: XmmImm,
        dst: Xmm,
        a: Xmm,
        b: impl Into<XmmMem>,
        imm: u8,
    ) {
        let b = b.into();
        if self.has_avx() {
            return self.code.vex_imm(op, dst, a, b, imm);
        }
        let first = self.first_operand(dst, a, b);
        self.code.xmm_imm(op, first, b, imm);
        self.vector_mov(dst, first);
    }

    /// `dst = op(src)`.
    pub(super) fn vector_unary(&mut self, op: XmmUnary, dst: Xmm, src: impl Into<XmmMem>) {
        if self.has_avx() {
            self.code.vex_unary(op, dst, src);
        } else {
            self.code.xmm_unary(op, dst, src);
        }
    }

    /// `dst = op(src, imm)`.
    pub(super) fn vector_unary_imm(&mut self, op: XmmUnaryImm, dst: Xmm, src: Xmm, imm: u8) {
        if self.has_avx() {
            self.code.vex_unary_imm(op, dst, src, imm);
        } else {
            self.code.xmm_unary_imm(op, dst, src, imm);
        }
    }

    /// `dst = op(src, imm)`.
    pub(super) fn vector_shift(&mut self, op: XmmShift, dst: Xmm, src: Xmm, imm: u8) {
        if self.has_avx() {
            return self.code.vex_shift(op, dst, src, imm);
        }
        self.vector_mov(dst, src);
        self.code.xmm_shift(op, dst, imm);
    }

    /// All bits of `dst` zero.
    pub(super) fn vector_zero(&mut self, dst: Xmm) {
        self.vector(XmmOp::Pxor, dst, dst, dst);
    }

    /// All bits of `dst` one.
    pub(super) fn vector_ones(&mut self, dst: Xmm) {
        self.vector(XmmOp::Pcmpeqd, dst, dst, dst);
    }

    /// Moves `a` to where an instruction may overwrite it, without overwriting `b`.
    fn first_operand(&mut self, dst: Xmm, a: Xmm, b: XmmMem) -> Xmm {
        let first = if dst != a && b == XmmMem::Reg(dst) { SPARE } else { dst };
        self.vector_mov(first, a);
        first
    }
}
