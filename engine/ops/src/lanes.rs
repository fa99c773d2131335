//! The 128-bit vector value, its views as arrays of lanes, and the few ways in which lane-wise
//! operators combine lanes. No operator is named here.
//!
//! The expressions of the SIMD rows are written in these terms, so whoever expands one imports
//! `wasmtier_ops::lanes::*`. Lane 0 is the least significant, in every view.

use std::array::from_fn;
use std::fmt;

pub use crate::float;

/// A value of type `v128`.
///
/// It is kept as a little-endian integer: byte 0 in memory and lane 0 are the least significant
/// bits.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct V128(u128);

impl V128 {
    /// The value whose lane 0 is the least significant part of `bits`.
    #[inline(always)]
    #[must_use]
    pub const fn from_bits(bits: u128) -> Self {
        V128(bits)
    }

    /// The integer whose least significant part is lane 0.
    #[inline(always)]
    #[must_use]
    pub const fn to_bits(self) -> u128 {
        self.0
    }

    /// The value that `bytes` are in memory.
    #[inline(always)]
    #[must_use]
    pub const fn from_le_bytes(bytes: [u8; 16]) -> Self {
        V128(u128::from_le_bytes(bytes))
    }

    /// The bytes of the value in memory.
    #[inline(always)]
    #[must_use]
    pub const fn to_le_bytes(self) -> [u8; 16] {
        self.0.to_le_bytes()
    }
}

impl fmt::Debug for V128 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "V128({:#034x})", self.0)
    }
}

/// A way to look at a [`V128`]: as lanes of one type, or as a `u128` when lanes do not matter.
pub trait Lanes: Copy + 'static {
    /// How many lanes there are.
    const COUNT: usize;

    /// The lanes of `value`.
    fn of(value: V128) -> Self;

    /// The value that has these lanes.
    fn pack(self) -> V128;
}

impl Lanes for u128 {
    const COUNT: usize = 1;

    #[inline(always)]
    fn of(value: V128) -> Self {
        value.0
    }

    #[inline(always)]
    fn pack(self) -> V128 {
        V128(self)
    }
}

/// What [`eq`] and the other comparisons need to know of a lane type.
pub trait Lane: Copy + PartialOrd {
    /// The signed integer of the same width.
    type Mask;

    /// All ones if `holds`, otherwise zero.
    fn mask(holds: bool) -> Self::Mask;
}

/// Defines a view from one row each: its name, lane type, lane count and mask type.
macro_rules! views {
    ($($View:ident $T:ident $n:literal $Mask:ident;)*) => {$(
        #[doc = concat!("A `v128` as ", $n, " lanes of type `", stringify!($T), "`.")]
        pub type $View = [$T; $n];

        impl Lanes for $View {
            const COUNT: usize = $n;

            #[inline(always)]
            fn of(value: V128) -> Self {
                let bytes = value.to_le_bytes();
                let (chunks, _) = bytes.as_chunks();
                from_fn(|i| $T::from_le_bytes(chunks[i]))
            }

            #[inline(always)]
            fn pack(self) -> V128 {
                let mut bytes = [0; 16];
                for (chunk, lane) in bytes.as_chunks_mut().0.iter_mut().zip(self) {
                    *chunk = lane.to_le_bytes();
                }
                V128::from_le_bytes(bytes)
            }
        }

        impl Lane for $T {
            type Mask = $Mask;

            #[inline(always)]
            fn mask(holds: bool) -> $Mask {
                -$Mask::from(holds)
            }
        }
    )*};
}

views! {
    I8x16 i8 16 i8;
    U8x16 u8 16 i8;
    I16x8 i16 8 i16;
    U16x8 u16 8 i16;
    I32x4 i32 4 i32;
    U32x4 u32 4 i32;
    I64x2 i64 2 i64;
    U64x2 u64 2 i64;
    F32x4 f32 4 i32;
    F64x2 f64 2 i64;
}

/// Lane by lane, `f` of both operands.
#[inline(always)]
pub fn zip<A: Copy, B: Copy, R, const N: usize>(
    a: [A; N],
    b: [B; N],
    f: impl Fn(A, B) -> R,
) -> [R; N] {
    from_fn(|i| f(a[i], b[i]))
}

/// `f` of each lane of `a`, then of each lane of `b`; `M` is twice `N`.
#[inline(always)]
pub fn join<T: Copy, R, const N: usize, const M: usize>(
    a: [T; N],
    b: [T; N],
    f: impl Fn(T) -> R,
) -> [R; M] {
    from_fn(|i| f(if i < N { a[i] } else { b[i - N] }))
}

/// `f` of each pair of neighbours, the even one first; `N` is twice `M`.
#[inline(always)]
pub fn pairs<T: Copy, R, const N: usize, const M: usize>(
    a: [T; N],
    f: impl Fn(T, T) -> R,
) -> [R; M] {
    from_fn(|i| f(a[2 * i], a[2 * i + 1]))
}

/// The lower lanes of `a`, as many as there is room for, as a wider type.
#[inline(always)]
pub fn low<T: Copy + Into<R>, R, const N: usize, const M: usize>(a: [T; N]) -> [R; M] {
    from_fn(|i| a[i].into())
}

/// The upper lanes of `a`, as many as there is room for, as a wider type.
#[inline(always)]
pub fn high<T: Copy + Into<R>, R, const N: usize, const M: usize>(a: [T; N]) -> [R; M] {
    from_fn(|i| a[N - M + i].into())
}

/// The lanes of `a`, and zeros above them.
#[inline(always)]
pub fn zero_above<T: Copy + Default, const N: usize, const M: usize>(a: [T; N]) -> [T; M] {
    from_fn(|i| a.get(i).copied().unwrap_or_default())
}

/// Lane `lane` of `a`. The index is taken modulo the number of lanes, so this cannot panic; a valid
/// module has none out of range.
#[inline(always)]
pub fn at<T: Copy, const N: usize>(a: [T; N], lane: u8) -> T {
    a[usize::from(lane) % N]
}

/// `a` with `value` in lane `lane`; the index as in [`at`].
#[inline(always)]
pub fn with<T: Copy, const N: usize>(mut a: [T; N], lane: u8, value: T) -> [T; N] {
    a[usize::from(lane) % N] = value;
    a
}

/// The lane of `a` that each index names; zero for an index out of range.
#[inline(always)]
pub fn swizzle(a: U8x16, indices: U8x16) -> U8x16 {
    indices.map(|i| a.get(usize::from(i)).copied().unwrap_or(0))
}

/// The bytes of `a` and `b`, taken as one array, that `lanes` names; each index modulo 32.
#[inline(always)]
pub fn shuffle(a: U8x16, b: U8x16, lanes: U8x16) -> U8x16 {
    let both: [u8; 32] = join(a, b, |byte| byte);
    lanes.map(|i| at(both, i))
}

/// Bits of `a` where `mask` has ones, bits of `b` where it has zeros.
#[inline(always)]
pub fn select(a: u128, b: u128, mask: u128) -> u128 {
    (a & mask) | (b & !mask)
}

/// 1 if no lane is zero, otherwise 0.
#[inline(always)]
pub fn all_true<T: Copy + PartialEq + Default, const N: usize>(a: [T; N]) -> i32 {
    i32::from(a.iter().all(|&lane| lane != T::default()))
}

/// The sign bit of lane 0 in bit 0, and so on.
#[inline(always)]
pub fn bitmask<T: Copy + PartialOrd + Default, const N: usize>(a: [T; N]) -> u32 {
    a.iter().rev().fold(0, |mask, &lane| mask << 1 | u32::from(lane < T::default()))
}

/// The product of two fixed-point numbers with 15 fraction bits, rounded and saturated.
#[inline(always)]
pub fn q15_mul(a: i16, b: i16) -> i16 {
    // Only -1 * -1 leaves the range, and only upwards.
    ((i32::from(a) * i32::from(b) + 0x4000) >> 15).min(i32::from(i16::MAX)) as i16
}

/// The dot product of neighbouring lanes as signed integers. Wraps if all four factors are -128.
#[inline(always)]
pub fn dot_i8(a: I8x16, b: I8x16) -> I16x8 {
    pairs(zip(a, b, |a, b| i16::from(a) * i16::from(b)), i16::wrapping_add)
}

/// `c` plus the sums of neighbouring lanes of [`dot_i8`].
#[inline(always)]
pub fn dot_add_i8(a: I8x16, b: I8x16, c: I32x4) -> I32x4 {
    let sums: I32x4 = pairs(dot_i8(a, b), |x, y| i32::from(x) + i32::from(y));
    zip(sums, c, i32::wrapping_add)
}

/// The dot product of neighbouring lanes. Wraps if all four factors are -32768.
#[inline(always)]
pub fn dot_i16(a: I16x8, b: I16x8) -> I32x4 {
    pairs(zip(a, b, |a, b| i32::from(a) * i32::from(b)), i32::wrapping_add)
}

/// Defines a comparison from one row each: its name and the operator.
macro_rules! comparisons {
    ($($name:ident $symbol:tt;)*) => {$(
        #[doc = concat!("All ones in each lane where `a ", stringify!($symbol), " b`, else zeros.")]
        #[inline(always)]
        pub fn $name<T: Lane, const N: usize>(a: [T; N], b: [T; N]) -> [T::Mask; N] {
            zip(a, b, |a, b| T::mask(a $symbol b))
        }
    )*};
}

comparisons! {
    eq ==;
    ne !=;
    lt <;
    gt >;
    le <=;
    ge >=;
}
