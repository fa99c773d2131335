//! Copies, constants, globals and selections.
//!
//! Invariant: what takes values of either register file handles them as bits; the integer
//! accumulator receives those of constants and copies between slots, which the translator knows.

use core::mem::offset_of;

use wasmtier_vm::VmCtx;
use wasmtier_x64::lower::nonzero;
use wasmtier_x64::{Floats, Gpr, Mem, Scale, Width};

use super::body::{Body, File, Place, context};
use super::key::{EitherPin, Pin, Variant};
use super::registers::{A, ACC, B, D, FLOAT_ACC, FLOAT_PINS, FP, INT_PINS, T, V1};
use crate::cell::{Const32Cell, Const64Cell, Const128Cell, GlobalCell, SelectCell, UnaryCell};

use wasmtier_ops::ScalarType;

/// Leaves the bits in `from` in the slot at `d`, and its pin.
fn finish_bits(body: &mut Body<'_>, d: usize, pin: EitherPin, from: Gpr) {
    let slot = body.slot(d, D);
    body.l.code.store(Width::W64, slot, from);
    body.pin_bits(pin, from);
}

/// The bits of the operand at `a` in the integer accumulator.
fn bits_in_acc(body: &mut Body<'_>, a: usize, pin: EitherPin, into: Gpr) {
    match pin {
        EitherPin::None => {
            let slot = body.slot(a, A);
            body.l.code.mov(Width::W64, into, slot);
        }
        EitherPin::Int(pin) => body.l.code.mov(Width::W64, into, INT_PINS[usize::from(pin)]),
        EitherPin::Float(pin) => {
            body.l.code.mov_from_xmm(Width::W64, into, FLOAT_PINS[usize::from(pin)]);
        }
    }
}

/// Copies a slot.
pub(super) fn copy(body: &mut Body<'_>, variant: Variant) {
    let [d, a] = variant.either();
    bits_in_acc(body, offset_of!(UnaryCell, a), a, ACC);
    finish_bits(body, offset_of!(UnaryCell, d), d, ACC);
    body.next::<UnaryCell>();
}

/// Copies the integer accumulator to a slot.
pub(super) fn copy_acc(body: &mut Body<'_>, variant: Variant) {
    let [d, _] = variant.either();
    finish_bits(body, offset_of!(UnaryCell, d), d, ACC);
    body.next::<UnaryCell>();
}

/// Copies the float accumulator to a slot.
pub(super) fn copy_float_acc(body: &mut Body<'_>, variant: Variant) {
    let [d, _] = variant.either();
    body.finish(File::Float, offset_of!(UnaryCell, d), float_pin(d));
    body.next::<UnaryCell>();
}

/// The pin of a float.
fn float_pin(pin: EitherPin) -> Pin {
    match pin {
        EitherPin::Float(pin) => Some(pin),
        EitherPin::None | EitherPin::Int(_) => None,
    }
}

/// Copies a vector.
pub(super) fn copy_vector(body: &mut Body<'_>) {
    let from = body.slot(offset_of!(UnaryCell, a), A);
    body.l.code.load_xmm(Floats::Ps, V1, from);
    finish_vector(body, offset_of!(UnaryCell, d));
    body.next::<UnaryCell>();
}

/// Leaves a vector in the slots at `d`.
pub(super) fn finish_vector(body: &mut Body<'_>, d: usize) {
    let slot = body.slot(d, D);
    body.l.code.store_xmm(Floats::Ps, slot, V1);
}

/// A constant of up to 32 significant bits.
pub(super) fn const32(body: &mut Body<'_>, variant: Variant) {
    let [d, _] = variant.either();
    body.l.code.mov(Width::W32, ACC, body.cell.at(offset_of!(Const32Cell, imm)));
    finish_bits(body, offset_of!(Const32Cell, d), d, ACC);
    body.next::<Const32Cell>();
}

/// A constant of 64 bits.
pub(super) fn const64(body: &mut Body<'_>, variant: Variant) {
    let [d, _] = variant.either();
    body.l.code.mov(Width::W64, ACC, body.cell.at(offset_of!(Const64Cell, low)));
    finish_bits(body, offset_of!(Const64Cell, d), d, ACC);
    body.next::<Const64Cell>();
}

const _: () = assert!(
    offset_of!(Const64Cell, high) == offset_of!(Const64Cell, low) + 4
        && offset_of!(Const128Cell, w3) == offset_of!(Const128Cell, w0) + 12,
    "constants are read as one number"
);

/// A constant of 128 bits.
pub(super) fn const128(body: &mut Body<'_>) {
    body.l.code.load_xmm(Floats::Ps, V1, body.cell.at(offset_of!(Const128Cell, w0)));
    finish_vector(body, offset_of!(Const128Cell, d));
    body.next::<Const128Cell>();
}

/// Where the global of the cell is.
fn global(body: &mut Body<'_>, imported: bool) -> Mem {
    let code = &mut *body.l.code;
    code.mov(Width::W32, T, body.cell.at(offset_of!(GlobalCell, global)));
    let all =
        if imported { offset_of!(VmCtx, imported_globals) } else { offset_of!(VmCtx, globals) };
    code.mov(Width::W64, B, context(all));
    let entry = Mem::base(B).indexed(T, Scale::Eight);
    if !imported {
        return entry;
    }
    code.mov(Width::W64, B, entry);
    Mem::base(B)
}

/// Reads an integer or a float global; into a slot too, if `to_slot`.
pub(super) fn global_get(
    body: &mut Body<'_>,
    file: File,
    imported: bool,
    to_slot: bool,
    variant: Variant,
) {
    let [d, _] = variant.either();
    let from = global(body, imported);
    match file {
        File::Int => body.l.code.mov(Width::W64, ACC, from),
        File::Float => body.l.code.load_xmm(Floats::Sd, FLOAT_ACC, from),
    }
    if to_slot {
        let pin = match d {
            EitherPin::None => None,
            EitherPin::Int(pin) | EitherPin::Float(pin) => Some(pin),
        };
        body.finish(file, offset_of!(GlobalCell, d), pin);
    }
    body.next::<GlobalCell>();
}

/// Reads a vector global.
pub(super) fn global_get_vector(body: &mut Body<'_>, imported: bool) {
    let from = global(body, imported);
    body.l.code.load_xmm(Floats::Ps, V1, from);
    finish_vector(body, offset_of!(GlobalCell, d));
    body.next::<GlobalCell>();
}

/// Writes a global, from the integer accumulator or a slot.
pub(super) fn global_set(body: &mut Body<'_>, from_acc: bool, imported: bool, variant: Variant) {
    let [_, a] = variant.either();
    let value = if from_acc {
        ACC
    } else {
        bits_in_acc(body, offset_of!(GlobalCell, a), a, A);
        A
    };
    let to = global(body, imported);
    body.l.code.store(Width::W64, to, value);
    body.next::<GlobalCell>();
}

/// Writes a vector global.
pub(super) fn global_set_vector(body: &mut Body<'_>, imported: bool) {
    let from = body.slot(offset_of!(GlobalCell, a), A);
    body.l.code.load_xmm(Floats::Ps, V1, from);
    let to = global(body, imported);
    body.l.code.store_xmm(Floats::Ps, to, V1);
    body.next::<GlobalCell>();
}

/// Selects one of two integers or floats; the condition is in a slot or the accumulator.
pub(super) fn select(
    body: &mut Body<'_>,
    file: File,
    condition_in_acc: bool,
    to_slot: bool,
    variant: Variant,
) {
    let [d, a, b] = variant.pins();
    let condition =
        if condition_in_acc { Place::Acc } else { Place::Slot(offset_of!(SelectCell, c)) };
    let a = Place::slot(offset_of!(SelectCell, a), a);
    let b = Place::slot(offset_of!(SelectCell, b), b);
    match file {
        File::Int => {
            let first = body.operand(a, ScalarType::I64, A, V1);
            let second = body.operand(b, ScalarType::I64, B, V1);
            let condition = body.operand(condition, ScalarType::I32, D, V1);
            let test = nonzero(&mut body.l, false, condition);
            test.select(&mut body.l, true, ACC, first, second);
        }
        File::Float => {
            let first = body.operand(a, ScalarType::F64, A, V1);
            let second = body.operand(b, ScalarType::F64, B, V1);
            let condition = body.operand(condition, ScalarType::I32, D, V1);
            let test = nonzero(&mut body.l, false, condition);
            test.select_floats(&mut body.l, Floats::Sd, FLOAT_ACC, first, second);
        }
    }
    if to_slot {
        body.finish(file, offset_of!(SelectCell, d), d);
    }
    body.next::<SelectCell>();
}

/// Selects one of two vectors.
pub(super) fn select_vector(body: &mut Body<'_>) {
    let (a, b) = (offset_of!(SelectCell, a), offset_of!(SelectCell, b));
    let code = &mut *body.l.code;
    code.movsx(Width::W16, Width::W64, A, body.cell.at(a));
    code.movsx(Width::W16, Width::W64, B, body.cell.at(b));
    let condition = body.operand(Place::Slot(offset_of!(SelectCell, c)), ScalarType::I32, D, V1);
    let test = nonzero(&mut body.l, false, condition);
    test.select(&mut body.l, true, A, A.into(), B.into());
    body.l.code.load_xmm(Floats::Ps, V1, Mem::base(FP).indexed(A, Scale::Eight));
    finish_vector(body, offset_of!(SelectCell, d));
    body.next::<SelectCell>();
}
