//! [`Link`]: what linking needs to know of the cells of a handler, and the pins it looks up.
//!
//! What lives here: rules, packed so that most cells are linked without a branch. What does not:
//! the rules (`rule`), the pass over the cells.
//!
//! Invariant: the variant that comes out is what the rule says.

use core::mem::offset_of;

use wasmtier_vm::Builtin;

use super::key::{EITHER, PINS, PLACES, PinCounts, Variant};
use super::rule::{Rule, rule_of};
use crate::cell::{
    BranchCell, BuiltinCell, CallIndirectCell, CodeHeader, JumpCell, LoadCell, StoreCell,
    StoreImmCell, TableJumpCell, WORD,
};
use crate::dump::cell_words;
use crate::handler::{HandlerKey, Misc};

/// What linking needs to know of the cells of a handler: their length, and what decides on the
/// variant.
///
/// Nearly all variants are a sum over operands and a flag, which is reckoned without a branch by
/// kind of operand: those were mispredicted so often that linking took 43 % as long as all the rest
/// of a translation; it takes 16 %.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) struct Link {
    /// What the entries in [`Pins`] of the four half words behind the handler are multiplied by;
    /// bits 8 to 15 of the sum of that are what pins add to the number of the variant.
    pub(super) by: [u16; 4],
    /// From the lowest byte: the length, the half word of a lane, the flag and the kind; never 0.
    pub(super) bits: u32,
}

/// How a [`Link`] is resolved: by the sum alone, or else. Never 0.
mod kind {
    pub(super) const SUM: u32 = 1;
    pub(super) const LANE: u32 = 2;
    pub(super) const TABLE: u32 = 3;
    pub(super) const CALL: u32 = 4;
    pub(super) const CALL_INDIRECT: u32 = 5;
    pub(super) const RETURN_CALL: u32 = 6;
    pub(super) const BUILTIN: u32 = 7;
}
const LANE_SHIFT: u32 = 8;
const FLAG_SHIFT: u32 = 16;
const KIND_SHIFT: u32 = 24;

/// When the first two words of operands make a flag, and what it adds when it is not set and when
/// it is: nobody can predict that, so it is no branch.
const FLAGS: [(Flag, [u8; 2]); 8] = [
    (NEVER, [0, 0]),
    (JUMPS_BACK, [0, TOP]),
    (BRANCHES_BACK, [0, TOP]),
    (HAS_OFFSET, [0, 1]),
    (HAS_OFFSET, [0, TOP]),
    (NEVER, [0, 0]),
    (NEVER, [0, 0]),
    (NEVER, [0, 0]),
];

/// What is subtracted from the two words, and which bits are not all 0 then.
struct Flag(u64, u64);

const NEVER: Flag = Flag(0, 0);
/// A target that is negative, or 0: a loop that is nothing but its branch.
const JUMPS_BACK: Flag = Flag(1, 1 << 31);
const BRANCHES_BACK: Flag = Flag(1 << 32, 1 << 63);
const HAS_OFFSET: Flag = Flag(0, 0xffff_ffff << 32);

/// What the place of the first of three operands multiplies.
const TOP: u8 = PLACES * PLACES;

impl Link {
    /// What the cells of `key` are like.
    pub(super) fn of(key: HandlerKey) -> Self {
        let (kind, flag, pins) = match rule_of(key) {
            Rule::Pins { d, a, b } => (kind::SUM, 0, [(d, BY_TOP), (a, BY_PLACES), (b, BY_1)]),
            Rule::Branch { target, a, b } => {
                (kind::SUM, target.into(), [(0, 0), (a, BY_PLACES), (b, BY_1)])
            }
            Rule::Load { d, a } => (kind::SUM, 3, [(d, BY_TOP), (a, BY_PLACES), (0, 0)]),
            Rule::Store { a, b } => (kind::SUM, 4, [(0, 0), (a, BY_PLACES), (b, BY_1)]),
            Rule::Either { d, a } => {
                (kind::SUM, 0, [(d, EITHER_BY_EITHER), (a, EITHER_BY_1), (0, 0)])
            }
            Rule::Lane { d, .. } => (kind::LANE, 0, [(d, BY_TOP), (0, 0), (0, 0)]),
            Rule::Table { a } => (kind::TABLE, 0, [(a, BY_PLACES), (0, 0), (0, 0)]),
            Rule::Call => (kind::CALL, 0, [(0, 0); 3]),
            Rule::CallIndirect => (kind::CALL_INDIRECT, 0, [(0, 0); 3]),
            Rule::Builtin => (kind::BUILTIN, 0, [(0, 0); 3]),
        };
        // Linking replaces more of it than the handler.
        let returns = key == HandlerKey::Misc(Misc::ReturnCall);
        let kind = if returns { kind::RETURN_CALL } else { kind };
        let lane = if let Rule::Lane { lane, .. } = rule_of(key) { u32::from(lane) } else { 0 };
        let mut by = [0; 4];
        for (half, weight) in pins {
            if half != 0 {
                by[usize::from(half - FIRST_HALF)] = weight;
            }
        }
        let bits = cell_words(key) | lane << LANE_SHIFT | flag << FLAG_SHIFT | kind << KIND_SHIFT;
        Self { by, bits }
    }

    #[inline]
    fn kind(self) -> u32 {
        self.bits >> KIND_SHIFT
    }

    /// The length in words of the cell that `words` begin with.
    pub(super) fn len(self, words: &[u32]) -> usize {
        let targets = if self.kind() == kind::TABLE { words[COUNT_WORD] as usize + 1 } else { 0 };
        usize::from(self.bits as u8) + targets
    }

    /// The length of the cells, when it is always the same, linking replaces but their handler, and
    /// their variant is a sum.
    #[inline]
    pub(super) fn plain_len(self) -> Option<usize> {
        (self.kind() == kind::SUM).then_some(usize::from(self.bits as u8))
    }

    /// Whether the cells call, and so name what stands behind the call in their last word.
    pub(super) fn calls(self) -> bool {
        matches!(self.kind(), kind::CALL | kind::CALL_INDIRECT)
    }

    /// The variant of the cell that `words` begin with.
    #[inline]
    pub(super) fn variant(self, words: &[u32], pins: &Pins) -> Variant {
        if self.kind() == kind::SUM { self.sum(words, pins) } else { self.rare(words, pins) }
    }

    /// The variant of such a cell.
    #[inline]
    pub(super) fn sum(self, words: &[u32], pins: &Pins) -> Variant {
        let [first, second] = [1, 2].map(|i| words.get(i).copied().unwrap_or(0));
        let slots = [first as u16, (first >> 16) as u16, second as u16, (second >> 16) as u16];
        let products = [0, 1, 2, 3].map(|i| {
            u32::from(pins.by_slot[usize::from(slots[i])]).wrapping_mul(u32::from(self.by[i]))
        });
        let sum = products.into_iter().fold(0, u32::wrapping_add);
        let (Flag(less, mask), adds) = FLAGS[(self.bits >> FLAG_SHIFT) as usize % FLAGS.len()];
        let operands = (u64::from(first) | u64::from(second) << 32).wrapping_sub(less);
        Variant((sum >> 8) as u8 + adds[usize::from(operands & mask != 0)])
    }

    #[inline(never)]
    fn rare(self, words: &[u32], pins: &Pins) -> Variant {
        match self.kind() {
            kind::LANE => {
                let lane = half(words, (self.bits >> LANE_SHIFT) as u8) as u8 & 0xf;
                Variant(self.sum(words, pins).0 + lane)
            }
            kind::TABLE => self.sum(words, pins),
            kind::CALL => Variant(u8::from(pins.counts.any())),
            kind::CALL_INDIRECT => {
                let other_table = words[TABLE_WORD] != 0;
                Variant(u8::from(pins.counts.any()) | u8::from(other_table) << 1)
            }
            kind::BUILTIN => {
                let builtin = Builtin::ALL[words[BUILTIN_WORD] as usize];
                Variant(pins.counts.number() * 2 + u8::from(builtin.results() > 0))
            }
            _ => Variant(0),
        }
    }
}

const TABLE_WORD: usize = offset_of!(CallIndirectCell, table) / WORD as usize;
const COUNT_WORD: usize = offset_of!(TableJumpCell, count) / WORD as usize;
const BUILTIN_WORD: usize = offset_of!(BuiltinCell, builtin) / WORD as usize;

const _: () = assert!(
    offset_of!(LoadCell, offset) == 8
        && offset_of!(StoreCell, offset) == 8
        && offset_of!(StoreImmCell, offset) == 8
        && offset_of!(BranchCell, target) == 8
        && offset_of!(JumpCell, target) == 4,
    "flags are where linking looks for them"
);

/// The half word of a cell at `place`.
fn half(words: &[u32], place: u8) -> u16 {
    (words[usize::from(place) / 2] >> (place % 2 * 16)) as u16
}

// An entry of `Pins` is a pin within its file, counted from 1; and above 8 bits, whether the file
// is that of floats. What they are multiplied by: in the high byte, what the pin weighs in the
// number of a variant; in the low byte, what the file weighs.
const BY_1: u16 = 1 << 8;
const BY_PLACES: u16 = (PLACES as u16) << 8;
const BY_TOP: u16 = (TOP as u16) << 8;
const EITHER_BY_1: u16 = 1 << 8 | PINS as u16;
const EITHER_BY_EITHER: u16 = (EITHER as u16) << 8 | (EITHER * PINS) as u16;

const _: () = assert!(PINS * (EITHER + 1) * PINS < u8::MAX, "no sum reaches the bits above it");

/// The half word behind the handler.
const FIRST_HALF: u8 = 2;

/// The pinned locals of a function, found by their slots.
#[derive(Debug)]
pub(crate) struct Pins {
    /// For each slot, as `u16`: 0, or its pin.
    by_slot: Box<[u16; 1 << 16]>,
    pub(super) counts: PinCounts,
}

impl Default for Pins {
    fn default() -> Self {
        let by_slot = vec![0; 1 << 16].into_boxed_slice();
        let by_slot = by_slot.try_into().expect("as long as it was made");
        Self { by_slot, counts: PinCounts { ints: 0, floats: 0 } }
    }
}

impl Pins {
    /// Finds the pins that `header` names from now on.
    pub(super) fn set(&mut self, header: &CodeHeader) {
        self.counts = PinCounts::of(header);
        let slots = header.int_pins.iter().chain(&header.float_pins);
        for (slot, either) in slots.zip(1..) {
            if slot.0 == 0 {
                continue;
            }
            let entry =
                if either > PINS { 1 << 8 | u16::from(either - PINS) } else { either.into() };
            self.by_slot[usize::from(slot.0.cast_unsigned())] = entry;
        }
    }

    /// Finds none any more.
    pub(super) fn clear(&mut self, header: &CodeHeader) {
        for slot in header.int_pins.iter().chain(&header.float_pins) {
            self.by_slot[usize::from(slot.0.cast_unsigned())] = 0;
        }
    }
}
