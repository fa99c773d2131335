//! STUB until the lowerings land.
use wasmtier_ops::{SimdAccessOp, SimdOp};

use super::body::Body;
use super::key::Variant;

pub(super) fn simd(body: &mut Body<'_>, _: SimdOp, _: Variant) {
    super::control::trap(body);
}

pub(super) fn simd_access(body: &mut Body<'_>, _: SimdAccessOp, _: bool, _: Variant) {
    super::control::trap(body);
}
