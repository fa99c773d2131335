//! What the engine uses of the atomic rows: [`AtomicOp`], its facts, and a trait per kind of access
//! that the markers implement with the row's expression.
//!
//! Nothing here names an operator; add a row, and all of this follows.

use crate::derive::op_enum;
use crate::{Scalar, ScalarType, op};

/// What an atomic access does with the integer in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AtomicShape {
    /// Reads it.
    Load,
    /// Overwrites it.
    Store,
    /// Adds to it. Like all shapes but the first two, it pushes what was there before.
    Add,
    /// Subtracts from it.
    Sub,
    /// Clears bits of it.
    And,
    /// Sets bits of it.
    Or,
    /// Flips bits of it.
    Xor,
    /// Overwrites it.
    Xchg,
    /// Overwrites it if it is what is expected.
    Cmpxchg,
}

/// An atomic load. Implemented by marker types in [`op`].
pub trait AtomicLoad: 'static {
    /// The operator as a value.
    const OP: AtomicOp;
    /// How many bytes are read.
    const BYTES: usize;
    /// What is pushed.
    type Value: Scalar;

    /// The value for `raw`, the zero-extended little-endian integer that was read.
    fn extend(raw: u64) -> Self::Value;
}

/// An atomic store. Implemented by marker types in [`op`].
pub trait AtomicStore: 'static {
    /// The operator as a value.
    const OP: AtomicOp;
    /// How many bytes are written.
    const BYTES: usize;
    /// What is popped.
    type Value: Scalar;

    /// The little-endian integer to write, zero-extended.
    fn narrow(value: Self::Value) -> u64;
}

/// An atomic operator that reads and writes. Implemented by marker types in [`op`].
pub trait AtomicUpdate: 'static {
    /// The operator as a value.
    const OP: AtomicOp;
    /// How many bytes are read and written.
    const BYTES: usize;
    /// What is popped behind the address: the value; or what is expected, and its replacement.
    type Operands: AtomicOperands<Value = Self::Value>;
    /// What is pushed: the integer that was in memory, zero-extended.
    type Value: Scalar;

    /// The integer to write in the place of `old`, both zero-extended; `None` when `old` stays.
    fn update(old: u64, operands: Self::Operands) -> Option<u64>;
}

/// The operands of an [`AtomicUpdate`] behind the address: one value or two.
pub trait AtomicOperands: Copy {
    /// The type of each.
    type Value: Scalar;
}

impl<V: Scalar> AtomicOperands for [V; 1] {
    type Value = V;
}

impl<V: Scalar> AtomicOperands for [V; 2] {
    type Value = V;
}

/// From the atomic rows: `AtomicOp`, its facts, and the markers' traits.
macro_rules! define_atomic {
    ($($op:ident $visit:ident $text:literal $shape:ident $params:tt -> $R:ident = $e:expr;)*) => {
        op_enum! {
            /// An atomic access to linear memory.
            AtomicOp { $($op $text)* }
        }

        impl AtomicOp {
            /// What the access does.
            #[must_use]
            pub const fn shape(self) -> AtomicShape {
                const SHAPES: [AtomicShape; AtomicOp::COUNT] = [$(define_atomic!(@shape $shape)),*];
                SHAPES[self as usize]
            }

            /// How many bytes are accessed. The effective address must be a multiple of it.
            #[must_use]
            pub const fn bytes(self) -> usize {
                const BYTES: [usize; AtomicOp::COUNT] =
                    [$(define_atomic!(@bytes $shape $params $R)),*];
                BYTES[self as usize]
            }

            /// The type of the operands behind the address and of the result.
            #[must_use]
            pub const fn value(self) -> ScalarType {
                const VALUES: [ScalarType; AtomicOp::COUNT] =
                    [$(define_atomic!(@value $shape $params $R)),*];
                VALUES[self as usize]
            }
        }

        $(define_atomic!(@impl $shape $op $params -> $R = $e);)*
    };
    (@shape load) => { AtomicShape::Load };
    (@shape store) => { AtomicShape::Store };
    (@shape add) => { AtomicShape::Add };
    (@shape sub) => { AtomicShape::Sub };
    (@shape and) => { AtomicShape::And };
    (@shape or) => { AtomicShape::Or };
    (@shape xor) => { AtomicShape::Xor };
    (@shape xchg) => { AtomicShape::Xchg };
    (@shape cmpxchg) => { AtomicShape::Cmpxchg };
    (@bytes store $params:tt $Mem:ident) => { size_of::<$Mem>() };
    (@bytes $shape:ident ($old:ident: $Mem:ident $($rest:tt)*) $R:ident) => { size_of::<$Mem>() };
    (@value store ($v:ident: $V:ident) $Mem:ident) => { <$V>::KIND };
    (@value $shape:ident $params:tt $R:ident) => { <$R>::KIND };
    (@impl load $op:ident ($raw:ident: $Mem:ident) -> $V:ident = $e:expr) => {
        impl AtomicLoad for op::$op {
            const OP: AtomicOp = AtomicOp::$op;
            const BYTES: usize = size_of::<$Mem>();
            type Value = $V;

            #[inline(always)]
            fn extend(raw: u64) -> $V {
                let $raw = raw as $Mem;
                $e
            }
        }
    };
    (@impl store $op:ident ($v:ident: $V:ident) -> $Mem:ident = $e:expr) => {
        impl AtomicStore for op::$op {
            const OP: AtomicOp = AtomicOp::$op;
            const BYTES: usize = size_of::<$Mem>();
            type Value = $V;

            #[inline(always)]
            fn narrow($v: $V) -> u64 {
                let narrow: $Mem = $e;
                narrow.into()
            }
        }
    };
    (@impl cmpxchg $op:ident ($old:ident: $Mem:ident, $expected:ident: $V:ident,
        $replacement:ident: $W:ident) -> $R:ident = $e:expr) => {
        impl AtomicUpdate for op::$op {
            const OP: AtomicOp = AtomicOp::$op;
            const BYTES: usize = size_of::<$Mem>();
            type Operands = [$V; 2];
            type Value = $R;

            #[inline(always)]
            fn update(old: u64, [$expected, $replacement]: [$V; 2]) -> Option<u64> {
                let $old = old as $Mem;
                let new: Option<$Mem> = $e;
                new.map(u64::from)
            }
        }
    };
    (@impl $shape:ident $op:ident ($old:ident: $Mem:ident, $v:ident: $V:ident) -> $R:ident
        = $e:expr) => {
        impl AtomicUpdate for op::$op {
            const OP: AtomicOp = AtomicOp::$op;
            const BYTES: usize = size_of::<$Mem>();
            type Operands = [$V; 1];
            type Value = $R;

            #[inline(always)]
            fn update(old: u64, [$v]: [$V; 1]) -> Option<u64> {
                let $old = old as $Mem;
                // An exchange does not look at it.
                let _ = $old;
                let new: $Mem = $e;
                Some(new.into())
            }
        }
    };
}
crate::for_each_atomic_access!(define_atomic);
