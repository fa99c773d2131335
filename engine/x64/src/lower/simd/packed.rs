//! Operators that are one instruction on two vectors, of which the second may be in memory.
//!
//! What lives here: which instruction. What does not: operators that take their operands the other
//! way round, or more than one instruction. Invariant: an operator of the table is all of what it
//! does.

use wasmtier_ops::SimdOp;

use super::form::Two;
use crate::lower::Lowering;
use crate::{Xmm, XmmMem, XmmOp};

/// The instruction of each operator that is just one.
const OPS: &[(SimdOp, XmmOp)] = &[
    (SimdOp::I8x16Eq, XmmOp::Pcmpeqb),
    (SimdOp::I8x16GtS, XmmOp::Pcmpgtb),
    (SimdOp::I16x8Eq, XmmOp::Pcmpeqw),
    (SimdOp::I16x8GtS, XmmOp::Pcmpgtw),
    (SimdOp::I32x4Eq, XmmOp::Pcmpeqd),
    (SimdOp::I32x4GtS, XmmOp::Pcmpgtd),
    (SimdOp::I64x2Eq, XmmOp::Pcmpeqq),
    (SimdOp::V128And, XmmOp::Pand),
    (SimdOp::V128Or, XmmOp::Por),
    (SimdOp::V128Xor, XmmOp::Pxor),
    (SimdOp::I8x16NarrowI16x8S, XmmOp::Packsswb),
    (SimdOp::I8x16NarrowI16x8U, XmmOp::Packuswb),
    (SimdOp::I8x16Add, XmmOp::Paddb),
    (SimdOp::I8x16AddSatS, XmmOp::Paddsb),
    (SimdOp::I8x16AddSatU, XmmOp::Paddusb),
    (SimdOp::I8x16Sub, XmmOp::Psubb),
    (SimdOp::I8x16SubSatS, XmmOp::Psubsb),
    (SimdOp::I8x16SubSatU, XmmOp::Psubusb),
    (SimdOp::I8x16MinS, XmmOp::Pminsb),
    (SimdOp::I8x16MinU, XmmOp::Pminub),
    (SimdOp::I8x16MaxS, XmmOp::Pmaxsb),
    (SimdOp::I8x16MaxU, XmmOp::Pmaxub),
    (SimdOp::I8x16AvgrU, XmmOp::Pavgb),
    (SimdOp::I16x8NarrowI32x4S, XmmOp::Packssdw),
    (SimdOp::I16x8NarrowI32x4U, XmmOp::Packusdw),
    (SimdOp::I16x8Add, XmmOp::Paddw),
    (SimdOp::I16x8AddSatS, XmmOp::Paddsw),
    (SimdOp::I16x8AddSatU, XmmOp::Paddusw),
    (SimdOp::I16x8Sub, XmmOp::Psubw),
    (SimdOp::I16x8SubSatS, XmmOp::Psubsw),
    (SimdOp::I16x8SubSatU, XmmOp::Psubusw),
    (SimdOp::I16x8Mul, XmmOp::Pmullw),
    (SimdOp::I16x8MinS, XmmOp::Pminsw),
    (SimdOp::I16x8MinU, XmmOp::Pminuw),
    (SimdOp::I16x8MaxS, XmmOp::Pmaxsw),
    (SimdOp::I16x8MaxU, XmmOp::Pmaxuw),
    (SimdOp::I16x8AvgrU, XmmOp::Pavgw),
    (SimdOp::I32x4Add, XmmOp::Paddd),
    (SimdOp::I32x4Sub, XmmOp::Psubd),
    (SimdOp::I32x4Mul, XmmOp::Pmulld),
    (SimdOp::I32x4MinS, XmmOp::Pminsd),
    (SimdOp::I32x4MinU, XmmOp::Pminud),
    (SimdOp::I32x4MaxS, XmmOp::Pmaxsd),
    (SimdOp::I32x4MaxU, XmmOp::Pmaxud),
    (SimdOp::I32x4DotI16x8S, XmmOp::Pmaddwd),
    (SimdOp::I64x2Add, XmmOp::Paddq),
    (SimdOp::I64x2Sub, XmmOp::Psubq),
    (SimdOp::F32x4Add, XmmOp::Addps),
    (SimdOp::F32x4Sub, XmmOp::Subps),
    (SimdOp::F32x4Mul, XmmOp::Mulps),
    (SimdOp::F32x4Div, XmmOp::Divps),
    (SimdOp::F64x2Add, XmmOp::Addpd),
    (SimdOp::F64x2Sub, XmmOp::Subpd),
    (SimdOp::F64x2Mul, XmmOp::Mulpd),
    (SimdOp::F64x2Div, XmmOp::Divpd),
];

/// The same by the number of the operator.
const BY_NUMBER: [Option<XmmOp>; SimdOp::COUNT] = {
    let mut by_number = [None; SimdOp::COUNT];
    let mut at = 0;
    while at < OPS.len() {
        let (op, instruction) = OPS[at];
        by_number[op as usize] = Some(instruction);
        at += 1;
    }
    by_number
};

/// `op`, which is one of the table.
pub(super) fn packed(l: &mut Lowering<'_>, op: SimdOp, at: Two) {
    l.packed(instruction(op), at);
}

/// Whether [`simd_of_memory`] does `op` for a second operand that need not be aligned, or is a
/// constant of the code.
#[must_use]
pub fn takes_memory(op: SimdOp) -> bool {
    BY_NUMBER[op as usize].is_some()
}

/// The same as [`simd`](super::simd), where the second operand is in memory: anywhere if the
/// processor has AVX, else where a multiple of 16 is.
///
/// # Panics
/// When [`takes_memory`] says no.
pub fn simd_of_memory(l: &mut Lowering<'_>, op: SimdOp, dst: Xmm, a: Xmm, b: impl Into<XmmMem>) {
    l.vector(instruction(op), dst, a, b);
}

fn instruction(op: SimdOp) -> XmmOp {
    let instruction = BY_NUMBER[op as usize];
    instruction.unwrap_or_else(|| panic!("{op:?} is not one instruction"))
}
