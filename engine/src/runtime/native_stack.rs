//! How much of the native stack wasm may use, and of its own.
//!
//! What lives here: the limits of a call from the host. What does not: who checks them (`call`, and
//! machine code), and which stack wasm's frames are on.
//!
//! Compiled code keeps a word on the native stack for each frame, and each frame takes four slots
//! or more of the value stack. Whatever else takes native stack compares with a limit of its own:
//! adapters, and calls from the host within others.
//!
//! Invariant: compiled code, as far as the value stack lets it go, and whoever the limit lets open
//! a frame, leave [`RESERVE`] for the runtime and for functions of the host.

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
use std::cell::Cell;

/// Bytes of the native stack that calls from wasm to the host and back may nest over. A process
/// limits threads to 2 MiB or more unless asked otherwise.
const NEST_BUDGET: usize = 1 << 20;

/// Bytes of the native stack that wasm leaves where there are as many.
const RESERVE: usize = 128 << 10;

/// Bytes of the value stack that a compiled frame takes at least, for each that it takes of the
/// native stack.
const RATIO: usize = wasmtier_vm::frame::HEADER_SLOTS as usize;

/// What a call from the host may use.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) struct Limits {
    /// Lowest address of the native stack at which another frame may be opened.
    pub(super) native: usize,
    /// Bytes of the value stack.
    pub(super) value_bytes: usize,
}

impl Limits {
    /// For interpreted code, of a call at the address `here` of the native stack.
    #[inline]
    pub(super) fn interpreted(here: usize, value_bytes: usize) -> Self {
        Self { native: here.saturating_sub(NEST_BUDGET), value_bytes }
    }

    /// For compiled code, of a call at the address `here` of the native stack, if it may use as
    /// much as `value_bytes` of the value stack.
    #[inline]
    pub(super) fn compiled(here: usize, value_bytes: usize) -> Self {
        let room = here.saturating_sub(lowest_address(here));
        let frames = value_bytes / RATIO;
        if room >= RESERVE + NEST_BUDGET + 2 * frames {
            return Self { native: here - NEST_BUDGET - frames, value_bytes };
        }
        Self::scarce(here, room, value_bytes)
    }

    /// For compiled code, where the native stack has `room` only.
    #[cold]
    fn scarce(here: usize, room: usize, value_bytes: usize) -> Self {
        let room = room - RESERVE.min(room / 2);
        let frames = (value_bytes / RATIO).min(room / 2);
        let nested = (room - frames).min(NEST_BUDGET + frames);
        Self { native: here - nested, value_bytes: value_bytes.min(frames * RATIO) }
    }
}

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
thread_local! {
    /// The addresses of this thread's stack, none before anyone has asked.
    static ADDRESSES: Cell<(usize, usize)> = const { Cell::new((0, 0)) };
}

/// The lowest address of the stack that `here` is an address of: this thread's, if the host has
/// not switched to another.
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
#[inline]
fn lowest_address(here: usize) -> usize {
    let (lowest, end) = ADDRESSES.get();
    if (lowest..end).contains(&here) { lowest } else { ask(here) }
}

/// No code is compiled here.
#[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
fn lowest_address(here: usize) -> usize {
    unknown(here)
}

/// Where a stack ends of which nothing is known: what the smallest usual one has.
fn unknown(here: usize) -> usize {
    here.saturating_sub(NEST_BUDGET)
}

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
#[cold]
fn ask(here: usize) -> usize {
    if ADDRESSES.get() == (0, 0) {
        ADDRESSES.set(of_thread().unwrap_or((1, 1)));
    }
    let (lowest, end) = ADDRESSES.get();
    if (lowest..end).contains(&here) { lowest } else { unknown(here) }
}

/// The addresses of this thread's stack without its guard, as the system says.
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
fn of_thread() -> Option<(usize, usize)> {
    let mut attributes = core::mem::MaybeUninit::<libc::pthread_attr_t>::uninit();
    // SAFETY: no preconditions.
    let thread = unsafe { libc::pthread_self() };
    // SAFETY: the thread is this one, and there is room for what is written.
    if unsafe { libc::pthread_getattr_np(thread, attributes.as_mut_ptr()) } != 0 {
        return None;
    }
    let (mut address, mut size, mut guard) = (core::ptr::null_mut(), 0, 0);
    // SAFETY: the attributes were written above; there is room for what is asked for.
    let stack = unsafe {
        libc::pthread_attr_getstack(attributes.as_ptr(), &raw mut address, &raw mut size)
    };
    // SAFETY: as above.
    let guarded = unsafe { libc::pthread_attr_getguardsize(attributes.as_ptr(), &raw mut guard) };
    // SAFETY: as above; nobody uses them any more.
    unsafe { libc::pthread_attr_destroy(attributes.as_mut_ptr()) };
    // Some libraries count the guard in.
    let address: usize = address.addr();
    (stack == 0 && guarded == 0).then(|| (address + guard, address + size))
}

#[cfg(test)]
mod tests {
    use super::{Limits, NEST_BUDGET, RATIO, RESERVE, of_thread};

    /// What compiled code may take of the native stack at most, below `here`.
    fn most(here: usize, limits: Limits) -> usize {
        here - limits.native + limits.value_bytes / RATIO
    }

    #[test]
    fn limits_leave_a_reserve_on_every_thread() {
        for kilobytes in [64, 256, 1024, 2048, 8192, 65536] {
            let work = move || {
                let here = 0_u8;
                let here = (&raw const here).addr();
                let (lowest, end) = of_thread().unwrap();
                assert!((lowest..end).contains(&here));
                // It may be the stack of a larger thread that has ended.
                let room = here - lowest;
                assert!(room >= (kilobytes << 10) / 2, "{room}");
                for value_bytes in [0, 1 << 16, 1 << 20, 64 << 20, 1 << 30] {
                    let limits = Limits::compiled(here, value_bytes);
                    assert!(limits.value_bytes <= value_bytes);
                    assert!(most(here, limits) <= room - RESERVE.min(room / 2));
                }
            };
            let thread = std::thread::Builder::new().stack_size(kilobytes << 10);
            thread.spawn(work).unwrap().join().unwrap();
        }
    }

    #[test]
    fn the_defaults_fit_a_usual_thread() {
        let work = || {
            let here = 0_u8;
            let here = (&raw const here).addr();
            let limits = Limits::compiled(here, 1 << 20);
            assert_eq!(limits.value_bytes, 1 << 20);
            assert!(here - limits.native >= NEST_BUDGET);
        };
        std::thread::Builder::new().stack_size(2 << 20).spawn(work).unwrap().join().unwrap();
    }
}
