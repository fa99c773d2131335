//! Builtins on linear memories and data segments.

use core::ops::Range;

use wasmtier_ops::Trap;
use wasmtier_vm::{DataIdx, MemoryIdx};

use super::{Frame, Leave};
use crate::runtime::grow::grow_memory;
use crate::runtime::memory_object::MemoryObject;

fn index(frame: &Frame<'_>, memory: u32) -> usize {
    frame.instance().memories[MemoryIdx(memory).index()]
}

fn memory_mut<'a>(frame: &'a mut Frame<'_>, memory: u32) -> &'a mut MemoryObject {
    let index = index(frame, memory);
    &mut frame.store.memories[index]
}

/// `start` and `len` as a range of `size` bytes.
fn range(start: u64, len: u64, size: usize) -> Result<Range<usize>, Trap> {
    let end = start.checked_add(len).filter(|&end| end <= size as u64);
    // Both ends are at most `size`, which is a `usize`.
    end.map(|end| start as usize..end as usize).ok_or(Trap::MemoryOutOfBounds)
}

pub(super) fn size(frame: &mut Frame<'_>, memory: u32, _: u32) -> Result<(), Leave> {
    let pages = memory_mut(frame, memory).pages();
    frame.result(pages);
    Ok(())
}

pub(super) fn grow(frame: &mut Frame<'_>, memory: u32, _: u32) -> Result<(), Leave> {
    let delta = frame.operand(0);
    let index = index(frame, memory);
    let failure =
        if frame.store.memories[index].ty().memory64 { u64::MAX } else { u32::MAX.into() };
    let grown = frame.guarded(|store| grow_memory(store, index, delta))?;
    frame.result(grown.unwrap_or(failure));
    Ok(())
}

pub(super) fn fill(frame: &mut Frame<'_>, memory: u32, _: u32) -> Result<(), Leave> {
    let [start, value, len] = [0, 1, 2].map(|place| frame.operand(place));
    let memory = memory_mut(frame, memory);
    let range = range(start, len, memory.byte_len())?;
    memory.fill(range, value as u8);
    Ok(())
}

pub(super) fn copy(frame: &mut Frame<'_>, target: u32, source: u32) -> Result<(), Leave> {
    let [to, from, len] = [0, 1, 2].map(|place| frame.operand(place));
    let (target, source) = (index(frame, target), index(frame, source));
    let memories = &mut frame.store.memories;
    let from = range(from, len, memories[source].byte_len())?;
    let to = range(to, len, memories[target].byte_len())?;
    if target == source {
        memories[target].copy_within(from, to.start);
    } else {
        let pair = memories.get_disjoint_mut([target, source]);
        let [target, source] = pair.expect("two different memories of the store");
        target.copy_from(source, from, to.start);
    }
    Ok(())
}

pub(super) fn init(frame: &mut Frame<'_>, data: u32, memory: u32) -> Result<(), Leave> {
    let [to, from, len] = [0, 1, 2].map(|place| frame.operand(place));
    let index = index(frame, memory);
    let at = frame.instance;
    let store = &mut *frame.store;
    let bytes = store.instances[at].data(DataIdx(data));
    let target = &mut store.memories[index];
    let from = range(from, len, bytes.len())?;
    let to = range(to, len, target.byte_len())?;
    target.write(to.start, &bytes[from]);
    Ok(())
}

pub(super) fn data_drop(frame: &mut Frame<'_>, data: u32, _: u32) -> Result<(), Leave> {
    frame.instance_mut().dropped_data[DataIdx(data).index()] = true;
    Ok(())
}
