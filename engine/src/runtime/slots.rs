//! [`Slots`]: arguments and results of one call, where running code has them.
//!
//! What lives here: bounded access to the slots of a call. What does not: what their bits mean.
//! Invariant: slot `i` lies `i` words below the first, as in frames; nobody else touches the slots
//! while a [`Slots`] exists.

use core::marker::PhantomData;

/// The slots of a call's arguments, which are also those of its results.
pub struct Slots<'a> {
    /// Slot 0.
    first: *mut u64,
    len: u32,
    _stack: PhantomData<&'a mut [u64]>,
}

impl Slots<'_> {
    /// The `len` slots from `first` downwards.
    ///
    /// # Safety
    ///
    /// They are valid, and nobody else reads or writes them during `'a`. Those that will be read
    /// are initialised: arguments by the caller, results by the callee.
    #[inline]
    pub(super) unsafe fn new(first: *mut u64, len: u32) -> Self {
        Self { first, len, _stack: PhantomData }
    }

    #[inline]
    fn slot(&self, at: u32) -> *mut u64 {
        assert!(at < self.len, "a call's signature says how many slots it has");
        self.first.wrapping_sub(at as usize)
    }

    /// The word in slot `at`.
    #[inline]
    pub(crate) fn get(&self, at: u32) -> u64 {
        let slot = self.slot(at);
        // SAFETY: `slot` is one of ours, which are valid for reads (contract of `new`).
        unsafe { slot.read() }
    }

    /// The low half of slot `at`: what holds an `i32`, an `f32` or a reference.
    #[inline]
    pub(crate) fn low(&self, at: u32) -> u32 {
        self.get(at) as u32
    }

    /// Puts `word` into slot `at`.
    #[inline]
    #[expect(clippy::needless_pass_by_ref_mut, reason = "it writes behind a pointer")]
    pub(crate) fn set(&mut self, at: u32, word: u64) {
        let slot = self.slot(at);
        // SAFETY: `slot` is one of ours, which are valid for writes (contract of `new`).
        unsafe { slot.write(word) };
    }

    /// The vector in slots `at` and `at + 1`: its low half is in the second, at the lower address.
    #[inline]
    pub(crate) fn v128(&self, at: u32) -> u128 {
        u128::from(self.get(at)) << 64 | u128::from(self.get(at + 1))
    }

    /// Puts a vector into slots `at` and `at + 1`.
    #[inline]
    pub(crate) fn set_v128(&mut self, at: u32, bits: u128) {
        self.set(at, (bits >> 64) as u64);
        self.set(at + 1, bits as u64);
    }
}
