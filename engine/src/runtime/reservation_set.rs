//! [`ReservationSet`]: where a fault of a store's code may be a trap.
//!
//! What lives here: the set. What does not: who reserves (`memory`), and who asks (`activation`).
//! Invariant: it changes only while no code of its store runs on the processor, so that the fault
//! handler, which may interrupt such code alone, sees it whole.

use std::cell::UnsafeCell;
use std::ops::Range;

/// The addresses of one store at which a fault may be a trap: memories and stacks with guards.
///
/// Belongs to the store, which changes it only while none of its machine code runs on the
/// processor: between entries, or in something the code called.
#[derive(Debug, Default)]
pub(crate) struct ReservationSet {
    /// In ascending order, not overlapping. The fault handler reads it.
    ranges: UnsafeCell<Vec<Range<usize>>>,
}

impl ReservationSet {
    /// Adds the range of a reservation.
    pub(crate) fn insert(&self, range: Range<usize>) {
        // SAFETY: the set is not `Sync`, no reference into it leaves a method, and the handler,
        // which may interrupt only machine code, cannot interrupt this method.
        let ranges = unsafe { &mut *self.ranges.get() };
        let index = ranges.partition_point(|other| other.start < range.start);
        ranges.insert(index, range);
    }

    /// Removes a range that was added, before the reservation is unmapped: stores never need to,
    /// as their memories live as long.
    #[cfg(test)]
    pub(crate) fn remove(&self, range: &Range<usize>) {
        // SAFETY: as in `insert`.
        let ranges = unsafe { &mut *self.ranges.get() };
        ranges.retain(|other| other != range);
    }

    /// Whether `address` lies in one of the ranges. Async-signal-safe.
    #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
    pub(super) fn contains(&self, address: usize) -> bool {
        // SAFETY: as in `insert`; here is where the handler reads.
        let ranges = unsafe { &*self.ranges.get() };
        let index = ranges.partition_point(|range| range.end <= address);
        ranges.get(index).is_some_and(|range| range.start <= address)
    }
}
