//! Every threshold and size that changes speed or memory use but never a result.
//!
//! Invariant: setting any of these to any value in its documented range leaves every result, trap
//! and error as it is.

/// Bytes of code section from which function bodies are validated on several threads. Starting a
/// thread costs about as much as validating 10 KiB.
pub(crate) const PARALLEL_VALIDATION_BYTES: usize = 128 * 1024;

/// Bytes of function bodies that a validating thread takes at a time: small enough that threads
/// end together, large enough that taking is rare.
pub(crate) const VALIDATION_BATCH_BYTES: usize = 32 * 1024;

/// Most threads that validate one module, whatever the host offers.
pub(crate) const MAX_VALIDATION_THREADS: usize = 8;

/// Bytes of function bodies from which they are compiled on several threads.
pub(crate) const PARALLEL_COMPILE_BYTES: usize = 16 * 1024;

/// Bytes of function bodies that a compiling thread takes at a time.
pub(crate) const COMPILE_BATCH_BYTES: usize = 8 * 1024;

/// Most threads that compile one module, whatever the host offers.
pub(crate) const MAX_COMPILE_THREADS: usize = 16;

/// Most sets of translator buffers that an engine keeps while nobody translates.
pub(crate) const IDLE_SCRATCHES: usize = 8;

/// Slots up to which a table is filled at instantiation; larger ones are filled when used.
pub(crate) const EAGER_TABLE_SLOTS: u32 = 4096;

/// Element segments that may wait until blocks of a larger table are filled; others are written at
/// once. Filling a block looks at each segment that waits.
pub(crate) const MAX_PENDING_SEGMENTS: usize = 1024;

/// Slots of a larger table that are filled together: a host page of them.
pub(crate) const TABLE_BLOCK_SLOTS: u32 = 1024;

/// Funcref records of an instance up to which all are written at instantiation.
pub(crate) const EAGER_FUNC_RECORDS: u32 = 128;

/// Funcref records of a larger instance that are written together, when one is needed.
pub(crate) const FUNC_RECORD_PAGE: u32 = 128;

/// Turns of a loop after which the threaded interpreter looks whether it is to stop; at least 1.
pub(crate) const LOOP_BUDGET: i32 = 1000;

/// Calls of a function, or turns of its loops counted by [`LOOP_BUDGET`], after which its cells are
/// composed to runs; at least 1. With 1000 short programs are the same (1.005), but one is 1.26.
pub(crate) const COMPOSE_HEAT: i32 = 64;

/// Bytes of address space for the machine code of an engine.
pub(crate) const CODE_MEMORY: usize = 128 << 20;

/// The same where address space is scarce.
pub(crate) const SCARCE_CODE_MEMORY: usize = 16 << 20;

/// Bytes of the first chunk of code memory of an owner, which small programs never fill. It is paid
/// for at once: a microsecond each page.
pub(crate) const MIN_CODE_CHUNK: usize = 16 << 10;

/// Bytes of an owner's later chunks, unless one piece of code needs more. Each is twice as large as
/// the one before, up to this.
pub(crate) const MAX_CODE_CHUNK: usize = 1 << 20;
