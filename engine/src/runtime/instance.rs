//! [`InstanceObject`]: an instance of a store, and the funcref records it owns.
//!
//! What lives here: what the host keeps of an instance, and the completion of its records. What
//! does not: how it comes into being (`instantiate`).
//!
//! Invariants: an instance lives as long as its store, and so does its module. Its records lie in a
//! row from `funcref_offset`, in the order of [`ModuleInfo::escaped_funcs`].
//!
//! [`ModuleInfo::escaped_funcs`]: wasmtier_vm::ModuleInfo::escaped_funcs

use std::sync::Arc;

use wasmtier_vm::{
    DataIdx, ElemIdx, ExportItem, FUNC_RECORD_SIZE, FuncIdx, FuncImport, FuncRecord, TypeId,
};

use super::store::StoreOpaque;
use super::table::escape_index;
use super::vmctx::VmCtxBlock;
use crate::error::{Error, Result};
use crate::module::ModuleInner;
use crate::tuning::FUNC_RECORD_PAGE;
use crate::{Extern, Func, Global, Memory, SharedMemory, Table};

/// An instance of a store.
pub(crate) struct InstanceObject {
    pub(super) ctx: VmCtxBlock,
    pub(super) module: Arc<ModuleInner>,
    /// Index in the store of each memory.
    pub(super) memories: Box<[usize]>,
    /// Index in the store of each table.
    pub(super) tables: Box<[usize]>,
    /// Index in the store of each global.
    pub(super) globals: Box<[usize]>,
    pub(super) funcref_offset: u32,
    pub(super) dropped_elements: Box<[bool]>,
    pub(super) dropped_data: Box<[bool]>,
}

impl InstanceObject {
    pub(crate) fn module(&self) -> &Arc<ModuleInner> {
        &self.module
    }

    pub(super) fn ctx(&self) -> &VmCtxBlock {
        &self.ctx
    }

    /// The bytes of a data segment: none once it is dropped.
    pub(super) fn data(&self, data: DataIdx) -> &[u8] {
        if self.dropped_data[data.index()] {
            return &[];
        }
        &self.module.bytes()[self.module.info().data_segment(data).bytes.clone()]
    }

    /// Whether an element segment still has its elements.
    pub(super) fn has_elements(&self, elem: ElemIdx) -> bool {
        !self.dropped_elements[elem.index()]
    }

    /// The reference to a function that may become one. Its record may be incomplete.
    pub(super) fn func_ref(&self, func: FuncIdx) -> u32 {
        self.funcref_offset + escape_index(self.module.info(), func) * FUNC_RECORD_SIZE
    }

    /// The complete record of a function.
    pub(super) fn record(&self, func: FuncIdx) -> FuncRecord {
        let info = self.module.info();
        let FuncImport { entry, vmctx } = match info.defined_func(func) {
            None => self.ctx.imported_func(func),
            Some(defined) => {
                FuncImport { entry: self.ctx.entry(defined), vmctx: self.ctx.as_ptr() }
            }
        };
        let type_id = info.type_ids[info.funcs[func.index()].index()];
        FuncRecord { entry, vmctx, type_id, func_index: func.0 }
    }
}

impl StoreOpaque {
    /// Adds a function of the host.
    ///
    /// # Errors
    ///
    /// When there is no room for another one.
    pub(super) fn add_func(&mut self, record: FuncRecord) -> Result<u32> {
        let offset = self.reserve_funcs(1)?;
        self.funcs.set(offset, record);
        Ok(offset)
    }

    /// Reserves `count` records in a row.
    ///
    /// # Errors
    ///
    /// When there is no room for them.
    pub(super) fn reserve_funcs(&mut self, count: u32) -> Result<u32> {
        let reserved = self.funcs.reserve(count);
        let reserved = reserved.ok_or_else(|| Error::msg("a store has room for 2^27 functions"))?;
        if reserved.moved {
            for instance in &self.instances {
                instance.ctx.set_funcref_base(self.funcs.base());
            }
        }
        Ok(reserved.offset)
    }

    /// The complete record of a funcref that is not null.
    #[inline]
    pub(crate) fn func_record(&mut self, offset: u32) -> FuncRecord {
        let record = self.funcs.record(offset);
        if record.type_id != TypeId(0) {
            return record;
        }
        self.complete_records(offset);
        self.funcs.record(offset)
    }

    /// The record of a function of which the host has a handle: it is complete.
    #[inline]
    pub(crate) fn known_record(&self, offset: u32) -> FuncRecord {
        self.funcs.record(offset)
    }

    /// Completes the page of records around the one at `offset`.
    #[cold]
    fn complete_records(&mut self, offset: u32) {
        let after = self.instances.partition_point(|at| at.funcref_offset <= offset);
        // Instances without records share their offset with the next one that has some.
        let owner = after.checked_sub(1).expect("an incomplete record belongs to an instance");
        let within = (offset - self.instances[owner].funcref_offset) / FUNC_RECORD_SIZE;
        let first = within - within % FUNC_RECORD_PAGE;
        self.write_records(owner, first, FUNC_RECORD_PAGE);
    }

    /// Completes up to `count` records of an instance from its `first` on.
    pub(super) fn write_records(&mut self, instance: usize, first: u32, count: u32) {
        let instance = &self.instances[instance];
        let escaped = &instance.module.info().escaped_funcs;
        let end = escaped.len().min((first + count) as usize);
        for (place, &func) in (first..).zip(&escaped[first as usize..end]) {
            let offset = instance.funcref_offset + place * FUNC_RECORD_SIZE;
            self.funcs.set(offset, instance.record(func));
        }
    }

    /// The export of an instance called `name`.
    #[inline]
    pub(crate) fn export(&mut self, instance: usize, name: &str) -> Option<Extern> {
        let item = self.instances[instance].module.export(name)?;
        Some(self.export_item(instance, item))
    }

    /// What an export of an instance names.
    pub(crate) fn export_item(&mut self, index: usize, item: ExportItem) -> Extern {
        let instance = &self.instances[index];
        match item {
            ExportItem::Func(func) => {
                let offset = instance.func_ref(func);
                self.func_record(offset);
                Func::new_unchecked(self, offset).into()
            }
            ExportItem::Table(table) => {
                Table::from_index(self, instance.tables[table.index()]).into()
            }
            ExportItem::Memory(memory) => {
                let index = instance.memories[memory.index()];
                match self.memories[index].shared() {
                    Some(object) => SharedMemory::from_object(self.engine(), object.clone()).into(),
                    None => Memory::from_index(self, index).into(),
                }
            }
            ExportItem::Global(global) => {
                Global::from_index(self, instance.globals[global.index()]).into()
            }
        }
    }

    /// An instance of the store.
    pub(crate) fn instance(&self, index: usize) -> &InstanceObject {
        &self.instances[index]
    }
}
