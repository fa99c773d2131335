//! What an engine has for compiled code: the routines it shares, the adapters, and the code itself.
//!
//! What lives here: their publication. What does not: what is in them (`wasmtier_jit`), and which
//! functions are compiled when (`module::compiled`).
//!
//! Invariant: routines and adapters stay where they are for as long as the engine lives; compiled
//! code for as long as its [`CompiledCode`].

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use wasmtier_jit::{Stubs, registers_to_host, registers_to_slots, slots_to_registers};
use wasmtier_ops::Trap;
use wasmtier_vm::{FuncType, NativeStubs, TypeId};

use crate::runtime::code_memory::{Alignment, Code, CodeMemory, CodeMemoryError, CodeOwner};
use crate::runtime::code_range::TrapSite;
use crate::runtime::profile::Profile;

/// A stand-in for functions of one signature.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Adapter {
    /// For compiled functions towards those who pass arguments in slots.
    SlotsToRegisters,
    /// For interpreted functions towards those who pass arguments in registers.
    RegistersToSlots,
    /// For functions of the host towards those who pass arguments in registers.
    RegistersToHost,
}

impl Adapter {
    fn emit(self, ty: &FuncType) -> Vec<u8> {
        match self {
            Self::SlotsToRegisters => slots_to_registers(ty),
            Self::RegistersToSlots => registers_to_slots(ty),
            Self::RegistersToHost => registers_to_host(ty),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::SlotsToRegisters => "slots_to_registers",
            Self::RegistersToSlots => "registers_to_slots",
            Self::RegistersToHost => "registers_to_host",
        }
    }
}

/// The adapters of an engine, and the routines that compiled code shares.
#[derive(Debug)]
pub(super) struct Adapters {
    owner: CodeOwner,
    /// Where functions begin whose adapter has not been made yet.
    adapt: usize,
    /// Not `parking_lot`: to unlock one of its locks in a forked child touches a table that all
    /// share.
    known: Mutex<HashMap<(Adapter, TypeId), Code>>,
    _stubs: Code,
    profile: Option<&'static Profile>,
}

impl Adapters {
    /// Publishes the shared routines; returns them with where they are, and with `interpreter`'s.
    pub(super) fn new(
        memory: &CodeMemory,
        interpreter: NativeStubs,
        profile: Option<&'static Profile>,
    ) -> Result<(Self, NativeStubs), CodeMemoryError> {
        let stubs: Stubs = wasmtier_jit::stubs();
        let owner = memory.owner();
        let code = publish(&owner, &stubs.code, Alignment::Handler)?;
        let start = code.start().addr();
        let native = stubs.at(start, interpreter);
        let adapt = start + stubs.adapt as usize;
        if let Some(profile) = profile {
            profile.name(start, &stubs.code, "wasm-jit:stubs");
        }
        Ok((Self { owner, adapt, known: Mutex::default(), _stubs: code, profile }, native))
    }

    /// Where functions begin, for callers that pass arguments in registers, whose adapter has not
    /// been made yet.
    pub(super) fn adapt(&self) -> usize {
        self.adapt
    }

    /// The adapter for functions of type `ty`, which is called `id`; made if it is not there.
    pub(super) fn find(
        &self,
        adapter: Adapter,
        id: TypeId,
        ty: &FuncType,
    ) -> Result<usize, CodeMemoryError> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(code) = known.get(&(adapter, id)) {
            return Ok(code.start().addr());
        }
        let bytes = adapter.emit(ty);
        let code = publish(&self.owner, &bytes, Alignment::Function)?;
        let start = code.start().addr();
        if let Some(profile) = self.profile {
            profile.name(start, &bytes, &format!("wasm-jit:{}.{ty}", adapter.name()));
        }
        known.insert((adapter, id), code);
        Ok(start)
    }
}

/// Publishes code that all functions share, and that does not fault.
fn publish(owner: &CodeOwner, bytes: &[u8], alignment: Alignment) -> Result<Code, CodeMemoryError> {
    let draft = owner.allocate(bytes.len(), alignment)?;
    // SAFETY: it is entered by code of the engine's functions alone, which `Native::enter` enters;
    // it owns nothing, and is dropped with the engine. The owner publishes nothing in another way.
    unsafe { draft.publish_handlers(bytes, &[]) }
}

/// Compiled functions, published together.
#[derive(Debug)]
pub(crate) struct CompiledCode(Code);

impl CompiledCode {
    /// Publishes compiled code; `faults` are the offsets of instructions whose fault is an access
    /// out of bounds.
    pub(super) fn publish(
        memory: &CodeMemory,
        bytes: &[u8],
        faults: &[u32],
    ) -> Result<Self, CodeMemoryError> {
        let draft = memory.owner().allocate(bytes.len(), Alignment::Handler)?;
        let trap = Trap::MemoryOutOfBounds;
        let sites = faults.iter().map(|&offset| TrapSite { offset, trap }).collect();
        // SAFETY: it is entered through entries of its module's functions, below `Native::enter`,
        // and owns nothing. The module keeps it, and is kept by the stores that have instances.
        let code = unsafe { draft.publish(bytes, sites) }?;
        Ok(Self(code))
    }

    /// Where it is.
    pub(crate) fn addresses(&self) -> Range<usize> {
        self.0.addresses()
    }
}
