//! [`Status`]: how a host function or builtin tells running code what to do next.
//!
//! Invariant: one machine word in a register; 0 goes on, anything else leaves wasm.

use wasmtier_ops::Trap;

/// The outcome of a call out of wasm.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
#[repr(transparent)]
#[must_use]
pub struct Status(u32);

impl Status {
    /// Go on behind the call.
    pub const OK: Self = Self(0);
    /// Leave wasm; the reason (an error, a panic) is parked in the store.
    pub const UNWIND: Self = Self(u32::MAX);

    /// Leave wasm with a trap.
    #[inline]
    pub const fn trap(trap: Trap) -> Self {
        Self(trap as u32)
    }

    /// Whether to go on.
    #[inline]
    #[must_use]
    pub const fn is_ok(self) -> bool {
        self.0 == 0
    }

    /// The trap to leave with; `None` when the status is [`Status::OK`] or [`Status::UNWIND`].
    #[must_use]
    pub fn as_trap(self) -> Option<Trap> {
        u8::try_from(self.0).ok().and_then(Trap::from_u8)
    }

    /// The status as the word handlers pass on.
    #[inline]
    #[must_use]
    pub const fn to_bits(self) -> u64 {
        self.0 as u64
    }

    /// The status of a word made by [`Status::to_bits`].
    #[inline]
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits as u32)
    }
}

impl From<Result<(), Trap>> for Status {
    fn from(result: Result<(), Trap>) -> Self {
        match result {
            Ok(()) => Self::OK,
            Err(trap) => Self::trap(trap),
        }
    }
}
