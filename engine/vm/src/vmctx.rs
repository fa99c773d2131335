//! [`VmCtx`]: what running code sees of its instance; and the objects it points to.
//!
//! What lives here: the `repr(C)` layouts that interpreter handlers and machine code read
//! through one pinned register. What does not: who allocates them, grows them or frees them
//! (`wasmtier::runtime`), and anything only the host looks at.
//!
//! Invariants: the hot fields fit in the first 128 bytes, so that machine code reaches them with
//! a one-byte displacement. All pointers are valid, or null with a zero length, for as long as the
//! store that owns the instance lives. Cached bases and lengths (`mem0_*`, `table0_*`,
//! `funcref_base`) are rewritten in every attached `VmCtx` by whoever grows the object; except that
//! a shared memory has contexts in several stores, whose `mem0_len` may then be out of date.

use core::mem::offset_of;
use core::sync::atomic::{AtomicI32, AtomicUsize};

use crate::builtin::BuiltinTable;
use crate::func::{FuncEntry, FuncRecord};
use crate::types::{FuncIdx, GlobalIdx, MemoryIdx, TableIdx, TypeIdx};

/// The per-instance context of running wasm.
///
/// Followed in memory by `type_ids`: the engine-wide [`crate::TypeId`] of each type of the module.
#[repr(C)]
#[derive(Debug)]
pub struct VmCtx {
    /// Lowest address a frame may reach; `usize::MAX` asks the guest to stop.
    pub stack_limit: AtomicUsize,
    /// The state shared by all instances of the store.
    pub store: *mut VmStore,
    /// Base of memory 0; null without one.
    pub mem0_base: *mut u8,
    /// Length of memory 0 in bytes. Of a shared memory it may be less: other threads grow it, and
    /// memories never shrink, so whoever finds an access behind this length looks at
    /// [`VmMemory::len`] before it traps.
    pub mem0_len: usize,
    /// Base of table 0, one `u32` a slot (an offset into the funcref arena, or into the store's
    /// externrefs).
    pub table0_base: *mut u32,
    /// Length of table 0 in slots.
    pub table0_len: u32,
    /// Arena offset of the first funcref record of this instance.
    pub funcref_offset: u32,
    /// Base of the store's funcref arena.
    pub funcref_base: *mut u8,
    /// The runtime's routines for cold operators.
    pub builtins: *const BuiltinTable,
    /// One [`FuncEntry`] for each function the module defines.
    pub code_table: *const FuncEntry,
    /// Back edges left before the runtime wants to look at the running loop.
    pub loop_budget: AtomicI32,
    _reserved: u32,
    /// Fuel left, when the store meters it.
    pub fuel: i64,
    /// Storage of the globals this instance defines, in slots.
    pub globals: *mut u64,
    /// Where each imported global is stored.
    pub imported_globals: *const *mut u64,
    /// Every memory, imported ones first.
    pub memories: *const *mut VmMemory,
    /// Every table, imported ones first.
    pub tables: *const *mut VmTable,
    /// Every imported function.
    pub imported_funcs: *const FuncImport,
    /// The engine's own record of the instance; opaque to running code.
    pub instance: *mut (),
}

const _: () = assert!(offset_of!(VmCtx, imported_funcs) == 120, "hot fields fit a disp8");

impl VmCtx {
    /// A context of nothing: null pointers, zero lengths.
    #[must_use]
    pub const fn empty() -> Self {
        Self {
            stack_limit: AtomicUsize::new(0),
            store: core::ptr::null_mut(),
            mem0_base: core::ptr::null_mut(),
            mem0_len: 0,
            table0_base: core::ptr::null_mut(),
            table0_len: 0,
            funcref_offset: 0,
            funcref_base: core::ptr::null_mut(),
            builtins: core::ptr::null(),
            code_table: core::ptr::null(),
            loop_budget: AtomicI32::new(0),
            _reserved: 0,
            fuel: 0,
            globals: core::ptr::null_mut(),
            imported_globals: core::ptr::null(),
            memories: core::ptr::null(),
            tables: core::ptr::null(),
            imported_funcs: core::ptr::null(),
            instance: core::ptr::null_mut(),
        }
    }

    /// The engine-wide id of a type of the module.
    ///
    /// # Safety
    ///
    /// * `this` points to a live `VmCtx` that was allocated with its trailing type ids.
    /// * `ty` is an index into the type section of its module.
    #[inline]
    #[must_use]
    pub unsafe fn type_id(this: *const Self, ty: TypeIdx) -> u32 {
        // SAFETY: the trailing ids start right behind the struct (caller's contract).
        let ids = unsafe { this.add(1) }.cast::<u32>();
        // SAFETY: `ty` is in bounds (caller's contract).
        let id = unsafe { ids.add(ty.index()) };
        // SAFETY: as above; ids are written before the instance can run.
        unsafe { id.read() }
    }

    /// The entry of a function the module defines; `defined` counts from the first such function.
    ///
    /// # Safety
    ///
    /// * `this` points to a live `VmCtx`; `defined` is below the number of its module's functions.
    #[inline]
    #[must_use]
    pub unsafe fn entry(this: *const Self, defined: u32) -> *const FuncEntry {
        // SAFETY: `this` is live (caller's contract).
        let table = unsafe { (*this).code_table };
        // SAFETY: `defined` is in bounds (caller's contract).
        unsafe { table.add(defined as usize) }
    }

    /// The record of an imported function.
    ///
    /// # Safety
    ///
    /// * `this` points to a live `VmCtx`; `func` is the index of an imported function.
    #[inline]
    #[must_use]
    pub unsafe fn imported_func(this: *const Self, func: FuncIdx) -> *const FuncImport {
        // SAFETY: `this` is live (caller's contract).
        let imports = unsafe { (*this).imported_funcs };
        // SAFETY: `func` is in bounds (caller's contract).
        unsafe { imports.add(func.index()) }
    }

    /// A memory of the instance.
    ///
    /// # Safety
    ///
    /// * `this` points to a live `VmCtx`; `memory` is an index of its module.
    #[inline]
    #[must_use]
    pub unsafe fn memory(this: *const Self, memory: MemoryIdx) -> *mut VmMemory {
        // SAFETY: `this` is live (caller's contract).
        let memories = unsafe { (*this).memories };
        // SAFETY: `memory` is in bounds (caller's contract).
        let memory = unsafe { memories.add(memory.index()) };
        // SAFETY: as above; the array is filled at instantiation.
        unsafe { memory.read() }
    }

    /// A table of the instance.
    ///
    /// # Safety
    ///
    /// * `this` points to a live `VmCtx`; `table` is an index of its module.
    #[inline]
    #[must_use]
    pub unsafe fn table(this: *const Self, table: TableIdx) -> *mut VmTable {
        // SAFETY: `this` is live (caller's contract).
        let tables = unsafe { (*this).tables };
        // SAFETY: `table` is in bounds (caller's contract).
        let table = unsafe { tables.add(table.index()) };
        // SAFETY: as above; the array is filled at instantiation.
        unsafe { table.read() }
    }

    /// Where an imported global is stored.
    ///
    /// # Safety
    ///
    /// * `this` points to a live `VmCtx`; `global` is the index of an imported global.
    #[inline]
    #[must_use]
    pub unsafe fn imported_global(this: *const Self, global: GlobalIdx) -> *mut u64 {
        // SAFETY: `this` is live (caller's contract).
        let globals = unsafe { (*this).imported_globals };
        // SAFETY: `global` is in bounds (caller's contract).
        let global = unsafe { globals.add(global.index()) };
        // SAFETY: as above; the array is filled at instantiation.
        unsafe { global.read() }
    }
}

/// The state of a store that running code and the runtime share.
#[repr(C)]
#[derive(Debug)]
pub struct VmStore {
    /// Lowest usable address of the value stack.
    pub stack_low: *mut u64,
    /// First free address below the live frames: the next activation starts here. Written by
    /// whoever calls the host or a builtin. It may lie below `stack_low`, by what the stack has
    /// room for beyond it.
    pub stack_top: *mut u64,
    /// The innermost activation of wasm, or null.
    pub activation: *mut Activation,
    /// The engine's own store; opaque to running code.
    pub host: *mut (),
    /// Lowest address of the native stack at which an adapter may open a frame.
    pub native_limit: usize,
}

/// One entry from the host into wasm, on the host's stack while it lasts.
///
/// Its `exit_*` fields say where wasm last left for the host (a call or a trap), which is where a
/// backtrace starts; the frames of an activation end at the frame whose caller's fp is null.
#[repr(C)]
#[derive(Debug)]
pub struct Activation {
    /// The activation that called the host function which made this one.
    pub previous: *mut Activation,
    /// Frame pointer of the interpreted frame that left; null when none did.
    pub exit_fp: *mut u64,
    /// The native stack pointer when wasm left, null in the portable world. If an interpreted frame
    /// left, at its [`crate::InterpreterFrame`]; if compiled code did, at the return address that
    /// names the place; null when neither did.
    pub exit_sp: *const u64,
    /// The native stack pointer at the entry: where it is when wasm goes back to the host.
    pub entry_sp: *const u64,
}

impl Activation {
    /// One that calls from `previous`, or null; nothing has left it.
    #[must_use]
    pub const fn new(previous: *mut Self) -> Self {
        Self {
            previous,
            exit_fp: core::ptr::null_mut(),
            exit_sp: core::ptr::null(),
            entry_sp: core::ptr::null(),
        }
    }
}

/// A linear memory as running code sees it.
#[repr(C)]
#[derive(Debug)]
pub struct VmMemory {
    /// First byte. Never moves in guard mode, nor when the memory is shared.
    pub base: *mut u8,
    /// Accessible length in bytes. Atomic for shared memories, which other threads may grow at any
    /// time; the bytes below a length that was read are accessible whatever its ordering.
    pub len: AtomicUsize,
}

/// A table as running code sees it.
#[repr(C)]
#[derive(Debug)]
pub struct VmTable {
    /// First slot: a `u32` reference each, 0 is null or not yet initialised.
    pub base: *mut u32,
    /// Length in slots.
    pub len: u32,
}

/// An imported function: the same two words as the head of a [`FuncRecord`].
#[repr(C)]
#[derive(Copy, Clone, Debug)]
pub struct FuncImport {
    /// What to run.
    pub entry: *const FuncEntry,
    /// The callee's context: a `VmCtx`, or for host functions the host's own record.
    pub vmctx: *mut VmCtx,
}

const _: () = assert!(
    offset_of!(FuncImport, entry) == offset_of!(FuncRecord, entry)
        && offset_of!(FuncImport, vmctx) == offset_of!(FuncRecord, vmctx),
    "imports and records are called alike"
);
