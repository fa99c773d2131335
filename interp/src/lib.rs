//! Translation of wasm to the interpreter's IR, and the back-ends that run it.
//!
//! What lives here: the IR (`cell`, and the ids of its handlers, `handler`), the translator from
//! validated wasm to it, and the loop that runs it. What does not: stores, modules, host functions;
//! those are reached through `wasmtier_vm` alone.
//!
//! Invariants: translation is deterministic and takes linear time; `unsafe` is in `handlers` alone,
//! which trusts the translator and nobody else.

mod cell;
mod code;
mod dump;
mod handler;
mod handlers;
#[forbid(unsafe_code)]
mod listing;
#[forbid(unsafe_code)]
mod threaded;
#[forbid(unsafe_code)]
mod translate;

pub use code::{Code, TranslateError};
pub use dump::dump;
pub use handlers::{enter, frames};
pub use listing::{ListedCell, ListedHandler, ListedRun, Listing, list};
pub use threaded::{Backend, Bounds, NameCode, PublishCode, Threaded};
pub use translate::{LoopCell, Scratch, loop_cells, translate, wasm_offsets};
