//! [`Region`]: who has which addresses of an engine's code memory.
//!
//! What lives here: ranges of addresses, and the chunk that each owner fills at the moment. The
//! invariants: a range belongs to one chunk, or to nobody; and a process never waits for a lock
//! that was locked before it was forked, nor relies on anything that such a lock protects.
//!
//! So what is behind the lock exists once per process, and a child begins with an empty one: it
//! knows only up to which address its parent had mapped anything, and goes on from there.
//! What it inherited comes to it when it drops the code that is there.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicPtr, AtomicU64, AtomicUsize, Ordering};
// Not `parking_lot`, whose locks share a table that a fork may catch locked.
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::chunk::Chunk;
use super::{CodeMemoryError, process};
use crate::runtime::mmap::{MapError, Reservation, round_up_to_host_page};
use crate::tuning::{MAX_CODE_CHUNK, MIN_CODE_CHUNK};

/// The addresses of an engine's code.
#[derive(Debug)]
pub(super) struct Region {
    addresses: Reservation,
    /// The end of all chunks. Raised before anything is mapped, lowered after it was unmapped.
    touched: AtomicUsize,
    next_owner: AtomicU64,
    /// What this process knows; of an ancestor's until it is first used. Never null.
    ledger: AtomicPtr<Ledger>,
}

/// What one process knows of the region.
#[derive(Debug)]
struct Ledger {
    process: u64,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Below the touched end, and no chunk's: ascending, neither empty nor adjacent, nor at the
    /// end.
    free: Vec<Range<usize>>,
    open: BTreeMap<u64, OpenChunk>,
}

/// The chunk from which an owner's next code comes.
#[derive(Debug)]
struct OpenChunk {
    /// Kept alive by the code in it alone.
    chunk: Weak<Chunk>,
    /// How many of its bytes are allocated.
    filled: usize,
    /// The size of the chunk after it.
    next_len: usize,
}

impl Region {
    pub(super) fn new(len: usize) -> Result<Self, MapError> {
        Ok(Self {
            addresses: Reservation::new(len)?,
            touched: AtomicUsize::new(0),
            next_owner: AtomicU64::new(0),
            ledger: AtomicPtr::new(Ledger::new()),
        })
    }

    pub(super) fn addresses(&self) -> &Reservation {
        &self.addresses
    }

    pub(super) fn new_owner(&self) -> u64 {
        // Relaxed: only the number counts.
        self.next_owner.fetch_add(1, Ordering::Relaxed)
    }

    /// Allocates `len` bytes for `owner`, from its open chunk or a new one. Returns the chunk, and
    /// where in it.
    pub(super) fn allocate(
        self: &Arc<Self>,
        owner: u64,
        len: usize,
        alignment: usize,
    ) -> Result<(Arc<Chunk>, Range<usize>), CodeMemoryError> {
        let len = len.max(1).checked_next_multiple_of(alignment).ok_or(MapError::OutOfRange)?;
        // If the code in it was dropped meanwhile, the chunk goes with this; it must not be while
        // we hold the lock, so this is declared before.
        let current;
        let mut state = self.lock();
        let mut next_len = MIN_CODE_CHUNK;
        let mut left = 0;
        if let Some(open) = state.open.get_mut(&owner) {
            next_len = open.next_len;
            current = open.chunk.upgrade();
            if let Some(chunk) = &current {
                let start = open.filled.next_multiple_of(alignment);
                if len <= chunk.len().saturating_sub(start) {
                    open.filled = start + len;
                    return Ok((chunk.clone(), start..start + len));
                }
                left = chunk.len() - open.filled;
            }
        }
        let chunk_len = round_up_to_host_page(len.max(next_len)).ok_or(MapError::OutOfRange)?;
        let range = self.take(&mut state.free, chunk_len).ok_or(CodeMemoryError::Exhausted)?;
        let chunk = match Chunk::map(self, range.clone()) {
            Ok(chunk) => Arc::new(chunk),
            Err(error) => {
                self.release(&mut state.free, range);
                return Err(error.into());
            }
        };
        // A chunk for one large piece does not take the place of one with more room.
        if chunk_len - len >= left {
            let next_len = next_len.saturating_mul(2).min(MAX_CODE_CHUNK);
            let open = OpenChunk { chunk: Arc::downgrade(&chunk), filled: len, next_len };
            state.open.insert(owner, open);
        }
        Ok((chunk, 0..len))
    }

    /// `owner` allocates nothing any more.
    pub(super) fn forget_owner(&self, owner: u64) {
        self.lock().open.remove(&owner);
    }

    /// The range of a chunk is free, and nothing is mapped there.
    pub(super) fn give_back(&self, range: Range<usize>) {
        self.release(&mut self.lock().free, range);
    }

    fn release(&self, free: &mut Vec<Range<usize>>, range: Range<usize>) {
        insert(free, range);
        // Relaxed, here and below: see `take`.
        let touched = self.touched.load(Ordering::Relaxed);
        if let Some(last) = free.pop_if(|last| last.end == touched) {
            self.touched.store(last.start, Ordering::Relaxed);
        }
    }

    /// The lowest free range of `len` bytes.
    fn take(&self, free: &mut Vec<Range<usize>>, len: usize) -> Option<Range<usize>> {
        if let Some(index) = free.iter().position(|range| range.len() >= len) {
            let range = &mut free[index];
            let taken = range.start..range.start + len;
            range.start = taken.end;
            if range.start == range.end {
                free.remove(index);
            }
            return Some(taken);
        }
        // Relaxed: only a holder of the lock changes it, and in a child there is nobody else.
        let start = self.touched.load(Ordering::Relaxed);
        let end = start.checked_add(len).filter(|&end| end <= self.addresses.len())?;
        // Relaxed: a child gets what its parent's threads had written, in the order of that.
        self.touched.store(end, Ordering::Relaxed);
        Some(start..end)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing that panics leaves the state half changed.
        self.ledger().state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ledger(&self) -> &Ledger {
        // Acquire: pairs with the release in the exchange below.
        let mut ledger = self.ledger.load(Ordering::Acquire);
        loop {
            // SAFETY: never null, and freed by nobody before the region is.
            let known = unsafe { &*ledger };
            if known.process == process::current() {
                return known;
            }
            let new = Ledger::new();
            // Never freed: the ancestor's ledger may be locked, and half changed.
            // Release: pairs with the acquiring loads, of which a failure is one.
            let result =
                self.ledger.compare_exchange(ledger, new, Ordering::Release, Ordering::Acquire);
            ledger = match result {
                Ok(_) => new,
                Err(other) => {
                    // SAFETY: nobody else has seen it.
                    drop(unsafe { Box::from_raw(new) });
                    other
                }
            };
        }
    }
}

impl Drop for Region {
    fn drop(&mut self) {
        // In a child that never used the region, an ancestor's gives way to one that may be freed.
        self.ledger();
        // SAFETY: made by `Ledger::new`, in this process, and nobody uses it any more.
        drop(unsafe { Box::from_raw(*self.ledger.get_mut()) });
    }
}

impl Ledger {
    fn new() -> *mut Self {
        let state = Mutex::new(State::default());
        Box::into_raw(Box::new(Self { process: process::current(), state }))
    }
}

/// Adds a range that overlaps none, and joins it with its neighbours.
fn insert(free: &mut Vec<Range<usize>>, range: Range<usize>) {
    let index = free.partition_point(|other| other.start < range.start);
    free.insert(index, range);
    if free.get(index + 1).is_some_and(|next| next.start == free[index].end) {
        free[index].end = free.remove(index + 1).end;
    }
    if index > 0 && free[index - 1].end == free[index].start {
        free[index - 1].end = free.remove(index).end;
    }
}
