//! Float semantics that Rust's operators leave open or define otherwise: which NaN comes out,
//! signed zeros in `min` and `max`, and the exact bounds of the trapping conversions.
//!
//! # The NaN rule
//!
//! The specification lets an operator that yields NaN choose sign and payload. Constant folding,
//! the portable back-end and machine code must agree on it, so every function here makes the choice
//! that x86-64's SSE instructions make:
//!
//! 1. the first operand that is NaN, with its quiet bit set and everything else kept;
//! 2. if no operand is NaN, the default NaN: sign and quiet bit set, the rest of the payload zero.
//!
//! Rust's own `+` promises neither (the compiler may swap operands or fold), hence `add` and
//! friends. `neg`, `abs` and `copysign` are not here: Rust defines them as pure operations on the
//! sign bit.

use std::ops::{Add, Div, Mul, Sub};

use crate::{Scalar, Trap};

/// What the generic functions of this module need to know of `f32` and `f64`.
pub trait Float:
    Scalar
    + PartialOrd
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
{
    /// The NaN of an operation without NaN operands.
    const DEFAULT_NAN: Self;

    /// `self` with the most significant bit of the fraction set: what makes a NaN a quiet one.
    fn quiet(self) -> Self;

    /// The square root, rounded to nearest; any NaN for negative numbers.
    fn root(self) -> Self;

    /// `self` rounded to an integral value in the direction `rounding`.
    fn round_to(self, rounding: Rounding) -> Self;
}

/// A direction in which to round to an integral value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    /// Towards positive infinity.
    Ceil,
    /// Towards negative infinity.
    Floor,
    /// Towards zero.
    Trunc,
    /// To the nearest, ties to even.
    Nearest,
}

/// Implements [`Float`] from one row per type: type, its default NaN and its quiet bit.
macro_rules! floats {
    ($($t:ident $default_nan:literal $quiet_bit:literal;)*) => {$(
        impl Float for $t {
            const DEFAULT_NAN: Self = $t::from_bits($default_nan);

            #[inline(always)]
            fn quiet(self) -> Self {
                $t::from_bits($t::to_bits(self) | $quiet_bit)
            }

            #[inline(always)]
            fn root(self) -> Self {
                self.sqrt()
            }

            #[inline(always)]
            fn round_to(self, rounding: Rounding) -> Self {
                match rounding {
                    Rounding::Ceil => self.ceil(),
                    Rounding::Floor => self.floor(),
                    Rounding::Trunc => self.trunc(),
                    Rounding::Nearest => self.round_ties_even(),
                }
            }
        }
    )*};
}

floats! {
    f32 0xffc0_0000 0x0040_0000;
    f64 0xfff8_0000_0000_0000 0x0008_0000_0000_0000;
}

/// Whether `a` is NaN.
#[inline(always)]
fn is_nan<F: Float>(a: F) -> bool {
    a.partial_cmp(&a).is_none()
}

/// The NaN rule for two operands.
#[cold]
fn nan_of<F: Float>(a: F, b: F) -> F {
    if is_nan(a) {
        a.quiet()
    } else if is_nan(b) {
        b.quiet()
    } else {
        F::DEFAULT_NAN
    }
}

/// `result`, or the NaN that `a` and `b` call for if it is NaN.
#[inline(always)]
fn with_nan_rule<F: Float>(result: F, a: F, b: F) -> F {
    if is_nan(result) { nan_of(a, b) } else { result }
}

/// `a + b`.
#[inline(always)]
pub fn add<F: Float>(a: F, b: F) -> F {
    with_nan_rule(a + b, a, b)
}

/// `a - b`.
#[inline(always)]
pub fn sub<F: Float>(a: F, b: F) -> F {
    with_nan_rule(a - b, a, b)
}

/// `a * b`.
#[inline(always)]
pub fn mul<F: Float>(a: F, b: F) -> F {
    with_nan_rule(a * b, a, b)
}

/// `a / b`.
#[inline(always)]
pub fn div<F: Float>(a: F, b: F) -> F {
    with_nan_rule(a / b, a, b)
}

/// The square root of `a`: the default NaN for negative numbers, -0 for -0.
#[inline(always)]
pub fn sqrt<F: Float>(a: F) -> F {
    with_nan_rule(a.root(), a, a)
}

/// The smallest integral value that is not below `a`.
#[inline(always)]
pub fn ceil<F: Float>(a: F) -> F {
    with_nan_rule(a.round_to(Rounding::Ceil), a, a)
}

/// The largest integral value that is not above `a`.
#[inline(always)]
pub fn floor<F: Float>(a: F) -> F {
    with_nan_rule(a.round_to(Rounding::Floor), a, a)
}

/// `a` without its fraction.
#[inline(always)]
pub fn trunc<F: Float>(a: F) -> F {
    with_nan_rule(a.round_to(Rounding::Trunc), a, a)
}

/// The integral value nearest to `a`, the even one of two that are equally near.
#[inline(always)]
pub fn nearest<F: Float>(a: F) -> F {
    with_nan_rule(a.round_to(Rounding::Nearest), a, a)
}

/// The smaller operand. NaN if either is NaN, and -0 is smaller than +0.
#[inline(always)]
pub fn min<F: Float>(a: F, b: F) -> F {
    if a < b {
        a
    } else if b < a {
        b
    } else if a == b {
        // Equal operands have equal bits unless they are zeros, where one sign bit is enough.
        F::from_bits(a.to_bits() | b.to_bits())
    } else {
        nan_of(a, b)
    }
}

/// The larger operand. NaN if either is NaN, and +0 is larger than -0.
#[inline(always)]
pub fn max<F: Float>(a: F, b: F) -> F {
    if a > b {
        a
    } else if b > a {
        b
    } else if a == b {
        // Equal operands have equal bits unless they are zeros, where it takes two sign bits.
        F::from_bits(a.to_bits() & b.to_bits())
    } else {
        nan_of(a, b)
    }
}

/// `b` if it is smaller, otherwise `a`, bit for bit: so `a` if either is NaN or both are zero.
#[inline(always)]
pub fn pmin<F: Float>(a: F, b: F) -> F {
    if b < a { b } else { a }
}

/// `b` if it is larger, otherwise `a`, bit for bit: so `a` if either is NaN or both are zero.
#[inline(always)]
pub fn pmax<F: Float>(a: F, b: F) -> F {
    if a < b { b } else { a }
}

/// The `f32` nearest to `a`; of a NaN the sign and the upper 23 bits of the payload are kept.
#[inline(always)]
pub fn demote(a: f64) -> f32 {
    if a.is_nan() {
        let bits = a.to_bits();
        let sign = (bits >> 32) as u32 & 0x8000_0000;
        f32::from_bits(sign | 0x7fc0_0000 | ((bits >> 29) as u32 & 0x003f_ffff))
    } else {
        a as f32
    }
}

/// `a` as an `f64`; of a NaN the sign is kept, and the payload in its upper bits.
#[inline(always)]
pub fn promote(a: f32) -> f64 {
    if a.is_nan() {
        let bits = u64::from(a.to_bits());
        let sign = (bits << 32) & 0x8000_0000_0000_0000;
        f64::from_bits(sign | 0x7ff8_0000_0000_0000 | ((bits & 0x003f_ffff) << 29))
    } else {
        f64::from(a)
    }
}

/// `a` if it lies strictly between the bounds, that is if its truncation is representable.
///
/// Each bound is the `f64` next to the range of the integer type, on its outside; as every `f32` is
/// an `f64`, the same bounds serve both.
#[inline(always)]
fn between(low: f64, a: f64, high: f64) -> Result<f64, Trap> {
    if low < a && a < high {
        Ok(a)
    } else if a.is_nan() {
        Err(Trap::BadConversionToInteger)
    } else {
        Err(Trap::IntegerOverflow)
    }
}

/// `a` without its fraction as a signed 32-bit integer.
///
/// # Errors
///
/// [`Trap::BadConversionToInteger`] for NaN, [`Trap::IntegerOverflow`] if it does not fit.
#[inline(always)]
pub fn trunc_to_i32(a: f64) -> Result<i32, Trap> {
    Ok(between(-2_147_483_649.0, a, 2_147_483_648.0)? as i32)
}

/// `a` without its fraction as an unsigned 32-bit integer.
///
/// # Errors
///
/// [`Trap::BadConversionToInteger`] for NaN, [`Trap::IntegerOverflow`] if it does not fit.
#[inline(always)]
pub fn trunc_to_u32(a: f64) -> Result<u32, Trap> {
    Ok(between(-1.0, a, 4_294_967_296.0)? as u32)
}

/// `a` without its fraction as a signed 64-bit integer.
///
/// # Errors
///
/// [`Trap::BadConversionToInteger`] for NaN, [`Trap::IntegerOverflow`] if it does not fit.
#[inline(always)]
pub fn trunc_to_i64(a: f64) -> Result<i64, Trap> {
    // -2^63 is in range and the next f64 below it is 2048 less.
    Ok(between(-9_223_372_036_854_777_856.0, a, 9_223_372_036_854_775_808.0)? as i64)
}

/// `a` without its fraction as an unsigned 64-bit integer.
///
/// # Errors
///
/// [`Trap::BadConversionToInteger`] for NaN, [`Trap::IntegerOverflow`] if it does not fit.
#[inline(always)]
pub fn trunc_to_u64(a: f64) -> Result<u64, Trap> {
    Ok(between(-1.0, a, 18_446_744_073_709_551_616.0)? as u64)
}
