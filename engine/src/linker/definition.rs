//! [`Definition`]: what a name means to a linker.
//!
//! Invariant: the type beside an item is the one it had when it was defined; tables and memories
//! may have grown since, which no import check minds.

use crate::runtime::host::HostFunc;
use crate::store::StoreContextMut;
use crate::{Extern, ExternType, Result};

/// What a name means to a linker.
pub(crate) enum Definition<T: 'static> {
    /// An item of a store, or a shared memory, and its type.
    Extern(Extern, ExternType),
    /// A host function that belongs to no store.
    Host(HostFunc<T>),
}

impl<T: 'static> Clone for Definition<T> {
    fn clone(&self) -> Self {
        match self {
            Self::Extern(item, ty) => Self::Extern(item.clone(), ty.clone()),
            Self::Host(func) => Self::Host(func.clone()),
        }
    }
}

impl<T: 'static> Definition<T> {
    /// Its type.
    pub(crate) fn ty(&self) -> ExternType {
        match self {
            Self::Extern(_, ty) => ty.clone(),
            Self::Host(func) => ExternType::Func(func.ty().clone()),
        }
    }

    /// The item as one of `store`, which a host function becomes by this.
    ///
    /// # Errors
    ///
    /// When the store has no room for another function.
    pub(crate) fn to_extern(&self, store: &mut StoreContextMut<'_, T>) -> Result<Extern> {
        match self {
            Self::Extern(item, _) => Ok(item.clone()),
            Self::Host(func) => Ok(func.func(store.0)?.into()),
        }
    }
}
