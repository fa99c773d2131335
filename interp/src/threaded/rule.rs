//! [`Rule`]: what decides on the variant of a cell's handler.
//!
//! What lives here: for every handler, where its cells name what decides. What does not: how that
//! is looked up (`link`).
//!
//! Invariant: what a cell does not name in a slot decides nothing.

use wasmtier_ops::{AtomicShape, SimdAccessShape, SimdShape};

use crate::cell::BranchCell;
use crate::handler::{Dst, HandlerKey, Misc, Src, Srcs};

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
            Rule::Pins { d: D, a: 3, b: 4 }
        }
        Misc::SelectToAcc | Misc::SelectAccToAcc => Rule::Pins { d: 0, a: 3, b: 4 },
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
