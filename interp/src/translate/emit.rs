//! [`Emitter`]: appends cells and knows what the accumulators hold behind the last one.
//!
//! What lives here: the code so far; which slot each accumulator mirrors; the last cells that
//! define a value, which may still be redirected to another slot, narrowed to the accumulator or
//! taken back to be fused. What does not: the operand stack.
//!
//! Invariant: whatever is remembered here is true on every path to the end of the code; a label
//! forgets it all ([`Emitter::forget`]).

use wasmtier_vm::Slot;

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

/// What an accumulator mirrors. Kept small: every cell that defines a value copies two of them.
#[derive(Copy, Clone, Debug)]
struct Mirror {
    /// The slot whose value the accumulator holds, or [`NO_SLOT`].
    slot: Slot,
    /// The cell that wrote both, when its write to the slot may still be dropped, or [`NO_CELL`].
    producer: u32,
}

/// The slot of the caller's frame pointer, which is never an operand.
const NO_SLOT: Slot = Slot::CALLER_FP;
/// The header is there, so that no cell is.
const NO_CELL: u32 = 0;
const NO_MIRROR: Mirror = Mirror { slot: NO_SLOT, producer: NO_CELL };

#[derive(Copy, Clone, Debug)]
struct Mirrors {
    int: Mirror,
    float: Mirror,
}

/// A cell at the end of the code that defines a value.
#[derive(Copy, Clone, Debug)]
struct Definition {
    at: u32,
    slot: Slot,
    file: File,
    before: Mirrors,
}

const NO_DEFINITION: Definition =
    Definition { at: NO_CELL, slot: NO_SLOT, file: File::Vector, before: NOTHING };

/// A position in the code and the wasm operator it was translated from.
#[derive(Copy, Clone, Debug)]
pub(super) struct PcEntry {
    pub(super) at: u32,
    pub(super) offset: u64,
}

#[derive(Debug)]
pub(super) struct Emitter {
    pub(super) code: Vec<u32>,
    mirrors: Mirrors,
    /// The last cell and the one before it, as far as they define values and touch: as many as
    /// `defined` says.
    definitions: [Definition; 2],
    defined: usize,
    /// Filled only when someone wants to map cells back to wasm.
    pub(super) pc_map: Option<Vec<PcEntry>>,
    pub(super) offset: u64,
}

const NOTHING: Mirrors = Mirrors { int: NO_MIRROR, float: NO_MIRROR };

impl Emitter {
    pub(super) fn new(code: Vec<u32>, pc_map: Option<Vec<PcEntry>>) -> Self {
        let definitions = [NO_DEFINITION; 2];
        Self { code, mirrors: NOTHING, definitions, defined: 0, pc_map, offset: 0 }
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
        if let Some(map) = &mut self.pc_map {
            map.push(PcEntry { at, offset: self.offset });
        }
        put(&mut self.code);
        at
    }

    /// Appends a cell that defines the value of `slot`.
    pub(super) fn define(&mut self, slot: Slot, file: File, put: impl FnOnce(&mut Vec<u32>)) {
        let at = self.append(put);
        self.definitions[1] = self.definitions[0];
        self.definitions[0] = Definition { at, slot, file, before: self.mirrors };
        self.defined = (self.defined + 1).min(self.definitions.len());
        self.mirror(file, Mirror { slot, producer: at });
    }

    fn mirror(&mut self, file: File, mirror: Mirror) {
        self.overwrite(mirror.slot);
        match file {
            File::Int => self.mirrors.int = mirror,
            File::Float => self.mirrors.float = mirror,
            File::Vector => {}
        }
    }

    /// Notes that the accumulator of `file` holds what `slot` holds.
    pub(super) fn holds(&mut self, file: File, slot: Slot) {
        self.mirror(file, Mirror { slot, ..NO_MIRROR });
    }

    /// Notes that the integer accumulator holds nothing known.
    pub(super) fn clobber_int(&mut self) {
        self.mirrors.int = NO_MIRROR;
    }

    /// Notes that `slot` gets a value no accumulator holds.
    pub(super) fn overwrite(&mut self, slot: Slot) {
        for mirror in [&mut self.mirrors.int, &mut self.mirrors.float] {
            if mirror.slot == slot {
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
        self.mirrors.int.producer = NO_CELL;
        self.mirrors.float.producer = NO_CELL;
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
        match file {
            File::Int => self.mirrors.int.slot == slot,
            File::Float => self.mirrors.float.slot == slot,
            File::Vector => false,
        }
    }

    /// Reads the accumulator of `file` for the last time its slot's value is needed: the write to
    /// the slot is dropped where it can be.
    pub(super) fn consume(&mut self, file: File) {
        let mirror = match file {
            File::Int => &mut self.mirrors.int,
            File::Float => &mut self.mirrors.float,
            File::Vector => return,
        };
        if mirror.producer != NO_CELL {
            let handler = &mut self.code[mirror.producer as usize];
            if let Some(to_acc) = HandlerId(*handler).to_acc() {
                *handler = to_acc.0;
            }
            mirror.producer = NO_CELL;
        }
    }

    /// The handler of the last cell, if it defines `slot`.
    pub(super) fn last_defines(&self, slot: Slot) -> Option<HandlerKey> {
        let [last, _] = &self.definitions;
        let defines = self.defined > 0 && last.slot == slot;
        defines.then(|| HandlerKey::from_id(HandlerId(self.code[last.at as usize])))
    }

    /// Sends the value the last cell defines for the temp `from` to the local `to` instead.
    pub(super) fn redirect(&mut self, from: Slot, to: Slot) -> bool {
        let [last, _] = &mut self.definitions;
        if self.defined == 0 || last.slot != from {
            return false;
        }
        last.slot = to;
        let word = &mut self.code[last.at as usize + DESTINATION_WORD];
        *word = *word & 0xffff_0000 | u32::from(to.0 as u16);
        let file = last.file;
        self.mirror(file, Mirror { slot: to, ..NO_MIRROR });
        true
    }

    /// Takes back the last cell, which defines a value; returns its words.
    pub(super) fn take_last(&mut self, words: &mut [u32]) {
        let [last, before] = self.definitions;
        let cell = &self.code[last.at as usize..];
        words[..cell.len()].copy_from_slice(cell);
        self.code.truncate(last.at as usize);
        if let Some(map) = &mut self.pc_map {
            map.pop();
        }
        self.mirrors = last.before;
        self.definitions[0] = before;
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
