//! [`Native`]: what an engine in the native world has.
//!
//! What lives here: the engine's code memory, the interpreter's handlers in it, the entry of calls
//! into them, and what becomes of a fault. What does not: what handlers do (`wasmtier_interp`),
//! which world an engine is in (`engine`).
//!
//! Invariant: whatever is published here stays where it is for as long as the engine lives, and
//! so longer than any code of a module that refers to it.

use std::io;
use std::ptr;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use wasmtier_interp::{Backend, Bounds, NameCode, PublishCode, Threaded};
use wasmtier_vm::{
    Activation, BuiltinTable, FuncEntry, FuncType, NativeStubs, Slot, Status, TypeId, VmCtx,
};
use wasmtier_x64::CpuFeatures;

use super::activation::{self, Fault, NativeActivation};
use super::builtins;
use super::code_memory::{Alignment, Code, CodeMemory, CodeMemoryError, CodeOwner};
use super::code_range;
use super::cpu;
use super::memory::BoundsMode;
use super::mmap::MapError;
use super::profile::Profile;
use super::reservation_set::ReservationSet;
use super::unavailable::Unavailable;
use crate::config::{Config, ProfilingStrategy, Tier};
use crate::tuning::{CODE_MEMORY, SCARCE_CODE_MEMORY};

use self::compiled::Adapters;
pub(crate) use self::compiled::{Adapter, CompiledCode};
use super::backtrace::RawFrame;

/// The native world of an engine.
#[derive(Debug)]
pub(crate) struct Native {
    memory: CodeMemory,
    /// Where it is, contexts and machine code know.
    builtins: Box<BuiltinTable>,
    threaded: Threaded,
    /// What compiled code needs, if functions are compiled.
    adapters: Option<Adapters>,
    /// The instructions that may be used.
    cpu: CpuFeatures,
    profile: Option<&'static Profile>,
    /// Whether faults are traps; otherwise signals are left alone.
    signals: bool,
}

impl Native {
    /// The native world as `config` wants it: with the instructions of the processor that it
    /// allows, and without signals if it says so.
    ///
    /// # Errors
    /// When the host cannot do it.
    pub(crate) fn new(config: &Config) -> Result<Self, Unavailable> {
        let features = cpu::features().ok_or(Unavailable::Processor)?;
        let features = CpuFeatures::from_bits(features.bits() & config.cpu_features.bits());
        let features = features.expect("a part of a known set is known");
        let memory = CodeMemory::new(CODE_MEMORY).or_else(|_| CodeMemory::new(SCARCE_CODE_MEMORY));
        let memory = memory.map_err(Unavailable::Code)?;
        // That it cannot be created has been reported.
        let profile = Self::open_profile(config.profiler).ok().flatten();
        let handlers = Arc::new(Handlers {
            owner: memory.owner(),
            base: memory.base().addr(),
            profile,
            pieces: Mutex::default(),
            failure: OnceLock::new(),
        });
        let publisher = Box::new(Publisher(handlers.clone()));
        match Threaded::new(features, config.loop_budget, publisher) {
            Some(threaded) => {
                Self::with(memory, threaded, (features, profile), config).map_err(Unavailable::Code)
            }
            None => {
                let failure = handlers.failure.get().copied();
                Err(Unavailable::Code(failure.unwrap_or(CodeMemoryError::Exhausted)))
            }
        }
    }

    fn with(
        memory: CodeMemory,
        threaded: Threaded,
        (cpu, profile): (CpuFeatures, Option<&'static Profile>),
        config: &Config,
    ) -> Result<Self, CodeMemoryError> {
        let base = memory.base().addr();
        let mut native = NativeStubs {
            base,
            leave: base + threaded.leave() as usize,
            resume: base + threaded.resume() as usize,
            ..NativeStubs::NONE
        };
        let mut adapters = None;
        if config.tier == Tier::Jit {
            let made = Adapters::new(&memory, native, profile)?;
            (adapters, native) = (Some(made.0), made.1);
        }
        Ok(Self {
            memory,
            builtins: Box::new(builtins::table(native)),
            threaded: threaded.scatter(config.handler_order),
            adapters,
            cpu,
            profile,
            signals: config.signals_based_traps,
        })
    }

    /// The file that `profiler` reads.
    ///
    /// # Errors
    /// When it cannot be created.
    pub(crate) fn open_profile(
        profiler: ProfilingStrategy,
    ) -> io::Result<Option<&'static Profile>> {
        match profiler {
            ProfilingStrategy::None => Ok(None),
            ProfilingStrategy::PerfMap => Profile::perf_map().map(Some),
            ProfilingStrategy::JitDump => Profile::jit_dump().map(Some),
        }
    }

    /// What translates for this world, for code that checks bounds as `bounds` says.
    pub(crate) fn backend(&self, bounds: BoundsMode) -> Backend<'_> {
        Backend::Threaded { handlers: &self.threaded, bounds: bounds_of(bounds) }
    }

    /// Makes a function faster that was translated for `bounds`; where its calls begin from now on,
    /// if that has changed.
    pub(crate) fn compose(
        &self,
        code: &wasmtier_interp::Code,
        bounds: BoundsMode,
    ) -> Option<*mut u8> {
        let offset = self.threaded.compose(code, bounds_of(bounds))?;
        Some(self.code(offset))
    }

    /// What contexts of this engine point to.
    pub(crate) fn builtins(&self) -> *const BuiltinTable {
        &raw const *self.builtins
    }

    /// Names of the code that all handlers share, and where it is from the base of the code memory.
    pub(crate) fn stubs(&self) -> impl Iterator<Item = (&'static str, u32)> {
        self.threaded.stubs()
    }

    /// The code of a wasm function that has not been called yet.
    pub(crate) fn lazy_entry(&self) -> *mut u8 {
        self.code(self.threaded.lazy())
    }

    /// Whether functions are compiled.
    #[inline]
    pub(crate) fn compiles(&self) -> bool {
        self.adapters.is_some()
    }

    /// [`FuncEntry::reg_entry`] of a function that has not been called by compiled code yet, if
    /// there is such code.
    pub(crate) fn adapt_entry(&self) -> Option<*mut u8> {
        self.adapters.as_ref().map(|adapters| self.at(adapters.adapt()))
    }

    /// The adapter for functions of type `ty`, which is called `id`.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub(crate) fn adapter(
        &self,
        adapter: Adapter,
        id: TypeId,
        ty: &FuncType,
    ) -> Result<*mut u8, CodeMemoryError> {
        let adapters = self.adapters.as_ref().expect("only compiled code needs adapters");
        Ok(self.at(adapters.find(adapter, id, ty)?))
    }

    /// Publishes compiled functions.
    ///
    /// # Errors
    /// When there is no memory for them.
    pub(crate) fn publish_compiled(
        &self,
        bytes: &[u8],
        faults: &[u32],
    ) -> Result<CompiledCode, CodeMemoryError> {
        CompiledCode::publish(&self.memory, bytes, faults)
    }

    /// Whether somebody wants to know what code is called.
    pub(crate) fn names_code(&self) -> bool {
        self.profile.is_some()
    }

    /// Tells the profiler that the code at `address`, which is `code`, is called `name`.
    pub(crate) fn name_code(&self, address: usize, code: &[u8], name: &str) {
        if let Some(profile) = self.profile {
            profile.name(address, code, name);
        }
    }

    /// The code at an address in the code memory.
    pub(crate) fn at(&self, address: usize) -> *mut u8 {
        self.memory.base().wrapping_add(address - self.memory.base().addr()).cast_mut()
    }

    /// Which instructions code may use.
    pub(crate) fn cpu(&self) -> CpuFeatures {
        self.cpu
    }

    /// The code that is `offset` bytes from the base of the code memory.
    pub(crate) fn code(&self, offset: u32) -> *mut u8 {
        self.memory.base().wrapping_add(offset as usize).cast_mut()
    }

    /// Calls a wasm function from the host.
    ///
    /// `args` is as in [`wasmtier_interp::enter`], and so is the status: what is not `OK` leaves
    /// frames that can be walked. `faults` are the addresses at which the store's code may fault.
    ///
    /// # Errors
    /// When this thread's faults cannot be caught.
    ///
    /// # Safety
    ///
    /// As [`wasmtier_interp::enter`]; `faults` is the set of that store.
    #[inline]
    pub(super) unsafe fn enter(
        &self,
        vmctx: *mut VmCtx,
        entry: *const FuncEntry,
        args: *mut u64,
        faults: *const ReservationSet,
    ) -> Result<Status, MapError> {
        let native = NativeActivation::new(if self.signals { faults } else { ptr::null() })?;
        let mut native = native.leave_by(self.builtins.native.leave);
        let code = self.code(self.threaded.enter());
        // SAFETY: the entry stub calls what the caller vouches for; no frame of machine code owns
        // anything, and the set is the store's.
        Ok(unsafe { native.call(code, vmctx, args, entry, self.memory.base()) })
    }

    /// Notes where wasm is being left if it is because of a fault, as code does that leaves itself.
    ///
    /// # Safety
    ///
    /// Machine code of `activation`, which is live and the thread's innermost, is being left.
    #[cold]
    pub(super) unsafe fn note_fault(&self, activation: *mut Activation) {
        if let Some(fault) = activation::take_fault() {
            // SAFETY: the fault interrupted the activation's code, whose frames are there.
            unsafe { self.mark(fault, activation) };
        }
    }

    /// Shows the frames of an activation to `visit`, innermost first.
    ///
    /// # Safety
    ///
    /// `activation` is live and of this engine, and its frames are there since wasm left.
    pub(super) unsafe fn frames(
        &self,
        activation: *const Activation,
        visit: &mut dyn FnMut(RawFrame),
    ) {
        // SAFETY: caller's contract.
        unsafe { frames::walk(activation, visit) };
    }

    /// Notes where code was left by a fault.
    ///
    /// # Safety
    ///
    /// The fault interrupted code of `activation`, which is live.
    unsafe fn mark(&self, fault: Fault, activation: *mut Activation) {
        // SAFETY: live (caller's contract).
        let activation = unsafe { &mut *activation };
        if !code_range::is_handler(fault.pc) {
            activation.exit_fp = ptr::null_mut();
            // The fault handler has pushed the program counter.
            activation.exit_sp = ptr::with_exposed_provenance(fault.sp - size_of::<u64>());
            return;
        }
        let offset = fault.pc - self.memory.base().addr();
        let offset = u32::try_from(offset).expect("the code memory is smaller than 4 GiB");
        let cell = fault.cell + self.threaded.cell_behind(offset) as usize;
        let fp: *mut u64 = ptr::with_exposed_provenance_mut(fault.fp);
        let saved_pc = fp.wrapping_offset(Slot::SAVED_PC.offset());
        // SAFETY: between its entry and its end a handler's `rbp` is the running frame, which has
        // the slot (caller's contract).
        unsafe { saved_pc.write(cell as u64) };
        activation.exit_fp = fp;
        activation.exit_sp = ptr::with_exposed_provenance(fault.sp);
    }
}

/// The same to the interpreter.
fn bounds_of(bounds: BoundsMode) -> Bounds {
    match bounds {
        BoundsMode::Guard => Bounds::Guard,
        BoundsMode::Explicit => Bounds::Explicit,
    }
}

/// The published handlers.
#[derive(Debug)]
struct Handlers {
    owner: CodeOwner,
    /// The base of the code memory.
    base: usize,
    profile: Option<&'static Profile>,
    /// Keeps the code. Not `parking_lot`: to unlock one of its locks in a forked child touches a
    /// table that all share.
    pieces: Mutex<Vec<Code>>,
    /// Why the first attempt failed that did.
    failure: OnceLock<CodeMemoryError>,
}

#[derive(Debug)]
struct Publisher(Arc<Handlers>);

impl NameCode for Handlers {
    fn name(&self, start: u32, code: &[u8], name: &str) {
        if let Some(profile) = self.profile {
            profile.name(self.base + start as usize, code, name);
        }
    }
}

impl PublishCode for Publisher {
    fn profile(&self) -> Option<&dyn NameCode> {
        self.0.profile.map(|_| &*self.0 as &dyn NameCode)
    }

    fn publish(&self, bytes: &[u8], faults: &[u32]) -> Option<u32> {
        let handlers = &*self.0;
        let draft = handlers.owner.allocate(bytes.len(), Alignment::Handler);
        // SAFETY: the interpreter's handlers are entered by `Native::enter` alone, own nothing, and
        // are dropped with the engine, which outlives whatever runs them.
        let code = draft.and_then(|draft| unsafe { draft.publish_handlers(bytes, faults) });
        match code {
            Ok(code) => {
                let offset = code.offset();
                handlers.pieces.lock().unwrap_or_else(PoisonError::into_inner).push(code);
                Some(u32::try_from(offset).expect("the code memory is smaller than 4 GiB"))
            }
            Err(failure) => {
                tracing::debug!(%failure, "handlers could not be published");
                handlers.failure.get_or_init(|| failure);
                None
            }
        }
    }
}

mod compiled;
mod frames;
#[cfg(test)]
mod tests;
