//! The visitor of wasmparser: which operator goes where.
//!
//! Methods of operators that have a row are derived from the rows; those of proposals this version
//! does not run are derived from wasmparser's own list, by proposal. By hand: control, calls,
//! variables.

use wasmparser::{
    BlockType, BrTable, FrameKind, FrameStack, Ieee32, Ieee64, MemArg, MemArgTarget, VisitOperator,
};
use wasmtier_ops::{LoadOp, NumOp, StoreOp, Trap};
use wasmtier_ops::{for_each_load, for_each_numeric_op, for_each_store};
use wasmtier_vm::{FuncIdx, GlobalIdx, MemoryIdx, TableIdx, TypeIdx, VALIDATED_FRAME, Walk};

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
    }

    fn numeric(&mut self, op: NumOp) -> Visit {
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

/// The memory an access names.
fn memory_of(memarg: MemArg) -> Result<MemoryIdx, CompileError> {
    match memarg.target {
        MemArgTarget::Memory(memory) => Ok(MemoryIdx(memory)),
        MemArgTarget::Array(_) => Err(CompileError::Unsupported { what: "gc" }),
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

/// Methods for every operator of a proposal that is not compiled; nothing for the others.
macro_rules! visit_unsupported {
    ($(
        @$proposal:ident $op:ident $({ $($arg:ident: $argty:ty),* })? => $visit:ident ($($ann:tt)*)
    )*) => {
        $(visit_unsupported!(@$proposal $visit ($($($arg: $argty),*)?));)*
    };
    (@mvp visit_memory_size $args:tt) => { visit_unsupported!(@yet visit_memory_size $args); };
    (@mvp visit_memory_grow $args:tt) => { visit_unsupported!(@yet visit_memory_grow $args); };
    (@mvp $($rest:tt)*) => {};
    (@sign_extension $($rest:tt)*) => {};
    (@saturating_float_to_int $($rest:tt)*) => {};
    (@reference_types visit_typed_select $args:tt) => {};
    (@reference_types visit_typed_select_multi $args:tt) => {};
    (@$proposal:ident $visit:ident ($($arg:ident: $argty:ty),*)) => {
        fn $visit(&mut self $(, _: $argty)*) -> Visit {
            Err(CompileError::Unsupported { what: stringify!($visit) }.into())
        }
    };
}

impl<'a> VisitOperator<'a> for Compiler<'_> {
    type Output = Visit;

    for_each_numeric_op!(visit_numeric);
    for_each_load!(visit_loads);
    for_each_store!(visit_stores);
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
}
