//! [`ExploredFunction`]: what becomes of a function, for whoever wants to see it.
//!
//! What lives here: the facts as plain data: operators, cells, handlers, compiled code. Beside it:
//! `gather`, where they come from; `operator`, how operators read; `text`, the layout.
//!
//! Invariant: exploring changes nothing: no code is published, no function gets ready by it.

mod gather;
mod operator;
mod text;

use std::collections::BTreeSet;
use std::fmt;

use wasmtier_vm::FuncType;

/// A function, and what it is run as. Made by [`Module::explore`](crate::Module::explore); its
/// `Display` shows everything side by side.
///
/// Unstable: it says how the engine works, which changes.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ExploredFunction {
    /// Its index in the module.
    pub index: u32,
    /// Its name, from the name section, or else its export.
    pub name: Option<String>,
    /// Its type.
    pub ty: FuncType,
    /// Bytes of its body in the module.
    pub body_bytes: usize,
    /// All its operators, in order.
    pub operators: Vec<ExploredOperator>,
    /// Bytes of its translated code.
    pub code_bytes: usize,
    /// The cells that the translated code consists of, in order.
    pub cells: Vec<ExploredCell>,
    /// Its locals that registers hold. Empty in the portable world.
    pub pins: Vec<ExploredPin>,
    /// The pieces of machine code that run it, each once: first the one that opens its frame, then
    /// those of its cells, then those of its runs. Empty in the portable world.
    pub handlers: Vec<ExploredHandler>,
    /// The cells in a row that get one handler when the function is warm.
    pub runs: Vec<ExploredRun>,
    /// The handler that goes on behind its calls, if it makes any.
    pub resume: Option<usize>,
    /// Names of code that all handlers share, and where it is: as handlers say, in bytes from their
    /// base register. Empty in the portable world.
    pub stubs: Vec<(&'static str, u32)>,
    /// What the compiler makes of it. `None` where the engine's tier does not compile it.
    pub compiled: Option<ExploredCode>,
}

/// The machine code that a function is compiled to.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ExploredCode {
    /// The code, with what it refers to behind it.
    pub bytes: Vec<u8>,
    /// Where in the bytes the instructions are that access guest memory, whose faults are traps.
    pub faults: Vec<u32>,
    /// Its parts, in order, each up to the next.
    pub parts: Vec<ExploredPart>,
    /// Operands put into slots because there were no registers, or a call came.
    pub spills: u32,
    /// Locals loaded to their registers.
    pub reloads: u32,
    /// Locals stored to their slots.
    pub flushes: u32,
    /// The same on the way to labels, both directions.
    pub edge_moves: u32,
    /// Locals that the body and its loops have in registers, together.
    pub pins: u32,
}

/// A part of the code of a function.
#[derive(Copy, Clone, Debug)]
#[non_exhaustive]
pub struct ExploredPart {
    /// Where it begins, in bytes.
    pub at: u32,
    /// The operator that it is the code of, with what operators before have left to it. `None` of
    /// what opens the frame, and of what is behind all operators: exits, jump tables and constants.
    pub operator: Option<usize>,
}

/// An operator of a function.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ExploredOperator {
    /// Its offset in the module's bytes.
    pub offset: u64,
    /// The operator with its immediates.
    pub text: String,
    /// How many blocks it is in.
    pub depth: u32,
}

/// A cell: an instruction of the interpreter.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ExploredCell {
    /// Where it begins in the translated code, in bytes.
    pub at: u32,
    /// Its length in bytes.
    pub len: u32,
    /// Which of the operators it comes from; operators before it may be part of it.
    pub operator: usize,
    /// What it does. `[n]` is the slot of 8 bytes that is `n` slots from the frame pointer.
    pub text: String,
    /// Which handler runs it. `None` in the portable world.
    pub handler: Option<usize>,
}

/// A local that a register holds.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ExploredPin {
    /// What the register is called in the names of handlers.
    pub register: String,
    /// The index of the local.
    pub local: u32,
    /// The slot that holds it too.
    pub slot: i16,
}

/// A piece of machine code that runs cells.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ExploredHandler {
    /// The operator and where operands are: `S`lot, `A`ccumulator, `C`onstant or a pinned local.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Where in the bytes the instructions are that access guest memory, whose faults are traps.
    pub faults: Vec<u32>,
}

/// Several cells in a row with one handler.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ExploredRun {
    /// The first.
    pub first: usize,
    /// How many.
    pub cells: usize,
    /// Whether the handler opens the function's frame before it runs them.
    pub opens: bool,
    /// The handler that runs them all.
    pub handler: usize,
}

/// Sizes of an [`ExploredFunction`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExploredSummary {
    /// How many operators it has.
    pub operators: usize,
    /// Bytes of its body.
    pub body_bytes: usize,
    /// How many cells it has.
    pub cells: usize,
    /// Bytes of its translated code.
    pub code_bytes: usize,
    /// How many of its locals are held in registers.
    pub pins: usize,
    /// How many handlers run it before it is warm.
    pub handlers: usize,
    /// Bytes of these handlers.
    pub handler_bytes: usize,
    /// How many runs it has when it is warm.
    pub runs: usize,
    /// Bytes of the handlers of runs.
    pub run_bytes: usize,
    /// Bytes of its compiled code.
    pub compiled_bytes: usize,
}

impl ExploredFunction {
    /// Its sizes.
    #[must_use]
    pub fn summary(&self) -> ExploredSummary {
        let in_runs: BTreeSet<usize> = self.runs.iter().map(|run| run.handler).collect();
        let bytes = |of_runs: bool| {
            let handlers = self.handlers.iter().enumerate();
            let wanted = handlers.filter(|(place, _)| in_runs.contains(place) == of_runs);
            wanted.map(|(_, handler)| handler.bytes.len()).sum()
        };
        ExploredSummary {
            operators: self.operators.len(),
            body_bytes: self.body_bytes,
            cells: self.cells.len(),
            code_bytes: self.code_bytes,
            pins: self.pins.len(),
            handlers: self.handlers.len() - in_runs.len(),
            handler_bytes: bytes(false),
            runs: self.runs.len(),
            run_bytes: bytes(true),
            compiled_bytes: self.compiled.as_ref().map_or(0, |code| code.bytes.len()),
        }
    }
}

impl fmt::Display for ExploredSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ratio = |part: usize, whole: usize| part as f64 / whole.max(1) as f64;
        let Self { operators, body_bytes, cells, code_bytes, pins, .. } = self;
        let Self { handlers, handler_bytes, runs, run_bytes, compiled_bytes, .. } = self;
        let (per_operator, per_byte) = (ratio(*cells, *operators), ratio(*code_bytes, *body_bytes));
        write!(f, "{operators} operators in {body_bytes} bytes; ")?;
        write!(f, "{cells} cells ({per_operator:.2} an operator) ")?;
        write!(f, "in {code_bytes} bytes ({per_byte:.2} a byte)")?;
        if *handlers != 0 {
            write!(f, "; {pins} pinned; {handlers} handlers of {handler_bytes} bytes")?;
            write!(f, ", {runs} runs of {run_bytes}")?;
        }
        if *compiled_bytes != 0 {
            let per_byte = ratio(*compiled_bytes, *body_bytes);
            write!(f, "; compiled to {compiled_bytes} ({per_byte:.2} a byte)")?;
        }
        Ok(())
    }
}
