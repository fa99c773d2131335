//! Builtins that wait at addresses of a memory, and that wake who waits there.

use std::time::Duration;

use wasmtier_ops::Trap;
use wasmtier_vm::MemoryIdx;

use super::{Frame, Leave};
use crate::runtime::memory_object::MemoryObject;
use crate::runtime::shared_object::{SharedObject, aligned};
use crate::shared_memory::WaitResult;

fn memory<'a>(frame: &'a Frame<'_>, memory: u32) -> &'a MemoryObject {
    &frame.store.memories[frame.instance().memories[MemoryIdx(memory).index()]]
}

/// Operand 0 plus the offset in operand `offset`.
fn address(frame: &Frame<'_>, index: u32, offset: usize) -> Result<u64, Trap> {
    let address = frame.operand(0);
    let address = if memory(frame, index).ty().memory64 { address } else { address & 0xffff_ffff };
    address.checked_add(frame.operand(offset)).ok_or(Trap::MemoryOutOfBounds)
}

/// A wait of 32 or 64 bits at an address of `index`, with the expected value and the timeout.
fn wait(
    frame: &mut Frame<'_>,
    index: u32,
    bytes: u64,
    wait: impl FnOnce(&SharedObject, u64, u64, Option<Duration>) -> Result<WaitResult, Trap>,
) -> Result<(), Leave> {
    let address = address(frame, index, 3)?;
    let memory = memory(frame, index);
    let Some(object) = memory.shared() else {
        aligned(memory.byte_len(), address, bytes)?;
        return Err(Trap::AtomicWaitNonSharedMemory.into());
    };
    // Negative nanoseconds are for ever.
    let timeout = u64::try_from(frame.operand(2) as i64).ok().map(Duration::from_nanos);
    let result = wait(object, address, frame.operand(1), timeout)?;
    frame.result(result as u64);
    Ok(())
}

pub(super) fn wait32(frame: &mut Frame<'_>, memory: u32, _: u32) -> Result<(), Leave> {
    wait(frame, memory, 4, |object, address, expected, timeout| {
        object.wait32(address, expected as u32, timeout)
    })
}

pub(super) fn wait64(frame: &mut Frame<'_>, memory: u32, _: u32) -> Result<(), Leave> {
    wait(frame, memory, 8, SharedObject::wait64)
}

pub(super) fn notify(frame: &mut Frame<'_>, index: u32, _: u32) -> Result<(), Leave> {
    let address = address(frame, index, 2)?;
    let memory = memory(frame, index);
    let woken = match memory.shared() {
        Some(object) => object.notify(address, frame.operand(1) as u32)?,
        None => {
            aligned(memory.byte_len(), address, 4)?;
            0
        }
    };
    frame.result(woken.into());
    Ok(())
}
