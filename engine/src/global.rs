//! [`Global`]: a global variable of a store.

use wasmtier_vm::{GlobalType, ValType};

use crate::error::{Error, Result};
use crate::runtime::global::GlobalObject;
use crate::runtime::store::{StoreId, StoreOpaque};
use crate::store::{AsContext, AsContextMut};
use crate::value::{Ref, Val};

/// A global variable.
///
/// A handle, valid with the store it came from. All methods panic when it, or a reference given to
/// them, is used with another.
///
/// ```
/// use wasmtier::{Engine, Global, GlobalType, Store, Val, ValType};
/// let mut store = Store::new(&Engine::default(), ());
/// let ty = GlobalType { content: ValType::I64, mutable: true };
/// let global = Global::new(&mut store, ty, Val::I64(1))?;
/// global.set(&mut store, Val::I64(2))?;
/// assert_eq!(global.get(&mut store).i64(), Some(2));
/// assert!(global.set(&mut store, Val::I32(2)).is_err());
/// # Ok::<(), wasmtier::Error>(())
/// ```
#[derive(Copy, Clone, Debug)]
pub struct Global {
    store: StoreId,
    index: usize,
}

impl Global {
    /// A global that holds `value`.
    ///
    /// # Errors
    ///
    /// When `value` is not of its type.
    pub fn new(mut store: impl AsContextMut, ty: GlobalType, value: Val) -> Result<Self> {
        let store = &mut store.as_context_mut().0.opaque;
        check_type(&ty, value)?;
        let bits = value.to_bits(store);
        let mut global = GlobalObject::new(ty);
        global.set_bits(bits);
        let index = store.add_global(global);
        Ok(Self::from_index(store, index))
    }

    pub(crate) fn from_index(store: &StoreOpaque, index: usize) -> Self {
        Self { store: store.id(), index }
    }

    /// Its place in its store.
    pub(crate) fn index(self, store: &StoreOpaque) -> usize {
        store.check(self.store, "a global");
        self.index
    }

    /// Its type.
    pub fn ty(&self, store: impl AsContext) -> GlobalType {
        let store = &store.as_context().0.opaque;
        store.global(self.index(store)).ty()
    }

    /// Its value.
    pub fn get(&self, mut store: impl AsContextMut) -> Val {
        let store = &mut store.as_context_mut().0.opaque;
        let global = store.global(self.index(store));
        let (ty, bits) = (global.ty().content, global.bits());
        Val::from_bits(store, ty, bits)
    }

    /// Changes its value.
    ///
    /// # Errors
    ///
    /// When it is immutable, or `value` is not of its type.
    pub fn set(&self, mut store: impl AsContextMut, value: Val) -> Result<()> {
        let store = &mut store.as_context_mut().0.opaque;
        let index = self.index(store);
        let ty = store.global(index).ty();
        if !ty.mutable {
            return Err(Error::msg("cannot set an immutable global"));
        }
        check_type(&ty, value)?;
        let bits = value.to_bits(store);
        store.global_mut(index).set_bits(bits);
        Ok(())
    }
}

fn check_type(ty: &GlobalType, value: Val) -> Result<()> {
    if value.matches_ty(ty.content) {
        return Ok(());
    }
    let (wanted, found) = (ty.content, value.ty());
    Err(Error::msg(format!("value of a global: expected {wanted}, found {found}")))
}

impl Val {
    /// Its bits, zero-extended; references as in slots.
    fn to_bits(self, store: &StoreOpaque) -> u128 {
        match self {
            Self::I32(value) => u128::from(value.cast_unsigned()),
            Self::I64(value) => u128::from(value.cast_unsigned()),
            Self::F32(bits) => u128::from(bits),
            Self::F64(bits) => u128::from(bits),
            Self::V128(value) => value.as_u128(),
            Self::FuncRef(func) => u128::from(Ref::Func(func).to_handle(store)),
            Self::ExternRef(value) => u128::from(Ref::Extern(value).to_handle(store)),
        }
    }

    /// The value of type `ty` with these bits.
    fn from_bits(store: &mut StoreOpaque, ty: ValType, bits: u128) -> Self {
        let (word, low) = (bits as u64, bits as u32);
        match ty {
            ValType::I32 => Self::I32(low.cast_signed()),
            ValType::I64 => Self::I64(word.cast_signed()),
            ValType::F32 => Self::F32(low),
            ValType::F64 => Self::F64(word),
            ValType::V128 => Self::V128(bits.into()),
            ValType::Ref(ty) => Ref::from_handle(store, ty.heap_type, low).into(),
        }
    }
}
