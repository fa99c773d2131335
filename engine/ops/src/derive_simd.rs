//! What the engine uses of the SIMD rows: enums over them and one marker type per row, whose trait,
//! given by the row's shape, is the row's expression.
//!
//! Like `derive`, this names no operator.

use crate::derive::op_enum;
use crate::lanes::*;
use crate::{Scalar, ScalarType, op};

/// What operands and immediates a SIMD operator has, and what it yields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SimdShape {
    /// `v128` to `v128`.
    Unary,
    /// Two `v128` to one.
    Binary,
    /// Three `v128` to one.
    Ternary,
    /// `v128` to `i32`.
    Test,
    /// `v128` and an `i32`, to `v128`.
    Shift,
    /// A scalar to `v128`.
    Splat(ScalarType),
    /// `v128` and a lane immediate, to a scalar.
    Extract(ScalarType),
    /// `v128`, a scalar and a lane immediate, to `v128`.
    Replace(ScalarType),
    /// Two `v128` and sixteen lane immediates, to `v128`.
    Shuffle,
}

/// How a SIMD operator accesses memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SimdAccessShape {
    /// Memory to `v128`.
    Load,
    /// `v128` to memory.
    Store,
    /// Memory to the lane of a `v128` that an immediate names.
    LoadLane,
    /// The lane of a `v128` that an immediate names, to memory.
    StoreLane,
}

/// Defines the trait of each shape: its name, associated types, and the signature of `eval`.
macro_rules! shape_traits {
    ($($(#[$doc:meta])* $Trait:ident $Op:ident [$($Assoc:ident)?] $name:ident($($p:ident: $P:ty),+)
        -> $R:ty $(, $(#[$const_doc:meta])* $CONST:ident: $C:ty)*;)*) => {$(
        $(#[$doc])*
        pub trait $Trait: 'static {
            /// The operator as a value.
            const OP: $Op;
            $($(#[$const_doc])* const $CONST: $C;)*
            $(/// The scalar operand or result.
            type $Assoc: Scalar;)?

            /// What the operator computes.
            fn $name($($p: $P),+) -> $R;
        }
    )*};
}

shape_traits! {
    /// `v128` to `v128`.
    SimdUnary SimdOp [] eval(a: V128) -> V128;
    /// Two `v128` to one.
    SimdBinary SimdOp [] eval(a: V128, b: V128) -> V128,
        /// Whether swapping the operands never changes a bit of the result.
        COMMUTES: bool;
    /// Three `v128` to one.
    SimdTernary SimdOp [] eval(a: V128, b: V128, c: V128) -> V128;
    /// `v128` to `i32`.
    SimdTest SimdOp [] eval(a: V128) -> u32;
    /// `v128` shifted by an `i32`, taken modulo the width of a lane.
    SimdShift SimdOp [] eval(a: V128, n: u32) -> V128;
    /// A scalar to all lanes.
    SimdSplat SimdOp [Scalar] eval(a: Self::Scalar) -> V128;
    /// One lane to a scalar; `lane` is taken modulo `LANES`.
    SimdExtract SimdOp [Scalar] eval(a: V128, lane: u8) -> Self::Scalar,
        /// How many lanes there are.
        LANES: usize;
    /// A scalar into one lane; `lane` is taken modulo `LANES`.
    SimdReplace SimdOp [Scalar] eval(a: V128, b: Self::Scalar, lane: u8) -> V128,
        /// How many lanes there are.
        LANES: usize;
    /// Any bytes of two `v128` in any order; each of `lanes` is taken modulo 32.
    SimdShuffle SimdOp [] eval(a: V128, b: V128, lanes: [u8; 16]) -> V128;
    /// A load of a whole `v128` from `raw`, the zero-extended little-endian integer in memory.
    SimdLoad SimdAccessOp [] extend(raw: u128) -> V128,
        /// How many bytes are read.
        BYTES: usize;
    /// A store of a whole `v128`: yields the little-endian integer to write.
    SimdStore SimdAccessOp [] narrow(value: V128) -> u128,
        /// How many bytes are written.
        BYTES: usize;
    /// A load of one lane, whose index is taken modulo the number of lanes.
    SimdLoadLane SimdAccessOp [] insert(raw: u64, value: V128, lane: u8) -> V128,
        /// How many bytes are read.
        BYTES: usize;
    /// A store of one lane, whose index is taken modulo the number of lanes.
    SimdStoreLane SimdAccessOp [] extract(value: V128, lane: u8) -> u64,
        /// How many bytes are written.
        BYTES: usize;
}

/// From the SIMD rows: `SimdOp`, its facts, and the markers' traits.
macro_rules! define_simd {
    ($($op:ident $visit:ident $text:literal $shape:ident $params:tt -> $R:ident
        $($word:ident)? = $e:expr;)*) => {
        op_enum! {
            /// A SIMD operator that does not touch memory.
            SimdOp { $($op $text)* }
        }

        impl SimdOp {
            /// What operands and immediates the operator has, and what it yields.
            #[must_use]
            pub const fn shape(self) -> SimdShape {
                const SHAPES: [SimdShape; SimdOp::COUNT] =
                    [$(define_simd!(@shape $shape $params $R)),*];
                SHAPES[self as usize]
            }

            /// Whether swapping its two operands never changes a bit of the result.
            #[must_use]
            pub const fn commutes(self) -> bool {
                const COMMUTES: [bool; SimdOp::COUNT] = [$(define_simd!(@commutes $($word)?)),*];
                COMMUTES[self as usize]
            }

            /// Applies the operator: constant folding, and the tests' oracle.
            ///
            /// Operands and result are bits, a scalar's those of its slot; `lanes` are the lane
            /// immediates, of which `extract` and `replace` use the first.
            ///
            /// # Panics
            ///
            /// If there are fewer `args` than the shape has operands.
            #[must_use]
            pub fn eval(self, args: &[u128], lanes: [u8; 16]) -> u128 {
                match self {
                    $(SimdOp::$op => eval::$shape::<op::$op>(args, lanes),)*
                }
            }
        }

        $(define_simd!(@impl $shape $op $params -> $R ($($word)?) = $e);)*
    };
    (@commutes commutes) => { true };
    (@commutes) => { false };
    (@shape unary $params:tt $R:ident) => { SimdShape::Unary };
    (@shape binary $params:tt $R:ident) => { SimdShape::Binary };
    (@shape ternary $params:tt $R:ident) => { SimdShape::Ternary };
    (@shape test $params:tt $R:ident) => { SimdShape::Test };
    (@shape shift $params:tt $R:ident) => { SimdShape::Shift };
    (@shape splat ($a:ident: $A:ident) $R:ident) => { SimdShape::Splat(<$A>::KIND) };
    (@shape extract $params:tt $R:ident) => { SimdShape::Extract(<$R>::KIND) };
    (@shape replace ($a:ident: $A:ident, $b:ident: $B:ident, $lane:ident: u8) $R:ident) => {
        SimdShape::Replace(<$B>::KIND)
    };
    (@shape shuffle $params:tt $R:ident) => { SimdShape::Shuffle };
    (@impl unary $op:ident ($a:ident: $A:ident) -> $R:ident () = $e:expr) => {
        impl SimdUnary for op::$op {
            const OP: SimdOp = SimdOp::$op;

            #[inline(always)]
            fn eval($a: V128) -> V128 {
                let $a = <$A>::of($a);
                let result: $R = $e;
                result.pack()
            }
        }
    };
    (@impl binary $op:ident ($a:ident: $A:ident, $b:ident: $B:ident) -> $R:ident
        ($($word:ident)?) = $e:expr) => {
        impl SimdBinary for op::$op {
            const OP: SimdOp = SimdOp::$op;
            const COMMUTES: bool = define_simd!(@commutes $($word)?);

            #[inline(always)]
            fn eval($a: V128, $b: V128) -> V128 {
                let ($a, $b) = (<$A>::of($a), <$B>::of($b));
                let result: $R = $e;
                result.pack()
            }
        }
    };
    (@impl ternary $op:ident ($a:ident: $A:ident, $b:ident: $B:ident, $c:ident: $C:ident)
        -> $R:ident () = $e:expr) => {
        impl SimdTernary for op::$op {
            const OP: SimdOp = SimdOp::$op;

            #[inline(always)]
            fn eval($a: V128, $b: V128, $c: V128) -> V128 {
                let ($a, $b, $c) = (<$A>::of($a), <$B>::of($b), <$C>::of($c));
                let result: $R = $e;
                result.pack()
            }
        }
    };
    (@impl test $op:ident ($a:ident: $A:ident) -> $R:ident () = $e:expr) => {
        impl SimdTest for op::$op {
            const OP: SimdOp = SimdOp::$op;

            #[inline(always)]
            fn eval($a: V128) -> u32 {
                let $a = <$A>::of($a);
                let result: $R = $e;
                result as u32
            }
        }
    };
    (@impl shift $op:ident ($a:ident: $A:ident, $n:ident: u32) -> $R:ident () = $e:expr) => {
        impl SimdShift for op::$op {
            const OP: SimdOp = SimdOp::$op;

            #[inline(always)]
            fn eval($a: V128, $n: u32) -> V128 {
                let $a = <$A>::of($a);
                let result: $R = $e;
                result.pack()
            }
        }
    };
    (@impl splat $op:ident ($a:ident: $A:ident) -> $R:ident () = $e:expr) => {
        impl SimdSplat for op::$op {
            const OP: SimdOp = SimdOp::$op;
            type Scalar = $A;

            #[inline(always)]
            fn eval($a: $A) -> V128 {
                let result: $R = $e;
                result.pack()
            }
        }
    };
    (@impl extract $op:ident ($a:ident: $A:ident, $lane:ident: u8) -> $R:ident () = $e:expr) => {
        impl SimdExtract for op::$op {
            const OP: SimdOp = SimdOp::$op;
            const LANES: usize = <$A>::COUNT;
            type Scalar = $R;

            #[inline(always)]
            fn eval($a: V128, $lane: u8) -> $R {
                let $a = <$A>::of($a);
                $e
            }
        }
    };
    (@impl replace $op:ident ($a:ident: $A:ident, $b:ident: $B:ident, $lane:ident: u8)
        -> $R:ident () = $e:expr) => {
        impl SimdReplace for op::$op {
            const OP: SimdOp = SimdOp::$op;
            const LANES: usize = <$A>::COUNT;
            type Scalar = $B;

            #[inline(always)]
            fn eval($a: V128, $b: $B, $lane: u8) -> V128 {
                let $a = <$A>::of($a);
                let result: $R = $e;
                result.pack()
            }
        }
    };
    (@impl shuffle $op:ident ($a:ident: $A:ident, $b:ident: $B:ident, $lanes:ident: U8x16)
        -> $R:ident () = $e:expr) => {
        impl SimdShuffle for op::$op {
            const OP: SimdOp = SimdOp::$op;

            #[inline(always)]
            fn eval($a: V128, $b: V128, $lanes: [u8; 16]) -> V128 {
                let ($a, $b) = (<$A>::of($a), <$B>::of($b));
                let result: $R = $e;
                result.pack()
            }
        }
    };
}
crate::for_each_simd_op!(define_simd);

/// From the SIMD memory rows: `SimdAccessOp`, its facts, and the markers' traits.
macro_rules! define_access {
    ($($op:ident $visit:ident $text:literal $shape:ident $params:tt -> $R:ident = $e:expr;)*) => {
        op_enum! {
            /// A SIMD load or store.
            SimdAccessOp { $($op $text)* }
        }

        impl SimdAccessOp {
            /// What the operator moves.
            #[must_use]
            pub const fn shape(self) -> SimdAccessShape {
                const SHAPES: [SimdAccessShape; SimdAccessOp::COUNT] =
                    [$(define_access!(@shape $shape)),*];
                SHAPES[self as usize]
            }

            /// How many bytes are read or written.
            #[must_use]
            pub const fn bytes(self) -> usize {
                const BYTES: [usize; SimdAccessOp::COUNT] =
                    [$(define_access!(@bytes $shape $params $R)),*];
                BYTES[self as usize]
            }
        }

        $(define_access!(@impl $shape $op $params -> $R = $e);)*
    };
    (@shape load) => { SimdAccessShape::Load };
    (@shape store) => { SimdAccessShape::Store };
    (@shape load_lane) => { SimdAccessShape::LoadLane };
    (@shape store_lane) => { SimdAccessShape::StoreLane };
    (@bytes load ($raw:ident: $Mem:ident) $R:ident) => { size_of::<$Mem>() };
    (@bytes load_lane ($raw:ident: $Mem:ident, $($rest:tt)*) $R:ident) => { size_of::<$Mem>() };
    (@bytes store $params:tt $Mem:ident) => { size_of::<$Mem>() };
    (@bytes store_lane $params:tt $Mem:ident) => { size_of::<$Mem>() };
    (@impl load $op:ident ($raw:ident: $Mem:ident) -> $R:ident = $e:expr) => {
        impl SimdLoad for op::$op {
            const OP: SimdAccessOp = SimdAccessOp::$op;
            const BYTES: usize = size_of::<$Mem>();

            #[inline(always)]
            fn extend($raw: u128) -> V128 {
                let $raw = $raw as $Mem;
                let result: $R = $e;
                result.pack()
            }
        }
    };
    (@impl store $op:ident ($v:ident: $V:ident) -> $Mem:ident = $e:expr) => {
        impl SimdStore for op::$op {
            const OP: SimdAccessOp = SimdAccessOp::$op;
            const BYTES: usize = size_of::<$Mem>();

            #[inline(always)]
            fn narrow($v: V128) -> u128 {
                let $v = <$V>::of($v);
                let narrow: $Mem = $e;
                narrow.into()
            }
        }
    };
    (@impl load_lane $op:ident ($raw:ident: $Mem:ident, $v:ident: $V:ident, $lane:ident: u8)
        -> $R:ident = $e:expr) => {
        impl SimdLoadLane for op::$op {
            const OP: SimdAccessOp = SimdAccessOp::$op;
            const BYTES: usize = size_of::<$Mem>();

            #[inline(always)]
            fn insert($raw: u64, $v: V128, $lane: u8) -> V128 {
                let ($raw, $v) = ($raw as $Mem, <$V>::of($v));
                let result: $R = $e;
                result.pack()
            }
        }
    };
    (@impl store_lane $op:ident ($v:ident: $V:ident, $lane:ident: u8) -> $Mem:ident = $e:expr) => {
        impl SimdStoreLane for op::$op {
            const OP: SimdAccessOp = SimdAccessOp::$op;
            const BYTES: usize = size_of::<$Mem>();

            #[inline(always)]
            fn extract($v: V128, $lane: u8) -> u64 {
                let $v = <$V>::of($v);
                let narrow: $Mem = $e;
                narrow.into()
            }
        }
    };
}
crate::for_each_simd_access!(define_access);

/// `SimdOp::eval` for an operator of each shape; the functions are named as the shapes.
mod eval {
    use super::*;

    fn vector(bits: u128) -> V128 {
        V128::from_bits(bits)
    }

    fn scalar<S: Scalar>(bits: u128) -> S {
        S::from_bits(bits as u64)
    }

    pub(super) fn unary<O: SimdUnary>(args: &[u128], _: [u8; 16]) -> u128 {
        O::eval(vector(args[0])).to_bits()
    }

    pub(super) fn binary<O: SimdBinary>(args: &[u128], _: [u8; 16]) -> u128 {
        O::eval(vector(args[0]), vector(args[1])).to_bits()
    }

    pub(super) fn ternary<O: SimdTernary>(args: &[u128], _: [u8; 16]) -> u128 {
        O::eval(vector(args[0]), vector(args[1]), vector(args[2])).to_bits()
    }

    pub(super) fn test<O: SimdTest>(args: &[u128], _: [u8; 16]) -> u128 {
        O::eval(vector(args[0])).into()
    }

    pub(super) fn shift<O: SimdShift>(args: &[u128], _: [u8; 16]) -> u128 {
        O::eval(vector(args[0]), scalar(args[1])).to_bits()
    }

    pub(super) fn splat<O: SimdSplat>(args: &[u128], _: [u8; 16]) -> u128 {
        O::eval(scalar(args[0])).to_bits()
    }

    pub(super) fn extract<O: SimdExtract>(args: &[u128], lanes: [u8; 16]) -> u128 {
        O::eval(vector(args[0]), lanes[0]).to_bits().into()
    }

    pub(super) fn replace<O: SimdReplace>(args: &[u128], lanes: [u8; 16]) -> u128 {
        O::eval(vector(args[0]), scalar(args[1]), lanes[0]).to_bits()
    }

    pub(super) fn shuffle<O: SimdShuffle>(args: &[u128], lanes: [u8; 16]) -> u128 {
        O::eval(vector(args[0]), vector(args[1]), lanes).to_bits()
    }
}
