//! [`FuncKey`]: the name of every function-like thing in metadata, images, profiles, backtraces.
//!
//! What lives here: the name alone. What does not: where the named thing is kept.
//! Invariant: every kind is dense (adapters and thunks are per *signature*, never per function),
//! so that `directory[kind].base + index` finds any of them without a search.

use core::fmt;

/// The kind of a function-like thing.
#[derive(Copy, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
#[repr(u8)]
pub enum FuncKeyKind {
    /// A function body of the module; the index counts defined functions.
    Wasm = 0,
    /// Host to wasm entry; the index is that of a signature.
    EntryThunk = 1,
    /// Wasm to host exit; the index is that of a signature.
    HostThunk = 2,
    /// A runtime routine; the index is that of [`crate::Builtin`].
    Builtin = 3,
    /// Between slot and register calling conventions; the index is that of a signature.
    Adapter = 4,
}

impl FuncKeyKind {
    /// Every kind, in the order of its number.
    pub const ALL: [Self; 5] =
        [Self::Wasm, Self::EntryThunk, Self::HostThunk, Self::Builtin, Self::Adapter];
}

/// The name of a function-like thing: 4 bits of kind, 28 bits of index.
#[derive(Copy, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(transparent)]
pub struct FuncKey(u32);

impl FuncKey {
    /// The largest index of a kind.
    pub const MAX_INDEX: u32 = (1 << 28) - 1;

    /// Names the thing of `kind` at `index`.
    ///
    /// # Panics
    ///
    /// When `index` exceeds [`FuncKey::MAX_INDEX`]; validated modules hold at most a million
    /// functions.
    #[must_use]
    pub const fn new(kind: FuncKeyKind, index: u32) -> Self {
        assert!(index <= Self::MAX_INDEX, "a FuncKey index has 28 bits");
        Self((kind as u32) << 28 | index)
    }

    /// The kind of the named thing.
    #[must_use]
    pub const fn kind(self) -> FuncKeyKind {
        FuncKeyKind::ALL[(self.0 >> 28) as usize]
    }

    /// The index within its kind.
    #[must_use]
    pub const fn index(self) -> u32 {
        self.0 & Self::MAX_INDEX
    }
}

impl fmt::Debug for FuncKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}({})", self.kind(), self.index())
    }
}
