//! Copies and fills of a few bytes of memory 0; all others are builtins.
//!
//! Invariants: nothing is read or written before all bounds were checked, and nothing written
//! before all is read.

use dynasmrt::DynasmLabelApi;
use wasmtier_ops::{SimdAccessOp, SimdOp};
use wasmtier_vm::{Builtin, MemoryIdx};
use wasmtier_x64::lower::{self, Bounds, GuestMem, Imm, Index, Offset};
use wasmtier_x64::{Alu, Cond, Gpr, Mem, Width};

use super::frame::MEMORY;
use super::memory::At;
use super::register::{Register, Registers};
use super::value::{Entry, Kind, Value};
use super::{Compiler, Visit};

/// How many bytes are few: four vectors.
const FEW_BYTES: u64 = 64;

/// A part of a block, moved by way of a vector register.
#[derive(Copy, Clone)]
struct Part {
    load: SimdAccessOp,
    store: SimdAccessOp,
    offset: u32,
}

impl Compiler<'_> {
    pub(crate) fn memory_copy(&mut self, target: MemoryIdx, source: MemoryIdx) -> Visit {
        match self.few_bytes(&[target, source]) {
            Some(count) => self.copy_few(count),
            None => self.builtin(Builtin::MemoryCopy, [target.0, source.0], None),
        }
    }

    pub(crate) fn memory_fill(&mut self, memory: MemoryIdx) -> Visit {
        match self.few_bytes(&[memory]) {
            Some(count) => self.fill_few(count),
            None => self.builtin(Builtin::MemoryFill, [memory.0, 0], None),
        }
    }

    /// The topmost operand, if it is the length of a block that is handled here.
    fn few_bytes(&self, memories: &[MemoryIdx]) -> Option<u32> {
        let near = |memory: &MemoryIdx| self.near(At { memory: *memory, offset: 0 }).is_some();
        let count = self.stack.last()?.constant()?;
        let few = (1..=FEW_BYTES).contains(&count) && memories.iter().all(near);
        few.then_some(count as u32)
    }

    fn copy_few(&mut self, count: u32) -> Visit {
        self.settle_below(3);
        self.pop();
        let mut source = self.pop();
        let mut target = self.pop();
        let (from, to) = (self.gpr(&mut source), self.gpr(&mut target));
        self.check_block(&[from, to], count);
        let parts = parts(count);
        let mut values = Vec::with_capacity(parts.len());
        for part in &parts {
            let value = self.allocate(Kind::V128);
            let xmm = value.as_xmm();
            let place = self.within(from, part);
            lower::load_vector(&mut self.lowering(), part.load, xmm, Some((xmm, 0)), place);
            values.push(value);
        }
        for (part, value) in parts.iter().zip(values) {
            let place = self.within(to, part);
            lower::store_vector(&mut self.lowering(), part.store, place, value.as_xmm(), 0);
            self.release_register(value);
        }
        self.release(&source);
        self.release(&target);
        self.after()
    }

    fn fill_few(&mut self, count: u32) -> Visit {
        self.settle_below(3);
        self.pop();
        let mut value = self.pop();
        let mut target = self.pop();
        let bytes = self.allocate(Kind::V128);
        self.splat_byte(&mut value, bytes);
        self.release(&value);
        let to = self.gpr(&mut target);
        self.check_block(&[to], count);
        for part in parts(count) {
            let place = self.within(to, &part);
            lower::store_vector(&mut self.lowering(), part.store, place, bytes.as_xmm(), 0);
        }
        self.release_register(bytes);
        self.release(&target);
        self.after()
    }

    /// Makes all bytes of a vector register the lowest of a popped integer.
    fn splat_byte(&mut self, value: &mut Entry, to: Register) {
        if let Value::Const(bits) = value.value {
            self.load_vector_constant(to.as_xmm(), u128::from_le_bytes([bits as u8; 16]));
            return;
        }
        let byte = self.gpr(value);
        let mut l = self.lowering();
        let (op, operands) = (SimdOp::I8x16Splat, [byte.into()]);
        lower::simd(&mut l, op, to.as_xmm().into(), &operands, Imm::None);
    }

    /// Traps unless `count` bytes from each index on are in memory 0.
    fn check_block(&mut self, indices: &[Gpr], count: u32) {
        let keep = indices.iter().map(|index| Register::gpr(*index).set());
        let end = self.borrow(keep.fold(Registers::NONE, Registers::or));
        let (limit, again) = self.limit();
        self.code.dynamic_label(again);
        for index in indices {
            self.code.lea(Width::W64, end.as_gpr(), Mem::new(*index, count as i32));
            self.code.alu(Alu::Cmp, Width::W64, end.as_gpr(), limit.len);
            self.code.jcc(Cond::A, limit.exit);
        }
        self.retry(again, limit.exit);
        self.give_back(end.set());
    }

    /// The place of a part of a block that was checked: it is in the memory, guarded or not.
    fn within(&mut self, index: Gpr, part: &Part) -> GuestMem {
        let offset = Offset::Imm(part.offset);
        // Small offsets need no temporary.
        let unused = if index == Gpr::Rax { Gpr::Rcx } else { Gpr::Rax };
        let (index, access) = (Index::clear(index), part.store.into());
        let mut l = self.lowering();
        lower::address(&mut l, MEMORY, index, offset, access, Bounds::Guard, unused)
    }
}

/// Parts of the same size that cover a block; the last may overlap the one before.
fn parts(count: u32) -> Vec<Part> {
    use SimdAccessOp::{
        V128Load, V128Load8Lane, V128Load16Lane, V128Load32Zero, V128Load64Zero, V128Store,
        V128Store8Lane, V128Store16Lane, V128Store32Lane, V128Store64Lane,
    };
    let (bytes, load, store) = match count {
        16.. => (16, V128Load, V128Store),
        8.. => (8, V128Load64Zero, V128Store64Lane),
        4.. => (4, V128Load32Zero, V128Store32Lane),
        2.. => (2, V128Load16Lane, V128Store16Lane),
        _ => (1, V128Load8Lane, V128Store8Lane),
    };
    let part = |index: u32| Part { load, store, offset: (bytes * index).min(count - bytes) };
    (0..count.div_ceil(bytes)).map(part).collect()
}
