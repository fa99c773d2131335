//! Linear memories: the bytes a module sees, how they grow, and what stands behind their end.
//!
//! Nothing here checks an access: machine code relies on the guard, everybody else compares with
//! [`LinearMemory::byte_len`]. The invariant: bytes below the length are readable, writable and
//! were zero when they came into being; from the length, rounded up to a host page, to the end of
//! [`LinearMemory::reservation`] nothing is accessible.

use std::fmt;
use std::ops::Range;

use wasmtier_vm::MemoryType;

use super::mmap::{MapError, Reservation, host_page_size, round_up_to_host_page};

/// Index plus offset of a memory32 access is below 8 GiB; the rest takes the widest access.
const GUARDED_RESERVATION: u64 = (8 << 30) + (64 << 10);
/// What follows the capacity of a memory with explicit checks.
const EXPLICIT_GUARD: u64 = 64 << 10;
/// Most that a memory sets aside to never move: a module may declare a maximum of 2^64 bytes.
const LARGEST_IMMOVABLE: u64 = 1 << 40;
/// What a memory with explicit checks sets aside when address space turned out to be scarce.
const SCARCE_RESERVATION: u64 = 16 << 20;

/// Who stops an access that is out of bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum BoundsMode {
    /// The guard: any u32 index plus any u32 offset lands in the reservation, whose base never
    /// moves. Code needs no check.
    Guard,
    /// The code, which compares with the length. Growing may move the base.
    Explicit,
}

impl BoundsMode {
    /// The mode of a memory of type `ty` where address space is not scarce. Code that has no
    /// memory is as code that has one.
    pub(crate) fn usual(ty: Option<&MemoryType>, config: &MemoryConfig) -> Self {
        match ty {
            Some(ty) => bounds_mode(&LinearMemoryType::of(ty), config),
            None if config.force_explicit => Self::Explicit,
            None => Self::Guard,
        }
    }
}

/// How memories are given address space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MemoryConfig {
    /// Bytes of address space a memory with explicit checks may set aside to grow without moving.
    pub(crate) reservation: u64,
    /// Never rely on guards, as a process without our signal handler must.
    pub(crate) force_explicit: bool,
}

impl Default for MemoryConfig {
    fn default() -> Self {
        Self { reservation: 4 << 30, force_explicit: false }
    }
}

/// Who is to stop accesses out of bounds.
fn bounds_mode(ty: &LinearMemoryType, config: &MemoryConfig) -> BoundsMode {
    if ty.can_be_guarded() && !config.force_explicit {
        BoundsMode::Guard
    } else {
        BoundsMode::Explicit
    }
}

/// What a module declares about a memory, in pages of `1 << page_size_log2` bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LinearMemoryType {
    /// Pages at the beginning.
    pub(crate) minimum: u64,
    /// Pages it may never exceed, if declared.
    pub(crate) maximum: Option<u64>,
    /// Whether indices are 64 bits wide.
    pub(crate) memory64: bool,
    /// 16 unless the module chose a custom page size.
    pub(crate) page_size_log2: u8,
}

impl LinearMemoryType {
    /// What `ty` declares.
    pub(crate) fn of(ty: &MemoryType) -> Self {
        Self {
            minimum: ty.minimum,
            maximum: ty.maximum,
            memory64: ty.memory64,
            page_size_log2: ty.page_size_log2,
        }
    }

    /// The pages that the declared maximum and the width of an index allow.
    fn page_limit(&self) -> u64 {
        let index_limit = index_limit(self.memory64, self.page_size_log2);
        self.maximum.map_or(index_limit, |maximum| maximum.min(index_limit))
    }

    fn byte_limit(&self) -> u64 {
        self.page_limit().saturating_mul(1 << self.page_size_log2)
    }

    /// The length in bytes of that many pages, or nothing when the type or the host forbids it.
    fn byte_len(&self, pages: u64) -> Option<usize> {
        if pages > self.page_limit() {
            return None;
        }
        usize::try_from(pages.checked_mul(1 << self.page_size_log2)?).ok()
    }

    /// Whether the hardware can stop accesses at every length this memory may have.
    fn can_be_guarded(&self) -> bool {
        !self.memory64 && 1_u64 << self.page_size_log2 >= host_page_size() as u64
    }
}

/// The most pages that an index can reach and `memory.size` can count: with pages of one byte the
/// last that could be addressed is too many.
pub(crate) fn index_limit(memory64: bool, page_size_log2: u8) -> u64 {
    let (address_bits, count) = if memory64 { (64, u64::MAX) } else { (32, u64::from(u32::MAX)) };
    let pages = (1_u128 << address_bits) >> page_size_log2;
    u64::try_from(pages).map_or(count, |pages| pages.min(count))
}

/// Why a memory could not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MemoryError {
    /// The minimum exceeds the maximum, what an index can reach, or the host's address space.
    TooLarge,
    /// The system refused the address space or the pages.
    Map(MapError),
}

impl From<MapError> for MemoryError {
    fn from(error: MapError) -> Self {
        Self::Map(error)
    }
}

impl fmt::Display for MemoryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge => f.write_str("the memory's minimum size exceeds what is possible"),
            Self::Map(error) => write!(f, "no room for a linear memory: {error}"),
        }
    }
}

impl std::error::Error for MemoryError {}

/// The bytes of one WebAssembly memory.
#[derive(Debug)]
pub(crate) struct LinearMemory {
    reservation: Reservation,
    /// Bytes of the reservation that growth may use; what follows is guard.
    capacity: usize,
    len: usize,
    ty: LinearMemoryType,
    bounds_mode: BoundsMode,
    /// Whether growth beyond the capacity moves the bytes; else it fails.
    may_move: bool,
}

impl LinearMemory {
    /// Makes a memory of `ty.minimum` zeroed pages.
    ///
    /// A memory32 is guarded if `config` and its page size allow it and the system grants the
    /// address space; otherwise, as every memory64, it has explicit bounds.
    ///
    /// # Errors
    /// When the minimum is impossible, or the system refuses even that much.
    pub(crate) fn new(ty: LinearMemoryType, config: &MemoryConfig) -> Result<Self, MemoryError> {
        let len = ty.byte_len(ty.minimum).ok_or(MemoryError::TooLarge)?;
        let mode = bounds_mode(&ty, config);
        if mode == BoundsMode::Guard
            && let Ok(memory) = Self::guarded(ty, len)
        {
            return Ok(memory);
        }
        let limit = ty.byte_limit();
        let ample = config.reservation.min(limit);
        let scarce = ample.min(SCARCE_RESERVATION);
        let attempts = match mode {
            BoundsMode::Guard => [scarce, 0],
            BoundsMode::Explicit => [ample, scarce],
        };
        for capacity in attempts {
            if let Ok(memory) = Self::explicit(ty, len, capacity) {
                return Ok(memory);
            }
        }
        Self::explicit(ty, len, 0)
    }

    /// Makes a memory as [`LinearMemory::new`] does, whose base never moves whatever its bounds
    /// mode: it has address space for all it may grow to, or for as much as can be had.
    ///
    /// # Errors
    /// As [`LinearMemory::new`].
    pub(crate) fn immovable(
        ty: LinearMemoryType,
        config: &MemoryConfig,
    ) -> Result<Self, MemoryError> {
        let len = ty.byte_len(ty.minimum).ok_or(MemoryError::TooLarge)?;
        if bounds_mode(&ty, config) == BoundsMode::Guard
            && let Ok(memory) = Self::guarded(ty, len)
        {
            return Ok(Self { may_move: false, ..memory });
        }
        let mut capacity = ty.byte_limit().min(LARGEST_IMMOVABLE);
        loop {
            match Self::explicit(ty, len, capacity) {
                Ok(memory) => return Ok(Self { may_move: false, ..memory }),
                Err(error) if capacity <= len as u64 => return Err(error),
                Err(_) => capacity /= 2,
            }
        }
    }

    fn guarded(ty: LinearMemoryType, len: usize) -> Result<Self, MemoryError> {
        let size = usize::try_from(GUARDED_RESERVATION).map_err(|_| MemoryError::TooLarge)?;
        let reservation = Reservation::new(size)?;
        reservation.commit(0..len)?;
        // The type's page limit keeps a memory32 within the first half.
        let capacity = size / 2;
        let bounds_mode = BoundsMode::Guard;
        Ok(Self { reservation, capacity, len, ty, bounds_mode, may_move: true })
    }

    /// With room for `capacity` bytes, or for `len` if that is more.
    fn explicit(ty: LinearMemoryType, len: usize, capacity: u64) -> Result<Self, MemoryError> {
        let (reservation, capacity) = reserve_explicit(len, capacity)?;
        reservation.commit(0..len)?;
        let bounds_mode = BoundsMode::Explicit;
        Ok(Self { reservation, capacity, len, ty, bounds_mode, may_move: true })
    }

    /// Adds `delta` zeroed pages and returns how many there were.
    ///
    /// Nothing, and no change, when the type or the system does not allow it. In
    /// [`BoundsMode::Explicit`] the base may be another one afterwards, unless it was made
    /// immovable; every copy of it and of the length must be renewed, whatever the mode.
    pub(crate) fn grow(&mut self, delta: u64) -> Option<u64> {
        let old_pages = self.page_count();
        let len = self.ty.byte_len(old_pages.checked_add(delta)?)?;
        if len > self.capacity {
            self.grow_moving(len)?;
        } else {
            self.reservation.commit(self.len..len).ok()?;
            self.len = len;
        }
        Some(old_pages)
    }

    /// Moves to a reservation with room for `len` bytes, and for as much again if that can be had.
    fn grow_moving(&mut self, len: usize) -> Option<()> {
        if !self.may_move {
            return None;
        }
        let limit = self.ty.byte_limit();
        let doubled = (self.capacity as u64).saturating_mul(2).min(limit);
        let (reservation, capacity) =
            reserve_explicit(len, doubled).or_else(|_| reserve_explicit(len, 0)).ok()?;
        reservation.commit(0..len).ok()?;
        // SAFETY: the old range is committed up to `self.len`, the new one up to `len`, which is
        // not less, and two live reservations never overlap.
        unsafe { self.base().copy_to_nonoverlapping(reservation.base(), self.len) };
        self.reservation = reservation;
        self.capacity = capacity;
        self.len = len;
        Some(())
    }

    /// The address of byte 0. In [`BoundsMode::Guard`] it is the same for the memory's life.
    pub(crate) fn base(&self) -> *mut u8 {
        self.reservation.base()
    }

    /// The length in bytes.
    pub(crate) fn byte_len(&self) -> usize {
        self.len
    }

    /// The length in pages of the memory's own page size.
    pub(crate) fn page_count(&self) -> u64 {
        self.len as u64 >> self.ty.page_size_log2
    }

    /// Who stops accesses out of bounds. Never changes.
    pub(crate) fn bounds_mode(&self) -> BoundsMode {
        self.bounds_mode
    }

    /// All addresses, guard included, at which a fault is an access to this memory; `None` when it
    /// has explicit bounds. Never changes.
    pub(crate) fn guarded_addresses(&self) -> Option<Range<usize>> {
        (self.bounds_mode == BoundsMode::Guard).then(|| self.reservation.range())
    }
}

/// Reserves the larger of `len` and `capacity`, and the guard; returns the usable part too.
fn reserve_explicit(len: usize, capacity: u64) -> Result<(Reservation, usize), MapError> {
    let capacity = usize::try_from(capacity).map_err(|_| MapError::OutOfRange)?.max(len);
    let capacity = round_up_to_host_page(capacity).ok_or(MapError::OutOfRange)?;
    let size = capacity.checked_add(EXPLICIT_GUARD as usize).ok_or(MapError::OutOfRange)?;
    Ok((Reservation::new(size)?, capacity))
}

#[cfg(test)]
mod tests;
