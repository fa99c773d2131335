//! The symbolic operand stack: what each operand is, without having been computed yet.
//!
//! `local.get` and constants emit nothing; they stay symbolic until a use or a merge needs them.
//! Every operand owns the temp of its height, so that any of them can be materialised in place.
//!
//! Invariant: the operands that name one local are chained through `below` from the local's `head`,
//! topmost first, so that a write to a local finds the reads it must not overtake in constant time
//! each. Translation stays linear in the size of the function whatever it does.

use wasmtier_vm::Slot;

use super::emit::File;
use super::{MAX_FRAME_SLOTS, Visit};
use crate::code::TranslateError;

/// No operand, or no local.
pub(super) const NONE: u32 = u32::MAX;

/// What an operand is.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
enum Kind {
    /// The value of a local at this point.
    Local,
    /// A scalar constant.
    Const,
    /// Whatever is in the operand's own temp.
    Temp,
}

/// One entry of the operand stack, with all that a use asks for found out when it is pushed.
///
/// Two words, each written and read as one: a read of several smaller writes would have to wait
/// until they leave the store buffer, in each pop.
#[derive(Copy, Clone, Debug)]
pub(super) struct Operand {
    /// A constant's bits, as those of its slot. For a local: its index, and above it the next lower
    /// operand that names it.
    bits: u64,
    /// From the low bits up: height (32 bits), slot (16), register file (8), kind (8).
    place: u64,
}

impl Operand {
    #[inline(always)]
    fn new(kind: Kind, bits: u64, height: u32, slot: Slot, file: File) -> Self {
        let place = u64::from(height)
            | u64::from(slot.0 as u16) << 32
            | (file as u64) << 48
            | (kind as u64) << 56;
        Self { bits, place }
    }

    fn is(&self, kind: Kind) -> bool {
        self.place >> 56 == kind as u64
    }

    /// The bits of a constant.
    pub(super) fn constant(&self) -> Option<u64> {
        self.is(Kind::Const).then_some(self.bits)
    }

    /// The local it names.
    pub(super) fn local(&self) -> Option<u32> {
        self.is(Kind::Local).then_some(self.bits as u32)
    }

    /// Whether it is in its own temp.
    pub(super) fn is_temp(&self) -> bool {
        self.is(Kind::Temp)
    }

    /// Its height in slots: the temp it owns.
    pub(super) fn height(&self) -> u32 {
        self.place as u32
    }

    /// Where it is read: the local's slot, or its own temp. A constant is not there yet.
    pub(super) fn slot(&self) -> Slot {
        Slot((self.place >> 32) as i16)
    }

    pub(super) fn file(&self) -> File {
        // A look at a table is faster than comparisons, and four entries need no check.
        FILES[(self.place >> 48) as usize % FILES.len()]
    }

    /// The same operand, computed into its own temp.
    pub(super) fn settled(self, temp: Slot) -> Self {
        Self::new(Kind::Temp, 0, self.height(), temp, self.file())
    }
}

static FILES: [File; 4] = [File::Int, File::Float, File::Vector, File::Vector];

/// One local of the function.
#[derive(Copy, Clone, Debug)]
pub(super) struct Local {
    pub(super) slot: Slot,
    pub(super) file: File,
    /// The topmost operand that names it.
    head: u32,
    /// How often it is used, each use weighed by the depth of its loop.
    pub(super) weight: u32,
}

impl Local {
    pub(super) fn new(slot: Slot, file: File) -> Self {
        Self { slot, file, head: NONE, weight: 0 }
    }
}

/// The operand stack and the locals its entries may name.
#[derive(Debug)]
pub(super) struct Operands {
    pub(super) locals: Vec<Local>,
    stack: Vec<Operand>,
    /// The temp of a value of no width at height 0: temps go down from here.
    first_temp: Slot,
    /// How high the stack may grow.
    height_limit: u32,
    /// Height of the stack in slots, and the greatest it ever was.
    pub(super) height: u32,
    pub(super) max_height: u32,
    /// All operands below this index are in their temps. May be above the stack.
    stored: usize,
}

impl Default for Operands {
    fn default() -> Self {
        let (locals, stack) = (Vec::new(), Vec::new());
        let first_temp = Slot(0);
        let (height_limit, height, max_height) = (0, 0, 0);
        Self { locals, stack, first_temp, height_limit, height, max_height, stored: 0 }
    }
}

impl Operands {
    /// Starts over for another function, whose temps go down from `first_temp` and take up to
    /// `height_limit` slots; keeps the buffers.
    pub(super) fn clear(&mut self, first_temp: Slot, height_limit: u32) {
        (self.first_temp, self.height_limit) = (first_temp, height_limit);
        self.locals.clear();
        self.stack.clear();
        (self.height, self.max_height, self.stored) = (0, 0, 0);
    }

    pub(super) fn len(&self) -> usize {
        self.stack.len()
    }

    pub(super) fn operand(&self, index: usize) -> Operand {
        self.stack[index]
    }

    /// The temp at `height` of a value in `file`. In reach: heights are kept within the limit.
    pub(super) fn temp(&self, height: u32, file: File) -> Slot {
        Slot(self.first_temp.0.wrapping_sub((height + file.slots()) as i16))
    }

    /// The temp of an operand in `file` that is pushed next.
    pub(super) fn next_temp(&self, file: File) -> Slot {
        self.temp(self.height, file)
    }

    #[inline(always)]
    fn push(&mut self, operand: Operand) -> Visit {
        self.height += operand.file().slots();
        // What is called here comes last, so that others need not save registers.
        if self.height > self.max_height || self.stack.len() == self.stack.capacity() {
            return self.push_higher(operand);
        }
        self.stack.push(operand);
        Ok(())
    }

    /// Pushes an operand where none has been before.
    #[inline(never)]
    fn push_higher(&mut self, operand: Operand) -> Visit {
        self.stack.push(operand);
        self.max_height = self.max_height.max(self.height);
        if self.max_height > self.height_limit {
            return Err(TranslateError::TooManySlots { limit: MAX_FRAME_SLOTS }.into());
        }
        Ok(())
    }

    #[inline(always)]
    pub(super) fn push_temp(&mut self, file: File) -> Visit {
        let (slot, height) = (self.next_temp(file), self.height);
        self.push(Operand::new(Kind::Temp, 0, height, slot, file))
    }

    #[inline(always)]
    pub(super) fn push_const(&mut self, bits: u64, file: File) -> Visit {
        self.stored = self.stored.min(self.stack.len());
        let (slot, height) = (self.next_temp(file), self.height);
        self.push(Operand::new(Kind::Const, bits, height, slot, file))
    }

    #[inline(always)]
    pub(super) fn push_local(&mut self, local: u32) -> Visit {
        let index = self.stack.len();
        self.stored = self.stored.min(index);
        let entry = &mut self.locals[local as usize];
        let below = core::mem::replace(&mut entry.head, index as u32);
        let Local { slot, file, .. } = *entry;
        let (bits, height) = (u64::from(below) << 32 | u64::from(local), self.height);
        self.push(Operand::new(Kind::Local, bits, height, slot, file))
    }

    /// Takes the topmost operand.
    pub(super) fn pop(&mut self) -> Operand {
        let operand = self.stack.pop().expect("validated code never pops an empty stack");
        self.height = operand.height();
        self.unlink(&operand);
        operand
    }

    /// Drops all operands from `len` on.
    pub(super) fn truncate(&mut self, len: usize) {
        while self.stack.len() > len {
            self.pop();
        }
    }

    fn unlink(&mut self, operand: &Operand) {
        if let Some(local) = operand.local() {
            self.locals[local as usize].head = (operand.bits >> 32) as u32;
        }
    }

    /// Turns the operand at `index`, the topmost that names its local, into its temp. Returns what
    /// it was, and the temp.
    pub(super) fn settle(&mut self, index: usize) -> (Operand, Slot) {
        let operand = self.stack[index];
        let temp = self.temp(operand.height(), operand.file());
        self.unlink(&operand);
        self.stack[index] = operand.settled(temp);
        (operand, temp)
    }

    /// The topmost operand that names `local`.
    pub(super) fn reader_of(&self, local: u32) -> Option<usize> {
        let head = self.locals[local as usize].head;
        (head != NONE).then_some(head as usize)
    }

    /// Whether all operands are in their temps.
    pub(super) fn are_stored(&mut self) -> bool {
        let from = self.stored.min(self.stack.len());
        let all = self.stack[from..].iter().all(Operand::is_temp);
        if all {
            self.stored = self.stack.len();
        }
        all
    }

    /// The operands that may be in no temp, topmost last; all are from now on, so the caller
    /// settles each.
    pub(super) fn unstored(&mut self) -> core::ops::Range<usize> {
        let len = self.stack.len();
        core::mem::replace(&mut self.stored, len).min(len)..len
    }
}
