//! What the engine uses of the scalar rows: an enum over them, tables of their facts, and one
//! marker type per row whose trait implementation is the row's expression.
//!
//! Nothing here names an operator; add a row, and all of this follows.

use crate::{Scalar, ScalarType, Trap, op};

/// An operator on one scalar. Implemented by marker types in [`op`].
pub trait UnaryOp: 'static {
    /// The operator as a value.
    const OP: NumOp;
    /// The operand.
    type A: Scalar;
    /// The result.
    type R: Scalar;
    /// Whether `eval` can fail.
    const TRAPS: bool;

    /// What the operator computes.
    ///
    /// # Errors
    ///
    /// The trap the specification demands, if `TRAPS`.
    fn eval(a: Self::A) -> Result<Self::R, Trap>;
}

/// An operator on two scalars. Implemented by marker types in [`op`].
pub trait BinaryOp: 'static {
    /// The operator as a value.
    const OP: NumOp;
    /// The first operand, pushed first.
    type A: Scalar;
    /// The second operand.
    type B: Scalar;
    /// The result.
    type R: Scalar;
    /// Whether `eval` can fail.
    const TRAPS: bool;
    /// Whether swapping the operands never changes a bit of the result.
    const COMMUTES: bool;

    /// What the operator computes.
    ///
    /// # Errors
    ///
    /// The trap the specification demands, if `TRAPS`.
    fn eval(a: Self::A, b: Self::B) -> Result<Self::R, Trap>;
}

/// A scalar load. Implemented by marker types in [`op`].
pub trait LoadAccess: 'static {
    /// The operator as a value.
    const OP: LoadOp;
    /// How many bytes are read.
    const BYTES: usize;
    /// What is pushed.
    type Value: Scalar;

    /// The value for `raw`, the zero-extended little-endian integer that was read. Bits of `raw`
    /// beyond `BYTES` are ignored.
    fn extend(raw: u64) -> Self::Value;
}

/// A scalar store. Implemented by marker types in [`op`].
pub trait StoreAccess: 'static {
    /// The operator as a value.
    const OP: StoreOp;
    /// How many bytes are written.
    const BYTES: usize;
    /// What is popped.
    type Value: Scalar;

    /// The little-endian integer to write, zero-extended.
    fn narrow(value: Self::Value) -> u64;
}

/// An enum of operators in row order, with `ALL`, `COUNT` and `name()`.
macro_rules! op_enum {
    ($(#[$doc:meta])* $Enum:ident { $($op:ident $text:literal)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u16)]
        pub enum $Enum {
            $(#[doc = concat!("`", $text, "`")] $op,)*
        }

        impl $Enum {
            /// Every operator in row order: `ALL[op as usize] == op`.
            pub const ALL: &[$Enum] = &[$($Enum::$op),*];

            /// How many operators there are.
            pub const COUNT: usize = Self::ALL.len();

            /// The operator's name in wasm text.
            #[must_use]
            pub const fn name(self) -> &'static str {
                const NAMES: [&str; $Enum::COUNT] = [$($text),*];
                NAMES[self as usize]
            }
        }
    };
}

pub(crate) use op_enum;

/// From the numeric rows: `NumOp`, its facts, the markers and their `UnaryOp` or `BinaryOp`.
macro_rules! define_numeric {
    ($($op:ident $visit:ident $text:literal ($($p:ident: $P:ident),+) -> $R:ident
        $($word:ident)? = $e:expr;)*) => {
        op_enum! {
            /// A scalar numeric operator.
            NumOp { $($op $text)* }
        }

        impl NumOp {
            /// The operand types, first pushed first: one or two.
            #[must_use]
            pub const fn params(self) -> &'static [ScalarType] {
                const PARAMS: [&[ScalarType]; NumOp::COUNT] = [$(&[$(<$P>::KIND),+]),*];
                PARAMS[self as usize]
            }

            /// The result type.
            #[must_use]
            pub const fn result(self) -> ScalarType {
                const RESULTS: [ScalarType; NumOp::COUNT] = [$(<$R>::KIND),*];
                RESULTS[self as usize]
            }

            /// Whether the operator can trap.
            #[must_use]
            pub const fn traps(self) -> bool {
                const TRAPS: [bool; NumOp::COUNT] = [$(define_numeric!(@traps $($word)?)),*];
                TRAPS[self as usize]
            }

            /// Whether swapping the operands never changes a bit of the result.
            #[must_use]
            pub const fn commutes(self) -> bool {
                const COMMUTES: [bool; NumOp::COUNT] = [$(define_numeric!(@commutes $($word)?)),*];
                COMMUTES[self as usize]
            }

            /// Applies the operator to slots: constant folding in every tier, and the tests'
            /// oracle.
            ///
            /// # Errors
            ///
            /// The trap the specification demands.
            ///
            /// # Panics
            ///
            /// If there are fewer `args` than `params`.
            pub fn eval(self, args: &[u64]) -> Result<u64, Trap> {
                match self {
                    $(NumOp::$op => define_numeric!(@eval $op args ($($p),+)),)*
                }
            }
        }

        $(define_numeric!(@impl $op ($($p: $P),+) -> $R ($($word)?) = $e);)*
    };
    (@traps traps) => { true };
    (@traps $($word:ident)?) => { false };
    (@commutes commutes) => { true };
    (@commutes $($word:ident)?) => { false };
    (@eval $op:ident $args:ident ($a:ident)) => {
        op::$op::eval(Scalar::from_bits($args[0])).map(Scalar::to_bits)
    };
    (@eval $op:ident $args:ident ($a:ident, $b:ident)) => {
        op::$op::eval(Scalar::from_bits($args[0]), Scalar::from_bits($args[1])).map(Scalar::to_bits)
    };
    (@impl $op:ident ($a:ident: $A:ident) -> $R:ident ($($word:ident)?) = $e:expr) => {
        impl UnaryOp for op::$op {
            const OP: NumOp = NumOp::$op;
            type A = $A;
            type R = $R;
            const TRAPS: bool = define_numeric!(@traps $($word)?);

            #[inline(always)]
            fn eval($a: $A) -> Result<$R, Trap> {
                Ok($e)
            }
        }
    };
    (@impl $op:ident ($a:ident: $A:ident, $b:ident: $B:ident) -> $R:ident ($($word:ident)?)
        = $e:expr) => {
        impl BinaryOp for op::$op {
            const OP: NumOp = NumOp::$op;
            type A = $A;
            type B = $B;
            type R = $R;
            const TRAPS: bool = define_numeric!(@traps $($word)?);
            const COMMUTES: bool = define_numeric!(@commutes $($word)?);

            #[inline(always)]
            fn eval($a: $A, $b: $B) -> Result<$R, Trap> {
                Ok($e)
            }
        }
    };
}
crate::for_each_numeric_op!(define_numeric);

/// From the load rows: `LoadOp`, its facts, the markers and their `LoadAccess`.
macro_rules! define_loads {
    ($($op:ident $visit:ident $text:literal ($raw:ident: $Mem:ident) -> $V:ident = $e:expr;)*) => {
        op_enum! {
            /// A scalar load.
            LoadOp { $($op $text)* }
        }

        impl LoadOp {
            /// How many bytes are read.
            #[must_use]
            pub const fn bytes(self) -> usize {
                const BYTES: [usize; LoadOp::COUNT] = [$(size_of::<$Mem>()),*];
                BYTES[self as usize]
            }

            /// The type of the value that is pushed.
            #[must_use]
            pub const fn result(self) -> ScalarType {
                const RESULTS: [ScalarType; LoadOp::COUNT] = [$(<$V>::KIND),*];
                RESULTS[self as usize]
            }

            /// Whether the integer in memory is sign-extended.
            #[must_use]
            pub const fn signed(self) -> bool {
                const SIGNED: [bool; LoadOp::COUNT] = [$(<$Mem>::MIN != 0),*];
                SIGNED[self as usize]
            }

            /// The slot for `raw`, the zero-extended little-endian integer that was read.
            #[must_use]
            pub fn extend(self, raw: u64) -> u64 {
                match self {
                    $(LoadOp::$op => Scalar::to_bits(<op::$op as LoadAccess>::extend(raw)),)*
                }
            }
        }

        $(impl LoadAccess for op::$op {
            const OP: LoadOp = LoadOp::$op;
            const BYTES: usize = size_of::<$Mem>();
            type Value = $V;

            #[inline(always)]
            fn extend(raw: u64) -> $V {
                let $raw = raw as $Mem;
                $e
            }
        })*
    };
}
crate::for_each_load!(define_loads);

/// From the store rows: `StoreOp`, its facts, the markers and their `StoreAccess`.
macro_rules! define_stores {
    ($($op:ident $visit:ident $text:literal ($v:ident: $V:ident) -> $Mem:ident = $e:expr;)*) => {
        op_enum! {
            /// A scalar store.
            StoreOp { $($op $text)* }
        }

        impl StoreOp {
            /// How many bytes are written.
            #[must_use]
            pub const fn bytes(self) -> usize {
                const BYTES: [usize; StoreOp::COUNT] = [$(size_of::<$Mem>()),*];
                BYTES[self as usize]
            }

            /// The type of the value that is popped.
            #[must_use]
            pub const fn value(self) -> ScalarType {
                const VALUES: [ScalarType; StoreOp::COUNT] = [$(<$V>::KIND),*];
                VALUES[self as usize]
            }

            /// The little-endian integer to write for the value in slot `bits`, zero-extended.
            #[must_use]
            pub fn narrow(self, bits: u64) -> u64 {
                match self {
                    $(StoreOp::$op => <op::$op as StoreAccess>::narrow(Scalar::from_bits(bits)),)*
                }
            }
        }

        $(impl StoreAccess for op::$op {
            const OP: StoreOp = StoreOp::$op;
            const BYTES: usize = size_of::<$Mem>();
            type Value = $V;

            #[inline(always)]
            fn narrow($v: $V) -> u64 {
                let narrow: $Mem = $e;
                narrow.into()
            }
        })*
    };
}
crate::for_each_store!(define_stores);
