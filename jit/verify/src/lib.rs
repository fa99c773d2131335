//! Proves of code that the compiler emitted that it stays within its bounds.
//!
//! What lives here: [`verify`], which decodes the code of one function, knows nothing of how it was
//! made, and follows every path through it by abstract interpretation. Beside it: `code` (what
//! bytes are instructions, and where jumps go), `allowed` (which instructions there may be),
//! `value` and `state` (what is known of registers), `step` (what one instruction changes),
//! `condition` (what a jump that was taken tells), `access` (what memory an instruction may touch),
//! `call` (what holds when code is left and what holds when it goes on), `clear` (the loop that
//! clears locals), `flow` (until nothing changes). What does not: whether results are right.
//!
//! Of every instruction that can be reached, and for every value of arguments, memories, tables and
//! globals, it is proven that:
//!
//! * It is one that the encoders of `wasmtier_x64` make, and one the processor has.
//! * Jumps go to instructions of the same function, or out through an entry, a shared routine or a
//!   return; jump tables are read within their bounds.
//! * An access to guest memory is at the base of a memory plus a number that is never negative.
//!   With guards, the number is at most 32 bits and 32 more, and the access is listed in
//!   `Compiled::faults`. With explicit bounds, a comparison on every path says that it ends within
//!   the length. Nothing else is listed.
//! * Everything else that is read or written is in the frame, whose size was compared with the
//!   stack's limit, or is a field of the context, or of what that points to, that code may use;
//!   written are only the frame, guest memory and globals that may change. Elements of tables and
//!   type ids are read within their bounds.
//! * A function is only entered with the arguments' upper halves clear, through an entry whose type
//!   is known and whose context is set; and is left with the results' upper halves clear, the
//!   caller's registers restored, and the stack pointer where it was.
//! * The same holds when a loop is entered from an interpreted frame, as `Compiled::loops` says.
//! * Every cycle asks whether to stop, but for those that wait for an atomic exchange.
//!
//! It is taken for granted that callees do what is proven here of functions, that shared routines,
//! entries and the context are what `wasmtier_vm` says, that tables hold references, and that
//! memories never shrink. It is not proven that values in frames are initialised, that arguments
//! and results in slots are where they should be, or that a site names the right operator.
//!
//! Invariant: what cannot be proven is an error. Never part of the product.

#![forbid(unsafe_code)]

mod access;
mod allowed;
mod call;
mod clear;
mod code;
mod condition;
mod flow;
mod module;
mod refusal;
mod state;
mod step;
mod value;

use wasmtier_jit::{Compiled, Options};
use wasmtier_vm::{FuncIdx, ModuleInfo};

pub use code::{Instructions, instructions};
pub use module::{Emitted, Refused, verify_module};
pub use refusal::Refusal;

/// What was proven of.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub struct Verified {
    /// Instructions that can be reached.
    pub instructions: usize,
    /// Of these, how many access guest memory.
    pub accesses: usize,
    /// And how many call.
    pub calls: usize,
}

impl std::ops::AddAssign for Verified {
    fn add_assign(&mut self, other: Self) {
        self.instructions += other.instructions;
        self.accesses += other.accesses;
        self.calls += other.calls;
    }
}

/// Proves what the crate's documentation says of the code of a function.
///
/// # Errors
///
/// The first instruction of which something cannot be proven, and what.
pub fn verify(
    compiled: &Compiled,
    module: &ModuleInfo,
    func: FuncIdx,
    options: &Options,
) -> Result<Verified, Refusal> {
    let code = code::Code::read(compiled, options)?;
    flow::verify(&flow::Task { code: &code, module, func, options })
}
