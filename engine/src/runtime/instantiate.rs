//! Instantiation: from a module and its imports to an instance that has run its start function.
//!
//! What lives here: the order of the specification (section 4.5.4): check imports, allocate,
//! initialise globals, then tables, then element and data segments in turn, start. What does not:
//! what each object does with its part.
//!
//! Invariant: nothing is taken back. What a failed instantiation wrote stays written, and the
//! instance stays in the store, for its functions may be in imported tables.

use std::sync::Arc;

use wasmparser::WasmFeatures;
use wasmtier_ops::Trap;
use wasmtier_vm::{
    ConstExpr, ConstOp, DataIdx, ElemIdx, ElemItems, FuncImport, FuncType, GlobalIdx, ImportType,
    MemoryIdx, MemoryType, ModuleInfo, SegmentMode, TableIdx, TableType,
};

use super::call::{Signature, call};
use super::global::GlobalObject;
use super::grow;
use super::instance::InstanceObject;
use super::store::{StoreOpaque, StoreRef};
use super::vmctx::{VmCtxBlock, VmCtxParts};
use crate::error::{Error, Result};
use crate::error_kind::ErrorKind;
use crate::extern_type::ExternType;
use crate::imports::import_type;
use crate::module::ModuleInner;
use crate::tuning::EAGER_FUNC_RECORDS;
use crate::{Extern, Module};

/// Instantiates `module` and returns the index of the instance.
pub(crate) fn instantiate(
    mut store: StoreRef<'_>,
    module: &Module,
    imports: &[Extern],
) -> Result<usize> {
    let module = module.inner();
    check_imports(&store, module, imports)?;
    grow::check_counts(&mut store, module.info())?;
    let index = allocate(&mut store, module, imports)?;
    init_globals(&mut store, index);
    init_tables(&mut store, index)?;
    if !store.engine().config().features.contains(WasmFeatures::BULK_MEMORY) {
        check_segments(&store, index)?;
    }
    init_elements(&mut store, index)?;
    init_data(&mut store, index)?;
    run_start(store, index)?;
    Ok(index)
}

fn check_imports(store: &StoreOpaque, module: &ModuleInner, imports: &[Extern]) -> Result<()> {
    let info = module.info();
    if !crate::Engine::same(module.engine(), store.engine()) {
        return Err(link("the module was made with another engine than the store".to_owned()));
    }
    if imports.len() != info.imports.len() {
        let (wanted, found) = (info.imports.len(), imports.len());
        return Err(link(format!("expected {wanted} imports, found {found}")));
    }
    for (import, item) in info.imports.iter().zip(imports) {
        if let Extern::SharedMemory(memory) = item
            && !crate::Engine::same(memory.engine(), store.engine())
        {
            return Err(link("a shared memory was made with another engine".to_owned()));
        }
        if let (ImportType::Func(ty), Extern::Func(func)) = (&import.ty, item)
            && func.type_id(store) == info.type_ids[ty.index()]
        {
            continue;
        }
        let wanted = import_type(info, &import.ty);
        let found = present_type(store, item);
        found.check_import(&import.module, &import.name, &wanted)?;
    }
    Ok(())
}

/// The type of `item`, with the present size of a table or memory as its minimum.
fn present_type(store: &StoreOpaque, item: &Extern) -> ExternType {
    match item {
        Extern::Func(func) => ExternType::Func(FuncType::clone(&func.shared_ty(store))),
        Extern::Global(global) => ExternType::Global(store.globals[global.index(store)].ty()),
        Extern::Table(table) => {
            let table = &store.tables[table.index(store)];
            ExternType::Table(TableType { minimum: table.len().into(), ..table.ty() })
        }
        Extern::Memory(memory) => {
            let memory = &store.memories[memory.index(store)];
            ExternType::Memory(MemoryType { minimum: memory.pages(), ..memory.ty() })
        }
        Extern::SharedMemory(memory) => {
            ExternType::Memory(MemoryType { minimum: memory.size(), ..memory.ty() })
        }
    }
}

fn link(message: String) -> Error {
    Error::new(ErrorKind::Link(message))
}

/// The imports by kind.
#[derive(Default)]
struct Imports {
    funcs: Vec<FuncImport>,
    tables: Vec<usize>,
    memories: Vec<usize>,
    globals: Vec<usize>,
}

impl Imports {
    fn new(store: &mut StoreOpaque, imports: &[Extern]) -> Self {
        let mut sorted = Self::default();
        for import in imports {
            match import {
                Extern::Func(func) => {
                    let record = store.known_record(func.handle(store));
                    sorted.funcs.push(FuncImport { entry: record.entry, vmctx: record.vmctx });
                }
                Extern::Table(table) => sorted.tables.push(table.index(store)),
                Extern::Memory(memory) => sorted.memories.push(memory.index(store)),
                Extern::SharedMemory(memory) => {
                    sorted.memories.push(grow::shared_memory(store, memory.object()));
                }
                Extern::Global(global) => sorted.globals.push(global.index(store)),
            }
        }
        sorted
    }
}

/// Adds the instance and what it defines to the store, uninitialised.
fn allocate(
    store: &mut StoreRef<'_>,
    module: &Arc<ModuleInner>,
    imports: &[Extern],
) -> Result<usize> {
    let info = module.info();
    let Imports { funcs, mut tables, mut memories, mut globals } = Imports::new(store, imports);
    for ty in &info.memories[info.imported_memories as usize..] {
        memories.push(grow::new_memory(store, *ty)?);
    }
    for ty in &info.tables[info.imported_tables as usize..] {
        tables.push(grow::new_table(store, *ty)?);
    }
    let escaped = u32::try_from(info.escaped_funcs.len()).expect("indices have 32 bits");
    let funcref_offset = store.reserve_funcs(escaped)?;
    let index = store.instances.len();
    let vm_memories: Vec<_> = memories.iter().map(|&at| store.memories[at].vm()).collect();
    let vm_tables: Vec<_> = tables.iter().map(|&at| store.tables[at].vm()).collect();
    let vm_globals: Vec<_> = globals.iter().map(|&at| store.globals[at].storage()).collect();
    let memory_0 = memories.first().map(|&at| store.memories[at].bounds_mode());
    let functions = module.functions(memory_0.unwrap_or_else(|| module.usual_bounds()));
    let code_table = functions.entries().as_ptr();
    let ctx = VmCtxBlock::new(&VmCtxParts {
        store: store.vm.as_ptr(),
        instance: index,
        stack_limit: store.stack_limit(),
        builtins: store.engine().builtins(),
        code_table,
        funcref_base: store.funcs.base(),
        funcref_offset,
        type_ids: &info.type_ids,
        memories: &vm_memories,
        tables: &vm_tables,
        imported_funcs: &funcs,
        imported_globals: &vm_globals,
        global_slots: info.global_storage_slots,
    });
    if let Some(&memory) = memories.first() {
        // SAFETY: the context becomes part of an instance below, which lives as long as the store.
        unsafe { store.memories[memory].attach(ctx.as_ptr()) };
    }
    if let Some(&table) = tables.first() {
        // SAFETY: as above.
        unsafe { store.tables[table].attach(ctx.as_ptr()) };
    }
    for at in info.imported_globals as usize..info.globals.len() {
        let storage = ctx.global(info.global_slots[at]);
        // SAFETY: the block has room for the global from its first slot on, and as above.
        let global = unsafe { GlobalObject::defined(info.globals[at], storage) };
        globals.push(store.globals.len());
        store.globals.push(global);
    }
    store.instances.push(InstanceObject {
        ctx,
        module: module.clone(),
        memories: memories.into(),
        tables: tables.into(),
        globals: globals.into(),
        funcref_offset,
        dropped_elements: vec![false; info.elements.len()].into(),
        dropped_data: vec![false; info.data.len()].into(),
    });
    store.modules.entry(code_table.addr()).or_insert_with(|| module.clone());
    if escaped <= EAGER_FUNC_RECORDS {
        store.write_records(index, 0, escaped);
    }
    Ok(index)
}

impl StoreOpaque {
    /// The value of a constant expression of an instance, zero-extended; references as in slots.
    pub(super) fn eval(&self, instance: usize, expr: &ConstExpr) -> u128 {
        // One constant, and two at most before an operator, is what nearly all expressions need.
        let mut stack: Vec<u128> = Vec::new();
        for op in expr {
            let value = match *op {
                ConstOp::Const(bits) => bits,
                ConstOp::GlobalGet(global) => self.global_of(instance, global).bits(),
                ConstOp::RefNull => 0,
                ConstOp::RefFunc(func) => u128::from(self.instances[instance].func_ref(func)),
                ConstOp::Numeric(op) => {
                    let first = stack.len().checked_sub(op.params().len());
                    let first = first.expect("a validated expression has its operands");
                    let operands: Vec<u64> =
                        stack.drain(first..).map(|operand| operand as u64).collect();
                    u128::from(op.eval(&operands).expect("constant operators do not trap"))
                }
            };
            stack.push(value);
        }
        stack.pop().expect("a validated expression has a value")
    }

    fn global_of(&self, instance: usize, global: GlobalIdx) -> &GlobalObject {
        &self.globals[self.instances[instance].globals[global.index()]]
    }

    /// The references in a part of an element segment, which is in bounds.
    pub(super) fn elements(
        &self,
        instance: usize,
        elem: ElemIdx,
        range: core::ops::Range<usize>,
    ) -> Vec<u32> {
        let object = &self.instances[instance];
        match &object.module.info().element(elem).items {
            ElemItems::Funcs(funcs) => {
                funcs[range].iter().map(|&func| object.func_ref(func)).collect()
            }
            ElemItems::Exprs(exprs) => {
                exprs[range].iter().map(|expr| self.eval(instance, expr) as u32).collect()
            }
        }
    }
}

fn init_globals(store: &mut StoreRef<'_>, index: usize) {
    let module = store.instances[index].module.clone();
    let info = module.info();
    for (at, expr) in (info.imported_globals as usize..).zip(&info.global_inits) {
        let bits = store.eval(index, expr);
        let global = store.instances[index].globals[at];
        store.globals[global].set_bits(bits);
    }
}

fn init_tables(store: &mut StoreRef<'_>, index: usize) -> Result<()> {
    let module = store.instances[index].module.clone();
    let info = module.info();
    for (at, init) in (info.imported_tables as usize..).zip(&info.table_inits) {
        if let Some(expr) = init {
            let reference = store.eval(index, expr) as u32;
            let table = store.instances[index].tables[at];
            let len = u64::from(store.tables[table].len());
            store.tables[table].fill(0, reference, len)?;
        }
    }
    Ok(())
}

/// What version 1.0 asks for: that no segment is written unless all fit, as a matter of linking.
fn check_segments(store: &StoreOpaque, index: usize) -> Result<()> {
    let instance = &store.instances[index];
    let info = instance.module.info();
    let fits = |offset: &ConstExpr, is_64: bool, len: usize, size: usize| {
        let start = offset_of(store.eval(index, offset), is_64);
        start.checked_add(len as u64).is_some_and(|end| end <= size as u64)
    };
    for segment in &info.elements {
        if let SegmentMode::Active { target, offset } = &segment.mode {
            let size = store.tables[instance.tables[target.index()]].len() as usize;
            let is_64 = info.tables[target.index()].table64;
            if !fits(offset, is_64, segment.items.len(), size) {
                return Err(link("elements segment does not fit".to_owned()));
            }
        }
    }
    for segment in &info.data {
        if let SegmentMode::Active { target, offset } = &segment.mode {
            let size = store.memories[instance.memories[target.index()]].byte_len();
            let is_64 = info.memories[target.index()].memory64;
            if !fits(offset, is_64, segment.bytes.len(), size) {
                return Err(link("data segment does not fit".to_owned()));
            }
        }
    }
    Ok(())
}

fn init_elements(store: &mut StoreRef<'_>, index: usize) -> Result<()> {
    let module = store.instances[index].module.clone();
    let info = module.info();
    for (at, segment) in info.elements.iter().enumerate() {
        match &segment.mode {
            SegmentMode::Passive => continue,
            SegmentMode::Declared => {}
            SegmentMode::Active { target, offset } => {
                let start =
                    offset_of(store.eval(index, offset), info.tables[target.index()].table64);
                init_table(store, index, ElemIdx::from_index(at), *target, start)?;
            }
        }
        store.instances[index].dropped_elements[at] = true;
    }
    Ok(())
}

fn init_table(
    store: &mut StoreRef<'_>,
    index: usize,
    elem: ElemIdx,
    target: TableIdx,
    start: u64,
) -> Result<(), Trap> {
    let store = &mut **store;
    let instance = &store.instances[index];
    let module = instance.module.clone();
    let table = instance.tables[target.index()];
    match &module.info().element(elem).items {
        ElemItems::Funcs(_) => {
            let funcref_offset = instance.funcref_offset;
            store.tables[table].init_active(start, &module, elem, funcref_offset)
        }
        ElemItems::Exprs(exprs) => {
            let references = store.elements(index, elem, 0..exprs.len());
            store.tables[table].init(start, &references)
        }
    }
}

fn init_data(store: &mut StoreRef<'_>, index: usize) -> Result<()> {
    let module = store.instances[index].module.clone();
    let info = module.info();
    for (at, segment) in info.data.iter().enumerate() {
        let SegmentMode::Active { target, offset } = &segment.mode else { continue };
        let start = offset_of(store.eval(index, offset), info.memories[target.index()].memory64);
        write_data(store, index, DataIdx::from_index(at), *target, start)?;
        store.instances[index].dropped_data[at] = true;
    }
    Ok(())
}

fn write_data(
    store: &mut StoreRef<'_>,
    index: usize,
    data: DataIdx,
    target: MemoryIdx,
    start: u64,
) -> Result<(), Trap> {
    let store = &mut **store;
    let instance = &store.instances[index];
    let bytes = instance.data(data);
    let memory = &mut store.memories[instance.memories[target.index()]];
    let start = usize::try_from(start).map_err(|_| Trap::MemoryOutOfBounds)?;
    let end = start.checked_add(bytes.len()).ok_or(Trap::MemoryOutOfBounds)?;
    if end > memory.byte_len() {
        return Err(Trap::MemoryOutOfBounds);
    }
    memory.write(start, bytes);
    Ok(())
}

/// An offset as a number of its index type.
fn offset_of(bits: u128, is_64: bool) -> u64 {
    if is_64 { bits as u64 } else { u64::from(bits as u32) }
}

fn run_start(store: StoreRef<'_>, index: usize) -> Result<()> {
    let Some(record) = start_record(&store, index) else { return Ok(()) };
    let module = store.instances[index].module.clone();
    let info: &ModuleInfo = module.info();
    let start = info.start.expect("there is a record of it");
    let signature = Signature::known(record.type_id, info.func_type(start));
    call(store, &record, signature, |_, _| (), |_, _| ())
}

fn start_record(store: &StoreOpaque, index: usize) -> Option<wasmtier_vm::FuncRecord> {
    let instance = &store.instances[index];
    Some(instance.record(instance.module.info().start?))
}
