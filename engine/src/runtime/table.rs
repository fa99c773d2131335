//! [`TableObject`]: a table of a store, its slots, and their lazy initialisation.
//!
//! What lives here: the slots, the contexts that cache where they are, and the blocks that wait to
//! be filled from element segments. What does not: what the references in the slots mean.
//!
//! Invariants: a slot is 0 or a reference of the store. In a large table, a slot of a
//! block that is not filled yet reads 0 and nobody writes it: every access but the inline path of
//! `call_indirect`, which takes 0 to [`TableObject::get`], fills what it touches first.

use core::alloc::Layout;
use core::ops::Range;
use core::ptr::NonNull;
use std::alloc::{alloc_zeroed, dealloc};
use std::sync::Arc;

use wasmtier_ops::Trap;
use wasmtier_vm::{
    ElemIdx, ElemItems, FUNC_RECORD_SIZE, FuncIdx, ModuleInfo, TableType, VmCtx, VmTable,
};

use super::pinned::Pinned;
use crate::module::ModuleInner;
use crate::tuning::{EAGER_TABLE_SLOTS, MAX_PENDING_SEGMENTS, TABLE_BLOCK_SLOTS};

/// More slots than any table may have, as in every browser.
const MAX_SLOTS: u64 = 10_000_000;

/// A table of a store.
pub(crate) struct TableObject {
    ty: TableType,
    slots: RawSlots,
    vm: Pinned<VmTable>,
    /// Contexts whose table 0 it is.
    attached: Vec<*mut VmCtx>,
    lazy: Option<Lazy>,
}

/// Blocks that wait to be filled; others cannot be told from them by their slots.
struct Lazy {
    /// Whether each block is filled.
    filled: Vec<bool>,
    pending: Vec<Pending>,
}

/// A part of a table that waits for functions of an element segment.
struct Pending {
    module: Arc<ModuleInner>,
    elem: ElemIdx,
    /// Of the instance.
    funcref_offset: u32,
    /// First slot.
    start: u32,
}

impl TableObject {
    /// A table of the minimum size of `ty`, all slots null; `None` when there is no room for it.
    pub(super) fn new(ty: TableType) -> Option<Self> {
        let len = u32::try_from(ty.minimum).ok().filter(|&len| u64::from(len) <= MAX_SLOTS)?;
        let slots = RawSlots::new(len)?;
        let vm = Pinned::new(VmTable { base: slots.base(), len });
        let lazy = (len > EAGER_TABLE_SLOTS).then(|| Lazy::new(len));
        Some(Self { ty, slots, vm, attached: Vec::new(), lazy })
    }

    /// Its type, with the minimum it was made with.
    pub(crate) fn ty(&self) -> TableType {
        self.ty
    }

    /// Its length in slots.
    #[inline]
    pub(crate) fn len(&self) -> u32 {
        self.slots.len
    }

    /// What running code sees of it, valid as long as the store.
    pub(super) fn vm(&self) -> *mut VmTable {
        self.vm.as_ptr()
    }

    /// Keeps the `table0_*` of `ctx` true from now on.
    ///
    /// # Safety
    ///
    /// `ctx` lives as long as the store.
    pub(super) unsafe fn attach(&mut self, ctx: *mut VmCtx) {
        self.attached.push(ctx);
        // SAFETY: live (caller's contract).
        unsafe { self.show(ctx) };
    }

    /// Tells `ctx` where the table is.
    ///
    /// # Safety
    ///
    /// `ctx` is live.
    unsafe fn show(&self, ctx: *mut VmCtx) {
        // SAFETY: live (caller's contract), and running code that reads it waits for us.
        unsafe { (*ctx).table0_base = self.slots.base() };
        // SAFETY: as above.
        unsafe { (*ctx).table0_len = self.slots.len };
    }

    fn publish(&mut self) {
        let (base, len) = (self.slots.base(), self.slots.len);
        // SAFETY: pinned by `self`; running code that reads it waits for whoever has `&mut self`.
        unsafe { self.vm.as_ptr().write(VmTable { base, len }) };
        for &ctx in &self.attached {
            // SAFETY: attached contexts live as long as the store (contract of `attach`).
            unsafe { self.show(ctx) };
        }
    }

    /// The slots of `range`, filled; `None` when it leaves the table.
    fn range(&mut self, start: u64, len: u64) -> Option<Range<usize>> {
        let end = start.checked_add(len).filter(|&end| end <= u64::from(self.len()))?;
        let range = start as usize..end as usize;
        self.fill_blocks(range.clone());
        Some(range)
    }

    /// The reference at `index`; `None` out of bounds.
    #[inline]
    pub(crate) fn get(&mut self, index: u64) -> Option<u32> {
        let at = self.range(index, 1)?.start;
        Some(self.slots.as_slice()[at])
    }

    /// Puts `reference` at `index`; `None` out of bounds.
    pub(crate) fn set(&mut self, index: u64, reference: u32) -> Option<()> {
        let at = self.range(index, 1)?.start;
        self.slots.as_mut_slice()[at] = reference;
        Some(())
    }

    /// Puts `reference` into `len` slots.
    ///
    /// # Errors
    ///
    /// Out of bounds; nothing was written.
    pub(crate) fn fill(&mut self, start: u64, reference: u32, len: u64) -> Result<(), Trap> {
        let range = self.range(start, len).ok_or(Trap::TableOutOfBounds)?;
        self.slots.as_mut_slice()[range].fill(reference);
        Ok(())
    }

    /// Copies within the table, as if through a buffer.
    ///
    /// # Errors
    ///
    /// Out of bounds; nothing was written.
    pub(crate) fn copy_within(&mut self, to: u64, from: u64, len: u64) -> Result<(), Trap> {
        let from = self.range(from, len).ok_or(Trap::TableOutOfBounds)?;
        let to = self.range(to, len).ok_or(Trap::TableOutOfBounds)?;
        self.slots.as_mut_slice().copy_within(from, to.start);
        Ok(())
    }

    /// Copies from another table.
    ///
    /// # Errors
    ///
    /// Out of bounds; nothing was written.
    pub(crate) fn copy_from(
        &mut self,
        to: u64,
        source: &mut Self,
        from: u64,
        len: u64,
    ) -> Result<(), Trap> {
        let from = source.range(from, len).ok_or(Trap::TableOutOfBounds)?;
        let to = self.range(to, len).ok_or(Trap::TableOutOfBounds)?;
        self.slots.as_mut_slice()[to].copy_from_slice(&source.slots.as_slice()[from]);
        Ok(())
    }

    /// Writes `references` from `start` on.
    ///
    /// # Errors
    ///
    /// Out of bounds; nothing was written.
    pub(super) fn init(&mut self, start: u64, references: &[u32]) -> Result<(), Trap> {
        let range = self.range(start, references.len() as u64).ok_or(Trap::TableOutOfBounds)?;
        self.slots.as_mut_slice()[range].copy_from_slice(references);
        Ok(())
    }

    /// Writes functions of an element segment from `start` on: all of `funcs`, which belong to
    /// the instance of `module` whose records begin at `funcref_offset`.
    ///
    /// # Errors
    ///
    /// Out of bounds; nothing was written.
    pub(super) fn init_funcs(
        &mut self,
        start: u64,
        info: &ModuleInfo,
        funcs: &[FuncIdx],
        funcref_offset: u32,
    ) -> Result<(), Trap> {
        let range = self.range(start, funcs.len() as u64).ok_or(Trap::TableOutOfBounds)?;
        fill_funcs(&mut self.slots.as_mut_slice()[range], info, funcs, funcref_offset);
        Ok(())
    }

    /// Like [`TableObject::init_funcs`] with a whole active segment, which may be left for later.
    ///
    /// # Errors
    ///
    /// Out of bounds; nothing was written.
    pub(super) fn init_active(
        &mut self,
        start: u64,
        module: &Arc<ModuleInner>,
        elem: ElemIdx,
        funcref_offset: u32,
    ) -> Result<(), Trap> {
        let info = module.info();
        let funcs = segment_funcs(info, elem);
        let end = start.checked_add(funcs.len() as u64);
        let Some(end) = end.filter(|&end| end <= u64::from(self.len())) else {
            return Err(Trap::TableOutOfBounds);
        };
        let touched = blocks_of(&(start as usize..end as usize));
        match &mut self.lazy {
            Some(lazy) if lazy.has_room() && lazy.are_waiting(touched) => {
                let (module, start) = (module.clone(), start as u32);
                lazy.pending.push(Pending { module, elem, funcref_offset, start });
                Ok(())
            }
            Some(_) | None => self.init_funcs(start, info, funcs, funcref_offset),
        }
    }

    /// Adds `delta` slots that hold `reference` and returns how many there were; `None` when that
    /// cannot be.
    pub(super) fn grow(&mut self, delta: u64, reference: u32) -> Option<u32> {
        let old = self.len();
        let maximum = self.ty.maximum.unwrap_or(MAX_SLOTS).min(MAX_SLOTS);
        let len = u64::from(old).checked_add(delta).filter(|&len| len <= maximum)? as u32;
        // The block in which the old slots end gets new ones.
        self.fill_blocks(old as usize..old as usize);
        self.slots.grow(len)?;
        self.slots.as_mut_slice()[old as usize..].fill(reference);
        if let Some(lazy) = &mut self.lazy {
            lazy.filled.resize(len.div_ceil(TABLE_BLOCK_SLOTS) as usize, true);
        }
        self.publish();
        Some(old)
    }

    /// Fills the blocks that touch `range`, or the one in which it ends when it is empty.
    #[inline]
    fn fill_blocks(&mut self, range: Range<usize>) {
        if let Some(lazy) = &mut self.lazy {
            for block in blocks_of(&range) {
                if lazy.filled.get(block) == Some(&false) {
                    lazy.filled[block] = true;
                    lazy.fill(block, self.slots.as_mut_slice());
                }
            }
        }
    }
}

/// The blocks that touch `range`; one when it is empty.
fn blocks_of(range: &Range<usize>) -> Range<usize> {
    let block = TABLE_BLOCK_SLOTS as usize;
    range.start / block..range.end.div_ceil(block).max(range.start / block + 1)
}

impl Lazy {
    /// All blocks of a table of `len` slots wait, for nothing yet.
    fn new(len: u32) -> Self {
        Self { filled: vec![false; len.div_ceil(TABLE_BLOCK_SLOTS) as usize], pending: Vec::new() }
    }

    /// Whether another part may wait. Every block looks at each of them, so that there are few.
    fn has_room(&self) -> bool {
        self.pending.len() < MAX_PENDING_SEGMENTS
    }

    fn are_waiting(&self, blocks: Range<usize>) -> bool {
        self.filled.get(blocks).is_some_and(|filled| !filled.contains(&true))
    }

    #[cold]
    fn fill(&self, block: usize, slots: &mut [u32]) {
        let size = TABLE_BLOCK_SLOTS as usize;
        let block = block * size..slots.len().min((block + 1) * size);
        for pending in &self.pending {
            let info = pending.module.info();
            let funcs = segment_funcs(info, pending.elem);
            let first = pending.start as usize;
            let start = block.start.max(first);
            let end = block.end.min(first + funcs.len());
            if start < end {
                let funcs = &funcs[start - first..end - first];
                fill_funcs(&mut slots[start..end], info, funcs, pending.funcref_offset);
            }
        }
    }
}

fn segment_funcs(info: &ModuleInfo, elem: ElemIdx) -> &[FuncIdx] {
    match &info.element(elem).items {
        ElemItems::Funcs(funcs) => funcs,
        ElemItems::Exprs(_) => &[],
    }
}

fn fill_funcs(slots: &mut [u32], info: &ModuleInfo, funcs: &[FuncIdx], funcref_offset: u32) {
    for (slot, func) in slots.iter_mut().zip(funcs) {
        *slot = funcref_offset + escape_index(info, *func) * FUNC_RECORD_SIZE;
    }
}

/// The place of a function's record among those of its instance.
///
/// # Panics
///
/// When the function never becomes a reference.
pub(super) fn escape_index(info: &ModuleInfo, func: FuncIdx) -> u32 {
    info.escape_index[func.index()].expect("functions that become references are listed")
}

/// The memory of a table: zeroed, and shared with running code by its base.
struct RawSlots {
    base: NonNull<u32>,
    len: u32,
    capacity: u32,
}

impl RawSlots {
    /// `None` when there is no memory.
    fn new(len: u32) -> Option<Self> {
        Some(Self { base: allocate(len)?, len, capacity: len })
    }

    fn base(&self) -> *mut u32 {
        self.base.as_ptr()
    }

    /// Sets the length, which does not shrink; `None`, and no change, when there is no memory.
    fn grow(&mut self, len: u32) -> Option<()> {
        if len > self.capacity {
            let capacity = len.max(self.capacity.saturating_mul(2)).min(MAX_SLOTS as u32);
            let new = Self { base: allocate(capacity)?, len: self.len, capacity };
            // SAFETY: `len` slots are valid at the old place, the new one is another allocation
            // that holds more.
            unsafe { new.base.copy_from_nonoverlapping(self.base, self.len as usize) };
            *self = new;
        }
        self.len = len;
        Some(())
    }

    fn as_slice(&self) -> &[u32] {
        // SAFETY: `len` slots are allocated and initialised; wasm, which writes them, does not run
        // while the store is borrowed.
        unsafe { core::slice::from_raw_parts(self.base(), self.len as usize) }
    }

    fn as_mut_slice(&mut self) -> &mut [u32] {
        // SAFETY: as in `as_slice`; `&mut` says that nobody reads.
        unsafe { core::slice::from_raw_parts_mut(self.base(), self.len as usize) }
    }
}

impl Drop for RawSlots {
    fn drop(&mut self) {
        if self.capacity != 0 {
            // SAFETY: allocated by `allocate` with the same layout.
            unsafe { dealloc(self.base().cast(), layout(self.capacity)) };
        }
    }
}

fn allocate(len: u32) -> Option<NonNull<u32>> {
    if len == 0 {
        return Some(NonNull::dangling());
    }
    // SAFETY: the layout is not of size zero.
    NonNull::new(unsafe { alloc_zeroed(layout(len)) }).map(NonNull::cast)
}

fn layout(len: u32) -> Layout {
    Layout::array::<u32>(len as usize).expect("a table's slots are below isize::MAX bytes")
}
