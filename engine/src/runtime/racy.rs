//! Copying to and from bytes that other threads may write at the same time.
//!
//! What lives here: loops of atomic accesses. What does not: bounds (`shared_memory`).
//!
//! Invariant: shared bytes are never behind a Rust reference. A copy is not atomic as a whole: what
//! is written meanwhile may be in it in part, but each byte is one that was there.

use core::sync::atomic::{AtomicU8, AtomicU64, Ordering};

const WORD: usize = size_of::<u64>();

/// A part of a shared memory: the bytes in `at..at + len` stay mapped for as long as it lives.
#[derive(Copy, Clone)]
pub(super) struct RacyBytes {
    at: *mut u8,
    len: usize,
}

impl RacyBytes {
    /// The bytes in `at..at + len`.
    ///
    /// # Safety
    ///
    /// They are readable and writable while the result is in use, and nobody borrows them or frees
    /// them meanwhile.
    pub(super) unsafe fn new(at: *mut u8, len: usize) -> Self {
        Self { at, len }
    }

    /// How many there are.
    pub(super) fn len(self) -> usize {
        self.len
    }

    /// The `len` bytes from `start` on.
    pub(super) fn part(self, start: usize, len: usize) -> Self {
        let fits = start.checked_add(len).is_some_and(|end| end <= self.len);
        assert!(fits, "parts of shared bytes lie within them");
        Self { at: self.at.wrapping_add(start), len }
    }

    /// How many bytes come before the first whole word.
    fn head(self) -> usize {
        (self.at.addr().wrapping_neg() % WORD).min(self.len)
    }

    fn byte(&self, at: usize) -> &AtomicU8 {
        debug_assert!(at < self.len, "inside");
        let byte = self.at.wrapping_add(at);
        // SAFETY: mapped (contract of `new`), and used by atomic accesses alone in Rust; what wasm
        // does meanwhile are loads and stores of the machine.
        unsafe { AtomicU8::from_ptr(byte) }
    }

    fn word(&self, at: usize) -> &AtomicU64 {
        debug_assert!(at + WORD <= self.len, "inside");
        let word = self.at.wrapping_add(at);
        debug_assert!(word.addr().is_multiple_of(WORD), "aligned");
        // SAFETY: as for `byte`; callers add multiples of a word to `head`, which is aligned.
        unsafe { AtomicU64::from_ptr(word.cast()) }
    }

    /// Copies all of them to `to`, which is as long.
    pub(super) fn read(self, to: &mut [u8]) {
        assert_eq!(self.len, to.len(), "a copy is as long as what is copied");
        let (first, rest) = to.split_at_mut(self.head());
        let (words, last) = rest.as_chunks_mut::<WORD>();
        let (start, end) = (first.len(), self.len - last.len());
        // Relaxed, and below: a guest that wants order uses atomic operators around its calls.
        for (at, byte) in first.iter_mut().enumerate() {
            *byte = self.byte(at).load(Ordering::Relaxed);
        }
        for (word, at) in words.iter_mut().zip((start..).step_by(WORD)) {
            // Relaxed: as above.
            *word = self.word(at).load(Ordering::Relaxed).to_ne_bytes();
        }
        for (byte, at) in last.iter_mut().zip(end..) {
            // Relaxed: as above.
            *byte = self.byte(at).load(Ordering::Relaxed);
        }
    }

    /// Copies `from`, which is as long, to all of them.
    pub(super) fn write(self, from: &[u8]) {
        assert_eq!(self.len, from.len(), "a copy is as long as what is copied");
        let (first, rest) = from.split_at(self.head());
        let (words, last) = rest.as_chunks::<WORD>();
        let (start, end) = (first.len(), self.len - last.len());
        // Relaxed, and below: as in `read`.
        for (at, &byte) in first.iter().enumerate() {
            self.byte(at).store(byte, Ordering::Relaxed);
        }
        for (&word, at) in words.iter().zip((start..).step_by(WORD)) {
            // Relaxed: as in `read`.
            self.word(at).store(u64::from_ne_bytes(word), Ordering::Relaxed);
        }
        for (&byte, at) in last.iter().zip(end..) {
            // Relaxed: as in `read`.
            self.byte(at).store(byte, Ordering::Relaxed);
        }
    }
}
