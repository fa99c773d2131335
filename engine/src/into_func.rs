//! Rust closures as host functions: [`IntoFunc`] and [`WasmRet`].
//!
//! What lives here: how the type of a closure becomes a function type, and its arguments and
//! results slots. What does not: who calls a host function and what becomes of its panics
//! (`runtime::host`).
//!
//! Invariant: a host function knows its store only through the `Caller` it is given, so one can
//! serve any number of stores.

use crate::runtime::host::HostFunc;
use crate::runtime::slots::Slots;
use crate::runtime::store::StoreOpaque;
use crate::typed::sealed::Values;
use crate::typed::{WasmTy, for_each_arity};
use crate::{AsContextMut, Caller, Func, FuncType, Result, ValType};

/// What a host closure may return: a [`WasmTy`], a tuple of up to 16, or a `Result` of either.
///
/// Cannot be implemented outside of this crate.
///
/// ```
/// use wasmtier::{Error, WasmRet};
///
/// fn returns<R: WasmRet>() {}
/// returns::<()>();
/// returns::<(i32, f64)>();
/// returns::<Result<u64, Error>>();
/// ```
pub trait WasmRet: sealed::Returned {}

impl<R: sealed::Returned> WasmRet for R {}

pub(crate) mod sealed {
    use super::{Caller, FuncType, Result, Slots, StoreOpaque, ValType, Values};

    /// Code that takes its arguments from slots and leaves its results there.
    pub trait HostCode<T: 'static>:
        Fn(Caller<'_, T>, Slots<'_>) -> Result<()> + Send + Sync + 'static
    {
    }

    impl<T: 'static, F> HostCode<T> for F where
        F: Fn(Caller<'_, T>, Slots<'_>) -> Result<()> + Send + Sync + 'static
    {
    }

    /// What can become a host function.
    pub trait IntoHost<T: 'static, Params, Results>: Send + Sync + 'static {
        /// The type of the function, and the code that runs it on slots.
        fn into_host(self) -> (FuncType, impl HostCode<T>);
    }

    /// What can be written as the results of a call.
    pub trait Returned {
        /// The types of the results.
        const TYPES: &'static [ValType];

        /// Writes the results, or says why there are none.
        fn write(self, store: &StoreOpaque, slots: &mut Slots<'_>) -> Result<()>;
    }

    impl<V: Values> Returned for V {
        const TYPES: &'static [ValType] = <V as Values>::TYPES;

        #[inline]
        fn write(self, store: &StoreOpaque, slots: &mut Slots<'_>) -> Result<()> {
            Values::write(self, store, slots);
            Ok(())
        }
    }

    impl<V: Values> Returned for Result<V> {
        const TYPES: &'static [ValType] = V::TYPES;

        #[inline]
        fn write(self, store: &StoreOpaque, slots: &mut Slots<'_>) -> Result<()> {
            self.map(|values| values.write(store, slots))
        }
    }
}

use sealed::{HostCode, IntoHost, Returned};

/// A closure that can be a host function of stores with data `T`.
///
/// Implemented for `Fn(P...) -> R` and `Fn(Caller<'_, T>, P...) -> R` with up to 16 parameters,
/// where each `P` is a [`WasmTy`] and `R` a [`WasmRet`]. `Params` and `Results` only tell the
/// implementations apart; the compiler infers them.
///
/// Cannot be implemented outside of this crate.
///
/// ```
/// use wasmtier::{Caller, Engine, Linker};
///
/// # fn main() -> Result<(), wasmtier::Error> {
/// let mut linker = Linker::<u64>::new(&Engine::default());
/// linker.func_wrap("host", "square", |x: f64| x * x)?;
/// linker.func_wrap("host", "count", |mut caller: Caller<'_, u64>| *caller.data_mut() += 1)?;
/// # Ok(())
/// # }
/// ```
pub trait IntoFunc<T: 'static, Params, Results>: sealed::IntoHost<T, Params, Results> {}

impl<T: 'static, F: sealed::IntoHost<T, P, R>, P, R> IntoFunc<T, P, R> for F {}

impl Func {
    /// A Rust closure as a host function; its type is that of the closure.
    ///
    /// An error of `func` leaves wasm and is returned by the call that entered it; a panic likewise
    /// goes on there.
    ///
    /// # Panics
    ///
    /// When the store has no room for another function (2^27).
    pub fn wrap<T: 'static, Params, Results>(
        mut store: impl AsContextMut<Data = T>,
        func: impl IntoFunc<T, Params, Results>,
    ) -> Self {
        let store = store.as_context_mut().0;
        let (ty, code) = func.into_host();
        let host = HostFunc::new(store.opaque.engine(), ty, code);
        host.func(store).expect("a store has room for 2^27 functions")
    }
}

/// Where the parameters of a closure are read from, one after the other.
struct Params<'a, 'slots> {
    store: &'a mut StoreOpaque,
    slots: &'a Slots<'slots>,
    next: u32,
}

impl Params<'_, '_> {
    #[inline]
    fn next<V: WasmTy>(&mut self) -> V {
        let at = self.next;
        self.next += V::VALUE_TYPE.slots();
        V::read(self.store, self.slots, at)
    }
}

macro_rules! into_func {
    ($($param:ident $var:ident)*) => {
        impl<T, Code, $($param,)* R> IntoHost<T, ($($param,)*), R> for Code
        where
            T: 'static,
            Code: Fn($($param),*) -> R + Send + Sync + 'static,
            $($param: WasmTy,)*
            R: WasmRet,
        {
            fn into_host(self) -> (FuncType, impl HostCode<T>) {
                let call = move |_: Caller<'_, T>, $($var: $param),*| self($($var),*);
                IntoHost::<T, (Caller<'_, T>, $($param,)*), R>::into_host(call)
            }
        }

        impl<T, Code, $($param,)* R> IntoHost<T, (Caller<'_, T>, $($param,)*), R> for Code
        where
            T: 'static,
            Code: Fn(Caller<'_, T>, $($param),*) -> R + Send + Sync + 'static,
            $($param: WasmTy,)*
            R: WasmRet,
        {
            fn into_host(self) -> (FuncType, impl HostCode<T>) {
                let results = <R as Returned>::TYPES.iter().copied();
                let ty = FuncType::new([$($param::VALUE_TYPE),*], results);
                let code = move |mut caller: Caller<'_, T>, mut slots: Slots<'_>| {
                    let store = &mut caller.store.0.opaque;
                    let mut _params = Params { store, slots: &slots, next: 0 };
                    $(let $var: $param = _params.next();)*
                    let results = self(caller.reborrow(), $($var),*);
                    results.write(&caller.store.0.opaque, &mut slots)
                };
                (ty, code)
            }
        }
    };
}

for_each_arity!(into_func);
