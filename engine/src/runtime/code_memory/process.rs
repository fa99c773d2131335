//! Which process this is: a number that a forked child does not share with its parent.
//!
//! The invariant: two processes that inherit memory from each other never see the same number. It
//! stands on a page that the kernel wipes in the child, and so also holds for a child that was not
//! made by `fork` but by `clone`, in a namespace of its own and with the same process id.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::runtime::mmap::{Reservation, host_page_size};

/// The number of this process. Costs a load.
pub(super) fn current() -> u64 {
    /// The last number given; inherited, so a child's is larger than those of its ancestors.
    static LAST: AtomicU64 = AtomicU64::new(0);
    static PAGE: OnceLock<Option<WipedPage>> = OnceLock::new();
    let Some(page) = PAGE.get_or_init(WipedPage::new) else {
        // An old kernel, or none of Linux's own: here a namespace can deceive us.
        return u64::from(std::process::id());
    };
    let number = page.number();
    // Relaxed: the number stands for itself, nothing is published with it.
    let known = number.load(Ordering::Relaxed);
    if known != 0 {
        return known;
    }
    // Relaxed: as above, and below. Who is late takes what the first one wrote.
    let new = LAST.fetch_add(1, Ordering::Relaxed) + 1;
    match number.compare_exchange(0, new, Ordering::Relaxed, Ordering::Relaxed) {
        Ok(_) => new,
        Err(known) => known,
    }
}

/// A page that is zero in a forked child, whatever the parent wrote.
struct WipedPage {
    page: Reservation,
}

impl WipedPage {
    fn new() -> Option<Self> {
        let page = Reservation::new(host_page_size()).ok()?;
        page.commit(0..page.len()).ok()?;
        // SAFETY: our own page, which holds nothing yet.
        let status =
            unsafe { libc::madvise(page.base().cast(), page.len(), libc::MADV_WIPEONFORK) };
        (status == 0).then_some(Self { page })
    }

    fn number(&self) -> &AtomicU64 {
        // SAFETY: the page is committed, aligned, lives as long as `self`, and all accesses to it
        // are these atomic ones.
        unsafe { AtomicU64::from_ptr(self.page.base().cast()) }
    }
}
