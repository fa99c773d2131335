//! What a process used: CPU time, memory, page faults.
//!
//! What lives here: reading the operating system's accounts of this process or of its children.
//! What does not: wall time, which is `Instant`'s.

use nix::sys::resource::{Usage as SystemUsage, UsageWho, getrusage};
use nix::sys::time::TimeVal;
use serde::{Deserialize, Serialize};
use std::ops::Sub;
use std::time::Duration;

/// Accounts of one process, or of all children that have ended.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Usage {
    /// Time on a processor, in the program and in the system for it.
    pub cpu: Duration,
    /// Most memory resident at once, in KiB. Of children: the largest of them.
    pub peak_rss_kib: u64,
    /// Page faults, with and without input or output.
    pub page_faults: u64,
}

impl Usage {
    /// What this process has used so far.
    ///
    /// # Panics
    ///
    /// Never on Linux: asking for one's own accounts does not fail.
    #[must_use]
    pub fn own() -> Self {
        Self::of(UsageWho::RUSAGE_SELF)
    }

    /// What the children that have ended and were waited for have used.
    ///
    /// # Panics
    ///
    /// Never on Linux.
    #[must_use]
    pub fn children() -> Self {
        Self::of(UsageWho::RUSAGE_CHILDREN)
    }

    fn of(who: UsageWho) -> Self {
        let usage: SystemUsage = getrusage(who).expect("a process can read its own accounts");
        let faults = usage.minor_page_faults() + usage.major_page_faults();
        Self {
            cpu: duration(usage.user_time()) + duration(usage.system_time()),
            peak_rss_kib: u64::try_from(usage.max_rss()).unwrap_or(0),
            page_faults: u64::try_from(faults).unwrap_or(0),
        }
    }
}

/// What was used between two readings. The peak is that of the later one.
impl Sub for Usage {
    type Output = Self;

    fn sub(self, earlier: Self) -> Self {
        Self {
            cpu: self.cpu.saturating_sub(earlier.cpu),
            peak_rss_kib: self.peak_rss_kib,
            page_faults: self.page_faults.saturating_sub(earlier.page_faults),
        }
    }
}

fn duration(time: TimeVal) -> Duration {
    let microseconds = time.tv_sec() * 1_000_000 + time.tv_usec();
    Duration::from_micros(u64::try_from(microseconds).unwrap_or(0))
}
