//! Statically typed calls: Rust types that are wasm types, and [`TypedFunc`].
//!
//! What lives here: which Rust types stand for which value types, how they pass through slots, and
//! calls that check types once instead of every time. What does not: closures as host functions
//! (`into_func`), and the call itself (`runtime::call`).
//!
//! Invariant: a value is only read from a slot as the type that the function's type gives it, so
//! no conversion here can fail.

use core::fmt;
use core::marker::PhantomData;

use crate::runtime::call::Signature;
use crate::runtime::slots::Slots;
use crate::runtime::store::StoreOpaque;
use crate::store::{AsContext, AsContextMut};
use crate::{Error, Extern, ExternRef, Func, FuncType, Instance, Ref, Result, V128, ValType};

/// A Rust type that stands for one value type of wasm.
///
/// | Rust | wasm |
/// |---|---|
/// | `i32`, `u32` | `i32` |
/// | `i64`, `u64` | `i64` |
/// | `f32` | `f32` |
/// | `f64` | `f64` |
/// | [`V128`] | `v128` |
/// | `Option<`[`Func`]`>` | `funcref` |
/// | `Option<`[`ExternRef`]`>` | `externref` |
///
/// Cannot be implemented outside of this crate.
///
/// ```
/// use wasmtier::{ValType, WasmTy};
///
/// fn value_type<T: WasmTy>() -> ValType {
///     T::VALUE_TYPE
/// }
/// assert_eq!(value_type::<u64>(), ValType::I64);
/// ```
pub trait WasmTy: Copy + Send + sealed::Value {
    /// The value type.
    const VALUE_TYPE: ValType = <Self as sealed::Value>::TYPE;
}

/// Rust types that stand for the parameters of a function: a [`WasmTy`], or a tuple of up to 16.
///
/// Cannot be implemented outside of this crate.
///
/// ```
/// use wasmtier::WasmParams;
///
/// fn takes<P: WasmParams>() {}
/// takes::<()>();
/// takes::<i32>();
/// takes::<(u64, f32)>();
/// ```
pub trait WasmParams: sealed::Values {}

/// Rust types that stand for the results of a function: a [`WasmTy`], or a tuple of up to 16.
///
/// Cannot be implemented outside of this crate.
///
/// ```
/// use wasmtier::WasmResults;
///
/// fn gives<R: WasmResults>() {}
/// gives::<()>();
/// gives::<i32>();
/// gives::<(u64, f32)>();
/// ```
pub trait WasmResults: sealed::Values {}

impl<V: sealed::Values> WasmParams for V {}
impl<V: sealed::Values> WasmResults for V {}

pub(crate) mod sealed {
    use super::{Slots, StoreOpaque, ValType};

    /// A value that passes through slots.
    pub trait Value: Sized + Send {
        /// Its value type.
        const TYPE: ValType;

        /// Writes it to the slots from `at` on.
        fn write(self, store: &StoreOpaque, slots: &mut Slots<'_>, at: u32);

        /// Reads it from the slots from `at` on.
        fn read(store: &mut StoreOpaque, slots: &Slots<'_>, at: u32) -> Self;
    }

    /// Any number of values that pass through consecutive slots, from slot 0 on.
    pub trait Values: Sized + Send {
        /// Their value types.
        const TYPES: &'static [ValType];

        /// Writes them.
        fn write(self, store: &StoreOpaque, slots: &mut Slots<'_>);

        /// Reads them.
        fn read(store: &mut StoreOpaque, slots: &Slots<'_>) -> Self;
    }
}

use sealed::{Value, Values};

macro_rules! plain_values {
    ($($rust:ty, $ty:ident, $value:ident => $to_slot:expr, $slot:ident => $from_slot:expr;)*) => {$(
        impl WasmTy for $rust {}

        impl Value for $rust {
            const TYPE: ValType = ValType::$ty;

            #[inline]
            fn write(self, _store: &StoreOpaque, slots: &mut Slots<'_>, at: u32) {
                let $value = self;
                slots.set(at, $to_slot);
            }

            #[inline]
            fn read(_store: &mut StoreOpaque, slots: &Slots<'_>, at: u32) -> Self {
                let $slot = slots.get(at);
                $from_slot
            }
        }
    )*};
}

plain_values! {
    i32, I32, value => u64::from(value.cast_unsigned()), slot => slot as i32;
    u32, I32, value => u64::from(value), slot => slot as u32;
    i64, I64, value => value.cast_unsigned(), slot => slot.cast_signed();
    u64, I64, value => value, slot => slot;
    f32, F32, value => u64::from(value.to_bits()), slot => f32::from_bits(slot as u32);
    f64, F64, value => value.to_bits(), slot => f64::from_bits(slot);
}

impl WasmTy for V128 {}

impl Value for V128 {
    const TYPE: ValType = ValType::V128;

    #[inline]
    fn write(self, _store: &StoreOpaque, slots: &mut Slots<'_>, at: u32) {
        slots.set_v128(at, self.as_u128());
    }

    #[inline]
    fn read(_store: &mut StoreOpaque, slots: &Slots<'_>, at: u32) -> Self {
        slots.v128(at).into()
    }
}

macro_rules! reference_values {
    ($($rust:ident, $kind:ident, $ty:ident;)*) => {$(
        impl WasmTy for Option<$rust> {}

        impl Value for Option<$rust> {
            const TYPE: ValType = ValType::$ty;

            #[inline]
            fn write(self, store: &StoreOpaque, slots: &mut Slots<'_>, at: u32) {
                slots.set(at, u64::from(Ref::$kind(self).to_handle(store)));
            }

            #[inline]
            fn read(store: &mut StoreOpaque, slots: &Slots<'_>, at: u32) -> Self {
                $rust::from_handle(store, slots.low(at))
            }
        }
    )*};
}

reference_values! {
    Func, Func, FUNCREF;
    ExternRef, Extern, EXTERNREF;
}

impl<V: WasmTy> Values for V {
    const TYPES: &'static [ValType] = &[V::TYPE];

    #[inline]
    fn write(self, store: &StoreOpaque, slots: &mut Slots<'_>) {
        Value::write(self, store, slots, 0);
    }

    #[inline]
    fn read(store: &mut StoreOpaque, slots: &Slots<'_>) -> Self {
        Value::read(store, slots, 0)
    }
}

macro_rules! tuple_values {
    () => {
        impl Values for () {
            const TYPES: &'static [ValType] = &[];

            #[inline]
            fn write(self, _store: &StoreOpaque, _slots: &mut Slots<'_>) {}

            #[inline]
            fn read(_store: &mut StoreOpaque, _slots: &Slots<'_>) -> Self {}
        }
    };
    ($($ty:ident $var:ident)*) => {
        impl<$($ty: WasmTy),*> Values for ($($ty,)*) {
            const TYPES: &'static [ValType] = &[$($ty::TYPE),*];

            #[inline]
            fn write(self, store: &StoreOpaque, slots: &mut Slots<'_>) {
                let ($($var,)*) = self;
                let mut next = 0;
                $(Value::write($var, store, slots, advance::<$ty>(&mut next));)*
            }

            #[inline]
            fn read(store: &mut StoreOpaque, slots: &Slots<'_>) -> Self {
                let mut next = 0;
                ($(<$ty as Value>::read(store, slots, advance::<$ty>(&mut next)),)*)
            }
        }
    };
}

/// Takes the slots of one value off `next`.
#[inline]
fn advance<V: Value>(next: &mut u32) -> u32 {
    let at = *next;
    *next += V::TYPE.slots();
    at
}

/// Calls a macro with the type parameters of each arity from 0 to 16, and a variable for each.
#[rustfmt::skip]
macro_rules! for_each_arity {
    ($apply:ident) => {
        $apply!();
        $apply!(A a);
        $apply!(A a B b);
        $apply!(A a B b C c);
        $apply!(A a B b C c D d);
        $apply!(A a B b C c D d E e);
        $apply!(A a B b C c D d E e F f);
        $apply!(A a B b C c D d E e F f G g);
        $apply!(A a B b C c D d E e F f G g H h);
        $apply!(A a B b C c D d E e F f G g H h I i);
        $apply!(A a B b C c D d E e F f G g H h I i J j);
        $apply!(A a B b C c D d E e F f G g H h I i J j K k);
        $apply!(A a B b C c D d E e F f G g H h I i J j K k L l);
        $apply!(A a B b C c D d E e F f G g H h I i J j K k L l M m);
        $apply!(A a B b C c D d E e F f G g H h I i J j K k L l M m N n);
        $apply!(A a B b C c D d E e F f G g H h I i J j K k L l M m N n O o);
        $apply!(A a B b C c D d E e F f G g H h I i J j K k L l M m N n O o P p);
    };
}
pub(crate) use for_each_arity;

for_each_arity!(tuple_values);

/// A function whose type has been checked against Rust types, for calls without checks.
///
/// Made by [`Func::typed`] and [`Instance::get_typed_func`](crate::Instance::get_typed_func).
/// A handle like [`Func`]: `Copy`, and of one store.
///
/// ```
/// use wasmtier::{Engine, Func, Store};
///
/// # fn main() -> Result<(), wasmtier::Error> {
/// let mut store = Store::new(&Engine::default(), ());
/// let divide = Func::wrap(&mut store, |a: u32, b: u32| (a / b, a % b));
/// let divide = divide.typed::<(u32, u32), (u32, u32)>(&store)?;
/// assert_eq!(divide.call(&mut store, (17, 5))?, (3, 2));
/// # Ok(())
/// # }
/// ```
pub struct TypedFunc<P, R> {
    func: Func,
    signature: Signature,
    types: PhantomData<fn(P) -> R>,
}

impl<P, R> Copy for TypedFunc<P, R> {}

impl<P, R> Clone for TypedFunc<P, R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P, R> fmt::Debug for TypedFunc<P, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TypedFunc").field(&self.func).finish()
    }
}

impl<P: WasmParams, R: WasmResults> TypedFunc<P, R> {
    /// The function itself.
    #[must_use]
    pub fn func(&self) -> &Func {
        &self.func
    }

    /// Calls the function.
    ///
    /// Allocates nothing of its own.
    ///
    /// # Errors
    ///
    /// A [`Trap`](crate::Trap), with a [`WasmBacktrace`](crate::WasmBacktrace) attached; or the
    /// error that a host function returned.
    ///
    /// # Panics
    ///
    /// When the function or a reference among `params` belongs to another store, or when a host
    /// function that is called panics.
    #[inline]
    pub fn call(&self, mut store: impl AsContextMut, params: P) -> Result<R> {
        let store = store.as_context_mut().0;
        self.func.call_slots(
            store,
            self.signature,
            |store, slots| params.write(store, slots),
            R::read,
        )
    }
}

impl Func {
    /// The same function for statically typed calls.
    ///
    /// # Errors
    ///
    /// When its parameters are not `P` or its results not `R`.
    ///
    /// # Panics
    ///
    /// When the function belongs to another store.
    pub fn typed<P: WasmParams, R: WasmResults>(
        &self,
        store: impl AsContext,
    ) -> Result<TypedFunc<P, R>> {
        let store = &store.as_context().0.opaque;
        let ty: &FuncType = &self.shared_ty(store);
        check_types("parameters", P::TYPES, ty.params())?;
        check_types("results", R::TYPES, ty.results())?;
        let signature = Signature::known(self.type_id(store), ty);
        Ok(TypedFunc { func: *self, signature, types: PhantomData })
    }
}

impl Instance {
    /// The exported function called `name`, for statically typed calls.
    ///
    /// # Errors
    ///
    /// When there is no such export, when it is not a function, and when its parameters are not
    /// `P` or its results not `R`.
    ///
    /// # Panics
    ///
    /// When the instance belongs to another store.
    pub fn get_typed_func<P: WasmParams, R: WasmResults>(
        &self,
        mut store: impl AsContextMut,
        name: &str,
    ) -> Result<TypedFunc<P, R>> {
        let Some(item) = self.get_export(&mut store, name) else {
            return Err(Error::msg(format!("there is no export called `{name}`")));
        };
        let Extern::Func(func) = item else {
            let ty = item.ty(&store);
            return Err(Error::msg(format!("the export `{name}` is not a function but a {ty}")));
        };
        func.typed(&store).map_err(|error| error.context(format!("wrong type for `{name}`")))
    }
}

fn check_types(what: &str, rust: &[ValType], wasm: &[ValType]) -> Result<()> {
    if rust == wasm {
        return Ok(());
    }
    let (rust, wasm) = (TypeList(rust), TypeList(wasm));
    Err(Error::msg(format!(
        "type mismatch with {what}: the function has {wasm}, the Rust types say {rust}"
    )))
}

/// Shows value types as a tuple.
struct TypeList<'a>(&'a [ValType]);

impl fmt::Display for TypeList<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(")?;
        for (i, ty) in self.0.iter().enumerate() {
            write!(f, "{}{ty}", if i == 0 { "" } else { ", " })?;
        }
        f.write_str(")")
    }
}
