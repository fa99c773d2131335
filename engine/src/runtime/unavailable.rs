//! [`Unavailable`]: why a host cannot run machine code.
//!
//! Invariant: each text says what is missing, to be put behind what was wanted.

use std::fmt;

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
use super::code_memory::CodeMemoryError;

/// Why there is no native world here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unavailable {
    /// Another processor, or another system.
    #[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
    Host,
    /// The processor lacks instructions that all code may use.
    #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
    Processor,
    /// Code cannot be had.
    #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
    Code(CodeMemoryError),
}

impl fmt::Display for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            #[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
            Self::Host => f.write_str("machine code is made for x86-64 Linux only"),
            #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
            Self::Processor => f.write_str("the processor has no SSE4.1"),
            #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
            Self::Code(error) => error.fmt(f),
        }
    }
}
