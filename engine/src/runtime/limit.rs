//! How the runtime asks the embedder's [`ResourceLimiter`] without knowing the store's type.
//!
//! Invariant: the hook of a store was made for the type of its data. A limiter that panics leaves
//! the store as it was.

use core::ptr::NonNull;

use super::store::{StoreInner, StoreOpaque};
use crate::error::{Error, Result};
use crate::limits::ResourceLimiter;

/// How a store finds its limiter in the host's data.
pub(crate) type Limiter<T> = Box<dyn (FnMut(&mut T) -> &mut dyn ResourceLimiter) + Send + Sync>;

/// A question to the limiter.
pub(super) enum Request {
    /// May a memory grow? In bytes.
    MemoryGrow(Growth),
    /// A growth it allowed has failed.
    MemoryGrowFailed(Error),
    /// May a table grow? In elements.
    TableGrow(Growth),
    /// A growth it allowed has failed.
    TableGrowFailed(Error),
    /// May there be so many?
    Counts {
        /// Instances of the store.
        instances: usize,
        /// Tables of the store.
        tables: usize,
        /// Memories of the store.
        memories: usize,
    },
}

/// From which size to which.
#[derive(Copy, Clone, Debug)]
pub(super) struct Growth {
    pub(super) current: usize,
    pub(super) desired: usize,
    pub(super) maximum: Option<usize>,
}

/// [`ask`] for some type.
///
/// Unsafe to call: the store is of the type that the hook was made for, and exclusively borrowed.
pub(super) type LimitHook = unsafe fn(NonNull<StoreOpaque>, Request) -> Result<bool>;

/// Asks the limiter of a `StoreInner<T>`.
///
/// # Safety
///
/// `store` points to the head of a live `StoreInner<T>` that nobody else borrows.
pub(super) unsafe fn ask<T: 'static>(
    store: NonNull<StoreOpaque>,
    request: Request,
) -> Result<bool> {
    // SAFETY: caller's contract.
    let store = unsafe { store.cast::<StoreInner<T>>().as_mut() };
    let Some(limiter) = &mut store.limiter else { return Ok(true) };
    let limiter = limiter(&mut store.data);
    match request {
        Request::MemoryGrow(Growth { current, desired, maximum }) => {
            limiter.memory_growing(current, desired, maximum)
        }
        Request::MemoryGrowFailed(error) => limiter.memory_grow_failed(error).map(|()| false),
        Request::TableGrow(Growth { current, desired, maximum }) => {
            limiter.table_growing(current, desired, maximum)
        }
        Request::TableGrowFailed(error) => limiter.table_grow_failed(error).map(|()| false),
        Request::Counts { instances, tables, memories } => Ok(instances <= limiter.instances()
            && tables <= limiter.tables()
            && memories <= limiter.memories()),
    }
}
