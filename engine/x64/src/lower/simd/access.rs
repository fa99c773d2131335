//! Loads and stores of vectors: guest memory at a known address, to or from a register.
//!
//! What does not live here: how the address is formed and checked. Invariant: exactly one
//! instruction touches guest memory. It is noted as one that may fault, and nothing was changed
//! before it but scratch registers.

use wasmtier_ops::SimdAccessOp;

use super::form::T0;
use super::lanes;
use crate::lower::{GuestMem, Lowering};
use crate::{Floats, Mem, Width, Xmm, XmmUnary, XmmUnaryImm};

/// Loads a vector from `from`, or the lane of a vector that `value` tells, into `dst`.
///
/// `dst` may be that vector. See [`lower`](crate::lower) for what else is changed, and for faults.
///
/// # Panics
/// When `op` stores, or when `value` is missing where a lane is loaded.
pub fn load_vector(
    l: &mut Lowering<'_>,
    op: SimdAccessOp,
    dst: Xmm,
    value: Option<(Xmm, u8)>,
    from: GuestMem,
) {
    let from = from.mem();
    match op {
        SimdAccessOp::V128Load => plain(l, Floats::Ps, dst, from),
        SimdAccessOp::V128Load8x8S => extend(l, XmmUnary::Pmovsxbw, dst, from),
        SimdAccessOp::V128Load8x8U => extend(l, XmmUnary::Pmovzxbw, dst, from),
        SimdAccessOp::V128Load16x4S => extend(l, XmmUnary::Pmovsxwd, dst, from),
        SimdAccessOp::V128Load16x4U => extend(l, XmmUnary::Pmovzxwd, dst, from),
        SimdAccessOp::V128Load32x2S => extend(l, XmmUnary::Pmovsxdq, dst, from),
        SimdAccessOp::V128Load32x2U => extend(l, XmmUnary::Pmovzxdq, dst, from),
        SimdAccessOp::V128Load8Splat => splat_narrow(l, Width::W8, dst, from),
        SimdAccessOp::V128Load16Splat => splat_narrow(l, Width::W16, dst, from),
        SimdAccessOp::V128Load32Splat => {
            plain(l, Floats::Ss, dst, from);
            l.vector_unary_imm(XmmUnaryImm::Pshufd, dst, dst, 0);
        }
        SimdAccessOp::V128Load64Splat => extend(l, XmmUnary::Movddup, dst, from),
        SimdAccessOp::V128Load32Zero => plain(l, Floats::Ss, dst, from),
        SimdAccessOp::V128Load64Zero => plain(l, Floats::Sd, dst, from),
        SimdAccessOp::V128Load8Lane => lane(l, Width::W8, dst, value, from),
        SimdAccessOp::V128Load16Lane => lane(l, Width::W16, dst, value, from),
        SimdAccessOp::V128Load32Lane => lane(l, Width::W32, dst, value, from),
        SimdAccessOp::V128Load64Lane => lane(l, Width::W64, dst, value, from),
        SimdAccessOp::V128Store
        | SimdAccessOp::V128Store8Lane
        | SimdAccessOp::V128Store16Lane
        | SimdAccessOp::V128Store32Lane
        | SimdAccessOp::V128Store64Lane => panic!("{op:?} does not load"),
    }
}

/// Stores `value`, or its lane `lane` if the operator stores only that, to `to`.
///
/// See [`lower`](crate::lower) for what is changed, and for faults.
///
/// # Panics
/// When `op` loads.
pub fn store_vector(l: &mut Lowering<'_>, op: SimdAccessOp, to: GuestMem, value: Xmm, lane: u8) {
    let to = to.mem();
    l.exits.fault(l.code);
    match op {
        SimdAccessOp::V128Store => l.code.store_xmm(Floats::Ps, to, value),
        SimdAccessOp::V128Store8Lane => l.code.extract_lane(Width::W8, to, value, lane % 16),
        SimdAccessOp::V128Store16Lane => l.code.extract_lane(Width::W16, to, value, lane % 8),
        SimdAccessOp::V128Store32Lane => match lane % 4 {
            0 => l.code.store_xmm(Floats::Ss, to, value),
            lane => l.code.extract_lane(Width::W32, to, value, lane),
        },
        SimdAccessOp::V128Store64Lane => match lane % 2 {
            0 => l.code.store_xmm(Floats::Sd, to, value),
            lane => l.code.extract_lane(Width::W64, to, value, lane),
        },
        SimdAccessOp::V128Load
        | SimdAccessOp::V128Load8x8S
        | SimdAccessOp::V128Load8x8U
        | SimdAccessOp::V128Load16x4S
        | SimdAccessOp::V128Load16x4U
        | SimdAccessOp::V128Load32x2S
        | SimdAccessOp::V128Load32x2U
        | SimdAccessOp::V128Load8Splat
        | SimdAccessOp::V128Load16Splat
        | SimdAccessOp::V128Load32Splat
        | SimdAccessOp::V128Load64Splat
        | SimdAccessOp::V128Load32Zero
        | SimdAccessOp::V128Load64Zero
        | SimdAccessOp::V128Load8Lane
        | SimdAccessOp::V128Load16Lane
        | SimdAccessOp::V128Load32Lane
        | SimdAccessOp::V128Load64Lane => panic!("{op:?} does not store"),
    }
}

/// A whole vector, or a scalar with zeros above.
fn plain(l: &mut Lowering<'_>, floats: Floats, dst: Xmm, from: Mem) {
    l.exits.fault(l.code);
    l.code.load_xmm(floats, dst, from);
}

/// By an instruction that reads 64 bits, which need no alignment.
fn extend(l: &mut Lowering<'_>, op: XmmUnary, dst: Xmm, from: Mem) {
    l.exits.fault(l.code);
    l.vector_unary(op, dst, from);
}

fn splat_narrow(l: &mut Lowering<'_>, width: Width, dst: Xmm, from: Mem) {
    l.exits.fault(l.code);
    lanes::splat_narrow(l, width, dst, from);
}

fn lane(l: &mut Lowering<'_>, width: Width, dst: Xmm, value: Option<(Xmm, u8)>, from: Mem) {
    let (value, lane) = value.expect("a lane is loaded into a vector");
    if l.has_avx() || dst == value {
        l.exits.fault(l.code);
        lanes::insert(l, width, lane, dst, value, from);
    } else {
        l.vector_mov(T0, value);
        l.exits.fault(l.code);
        lanes::insert(l, width, lane, T0, T0, from);
        l.vector_mov(dst, T0);
    }
}
