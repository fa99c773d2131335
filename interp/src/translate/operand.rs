//! The symbolic operand stack: what each operand is, without having been computed yet.
//!
//! `local.get` and constants emit nothing; they stay symbolic until a use or a merge needs them.
//! Every operand owns the temp of its height, so that any of them can be materialised in place.
//!
//! Invariant: the operands that name one local are chained through `below` from the local's `head`,
//! topmost first, so that a write to a local finds the reads it must not overtake in constant time
//! each. Translation stays linear in the size of the function whatever it does.

use wasmtier_vm::{Slot, ValType};

use super::emit::File;

/// No operand, or no local.
pub(super) const NONE: u32 = u32::MAX;

/// What an operand is.
#[derive(Copy, Clone, Debug)]
pub(super) enum Value {
    /// The value of a local at this point; `below` is the next lower operand that names it.
    Local { local: u32, below: u32 },
    /// A scalar constant, as the bits of its slot.
    Const(u64),
    /// Whatever is in the operand's own temp.
    Temp,
}

/// One entry of the operand stack.
#[derive(Copy, Clone, Debug)]
pub(super) struct Operand {
    pub(super) value: Value,
    pub(super) ty: ValType,
    /// Its height in slots: the temp it owns.
    pub(super) height: u32,
}

/// One local of the function.
#[derive(Copy, Clone, Debug)]
pub(super) struct Local {
    pub(super) slot: Slot,
    pub(super) ty: ValType,
    /// The topmost operand that names it.
    head: u32,
    /// How often it is used, each use weighed by the depth of its loop.
    pub(super) weight: u32,
}

impl Local {
    pub(super) fn new(slot: Slot, ty: ValType) -> Self {
        Self { slot, ty, head: NONE, weight: 0 }
    }
}

/// The operand stack and the locals its entries may name.
#[derive(Debug, Default)]
pub(super) struct Operands {
    pub(super) locals: Vec<Local>,
    stack: Vec<Operand>,
    /// Height of the stack in slots, and the greatest it ever was.
    pub(super) height: u32,
    pub(super) max_height: u32,
    /// No operand below this index names a local. May be above the stack.
    settled: usize,
}

impl Operands {
    /// Starts over for another function, keeping the buffers.
    pub(super) fn clear(&mut self) {
        self.locals.clear();
        self.stack.clear();
        (self.height, self.max_height, self.settled) = (0, 0, 0);
    }

    pub(super) fn len(&self) -> usize {
        self.stack.len()
    }

    pub(super) fn operand(&self, index: usize) -> Operand {
        self.stack[index]
    }

    fn push(&mut self, value: Value, ty: ValType) {
        self.stack.push(Operand { value, ty, height: self.height });
        self.height += ty.slots();
        self.max_height = self.max_height.max(self.height);
    }

    pub(super) fn push_temp(&mut self, ty: ValType) {
        self.push(Value::Temp, ty);
    }

    pub(super) fn push_const(&mut self, bits: u64, ty: ValType) {
        self.push(Value::Const(bits), ty);
    }

    pub(super) fn push_local(&mut self, local: u32) {
        let index = self.stack.len();
        self.settled = self.settled.min(index);
        let entry = &mut self.locals[local as usize];
        let below = core::mem::replace(&mut entry.head, index as u32);
        let ty = entry.ty;
        self.push(Value::Local { local, below }, ty);
    }

    /// Takes the topmost operand.
    pub(super) fn pop(&mut self) -> Operand {
        let operand = self.stack.pop().expect("validated code never pops an empty stack");
        self.height = operand.height;
        self.unlink(operand.value);
        operand
    }

    /// Drops all operands from `len` on.
    pub(super) fn truncate(&mut self, len: usize) {
        while self.stack.len() > len {
            self.pop();
        }
    }

    fn unlink(&mut self, value: Value) {
        if let Value::Local { local, below } = value {
            self.locals[local as usize].head = below;
        }
    }

    /// Turns the operand at `index`, the topmost that names its local, into its temp.
    pub(super) fn settle(&mut self, index: usize) -> Operand {
        let operand = self.stack[index];
        if let Value::Local { local, below } = operand.value {
            self.locals[local as usize].head = below;
        }
        self.stack[index].value = Value::Temp;
        operand
    }

    /// The topmost operand that names `local`.
    pub(super) fn reader_of(&self, local: u32) -> Option<usize> {
        let head = self.locals[local as usize].head;
        (head != NONE).then_some(head as usize)
    }

    /// Whether any operand names a local.
    pub(super) fn names_locals(&mut self) -> bool {
        let names = |operand: &Operand| matches!(operand.value, Value::Local { .. });
        let from = self.settled.min(self.stack.len());
        let found = self.stack[from..].iter().any(names);
        if !found {
            self.settled = self.stack.len();
        }
        found
    }

    /// The operands that may name a local, topmost last; none of them does from now on, so the
    /// caller settles each.
    pub(super) fn unsettled(&mut self) -> core::ops::Range<usize> {
        let len = self.stack.len();
        core::mem::replace(&mut self.settled, len).min(len)..len
    }
}

/// The register file of a type.
pub(super) fn file_of(ty: ValType) -> File {
    match ty {
        ValType::I32 | ValType::I64 | ValType::Ref(_) => File::Int,
        ValType::F32 | ValType::F64 => File::Float,
        ValType::V128 => File::Vector,
    }
}
