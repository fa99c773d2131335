//! Which function a call means: imports, and what tables hold.
//!
//! What lives here: the lookup, with the check of an indirect call. What does not: the call.
//!
//! Invariant: a function found in a table has the type the cell names; the fast path finds only
//! initialised records, everything else is the runtime's to mend or to refuse.

use core::ptr;

use wasmtier_vm::{FuncIdx, FuncImport, FuncRecord, TableIdx, TypeIdx, VmCtx};

use super::machine::Machine;

impl Machine {
    /// The imported function `func`.
    ///
    /// # Safety
    ///
    /// The machine's invariant holds, and `func` is the index of an imported function.
    #[inline(always)]
    pub(super) unsafe fn import(&self, func: u32) -> FuncImport {
        // SAFETY: `vmctx` is live, and the index valid (caller's contract).
        let import = unsafe { VmCtx::imported_func(self.vmctx, FuncIdx(func)) };
        // SAFETY: imports are filled in at instantiation.
        unsafe { *import }
    }

    /// The funcref record at `handle`.
    ///
    /// # Safety
    ///
    /// The machine's invariant holds, and `handle` is the offset of a record.
    #[inline(always)]
    unsafe fn record(&self, handle: u32) -> *const FuncRecord {
        // SAFETY: `vmctx` is live.
        let base = unsafe { (*self.vmctx).funcref_base };
        base.wrapping_add(handle as usize).cast()
    }

    /// The function of type `ty` that a table has at `index`, as an import; null if it has none,
    /// in which case `status` says why.
    ///
    /// # Safety
    ///
    /// The machine's invariant holds, and the table and type indices are valid.
    #[inline(always)]
    pub(super) unsafe fn resolve(&mut self, table: u32, index: u64, ty: u32) -> *const FuncImport {
        // SAFETY: caller's contract.
        let (base, len) = unsafe { self.table(table) };
        if index >= u64::from(len) {
            // SAFETY: caller's contract.
            return unsafe { self.resolve_cold(table, index, ty) };
        }
        // SAFETY: in bounds, as was just checked.
        let handle = unsafe { base.add(index as usize) };
        // SAFETY: as above.
        let handle = unsafe { handle.read() };
        // SAFETY: a table of functions holds offsets of records, null's among them.
        let record = unsafe { self.record(handle) };
        // SAFETY: as above.
        let record_type = unsafe { (*record).type_id };
        // SAFETY: `vmctx` is live, and the index valid (caller's contract).
        if record_type.0 != unsafe { VmCtx::type_id(self.vmctx, TypeIdx(ty)) } {
            // SAFETY: caller's contract.
            return unsafe { self.resolve_cold(table, index, ty) };
        }
        record.cast()
    }

    /// The same with the runtime's help, which initialises what can be.
    ///
    /// # Safety
    ///
    /// As for [`Machine::resolve`].
    #[cold]
    #[inline(never)]
    unsafe fn resolve_cold(&mut self, table: u32, index: u64, ty: u32) -> *const FuncImport {
        let mut word = index;
        // SAFETY: `vmctx` is live.
        let builtins = unsafe { (*self.vmctx).builtins };
        // SAFETY: the table lives as long as the engine.
        let resolve = unsafe { (*builtins).resolve_indirect };
        // SAFETY: one operand, one result; the indices are valid (caller's contract).
        self.status = unsafe { resolve(self.vmctx, &raw mut word, table, ty) };
        if !self.status.is_ok() {
            return ptr::null();
        }
        // SAFETY: the builtin's result is the offset of a record.
        unsafe { self.record(word as u32) }.cast()
    }

    /// Base and length of a table.
    #[inline(always)]
    unsafe fn table(&self, table: u32) -> (*mut u32, u32) {
        if table == 0 {
            // SAFETY: `vmctx` is live.
            let base = unsafe { (*self.vmctx).table0_base };
            // SAFETY: as above.
            return (base, unsafe { (*self.vmctx).table0_len });
        }
        // SAFETY: `vmctx` is live, and the index valid (contract of `resolve`).
        let table = unsafe { VmCtx::table(self.vmctx, TableIdx(table)) };
        // SAFETY: tables outlive the instances that use them.
        let base = unsafe { (*table).base };
        // SAFETY: as above.
        (base, unsafe { (*table).len })
    }
}
