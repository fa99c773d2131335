//! Translation of wasm to threaded code, and the back-ends that run it.
//!
//! What lives here: the IR ([cells](cell) with [handler ids](handler)), the translator from
//! validated wasm to it, and the portable back-end. What does not: stores, modules, host
//! functions; those are reached through `wasmtier_vm` alone.

mod cell;
mod code;
mod dump;
mod handler;
mod handlers;
#[forbid(unsafe_code)]
mod translate;

pub use code::{Code, TranslateError};
pub use dump::dump;
pub use handlers::{enter, frames};
pub use translate::{Scratch, translate, wasm_offset};
