//! The stack on which a thread handles its faults, even one that overflowed its own.
//!
//! The invariant: from the thread's first entry into machine code to its end the kernel knows a
//! stack of at least [`SIZE`] bytes, and never one that has been freed.

use std::cell::OnceCell;
use std::{mem, ptr};

use crate::runtime::mmap::{MapError, Reservation, host_page_size};

/// Room for the kernel's widest register file, our handler, and a previous handler's backtrace.
const SIZE: usize = 64 << 10;

thread_local! {
    static STACK: OnceCell<AlternateStack> = const { OnceCell::new() };
}

/// Gives the thread an alternate stack, unless it has a large enough one.
pub(super) fn ensure() -> Result<(), MapError> {
    let result = STACK.try_with(|stack| {
        if stack.get().is_none() {
            // Nothing enters machine code in between, so the cell is still empty.
            let _ = stack.set(AlternateStack::new()?);
        }
        Ok(())
    });
    // A thread that is being torn down handles its last faults on its own stack.
    result.unwrap_or(Ok(()))
}

/// The stack of ours that the kernel knows, if the thread came without a usable one.
struct AlternateStack {
    own: Option<Reservation>,
}

impl AlternateStack {
    fn new() -> Result<Self, MapError> {
        let current = exchange(None)?;
        if current.ss_flags & libc::SS_DISABLE == 0 && current.ss_size >= SIZE {
            return Ok(Self { own: None });
        }
        let guard = host_page_size();
        let stack = Reservation::new(guard + SIZE)?;
        stack.commit(guard..guard + SIZE)?;
        let bottom = stack.base().wrapping_add(guard);
        exchange(Some(libc::stack_t { ss_sp: bottom.cast(), ss_flags: 0, ss_size: SIZE }))?;
        Ok(Self { own: Some(stack) })
    }
}

impl Drop for AlternateStack {
    fn drop(&mut self) {
        let Some(stack) = self.own.take() else { return };
        let unused =
            libc::stack_t { ss_sp: ptr::null_mut(), ss_flags: libc::SS_DISABLE, ss_size: 0 };
        let disabled = match exchange(None) {
            // Somebody else's by now, and not ours to take away.
            Ok(current) if !stack.range().contains(&current.ss_sp.addr()) => true,
            Ok(_) => exchange(Some(unused)).is_ok(),
            Err(_) => false,
        };
        if !disabled {
            // The kernel may still use it: better lost than freed.
            mem::forget(stack);
        }
    }
}

/// Sets the thread's alternate stack, if there is a new one, and returns what it was.
fn exchange(new: Option<libc::stack_t>) -> Result<libc::stack_t, MapError> {
    let mut old = libc::stack_t { ss_sp: ptr::null_mut(), ss_flags: 0, ss_size: 0 };
    let new = new.as_ref().map_or(ptr::null(), ptr::from_ref);
    // SAFETY: `new` is null or a stack that its owner keeps until another one is set.
    let status = unsafe { libc::sigaltstack(new, &raw mut old) };
    if status == 0 { Ok(old) } else { Err(MapError::last("sigaltstack")) }
}
