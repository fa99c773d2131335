//! [`Chunk`]: a file without a name, mapped twice.
//!
//! The invariant: what can be written here cannot be executed, and what can be executed cannot be
//! written; the bytes of a chunk are written once each, by the process that mapped it. A chunk has
//! its addresses in the region until it is dropped.

use std::ops::Range;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
use std::ptr;
use std::sync::{Arc, OnceLock};

use super::process;
use super::region::Region;
use crate::runtime::code_range::{AccessMap, Registration, register_growing};
use crate::runtime::mmap::MapError;

/// The instruction that fills what is not code: a breakpoint.
const BREAKPOINT: u8 = 0xcc;

/// Executable memory of one owner.
#[derive(Debug)]
pub(super) struct Chunk {
    region: Arc<Region>,
    /// Whole pages, in bytes from the base of the region.
    range: Range<usize>,
    alias: Alias,
    /// Where its code accesses guest memory, if the chunk was registered as a whole.
    accesses: OnceLock<(Registration, Arc<AccessMap>)>,
}

impl Chunk {
    /// Maps new memory at `range` of the region, which the caller has taken for it. On an error
    /// it is the caller's as before.
    pub(super) fn map(region: &Arc<Region>, range: Range<usize>) -> Result<Self, MapError> {
        let file = unnamed_file(range.len())?;
        let alias = Alias::map(&file, range.len())?;
        // SAFETY: the caller took the range, so nobody uses the addresses.
        unsafe { region.addresses().map_executable(range.clone(), file.as_fd()) }?;
        Ok(Self { region: region.clone(), range, alias, accesses: OnceLock::new() })
    }

    /// The first executable byte.
    pub(super) fn start(&self) -> *const u8 {
        self.region.addresses().base().wrapping_add(self.range.start)
    }

    pub(super) fn len(&self) -> usize {
        self.range.len()
    }

    pub(super) fn region(&self) -> &Arc<Region> {
        &self.region
    }

    /// Where the code of the chunk accesses guest memory, from its start on: what is noted there is
    /// a trap when it faults.
    ///
    /// # Safety
    /// As for [`register_growing`]; and no part of the chunk is registered on its own.
    pub(super) unsafe fn accesses(&self) -> &AccessMap {
        let (_, accesses) = self.accesses.get_or_init(|| {
            let start = self.start().addr();
            let accesses = Arc::new(AccessMap::new(self.len()));
            // SAFETY: the caller's; `drop` ends the registration before the addresses are free.
            (unsafe { register_growing(start..start + self.len(), accesses.clone()) }, accesses)
        });
        accesses
    }

    /// Writes `bytes` at the start of `range` and breakpoints to its end. Says `false`, and does
    /// nothing, in a process that inherited the chunk.
    ///
    /// # Safety
    /// `range` was allocated in this chunk for the caller alone, holds at least `bytes`, and
    /// nobody runs in it yet.
    pub(super) unsafe fn write(&self, range: Range<usize>, bytes: &[u8]) -> bool {
        if !self.alias.is_ours() {
            return false;
        }
        let start = self.alias.base.wrapping_add(range.start);
        // SAFETY: the alias is mapped as we mapped it, and the range is the caller's.
        unsafe { start.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
        let rest = start.wrapping_add(bytes.len());
        // SAFETY: as above.
        unsafe { rest.write_bytes(BREAKPOINT, range.len() - bytes.len()) };
        true
    }
}

impl Drop for Chunk {
    fn drop(&mut self) {
        self.accesses.take();
        // Only addresses without memory behind them are used again. If the system cannot take the
        // memory away, the chunk is lost.
        // SAFETY: all code of the chunk is dropped, so nobody runs in it.
        if unsafe { self.region.addresses().unmap(self.range.clone()) }.is_ok() {
            self.region.give_back(self.range.clone());
        }
    }
}

/// The mapping of a chunk that can be written.
#[derive(Debug)]
struct Alias {
    base: *mut u8,
    len: usize,
    /// Whose mapping it is: a forked child does not inherit it.
    process: u64,
}

// SAFETY: an alias is the ownership of an address range; who writes there answers for it.
unsafe impl Send for Alias {}
// SAFETY: as above.
unsafe impl Sync for Alias {}

impl Alias {
    fn map(file: &OwnedFd, len: usize) -> Result<Self, MapError> {
        let access = libc::PROT_READ | libc::PROT_WRITE;
        let fd = file.as_raw_fd();
        // SAFETY: a mapping at an address of the kernel's choice replaces no other.
        let base = unsafe { libc::mmap(ptr::null_mut(), len, access, libc::MAP_SHARED, fd, 0) };
        if base == libc::MAP_FAILED {
            return Err(MapError::last("mmap"));
        }
        let alias = Self { base: base.cast(), len, process: process::current() };
        // SAFETY: our own mapping; no child wants it.
        let status = unsafe { libc::madvise(base, len, libc::MADV_DONTFORK) };
        if status == 0 { Ok(alias) } else { Err(MapError::last("madvise")) }
    }

    /// Whether the addresses mean the chunk in this process.
    fn is_ours(&self) -> bool {
        self.process == process::current()
    }
}

impl Drop for Alias {
    fn drop(&mut self) {
        // In a child the addresses may be somebody else's by now.
        if self.is_ours() {
            // SAFETY: mapped by `map`, and nobody writes to a chunk that is being dropped. It
            // cannot fail for a whole mapping.
            unsafe { libc::munmap(self.base.cast(), self.len) };
        }
    }
}

/// A file of `len` zero bytes in memory, all of them really there.
fn unnamed_file(len: usize) -> Result<OwnedFd, MapError> {
    let size = libc::off_t::try_from(len).map_err(|_| MapError::OutOfRange)?;
    check_file_limit(len)?;
    // A file that nobody can start as a program is allowed where others are not, and can be
    // mapped for execution all the same. Kernels before 6.3 do not know of the difference.
    let file =
        create(libc::MFD_CLOEXEC | libc::MFD_NOEXEC_SEAL).or_else(|_| create(libc::MFD_CLOEXEC))?;
    // Memory that is not there when it is first written would be a signal, and no error.
    // SAFETY: a descriptor of ours.
    let status = unsafe { libc::fallocate(file.as_raw_fd(), 0, 0, size) };
    if status == 0 { Ok(file) } else { Err(MapError::last("fallocate")) }
}

fn create(flags: libc::c_uint) -> Result<OwnedFd, MapError> {
    // SAFETY: the name is a string that ends.
    let fd = unsafe { libc::memfd_create(c"wasmtier-code".as_ptr(), flags) };
    if fd < 0 {
        return Err(MapError::last("memfd_create"));
    }
    // SAFETY: just opened, and nobody else's.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Beyond the limit for files the kernel would not only refuse, but send a signal that kills.
fn check_file_limit(len: usize) -> Result<(), MapError> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: writes to `limit` only.
    if unsafe { libc::getrlimit(libc::RLIMIT_FSIZE, &raw mut limit) } != 0 {
        return Err(MapError::last("getrlimit"));
    }
    if len as u64 > limit.rlim_cur {
        return Err(MapError::Os { call: "fallocate", errno: libc::EFBIG });
    }
    Ok(())
}
