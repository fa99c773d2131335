//! Memory for machine code: allocated for an owner, written once, published, freed.
//!
//! What lives here: the interface of the back-ends. Below it, `region` says who has which
//! addresses, `chunk` maps memory at them, `process` notices forks. What does not: what code
//! means, and how anybody finds it (`code_range` does for the fault handler).
//!
//! There is one [`CodeMemory`] per engine: engines share no code, an embedder that drops one gets
//! everything back, and what an engine may use of the address space is bounded. All of its code
//! lies within one reservation, so a 32-bit displacement reaches from any of it to any other, and
//! an unsigned 32-bit offset from [`CodeMemory::base`] names each instruction.
//!
//! The invariants: no address is ever both writable and executable, the access rights of a page
//! never change, and a byte that was published is never written again, not even after its code was
//! freed. Memory comes from the system in chunks of one owner each, and goes back to it by the
//! chunk, when the last code of the chunk is dropped; addresses that are used again have new
//! memory behind them.
//!
//! That is also what makes forks harmless. Both processes see the same chunks, but neither writes
//! to a byte that the other one has code in: the parent because of the invariant, the child
//! because it writes to no inherited chunk at all. It maps its own, in the same reservation, and
//! waits for no lock that a thread of the parent may have held.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use super::code_range::{Registration, TrapSite, register};
use super::mmap::MapError;
use chunk::Chunk;
use region::Region;

mod chunk;
mod process;
mod region;

/// Why there is no memory for code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CodeMemoryError {
    /// The system refuses executable memory, or any memory.
    Refused(MapError),
    /// All addresses that were set aside for the code of this engine are in use.
    Exhausted,
    /// The memory was allocated by the process from which this one was forked.
    Forked,
}

impl fmt::Display for CodeMemoryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(error) => write!(f, "no executable memory: {error}"),
            Self::Exhausted => f.write_str("the engine's memory for machine code is used up"),
            Self::Forked => f.write_str("memory for machine code of the process forked from"),
        }
    }
}

impl std::error::Error for CodeMemoryError {}

impl From<MapError> for CodeMemoryError {
    fn from(error: MapError) -> Self {
        Self::Refused(error)
    }
}

/// What the first byte of a piece of code is aligned to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Alignment {
    /// 16 bytes.
    Function,
    /// 32 bytes.
    Handler,
}

impl Alignment {
    /// The alignment in bytes, a power of two.
    pub(crate) fn bytes(self) -> usize {
        match self {
            Self::Function => 16,
            Self::Handler => 32,
        }
    }
}

/// All memory for machine code of an engine. Clones mean the same memory.
#[derive(Clone, Debug)]
pub(crate) struct CodeMemory {
    region: Arc<Region>,
}

impl CodeMemory {
    /// Sets aside `len` bytes of address space. Whether the system lets code be run there is found
    /// out when the first is allocated.
    ///
    /// Every displacement between two pieces fits in 32 bits with sign if `len` is at most 2 GiB.
    ///
    /// # Errors
    /// When the system does not give address space.
    pub(crate) fn new(len: usize) -> Result<Self, CodeMemoryError> {
        Ok(Self { region: Arc::new(Region::new(len)?) })
    }

    /// The lowest address that code may have: the same for the life of the engine.
    pub(crate) fn base(&self) -> *const u8 {
        self.region.addresses().base()
    }

    /// Somebody whose code is freed together: a module, or the engine itself.
    pub(crate) fn owner(&self) -> CodeOwner {
        CodeOwner { id: self.region.new_owner(), region: self.region.clone() }
    }
}

/// Who allocates code. Dropping it frees no code: each [`Code`] keeps its own memory.
#[derive(Debug)]
pub(crate) struct CodeOwner {
    region: Arc<Region>,
    id: u64,
}

impl CodeOwner {
    /// Allocates `len` bytes for one piece of code, at an address that holds from now on.
    ///
    /// Rounded up to the alignment. Any number of threads may allocate at the same time.
    ///
    /// # Errors
    /// When the system refuses more memory, or the addresses of the engine are used up.
    pub(crate) fn allocate(
        &self,
        len: usize,
        alignment: Alignment,
    ) -> Result<Draft, CodeMemoryError> {
        let (chunk, range) = self.region.allocate(self.id, len, alignment.bytes())?;
        Ok(Draft { chunk, range })
    }
}

impl Drop for CodeOwner {
    fn drop(&mut self) {
        self.region.forget_owner(self.id);
    }
}

/// Memory that is allocated, and where nobody runs yet. What it takes is lost to its chunk when
/// the draft is dropped.
#[derive(Debug)]
pub(crate) struct Draft {
    chunk: Arc<Chunk>,
    /// In bytes from the start of the chunk.
    range: Range<usize>,
}

impl Draft {
    /// The address at which the code will run.
    pub(crate) fn start(&self) -> *const u8 {
        self.chunk.start().wrapping_add(self.range.start)
    }

    /// How many bytes there is room for.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.range.len()
    }

    /// Writes the code, and makes faults at `sites`, which are offsets into it, traps.
    ///
    /// What is left behind `bytes` is filled with breakpoints. The code can be run as soon as this
    /// returns: by this thread, and by those that learn of it through a release store.
    ///
    /// No processor needs to be told: none has run these bytes before, and where other code had the
    /// same addresses, unmapping it interrupted every processor that ran the program.
    ///
    /// # Errors
    /// [`CodeMemoryError::Forked`] when the draft is from the other side of a fork.
    ///
    /// # Panics
    /// When `bytes` is longer than the draft, or a site lies behind it.
    ///
    /// # Safety
    /// * The code is entered through [`super::activation::NativeActivation::call`] only, and no
    ///   frame between one of its sites and that call owns a destructor.
    /// * It is dropped only when nobody runs it, or will.
    pub(crate) unsafe fn publish(
        self,
        bytes: &[u8],
        sites: Vec<TrapSite>,
    ) -> Result<Code, CodeMemoryError> {
        assert!(bytes.len() <= self.range.len(), "code that is longer than what was allocated");
        let start = self.start().addr();
        let addresses = start..start + self.range.len();
        // SAFETY: the range was allocated once, and only a published draft is run.
        if !unsafe { self.chunk.write(self.range, bytes) } {
            return Err(CodeMemoryError::Forked);
        }
        // SAFETY: the caller's; the chunk outlives the registration.
        let registration = unsafe { register(addresses.clone(), sites) };
        Ok(Code { _registration: Some(registration), chunk: self.chunk, addresses })
    }

    /// As [`Draft::publish`], for an owner that publishes many small pieces: the instructions at
    /// `accesses`, which are offsets into the code, access guest memory. The whole chunk counts as
    /// code, so that a piece costs no list of all pieces.
    ///
    /// # Errors
    /// As [`Draft::publish`].
    ///
    /// # Panics
    /// As [`Draft::publish`].
    ///
    /// # Safety
    /// As for [`Draft::publish`], and nothing of this owner is published by that.
    pub(crate) unsafe fn publish_handlers(
        self,
        bytes: &[u8],
        accesses: &[u32],
    ) -> Result<Code, CodeMemoryError> {
        assert!(bytes.len() <= self.range.len(), "code that is longer than what was allocated");
        let start = self.start().addr();
        let addresses = start..start + self.range.len();
        let from = self.range.start;
        // SAFETY: the range was allocated once, and only a published draft is run.
        if !unsafe { self.chunk.write(self.range, bytes) } {
            return Err(CodeMemoryError::Forked);
        }
        // SAFETY: the caller's.
        let known = unsafe { self.chunk.accesses() };
        for &offset in accesses {
            assert!((offset as usize) < bytes.len(), "a trap site outside of its code");
            known.insert(from + offset as usize);
        }
        Ok(Code { _registration: None, chunk: self.chunk, addresses })
    }
}

/// A piece of code that can be run, and never changes. Freed when it is dropped.
#[derive(Debug)]
pub(crate) struct Code {
    // Fields are dropped in this order: first nobody takes the addresses for code any more.
    /// Its own, unless the chunk is registered as a whole.
    _registration: Option<Registration>,
    chunk: Arc<Chunk>,
    addresses: Range<usize>,
}

impl Code {
    /// The first instruction.
    pub(crate) fn start(&self) -> *const u8 {
        let offset = self.addresses.start - self.chunk.start().addr();
        self.chunk.start().wrapping_add(offset)
    }

    /// Where the code is, with the breakpoints behind it.
    pub(crate) fn addresses(&self) -> Range<usize> {
        self.addresses.clone()
    }

    /// How far the first instruction is from [`CodeMemory::base`].
    pub(crate) fn offset(&self) -> usize {
        self.addresses.start - self.chunk.region().addresses().base().addr()
    }
}

#[cfg(test)]
mod tests;
