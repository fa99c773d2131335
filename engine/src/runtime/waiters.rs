//! [`Waiters`]: the threads that wait at addresses of a shared memory, and waking them.
//!
//! What lives here: the queues of one memory. What does not: addresses' bounds and the values that
//! are waited for (`shared_memory`).
//!
//! Invariants: a thread is in the queue of its address exactly while it waits and nobody has woken
//! it; the value is looked at under the lock that whoever wakes must take, so that no wake-up is
//! lost. Threads are woken in the order in which they came. There is a queue for each address with
//! a thread in it, and no other, so that memory is bounded by the number of threads.

use core::sync::atomic::{AtomicBool, Ordering};
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use parking_lot::{Condvar, Mutex};

use crate::shared_memory::WaitResult;

/// The waiting threads of a memory.
#[derive(Debug, Default)]
pub(super) struct Waiters {
    /// By address, first come first.
    queues: Mutex<HashMap<usize, VecDeque<Arc<Waiter>>>>,
}

/// A thread that waits.
#[derive(Debug, Default)]
struct Waiter {
    /// Written and read under the lock of the queues.
    is_woken: AtomicBool,
    wake: Condvar,
}

impl Waiter {
    fn is_woken(&self) -> bool {
        // Relaxed: the lock of the queues orders it.
        self.is_woken.load(Ordering::Relaxed)
    }
}

impl Waiters {
    /// Waits at `address` to be woken, until `deadline` if there is one; not at all unless `is_due`
    /// says that the value there is still the expected one.
    pub(super) fn wait(
        &self,
        address: usize,
        deadline: Option<Instant>,
        is_due: impl FnOnce() -> bool,
    ) -> WaitResult {
        let mut queues = self.queues.lock();
        if !is_due() {
            return WaitResult::Mismatch;
        }
        let waiter = Arc::new(Waiter::default());
        queues.entry(address).or_default().push_back(waiter.clone());
        while !waiter.is_woken() {
            match deadline {
                None => waiter.wake.wait(&mut queues),
                Some(deadline) => {
                    let in_vain = waiter.wake.wait_until(&mut queues, deadline).timed_out();
                    if in_vain && !waiter.is_woken() {
                        give_up(&mut queues, address, &waiter);
                        return WaitResult::TimedOut;
                    }
                }
            }
        }
        WaitResult::Ok
    }

    /// Wakes up to `count` threads that wait at `address`; returns how many.
    pub(super) fn notify(&self, address: usize, count: u32) -> u32 {
        let mut queues = self.queues.lock();
        let Some(queue) = queues.get_mut(&address) else { return 0 };
        // There are fewer threads than 2^32.
        let count = count.min(queue.len() as u32);
        for waiter in queue.drain(..count as usize) {
            // Relaxed: the lock of the queues orders it.
            waiter.is_woken.store(true, Ordering::Relaxed);
            waiter.wake.notify_one();
        }
        if queue.is_empty() {
            queues.remove(&address);
        }
        count
    }
}

/// Takes a waiter that nobody woke out of its queue.
fn give_up(
    queues: &mut HashMap<usize, VecDeque<Arc<Waiter>>>,
    address: usize,
    waiter: &Arc<Waiter>,
) {
    let queue = queues.get_mut(&address).expect("who waits is in a queue");
    queue.retain(|other| !Arc::ptr_eq(other, waiter));
    if queue.is_empty() {
        queues.remove(&address);
    }
}
