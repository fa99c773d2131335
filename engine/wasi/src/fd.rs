//! The descriptor table, and the functions that work on any kind of descriptor.
//!
//! 0, 1 and 2 are the standard streams, preopened directories follow, and a new descriptor gets
//! the lowest free number. A table entry owns its host descriptor.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{OFlags as HostOFlags, fcntl_getfl, fcntl_setfl, fstat};

use crate::fs::readdir::Listing;
use crate::stdio::{InputStream, OutputStream};
use crate::types::{FDSTAT_SIZE, FILESTAT_SIZE, Fdstat, Filestat};
use crate::{Errno, FdFlags, FileType, GuestMemory, Rights, WasiCtx, memory};

/// Whether anything beneath a directory may be changed. What is opened through it inherits this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DirAccess {
    ReadOnly,
    ReadWrite,
}

impl DirAccess {
    /// Fails unless changes are allowed.
    pub(crate) fn check_write(self) -> Result<(), Errno> {
        match self {
            DirAccess::ReadWrite => Ok(()),
            DirAccess::ReadOnly => Err(Errno::Perm),
        }
    }
}

/// An open file that is not a directory.
pub(crate) struct File {
    pub(crate) fd: OwnedFd,
    pub(crate) readable: bool,
    pub(crate) writable: bool,
    /// Of the directory it was opened through: decides about attributes, which the kernel lets
    /// the owner change through any descriptor.
    pub(crate) access: DirAccess,
}

/// An open directory.
pub(crate) struct Directory {
    pub(crate) fd: OwnedFd,
    pub(crate) access: DirAccess,
    /// The name the guest knows it by, when the embedder opened it.
    pub(crate) preopen: Option<Vec<u8>>,
    /// What is known of its entries.
    pub(crate) listing: Listing,
}

impl Directory {
    pub(crate) fn new(fd: OwnedFd, access: DirAccess, preopen: Option<Vec<u8>>) -> Directory {
        Directory { fd, access, preopen, listing: Listing::new() }
    }
}

/// What a descriptor number stands for.
pub(crate) enum Descriptor {
    Input(InputStream),
    Output(OutputStream),
    File(File),
    Directory(Directory),
}

impl Descriptor {
    /// What the guest is told this is. A standard stream is a character device exactly when it is
    /// a terminal: that is how guests recognise one.
    fn file_type(&self) -> Result<FileType, Errno> {
        let host = match self {
            Descriptor::Input(stream) => stream.host_fd(),
            Descriptor::Output(stream) => stream.host_fd(),
            Descriptor::Directory(_) => return Ok(FileType::Directory),
            Descriptor::File(file) => {
                let mode = fstat(&file.fd)?.st_mode;
                return Ok(rustix::fs::FileType::from_raw_mode(mode).into());
            }
        };
        let terminal = host.is_some_and(|fd| std::io::IsTerminal::is_terminal(&fd));
        Ok(if terminal { FileType::CharacterDevice } else { FileType::Unknown })
    }

    fn fdstat(&self) -> Result<Fdstat, Errno> {
        let file_type = self.file_type()?;
        let stream = Rights::FD_FILESTAT_GET | Rights::POLL_FD_READWRITE;
        let (flags, base, inheriting) = match self {
            Descriptor::Input(_) => (FdFlags::empty(), stream | Rights::FD_READ, Rights::empty()),
            Descriptor::Output(_) => (FdFlags::empty(), stream | Rights::FD_WRITE, Rights::empty()),
            // Guests mask what they ask of `path_open` by these, so they do not depend on the
            // access: else an open for writing would quietly become one for reading.
            Descriptor::Directory(_) => {
                (FdFlags::empty(), Rights::DIRECTORY, Rights::DIRECTORY | Rights::FILE)
            }
            Descriptor::File(file) => {
                let mut base = Rights::FILE;
                base.set(Rights::FD_READ, file.readable);
                base.set(Rights::FD_WRITE, file.writable);
                if file_type == FileType::CharacterDevice {
                    base -= Rights::FD_SEEK | Rights::FD_TELL;
                }
                (fd_flags(fcntl_getfl(&file.fd)?), base, Rights::empty())
            }
        };
        Ok(Fdstat { file_type, flags, base, inheriting })
    }

    /// The host descriptor, when there is one to wait on.
    pub(crate) fn host_fd(&self) -> Option<BorrowedFd<'_>> {
        match self {
            Descriptor::Input(stream) => stream.host_fd(),
            Descriptor::Output(stream) => stream.host_fd(),
            Descriptor::File(file) => Some(file.fd.as_fd()),
            Descriptor::Directory(directory) => Some(directory.fd.as_fd()),
        }
    }
}

/// Descriptors by number.
pub(crate) struct FdTable {
    slots: Vec<Option<Descriptor>>,
    /// No number below this one is free.
    taken: usize,
}

impl FromIterator<Descriptor> for FdTable {
    fn from_iter<I: IntoIterator<Item = Descriptor>>(descriptors: I) -> FdTable {
        let slots: Vec<_> = descriptors.into_iter().map(Some).collect();
        let taken = slots.len();
        FdTable { slots, taken }
    }
}

impl FdTable {
    pub(crate) fn open_count(&self) -> usize {
        self.slots.iter().flatten().count()
    }

    pub(crate) fn descriptor(&self, fd: u32) -> Result<&Descriptor, Errno> {
        let index = usize::try_from(fd).or(Err(Errno::Badf))?;
        self.slots.get(index).and_then(Option::as_ref).ok_or(Errno::Badf)
    }

    pub(crate) fn descriptor_mut(&mut self, fd: u32) -> Result<&mut Descriptor, Errno> {
        let index = usize::try_from(fd).or(Err(Errno::Badf))?;
        self.slots.get_mut(index).and_then(Option::as_mut).ok_or(Errno::Badf)
    }

    /// Removes a descriptor; its number is free then.
    fn take(&mut self, fd: u32) -> Result<Descriptor, Errno> {
        let index = usize::try_from(fd).or(Err(Errno::Badf))?;
        let taken = self.slots.get_mut(index).and_then(Option::take).ok_or(Errno::Badf)?;
        self.taken = self.taken.min(index);
        Ok(taken)
    }

    /// The file `fd` is; [`Errno::Badf`] for directories and [`Errno::Spipe`] for streams, which
    /// have no position, size or contents of their own.
    pub(crate) fn file(&self, fd: u32) -> Result<&File, Errno> {
        match self.descriptor(fd)? {
            Descriptor::File(file) => Ok(file),
            Descriptor::Directory(_) => Err(Errno::Badf),
            Descriptor::Input(_) | Descriptor::Output(_) => Err(Errno::Spipe),
        }
    }

    pub(crate) fn directory(&self, fd: u32) -> Result<&Directory, Errno> {
        match self.descriptor(fd)? {
            Descriptor::Directory(directory) => Ok(directory),
            Descriptor::File(_) | Descriptor::Input(_) | Descriptor::Output(_) => {
                Err(Errno::NotDir)
            }
        }
    }

    /// The directory whose entries `fd` lists; [`Errno::Badf`] for anything else.
    pub(crate) fn directory_mut(&mut self, fd: u32) -> Result<&mut Directory, Errno> {
        match self.descriptor_mut(fd)? {
            Descriptor::Directory(directory) => Ok(directory),
            Descriptor::File(_) | Descriptor::Input(_) | Descriptor::Output(_) => Err(Errno::Badf),
        }
    }

    /// The name of the preopened directory `fd` is.
    fn preopen(&self, fd: u32) -> Result<&[u8], Errno> {
        match self.descriptor(fd)? {
            Descriptor::Directory(Directory { preopen: Some(name), .. }) => Ok(name),
            Descriptor::Directory(_)
            | Descriptor::File(_)
            | Descriptor::Input(_)
            | Descriptor::Output(_) => Err(Errno::Badf),
        }
    }

    /// Adds a descriptor under the lowest free number.
    pub(crate) fn insert(&mut self, descriptor: Descriptor) -> Result<u32, Errno> {
        let maybe_free = self.slots.iter().skip(self.taken);
        let free = self.taken + maybe_free.take_while(|slot| slot.is_some()).count();
        let fd = u32::try_from(free).or(Err(Errno::Nfile))?;
        match self.slots.get_mut(free) {
            Some(slot) => *slot = Some(descriptor),
            None => self.slots.push(Some(descriptor)),
        }
        self.taken = free + 1;
        Ok(fd)
    }
}

/// The preview1 flags of an open host descriptor.
fn fd_flags(host: HostOFlags) -> FdFlags {
    let mut flags = FdFlags::empty();
    flags.set(FdFlags::APPEND, host.contains(HostOFlags::APPEND));
    flags.set(FdFlags::NONBLOCK, host.contains(HostOFlags::NONBLOCK));
    // On Linux `O_SYNC` includes the bit of `O_DSYNC`, and `O_RSYNC` is `O_SYNC`.
    flags.set(FdFlags::DSYNC, host.contains(HostOFlags::DSYNC));
    flags.set(FdFlags::SYNC | FdFlags::RSYNC, host.contains(HostOFlags::SYNC));
    flags
}

/// `fd_close`: closes a descriptor.
pub fn fd_close(_memory: &mut dyn GuestMemory, ctx: &mut WasiCtx, fd: u32) -> Result<(), Errno> {
    ctx.table.take(fd).map(drop)
}

/// `fd_renumber`: moves a descriptor to the number of another open one, which is closed.
pub fn fd_renumber(
    _memory: &mut dyn GuestMemory,
    ctx: &mut WasiCtx,
    from: u32,
    to: u32,
) -> Result<(), Errno> {
    ctx.table.descriptor(from)?;
    ctx.table.descriptor(to)?;
    if from != to {
        let moved = ctx.table.take(from)?;
        *ctx.table.descriptor_mut(to)? = moved;
    }
    Ok(())
}

/// `fd_fdstat_get`: writes what a descriptor is and allows.
pub fn fd_fdstat_get(
    memory: &mut dyn GuestMemory,
    ctx: &mut WasiCtx,
    fd: u32,
    stat: u32,
) -> Result<(), Errno> {
    memory::check(memory, stat, FDSTAT_SIZE)?;
    let fdstat = ctx.table.descriptor(fd)?.fdstat()?;
    memory::write(memory, stat, &fdstat.to_bytes())
}

/// `fd_fdstat_set_flags`: sets `append` and `nonblock` of a file. The others cannot be changed
/// on an open file ([`Errno::Inval`]).
pub fn fd_fdstat_set_flags(
    _memory: &mut dyn GuestMemory,
    ctx: &mut WasiCtx,
    fd: u32,
    flags: u32,
) -> Result<(), Errno> {
    let flags = FdFlags::from_bits(flags).ok_or(Errno::Inval)?;
    let Descriptor::File(file) = ctx.table.descriptor(fd)? else {
        return Err(Errno::Badf);
    };
    let current = fcntl_getfl(&file.fd)?;
    let changeable = FdFlags::APPEND | FdFlags::NONBLOCK;
    if !(flags - changeable - fd_flags(current)).is_empty() {
        return Err(Errno::Inval);
    }
    let mut host = current;
    host.set(HostOFlags::APPEND, flags.contains(FdFlags::APPEND));
    host.set(HostOFlags::NONBLOCK, flags.contains(FdFlags::NONBLOCK));
    Ok(fcntl_setfl(&file.fd, host)?)
}

/// `fd_fdstat_set_rights`: always [`Errno::NotSup`] for an open descriptor; rights are reported
/// but cannot be given up.
pub fn fd_fdstat_set_rights(
    _memory: &mut dyn GuestMemory,
    ctx: &mut WasiCtx,
    fd: u32,
    _base: u64,
    _inheriting: u64,
) -> Result<(), Errno> {
    ctx.table.descriptor(fd)?;
    Err(Errno::NotSup)
}

/// `fd_filestat_get`: writes the attributes of a descriptor. Of a standard stream only its type
/// is known.
pub fn fd_filestat_get(
    memory: &mut dyn GuestMemory,
    ctx: &mut WasiCtx,
    fd: u32,
    stat: u32,
) -> Result<(), Errno> {
    memory::check(memory, stat, FILESTAT_SIZE)?;
    let descriptor = ctx.table.descriptor(fd)?;
    let filestat = match descriptor {
        Descriptor::File(file) => Filestat::from(&fstat(&file.fd)?),
        Descriptor::Directory(directory) => Filestat::from(&fstat(&directory.fd)?),
        Descriptor::Input(_) | Descriptor::Output(_) => Filestat::stream(descriptor.file_type()?),
    };
    memory::write(memory, stat, &filestat.to_bytes())
}

/// `fd_prestat_get`: writes that a descriptor is a preopened directory, and the length of its
/// name.
pub fn fd_prestat_get(
    memory: &mut dyn GuestMemory,
    ctx: &mut WasiCtx,
    fd: u32,
    prestat: u32,
) -> Result<(), Errno> {
    let len = u32::try_from(ctx.table.preopen(fd)?.len()).or(Err(Errno::Overflow))?;
    let mut record = [0; 8];
    record[4..].copy_from_slice(&len.to_le_bytes());
    memory::write(memory, prestat, &record)
}

/// `fd_prestat_dir_name`: writes the name of a preopened directory.
pub fn fd_prestat_dir_name(
    memory: &mut dyn GuestMemory,
    ctx: &mut WasiCtx,
    fd: u32,
    path: u32,
    len: u32,
) -> Result<(), Errno> {
    let name = ctx.table.preopen(fd)?;
    if u64::from(len) < name.len() as u64 {
        return Err(Errno::NameTooLong);
    }
    memory::write(memory, path, name)
}
