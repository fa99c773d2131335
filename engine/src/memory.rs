//! [`Memory`]: a linear memory of a store.
//!
//! Invariant: the bytes are borrowed through the store, so that nothing can change or move them
//! while the host looks.

use core::fmt;

use wasmtier_vm::MemoryType;

use crate::error::{Error, Result};
use crate::runtime::grow;
use crate::runtime::memory::index_limit;
use crate::runtime::memory_object::MemoryObject;
use crate::runtime::store::{StoreId, StoreOpaque};
use crate::store::{AsContext, AsContextMut, StoreContext, StoreContextMut};

/// A linear memory of one store. Those of several are [`SharedMemory`](crate::SharedMemory)s.
///
/// A handle, valid with the store it came from. All methods panic when it is used with another.
///
/// ```
/// use wasmtier::{Engine, Memory, MemoryType, Store};
/// let mut store = Store::new(&Engine::default(), ());
/// let ty = MemoryType {
///     memory64: false, shared: false, minimum: 1, maximum: Some(2), page_size_log2: 16,
/// };
/// let memory = Memory::new(&mut store, ty)?;
/// memory.write(&mut store, 3, b"abc")?;
/// assert_eq!(memory.data(&store)[2..7], *b"\0abc\0");
/// assert_eq!(memory.grow(&mut store, 1)?, 1);
/// assert_eq!(memory.data_size(&store), 2 << 16);
/// assert!(memory.grow(&mut store, 1).is_err());
/// # Ok::<(), wasmtier::Error>(())
/// ```
#[derive(Copy, Clone, Debug)]
pub struct Memory {
    store: StoreId,
    index: usize,
}

impl Memory {
    /// A memory of the minimum size of `ty`, zero.
    ///
    /// # Errors
    ///
    /// When the type is impossible or shared, the store's limiter refuses, or the system has no
    /// room.
    pub fn new(mut store: impl AsContextMut, ty: MemoryType) -> Result<Self> {
        if ty.shared {
            return Err(Error::msg("invalid memory type: shared memories are `SharedMemory`s"));
        }
        check_type(&ty)?;
        let mut store = store.as_context_mut().0.erase();
        let index = grow::new_host_memory(&mut store, ty)?;
        Ok(Self::from_index(&store, index))
    }

    pub(crate) fn from_index(store: &StoreOpaque, index: usize) -> Self {
        Self { store: store.id(), index }
    }

    /// Its place in its store.
    #[inline]
    pub(crate) fn index(self, store: &StoreOpaque) -> usize {
        store.check(self.store, "a memory");
        self.index
    }

    fn object(self, store: &StoreOpaque) -> &MemoryObject {
        store.memory(self.index(store))
    }

    /// The type it was made with: `minimum` is the size at the beginning.
    pub fn ty(&self, store: impl AsContext) -> MemoryType {
        self.object(&store.as_context().0.opaque).ty()
    }

    /// Its bytes.
    pub fn data<'a, T: 'static>(&self, store: impl Into<StoreContext<'a, T>>) -> &'a [u8] {
        self.object(&store.into().0.opaque).data()
    }

    /// Its bytes, to change.
    pub fn data_mut<'a, T: 'static>(
        &self,
        store: impl Into<StoreContextMut<'a, T>>,
    ) -> &'a mut [u8] {
        self.data_and_store_mut(store).0
    }

    /// Its bytes to change, and the host's data of the store.
    pub fn data_and_store_mut<'a, T: 'static>(
        &self,
        store: impl Into<StoreContextMut<'a, T>>,
    ) -> (&'a mut [u8], &'a mut T) {
        let store = store.into().0;
        let index = self.index(&store.opaque);
        (store.opaque.memory_mut(index).data_mut(), &mut store.data)
    }

    /// Copies the bytes from `offset` on into `buffer`.
    ///
    /// # Errors
    ///
    /// [`MemoryAccessError`] when that leaves the memory; `buffer` is unchanged.
    pub fn read(
        &self,
        store: impl AsContext,
        offset: usize,
        buffer: &mut [u8],
    ) -> Result<(), MemoryAccessError> {
        let bytes = self.object(&store.as_context().0.opaque).data();
        let error = MemoryAccessError { offset, len: buffer.len(), size: bytes.len() };
        let from = bytes.get(offset..).and_then(|rest| rest.get(..buffer.len())).ok_or(error)?;
        buffer.copy_from_slice(from);
        Ok(())
    }

    /// Copies `buffer` to the bytes from `offset` on.
    ///
    /// # Errors
    ///
    /// [`MemoryAccessError`] when that leaves the memory, which is unchanged.
    pub fn write(
        &self,
        mut store: impl AsContextMut,
        offset: usize,
        buffer: &[u8],
    ) -> Result<(), MemoryAccessError> {
        let mut context = store.as_context_mut();
        let bytes = self.data_mut(&mut context);
        let error = MemoryAccessError { offset, len: buffer.len(), size: bytes.len() };
        let rest = bytes.get_mut(offset..).ok_or(error)?;
        rest.get_mut(..buffer.len()).ok_or(error)?.copy_from_slice(buffer);
        Ok(())
    }

    /// Its size in pages.
    pub fn size(&self, store: impl AsContext) -> u64 {
        self.object(&store.as_context().0.opaque).pages()
    }

    /// Its size in bytes.
    pub fn data_size(&self, store: impl AsContext) -> usize {
        self.object(&store.as_context().0.opaque).byte_len()
    }

    /// The size of its pages in bytes.
    pub fn page_size(&self, store: impl AsContext) -> u64 {
        self.ty(store).page_size()
    }

    /// Adds `delta` zeroed pages and returns how many there were.
    ///
    /// # Errors
    ///
    /// When its type, the store's limiter or the system does not allow it; it is unchanged.
    pub fn grow(&self, mut store: impl AsContextMut, delta: u64) -> Result<u64> {
        let mut store = store.as_context_mut().0.erase();
        let index = self.index(&store);
        let pages = store.memory(index).pages();
        grow::grow_memory(&mut store, index, delta)?
            .ok_or_else(|| Error::msg(format!("failed to grow memory of {pages} pages by {delta}")))
    }
}

/// Whether there can be a memory of type `ty`.
pub(crate) fn check_type(ty: &MemoryType) -> Result<()> {
    let limit = index_limit(ty.memory64, ty.page_size_log2.min(63));
    let problem = if ty.shared && ty.maximum.is_none() {
        "a shared memory must have a maximum size"
    } else if ty.page_size_log2 != 16 && ty.page_size_log2 != 0 {
        "a page has 65536 bytes, or 1"
    } else if ty.maximum.is_some_and(|maximum| maximum < ty.minimum) {
        "the minimum size exceeds the maximum size"
    } else if ty.minimum > limit || ty.maximum.is_some_and(|maximum| maximum > limit) {
        "the size exceeds what an index can reach"
    } else {
        return Ok(());
    };
    Err(Error::msg(format!("invalid memory type: {problem}")))
}

/// An access by the host that leaves a memory.
///
/// ```
/// use wasmtier::{Engine, Memory, MemoryAccessError, MemoryType, Store};
/// let mut store = Store::new(&Engine::default(), ());
/// let ty = MemoryType::new(1, None);
/// let memory = Memory::new(&mut store, ty)?;
/// let error: MemoryAccessError = memory.write(&mut store, 65536, b"!").unwrap_err();
/// assert!(!error.to_string().is_empty());
/// # Ok::<(), wasmtier::Error>(())
/// ```
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct MemoryAccessError {
    offset: usize,
    len: usize,
    size: usize,
}

impl MemoryAccessError {
    /// An access of `len` bytes at `offset` in a memory of `size` bytes.
    pub(crate) fn new(offset: usize, len: usize, size: usize) -> Self {
        Self { offset, len, size }
    }
}

impl fmt::Display for MemoryAccessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { offset, len, size } = self;
        write!(
            f,
            "out of bounds memory access: {len} bytes at {offset:#x} in a memory of {size:#x}"
        )
    }
}

impl core::error::Error for MemoryAccessError {}
