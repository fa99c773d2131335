//! [`ModuleInfo`]: what a module declares, decoded once and shared by all tiers.
//!
//! What lives here: the declarations. What does not: the parser, the code, and anything of an
//! instance. Invariant: every index inside has been validated against its index space.

use core::ops::Range;

use crate::frame::FrameLayout;
use crate::types::{
    DataIdx, ElemIdx, FuncIdx, FuncType, GlobalIdx, GlobalType, MemoryIdx, MemoryType, RefType,
    TableIdx, TableType, TypeId, TypeIdx,
};

/// The declarations of a module.
#[derive(Debug, Default)]
pub struct ModuleInfo {
    /// The type section.
    pub types: Vec<FuncType>,
    /// The engine-wide id of each type.
    pub type_ids: Vec<TypeId>,
    /// What the module imports, in order.
    pub imports: Vec<Import>,
    /// The type of every function, imported ones first.
    pub funcs: Vec<TypeIdx>,
    /// How many functions are imported.
    pub imported_funcs: u32,
    /// Every table, imported ones first.
    pub tables: Vec<TableType>,
    /// How many tables are imported.
    pub imported_tables: u32,
    /// The initial element of each table the module defines; `None` is null.
    pub table_inits: Vec<Option<ConstExpr>>,
    /// Every memory, imported ones first.
    pub memories: Vec<MemoryType>,
    /// How many memories are imported.
    pub imported_memories: u32,
    /// Every global, imported ones first.
    pub globals: Vec<GlobalType>,
    /// How many globals are imported.
    pub imported_globals: u32,
    /// The initial value of each global the module defines.
    pub global_inits: Vec<ConstExpr>,
    /// For each global: its first slot in the instance's storage (defined globals only).
    pub global_slots: Vec<u32>,
    /// Slots of all defined globals together.
    pub global_storage_slots: u32,
    /// What the module exports, in order.
    pub exports: Vec<Export>,
    /// The function to run at instantiation.
    pub start: Option<FuncIdx>,
    /// The element segments.
    pub elements: Vec<ElemSegment>,
    /// The data segments.
    pub data: Vec<DataSegment>,
    /// The body of each function the module defines, as a range of the module's bytes (locals
    /// included, size prefix not).
    pub bodies: Vec<Range<usize>>,
    /// The functions that may become references (exported, in an element segment, in a constant
    /// expression, or named by `ref.func`), in order of their record in the instance.
    pub escaped_funcs: Vec<FuncIdx>,
    /// For each function: its place in `escaped_funcs`.
    pub escape_index: Vec<Option<u32>>,
    /// The module's own name, from its name section.
    pub name: Option<Box<str>>,
    /// Names of functions, from the name section, sorted by index.
    pub func_names: Vec<(FuncIdx, Box<str>)>,
}

impl ModuleInfo {
    /// The type of a function.
    #[must_use]
    pub fn func_type(&self, func: FuncIdx) -> &FuncType {
        &self.types[self.funcs[func.index()].index()]
    }

    /// The place of a function among those the module defines; `None` when it is imported.
    #[must_use]
    pub fn defined_func(&self, func: FuncIdx) -> Option<u32> {
        func.0.checked_sub(self.imported_funcs)
    }

    /// The name a human knows a function by: from the name section, else its export.
    #[must_use]
    pub fn func_name(&self, func: FuncIdx) -> Option<&str> {
        if let Ok(at) = self.func_names.binary_search_by_key(&func, |(index, _)| *index) {
            return Some(&self.func_names[at].1);
        }
        let exported = |export: &&Export| export.item == ExportItem::Func(func);
        self.exports.iter().find(exported).map(|export| &*export.name)
    }

    /// The frame of a function with `local_slots` slots of declared locals.
    #[must_use]
    pub fn frame(&self, func: FuncIdx, local_slots: u32) -> FrameLayout {
        FrameLayout { param_slots: self.func_type(func).param_slots(), local_slots }
    }
}

/// One import.
#[derive(Clone, Debug)]
pub struct Import {
    /// First level of its name.
    pub module: Box<str>,
    /// Second level of its name.
    pub name: Box<str>,
    /// What is imported.
    pub ty: ImportType,
}

/// The type of an import.
#[derive(Clone, Debug)]
pub enum ImportType {
    /// A function of the given type.
    Func(TypeIdx),
    /// A table.
    Table(TableType),
    /// A memory.
    Memory(MemoryType),
    /// A global.
    Global(GlobalType),
}

/// One export.
#[derive(Clone, Debug)]
pub struct Export {
    /// Its name.
    pub name: Box<str>,
    /// What is exported.
    pub item: ExportItem,
}

/// What an export names.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum ExportItem {
    /// A function.
    Func(FuncIdx),
    /// A table.
    Table(TableIdx),
    /// A memory.
    Memory(MemoryIdx),
    /// A global.
    Global(GlobalIdx),
}

/// A constant expression: operators in postfix order, without the final `end`.
pub type ConstExpr = Box<[ConstOp]>;

/// One operator of a constant expression.
#[derive(Copy, Clone, PartialEq, Debug)]
pub enum ConstOp {
    /// A constant of any number type, zero-extended to 128 bits.
    Const(u128),
    /// The value of a global.
    GlobalGet(GlobalIdx),
    /// The null reference.
    RefNull,
    /// A reference to a function.
    RefFunc(FuncIdx),
    /// A scalar operator of the extended-const proposal.
    Numeric(wasmtier_ops::NumOp),
}

/// An element segment.
#[derive(Clone, Debug)]
pub struct ElemSegment {
    /// The type of its elements.
    pub ty: RefType,
    /// When its elements are used.
    pub mode: SegmentMode<TableIdx>,
    /// Its elements.
    pub items: ElemItems,
}

/// The elements of a segment.
#[derive(Clone, Debug)]
pub enum ElemItems {
    /// Plain functions.
    Funcs(Box<[FuncIdx]>),
    /// Constant expressions.
    Exprs(Box<[ConstExpr]>),
}

impl ElemItems {
    /// How many elements there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Funcs(funcs) => funcs.len(),
            Self::Exprs(exprs) => exprs.len(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// When a segment is used; `I` is the index of what it initialises.
#[derive(Clone, Debug)]
pub enum SegmentMode<I> {
    /// By `memory.init` or `table.init`.
    Passive,
    /// Only to declare functions that `ref.func` may name.
    Declared,
    /// At instantiation.
    Active {
        /// What it initialises.
        target: I,
        /// Where in it.
        offset: ConstExpr,
    },
}

/// A data segment.
#[derive(Clone, Debug)]
pub struct DataSegment {
    /// When its bytes are used.
    pub mode: SegmentMode<MemoryIdx>,
    /// Its bytes, as a range of the module's bytes.
    pub bytes: Range<usize>,
}

impl ModuleInfo {
    /// An element segment.
    #[must_use]
    pub fn element(&self, elem: ElemIdx) -> &ElemSegment {
        &self.elements[elem.index()]
    }

    /// A data segment.
    #[must_use]
    pub fn data_segment(&self, data: DataIdx) -> &DataSegment {
        &self.data[data.index()]
    }
}
