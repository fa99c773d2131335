//! [`MemoryObject`]: a linear memory of a store and the contexts that cache where it is.
//!
//! What lives here: keeping [`VmMemory`] and the `mem0_*` fields of every attached context true,
//! and what bulk operators do to the bytes. What does not: address space ([`LinearMemory`]), limits
//! (`grow`), and what is common to all stores that share a memory ([`SharedObject`]).

use core::ops::Range;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;

use wasmtier_vm::{MemoryType, VmCtx, VmMemory};

use super::memory::{BoundsMode, LinearMemory, LinearMemoryType, MemoryConfig, MemoryError};
use super::pinned::Pinned;
use super::shared_object::{CHUNK, Grown, SharedObject};

/// A memory of a store.
pub(crate) struct MemoryObject {
    ty: MemoryType,
    backing: Backing,
    /// Contexts whose memory 0 it is.
    attached: Vec<*mut VmCtx>,
}

/// Whose bytes they are.
enum Backing {
    Own { linear: LinearMemory, vm: Pinned<VmMemory> },
    Shared(Arc<SharedObject>),
}

/// Why there is no slice of a shared memory's bytes: the API has no handle that asks for one.
const NOT_SHARED: &str = "shared memories are never borrowed";

impl MemoryObject {
    /// A memory of the minimum size of `ty`.
    pub(super) fn new(ty: MemoryType, config: &MemoryConfig) -> Result<Self, MemoryError> {
        if ty.shared {
            return Ok(Self::of_shared(Arc::new(SharedObject::new(ty, config)?)));
        }
        let linear = LinearMemory::new(LinearMemoryType::of(&ty), config)?;
        let len = AtomicUsize::new(linear.byte_len());
        let vm = Pinned::new(VmMemory { base: linear.base(), len });
        Ok(Self { ty, backing: Backing::Own { linear, vm }, attached: Vec::new() })
    }

    /// What a store keeps of a shared memory.
    pub(super) fn of_shared(object: Arc<SharedObject>) -> Self {
        Self { ty: object.ty(), backing: Backing::Shared(object), attached: Vec::new() }
    }

    /// Its type, with the minimum it was made with.
    pub(crate) fn ty(&self) -> MemoryType {
        self.ty
    }

    /// What it is to all stores, if it is shared.
    pub(crate) fn shared(&self) -> Option<&Arc<SharedObject>> {
        match &self.backing {
            Backing::Own { .. } => None,
            Backing::Shared(object) => Some(object),
        }
    }

    /// Its size in pages.
    pub(crate) fn pages(&self) -> u64 {
        match &self.backing {
            Backing::Own { linear, .. } => linear.page_count(),
            Backing::Shared(object) => object.pages(),
        }
    }

    /// Its size in bytes.
    pub(crate) fn byte_len(&self) -> usize {
        match &self.backing {
            Backing::Own { linear, .. } => linear.byte_len(),
            Backing::Shared(object) => object.byte_len(),
        }
    }

    fn base(&self) -> *mut u8 {
        match &self.backing {
            Backing::Own { linear, .. } => linear.base(),
            Backing::Shared(object) => object.base(),
        }
    }

    /// Who stops accesses out of bounds. Never changes.
    pub(super) fn bounds_mode(&self) -> BoundsMode {
        match &self.backing {
            Backing::Own { linear, .. } => linear.bounds_mode(),
            Backing::Shared(object) => object.bounds_mode(),
        }
    }

    /// The addresses at which a fault is an access to it, as long as it lives; `None` when code
    /// checks all accesses.
    pub(super) fn guarded_addresses(&self) -> Option<Range<usize>> {
        match &self.backing {
            Backing::Own { linear, .. } => linear.guarded_addresses(),
            Backing::Shared(object) => object.guarded_addresses(),
        }
    }

    /// What running code sees of it, valid as long as the store.
    pub(super) fn vm(&self) -> *mut VmMemory {
        match &self.backing {
            Backing::Own { vm, .. } => vm.as_ptr(),
            Backing::Shared(object) => object.vm(),
        }
    }

    /// Keeps the `mem0_*` of `ctx` true from now on; those of a shared memory are renewed when it
    /// grows in this store, and else by running code.
    ///
    /// # Safety
    ///
    /// `ctx` lives as long as the store.
    pub(super) unsafe fn attach(&mut self, ctx: *mut VmCtx) {
        self.attached.push(ctx);
        // SAFETY: live (caller's contract).
        unsafe { self.show(ctx) };
    }

    /// Tells `ctx` where the memory is.
    ///
    /// # Safety
    ///
    /// `ctx` is live.
    unsafe fn show(&self, ctx: *mut VmCtx) {
        // SAFETY: live (caller's contract), and running code that reads it waits for us.
        unsafe { (*ctx).mem0_base = self.base() };
        // SAFETY: as above.
        unsafe { (*ctx).mem0_len = self.byte_len() };
    }

    /// Adds `delta` pages, if it has `current` pages, as it has unless it is shared.
    pub(super) fn grow_from(&mut self, current: u64, delta: u64) -> Grown {
        let grown = match &mut self.backing {
            Backing::Own { linear, .. } => linear.grow(delta).map_or(Grown::Refused, Grown::From),
            Backing::Shared(object) => object.grow_from(current, delta),
        };
        if let Grown::From(_) = grown {
            self.publish();
        }
        grown
    }

    fn publish(&mut self) {
        if let Backing::Own { linear, vm } = &mut self.backing {
            let vm = vm.as_ptr();
            // SAFETY: pinned by `self`; running code that reads it waits for whoever has
            // `&mut self`.
            unsafe { (*vm).base = linear.base() };
            // SAFETY: as above.
            let len = unsafe { &(*vm).len };
            // Relaxed: only this thread reads it.
            len.store(linear.byte_len(), Ordering::Relaxed);
        }
        for &ctx in &self.attached {
            // SAFETY: attached contexts live as long as the store (contract of `attach`).
            unsafe { self.show(ctx) };
        }
    }

    fn own(&self) -> &LinearMemory {
        match &self.backing {
            Backing::Own { linear, .. } => linear,
            Backing::Shared(_) => panic!("{NOT_SHARED}"),
        }
    }

    /// Its bytes, unless it is shared.
    pub(crate) fn data(&self) -> &[u8] {
        let linear = self.own();
        // SAFETY: the bytes below the length are readable and initialised (invariant of
        // `LinearMemory`), and wasm, which writes them, does not run while the store is borrowed.
        unsafe { core::slice::from_raw_parts(linear.base(), linear.byte_len()) }
    }

    /// Its bytes, to change, unless it is shared.
    #[expect(clippy::needless_pass_by_ref_mut, reason = "it says that nobody reads")]
    pub(crate) fn data_mut(&mut self) -> &mut [u8] {
        let linear = self.own();
        // SAFETY: as in `data`; `&mut` says that nobody reads.
        unsafe { core::slice::from_raw_parts_mut(linear.base(), linear.byte_len()) }
    }

    /// Overwrites the bytes in `range`, which is in bounds.
    pub(super) fn fill(&mut self, range: Range<usize>, value: u8) {
        match &self.backing {
            Backing::Own { .. } => self.data_mut()[range].fill(value),
            Backing::Shared(object) => object.fill(range, value),
        }
    }

    /// Copies `bytes` to those from `at` on, which are in bounds.
    pub(super) fn write(&mut self, at: usize, bytes: &[u8]) {
        match &self.backing {
            Backing::Own { .. } => self.data_mut()[at..at + bytes.len()].copy_from_slice(bytes),
            Backing::Shared(object) => object.write(at, bytes).expect("checked by the caller"),
        }
    }

    /// Copies the bytes in `from` to `to`, which may overlap and are in bounds.
    pub(super) fn copy_within(&mut self, from: Range<usize>, to: usize) {
        match &self.backing {
            Backing::Own { .. } => self.data_mut().copy_within(from, to),
            Backing::Shared(object) => object.copy_within(from, to),
        }
    }

    /// Copies the bytes in `from` of another memory to `to`; both are in bounds.
    pub(super) fn copy_from(&mut self, source: &Self, from: Range<usize>, to: usize) {
        let Some(shared) = source.shared() else {
            return self.write(to, &source.data()[from]);
        };
        let mut chunk = [0; CHUNK];
        for start in from.clone().step_by(CHUNK) {
            let chunk = &mut chunk[..CHUNK.min(from.end - start)];
            shared.read(start, chunk).expect("checked by the caller");
            self.write(to + (start - from.start), chunk);
        }
    }
}
