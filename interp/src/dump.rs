//! The IR as text, for whoever works on the translator.
//!
//! Invariant: one line a cell, in the order of the code; the text depends on the code alone.

use core::fmt::Write as _;
use core::sync::atomic::Ordering;

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
    // Relaxed: code of the portable back-end does not change.
    let words: Vec<u32> = code.words().iter().map(|word| word.load(Ordering::Relaxed)).collect();
    let mut out = String::new();
    let mut at = CodeHeader::WORDS as usize;
    while at < words.len() {
        let key = HandlerKey::from_id(HandlerId(words[at]));
        let (cell_words, show) = cell_of(key);
        let cell = &words[at..at + cell_words as usize];
        let _ = write!(out, "{:5} {}", at as u32 * WORD, name(key));
        show(cell, &mut out);
        at += cell.len();
        if let HandlerKey::Misc(Misc::TableJump | Misc::TableJumpAcc) = key {
            let targets = cell[2] as usize + 1;
            for target in &words[at..at + targets] {
                let _ = write!(out, " {}", *target as i32);
            }
            at += targets;
        }
        out.push('\n');
    }
    out
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

/// The operator of a handler, its destination class and source classes: `i32.add S.SI`.
fn name(key: HandlerKey) -> String {
    let dst = |dst: Dst| match dst {
        Dst::Slot => 'S',
        Dst::Acc => 'A',
    };
    let src = |src: Src| match src {
        Src::Slot => 'S',
        Src::Acc => 'A',
    };
    let srcs = |srcs: Srcs| match srcs {
        Srcs::SlotSlot => "SS",
        Srcs::SlotAcc => "SA",
        Srcs::AccSlot => "AS",
        Srcs::SlotImm => "SI",
        Srcs::AccImm => "AI",
    };
    match key {
        HandlerKey::Unary { op, dst: d, src: a } => {
            format!("{} {}.{}", op.name(), dst(d), src(a))
        }
        HandlerKey::Binary { op, dst: d, srcs: ab } => {
            format!("{} {}.{}", op.name(), dst(d), srcs(ab))
        }
        HandlerKey::Branch { op, nonzero, srcs: ab } => {
            let jump = if nonzero { "br_if" } else { "br_if_not" };
            format!("{jump} {} {}", op.name(), srcs(ab))
        }
        HandlerKey::Load { op, dst: d, src: a } => {
            format!("{} {}.{}", op.name(), dst(d), src(a))
        }
        HandlerKey::Store { op, srcs: ab } => format!("{} {}", op.name(), srcs(ab)),
        HandlerKey::FarLoad { op, .. } => format!("far {}", op.name()),
        HandlerKey::FarStore { op, .. } => format!("far {}", op.name()),
        HandlerKey::Simd { op } => op.name().into(),
        HandlerKey::SimdAccess { op, .. } => op.name().into(),
        HandlerKey::Wide { op } => op.name().into(),
        HandlerKey::Atomic { op, .. } => op.name().into(),
        HandlerKey::Misc(misc) => misc.name().into(),
    }
}
