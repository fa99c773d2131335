//! [`Refusal`]: what could not be proven.
//!
//! Invariant: it names the instruction.

use std::fmt;

/// Why code was refused.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refusal {
    /// Bytes from the begin of the code to the instruction.
    pub offset: u32,
    /// The instruction.
    pub instruction: String,
    /// What could not be proven of it.
    pub reason: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at {:#x}, `{}`: {}", self.offset, self.instruction, self.reason)
    }
}

impl std::error::Error for Refusal {}

/// What is refused of the instruction at hand.
pub(crate) type Reason = String;

/// A reason that is always the same.
pub(crate) fn refuse<T>(reason: &str) -> Result<T, Reason> {
    Err(reason.to_owned())
}
