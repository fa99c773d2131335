//! Loads and stores of any memory, and the places they go to.
//!
//! What lives here: which registers make an address. What does not: the address itself
//! (`wasmtier_x64::lower`). Invariant: an index is in a register whose 64 bits are the index: those
//! that hold an `i32` are always extended by zeros.

use core::mem::offset_of;

use dynasmrt::{DynamicLabel, DynasmLabelApi};
use wasmparser::{MemArg, MemArgTarget};
use wasmtier_ops::{LoadOp, StoreOp, Trap};
use wasmtier_vm::{MemoryIdx, VmCtx, VmMemory};
use wasmtier_x64::lower::{
    self, Access, FarOffset, GuestMem, Index, Limit, Offset, Operand, WideIndex,
};
use wasmtier_x64::{Gpr, Mem, Width};

use super::expression::Shape;
use super::frame::{CONTEXT, MEMORY, context};
use super::register::{Register, Registers};
use super::site::Stub;
use super::value::{Entry, Kind, NONE, Value};
use super::{Compiler, Visit};
use crate::compile::{Bounds, CompileError};

/// What an access adds to its index.
#[derive(Copy, Clone, Debug)]
pub(crate) struct At {
    pub(crate) memory: MemoryIdx,
    pub(crate) offset: u64,
}

impl At {
    /// What an operator names.
    pub(crate) fn of(memarg: MemArg) -> Result<Self, CompileError> {
        match memarg.target {
            MemArgTarget::Memory(memory) => {
                Ok(Self { memory: MemoryIdx(memory), offset: memarg.offset })
            }
            MemArgTarget::Array(_) => Err(CompileError::Unsupported { what: "gc" }),
        }
    }
}

/// A place in a memory, and the registers it took to make it, which the caller gives back.
pub(crate) struct Guest {
    pub(crate) place: GuestMem,
    pub(crate) held: Registers,
}

impl Compiler<'_> {
    pub(crate) fn visit_load(&mut self, op: LoadOp, memory: MemoryIdx, offset: u64) -> Visit {
        self.settle_below(1);
        let mut index = self.pop();
        let kind = op.result().into();
        if let Some(offset) = self.near(At { memory, offset }) {
            self.push_pending(kind, Shape::Load { op, offset }, index, index)?;
            return self.after();
        }
        let Guest { place, held } =
            self.guest(&mut index, At { memory, offset }, op.into(), Registers::NONE);
        self.release(&index);
        self.give_back(held);
        let to = self.allocate(kind);
        lower::load(&mut self.lowering(), op, to.into(), place);
        self.push_register(kind, to)?;
        self.after()
    }

    pub(crate) fn visit_store(&mut self, op: StoreOp, memory: MemoryIdx, offset: u64) -> Visit {
        let at = At { memory, offset };
        self.settle_below(2);
        let mut value = self.pop();
        let mut index = self.pop();
        // Of a float, an immediate is its bits.
        let stored = match value.value {
            Value::Const(bits) if op.value_fits(bits) => Operand::Imm(bits as i32),
            _ if memory != MemoryIdx(0) && !value.kind.is_float() => self.aside(&mut value),
            _ => Operand::Reg(self.register(&mut value).into()),
        };
        let keep = Self::named(&[stored]);
        let Guest { place, held } = self.guest(&mut index, at, op.into(), keep);
        lower::store(&mut self.lowering(), op, place, stored);
        self.release(&index);
        self.release(&value);
        self.give_back(held);
        self.after()
    }

    /// The offset of an access to memory 0 with addresses of 32 bits.
    pub(crate) fn near(&self, at: At) -> Option<u32> {
        let is_near = at.memory == MemoryIdx(0) && !self.module.memories[0].memory64;
        u32::try_from(at.offset).ok().filter(|_| is_near)
    }

    /// The place of an access to any memory. The index stays the caller's; it is a constant,
    /// or in a register then. `keep` are registers that the operator needs besides.
    pub(crate) fn guest(
        &mut self,
        index: &mut Entry,
        at: At,
        access: Access,
        keep: Registers,
    ) -> Guest {
        if let Some(at) = self.fixed(index, at, access) {
            return Guest { place: lower::fixed_address(MEMORY, at), held: Registers::NONE };
        }
        let index = self.gpr(index);
        let keep = keep.or(Register::gpr(index).set());
        match self.near(at) {
            Some(offset) => self.near_guest(index, offset, access, keep),
            None => self.far_guest(index, at, access, keep),
        }
    }

    /// How far behind the base an access with a constant index is, if that needs no register.
    pub(crate) fn fixed(&self, index: &Entry, at: At, access: Access) -> Option<i32> {
        let guarded = self.options.bounds == Bounds::Guard && !access.checks_alignment();
        let (offset, index) = (self.near(at).filter(|_| guarded)?, index.constant()?);
        i32::try_from(u64::from(offset) + index).ok()
    }

    /// In memory 0, by an index of 32 bits.
    fn near_guest(&mut self, index: Gpr, offset: u32, access: Access, keep: Registers) -> Guest {
        let far = i32::try_from(offset).is_err();
        let (bounds, again) = match self.options.bounds {
            Bounds::Guard => (lower::Bounds::Guard, None),
            Bounds::Explicit => {
                let (limit, again) = self.limit();
                (lower::Bounds::Explicit(limit), Some((again, limit.exit)))
            }
        };
        let needed = far || again.is_some() || access.checks_alignment();
        let temporary = needed.then(|| self.borrow(keep));
        if let Some((again, _)) = again {
            self.code.dynamic_label(again);
        }
        // Where none is needed any register will do that is none of the others.
        let other = if index == Gpr::Rax { Gpr::Rcx } else { Gpr::Rax };
        let spare = temporary.map_or(other, Register::as_gpr);
        let (index, offset) = (Index::clear(index), Offset::Imm(offset));
        let mut l = self.lowering();
        let place = lower::address(&mut l, MEMORY, index, offset, access, bounds, spare);
        if let Some((again, exit)) = again {
            self.retry(again, exit);
        }
        Guest { place, held: temporary.map_or(Registers::NONE, Register::set) }
    }

    /// In any memory, always checked by code.
    fn far_guest(&mut self, index: Gpr, at: At, access: Access, keep: Registers) -> Guest {
        let wide = if self.module.memories[at.memory.index()].memory64 {
            WideIndex::new(index)
        } else {
            Index::clear(index).into()
        };
        let temporary = self.borrow(keep);
        let mut held = temporary.set();
        let offset = FarOffset::Imm(at.offset);
        if at.memory == MemoryIdx(0) {
            let (limit, again) = self.limit();
            self.code.dynamic_label(again);
            let (temporary, mut l) = (temporary.as_gpr(), self.lowering());
            let place = lower::far_address(&mut l, MEMORY, wide, offset, access, limit, temporary);
            self.retry(again, limit.exit);
            return Guest { place, held };
        }
        let base = self.borrow(keep.or(held));
        held = held.or(base.set());
        let (base, temporary) = (base.as_gpr(), temporary.as_gpr());
        let len = self.load_memory(at.memory, base, access.checks_alignment());
        let exit = self.exits.trap(&mut self.code, Trap::MemoryOutOfBounds);
        let limit = Limit { len, exit };
        let mut l = self.lowering();
        let place = lower::far_address(&mut l, base, wide, offset, access, limit, temporary);
        Guest { place, held }
    }

    /// The limit of memory 0: its length, and a label for accesses that may have to be tried again
    /// from another one.
    pub(crate) fn limit(&mut self) -> (Limit, DynamicLabel) {
        let (again, exit) = (self.code.new_dynamic_label(), self.code.new_dynamic_label());
        let len = context(offset_of!(VmCtx, mem0_len)).into();
        (Limit { len, exit }, again)
    }

    /// What happens behind the exit of such a limit.
    pub(crate) fn retry(&mut self, again: DynamicLabel, exit: DynamicLabel) {
        let (shared, offset) = (self.module.memories[0].shared, self.offset);
        self.stubs.push(Stub::OutOfBounds { exit, again, shared, offset });
    }

    /// Makes `base` the base of a memory that is not memory 0, and says where its length is: in the
    /// scratch register, or in a slot if the address needs that.
    fn load_memory(&mut self, memory: MemoryIdx, base: Gpr, in_slot: bool) -> wasmtier_x64::GprMem {
        self.load_memory_record(memory, base);
        let field = |field: usize| Mem::new(base, field as i32);
        self.code.mov(Width::W64, Gpr::R11, field(offset_of!(VmMemory, len)));
        self.code.mov(Width::W64, base, field(offset_of!(VmMemory, base)));
        if !in_slot {
            return Gpr::R11.into();
        }
        // Beyond the operands of the operator.
        let height = self.height + 4;
        self.max_height = self.max_height.max(height + 1);
        let slot = self.frame.temporary(height, Kind::I64);
        self.code.store(Width::W64, slot, Gpr::R11);
        slot.into()
    }

    /// Makes `to` the address of what running code knows of a memory.
    pub(crate) fn load_memory_record(&mut self, memory: MemoryIdx, to: Gpr) {
        self.load_context(to, offset_of!(VmCtx, memories));
        self.code.mov(Width::W64, to, Mem::new(to, 8 * memory.0 as i32));
    }

    /// A general purpose register for the operator at hand: a temporary, or else a lane whose local
    /// goes home, but none of `keep`.
    pub(crate) fn borrow(&mut self, keep: Registers) -> Register {
        let is_owned = |register: &Register| self.owner[register.index()] != NONE;
        let taken = self.temporaries.without(self.free).and(Registers::GPR);
        let has_temporary = !self.free.and(Registers::GPR).is_empty();
        if has_temporary || { taken }.any(|register| is_owned(&register)) {
            return self.allocate(Kind::I64);
        }
        let lanes = Registers::VOLATILE_LANES.without(self.temporaries).without(keep);
        let lane = lanes.first().expect("operators name fewer lanes than there are");
        self.flush_lanes(lane.set());
        lane
    }

    /// Gives borrowed registers back.
    pub(crate) fn give_back(&mut self, held: Registers) {
        for register in held.and(self.temporaries) {
            self.release_register(register);
        }
    }

    /// A popped integer as an operand that takes no temporary.
    pub(crate) fn aside(&mut self, entry: &mut Entry) -> Operand {
        let in_slot = match entry.value {
            Value::Reg(_) => true,
            Value::Const(_) => self.operand_needs_register(entry),
            Value::Slot | Value::Local { .. } | Value::Pending => false,
        };
        if in_slot {
            self.store_at(entry, entry.height);
            self.release(entry);
            entry.value = Value::Slot;
        }
        self.operand(entry)
    }

    /// The registers that operands are in.
    pub(crate) fn named(operands: &[Operand]) -> Registers {
        operands.iter().fold(Registers::NONE, |named, operand| match *operand {
            Operand::Reg(register) => named.or(Register::from(register).set()),
            Operand::Mem(_) | Operand::Constant(_) | Operand::Imm(_) => named,
        })
    }

    /// Loads a field of the context.
    pub(crate) fn load_context(&mut self, to: Gpr, field: usize) {
        self.code.mov(Width::W64, to, Mem::new(CONTEXT, field as i32));
    }
}

/// Whether a store's constant is an immediate.
trait Immediate {
    fn value_fits(self, bits: u64) -> bool;
}

impl Immediate for StoreOp {
    fn value_fits(self, bits: u64) -> bool {
        self.bytes() <= 4 || i32::try_from(bits.cast_signed()).is_ok()
    }
}
