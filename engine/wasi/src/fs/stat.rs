//! Attributes by path, and changing them.

use std::os::fd::AsFd;

use rustix::fs::{
    AtFlags, Timespec, Timestamps, UTIME_NOW, UTIME_OMIT, ftruncate, futimens, utimensat,
};

use crate::fd::Descriptor;
use crate::types::{FILESTAT_SIZE, Filestat};
use crate::{Errno, FstFlags, GuestMemory, LookupFlags, WasiCtx, memory};

/// One time stamp to set: the value given, now, or none.
fn timestamp(value: u64, set: bool, now: bool) -> Result<Timespec, Errno> {
    let special = |tv_nsec| Timespec { tv_sec: 0, tv_nsec };
    match (set, now) {
        (true, true) => Err(Errno::Inval),
        (false, true) => Ok(special(UTIME_NOW)),
        (false, false) => Ok(special(UTIME_OMIT)),
        (true, false) => {
            let seconds = i64::try_from(value / 1_000_000_000).or(Err(Errno::Overflow))?;
            let nanos = i64::try_from(value % 1_000_000_000).or(Err(Errno::Overflow))?;
            Ok(Timespec { tv_sec: seconds, tv_nsec: nanos })
        }
    }
}

fn timestamps(access: u64, modification: u64, flags: u32) -> Result<Timestamps, Errno> {
    let flags = FstFlags::from_bits(flags).ok_or(Errno::Inval)?;
    let has = |flag| flags.contains(flag);
    Ok(Timestamps {
        last_access: timestamp(access, has(FstFlags::ATIM), has(FstFlags::ATIM_NOW))?,
        last_modification: timestamp(modification, has(FstFlags::MTIM), has(FstFlags::MTIM_NOW))?,
    })
}

/// `fd_filestat_set_size`: cuts a file, or extends it with zeros.
pub fn fd_filestat_set_size(
    _memory: &mut dyn GuestMemory,
    ctx: &mut WasiCtx,
    fd: u32,
    size: u64,
) -> Result<(), Errno> {
    let Descriptor::File(file) = ctx.table.descriptor(fd)? else {
        return Err(Errno::Badf);
    };
    if !file.writable {
        return Err(Errno::Badf);
    }
    if i64::try_from(size).is_err() {
        return Err(Errno::Fbig);
    }
    Ok(ftruncate(&file.fd, size)?)
}

/// `fd_filestat_set_times`: sets the time stamps of an open file or directory.
pub fn fd_filestat_set_times(
    _memory: &mut dyn GuestMemory,
    ctx: &mut WasiCtx,
    fd: u32,
    access: u64,
    modification: u64,
    flags: u32,
) -> Result<(), Errno> {
    let times = timestamps(access, modification, flags)?;
    let (host, allowed) = match ctx.table.descriptor(fd)? {
        Descriptor::File(file) => (&file.fd, file.access),
        Descriptor::Directory(directory) => (&directory.fd, directory.access),
        Descriptor::Input(_) | Descriptor::Output(_) => return Err(Errno::Badf),
    };
    allowed.check_write()?;
    Ok(futimens(host, &times)?)
}

/// `path_filestat_get`: writes the attributes of what a path names.
pub fn path_filestat_get(
    memory: &mut dyn GuestMemory,
    ctx: &mut WasiCtx,
    dir: u32,
    lookup: u32,
    path: u32,
    path_len: u32,
    stat: u32,
) -> Result<(), Errno> {
    let lookup = LookupFlags::from_bits(lookup).ok_or(Errno::Inval)?;
    memory::check(memory, stat, FILESTAT_SIZE)?;
    let path = &*memory::path(memory, path, path_len)?;
    let directory = ctx.table.directory(dir)?;
    let follow = lookup.contains(LookupFlags::SYMLINK_FOLLOW);
    let host = ctx.resolver.stat(directory.fd.as_fd(), path, follow)?;
    let filestat = Filestat::from(&host);
    memory::write(memory, stat, &filestat.to_bytes())
}

/// `path_filestat_set_times`: sets the time stamps of what a path names.
#[expect(clippy::too_many_arguments, reason = "the signature is preview1's")]
pub fn path_filestat_set_times(
    memory: &mut dyn GuestMemory,
    ctx: &mut WasiCtx,
    dir: u32,
    lookup: u32,
    path: u32,
    path_len: u32,
    access: u64,
    modification: u64,
    flags: u32,
) -> Result<(), Errno> {
    let lookup = LookupFlags::from_bits(lookup).ok_or(Errno::Inval)?;
    let times = timestamps(access, modification, flags)?;
    let path = &*memory::path(memory, path, path_len)?;
    let directory = ctx.table.directory(dir)?;
    directory.access.check_write()?;
    let follow = lookup.contains(LookupFlags::SYMLINK_FOLLOW);
    let node = ctx.resolver.open_node(directory.fd.as_fd(), path, follow)?;
    Ok(utimensat(&node, "", &times, AtFlags::EMPTY_PATH)?)
}
