//! Operators that the runtime carries out, and those of their kind that need not ask it.
//!
//! What lives here: operands to slots, the call, sizes and references. What does not: small blocks
//! of memory (`bulk`). Invariant: a builtin's operands are whole slots: those that hold an `i32`
//! are extended by zeros.

use core::mem::offset_of;

use wasmparser::MemArg;
use wasmtier_ops::NumOp;
use wasmtier_vm::{
    Builtin, BuiltinCode, BuiltinTable, FUNC_RECORD_SIZE, FuncIdx, MemoryIdx, NativeStubs,
    TableIdx, ValType, VmCtx, VmMemory, VmTable,
};
use wasmtier_x64::{Alu, Gpr, Mem, Shift, Width};

use super::frame::{TOP, context};
use super::memory::At;
use super::register::{Register, Registers};
use super::value::{Entry, Kind, Value};
use super::{Compiler, Visit};

/// Where the code of the first builtin is in their table.
const FIRST: usize = offset_of!(BuiltinTable, memory_grow);

const _: () = assert!(
    Builtin::MemoryGrow as usize == 0
        && size_of::<BuiltinTable>() == FIRST + Builtin::ALL.len() * size_of::<BuiltinCode>(),
    "the table has the code of each builtin in the order of their numbers"
);

/// Scratch for copies from slot to slot.
const SCRATCH: Register = Register::gpr(Gpr::R11);

impl Compiler<'_> {
    /// Pops the operands of `builtin`, calls it, and pushes its result of type `result`.
    pub(crate) fn builtin(
        &mut self,
        builtin: Builtin,
        immediates: [u32; 2],
        result: Option<ValType>,
    ) -> Visit {
        self.settle_pending();
        let above = self.height;
        for _ in 0..builtin.operands() {
            let entry = self.pop();
            self.store_whole(&entry);
            self.release(&entry);
        }
        self.spill_all();
        self.flush_lanes(Registers::VOLATILE);
        self.kept = Registers::NONE;
        let operands = self.frame.temporary(self.height, Kind::I64);
        if let Some(ty) = result {
            self.push(Kind::of(ty), Value::Slot)?;
        }
        let low = self.frame.below(above.max(self.height));
        let code = FIRST + builtin as usize * size_of::<BuiltinCode>();
        self.code.mov_imm(Gpr::Rax, code as u64);
        self.code.lea(Width::W64, Gpr::Rsi, operands);
        self.code.mov_imm(Gpr::Rdx, immediates[0].into());
        self.code.mov_imm(Gpr::Rcx, immediates[1].into());
        self.code.lea(Width::W64, Gpr::R8, Mem::new(TOP, -(low as i32)));
        self.call_native(offset_of!(NativeStubs, call_builtin));
        self.note_site(self.offset, None);
        self.after()
    }

    /// Stores a popped integer to its slot, all of it.
    fn store_whole(&mut self, entry: &Entry) {
        let to = self.frame.temporary(entry.height, Kind::I64);
        match entry.value {
            Value::Const(bits) => self.store_constant(Kind::I64, to, bits),
            Value::Slot if entry.kind == Kind::I64 => {}
            Value::Reg(register) => self.store_home(Kind::I64, to, register),
            Value::Local { local, .. } if self.is_in_lane(local) => {
                let lane = self.read_lane(local).expect("the local has a lane");
                self.store_home(Kind::I64, to, lane);
            }
            Value::Local { .. } | Value::Slot => {
                self.load(entry, SCRATCH);
                self.store_home(Kind::I64, to, SCRATCH);
            }
            Value::Pending => unreachable!("operands are computed when they are popped"),
        }
    }

    fn is_in_lane(&self, local: u32) -> bool {
        self.lane(local).is_some_and(|lane| self.state.valid.has(lane))
    }

    /// Calls a builtin that takes the operator's operands and its offset.
    pub(crate) fn wait_or_notify(&mut self, builtin: Builtin, memarg: MemArg) -> Visit {
        let At { memory, offset } = At::of(memarg)?;
        self.settle_pending();
        self.push(Kind::I64, Value::Const(offset))?;
        self.builtin(builtin, [memory.0, 0], Some(ValType::I32))
    }

    /// The length of a memory in pages. That of a shared one may be more in a moment, but is read
    /// where it is true.
    pub(crate) fn memory_size(&mut self, memory: MemoryIdx) -> Visit {
        self.settle_pending();
        let ty = self.module.memories[memory.index()];
        let kind = Kind::of(ty.index_type());
        let to = self.allocate(kind);
        let gpr = to.as_gpr();
        if memory == MemoryIdx(0) && !ty.shared {
            self.load_context(gpr, offset_of!(VmCtx, mem0_len));
        } else {
            self.load_memory_record(memory, gpr);
            let len = Mem::new(gpr, offset_of!(VmMemory, len) as i32);
            self.code.mov(Width::W64, gpr, len);
        }
        if ty.page_size_log2 > 0 {
            self.code.shift_imm(Shift::Shr, Width::W64, gpr, ty.page_size_log2);
        }
        self.push_register(kind, to)?;
        self.after()
    }

    pub(crate) fn memory_grow(&mut self, memory: MemoryIdx) -> Visit {
        let ty = self.module.memories[memory.index()].index_type();
        self.builtin(Builtin::MemoryGrow, [memory.0, 0], Some(ty))
    }

    /// The length of a table.
    pub(crate) fn table_size(&mut self, table: TableIdx) -> Visit {
        self.settle_pending();
        let kind = Kind::of(self.module.tables[table.index()].index_type());
        let to = self.allocate(kind);
        let gpr = to.as_gpr();
        let len = if table == TableIdx(0) {
            context(offset_of!(VmCtx, table0_len))
        } else {
            self.load_context(gpr, offset_of!(VmCtx, tables));
            self.code.mov(Width::W64, gpr, Mem::new(gpr, 8 * table.0 as i32));
            Mem::new(gpr, offset_of!(VmTable, len) as i32)
        };
        self.code.mov(Width::W32, gpr, len);
        self.push_register(kind, to)?;
        self.after()
    }

    pub(crate) fn table_get(&mut self, table: TableIdx) -> Visit {
        let ty = ValType::Ref(self.module.tables[table.index()].element);
        self.builtin(Builtin::TableGet, [table.0, 0], Some(ty))
    }

    pub(crate) fn table_grow(&mut self, table: TableIdx) -> Visit {
        let ty = self.module.tables[table.index()].index_type();
        self.builtin(Builtin::TableGrow, [table.0, 0], Some(ty))
    }

    /// A reference is how far a record is from the begin of all; whoever uses it completes it.
    pub(crate) fn ref_func(&mut self, func: FuncIdx) -> Visit {
        self.settle_pending();
        let Some(place) = self.module.escape_index[func.index()] else {
            unreachable!("a function that an operator names may become a reference")
        };
        let to = self.allocate(Kind::I64);
        let first = context(offset_of!(VmCtx, funcref_offset));
        self.code.mov(Width::W32, to.as_gpr(), first);
        if place > 0 {
            let distance = (place * FUNC_RECORD_SIZE) as i32;
            self.code.alu_imm(Alu::Add, Width::W32, to.as_gpr(), distance);
        }
        self.push_register(Kind::I64, to)?;
        self.after()
    }

    pub(crate) fn ref_is_null(&mut self) -> Visit {
        self.visit_numeric(NumOp::I64Eqz)
    }
}
