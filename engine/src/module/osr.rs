//! On-stack replacement: a loop that is being interpreted goes on as compiled code.
//!
//! What lives here: which loops can, and where. What does not: the code that takes over a frame
//! (`wasmtier_jit`), and when the interpreter asks (`wasmtier_interp`).
//!
//! Invariant: code that was found here stays where it is for as long as the module lives.

use std::collections::HashMap;

use parking_lot::Mutex;
use wasmtier_interp::loop_cells;
use wasmtier_jit::{Loops, Scratch, compile, loop_entries};
use wasmtier_vm::{FuncEntry, FuncIdx, Slot};

use super::ModuleInner;
use super::compiled::{options, profiled_name};
use super::functions::Functions;
use crate::runtime::native::{CompiledCode, Native};

/// Bytes that code begins at a multiple of.
const ALIGNMENT: usize = 32;

/// What is between code: breakpoints.
const PADDING: u8 = 0xcc;

/// The functions of a module that can be entered at their loops, by their places among those it
/// defines; `None` for those that were found to have no such loop.
#[derive(Debug, Default)]
pub(super) struct OnStack(Mutex<HashMap<u32, Option<Promoted>>>);

/// A function that can be entered at its loops.
#[derive(Debug)]
struct Promoted {
    code: CompiledCode,
    loops: LoopTable,
}

/// The loops of a compiled function.
#[derive(Debug)]
pub(super) struct LoopTable {
    /// How many bytes below the frame pointer its frame needs.
    frame_bytes: usize,
    /// The offset of each loop's first cell, ascending, and where its code takes over.
    cells: Box<[(u32, usize)]>,
}

impl LoopTable {
    /// The loops of `func`, whose code is followed by that for `entries`, which lies at `address`:
    /// the offset of each loop's operator, ascending, and where it is entered.
    pub(super) fn new(
        module: &ModuleInner,
        func: FuncIdx,
        loops: &Loops,
        (entries, address): (&[(u64, u32)], usize),
    ) -> Self {
        let above =
            module.info.func_type(func).param_slots() as usize + 1 + Slot::RETURN.0 as usize;
        let frame_bytes = (loops.frame_bytes() as usize).saturating_sub(8 * above);
        let found = loop_cells(&module.info, func, &module.bytes).into_iter().filter_map(|begin| {
            let at =
                entries.binary_search_by_key(&begin.wasm_offset, |(offset, _)| *offset).ok()?;
            Some((begin.code_offset, address + entries[at].1 as usize))
        });
        let mut cells: Vec<(u32, usize)> = found.collect();
        // Of loops that begin at the same cell the outermost will do: nothing is between.
        cells.dedup_by_key(|(cell, _)| *cell);
        Self { frame_bytes, cells: cells.into() }
    }

    /// Where the loop takes over whose first cell is at `cell`, if `room` bytes below the frame
    /// pointer are enough.
    pub(super) fn find(&self, cell: u32, room: usize) -> Option<usize> {
        let at = self.cells.binary_search_by_key(&cell, |(cell, _)| *cell).ok()?;
        (self.frame_bytes <= room).then(|| self.cells[at].1)
    }
}

impl OnStack {
    /// The function whose code is at `address`, and how far from its begin.
    pub(super) fn find(&self, address: usize) -> Option<(u32, u32)> {
        self.0.lock().iter().find_map(|(body, promoted)| {
            let addresses = promoted.as_ref()?.code.addresses();
            let offset = u32::try_from(address - addresses.start.min(address)).ok()?;
            addresses.contains(&address).then_some((*body, offset))
        })
    }
}

impl ModuleInner {
    /// Where the function of `entry` goes on as compiled code that is interpreted and has come to
    /// the first cell of a loop, at the offset `cell`, with `room` bytes below its frame pointer.
    pub(crate) fn take_over(&self, entry: &FuncEntry, cell: u32, room: usize) -> Option<*const u8> {
        let native = self.engine.native()?;
        if !self.engine.config().stress_osr {
            return None;
        }
        let functions = self.functions_of(entry)?;
        let body = entry.key.index();
        let mut known = functions.on_stack.0.lock();
        let promoted = known.entry(body).or_insert_with(|| self.promote(native, functions, body));
        let address = promoted.as_ref()?.loops.find(cell, room)?;
        Some(native.at(address))
    }

    /// Compiles a function in order to enter it at its loops.
    fn promote(&self, native: &Native, functions: &Functions, body: u32) -> Option<Promoted> {
        let func = FuncIdx(self.info.imported_funcs + body);
        let options = options(native, functions.bounds, false);
        let code =
            compile(&mut Scratch::default(), &self.info, func, &self.bytes, &options).ok()?;
        if code.loops.is_empty() {
            return None;
        }
        let mut bytes = code.code;
        bytes.resize((bytes.len() + size_of::<u64>()).next_multiple_of(ALIGNMENT), PADDING);
        let behind = u32::try_from(bytes.len()).ok()?;
        let entries = loop_entries(self.info.func_type(func), &code.loops, behind);
        bytes.extend(&entries.code);
        bytes.resize((bytes.len() + size_of::<u64>()).next_multiple_of(ALIGNMENT), PADDING);
        let published = native.publish_compiled(&bytes, &code.faults).ok()?;
        let start = published.addresses().start;
        if native.names_code() {
            native.name_code(start, &bytes, &profiled_name(self, body));
        }
        let entries = (&entries.entries[..], start + behind as usize);
        let loops = LoopTable::new(self, func, &code.loops, entries);
        Some(Promoted { code: published, loops })
    }
}
