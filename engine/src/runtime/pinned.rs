//! [`Pinned`]: a heap object that running code points to.
//!
//! Invariant: the object never moves, and is reached through the one raw pointer made here, so that
//! no Rust reference ever claims it for itself.

use core::ptr::NonNull;

/// The owner of an object that is shared with running code through raw pointers.
#[derive(Debug)]
pub(crate) struct Pinned<T>(NonNull<T>);

impl<T> Pinned<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(NonNull::from(Box::leak(Box::new(value))))
    }

    /// The object's address, valid until the owner is dropped.
    #[inline]
    pub(crate) fn as_ptr(&self) -> *mut T {
        self.0.as_ptr()
    }
}

impl<T> Drop for Pinned<T> {
    fn drop(&mut self) {
        // SAFETY: the pointer came from a leaked box in `new`, and only `drop` frees it.
        drop(unsafe { Box::from_raw(self.0.as_ptr()) });
    }
}
