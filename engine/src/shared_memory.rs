//! [`SharedMemory`]: a linear memory that several stores and threads use at once.
//!
//! Invariant: the bytes are never lent out as a slice of Rust: they are copied, or handed out as
//! cells about which the embedder answers for itself.

use core::cell::UnsafeCell;
use core::fmt;
use std::sync::Arc;
use std::time::Duration;

use wasmtier_ops::Trap;
use wasmtier_vm::MemoryType;

use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::memory::{MemoryAccessError, check_type};
use crate::runtime::shared_object::SharedObject;

/// A linear memory that several stores, on several threads, use at once.
///
/// It belongs to no store. A handle may be cloned, sent and kept freely; the memory lives as long
/// as one of them, or a store that has it. Its bytes never move, and it never shrinks.
///
/// ```
/// use wasmtier::{Engine, Linker, MemoryType, Module, SharedMemory, Store};
///
/// # fn main() -> Result<(), wasmtier::Error> {
/// // (module
/// //   (import "env" "memory" (memory 1 1 shared))
/// //   (func (export "count") (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))))
/// let wasm = b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\
///     \x02\x10\x01\x03env\x06memory\x02\x03\x01\x01\x03\x02\x01\0\x07\x09\x01\x05count\0\0\
///     \x0a\x0d\x01\x0b\0\x41\0\x41\x01\xfe\x1e\x02\0\x1a\x0b";
/// let engine = Engine::default();
/// let module = Module::new(&engine, wasm)?;
/// let memory = SharedMemory::new(&engine, MemoryType::shared(1, 1))?;
/// std::thread::scope(|scope| {
///     for _ in 0..4 {
///         scope.spawn(|| -> Result<(), wasmtier::Error> {
///             let mut store = Store::new(&engine, ());
///             let mut linker = Linker::new(&engine);
///             linker.define(&store, "env", "memory", memory.clone())?;
///             let instance = linker.instantiate(&mut store, &module)?;
///             instance.get_typed_func::<(), ()>(&mut store, "count")?.call(&mut store, ())
///         });
///     }
/// });
/// let mut count = [0; 4];
/// memory.read(0, &mut count)?;
/// assert_eq!(u32::from_le_bytes(count), 4);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct SharedMemory {
    engine: Engine,
    object: Arc<SharedObject>,
}

impl SharedMemory {
    /// A memory of the minimum size of `ty`, zero.
    ///
    /// # Errors
    ///
    /// When the type is impossible, not shared or without a maximum, or the system has no room.
    pub fn new(engine: &Engine, ty: MemoryType) -> Result<Self> {
        if !ty.shared {
            return Err(Error::msg("invalid memory type: not that of a shared memory"));
        }
        check_type(&ty)?;
        let object = SharedObject::new(ty, &engine.config().memory_config())?;
        Ok(Self::from_object(engine, Arc::new(object)))
    }

    pub(crate) fn from_object(engine: &Engine, object: Arc<SharedObject>) -> Self {
        Self { engine: engine.clone(), object }
    }

    pub(crate) fn object(&self) -> &Arc<SharedObject> {
        &self.object
    }

    /// The engine it was made for: stores of others cannot use it.
    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The type it was made with: `minimum` is the size at the beginning.
    #[must_use]
    pub fn ty(&self) -> MemoryType {
        self.object.ty()
    }

    /// Its present size in pages.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.object.pages()
    }

    /// The size of its pages in bytes.
    #[must_use]
    pub fn page_size(&self) -> u64 {
        self.ty().page_size()
    }

    /// Its present size in bytes. Another thread may grow it at any time.
    #[must_use]
    pub fn data_size(&self) -> usize {
        self.object.byte_len()
    }

    /// Its bytes, as many as there are now.
    ///
    /// Whoever reads or writes through the cells must do so in ways that allow for other threads
    /// doing the same, which in Rust means atomic accesses. [`SharedMemory::read`] and
    /// [`SharedMemory::write`] do.
    #[must_use]
    pub fn data(&self) -> &[UnsafeCell<u8>] {
        self.object.cells()
    }

    /// Copies the bytes from `offset` on into `buffer`.
    ///
    /// The copy as a whole is not atomic: what other threads write meanwhile may be in it in part.
    ///
    /// # Errors
    ///
    /// [`MemoryAccessError`] when that leaves the memory; `buffer` is unchanged.
    pub fn read(&self, offset: usize, buffer: &mut [u8]) -> Result<(), MemoryAccessError> {
        let len = buffer.len();
        self.object.read(offset, buffer).ok_or_else(|| self.access_error(offset, len))
    }

    /// Copies `buffer` to the bytes from `offset` on.
    ///
    /// The copy as a whole is not atomic: other threads may see it in part.
    ///
    /// # Errors
    ///
    /// [`MemoryAccessError`] when that leaves the memory, which is unchanged.
    pub fn write(&self, offset: usize, buffer: &[u8]) -> Result<(), MemoryAccessError> {
        self.object.write(offset, buffer).ok_or_else(|| self.access_error(offset, buffer.len()))
    }

    fn access_error(&self, offset: usize, len: usize) -> MemoryAccessError {
        MemoryAccessError::new(offset, len, self.data_size())
    }

    /// Adds `delta` zeroed pages and returns how many there were. All stores that have it see them
    /// at once. No store's limiter is asked.
    ///
    /// # Errors
    ///
    /// When its type or the system does not allow it; it is unchanged.
    pub fn grow(&self, delta: u64) -> Result<u64> {
        self.object.grow(delta).ok_or_else(|| {
            let pages = self.size();
            Error::msg(format!("failed to grow memory of {pages} pages by {delta}"))
        })
    }

    /// `memory.atomic.notify`: wakes up to `count` of the threads that wait at address `addr`, in
    /// the order in which they came, and returns how many.
    ///
    /// # Errors
    ///
    /// [`Trap::HeapMisaligned`] unless the address is a multiple of 4, and
    /// [`Trap::MemoryOutOfBounds`].
    pub fn atomic_notify(&self, addr: u64, count: u32) -> Result<u32, Trap> {
        self.object.notify(addr, count)
    }

    /// `memory.atomic.wait32`: if there are the 32 bits `expected` at address `addr`, waits to be
    /// woken, without end if there is no `timeout`.
    ///
    /// # Errors
    ///
    /// [`Trap::HeapMisaligned`] unless the address is a multiple of 4, and
    /// [`Trap::MemoryOutOfBounds`].
    pub fn atomic_wait32(
        &self,
        addr: u64,
        expected: u32,
        timeout: Option<Duration>,
    ) -> Result<WaitResult, Trap> {
        self.object.wait32(addr, expected, timeout)
    }

    /// `memory.atomic.wait64`: if there are the 64 bits `expected` at address `addr`, waits to be
    /// woken, without end if there is no `timeout`.
    ///
    /// # Errors
    ///
    /// [`Trap::HeapMisaligned`] unless the address is a multiple of 8, and
    /// [`Trap::MemoryOutOfBounds`].
    pub fn atomic_wait64(
        &self,
        addr: u64,
        expected: u64,
        timeout: Option<Duration>,
    ) -> Result<WaitResult, Trap> {
        self.object.wait64(addr, expected, timeout)
    }
}

impl fmt::Debug for SharedMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (ty, size) = (self.ty(), self.size());
        f.debug_struct("SharedMemory").field("ty", &ty).field("size", &size).finish()
    }
}

/// How waiting at an address of a [`SharedMemory`] ended. The numbers are what wasm sees.
///
/// ```
/// use std::time::Duration;
/// use wasmtier::{Engine, MemoryType, SharedMemory, WaitResult};
/// let memory = SharedMemory::new(&Engine::default(), MemoryType::shared(1, 1))?;
/// assert_eq!(memory.atomic_wait32(0, 7, None)?, WaitResult::Mismatch);
/// let timeout = Some(Duration::from_nanos(1));
/// assert_eq!(memory.atomic_wait32(0, 0, timeout)?, WaitResult::TimedOut);
/// # Ok::<(), wasmtier::Error>(())
/// ```
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
#[repr(u32)]
pub enum WaitResult {
    /// Another thread woke this one.
    Ok = 0,
    /// There was another value than the expected one. Nothing was waited for.
    Mismatch = 1,
    /// Nobody woke this thread before the timeout.
    TimedOut = 2,
}
