//! Running what one lowering emits, and what it may change besides its result.

use wasmtier_x64::lower::{Exits, Lowering};
use wasmtier_x64::{CodeBuffer, CpuFeatures};

use crate::machine::{Machine, State, wrapped};

/// The floor, and what this machine has that is of use to vectors.
pub(super) fn feature_sets() -> Vec<CpuFeatures> {
    let avx = is_x86_feature_detected!("avx").then_some(CpuFeatures::AVX);
    let fma = is_x86_feature_detected!("fma").then_some(CpuFeatures::FMA);
    let floor = CpuFeatures::FLOOR;
    vec![floor, avx.into_iter().chain(fma).fold(floor, |set, feature| set | feature)]
}

/// The instructions that a lowering emits for `cpu`, up to where its constants are, and the offsets
/// of those that may fault.
pub(super) fn instructions(
    cpu: CpuFeatures,
    emit: impl FnOnce(&mut Lowering<'_>),
) -> (Vec<u8>, Vec<usize>) {
    let (mut code, mut exits) = (CodeBuffer::new(), Exits::default());
    emit(&mut Lowering { code: &mut code, exits: &mut exits, cpu });
    let length = code.len();
    exits.place_constants(&mut code);
    let mut bytes = code.finish().unwrap();
    bytes.truncate(length);
    (bytes, exits.faults().to_vec())
}

/// Code that can be run.
pub(super) fn machine(cpu: CpuFeatures, emit: impl FnOnce(&mut Lowering<'_>)) -> Machine {
    let mut exits = Exits::default();
    let mut code = wrapped(|code| emit(&mut Lowering { code, exits: &mut exits, cpu }));
    exits.place_constants(&mut code);
    Machine::new(code)
}

/// Code of these bytes, which do not refer to any others.
pub(super) fn machine_of(bytes: &[u8]) -> Machine {
    Machine::new(wrapped(|code| code.extend(bytes)))
}

/// Takes over from `actual` what any lowering may change.
pub(super) fn ignore_scratch(expected: &mut State, actual: &State) {
    expected.gpr[11] = actual.gpr[11];
    expected.xmm[13..].copy_from_slice(&actual.xmm[13..]);
}
