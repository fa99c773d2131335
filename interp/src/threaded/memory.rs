//! Scalar loads and stores.
//!
//! What lives here: the operands of accesses, and which memory they go to. What does not: how an
//! address is proven to be in bounds (`wasmtier_x64::lower`).
//!
//! Invariant: nothing is changed before an access can no longer fail; a cell whose access was out
//! of bounds can be run again.

use core::mem::{offset_of, size_of};

use wasmtier_ops::{LoadOp, ScalarType, StoreOp, Trap};
use wasmtier_vm::{VmCtx, VmMemory};
use wasmtier_x64::lower::{
    self, Access, FarOffset, GuestMem, Index, Limit, Offset, Operand, Reg, WideIndex,
};
use wasmtier_x64::{Gpr, Mem, Scale, Width};

use super::Bounds;
use super::body::{Body, File, Place, context, field};
use super::key::Variant;
use super::numeric::Places;
use super::registers::{A, B, D, FLOAT_ACC, FLOAT_PINS, MEMORY, T, V1};
use crate::cell::{FarLoadCell, FarStoreCell, LoadCell, StoreCell, StoreImmCell};
use crate::handler::{Dst, Src, Srcs};

/// An index of 32 bits, in `into`.
fn index(body: &mut Body<'_>, place: Place, into: Gpr) -> Index {
    match body.operand(place, ScalarType::I32, into, V1) {
        Operand::Mem(mem) => Index::loaded(body.l.code, into, mem),
        Operand::Reg(Reg::Gpr(from)) => Index::copied(body.l.code, into, from),
        Operand::Reg(Reg::Xmm(_)) | Operand::Imm(_) | Operand::Constant(_) => {
            unreachable!("an index is an integer that is not constant")
        }
    }
}

/// The place in memory 0 of an access with the offset at `offset` in the cell, if it has one.
fn near(body: &mut Body<'_>, index: Index, offset: Option<usize>, access: Access) -> GuestMem {
    let offset = offset.map_or(Offset::Imm(0), |offset| Offset::Mem(body.cell.at(offset)));
    let bounds = match body.bounds {
        Bounds::Guard => lower::Bounds::Guard,
        Bounds::Explicit => {
            let len = context(offset_of!(VmCtx, mem0_len)).into();
            lower::Bounds::Explicit(Limit { len, exit: body.out_of_bounds() })
        }
    };
    lower::address(&mut body.l, MEMORY, index, offset, access, bounds, T)
}

/// Loads from memory 0 by an index of 32 bits.
pub(super) fn load(body: &mut Body<'_>, op: LoadOp, dst: Dst, src: Src, variant: Variant) {
    let ([d, a], has_offset) = variant.load();
    let place = match src {
        Src::Slot => Place::slot(offset_of!(LoadCell, a), a),
        Src::Acc => Place::Acc,
    };
    let index = index(body, place, B);
    let offset = has_offset.then_some(offset_of!(LoadCell, offset));
    let from = near(body, index, offset, op.into());
    let file = File::of(op.result());
    lower::load(&mut body.l, op, file.accumulator(), from);
    if dst == Dst::Slot {
        body.finish(file, offset_of!(LoadCell, d), d);
    }
    body.next::<LoadCell>();
}

/// Stores to memory 0 by an index of 32 bits.
pub(super) fn store(body: &mut Body<'_>, op: StoreOp, srcs: Srcs, variant: Variant) {
    let (pins, has_offset) = variant.store();
    let places = Places::new(
        srcs,
        pins,
        offset_of!(StoreCell, a),
        offset_of!(StoreCell, b),
        offset_of!(StoreImmCell, imm),
    );
    let value = value_of(body, places.b, op.value());
    let index = index(body, places.a, B);
    let offset = has_offset.then_some(offset_of!(StoreCell, offset));
    let to = near(body, index, offset, op.into());
    lower::store(&mut body.l, op, to, value);
    body.go_on(if places.immediate { size_of::<StoreImmCell>() } else { size_of::<StoreCell>() });
}

/// A value to be stored, in a register.
fn value_of(body: &mut Body<'_>, place: Place, ty: ScalarType) -> Operand {
    match (place, File::of(ty)) {
        (Place::Acc, File::Float) => FLOAT_ACC.into(),
        (Place::Pin(pin), File::Float) => FLOAT_PINS[usize::from(pin)].into(),
        (Place::Imm(_), File::Float) => match body.operand(place, ty, A, V1) {
            Operand::Mem(mem) => {
                body.l.code.mov(Width::W32, A, mem);
                A.into()
            }
            other => other,
        },
        _ => body.in_gpr(place, ty, A).into(),
    }
}

impl Body<'_> {
    /// The place of an access to any memory, whose cell names the address `a`, the memory, and the
    /// offset, at these offsets.
    pub(super) fn far(&mut self, fields: &FarFields, memory64: bool, access: Access) -> GuestMem {
        let slot = self.slot(fields.a, B);
        let index = if memory64 {
            WideIndex::loaded(self.l.code, B, slot)
        } else {
            Index::loaded(self.l.code, B, slot).into()
        };
        let exit = self.trap(Trap::MemoryOutOfBounds);
        let (code, cell) = (&mut *self.l.code, self.cell);
        code.mov(Width::W32, T, cell.at(fields.memory));
        code.mov(Width::W64, D, context(offset_of!(VmCtx, memories)));
        code.mov(Width::W64, D, Mem::base(D).indexed(T, Scale::Eight));
        code.mov(Width::W64, FAR_LEN, field(D, offset_of!(VmMemory, len)));
        code.mov(Width::W64, D, field(D, offset_of!(VmMemory, base)));
        let limit = Limit { len: FAR_LEN.into(), exit };
        let offset = FarOffset::Mem(self.cell.at(fields.offset));
        lower::far_address(&mut self.l, D, index, offset, access, limit, T)
    }
}

/// Holds the length of the memory of a far access.
const FAR_LEN: Gpr = Gpr::Rsi;

/// Where a cell has what a far access needs.
pub(super) struct FarFields {
    pub(super) a: usize,
    pub(super) memory: usize,
    /// The low half of the offset, before the high one.
    pub(super) offset: usize,
}

/// The fields of cells that all far accesses have.
macro_rules! far_fields {
    ($cell:ty) => {
        $crate::threaded::memory::FarFields {
            a: core::mem::offset_of!($cell, a),
            memory: core::mem::offset_of!($cell, memory),
            offset: core::mem::offset_of!($cell, offset_low),
        }
    };
}
pub(super) use far_fields;

const _: () = assert!(
    offset_of!(FarLoadCell, offset_high) == offset_of!(FarLoadCell, offset_low) + 4
        && offset_of!(FarStoreCell, offset_high) == offset_of!(FarStoreCell, offset_low) + 4,
    "offsets are read as one number"
);

/// Loads from any memory.
pub(super) fn far_load(body: &mut Body<'_>, op: LoadOp, memory64: bool, variant: Variant) {
    let [d, _, _] = variant.pins();
    let from = body.far(&far_fields!(FarLoadCell), memory64, op.into());
    let file = File::of(op.result());
    lower::load(&mut body.l, op, file.accumulator(), from);
    body.finish(file, offset_of!(FarLoadCell, d), d);
    body.next::<FarLoadCell>();
}

/// Stores to any memory.
pub(super) fn far_store(body: &mut Body<'_>, op: StoreOp, memory64: bool) {
    let to = body.far(&far_fields!(FarStoreCell), memory64, op.into());
    // The length is no longer needed.
    let value = body.slot(offset_of!(FarStoreCell, b), FAR_LEN);
    lower::store(&mut body.l, op, to, value.into());
    body.next::<FarStoreCell>();
}
