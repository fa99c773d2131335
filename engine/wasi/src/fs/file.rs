//! Contents and position of open files, and reading and writing of streams.
//!
//! Bytes go straight between guest memory and the host file, in one call, unless other threads use
//! the memory too.

use std::io::{IoSlice, IoSliceMut};

use rustix::fs::{Advice, FallocateFlags, SeekFrom, fadvise, fallocate, fdatasync, fsync, seek};
use rustix::io::{preadv, pwritev, readv, retry_on_intr, writev};

use crate::fd::{Descriptor, File};
use crate::{Errno, GuestMemory, WasiCtx, Whence, memory};

fn readable(file: &File) -> Result<&File, Errno> {
    if file.readable { Ok(file) } else { Err(Errno::Badf) }
}

fn writable(file: &File) -> Result<&File, Errno> {
    if file.writable { Ok(file) } else { Err(Errno::Badf) }
}

/// An offset the kernel can take, which has them signed.
fn file_offset(offset: u64) -> Result<u64, Errno> {
    i64::try_from(offset).map_or(Err(Errno::Inval), |_| Ok(offset))
}

/// Reads into a guest's buffers with `transfer`, and writes how many bytes. Where they are to be
/// written is checked first: a read that cannot be reported must not happen.
fn read_into(
    memory: &mut dyn GuestMemory,
    (iovs, count): (u32, u32),
    read: u32,
    transfer: impl FnOnce(&mut [IoSliceMut<'_>]) -> Result<usize, Errno>,
) -> Result<(), Errno> {
    memory::check(memory, read, 4)?;
    let len = memory::scatter(memory, iovs, count, transfer)?;
    memory::write_u32(memory, read, u32::try_from(len).or(Err(Errno::Overflow))?)
}

/// Writes from a guest's buffers with `transfer`, and writes how many bytes, as [`read_into`].
fn write_from(
    memory: &mut dyn GuestMemory,
    (iovs, count): (u32, u32),
    written: u32,
    transfer: impl FnOnce(&[IoSlice<'_>]) -> Result<usize, Errno>,
) -> Result<(), Errno> {
    memory::check(memory, written, 4)?;
    let len = memory::gather(memory, iovs, count, transfer)?;
    memory::write_u32(memory, written, u32::try_from(len).or(Err(Errno::Overflow))?)
}

/// `fd_read`: reads at the current position, and writes how many bytes.
pub fn fd_read(
    memory: &mut dyn GuestMemory,
    ctx: &mut WasiCtx,
    fd: u32,
    iovs: u32,
    count: u32,
    read: u32,
) -> Result<(), Errno> {
    let descriptor = ctx.table.descriptor_mut(fd)?;
    read_into(memory, (iovs, count), read, |buffers| match descriptor {
        Descriptor::Input(stream) => stream.read(buffers),
        Descriptor::File(file) => {
            let file = readable(file)?;
            Ok(retry_on_intr(|| readv(&file.fd, buffers))?)
        }
        Descriptor::Output(_) | Descriptor::Directory(_) => Err(Errno::Badf),
    })
}

/// `fd_write`: writes at the current position, and writes how many bytes.
pub fn fd_write(
    memory: &mut dyn GuestMemory,
    ctx: &mut WasiCtx,
    fd: u32,
    iovs: u32,
    count: u32,
    written: u32,
) -> Result<(), Errno> {
    let descriptor = ctx.table.descriptor_mut(fd)?;
    write_from(memory, (iovs, count), written, |buffers| match descriptor {
        Descriptor::Output(stream) => stream.write(buffers),
        Descriptor::File(file) => {
            let file = writable(file)?;
            Ok(retry_on_intr(|| writev(&file.fd, buffers))?)
        }
        Descriptor::Input(_) | Descriptor::Directory(_) => Err(Errno::Badf),
    })
}

/// `fd_pread`: reads at an offset, leaving the position alone.
pub fn fd_pread(
    memory: &mut dyn GuestMemory,
    ctx: &mut WasiCtx,
    fd: u32,
    iovs: u32,
    count: u32,
    offset: u64,
    read: u32,
) -> Result<(), Errno> {
    let file = readable(ctx.table.file(fd)?)?;
    let offset = file_offset(offset)?;
    read_into(memory, (iovs, count), read, |buffers| {
        Ok(retry_on_intr(|| preadv(&file.fd, buffers, offset))?)
    })
}

/// `fd_pwrite`: writes at an offset, leaving the position alone. As Linux has it, a file opened
/// for appending is appended to whatever the offset.
pub fn fd_pwrite(
    memory: &mut dyn GuestMemory,
    ctx: &mut WasiCtx,
    fd: u32,
    iovs: u32,
    count: u32,
    offset: u64,
    written: u32,
) -> Result<(), Errno> {
    let file = writable(ctx.table.file(fd)?)?;
    let offset = file_offset(offset)?;
    write_from(memory, (iovs, count), written, |buffers| {
        Ok(retry_on_intr(|| pwritev(&file.fd, buffers, offset))?)
    })
}

/// `fd_seek`: moves the position, and writes the new one.
pub fn fd_seek(
    memory: &mut dyn GuestMemory,
    ctx: &mut WasiCtx,
    fd: u32,
    offset: i64,
    whence: u32,
    position: u32,
) -> Result<(), Errno> {
    memory::check(memory, position, 8)?;
    let from = match Whence::try_from(whence)? {
        Whence::Set => SeekFrom::Start(u64::try_from(offset).or(Err(Errno::Inval))?),
        Whence::Cur => SeekFrom::Current(offset),
        Whence::End => SeekFrom::End(offset),
    };
    let moved = seek(&ctx.table.file(fd)?.fd, from)?;
    memory::write_u64(memory, position, moved)
}

/// `fd_tell`: writes the position.
pub fn fd_tell(
    memory: &mut dyn GuestMemory,
    ctx: &mut WasiCtx,
    fd: u32,
    position: u32,
) -> Result<(), Errno> {
    fd_seek(memory, ctx, fd, 0, 1, position)
}

/// `fd_advise`: passes on how a file will be used.
pub fn fd_advise(
    _memory: &mut dyn GuestMemory,
    ctx: &mut WasiCtx,
    fd: u32,
    offset: u64,
    len: u64,
    advice: u32,
) -> Result<(), Errno> {
    let advice = match advice {
        0 => Advice::Normal,
        1 => Advice::Sequential,
        2 => Advice::Random,
        3 => Advice::WillNeed,
        4 => Advice::DontNeed,
        5 => Advice::NoReuse,
        _ => return Err(Errno::Inval),
    };
    let file = ctx.table.file(fd)?;
    let (offset, len) = (file_offset(offset)?, file_offset(len)?);
    Ok(fadvise(&file.fd, offset, std::num::NonZeroU64::new(len), advice)?)
}

/// `fd_allocate`: makes room on disk for a range of a file, extending the file over it.
pub fn fd_allocate(
    _memory: &mut dyn GuestMemory,
    ctx: &mut WasiCtx,
    fd: u32,
    offset: u64,
    len: u64,
) -> Result<(), Errno> {
    let file = writable(ctx.table.file(fd)?)?;
    let (offset, len) = (file_offset(offset)?, file_offset(len)?);
    Ok(fallocate(&file.fd, FallocateFlags::empty(), offset, len)?)
}

/// `fd_datasync`: waits until the contents of a file are stored; flushes a stream.
pub fn fd_datasync(_memory: &mut dyn GuestMemory, ctx: &mut WasiCtx, fd: u32) -> Result<(), Errno> {
    match ctx.table.descriptor_mut(fd)? {
        Descriptor::File(file) => Ok(fdatasync(&file.fd)?),
        Descriptor::Directory(directory) => Ok(fdatasync(&directory.fd)?),
        Descriptor::Output(stream) => stream.flush(),
        Descriptor::Input(_) => Err(Errno::Inval),
    }
}

/// `fd_sync`: waits until contents and attributes of a file are stored; flushes a stream.
pub fn fd_sync(_memory: &mut dyn GuestMemory, ctx: &mut WasiCtx, fd: u32) -> Result<(), Errno> {
    match ctx.table.descriptor_mut(fd)? {
        Descriptor::File(file) => Ok(fsync(&file.fd)?),
        Descriptor::Directory(directory) => Ok(fsync(&directory.fd)?),
        Descriptor::Output(stream) => stream.flush(),
        Descriptor::Input(_) => Err(Errno::Inval),
    }
}
