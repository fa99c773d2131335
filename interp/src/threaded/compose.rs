//! Composition: one handler for several cells in a row, in functions that are warm.
//!
//! What lives here: which cells of a function make a run, and replacing the handler word of a run's
//! first cell. What does not: how the handler of a run is emitted (`emit`), when a function is
//! warm.
//!
//! Invariant: cells keep their places, and all but the first of a run their handlers, so that a
//! jump into the middle of a run finds there what it found before. A word is replaced by one store,
//! which other threads may see at any time.
//!
//! A run goes on past branches that are not taken, and past labels: only where it begins matters.

use core::ops::Range;
use core::sync::atomic::Ordering;
use std::collections::HashMap;

use super::emit::{Batch, Flow, Member, flow};
use super::key::{NativeKey, PinCounts, Variant, Zeros};
use super::link::Link;
use super::name::name_of_run;
use super::rule::{Rule, rule_of};
use super::{Bounds, Emitted, Threaded};
use crate::cell::{CodeHeader, TableJumpCell, WORD};
use crate::code::Code;
use crate::handler::HandlerKey;

/// Most cells of a run. Times without runs, with 2, 4, 8 and 16 cells, geometric mean of 11
/// programs on an Intel Xeon: 1, 0.774, 0.673, 0.647, 0.651.
const MAX_CELLS: usize = 8;

/// Most bytes of handlers of runs that an engine emits.
const MAX_RUN_BYTES: usize = 4 << 20;

/// Bytes of code of the largest function that is composed: it is taken apart as a whole.
const MAX_CODE_BYTES: usize = 4 << 20;

/// A cell of a function that is being composed.
#[derive(Debug)]
pub(super) struct Decoded {
    /// Its first word.
    pub(super) at: usize,
    handler: u32,
    pub(super) member: Member,
    /// Whether something jumps here.
    label: bool,
}

/// Cells in a row that are to have one handler; the first of a function with what opens its frame.
#[derive(Clone, Debug)]
pub(super) struct Run {
    pub(super) cells: Range<usize>,
    pub(super) enter: Option<(PinCounts, Zeros)>,
}

impl Threaded {
    /// Makes a linked function faster that runs often. Others may run it meanwhile. Returns where
    /// its calls begin from now on, from the base of the code memory.
    ///
    /// `None` when nothing has changed, as it is the second time; or the function is too large, or
    /// there is no memory.
    pub fn compose(&self, code: &Code, bounds: Bounds) -> Option<u32> {
        if code.byte_len() > MAX_CODE_BYTES {
            return None;
        }
        let mut emitted = self.emitted.lock();
        let known = |words: &[u32]| emitted.cells.get(words[0]);
        let words = code.snapshot();
        let cells = decode(&words, known)?;
        let runs = runs(&cells, &CodeHeader::read(&words));
        self.emit_runs(&cells, &runs, bounds, &mut emitted)?;
        let mut slot_entry = None;
        for run in &runs {
            let offset = emitted.runs.get(&key_of(run, &cells)).copied();
            match (run.enter, offset) {
                (Some(_), _) => slot_entry = offset,
                // Release: the handler was published before.
                (None, Some(offset)) => {
                    code.words()[cells[run.cells.start].at].store(offset, Ordering::Release);
                }
                (None, None) => {}
            }
        }
        slot_entry
    }

    /// Emits the handlers of runs that have none; `None` when there is no memory for them.
    fn emit_runs(
        &self,
        cells: &[Decoded],
        runs: &[Run],
        bounds: Bounds,
        emitted: &mut Emitted,
    ) -> Option<()> {
        let common = self.common(bounds);
        let mut batch = Batch::default();
        let mut new: HashMap<Box<[u32]>, u32> = HashMap::new();
        let mut begun: Vec<(u32, &Run)> = Vec::new();
        for run in runs {
            let key = key_of(run, cells);
            let full = emitted.run_bytes + batch.code.len() > MAX_RUN_BYTES;
            if full || emitted.runs.contains_key(&key) || new.contains_key(&key) {
                continue;
            }
            let members = cells[run.cells.clone()].iter().map(|cell| cell.member);
            let members: Vec<Member> = members.collect();
            let start = match run.enter {
                Some((pins, zeros)) => batch.enter_run(pins, zeros, &members, common),
                None => batch.run(&members, common),
            };
            new.insert(key, start);
            begun.push((start, run));
        }
        if new.is_empty() {
            return Some(());
        }
        let bytes = batch.code.len();
        let name = |run: &Run| {
            name_of_run(run.enter, cells[run.cells.clone()].iter().map(|cell| cell.member))
        };
        let names = || begun.iter().map(|(start, run)| (*start, name(run))).collect();
        let base = self.publish(batch, bounds, names, emitted).ok()?;
        emitted.run_bytes += bytes;
        emitted.runs.extend(new.into_iter().map(|(key, start)| (key, base + start)));
        Some(())
    }
}

/// What tells runs apart: the numbers of how they begin, and the handlers of their cells.
fn key_of(run: &Run, cells: &[Decoded]) -> Box<[u32]> {
    let enter = run.enter.map(|(pins, zeros)| {
        // No handler's offset: code memory is smaller than that.
        NativeKey::Enter { pins, zeros }.packed() | 1 << 31
    });
    enter.into_iter().chain(cells[run.cells.clone()].iter().map(|cell| cell.handler)).collect()
}

/// The cells of code that was not composed before. `known` says what runs the cell that words begin
/// with; `None` if it does not know.
pub(super) fn decode(
    words: &[u32],
    known: impl Fn(&[u32]) -> Option<(HandlerKey, Variant)>,
) -> Option<Vec<Decoded>> {
    let mut cells = Vec::new();
    let mut labels = vec![false; words.len()];
    let mut at = CodeHeader::WORDS as usize;
    while at < words.len() {
        let handler = words[at];
        let (key, variant) = known(&words[at..])?;
        let len = Link::of(key).len(&words[at..]);
        for target in targets(key, &words[at..at + len]) {
            let to = at as i64 + i64::from(target) / i64::from(WORD);
            labels[usize::try_from(to).expect("targets are cells of the function")] = true;
        }
        let member = Member { key, variant, len: len * WORD as usize };
        cells.push(Decoded { at, handler, member, label: false });
        at += len;
    }
    for cell in &mut cells {
        cell.label = labels[cell.at];
    }
    Some(cells)
}

/// Where a cell may jump to, in bytes from its start.
fn targets(key: HandlerKey, cell: &[u32]) -> Vec<i32> {
    const TABLE: usize = size_of::<TableJumpCell>() / WORD as usize;
    match rule_of(key) {
        Rule::Branch { target, .. } => vec![cell[usize::from(target)].cast_signed()],
        Rule::Table { .. } => cell[TABLE..].iter().map(|target| target.cast_signed()).collect(),
        Rule::Pins { .. }
        | Rule::Load { .. }
        | Rule::Store { .. }
        | Rule::Either { .. }
        | Rule::Lane { .. }
        | Rule::Call
        | Rule::CallIndirect
        | Rule::Builtin => Vec::new(),
    }
}

/// The runs of a function: that at its begin, and those of more than one cell. They may overlap.
pub(super) fn runs(cells: &[Decoded], header: &CodeHeader) -> Vec<Run> {
    let run_end = |start: usize| {
        let most = cells[start..].iter().take(MAX_CELLS);
        let falling = most.take_while(|cell| flow(cell.member.key) == Flow::Falls).count();
        (start + falling + 1).min(start + MAX_CELLS).min(cells.len())
    };
    let enter = Some((PinCounts::of(header), Zeros::of(header.zero_slots)));
    let first = Run { cells: 0..run_end(0), enter };
    let mut end = first.cells.end;
    let mut runs = vec![first];
    for (start, cell) in cells.iter().enumerate() {
        if start < end && !cell.label {
            continue;
        }
        let run_end = run_end(start);
        if run_end - start > 1 {
            runs.push(Run { cells: start..run_end, enter: None });
        }
        end = end.max(run_end);
    }
    runs
}
