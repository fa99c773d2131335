//! The value stack: pushing, popping, and putting entries where they are needed.
//!
//! Invariant: the entries that name one local are chained from the local's `head`, topmost first,
//! so that a write to a local finds them in constant time each. Those below `flushed` are in their
//! slots, or constants, or locals that are not written any more.

use wasmtier_x64::lower::Operand;
use wasmtier_x64::{Gpr, Xmm};

use super::register::{Register, Registers};
use super::value::{Entry, Kind, NONE, Value};
use super::{Compiler, MAX_FRAME_SLOTS, Visit};
use crate::compile::CompileError;

/// Scratch for copies from slot to slot.
const SCRATCH: Register = Register::gpr(Gpr::R11);

/// Scratch for copies of vectors from slot to slot.
const VECTOR_SCRATCH: Xmm = Xmm::new(15);

impl Compiler<'_> {
    pub(crate) fn push(&mut self, kind: Kind, value: Value) -> Visit {
        let height = self.height;
        self.height += kind.slots();
        if self.height > self.max_height {
            self.max_height = self.height;
            if self.height + self.frame.fixed_slots() > MAX_FRAME_SLOTS {
                return Err(CompileError::TooManySlots { limit: MAX_FRAME_SLOTS }.into());
            }
        }
        self.stack.push(Entry { value, height, kind });
        Ok(())
    }

    /// Pushes a result in a temporary that the operator holds.
    pub(crate) fn push_register(&mut self, kind: Kind, register: Register) -> Visit {
        self.owner[register.index()] = self.stack.len() as u32;
        self.push(kind, Value::Reg(register))
    }

    /// Pushes the value of a local.
    pub(crate) fn push_local(&mut self, local: u32) -> Visit {
        let at = self.stack.len() as u32;
        let found = &mut self.locals[local as usize];
        let (kind, below) = (found.kind, found.head);
        found.head = at;
        self.push(kind, Value::Local { local, below })
    }

    /// Pops an operand; if it is pending, it stays so, and the caller takes it.
    pub(crate) fn pop_lazy(&mut self) -> Entry {
        let entry = self.stack.pop().expect("a validated body pops what it pushed");
        self.height = entry.height;
        match entry.value {
            Value::Reg(register) => self.owner[register.index()] = NONE,
            Value::Local { local, below } => self.locals[local as usize].head = below,
            Value::Const(_) | Value::Slot | Value::Pending => {}
        }
        self.flushed = self.flushed.min(self.stack.len());
        entry
    }

    /// Pops an operand that is computed, though it may still be anywhere.
    pub(crate) fn pop(&mut self) -> Entry {
        let mut entry = self.pop_lazy();
        if entry.value == Value::Pending {
            let expression = self.take_pending();
            entry.value = Value::Reg(self.emit(&expression, None));
        }
        entry
    }

    /// Computes the pending expression now, unless it is one of the topmost `count` entries.
    pub(crate) fn settle_below(&mut self, count: usize) {
        if self.pending_at != NONE && self.pending_at as usize + count < self.stack.len() {
            self.settle_pending();
        }
    }

    /// Computes the pending expression now, if there is one.
    pub(crate) fn settle_pending(&mut self) {
        if self.pending_at != NONE {
            let at = self.pending_at as usize;
            let expression = self.take_pending();
            let register = self.emit(&expression, None);
            self.own(at, register);
        }
    }

    /// A popped scalar as an operand of a lowering. Loads it if it can be neither memory nor
    /// immediate; leaves the flags.
    pub(crate) fn operand(&mut self, entry: &mut Entry) -> Operand {
        match entry.value {
            Value::Reg(register) => Operand::Reg(register.into()),
            Value::Slot => self.frame.temporary(entry.height, entry.kind).into(),
            Value::Local { local, .. } => match self.read_lane(local) {
                Some(lane) => Operand::Reg(lane.into()),
                None => match self.take_kept(local, entry.kind) {
                    Some(register) => {
                        entry.value = Value::Reg(register);
                        Operand::Reg(register.into())
                    }
                    None => self.locals[local as usize].mem().into(),
                },
            },
            Value::Const(bits) => match immediate(entry.kind, bits) {
                Some(imm) => Operand::Imm(imm),
                None if entry.kind.is_float() && bits != 0 => {
                    self.exits.constant(&mut self.code, bits.into()).into()
                }
                None => {
                    let register = self.allocate(entry.kind);
                    self.load_constant(entry.kind, register, bits);
                    entry.value = Value::Reg(register);
                    Operand::Reg(register.into())
                }
            },
            Value::Pending => unreachable!("operands are computed when they are popped"),
        }
    }

    /// A popped operand in a register, which must not be written: it may be a lane. Leaves the
    /// flags.
    pub(crate) fn register(&mut self, entry: &mut Entry) -> Register {
        match entry.value {
            Value::Reg(register) => register,
            Value::Local { local, .. } if self.lane(local).is_some() => {
                self.read_lane(local).expect("the local has a lane")
            }
            Value::Local { local, .. } => {
                let kept = self.kept(local).filter(|register| self.free.has(*register));
                let register = kept.unwrap_or_else(|| self.allocate(entry.kind));
                if kept.is_none() {
                    self.load(entry, register);
                }
                self.take(register);
                self.keep(register, local);
                entry.value = Value::Reg(register);
                register
            }
            Value::Const(_) | Value::Slot | Value::Pending => {
                let register = self.allocate(entry.kind);
                self.load(entry, register);
                entry.value = Value::Reg(register);
                register
            }
        }
    }

    /// Takes the temporary that holds the value of a local without a lane, if it is free and others
    /// are left for what the operator needs besides.
    fn take_kept(&mut self, local: u32, kind: Kind) -> Option<Register> {
        let register = self.kept(local)?;
        let free = self.free.and(kind.file());
        if !free.has(register) || free.len() < 3 {
            return None;
        }
        self.take(register);
        self.keep(register, local);
        Some(register)
    }

    /// The same, of an integer.
    pub(crate) fn gpr(&mut self, entry: &mut Entry) -> Gpr {
        self.register(entry).as_gpr()
    }

    /// The same, of a float or vector.
    pub(crate) fn xmm(&mut self, entry: &mut Entry) -> Xmm {
        self.register(entry).as_xmm()
    }

    /// Copies a computed operand to a register; leaves the flags, and the entry as it is.
    pub(crate) fn load(&mut self, entry: &Entry, to: Register) {
        match entry.value {
            Value::Reg(register) => self.copy(entry.kind, to, register),
            Value::Slot => {
                let home = self.frame.temporary(entry.height, entry.kind);
                self.load_home(entry.kind, to, home);
            }
            Value::Local { local, .. } => match self.lane(local) {
                Some(lane) if self.state.valid.has(lane) => self.copy(entry.kind, to, lane),
                Some(_) | None => match self.kept(local) {
                    Some(register) => self.copy(entry.kind, to, register),
                    None => {
                        let home = self.locals[local as usize].mem();
                        self.load_home(entry.kind, to, home);
                    }
                },
            },
            Value::Const(bits) => self.load_constant(entry.kind, to, bits),
            Value::Pending => unreachable!("operands are computed when they are popped"),
        }
    }

    /// Copies a computed operand to the slots of `height`; leaves the flags, and the entry as it
    /// is.
    pub(crate) fn store_at(&mut self, entry: &Entry, height: u32) {
        let to = self.frame.temporary(height, entry.kind);
        let from = match entry.value {
            Value::Slot if height == entry.height => return,
            Value::Const(bits) => return self.store_constant(entry.kind, to, bits),
            Value::Reg(register) => Some(register),
            Value::Local { local, .. } => {
                self.lane(local).filter(|lane| self.state.valid.has(*lane))
            }
            Value::Slot => None,
            Value::Pending => unreachable!("operands are computed before they are stored"),
        };
        match from {
            Some(from) => self.store_home(entry.kind, to, from),
            None if entry.kind == Kind::V128 => {
                self.load(entry, VECTOR_SCRATCH.into());
                self.store_home(entry.kind, to, VECTOR_SCRATCH.into());
            }
            None => {
                // Its bits do as well in the other file.
                let from = match entry.value {
                    Value::Local { local, .. } => self.locals[local as usize].mem(),
                    Value::Reg(_) | Value::Slot | Value::Const(_) | Value::Pending => {
                        self.frame.temporary(entry.height, entry.kind)
                    }
                };
                self.load_home(entry.kind, SCRATCH, from);
                self.store_home(entry.kind, to, SCRATCH);
            }
        }
    }

    /// Puts the computed entry at `at` into its own slots.
    pub(crate) fn put(&mut self, at: usize) {
        let entry = self.stack[at];
        if entry.value == Value::Slot {
            return;
        }
        self.store_at(&entry, entry.height);
        match entry.value {
            Value::Reg(register) => {
                self.owner[register.index()] = NONE;
                self.release_register(register);
            }
            Value::Local { local, below } => self.unchain(local, below, at),
            Value::Const(_) | Value::Slot | Value::Pending => {}
        }
        self.stack[at].value = Value::Slot;
    }

    /// Takes the entry at `at` out of the chain of its local.
    fn unchain(&mut self, local: u32, below: u32, at: usize) {
        let mut above = self.locals[local as usize].head;
        if above == at as u32 {
            self.locals[local as usize].head = below;
            return;
        }
        while let Value::Local { local, below: next } = self.stack[above as usize].value {
            if next == at as u32 {
                self.stack[above as usize].value = Value::Local { local, below };
                return;
            }
            above = next;
        }
        unreachable!("entries that name a local are in its chain");
    }

    /// Puts all entries where they are found whatever a block does: into their slots, but for
    /// constants, and locals that are not written any more. The topmost `count`, which are the
    /// block's parameters, without exception.
    pub(crate) fn flush(&mut self, count: usize) {
        self.settle_pending();
        let (start, len) = (self.flushed, self.stack.len());
        for at in (start.min(len - count)..len).rev() {
            let stays = match self.stack[at].value {
                Value::Const(_) => true,
                Value::Local { local, .. } => !self.is_written_later(local),
                Value::Slot => true,
                Value::Reg(_) | Value::Pending => false,
            };
            if !stays || at + count >= len {
                self.put(at);
            }
        }
        self.flushed = len;
    }

    /// Puts into temporaries what names a local that is about to be written.
    pub(crate) fn free_local(&mut self, local: u32) {
        let mut at = self.locals[local as usize].head;
        self.locals[local as usize].head = NONE;
        while at != NONE {
            let entry = self.stack[at as usize];
            let Value::Local { below, .. } = entry.value else {
                unreachable!("a chain has entries that name the local")
            };
            match self.free.and(entry.kind.file()).first() {
                Some(register) => {
                    self.load(&entry, register);
                    self.take(register);
                    self.own(at as usize, register);
                    self.flushed = self.flushed.min(at as usize);
                }
                None => {
                    self.store_at(&entry, entry.height);
                    self.stack[at as usize].value = Value::Slot;
                }
            }
            at = below;
        }
    }

    /// Whether an operator behind this one writes the local.
    fn is_written_later(&self, local: u32) -> bool {
        self.locals[local as usize].last_set > self.offset
    }

    /// Forgets the entries above the lowest `count`, and all temporaries.
    pub(crate) fn truncate(&mut self, count: usize, height: u32) {
        while self.stack.len() > count {
            let entry = self.pop_lazy();
            if entry.value == Value::Pending {
                self.pending_at = NONE;
            }
        }
        self.height = height;
        self.free = self.temporaries;
        self.kept = Registers::NONE;
    }

    /// The temporaries a popped entry holds.
    pub(crate) fn held(entry: &Entry) -> Registers {
        entry.register().map_or(Registers::NONE, Register::set)
    }
}

impl From<Xmm> for Register {
    fn from(xmm: Xmm) -> Self {
        wasmtier_x64::lower::Reg::Xmm(xmm).into()
    }
}

/// A constant as an immediate.
fn immediate(kind: Kind, bits: u64) -> Option<i32> {
    match kind {
        Kind::I32 => Some(bits as u32 as i32),
        Kind::I64 => i32::try_from(bits.cast_signed()).ok(),
        Kind::F32 | Kind::F64 | Kind::V128 => None,
    }
}
