//! The visitor of wasmparser: which operator goes where.
//!
//! Methods of operators that have a row are derived from the rows; those of proposals this version
//! does not run are derived from wasmparser's own list, by proposal. By hand: control, calls,
//! variables, and the immediates of cold operators.

use wasmparser::{
    BlockType, BrTable, FrameKind, FrameStack, Ieee32, Ieee64, MemArg, VisitOperator,
    VisitSimdOperator,
};
use wasmtier_ops::{
    AtomicOp, LoadOp, NumOp, StoreOp, WideOp, for_each_atomic_access, for_each_load,
    for_each_numeric_op, for_each_store, for_each_wide_op,
};
use wasmtier_vm::{
    Builtin, FuncIdx, GlobalIdx, MemoryIdx, TableIdx, TypeIdx, VALIDATED_FRAME, ValType, Walk,
};

use super::memory::memory_of;
use super::{Translator, Visit};
use crate::code::TranslateError;

impl<'a> Walk<'a> for Translator<'_> {
    type Error = Box<TranslateError>;

    fn reachable(&self) -> bool {
        self.reachable
    }

    fn at(&mut self, offset: u64) {
        self.emitter.offset = offset;
    }

    fn unary(&mut self, op: NumOp) -> Visit {
        self.visit_unary(op)
    }

    fn binary(&mut self, op: NumOp) -> Visit {
        self.visit_binary(op)
    }

    fn load(&mut self, op: LoadOp, memory: MemoryIdx, offset: u64) -> Visit {
        self.visit_load(op, memory, offset)
    }

    fn store(&mut self, op: StoreOp, memory: MemoryIdx, offset: u64) -> Visit {
        self.visit_store(op, memory, offset)
    }
}

impl FrameStack for Translator<'_> {
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

macro_rules! visit_wide {
    ($($op:ident $visit:ident $text:literal $shape:ident $params:tt -> $R:ident
        $($word:ident)? = $e:expr;)*) => {
        $(fn $visit(&mut self) -> Visit {
            self.wide(WideOp::$op)
        })*
    };
}

macro_rules! visit_loads {
    ($($op:ident $visit:ident $text:literal $mem:tt -> $V:ident = $e:expr;)*) => {
        $(fn $visit(&mut self, memarg: MemArg) -> Visit {
            self.visit_load(LoadOp::$op, memory_of(memarg)?, memarg.offset)
        })*
    };
}

macro_rules! visit_stores {
    ($($op:ident $visit:ident $text:literal $value:tt -> $Mem:ident = $e:expr;)*) => {
        $(fn $visit(&mut self, memarg: MemArg) -> Visit {
            self.visit_store(StoreOp::$op, memory_of(memarg)?, memarg.offset)
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

/// Methods for every operator of a proposal that is not run; nothing for the others.
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
            Err(TranslateError::Unsupported { proposal: stringify!($proposal) }.into())
        }
    };
}

impl<'a> VisitOperator<'a> for Translator<'_> {
    type Output = Visit;

    fn simd_visitor(&mut self) -> Option<&mut dyn VisitSimdOperator<'a, Output = Visit>> {
        Some(self)
    }

    for_each_numeric_op!(visit_numeric);
    for_each_wide_op!(visit_wide);
    for_each_load!(visit_loads);
    for_each_store!(visit_stores);
    for_each_atomic_access!(visit_atomics);
    wasmparser::for_each_visit_operator!(visit_unsupported);

    fn visit_nop(&mut self) -> Visit {
        Ok(())
    }

    fn visit_unreachable(&mut self) -> Visit {
        self.trap(wasmtier_ops::Trap::UnreachableCodeReached);
        Ok(())
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
        self.branch(depth);
        Ok(())
    }

    fn visit_br_if(&mut self, depth: u32) -> Visit {
        self.branch_if(depth);
        self.check_length()
    }

    fn visit_br_table(&mut self, targets: BrTable<'a>) -> Visit {
        self.branch_table(&targets)
    }

    fn visit_return(&mut self) -> Visit {
        self.return_();
        Ok(())
    }

    fn visit_call(&mut self, func: u32) -> Visit {
        self.call(FuncIdx(func))
    }

    fn visit_call_indirect(&mut self, ty: u32, table: u32) -> Visit {
        self.call_indirect(TypeIdx(ty), TableIdx(table))
    }

    fn visit_return_call(&mut self, func: u32) -> Visit {
        self.return_call(FuncIdx(func));
        Ok(())
    }

    fn visit_return_call_indirect(&mut self, ty: u32, table: u32) -> Visit {
        self.return_call_indirect(TypeIdx(ty), TableIdx(table));
        Ok(())
    }

    fn visit_drop(&mut self) -> Visit {
        self.drop_operand();
        Ok(())
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
        self.local_get(local)
    }

    fn visit_local_set(&mut self, local: u32) -> Visit {
        self.local_set(local);
        Ok(())
    }

    fn visit_local_tee(&mut self, local: u32) -> Visit {
        self.local_tee(local)
    }

    fn visit_global_get(&mut self, global: u32) -> Visit {
        self.global_get(GlobalIdx(global))
    }

    fn visit_global_set(&mut self, global: u32) -> Visit {
        self.global_set(GlobalIdx(global));
        Ok(())
    }

    fn visit_i32_const(&mut self, value: i32) -> Visit {
        self.constant(u64::from(value as u32), ValType::I32)
    }

    fn visit_i64_const(&mut self, value: i64) -> Visit {
        self.constant(value as u64, ValType::I64)
    }

    fn visit_f32_const(&mut self, value: Ieee32) -> Visit {
        self.constant(u64::from(value.bits()), ValType::F32)
    }

    fn visit_f64_const(&mut self, value: Ieee64) -> Visit {
        self.constant(value.bits(), ValType::F64)
    }

    fn visit_ref_null(&mut self, ty: wasmparser::HeapType) -> Visit {
        let ty = super::val_type(wasmparser::ValType::Ref(
            wasmparser::RefType::new(true, ty)
                .ok_or(TranslateError::Unsupported { proposal: "gc" })?,
        ));
        self.constant(0, ty.ok_or(TranslateError::Unsupported { proposal: "gc" })?)
    }

    fn visit_ref_is_null(&mut self) -> Visit {
        // A reference is a zero-extended u32, and null is 0.
        self.visit_unary(NumOp::I32Eqz)
    }

    fn visit_ref_func(&mut self, func: u32) -> Visit {
        self.builtin(Builtin::RefFunc, func, 0, Some(ValType::FUNCREF))
    }

    fn visit_memory_size(&mut self, memory: u32) -> Visit {
        let ty = self.module.memories[memory as usize].index_type();
        self.builtin(Builtin::MemorySize, memory, 0, Some(ty))
    }

    fn visit_memory_grow(&mut self, memory: u32) -> Visit {
        let ty = self.module.memories[memory as usize].index_type();
        self.builtin(Builtin::MemoryGrow, memory, 0, Some(ty))
    }

    fn visit_memory_init(&mut self, data: u32, memory: u32) -> Visit {
        self.builtin(Builtin::MemoryInit, data, memory, None)
    }

    fn visit_data_drop(&mut self, data: u32) -> Visit {
        self.builtin(Builtin::DataDrop, data, 0, None)
    }

    fn visit_memory_copy(&mut self, destination: u32, source: u32) -> Visit {
        self.builtin(Builtin::MemoryCopy, destination, source, None)
    }

    fn visit_memory_fill(&mut self, memory: u32) -> Visit {
        self.builtin(Builtin::MemoryFill, memory, 0, None)
    }

    fn visit_atomic_fence(&mut self, _: wasmparser::Ordering) -> Visit {
        self.fence();
        Ok(())
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

    fn visit_table_init(&mut self, elem: u32, table: u32) -> Visit {
        self.builtin(Builtin::TableInit, elem, table, None)
    }

    fn visit_elem_drop(&mut self, elem: u32) -> Visit {
        self.builtin(Builtin::ElemDrop, elem, 0, None)
    }

    fn visit_table_copy(&mut self, destination: u32, source: u32) -> Visit {
        self.builtin(Builtin::TableCopy, destination, source, None)
    }

    fn visit_table_get(&mut self, table: u32) -> Visit {
        let ty = ValType::Ref(self.module.tables[table as usize].element);
        self.builtin(Builtin::TableGet, table, 0, Some(ty))
    }

    fn visit_table_set(&mut self, table: u32) -> Visit {
        self.builtin(Builtin::TableSet, table, 0, None)
    }

    fn visit_table_fill(&mut self, table: u32) -> Visit {
        self.builtin(Builtin::TableFill, table, 0, None)
    }

    fn visit_table_grow(&mut self, table: u32) -> Visit {
        let ty = self.module.tables[table as usize].index_type();
        self.builtin(Builtin::TableGrow, table, 0, Some(ty))
    }

    fn visit_table_size(&mut self, table: u32) -> Visit {
        let ty = self.module.tables[table as usize].index_type();
        self.builtin(Builtin::TableSize, table, 0, Some(ty))
    }
}
