//! What the processor can do.
//!
//! Invariant: asked once per process, and the same for all engines.

use std::arch::is_x86_feature_detected;

use wasmtier_x64::CpuFeatures;

/// The optional instructions of this processor; `None` when it lacks what all our code needs.
pub(super) fn features() -> Option<CpuFeatures> {
    if !is_x86_feature_detected!("sse4.1") {
        return None;
    }
    let optional = [
        (is_x86_feature_detected!("avx"), CpuFeatures::AVX),
        (is_x86_feature_detected!("bmi1"), CpuFeatures::BMI1),
        (is_x86_feature_detected!("bmi2"), CpuFeatures::BMI2),
        (is_x86_feature_detected!("lzcnt"), CpuFeatures::LZCNT),
        (is_x86_feature_detected!("popcnt"), CpuFeatures::POPCNT),
        (is_x86_feature_detected!("fma"), CpuFeatures::FMA),
    ];
    let present = optional.into_iter().filter(|(present, _)| *present);
    Some(present.fold(CpuFeatures::FLOOR, |all, (_, feature)| all | feature))
}
