//! What every WebAssembly operator means.
//!
//! Each pure operator is one *row* of a flat table: its names, its signature and, on the same line,
//! its semantics as a Rust expression. Rows are the only list of operators in the workspace; the
//! interpreter's handlers, constant folding, the translators' visit methods and the tests' oracle
//! derive from them, so no two parts of the engine can disagree about a result.
//!
//! # Reading a row
//!
//! ```text
//! I32DivU visit_i32_div_u "i32.div_u" (a: u32, b: u32) -> u32 traps = a / int::nonzero(b)?;
//! |       |               |           |                   |   |       |
//! |       |               text name   operands, first     |   |       result; `?` leaves: Trap
//! |       visitor method              pushed first        |   `traps`, `commutes` or nothing
//! variant of `NumOp`, marker type in `op`                 result type
//! ```
//!
//! A type is the Rust type through which the operator *looks at* a value: `u32` and `i32` are both
//! the wasm type `i32`. The tables:
//!
//! | macro | rows | derived |
//! |---|---|---|
//! | [`for_each_numeric_op!`] | 136 scalar operators | [`NumOp`], [`UnaryOp`], [`BinaryOp`] |
//! | [`for_each_load!`] | 14 scalar loads | [`LoadOp`], [`LoadAccess`] |
//! | [`for_each_store!`] | 9 scalar stores | [`StoreOp`], [`StoreAccess`] |
//!
//! Each calls a macro of the caller's with all its rows; see [`for_each_numeric_op!`] for a worked
//! example. Control, calls, variables, constants, references and tables are not here: they are not
//! pure, and how they work is the tiers' business.
//!
//! There are three layers of macros and no more: the rows, the one that derives, and the caller's.

#![forbid(unsafe_code)]

mod access;
mod derive;
pub mod float;
pub mod int;
mod numeric;
pub mod op;
mod scalar;
mod trap;

pub use derive::{BinaryOp, LoadAccess, LoadOp, NumOp, StoreAccess, StoreOp, UnaryOp};
pub use scalar::{Scalar, ScalarType};
pub use trap::Trap;
