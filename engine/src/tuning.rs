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

/// Most sets of translator buffers that an engine keeps while nobody translates.
pub(crate) const IDLE_SCRATCHES: usize = 8;
