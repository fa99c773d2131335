//! [`CpuFeatures`]: which optional instructions may be used.
//!
//! What lives here: the set. What does not: finding out what this machine has, which needs the
//! machine. Invariant: the bits never change their meaning, as code on disk may name them.

use std::ops::BitOr;

/// A set of optional instruction groups above the floor, which is SSE4.1.
///
/// ```
/// use wasmtier_x64::CpuFeatures;
///
/// let cpu = CpuFeatures::AVX | CpuFeatures::BMI2;
/// assert!(cpu.has(CpuFeatures::AVX));
/// assert!(!cpu.has(CpuFeatures::AVX | CpuFeatures::FMA));
/// assert!(cpu.has(CpuFeatures::FLOOR));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct CpuFeatures(u32);

impl CpuFeatures {
    /// Nothing above SSE4.1, which is always there.
    pub const FLOOR: Self = Self(0);
    /// Three-operand vector instructions, and memory operands that need no alignment.
    pub const AVX: Self = Self(1);
    /// `andn`, `blsr`, `tzcnt`.
    pub const BMI1: Self = Self(1 << 1);
    /// `shlx`, `shrx`, `sarx`, `rorx`, `mulx`.
    pub const BMI2: Self = Self(1 << 2);
    /// `lzcnt`.
    pub const LZCNT: Self = Self(1 << 3);
    /// `popcnt`.
    pub const POPCNT: Self = Self(1 << 4);
    /// Fused multiply-add of floats.
    pub const FMA: Self = Self(1 << 5);
    /// Everything we know of.
    pub const ALL: Self = Self((1 << 6) - 1);

    /// Whether all of `features` are in the set.
    #[must_use]
    pub const fn has(self, features: Self) -> bool {
        self.0 & features.0 == features.0
    }

    /// The set as bits, to be stored and compared.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// The set that [`Self::bits`] gave; `None` when a bit is unknown.
    #[must_use]
    pub const fn from_bits(bits: u32) -> Option<Self> {
        if bits & !Self::ALL.0 == 0 { Some(Self(bits)) } else { None }
    }
}

impl BitOr for CpuFeatures {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}
