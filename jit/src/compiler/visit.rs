//! The visitor of wasmparser: which operator goes where.
//!
//! Methods of operators that have a row are derived from the rows; those of proposals this version
//! does not run are derived from wasmparser's own list, by proposal. By hand: control, calls,
//! variables.

use wasmparser::{
    BlockType, BrTable, FrameKind, FrameStack, HeapType, Ieee32, Ieee64, MemArg, Ordering,
    VisitOperator, VisitSimdOperator,
};
use wasmtier_ops::{AtomicOp, LoadOp, NumOp, StoreOp, Trap, WideOp};
use wasmtier_ops::{
    for_each_atomic_access, for_each_load, for_each_numeric_op, for_each_store, for_each_wide_op,
};
use wasmtier_vm::{
    Builtin, FuncIdx, GlobalIdx, MemoryIdx, TableIdx, TypeIdx, VALIDATED_FRAME, Walk,
};

use super::memory::At;
use super::value::Kind;
use super::{Compiler, Visit};
use crate::compile::CompileError;

impl<'a> Walk<'a> for Compiler<'_> {
    type Error = Box<CompileError>;

    fn reachable(&self) -> bool {
        self.reachable
    }

    fn at(&mut self, offset: u64) {
        self.offset = offset;
        self.note_start();
    }

    fn unary(&mut self, op: NumOp) -> Visit {
        self.visit_numeric(op)
    }

    fn binary(&mut self, op: NumOp) -> Visit {
        self.visit_numeric(op)
    }

    fn load(&mut self, op: LoadOp, memory: MemoryIdx, offset: u64) -> Visit {
        self.visit_load(op, memory, offset)
    }

    fn store(&mut self, op: StoreOp, memory: MemoryIdx, offset: u64) -> Visit {
        self.visit_store(op, memory, offset)
    }
}

impl FrameStack for Compiler<'_> {
    fn current_frame(&self) -> Option<FrameKind> {
        VALIDATED_FRAME
    }
}

macro_rules! visit_numeric {
    ($(
        $op:ident $visit:ident $text:literal $params:tt -> $R:ident $($word:ident)? = $e:expr;
    )*) => {
        $(fn $visit(&mut self) -> Visit {
            self.visit_numeric(NumOp::$op)
        })*
    };
}

macro_rules! visit_loads {
    ($($op:ident $visit:ident $text:literal $mem:tt -> $V:ident = $e:expr;)*) => {
        $(fn $visit(&mut self, memarg: MemArg) -> Visit {
            let At { memory, offset } = At::of(memarg)?;
            self.visit_load(LoadOp::$op, memory, offset)
        })*
    };
}

macro_rules! visit_stores {
    ($($op:ident $visit:ident $text:literal $value:tt -> $Mem:ident = $e:expr;)*) => {
        $(fn $visit(&mut self, memarg: MemArg) -> Visit {
            let At { memory, offset } = At::of(memarg)?;
            self.visit_store(StoreOp::$op, memory, offset)
        })*
    };
}

macro_rules! visit_wide {
    ($($op:ident $visit:ident $text:literal $shape:ident $params:tt -> $R:ident
        $($word:ident)? = $e:expr;)*) => {
        $(fn $visit(&mut self) -> Visit {
            self.wide(WideOp::$op)
        })*
    };
}

macro_rules! visit_atomics {
    ($($op:ident $visit:ident $text:literal $shape:ident $params:tt -> $R:ident = $e:expr;)*) => {
        $(fn $visit(&mut self, memarg: MemArg) -> Visit {
            self.atomic_access(AtomicOp::$op, memarg)
        })*
    };
}

/// Methods of builtins that only take operands and immediates.
macro_rules! visit_builtins {
    ($($visit:ident($($imm:ident),*) $builtin:ident;)*) => {
        $(fn $visit(&mut self, $($imm: u32),*) -> Visit {
            self.builtin(Builtin::$builtin, visit_builtins!(@$($imm)*), None)
        })*
    };
    (@$a:ident) => { [$a, 0] };
    (@$a:ident $b:ident) => { [$a, $b] };
}

/// Methods for every operator of a proposal that is not compiled; nothing for the others.
macro_rules! visit_unsupported {
    ($(
        @$proposal:ident $op:ident $({ $($arg:ident: $argty:ty),* })? => $visit:ident ($($ann:tt)*)
    )*) => {
        $(visit_unsupported!(@$proposal $visit ($($($arg: $argty),*)?));)*
    };
    (@mvp $($rest:tt)*) => {};
    (@sign_extension $($rest:tt)*) => {};
    (@saturating_float_to_int $($rest:tt)*) => {};
    (@bulk_memory $($rest:tt)*) => {};
    (@reference_types $($rest:tt)*) => {};
    (@tail_call $($rest:tt)*) => {};
    (@wide_arithmetic $($rest:tt)*) => {};
    (@threads $($rest:tt)*) => {};
    (@$proposal:ident $visit:ident ($($arg:ident: $argty:ty),*)) => {
        fn $visit(&mut self $(, _: $argty)*) -> Visit {
            Err(CompileError::Unsupported { what: stringify!($proposal) }.into())
        }
    };
}

impl<'a> VisitOperator<'a> for Compiler<'_> {
    type Output = Visit;

    fn simd_visitor(&mut self) -> Option<&mut dyn VisitSimdOperator<'a, Output = Visit>> {
        Some(self)
    }

    for_each_numeric_op!(visit_numeric);
    for_each_wide_op!(visit_wide);
    for_each_load!(visit_loads);
    for_each_store!(visit_stores);
    for_each_atomic_access!(visit_atomics);
    visit_builtins! {
        visit_memory_init(data, memory) MemoryInit;
        visit_data_drop(data) DataDrop;
        visit_table_init(elem, table) TableInit;
        visit_elem_drop(elem) ElemDrop;
        visit_table_copy(target, source) TableCopy;
        visit_table_set(table) TableSet;
        visit_table_fill(table) TableFill;
    }
    wasmparser::for_each_visit_operator!(visit_unsupported);

    fn visit_nop(&mut self) -> Visit {
        Ok(())
    }

    fn visit_unreachable(&mut self) -> Visit {
        self.trap(Trap::UnreachableCodeReached)
    }

    fn visit_block(&mut self, ty: BlockType) -> Visit {
        self.block(ty)
    }

    fn visit_loop(&mut self, ty: BlockType) -> Visit {
        self.loop_(ty)
    }

    fn visit_if(&mut self, ty: BlockType) -> Visit {
        self.if_(ty)
    }

    fn visit_else(&mut self) -> Visit {
        self.else_()
    }

    fn visit_end(&mut self) -> Visit {
        self.end()
    }

    fn visit_br(&mut self, depth: u32) -> Visit {
        self.branch(depth)
    }

    fn visit_br_if(&mut self, depth: u32) -> Visit {
        self.branch_if(depth)
    }

    fn visit_br_table(&mut self, targets: BrTable<'a>) -> Visit {
        self.branch_table(&targets)
    }

    fn visit_return(&mut self) -> Visit {
        self.branch(self.controls.len() as u32 - 1)
    }

    fn visit_call(&mut self, func: u32) -> Visit {
        self.call(FuncIdx(func))
    }

    fn visit_call_indirect(&mut self, ty: u32, table: u32) -> Visit {
        self.call_indirect(TypeIdx(ty), TableIdx(table))
    }

    fn visit_return_call(&mut self, func: u32) -> Visit {
        self.return_call(FuncIdx(func))
    }

    fn visit_return_call_indirect(&mut self, ty: u32, table: u32) -> Visit {
        self.return_call_indirect(TypeIdx(ty), TableIdx(table))
    }

    fn visit_drop(&mut self) -> Visit {
        self.drop_operand()
    }

    fn visit_select(&mut self) -> Visit {
        self.select()
    }

    fn visit_typed_select(&mut self, _: wasmparser::ValType) -> Visit {
        self.select()
    }

    fn visit_typed_select_multi(&mut self, _: Vec<wasmparser::ValType>) -> Visit {
        self.select()
    }

    fn visit_local_get(&mut self, local: u32) -> Visit {
        self.push_local(local)
    }

    fn visit_local_set(&mut self, local: u32) -> Visit {
        self.local_set(local)
    }

    fn visit_local_tee(&mut self, local: u32) -> Visit {
        self.local_tee(local)
    }

    fn visit_global_get(&mut self, global: u32) -> Visit {
        self.global_get(GlobalIdx(global))
    }

    fn visit_global_set(&mut self, global: u32) -> Visit {
        self.global_set(GlobalIdx(global))
    }

    fn visit_i32_const(&mut self, value: i32) -> Visit {
        self.constant(Kind::I32, u64::from(value.cast_unsigned()))
    }

    fn visit_i64_const(&mut self, value: i64) -> Visit {
        self.constant(Kind::I64, value.cast_unsigned())
    }

    fn visit_f32_const(&mut self, value: Ieee32) -> Visit {
        self.constant(Kind::F32, u64::from(value.bits()))
    }

    fn visit_f64_const(&mut self, value: Ieee64) -> Visit {
        self.constant(Kind::F64, value.bits())
    }

    fn visit_ref_null(&mut self, _: HeapType) -> Visit {
        self.constant(Kind::I64, 0)
    }

    fn visit_ref_is_null(&mut self) -> Visit {
        self.ref_is_null()
    }

    fn visit_ref_func(&mut self, func: u32) -> Visit {
        self.ref_func(FuncIdx(func))
    }

    fn visit_memory_size(&mut self, memory: u32) -> Visit {
        self.memory_size(MemoryIdx(memory))
    }

    fn visit_memory_grow(&mut self, memory: u32) -> Visit {
        self.memory_grow(MemoryIdx(memory))
    }

    fn visit_memory_copy(&mut self, target: u32, source: u32) -> Visit {
        self.memory_copy(MemoryIdx(target), MemoryIdx(source))
    }

    fn visit_memory_fill(&mut self, memory: u32) -> Visit {
        self.memory_fill(MemoryIdx(memory))
    }

    fn visit_atomic_fence(&mut self, _: Ordering) -> Visit {
        self.fence()
    }

    fn visit_memory_atomic_wait32(&mut self, memarg: MemArg) -> Visit {
        self.wait_or_notify(Builtin::AtomicWait32, memarg)
    }

    fn visit_memory_atomic_wait64(&mut self, memarg: MemArg) -> Visit {
        self.wait_or_notify(Builtin::AtomicWait64, memarg)
    }

    fn visit_memory_atomic_notify(&mut self, memarg: MemArg) -> Visit {
        self.wait_or_notify(Builtin::AtomicNotify, memarg)
    }

    fn visit_table_get(&mut self, table: u32) -> Visit {
        self.table_get(TableIdx(table))
    }

    fn visit_table_grow(&mut self, table: u32) -> Visit {
        self.table_grow(TableIdx(table))
    }

    fn visit_table_size(&mut self, table: u32) -> Visit {
        self.table_size(TableIdx(table))
    }
}
