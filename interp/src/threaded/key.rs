//! [`NativeKey`]: a handler of the threaded back-end, and how a cell's operands make one of it.
//!
//! What lives here: the variants of a handler (pinned locals, back edges, lanes), and where the
//! cells name the operands that decide on the variant. What does not: code.
//!
//! Invariant: a variant is below [`VARIANTS`], and changes how a cell is run, never what it yields.

use core::mem::offset_of;

use wasmtier_ops::{AtomicShape, SimdAccessShape, SimdShape};
use wasmtier_vm::{Builtin, Slot};

use crate::cell::{
    BranchCell, BuiltinCell, CallIndirectCell, CodeHeader, JumpCell, LoadCell, PINS as ALL_PINS,
    StoreCell, StoreImmCell, TableJumpCell, WORD,
};
use crate::dump::cell_words;
use crate::handler::{Dst, HandlerKey, Misc, Src, Srcs};

/// How many registers of a file locals are pinned to.
pub(super) const PINS: u8 = ALL_PINS as u8;
/// Ways in which an operand of known type is found: in no pin, or in one of them.
const PLACES: u8 = PINS + 1;
/// The same for an operand that is of either register file.
const EITHER: u8 = 2 * PINS + 1;
/// How many variants a handler may have.
pub(super) const VARIANTS: u8 = PLACES * PLACES * PLACES;

/// A handler of the threaded back-end.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum NativeKey {
    /// Runs cells.
    Cell(HandlerKey, Variant),
    /// Opens the frame of a function with so many pins, and starts it.
    Enter { pins: PinCounts, zeros: Zeros },
    /// Stands behind a call: takes the pins up again.
    Resume(PinCounts),
}

/// How many locals are pinned, by register file.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) struct PinCounts {
    pub(super) ints: u8,
    pub(super) floats: u8,
}

impl PinCounts {
    /// All there can be. What is not pinned has slot 0, which may be loaded.
    pub(super) const ALL: Self = Self { ints: PINS, floats: PINS };

    pub(super) fn of(header: &CodeHeader) -> Self {
        let count = |pins: &[Slot]| pins.iter().filter(|pin| pin.0 != 0).count() as u8;
        Self { ints: count(&header.int_pins), floats: count(&header.float_pins) }
    }

    pub(super) fn any(self) -> bool {
        self.ints + self.floats > 0
    }

    fn number(self) -> u8 {
        self.ints * PLACES + self.floats
    }

    fn from_number(number: u8) -> Self {
        Self { ints: number / PLACES, floats: number % PLACES }
    }
}

/// How many slots of locals a function begins with.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Zeros {
    /// Exactly so many, at most [`Zeros::MOST`].
    Few(u8),
    /// As many as its header says.
    Many,
}

impl Zeros {
    /// Slots that are zeroed without a loop.
    const MOST: u8 = PLACES - 2;

    pub(super) fn of(slots: u32) -> Self {
        match u8::try_from(slots) {
            Ok(few) if few <= Self::MOST => Self::Few(few),
            _ => Self::Many,
        }
    }
}

/// Which of a handler's variants.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) struct Variant(pub(super) u8);

/// A pinned register, counted from 0 within its file; or none.
pub(super) type Pin = Option<u8>;

/// A pinned register of either file.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) enum EitherPin {
    None,
    Int(u8),
    Float(u8),
}

impl Variant {
    fn parts(self) -> [u8; 3] {
        [self.0 / (PLACES * PLACES), self.0 / PLACES % PLACES, self.0 % PLACES]
    }

    /// The pins of the destination, the first and the second operand.
    pub(super) fn pins(self) -> [Pin; 3] {
        self.parts().map(|part| part.checked_sub(1))
    }

    /// Whether the branch goes back, and the pins of its operands.
    pub(super) fn branch(self) -> (bool, [Pin; 2]) {
        let [_, a, b] = self.pins();
        (self.parts()[0] != 0, [a, b])
    }

    /// The pins of the destination and the address, and whether the offset is not zero.
    pub(super) fn load(self) -> ([Pin; 2], bool) {
        let [d, a, _] = self.pins();
        ([d, a], self.parts()[2] != 0)
    }

    /// The pins of the address and the value, and whether the offset is not zero.
    pub(super) fn store(self) -> ([Pin; 2], bool) {
        let (offset, pins) = self.branch();
        (pins, offset)
    }

    /// The pin of the destination, and the index of a lane.
    pub(super) fn lane(self) -> (Pin, u8) {
        let lanes = PLACES * PLACES;
        ((self.0 / lanes).checked_sub(1), self.0 % lanes)
    }

    /// The pins of destination and operand of a handler for either file.
    pub(super) fn either(self) -> [EitherPin; 2] {
        [self.0 / EITHER, self.0 % EITHER].map(|pin| match pin {
            0 => EitherPin::None,
            pin if pin <= PINS => EitherPin::Int(pin - 1),
            pin => EitherPin::Float(pin - 1 - PINS),
        })
    }

    /// Whether pins must be taken up behind a call.
    pub(super) fn pinned(self) -> bool {
        self.0 & 1 != 0
    }

    /// Whether a call goes through table 0.
    pub(super) fn first_table(self) -> bool {
        self.0 & 2 == 0
    }

    /// Whether a builtin has a result, and the pins to be taken up behind it.
    pub(super) fn builtin(self) -> (bool, PinCounts) {
        (self.0 & 1 != 0, PinCounts::from_number(self.0 >> 1))
    }
}

impl NativeKey {
    /// How many numbers of handlers there are, apart from variants.
    pub(super) const COUNT: u32 = HandlerKey::COUNT + 2;

    const ENTER: u32 = HandlerKey::COUNT;
    const RESUME: u32 = HandlerKey::COUNT + 1;

    /// Number and variant as one word, below 2^31.
    pub(super) fn packed(self) -> u32 {
        let (number, Variant(variant)) = self.number();
        number << 8 | u32::from(variant)
    }

    /// The handler's number and variant.
    pub(super) fn number(self) -> (u32, Variant) {
        match self {
            Self::Cell(key, variant) => (key.id().0, variant),
            Self::Enter { pins, zeros } => {
                let zeros = match zeros {
                    Zeros::Few(few) => few,
                    Zeros::Many => Zeros::MOST + 1,
                };
                (Self::ENTER, Variant(zeros * PLACES * PLACES + pins.number()))
            }
            Self::Resume(pins) => (Self::RESUME, Variant(pins.number())),
        }
    }
}

/// What decides on the variant of a cell's handler. Places in a cell are counted in half words from
/// its start; 0 is none.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) enum Rule {
    /// The pins of destination and operands.
    Pins { d: u8, a: u8, b: u8 },
    /// The direction, by the word of the target; and the pins of operands.
    Branch { target: u8, a: u8, b: u8 },
    /// The pins of destination and address, and whether there is an offset.
    Load { d: u8, a: u8 },
    /// The pins of address and value, and whether there is an offset.
    Store { a: u8, b: u8 },
    /// The pins of destination and operand, of either file.
    Either { d: u8, a: u8 },
    /// The pin of the destination, and a lane.
    Lane { d: u8, lane: u8 },
    /// The pin of the index; as many more words follow as the cell says.
    Table { a: u8 },
    /// Whether the function has pins.
    Call,
    /// The same, and whether the table is not the first.
    CallIndirect,
    /// The function's pins, and whether the builtin has a result.
    Builtin,
}

/// Where cells with a destination name it.
const D: u8 = 2;

/// What decides on the variants of `key`.
pub(super) fn rule_of(key: HandlerKey) -> Rule {
    let of = |slot: bool, half: u8| if slot { half } else { 0 };
    match key {
        HandlerKey::Unary { dst, src, .. } => {
            Rule::Pins { d: of(dst == Dst::Slot, D), a: of(src == Src::Slot, 3), b: 0 }
        }
        HandlerKey::Binary { dst, srcs, .. } => {
            let (a, b) = slots_of(srcs);
            Rule::Pins { d: of(dst == Dst::Slot, D), a: of(a, 3), b: of(b, 4) }
        }
        HandlerKey::Branch { srcs, .. } => {
            let (a, b) = slots_of(srcs);
            Rule::Branch { target: BranchCell::TARGET_WORD as u8, a: of(a, 2), b: of(b, 3) }
        }
        HandlerKey::Load { dst, src, .. } => {
            Rule::Load { d: of(dst == Dst::Slot, D), a: of(src == Src::Slot, 3) }
        }
        HandlerKey::Store { srcs, .. } => {
            let (a, b) = slots_of(srcs);
            Rule::Store { a: of(a, 2), b: of(b, 3) }
        }
        HandlerKey::FarLoad { .. } | HandlerKey::Wide { .. } => Rule::Pins { d: D, a: 0, b: 0 },
        HandlerKey::FarStore { .. } => NOTHING,
        HandlerKey::Simd { op } => match op.shape() {
            SimdShape::Test => Rule::Pins { d: D, a: 0, b: 0 },
            SimdShape::Extract(_) => Rule::Lane { d: D, lane: 6 },
            SimdShape::Replace(_) => Rule::Lane { d: 0, lane: 6 },
            SimdShape::Unary
            | SimdShape::Binary
            | SimdShape::Ternary
            | SimdShape::Shift
            | SimdShape::Splat(_)
            | SimdShape::Shuffle => NOTHING,
        },
        HandlerKey::SimdAccess { op, .. } => match op.shape() {
            SimdAccessShape::Load | SimdAccessShape::Store => NOTHING,
            SimdAccessShape::LoadLane | SimdAccessShape::StoreLane => Rule::Lane { d: 0, lane: 5 },
        },
        HandlerKey::Atomic { op, .. } => {
            Rule::Pins { d: of(op.shape() != AtomicShape::Store, D), a: 0, b: 0 }
        }
        HandlerKey::Misc(misc) => rule_of_misc(misc),
    }
}

const NOTHING: Rule = Rule::Pins { d: 0, a: 0, b: 0 };

/// Whether the first and the second operand are in slots.
fn slots_of(srcs: Srcs) -> (bool, bool) {
    match srcs {
        Srcs::SlotSlot => (true, true),
        Srcs::SlotAcc | Srcs::SlotImm => (true, false),
        Srcs::AccSlot => (false, true),
        Srcs::AccImm => (false, false),
    }
}

fn rule_of_misc(misc: Misc) -> Rule {
    match misc {
        Misc::Copy => Rule::Either { d: D, a: 3 },
        Misc::CopyAcc
        | Misc::CopyFloatAcc
        | Misc::Const32
        | Misc::Const64
        | Misc::GlobalGet
        | Misc::GlobalGetFloat
        | Misc::ImportedGlobalGet
        | Misc::ImportedGlobalGetFloat => Rule::Either { d: D, a: 0 },
        Misc::GlobalSet | Misc::ImportedGlobalSet => Rule::Either { d: 0, a: 3 },
        Misc::Jump => Rule::Branch { target: 1, a: 0, b: 0 },
        Misc::JumpIf | Misc::JumpIfNot | Misc::JumpIf64 | Misc::JumpIfNot64 => {
            Rule::Branch { target: BranchCell::TARGET_WORD as u8, a: 2, b: 0 }
        }
        Misc::JumpIfAcc | Misc::JumpIfNotAcc | Misc::JumpIf64Acc | Misc::JumpIfNot64Acc => {
            Rule::Branch { target: BranchCell::TARGET_WORD as u8, a: 0, b: 0 }
        }
        Misc::TableJump => Rule::Table { a: 2 },
        Misc::TableJumpAcc => Rule::Table { a: 0 },
        Misc::ReturnSlot | Misc::ReturnFloatSlot => Rule::Pins { d: 0, a: 3, b: 0 },
        Misc::Call | Misc::CallImport => Rule::Call,
        Misc::CallIndirect | Misc::CallIndirectAcc => Rule::CallIndirect,
        Misc::Select | Misc::SelectAcc | Misc::SelectFloat | Misc::SelectFloatAcc => {
            Rule::Pins { d: D, a: 4, b: 5 }
        }
        Misc::SelectToAcc | Misc::SelectAccToAcc => Rule::Pins { d: 0, a: 4, b: 5 },
        Misc::CallBuiltin => Rule::Builtin,
        Misc::CopyVector
        | Misc::Const128
        | Misc::Return
        | Misc::ReturnAcc
        | Misc::ReturnFloatAcc
        | Misc::ReturnMany
        | Misc::ReturnCall
        | Misc::ReturnCallImport
        | Misc::ReturnCallIndirect
        | Misc::GlobalGetToAcc
        | Misc::GlobalGetVector
        | Misc::GlobalSetAcc
        | Misc::GlobalSetVector
        | Misc::ImportedGlobalGetVector
        | Misc::ImportedGlobalSetVector
        | Misc::SelectVector
        | Misc::Fence
        | Misc::Trap => NOTHING,
    }
}

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
