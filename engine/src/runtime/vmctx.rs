//! [`VmCtxBlock`]: one allocation for a [`VmCtx`] and the arrays it points to.
//!
//! What lives here: the shape of the block, and the writes to it after it is made. What does not:
//! what the pointers in it lead to.
//!
//! Invariant: the block never moves; the arrays behind the context hold what the module declares,
//! in that order, for as long as the block lives.

use core::alloc::Layout;
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicUsize, Ordering};
use std::alloc::{alloc_zeroed, dealloc, handle_alloc_error};

use wasmtier_vm::{BuiltinTable, FuncEntry, FuncImport, TypeId, VmCtx, VmMemory, VmStore, VmTable};

/// What goes into a block.
pub(super) struct VmCtxParts<'a> {
    pub(super) store: *mut VmStore,
    /// Index of the instance in its store.
    pub(super) instance: usize,
    pub(super) stack_limit: usize,
    /// Those of the engine.
    pub(super) builtins: *const BuiltinTable,
    pub(super) code_table: *const FuncEntry,
    pub(super) funcref_base: *mut u8,
    pub(super) funcref_offset: u32,
    pub(super) type_ids: &'a [TypeId],
    pub(super) memories: &'a [*mut VmMemory],
    pub(super) tables: &'a [*mut VmTable],
    pub(super) imported_funcs: &'a [FuncImport],
    pub(super) imported_globals: &'a [*mut u64],
    pub(super) global_slots: u32,
}

/// The instance word of a context that has no instance.
const NO_INSTANCE: usize = usize::MAX;

/// A [`VmCtx`] with its arrays, on the heap.
pub(crate) struct VmCtxBlock {
    ctx: NonNull<VmCtx>,
    layout: Layout,
}

impl VmCtxBlock {
    /// The context of a store in which no instance runs.
    pub(super) fn for_host(store: *mut VmStore, builtins: *const BuiltinTable) -> Self {
        Self::new(&VmCtxParts {
            store,
            instance: NO_INSTANCE,
            stack_limit: 0,
            builtins,
            code_table: ptr::null(),
            funcref_base: ptr::null_mut(),
            funcref_offset: 0,
            type_ids: &[],
            memories: &[],
            tables: &[],
            imported_funcs: &[],
            imported_globals: &[],
            global_slots: 0,
        })
    }

    /// A context as `parts` say, its globals zero.
    ///
    /// # Panics
    ///
    /// When the block would exceed the address space.
    pub(super) fn new(parts: &VmCtxParts<'_>) -> Self {
        let mut shape = Shape(Layout::new::<VmCtx>());
        let type_ids = shape.array::<TypeId>(parts.type_ids.len());
        let globals = shape.array::<u64>(parts.global_slots as usize);
        let memories = shape.array::<*mut VmMemory>(parts.memories.len());
        let tables = shape.array::<*mut VmTable>(parts.tables.len());
        let imported_funcs = shape.array::<FuncImport>(parts.imported_funcs.len());
        let imported_globals = shape.array::<*mut u64>(parts.imported_globals.len());
        let layout = shape.0.pad_to_align();
        // SAFETY: the layout holds at least a `VmCtx`, which is not of size zero.
        let Some(base) = NonNull::new(unsafe { alloc_zeroed(layout) }) else {
            handle_alloc_error(layout)
        };
        let block = Self { ctx: base.cast(), layout };
        block.write(type_ids, parts.type_ids);
        let mut ctx = VmCtx::empty();
        ctx.stack_limit = AtomicUsize::new(parts.stack_limit);
        ctx.store = parts.store;
        ctx.builtins = parts.builtins;
        ctx.code_table = parts.code_table;
        ctx.funcref_base = parts.funcref_base;
        ctx.funcref_offset = parts.funcref_offset;
        ctx.globals = block.at(globals);
        ctx.imported_globals = block.write(imported_globals, parts.imported_globals);
        ctx.memories = block.write(memories, parts.memories);
        ctx.tables = block.write(tables, parts.tables);
        ctx.imported_funcs = block.write(imported_funcs, parts.imported_funcs);
        ctx.instance = ptr::without_provenance_mut(parts.instance);
        // SAFETY: the block begins with room for a `VmCtx`, and nobody else knows it yet.
        unsafe { base.cast().write(ctx) };
        block
    }

    /// The context, valid while the block lives.
    #[inline]
    pub(super) fn as_ptr(&self) -> *mut VmCtx {
        self.ctx.as_ptr()
    }

    /// The storage of the defined global whose first slot is `slot`.
    pub(super) fn global(&self, slot: u32) -> *mut u64 {
        // SAFETY: the context is live, and only copied from.
        let globals = unsafe { (*self.as_ptr()).globals };
        globals.wrapping_add(slot as usize)
    }

    /// An imported function.
    pub(super) fn imported_func(&self, func: wasmtier_vm::FuncIdx) -> FuncImport {
        // SAFETY: the context is live, and validated indices of imported functions are in bounds.
        let import = unsafe { VmCtx::imported_func(self.as_ptr(), func) };
        // SAFETY: the array was filled by `new`.
        unsafe { import.read() }
    }

    /// The entry of a function its module defines.
    pub(super) fn entry(&self, defined: u32) -> *const FuncEntry {
        // SAFETY: the context is live, and validated indices of defined functions are in bounds.
        unsafe { VmCtx::entry(self.as_ptr(), defined) }
    }

    /// Renews the end of the value stack, unless the guest is to stop.
    pub(super) fn set_stack_limit(&self, limit: usize) {
        // SAFETY: the context is live; the limit is an atomic, for others may write it too.
        let stack_limit = unsafe { &(*self.as_ptr()).stack_limit };
        let renewed = |known| (known != usize::MAX).then_some(limit);
        // Relaxed: wasm that is to see it is called from this thread.
        let _ = stack_limit.fetch_update(Ordering::Relaxed, Ordering::Relaxed, renewed);
    }

    /// Renews the base of the store's funcref records.
    pub(super) fn set_funcref_base(&self, base: *mut u8) {
        // SAFETY: the context is live, and running code that reads it waits for us.
        unsafe { (*self.as_ptr()).funcref_base = base };
    }

    fn at<E>(&self, offset: usize) -> *mut E {
        self.ctx.as_ptr().cast::<u8>().wrapping_add(offset).cast()
    }

    fn write<E: Copy>(&self, offset: usize, items: &[E]) -> *mut E {
        let to = self.at::<E>(offset);
        // SAFETY: `new` made room for as many items at `offset`, and nobody points to them yet.
        unsafe { to.copy_from_nonoverlapping(items.as_ptr(), items.len()) };
        to
    }
}

impl Drop for VmCtxBlock {
    fn drop(&mut self) {
        // SAFETY: allocated by `new` with the same layout; a `VmCtx` needs no drop. Nothing runs
        // while its store is dropped.
        unsafe { dealloc(self.ctx.as_ptr().cast(), self.layout) };
    }
}

/// A layout that grows by arrays.
struct Shape(Layout);

impl Shape {
    /// Makes room for `len` items and returns their offset.
    fn array<E>(&mut self, len: usize) -> usize {
        let (layout, offset) = Layout::array::<E>(len)
            .and_then(|array| self.0.extend(array))
            .expect("a module's declarations fit in the address space");
        self.0 = layout;
        offset
    }
}

/// The instance index in a context, `None` for [`VmCtxBlock::for_host`]'s.
///
/// # Safety
///
/// `ctx` is a live context made here.
#[inline]
pub(super) unsafe fn instance_of(ctx: *const VmCtx) -> Option<usize> {
    // SAFETY: live (caller's contract).
    let word = unsafe { (*ctx).instance }.addr();
    (word != NO_INSTANCE).then_some(word)
}

/// The [`VmStore`] of a context.
///
/// # Safety
///
/// `ctx` is a live context made here.
#[inline]
pub(super) unsafe fn store_of(ctx: *const VmCtx) -> *mut VmStore {
    // SAFETY: live (caller's contract).
    unsafe { (*ctx).store }
}
