//! Types of the parser to types of the engine.
//!
//! What lives here: the conversions. What does not: the registry of function types.
//! Invariant: a type the engine cannot represent is an error, also when a feature switch should
//! have kept it out.

use wasmparser::{AbstractHeapType, HeapType as ParsedHeapType};
use wasmtier_vm::{FuncType, GlobalType, HeapType, MemoryType, RefType, TableType, ValType};

use super::Invalid;

const WASM_PAGE_LOG2: u8 = 16;

pub(super) fn val_type(ty: wasmparser::ValType, offset: u64) -> Result<ValType, Invalid> {
    Ok(match ty {
        wasmparser::ValType::I32 => ValType::I32,
        wasmparser::ValType::I64 => ValType::I64,
        wasmparser::ValType::F32 => ValType::F32,
        wasmparser::ValType::F64 => ValType::F64,
        wasmparser::ValType::V128 => ValType::V128,
        wasmparser::ValType::Ref(ty) => ValType::Ref(ref_type(ty, offset)?),
    })
}

pub(super) fn ref_type(ty: wasmparser::RefType, offset: u64) -> Result<RefType, Invalid> {
    let heap_type = match ty.heap_type() {
        ParsedHeapType::Abstract { shared: false, ty: AbstractHeapType::Func } => HeapType::Func,
        ParsedHeapType::Abstract { shared: false, ty: AbstractHeapType::Extern } => {
            HeapType::Extern
        }
        _ => return Err(Invalid::new(offset, format!("type {ty} is not supported"))),
    };
    Ok(RefType { nullable: ty.is_nullable(), heap_type })
}

pub(super) fn func_type(ty: &wasmparser::FuncType, offset: u64) -> Result<FuncType, Invalid> {
    let convert = |types: &[wasmparser::ValType]| {
        types.iter().map(|&ty| val_type(ty, offset)).collect::<Result<Vec<_>, _>>()
    };
    Ok(FuncType::new(convert(ty.params())?, convert(ty.results())?))
}

pub(super) fn table_type(ty: &wasmparser::TableType, offset: u64) -> Result<TableType, Invalid> {
    Ok(TableType {
        element: ref_type(ty.element_type, offset)?,
        table64: ty.table64,
        minimum: ty.initial,
        maximum: ty.maximum,
    })
}

pub(super) fn memory_type(ty: &wasmparser::MemoryType) -> MemoryType {
    MemoryType {
        memory64: ty.memory64,
        shared: ty.shared,
        minimum: ty.initial,
        maximum: ty.maximum,
        page_size_log2: ty.page_size_log2.map_or(WASM_PAGE_LOG2, |log2| log2 as u8),
    }
}

pub(super) fn global_type(ty: wasmparser::GlobalType, offset: u64) -> Result<GlobalType, Invalid> {
    Ok(GlobalType { content: val_type(ty.content_type, offset)?, mutable: ty.mutable })
}
