//! The builtins: runtime routines for cold operators, called alike from every tier.
//!
//! What lives here: their list and their one ABI. What does not: their code
//! (`wasmtier::runtime::builtins`).
//!
//! Invariant: a builtin takes its operands from consecutive operand temps and leaves its results
//! there: `args` is the slot of operand 0, operand `i` is at `args - i` (every operand of every
//! builtin is one slot wide), result 0 replaces operand 0. The immediates of the operator follow.

use crate::func::FuncEntry;
use crate::native::NativeStubs;
use crate::status::Status;
use crate::vmctx::VmCtx;

/// The code of a builtin.
///
/// # Safety
///
/// `vmctx` is the running instance's; `args` points to as many operand temps as the operator has
/// operands, and has room for its results; the immediates are valid indices of the module.
pub type BuiltinCode =
    unsafe extern "C" fn(vmctx: *mut VmCtx, args: *mut u64, imm0: u32, imm1: u32) -> Status;

/// Makes sure that a function can run: translates it on its first call.
///
/// # Safety
///
/// `vmctx` is a live instance's and `entry` an entry of its module's code table.
pub type TranslateCode = unsafe extern "C" fn(vmctx: *mut VmCtx, entry: *const FuncEntry) -> Status;

/// Told that a function runs often: it is made faster, and its heat is set anew.
///
/// # Safety
///
/// As for [`TranslateCode`], and the function is translated.
pub type WarmCode = unsafe extern "C" fn(vmctx: *mut VmCtx, entry: *const FuncEntry);

/// Told that a loop of an interpreted function runs often, at its first cell, which `pc` points to;
/// `fp` is the function's frame. As [`WarmCode`]; returns where the loop goes on in machine code,
/// entered by a jump with everything as it was, or null if it goes on as before.
///
/// # Safety
///
/// As for [`WarmCode`]; the function of `entry` runs in the frame, with all its values in slots.
pub type OsrCode = unsafe extern "C" fn(
    vmctx: *mut VmCtx,
    entry: *const FuncEntry,
    pc: *const u8,
    fp: *const u64,
) -> *const u8;

/// Makes the code that calls a function with arguments in registers though it takes them in slots:
/// for an entry whose `reg_entry` is not there yet, and is when this returns `OK`.
///
/// # Safety
///
/// `vmctx` is a live instance's and `entry` one that it may call.
pub type AdaptCode = unsafe extern "C" fn(vmctx: *mut VmCtx, entry: *const FuncEntry) -> Status;

/// Told that wasm is being left with `status`, which is not `OK`, while all frames are still there.
///
/// # Safety
///
/// `vmctx` is the running instance's; its activation says where wasm was left.
pub type LeaveCode = unsafe extern "C" fn(vmctx: *mut VmCtx, status: Status);

macro_rules! builtins {
    ($(
        $(#[$doc:meta])*
        $name:ident, $field:ident, $text:literal, $operands:literal -> $results:literal;
    )*) => {
        /// A builtin. The variant's documentation gives operands, immediates and results.
        #[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
        #[repr(u8)]
        pub enum Builtin { $($(#[$doc])* $name,)* }

        impl Builtin {
            /// Every builtin, in the order of its number.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The name of the wasm operator.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// How many operands it takes.
            #[must_use]
            pub const fn operands(self) -> u32 {
                match self { $(Self::$name => $operands,)* }
            }

            /// How many results it gives.
            #[must_use]
            pub const fn results(self) -> u32 {
                match self { $(Self::$name => $results,)* }
            }
        }

        /// The builtins of an engine, by field.
        #[repr(C)]
        #[derive(Debug)]
        pub struct BuiltinTable {
            /// Translate on first call.
            pub translate: TranslateCode,
            /// Make faster what runs often.
            pub warm: WarmCode,
            /// Make faster what loops, at once if possible.
            pub osr: OsrCode,
            /// Make it possible to call a function with arguments in registers.
            pub adapt: AdaptCode,
            /// Look at the frames before they are gone.
            pub leave: LeaveCode,
            /// The routines of machine code; all 0 in the portable world.
            pub native: NativeStubs,
            $($(#[$doc])* pub $field: BuiltinCode,)*
        }

        impl BuiltinTable {
            /// The code of `builtin`.
            #[inline]
            #[must_use]
            pub fn code(&self, builtin: Builtin) -> BuiltinCode {
                match builtin { $(Builtin::$name => self.$field,)* }
            }
        }
    };
}

builtins! {
    /// delta -> old size in pages or -1; immediate: memory.
    MemoryGrow, memory_grow, "memory.grow", 1 -> 1;
    /// -> size in pages; immediate: memory.
    MemorySize, memory_size, "memory.size", 0 -> 1;
    /// destination, value, length; immediate: memory.
    MemoryFill, memory_fill, "memory.fill", 3 -> 0;
    /// destination, source, length; immediates: destination memory, source memory.
    MemoryCopy, memory_copy, "memory.copy", 3 -> 0;
    /// destination, source, length; immediates: data segment, memory.
    MemoryInit, memory_init, "memory.init", 3 -> 0;
    /// Immediate: data segment.
    DataDrop, data_drop, "data.drop", 0 -> 0;
    /// address, expected, timeout in ns, offset -> 0 woken, 1 unequal, 2 timed out; immediate:
    /// memory. The offset of the operator is an operand here, for it may have 64 bits.
    AtomicWait32, atomic_wait32, "memory.atomic.wait32", 4 -> 1;
    /// The same for 64 bits.
    AtomicWait64, atomic_wait64, "memory.atomic.wait64", 4 -> 1;
    /// address, count, offset -> how many were woken; immediate: memory.
    AtomicNotify, atomic_notify, "memory.atomic.notify", 3 -> 1;
    /// index -> reference; immediate: table.
    TableGet, table_get, "table.get", 1 -> 1;
    /// index, reference; immediate: table.
    TableSet, table_set, "table.set", 2 -> 0;
    /// -> size in elements; immediate: table.
    TableSize, table_size, "table.size", 0 -> 1;
    /// reference, delta -> old size or -1; immediate: table.
    TableGrow, table_grow, "table.grow", 2 -> 1;
    /// index, reference, length; immediate: table.
    TableFill, table_fill, "table.fill", 3 -> 0;
    /// destination, source, length; immediates: destination table, source table.
    TableCopy, table_copy, "table.copy", 3 -> 0;
    /// destination, source, length; immediates: element segment, table.
    TableInit, table_init, "table.init", 3 -> 0;
    /// Immediate: element segment.
    ElemDrop, elem_drop, "elem.drop", 0 -> 0;
    /// -> reference; immediate: function.
    RefFunc, ref_func, "ref.func", 0 -> 1;
    /// index -> funcref with an initialised record, or trap; immediates: table, type. The cold
    /// exit of `call_indirect`: null, uninitialised slot or record, mismatch all come here, and
    /// what can be mended is.
    ResolveIndirect, resolve_indirect, "call_indirect", 1 -> 1;
}
