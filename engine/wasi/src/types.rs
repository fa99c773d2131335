//! The flags, enumerations and records of preview1, as laid out in guest memory.
//!
//! Numbers from a guest become one of these types or an error at the edge; no function works on
//! raw flag words.

use bitflags::bitflags;
use rustix::fs::{FileType as HostFileType, Stat};

use crate::Errno;

bitflags! {
    /// Open flags of `path_open`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct OFlags: u32 {
        /// Create the file if it does not exist.
        const CREAT = 1;
        /// Fail unless it is a directory.
        const DIRECTORY = 1 << 1;
        /// Fail if it exists.
        const EXCL = 1 << 2;
        /// Make the file empty.
        const TRUNC = 1 << 3;
    }

    /// Flags of an open file.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct FdFlags: u32 {
        /// Writes go to the end of the file.
        const APPEND = 1;
        /// Writes wait for the data to be stored.
        const DSYNC = 1 << 1;
        /// Operations fail with `again` where they would wait.
        const NONBLOCK = 1 << 2;
        /// Reads are as synchronised as writes.
        const RSYNC = 1 << 3;
        /// Writes wait for data and attributes to be stored.
        const SYNC = 1 << 4;
    }

    /// How a path is looked up.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct LookupFlags: u32 {
        /// A symbolic link as last component is followed.
        const SYMLINK_FOLLOW = 1;
    }

    /// Which time stamps to set.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct FstFlags: u32 {
        /// Set the access time to the value given.
        const ATIM = 1;
        /// Set the access time to now.
        const ATIM_NOW = 1 << 1;
        /// Set the modification time to the value given.
        const MTIM = 1 << 2;
        /// Set the modification time to now.
        const MTIM_NOW = 1 << 3;
    }

    /// What a descriptor may be used for. Reported, and asked for by `path_open`; only
    /// [`Rights::FD_READ`] and [`Rights::FD_WRITE`] decide how a file is opened.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Rights: u64 {
        /// `fd_datasync`.
        const FD_DATASYNC = 1;
        /// `fd_read`.
        const FD_READ = 1 << 1;
        /// `fd_seek`.
        const FD_SEEK = 1 << 2;
        /// `fd_fdstat_set_flags`.
        const FD_FDSTAT_SET_FLAGS = 1 << 3;
        /// `fd_sync`.
        const FD_SYNC = 1 << 4;
        /// `fd_tell`.
        const FD_TELL = 1 << 5;
        /// `fd_write`.
        const FD_WRITE = 1 << 6;
        /// `fd_advise`.
        const FD_ADVISE = 1 << 7;
        /// `fd_allocate`.
        const FD_ALLOCATE = 1 << 8;
        /// `path_create_directory`.
        const PATH_CREATE_DIRECTORY = 1 << 9;
        /// `path_open` that creates a file.
        const PATH_CREATE_FILE = 1 << 10;
        /// `path_link`, as the directory of the existing file.
        const PATH_LINK_SOURCE = 1 << 11;
        /// `path_link`, as the directory of the new name.
        const PATH_LINK_TARGET = 1 << 12;
        /// `path_open`.
        const PATH_OPEN = 1 << 13;
        /// `fd_readdir`.
        const FD_READDIR = 1 << 14;
        /// `path_readlink`.
        const PATH_READLINK = 1 << 15;
        /// `path_rename`, as the directory of the old name.
        const PATH_RENAME_SOURCE = 1 << 16;
        /// `path_rename`, as the directory of the new name.
        const PATH_RENAME_TARGET = 1 << 17;
        /// `path_filestat_get`.
        const PATH_FILESTAT_GET = 1 << 18;
        /// `path_open` that truncates.
        const PATH_FILESTAT_SET_SIZE = 1 << 19;
        /// `path_filestat_set_times`.
        const PATH_FILESTAT_SET_TIMES = 1 << 20;
        /// `fd_filestat_get`.
        const FD_FILESTAT_GET = 1 << 21;
        /// `fd_filestat_set_size`.
        const FD_FILESTAT_SET_SIZE = 1 << 22;
        /// `fd_filestat_set_times`.
        const FD_FILESTAT_SET_TIMES = 1 << 23;
        /// `path_symlink`.
        const PATH_SYMLINK = 1 << 24;
        /// `path_remove_directory`.
        const PATH_REMOVE_DIRECTORY = 1 << 25;
        /// `path_unlink_file`.
        const PATH_UNLINK_FILE = 1 << 26;
        /// `poll_oneoff` on the descriptor.
        const POLL_FD_READWRITE = 1 << 27;
        /// `sock_shutdown`.
        const SOCK_SHUTDOWN = 1 << 28;
        /// `sock_accept`.
        const SOCK_ACCEPT = 1 << 29;
    }
}

impl Rights {
    /// What a directory is reported to allow.
    pub const DIRECTORY: Rights = Rights::PATH_CREATE_DIRECTORY
        .union(Rights::PATH_CREATE_FILE)
        .union(Rights::PATH_LINK_SOURCE)
        .union(Rights::PATH_LINK_TARGET)
        .union(Rights::PATH_OPEN)
        .union(Rights::FD_READDIR)
        .union(Rights::PATH_READLINK)
        .union(Rights::PATH_RENAME_SOURCE)
        .union(Rights::PATH_RENAME_TARGET)
        .union(Rights::PATH_SYMLINK)
        .union(Rights::PATH_REMOVE_DIRECTORY)
        .union(Rights::PATH_UNLINK_FILE)
        .union(Rights::PATH_FILESTAT_GET)
        .union(Rights::PATH_FILESTAT_SET_TIMES)
        .union(Rights::FD_FILESTAT_GET)
        .union(Rights::FD_FILESTAT_SET_TIMES);

    /// What a file opened for reading and writing is reported to allow.
    pub const FILE: Rights = Rights::FD_DATASYNC
        .union(Rights::FD_READ)
        .union(Rights::FD_SEEK)
        .union(Rights::FD_FDSTAT_SET_FLAGS)
        .union(Rights::FD_SYNC)
        .union(Rights::FD_TELL)
        .union(Rights::FD_WRITE)
        .union(Rights::FD_ADVISE)
        .union(Rights::FD_ALLOCATE)
        .union(Rights::FD_FILESTAT_GET)
        .union(Rights::FD_FILESTAT_SET_SIZE)
        .union(Rights::FD_FILESTAT_SET_TIMES)
        .union(Rights::POLL_FD_READWRITE);
}

/// What a descriptor or directory entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum FileType {
    /// None of the others, or not known.
    Unknown = 0,
    /// A block device.
    BlockDevice = 1,
    /// A character device.
    CharacterDevice = 2,
    /// A directory.
    Directory = 3,
    /// A regular file.
    RegularFile = 4,
    /// A stream socket.
    SocketStream = 6,
    /// A symbolic link.
    SymbolicLink = 7,
}

impl From<HostFileType> for FileType {
    fn from(host: HostFileType) -> FileType {
        match host {
            HostFileType::RegularFile => FileType::RegularFile,
            HostFileType::Directory => FileType::Directory,
            HostFileType::Symlink => FileType::SymbolicLink,
            HostFileType::Socket => FileType::SocketStream,
            HostFileType::CharacterDevice => FileType::CharacterDevice,
            HostFileType::BlockDevice => FileType::BlockDevice,
            HostFileType::Fifo | HostFileType::Unknown => FileType::Unknown,
        }
    }
}

/// What a seek is relative to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whence {
    /// The start of the file.
    Set,
    /// The current position.
    Cur,
    /// The end of the file.
    End,
}

impl TryFrom<u32> for Whence {
    type Error = Errno;

    fn try_from(value: u32) -> Result<Whence, Errno> {
        match value {
            0 => Ok(Whence::Set),
            1 => Ok(Whence::Cur),
            2 => Ok(Whence::End),
            _ => Err(Errno::Inval),
        }
    }
}

/// What `poll_oneoff` waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum EventType {
    /// A point in time.
    Clock = 0,
    /// Something to read.
    FdRead = 1,
    /// Room to write.
    FdWrite = 2,
}

impl TryFrom<u8> for EventType {
    type Error = Errno;

    fn try_from(value: u8) -> Result<EventType, Errno> {
        match value {
            0 => Ok(EventType::Clock),
            1 => Ok(EventType::FdRead),
            2 => Ok(EventType::FdWrite),
            _ => Err(Errno::Inval),
        }
    }
}

pub(crate) const FDSTAT_SIZE: u32 = 24;
pub(crate) const FILESTAT_SIZE: u32 = 64;
pub(crate) const DIRENT_SIZE: usize = 24;

/// The record `fd_fdstat_get` writes.
pub(crate) struct Fdstat {
    pub(crate) file_type: FileType,
    pub(crate) flags: FdFlags,
    pub(crate) base: Rights,
    pub(crate) inheriting: Rights,
}

impl Fdstat {
    pub(crate) fn to_bytes(&self) -> [u8; FDSTAT_SIZE as usize] {
        let mut out = [0; FDSTAT_SIZE as usize];
        out[0] = self.file_type as u8;
        let [low, high, ..] = self.flags.bits().to_le_bytes();
        out[2..4].copy_from_slice(&[low, high]);
        out[8..16].copy_from_slice(&self.base.bits().to_le_bytes());
        out[16..24].copy_from_slice(&self.inheriting.bits().to_le_bytes());
        out
    }
}

/// The record `fd_filestat_get` and `path_filestat_get` write.
pub(crate) struct Filestat {
    device: u64,
    inode: u64,
    file_type: FileType,
    links: u64,
    size: u64,
    times: [u64; 3],
}

impl Filestat {
    /// What is known of a stream that is not a file: its type.
    pub(crate) fn stream(file_type: FileType) -> Filestat {
        Filestat { device: 0, inode: 0, file_type, links: 0, size: 0, times: [0; 3] }
    }

    pub(crate) fn to_bytes(&self) -> [u8; FILESTAT_SIZE as usize] {
        let mut out = [0; FILESTAT_SIZE as usize];
        let [access, modification, change] = self.times;
        let words = [self.device, self.inode, u64::from(self.file_type as u8), self.links];
        let words = words.into_iter().chain([self.size, access, modification, change]);
        let (slots, _) = out.as_chunks_mut::<8>();
        for (slot, word) in slots.iter_mut().zip(words) {
            *slot = word.to_le_bytes();
        }
        out
    }
}

impl From<&Stat> for Filestat {
    fn from(stat: &Stat) -> Filestat {
        Filestat {
            device: stat.st_dev,
            inode: stat.st_ino,
            file_type: HostFileType::from_raw_mode(stat.st_mode).into(),
            links: stat.st_nlink,
            size: stat.st_size.max(0).cast_unsigned(),
            times: [
                nanoseconds(stat.st_atime, stat.st_atime_nsec),
                nanoseconds(stat.st_mtime, stat.st_mtime_nsec),
                nanoseconds(stat.st_ctime, stat.st_ctime_nsec),
            ],
        }
    }
}

/// A time stamp as preview1 has it; what does not fit (before 1970, after 2554) is clamped.
fn nanoseconds(seconds: i64, nanos: u64) -> u64 {
    u64::try_from(seconds).map_or(0, |seconds| {
        seconds.checked_mul(1_000_000_000).and_then(|ns| ns.checked_add(nanos)).unwrap_or(u64::MAX)
    })
}

/// The fixed part of a directory entry.
pub(crate) fn dirent(
    next: u64,
    inode: u64,
    name_len: u32,
    file_type: FileType,
) -> [u8; DIRENT_SIZE] {
    let mut out = [0; DIRENT_SIZE];
    out[0..8].copy_from_slice(&next.to_le_bytes());
    out[8..16].copy_from_slice(&inode.to_le_bytes());
    out[16..20].copy_from_slice(&name_len.to_le_bytes());
    out[20] = file_type as u8;
    out
}
