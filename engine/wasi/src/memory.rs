//! Reading and writing guest memory.
//!
//! Every address and length comes from the guest. Nothing here allocates by a length the guest
//! chose: byte ranges are borrowed, and a vector of buffers holds at most [`MAX_BUFFERS`]. A range
//! that leaves the memory is [`Errno::Fault`]. Addresses need no alignment, as in wasm itself.

use std::io::{IoSlice, IoSliceMut};
use std::ops::Range;

use crate::Errno;

/// Buffers one call transfers at most. Linux has the same limit; more make a short transfer.
const MAX_BUFFERS: usize = 1024;

/// Bytes one call transfers at most, as on Linux.
const MAX_TRANSFER: usize = 0x7fff_f000;

/// The longest path Linux takes.
const MAX_PATH: usize = 4096;

const IOVEC_SIZE: u32 = 8;

/// The address `by` bytes after `at`.
pub(crate) fn offset(at: u32, by: u32) -> Result<u32, Errno> {
    at.checked_add(by).ok_or(Errno::Fault)
}

/// Where `count` items of `size` bytes at `at` are, when all of them are in the memory.
pub(crate) fn array(memory: &[u8], at: u32, count: u32, size: u32) -> Result<Range<usize>, Errno> {
    let start = usize::try_from(at).or(Err(Errno::Fault))?;
    let bytes = u64::from(count) * u64::from(size);
    let end = usize::try_from(bytes).ok().and_then(|bytes| start.checked_add(bytes));
    match end {
        Some(end) if end <= memory.len() => Ok(start..end),
        Some(_) | None => Err(Errno::Fault),
    }
}

/// Fails unless `len` bytes at `at` are in the memory: done before an effect whose result goes
/// there, so that a bad pointer has none.
pub(crate) fn check(memory: &[u8], at: u32, len: u32) -> Result<(), Errno> {
    array(memory, at, len, 1).map(|_| ())
}

pub(crate) fn bytes(memory: &[u8], at: u32, len: u32) -> Result<&[u8], Errno> {
    array(memory, at, len, 1).map(|range| &memory[range])
}

pub(crate) fn bytes_mut(memory: &mut [u8], at: u32, len: u32) -> Result<&mut [u8], Errno> {
    array(memory, at, len, 1).map(|range| &mut memory[range])
}

fn load<const N: usize>(memory: &[u8], at: u32) -> Result<[u8; N], Errno> {
    let start = usize::try_from(at).or(Err(Errno::Fault))?;
    memory.get(start..).and_then(|rest| rest.first_chunk()).copied().ok_or(Errno::Fault)
}

pub(crate) fn read_u8(memory: &[u8], at: u32) -> Result<u8, Errno> {
    load(memory, at).map(u8::from_le_bytes)
}

pub(crate) fn read_u16(memory: &[u8], at: u32) -> Result<u16, Errno> {
    load(memory, at).map(u16::from_le_bytes)
}

pub(crate) fn read_u32(memory: &[u8], at: u32) -> Result<u32, Errno> {
    load(memory, at).map(u32::from_le_bytes)
}

pub(crate) fn read_u64(memory: &[u8], at: u32) -> Result<u64, Errno> {
    load(memory, at).map(u64::from_le_bytes)
}

pub(crate) fn write(memory: &mut [u8], at: u32, data: &[u8]) -> Result<(), Errno> {
    let len = u32::try_from(data.len()).or(Err(Errno::Overflow))?;
    bytes_mut(memory, at, len)?.copy_from_slice(data);
    Ok(())
}

pub(crate) fn write_u32(memory: &mut [u8], at: u32, value: u32) -> Result<(), Errno> {
    write(memory, at, &value.to_le_bytes())
}

pub(crate) fn write_u64(memory: &mut [u8], at: u32, value: u64) -> Result<(), Errno> {
    write(memory, at, &value.to_le_bytes())
}

/// A path argument. It must be UTF-8 ([`Errno::Ilseq`]), without NUL ([`Errno::Inval`]) and no
/// longer than the host takes; what it names is not decided here.
pub(crate) fn path(memory: &[u8], at: u32, len: u32) -> Result<&str, Errno> {
    let bytes = bytes(memory, at, len)?;
    if bytes.len() >= MAX_PATH {
        return Err(Errno::NameTooLong);
    }
    let path = std::str::from_utf8(bytes).or(Err(Errno::Ilseq))?;
    if path.contains('\0') { Err(Errno::Inval) } else { Ok(path) }
}

/// The non-empty buffers of an `iovec` or `ciovec` array, as far as one call transfers them.
///
/// Each range is inside the memory; later buffers than the limits allow are left out, which the
/// guest sees as a short read or write.
pub(crate) fn buffers(memory: &[u8], at: u32, count: u32) -> Result<Vec<Range<usize>>, Errno> {
    let records = array(memory, at, count, IOVEC_SIZE)?;
    let (records, _) = memory[records].as_chunks::<8>();
    let mut buffers = Vec::with_capacity(records.len().min(8));
    let mut room = MAX_TRANSFER;
    for record in records {
        let [a, b, c, d, lengths @ ..] = *record;
        let (pointer, len) = (u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes(lengths));
        let range = array(memory, pointer, len, 1)?;
        let len = range.len().min(room);
        if len > 0 {
            room -= len;
            buffers.push(range.start..range.start + len);
        }
        if room == 0 || buffers.len() == MAX_BUFFERS {
            break;
        }
    }
    Ok(buffers)
}

/// Buffers to write from.
pub(crate) fn gather<'m>(memory: &'m [u8], buffers: &[Range<usize>]) -> Vec<IoSlice<'m>> {
    buffers.iter().map(|range| IoSlice::new(&memory[range.clone()])).collect()
}

/// Buffers to read into, in the order given.
///
/// Buffers that overlap cannot be borrowed together: then only the first is used, and the guest
/// sees a short read.
pub(crate) fn scatter<'m>(memory: &'m mut [u8], buffers: &[Range<usize>]) -> Vec<IoSliceMut<'m>> {
    let mut order: Vec<usize> = (0..buffers.len()).collect();
    order.sort_unstable_by_key(|&index| buffers[index].start);
    let overlap = order.windows(2).any(|pair| buffers[pair[0]].end > buffers[pair[1]].start);
    if overlap {
        order.retain(|&index| index == 0);
    }
    let (mut rest, mut position) = (memory, 0);
    let mut parts = Vec::with_capacity(order.len());
    for index in order {
        let range = &buffers[index];
        let (part, tail) = rest.split_at_mut(range.end - position);
        parts.push((index, IoSliceMut::new(&mut part[range.start - position..])));
        (rest, position) = (tail, range.end);
    }
    parts.sort_unstable_by_key(|&(index, _)| index);
    parts.into_iter().map(|(_, part)| part).collect()
}
