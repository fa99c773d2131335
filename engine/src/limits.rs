//! Limits on what a store may hold: [`ResourceLimiter`], and the ready-made [`StoreLimits`].
//!
//! What lives here: the questions the runtime asks and one set of answers. What does not: the
//! asking (tables, memories and instantiation do that) and limits on time or stack depth
//! ([`Config`](crate::Config)).
//!
//! Invariant: a limiter only ever refuses. What it allows may still fail for want of memory, and
//! then it is told so.

use crate::{Error, Result};

/// How many instances a store may hold when nobody says otherwise.
pub const DEFAULT_INSTANCE_LIMIT: usize = 10_000;
/// How many tables a store may hold when nobody says otherwise.
pub const DEFAULT_TABLE_LIMIT: usize = 10_000;
/// How many memories a store may hold when nobody says otherwise.
pub const DEFAULT_MEMORY_LIMIT: usize = 10_000;

/// Decides whether a store may take more memory, tables or instances.
///
/// Installed with [`Store::limiter`](crate::Store::limiter). It is asked before every growth by
/// `memory.grow`, `table.grow`, [`Memory::grow`](crate::Memory::grow) and
/// [`Table::grow`](crate::Table::grow), and once for each memory and table that is created (with
/// `current` 0). When another thread grows a shared memory at the same time, it may be asked again
/// about the new size. The counts are read before an instantiation allocates anything.
///
/// A refusal (`Ok(false)`) makes the wasm operator return -1, as the specification lets it at any
/// time (section 4.6, `memory.grow`); an `Err` leaves wasm with that error.
///
/// ```
/// use wasmtier::{Engine, Error, Memory, MemoryType, ResourceLimiter, Store};
///
/// /// Allows a fixed number of bytes over all memories of the store.
/// struct Budget {
///     left: usize,
/// }
///
/// impl ResourceLimiter for Budget {
///     fn memory_growing(
///         &mut self,
///         current: usize,
///         desired: usize,
///         _maximum: Option<usize>,
///     ) -> Result<bool, Error> {
///         let Some(left) = self.left.checked_sub(desired - current) else { return Ok(false) };
///         self.left = left;
///         Ok(true)
///     }
///
///     fn table_growing(
///         &mut self,
///         _current: usize,
///         _desired: usize,
///         _maximum: Option<usize>,
///     ) -> Result<bool, Error> {
///         Ok(true)
///     }
/// }
///
/// # fn main() -> Result<(), Error> {
/// let mut store = Store::new(&Engine::default(), Budget { left: 3 << 16 });
/// store.limiter(|budget| budget);
/// let ty = MemoryType {
///     memory64: false,
///     shared: false,
///     minimum: 1,
///     maximum: None,
///     page_size_log2: 16,
/// };
/// let memory = Memory::new(&mut store, ty)?;
/// assert_eq!(memory.grow(&mut store, 2)?, 1);
/// assert!(memory.grow(&mut store, 1).is_err());
/// # Ok(())
/// # }
/// ```
pub trait ResourceLimiter: Send {
    /// Whether a memory may grow from `current` to `desired` bytes.
    ///
    /// `maximum` is the limit its type declares, in bytes; `None` when it declares none. `desired`
    /// may exceed `maximum`: such a growth fails whatever the answer is.
    ///
    /// # Errors
    ///
    /// An error is not turned into -1: it leaves wasm and reaches the embedder.
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool>;

    /// Told that a growth which [`ResourceLimiter::memory_growing`] allowed has failed.
    ///
    /// # Errors
    ///
    /// An error leaves wasm; by default there is none, and wasm sees -1.
    fn memory_grow_failed(&mut self, error: Error) -> Result<()> {
        drop(error);
        Ok(())
    }

    /// Whether a table may grow from `current` to `desired` elements.
    ///
    /// `maximum` is the limit its type declares; see [`ResourceLimiter::memory_growing`].
    ///
    /// # Errors
    ///
    /// An error is not turned into -1: it leaves wasm and reaches the embedder.
    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool>;

    /// Told that a growth which [`ResourceLimiter::table_growing`] allowed has failed.
    ///
    /// # Errors
    ///
    /// An error leaves wasm; by default there is none, and wasm sees -1.
    fn table_grow_failed(&mut self, error: Error) -> Result<()> {
        drop(error);
        Ok(())
    }

    /// How many instances the store may hold, over its whole life.
    fn instances(&self) -> usize {
        DEFAULT_INSTANCE_LIMIT
    }

    /// How many tables the store may hold, over its whole life.
    fn tables(&self) -> usize {
        DEFAULT_TABLE_LIMIT
    }

    /// How many memories the store may hold, over its whole life.
    fn memories(&self) -> usize {
        DEFAULT_MEMORY_LIMIT
    }
}

/// A [`ResourceLimiter`] with a fixed limit for each resource. Built by [`StoreLimitsBuilder`].
///
/// The default limits nothing but the counts, at 10,000 each.
///
/// ```
/// use wasmtier::{Engine, Memory, MemoryType, Store, StoreLimits, StoreLimitsBuilder};
///
/// struct State {
///     limits: StoreLimits,
/// }
///
/// # fn main() -> Result<(), wasmtier::Error> {
/// let limits = StoreLimitsBuilder::new().memory_size(1 << 16).build();
/// let mut store = Store::new(&Engine::default(), State { limits });
/// store.limiter(|state| &mut state.limits);
/// let ty = MemoryType {
///     memory64: false,
///     shared: false,
///     minimum: 2,
///     maximum: None,
///     page_size_log2: 16,
/// };
/// assert!(Memory::new(&mut store, ty).is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct StoreLimits {
    memory_size: Option<usize>,
    table_elements: Option<usize>,
    instances: usize,
    tables: usize,
    memories: usize,
    trap_on_grow_failure: bool,
}

impl Default for StoreLimits {
    fn default() -> Self {
        Self {
            memory_size: None,
            table_elements: None,
            instances: DEFAULT_INSTANCE_LIMIT,
            tables: DEFAULT_TABLE_LIMIT,
            memories: DEFAULT_MEMORY_LIMIT,
            trap_on_grow_failure: false,
        }
    }
}

impl StoreLimits {
    /// The answer to a growth to `desired` under `limit`.
    fn answer(&self, what: &str, desired: usize, limit: Option<usize>) -> Result<bool> {
        let allowed = limit.is_none_or(|limit| desired <= limit);
        if !allowed && self.trap_on_grow_failure {
            return Err(Error::msg(format!("forcing trap when growing {what} to {desired}")));
        }
        Ok(allowed)
    }

    fn failed(&self, what: &str, error: Error) -> Result<()> {
        if self.trap_on_grow_failure {
            return Err(error.context(format!("forcing a {what} growth failure to be a trap")));
        }
        Ok(())
    }
}

impl ResourceLimiter for StoreLimits {
    fn memory_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> Result<bool> {
        self.answer("memory", desired, self.memory_size)
    }

    fn memory_grow_failed(&mut self, error: Error) -> Result<()> {
        self.failed("memory", error)
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> Result<bool> {
        self.answer("table", desired, self.table_elements)
    }

    fn table_grow_failed(&mut self, error: Error) -> Result<()> {
        self.failed("table", error)
    }

    fn instances(&self) -> usize {
        self.instances
    }

    fn tables(&self) -> usize {
        self.tables
    }

    fn memories(&self) -> usize {
        self.memories
    }
}

/// Builds [`StoreLimits`].
///
/// ```
/// use wasmtier::StoreLimitsBuilder;
///
/// let limits = StoreLimitsBuilder::new()
///     .memory_size(16 << 20)
///     .table_elements(10_000)
///     .instances(1)
///     .trap_on_grow_failure(true)
///     .build();
/// # drop(limits);
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct StoreLimitsBuilder(StoreLimits);

impl StoreLimitsBuilder {
    /// Starts from [`StoreLimits::default`].
    pub fn new() -> Self {
        Self::default()
    }

    /// The size each memory may reach, in bytes. No limit by default.
    pub fn memory_size(mut self, limit: usize) -> Self {
        self.0.memory_size = Some(limit);
        self
    }

    /// The size each table may reach, in elements. No limit by default.
    pub fn table_elements(mut self, limit: usize) -> Self {
        self.0.table_elements = Some(limit);
        self
    }

    /// How many instances the store may hold over its whole life. 10,000 by default.
    pub fn instances(mut self, limit: usize) -> Self {
        self.0.instances = limit;
        self
    }

    /// How many tables the store may hold over its whole life. 10,000 by default.
    pub fn tables(mut self, limit: usize) -> Self {
        self.0.tables = limit;
        self
    }

    /// How many memories the store may hold over its whole life. 10,000 by default.
    pub fn memories(mut self, limit: usize) -> Self {
        self.0.memories = limit;
        self
    }

    /// Whether a growth that is refused or fails leaves wasm with an error, where the operator
    /// would return -1. Off by default.
    pub fn trap_on_grow_failure(mut self, trap: bool) -> Self {
        self.0.trap_on_grow_failure = trap;
        self
    }

    /// The limits.
    #[must_use]
    pub fn build(self) -> StoreLimits {
        self.0
    }
}
