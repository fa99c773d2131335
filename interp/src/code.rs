//! [`Code`]: a translated function, and why a translation can fail.
//!
//! Invariant: a `Code` is complete, and what it does never changes; its first words are the header,
//! then cells.

use core::fmt;
use core::sync::atomic::{AtomicU32, Ordering};

/// A function translated to the IR, ready for a back-end to run.
pub struct Code {
    words: Box<[AtomicU32]>,
    slot_entry: Option<u32>,
}

impl Code {
    /// Code for the portable back-end, or linked code that begins at `slot_entry`.
    pub(crate) fn new(words: &[u32], slot_entry: Option<u32>) -> Self {
        Self { words: words.iter().map(|word| AtomicU32::new(*word)).collect(), slot_entry }
    }

    /// Where a call of the function begins, from the base of the code memory, for
    /// [`wasmtier_vm::FuncEntry::slot_entry`]. `None` in the portable world.
    #[must_use]
    pub fn slot_entry(&self) -> Option<u32> {
        self.slot_entry
    }

    /// Where the code starts, for [`wasmtier_vm::FuncEntry::publish_ir`]. Valid until `self` drops.
    #[must_use]
    pub fn as_ptr(&self) -> *mut u8 {
        self.words.as_ptr().cast::<u8>().cast_mut()
    }

    /// Length in bytes, header included.
    #[must_use]
    pub fn byte_len(&self) -> usize {
        size_of_val(&*self.words)
    }

    /// The words, which composition may replace handlers among.
    pub(crate) fn words(&self) -> &[AtomicU32] {
        &self.words
    }

    /// The words as they are now.
    pub(crate) fn snapshot(&self) -> Vec<u32> {
        // Relaxed: the others do not change, and what a handler's word says it says alone.
        self.words.iter().map(|word| word.load(Ordering::Relaxed)).collect()
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Code").field("byte_len", &self.byte_len()).finish_non_exhaustive()
    }
}

/// Why a function could not be translated.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum TranslateError {
    /// Parameters, locals and operands together take more slots than a cell can address.
    TooManySlots {
        /// How many slots a frame may have.
        limit: u32,
    },
    /// The code is longer than any sensible function's.
    TooLong {
        /// How many bytes the code of a function may have.
        limit: u32,
    },
    /// The function uses an operator this version cannot run.
    Unsupported {
        /// The proposal the operator comes from.
        proposal: &'static str,
    },
    /// The system gives no memory for machine code.
    NoCodeMemory,
    /// The bytes are no valid function body; they were not validated.
    Malformed(String),
}

impl fmt::Display for TranslateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooManySlots { limit } => write!(
                f,
                "function too large: its parameters, locals and operands take over {limit} slots"
            ),
            Self::TooLong { limit } => {
                write!(f, "function too large: its translated code takes over {limit} bytes")
            }
            Self::Unsupported { proposal } => {
                write!(f, "operators of the {proposal} proposal are not supported")
            }
            Self::NoCodeMemory => f.write_str("no memory for machine code"),
            Self::Malformed(message) => write!(f, "malformed function body: {message}"),
        }
    }
}

impl core::error::Error for TranslateError {}

impl From<wasmparser::BinaryReaderError> for TranslateError {
    fn from(error: wasmparser::BinaryReaderError) -> Self {
        Self::Malformed(error.to_string())
    }
}
