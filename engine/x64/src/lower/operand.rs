//! Operands of scalar operators, wherever they are.
//!
//! What lives here: reading an operand into a register, and which registers it depends on. What
//! does not: any operator. Invariant: only the register that is named is written.

use wasmtier_ops::ScalarType;

use super::{Lowering, Operand, Reg};
use crate::{CodeBuffer, Floats, Gpr, GprMem, Width, Xmm, XmmMem};

/// The scratch register of all lowerings.
pub(super) const TEMP: Gpr = Gpr::R11;

/// The scratch vector registers of all lowerings.
pub(super) const FLOAT_TEMPS: [Xmm; 3] = [Xmm::new(15), Xmm::new(14), Xmm::new(13)];

impl Operand {
    /// Whether writing `register` changes it: it is there, or its address depends on it.
    #[must_use]
    pub fn uses(self, register: impl Into<Reg>) -> bool {
        match (self, register.into()) {
            (Self::Reg(own), register) => own == register,
            (Self::Mem(mem), Reg::Gpr(register)) => mem.uses(register),
            (Self::Mem(_), Reg::Xmm(_)) | (Self::Imm(_) | Self::Constant(_), _) => false,
        }
    }

    /// Where it is as an integer, unless it is an immediate.
    pub(super) fn int(self) -> Int {
        match self {
            Self::Reg(register) => Int::Place(gpr(register).into()),
            Self::Mem(mem) => Int::Place(mem.into()),
            Self::Constant(label) => Int::Place(label.into()),
            Self::Imm(value) => Int::Imm(value),
        }
    }

    /// Where it is as a float.
    pub(super) fn float(self) -> XmmMem {
        match self {
            Self::Reg(register) => xmm(register).into(),
            Self::Mem(mem) => mem.into(),
            Self::Constant(label) => label.into(),
            Self::Imm(_) => panic!("a float is never an immediate"),
        }
    }
}

/// An operand of integer type.
#[derive(Clone, Copy)]
pub(super) enum Int {
    Place(GprMem),
    Imm(i32),
}

/// The register of an integer.
pub(super) fn gpr(register: Reg) -> Gpr {
    match register {
        Reg::Gpr(gpr) => gpr,
        Reg::Xmm(_) => panic!("an integer is in a general purpose register"),
    }
}

/// The register of a float.
pub(super) fn xmm(register: Reg) -> Xmm {
    match register {
        Reg::Xmm(xmm) => xmm,
        Reg::Gpr(_) => panic!("a float is in a vector register"),
    }
}

/// How wide values of `ty` are in memory and in general purpose registers.
pub(super) fn width(ty: ScalarType) -> Width {
    match ty {
        ScalarType::I32 | ScalarType::F32 => Width::W32,
        ScalarType::I64 | ScalarType::F64 => Width::W64,
    }
}

/// The shape of a single float as wide as `ty`.
pub(super) fn floats(ty: ScalarType) -> Floats {
    match ty {
        ScalarType::I32 | ScalarType::F32 => Floats::Ss,
        ScalarType::I64 | ScalarType::F64 => Floats::Sd,
    }
}

/// `imm` as a register of `width` holds it.
pub(super) fn extended(width: Width, imm: i32) -> u64 {
    let value = i64::from(imm).cast_unsigned();
    if width == Width::W64 { value } else { value & 0xffff_ffff }
}

/// Makes the low `width` bits of `dst` the value of `a`, and leaves the flags. Nothing is emitted
/// if it is there already, so that the upper half is anything.
pub(super) fn load_int(code: &mut CodeBuffer, width: Width, dst: Gpr, a: Operand) {
    if a != Operand::from(dst) {
        copy_int(code, width, dst, a);
    }
}

/// Makes `dst` the value of `a`, extended by zeros, and leaves the flags.
pub(super) fn copy_int(code: &mut CodeBuffer, width: Width, dst: Gpr, a: Operand) {
    match a.int() {
        Int::Place(GprMem::Reg(a)) if a == dst && width == Width::W64 => {}
        Int::Place(place) => code.mov(width, dst, place),
        Int::Imm(imm) => code.mov_imm(dst, extended(width, imm)),
    }
}

/// Makes the lowest lane of `dst` the value of `a`, and leaves the flags.
pub(super) fn load_float(code: &mut CodeBuffer, floats: Floats, dst: Xmm, a: Operand) {
    match a.float() {
        XmmMem::Reg(a) if a == dst => {}
        XmmMem::Reg(a) => code.mov_xmm(dst, a),
        XmmMem::Mem(a) => code.load_xmm(floats, dst, a),
    }
}

/// The register that `a` is in: its own, or else `spare`, which it is loaded to.
pub(super) fn float_reg(l: &mut Lowering<'_>, floats: Floats, a: Operand, spare: Xmm) -> Xmm {
    match a.float() {
        XmmMem::Reg(a) => a,
        XmmMem::Mem(a) => {
            l.code.load_xmm(floats, spare, a);
            spare
        }
    }
}
