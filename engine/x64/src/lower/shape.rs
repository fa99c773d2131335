//! What scalar operators have in common.
//!
//! What lives here: the table that sorts operators into shapes that are lowered alike. What does
//! not: how. Invariant: with the types of its operands and its result, an operator's shape says all
//! that its lowering needs to know.

use wasmtier_ops::NumOp;

use crate::{Cond, Shift, Width, XmmOp};

/// How an operator is lowered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// Whether an integer is zero.
    Eqz,
    /// Whether two integers compare so.
    Compare(Cond),
    /// Whether two floats compare so.
    CompareFloats(Order),
    Count(Counted),
    Extend {
        from: Width,
        signed: bool,
    },
    Add,
    Sub,
    Mul,
    Divide {
        signed: bool,
        remainder: bool,
    },
    And,
    Or,
    Xor,
    Shift(Shift),
    /// Changes the sign bit alone.
    Sign(Sign),
    /// To an integral value, by the number of the direction in the instruction.
    Round(u8),
    Sqrt,
    /// By the instructions for either float.
    Float(XmmOp, XmmOp),
    Extremum(Extremum),
    Copysign,
    /// A float to an integer.
    Truncate {
        signed: bool,
        saturating: bool,
    },
    /// An integer to a float.
    Convert {
        signed: bool,
    },
    /// One float to the other.
    Resize,
    Reinterpret,
}

/// An order of two floats; of those with NaN only `Ne` holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Eq,
    Ne,
    Lt,
    Gt,
    Le,
    Ge,
}

/// Which bits are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Counted {
    LeadingZeros,
    TrailingZeros,
    Ones,
}

/// What becomes of the sign bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    Cleared,
    Inverted,
}

/// Which of two floats is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extremum {
    Min,
    Max,
}

/// Makes the function below from its table; every operator must be in it.
macro_rules! shapes {
    ($($($op:ident)+ => $shape:expr;)*) => {
        /// The shape of `op`.
        pub(super) fn shape(op: NumOp) -> Shape {
            match op {
                $($(NumOp::$op)|+ => $shape,)*
            }
        }
    };
}

shapes! {
    I32Eqz I64Eqz => Shape::Eqz;
    I32Eq I64Eq => Shape::Compare(Cond::E);
    I32Ne I64Ne => Shape::Compare(Cond::Ne);
    I32LtS I64LtS => Shape::Compare(Cond::L);
    I32LtU I64LtU => Shape::Compare(Cond::B);
    I32GtS I64GtS => Shape::Compare(Cond::G);
    I32GtU I64GtU => Shape::Compare(Cond::A);
    I32LeS I64LeS => Shape::Compare(Cond::Le);
    I32LeU I64LeU => Shape::Compare(Cond::Be);
    I32GeS I64GeS => Shape::Compare(Cond::Ge);
    I32GeU I64GeU => Shape::Compare(Cond::Ae);
    F32Eq F64Eq => Shape::CompareFloats(Order::Eq);
    F32Ne F64Ne => Shape::CompareFloats(Order::Ne);
    F32Lt F64Lt => Shape::CompareFloats(Order::Lt);
    F32Gt F64Gt => Shape::CompareFloats(Order::Gt);
    F32Le F64Le => Shape::CompareFloats(Order::Le);
    F32Ge F64Ge => Shape::CompareFloats(Order::Ge);
    I32Clz I64Clz => Shape::Count(Counted::LeadingZeros);
    I32Ctz I64Ctz => Shape::Count(Counted::TrailingZeros);
    I32Popcnt I64Popcnt => Shape::Count(Counted::Ones);
    I32Add I64Add => Shape::Add;
    I32Sub I64Sub => Shape::Sub;
    I32Mul I64Mul => Shape::Mul;
    I32DivS I64DivS => Shape::Divide { signed: true, remainder: false };
    I32DivU I64DivU => Shape::Divide { signed: false, remainder: false };
    I32RemS I64RemS => Shape::Divide { signed: true, remainder: true };
    I32RemU I64RemU => Shape::Divide { signed: false, remainder: true };
    I32And I64And => Shape::And;
    I32Or I64Or => Shape::Or;
    I32Xor I64Xor => Shape::Xor;
    I32Shl I64Shl => Shape::Shift(Shift::Shl);
    I32ShrS I64ShrS => Shape::Shift(Shift::Sar);
    I32ShrU I64ShrU => Shape::Shift(Shift::Shr);
    I32Rotl I64Rotl => Shape::Shift(Shift::Rol);
    I32Rotr I64Rotr => Shape::Shift(Shift::Ror);
    F32Abs F64Abs => Shape::Sign(Sign::Cleared);
    F32Neg F64Neg => Shape::Sign(Sign::Inverted);
    F32Nearest F64Nearest => Shape::Round(0);
    F32Floor F64Floor => Shape::Round(1);
    F32Ceil F64Ceil => Shape::Round(2);
    F32Trunc F64Trunc => Shape::Round(3);
    F32Sqrt F64Sqrt => Shape::Sqrt;
    F32Add F64Add => Shape::Float(XmmOp::Addss, XmmOp::Addsd);
    F32Sub F64Sub => Shape::Float(XmmOp::Subss, XmmOp::Subsd);
    F32Mul F64Mul => Shape::Float(XmmOp::Mulss, XmmOp::Mulsd);
    F32Div F64Div => Shape::Float(XmmOp::Divss, XmmOp::Divsd);
    F32Min F64Min => Shape::Extremum(Extremum::Min);
    F32Max F64Max => Shape::Extremum(Extremum::Max);
    F32Copysign F64Copysign => Shape::Copysign;
    I32WrapI64 I64ExtendI32U => Shape::Extend { from: Width::W32, signed: false };
    I64ExtendI32S I64Extend32S => Shape::Extend { from: Width::W32, signed: true };
    I32Extend8S I64Extend8S => Shape::Extend { from: Width::W8, signed: true };
    I32Extend16S I64Extend16S => Shape::Extend { from: Width::W16, signed: true };
    I32TruncF32S I32TruncF64S I64TruncF32S I64TruncF64S =>
        Shape::Truncate { signed: true, saturating: false };
    I32TruncF32U I32TruncF64U I64TruncF32U I64TruncF64U =>
        Shape::Truncate { signed: false, saturating: false };
    I32TruncSatF32S I32TruncSatF64S I64TruncSatF32S I64TruncSatF64S =>
        Shape::Truncate { signed: true, saturating: true };
    I32TruncSatF32U I32TruncSatF64U I64TruncSatF32U I64TruncSatF64U =>
        Shape::Truncate { signed: false, saturating: true };
    F32ConvertI32S F32ConvertI64S F64ConvertI32S F64ConvertI64S =>
        Shape::Convert { signed: true };
    F32ConvertI32U F32ConvertI64U F64ConvertI32U F64ConvertI64U =>
        Shape::Convert { signed: false };
    F32DemoteF64 F64PromoteF32 => Shape::Resize;
    I32ReinterpretF32 I64ReinterpretF64 F32ReinterpretI32 F64ReinterpretI64 => Shape::Reinterpret;
}
