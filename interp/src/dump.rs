//! The IR as text, for whoever works on the translator.
//!
//! Invariant: one line a cell, in the order of the code; the text depends on the code alone.

use core::fmt::Write as _;

use crate::cell::{
    BinaryCell, BinaryImmCell, BranchCell, BranchImmCell, Cell, CodeHeader, FarLaneCell,
    FarLoadCell, FarStoreCell, FarUpdateCell, LaneCell, LoadCell, ShuffleCell, StoreCell,
    StoreImmCell, TernaryCell, UnaryCell, WORD, WideCell, WideningCell,
};
use crate::code::Code;
use crate::handler::{Dst, HandlerId, HandlerKey, Misc, Src, Srcs, for_each_misc_handler};
use wasmtier_ops::{AtomicShape, SimdAccessShape, SimdShape, WideShape};

/// The cells of a function, one a line: byte offset, handler, operands.
#[must_use]
pub fn dump(code: &Code) -> String {
    let mut out = String::new();
    for cell in cells(&code.snapshot()) {
        let _ = writeln!(out, "{:5} {}", cell.at as u32 * WORD, cell.text);
    }
    out
}

/// A cell as text.
#[derive(Debug)]
pub(crate) struct ShownCell {
    /// Where it begins, in words.
    pub(crate) at: usize,
    /// Its length in words.
    pub(crate) len: usize,
    /// Handler and operands.
    pub(crate) text: String,
}

/// The cells of a function that is not linked.
pub(crate) fn cells(words: &[u32]) -> impl Iterator<Item = ShownCell> {
    let mut next = CodeHeader::WORDS as usize;
    core::iter::from_fn(move || {
        let at = next;
        let key = HandlerKey::from_id(HandlerId(*words.get(at)?));
        let (cell_words, show) = cell_of(key);
        let cell = &words[at..at + cell_words as usize];
        let mut text = name(key);
        show(cell, &mut text);
        next += cell.len();
        if let HandlerKey::Misc(Misc::TableJump | Misc::TableJumpAcc) = key {
            let targets = cell[2] as usize + 1;
            for target in &words[next..next + targets] {
                let _ = write!(text, " {}", *target as i32);
            }
            next += targets;
        }
        Some(ShownCell { at, len: next - at, text })
    })
}

/// Length of the cells of a handler in words, without the targets of jump tables.
pub(crate) fn cell_words(key: HandlerKey) -> u32 {
    cell_of(key).0
}

type Show = fn(&[u32], &mut String);

/// Length and layout of a handler's cells.
fn cell_of(key: HandlerKey) -> (u32, Show) {
    const fn of<C: Cell>() -> (u32, Show) {
        (C::WORDS, C::show)
    }
    macro_rules! misc_cells {
        ($($misc:ident: $cell:ident;)*) => {
            |misc: Misc| match misc { $(Misc::$misc => of::<crate::cell::$cell>(),)* }
        };
    }
    let misc_cell = for_each_misc_handler!(misc_cells);
    match key {
        HandlerKey::Unary { .. } => of::<UnaryCell>(),
        HandlerKey::Binary { srcs: Srcs::SlotImm | Srcs::AccImm, .. } => of::<BinaryImmCell>(),
        HandlerKey::Binary { .. } => of::<BinaryCell>(),
        HandlerKey::Branch { srcs: Srcs::SlotImm | Srcs::AccImm, .. } => of::<BranchImmCell>(),
        HandlerKey::Branch { .. } => of::<BranchCell>(),
        HandlerKey::Load { .. } => of::<LoadCell>(),
        HandlerKey::Store { srcs: Srcs::SlotImm | Srcs::AccImm, .. } => of::<StoreImmCell>(),
        HandlerKey::Store { .. } => of::<StoreCell>(),
        HandlerKey::FarLoad { .. } => of::<FarLoadCell>(),
        HandlerKey::FarStore { .. } => of::<FarStoreCell>(),
        HandlerKey::Simd { op } => match op.shape() {
            SimdShape::Unary | SimdShape::Test | SimdShape::Splat(_) => of::<UnaryCell>(),
            SimdShape::Binary | SimdShape::Shift => of::<BinaryCell>(),
            SimdShape::Ternary => of::<TernaryCell>(),
            SimdShape::Extract(_) | SimdShape::Replace(_) => of::<LaneCell>(),
            SimdShape::Shuffle => of::<ShuffleCell>(),
        },
        HandlerKey::SimdAccess { op, .. } => match op.shape() {
            SimdAccessShape::Load => of::<FarLoadCell>(),
            SimdAccessShape::Store => of::<FarStoreCell>(),
            SimdAccessShape::LoadLane | SimdAccessShape::StoreLane => of::<FarLaneCell>(),
        },
        HandlerKey::Wide { op } => match op.shape() {
            WideShape::Wide => of::<WideCell>(),
            WideShape::Widening => of::<WideningCell>(),
        },
        HandlerKey::Atomic { op, .. } => match op.shape() {
            AtomicShape::Load => of::<FarLoadCell>(),
            AtomicShape::Store => of::<FarStoreCell>(),
            AtomicShape::Add
            | AtomicShape::Sub
            | AtomicShape::And
            | AtomicShape::Or
            | AtomicShape::Xor
            | AtomicShape::Xchg
            | AtomicShape::Cmpxchg => of::<FarUpdateCell>(),
        },
        HandlerKey::Misc(misc) => misc_cell(misc),
    }
}

/// The operator of a handler, its destination class and source classes: `i32.add S.SC`.
fn name(key: HandlerKey) -> String {
    let both = |srcs| String::from_iter(srcs_letters(srcs));
    match key {
        HandlerKey::Unary { op, dst, src } => {
            format!("{} {}.{}", op.name(), dst_letter(dst), src_letter(src))
        }
        HandlerKey::Binary { op, dst, srcs } => {
            format!("{} {}.{}", op.name(), dst_letter(dst), both(srcs))
        }
        HandlerKey::Branch { op, nonzero, srcs } => {
            let jump = if nonzero { "br_if" } else { "br_if_not" };
            format!("{jump} {} {}", op.name(), both(srcs))
        }
        HandlerKey::Load { op, dst, src } => {
            format!("{} {}.{}", op.name(), dst_letter(dst), src_letter(src))
        }
        HandlerKey::Store { op, srcs } => format!("{} {}", op.name(), both(srcs)),
        HandlerKey::FarLoad { op, .. } => format!("far {}", op.name()),
        HandlerKey::FarStore { op, .. } => format!("far {}", op.name()),
        HandlerKey::Simd { op } => op.name().into(),
        HandlerKey::SimdAccess { op, .. } => op.name().into(),
        HandlerKey::Wide { op } => op.name().into(),
        HandlerKey::Atomic { op, .. } => op.name().into(),
        HandlerKey::Misc(misc) => misc.name().into(),
    }
}

/// Where a result goes: into a `S`lot, or the `A`ccumulator alone.
pub(crate) fn dst_letter(dst: Dst) -> char {
    match dst {
        Dst::Slot => 'S',
        Dst::Acc => 'A',
    }
}

/// Where an operand comes from: `S`lot or `A`ccumulator.
pub(crate) fn src_letter(src: Src) -> char {
    match src {
        Src::Slot => 'S',
        Src::Acc => 'A',
    }
}

/// Where two operands come from: `S`lot, `A`ccumulator or `C`onstant.
pub(crate) fn srcs_letters(srcs: Srcs) -> [char; 2] {
    match srcs {
        Srcs::SlotSlot => ['S', 'S'],
        Srcs::SlotAcc => ['S', 'A'],
        Srcs::AccSlot => ['A', 'S'],
        Srcs::SlotImm => ['S', 'C'],
        Srcs::AccImm => ['A', 'C'],
    }
}
