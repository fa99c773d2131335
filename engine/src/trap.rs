//! What an error out of wasm says about where it happened: [`WasmBacktrace`] and [`FrameInfo`].
//!
//! What lives here: the frames of a captured backtrace and their text. What does not: the capture
//! (`runtime::backtrace`). Invariant: nothing is looked up before somebody asks.

use core::fmt;
use std::sync::Arc;

use wasmtier_vm::FuncIdx;

use crate::module::{CodePlace, ModuleInner};

/// The wasm frames that were active when wasm was left with an error, innermost first.
///
/// Attached to the [`Error`](crate::Error) and found by its `downcast_ref`. A deep stack keeps only
/// its two ends.
///
/// ```
/// use wasmtier::{Engine, Instance, Module, Store, Trap, WasmBacktrace};
/// let engine = Engine::default();
/// // (module (func $main (export "main") unreachable))
/// let bytes = b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03\x02\x01\0\x07\x08\x01\x04main\0\0\
///     \x0a\x05\x01\x03\0\0\x0b";
/// let module = Module::new(&engine, bytes)?;
/// let mut store = Store::new(&engine, ());
/// let instance = Instance::new(&mut store, &module, &[])?;
/// let main = instance.get_func(&mut store, "main").expect("it is exported");
/// let error = main.call(&mut store, &[], &mut []).unwrap_err();
/// assert_eq!(error.downcast_ref(), Some(&Trap::UnreachableCodeReached));
/// let trace: &WasmBacktrace = error.downcast_ref().expect("a trap has a backtrace");
/// assert_eq!(trace.frames()[0].func_name(), Some("main"));
/// # Ok::<(), wasmtier::Error>(())
/// ```
#[derive(Debug)]
pub struct WasmBacktrace {
    frames: Box<[FrameInfo]>,
    /// How many frames there are before the gap.
    gap_at: usize,
    omitted: usize,
}

impl WasmBacktrace {
    pub(crate) fn new(frames: Box<[FrameInfo]>, gap_at: usize, omitted: usize) -> Self {
        Self { frames, gap_at, omitted }
    }

    /// The frames, innermost first.
    #[must_use]
    pub fn frames(&self) -> &[FrameInfo] {
        &self.frames
    }

    /// [`FrameInfo::module_offset`] of each frame: looks at every function once, for it costs a
    /// translation, and the frames of a recursion are all of one function.
    fn module_offsets(&self) -> Vec<Option<u64>> {
        let mut offsets = vec![None; self.frames.len()];
        let mut waiting: Vec<usize> = (0..self.frames.len()).collect();
        while let Some(&first) = waiting.first() {
            let FrameInfo { module, func, .. } = &self.frames[first];
            let is_of_func =
                |frame: &FrameInfo| Arc::ptr_eq(&frame.module, module) && frame.func == *func;
            let (same, others) =
                waiting.into_iter().partition(|&place| is_of_func(&self.frames[place]));
            let same: Vec<usize> = same;
            let codes: Vec<CodePlace> = same.iter().map(|&place| self.frames[place].code).collect();
            for (place, offset) in same.into_iter().zip(module.wasm_offsets(*func, &codes)) {
                offsets[place] = offset;
            }
            waiting = others;
        }
        offsets
    }
}

impl fmt::Display for WasmBacktrace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("wasm backtrace:")?;
        for (place, (frame, offset)) in self.frames.iter().zip(self.module_offsets()).enumerate() {
            let omitted = if place < self.gap_at { 0 } else { self.omitted };
            if place == self.gap_at && omitted != 0 {
                write!(f, "\n    ... {omitted} frames omitted ...")?;
            }
            write!(f, "\n    {:>3}: ", place + omitted)?;
            frame.show(offset, f)?;
        }
        Ok(())
    }
}

/// One frame of a [`WasmBacktrace`].
///
/// ```
/// use wasmtier::{Error, FrameInfo, WasmBacktrace};
///
/// /// The function in which wasm stopped.
/// fn culprit(error: &Error) -> Option<&str> {
///     let frame: &FrameInfo = error.downcast_ref::<WasmBacktrace>()?.frames().first()?;
///     frame.func_name()
/// }
/// assert_eq!(culprit(&Error::msg("not from wasm")), None);
/// ```
pub struct FrameInfo {
    module: Arc<ModuleInner>,
    func: FuncIdx,
    code: CodePlace,
}

impl FrameInfo {
    pub(crate) fn new(module: Arc<ModuleInner>, func: FuncIdx, code: CodePlace) -> Self {
        Self { module, func, code }
    }

    /// The index of the function in its module.
    #[must_use]
    pub fn func_index(&self) -> u32 {
        self.func.0
    }

    /// The name of the function: from the name section, else its export.
    #[must_use]
    pub fn func_name(&self) -> Option<&str> {
        self.module.info().func_name(self.func)
    }

    /// The name of the module, from its name section.
    #[must_use]
    pub fn module_name(&self) -> Option<&str> {
        self.module.info().name.as_deref()
    }

    /// The offset in the module's bytes of the operator that was executing.
    #[must_use]
    pub fn module_offset(&self) -> Option<u64> {
        self.module.wasm_offsets(self.func, &[self.code]).into_iter().flatten().next()
    }

    fn show(&self, offset: Option<u64>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(offset) = offset {
            write!(f, "{offset:#8x} - ")?;
        }
        write!(f, "{}!", self.module_name().unwrap_or("<unknown>").escape_debug())?;
        match self.func_name() {
            Some(name) => write!(f, "{}", name.escape_debug()),
            None => write!(f, "<wasm function {}>", self.func.0),
        }
    }
}

impl fmt::Display for FrameInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.show(self.module_offset(), f)
    }
}

impl fmt::Debug for FrameInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FrameInfo")
            .field("func_index", &self.func.0)
            .field("func_name", &self.func_name())
            .field("module_name", &self.module_name())
            .finish_non_exhaustive()
    }
}
