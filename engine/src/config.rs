//! [`Config`]: how an [`Engine`](crate::Engine) is to behave.
//!
//! What lives here: the settings and their defaults. What does not: the check that the host can
//! do what they ask, which is `Engine::new`'s.
//!
//! Invariant: a `Config` is plain data; nothing happens before an engine is made of it.

use wasmparser::WasmFeatures;
use wasmtier_x64::CpuFeatures;

use crate::runtime::memory::MemoryConfig;
use crate::tuning::{COMPOSE_HEAT, LOOP_BUDGET};

/// Which back-end runs wasm. Results never depend on it.
///
/// ```
/// use wasmtier::{Config, Engine, Tier};
/// assert!(Engine::new(Config::new().tier(Tier::Portable)).is_ok());
/// ```
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub enum Tier {
    /// The fastest that is built and the host can do: the threaded interpreter, or else the
    /// portable one.
    #[default]
    Auto,
    /// The portable interpreter: no machine code, explicit checks.
    Portable,
    /// The threaded interpreter, which runs translated code by pieces of machine code. It needs
    /// x86-64 Linux, SSE4.1 and executable memory; where one is missing `Engine::new` fails.
    Interp,
    /// The compiler: machine code for every function before the first is called. What is too large
    /// for it is interpreted. It needs what [`Tier::Interp`] does.
    Jit,
}

/// Which profiler is told what machine code is called.
///
/// ```no_run
/// use wasmtier::{Config, Engine, ProfilingStrategy};
/// // `perf record -g COMMAND`, then `perf report`.
/// let engine = Engine::new(Config::new().profiler(ProfilingStrategy::PerfMap))?;
/// # Ok::<(), wasmtier::Error>(())
/// ```
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub enum ProfilingStrategy {
    /// None.
    #[default]
    None,
    /// `perf report`, which reads names from `/tmp/perf-PID.map`.
    PerfMap,
    /// `perf inject --jit`, which reads names and code from `jit-PID.dump` in the directory in
    /// which the first such engine is made. Record with `perf record -k mono`.
    JitDump,
}

/// Settings of an [`Engine`](crate::Engine).
///
/// Setters take and return `&mut Self`. Nothing is checked before
/// [`Engine::new`](crate::Engine::new).
///
/// ```
/// use wasmtier::{Config, Engine, Module};
/// let mut config = Config::new();
/// config.wasm_memory64(false).max_wasm_stack(256 << 10);
/// let engine = Engine::new(&config)?;
/// // A module with a 64-bit memory.
/// let bytes = b"\0asm\x01\0\0\0\x05\x03\x01\x04\x00";
/// let error = Module::new(&engine, bytes).unwrap_err();
/// assert!(error.to_string().contains("memory64 must be enabled"));
/// # Ok::<(), wasmtier::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Config {
    pub(crate) features: WasmFeatures,
    pub(crate) tier: Tier,
    pub(crate) max_wasm_stack: usize,
    pub(crate) memory_reservation: u64,
    pub(crate) signals_based_traps: bool,
    pub(crate) parallel_validation: bool,
    pub(crate) profiler: ProfilingStrategy,
    /// Optional instructions that may be used where the processor has them.
    pub(crate) cpu_features: CpuFeatures,
    /// Calls of a function until its cells are composed.
    pub(crate) compose_heat: i32,
    /// Turns of a loop between two looks at what else there is to do.
    pub(crate) loop_budget: i32,
    pub(crate) handler_order: u64,
    /// Chooses functions that are not compiled; 0 chooses none.
    pub(crate) tier_mask: u64,
    /// Whether compiled code is entered at loops alone.
    pub(crate) stress_osr: bool,
}

/// What is built: WebAssembly 2.0, relaxed SIMD, tail calls, multi-memory, memory64, threads,
/// extended constant expressions, custom page sizes, wide arithmetic, and the compact encoding of
/// imports.
pub(crate) const SUPPORTED: WasmFeatures = WasmFeatures::WASM2
    .union(WasmFeatures::RELAXED_SIMD)
    .union(WasmFeatures::TAIL_CALL)
    .union(WasmFeatures::MULTI_MEMORY)
    .union(WasmFeatures::MEMORY64)
    .union(WasmFeatures::THREADS)
    .union(WasmFeatures::EXTENDED_CONST)
    .union(WasmFeatures::CUSTOM_PAGE_SIZES)
    .union(WasmFeatures::WIDE_ARITHMETIC)
    .union(WasmFeatures::COMPACT_IMPORTS);

macro_rules! proposals {
    ($($(#[$doc:meta])* $name:ident, $flag:ident;)*) => {
        /// WebAssembly proposals. Those the engine supports are on; turning on one that it does
        /// not makes `Engine::new` fail.
        impl Config {$(
            $(#[$doc])*
            pub fn $name(&mut self, enable: bool) -> &mut Self {
                self.features.set(WasmFeatures::$flag, enable);
                self
            }
        )*}
    };
}

proposals! {
    /// Vectors of 128 bits.
    wasm_simd, SIMD;
    /// Vector operators to which the specification allows several results. Here each has one, on
    /// every processor: that of the strict operator it relaxes.
    wasm_relaxed_simd, RELAXED_SIMD;
    /// `return_call` and `return_call_indirect`.
    wasm_tail_call, TAIL_CALL;
    /// More than one linear memory.
    wasm_multi_memory, MULTI_MEMORY;
    /// Memories and tables with 64-bit addresses.
    wasm_memory64, MEMORY64;
    /// Arithmetic in constant expressions.
    wasm_extended_const, EXTENDED_CONST;
    /// `memory.copy`, `table.init` and their kin. Without it, as in version 1.0, instantiation
    /// writes no segment unless all of them fit.
    wasm_bulk_memory, BULK_MEMORY;
    /// `funcref` and `externref` as values.
    wasm_reference_types, REFERENCE_TYPES;
    /// Several results, and blocks with parameters.
    wasm_multi_value, MULTI_VALUE;
    /// Shared memories and atomic operators.
    wasm_threads, THREADS;
    /// Exceptions. Not supported yet.
    wasm_exceptions, EXCEPTIONS;
    /// Typed function references. Not supported yet.
    wasm_function_references, FUNCTION_REFERENCES;
    /// Garbage-collected structs and arrays. Not supported yet.
    wasm_gc, GC;
    /// Arithmetic on 128-bit integers.
    wasm_wide_arithmetic, WIDE_ARITHMETIC;
    /// Memories with pages of one byte.
    wasm_custom_page_sizes, CUSTOM_PAGE_SIZES;
}

impl Config {
    /// The defaults: every supported proposal, [`Tier::Auto`], a stack of 1 MiB.
    #[must_use]
    pub fn new() -> Self {
        Self {
            features: SUPPORTED,
            tier: Tier::Auto,
            max_wasm_stack: 1 << 20,
            memory_reservation: 4 << 30,
            signals_based_traps: true,
            parallel_validation: true,
            profiler: ProfilingStrategy::None,
            cpu_features: CpuFeatures::ALL,
            compose_heat: COMPOSE_HEAT,
            loop_budget: LOOP_BUDGET,
            handler_order: 0,
            tier_mask: 0,
            stress_osr: false,
        }
    }

    /// Which back-end runs wasm. Results never depend on it.
    pub fn tier(&mut self, tier: Tier) -> &mut Self {
        self.tier = tier;
        self
    }

    /// Which profiler is told what machine code is called: each handler of the interpreter has a
    /// name like `wasm-interp:i32.add.L0.SC`, and each compiled function one like `wasm-jit:main`.
    /// Where no machine code is made there is nothing to tell. A process that is forked from this
    /// one tells nothing. Default none.
    pub fn profiler(&mut self, strategy: ProfilingStrategy) -> &mut Self {
        self.profiler = strategy;
        self
    }

    /// How memories are given address space.
    pub(crate) fn memory_config(&self) -> MemoryConfig {
        MemoryConfig {
            reservation: self.memory_reservation,
            force_explicit: !self.signals_based_traps,
        }
    }

    /// Bytes of stack that wasm may use in one store before a call traps with
    /// [`Trap::StackOverflow`](wasmtier_ops::Trap::StackOverflow). Default 1 MiB, at
    /// most 1 GiB.
    ///
    /// Compiled code also takes up to a quarter as much of the stack of the thread that calls it.
    /// Where that has no room for it, as with more than 1 MiB in a usual thread of 2 MiB, wasm may
    /// use accordingly less.
    pub fn max_wasm_stack(&mut self, bytes: usize) -> &mut Self {
        self.max_wasm_stack = bytes;
        self
    }

    /// Most bytes of address space set aside for a memory with explicit bounds checks, so that it
    /// can grow without moving. Default 4 GiB; a memory needs less if its type says so, and gets
    /// less where the host refuses. Memories whose bounds are found by a signal handler do not
    /// depend on it; nor do shared memories, which never move.
    pub fn memory_reservation(&mut self, bytes: u64) -> &mut Self {
        self.memory_reservation = bytes;
        self
    }

    /// Whether accesses out of bounds may be found by a signal handler; then each 32-bit memory
    /// reserves 8 GiB of address space and never moves, where the host allows it. When off, and in
    /// [`Tier::Portable`] always, every access is checked by code, and no signal handler is
    /// installed. Default on.
    pub fn signals_based_traps(&mut self, enable: bool) -> &mut Self {
        self.signals_based_traps = enable;
        self
    }

    /// Leaves out optional instructions of the processor, by the bits of `wasmtier_x64`'s
    /// `CpuFeatures`: for tests. Unstable.
    #[doc(hidden)]
    pub fn cpu_features(&mut self, mask: u32) -> &mut Self {
        let known = CpuFeatures::from_bits(mask & CpuFeatures::ALL.bits());
        self.cpu_features = known.expect("all of these bits are known");
        self
    }

    /// Moves the handlers of the threaded interpreter apart, as the seed says; for whoever measures
    /// it, as its speed depends on where they lie. 0, the default, leaves nothing between them.
    #[doc(hidden)]
    pub fn handler_order(&mut self, seed: u64) -> &mut Self {
        self.handler_order = seed;
        self
    }

    /// Leaves about half of the functions interpreted where all would be compiled, which ones is up
    /// to the seed: for tests. 0, the default, leaves none. Unstable.
    #[doc(hidden)]
    pub fn tier_mask(&mut self, seed: u64) -> &mut Self {
        self.tier_mask = seed;
        self
    }

    /// Compiles functions that stay interpreted otherwise when they first loop, and enters them
    /// there alone, so that each of their calls changes over in the middle; without a mask, all
    /// functions: for tests, with [`Tier::Jit`] and [`Config::stress`]. Unstable.
    #[doc(hidden)]
    pub fn stress_osr(&mut self, enable: bool) -> &mut Self {
        self.stress_osr = enable;
        self
    }

    /// Does at once what otherwise waits until it is worth it: for tests. Unstable.
    #[doc(hidden)]
    pub fn stress(&mut self, enable: bool) -> &mut Self {
        let (heat, budget) = if enable { (1, 1) } else { (COMPOSE_HEAT, LOOP_BUDGET) };
        (self.compose_heat, self.loop_budget) = (heat, budget);
        self
    }

    /// Whether large modules are validated on several threads. Default on.
    pub fn parallel_validation(&mut self, enable: bool) -> &mut Self {
        self.parallel_validation = enable;
        self
    }
}

impl Default for Config {
    fn default() -> Self {
        Self::new()
    }
}
