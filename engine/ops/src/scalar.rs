//! How the four scalar value types are seen: as 64-bit slots, as Rust values, as 32-bit immediates.
//! Knows no operator. Every conversion here keeps bits exactly, NaN payloads included.

/// One of the four scalar value types of wasm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum ScalarType {
    /// A 32-bit integer of either sign.
    I32,
    /// A 64-bit integer of either sign.
    I64,
    /// An IEEE 754 binary32.
    F32,
    /// An IEEE 754 binary64.
    F64,
}

impl ScalarType {
    /// The immediate that [`Scalar::from_imm`] decodes to the value in slot `bits`.
    ///
    /// `None` when there is none: an `i64` that is no sign-extended `i32`, or an `f64` that is NaN
    /// or loses bits on its way through `f32`.
    #[must_use]
    pub fn imm_of(self, bits: u64) -> Option<i32> {
        match self {
            ScalarType::I32 | ScalarType::F32 => Some(bits as i32),
            ScalarType::I64 => i32::try_from(bits as i64).ok(),
            ScalarType::F64 => {
                let value = f64::from_bits(bits);
                let short = value as f32;
                let exact = !value.is_nan() && f64::from(short).to_bits() == bits;
                exact.then(|| short.to_bits() as i32)
            }
        }
    }

    /// The slot that holds the value which immediate `imm` stands for.
    #[must_use]
    pub fn bits_of_imm(self, imm: i32) -> u64 {
        match self {
            ScalarType::I32 => u32::from_imm(imm).to_bits(),
            ScalarType::I64 => u64::from_imm(imm).to_bits(),
            ScalarType::F32 => Scalar::to_bits(f32::from_imm(imm)),
            ScalarType::F64 => Scalar::to_bits(f64::from_imm(imm)),
        }
    }

    /// The name of the type in wasm text.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            ScalarType::I32 => "i32",
            ScalarType::I64 => "i64",
            ScalarType::F32 => "f32",
            ScalarType::F64 => "f64",
        }
    }
}

/// A Rust type that can view a scalar wasm value: one of `i32 u32 i64 u64 f32 f64`.
///
/// A slot is a `u64`; 32-bit values are zero-extended in it.
pub trait Scalar: Copy + 'static {
    /// The wasm type this is a view of.
    const KIND: ScalarType;

    /// Reads a slot. The upper half of the slot of a 32-bit type is ignored.
    fn from_bits(bits: u64) -> Self;

    /// The slot for this value; the upper half of a 32-bit type's slot is zero.
    fn to_bits(self) -> u64;

    /// Decodes a 32-bit immediate: the bits of a 32-bit type, the sign-extended value of an `i64`,
    /// or the promoted `f32` with these bits for an `f64`. [`ScalarType::imm_of`] is the inverse.
    fn from_imm(imm: i32) -> Self;
}

/// Implements [`Scalar`] from one row per type: type, kind, `from_bits`, `to_bits`, `from_imm`.
macro_rules! scalars {
    ($($t:ident $kind:ident, $from:expr, $to:expr, $imm:expr;)*) => {$(
        impl Scalar for $t {
            const KIND: ScalarType = ScalarType::$kind;

            #[inline(always)]
            fn from_bits(bits: u64) -> Self {
                $from(bits)
            }

            #[inline(always)]
            fn to_bits(self) -> u64 {
                $to(self)
            }

            #[inline(always)]
            fn from_imm(imm: i32) -> Self {
                $imm(imm)
            }
        }
    )*};
}

scalars! {
    i32 I32, |bits| bits as i32, |value: i32| u64::from(value as u32), |imm| imm;
    u32 I32, |bits| bits as u32, u64::from, |imm| imm as u32;
    i64 I64, |bits| bits as i64, |value: i64| value as u64, i64::from;
    u64 I64, |bits| bits, |value: u64| value, |imm| i64::from(imm) as u64;
    f32 F32, |bits| f32::from_bits(bits as u32), |value: f32| u64::from(value.to_bits()),
        |imm| f32::from_bits(imm as u32);
    f64 F64, f64::from_bits, f64::to_bits, |imm| f64::from(f32::from_bits(imm as u32));
}
