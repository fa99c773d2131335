//! Values on the host's side: [`Val`], [`Ref`], [`ExternRef`], [`V128`], and their way into slots.
//!
//! What lives here: conversion between values and slots, and the checks that a value has a type and
//! belongs to a store. What does not: where slots are (`runtime::slots`).
//!
//! Invariant: a reference enters a slot only after its store was checked; in a slot it is a `u32`
//! that means something in that store alone.

use core::any::Any;

use crate::Func;
use crate::runtime::slots::Slots;
use crate::runtime::store::{StoreId, StoreOpaque};
use crate::store::{AsContextMut, StoreContext};
use wasmtier_vm::{HeapType, RefType, ValType};

/// A vector of 128 bits. Lane 0 is in the lowest bits.
///
/// ```
/// use wasmtier::V128;
/// let lanes: [u8; 16] = core::array::from_fn(|lane| lane as u8);
/// let vector = V128::from(u128::from_le_bytes(lanes));
/// assert_eq!(vector.as_u128() & 0xff, 0);
/// assert_eq!(vector.as_u128() >> 120, 15);
/// ```
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug, Default)]
#[repr(transparent)]
pub struct V128(u128);

impl V128 {
    /// The bits.
    #[must_use]
    pub const fn as_u128(self) -> u128 {
        self.0
    }
}

impl From<u128> for V128 {
    fn from(bits: u128) -> Self {
        Self(bits)
    }
}

impl From<V128> for u128 {
    fn from(vector: V128) -> Self {
        vector.0
    }
}

/// A reference to a value of the host, opaque to wasm.
///
/// The value lives until its store is dropped, whether or not wasm still holds the reference.
///
/// ```
/// use wasmtier::{Engine, ExternRef, Store};
/// let mut store = Store::new(&Engine::default(), ());
/// let reference = ExternRef::new(&mut store, "hello");
/// assert_eq!(reference.data(&store).downcast_ref(), Some(&"hello"));
/// ```
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct ExternRef {
    store: StoreId,
    /// Index in the store's values plus 1: what is in a slot.
    handle: u32,
}

impl ExternRef {
    /// Gives `value` to the store and returns a reference to it.
    ///
    /// # Panics
    ///
    /// When the store already holds 2^32 - 1 values.
    pub fn new(mut store: impl AsContextMut, value: impl Any + Send + Sync + 'static) -> Self {
        let store = &mut store.as_context_mut().0.opaque;
        Self { store: store.id(), handle: store.externs.insert(Box::new(value)) }
    }

    /// The reference a slot of this store holds; `None` for null.
    pub(crate) fn from_handle(store: &StoreOpaque, handle: u32) -> Option<Self> {
        (handle != 0).then_some(Self { store: store.id(), handle })
    }

    /// The value.
    ///
    /// # Panics
    ///
    /// When the reference belongs to another store.
    pub fn data<'a, T: 'static>(
        &self,
        store: impl Into<StoreContext<'a, T>>,
    ) -> &'a (dyn Any + Send + Sync) {
        let store = &store.into().0.opaque;
        store.check(self.store, "an external reference");
        store.externs.value(self.handle).expect("a checked handle was made by `new`")
    }
}

/// A reference of either kind; `None` is null.
///
/// ```
/// use wasmtier::{Engine, ExternRef, Ref, RefType, Store};
/// let mut store = Store::new(&Engine::default(), ());
/// let reference = Ref::from(ExternRef::new(&mut store, 1));
/// assert!(reference.matches_ty(RefType::EXTERNREF) && !reference.is_null());
/// ```
#[derive(Copy, Clone, Debug)]
pub enum Ref {
    /// A function.
    Func(Option<Func>),
    /// A value of the host.
    Extern(Option<ExternRef>),
}

impl Ref {
    /// The null reference of a type.
    #[must_use]
    pub fn null(heap_type: HeapType) -> Self {
        match heap_type {
            HeapType::Func => Self::Func(None),
            HeapType::Extern => Self::Extern(None),
        }
    }

    /// Whether it is null.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Func(None) | Self::Extern(None))
    }

    /// Whether it is a value of `ty`.
    #[must_use]
    pub fn matches_ty(&self, ty: RefType) -> bool {
        let heap_type = match self {
            Self::Func(_) => HeapType::Func,
            Self::Extern(_) => HeapType::Extern,
        };
        heap_type == ty.heap_type && (ty.nullable || !self.is_null())
    }

    /// The word in a slot.
    ///
    /// # Panics
    ///
    /// When the reference belongs to another store.
    pub(crate) fn to_handle(self, store: &StoreOpaque) -> u32 {
        match self {
            Self::Func(None) | Self::Extern(None) => 0,
            Self::Func(Some(func)) => func.handle(store),
            Self::Extern(Some(value)) => {
                store.check(value.store, "an external reference");
                value.handle
            }
        }
    }

    /// The reference a slot of this store holds.
    pub(crate) fn from_handle(store: &mut StoreOpaque, ty: HeapType, handle: u32) -> Self {
        match ty {
            HeapType::Func => Self::Func(Func::from_handle(store, handle)),
            HeapType::Extern => Self::Extern(ExternRef::from_handle(store, handle)),
        }
    }
}

impl From<Func> for Ref {
    fn from(func: Func) -> Self {
        Self::Func(Some(func))
    }
}

impl From<ExternRef> for Ref {
    fn from(value: ExternRef) -> Self {
        Self::Extern(Some(value))
    }
}

/// A value of any wasm type. Floats are kept as bits, so that a NaN stays what it is.
///
/// ```
/// use wasmtier::{Val, ValType};
/// assert_eq!(Val::from(1.5f32).ty(), ValType::F32);
/// assert_eq!(Val::from(1.5f32).f32(), Some(1.5));
/// assert_eq!(Val::I32(7).i64(), None);
/// ```
#[derive(Copy, Clone, Debug)]
pub enum Val {
    /// An `i32`.
    I32(i32),
    /// An `i64`.
    I64(i64),
    /// The bits of an `f32`.
    F32(u32),
    /// The bits of an `f64`.
    F64(u64),
    /// A `v128`.
    V128(V128),
    /// A `funcref`; `None` is null.
    FuncRef(Option<Func>),
    /// An `externref`; `None` is null.
    ExternRef(Option<ExternRef>),
}

macro_rules! accessors {
    ($(
        $(#[$doc:meta])*
        $name:ident, $unwrap:ident -> $result:ty, $text:literal, $pattern:pat => $value:expr;
    )*) => {$(
        $(#[$doc])*
        #[must_use]
        pub fn $name(&self) -> Option<$result> {
            match *self { $pattern => Some($value), _ => None }
        }

        #[doc = concat!("Like [`Val::", stringify!($name), "`].")]
        ///
        /// # Panics
        ///
        /// When it is of another type.
        #[must_use]
        pub fn $unwrap(&self) -> $result {
            let expected = concat!("expected ", $text);
            self.$name().unwrap_or_else(|| panic!("{expected}, found {}", self.ty()))
        }
    )*};
}

impl Val {
    accessors! {
        /// The value of an `i32`.
        i32, unwrap_i32 -> i32, "an i32", Self::I32(value) => value;
        /// The value of an `i64`.
        i64, unwrap_i64 -> i64, "an i64", Self::I64(value) => value;
        /// The value of an `f32`.
        f32, unwrap_f32 -> f32, "an f32", Self::F32(bits) => f32::from_bits(bits);
        /// The value of an `f64`.
        f64, unwrap_f64 -> f64, "an f64", Self::F64(bits) => f64::from_bits(bits);
        /// The value of a `v128`.
        v128, unwrap_v128 -> V128, "a v128", Self::V128(value) => value;
        /// The value of a `funcref`; the inner `None` is null.
        func_ref, unwrap_func_ref -> Option<Func>, "a funcref", Self::FuncRef(func) => func;
        /// The value of an `externref`; the inner `None` is null.
        extern_ref, unwrap_extern_ref -> Option<ExternRef>, "an externref",
            Self::ExternRef(value) => value;
    }

    /// Its type. References count as nullable.
    #[must_use]
    pub fn ty(&self) -> ValType {
        match self {
            Self::I32(_) => ValType::I32,
            Self::I64(_) => ValType::I64,
            Self::F32(_) => ValType::F32,
            Self::F64(_) => ValType::F64,
            Self::V128(_) => ValType::V128,
            Self::FuncRef(_) => ValType::FUNCREF,
            Self::ExternRef(_) => ValType::EXTERNREF,
        }
    }

    /// Whether it is a value of `ty`.
    #[must_use]
    pub fn matches_ty(&self, ty: ValType) -> bool {
        match (self.ref_(), ty) {
            (Some(reference), ValType::Ref(ty)) => reference.matches_ty(ty),
            _ => self.ty() == ty,
        }
    }

    /// Zero, or null.
    #[must_use]
    pub fn default_for_ty(ty: ValType) -> Self {
        match ty {
            ValType::I32 => Self::I32(0),
            ValType::I64 => Self::I64(0),
            ValType::F32 => Self::F32(0),
            ValType::F64 => Self::F64(0),
            ValType::V128 => Self::V128(V128(0)),
            ValType::Ref(ty) => Ref::null(ty.heap_type).into(),
        }
    }

    /// The reference, if it is one.
    #[must_use]
    pub fn ref_(&self) -> Option<Ref> {
        match *self {
            Self::FuncRef(func) => Some(Ref::Func(func)),
            Self::ExternRef(value) => Some(Ref::Extern(value)),
            Self::I32(_) | Self::I64(_) | Self::F32(_) | Self::F64(_) | Self::V128(_) => None,
        }
    }

    /// Writes it to slot `at` and returns the slot behind it.
    ///
    /// # Panics
    ///
    /// When it is a reference of another store.
    pub(crate) fn write(&self, store: &StoreOpaque, slots: &mut Slots<'_>, at: u32) -> u32 {
        match *self {
            Self::I32(value) => slots.set(at, u64::from(value.cast_unsigned())),
            Self::I64(value) => slots.set(at, value.cast_unsigned()),
            Self::F32(bits) => slots.set(at, u64::from(bits)),
            Self::F64(bits) => slots.set(at, bits),
            Self::V128(value) => slots.set_v128(at, value.0),
            Self::FuncRef(func) => slots.set(at, u64::from(Ref::Func(func).to_handle(store))),
            Self::ExternRef(value) => {
                slots.set(at, u64::from(Ref::Extern(value).to_handle(store)));
            }
        }
        at + self.ty().slots()
    }

    /// Becomes the value of type `ty` at slot `at`.
    ///
    /// In place: to copy a value whose parts have just been stored is to wait until they are.
    pub(crate) fn read(
        &mut self,
        store: &mut StoreOpaque,
        slots: &Slots<'_>,
        at: u32,
        ty: ValType,
    ) {
        match ty {
            ValType::I32 => *self = Self::I32(slots.low(at).cast_signed()),
            ValType::I64 => *self = Self::I64(slots.get(at).cast_signed()),
            ValType::F32 => *self = Self::F32(slots.low(at)),
            ValType::F64 => *self = Self::F64(slots.get(at)),
            ValType::V128 => *self = Self::V128(V128(slots.v128(at))),
            ValType::Ref(ty) => {
                *self = Ref::from_handle(store, ty.heap_type, slots.low(at)).into();
            }
        }
    }
}

impl From<Ref> for Val {
    fn from(reference: Ref) -> Self {
        match reference {
            Ref::Func(func) => Self::FuncRef(func),
            Ref::Extern(value) => Self::ExternRef(value),
        }
    }
}

macro_rules! from_host {
    ($($ty:ty, $value:ident => $val:expr;)*) => {$(
        impl From<$ty> for Val {
            #[inline]
            fn from($value: $ty) -> Self {
                $val
            }
        }
    )*};
}

from_host! {
    i32, value => Self::I32(value);
    u32, value => Self::I32(value.cast_signed());
    i64, value => Self::I64(value);
    u64, value => Self::I64(value.cast_signed());
    f32, value => Self::F32(value.to_bits());
    f64, value => Self::F64(value.to_bits());
    u128, value => Self::V128(V128(value));
    V128, value => Self::V128(value);
    Func, value => Self::FuncRef(Some(value));
    Option<Func>, value => Self::FuncRef(value);
    ExternRef, value => Self::ExternRef(Some(value));
    Option<ExternRef>, value => Self::ExternRef(value);
}
