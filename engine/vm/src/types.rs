//! The types of wasm as every tier sees them, and the newtyped indices into a module.
//!
//! What lives here: value, reference, function, table, memory and global types; the index
//! spaces of a module; [`TypeId`], the engine-wide name of a function type. What does not: the
//! parser that makes them (`wasmtier::module`) and the registry that hands out type ids.
//!
//! Invariant: every index space has its own newtype, so that a table index never names a memory.

use core::fmt;

macro_rules! index_newtypes {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
        #[repr(transparent)]
        pub struct $name(pub u32);

        impl $name {
            /// The index as a slice index.
            #[inline]
            #[must_use]
            pub const fn index(self) -> usize {
                self.0 as usize
            }

            /// The newtype of a slice index.
            ///
            /// # Panics
            ///
            /// When `index` exceeds `u32::MAX`, which no validated module reaches.
            #[inline]
            #[must_use]
            pub const fn from_index(index: usize) -> Self {
                assert!(index <= u32::MAX as usize, "a wasm index space has at most 2^32 entries");
                Self(index as u32)
            }
        }
    )*};
}

index_newtypes! {
    /// Index into the type section of a module.
    TypeIdx;
    /// Index of a function: imported functions first, then the module's own.
    FuncIdx;
    /// Index of a table: imported tables first.
    TableIdx;
    /// Index of a linear memory: imported memories first.
    MemoryIdx;
    /// Index of a global: imported globals first.
    GlobalIdx;
    /// Index of an element segment.
    ElemIdx;
    /// Index of a data segment.
    DataIdx;
    /// Index of a local of one function: parameters first.
    LocalIdx;
    /// Engine-wide name of a function type: equal types have equal ids in all modules of an
    /// engine. 0 is never assigned, so that a zeroed funcref record matches no type.
    TypeId;
}

/// What a reference may point to.
///
/// ```
/// use wasmtier_vm::{HeapType, RefType};
/// assert_eq!(RefType::FUNCREF.heap_type, HeapType::Func);
/// ```
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub enum HeapType {
    /// Any function.
    Func,
    /// A value of the host, opaque to wasm.
    Extern,
}

/// A reference type: what it points to and whether it may be null.
///
/// ```
/// use wasmtier_vm::{HeapType, RefType};
/// let ty = RefType { nullable: true, heap_type: HeapType::Extern };
/// assert_eq!(ty, RefType::EXTERNREF);
/// assert_eq!(ty.to_string(), "externref");
/// ```
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub struct RefType {
    /// Whether null is a value of the type.
    pub nullable: bool,
    /// What it points to.
    pub heap_type: HeapType,
}

impl RefType {
    /// `funcref`: a nullable reference to any function.
    pub const FUNCREF: Self = Self { nullable: true, heap_type: HeapType::Func };
    /// `externref`: a nullable reference to a host value.
    pub const EXTERNREF: Self = Self { nullable: true, heap_type: HeapType::Extern };
}

impl fmt::Display for RefType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match (self.nullable, self.heap_type) {
            (true, HeapType::Func) => "funcref",
            (true, HeapType::Extern) => "externref",
            (false, HeapType::Func) => "(ref func)",
            (false, HeapType::Extern) => "(ref extern)",
        })
    }
}

/// The type of a value.
///
/// ```
/// use wasmtier_vm::ValType;
/// let types = [ValType::I32, ValType::V128, ValType::FUNCREF];
/// assert_eq!(types.map(ValType::slots), [1, 2, 1]);
/// assert_eq!(types.map(|ty| ty.to_string()), ["i32", "v128", "funcref"]);
/// ```
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub enum ValType {
    /// 32-bit integer.
    I32,
    /// 64-bit integer.
    I64,
    /// 32-bit IEEE 754 float.
    F32,
    /// 64-bit IEEE 754 float.
    F64,
    /// 128-bit vector.
    V128,
    /// A reference.
    Ref(RefType),
}

impl ValType {
    /// `funcref`.
    pub const FUNCREF: Self = Self::Ref(RefType::FUNCREF);
    /// `externref`.
    pub const EXTERNREF: Self = Self::Ref(RefType::EXTERNREF);

    /// How many 8-byte slots a value of this type takes in frames, globals and host calls.
    #[inline]
    #[must_use]
    pub const fn slots(self) -> u32 {
        match self {
            Self::V128 => 2,
            Self::I32 | Self::I64 | Self::F32 | Self::F64 | Self::Ref(_) => 1,
        }
    }

    /// Whether values of this type travel in the float register file.
    #[inline]
    #[must_use]
    pub const fn is_float(self) -> bool {
        matches!(self, Self::F32 | Self::F64 | Self::V128)
    }
}

impl fmt::Display for ValType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::I32 => f.write_str("i32"),
            Self::I64 => f.write_str("i64"),
            Self::F32 => f.write_str("f32"),
            Self::F64 => f.write_str("f64"),
            Self::V128 => f.write_str("v128"),
            Self::Ref(ty) => ty.fmt(f),
        }
    }
}

/// The type of a function.
///
/// ```
/// use wasmtier_vm::{FuncType, ValType};
/// let ty = FuncType::new([ValType::I32, ValType::V128], [ValType::F64]);
/// assert_eq!(ty.param_slots(), 3);
/// assert_eq!(ty.to_string(), "(i32, v128) -> f64");
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct FuncType {
    /// Parameters, then results.
    types: Box<[ValType]>,
    params: u32,
    param_slots: u32,
    result_slots: u32,
}

impl FuncType {
    /// A function type from its parameter and result types.
    pub fn new(
        params: impl IntoIterator<Item = ValType>,
        results: impl IntoIterator<Item = ValType>,
    ) -> Self {
        let mut types: Vec<ValType> = params.into_iter().collect();
        let count = types.len();
        types.extend(results);
        let slots = |types: &[ValType]| types.iter().map(|ty| ty.slots()).sum();
        let (param_slots, result_slots) = (slots(&types[..count]), slots(&types[count..]));
        Self { types: types.into(), params: count as u32, param_slots, result_slots }
    }

    /// The parameter types.
    #[inline]
    #[must_use]
    pub fn params(&self) -> &[ValType] {
        &self.types[..self.params as usize]
    }

    /// The result types.
    #[inline]
    #[must_use]
    pub fn results(&self) -> &[ValType] {
        &self.types[self.params as usize..]
    }

    /// How many slots the parameters take together.
    #[inline]
    #[must_use]
    pub fn param_slots(&self) -> u32 {
        self.param_slots
    }

    /// How many slots the results take together.
    #[inline]
    #[must_use]
    pub fn result_slots(&self) -> u32 {
        self.result_slots
    }
}

impl fmt::Display for FuncType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |f: &mut fmt::Formatter<'_>, types: &[ValType]| {
            for (i, ty) in types.iter().enumerate() {
                write!(f, "{}{ty}", if i == 0 { "" } else { ", " })?;
            }
            Ok(())
        };
        f.write_str("(")?;
        list(f, self.params())?;
        f.write_str(") -> ")?;
        match self.results() {
            [single] => single.fmt(f),
            many => {
                f.write_str("(")?;
                list(f, many)?;
                f.write_str(")")
            }
        }
    }
}

/// Whether a global may change.
///
/// ```
/// use wasmtier_vm::{GlobalType, Mutability, ValType};
/// assert!(!GlobalType::new(ValType::I32, Mutability::Const).mutable);
/// ```
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub enum Mutability {
    /// It never changes.
    Const,
    /// Wasm and the host may write it.
    Var,
}

/// The type of a global.
///
/// ```
/// use wasmtier_vm::{GlobalType, Mutability, ValType};
/// let counter = GlobalType::new(ValType::I64, Mutability::Var);
/// assert_eq!(counter, GlobalType { content: ValType::I64, mutable: true });
/// ```
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub struct GlobalType {
    /// The type of its value.
    pub content: ValType,
    /// Whether wasm may write it.
    pub mutable: bool,
}

impl GlobalType {
    /// The type of a global that holds `content`.
    #[must_use]
    pub const fn new(content: ValType, mutability: Mutability) -> Self {
        Self { content, mutable: matches!(mutability, Mutability::Var) }
    }
}

/// The type of a table. Sizes count elements.
///
/// ```
/// use wasmtier_vm::{RefType, TableType, ValType};
/// let ty = TableType::new(RefType::FUNCREF, 1, Some(10));
/// assert_eq!((ty.minimum, ty.maximum), (1, Some(10)));
/// assert_eq!(ty.index_type(), ValType::I32);
/// ```
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub struct TableType {
    /// The type of its elements.
    pub element: RefType,
    /// Whether indices are `i64` (the memory64 proposal's table64).
    pub table64: bool,
    /// The size at instantiation.
    pub minimum: u64,
    /// The largest size it may grow to.
    pub maximum: Option<u64>,
}

impl TableType {
    /// The type of a table of `element`s with indices of type `i32`.
    #[must_use]
    pub const fn new(element: RefType, minimum: u32, maximum: Option<u32>) -> Self {
        Self { table64: false, ..Self::table64(element, minimum as u64, widen(maximum)) }
    }

    /// The type of a table of `element`s with indices of type `i64`.
    #[must_use]
    pub const fn table64(element: RefType, minimum: u64, maximum: Option<u64>) -> Self {
        Self { element, table64: true, minimum, maximum }
    }

    /// The type of its indices.
    #[must_use]
    pub const fn index_type(&self) -> ValType {
        if self.table64 { ValType::I64 } else { ValType::I32 }
    }
}

/// The type of a linear memory. Sizes count pages.
///
/// ```
/// use wasmtier_vm::{MemoryType, ValType};
/// let ty = MemoryType::new(1, None);
/// assert_eq!((ty.page_size(), ty.index_type()), (65536, ValType::I32));
/// ```
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub struct MemoryType {
    /// Whether addresses are `i64`.
    pub memory64: bool,
    /// Whether several threads may use it (the threads proposal).
    pub shared: bool,
    /// The size at instantiation.
    pub minimum: u64,
    /// The largest size it may grow to.
    pub maximum: Option<u64>,
    /// log2 of the page size in bytes: 16, or 0 with the custom-page-sizes proposal.
    pub page_size_log2: u8,
}

impl MemoryType {
    /// The type of a memory with addresses of type `i32` and pages of 64 KiB.
    #[must_use]
    pub const fn new(minimum: u32, maximum: Option<u32>) -> Self {
        Self { memory64: false, ..Self::memory64(minimum as u64, widen(maximum)) }
    }

    /// The type of a memory with addresses of type `i64` and pages of 64 KiB.
    #[must_use]
    pub const fn memory64(minimum: u64, maximum: Option<u64>) -> Self {
        Self { memory64: true, shared: false, minimum, maximum, page_size_log2: 16 }
    }

    /// The type of a memory that several threads may use, with addresses of type `i32` and pages of
    /// 64 KiB. The maximum is not optional then.
    #[must_use]
    pub const fn shared(minimum: u32, maximum: u32) -> Self {
        Self { shared: true, ..Self::new(minimum, Some(maximum)) }
    }

    /// The type of its addresses.
    #[must_use]
    pub const fn index_type(&self) -> ValType {
        if self.memory64 { ValType::I64 } else { ValType::I32 }
    }

    /// Bytes per page.
    #[must_use]
    pub const fn page_size(&self) -> u64 {
        1 << self.page_size_log2
    }
}

const fn widen(size: Option<u32>) -> Option<u64> {
    match size {
        Some(size) => Some(size as u64),
        None => None,
    }
}
