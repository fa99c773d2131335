//! The registers of the threaded back-end.
//!
//! What lives here: which register holds what between two cells. What does not: what handlers do
//! with them.
//!
//! Invariant: what is not named here is scratch. `rsp` stays where the entry left it, from the host
//! or from compiled code, ready for calls of helpers; frames are on the value stack.

use wasmtier_x64::{Gpr, Xmm};

use crate::cell::PINS;

/// The frame, which slots are found from.
pub(super) const FP: Gpr = Gpr::Rbp;
/// The context of the running instance.
pub(super) const CTX: Gpr = Gpr::R14;
/// The base of its memory 0.
pub(super) const MEMORY: Gpr = Gpr::Rbx;
/// The running cell.
pub(super) const PC: Gpr = Gpr::R15;
/// What handler words count from.
pub(super) const BASE: Gpr = Gpr::R13;

/// The accumulator of integers and references; 32-bit ones are zero-extended.
pub(super) const ACC: Gpr = Gpr::Rax;
/// The accumulator of floats.
pub(super) const FLOAT_ACC: Xmm = Xmm::new(0);

/// The pinned integer locals: copies of their slots.
pub(super) const INT_PINS: [Gpr; PINS] = [Gpr::R12, Gpr::R8, Gpr::R9, Gpr::R10];
/// The pinned float locals: copies of their slots.
pub(super) const FLOAT_PINS: [Xmm; PINS] = [Xmm::new(4), Xmm::new(5), Xmm::new(6), Xmm::new(7)];

/// Scratch for the first operand of a cell, or its slot.
pub(super) const A: Gpr = Gpr::Rsi;
/// Scratch for the second operand of a cell, or its slot; what shifts by a register want.
pub(super) const B: Gpr = Gpr::Rcx;
/// Scratch for what is neither.
pub(super) const T: Gpr = Gpr::Rdx;
/// Scratch for destinations.
pub(super) const D: Gpr = Gpr::Rdi;
/// Scratch that lowerings may change.
pub(super) const X: Gpr = Gpr::R11;

/// Scratch for vectors, and for floats on their way.
pub(super) const V1: Xmm = Xmm::new(1);
/// The same for a second operand.
pub(super) const V2: Xmm = Xmm::new(2);
/// The same for a third operand.
pub(super) const V3: Xmm = Xmm::new(3);
