//! Atomic accesses and the fence.
//!
//! Invariant: operands are in slots; alignment and bounds are checked before anything is changed.

use core::mem::{offset_of, size_of};

use wasmtier_ops::{AtomicOp, AtomicShape};
use wasmtier_x64::Gpr;
use wasmtier_x64::lower::{Operand, atomic as lower_atomic};

use super::body::{Body, File};
use super::key::Variant;
use super::memory::far_fields;
use super::registers::{A, ACC, B, T};
use crate::cell::{FarLoadCell, FarStoreCell, FarUpdateCell, PlainCell};

pub(super) fn atomic(body: &mut Body<'_>, op: AtomicOp, memory64: bool, variant: Variant) {
    let [d, _, _] = variant.pins();
    let none = [Operand::Imm(0); 2];
    let (d_offset, len) = match op.shape() {
        AtomicShape::Load => {
            let at = body.far(&far_fields!(FarLoadCell), memory64, op.into());
            lower_atomic(&mut body.l, op, ACC, at, none);
            (Some(offset_of!(FarLoadCell, d)), size_of::<FarLoadCell>())
        }
        AtomicShape::Store => {
            let at = body.far(&far_fields!(FarStoreCell), memory64, op.into());
            let value = body.slot(offset_of!(FarStoreCell, b), A);
            lower_atomic(&mut body.l, op, SPARE, at, [value.into(), Operand::Imm(0)]);
            (None, size_of::<FarStoreCell>())
        }
        AtomicShape::Add
        | AtomicShape::Sub
        | AtomicShape::And
        | AtomicShape::Or
        | AtomicShape::Xor
        | AtomicShape::Xchg => {
            let at = body.far(&far_fields!(FarUpdateCell), memory64, op.into());
            let value = body.slot(offset_of!(FarUpdateCell, b), A);
            lower_atomic(&mut body.l, op, ACC, at, [value.into(), Operand::Imm(0)]);
            (Some(offset_of!(FarUpdateCell, d)), size_of::<FarUpdateCell>())
        }
        AtomicShape::Cmpxchg => {
            let at = body.far(&far_fields!(FarUpdateCell), memory64, op.into());
            let expected = body.slot(offset_of!(FarUpdateCell, b), A);
            let replacement = body.slot(offset_of!(FarUpdateCell, c), B);
            lower_atomic(&mut body.l, op, ACC, at, [expected.into(), replacement.into()]);
            (Some(offset_of!(FarUpdateCell, d)), size_of::<FarUpdateCell>())
        }
    };
    if let Some(offset) = d_offset {
        body.finish(File::Int, offset, d);
    }
    body.go_on(len);
}

/// What a store names as its destination, and leaves alone.
const SPARE: Gpr = T;

pub(super) fn fence(body: &mut Body<'_>) {
    body.l.code.mfence();
    body.next::<PlainCell>();
}
