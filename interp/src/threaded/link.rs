//! [`Link`]: what linking needs to know of the cells of a handler, and the pins it looks up.
//!
//! What lives here: rules, packed so that most cells are linked without a branch. What does not:
//! the rules (`rule`), the pass over the cells.
//!
//! Invariant: the variant that comes out is what the rule says.

use core::mem::offset_of;

use wasmtier_vm::Builtin;

use super::key::{EITHER, PINS, PLACES, PinCounts, VARIANTS, Variant};
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
    /// What the entries in [`Pins`] of the three half words behind the handler are multiplied by;
    /// bits 8 to 15 of the sum of that are what pins add to the index of the variant.
    by: [u16; 3],
    len: u8,
    /// How it is resolved; never 0.
    kind: u8,
    /// Where the table has the words of the handler.
    start: u32,
    /// Which word of operands makes a flag, how, and twice what that adds to the index.
    tested: u8,
    test: u8,
    adds: u8,
    /// What an index is multiplied by to give the number of the variant. Indices are dense, so that
    /// words that are read are close together.
    stride: u8,
}

/// How a [`Link`] is resolved: by the sum alone, or else.
mod kind {
    pub(super) const SUM: u8 = 1;
    pub(super) const LANE: u8 = 2;
    pub(super) const TABLE: u8 = 3;
    pub(super) const CALL: u8 = 4;
    pub(super) const CALL_INDIRECT: u8 = 5;
    pub(super) const RETURN_CALL: u8 = 6;
    pub(super) const BUILTIN: u8 = 7;
}

/// How a word makes a flag: by these bits of the sum of it and 2^32 - 1, shifted by
/// [`TEST_SHIFT`].
mod test {
    pub(super) const NEVER: u8 = 0;
    /// It is negative, or 0: a branch that goes back, or a loop that is nothing but its branch.
    pub(super) const BACK: u8 = 1;
    /// It is not 0.
    pub(super) const NOT_0: u8 = 2;
}
const TEST_SHIFT: u32 = 31;

/// What the place of the first of three operands multiplies.
const TOP: u8 = PLACES * PLACES;

impl Link {
    /// What the cells of `key` are like, whose handlers have no words in a table.
    pub(super) fn of(key: HandlerKey) -> Self {
        let none = (0, 0);
        let (kind, pins, (tested, test, adds)) = match rule_of(key) {
            Rule::Pins { d, a, b } => (kind::SUM, [(d, TOP), (a, PLACES), (b, 1)], NO_FLAG),
            Rule::Branch { target, a, b } => {
                let flag = (target - 1, test::BACK, TOP);
                (kind::SUM, [none, (a, PLACES), (b, 1)], flag)
            }
            Rule::Load { d, a } => {
                (kind::SUM, [(d, TOP), (a, PLACES), none], (OFFSET, test::NOT_0, 1))
            }
            Rule::Store { a, b } => {
                (kind::SUM, [none, (a, PLACES), (b, 1)], (OFFSET, test::NOT_0, TOP))
            }
            Rule::Either { d, a } => (kind::SUM, [(d, EITHER), (a, 1), none], NO_FLAG),
            Rule::Lane { d, lane } => (kind::LANE, [(d, TOP), none, none], (lane, test::NEVER, 1)),
            Rule::Table { a } => (kind::TABLE, [(a, PLACES), none, none], NO_FLAG),
            Rule::Call => (kind::CALL, [none; 3], ANY),
            Rule::CallIndirect => (kind::CALL_INDIRECT, [none; 3], ANY),
            Rule::Builtin => (kind::BUILTIN, [none; 3], ANY),
        };
        // Linking replaces more of it than the handler.
        let returns = key == HandlerKey::Misc(Misc::ReturnCall);
        let kind = if returns { kind::RETURN_CALL } else { kind };
        let pins = pins.map(|(half, weight)| (half, if half == 0 { 0 } else { weight }));
        let weights = pins.map(|(_, weight)| weight).into_iter().chain([adds]);
        let stride = weights.filter(|weight| *weight > 0).min().unwrap_or(VARIANTS);
        let either = matches!(rule_of(key), Rule::Either { .. });
        let mut by = [0; 3];
        for (half, weight) in pins.into_iter().filter(|(half, _)| *half != 0) {
            // In the high byte, what a pin weighs; in the low byte, what its file weighs.
            let (pin, file) = (weight / stride, if either { weight / stride * PINS } else { 0 });
            by[usize::from(half - FIRST_HALF)] = u16::from_le_bytes([file, pin]);
        }
        let adds = adds / stride * if test == test::BACK { 2 } else { 1 };
        Self { by, len: cell_words(key) as u8, kind, start: 0, tested, test, adds, stride }
    }

    /// The same with words in a table, from `start` on.
    pub(super) fn at(self, start: u32) -> Self {
        Self { start, ..self }
    }

    /// How many words it needs in a table.
    pub(super) fn span(self) -> u32 {
        u32::from(VARIANTS).div_ceil(self.stride.into())
    }

    /// Everything, as what can be read and written as a whole; the first is never 0.
    #[inline]
    pub(super) fn pack(self) -> [u64; 2] {
        let [by0, by1, by2] = self.by.map(u64::from);
        let first = by0 | by1 << 16 | by2 << 32 | u64::from(self.len) << 48;
        let second = u64::from(self.start) | u64::from(self.tested) << 32;
        let (kind, test) = (u64::from(self.kind), u64::from(self.test));
        let (adds, stride) = (u64::from(self.adds), u64::from(self.stride));
        [first | kind << 56, second | test << 40 | adds << 48 | stride << 56]
    }

    /// What [`Link::pack`] packed.
    #[inline]
    pub(super) fn unpack([first, second]: [u64; 2]) -> Self {
        Self {
            by: [first as u16, (first >> 16) as u16, (first >> 32) as u16],
            len: (first >> 48) as u8,
            kind: (first >> 56) as u8,
            start: second as u32,
            tested: (second >> 32) as u8,
            test: (second >> 40) as u8,
            adds: (second >> 48) as u8,
            stride: (second >> 56) as u8,
        }
    }

    /// The length in words of the cell that `words` begin with.
    pub(super) fn len(self, words: &[u32]) -> usize {
        let targets = if self.kind == kind::TABLE { words[COUNT_WORD] as usize + 1 } else { 0 };
        usize::from(self.len) + targets
    }

    /// The length of the cells, when it is always the same, linking replaces but their handler, and
    /// their variant is a sum.
    #[inline]
    pub(super) fn plain_len(self) -> Option<usize> {
        (self.kind == kind::SUM).then_some(self.len.into())
    }

    /// Whether the cells call, and so name what stands behind the call in their last word.
    pub(super) fn calls(self) -> bool {
        matches!(self.kind, kind::CALL | kind::CALL_INDIRECT)
    }

    /// Which word of a table is that of a variant.
    pub(super) fn word(self, variant: Variant) -> usize {
        self.start as usize + usize::from(variant.0 / self.stride)
    }

    /// Which word of a table is that of the cell with these operands, when its variant is a sum.
    #[inline]
    pub(super) fn word_of_sum(self, operands: &[u32; 2], pins: &Pins) -> usize {
        self.start as usize + self.sum(operands, pins) as usize
    }

    /// The index of the variant of such a cell.
    #[inline]
    fn sum(self, operands: &[u32; 2], pins: &Pins) -> u32 {
        let [first, second] = *operands;
        let slots = [first as u16, (first >> 16) as u16, second as u16];
        let products = [0, 1, 2].map(|i| {
            u32::from(pins.by_slot[usize::from(slots[i])]).wrapping_mul(u32::from(self.by[i]))
        });
        let sum = products.into_iter().fold(0, u32::wrapping_add);
        // Nobody can predict a flag: it is multiplied, which no compiler makes a branch of.
        let tested = u64::from(operands[usize::from(self.tested & 1)]) + u64::from(u32::MAX);
        let flag = (tested >> TEST_SHIFT) as u32 & u32::from(self.test);
        (sum >> 8 & 0xff) + ((flag * u32::from(self.adds)) >> 1)
    }

    /// The variant of the cell that `words` begin with.
    pub(super) fn variant(self, words: &[u32], pins: &Pins) -> Variant {
        if self.kind == kind::SUM {
            self.variant_of_sum(words, pins)
        } else {
            self.rare(words, pins)
        }
    }

    fn variant_of_sum(self, words: &[u32], pins: &Pins) -> Variant {
        let operands = [1, 2].map(|i| words.get(i).copied().unwrap_or(0));
        Variant(self.sum(&operands, pins) as u8 * self.stride)
    }

    #[inline(never)]
    fn rare(self, words: &[u32], pins: &Pins) -> Variant {
        match self.kind {
            kind::LANE => {
                let lane = half(words, self.tested) as u8 & 0xf;
                Variant(self.variant_of_sum(words, pins).0 + lane)
            }
            kind::TABLE => self.variant_of_sum(words, pins),
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

/// The half word behind the handler.
const FIRST_HALF: u8 = 2;

/// Where loads and stores have their offset among the words of operands.
const OFFSET: u8 = 1;

// Which word of operands makes a flag, how, and what the flag adds to the number of a variant.
const NO_FLAG: (u8, u8, u8) = (0, test::NEVER, 0);
/// Any number may be that of a variant.
const ANY: (u8, u8, u8) = (0, test::NEVER, 1);

/// The pinned locals of a function, found by their slots.
#[derive(Debug)]
pub(crate) struct Pins {
    /// For each slot, as `u16`: 0, or its pin within its file, counted from 1; and above 8 bits,
    /// whether the file is that of floats.
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
