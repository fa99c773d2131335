//! The threaded back-end: handlers in machine code, emitted when a cell first needs them.
//!
//! What lives here: what an engine keeps of it, and the pass that links translated code to its
//! handlers. The files beside it: the registers, the stubs that all share, and the handlers, one
//! family of cells a file. What does not: where code is mapped and who enters it (the engine), and
//! how an operator is computed (`wasmtier_x64::lower`).
//!
//! Invariant: this module computes bytes and numbers; nothing here runs, maps or patches anything.
//! Linked code is complete: all its handlers are published before it is.

mod atomic;
mod body;
mod builtin;
mod call;
mod compose;
mod control;
mod emit;
mod key;
mod link;
mod listing;
mod memory;
mod name;
mod numeric;
mod registers;
mod rule;
mod simd;
mod stubs;
mod table;
mod variable;
mod wide;

use core::fmt;
use core::mem::size_of;
use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

use parking_lot::Mutex;
use wasmtier_vm::FuncEntry;
use wasmtier_x64::CpuFeatures;

use self::emit::{Batch, Common};
use self::key::{NativeKey, Variant, Zeros};
use self::link::Link;
use self::name::{name, tell};
use self::stubs::{Stub, Stubs};
use self::table::Table;
use crate::cell::{CallCell, CodeHeader, ReturnCallCell, WORD};
use crate::code::TranslateError;
use crate::handler::{HandlerId, HandlerKey, Misc};

pub(crate) use self::link::Pins;

/// Who maps machine code for the interpreter.
pub trait PublishCode: Send + Sync + fmt::Debug {
    /// Publishes `code`, at a multiple of 32 bytes, and returns how far it is from the base of the
    /// code memory; `None` when there is no memory for it.
    ///
    /// The instructions at `faults`, ascending offsets into the code, access guest memory.
    fn publish(&self, code: &[u8], faults: &[u32]) -> Option<u32>;

    /// Who wants to know what published code is called: nobody, unless this says so.
    fn profile(&self) -> Option<&dyn NameCode> {
        None
    }
}

/// Who tells a profiler what code is called.
pub trait NameCode {
    /// The published code that is `start` bytes from the base of the code memory, which is `code`,
    /// is called `name`.
    fn name(&self, start: u32, code: &[u8], name: &str);
}

/// How accesses to memory 0 are kept in bounds.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Bounds {
    /// By a reservation of address space that faults: at least 8 GiB and the largest access.
    Guard,
    /// By comparisons.
    Explicit,
}

/// The threaded back-end of an engine.
#[derive(Debug)]
pub struct Threaded {
    cpu: CpuFeatures,
    publisher: Box<dyn PublishCode>,
    stubs: Stubs,
    /// Handlers for guarded memories, and for others.
    tables: [OnceLock<Table>; 2],
    /// What was emitted, for those who emit more.
    emitted: Mutex<Emitted>,
    scatter: u64,
}

/// What was emitted so far.
#[derive(Debug, Default)]
struct Emitted {
    /// The handlers of cells.
    cells: ByOffset<(HandlerKey, Variant)>,
    /// The handlers of runs, by the handlers of their cells; and how many bytes they take.
    runs: HashMap<Box<[u32]>, u32>,
    run_bytes: usize,
    /// Instructions that access memory for a cell behind the pc, and how far behind.
    behind: ByOffset<u32>,
}

/// Things in the code memory, found by their offsets from its base.
#[derive(Debug)]
struct ByOffset<T>(Vec<(u32, T)>);

impl<T> Default for ByOffset<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Copy> ByOffset<T> {
    /// Adds what is at `offset`, nearly always behind all others.
    fn insert(&mut self, offset: u32, thing: T) {
        let place = match self.0.last() {
            Some((last, _)) if *last > offset => self.0.partition_point(|(at, _)| *at < offset),
            _ => self.0.len(),
        };
        self.0.insert(place, (offset, thing));
    }

    fn get(&self, offset: u32) -> Option<T> {
        let place = self.0.binary_search_by_key(&offset, |(at, _)| *at).ok()?;
        Some(self.0[place].1)
    }
}

impl Threaded {
    /// Emits what all handlers share. Loops look for interrupts every `loop_budget` turns.
    ///
    /// `None` when there is no memory for it.
    #[must_use]
    pub fn new(
        cpu: CpuFeatures,
        loop_budget: i32,
        publisher: Box<dyn PublishCode>,
    ) -> Option<Self> {
        let (code, unplaced) = stubs::emit(loop_budget);
        let bytes = code.finish().expect("all labels of stubs are placed");
        let base = publisher.publish(&bytes, &[])?;
        let stubs = unplaced.at(base);
        if let Some(profile) = publisher.profile() {
            let names = stubs.iter().map(|(stub, at)| (at - base, stub.name().to_owned()));
            tell(profile, base, &bytes, "wasm-interp:stub.", names);
        }
        let tables = [OnceLock::new(), OnceLock::new()];
        Some(Self { cpu, publisher, stubs, tables, emitted: Mutex::default(), scatter: 0 })
    }

    /// Makes handlers lie at other distances from each other, as `seed` says; 0 is the usual order.
    ///
    /// An interpreter's speed changes by some percent with every move of its handlers: who compares
    /// two looks at several orders.
    #[must_use]
    pub fn scatter(self, seed: u64) -> Self {
        Self { scatter: seed, ..self }
    }

    /// Where, from the base of the code memory, a call from the host begins:
    /// `extern "C" fn(vmctx: *mut VmCtx, args: *mut u64, entry: *const FuncEntry, base: *const u8)
    /// -> Status`.
    #[must_use]
    pub fn enter(&self) -> u32 {
        self.stubs.offset(Stub::Enter).cast_unsigned()
    }

    /// Where functions begin that have not been translated yet.
    #[must_use]
    pub fn lazy(&self) -> u32 {
        self.stubs.offset(Stub::Lazy).cast_unsigned()
    }

    /// Where wasm is left from any depth: [`wasmtier_vm::NativeStubs::leave`].
    #[must_use]
    pub fn leave(&self) -> u32 {
        self.stubs.offset(Stub::GoOut).cast_unsigned()
    }

    /// Where compiled code returns to interpreted code: [`wasmtier_vm::NativeStubs::resume`].
    #[must_use]
    pub fn resume(&self) -> u32 {
        self.stubs.offset(Stub::Return).cast_unsigned()
    }

    fn table(&self, bounds: Bounds) -> &Table {
        self.tables[bounds as usize].get_or_init(Table::new)
    }

    /// Links the cells of a translated function, whose first words are `header`, to their handlers.
    /// Returns where the function begins.
    pub(crate) fn link(
        &self,
        code: &mut [u32],
        header: &CodeHeader,
        pins: &mut Pins,
        bounds: Bounds,
    ) -> Result<u32, TranslateError> {
        pins.set(header);
        let linked = self.link_cells(code, pins, bounds);
        pins.clear(header);
        linked?;
        let enter = NativeKey::Enter { pins: pins.counts, zeros: Zeros::of(header.zero_slots) };
        self.find(enter, bounds)
    }

    fn link_cells(
        &self,
        code: &mut [u32],
        pins: &Pins,
        bounds: Bounds,
    ) -> Result<(), TranslateError> {
        let table = self.table(bounds);
        let mut missing = Vec::new();
        let resume = self.find(NativeKey::Resume(pins.counts), bounds)?;
        let mut at = CodeHeader::WORDS as usize;
        while at < code.len() {
            at = table.link_plain(code, at, pins);
            if at < code.len() {
                at += link_other(&mut code[at..], at, (table, pins, resume), &mut missing);
            }
        }
        if !missing.is_empty() {
            self.emit(missing.iter().map(|(_, key)| *key), bounds)?;
            for (at, key) in missing {
                code[at] = self.known(key, bounds);
            }
        }
        Ok(())
    }

    /// Where the handler of `key` is, emitted if need be.
    fn find(&self, key: NativeKey, bounds: Bounds) -> Result<u32, TranslateError> {
        match self.known(key, bounds) {
            0 => self.emit([key].into_iter(), bounds).map(|()| self.known(key, bounds)),
            offset => Ok(offset),
        }
    }

    /// Where the handler of `key` is; 0 if it has not been emitted.
    fn known(&self, key: NativeKey, bounds: Bounds) -> u32 {
        let (number, variant) = key.number();
        self.table(bounds).offset(number, variant)
    }

    /// Emits those of `keys` that nobody has emitted yet.
    #[cold]
    fn emit(
        &self,
        keys: impl Iterator<Item = NativeKey>,
        bounds: Bounds,
    ) -> Result<(), TranslateError> {
        let mut emitted = self.emitted.lock();
        let common = self.common(bounds);
        let mut batch = Batch::default();
        // In the order of their cells, as they will run: code that runs for the first time waits
        // for every line of it, and the processor fetches the next one by itself.
        let mut seen = HashSet::new();
        let unknown = |key: &NativeKey| self.known(*key, bounds) == 0 && seen.insert(key.packed());
        let emit = |key| (key, batch.handler(key, common));
        let new: Vec<(NativeKey, u32)> = keys.filter(unknown).map(emit).collect();
        if new.is_empty() {
            return Ok(());
        }
        let names = || new.iter().map(|(key, start)| (*start, name(*key))).collect();
        let base = self.publish(batch, bounds, names, &mut emitted)?;
        for (key, start) in new {
            let (number, variant) = key.number();
            if let NativeKey::Cell(key, variant) = key {
                emitted.cells.insert(base + start, (key, variant));
            }
            self.table(bounds).set_offset(number, variant, base + start);
        }
        Ok(())
    }

    /// What the handlers for a bounds mode have in common.
    fn common(&self, bounds: Bounds) -> Common<'_> {
        Common { cpu: self.cpu, stubs: &self.stubs, bounds, scatter: self.scatter }
    }

    /// Publishes handlers, whose places in the batch and names are `names`; returns where the first
    /// is from the base of the code memory.
    fn publish(
        &self,
        batch: Batch,
        bounds: Bounds,
        names: impl FnOnce() -> Vec<(u32, String)>,
        emitted: &mut Emitted,
    ) -> Result<u32, TranslateError> {
        let bytes = batch.code.finish().expect("all labels of handlers are placed");
        let faults: Vec<u32> = batch.faults.iter().map(|fault| fault.at).collect();
        let base = self.publisher.publish(&bytes, &faults);
        let base = base.ok_or(TranslateError::NoCodeMemory)?;
        if let Some(profile) = self.publisher.profile() {
            let prefix = match bounds {
                Bounds::Guard => "wasm-interp:",
                Bounds::Explicit => "wasm-interp-checked:",
            };
            tell(profile, base, &bytes, prefix, names());
        }
        for fault in batch.faults.iter().filter(|fault| fault.behind != 0) {
            emitted.behind.insert(base + fault.at, fault.behind);
        }
        Ok(base)
    }

    /// How many bytes behind the pc the cell is whose access faulted at `offset` from the base of
    /// the code memory.
    #[must_use]
    pub fn cell_behind(&self, offset: u32) -> u32 {
        self.emitted.lock().behind.get(offset).unwrap_or(0)
    }
}

/// Links a cell that takes more than to find its handler; returns its length. If nobody has emitted
/// the handler yet, notes that in `missing`.
#[cold]
#[inline(never)]
fn link_other(
    cell: &mut [u32],
    at: usize,
    (table, pins, resume): (&Table, &Pins, u32),
    missing: &mut Vec<(usize, NativeKey)>,
) -> usize {
    let id = HandlerId(cell[0]);
    let link = table.link(id);
    let variant = link.variant(cell, pins);
    let offset = table.offset(id.0, variant);
    let len = match link.plain_len() {
        Some(len) => len,
        None => finish_call(cell, id, link, resume),
    };
    cell[0] = offset;
    if offset == 0 {
        missing.push((at, NativeKey::Cell(HandlerKey::from_id(id), variant)));
    }
    len
}

/// Fills in what calls say besides their handler; returns the length of the cell.
fn finish_call(words: &mut [u32], id: HandlerId, link: Link, resume: u32) -> usize {
    let len = link.len(words);
    if link.calls() {
        words[len - 1] = resume;
    }
    if id == CALL || id == RETURN_CALL {
        // Direct calls hold how far their entry is from the first.
        words[FUNC_WORD] *= size_of::<FuncEntry>() as u32;
    }
    len
}

const CALL: HandlerId = HandlerKey::Misc(Misc::Call).id();
const RETURN_CALL: HandlerId = HandlerKey::Misc(Misc::ReturnCall).id();

/// Where direct calls name their function.
const FUNC_WORD: usize = core::mem::offset_of!(CallCell, func) / WORD as usize;

const _: () = assert!(
    core::mem::offset_of!(ReturnCallCell, func) == FUNC_WORD * WORD as usize,
    "all direct calls name their function alike"
);

/// What translated code is to be run by.
#[derive(Copy, Clone, Debug)]
pub enum Backend<'a> {
    /// The portable back-end.
    Portable,
    /// The threaded back-end of the engine.
    Threaded {
        /// Its handlers.
        handlers: &'a Threaded,
        /// How accesses to memory 0 are kept in bounds.
        bounds: Bounds,
    },
}
