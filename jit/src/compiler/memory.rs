//! Loads and stores of memory 0, whose addresses have 32 bits.
//!
//! What lives here: which registers make an address. What does not: the address itself
//! (`wasmtier_x64::lower`), other memories. Invariant: an index is in a register that holds an
//! `i32`, and those are always extended by zeros.

use core::mem::offset_of;

use dynasmrt::DynasmLabelApi;
use wasmtier_ops::{LoadOp, StoreOp};
use wasmtier_vm::{MemoryIdx, VmCtx};
use wasmtier_x64::lower::{self, Access, GuestMem, Index, Limit, Offset, Operand};
use wasmtier_x64::{Gpr, Mem};

use super::expression::Shape;
use super::frame::{CONTEXT, MEMORY, context};
use super::register::{Register, Registers};
use super::site::Stub;
use super::value::{Entry, Kind, Value};
use super::{Compiler, Visit};
use crate::compile::{Bounds, CompileError};

/// A place in memory 0, and the temporary it is made of, which the caller gives back.
pub(crate) struct Guest {
    pub(crate) place: GuestMem,
    pub(crate) temporary: Option<Register>,
}

impl Compiler<'_> {
    pub(crate) fn visit_load(&mut self, op: LoadOp, memory: MemoryIdx, offset: u64) -> Visit {
        let offset = self.plain(memory, offset)?;
        self.settle_below(1);
        let index = self.pop();
        let kind = op.result().into();
        self.push_pending(kind, Shape::Load { op, offset }, index, index)?;
        self.after()
    }

    pub(crate) fn visit_store(&mut self, op: StoreOp, memory: MemoryIdx, offset: u64) -> Visit {
        let offset = self.plain(memory, offset)?;
        self.settle_below(2);
        let mut value = self.pop();
        let mut index = self.pop();
        // Of a float, an immediate is its bits.
        let stored = match value.value {
            Value::Const(bits) if op.value_fits(bits) => Operand::Imm(bits as i32),
            _ => Operand::Reg(self.register(&mut value).into()),
        };
        let Guest { place, temporary } =
            self.guest(&mut index, offset, op.into(), Self::held(&value));
        lower::store(&mut self.lowering(), op, place, stored);
        self.release(&index);
        self.release(&value);
        if let Some(temporary) = temporary {
            self.release_register(temporary);
        }
        self.after()
    }

    /// The offset of an access to memory 0 with addresses of 32 bits.
    fn plain(&self, memory: MemoryIdx, offset: u64) -> Result<u32, Box<CompileError>> {
        let is_plain = memory == MemoryIdx(0) && !self.module.memories[0].memory64;
        let offset = u32::try_from(offset).ok().filter(|_| is_plain);
        offset.ok_or_else(|| CompileError::Unsupported { what: "another memory" }.into())
    }

    /// The place at `index + offset` in memory 0. The entry stays the caller's; it is in a register
    /// then. `_keep` are temporaries that the operator holds besides.
    pub(crate) fn guest(
        &mut self,
        index: &mut Entry,
        offset: u32,
        access: Access,
        _keep: Registers,
    ) -> Guest {
        let index = self.gpr(index);
        let far = i32::try_from(offset).is_err();
        let (bounds, again) = match self.options.bounds {
            Bounds::Guard => (lower::Bounds::Guard, None),
            Bounds::Explicit => {
                let (again, exit) = (self.code.new_dynamic_label(), self.code.new_dynamic_label());
                self.code.dynamic_label(again);
                let len = context(offset_of!(VmCtx, mem0_len)).into();
                (lower::Bounds::Explicit(Limit { len, exit }), Some((again, exit)))
            }
        };
        let needed = far || again.is_some() || access.checks_alignment();
        let temporary = needed.then(|| self.allocate(Kind::I64));
        // Where none is needed any register will do that is none of the others.
        let other = if index == Gpr::Rax { Gpr::Rcx } else { Gpr::Rax };
        let spare = temporary.map_or(other, Register::as_gpr);
        let (index, offset) = (Index::clear(index), Offset::Imm(offset));
        let mut l = self.lowering();
        let place = lower::address(&mut l, MEMORY, index, offset, access, bounds, spare);
        if let Some((again, exit)) = again {
            let (shared, offset) = (self.module.memories[0].shared, self.offset);
            self.stubs.push(Stub::OutOfBounds { exit, again, shared, offset });
        }
        Guest { place, temporary }
    }

    /// Loads a field of the context.
    pub(crate) fn load_context(&mut self, to: Gpr, field: usize) {
        self.code.mov(wasmtier_x64::Width::W64, to, Mem::new(CONTEXT, field as i32));
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
