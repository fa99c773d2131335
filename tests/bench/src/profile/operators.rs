//! What the counting rewrite needs to know of operators: their names, and where blocks end.
//!
//! What lives here: both, for every operator wasmparser reads. What does not: what they compute.

use wasmparser::Operator;

/// What an operator means for the basic blocks around it.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) enum Flow {
    /// Nothing: it computes.
    Plain,
    /// It executes nothing: `block`, `nop`.
    Structure,
    /// It executes nothing, and control joins behind it: `loop`, `end`.
    Join,
    /// It executes nothing, and the way behind it starts at the `if`: `else`.
    Else,
    /// Control may leave; where it does not, it goes on behind: calls, `br_if`, `if`.
    Fork,
    /// Control leaves: what follows is not reached.
    Leave,
    /// Not counted: exceptions of the old kind, stack switching.
    Unsupported,
}

impl Flow {
    pub(super) fn of(operator: &Operator<'_>) -> Self {
        use Operator as O;
        match operator {
            O::Block { .. } | O::TryTable { .. } | O::Nop => Self::Structure,
            O::Loop { .. } | O::End => Self::Join,
            O::Else => Self::Else,
            O::If { .. }
            | O::BrIf { .. }
            | O::BrOnNull { .. }
            | O::BrOnNonNull { .. }
            | O::BrOnCast { .. }
            | O::BrOnCastFail { .. }
            | O::BrOnCastDescEq { .. }
            | O::BrOnCastDescEqFail { .. }
            | O::Call { .. }
            | O::CallIndirect { .. }
            | O::CallRef { .. } => Self::Fork,
            O::Br { .. }
            | O::BrTable { .. }
            | O::Return
            | O::Unreachable
            | O::ReturnCall { .. }
            | O::ReturnCallIndirect { .. }
            | O::ReturnCallRef { .. }
            | O::Throw { .. }
            | O::ThrowRef => Self::Leave,
            O::Try { .. }
            | O::Catch { .. }
            | O::CatchAll
            | O::Rethrow { .. }
            | O::Delegate { .. }
            | O::Suspend { .. }
            | O::Resume { .. }
            | O::ResumeThrow { .. }
            | O::ResumeThrowRef { .. }
            | O::Switch { .. } => Self::Unsupported,
            _ => Self::Plain,
        }
    }
}

/// Whether an operator opens a construct that an `end` closes.
pub(super) fn opens(operator: &Operator<'_>) -> bool {
    use Operator as O;
    matches!(operator, O::Block { .. } | O::Loop { .. } | O::If { .. } | O::TryTable { .. })
}

/// The kind of an operator: its name, without immediates.
#[derive(Copy, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Kind(&'static str);

macro_rules! kinds {
    ($(
        @$proposal:ident $op:ident $({ $($arg:ident: $ty:ty),* })? => $visit:ident ($($ann:tt)*)
    )*) => {
        impl Kind {
            pub(super) fn of(operator: &Operator<'_>) -> Self {
                Self(match operator {
                    $(Operator::$op { .. } => stringify!($visit),)*
                    _ => "visit_unknown",
                })
            }
        }
    };
}
wasmparser::for_each_operator!(kinds);

/// What stands before the dot of an operator's name.
const TYPES: [&str; 19] = [
    "i32", "i64", "f32", "f64", "v128", "i8x16", "i16x8", "i32x4", "i64x2", "f32x4", "f64x2",
    "local", "global", "memory", "table", "ref", "data", "elem", "atomic",
];

impl Kind {
    /// `if`.
    pub(super) const IF: Self = Self("visit_if");

    /// Its name in the text format.
    #[must_use]
    pub fn name(self) -> String {
        let name = self.0.trim_start_matches("visit_");
        match name.split_once('_') {
            Some((head, rest)) if TYPES.contains(&head) => format!("{head}.{rest}"),
            _ => name.to_owned(),
        }
    }

    /// Whether it only names an operand, so that an engine with registers need not execute it.
    #[must_use]
    pub fn is_operand(self) -> bool {
        self.0 == "visit_local_get" || self.0.ends_with("_const")
    }
}
