//! What the engine uses of the wide rows: an enum over them and one marker type per row, whose
//! trait, given by the row's shape, is the row's expression.
//!
//! Like `derive`, this names no operator.

use crate::derive::op_enum;
use crate::{Scalar, op};

/// What operands a wide operator has. Its result is always two `i64`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WideShape {
    /// Two 128-bit integers: four `i64`.
    Wide,
    /// Two `i64`.
    Widening,
}

impl WideShape {
    /// How many `i64` are popped.
    #[must_use]
    pub const fn operands(self) -> usize {
        match self {
            Self::Wide => 4,
            Self::Widening => 2,
        }
    }
}

/// Two 128-bit integers to one. Implemented by marker types in [`op`].
pub trait WideBinary: 'static {
    /// The operator as a value.
    const OP: WideOp;

    /// What the operator computes.
    fn eval(a: u128, b: u128) -> u128;
}

/// Two slots to a 128-bit integer. Implemented by marker types in [`op`].
pub trait WideningBinary: 'static {
    /// The operator as a value.
    const OP: WideOp;

    /// What the operator computes.
    fn eval(a: u64, b: u64) -> u128;
}

/// From the wide rows: `WideOp`, its facts, and the markers' traits.
macro_rules! define_wide {
    ($($op:ident $visit:ident $text:literal $shape:ident ($a:ident: $A:ident, $b:ident: $B:ident)
        -> $R:ident $($word:ident)? = $e:expr;)*) => {
        op_enum! {
            /// An operator that yields a 128-bit integer.
            WideOp { $($op $text)* }
        }

        impl WideOp {
            /// What operands the operator has.
            #[must_use]
            pub const fn shape(self) -> WideShape {
                const SHAPES: [WideShape; WideOp::COUNT] = [$(define_wide!(@shape $shape)),*];
                SHAPES[self as usize]
            }

            /// Whether swapping the operands never changes a bit of the result.
            #[must_use]
            pub const fn commutes(self) -> bool {
                const COMMUTES: [bool; WideOp::COUNT] = [$(define_wide!(@commutes $($word)?)),*];
                COMMUTES[self as usize]
            }

            /// Applies the operator to slots, low halves first: constant folding in every tier, and
            /// the tests' oracle. The result is the low half and the high half.
            ///
            /// # Panics
            ///
            /// If there are fewer `args` than the shape has operands.
            #[must_use]
            pub fn eval(self, args: &[u64]) -> [u64; 2] {
                split(match self {
                    $(WideOp::$op => define_wide!(@eval $shape $op args),)*
                })
            }
        }

        $(define_wide!(@impl $shape $op ($a: $A, $b: $B) = $e);)*
    };
    (@shape wide) => { WideShape::Wide };
    (@shape widening) => { WideShape::Widening };
    (@commutes commutes) => { true };
    (@commutes) => { false };
    (@eval wide $op:ident $args:ident) => {
        <op::$op as WideBinary>::eval(join($args[0], $args[1]), join($args[2], $args[3]))
    };
    (@eval widening $op:ident $args:ident) => {
        <op::$op as WideningBinary>::eval($args[0], $args[1])
    };
    (@impl wide $op:ident ($a:ident: $A:ident, $b:ident: $B:ident) = $e:expr) => {
        impl WideBinary for op::$op {
            const OP: WideOp = WideOp::$op;

            #[inline(always)]
            fn eval($a: $A, $b: $B) -> u128 {
                $e
            }
        }
    };
    (@impl widening $op:ident ($a:ident: $A:ident, $b:ident: $B:ident) = $e:expr) => {
        impl WideningBinary for op::$op {
            const OP: WideOp = WideOp::$op;

            #[inline(always)]
            fn eval(a: u64, b: u64) -> u128 {
                let ($a, $b): ($A, $B) = (Scalar::from_bits(a), Scalar::from_bits(b));
                $e
            }
        }
    };
}
crate::for_each_wide_op!(define_wide);

/// The integer of two halves.
#[inline(always)]
#[must_use]
pub fn join(low: u64, high: u64) -> u128 {
    u128::from(low) | u128::from(high) << 64
}

/// The low and the high half of an integer.
#[inline(always)]
#[must_use]
pub fn split(whole: u128) -> [u64; 2] {
    [whole as u64, (whole >> 64) as u64]
}
