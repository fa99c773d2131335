//! `poll_oneoff`: waiting for points in time and for descriptors.
//!
//! The host waits in `poll`. A stream the embedder supplied has nothing to wait on and counts as
//! ready, so does a regular file.

use std::collections::HashMap;
use std::os::fd::BorrowedFd;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno as HostErrno, ioctl_fionread};

use crate::clocks::Clock;
use crate::fd::{Descriptor, FdTable};
use crate::{Errno, EventType, GuestMemory, WasiCtx, memory};

const SUBSCRIPTION_SIZE: u32 = 48;
const EVENT_SIZE: u32 = 32;

/// Subscriptions one call takes. A guest with the usual limit of descriptors needs fewer.
const MAX_SUBSCRIPTIONS: u32 = 16 * 1024;

/// The longest the host waits before it looks at the clocks again: a realtime clock may be set
/// meanwhile.
const MAX_WAIT: u64 = 60_000_000_000;

/// In `subclockflags`: the timeout is a point in time, not a duration.
const ABSTIME: u16 = 1;

/// In `eventrwflags`: the other end is closed.
const HANGUP: u16 = 1;

struct Subscription {
    userdata: u64,
    event_type: EventType,
    wait: Result<Wait, Errno>,
}

enum Wait {
    /// Until the clock shows this time.
    Clock { clock: Clock, deadline: u64 },
    /// Until the descriptor is ready.
    Fd(u32),
}

/// Something that happened, as `poll_oneoff` reports it.
struct Event {
    userdata: u64,
    error: Option<Errno>,
    event_type: EventType,
    bytes: u64,
    flags: u16,
}

impl Event {
    fn to_bytes(&self) -> [u8; EVENT_SIZE as usize] {
        let mut out = [0; EVENT_SIZE as usize];
        out[0..8].copy_from_slice(&self.userdata.to_le_bytes());
        out[8..10].copy_from_slice(&self.error.map_or(0, Errno::code).to_le_bytes());
        out[10] = self.event_type as u8;
        out[16..24].copy_from_slice(&self.bytes.to_le_bytes());
        out[24..26].copy_from_slice(&self.flags.to_le_bytes());
        out
    }
}

fn subscription(memory: &dyn GuestMemory, at: u32, epoch: u64) -> Result<Subscription, Errno> {
    let field = |by| memory::offset(at, by);
    let userdata = memory::read_u64(memory, at)?;
    let event_type = EventType::try_from(memory::read_u8(memory, field(8)?)?)?;
    let wait = match event_type {
        EventType::Clock => clock_wait(memory, field(16)?, epoch),
        EventType::FdRead | EventType::FdWrite => {
            Ok(Wait::Fd(memory::read_u32(memory, field(16)?)?))
        }
    };
    Ok(Subscription { userdata, event_type, wait })
}

fn clock_wait(memory: &dyn GuestMemory, at: u32, epoch: u64) -> Result<Wait, Errno> {
    let field = |by| memory::offset(at, by);
    let clock = Clock::try_from(memory::read_u32(memory, at)?)?;
    let timeout = memory::read_u64(memory, field(8)?)?;
    let flags = memory::read_u16(memory, field(24)?)?;
    match clock {
        Clock::Realtime | Clock::Monotonic => {}
        // They stand still while the host waits.
        Clock::ProcessCpuTime | Clock::ThreadCpuTime => return Err(Errno::NotSup),
    }
    let deadline = match flags {
        0 => clock.now(epoch).saturating_add(timeout),
        ABSTIME => timeout,
        _ => return Err(Errno::Inval),
    };
    Ok(Wait::Clock { clock, deadline })
}

/// What the host waits for on behalf of a type of event.
fn interest(event_type: EventType) -> PollFlags {
    match event_type {
        EventType::Clock | EventType::FdRead => PollFlags::IN,
        EventType::FdWrite => PollFlags::OUT,
    }
}

/// Whether a descriptor subscription has to be waited for, or is decided already.
enum Readiness<'t> {
    Waits(BorrowedFd<'t>),
    Ready(Result<(), Errno>),
}

fn readiness(table: &FdTable, fd: u32, event_type: EventType) -> Readiness<'_> {
    let read = interest(event_type) == PollFlags::IN;
    let descriptor = match table.descriptor(fd) {
        Ok(descriptor) => descriptor,
        Err(error) => return Readiness::Ready(Err(error)),
    };
    let usable = match descriptor {
        Descriptor::Input(_) => read,
        Descriptor::Output(_) => !read,
        Descriptor::File(file) => {
            if read {
                file.readable
            } else {
                file.writable
            }
        }
        Descriptor::Directory(_) => false,
    };
    match descriptor.host_fd() {
        _ if !usable => Readiness::Ready(Err(Errno::Badf)),
        Some(host) => Readiness::Waits(host),
        None => Readiness::Ready(Ok(())),
    }
}

/// The descriptors the host waits for, each of them once however many subscriptions it has: the
/// host takes no more entries than it lets us have descriptors.
#[derive(Default)]
struct Waiting<'t> {
    host: Vec<PollFd<'t>>,
    /// By number: the place in `host`, and all that is waited for.
    places: HashMap<u32, (usize, PollFlags)>,
    /// Subscriptions, each with its place in `host`.
    subscriptions: Vec<(&'t Subscription, usize)>,
}

impl<'t> Waiting<'t> {
    fn add(&mut self, subscription: &'t Subscription, fd: u32, host: BorrowedFd<'t>) {
        let interest = interest(subscription.event_type);
        let (place, all) = self.places.entry(fd).or_insert((self.host.len(), interest));
        *all |= interest;
        let entry = PollFd::from_borrowed_fd(host, *all);
        match self.host.get_mut(*place) {
            Some(known) => *known = entry,
            None => self.host.push(entry),
        }
        self.subscriptions.push((subscription, *place));
    }
}

/// One look at everything: what happened already, after waiting up to the next deadline when
/// nothing has.
fn look(ctx: &WasiCtx, subscriptions: &[Subscription]) -> Result<Vec<Event>, Errno> {
    let mut events = Vec::new();
    let mut waiting = Waiting::default();
    let mut wait = MAX_WAIT;
    for subscription in subscriptions {
        let Subscription { userdata, event_type, wait: ref wanted } = *subscription;
        let decided = match *wanted {
            Err(error) => Some(Err(error)),
            Ok(Wait::Clock { clock, deadline }) => {
                let left = deadline.saturating_sub(clock.now(ctx.epoch));
                wait = wait.min(left);
                (left == 0).then_some(Ok(()))
            }
            Ok(Wait::Fd(fd)) => match readiness(&ctx.table, fd, event_type) {
                Readiness::Ready(result) => Some(result),
                Readiness::Waits(host) => {
                    waiting.add(subscription, fd, host);
                    None
                }
            },
        };
        if let Some(result) = decided {
            events.push(Event { userdata, error: result.err(), event_type, bytes: 0, flags: 0 });
        }
    }
    if !events.is_empty() {
        wait = 0;
    }
    host_poll(&mut waiting.host, wait)?;
    for (subscription, place) in waiting.subscriptions {
        events.extend(host_event(&waiting.host[place], subscription));
    }
    Ok(events)
}

fn host_poll(host: &mut [PollFd<'_>], wait: u64) -> Result<(), Errno> {
    let seconds = i64::try_from(wait / 1_000_000_000).or(Err(Errno::Overflow))?;
    let nanos = i64::try_from(wait % 1_000_000_000).or(Err(Errno::Overflow))?;
    match poll(host, Some(&Timespec { tv_sec: seconds, tv_nsec: nanos })) {
        Ok(_) | Err(HostErrno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// The event of a descriptor the host has waited for, when there is one.
fn host_event(poll_fd: &PollFd<'_>, subscription: &Subscription) -> Option<Event> {
    let always = PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL;
    let happened = poll_fd.revents() & (interest(subscription.event_type) | always);
    if happened.is_empty() {
        return None;
    }
    let bytes = match subscription.event_type {
        // What cannot tell how much there is has at least something.
        EventType::FdRead => ioctl_fionread(poll_fd).unwrap_or(1),
        EventType::Clock | EventType::FdWrite => 0,
    };
    let closed = happened.contains(PollFlags::HUP);
    Some(Event {
        userdata: subscription.userdata,
        error: None,
        event_type: subscription.event_type,
        bytes,
        flags: if closed { HANGUP } else { 0 },
    })
}

/// `poll_oneoff`: waits until one of the subscriptions happens, writes an event for each that has,
/// and how many.
///
/// [`Errno::Inval`] without subscriptions, and with more than 16384. The clocks of processor time
/// cannot be waited for: their event says [`Errno::NotSup`].
pub fn poll_oneoff(
    memory: &mut dyn GuestMemory,
    ctx: &mut WasiCtx,
    subscriptions: u32,
    events: u32,
    count: u32,
    happened: u32,
) -> Result<(), Errno> {
    if count == 0 || count > MAX_SUBSCRIPTIONS {
        return Err(Errno::Inval);
    }
    memory::array(memory, subscriptions, count, SUBSCRIPTION_SIZE)?;
    memory::array(memory, events, count, EVENT_SIZE)?;
    memory::check(memory, happened, 4)?;
    let wanted = (0..count)
        .map(|index| {
            let at = memory::offset(subscriptions, index * SUBSCRIPTION_SIZE)?;
            subscription(memory, at, ctx.epoch)
        })
        .collect::<Result<Vec<_>, _>>()?;
    let found = loop {
        let found = look(ctx, &wanted)?;
        if !found.is_empty() {
            break found;
        }
    };
    let mut at = events;
    for event in &found {
        memory::write(memory, at, &event.to_bytes())?;
        at = memory::offset(at, EVENT_SIZE)?;
    }
    let count = u32::try_from(found.len()).or(Err(Errno::Overflow))?;
    memory::write_u32(memory, happened, count)
}
