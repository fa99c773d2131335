//! What the native tiers share of x86-64.
//!
//! What lives here: the buffer that machine code is collected in, the names of registers and
//! operands, encoders of single instructions, and one lowering per operator. What does not: nothing
//! here maps, runs or patches memory.
//!
//! Invariant: what leaves this crate is position independent and the same for the same input.

#![forbid(unsafe_code)]

mod buffer;
mod encode;
mod features;
pub mod lower;
mod mem;
mod reg;

pub use buffer::{CodeBuffer, Error};
pub use encode::{Alu, Count, Floats, Fma, Lowest, Shift, ShiftX, Unary, Wide};
pub use encode::{XmmBlend, XmmImm, XmmOp, XmmShift, XmmUnary, XmmUnaryImm};
pub use features::CpuFeatures;
pub use mem::{Address, GprMem, Mem, Scale, XmmMem};
pub use reg::{Cond, Gpr, Width, Xmm};
