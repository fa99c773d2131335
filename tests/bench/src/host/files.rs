//! Arguments, streams and files of a measured program.
//!
//! What lives here: descriptors 0 to 2 are the process's own streams, 3 is the working directory,
//! files opened in it for reading come after. What does not: clocks and marks (`host.rs`).
//!
//! Invariant: streams are written without a buffer of ours, so a program pays for its own writes
//! alike under every engine.

use super::{Bytes, Errno, WasiResult};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::fd::{AsFd, BorrowedFd};

/// What a descriptor means.
enum Descriptor {
    Stream(File),
    Directory,
    File(File),
}

/// WASI's numbers for kinds of files.
#[derive(Copy, Clone)]
#[repr(u8)]
enum FileType {
    Unknown = 0,
    Directory = 3,
    RegularFile = 4,
}

/// The descriptors and arguments of one program.
pub(super) struct Files {
    arguments: Vec<String>,
    open: Vec<Option<Descriptor>>,
}

const PREOPENED: u32 = 3;
/// `oflags`: create, directory, exclusive, truncate.
const ANY_BUT_DIRECTORY: u32 = 0b1101;
const DIRECTORY: u32 = 0b0010;

impl Files {
    pub(super) fn new(arguments: Vec<String>) -> Self {
        let stream = |fd: BorrowedFd<'_>| {
            fd.try_clone_to_owned().ok().map(|fd| Descriptor::Stream(File::from(fd)))
        };
        let open = vec![
            stream(io::stdin().as_fd()),
            stream(io::stdout().as_fd()),
            stream(io::stderr().as_fd()),
            Some(Descriptor::Directory),
        ];
        Self { arguments, open }
    }

    fn descriptor(&mut self, fd: u32) -> Result<&mut Descriptor, Errno> {
        let index = usize::try_from(fd).map_err(|_| Errno::Badf)?;
        self.open.get_mut(index).and_then(Option::as_mut).ok_or(Errno::Badf)
    }

    pub(super) fn args_sizes_get(
        &self,
        memory: &mut Bytes<'_>,
        count: u32,
        bytes: u32,
    ) -> WasiResult {
        let total: usize = self.arguments.iter().map(|argument| argument.len() + 1).sum();
        memory.write(count, &size(self.arguments.len())?.to_le_bytes())?;
        memory.write(bytes, &size(total)?.to_le_bytes())
    }

    pub(super) fn args_get(&self, memory: &mut Bytes<'_>, table: u32, text: u32) -> WasiResult {
        let (mut table, mut text) = (table, text);
        for argument in &self.arguments {
            let length = size(argument.len())?;
            memory.write(table, &text.to_le_bytes())?;
            memory.write(text, argument.as_bytes())?;
            memory.write(text.wrapping_add(length), &[0])?;
            table = table.wrapping_add(4);
            text = text.wrapping_add(length).wrapping_add(1);
        }
        Ok(())
    }

    pub(super) fn close(&mut self, fd: u32) -> WasiResult {
        self.descriptor(fd)?;
        let slot = usize::try_from(fd).ok().and_then(|fd| self.open.get_mut(fd));
        slot.map(|slot| *slot = None).ok_or(Errno::Badf)
    }

    pub(super) fn fdstat(&mut self, memory: &mut Bytes<'_>, fd: u32, to: u32) -> WasiResult {
        let file_type = match self.descriptor(fd)? {
            Descriptor::Stream(_) => FileType::Unknown,
            Descriptor::Directory => FileType::Directory,
            Descriptor::File(_) => FileType::RegularFile,
        };
        // Flags stay zero; every right is there, and inherited.
        let mut stat = [0_u8; 24];
        stat[0] = file_type as u8;
        stat[8..].fill(0xff);
        memory.write(to, &stat)
    }

    pub(super) fn filestat(&mut self, memory: &mut Bytes<'_>, fd: u32, to: u32) -> WasiResult {
        let (file_type, length) = match self.descriptor(fd)? {
            Descriptor::Stream(_) => (FileType::Unknown, 0),
            Descriptor::Directory => (FileType::Directory, 0),
            Descriptor::File(file) => {
                let metadata = file.metadata().map_err(|_| Errno::Io)?;
                (FileType::RegularFile, metadata.len())
            }
        };
        memory.write(to, &filestat(file_type, length))
    }

    pub(super) fn path_filestat(
        memory: &mut Bytes<'_>,
        path: u32,
        length: u32,
        to: u32,
    ) -> WasiResult {
        let metadata = std::fs::metadata(text(memory, path, length)?).map_err(|_| Errno::Noent)?;
        let kind = if metadata.is_dir() { FileType::Directory } else { FileType::RegularFile };
        memory.write(to, &filestat(kind, metadata.len()))
    }

    pub(super) fn prestat(memory: &mut Bytes<'_>, fd: u32, to: u32) -> WasiResult {
        if fd != PREOPENED {
            return Err(Errno::Badf);
        }
        // Its name is one byte long: ".".
        memory.write(to, &[0, 0, 0, 0, 1, 0, 0, 0])
    }

    pub(super) fn prestat_name(memory: &mut Bytes<'_>, fd: u32, to: u32) -> WasiResult {
        if fd != PREOPENED {
            return Err(Errno::Badf);
        }
        memory.write(to, b".")
    }

    pub(super) fn open(
        &mut self,
        memory: &mut Bytes<'_>,
        directory: u32,
        (path, length): (u32, u32),
        flags: u32,
        to: u32,
    ) -> WasiResult {
        if directory != PREOPENED {
            return Err(Errno::Badf);
        }
        if flags & ANY_BUT_DIRECTORY != 0 {
            return Err(Errno::Notsup);
        }
        let path = text(memory, path, length)?;
        let opened = if flags & DIRECTORY != 0 {
            Descriptor::Directory
        } else {
            Descriptor::File(File::open(path).map_err(|_| Errno::Noent)?)
        };
        let fd = size(self.open.len())?;
        self.open.push(Some(opened));
        memory.write(to, &fd.to_le_bytes())
    }

    pub(super) fn seek(
        &mut self,
        memory: &mut Bytes<'_>,
        fd: u32,
        offset: i64,
        whence: u32,
        to: u32,
    ) -> WasiResult {
        let Descriptor::File(file) = self.descriptor(fd)? else { return Err(Errno::Spipe) };
        let to_seek = match whence {
            0 => SeekFrom::Start(u64::try_from(offset).map_err(|_| Errno::Inval)?),
            1 => SeekFrom::Current(offset),
            2 => SeekFrom::End(offset),
            _ => return Err(Errno::Inval),
        };
        let at = file.seek(to_seek).map_err(|_| Errno::Inval)?;
        memory.write(to, &at.to_le_bytes())
    }

    pub(super) fn read(
        &mut self,
        memory: &mut Bytes<'_>,
        fd: u32,
        vectors: u32,
        count: u32,
        to: u32,
    ) -> WasiResult {
        let (Descriptor::Stream(file) | Descriptor::File(file)) = self.descriptor(fd)? else {
            return Err(Errno::Badf);
        };
        transfer(memory, (vectors, count), to, |memory, address, bytes| {
            let moved = file.read(bytes).map_err(|_| Errno::Io)?;
            memory.write(address, &bytes[..moved])?;
            Ok(moved)
        })
    }

    pub(super) fn write(
        &mut self,
        memory: &mut Bytes<'_>,
        fd: u32,
        vectors: u32,
        count: u32,
        to: u32,
    ) -> WasiResult {
        let Descriptor::Stream(file) = self.descriptor(fd)? else { return Err(Errno::Badf) };
        transfer(memory, (vectors, count), to, |memory, address, bytes| {
            memory.read(address, bytes)?;
            file.write_all(bytes).map_err(|_| Errno::Io)?;
            Ok(bytes.len())
        })
    }
}

/// Does `part` for each of `count` vectors until one comes short, and writes the sum to `to`.
///
/// `part` gets the address of a vector and a buffer of its length, and returns how much it moved.
fn transfer(
    memory: &mut Bytes<'_>,
    (vectors, count): (u32, u32),
    to: u32,
    mut part: impl FnMut(&mut Bytes<'_>, u32, &mut [u8]) -> Result<usize, Errno>,
) -> WasiResult {
    let mut buffer = Vec::new();
    let mut sum = 0_u32;
    for index in 0..count {
        let vector = vectors.wrapping_add(index.wrapping_mul(8));
        let address = memory.read_u32(vector)?;
        let length = memory.read_u32(vector.wrapping_add(4))?;
        buffer.resize(usize::try_from(length).map_err(|_| Errno::Inval)?, 0);
        let moved = size(part(memory, address, &mut buffer)?)?;
        sum = sum.wrapping_add(moved);
        if moved < length {
            break;
        }
    }
    memory.write(to, &sum.to_le_bytes())
}

fn filestat(file_type: FileType, length: u64) -> [u8; 64] {
    let mut stat = [0; 64];
    stat[16] = file_type as u8;
    // One link.
    stat[24] = 1;
    stat[32..40].copy_from_slice(&length.to_le_bytes());
    stat
}

fn text(memory: &Bytes<'_>, address: u32, length: u32) -> Result<String, Errno> {
    let mut bytes = vec![0; usize::try_from(length).map_err(|_| Errno::Inval)?];
    memory.read(address, &mut bytes)?;
    String::from_utf8(bytes).map_err(|_| Errno::Inval)
}

fn size(length: usize) -> Result<u32, Errno> {
    u32::try_from(length).map_err(|_| Errno::Inval)
}
