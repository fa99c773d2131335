//! Directory entries: making, removing, renaming, linking.
//!
//! Each call acts on one name in a directory the resolver opened. A trailing slash is never passed
//! on, because the kernel would follow a symbolic link before it, out of the preopened directory;
//! what it asks for (that the name is a directory) is checked here.

use std::os::fd::AsFd;

use rustix::fs::{
    AtFlags, FileType, Mode, linkat, mkdirat, readlinkat_raw, renameat, symlinkat, unlinkat,
};

use super::resolve::{Entry, Target};
use crate::fd::Directory;
use crate::{Errno, GuestMemory, LookupFlags, WasiCtx, memory};

/// The longest target of a symbolic link on Linux.
const MAX_LINK: usize = 4096;

/// The entry `path` names in a directory that may be changed. A path that ends in `.` or `..` has
/// none, and is `no_entry`.
fn entry<'a>(
    ctx: &WasiCtx,
    directory: &'a Directory,
    path: &'a str,
    no_entry: Errno,
) -> Result<Entry<'a>, Errno> {
    directory.access.check_write()?;
    match ctx.resolver.target(directory.fd.as_fd(), path)? {
        Target::Entry(entry) => Ok(entry),
        Target::NoEntry { .. } => Err(no_entry),
    }
}

/// For a new entry that must not be a directory: fails when the path ends in a slash.
fn check_new_file(entry: &Entry<'_>) -> Result<(), Errno> {
    if !entry.trailing_slash {
        return Ok(());
    }
    match entry.file_type()? {
        FileType::Directory => Err(Errno::Exist),
        FileType::RegularFile
        | FileType::Symlink
        | FileType::Fifo
        | FileType::Socket
        | FileType::CharacterDevice
        | FileType::BlockDevice
        | FileType::Unknown => Err(Errno::NotDir),
    }
}

/// `path_create_directory`: makes a directory.
pub fn path_create_directory(
    memory: &mut dyn GuestMemory,
    ctx: &mut WasiCtx,
    dir: u32,
    path: u32,
    path_len: u32,
) -> Result<(), Errno> {
    let path = &*memory::path(memory, path, path_len)?;
    let entry = entry(ctx, ctx.table.directory(dir)?, path, Errno::Exist)?;
    Ok(mkdirat(entry.parent(), entry.name, Mode::from_raw_mode(0o777))?)
}

/// `path_remove_directory`: removes an empty directory.
pub fn path_remove_directory(
    memory: &mut dyn GuestMemory,
    ctx: &mut WasiCtx,
    dir: u32,
    path: u32,
    path_len: u32,
) -> Result<(), Errno> {
    let path = &*memory::path(memory, path, path_len)?;
    let directory = ctx.table.directory(dir)?;
    directory.access.check_write()?;
    match ctx.resolver.target(directory.fd.as_fd(), path)? {
        Target::Entry(entry) => Ok(unlinkat(entry.parent(), entry.name, AtFlags::REMOVEDIR)?),
        // As `rmdir` answers.
        Target::NoEntry { dot: true } => Err(Errno::Inval),
        Target::NoEntry { dot: false } => Err(Errno::NotEmpty),
    }
}

/// `path_unlink_file`: removes an entry that is not a directory.
pub fn path_unlink_file(
    memory: &mut dyn GuestMemory,
    ctx: &mut WasiCtx,
    dir: u32,
    path: u32,
    path_len: u32,
) -> Result<(), Errno> {
    let path = &*memory::path(memory, path, path_len)?;
    let entry = entry(ctx, ctx.table.directory(dir)?, path, Errno::IsDir)?;
    if entry.trailing_slash && entry.file_type()? != FileType::Directory {
        return Err(Errno::NotDir);
    }
    // A directory is refused by the kernel.
    Ok(unlinkat(entry.parent(), entry.name, AtFlags::empty())?)
}

/// `path_rename`: gives an entry another name, in place of what had it.
#[expect(clippy::too_many_arguments, reason = "the signature is preview1's")]
pub fn path_rename(
    memory: &mut dyn GuestMemory,
    ctx: &mut WasiCtx,
    old_dir: u32,
    old_path: u32,
    old_len: u32,
    new_dir: u32,
    new_path: u32,
    new_len: u32,
) -> Result<(), Errno> {
    let old_path = &*memory::path(memory, old_path, old_len)?;
    let new_path = &*memory::path(memory, new_path, new_len)?;
    let old = entry(ctx, ctx.table.directory(old_dir)?, old_path, Errno::Busy)?;
    let new = entry(ctx, ctx.table.directory(new_dir)?, new_path, Errno::Busy)?;
    if (old.trailing_slash || new.trailing_slash) && old.file_type()? != FileType::Directory {
        return Err(Errno::NotDir);
    }
    Ok(renameat(old.parent(), old.name, new.parent(), new.name)?)
}

/// `path_link`: gives a file one more name. Both directories must be writable: the new name could
/// be used to change the file. A symbolic link as last component is linked itself; asking to
/// follow it is [`Errno::Inval`].
#[expect(clippy::too_many_arguments, reason = "the signature is preview1's")]
pub fn path_link(
    memory: &mut dyn GuestMemory,
    ctx: &mut WasiCtx,
    old_dir: u32,
    old_lookup: u32,
    old_path: u32,
    old_len: u32,
    new_dir: u32,
    new_path: u32,
    new_len: u32,
) -> Result<(), Errno> {
    let lookup = LookupFlags::from_bits(old_lookup).ok_or(Errno::Inval)?;
    let old_path = &*memory::path(memory, old_path, old_len)?;
    let new_path = &*memory::path(memory, new_path, new_len)?;
    let old_dir = ctx.table.directory(old_dir)?;
    let new_dir = ctx.table.directory(new_dir)?;
    if lookup.contains(LookupFlags::SYMLINK_FOLLOW) {
        return Err(Errno::Inval);
    }
    let old = entry(ctx, old_dir, old_path, Errno::Perm)?;
    let new = entry(ctx, new_dir, new_path, Errno::Exist)?;
    if old.trailing_slash && old.file_type()? != FileType::Directory {
        return Err(Errno::NotDir);
    }
    check_new_file(&new)?;
    Ok(linkat(old.parent(), old.name, new.parent(), new.name, AtFlags::empty())?)
}

/// `path_symlink`: makes a symbolic link. Its target is text, and resolved beneath the preopened
/// directory whenever a guest uses it; an absolute one is [`Errno::Perm`] all the same, as other
/// programs of the host may follow it.
pub fn path_symlink(
    memory: &mut dyn GuestMemory,
    ctx: &mut WasiCtx,
    target: u32,
    target_len: u32,
    dir: u32,
    path: u32,
    path_len: u32,
) -> Result<(), Errno> {
    let target = &*memory::path(memory, target, target_len)?;
    let path = &*memory::path(memory, path, path_len)?;
    let directory = ctx.table.directory(dir)?;
    if target.starts_with('/') {
        return Err(Errno::Perm);
    }
    let entry = entry(ctx, directory, path, Errno::Exist)?;
    check_new_file(&entry)?;
    Ok(symlinkat(target, entry.parent(), entry.name)?)
}

/// `path_readlink`: writes the target of a symbolic link, cut to the buffer, and the bytes used.
/// [`Errno::Ilseq`] when the target is not UTF-8, as a path must be.
#[expect(clippy::too_many_arguments, reason = "the signature is preview1's")]
pub fn path_readlink(
    memory: &mut dyn GuestMemory,
    ctx: &mut WasiCtx,
    dir: u32,
    path: u32,
    path_len: u32,
    buffer: u32,
    buffer_len: u32,
    used: u32,
) -> Result<(), Errno> {
    memory::check(memory, used, 4)?;
    memory::check(memory, buffer, buffer_len)?;
    let path = &*memory::path(memory, path, path_len)?;
    let directory = ctx.table.directory(dir)?;
    let mut target = [0; MAX_LINK];
    let len = match ctx.resolver.target(directory.fd.as_fd(), path)? {
        Target::Entry(entry) if entry.trailing_slash => {
            // With a slash the path means what the link leads to, which must be a directory.
            ctx.resolver.open_node(directory.fd.as_fd(), path, true)?;
            return Err(Errno::Inval);
        }
        Target::Entry(entry) => readlinkat_raw(entry.parent(), entry.name, target.as_mut_slice())?,
        Target::NoEntry { .. } => return Err(Errno::Inval),
    };
    if std::str::from_utf8(&target[..len]).is_err() {
        return Err(Errno::Ilseq);
    }
    let room = usize::try_from(buffer_len).unwrap_or(usize::MAX);
    let target = &target[..len.min(room)];
    memory::write(memory, buffer, target)?;
    let len = u32::try_from(target.len()).or(Err(Errno::Overflow))?;
    memory::write_u32(memory, used, len)
}
