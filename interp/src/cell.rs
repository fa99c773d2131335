//! The cells of the IR: one `repr(C)` struct per shape, and how a cell is written.
//!
//! A cell is a handler word followed by its operands, 4-byte granular, without absolute pointers:
//! the handler word is an id that a back-end resolves (the portable one by a table, the threaded
//! one by rewriting it to an offset from its handler base). Slots are `i16`, branches are relative
//! to the branching cell, in bytes.
//!
//! Invariant: the translator writes cells only through the `put` of these structs and handlers read
//! them only through their fields, so that no offset is known twice. `d` is where every cell that
//! yields a value names its slot, which lets the translator redirect a result after the fact.

use core::mem::offset_of;

use wasmtier_vm::Slot;

use crate::handler::HandlerId;

/// Bytes in a code word.
pub(crate) const WORD: u32 = size_of::<u32>() as u32;

macro_rules! cells {
    ($($(#[$doc:meta])* $name:ident { $($field:ident: $ty:ident),* })*) => {$(
        $(#[$doc])*
        #[repr(C)]
        #[derive(Copy, Clone, Debug)]
        pub(crate) struct $name {
            pub(crate) handler: HandlerId,
            $(pub(crate) $field: $ty,)*
        }

        impl $name {
            /// Appends the cell to `code`.
            #[inline]
            pub(crate) fn put(self, code: &mut Vec<u32>) {
                const WORDS: usize = size_of::<$name>() / WORD as usize;
                let mut words = [0u32; WORDS];
                words[0] = self.handler.0;
                $(
                    let at = offset_of!(Self, $field);
                    words[at / 4] |= Field::bits(self.$field) << (at % 4 * 8);
                )*
                code.extend_from_slice(&words);
            }
        }

        impl Cell for $name {
            const WORDS: u32 = size_of::<Self>() as u32 / WORD;

            fn show(words: &[u32], out: &mut String) {
                $(
                    let at = offset_of!(Self, $field);
                    <$ty as Field>::show(stringify!($field), words[at / 4] >> (at % 4 * 8), out);
                )*
            }
        }

        const _: () = assert!(size_of::<$name>() % WORD as usize == 0, "cells are whole words");
    )*};
}

/// What all cells have.
pub(crate) trait Cell {
    /// Length of the cell in words.
    const WORDS: u32;

    /// Appends the operands of a cell to `out`, for a human.
    fn show(words: &[u32], out: &mut String);
}

/// A field of a cell; it never crosses a word, and the first of two in a word is in its low half.
trait Field {
    /// The field, zero-extended.
    fn bits(self) -> u32;

    /// Appends the field called `name`, which is in the low bits of `bits`, to `out`.
    fn show(name: &str, bits: u32, out: &mut String);
}

impl Field for Slot {
    #[inline]
    fn bits(self) -> u32 {
        u32::from(self.0 as u16)
    }

    fn show(name: &str, bits: u32, out: &mut String) {
        if name != UNUSED {
            out.push_str(&format!(" {name}=[{}]", bits as i16));
        }
    }
}

impl Field for HandlerId {
    #[inline]
    fn bits(self) -> u32 {
        self.0
    }

    fn show(_: &str, _: u32, _: &mut String) {}
}

macro_rules! word_fields {
    ($($ty:ident)*) => {$(
        impl Field for $ty {
            #[inline]
            fn bits(self) -> u32 {
                self as u32
            }

            fn show(name: &str, bits: u32, out: &mut String) {
                if name != UNUSED {
                    out.push_str(&format!(" {name}={}", bits as $ty));
                }
            }
        }
    )*};
}

word_fields!(i32 u32);

/// Name of the fields that pad a cell.
const UNUSED: &str = "unused";

cells! {
    /// Nothing but an operator.
    PlainCell { unused: u32 }
    /// `d = op a`
    UnaryCell { d: Slot, a: Slot }
    /// `d = a op b`
    BinaryCell { d: Slot, a: Slot, b: Slot, unused: Slot }
    /// `d = a op imm`
    BinaryImmCell { d: Slot, a: Slot, imm: i32 }
    /// `d = op a b c`
    TernaryCell { d: Slot, a: Slot, b: Slot, c: Slot }
    /// `d = high half, low = low half of a op b`, the operands in halves too.
    WideCell { d: Slot, low: Slot, a: Slot, a_high: Slot, b: Slot, b_high: Slot }
    /// `d = high half, low = low half of a op b`
    WideningCell { d: Slot, low: Slot, a: Slot, b: Slot }
    /// `d = op a b` with the index of a lane.
    LaneCell { d: Slot, a: Slot, b: Slot, unused: Slot, lane: u32 }
    /// `d = shuffle a b` with the indices of 16 lanes, four to a word.
    ShuffleCell { d: Slot, a: Slot, b: Slot, unused: Slot, l0: u32, l1: u32, l2: u32, l3: u32 }
    /// `if a op b goto target`
    BranchCell { a: Slot, b: Slot, target: i32 }
    /// `if a op imm goto target`
    BranchImmCell { a: Slot, unused: Slot, target: i32, imm: i32 }
    /// `goto target`
    JumpCell { target: i32 }
    /// `goto targets[min(a, count)]`; `count + 1` words of targets follow.
    TableJumpCell { a: Slot, unused: Slot, count: u32 }
    /// `d = memory0[a + offset]`
    LoadCell { d: Slot, a: Slot, offset: u32 }
    /// `memory0[a + offset] = b`
    StoreCell { a: Slot, b: Slot, offset: u32 }
    /// `memory0[a + offset] = imm`
    StoreImmCell { a: Slot, unused: Slot, offset: u32, imm: i32 }
    /// `d = memory[a + offset]`, with any memory and offset.
    FarLoadCell { d: Slot, a: Slot, memory: u32, offset_low: u32, offset_high: u32 }
    /// `memory[a + offset] = b`, with any memory and offset.
    FarStoreCell { a: Slot, b: Slot, memory: u32, offset_low: u32, offset_high: u32 }
    /// `d = b with a lane from memory[a + offset]`, or `memory[a + offset] = lane of b`.
    FarLaneCell {
        d: Slot, a: Slot, b: Slot, lane: Slot, memory: u32, offset_low: u32, offset_high: u32
    }
    /// `d = memory[a + offset]`, which is updated with `b`, or with `b` and `c`.
    FarUpdateCell {
        d: Slot, a: Slot, b: Slot, c: Slot, memory: u32, offset_low: u32, offset_high: u32
    }
    /// `d = imm`, zero-extended.
    Const32Cell { d: Slot, unused: Slot, imm: u32 }
    /// `d = imm`
    Const64Cell { d: Slot, unused: Slot, low: u32, high: u32 }
    /// `d = imm`, two slots.
    Const128Cell { d: Slot, unused: Slot, w0: u32, w1: u32, w2: u32, w3: u32 }
    /// `d = c ? a : b`
    SelectCell { d: Slot, a: Slot, b: Slot, c: Slot }
    /// `d = global`, or `global = a`: `global` is a slot of the instance's storage, or the index of
    /// an imported global.
    GlobalCell { d: Slot, a: Slot, global: u32 }
    /// Calls a function; `fp` is the callee's frame pointer. `resume` is for the threaded back-end.
    CallCell { fp: Slot, unused: Slot, func: u32, resume: HandlerId }
    /// Calls through a table; `fp` is the callee's frame pointer, `a` the index.
    CallIndirectCell { fp: Slot, a: Slot, ty: u32, table: u32, resume: HandlerId }
    /// Replaces the frame by a call; `args` is the slot of argument 0, `count` slots of arguments.
    ReturnCallCell { args: Slot, count: Slot, func: u32 }
    /// Replaces the frame by a call through a table.
    ReturnCallIndirectCell { args: Slot, count: Slot, a: Slot, unused: Slot, ty: u32, table: u32 }
    /// Returns the value of `a` in the caller's slot `d`.
    ReturnCell { d: Slot, a: Slot }
    /// Returns `count` slots from `a` downwards in the caller's slots from `d` downwards.
    ReturnManyCell { d: Slot, a: Slot, count: u32 }
    /// Calls a builtin with its operands in slots from `args` downwards.
    BuiltinCell { args: Slot, unused: Slot, builtin: u32, imm0: u32, imm1: u32 }
    /// Leaves with a trap.
    TrapCell { trap: u32 }
}

impl BranchCell {
    /// Where both branch cells name their target.
    pub(crate) const TARGET_WORD: u32 = offset_of!(Self, target) as u32 / WORD;
}

const _: () = assert!(
    offset_of!(BranchCell, target) == offset_of!(BranchImmCell, target),
    "both branch cells are linked alike"
);

/// What stands before the first cell of a translated function.
#[repr(C)]
#[derive(Copy, Clone, Debug)]
pub(crate) struct CodeHeader {
    /// Bytes the frame takes below its frame pointer.
    pub(crate) frame_bytes: u32,
    /// How many slots of declared locals are zeroed at entry.
    pub(crate) zero_slots: u32,
    /// Slots of the integer locals to pin in registers; 0 (the saved fp's slot) is none, and comes
    /// behind all others.
    pub(crate) int_pins: [Slot; PINS],
    /// Slots of the float locals to pin in registers; 0 is none.
    pub(crate) float_pins: [Slot; PINS],
}

/// How many locals of a register file may be pinned.
pub(crate) const PINS: usize = 4;

impl CodeHeader {
    /// Length of the header in words.
    pub(crate) const WORDS: u32 = size_of::<Self>() as u32 / WORD;

    /// Writes the header over the first words of `code`.
    pub(crate) fn write(self, code: &mut [u32]) {
        let pair = |pins: &[Slot; PINS], i: usize| {
            u32::from(pins[i].0 as u16) | u32::from(pins[i + 1].0 as u16) << 16
        };
        let words = [
            self.frame_bytes,
            self.zero_slots,
            pair(&self.int_pins, 0),
            pair(&self.int_pins, 2),
            pair(&self.float_pins, 0),
            pair(&self.float_pins, 2),
        ];
        code[..words.len()].copy_from_slice(&words);
    }

    /// The header of `code`.
    pub(crate) fn read(code: &[u32]) -> Self {
        let pins = |at: usize| {
            let halves = [code[at], code[at] >> 16, code[at + 1], code[at + 1] >> 16];
            halves.map(|half| Slot((half as u16).cast_signed()))
        };
        Self { frame_bytes: code[0], zero_slots: code[1], int_pins: pins(2), float_pins: pins(4) }
    }
}

const _: () = assert!(CodeHeader::WORDS == 6, "the header is as it is written and read above");

/// Where every cell that yields a value names its destination: the low half of this word.
pub(crate) const DESTINATION_WORD: usize = 1;

const _: () = assert!(
    offset_of!(UnaryCell, d) == 4 * DESTINATION_WORD
        && offset_of!(BinaryCell, d) == 4 * DESTINATION_WORD
        && offset_of!(BinaryImmCell, d) == 4 * DESTINATION_WORD
        && offset_of!(WideCell, d) == 4 * DESTINATION_WORD
        && offset_of!(WideningCell, d) == 4 * DESTINATION_WORD
        && offset_of!(LoadCell, d) == 4 * DESTINATION_WORD
        && offset_of!(FarLoadCell, d) == 4 * DESTINATION_WORD
        && offset_of!(SelectCell, d) == 4 * DESTINATION_WORD
        && offset_of!(GlobalCell, d) == 4 * DESTINATION_WORD
        && offset_of!(Const32Cell, d) == 4 * DESTINATION_WORD,
    "results are redirected alike in all cells"
);
