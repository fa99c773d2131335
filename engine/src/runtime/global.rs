//! [`GlobalObject`]: a global of a store, wherever its value is kept.
//!
//! Invariant: `storage` points to as many slots as the type takes, in an instance's block or in a
//! pinned allocation of the object's own, and both live as long as the store.

use wasmtier_vm::{GlobalType, ValType};

use super::pinned::Pinned;

/// A global of a store.
pub(crate) struct GlobalObject {
    ty: GlobalType,
    storage: *mut u64,
    /// The storage of a global that the host made.
    _own: Option<Pinned<[u64; 2]>>,
}

impl GlobalObject {
    /// A global of an instance.
    ///
    /// # Safety
    ///
    /// `storage` points to as many slots as `ty` takes, and they live as long as the store.
    pub(super) unsafe fn defined(ty: GlobalType, storage: *mut u64) -> Self {
        Self { ty, storage, _own: None }
    }

    /// A global of the host, zero.
    pub(crate) fn new(ty: GlobalType) -> Self {
        let own = Pinned::new([0; 2]);
        Self { ty, storage: own.as_ptr().cast(), _own: Some(own) }
    }

    pub(crate) fn ty(&self) -> GlobalType {
        self.ty
    }

    /// Where it is stored.
    pub(super) fn storage(&self) -> *mut u64 {
        self.storage
    }

    /// Its bits, zero-extended.
    pub(crate) fn bits(&self) -> u128 {
        // SAFETY: every global has at least one slot (invariant); the store is borrowed, so that
        // wasm does not run.
        let low = unsafe { self.storage.read() };
        let mut high = 0;
        if self.ty.content == ValType::V128 {
            let slot = self.storage.wrapping_add(1);
            // SAFETY: a vector has two slots (invariant).
            high = unsafe { slot.read() };
        }
        u128::from(high) << 64 | u128::from(low)
    }

    /// Changes its bits, of which it takes as many as its type has.
    pub(crate) fn set_bits(&mut self, bits: u128) {
        // SAFETY: as in `bits`; `&mut` says that nobody reads.
        unsafe { self.storage.write(bits as u64) };
        if self.ty.content == ValType::V128 {
            let slot = self.storage.wrapping_add(1);
            // SAFETY: a vector has two slots (invariant).
            unsafe { slot.write((bits >> 64) as u64) };
        }
    }
}
