//! Translation of functions when they are first called.
//!
//! What lives here: who translates, and how the code becomes reachable. What does not: the
//! translator (`wasmtier_interp`), and where the code is kept (`functions`).
//!
//! Invariant: when a function's machine code can be found, so can the cells that it runs.

use std::sync::atomic::Ordering;

use parking_lot::Mutex;
use wasmtier_interp::{Backend, Code, Scratch, translate, wasm_offsets};
use wasmtier_vm::{FuncEntry, FuncIdx};

use super::ModuleInner;
use super::compiled::Compiled;
use crate::error_kind::ErrorKind;
use crate::runtime::memory::BoundsMode;
use crate::tuning::IDLE_SCRATCHES;

/// Buffers of the translator, kept between uses.
#[derive(Default)]
pub(crate) struct ScratchPool(Mutex<Vec<Scratch>>);

impl ScratchPool {
    fn with<R>(&self, work: impl FnOnce(&mut Scratch) -> R) -> R {
        let mut scratch = self.0.lock().pop().unwrap_or_default();
        let result = work(&mut scratch);
        let mut idle = self.0.lock();
        if idle.len() < IDLE_SCRATCHES {
            idle.push(scratch);
        }
        result
    }
}

/// A place in the code of a function.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum CodePlace {
    /// The cell at an offset in the translated code.
    Cell(u32),
    /// In the code that was compiled for a bounds mode: the instruction at an offset that faults,
    /// or the one behind a call.
    Machine { bounds: BoundsMode, offset: u32 },
}

/// What [`crate::Module::warm`] found and made.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Warmed {
    /// Functions the module defines.
    pub functions: usize,
    /// Bytes of their bodies in the module.
    pub body_bytes: usize,
    /// Bytes of their code, translated or compiled.
    pub code_bytes: usize,
}

impl ModuleInner {
    /// Makes sure that every function has code for the memories that instances usually have.
    pub(super) fn translate_all(&self) -> Result<Warmed, ErrorKind> {
        let mut first_error = None;
        let functions = self.functions(self.usual_bounds());
        let compiled = functions.compiled.as_ref();
        let interpreted =
            |entry: &&FuncEntry| !compiled.is_some_and(|compiled| compiled.has(entry.key.index()));
        for entry in functions.entries().iter().filter(interpreted) {
            if let Err(error) = self.translate(entry) {
                first_error.get_or_insert(error);
            }
        }
        let cells: usize = functions.code.lock().values().map(Code::byte_len).sum();
        let code_bytes = cells + compiled.map_or(0, Compiled::byte_len);
        let body_bytes = self.info.bodies.iter().map(ExactSizeIterator::len).sum();
        match first_error {
            Some(error) => Err(error),
            None => Ok(Warmed { functions: functions.entries().len(), body_bytes, code_bytes }),
        }
    }

    /// Makes sure that the function of `entry`, which is one of the module's, has code.
    ///
    /// Any number of threads may ask at once: each that comes before the first is done translates
    /// on its own, which gives the same code, and one copy is kept.
    pub(crate) fn translate(&self, entry: &FuncEntry) -> Result<(), ErrorKind> {
        if !entry.ir().is_null() {
            return Ok(());
        }
        let func = self.func_of(entry);
        let functions = self.functions_of(entry).expect("the entry is one of the module's");
        let native = self.engine.native();
        let backend = native.map_or(Backend::Portable, |native| native.backend(functions.bounds));
        let code = self
            .engine
            .scratch()
            .with(|scratch| translate(scratch, &self.info, func, &self.bytes, backend))
            .map_err(|error| ErrorKind::Untranslatable {
                function: (func.0, self.info.func_name(func).map(str::to_owned)),
                message: error.to_string(),
            })?;
        tracing::trace!(func = func.0, bytes = code.byte_len(), "translated");
        let mut kept = functions.code.lock();
        if entry.ir().is_null() {
            // The pointer is to what the code owns, which stays where it is.
            let code = kept.entry(entry.key).or_insert(code);
            // Relaxed: it is only ever counted down, by threads that may lose a count.
            entry.heat.store(self.engine.config().compose_heat, Ordering::Relaxed);
            entry.publish_ir(code.as_ptr());
            if let (Some(native), Some(offset)) = (native, code.slot_entry()) {
                // Release: who jumps there finds the cells.
                entry.slot_entry.store(native.code(offset), Ordering::Release);
            }
        }
        Ok(())
    }

    /// Makes the function of `entry` faster, which runs often.
    pub(crate) fn warm_up(&self, entry: &FuncEntry) {
        // Relaxed: as in `translate`. It takes long until the next time, which changes nothing.
        entry.heat.store(i32::MAX, Ordering::Relaxed);
        let functions = self.functions_of(entry).expect("the entry is one of the module's");
        let Some(native) = self.engine.native() else { return };
        let kept = functions.code.lock();
        let Some(code) = kept.get(&entry.key) else { return };
        if let Some(start) = native.compose(code, functions.bounds) {
            // Release: who jumps there finds what was published.
            entry.slot_entry.store(start, Ordering::Release);
        }
    }

    /// The offsets in the module's bytes of the operators whose code is at each of `places` of a
    /// function. Costs a translation of the function, and a compilation if it is compiled.
    pub(crate) fn wasm_offsets(&self, func: FuncIdx, places: &[CodePlace]) -> Vec<Option<u64>> {
        let mut offsets = vec![None; places.len()];
        let cells = places.iter().enumerate().filter_map(|(at, place)| match place {
            CodePlace::Cell(offset) => Some((at, *offset)),
            CodePlace::Machine { .. } => None,
        });
        let (at, cells): (Vec<usize>, Vec<u32>) = cells.unzip();
        if !cells.is_empty() {
            let found = wasm_offsets(&self.info, func, &self.bytes, &cells);
            for (at, offset) in at.into_iter().zip(found) {
                offsets[at] = offset;
            }
        }
        for mode in [BoundsMode::Guard, BoundsMode::Explicit] {
            let compiled = places.iter().enumerate().filter_map(|(at, place)| match place {
                CodePlace::Machine { bounds, offset } if *bounds == mode => Some((at, *offset)),
                CodePlace::Machine { .. } | CodePlace::Cell(_) => None,
            });
            let (at, compiled): (Vec<usize>, Vec<u32>) = compiled.unzip();
            if !compiled.is_empty()
                && let Some(found) = self.compiled_offsets(func, mode, &compiled)
            {
                for (at, offset) in at.into_iter().zip(found) {
                    offsets[at] = offset;
                }
            }
        }
        offsets
    }
}
