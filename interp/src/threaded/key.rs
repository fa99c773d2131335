//! [`NativeKey`]: a handler of the threaded back-end, with its variant.
//!
//! What lives here: which variants there are: pinned locals, back edges, lanes. What does not:
//! which one a cell needs (`rule`, `link`), code.
//!
//! Invariant: a variant is below [`VARIANTS`], and changes how a cell is run, never what it yields.

use wasmtier_vm::Slot;

use crate::cell::{CodeHeader, PINS as ALL_PINS};
use crate::handler::HandlerKey;

/// How many registers of a file locals are pinned to.
pub(super) const PINS: u8 = ALL_PINS as u8;
/// Ways in which an operand of known type is found: in no pin, or in one of them.
pub(super) const PLACES: u8 = PINS + 1;
/// The same for an operand that is of either register file.
pub(super) const EITHER: u8 = 2 * PINS + 1;
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

    pub(super) fn number(self) -> u8 {
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
