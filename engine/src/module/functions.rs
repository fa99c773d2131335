//! [`Functions`]: the entries of a module's functions, and their code.
//!
//! What lives here: both, for one way to check bounds. What does not: translation (`lazy`) and
//! compilation (`compiled`).
//!
//! Invariant: entries and code stay where they are for as long as the module lives; whoever has a
//! pointer to an entry keeps the module.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::atomic::{AtomicPtr, Ordering};

use parking_lot::Mutex;
use wasmtier_interp::Code;
use wasmtier_vm::{FuncEntry, FuncKey, FuncKeyKind};

use super::ModuleInner;
use super::compiled::Compiled;
use super::osr::OnStack;
use crate::runtime::memory::BoundsMode;

/// The functions of a module, for instances whose memory 0 has the same bounds mode. In the
/// portable world, where code is the same for all, they have one of these together.
pub(crate) struct Functions {
    pub(super) bounds: BoundsMode,
    /// One for each defined function; [`FuncEntry::module`] points back to the module.
    entries: Box<[FuncEntry]>,
    /// That of those which were called.
    pub(super) code: Mutex<HashMap<FuncKey, Code, BuildHasherDefault<Spread>>>,
    /// The functions that were compiled.
    pub(super) compiled: Option<Compiled>,
    /// Those that go on as compiled code while they run.
    pub(super) on_stack: OnStack,
}

impl Functions {
    /// The functions of `module`, none of them translated.
    pub(super) fn new(module: &ModuleInner, bounds: BoundsMode) -> Self {
        let info = &module.info;
        let native = module.engine.native();
        let lazy = native.map(|native| native.lazy_entry());
        let adapt = native.and_then(|native| native.adapt_entry());
        let address: *mut () = core::ptr::from_ref(module).cast_mut().cast();
        let funcs = &info.funcs[info.imported_funcs as usize..];
        let entries = funcs.iter().zip(0..).map(|(ty, body)| {
            let key = FuncKey::new(FuncKeyKind::Wasm, body);
            let mut entry =
                FuncEntry::wasm(key, info.type_ids[ty.index()], &info.types[ty.index()]);
            entry.module = AtomicPtr::new(address);
            if let Some(lazy) = lazy {
                // Relaxed: whoever shares the entries with another thread orders this before.
                entry.slot_entry.store(lazy, Ordering::Relaxed);
            }
            if let Some(adapt) = adapt {
                // Relaxed: as above.
                entry.reg_entry.store(adapt, Ordering::Relaxed);
            }
            entry
        });
        let entries: Box<[FuncEntry]> = entries.collect();
        let compiled = Compiled::new(module, bounds, &entries);
        Self { bounds, entries, code: Mutex::default(), compiled, on_stack: OnStack::default() }
    }

    /// The entries of the functions the module defines, for [`wasmtier_vm::VmCtx::code_table`].
    pub(crate) fn entries(&self) -> &[FuncEntry] {
        &self.entries
    }

    /// Whether `entry` is one of these.
    pub(super) fn contain(&self, entry: *const FuncEntry) -> bool {
        self.entries.as_ptr_range().contains(&entry)
    }
}

/// Hashes keys of functions, which are dense numbers that no guest chooses, by a multiplication.
#[derive(Default)]
pub(super) struct Spread(u64);

impl Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u32(byte.into());
        }
    }

    fn write_u32(&mut self, number: u32) {
        self.0 = (self.0 ^ u64::from(number)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}
