//! [`HandlerKey`]: which operator a cell runs, with which kinds of operands; and its dense id.
//!
//! What lives here: the closed set of handlers every back-end provides. What does not: their code.
//!
//! Families over operator rows come first (one block of ids per row), then the hand-written ones.
//! Invariant: `HandlerKey::from_id(key.id()) == key` for every key, and ids are dense, so that the
//! portable back-end finds code by one array access.

use wasmtier_ops::{AtomicOp, LoadOp, NumOp, SimdAccessOp, SimdOp, StoreOp, WideOp};

/// The number of a handler: the first word of a cell.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
#[repr(transparent)]
pub(crate) struct HandlerId(pub(crate) u32);

/// Where a result goes. The accumulator of the result's register file receives it in any case.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Dst {
    /// Into a slot, and the accumulator.
    Slot,
    /// Into the accumulator alone.
    Acc,
}

/// Where a single operand comes from.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Src {
    /// A slot.
    Slot,
    /// The accumulator of the operand's register file.
    Acc,
}

/// Where two operands come from: `S`lot, `A`ccumulator, `I`mmediate.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Srcs {
    SlotSlot,
    SlotAcc,
    AccSlot,
    SlotImm,
    AccImm,
}

macro_rules! small_enum {
    ($name:ident: $($variant:ident)*) => {
        impl $name {
            pub(crate) const ALL: &[Self] = &[$(Self::$variant,)*];
            pub(crate) const COUNT: u32 = Self::ALL.len() as u32;
        }
    };
}

small_enum!(Dst: Slot Acc);
small_enum!(Src: Slot Acc);
small_enum!(Srcs: SlotSlot SlotAcc AccSlot SlotImm AccImm);

macro_rules! misc_handlers {
    ($($(#[$doc:meta])* $name:ident: $cell:ident $text:literal;)*) => {
        /// The handlers that belong to no operator row.
        #[derive(Copy, Clone, PartialEq, Eq, Debug)]
        #[repr(u32)]
        pub(crate) enum Misc { $($(#[$doc])* $name,)* }

        impl Misc {
            pub(crate) const ALL: &[Self] = &[$(Self::$name,)*];
            pub(crate) const COUNT: u32 = Self::ALL.len() as u32;

            /// Name in dumps.
            pub(crate) const fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }

        /// Calls macro `$m` with every hand-written handler and its cell.
        macro_rules! for_each_misc_handler {
            ($m:ident) => { $m! { $($name: $cell;)* } };
        }
        pub(crate) use for_each_misc_handler;
    };
}

misc_handlers! {
    /// Copies a slot; the integer accumulator receives the bits.
    Copy: UnaryCell "copy.S";
    /// Copies the integer accumulator to a slot.
    CopyAcc: UnaryCell "copy.A";
    /// Copies the float accumulator to a slot.
    CopyFloatAcc: UnaryCell "copy.F";
    /// Copies a vector.
    CopyVector: UnaryCell "copy.V";
    /// A constant of up to 32 significant bits; the integer accumulator receives it.
    Const32: Const32Cell "const32";
    /// A constant of 64 bits; the integer accumulator receives it.
    Const64: Const64Cell "const64";
    /// A vector constant.
    Const128: Const128Cell "const128";
    /// Jumps.
    Jump: JumpCell "br";
    /// Jumps if the low 32 bits of a slot are not zero.
    JumpIf: BranchCell "br_if.S";
    /// Jumps if the low 32 bits of the accumulator are not zero.
    JumpIfAcc: BranchCell "br_if.A";
    /// Jumps if the low 32 bits of a slot are zero.
    JumpIfNot: BranchCell "br_if_not.S";
    /// Jumps if the low 32 bits of the accumulator are zero.
    JumpIfNotAcc: BranchCell "br_if_not.A";
    /// Jumps if a slot is not zero.
    JumpIf64: BranchCell "br_if64.S";
    /// Jumps if the accumulator is not zero.
    JumpIf64Acc: BranchCell "br_if64.A";
    /// Jumps if a slot is zero.
    JumpIfNot64: BranchCell "br_if_not64.S";
    /// Jumps if the accumulator is zero.
    JumpIfNot64Acc: BranchCell "br_if_not64.A";
    /// Jumps through a table by the value of a slot.
    TableJump: TableJumpCell "br_table.S";
    /// Jumps through a table by the accumulator.
    TableJumpAcc: TableJumpCell "br_table.A";
    /// Returns nothing.
    Return: PlainCell "return";
    /// Returns an integer or reference from a slot.
    ReturnSlot: ReturnCell "return.S";
    /// Returns the integer accumulator.
    ReturnAcc: ReturnCell "return.A";
    /// Returns a float from a slot.
    ReturnFloatSlot: ReturnCell "return.FS";
    /// Returns the float accumulator.
    ReturnFloatAcc: ReturnCell "return.F";
    /// Returns several slots.
    ReturnMany: ReturnManyCell "return.many";
    /// Calls a function of the module.
    Call: CallCell "call";
    /// Calls an imported function.
    CallImport: CallCell "call_import";
    /// Calls through a table by the value of a slot.
    CallIndirect: CallIndirectCell "call_indirect.S";
    /// Calls through a table by the accumulator.
    CallIndirectAcc: CallIndirectCell "call_indirect.A";
    /// Tail-calls a function of the module.
    ReturnCall: ReturnCallCell "return_call";
    /// Tail-calls an imported function.
    ReturnCallImport: ReturnCallCell "return_call_import";
    /// Tail-calls through a table by the value of a slot.
    ReturnCallIndirect: ReturnCallIndirectCell "return_call_indirect";
    /// Reads an integer or reference global of this instance.
    GlobalGet: GlobalCell "global.get";
    /// The same, into the accumulator alone.
    GlobalGetToAcc: GlobalCell "global.get A";
    /// Reads a float global of this instance.
    GlobalGetFloat: GlobalCell "global.get.F";
    /// Reads a vector global of this instance.
    GlobalGetVector: GlobalCell "global.get.V";
    /// Writes a global of this instance from a slot.
    GlobalSet: GlobalCell "global.set.S";
    /// Writes a global of this instance from the integer accumulator.
    GlobalSetAcc: GlobalCell "global.set.A";
    /// Writes a vector global of this instance.
    GlobalSetVector: GlobalCell "global.set.V";
    /// Reads an imported integer or reference global.
    ImportedGlobalGet: GlobalCell "imported_global.get";
    /// Reads an imported float global.
    ImportedGlobalGetFloat: GlobalCell "imported_global.get.F";
    /// Reads an imported vector global.
    ImportedGlobalGetVector: GlobalCell "imported_global.get.V";
    /// Writes an imported global from a slot.
    ImportedGlobalSet: GlobalCell "imported_global.set.S";
    /// Writes an imported vector global.
    ImportedGlobalSetVector: GlobalCell "imported_global.set.V";
    /// Selects between integers or references, by a slot.
    Select: SelectCell "select.S";
    /// Selects between integers or references, by the accumulator.
    SelectAcc: SelectCell "select.A";
    /// Selects between integers or references by a slot, into the accumulator alone.
    SelectToAcc: SelectCell "select.S A";
    /// Selects between integers or references by the accumulator, into the accumulator alone.
    SelectAccToAcc: SelectCell "select.A A";
    /// Selects between floats, by a slot.
    SelectFloat: SelectCell "select.FS";
    /// Selects between floats, by the accumulator.
    SelectFloatAcc: SelectCell "select.FA";
    /// Selects between vectors, by a slot.
    SelectVector: SelectCell "select.V";
    /// Calls a builtin.
    CallBuiltin: BuiltinCell "builtin";
    /// Orders what comes before and behind, as all threads see it.
    Fence: PlainCell "atomic.fence";
    /// Traps.
    Trap: TrapCell "trap";
}

/// A handler, taken apart.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum HandlerKey {
    /// A scalar operator of one operand.
    Unary { op: NumOp, dst: Dst, src: Src },
    /// A scalar operator of two operands.
    Binary { op: NumOp, dst: Dst, srcs: Srcs },
    /// A jump taken when a scalar operator of two operands gives zero or not zero.
    Branch { op: NumOp, nonzero: bool, srcs: Srcs },
    /// A scalar load from memory 0 with a 32-bit address.
    Load { op: LoadOp, dst: Dst, src: Src },
    /// A scalar store to memory 0 with a 32-bit address.
    Store { op: StoreOp, srcs: Srcs },
    /// A scalar load from any memory.
    FarLoad { op: LoadOp, memory64: bool },
    /// A scalar store to any memory.
    FarStore { op: StoreOp, memory64: bool },
    /// A vector operator, its operands in slots.
    Simd { op: SimdOp },
    /// A vector load or store, of any memory.
    SimdAccess { op: SimdAccessOp, memory64: bool },
    /// An operator that yields a 128-bit integer, its operands in slots.
    Wide { op: WideOp },
    /// An atomic access to any memory, its operands in slots.
    Atomic { op: AtomicOp, memory64: bool },
    /// A handler that belongs to no row.
    Misc(Misc),
}

const NUMERIC: u32 = 0;
const NUMERIC_VARIANTS: u32 = Dst::COUNT * Srcs::COUNT;
const BRANCH: u32 = NUMERIC + NumOp::COUNT as u32 * NUMERIC_VARIANTS;
const BRANCH_VARIANTS: u32 = 2 * Srcs::COUNT;
const LOAD: u32 = BRANCH + NumOp::COUNT as u32 * BRANCH_VARIANTS;
const LOAD_VARIANTS: u32 = Dst::COUNT * Src::COUNT;
const STORE: u32 = LOAD + LoadOp::COUNT as u32 * LOAD_VARIANTS;
const STORE_VARIANTS: u32 = Srcs::COUNT;
const FAR_LOAD: u32 = STORE + StoreOp::COUNT as u32 * STORE_VARIANTS;
const FAR_STORE: u32 = FAR_LOAD + LoadOp::COUNT as u32 * 2;
const SIMD: u32 = FAR_STORE + StoreOp::COUNT as u32 * 2;
const SIMD_ACCESS: u32 = SIMD + SimdOp::COUNT as u32;
const WIDE: u32 = SIMD_ACCESS + SimdAccessOp::COUNT as u32 * 2;
const ATOMIC: u32 = WIDE + WideOp::COUNT as u32;
const MISC: u32 = ATOMIC + AtomicOp::COUNT as u32 * 2;

impl HandlerKey {
    /// How many handlers there are.
    pub(crate) const COUNT: u32 = MISC + Misc::COUNT;

    /// The handler's id. Inlined so that the family, known where a key is made, folds away.
    #[inline(always)]
    pub(crate) const fn id(self) -> HandlerId {
        HandlerId(match self {
            Self::Unary { op, dst, src } => {
                NUMERIC + op as u32 * NUMERIC_VARIANTS + dst as u32 * Srcs::COUNT + src as u32
            }
            Self::Binary { op, dst, srcs } => {
                NUMERIC + op as u32 * NUMERIC_VARIANTS + dst as u32 * Srcs::COUNT + srcs as u32
            }
            Self::Branch { op, nonzero, srcs } => {
                BRANCH + op as u32 * BRANCH_VARIANTS + nonzero as u32 * Srcs::COUNT + srcs as u32
            }
            Self::Load { op, dst, src } => {
                LOAD + op as u32 * LOAD_VARIANTS + dst as u32 * Src::COUNT + src as u32
            }
            Self::Store { op, srcs } => STORE + op as u32 * STORE_VARIANTS + srcs as u32,
            Self::FarLoad { op, memory64 } => FAR_LOAD + op as u32 * 2 + memory64 as u32,
            Self::FarStore { op, memory64 } => FAR_STORE + op as u32 * 2 + memory64 as u32,
            Self::Simd { op } => SIMD + op as u32,
            Self::SimdAccess { op, memory64 } => SIMD_ACCESS + op as u32 * 2 + memory64 as u32,
            Self::Wide { op } => WIDE + op as u32,
            Self::Atomic { op, memory64 } => ATOMIC + op as u32 * 2 + memory64 as u32,
            Self::Misc(misc) => MISC + misc as u32,
        })
    }

    /// How far the id of this handler, which writes a slot, is from that of the same handler
    /// without the write; 0 when there is none. Inlined like [`HandlerKey::id`].
    #[inline(always)]
    pub(crate) const fn to_acc(self) -> u16 {
        let misc = match self {
            Self::Unary { .. } | Self::Binary { .. } => return Srcs::COUNT as u16,
            Self::Load { .. } => return Src::COUNT as u16,
            Self::Misc(misc) => misc,
            _ => return 0,
        };
        match misc {
            Misc::GlobalGet => Misc::GlobalGetToAcc as u16 - misc as u16,
            Misc::Select => Misc::SelectToAcc as u16 - misc as u16,
            Misc::SelectAcc => Misc::SelectAccToAcc as u16 - misc as u16,
            _ => 0,
        }
    }

    /// The handler of an id.
    ///
    /// # Panics
    ///
    /// When no handler has the id; ids come from [`HandlerKey::id`].
    pub(crate) fn from_id(id: HandlerId) -> Self {
        let split = |base: u32, variants: u32| {
            let rest = id.0 - base;
            ((rest / variants) as usize, (rest % variants) as usize)
        };
        let pair =
            |variant: usize, sources: u32| (variant / sources as usize, variant % sources as usize);
        match id.0 {
            ..BRANCH => {
                let (op, variant) = split(NUMERIC, NUMERIC_VARIANTS);
                let (op, (dst, src)) = (NumOp::ALL[op], pair(variant, Srcs::COUNT));
                let dst = Dst::ALL[dst];
                match op.params().len() {
                    1 => Self::Unary { op, dst, src: Src::ALL[src] },
                    _ => Self::Binary { op, dst, srcs: Srcs::ALL[src] },
                }
            }
            BRANCH..LOAD => {
                let (op, variant) = split(BRANCH, BRANCH_VARIANTS);
                let (nonzero, srcs) = pair(variant, Srcs::COUNT);
                Self::Branch { op: NumOp::ALL[op], nonzero: nonzero == 1, srcs: Srcs::ALL[srcs] }
            }
            LOAD..STORE => {
                let (op, variant) = split(LOAD, LOAD_VARIANTS);
                let (dst, src) = pair(variant, Src::COUNT);
                Self::Load { op: LoadOp::ALL[op], dst: Dst::ALL[dst], src: Src::ALL[src] }
            }
            STORE..FAR_LOAD => {
                let (op, srcs) = split(STORE, STORE_VARIANTS);
                Self::Store { op: StoreOp::ALL[op], srcs: Srcs::ALL[srcs] }
            }
            FAR_LOAD..FAR_STORE => {
                let (op, wide) = split(FAR_LOAD, 2);
                Self::FarLoad { op: LoadOp::ALL[op], memory64: wide == 1 }
            }
            FAR_STORE..SIMD => {
                let (op, wide) = split(FAR_STORE, 2);
                Self::FarStore { op: StoreOp::ALL[op], memory64: wide == 1 }
            }
            SIMD..SIMD_ACCESS => Self::Simd { op: SimdOp::ALL[(id.0 - SIMD) as usize] },
            SIMD_ACCESS..WIDE => {
                let (op, wide) = split(SIMD_ACCESS, 2);
                Self::SimdAccess { op: SimdAccessOp::ALL[op], memory64: wide == 1 }
            }
            WIDE..ATOMIC => Self::Wide { op: WideOp::ALL[(id.0 - WIDE) as usize] },
            ATOMIC..MISC => {
                let (op, wide) = split(ATOMIC, 2);
                Self::Atomic { op: AtomicOp::ALL[op], memory64: wide == 1 }
            }
            MISC.. => Self::Misc(Misc::ALL[(id.0 - MISC) as usize]),
        }
    }
}
