//! [`Interface`]: what a module imports and exports, read with `wasmparser` alone.
//!
//! Invariant: no engine is asked what a module looks like, so all are treated alike.

use wasmparser::types::EntityType;
use wasmparser::{BinaryReaderError, FuncType, ValType, Validator, WasmFeatures};

use crate::value::{Signature, Type};

/// The proposals that generated modules may use: those wasmtier supports.
pub const FEATURES: WasmFeatures = WasmFeatures::WASM2
    .union(WasmFeatures::TAIL_CALL)
    .union(WasmFeatures::MULTI_MEMORY)
    .union(WasmFeatures::MEMORY64)
    .union(WasmFeatures::EXTENDED_CONST)
    .union(WasmFeatures::CUSTOM_PAGE_SIZES)
    .union(WasmFeatures::WIDE_ARITHMETIC);

/// The type of something imported or exported.
#[derive(Clone, Debug)]
pub enum Item {
    /// A function.
    Func(Signature),
    /// A global.
    Global {
        /// The type of its value.
        ty: Type,
        /// Whether it can change.
        mutable: bool,
    },
    /// A memory.
    Memory(wasmparser::MemoryType),
    /// A table.
    Table(wasmparser::TableType),
}

/// What a module imports and exports.
#[derive(Clone, Debug)]
pub struct Interface {
    /// First-level name, second-level name and type of each import, equal names together.
    pub imports: Vec<(String, String, Item)>,
    /// Name and type of each export, in the module's order.
    pub exports: Vec<(String, Item)>,
}

impl Interface {
    /// The interface of a binary module.
    ///
    /// # Errors
    ///
    /// When the module is invalid, or needs more than [`FEATURES`].
    pub fn of(wasm: &[u8]) -> Result<Self, BinaryReaderError> {
        let types = Validator::new_with_features(FEATURES).validate_all(wasm)?;
        let types = types.as_ref();
        let item = |entity| match entity {
            EntityType::Func(id) | EntityType::FuncExact(id) => {
                Item::Func(signature(types[id].unwrap_func()))
            }
            EntityType::Global(global) => {
                Item::Global { ty: value_type(global.content_type), mutable: global.mutable }
            }
            EntityType::Memory(memory) => Item::Memory(memory),
            EntityType::Table(table) => Item::Table(table),
            EntityType::Tag(_) => unreachable!("the features have no tags"),
        };
        let imports = types.core_imports().into_iter().flatten();
        let exports = types.core_exports().into_iter().flatten();
        Ok(Self {
            imports: imports
                .map(|(module, name, entity)| (module.to_owned(), name.to_owned(), item(entity)))
                .collect(),
            exports: exports.map(|(name, entity)| (name.to_owned(), item(entity))).collect(),
        })
    }
}

fn signature(ty: &FuncType) -> Signature {
    let types = |types: &[ValType]| types.iter().copied().map(value_type).collect();
    Signature { params: types(ty.params()), results: types(ty.results()) }
}

/// # Panics
///
/// For a type that [`FEATURES`] do not have.
pub(crate) fn value_type(ty: ValType) -> Type {
    match ty {
        ValType::I32 => Type::I32,
        ValType::I64 => Type::I64,
        ValType::F32 => Type::F32,
        ValType::F64 => Type::F64,
        ValType::V128 => Type::V128,
        ValType::Ref(ty) if ty.is_func_ref() => Type::Func,
        ValType::Ref(ty) => {
            assert!(ty.is_extern_ref(), "the features have no {ty}");
            Type::Extern
        }
    }
}
