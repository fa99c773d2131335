//! `fd_readdir`.
//!
//! The cookies of preview1 are those of the kernel. What one call took from the kernel beyond what
//! fitted into the guest's buffer stays with the descriptor, as the guest will see it, so that the
//! next call usually costs no call of the host. A listing from the start asks the kernel again.

use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd};

use rustix::fs::{
    AtFlags, FileType as HostFileType, RawDir, RawDirEntry, SeekFrom, fstat, seek, statat,
};

use crate::types::{DIRENT_SIZE, dirent};
use crate::{Errno, GuestMemory, WasiCtx, memory};

/// Bytes of entries taken from the kernel at once; the longest entry needs 280.
const HOST_BUFFER: usize = 8 * 1024;

/// Entries of an open directory that a guest may ask for next.
pub(crate) struct Listing {
    /// The entries, as in guest memory: one after the other, without gaps.
    entries: Vec<u8>,
    /// The cookie of the first of them.
    first: u64,
    /// The cookie after the last of them, which is where the kernel stands.
    next: u64,
    /// Nothing follows them.
    complete: bool,
    /// What `..` is said to be: the directory itself, as its parent may be outside.
    inode: Option<u64>,
}

impl Listing {
    /// Of a directory that was just opened: nothing known yet.
    pub(crate) fn new() -> Listing {
        Listing { entries: Vec::new(), first: 0, next: 0, complete: false, inode: None }
    }

    /// Gives `put` up to `room` bytes of entries from `cookie` on, in pieces and with the place of
    /// each, and returns how many.
    fn read(
        &mut self,
        fd: BorrowedFd<'_>,
        cookie: u64,
        room: usize,
        mut put: impl FnMut(usize, &[u8]) -> Result<(), Errno>,
    ) -> Result<usize, Errno> {
        if room == 0 {
            return Ok(0);
        }
        let mut start = match self.position(cookie) {
            Some(start) if cookie != 0 => start,
            Some(_) | None => self.restart(fd, cookie)?,
        };
        let mut used = 0;
        loop {
            let part = &self.entries[start..];
            let len = part.len().min(room - used);
            put(used, &part[..len])?;
            used += len;
            if used == room || self.complete {
                return Ok(used);
            }
            self.entries.clear();
            self.first = self.next;
            if let Err(error) = self.advance(fd) {
                // Where the kernel stands now is known to nobody: no cookie is this one.
                (self.first, self.next) = (u64::MAX, u64::MAX);
                return Err(error);
            }
            start = 0;
        }
    }

    /// Where in `entries` the entry of a cookie starts, when it is there or the next to come.
    fn position(&self, cookie: u64) -> Option<usize> {
        let mut at = 0;
        let mut current = self.first;
        while current != cookie {
            let (head, _) = self.entries.get(at..)?.split_first_chunk::<DIRENT_SIZE>()?;
            let [n0, n1, n2, n3, n4, n5, n6, n7, .., l0, l1, l2, l3, _, _, _, _] = *head;
            current = u64::from_le_bytes([n0, n1, n2, n3, n4, n5, n6, n7]);
            at += DIRENT_SIZE + usize::try_from(u32::from_le_bytes([l0, l1, l2, l3])).ok()?;
        }
        Some(at)
    }

    /// Forgets everything and goes to a cookie.
    fn restart(&mut self, fd: BorrowedFd<'_>, cookie: u64) -> Result<usize, Errno> {
        if i64::try_from(cookie).is_err() {
            return Err(Errno::Inval);
        }
        if cookie != self.next {
            seek(fd, SeekFrom::Start(cookie))?;
        }
        self.entries.clear();
        (self.first, self.next, self.complete) = (cookie, cookie, false);
        Ok(0)
    }

    /// Takes the next entries from the kernel.
    fn advance(&mut self, fd: BorrowedFd<'_>) -> Result<(), Errno> {
        let mut host = [MaybeUninit::uninit(); HOST_BUFFER];
        let mut entries = RawDir::new(fd, &mut host);
        loop {
            let Some(entry) = entries.next() else {
                self.complete = true;
                return Ok(());
            };
            let entry = entry?;
            self.next = entry.next_entry_cookie();
            // No path of preview1 can say another name.
            if entry.file_name().to_str().is_ok() {
                let inode = match entry.file_name().to_bytes() {
                    b".." => self.own_inode(fd)?,
                    _ => entry.ino(),
                };
                self.push(fd, &entry, inode)?;
            }
            if entries.is_buffer_empty() {
                return Ok(());
            }
        }
    }

    fn push(
        &mut self,
        fd: BorrowedFd<'_>,
        entry: &RawDirEntry<'_>,
        inode: u64,
    ) -> Result<(), Errno> {
        let name = entry.file_name().to_bytes();
        let name_len = u32::try_from(name.len()).or(Err(Errno::Overflow))?;
        let file_type = file_type(fd, entry)?;
        let head = dirent(entry.next_entry_cookie(), inode, name_len, file_type.into());
        self.entries.extend_from_slice(&head);
        self.entries.extend_from_slice(name);
        Ok(())
    }

    fn own_inode(&mut self, fd: BorrowedFd<'_>) -> Result<u64, Errno> {
        if let Some(inode) = self.inode {
            return Ok(inode);
        }
        Ok(*self.inode.insert(fstat(fd)?.st_ino))
    }
}

/// `fd_readdir`: writes entries of a directory from `cookie` on (0 is the start), and the bytes
/// used.
///
/// An entry that does not fit is cut, as preview1 wants it: less than `len` used means that the
/// directory ends. Entries made or removed since the listing began may or may not be listed. Those
/// whose name is not UTF-8 never are, as no path can name them.
pub fn fd_readdir(
    memory: &mut dyn GuestMemory,
    ctx: &mut WasiCtx,
    fd: u32,
    buffer: u32,
    len: u32,
    cookie: u64,
    used: u32,
) -> Result<(), Errno> {
    memory::check(memory, used, 4)?;
    let directory = ctx.table.directory_mut(fd)?;
    let room = memory::array(memory, buffer, len, 1)?;
    let put = |at, part: &[u8]| memory.write(room.start + at, part);
    let filled = directory.listing.read(directory.fd.as_fd(), cookie, room.len(), put)?;
    memory::write_u32(memory, used, u32::try_from(filled).or(Err(Errno::Overflow))?)
}

/// The type of an entry. Not every file system lists it.
fn file_type(fd: BorrowedFd<'_>, entry: &RawDirEntry<'_>) -> Result<HostFileType, Errno> {
    match entry.file_type() {
        HostFileType::Unknown if entry.file_name() != c".." => {
            match statat(fd, entry.file_name(), AtFlags::SYMLINK_NOFOLLOW) {
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
