//! Compilation of all functions of a module before the first is called.
//!
//! What lives here: who compiles, where the code goes, and which function an address is in. What
//! does not: the compiler (`wasmtier_jit`).
//!
//! Invariant: which functions are compiled, and to what, depends on the module and the
//! configuration alone, however many threads there are.

use std::num::NonZero;
use std::ops::Range;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use wasmtier_jit::{Bounds, CompileError, Compiled as Code, Options, Scratch, compile};
use wasmtier_vm::{FuncEntry, FuncIdx};

use super::{CodePlace, ModuleInner};
use crate::config::Tier;
use crate::error_kind::OneLine;
use crate::runtime::memory::BoundsMode;
use crate::runtime::native::{Adapter, CompiledCode, Native};
use crate::tuning::{COMPILE_BATCH_BYTES, MAX_COMPILE_THREADS, PARALLEL_COMPILE_BYTES};

/// Asking the host reads files, so it is done once.
static HOST_THREADS: LazyLock<usize> =
    LazyLock::new(|| thread::available_parallelism().map_or(1, NonZero::get));

/// Bytes that every function begins at a multiple of.
const ALIGNMENT: usize = 32;

/// What calls compiled functions that expects arguments in slots.
const ADAPTER: Adapter = Adapter::SlotsToRegisters;

/// What is between functions: breakpoints.
const PADDING: u8 = 0xcc;

/// The functions of a module that were compiled for one bounds mode.
#[derive(Debug)]
pub(super) struct Compiled {
    code: CompiledCode,
    /// Where each function begins in the code, in that order, and its place among those the module
    /// defines.
    starts: Box<[(u32, u32)]>,
}

impl Compiled {
    /// Compiles the functions of `entries`, which are those of `module`, and publishes them; if
    /// that is what the engine does, and there is memory for it.
    pub(super) fn new(
        module: &ModuleInner,
        bounds: BoundsMode,
        entries: &[FuncEntry],
    ) -> Option<Self> {
        let native = module.engine.native()?;
        if module.engine.config().tier != Tier::Jit {
            return None;
        }
        let mut layout = Layout::default();
        for (body, code) in (0..).zip(compile_all(module, bounds, native)) {
            if let Some(code) = code {
                layout.add(body, &code)?;
            }
        }
        layout.publish(module, native, entries)
    }

    /// Whether the function at a place among those the module defines was compiled.
    pub(super) fn has(&self, body: u32) -> bool {
        self.starts.binary_search_by_key(&body, |(_, body)| *body).is_ok()
    }

    /// Bytes of all of it.
    pub(super) fn byte_len(&self) -> usize {
        self.code.addresses().len()
    }

    /// The function that `address` is in, and how far from its begin.
    fn find(&self, address: usize) -> Option<(u32, u32)> {
        let addresses = self.code.addresses();
        if !addresses.contains(&address) {
            return None;
        }
        let offset = u32::try_from(address - addresses.start).ok()?;
        let behind = self.starts.partition_point(|(start, _)| *start <= offset);
        let (start, body) = *self.starts.get(behind.checked_sub(1)?)?;
        Some((body, offset - start))
    }
}

/// Code of several functions, one behind the other.
#[derive(Default)]
struct Layout {
    bytes: Vec<u8>,
    faults: Vec<u32>,
    starts: Vec<(u32, u32)>,
}

impl Layout {
    /// Adds the code of a function; `None` if that is more than the memory of any engine.
    fn add(&mut self, body: u32, code: &Code) -> Option<()> {
        let start = u32::try_from(self.bytes.len()).ok()?;
        self.starts.push((start, body));
        self.faults.extend(code.faults.iter().map(|offset| start + offset));
        self.bytes.extend(&code.code);
        // At least one word: walks over frames look at what is behind a call.
        let end = (self.bytes.len() + size_of::<u64>()).next_multiple_of(ALIGNMENT);
        self.bytes.resize(end, PADDING);
        Some(())
    }

    fn publish(
        self,
        module: &ModuleInner,
        native: &Native,
        entries: &[FuncEntry],
    ) -> Option<Compiled> {
        if self.starts.is_empty() {
            return None;
        }
        let code = native.publish_compiled(&self.bytes, &self.faults);
        let code = code.inspect_err(|failure| tracing::debug!(%failure, "code was not published"));
        let code = code.ok()?;
        let info = &module.info;
        let mut adapters = vec![None; info.types.len()];
        for &(_, body) in &self.starts {
            let ty = info.funcs[info.imported_funcs as usize + body as usize].index();
            if adapters[ty].is_none() {
                let made = native.adapter(ADAPTER, info.type_ids[ty], &info.types[ty]);
                adapters[ty] = Some(made.ok()?);
            }
        }
        for &(start, body) in &self.starts {
            let ty = info.funcs[info.imported_funcs as usize + body as usize].index();
            let adapter = adapters[ty].expect("all that are needed were made");
            let entry = &entries[body as usize];
            let start = native.at(code.addresses().start + start as usize);
            // Release: who jumps there finds the code.
            entry.reg_entry.store(start, Ordering::Release);
            // Release: as above; and who calls the adapter finds what it calls.
            entry.slot_entry.store(adapter, Ordering::Release);
        }
        if native.names_code() {
            self.name_all(module, native, code.addresses().start);
        }
        Some(Compiled { code, starts: self.starts.into() })
    }
}

impl Layout {
    /// Tells the profiler what each function is called.
    fn name_all(&self, module: &ModuleInner, native: &Native, address: usize) {
        let starts = self.starts.iter().map(|(start, _)| *start as usize);
        let ends = starts.clone().skip(1).chain([self.bytes.len()]);
        for ((start, end), &(_, body)) in starts.zip(ends).zip(&self.starts) {
            let name = profiled_name(module, body);
            native.name_code(address + start, &self.bytes[start..end], &name);
        }
    }
}

/// What profilers are told that the code of a function is called.
pub(super) fn profiled_name(module: &ModuleInner, body: u32) -> String {
    let func = FuncIdx(module.info.imported_funcs + body);
    match module.info.func_name(func) {
        Some(name) => format!("wasm-jit:{}", OneLine(name)),
        None => format!("wasm-jit:func[{}]", func.0),
    }
}

/// The code of each function the module defines, `None` where it is to be interpreted.
fn compile_all(module: &ModuleInner, bounds: BoundsMode, native: &Native) -> Vec<Option<Code>> {
    let bodies = &module.info.bodies;
    let bytes: usize = bodies.iter().map(ExactSizeIterator::len).sum();
    let threads =
        if bytes < PARALLEL_COMPILE_BYTES { 1 } else { (*HOST_THREADS).min(MAX_COMPILE_THREADS) };
    let queue = Queue {
        module,
        options: options(native, bounds, false),
        batches: batches(bodies),
        next: AtomicUsize::new(0),
    };
    let mut done = Vec::new();
    thread::scope(|scope| {
        let spawn = |_| {
            // Where no thread can be had, those there are do the work.
            let thread = thread::Builder::new().name("wasmtier-compile".into());
            thread.spawn_scoped(scope, || queue.work()).ok()
        };
        let others: Vec<_> = (1..threads).filter_map(spawn).collect();
        done = queue.work();
        for other in others {
            match other.join() {
                Ok(batches) => done.extend(batches),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
    });
    done.sort_unstable_by_key(|(batch, _)| *batch);
    done.into_iter().flat_map(|(_, codes)| codes).collect()
}

/// The code of a function as the engine compiles it, with all there is to know of it; `None` when
/// it is interpreted.
pub(crate) fn compile_one(module: &ModuleInner, func: FuncIdx) -> Option<Code> {
    let native = module.engine.native()?;
    let body = module.info.defined_func(func)?;
    let config = module.engine.config();
    if config.tier != Tier::Jit || stays_interpreted(config.tier_mask, body) {
        return None;
    }
    let options = options(native, module.usual_bounds(), true);
    compile(&mut Scratch::default(), &module.info, func, &module.bytes, &options).ok()
}

/// What the compiler is to rely on.
pub(super) fn options(native: &Native, bounds: BoundsMode, sites: bool) -> Options {
    let bounds = match bounds {
        BoundsMode::Guard => Bounds::Guard,
        BoundsMode::Explicit => Bounds::Explicit,
    };
    Options { cpu: native.cpu(), bounds, sites }
}

/// Ranges of functions whose bodies have about the same size together.
fn batches(bodies: &[Range<usize>]) -> Vec<Range<u32>> {
    let mut batches = Vec::new();
    let (mut start, mut size) = (0, 0);
    for (at, body) in (1..).zip(bodies) {
        size += body.len();
        if size >= COMPILE_BATCH_BYTES || at as usize == bodies.len() {
            batches.push(start..at);
            (start, size) = (at, 0);
        }
    }
    batches
}

/// What the compiling threads share.
struct Queue<'a> {
    module: &'a ModuleInner,
    options: Options,
    batches: Vec<Range<u32>>,
    next: AtomicUsize,
}

impl Queue<'_> {
    /// Compiles batches until there are no more; returns them with their places.
    fn work(&self) -> Vec<(usize, Vec<Option<Code>>)> {
        let mut scratch = Scratch::default();
        let mut done = Vec::new();
        loop {
            // Relaxed: that each batch is taken once is all.
            let place = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(batch) = self.batches.get(place) else { return done };
            let codes = batch.clone().map(|body| self.compile(&mut scratch, body));
            done.push((place, codes.collect()));
        }
    }

    fn compile(&self, scratch: &mut Scratch, body: u32) -> Option<Code> {
        let module = self.module;
        let config = module.engine.config();
        if config.stress_osr && config.tier_mask == 0 || stays_interpreted(config.tier_mask, body) {
            return None;
        }
        let func = FuncIdx(module.info.imported_funcs + body);
        let code = compile(scratch, &module.info, func, &module.bytes, &self.options);
        let tell = |why: &CompileError| tracing::debug!(func = func.0, %why, "is interpreted");
        code.inspect_err(tell).ok()
    }
}

/// Whether a test wants the function at this place among those the module defines interpreted.
fn stays_interpreted(seed: u64, body: u32) -> bool {
    let mixed = (seed ^ u64::from(body)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ mixed >> 32).wrapping_mul(0xd6e8_feb8_6659_fd93);
    seed != 0 && mixed >> 63 == 1
}

impl ModuleInner {
    /// The function of compiled code at `address`, and where in it, if it is one of the module's.
    pub(crate) fn compiled_at(&self, address: usize) -> Option<(FuncIdx, CodePlace)> {
        self.functions.iter().filter_map(|functions| functions.get()).find_map(|functions| {
            let compiled = functions.compiled.as_ref().and_then(|compiled| compiled.find(address));
            let (body, offset) = compiled.or_else(|| functions.on_stack.find(address))?;
            let func = FuncIdx(self.info.imported_funcs + body);
            Some((func, CodePlace::Machine { bounds: functions.bounds, offset }))
        })
    }

    /// The offsets in the module's bytes of the operators whose code was compiled for `bounds` and
    /// is at each of `code_offsets`. Costs a compilation of the function.
    pub(super) fn compiled_offsets(
        &self,
        func: FuncIdx,
        bounds: BoundsMode,
        code_offsets: &[u32],
    ) -> Option<Vec<Option<u64>>> {
        let options = options(self.engine.native()?, bounds, true);
        let mut scratch = Scratch::default();
        let code = compile(&mut scratch, &self.info, func, &self.bytes, &options).ok()?;
        let find = |offset: &u32| {
            let at = code.sites.binary_search_by_key(offset, |site| site.offset).ok()?;
            Some(code.sites[at].wasm_offset)
        };
        Some(code_offsets.iter().map(find).collect())
    }
}
