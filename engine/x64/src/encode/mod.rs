//! Encoders of single instructions, as methods of [`CodeBuffer`](crate::CodeBuffer).
//!
//! What lives here: the forms that translated code is made of, operands in the order of the
//! vendors' manuals, the destination first. What does not: what an operator needs, register choice,
//! and rare instructions, which are written with `dynasm!`. Invariant: no shorter encoding of the
//! same instruction exists, apart from exchanging the operands of a commutative one.

mod alu;
mod atomic;
mod bits;
mod control;
mod form;
mod mov;
mod mul;
mod shift;
mod sse;
mod vex;
mod xmm;

pub use alu::{Alu, Unary};
pub use bits::{Count, Lowest};
pub use mul::Wide;
pub use shift::{Shift, ShiftX};
pub use vex::Fma;
pub use xmm::{Floats, XmmBlend, XmmImm, XmmOp, XmmShift, XmmUnary, XmmUnaryImm};
