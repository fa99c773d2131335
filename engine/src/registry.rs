//! [`TypeRegistry`]: the engine-wide names of function types.
//!
//! What lives here: the map between a [`FuncType`] and its [`TypeId`]. What does not: who uses
//! them. Invariant: equal types have equal ids for as long as the engine lives; ids are never
//! reused, and 0 is never given out.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::RwLock;
use wasmtier_vm::{FuncType, TypeId};

/// The function types of an engine.
#[derive(Debug, Default)]
pub(crate) struct TypeRegistry(RwLock<Types>);

#[derive(Debug, Default)]
struct Types {
    ids: HashMap<Arc<FuncType>, TypeId>,
    /// The type with id `i` is at `i - 1`.
    types: Vec<Arc<FuncType>>,
}

impl TypeRegistry {
    /// The id of `ty`, which becomes known if it was not.
    pub(crate) fn register(&self, ty: &FuncType) -> TypeId {
        if let Some(&id) = self.0.read().ids.get(ty) {
            return id;
        }
        self.0.write().register(ty)
    }

    /// The ids of `types`, in order.
    pub(crate) fn register_all(&self, types: &[FuncType]) -> Vec<TypeId> {
        let known = {
            let guard = self.0.read();
            types.iter().map(|ty| guard.ids.get(ty).copied()).collect::<Option<Vec<_>>>()
        };
        known.unwrap_or_else(|| {
            let mut guard = self.0.write();
            types.iter().map(|ty| guard.register(ty)).collect()
        })
    }

    /// The type called `id`; `None` for an id this registry never gave out.
    pub(crate) fn func_type(&self, id: TypeId) -> Option<Arc<FuncType>> {
        let index = id.index().checked_sub(1)?;
        self.0.read().types.get(index).cloned()
    }
}

impl Types {
    fn register(&mut self, ty: &FuncType) -> TypeId {
        if let Some(&id) = self.ids.get(ty) {
            return id;
        }
        let ty = Arc::new(ty.clone());
        self.types.push(ty.clone());
        let id = TypeId::from_index(self.types.len());
        self.ids.insert(ty, id);
        id
    }
}
