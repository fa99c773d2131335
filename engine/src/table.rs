//! [`Table`]: a table of a store.

use wasmtier_ops::Trap;
use wasmtier_vm::TableType;

use crate::error::{Error, Result};
use crate::runtime::grow;
use crate::runtime::store::{StoreId, StoreOpaque, StoreRef};
use crate::store::{AsContext, AsContextMut};
use crate::value::Ref;

/// A table of references.
///
/// A handle, valid with the store it came from. All methods panic when it, or a reference given to
/// them, is used with another.
///
/// ```
/// use wasmtier::{Engine, ExternRef, Ref, RefType, Store, Table, TableType};
/// let mut store = Store::new(&Engine::default(), ());
/// let ty = TableType {
///     element: RefType::EXTERNREF, table64: false, minimum: 2, maximum: Some(3),
/// };
/// let table = Table::new(&mut store, ty, Ref::Extern(None))?;
/// let value = ExternRef::new(&mut store, 7);
/// table.set(&mut store, 1, value.into())?;
/// assert_eq!(table.grow(&mut store, 1, Ref::Extern(None))?, 2);
/// assert!(!table.get(&mut store, 1).expect("in bounds").is_null());
/// assert!(table.get(&mut store, 3).is_none());
/// # Ok::<(), wasmtier::Error>(())
/// ```
#[derive(Copy, Clone, Debug)]
pub struct Table {
    store: StoreId,
    index: usize,
}

impl Table {
    /// A table of the minimum size of `ty`, every element `init`.
    ///
    /// # Errors
    ///
    /// When the type is impossible, `init` is not of its element type, the store's limiter refuses,
    /// or there is no room.
    pub fn new(mut store: impl AsContextMut, ty: TableType, init: Ref) -> Result<Self> {
        check_type(&ty)?;
        let mut store = store.as_context_mut().0.erase();
        let reference = element(&store, &ty, init)?;
        let index = grow::new_host_table(&mut store, ty)?;
        store.table_mut(index).fill(0, reference, ty.minimum)?;
        Ok(Self::from_index(&store, index))
    }

    pub(crate) fn from_index(store: &StoreOpaque, index: usize) -> Self {
        Self { store: store.id(), index }
    }

    /// Its place in its store.
    pub(crate) fn index(self, store: &StoreOpaque) -> usize {
        store.check(self.store, "a table");
        self.index
    }

    /// The type it was made with: `minimum` is the size at the beginning.
    pub fn ty(&self, store: impl AsContext) -> TableType {
        let store = &store.as_context().0.opaque;
        store.table(self.index(store)).ty()
    }

    /// Its size in elements.
    pub fn size(&self, store: impl AsContext) -> u64 {
        let store = &store.as_context().0.opaque;
        u64::from(store.table(self.index(store)).len())
    }

    /// The element at `index`; `None` out of bounds.
    pub fn get(&self, mut store: impl AsContextMut, index: u64) -> Option<Ref> {
        let store = &mut store.as_context_mut().0.opaque;
        let table = self.index(store);
        let ty = store.table(table).ty();
        let reference = store.table_mut(table).get(index)?;
        Some(Ref::from_handle(store, ty.element.heap_type, reference))
    }

    /// Puts `value` at `index`.
    ///
    /// # Errors
    ///
    /// When `value` is not of the element type, or `index` is out of bounds.
    pub fn set(&self, store: impl AsContextMut, index: u64, value: Ref) -> Result<()> {
        self.fill(store, index, value, 1)
    }

    /// Puts `value` into `len` elements from `start` on.
    ///
    /// # Errors
    ///
    /// When `value` is not of the element type, or the elements are out of bounds.
    pub fn fill(
        &self,
        mut store: impl AsContextMut,
        start: u64,
        value: Ref,
        len: u64,
    ) -> Result<()> {
        let mut store = store.as_context_mut().0.erase();
        let (table, reference) = self.checked(&store, value)?;
        Ok(store.table_mut(table).fill(start, reference, len)?)
    }

    /// Adds `delta` elements that are `init`, and returns how many there were.
    ///
    /// # Errors
    ///
    /// When `init` is not of the element type, or its type, the store's limiter or the engine does
    /// not allow it; it is unchanged.
    pub fn grow(&self, mut store: impl AsContextMut, delta: u64, init: Ref) -> Result<u64> {
        let mut store = store.as_context_mut().0.erase();
        let (table, reference) = self.checked(&store, init)?;
        let size = store.table(table).len();
        grow::grow_table(&mut store, table, delta, reference)?.ok_or_else(|| {
            Error::msg(format!("failed to grow table of {size} elements by {delta}"))
        })
    }

    /// Copies `len` elements of `source` from `from` on to `target` from `to` on, as if through a
    /// buffer.
    ///
    /// # Errors
    ///
    /// When the element types differ, or elements are out of bounds; nothing is copied.
    pub fn copy(
        mut store: impl AsContextMut,
        target: &Self,
        to: u64,
        source: &Self,
        from: u64,
        len: u64,
    ) -> Result<()> {
        let store = &mut store.as_context_mut().0.opaque;
        let (target, source) = (target.index(store), source.index(store));
        let (wanted, found) = (store.table(target).ty().element, store.table(source).ty().element);
        if wanted != found {
            return Err(Error::msg(format!(
                "cannot copy elements: expected {wanted}, found {found}"
            )));
        }
        Ok(store.copy_table(target, to, source, from, len)?)
    }

    fn checked(self, store: &StoreRef<'_>, value: Ref) -> Result<(usize, u32)> {
        let table = self.index(store);
        Ok((table, element(store, &store.table(table).ty(), value)?))
    }
}

fn check_type(ty: &TableType) -> Result<()> {
    let limit = if ty.table64 { u64::MAX } else { u64::from(u32::MAX) };
    let problem = if ty.maximum.is_some_and(|maximum| maximum < ty.minimum) {
        "the minimum exceeds the maximum"
    } else if ty.minimum > limit || ty.maximum.is_some_and(|maximum| maximum > limit) {
        "the size exceeds what an index can reach"
    } else {
        return Ok(());
    };
    Err(Error::msg(format!("invalid table type: {problem}")))
}

/// The word of `value` in a table of type `ty`.
fn element(store: &StoreOpaque, ty: &TableType, value: Ref) -> Result<u32> {
    if !value.matches_ty(ty.element) {
        let wanted = ty.element;
        return Err(Error::msg(format!(
            "table element: expected {wanted}, found another reference"
        )));
    }
    Ok(value.to_handle(store))
}

impl StoreOpaque {
    /// Copies between tables, or within one.
    ///
    /// # Errors
    ///
    /// Out of bounds; nothing was copied.
    pub(crate) fn copy_table(
        &mut self,
        target: usize,
        to: u64,
        source: usize,
        from: u64,
        len: u64,
    ) -> Result<(), Trap> {
        if target == source {
            return self.table_mut(target).copy_within(to, from, len);
        }
        let (target, source) = self.two_tables(target, source);
        target.copy_from(to, source, from, len)
    }
}
