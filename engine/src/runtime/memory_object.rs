//! [`MemoryObject`]: a linear memory of a store and the contexts that cache where it is.
//!
//! What lives here: keeping [`VmMemory`] and the `mem0_*` fields of every attached context true.
//! What does not: address space ([`LinearMemory`]) and limits (`grow`).

use wasmtier_vm::{MemoryType, VmCtx, VmMemory};

use super::memory::{LinearMemory, LinearMemoryType, MemoryConfig, MemoryError};
use super::pinned::Pinned;

/// A memory of a store.
pub(crate) struct MemoryObject {
    ty: MemoryType,
    linear: LinearMemory,
    vm: Pinned<VmMemory>,
    /// Contexts whose memory 0 it is.
    attached: Vec<*mut VmCtx>,
}

impl MemoryObject {
    /// A memory of the minimum size of `ty`.
    pub(super) fn new(ty: MemoryType, config: &MemoryConfig) -> Result<Self, MemoryError> {
        let linear = LinearMemory::new(
            LinearMemoryType {
                minimum: ty.minimum,
                maximum: ty.maximum,
                memory64: ty.memory64,
                page_size_log2: ty.page_size_log2,
            },
            config,
        )?;
        let vm = Pinned::new(VmMemory { base: linear.base(), len: linear.byte_len() });
        Ok(Self { ty, linear, vm, attached: Vec::new() })
    }

    /// Its type, with the minimum it was made with.
    pub(crate) fn ty(&self) -> MemoryType {
        self.ty
    }

    /// Its size in pages.
    pub(crate) fn pages(&self) -> u64 {
        self.linear.page_count()
    }

    /// Its size in bytes.
    pub(crate) fn byte_len(&self) -> usize {
        self.linear.byte_len()
    }

    /// What running code sees of it, valid as long as the store.
    pub(super) fn vm(&self) -> *mut VmMemory {
        self.vm.as_ptr()
    }

    /// Keeps the `mem0_*` of `ctx` true from now on.
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
        unsafe { (*ctx).mem0_base = self.linear.base() };
        // SAFETY: as above.
        unsafe { (*ctx).mem0_len = self.linear.byte_len() };
    }

    /// Adds `delta` pages and returns how many there were; `None` when that cannot be.
    pub(super) fn grow(&mut self, delta: u64) -> Option<u64> {
        let old = self.linear.grow(delta)?;
        self.publish();
        Some(old)
    }

    fn publish(&mut self) {
        let (base, len) = (self.linear.base(), self.linear.byte_len());
        // SAFETY: pinned by `self`; running code that reads it waits for whoever has `&mut self`.
        unsafe { self.vm.as_ptr().write(VmMemory { base, len }) };
        for &ctx in &self.attached {
            // SAFETY: attached contexts live as long as the store (contract of `attach`).
            unsafe { self.show(ctx) };
        }
    }

    /// Its bytes.
    pub(crate) fn data(&self) -> &[u8] {
        // SAFETY: the bytes below the length are readable and initialised (invariant of
        // `LinearMemory`), and wasm, which writes them, does not run while the store is borrowed.
        unsafe { core::slice::from_raw_parts(self.linear.base(), self.linear.byte_len()) }
    }

    /// Its bytes, to change.
    pub(crate) fn data_mut(&mut self) -> &mut [u8] {
        // SAFETY: as in `data`; `&mut` says that nobody reads.
        unsafe { core::slice::from_raw_parts_mut(self.linear.base(), self.linear.byte_len()) }
    }
}
