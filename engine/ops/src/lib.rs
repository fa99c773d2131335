//! What every WebAssembly operator means.
//!
//! Each pure operator is one *row* of a flat table: its names, its signature and, on the same line,
//! its semantics as a Rust expression. Rows are the only list of operators in the workspace; the
//! interpreter's handlers, constant folding, the translator's visit methods and the operators that
//! fuzzing tries derive from them, so no two parts of the engine can disagree about a result.
//!
//! # Reading a row
//!
//! ```text
//! I32RemU visit_i32_rem_u "i32.rem_u" (a: u32, b: u32) -> u32 traps = a % int::nonzero(b)?;
//! |       |               |           |                   |   |       |
//! |       |               text name   operands, first     |   |       result, or a trap
//! |       visitor method              pushed first        |   `traps`, `commutes` or nothing
//! enum variant and marker type                            result type
//! ```
//!
//! A type is the Rust type through which the operator *looks at* a value: `u32` and `i32` are both
//! the wasm type `i32`. The tables:
//!
//! | macro | rows | derived |
//! |---|---|---|
//! | [`for_each_numeric_op!`] | 136 scalar operators | [`NumOp`], [`UnaryOp`], [`BinaryOp`] |
//! | [`for_each_wide_op!`] | 4 wide operators | [`WideOp`], [`WideBinary`], [`WideningBinary`] |
//! | [`for_each_load!`] | 14 scalar loads | [`LoadOp`], [`LoadAccess`] |
//! | [`for_each_store!`] | 9 scalar stores | [`StoreOp`], [`StoreAccess`] |
//! | [`for_each_simd_op!`] | 233 SIMD operators | [`SimdOp`], one trait per [`SimdShape`] |
//! | [`for_each_simd_access!`] | 22 SIMD loads and stores | [`SimdAccessOp`], [`SimdLoad`], … |
//! | [`for_each_atomic_access!`] | 63 atomic accesses | [`AtomicOp`], [`AtomicLoad`], … |
//!
//! Each calls a macro of the caller's with all its rows; see [`for_each_numeric_op!`] for a worked
//! example. Control, calls, variables, constants, references and tables are not here: they are not
//! pure, and how they work is the tiers' business.
//!
//! There are two layers of macros and no more: the rows, and what a consumer makes of them; the
//! consumers in this crate are the `derive` modules and `op`.

#![forbid(unsafe_code)]

mod access;
mod atomic;
mod derive;
mod derive_atomic;
mod derive_simd;
mod derive_wide;
pub mod float;
pub mod int;
pub mod lanes;
mod numeric;
pub mod op;
mod scalar;
mod simd;
mod trap;
mod wide;

pub use derive::{BinaryOp, LoadAccess, LoadOp, NumOp, StoreAccess, StoreOp, UnaryOp};
pub use derive_atomic::{
    AtomicLoad, AtomicOp, AtomicOperands, AtomicShape, AtomicStore, AtomicUpdate,
};
pub use derive_simd::{
    SimdAccessOp, SimdAccessShape, SimdBinary, SimdExtract, SimdLoad, SimdLoadLane, SimdOp,
    SimdReplace, SimdShape, SimdShift, SimdShuffle, SimdSplat, SimdStore, SimdStoreLane,
    SimdTernary, SimdTest, SimdUnary,
};
pub use derive_wide::{WideBinary, WideOp, WideShape, WideningBinary, join, split};
pub use lanes::V128;
pub use scalar::{Scalar, ScalarType};
pub use trap::Trap;
