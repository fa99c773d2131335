//! Address space: reserving it, giving pages of it to the program, taking them back.
//!
//! Linear memories, tables, value stacks, alternate signal stacks and code memory stand on
//! [`Reservation`]; nothing here knows what the bytes mean. The invariant: a reservation owns its
//! whole range from `new` to drop, so an address in [`Reservation::range`] can never belong to
//! anybody else, and a page that was never committed cannot be read or written at all.

use std::fmt;
use std::ops::Range;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr::{self, NonNull};
use std::sync::OnceLock;

/// Why the kernel, or arithmetic before it, refused a request for address space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MapError {
    /// The size or offset does not fit in the address space, or lies outside of the reservation.
    OutOfRange,
    /// An offset that must be a multiple of the host page is not.
    Misaligned,
    /// A system call failed.
    Os {
        /// The name of the call.
        call: &'static str,
        /// Its `errno`.
        errno: i32,
    },
}

impl MapError {
    /// What `call`, which has just failed, left in `errno`.
    pub(super) fn last(call: &'static str) -> Self {
        let errno = std::io::Error::last_os_error().raw_os_error().unwrap_or(0);
        Self::Os { call, errno }
    }
}

impl fmt::Display for MapError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::OutOfRange => f.write_str("the range does not fit in the address space"),
            Self::Misaligned => f.write_str("the range does not begin and end at a host page"),
            Self::Os { call, errno } => {
                let error = std::io::Error::from_raw_os_error(errno);
                write!(f, "{call} failed: {error}")
            }
        }
    }
}

impl std::error::Error for MapError {}

/// The size of a host page in bytes: a power of two.
pub(crate) fn host_page_size() -> usize {
    static SIZE: OnceLock<usize> = OnceLock::new();
    *SIZE.get_or_init(|| {
        // SAFETY: `sysconf` reads a constant of the system and has no preconditions.
        let size = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
        usize::try_from(size).ok().filter(|size| size.is_power_of_two()).unwrap_or(4096)
    })
}

/// `len` rounded up to whole host pages, or nothing when that overflows.
pub(crate) fn round_up_to_host_page(len: usize) -> Option<usize> {
    len.checked_next_multiple_of(host_page_size())
}

/// How pages are mapped that cost nothing yet.
const RESERVE: libc::c_int = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;

/// What may be done with the bytes of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Access {
    None,
    ReadWrite,
}

impl Access {
    fn bits(self) -> libc::c_int {
        match self {
            Self::None => libc::PROT_NONE,
            Self::ReadWrite => libc::PROT_READ | libc::PROT_WRITE,
        }
    }
}

/// A range of address space, inaccessible until parts of it are committed or mapped.
///
/// Offsets are in bytes from [`Reservation::base`]. The base never moves. Costs no memory and no
/// commit charge by itself; unmapped on drop.
pub(crate) struct Reservation {
    base: NonNull<u8>,
    len: usize,
}

// SAFETY: a reservation is the ownership of an address range and no thread-local state; its bytes
// are reached through raw pointers only, whose users answer for their own synchronisation.
unsafe impl Send for Reservation {}
// SAFETY: as above; every method that takes `&self` is a system call on the range, and the kernel
// serialises those.
unsafe impl Sync for Reservation {}

impl Reservation {
    /// Reserves `len` bytes, rounded up to whole host pages. A length of 0 reserves nothing.
    ///
    /// # Errors
    /// When the rounded length overflows, or the kernel refuses (`RLIMIT_AS`, containers).
    pub(crate) fn new(len: usize) -> Result<Self, MapError> {
        let len = round_up_to_host_page(len).ok_or(MapError::OutOfRange)?;
        if len == 0 {
            return Ok(Self { base: NonNull::dangling(), len });
        }
        // SAFETY: an anonymous mapping at an address of the kernel's choice replaces no mapping.
        let base = unsafe { libc::mmap(ptr::null_mut(), len, libc::PROT_NONE, RESERVE, -1, 0) };
        if base == libc::MAP_FAILED {
            return Err(MapError::last("mmap"));
        }
        let base = NonNull::new(base.cast::<u8>()).ok_or(MapError::OutOfRange)?;
        Ok(Self { base, len })
    }

    /// The first byte. Dangling, but not null, when the reservation is empty.
    pub(crate) fn base(&self) -> *mut u8 {
        self.base.as_ptr()
    }

    /// The length in bytes, a multiple of the host page.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The addresses that belong to this reservation.
    pub(crate) fn range(&self) -> Range<usize> {
        let start = self.base.as_ptr().addr();
        start..start + self.len
    }

    /// Makes the host pages that touch `range` readable and writable.
    ///
    /// Pages that were never committed before read as zero. On an error nothing was lost, but some
    /// of the pages may be accessible.
    ///
    /// # Errors
    /// When `range` leaves the reservation, or the kernel will not back the pages.
    pub(crate) fn commit(&self, range: Range<usize>) -> Result<(), MapError> {
        let page = host_page_size();
        let end = round_up_to_host_page(range.end).ok_or(MapError::OutOfRange)?;
        self.protect(range.start - range.start % page..end, Access::ReadWrite)
    }

    /// Empties whole pages and makes them inaccessible, returning their memory to the system.
    ///
    /// # Errors
    /// When `range` leaves the reservation or is not aligned to host pages.
    ///
    /// # Safety
    /// Nobody uses the bytes of `range` any more, until they are committed again.
    pub(crate) unsafe fn decommit(&self, range: Range<usize>) -> Result<(), MapError> {
        self.protect(range.clone(), Access::None)?;
        // SAFETY: the caller promises that nobody uses the bytes.
        unsafe { self.discard(range) }
    }

    /// Makes whole committed pages read as zero, returning their memory to the system.
    ///
    /// # Errors
    /// When `range` leaves the reservation or is not aligned to host pages.
    ///
    /// # Safety
    /// Nobody holds a reference into `range` or expects its contents to stay.
    pub(crate) unsafe fn discard(&self, range: Range<usize>) -> Result<(), MapError> {
        let Some((start, len)) = self.pages(range)? else { return Ok(()) };
        // SAFETY: the pages lie in our own mapping, and the caller promises that their contents
        // are not needed.
        let status = unsafe { libc::madvise(start.cast(), len, libc::MADV_DONTNEED) };
        if status == 0 { Ok(()) } else { Err(MapError::last("madvise")) }
    }

    /// Maps the beginning of `file` at whole pages, to be read and executed, whatever was there
    /// before. What others write to the file can be seen there.
    ///
    /// # Errors
    /// When `range` leaves the reservation, is not aligned, or the system forbids it. Then the
    /// pages are as before.
    ///
    /// # Safety
    /// Nobody uses the bytes of `range`; and nobody writes to a part of the file while it is run.
    pub(super) unsafe fn map_executable(
        &self,
        range: Range<usize>,
        file: BorrowedFd<'_>,
    ) -> Result<(), MapError> {
        let Some((start, len)) = self.pages(range)? else { return Ok(()) };
        let access = libc::PROT_READ | libc::PROT_EXEC;
        let flags = libc::MAP_SHARED | libc::MAP_FIXED;
        let fd = file.as_raw_fd();
        // SAFETY: replaces only pages of our own, which the caller promises nobody uses.
        let mapped = unsafe { libc::mmap(start.cast(), len, access, flags, fd, 0) };
        if mapped == libc::MAP_FAILED { Err(MapError::last("mmap")) } else { Ok(()) }
    }

    /// Makes whole pages what they were at first, whatever was mapped there.
    ///
    /// # Errors
    /// When `range` leaves the reservation, is not aligned, or the system is out of memory. Then
    /// the pages are as before.
    ///
    /// # Safety
    /// Nobody uses the bytes of `range` any more.
    pub(super) unsafe fn unmap(&self, range: Range<usize>) -> Result<(), MapError> {
        let Some((start, len)) = self.pages(range)? else { return Ok(()) };
        let flags = RESERVE | libc::MAP_FIXED;
        // SAFETY: replaces only pages of our own, which the caller promises nobody uses.
        let mapped = unsafe { libc::mmap(start.cast(), len, libc::PROT_NONE, flags, -1, 0) };
        if mapped == libc::MAP_FAILED { Err(MapError::last("mmap")) } else { Ok(()) }
    }

    fn protect(&self, range: Range<usize>, access: Access) -> Result<(), MapError> {
        let Some((start, len)) = self.pages(range)? else { return Ok(()) };
        // SAFETY: the pages lie in our own mapping; who may still use them is the contract of the
        // callers, of which only `commit` is safe, and that only adds rights to data.
        let status = unsafe { libc::mprotect(start.cast(), len, access.bits()) };
        if status == 0 { Ok(()) } else { Err(MapError::last("mprotect")) }
    }

    /// Checks `range` and turns it into an address and a length; nothing when it is empty.
    fn pages(&self, range: Range<usize>) -> Result<Option<(*mut u8, usize)>, MapError> {
        let page = host_page_size();
        if range.end > self.len || range.start > range.end {
            return Err(MapError::OutOfRange);
        }
        if !range.start.is_multiple_of(page) || !range.end.is_multiple_of(page) {
            return Err(MapError::Misaligned);
        }
        let start = self.base.as_ptr().wrapping_add(range.start);
        Ok((!range.is_empty()).then_some((start, range.end - range.start)))
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if self.len != 0 {
            // SAFETY: the range was mapped by `new`, is owned by `self`, and whoever used its
            // bytes promised that the reservation outlives them. It cannot fail for such a range.
            unsafe { libc::munmap(self.base.as_ptr().cast(), self.len) };
        }
    }
}

impl fmt::Debug for Reservation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reservation({:#x?})", self.range())
    }
}
