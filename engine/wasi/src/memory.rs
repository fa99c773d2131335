//! Reading and writing guest memory.
//!
//! Every address and length comes from the guest. Nothing here allocates by a length the guest
//! chose: byte ranges are borrowed, and a call transfers at most [`MAX_BUFFERS`] of them, up to
//! [`FEW`] without any allocation. A range that leaves the memory is [`Errno::Fault`]. Addresses
//! need no alignment, as in wasm itself.

use std::io::{IoSlice, IoSliceMut};
use std::ops::Range;

use crate::Errno;

/// Buffers one call transfers at most. Linux has the same limit; more make a short transfer.
const MAX_BUFFERS: usize = 1024;

/// Buffers one call transfers without allocating. C libraries pass two, most others one.
const FEW: usize = 8;

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

/// The records of an `iovec` or `ciovec` array, not looked into yet.
fn records(memory: &[u8], at: u32, count: u32) -> Result<&[[u8; 8]], Errno> {
    let (records, _) = memory[array(memory, at, count, IOVEC_SIZE)?].as_chunks();
    Ok(records)
}

/// The non-empty buffers of an array, as far as one call transfers them and `room` holds them.
///
/// Each range is inside the memory; later buffers than the limits allow are left out, which the
/// guest sees as a short read or write.
fn ranges<'r>(
    memory: &[u8],
    records: &[[u8; 8]],
    room: &'r mut [Range<usize>],
) -> Result<&'r [Range<usize>], Errno> {
    let (mut filled, mut bytes) = (0, MAX_TRANSFER);
    for record in records {
        if bytes == 0 || filled == room.len() {
            break;
        }
        let [a, b, c, d, lengths @ ..] = *record;
        let (pointer, len) = (u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes(lengths));
        let range = array(memory, pointer, len, 1)?;
        let len = range.len().min(bytes);
        if len > 0 {
            bytes -= len;
            room[filled] = range.start..range.start + len;
            filled += 1;
        }
    }
    Ok(&room[..filled])
}

/// Calls `transfer` with the buffers of a `ciovec` array, to write from. Nothing is copied.
pub(crate) fn gather<R>(
    memory: &[u8],
    at: u32,
    count: u32,
    transfer: impl FnOnce(&[IoSlice<'_>]) -> R,
) -> Result<R, Errno> {
    let records = records(memory, at, count)?;
    let slice = |range: &Range<usize>| IoSlice::new(&memory[range.clone()]);
    if records.len() <= FEW {
        let mut room = [const { 0..0 }; FEW];
        let mut slices = [IoSlice::new(&[]); FEW];
        let ranges = ranges(memory, records, &mut room)?;
        for (place, range) in slices.iter_mut().zip(ranges) {
            *place = slice(range);
        }
        return Ok(transfer(&slices[..ranges.len()]));
    }
    let mut room = vec![0..0; records.len().min(MAX_BUFFERS)];
    let ranges = ranges(memory, records, &mut room)?;
    let slices: Vec<_> = ranges.iter().map(slice).collect();
    Ok(transfer(&slices))
}

/// Calls `transfer` with the buffers of an `iovec` array in their order, to read into. Nothing is
/// copied.
///
/// Buffers that overlap cannot be borrowed together: then only the first is used, and the guest
/// sees a short read.
pub(crate) fn scatter<R>(
    memory: &mut [u8],
    at: u32,
    count: u32,
    transfer: impl FnOnce(&mut [IoSliceMut<'_>]) -> R,
) -> Result<R, Errno> {
    let records = records(memory, at, count)?;
    if records.len() <= FEW {
        let mut room = [const { 0..0 }; FEW];
        let ranges = ranges(memory, records, &mut room)?;
        let mut slices: [_; FEW] = std::array::from_fn(|_| IoSliceMut::new(&mut []));
        let mut order: [_; FEW] = std::array::from_fn(|index| index);
        let count = borrow(memory, ranges, &mut order[..ranges.len()], &mut slices);
        return Ok(transfer(&mut slices[..count]));
    }
    let mut room = vec![0..0; records.len().min(MAX_BUFFERS)];
    let ranges = ranges(memory, records, &mut room)?;
    let mut slices: Vec<_> = ranges.iter().map(|_| IoSliceMut::new(&mut [])).collect();
    let mut order: Vec<_> = (0..ranges.len()).collect();
    let count = borrow(memory, ranges, &mut order, &mut slices);
    Ok(transfer(&mut slices[..count]))
}

/// Borrows `ranges` of the memory at once, in their order, and returns how many could be: all, or
/// the first. `order` holds their indices.
fn borrow<'m>(
    memory: &'m mut [u8],
    ranges: &[Range<usize>],
    order: &mut [usize],
    slices: &mut [IoSliceMut<'m>],
) -> usize {
    order.sort_unstable_by_key(|&index| ranges[index].start);
    let overlap = order.windows(2).any(|pair| ranges[pair[0]].end > ranges[pair[1]].start);
    if overlap {
        slices[0] = IoSliceMut::new(&mut memory[ranges[0].clone()]);
        return 1;
    }
    let (mut rest, mut position) = (memory, 0);
    for &mut index in order {
        let range = &ranges[index];
        let (part, tail) = rest.split_at_mut(range.end - position);
        slices[index] = IoSliceMut::new(&mut part[range.start - position..]);
        (rest, position) = (tail, range.end);
    }
    ranges.len()
}
