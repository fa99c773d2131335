//! [`GuestMemory`], and reading and writing it.
//!
//! Every address and length comes from the guest. Nothing here allocates by a length the guest
//! chose: byte ranges are borrowed, and a call transfers at most [`MAX_BUFFERS`] of them, up to
//! [`FEW`] without any allocation. Where bytes cannot be borrowed, as other threads may use them,
//! they are copied, [`MAX_COPY`] at most. A range that leaves the memory is [`Errno::Fault`].
//! Addresses need no alignment, as in wasm itself.

use std::borrow::Cow;
use std::io::{IoSlice, IoSliceMut};
use std::ops::Range;

use crate::Errno;

/// Buffers one call transfers at most. Linux has the same limit; more make a short transfer.
const MAX_BUFFERS: usize = 1024;

/// Buffers one call transfers without allocating. C libraries pass two, most others one.
const FEW: usize = 8;

/// Bytes one call transfers at most, as on Linux.
const MAX_TRANSFER: usize = 0x7fff_f000;

/// Bytes one call transfers at most when they have to be copied.
const MAX_COPY: usize = 256 * 1024;

/// The longest path Linux takes.
const MAX_PATH: usize = 4096;

const IOVEC_SIZE: u32 = 8;

/// The memory of a guest, as the functions of [`preview1`](crate::preview1) use it.
///
/// Implemented for bytes that nobody else uses while a function runs. A memory that threads share
/// has no such bytes to show, and is copied from and to. It may grow meanwhile, but not shrink.
///
/// ```
/// use wasmtier_wasi::GuestMemory;
///
/// let mut memory = vec![0; 16];
/// let guest: &mut dyn GuestMemory = &mut memory;
/// guest.write(12, b"last").unwrap();
/// assert!(guest.write(13, b"last").is_err());
/// assert_eq!(guest.size(), 16);
/// assert_eq!(memory[12..], *b"last");
/// ```
pub trait GuestMemory {
    /// Its size in bytes.
    fn size(&self) -> usize;

    /// Copies the bytes from `at` on to `to`.
    ///
    /// # Errors
    ///
    /// [`Errno::Fault`] when that leaves the memory.
    fn read(&self, at: usize, to: &mut [u8]) -> Result<(), Errno>;

    /// Copies `from` to the bytes from `at` on.
    ///
    /// # Errors
    ///
    /// [`Errno::Fault`] when that leaves the memory, which is unchanged.
    fn write(&mut self, at: usize, from: &[u8]) -> Result<(), Errno>;

    /// All of its bytes, if nobody else uses them.
    fn bytes(&self) -> Option<&[u8]>;

    /// All of its bytes to change, if nobody else uses them.
    fn bytes_mut(&mut self) -> Option<&mut [u8]>;
}

impl<M: AsRef<[u8]> + AsMut<[u8]>> GuestMemory for M {
    fn size(&self) -> usize {
        self.as_ref().len()
    }

    fn read(&self, at: usize, to: &mut [u8]) -> Result<(), Errno> {
        let from = self.as_ref().get(at..).and_then(|rest| rest.get(..to.len()));
        to.copy_from_slice(from.ok_or(Errno::Fault)?);
        Ok(())
    }

    fn write(&mut self, at: usize, from: &[u8]) -> Result<(), Errno> {
        let to = self.as_mut().get_mut(at..).and_then(|rest| rest.get_mut(..from.len()));
        to.ok_or(Errno::Fault)?.copy_from_slice(from);
        Ok(())
    }

    fn bytes(&self) -> Option<&[u8]> {
        Some(self.as_ref())
    }

    fn bytes_mut(&mut self) -> Option<&mut [u8]> {
        Some(self.as_mut())
    }
}

/// The address `by` bytes after `at`.
pub(crate) fn offset(at: u32, by: u32) -> Result<u32, Errno> {
    at.checked_add(by).ok_or(Errno::Fault)
}

/// Where `count` items of `item` bytes at `at` are, when all of them are in the memory.
pub(crate) fn array(
    memory: &dyn GuestMemory,
    at: u32,
    count: u32,
    item: u32,
) -> Result<Range<usize>, Errno> {
    range(memory.size(), at, count, item)
}

/// [`array()`] in a memory of `size` bytes.
fn range(size: usize, at: u32, count: u32, item: u32) -> Result<Range<usize>, Errno> {
    let start = address(at)?;
    let bytes = u64::from(count) * u64::from(item);
    let end = usize::try_from(bytes).ok().and_then(|bytes| start.checked_add(bytes));
    match end {
        Some(end) if end <= size => Ok(start..end),
        Some(_) | None => Err(Errno::Fault),
    }
}

fn address(at: u32) -> Result<usize, Errno> {
    usize::try_from(at).or(Err(Errno::Fault))
}

/// Fails unless `len` bytes at `at` are in the memory: done before an effect whose result goes
/// there, so that a bad pointer has none.
pub(crate) fn check(memory: &dyn GuestMemory, at: u32, len: u32) -> Result<(), Errno> {
    array(memory, at, len, 1).map(|_| ())
}

fn load<const N: usize>(memory: &dyn GuestMemory, at: u32) -> Result<[u8; N], Errno> {
    let mut bytes = [0; N];
    memory.read(address(at)?, &mut bytes)?;
    Ok(bytes)
}

pub(crate) fn read_u8(memory: &dyn GuestMemory, at: u32) -> Result<u8, Errno> {
    load(memory, at).map(u8::from_le_bytes)
}

pub(crate) fn read_u16(memory: &dyn GuestMemory, at: u32) -> Result<u16, Errno> {
    load(memory, at).map(u16::from_le_bytes)
}

pub(crate) fn read_u32(memory: &dyn GuestMemory, at: u32) -> Result<u32, Errno> {
    load(memory, at).map(u32::from_le_bytes)
}

pub(crate) fn read_u64(memory: &dyn GuestMemory, at: u32) -> Result<u64, Errno> {
    load(memory, at).map(u64::from_le_bytes)
}

pub(crate) fn write(memory: &mut dyn GuestMemory, at: u32, data: &[u8]) -> Result<(), Errno> {
    memory.write(address(at)?, data)
}

pub(crate) fn write_u32(memory: &mut dyn GuestMemory, at: u32, value: u32) -> Result<(), Errno> {
    write(memory, at, &value.to_le_bytes())
}

pub(crate) fn write_u64(memory: &mut dyn GuestMemory, at: u32, value: u64) -> Result<(), Errno> {
    write(memory, at, &value.to_le_bytes())
}

/// Overwrites `len` bytes at `at` with what `make` puts into pieces of up to `piece` bytes.
pub(crate) fn fill(
    memory: &mut dyn GuestMemory,
    at: u32,
    len: u32,
    piece: usize,
    mut make: impl FnMut(&mut [u8]) -> Result<(), Errno>,
) -> Result<(), Errno> {
    let range = array(memory, at, len, 1)?;
    if let Some(bytes) = memory.bytes_mut() {
        return bytes[range].chunks_mut(piece).try_for_each(make);
    }
    let mut scratch = vec![0; piece.min(range.len())];
    for start in range.clone().step_by(piece) {
        let scratch = &mut scratch[..piece.min(range.end - start)];
        make(scratch)?;
        memory.write(start, scratch)?;
    }
    Ok(())
}

/// A path argument. It must be UTF-8 ([`Errno::Ilseq`]), without NUL ([`Errno::Inval`]) and no
/// longer than the host takes; what it names is not decided here.
pub(crate) fn path(memory: &dyn GuestMemory, at: u32, len: u32) -> Result<Cow<'_, str>, Errno> {
    let range = array(memory, at, len, 1)?;
    if range.len() >= MAX_PATH {
        return Err(Errno::NameTooLong);
    }
    let path = match memory.bytes() {
        Some(bytes) => Cow::Borrowed(std::str::from_utf8(&bytes[range]).or(Err(Errno::Ilseq))?),
        None => {
            let mut path = vec![0; range.len()];
            memory.read(range.start, &mut path)?;
            Cow::Owned(String::from_utf8(path).or(Err(Errno::Ilseq))?)
        }
    };
    if path.contains('\0') { Err(Errno::Inval) } else { Ok(path) }
}

/// The records of an `iovec` or `ciovec` array, not looked into yet.
fn records(memory: &[u8], at: u32, count: u32) -> Result<&[[u8; 8]], Errno> {
    let (records, _) = memory[range(memory.len(), at, count, IOVEC_SIZE)?].as_chunks();
    Ok(records)
}

/// The non-empty buffers of an array, as far as one call transfers them and `room` holds them.
///
/// Each range is inside the memory of `size` bytes; later buffers than the limits allow are left
/// out, which the guest sees as a short read or write.
fn ranges<'r>(
    size: usize,
    most_bytes: usize,
    records: &[[u8; 8]],
    room: &'r mut [Range<usize>],
) -> Result<&'r [Range<usize>], Errno> {
    let (mut filled, mut bytes) = (0, most_bytes);
    for record in records {
        if bytes == 0 || filled == room.len() {
            break;
        }
        let [a, b, c, d, lengths @ ..] = *record;
        let (pointer, len) = (u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes(lengths));
        let range = range(size, pointer, len, 1)?;
        let len = range.len().min(bytes);
        if len > 0 {
            bytes -= len;
            room[filled] = range.start..range.start + len;
            filled += 1;
        }
    }
    Ok(&room[..filled])
}

/// Calls `transfer` with the buffers of a `ciovec` array, to write from. Nothing is copied that can
/// be borrowed.
pub(crate) fn gather(
    memory: &dyn GuestMemory,
    at: u32,
    count: u32,
    transfer: impl FnOnce(&[IoSlice<'_>]) -> Result<usize, Errno>,
) -> Result<usize, Errno> {
    let Some(memory) = memory.bytes() else {
        let ranges = shared_ranges(memory, at, count)?;
        let mut copy = Vec::with_capacity(ranges.iter().map(Range::len).sum());
        for range in ranges {
            let end = copy.len();
            copy.resize(end + range.len(), 0);
            memory.read(range.start, &mut copy[end..])?;
        }
        return transfer(&[IoSlice::new(&copy)]);
    };
    let records = records(memory, at, count)?;
    let slice = |range: &Range<usize>| IoSlice::new(&memory[range.clone()]);
    if records.len() <= FEW {
        let mut room = [const { 0..0 }; FEW];
        let mut slices = [IoSlice::new(&[]); FEW];
        let ranges = ranges(memory.len(), MAX_TRANSFER, records, &mut room)?;
        for (place, range) in slices.iter_mut().zip(ranges) {
            *place = slice(range);
        }
        return transfer(&slices[..ranges.len()]);
    }
    let mut room = vec![0..0; records.len().min(MAX_BUFFERS)];
    let ranges = ranges(memory.len(), MAX_TRANSFER, records, &mut room)?;
    let slices: Vec<_> = ranges.iter().map(slice).collect();
    transfer(&slices)
}

/// Calls `transfer` with the buffers of an `iovec` array in their order, to read into. Nothing is
/// copied that can be borrowed.
///
/// Buffers that overlap cannot be borrowed together: then only the first is used, and the guest
/// sees a short read.
pub(crate) fn scatter(
    memory: &mut dyn GuestMemory,
    at: u32,
    count: u32,
    transfer: impl FnOnce(&mut [IoSliceMut<'_>]) -> Result<usize, Errno>,
) -> Result<usize, Errno> {
    if memory.bytes().is_none() {
        let ranges = shared_ranges(memory, at, count)?;
        let mut copy = vec![0; ranges.iter().map(Range::len).sum()];
        let len = transfer(&mut [IoSliceMut::new(&mut copy)])?;
        let mut rest = &copy[..len];
        for range in ranges {
            let (part, after) = rest.split_at(range.len().min(rest.len()));
            memory.write(range.start, part)?;
            rest = after;
        }
        return Ok(len);
    }
    let memory = memory.bytes_mut().ok_or(Errno::Fault)?;
    let size = memory.len();
    let records = records(memory, at, count)?;
    if records.len() <= FEW {
        let mut room = [const { 0..0 }; FEW];
        let ranges = ranges(size, MAX_TRANSFER, records, &mut room)?;
        let mut slices: [_; FEW] = std::array::from_fn(|_| IoSliceMut::new(&mut []));
        let mut order: [_; FEW] = std::array::from_fn(|index| index);
        let count = borrow(memory, ranges, &mut order[..ranges.len()], &mut slices);
        return transfer(&mut slices[..count]);
    }
    let mut room = vec![0..0; records.len().min(MAX_BUFFERS)];
    let ranges = ranges(size, MAX_TRANSFER, records, &mut room)?;
    let mut slices: Vec<_> = ranges.iter().map(|_| IoSliceMut::new(&mut [])).collect();
    let mut order: Vec<_> = (0..ranges.len()).collect();
    let count = borrow(memory, ranges, &mut order, &mut slices);
    transfer(&mut slices[..count])
}

/// The non-empty buffers of an array in a memory whose bytes cannot be borrowed, as far as one call
/// copies them.
fn shared_ranges(
    memory: &dyn GuestMemory,
    at: u32,
    count: u32,
) -> Result<Vec<Range<usize>>, Errno> {
    let array = array(memory, at, count, IOVEC_SIZE)?;
    let mut found = Vec::new();
    let mut bytes = MAX_COPY;
    for start in array.step_by(IOVEC_SIZE as usize) {
        let mut record = [0; IOVEC_SIZE as usize];
        memory.read(start, &mut record)?;
        let mut room = [const { 0..0 }; 1];
        for range in ranges(memory.size(), bytes, &[record], &mut room)? {
            bytes -= range.len();
            found.push(range.clone());
        }
        if bytes == 0 || found.len() == MAX_BUFFERS {
            break;
        }
    }
    Ok(found)
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
