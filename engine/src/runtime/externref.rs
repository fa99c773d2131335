//! [`ExternValues`]: the host values that external references stand for.
//!
//! Invariant: handle `h` names the value at `h - 1` for as long as the store lives; 0 is null.

use core::any::Any;

use super::store::HostValue;

/// The host values of a store.
#[derive(Default)]
pub(crate) struct ExternValues(Vec<HostValue>);

impl ExternValues {
    /// Keeps `value` and returns its handle.
    ///
    /// # Panics
    ///
    /// When there are 2^32 - 1 values.
    pub(crate) fn insert(&mut self, value: HostValue) -> u32 {
        self.0.push(value);
        u32::try_from(self.0.len()).expect("a store holds at most 2^32 - 1 external references")
    }

    /// The value of a handle; `None` for null.
    pub(crate) fn value(&self, handle: u32) -> Option<&(dyn Any + Send + Sync)> {
        self.0.get((handle as usize).checked_sub(1)?).map(|value| &**value)
    }
}
