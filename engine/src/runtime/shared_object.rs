//! [`SharedObject`]: a linear memory that belongs to no store, and may be in several at once.
//!
//! What lives here: its growth, its bytes as the host sees them, waiting and waking at its
//! addresses. What does not: address space ([`LinearMemory`]), the queues (`waiters`), and what one
//! store keeps of it (`memory_object`).
//!
//! Invariants: the base never moves and the length never falls, so that whoever has read a length
//! may use the bytes below it for as long as the object lives. Growing happens under a lock; the
//! length is published after its bytes are accessible.

use core::cell::UnsafeCell;
use core::ops::Range;
use core::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use wasmtier_ops::Trap;
use wasmtier_vm::{MemoryType, VmMemory};

use super::memory::{BoundsMode, LinearMemory, LinearMemoryType, MemoryConfig, MemoryError};
use super::pinned::Pinned;
use super::racy::RacyBytes;
use super::waiters::Waiters;
use crate::shared_memory::WaitResult;

/// Bytes that a copy between two places of shared memory takes at a time.
pub(super) const CHUNK: usize = 4096;

/// What became of a growth.
pub(crate) enum Grown {
    /// It is done; the memory had so many pages.
    From(u64),
    /// The type or the system does not allow it.
    Refused,
    /// Another thread was faster: the memory has not as many pages as was thought.
    Raced,
}

/// A memory that several threads may use.
pub(crate) struct SharedObject {
    ty: MemoryType,
    bounds_mode: BoundsMode,
    linear: Mutex<LinearMemory>,
    /// What running code sees of it.
    vm: Pinned<VmMemory>,
    waiters: Waiters,
}

// SAFETY: the pinned object is plain data, whose only part that changes is atomic.
unsafe impl Send for SharedObject {}
// SAFETY: as above.
unsafe impl Sync for SharedObject {}

impl SharedObject {
    /// A memory of the minimum size of `ty`.
    pub(crate) fn new(ty: MemoryType, config: &MemoryConfig) -> Result<Self, MemoryError> {
        let linear = LinearMemory::immovable(LinearMemoryType::of(&ty), config)?;
        let len = AtomicUsize::new(linear.byte_len());
        let vm = Pinned::new(VmMemory { base: linear.base(), len });
        let bounds_mode = linear.bounds_mode();
        let linear = Mutex::new(linear);
        Ok(Self { ty, bounds_mode, linear, vm, waiters: Waiters::default() })
    }

    /// Its type, with the minimum it was made with.
    pub(crate) fn ty(&self) -> MemoryType {
        self.ty
    }

    /// Who stops accesses out of bounds. Never changes.
    pub(super) fn bounds_mode(&self) -> BoundsMode {
        self.bounds_mode
    }

    /// As [`LinearMemory::guarded_addresses`].
    pub(super) fn guarded_addresses(&self) -> Option<Range<usize>> {
        self.linear.lock().guarded_addresses()
    }

    /// What running code sees of it, valid as long as the object.
    pub(super) fn vm(&self) -> *mut VmMemory {
        self.vm.as_ptr()
    }

    /// The address of byte 0, which never changes.
    pub(super) fn base(&self) -> *mut u8 {
        // SAFETY: pinned by `self`, and never written again.
        unsafe { (*self.vm.as_ptr()).base }
    }

    fn len(&self) -> &AtomicUsize {
        // SAFETY: pinned by `self`.
        unsafe { &(*self.vm.as_ptr()).len }
    }

    /// Its present size in bytes.
    pub(crate) fn byte_len(&self) -> usize {
        // Acquire: pairs with the store in `grow_from`.
        self.len().load(Ordering::Acquire)
    }

    /// Its present size in pages.
    pub(crate) fn pages(&self) -> u64 {
        self.byte_len() as u64 >> self.ty.page_size_log2
    }

    /// Adds `delta` pages, if it has `current` pages.
    pub(crate) fn grow_from(&self, current: u64, delta: u64) -> Grown {
        let mut linear = self.linear.lock();
        if linear.page_count() != current {
            return Grown::Raced;
        }
        let Some(old) = linear.grow(delta) else { return Grown::Refused };
        // Release: whoever sees the length may use the bytes that were made accessible before.
        self.len().store(linear.byte_len(), Ordering::Release);
        Grown::From(old)
    }

    /// Adds `delta` pages and returns how many there were; `None` when that cannot be.
    pub(crate) fn grow(&self, delta: u64) -> Option<u64> {
        loop {
            match self.grow_from(self.pages(), delta) {
                Grown::From(old) => return Some(old),
                Grown::Refused => return None,
                Grown::Raced => {}
            }
        }
    }

    /// Its bytes, for an embedder that knows what else happens to them.
    pub(crate) fn cells(&self) -> &[UnsafeCell<u8>] {
        // SAFETY: the bytes below a length are accessible as long as the object, and a cell claims
        // nothing about what is in it.
        unsafe {
            core::slice::from_raw_parts(self.base().cast::<UnsafeCell<u8>>(), self.byte_len())
        }
    }

    fn bytes(&self) -> RacyBytes {
        // SAFETY: the bytes below a length are accessible as long as the object, which the result
        // does not leave; a reference to shared bytes is never made.
        unsafe { RacyBytes::new(self.base(), self.byte_len()) }
    }

    /// The `len` bytes at `at`, if in bounds.
    fn part(&self, at: usize, len: usize) -> Option<RacyBytes> {
        let bytes = self.bytes();
        let end = at.checked_add(len)?;
        (end <= bytes.len()).then(|| bytes.part(at, len))
    }

    /// Copies the bytes at `at` to `to`; nothing, when some of them are out of bounds.
    pub(crate) fn read(&self, at: usize, to: &mut [u8]) -> Option<()> {
        self.part(at, to.len())?.read(to);
        Some(())
    }

    /// Copies `from` to the bytes at `at`; nothing, when some of them are out of bounds.
    pub(crate) fn write(&self, at: usize, from: &[u8]) -> Option<()> {
        self.part(at, from.len())?.write(from);
        Some(())
    }

    /// Overwrites the bytes in `range`, which is in bounds.
    pub(super) fn fill(&self, range: Range<usize>, value: u8) {
        let chunk = [value; CHUNK];
        let bytes = self.bytes().part(range.start, range.len());
        for start in (0..bytes.len()).step_by(CHUNK) {
            let part = bytes.part(start, CHUNK.min(bytes.len() - start));
            part.write(&chunk[..part.len()]);
        }
    }

    /// Copies the bytes in `from` to `to`, which may overlap and are in bounds.
    pub(super) fn copy_within(&self, from: Range<usize>, to: usize) {
        let len = from.len();
        let (source, target) = (self.bytes().part(from.start, len), self.bytes().part(to, len));
        let copy = |start: usize| {
            let mut chunk = [0; CHUNK];
            let chunk = &mut chunk[..CHUNK.min(len - start)];
            source.part(start, chunk.len()).read(chunk);
            target.part(start, chunk.len()).write(chunk);
        };
        let starts = (0..len).step_by(CHUNK);
        // A chunk must not overwrite what later chunks read.
        if to <= from.start { starts.for_each(copy) } else { starts.rev().for_each(copy) }
    }

    /// Waits while there are the 32 bits `expected` at `address`.
    pub(crate) fn wait32(
        &self,
        address: u64,
        expected: u32,
        timeout: Option<Duration>,
    ) -> Result<WaitResult, Trap> {
        let at = aligned(self.byte_len(), address, 4)?;
        let word = self.base().wrapping_add(at);
        // SAFETY: aligned, and in bounds, where bytes stay accessible as long as the object.
        let word = unsafe { AtomicU32::from_ptr(word.cast()) };
        // SeqCst: the operator that this does is a sequentially consistent access.
        Ok(self.waiters.wait(at, deadline(timeout), || word.load(Ordering::SeqCst) == expected))
    }

    /// Waits while there are the 64 bits `expected` at `address`.
    pub(crate) fn wait64(
        &self,
        address: u64,
        expected: u64,
        timeout: Option<Duration>,
    ) -> Result<WaitResult, Trap> {
        let at = aligned(self.byte_len(), address, 8)?;
        let word = self.base().wrapping_add(at);
        // SAFETY: as in `wait32`.
        let word = unsafe { AtomicU64::from_ptr(word.cast()) };
        // SeqCst: as in `wait32`.
        Ok(self.waiters.wait(at, deadline(timeout), || word.load(Ordering::SeqCst) == expected))
    }

    /// Wakes up to `count` of the threads that wait at `address`; returns how many.
    pub(crate) fn notify(&self, address: u64, count: u32) -> Result<u32, Trap> {
        Ok(self.waiters.notify(aligned(self.byte_len(), address, 4)?, count))
    }
}

/// The place of an atomic access of `bytes` at `address` of a memory of `len` bytes.
pub(super) fn aligned(len: usize, address: u64, bytes: u64) -> Result<usize, Trap> {
    if !address.is_multiple_of(bytes) {
        return Err(Trap::HeapMisaligned);
    }
    let end = address.checked_add(bytes).filter(|&end| end <= len as u64);
    end.map(|end| (end - bytes) as usize).ok_or(Trap::MemoryOutOfBounds)
}

/// When a timeout that begins now ends; `None` when nobody will see that.
fn deadline(timeout: Option<Duration>) -> Option<Instant> {
    Instant::now().checked_add(timeout?)
}
