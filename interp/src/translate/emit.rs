//! [`Emitter`]: appends cells and knows what the accumulators hold behind the last one.
//!
//! What lives here: the code so far; which slot each accumulator mirrors; the last cells that
//! define a value, which may still be redirected to another slot, narrowed to the accumulator or
//! taken back to be fused. What does not: the operand stack.
//!
//! Invariant: whatever is remembered here is true on every path to the end of the code; a label
//! forgets it all ([`Emitter::forget`]).

use wasmtier_ops::ScalarType;
use wasmtier_vm::{Slot, ValType};

use crate::cell::DESTINATION_WORD;
use crate::handler::{HandlerId, HandlerKey, Src};

/// A register file, each with one accumulator.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) enum File {
    /// Integers and references.
    Int,
    /// Floats.
    Float,
    /// Vectors, which have no accumulator in the IR yet.
    Vector,
}

impl File {
    /// The register file of a type.
    pub(super) const fn of(ty: ValType) -> Self {
        match ty {
            ValType::I32 | ValType::I64 | ValType::Ref(_) => Self::Int,
            ValType::F32 | ValType::F64 => Self::Float,
            ValType::V128 => Self::Vector,
        }
    }

    /// The register file of a scalar type.
    pub(super) const fn of_scalar(ty: ScalarType) -> Self {
        match ty {
            ScalarType::I32 | ScalarType::I64 => Self::Int,
            ScalarType::F32 | ScalarType::F64 => Self::Float,
        }
    }

    /// How many slots a value takes.
    pub(super) const fn slots(self) -> u32 {
        match self {
            Self::Int | Self::Float => 1,
            Self::Vector => 2,
        }
    }
}

/// What an accumulator mirrors: the slot whose value it holds, or [`NO_SLOT`]; the cell that wrote
/// both, when its write to the slot may still be dropped, or [`NO_CELL`]; and how far away the id
/// of the handler is that does not write it.
///
/// One word (from the low bits up: slot, distance, cell), because reads of several smaller writes
/// have to wait for them.
#[derive(Copy, Clone, Debug)]
struct Mirror(u64);

/// The slot of the caller's frame pointer, which is never an operand.
const NO_SLOT: Slot = Slot::CALLER_FP;
/// The header is there, so that no cell is.
const NO_CELL: u32 = 0;
const NO_MIRROR: Mirror = Mirror::of_slot(NO_SLOT);

impl Mirror {
    const fn new(slot: Slot, producer: u32, to_acc: u16) -> Self {
        Self(slot.0 as u16 as u64 | (to_acc as u64) << 16 | (producer as u64) << 32)
    }

    const fn of_slot(slot: Slot) -> Self {
        Self::new(slot, NO_CELL, 0)
    }

    fn slot(self) -> Slot {
        Slot(self.0 as i16)
    }

    fn producer(self) -> u32 {
        (self.0 >> 32) as u32
    }

    fn to_acc(self) -> u32 {
        (self.0 >> 16) as u16 as u32
    }
}

/// The mirror of each file's accumulator; vectors have [`NO_MIRROR`] always.
type Mirrors = [Mirror; 3];

const NOTHING: Mirrors = [NO_MIRROR; 3];

/// A cell at the end of the code that defines a value.
#[derive(Copy, Clone, Debug)]
struct Definition {
    at: u32,
    slot: Slot,
    file: File,
    /// What the accumulators of integers and floats held before.
    before: [Mirror; 2],
}

const NO_DEFINITION: Definition =
    Definition { at: NO_CELL, slot: NO_SLOT, file: File::Vector, before: [NO_MIRROR; 2] };

/// A position in the code and the wasm operator it was translated from.
#[derive(Copy, Clone, Debug)]
pub(crate) struct PcEntry {
    pub(crate) at: u32,
    pub(crate) offset: u64,
}

/// Where the code comes from.
#[derive(Debug, Default)]
pub(crate) struct CodeMap {
    /// The cells, in order.
    pub(crate) cells: Vec<PcEntry>,
    /// Where the loops begin, in the order of their operators: several may begin at one cell.
    pub(crate) loops: Vec<PcEntry>,
}

#[derive(Debug)]
pub(super) struct Emitter {
    pub(super) code: Vec<u32>,
    mirrors: Mirrors,
    /// The last cell, at index `last`, and the one before it, as far as they define values and
    /// touch: as many as `defined` says.
    definitions: [Definition; 2],
    last: usize,
    defined: u32,
    /// Filled only when someone wants to map cells back to wasm.
    pub(super) map: Option<CodeMap>,
    pub(super) offset: u64,
}

impl Emitter {
    pub(super) fn new(code: Vec<u32>, map: Option<CodeMap>) -> Self {
        let definitions = [NO_DEFINITION; 2];
        Self { code, mirrors: NOTHING, definitions, last: 0, defined: 0, map, offset: 0 }
    }

    /// The position of the next cell.
    pub(super) fn position(&self) -> u32 {
        self.code.len() as u32
    }

    /// Appends a cell that defines nothing; returns its position.
    pub(super) fn emit(&mut self, put: impl FnOnce(&mut Vec<u32>)) -> u32 {
        self.defined = 0;
        self.append(put)
    }

    fn append(&mut self, put: impl FnOnce(&mut Vec<u32>)) -> u32 {
        let at = self.position();
        if let Some(map) = &mut self.map {
            map.cells.push(PcEntry { at, offset: self.offset });
        }
        put(&mut self.code);
        at
    }

    /// Notes that the loop of the operator at hand begins here.
    pub(super) fn note_loop(&mut self) {
        let at = self.position();
        if let Some(map) = &mut self.map {
            map.loops.push(PcEntry { at, offset: self.offset });
        }
    }

    /// Appends a cell that defines the value of `slot`; `to_acc` is its [`HandlerKey::to_acc`].
    pub(super) fn define(
        &mut self,
        slot: Slot,
        file: File,
        to_acc: u16,
        put: impl FnOnce(&mut Vec<u32>),
    ) {
        let at = self.append(put);
        self.last ^= 1;
        let [int, float, _] = self.mirrors;
        self.definitions[self.last & 1] = Definition { at, slot, file, before: [int, float] };
        self.defined = (self.defined + 1).min(2);
        self.mirror(file, Mirror::new(slot, at, to_acc));
    }

    fn mirror(&mut self, file: File, mirror: Mirror) {
        self.overwrite(mirror.slot());
        if file != File::Vector {
            self.mirrors[file as usize] = mirror;
        }
    }

    /// Notes that the accumulator of `file` holds what `slot` holds.
    pub(super) fn holds(&mut self, file: File, slot: Slot) {
        self.mirror(file, Mirror::of_slot(slot));
    }

    /// Notes that the integer accumulator holds nothing known.
    pub(super) fn clobber_int(&mut self) {
        self.mirrors[File::Int as usize] = NO_MIRROR;
    }

    /// Notes that `slot` gets a value no accumulator holds.
    pub(super) fn overwrite(&mut self, slot: Slot) {
        for mirror in &mut self.mirrors[..File::Vector as usize] {
            if mirror.slot() == slot {
                *mirror = NO_MIRROR;
            }
        }
    }

    /// Forgets all, because control may come from elsewhere.
    pub(super) fn forget(&mut self) {
        self.mirrors = NOTHING;
        self.defined = 0;
    }

    /// Keeps every write to a slot made so far: some path still reads slots.
    pub(super) fn keep_writes(&mut self) {
        self.mirrors = self.mirrors.map(|mirror| Mirror::of_slot(mirror.slot()));
    }

    /// Runs `body` for a path that leaves; afterwards knows what it knew before.
    pub(super) fn aside(&mut self) -> Aside {
        self.keep_writes();
        Aside(self.mirrors)
    }

    /// Ends what [`Emitter::aside`] began.
    pub(super) fn back(&mut self, aside: Aside) {
        self.mirrors = aside.0;
        self.defined = 0;
    }

    /// Whether the accumulator of `file` holds the value of `slot`.
    pub(super) fn in_accumulator(&self, file: File, slot: Slot) -> bool {
        self.mirrors[file as usize].slot() == slot
    }

    /// Reads the accumulator of `file` for the last time its slot's value is needed: the write to
    /// the slot is dropped where it can be.
    pub(super) fn consume(&mut self, file: File) {
        let mirror = &mut self.mirrors[file as usize];
        if mirror.producer() != NO_CELL {
            self.code[mirror.producer() as usize] += mirror.to_acc();
            *mirror = Mirror::of_slot(mirror.slot());
        }
    }

    /// The handler of the last cell, if it defines `slot`.
    pub(super) fn last_defines(&self, slot: Slot) -> Option<HandlerKey> {
        let last = &self.definitions[self.last & 1];
        let defines = self.defined > 0 && last.slot == slot;
        defines.then(|| HandlerKey::from_id(HandlerId(self.code[last.at as usize])))
    }

    /// Sends the value the last cell defines for the temp `from` to the local `to` instead.
    pub(super) fn redirect(&mut self, from: Slot, to: Slot) -> bool {
        let last = &mut self.definitions[self.last & 1];
        if self.defined == 0 || last.slot != from {
            return false;
        }
        last.slot = to;
        let word = &mut self.code[last.at as usize + DESTINATION_WORD];
        *word = *word & 0xffff_0000 | u32::from(to.0 as u16);
        let file = last.file;
        self.holds(file, to);
        true
    }

    /// Takes back the last cell, which defines a value; returns its words.
    pub(super) fn take_last(&mut self, words: &mut [u32]) {
        let last = self.definitions[self.last & 1];
        let cell = &self.code[last.at as usize..];
        words[..cell.len()].copy_from_slice(cell);
        self.code.truncate(last.at as usize);
        if let Some(map) = &mut self.map {
            map.cells.pop();
        }
        let [int, float] = last.before;
        self.mirrors = [int, float, NO_MIRROR];
        self.last ^= 1;
        self.defined -= 1;
    }
}

/// What was known before a path that leaves.
#[must_use]
pub(super) struct Aside(Mirrors);

/// The source of an operand that is, or is not, in its accumulator.
pub(super) fn source(in_accumulator: bool) -> Src {
    if in_accumulator { Src::Acc } else { Src::Slot }
}
