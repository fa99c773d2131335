//! [`FuncArena`]: the funcref records of a store.
//!
//! What lives here: reservation, growth by moving, reading and writing of records. What does not:
//! what a record of an instance should hold (`instance`).
//!
//! Invariants: a funcref is the offset of a record; record 0 is zero for ever; offsets stay valid
//! when the arena moves, pointers do not (whoever lets it grow renews `funcref_base` in every
//! context). A record is either zero or complete.

use core::alloc::Layout;
use core::ptr::NonNull;
use std::alloc::{alloc_zeroed, dealloc, handle_alloc_error};

use wasmtier_vm::{FUNC_RECORD_SIZE, FuncRecord, TypeId};

/// Records of the first allocation.
const FIRST_RECORDS: u32 = 64;
/// Offsets have 32 bits.
const MAX_RECORDS: u32 = u32::MAX / FUNC_RECORD_SIZE;

/// The records of a store; see the module.
#[derive(Default)]
pub(super) struct FuncArena {
    /// Dangling while `capacity` is 0.
    base: Option<NonNull<FuncRecord>>,
    /// Records in use, record 0 included.
    len: u32,
    capacity: u32,
}

/// Records were reserved at `offset`; the arena may have `moved`.
pub(super) struct Reserved {
    pub(super) offset: u32,
    pub(super) moved: bool,
}

impl FuncArena {
    /// Reserves `count` zero records in a row; `None` when there are too many.
    pub(super) fn reserve(&mut self, count: u32) -> Option<Reserved> {
        let first = self.len.max(1);
        let len = first.checked_add(count).filter(|&len| len <= MAX_RECORDS)?;
        let moved = len > self.capacity;
        if moved {
            let doubled = self.capacity.saturating_mul(2);
            self.move_to(len.max(doubled).clamp(FIRST_RECORDS, MAX_RECORDS));
        }
        self.len = len;
        Some(Reserved { offset: first * FUNC_RECORD_SIZE, moved })
    }

    fn move_to(&mut self, capacity: u32) {
        let layout = layout(capacity);
        // SAFETY: the layout is of at least one record.
        let Some(base) = NonNull::new(unsafe { alloc_zeroed(layout) }) else {
            handle_alloc_error(layout)
        };
        let base = base.cast::<FuncRecord>();
        if let Some(old) = self.base {
            // SAFETY: `len` records are valid at the old place, and there is room for more at the
            // new one, which is another allocation.
            unsafe { base.copy_from_nonoverlapping(old, self.len as usize) };
        }
        self.free();
        self.base = Some(base);
        self.capacity = capacity;
    }

    fn free(&mut self) {
        if let Some(base) = self.base.take() {
            // SAFETY: allocated by `move_to` with the same layout.
            unsafe { dealloc(base.as_ptr().cast(), layout(self.capacity)) };
        }
    }

    /// The base for contexts; null before the first reservation.
    pub(super) fn base(&self) -> *mut u8 {
        self.base.map_or(core::ptr::null_mut(), |base| base.as_ptr().cast())
    }

    /// The record at `offset`, zero or not.
    ///
    /// # Panics
    ///
    /// When `offset` names no record.
    #[inline]
    pub(super) fn record(&self, offset: u32) -> FuncRecord {
        let record = self.slot(offset);
        // SAFETY: `slot` checked that the record is in use; records are initialised from the
        // start, and zero is one.
        unsafe { record.read() }
    }

    /// Completes the record at `offset`.
    ///
    /// # Panics
    ///
    /// When `offset` names no record.
    #[expect(clippy::needless_pass_by_ref_mut, reason = "it writes behind a pointer")]
    pub(super) fn set(&mut self, offset: u32, record: FuncRecord) {
        debug_assert!(record.type_id != TypeId(0) && offset != 0, "a complete record has a type");
        let slot = self.slot(offset);
        // SAFETY: `slot` checked that the record is in use; running code only reads records.
        unsafe { slot.write(record) };
    }

    #[inline]
    fn slot(&self, offset: u32) -> NonNull<FuncRecord> {
        let index = offset / FUNC_RECORD_SIZE;
        let base = self.base.filter(|_| index < self.len);
        let base = base.expect("a funcref of a store is the offset of one of its records");
        // SAFETY: below `len`, which is within the allocation.
        unsafe { base.add(index as usize) }
    }
}

impl Drop for FuncArena {
    fn drop(&mut self) {
        self.free();
    }
}

fn layout(records: u32) -> Layout {
    Layout::array::<FuncRecord>(records as usize).expect("2^27 records are below isize::MAX bytes")
}
