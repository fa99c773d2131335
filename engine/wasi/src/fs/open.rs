//! `path_open`.

use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{FileType as HostFileType, Mode, OFlags as HostOFlags, fstat};

use crate::fd::{Descriptor, Directory, File};
use crate::{Errno, FdFlags, GuestMemory, LookupFlags, OFlags, Rights, WasiCtx, memory};

/// What the guest asks for, as flags of the host.
fn host_flags(follow: LookupFlags, open: OFlags, rights: Rights, fd: FdFlags) -> HostOFlags {
    let read = rights.contains(Rights::FD_READ);
    let mut flags = match (read, rights.contains(Rights::FD_WRITE)) {
        (true, true) => HostOFlags::RDWR,
        (false, true) => HostOFlags::WRONLY,
        (true | false, false) => HostOFlags::RDONLY,
    };
    flags.set(HostOFlags::NOFOLLOW, !follow.contains(LookupFlags::SYMLINK_FOLLOW));
    flags.set(HostOFlags::CREATE, open.contains(OFlags::CREAT));
    flags.set(HostOFlags::EXCL, open.contains(OFlags::EXCL));
    flags.set(HostOFlags::TRUNC, open.contains(OFlags::TRUNC));
    flags.set(HostOFlags::DIRECTORY, open.contains(OFlags::DIRECTORY));
    flags.set(HostOFlags::APPEND, fd.contains(FdFlags::APPEND));
    flags.set(HostOFlags::NONBLOCK, fd.contains(FdFlags::NONBLOCK));
    flags.set(HostOFlags::DSYNC, fd.contains(FdFlags::DSYNC));
    if fd.intersects(FdFlags::SYNC | FdFlags::RSYNC) {
        flags |= HostOFlags::SYNC;
    }
    // Opening a terminal must not make it the host's controlling one.
    flags | HostOFlags::NOCTTY
}

/// Whether what was opened so is a directory. The kernel is asked only where the way of opening
/// leaves it open: it has opened nothing else for `directory`, and no directory for writing.
fn is_directory(fd: &OwnedFd, open: OFlags, writable: bool) -> Result<bool, Errno> {
    if open.contains(OFlags::DIRECTORY) || writable {
        return Ok(open.contains(OFlags::DIRECTORY));
    }
    Ok(HostFileType::from_raw_mode(fstat(fd)?.st_mode) == HostFileType::Directory)
}

/// `path_open`: opens a file or directory, and writes its descriptor.
///
/// Rights beyond reading and writing are not looked at. [`Errno::Perm`] when the directory is
/// read-only and the call would change anything or allow to.
#[expect(clippy::too_many_arguments, reason = "the signature is preview1's")]
pub fn path_open(
    memory: &mut dyn GuestMemory,
    ctx: &mut WasiCtx,
    dir: u32,
    lookup: u32,
    path: u32,
    path_len: u32,
    oflags: u32,
    rights_base: u64,
    _rights_inheriting: u64,
    fd_flags: u32,
    opened: u32,
) -> Result<(), Errno> {
    let lookup = LookupFlags::from_bits(lookup).ok_or(Errno::Inval)?;
    let oflags = OFlags::from_bits(oflags).ok_or(Errno::Inval)?;
    let fd_flags = FdFlags::from_bits(fd_flags).ok_or(Errno::Inval)?;
    let rights = Rights::from_bits_truncate(rights_base);
    memory::check(memory, opened, 4)?;
    let path = &*memory::path(memory, path, path_len)?;
    let directory = ctx.table.directory(dir)?;
    let creates = OFlags::CREAT | OFlags::EXCL | OFlags::TRUNC;
    if oflags.contains(OFlags::DIRECTORY) && oflags.intersects(creates) {
        return Err(Errno::Inval);
    }
    if oflags.intersects(creates) || rights.contains(Rights::FD_WRITE) {
        directory.access.check_write()?;
    }
    let mode =
        if oflags.contains(OFlags::CREAT) { Mode::from_raw_mode(0o666) } else { Mode::empty() };
    let flags = host_flags(lookup, oflags, rights, fd_flags);
    let fd = ctx.resolver.open(directory.fd.as_fd(), path, flags, mode)?;
    let access = directory.access;
    let (readable, writable) =
        (rights.contains(Rights::FD_READ), rights.contains(Rights::FD_WRITE));
    let descriptor = if is_directory(&fd, oflags, writable)? {
        Descriptor::Directory(Directory::new(fd, access, None))
    } else {
        Descriptor::File(File { fd, readable, writable, access })
    };
    let fd = ctx.table.insert(descriptor)?;
    memory::write_u32(memory, opened, fd)
}
