//! The jitdump: a binary file of code and its names, which `perf inject --jit` turns into images
//! that `perf report` and `perf annotate` read.
//!
//! What lives here: the file, and the mapping by which `perf record` notices it. The format is that
//! of version 1, as `tools/perf/Documentation/jitdump-specification.txt` in Linux describes it.
//!
//! Invariant: the file is a header followed by whole records, whatever fails.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::ptr;

use crate::runtime::mmap::host_page_size;

/// What the file begins with: "JiTD" as a number.
const MAGIC: u32 = 0x4a69_5444;
const VERSION: u32 = 1;
/// x86-64, as ELF numbers machines.
const MACHINE: u32 = 62;
const HEADER_BYTES: u32 = 40;

/// The record that says where code was put.
const CODE_LOAD: u32 = 0;
/// Its length without the name and the code.
const CODE_LOAD_BYTES: usize = 56;

/// The file.
#[derive(Debug)]
pub(super) struct JitDump {
    file: File,
    process: u32,
    /// Pieces of code so far.
    count: u64,
}

impl JitDump {
    /// Creates `jit-PID.dump` in the current directory.
    pub(super) fn create(process: u32) -> io::Result<Self> {
        let path = format!("jit-{process}.dump");
        Self::create_at(&path, process)
            .map_err(|error| io::Error::new(error.kind(), format!("{path}: {error}")))
    }

    fn create_at(path: &str, process: u32) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(true).custom_flags(libc::O_NOFOLLOW);
        let mut file = options.open(path)?;
        let mut header = Vec::new();
        for word in [MAGIC, VERSION, HEADER_BYTES, MACHINE, 0, process] {
            header.extend(word.to_ne_bytes());
        }
        // The time, and no flags: times are of the monotonic clock.
        for word in [now(), 0] {
            header.extend(word.to_ne_bytes());
        }
        file.write_all(&header)?;
        announce(&file)?;
        Ok(Self { file, process, count: 0 })
    }

    /// Records that `code` is at `address`.
    pub(super) fn load(&mut self, address: usize, code: &[u8], name: &str) -> io::Result<()> {
        let len = CODE_LOAD_BYTES + name.len() + 1 + code.len();
        let total = u32::try_from(len).map_err(|_| io::ErrorKind::FileTooLarge)?;
        let mut record = Vec::with_capacity(len);
        for word in [CODE_LOAD, total] {
            record.extend(word.to_ne_bytes());
        }
        record.extend(now().to_ne_bytes());
        for word in [self.process, thread()] {
            record.extend(word.to_ne_bytes());
        }
        // Where it is mapped and where it runs are the same.
        for word in [address as u64, address as u64, code.len() as u64, self.count] {
            record.extend(word.to_ne_bytes());
        }
        record.extend(name.as_bytes());
        record.push(0);
        record.extend(code);
        self.count += 1;
        self.file.write_all(&record)
    }
}

/// Maps the first page of the file, executable: `perf record` notes such mappings, and so learns of
/// the file. It stays for the life of the process.
fn announce(file: &File) -> io::Result<()> {
    let (access, len) = (libc::PROT_READ | libc::PROT_EXEC, host_page_size());
    let file = file.as_raw_fd();
    // SAFETY: a new mapping at an address of the system's choice changes no other; nobody uses it.
    let page = unsafe { libc::mmap(ptr::null_mut(), len, access, libc::MAP_PRIVATE, file, 0) };
    if page == libc::MAP_FAILED { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// The time as `perf record -k mono` has it, in nanoseconds.
fn now() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the call writes one `timespec`, which there is.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut time) };
    time.tv_sec.cast_unsigned() * 1_000_000_000 + time.tv_nsec.cast_unsigned()
}

fn thread() -> u32 {
    // SAFETY: the call only returns a number.
    unsafe { libc::gettid() }.cast_unsigned()
}
