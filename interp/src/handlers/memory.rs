//! The handlers of scalar loads and stores.
//!
//! What lives here: effective addresses, the check against a memory's length, the access. What does
//! not: how the bytes become a value (`wasmtier_ops`), growing and bulk operators (builtins).
//!
//! Invariant: no byte is touched before the whole access was found in bounds.
//!
//! # Shared memories
//!
//! Other threads may write the bytes of a shared memory while they are read here, and the reverse;
//! the specification allows that and says that such a read may be torn. So these are what it asks
//! for: single loads and stores of the machine, whose compiler sees each once in its handler and
//! draws no conclusion from it. Rust has no name for an unordered access that need not be aligned;
//! plain reads and writes come closest, and cost other memories nothing. Bytes that the host itself
//! looks at are copied with atomic accesses (`wasmtier::SharedMemory`).

use core::sync::atomic::Ordering;

use wasmtier_ops::{LoadAccess, StoreAccess, Trap, for_each_load, for_each_store, op};
use wasmtier_vm::{MemoryIdx, Slot, VmCtx};

use super::machine::{Machine, Next, behind, cell};
use super::operand::{
    AccImm, AccSlot, Accesses as _, Destination, InAcc, InSlot, SlotAcc, SlotImm, SlotSlot, Source,
    Sources, ToAcc, ToSlot,
};
use super::{Table, install};
use crate::cell::{FarLoadCell, FarStoreCell, LoadCell};
use crate::handler::{HandlerKey, Src};

/// Reads a little-endian integer of `bytes` bytes: 1, 2, 4 or 8.
///
/// # Safety
///
/// The access lies within a memory.
#[inline(always)]
pub(super) unsafe fn read_integer(at: *const u8, bytes: usize) -> u64 {
    match bytes {
        // SAFETY: in bounds (caller's contract); so in all arms.
        1 => u64::from(unsafe { at.read() }),
        // SAFETY: as above; arrays of bytes need no alignment.
        2 => u16::from_le_bytes(unsafe { at.cast::<[u8; 2]>().read() }).into(),
        // SAFETY: as above.
        4 => u32::from_le_bytes(unsafe { at.cast::<[u8; 4]>().read() }).into(),
        // SAFETY: as above.
        _ => u64::from_le_bytes(unsafe { at.cast::<[u8; 8]>().read() }),
    }
}

/// Writes the low `bytes` bytes of an integer: 1, 2, 4 or 8.
///
/// # Safety
///
/// The access lies within a memory.
#[inline(always)]
pub(super) unsafe fn write_integer(at: *mut u8, raw: u64, bytes: usize) {
    match bytes {
        // SAFETY: in bounds (caller's contract); so in all arms.
        1 => unsafe { at.write(raw as u8) },
        // SAFETY: as above; arrays of bytes need no alignment.
        2 => unsafe { at.cast::<[u8; 2]>().write((raw as u16).to_le_bytes()) },
        // SAFETY: as above.
        4 => unsafe { at.cast::<[u8; 4]>().write((raw as u32).to_le_bytes()) },
        // SAFETY: as above.
        _ => unsafe { at.cast::<[u8; 8]>().write(raw.to_le_bytes()) },
    }
}

impl Machine {
    /// Where in memory 0 an access of `bytes` is, if in bounds.
    #[inline(always)]
    fn near(&self, address: u32, offset: u32, bytes: usize) -> Option<*mut u8> {
        // Two 32-bit numbers and a small one: no overflow in 64 bits.
        let at = u64::from(address) + u64::from(offset);
        (at + bytes as u64 <= self.mem0_len as u64)
            .then(|| self.mem0_base.wrapping_add(at as usize))
    }

    /// Where in `memory` the access of `bytes` by the cell `ip` is, or what to do because that is
    /// out of bounds. The address is all of its slot if `MEMORY64`, else the lower half.
    ///
    /// # Safety
    ///
    /// `memory` is an index of the running module, and `address` a slot of the frame. The cell has
    /// changed nothing yet, and was run with the accumulator `acc`.
    #[inline(always)]
    pub(super) unsafe fn far<const MEMORY64: bool>(
        &mut self,
        ip: *const u32,
        acc: u64,
        memory: u32,
        address: Slot,
        offset: (u32, u32),
        bytes: usize,
    ) -> Result<*mut u8, Next> {
        // SAFETY: caller's contract.
        let at = unsafe { self.find_far::<MEMORY64>(memory, address, offset, bytes) };
        // SAFETY: the machine's invariant; the caller looks for the place before all else.
        at.ok_or_else(|| unsafe { self.out_of_bounds(ip, acc) })
    }

    /// Where in `memory` an access of `bytes` is, if in bounds.
    ///
    /// # Safety
    ///
    /// As for [`Machine::far`].
    #[inline(always)]
    unsafe fn find_far<const MEMORY64: bool>(
        &self,
        memory: u32,
        address: Slot,
        offset: (u32, u32),
        bytes: usize,
    ) -> Option<*mut u8> {
        // SAFETY: caller's contract.
        let at = unsafe { self.effective::<MEMORY64>(address, offset) }?;
        // SAFETY: caller's contract.
        unsafe { self.within(memory, at, bytes) }
    }

    /// An address plus an offset, if that is below 2^64.
    ///
    /// # Safety
    ///
    /// `address` is a slot of the frame.
    #[inline(always)]
    pub(super) unsafe fn effective<const MEMORY64: bool>(
        &self,
        address: Slot,
        (low, high): (u32, u32),
    ) -> Option<u64> {
        // SAFETY: caller's contract.
        let address = unsafe { self.read(address) };
        let address = if MEMORY64 { address } else { u64::from(address as u32) };
        address.checked_add(u64::from(low) | u64::from(high) << 32)
    }

    /// Where the `bytes` at address `at` of `memory` are, if in bounds.
    ///
    /// # Safety
    ///
    /// `memory` is an index of the running module.
    #[inline(always)]
    pub(super) unsafe fn within(&self, memory: u32, at: u64, bytes: usize) -> Option<*mut u8> {
        let (base, len) = if memory == 0 {
            (self.mem0_base, self.mem0_len)
        } else {
            // SAFETY: caller's contract.
            unsafe { self.current(memory) }
        };
        let end = at.checked_add(bytes as u64)?;
        (end <= len as u64).then(|| base.wrapping_add(at as usize))
    }

    /// Base and present length of a memory.
    ///
    /// # Safety
    ///
    /// `memory` is an index of the running module.
    unsafe fn current(&self, memory: u32) -> (*mut u8, usize) {
        // SAFETY: `vmctx` is live, and the index valid (caller's contract).
        let memory = unsafe { VmCtx::memory(self.vmctx, MemoryIdx(memory)) };
        // SAFETY: memories outlive the instances that use them.
        let base = unsafe { (*memory).base };
        // SAFETY: as above.
        let len = unsafe { &(*memory).len };
        // Relaxed: whoever knows that another thread has grown a shared memory synchronised with
        // it, and then the length is seen too.
        (base, len.load(Ordering::Relaxed))
    }

    /// Leaves with a trap, for an access at the cell `ip` was out of bounds; but if another thread
    /// has grown memory 0 since its length was cached, runs the cell again instead.
    ///
    /// # Safety
    ///
    /// The module's invariant holds, and an activation is running. The cell has changed nothing
    /// yet; `acc` is the accumulator it was run with.
    #[cold]
    #[inline(never)]
    pub(super) unsafe fn out_of_bounds(&mut self, ip: *const u32, acc: u64) -> Next {
        // SAFETY: a module that accesses memory has a memory 0.
        let (_, len) = unsafe { self.current(0) };
        if len <= self.mem0_len {
            // SAFETY: caller's contract.
            return unsafe { self.trap(ip, Trap::MemoryOutOfBounds) };
        }
        self.mem0_len = len;
        // SAFETY: `vmctx` is live, and of a store that runs on this thread.
        unsafe { (*self.vmctx).mem0_len = len };
        Next { ip, acc }
    }
}

unsafe fn load<L: LoadAccess, D: Destination, S: Source>(
    machine: &mut Machine,
    ip: *const u32,
    acc: u64,
) -> Next {
    // SAFETY: this handler's cells are of this type.
    let cell = unsafe { cell::<LoadCell>(ip) };
    // SAFETY: the translator's slots lie in the frame.
    let address = unsafe { machine.operand::<u32>(S::SRC, cell.a, acc) };
    let Some(at) = machine.near(address, cell.offset, L::BYTES) else {
        // SAFETY: the machine's invariant; nothing was changed yet.
        return unsafe { machine.out_of_bounds(ip, acc) };
    };
    // SAFETY: in bounds, as was just checked.
    let raw = unsafe { read_integer(at, L::BYTES) };
    // SAFETY: the translator's slots lie in the frame.
    unsafe { machine.finish::<D, L::Value, LoadCell>(cell.d, L::extend(raw), ip, acc) }
}

unsafe fn store<W: StoreAccess, S: Sources>(
    machine: &mut Machine,
    ip: *const u32,
    acc: u64,
) -> Next {
    // SAFETY: this handler's cells are of this type.
    let cell = unsafe { cell::<S::Store>(ip) };
    // SAFETY: the cell was emitted for this handler.
    let (address, value) = unsafe { machine.operands::<S, u32, W::Value>(cell, acc) };
    let Some(at) = machine.near(address, cell.offset(), W::BYTES) else {
        // SAFETY: the machine's invariant; nothing was changed yet.
        return unsafe { machine.out_of_bounds(ip, acc) };
    };
    // SAFETY: in bounds, as was just checked.
    unsafe { write_integer(at, W::narrow(value), W::BYTES) };
    behind::<S::Store>(ip, acc)
}

unsafe fn far_load<L: LoadAccess, const MEMORY64: bool>(
    machine: &mut Machine,
    ip: *const u32,
    acc: u64,
) -> Next {
    // SAFETY: this handler's cells are of this type.
    let cell = unsafe { cell::<FarLoadCell>(ip) };
    let offset = (cell.offset_low, cell.offset_high);
    // SAFETY: the translator's slots and indices are valid.
    let at = unsafe { machine.far::<MEMORY64>(ip, acc, cell.memory, cell.a, offset, L::BYTES) };
    let at = match at {
        Ok(at) => at,
        Err(trap) => return trap,
    };
    // SAFETY: in bounds, as was just checked.
    let raw = unsafe { read_integer(at, L::BYTES) };
    // SAFETY: the translator's slots lie in the frame.
    unsafe { machine.finish::<ToSlot, L::Value, FarLoadCell>(cell.d, L::extend(raw), ip, acc) }
}

unsafe fn far_store<W: StoreAccess, const MEMORY64: bool>(
    machine: &mut Machine,
    ip: *const u32,
    acc: u64,
) -> Next {
    // SAFETY: this handler's cells are of this type.
    let cell = unsafe { cell::<FarStoreCell>(ip) };
    // SAFETY: the translator's slots lie in the frame.
    let value = unsafe { machine.operand::<W::Value>(Src::Slot, cell.b, acc) };
    let offset = (cell.offset_low, cell.offset_high);
    // SAFETY: the translator's slots and indices are valid.
    let at = unsafe { machine.far::<MEMORY64>(ip, acc, cell.memory, cell.a, offset, W::BYTES) };
    let at = match at {
        Ok(at) => at,
        Err(trap) => return trap,
    };
    // SAFETY: in bounds, as was just checked.
    unsafe { write_integer(at, W::narrow(value), W::BYTES) };
    behind::<FarStoreCell>(ip, acc)
}

const fn fill_load<L: LoadAccess>(table: &mut Table) {
    const fn put<L: LoadAccess, D: Destination, S: Source>(table: &mut Table) {
        let key = HandlerKey::Load { op: L::OP, dst: D::DST, src: S::SRC };
        install(table, key, load::<L, D, S>);
    }
    put::<L, ToSlot, InSlot>(table);
    put::<L, ToSlot, InAcc>(table);
    put::<L, ToAcc, InSlot>(table);
    put::<L, ToAcc, InAcc>(table);
    let key = HandlerKey::FarLoad { op: L::OP, memory64: false };
    install(table, key, far_load::<L, false>);
    let key = HandlerKey::FarLoad { op: L::OP, memory64: true };
    install(table, key, far_load::<L, true>);
}

const fn fill_store<W: StoreAccess>(table: &mut Table) {
    const fn put<W: StoreAccess, S: Sources>(table: &mut Table) {
        let key = HandlerKey::Store { op: W::OP, srcs: S::SRCS };
        install(table, key, store::<W, S>);
    }
    put::<W, SlotSlot>(table);
    put::<W, SlotAcc>(table);
    put::<W, AccSlot>(table);
    put::<W, SlotImm>(table);
    put::<W, AccImm>(table);
    let key = HandlerKey::FarStore { op: W::OP, memory64: false };
    install(table, key, far_store::<W, false>);
    let key = HandlerKey::FarStore { op: W::OP, memory64: true };
    install(table, key, far_store::<W, true>);
}

macro_rules! fill_rows {
    (($fill:ident $fill_row:ident) $(
        $op:ident $visit:ident $text:literal $params:tt -> $R:ident $($word:ident)? = $e:expr;
    )*) => {
        const fn $fill(table: &mut Table) {
            $($fill_row::<op::$op>(table);)*
        }
    };
}
macro_rules! fill_loads {
    ($($row:tt)*) => { fill_rows! { (fill_loads fill_load) $($row)* } };
}
macro_rules! fill_stores {
    ($($row:tt)*) => { fill_rows! { (fill_stores fill_store) $($row)* } };
}
for_each_load!(fill_loads);
for_each_store!(fill_stores);

/// Enters the handlers of this file.
pub(super) const fn fill(table: &mut Table) {
    fill_loads(table);
    fill_stores(table);
}
