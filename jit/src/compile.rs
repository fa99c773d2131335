//! [`compile`]: one function, from wasm bytes to machine code bytes.
//!
//! What lives here: what the compiler takes and gives. What does not: how it does it.
//!
//! Invariant: the result depends on the arguments alone; nothing of an earlier use of the scratch
//! is left in it.

use core::fmt;

use wasmtier_vm::{FuncIdx, ModuleInfo};
use wasmtier_x64::CpuFeatures;

use crate::compiler;
use crate::osr::Loops;

/// How code keeps accesses to memory 0 within it. Other memories are always checked by code.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Bounds {
    /// The memory is surrounded by pages that fault, and its addresses have 32 bits.
    Guard,
    /// Code compares with the length.
    Explicit,
}

/// What a compilation depends on besides the module.
#[derive(Copy, Clone, Debug)]
pub struct Options {
    /// Which instructions may be used.
    pub cpu: CpuFeatures,
    /// What accesses to memory 0 rely on.
    pub bounds: Bounds,
    /// Whether to tell where instructions come from: [`Compiled::sites`].
    pub sites: bool,
}

/// A place in the code that is left, or where a call comes back to.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct Site {
    /// Bytes from the begin of the code: of the instruction that faults, or else of the one behind
    /// the call.
    pub offset: u32,
    /// The offset in the module of the operator it belongs to.
    pub wasm_offset: u64,
    /// If it is a call of another function: bytes from this frame's top down to the callee's.
    pub callee_top: Option<u32>,
}

/// The code of a function: position independent, without addresses.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Compiled {
    /// The code, with its constants behind; begins with the entry that takes arguments in
    /// registers, and wants to lie at a multiple of 32.
    pub code: Vec<u8>,
    /// Offsets of the instructions whose fault is an access out of bounds, ascending.
    pub faults: Vec<u32>,
    /// In the order of their offsets, if they were asked for.
    pub sites: Vec<Site>,
    /// Where it can be entered besides.
    pub loops: Loops,
    /// Where the code of each operator begins, in their order; the last one where begins what is
    /// behind all of them. Made with [`Compiled::sites`].
    pub starts: Vec<Start>,
    /// What the code consists of.
    pub counters: Counters,
}

/// Where the code of an operator begins. What an operator leaves to the next, such as a comparison
/// to a branch, is in the code of that one.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct Start {
    /// Bytes from the begin of the code.
    pub offset: u32,
    /// The operator's offset in the module; of what is behind all, the last one's again.
    pub wasm_offset: u64,
}

/// Counts of what a function's code consists of, as it stands in the code.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub struct Counters {
    /// Bytes.
    pub bytes: u32,
    /// Operands put into slots because there were no registers, or a call came.
    pub spills: u32,
    /// Locals loaded to their lanes.
    pub reloads: u32,
    /// Locals stored to their homes.
    pub flushes: u32,
    /// The same on the way to labels, both directions.
    pub edge_moves: u32,
    /// Locals that regions have pinned to registers, together.
    pub pins: u32,
}

/// Buffers that compilations share.
#[derive(Debug, Default)]
pub struct Scratch(compiler::Buffers);

/// Why a function could not be compiled; it can still be interpreted.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum CompileError {
    /// Parameters, locals and operands together take more slots than a frame may have.
    TooManySlots {
        /// How many slots a frame may have.
        limit: u32,
    },
    /// The code would be longer than any sensible function's.
    TooLong {
        /// How many bytes the code of a function may have.
        limit: u32,
    },
    /// The function uses an operator this version cannot compile.
    Unsupported {
        /// The operator, or the proposal it comes from.
        what: &'static str,
    },
    /// The bytes are no valid function body; they were not validated.
    Malformed(String),
}

impl fmt::Display for CompileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooManySlots { limit } => write!(
                f,
                "function too large: its parameters, locals and operands take over {limit} slots"
            ),
            Self::TooLong { limit } => {
                write!(f, "function too large: its code takes over {limit} bytes")
            }
            Self::Unsupported { what } => write!(f, "{what} cannot be compiled"),
            Self::Malformed(message) => write!(f, "malformed function body: {message}"),
        }
    }
}

impl core::error::Error for CompileError {}

/// Compiles a function the module defines. `bytes` are those of the whole module.
///
/// # Errors
///
/// When the function exceeds a limit, uses an unsupported operator, or was not validated.
///
/// # Panics
///
/// When `func` is imported.
pub fn compile(
    scratch: &mut Scratch,
    module: &ModuleInfo,
    func: FuncIdx,
    bytes: &[u8],
    options: &Options,
) -> Result<Compiled, CompileError> {
    compiler::run(&mut scratch.0, module, func, bytes, options).map_err(|error| *error)
}
