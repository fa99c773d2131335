//! The vector operators.
//!
//! What lives here: operands from slots into registers, results back. What does not: what an
//! operator computes (`wasmtier_x64::lower`).
//!
//! Invariant: there is no vector accumulator, and vectors pass through registers that are not the
//! scalars' accumulators.

use core::mem::offset_of;

use wasmtier_ops::{ScalarType, SimdAccessOp, SimdAccessShape, SimdOp, SimdShape};
use wasmtier_x64::lower::{self, Imm, Reg};
use wasmtier_x64::{Floats, Gpr, Mem, Width, Xmm};

use super::body::{Body, File};
use super::key::{Pin, Variant};
use super::memory::far_fields;
use super::registers::{A, ACC, V1, V2, V3};
use super::variable::finish_vector;
use crate::cell::{
    BinaryCell, FarLaneCell, FarLoadCell, FarStoreCell, LaneCell, ShuffleCell, TernaryCell,
    UnaryCell,
};

/// Loads the vector in the slots at `offset`.
fn vector(body: &mut Body<'_>, offset: usize, into: Xmm) -> Reg {
    let slot = body.slot(offset, A);
    body.l.code.load_xmm(Floats::Ps, into, slot);
    into.into()
}

/// Loads the scalar in the slot at `offset`.
fn scalar(body: &mut Body<'_>, offset: usize, ty: ScalarType, vector: Xmm) -> Reg {
    let slot = body.slot(offset, A);
    match ty {
        ScalarType::I32 | ScalarType::I64 => {
            body.l.code.mov(Width::W64, SCALAR, slot);
            SCALAR.into()
        }
        ScalarType::F32 | ScalarType::F64 => {
            body.l.code.load_xmm(Floats::Sd, vector, slot);
            vector.into()
        }
    }
}

/// Holds integers on their way into vectors.
const SCALAR: Gpr = A;

/// An operator on vectors.
pub(super) fn simd(body: &mut Body<'_>, op: SimdOp, variant: Variant) {
    match op.shape() {
        SimdShape::Unary => {
            let a = vector(body, offset_of!(UnaryCell, a), V1);
            to_vector::<UnaryCell>(body, op, &[a], Imm::None);
        }
        SimdShape::Binary => {
            let a = vector(body, offset_of!(BinaryCell, a), V1);
            let b = vector(body, offset_of!(BinaryCell, b), V2);
            to_vector::<BinaryCell>(body, op, &[a, b], Imm::None);
        }
        SimdShape::Ternary => {
            let a = vector(body, offset_of!(TernaryCell, a), V1);
            let b = vector(body, offset_of!(TernaryCell, b), V2);
            let c = vector(body, offset_of!(TernaryCell, c), V3);
            to_vector::<TernaryCell>(body, op, &[a, b, c], Imm::None);
        }
        SimdShape::Shift => {
            let a = vector(body, offset_of!(BinaryCell, a), V1);
            let count = scalar(body, offset_of!(BinaryCell, b), ScalarType::I32, V2);
            to_vector::<BinaryCell>(body, op, &[a, count], Imm::None);
        }
        SimdShape::Splat(ty) => {
            let a = scalar(body, offset_of!(UnaryCell, a), ty, V2);
            to_vector::<UnaryCell>(body, op, &[a], Imm::None);
        }
        SimdShape::Replace(ty) => {
            let (_, lane) = variant.lane();
            let a = vector(body, offset_of!(LaneCell, a), V1);
            let b = scalar(body, offset_of!(LaneCell, b), ty, V2);
            to_vector::<LaneCell>(body, op, &[a, b], Imm::Lane(lane));
        }
        SimdShape::Test => {
            let [d, _, _] = variant.pins();
            let a = vector(body, offset_of!(UnaryCell, a), V1);
            lower::simd(&mut body.l, op, ACC.into(), &[a], Imm::None);
            body.finish(File::Int, offset_of!(UnaryCell, d), d);
            body.next::<UnaryCell>();
        }
        SimdShape::Extract(ty) => extract(body, op, ty, variant.lane()),
        SimdShape::Shuffle => {
            vector(body, offset_of!(ShuffleCell, a), V1);
            vector(body, offset_of!(ShuffleCell, b), V2);
            let mask: Mem = body.cell.at(offset_of!(ShuffleCell, l0));
            lower::shuffle_by(&mut body.l, V1, V1, V2, mask);
            finish_vector(body, D_OFFSET);
            body.next::<ShuffleCell>();
        }
    }
}

/// Where all cells name their destination.
const D_OFFSET: usize = offset_of!(UnaryCell, d);

/// An operator that yields a vector, for a cell of type `C`.
fn to_vector<C>(body: &mut Body<'_>, op: SimdOp, operands: &[Reg], imm: Imm) {
    lower::simd(&mut body.l, op, V1.into(), operands, imm);
    finish_vector(body, D_OFFSET);
    body.next::<C>();
}

fn extract(body: &mut Body<'_>, op: SimdOp, ty: ScalarType, (d, lane): (Pin, u8)) {
    let a = vector(body, offset_of!(LaneCell, a), V1);
    let file = File::of(ty);
    lower::simd(&mut body.l, op, file.accumulator(), &[a], Imm::Lane(lane));
    body.finish(file, D_OFFSET, d);
    body.next::<LaneCell>();
}

/// A load or store of a vector, or of a lane.
pub(super) fn simd_access(body: &mut Body<'_>, op: SimdAccessOp, memory64: bool, variant: Variant) {
    match op.shape() {
        SimdAccessShape::Load => {
            let from = body.far(&far_fields!(FarLoadCell), memory64, op.into());
            lower::load_vector(&mut body.l, op, V1, None, from);
            finish_vector(body, D_OFFSET);
            body.next::<FarLoadCell>();
        }
        SimdAccessShape::Store => {
            vector(body, offset_of!(FarStoreCell, b), V1);
            let to = body.far(&far_fields!(FarStoreCell), memory64, op.into());
            lower::store_vector(&mut body.l, op, to, V1, 0);
            body.next::<FarStoreCell>();
        }
        SimdAccessShape::LoadLane => {
            let (_, lane) = variant.lane();
            vector(body, offset_of!(FarLaneCell, b), V1);
            let from = body.far(&far_fields!(FarLaneCell), memory64, op.into());
            lower::load_vector(&mut body.l, op, V1, Some((V1, lane)), from);
            finish_vector(body, D_OFFSET);
            body.next::<FarLaneCell>();
        }
        SimdAccessShape::StoreLane => {
            let (_, lane) = variant.lane();
            vector(body, offset_of!(FarLaneCell, b), V1);
            let to = body.far(&far_fields!(FarLaneCell), memory64, op.into());
            lower::store_vector(&mut body.l, op, to, V1, lane);
            body.next::<FarLaneCell>();
        }
    }
}
