//! What the processor can do.
//!
//! Asked of the processor itself, as little as will do: in a virtual machine each question costs a
//! microsecond, and the standard library's detection asks a dozen at once.
//!
//! Invariant: what is found can be used: the processor has the instructions, and the system saves
//! the registers they need.

use std::arch::asm;
use std::arch::x86_64::__cpuid;

use wasmtier_x64::CpuFeatures;

/// Bits of `ecx` for leaf 1.
const FMA: u32 = 1 << 12;
const SSE41: u32 = 1 << 19;
const POPCNT: u32 = 1 << 23;
const OSXSAVE: u32 = 1 << 27;
const AVX: u32 = 1 << 28;

/// Bits of `ebx` for leaf 7.
const BMI1: u32 = 1 << 3;
const BMI2: u32 = 1 << 8;

/// Bit of `ecx` for leaf `0x8000_0001`, which all 64-bit processors have.
const LZCNT: u32 = 1 << 5;

/// Bits of `xcr0`: vectors of 128 and 256 bits are saved.
const VECTORS: u32 = 0b110;

/// The optional instructions of this processor; `None` when it lacks what all our code needs.
pub(super) fn features() -> Option<CpuFeatures> {
    let basic = __cpuid(1).ecx;
    if basic & SSE41 == 0 {
        return None;
    }
    let extended = if __cpuid(0).eax >= 7 { __cpuid(7).ebx } else { 0 };
    let amd = __cpuid(0x8000_0001).ecx;
    let has_avx = basic & AVX != 0
        && basic & OSXSAVE != 0
        // SAFETY: the bit says that the register can be read.
        && unsafe { saved_registers() } & VECTORS == VECTORS;
    let optional = [
        (has_avx, CpuFeatures::AVX),
        (extended & BMI1 != 0, CpuFeatures::BMI1),
        (extended & BMI2 != 0, CpuFeatures::BMI2),
        (amd & LZCNT != 0, CpuFeatures::LZCNT),
        (basic & POPCNT != 0, CpuFeatures::POPCNT),
        (has_avx && basic & FMA != 0, CpuFeatures::FMA),
    ];
    let present = optional.into_iter().filter(|(present, _)| *present);
    Some(present.fold(CpuFeatures::FLOOR, |all, (_, feature)| all | feature))
}

/// The lower half of `xcr0`: which registers the system saves.
///
/// # Safety
///
/// The processor sets `OSXSAVE`.
unsafe fn saved_registers() -> u32 {
    let low: u32;
    // SAFETY: reads a register that exists (caller's contract).
    unsafe {
        asm!("xgetbv", in("ecx") 0, out("eax") low, out("edx") _, options(nomem, nostack));
    }
    low
}

#[cfg(test)]
mod tests {
    use std::arch::is_x86_feature_detected;

    use super::*;

    #[test]
    fn the_standard_library_finds_the_same() {
        let found = features().unwrap_or_default();
        assert_eq!(features().is_some(), is_x86_feature_detected!("sse4.1"));
        assert_eq!(found.has(CpuFeatures::AVX), is_x86_feature_detected!("avx"));
        assert_eq!(found.has(CpuFeatures::BMI1), is_x86_feature_detected!("bmi1"));
        assert_eq!(found.has(CpuFeatures::BMI2), is_x86_feature_detected!("bmi2"));
        assert_eq!(found.has(CpuFeatures::LZCNT), is_x86_feature_detected!("lzcnt"));
        assert_eq!(found.has(CpuFeatures::POPCNT), is_x86_feature_detected!("popcnt"));
        assert_eq!(found.has(CpuFeatures::FMA), is_x86_feature_detected!("fma"));
    }
}
