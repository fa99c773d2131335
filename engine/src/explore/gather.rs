//! [`Module::explore`]: where the facts about a function come from.
//!
//! What lives here: the wasm side read once more, the listing of the interpreter, and which belongs
//! to which. What does not: translation (`wasmtier_interp`).
//!
//! Invariant: whatever the index, the answer is the facts or an error.

use std::ops::Range;

use wasmparser::{BinaryReader, FunctionBody, Operator};
use wasmtier_interp::{
    Backend, Bounds, ListedHandler, ListedRun, Listing, PublishCode, Threaded, list,
};
use wasmtier_jit::{Compiled, Counters};
use wasmtier_vm::{FuncIdx, ModuleInfo, Slot};
use wasmtier_x64::CpuFeatures;

use super::operator::text;
use super::{
    ExploredCell, ExploredCode, ExploredFunction, ExploredHandler, ExploredOperator, ExploredPart,
    ExploredPin, ExploredRun,
};
use crate::Module;
use crate::error::{Error, Result};
use crate::error_kind::{ErrorKind, OneLine};
use crate::module::compile_one;
use crate::tuning::LOOP_BUDGET;

impl Module {
    /// Shows what this engine makes of a function: its operators, the cells that they are
    /// translated to, the handlers that run those, and if its tier compiles, the code it is
    /// compiled to.
    ///
    /// Costs a translation, and changes nothing: the function is as ready to run as before. Bounds
    /// are checked as in an instance whose memory is as usual.
    ///
    /// # Errors
    ///
    /// When the module defines no function of this index, or it exceeds a limit of the interpreter.
    ///
    /// ```
    /// use wasmtier::{Engine, Module};
    /// // (module (func (export "f") (result i32) i32.const 42))
    /// let bytes = b"\0asm\x01\0\0\0\x01\x05\x01\x60\0\x01\x7f\x03\x02\x01\0\x07\x05\x01\x01f\0\0\
    ///     \x0a\x06\x01\x04\0\x41\x2a\x0b";
    /// let module = Module::new(&Engine::default(), bytes)?;
    /// let explored = module.explore(0)?;
    /// assert_eq!(explored.operators[0].text, "i32.const 42");
    /// println!("{explored}");
    /// # Ok::<(), wasmtier::Error>(())
    /// ```
    pub fn explore(&self, function: u32) -> Result<ExploredFunction> {
        let inner = self.inner();
        match inner.engine().native() {
            None => self.explore_in(function, Backend::Portable, Vec::new()),
            Some(native) => {
                let backend = native.backend(inner.usual_bounds());
                self.explore_in(function, backend, native.stubs().collect())
            }
        }
    }

    /// The same for the threaded back-end on a processor with the given features, as the bits of
    /// `wasmtier_x64`'s `CpuFeatures`, whatever this engine and this host have. For tests.
    ///
    /// # Errors
    ///
    /// As [`Module::explore`].
    #[doc(hidden)]
    pub fn explore_for(
        &self,
        function: u32,
        cpu_features: u32,
        guard: bool,
    ) -> Result<ExploredFunction> {
        let cpu = CpuFeatures::from_bits(cpu_features & CpuFeatures::ALL.bits());
        let cpu = cpu.expect("all of these bits are known");
        let threaded = Threaded::new(cpu, LOOP_BUDGET, Box::new(Nowhere));
        let threaded = threaded.expect("there is always room nowhere");
        let bounds = if guard { Bounds::Guard } else { Bounds::Explicit };
        let backend = Backend::Threaded { handlers: &threaded, bounds };
        self.explore_in(function, backend, threaded.stubs().collect())
    }

    /// What the module declares, as all tiers have it. For tests.
    #[doc(hidden)]
    #[must_use]
    pub fn declarations(&self) -> &ModuleInfo {
        self.inner().info()
    }

    fn explore_in(
        &self,
        function: u32,
        backend: Backend<'_>,
        stubs: Vec<(&'static str, u32)>,
    ) -> Result<ExploredFunction> {
        let (inner, func) = (self.inner(), FuncIdx(function));
        let info = inner.info();
        let name = |name: &str| name.to_owned();
        let body = self.body(func)?;
        let listing = list(info, func, inner.bytes(), backend).map_err(|error| {
            let function = (function, info.func_name(func).map(name));
            ErrorKind::Untranslatable { function, message: error.to_string() }
        })?;
        let (operators, locals) = read(&inner.bytes()[body.clone()], body.start as u64)?;
        Ok(ExploredFunction {
            index: function,
            name: info.func_name(func).map(name),
            ty: info.func_type(func).clone(),
            body_bytes: body.len(),
            code_bytes: listing.byte_len,
            cells: cells(&listing, &operators),
            pins: pins(&listing, &self.local_slots(func, &locals)),
            resume: listing.resume,
            runs: runs(&listing),
            handlers: handlers(listing),
            compiled: compile_one(inner, func).map(|code| compiled(code, &operators)),
            operators,
            stubs,
        })
    }

    fn body(&self, func: FuncIdx) -> Result<Range<usize>> {
        let info = self.inner().info();
        if func.index() >= info.funcs.len() {
            let count = info.funcs.len();
            return Err(Error::msg(format!("no function {}: the module has {count}", func.0)));
        }
        match info.defined_func(func) {
            Some(place) => Ok(info.bodies[place as usize].clone()),
            None => {
                let import = info.func_name(func).map(|name| format!(" `{}`", OneLine(name)));
                let (index, import) = (func.0, import.unwrap_or_default());
                Err(Error::msg(format!("function {index}{import} is imported: it has no code")))
            }
        }
    }

    /// The slot of each local, parameters first; `locals` are the types of the others.
    fn local_slots(&self, func: FuncIdx, locals: &[wasmparser::ValType]) -> Vec<Option<Slot>> {
        let info = self.inner().info();
        let wide = |ty: &wasmparser::ValType| if *ty == wasmparser::ValType::V128 { 2 } else { 1 };
        let frame = info.frame(func, locals.iter().map(wide).sum());
        let mut slots = Vec::new();
        let mut at = 0;
        for ty in info.func_type(func).params() {
            slots.push(frame.param(at, ty.slots()));
            at += ty.slots();
        }
        at = 0;
        for ty in locals {
            slots.push(frame.local(at, wide(ty)));
            at += wide(ty);
        }
        slots
    }
}

/// All operators of a body that begins at `offset` in its module, and the types of its locals.
fn read(
    body: &[u8],
    offset: u64,
) -> Result<(Vec<ExploredOperator>, Vec<wasmparser::ValType>), ErrorKind> {
    let invalid = |error: wasmparser::BinaryReaderError| ErrorKind::InvalidModule {
        offset: error.offset(),
        message: error.message().to_owned(),
        function: None,
    };
    let body = FunctionBody::new(BinaryReader::new(body, offset));
    let mut locals = Vec::new();
    for group in body.get_locals_reader().map_err(invalid)? {
        let (count, ty) = group.map_err(invalid)?;
        locals.extend(std::iter::repeat_n(ty, count as usize));
    }
    let mut operators = Vec::new();
    let mut depth = 0u32;
    let mut reader = body.get_operators_reader().map_err(invalid)?;
    while !reader.eof() {
        let offset = reader.original_position();
        let operator = reader.read().map_err(invalid)?;
        let closes = matches!(operator, Operator::End | Operator::Else);
        let outside = if closes { depth.saturating_sub(1) } else { depth };
        operators.push(ExploredOperator { offset, text: text(&operator), depth: outside });
        match operator {
            Operator::Block { .. } | Operator::Loop { .. } | Operator::If { .. } => depth += 1,
            Operator::End => depth = outside,
            _ => {}
        }
    }
    Ok((operators, locals))
}

fn cells(listing: &Listing, operators: &[ExploredOperator]) -> Vec<ExploredCell> {
    let cells = listing.cells.iter().map(|cell| {
        let from = operators.partition_point(|operator| operator.offset <= cell.wasm_offset);
        ExploredCell {
            at: cell.at,
            len: cell.len,
            operator: from.saturating_sub(1),
            text: cell.text.clone(),
            handler: cell.handler,
        }
    });
    cells.collect()
}

fn compiled(code: Compiled, operators: &[ExploredOperator]) -> ExploredCode {
    let Compiled { code: bytes, faults, starts, counters, .. } = code;
    let mut parts = vec![ExploredPart { at: 0, operator: None }];
    if let Some((behind, starts)) = starts.split_last() {
        for start in starts {
            let operator = operators.binary_search_by_key(&start.wasm_offset, |op| op.offset);
            parts.push(ExploredPart { at: start.offset, operator: operator.ok() });
        }
        parts.push(ExploredPart { at: behind.offset, operator: None });
    }
    let Counters { spills, reloads, flushes, edge_moves, pins, .. } = counters;
    ExploredCode { bytes, faults, parts, spills, reloads, flushes, edge_moves, pins }
}

fn pins(listing: &Listing, slots: &[Option<Slot>]) -> Vec<ExploredPin> {
    let mut pins = Vec::new();
    for (letter, pinned) in ['L', 'F'].into_iter().zip(&listing.pins) {
        for (register, slot) in pinned.iter().enumerate() {
            let local = slots.iter().position(|other| other.as_ref() == Some(slot));
            let local = local.expect("only locals are pinned");
            let local = u32::try_from(local).expect("validation bounds how many there are");
            pins.push(ExploredPin { register: format!("{letter}{register}"), local, slot: slot.0 });
        }
    }
    pins
}

fn runs(listing: &Listing) -> Vec<ExploredRun> {
    let explored = |run: &ListedRun| ExploredRun {
        first: run.first,
        cells: run.cells,
        opens: run.opens,
        handler: run.handler,
    };
    listing.runs.iter().map(explored).collect()
}

fn handlers(listing: Listing) -> Vec<ExploredHandler> {
    let handlers = listing.handlers.into_iter();
    let explored = handlers.map(|ListedHandler { name, bytes, faults }| ExploredHandler {
        name,
        bytes,
        faults,
    });
    explored.collect()
}

/// Takes code that nobody will run.
#[derive(Debug)]
struct Nowhere;

impl PublishCode for Nowhere {
    fn publish(&self, _: &[u8], _: &[u32]) -> Option<u32> {
        Some(0)
    }
}
