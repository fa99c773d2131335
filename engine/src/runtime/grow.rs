//! Making and growing memories and tables, with the store's limiter asked.
//!
//! Invariant: the limiter is asked before anything is allocated, and told when what it allowed
//! could not be had.

use std::sync::Arc;

use wasmtier_vm::{MemoryType, ModuleInfo, TableType};

use super::limit::{Growth, Request};
use super::memory_object::MemoryObject;
use super::shared_object::{Grown, SharedObject};
use super::store::{StoreOpaque, StoreRef};
use super::table::TableObject;
use crate::error::{Error, Result};

/// The place in the store of a memory that it shares with others. It has one, however often the
/// memory is imported.
pub(super) fn shared_memory(store: &mut StoreOpaque, object: &Arc<SharedObject>) -> usize {
    let is_it = |known: &MemoryObject| known.shared().is_some_and(|it| Arc::ptr_eq(it, object));
    let known = store.memories.iter().position(is_it);
    known.unwrap_or_else(|| store.add_memory(MemoryObject::of_shared(object.clone())))
}

/// Asks whether there may be an instance of a module, with the tables and memories it defines.
pub(super) fn check_counts(store: &mut StoreRef<'_>, info: &ModuleInfo) -> Result<()> {
    let tables = info.tables.len() - info.imported_tables as usize;
    let memories = info.memories.len() - info.imported_memories as usize;
    check_more(store, 1, tables, memories)
}

fn check_more(
    store: &mut StoreRef<'_>,
    instances: usize,
    tables: usize,
    memories: usize,
) -> Result<()> {
    let request = Request::Counts {
        instances: store.instances.len() + instances,
        tables: store.tables.len() + tables,
        memories: store.memories.len() + memories,
    };
    if store.ask(request)? {
        return Ok(());
    }
    Err(Error::msg(
        "resource limit exceeded: the store holds as many objects as its limiter allows",
    ))
}

/// A memory that the host makes.
pub(crate) fn new_host_memory(store: &mut StoreRef<'_>, ty: MemoryType) -> Result<usize> {
    check_more(store, 0, 0, 1)?;
    new_memory(store, ty)
}

/// A table that the host makes.
pub(crate) fn new_host_table(store: &mut StoreRef<'_>, ty: TableType) -> Result<usize> {
    check_more(store, 0, 1, 0)?;
    new_table(store, ty)
}

/// Adds a memory to the store and returns its index.
pub(super) fn new_memory(store: &mut StoreRef<'_>, ty: MemoryType) -> Result<usize> {
    let growth = memory_growth(&ty, 0, ty.minimum);
    if !store.ask(Request::MemoryGrow(growth))? {
        let pages = ty.minimum;
        return Err(Error::msg(format!(
            "memory minimum size of {pages} pages exceeds memory limits"
        )));
    }
    let memory = MemoryObject::new(ty, &store.engine().config().memory_config())?;
    Ok(store.add_memory(memory))
}

fn memory_growth(ty: &MemoryType, current: u64, desired: u64) -> Growth {
    let bytes =
        |pages: u64| usize::try_from(pages.saturating_mul(ty.page_size())).unwrap_or(usize::MAX);
    Growth { current: bytes(current), desired: bytes(desired), maximum: ty.maximum.map(bytes) }
}

/// Adds `delta` pages to a memory and returns how many there were; `None` when that cannot be.
pub(crate) fn grow_memory(
    store: &mut StoreRef<'_>,
    memory: usize,
    delta: u64,
) -> Result<Option<u64>> {
    loop {
        let object = &store.memories[memory];
        let (ty, current) = (object.ty(), object.pages());
        let growth = memory_growth(&ty, current, current.saturating_add(delta));
        if !store.ask(Request::MemoryGrow(growth))? {
            return Ok(None);
        }
        match store.memories[memory].grow_from(current, delta) {
            Grown::From(old) => return Ok(Some(old)),
            Grown::Refused => break,
            // The size that the limiter allowed is not the one it would have.
            Grown::Raced => {}
        }
    }
    let reason = Error::msg("the memory's type or the system does not allow the new size");
    store.ask(Request::MemoryGrowFailed(reason))?;
    Ok(None)
}

/// Adds a table to the store and returns its index.
pub(super) fn new_table(store: &mut StoreRef<'_>, ty: TableType) -> Result<usize> {
    let growth = table_growth(&ty, 0, ty.minimum);
    if !store.ask(Request::TableGrow(growth))? {
        let elements = ty.minimum;
        return Err(Error::msg(format!(
            "table minimum size of {elements} elements exceeds table limits"
        )));
    }
    let table = TableObject::new(ty)
        .ok_or_else(|| Error::msg(format!("no room for a table of {} elements", ty.minimum)))?;
    store.tables.push(table);
    Ok(store.tables.len() - 1)
}

fn table_growth(ty: &TableType, current: u64, desired: u64) -> Growth {
    let count = |elements: u64| usize::try_from(elements).unwrap_or(usize::MAX);
    Growth { current: count(current), desired: count(desired), maximum: ty.maximum.map(count) }
}

/// Adds `delta` slots that hold `reference` and returns how many there were; `None` when that
/// cannot be.
pub(crate) fn grow_table(
    store: &mut StoreRef<'_>,
    table: usize,
    delta: u64,
    reference: u32,
) -> Result<Option<u64>> {
    let object = &store.tables[table];
    let current = u64::from(object.len());
    let growth = table_growth(&object.ty(), current, current.saturating_add(delta));
    if !store.ask(Request::TableGrow(growth))? {
        return Ok(None);
    }
    let grown = store.tables[table].grow(delta, reference);
    if grown.is_none() {
        let reason = Error::msg("the table's type or the engine does not allow the new size");
        store.ask(Request::TableGrowFailed(reason))?;
    }
    Ok(grown.map(u64::from))
}
