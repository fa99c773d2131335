//! [`Listing`]: a function's cells and handlers as text and plain data, for whoever looks at them.
//!
//! What lives here: the data, and how it is gathered: by translating again. What does not: how it
//! is laid out, and the wasm beside it (the engine).
//!
//! Invariant: what is listed is what is run, but nothing of it can be run, and listing publishes
//! nothing. It depends on the function and the back-end alone.

use wasmtier_vm::{FuncIdx, ModuleInfo, Slot};

use crate::cell::WORD;
use crate::code::TranslateError;
use crate::dump::cells;
use crate::threaded::Backend;
use crate::translate::translate_with_map;

/// A translated function, to be looked at.
#[derive(Clone, Debug)]
pub struct Listing {
    /// Length of its code in bytes, header included.
    pub byte_len: usize,
    /// Its cells, in order.
    pub cells: Vec<ListedCell>,
    /// The slots of its pinned locals, integers and floats, in the order of their registers. The
    /// portable back-end pins none.
    pub pins: [Vec<Slot>; 2],
    /// The handlers that run it, each once. Empty for the portable back-end; else the first opens
    /// the function's frame.
    pub handlers: Vec<ListedHandler>,
    /// The handler that stands behind its calls, if it makes any.
    pub resume: Option<usize>,
    /// Its cells in a row that get one handler when it is warm.
    pub runs: Vec<ListedRun>,
}

/// A cell.
#[derive(Clone, Debug)]
pub struct ListedCell {
    /// Where it begins in the code, in bytes.
    pub at: u32,
    /// Its length in bytes.
    pub len: u32,
    /// The offset in the module's bytes of the operator that it was translated from.
    pub wasm_offset: u64,
    /// Its operator and operands.
    pub text: String,
    /// The handler that runs it.
    pub handler: Option<usize>,
}

/// A handler of the threaded back-end.
#[derive(Clone, Debug)]
pub struct ListedHandler {
    /// Its name.
    pub name: String,
    /// Its bytes. They do not depend on where they are.
    pub bytes: Vec<u8>,
    /// Where in the bytes the instructions are that access guest memory.
    pub faults: Vec<u32>,
}

/// Several cells in a row with one handler.
#[derive(Clone, Debug)]
pub struct ListedRun {
    /// The first.
    pub first: usize,
    /// How many.
    pub cells: usize,
    /// Whether the handler opens the function's frame before.
    pub opens: bool,
    /// The handler.
    pub handler: usize,
}

/// Lists a function the module defines, as `backend` runs it. Costs a translation; `bytes` are
/// those of the whole module.
///
/// # Errors
///
/// As [`translate`](crate::translate()).
///
/// # Panics
///
/// When `func` is imported.
pub fn list(
    module: &ModuleInfo,
    func: FuncIdx,
    bytes: &[u8],
    backend: Backend<'_>,
) -> Result<Listing, TranslateError> {
    let (code, map) = translate_with_map(module, func, bytes)?;
    let words = code.snapshot();
    let listed = cells(&words).map(|cell| {
        let at = cell.at as u32;
        let before = map.cells.partition_point(|entry| entry.at <= at);
        ListedCell {
            at: at * WORD,
            len: cell.len as u32 * WORD,
            wasm_offset: map.cells[..before].last().map_or(0, |entry| entry.offset),
            text: cell.text,
            handler: None,
        }
    });
    let mut listing = Listing {
        byte_len: code.byte_len(),
        cells: listed.collect(),
        pins: [Vec::new(), Vec::new()],
        handlers: Vec::new(),
        resume: None,
        runs: Vec::new(),
    };
    if let Backend::Threaded { handlers, bounds } = backend {
        handlers.list(&words, bounds, &mut listing);
    }
    Ok(listing)
}
