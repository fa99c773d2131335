//! `fd_readdir`.
//!
//! Nothing is kept between calls: the cookies of preview1 are those of the kernel, and a call
//! continues where its cookie says.

use std::mem::MaybeUninit;

use rustix::fs::statat;
use rustix::fs::{AtFlags, FileType as HostFileType, RawDir, RawDirEntry, SeekFrom, fstat, seek};

use crate::fd::Directory;
use crate::types::dirent;
use crate::{Errno, WasiCtx, memory};

/// Bytes of entries taken from the kernel at once; the longest entry needs 280.
const HOST_BUFFER: usize = 8 * 1024;

/// `fd_readdir`: writes entries of a directory from `cookie` on (0 is the start), and the bytes
/// used.
///
/// An entry that does not fit is cut, as preview1 wants it: less than `len` used means that the
/// directory ends. Entries made or removed meanwhile may or may not be listed.
pub fn fd_readdir(
    memory: &mut [u8],
    ctx: &mut WasiCtx,
    fd: u32,
    buffer: u32,
    len: u32,
    cookie: u64,
    used: u32,
) -> Result<(), Errno> {
    memory::check(memory, used, 4)?;
    let directory = ctx.table.directory(fd).map_err(|error| match error {
        Errno::NotDir => Errno::Badf,
        other => other,
    })?;
    let filled = list(directory, cookie, memory::bytes_mut(memory, buffer, len)?)?;
    memory::write_u32(memory, used, u32::try_from(filled).or(Err(Errno::Overflow))?)
}

/// Fills `out` with entries from `cookie` on, and returns the bytes used.
fn list(directory: &Directory, cookie: u64, out: &mut [u8]) -> Result<usize, Errno> {
    if i64::try_from(cookie).is_err() {
        return Err(Errno::Inval);
    }
    seek(&directory.fd, SeekFrom::Start(cookie))?;
    let mut host = [MaybeUninit::uninit(); HOST_BUFFER];
    let mut entries = RawDir::new(&directory.fd, &mut host);
    let mut used = 0;
    while used < out.len() {
        let Some(entry) = entries.next() else { break };
        let entry = entry?;
        let name = entry.file_name().to_bytes();
        let inode = match name {
            // The parent may be outside of what the guest may see.
            b".." => fstat(&directory.fd)?.st_ino,
            _ => entry.ino(),
        };
        let file_type = file_type(directory, &entry)?;
        let name_len = u32::try_from(name.len()).or(Err(Errno::Overflow))?;
        let record = dirent(entry.next_entry_cookie(), inode, name_len, file_type.into());
        for part in [&record[..], name] {
            let len = part.len().min(out.len() - used);
            out[used..used + len].copy_from_slice(&part[..len]);
            used += len;
        }
    }
    Ok(used)
}

/// The type of an entry. Not every file system lists it.
fn file_type(directory: &Directory, entry: &RawDirEntry<'_>) -> Result<HostFileType, Errno> {
    match entry.file_type() {
        HostFileType::Unknown if entry.file_name() != c".." => {
            match statat(&directory.fd, entry.file_name(), AtFlags::SYMLINK_NOFOLLOW) {
                Ok(stat) => Ok(HostFileType::from_raw_mode(stat.st_mode)),
                // Removed meanwhile.
                Err(rustix::io::Errno::NOENT) => Ok(HostFileType::Unknown),
                Err(error) => Err(error.into()),
            }
        }
        HostFileType::Unknown => Ok(HostFileType::Directory),
        known => Ok(known),
    }
}
