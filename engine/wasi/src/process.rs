//! The process: its end, signals and yielding.

use std::fmt;

use crate::{Errno, GuestMemory, WasiCtx};

/// The error that ends a guest that called `proc_exit`: its exit status, also when it is 0.
///
/// Look for it in the error of a call into the guest before reporting that error as a trap.
///
/// ```
/// use wasmtier_wasi::I32Exit;
/// assert_eq!(I32Exit(3).to_string(), "exited with status 3");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct I32Exit(pub i32);

impl fmt::Display for I32Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "exited with status {}", self.0)
    }
}

impl std::error::Error for I32Exit {}

/// `proc_exit`: the error to end the guest with.
pub fn proc_exit(status: u32) -> I32Exit {
    I32Exit(status.cast_signed())
}

/// `proc_raise`: preview1 programs have no signals, so this is always [`Errno::NotSup`].
pub fn proc_raise(
    _memory: &mut dyn GuestMemory,
    _ctx: &mut WasiCtx,
    _signal: u32,
) -> Result<(), Errno> {
    Err(Errno::NotSup)
}

/// `sched_yield`: lets other threads of the host run.
pub fn sched_yield(_memory: &mut dyn GuestMemory, _ctx: &mut WasiCtx) -> Result<(), Errno> {
    std::thread::yield_now();
    Ok(())
}
