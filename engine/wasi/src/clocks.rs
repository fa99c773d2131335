//! Clocks.
//!
//! The monotonic clock starts when the context is made, so that it does not tell a guest how long
//! the host has been up.

use rustix::time::{ClockId as HostClock, Timespec, clock_getres, clock_gettime};

use crate::{Errno, GuestMemory, WasiCtx, memory};

/// A clock of preview1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Clock {
    Realtime,
    Monotonic,
    ProcessCpuTime,
    ThreadCpuTime,
}

impl TryFrom<u32> for Clock {
    type Error = Errno;

    fn try_from(value: u32) -> Result<Clock, Errno> {
        match value {
            0 => Ok(Clock::Realtime),
            1 => Ok(Clock::Monotonic),
            2 => Ok(Clock::ProcessCpuTime),
            3 => Ok(Clock::ThreadCpuTime),
            _ => Err(Errno::Inval),
        }
    }
}

impl Clock {
    fn host(self) -> HostClock {
        match self {
            Clock::Realtime => HostClock::Realtime,
            Clock::Monotonic => HostClock::Monotonic,
            Clock::ProcessCpuTime => HostClock::ProcessCPUTime,
            Clock::ThreadCpuTime => HostClock::ThreadCPUTime,
        }
    }

    /// Nanoseconds now; for the monotonic clock, since `epoch`.
    pub(crate) fn now(self, epoch: u64) -> u64 {
        let now = nanoseconds(clock_gettime(self.host()));
        if self == Clock::Monotonic { now.saturating_sub(epoch) } else { now }
    }
}

/// The host's monotonic clock, for use as an epoch.
pub(crate) fn monotonic_epoch() -> u64 {
    Clock::Monotonic.now(0)
}

fn nanoseconds(time: Timespec) -> u64 {
    let nanos = i128::from(time.tv_sec) * 1_000_000_000 + i128::from(time.tv_nsec);
    u64::try_from(nanos.max(0)).unwrap_or(u64::MAX)
}

/// `clock_res_get`: writes the resolution of a clock in nanoseconds.
pub fn clock_res_get(
    memory: &mut dyn GuestMemory,
    _ctx: &mut WasiCtx,
    id: u32,
    resolution: u32,
) -> Result<(), Errno> {
    let clock = Clock::try_from(id)?;
    memory::write_u64(memory, resolution, nanoseconds(clock_getres(clock.host())))
}

/// `clock_time_get`: writes the time of a clock in nanoseconds. The precision asked for is not
/// used: the answer is always as precise as the host has it.
pub fn clock_time_get(
    memory: &mut dyn GuestMemory,
    ctx: &mut WasiCtx,
    id: u32,
    _precision: u64,
    time: u32,
) -> Result<(), Errno> {
    let clock = Clock::try_from(id)?;
    memory::write_u64(memory, time, clock.now(ctx.epoch))
}
