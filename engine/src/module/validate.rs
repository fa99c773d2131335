//! Validation of function bodies, on one thread or several.
//!
//! What lives here: who validates which body when. What does not: what is valid, which is
//! wasmparser's to say.
//!
//! Invariant: the error reported is the one at the lowest offset, however many threads there are.

use std::ops::Range;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::{mem, thread, vec};

use parking_lot::Mutex;
use wasmparser::{
    BinaryReader, FuncToValidate, FuncValidatorAllocations, FunctionBody, ValidatorResources,
    WasmFeatures,
};

use super::Invalid;
use crate::config::Config;
use crate::tuning::{MAX_VALIDATION_THREADS, PARALLEL_VALIDATION_BYTES, VALIDATION_BATCH_BYTES};

type Func = FuncToValidate<ValidatorResources>;

/// Asking the host reads files, so it is done once.
static HOST_THREADS: LazyLock<usize> =
    LazyLock::new(|| thread::available_parallelism().map_or(1, |threads| threads.get()));

/// The bodies of a module on their way to being valid.
pub(super) struct Bodies<'a> {
    bytes: &'a [u8],
    features: WasmFeatures,
    may_fork: bool,
    threads: usize,
    /// For bodies validated as they come.
    allocations: FuncValidatorAllocations,
    /// Bodies that wait for several threads.
    waiting: Vec<Func>,
}

impl<'a> Bodies<'a> {
    pub(super) fn new(config: &Config, bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            features: config.features,
            may_fork: config.parallel_validation,
            threads: 1,
            allocations: FuncValidatorAllocations::default(),
            waiting: Vec::new(),
        }
    }

    /// Told before the first body how large the code section is.
    pub(super) fn start(&mut self, code_section_bytes: usize) {
        if self.may_fork && code_section_bytes >= PARALLEL_VALIDATION_BYTES {
            self.threads = (*HOST_THREADS).min(MAX_VALIDATION_THREADS);
        }
    }

    /// Validates a body, or keeps it for [`Bodies::finish`].
    pub(super) fn add(&mut self, func: Func, body: &FunctionBody<'_>) -> Result<(), Invalid> {
        if self.threads > 1 {
            self.waiting.push(func);
            return Ok(());
        }
        validate(func, body, &mut self.allocations)
    }

    /// Validates the bodies that wait; `ranges` are those of the bodies in order.
    pub(super) fn finish(&mut self, ranges: &[Range<usize>]) -> Result<(), Invalid> {
        let waiting = mem::take(&mut self.waiting);
        if waiting.is_empty() {
            return Ok(());
        }
        let queue = Queue {
            // A section error may have ended the module between a range and its body.
            pending: Mutex::new(ranges[..waiting.len()].iter().zip(waiting)),
            lowest_error: AtomicU64::new(u64::MAX),
            error: Mutex::new(None),
            bytes: self.bytes,
            features: self.features,
        };
        thread::scope(|scope| {
            for _ in 1..self.threads {
                // Where no thread can be had, those there are do the work.
                let thread = thread::Builder::new().name("wasmtier-validate".into());
                let _ = thread.spawn_scoped(scope, || queue.work());
            }
            queue.work();
        });
        queue.error.into_inner().map_or(Ok(()), Err)
    }
}

type Pending<'a> = std::iter::Zip<std::slice::Iter<'a, Range<usize>>, vec::IntoIter<Func>>;

/// What the validating threads share.
struct Queue<'a> {
    /// In order of offset, and handed out in that order.
    pending: Mutex<Pending<'a>>,
    lowest_error: AtomicU64,
    error: Mutex<Option<Invalid>>,
    bytes: &'a [u8],
    features: WasmFeatures,
}

impl<'a> Queue<'a> {
    fn work(&self) {
        let mut allocations = FuncValidatorAllocations::default();
        let mut batch = Vec::new();
        loop {
            self.take(&mut batch);
            if batch.is_empty() {
                return;
            }
            for (range, func) in batch.drain(..) {
                let start = range.start as u64;
                // Relaxed: a late look at the mark costs work, never the right answer, since
                // bodies in front of the mark are always validated.
                if start > self.lowest_error.load(Ordering::Relaxed) {
                    return;
                }
                let reader =
                    BinaryReader::new_features(&self.bytes[range.clone()], start, self.features);
                let result = validate(func, &FunctionBody::new(reader), &mut allocations);
                if let Err(error) = result {
                    self.report(error);
                }
            }
        }
    }

    fn take(&self, batch: &mut Vec<(&'a Range<usize>, Func)>) {
        let mut pending = self.pending.lock();
        let mut size = 0;
        while size < VALIDATION_BATCH_BYTES {
            let Some((range, func)) = pending.next() else { return };
            size += range.len();
            batch.push((range, func));
        }
    }

    fn report(&self, error: Invalid) {
        let mut lowest = self.error.lock();
        if lowest.as_ref().is_none_or(|lowest| error.offset < lowest.offset) {
            // Relaxed: see `work`.
            self.lowest_error.store(error.offset, Ordering::Relaxed);
            *lowest = Some(error);
        }
    }
}

fn validate(
    func: Func,
    body: &FunctionBody<'_>,
    allocations: &mut FuncValidatorAllocations,
) -> Result<(), Invalid> {
    let index = func.index;
    let mut validator = func.into_validator(mem::take(allocations));
    let result = validator.validate(body);
    *allocations = validator.into_allocations();
    result.map_err(|error| Invalid { function: Some(index), ..Invalid::from(error) })
}
