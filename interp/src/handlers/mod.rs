//! The portable back-end: one Rust function per handler, and the table that finds them.
//!
//! What lives here: the table. Handlers are in one file per family of cells. What does not: which
//! handlers there are (`crate::handler`), what operators compute (`wasmtier_ops`).
//!
//! Invariant: this is the interpreter's only unsafe code, and it trusts the translator alone: that
//! ids, slots, indices and branch targets of the cells are valid.

mod atomic;
mod builtin;
mod call;
mod callee;
mod control;
mod machine;
mod memory;
mod numeric;
mod operand;
mod portable;
mod simd;
mod tail_call;
mod variable;
mod wide;

pub use portable::{enter, frames};

use crate::handler::{HandlerKey, Misc};
use machine::Handler;
use operand::{InAcc, InSlot, ToAcc, ToSlot};

/// A handler for each id.
type Table = [Handler; HandlerKey::COUNT as usize];

static HANDLERS: Table = {
    let mut table: Table = [control::unused; HandlerKey::COUNT as usize];
    numeric::fill(&mut table);
    memory::fill(&mut table);
    simd::fill(&mut table);
    wide::fill(&mut table);
    atomic::fill(&mut table);
    let mut i = 0;
    while i < Misc::ALL.len() {
        let misc = Misc::ALL[i];
        install(&mut table, HandlerKey::Misc(misc), handler_of(misc));
        i += 1;
    }
    table
};

/// Enters the handler of a key.
const fn install(table: &mut Table, key: HandlerKey, handler: Handler) {
    table[key.id().0 as usize] = handler;
}

/// The handler that belongs to no row.
const fn handler_of(misc: Misc) -> Handler {
    match misc {
        Misc::Copy => variable::copy,
        Misc::CopyAcc => variable::copy_acc,
        Misc::CopyFloatAcc => variable::copy_float_acc,
        Misc::CopyVector => variable::copy_vector,
        Misc::Const32 => variable::const32,
        Misc::Const64 => variable::const64,
        Misc::Const128 => variable::const128,
        Misc::Jump => control::jump,
        Misc::JumpIf => control::jump_if::<InSlot, true, false>,
        Misc::JumpIfAcc => control::jump_if::<InAcc, true, false>,
        Misc::JumpIfNot => control::jump_if::<InSlot, false, false>,
        Misc::JumpIfNotAcc => control::jump_if::<InAcc, false, false>,
        Misc::JumpIf64 => control::jump_if::<InSlot, true, true>,
        Misc::JumpIf64Acc => control::jump_if::<InAcc, true, true>,
        Misc::JumpIfNot64 => control::jump_if::<InSlot, false, true>,
        Misc::JumpIfNot64Acc => control::jump_if::<InAcc, false, true>,
        Misc::TableJump => control::table_jump::<InSlot>,
        Misc::TableJumpAcc => control::table_jump::<InAcc>,
        Misc::Return => call::return_nothing,
        Misc::ReturnSlot => call::return_one::<InSlot, false>,
        Misc::ReturnAcc => call::return_one::<InAcc, false>,
        Misc::ReturnFloatSlot => call::return_one::<InSlot, true>,
        Misc::ReturnFloatAcc => call::return_one::<InAcc, true>,
        Misc::ReturnMany => call::return_many,
        Misc::Call => call::call,
        Misc::CallImport => call::call_import,
        Misc::CallIndirect => call::call_indirect::<InSlot>,
        Misc::CallIndirectAcc => call::call_indirect::<InAcc>,
        Misc::ReturnCall => tail_call::return_call,
        Misc::ReturnCallImport => tail_call::return_call_import,
        Misc::ReturnCallIndirect => tail_call::return_call_indirect,
        Misc::GlobalGet => variable::global_get::<ToSlot, false, false>,
        Misc::GlobalGetToAcc => variable::global_get::<ToAcc, false, false>,
        Misc::GlobalGetFloat => variable::global_get::<ToSlot, false, true>,
        Misc::GlobalGetVector => variable::global_get_vector::<false>,
        Misc::GlobalSet => variable::global_set::<InSlot, false>,
        Misc::GlobalSetAcc => variable::global_set::<InAcc, false>,
        Misc::GlobalSetVector => variable::global_set_vector::<false>,
        Misc::ImportedGlobalGet => variable::global_get::<ToSlot, true, false>,
        Misc::ImportedGlobalGetFloat => variable::global_get::<ToSlot, true, true>,
        Misc::ImportedGlobalGetVector => variable::global_get_vector::<true>,
        Misc::ImportedGlobalSet => variable::global_set::<InSlot, true>,
        Misc::ImportedGlobalSetVector => variable::global_set_vector::<true>,
        Misc::Select => variable::select::<ToSlot, InSlot, false>,
        Misc::SelectAcc => variable::select::<ToSlot, InAcc, false>,
        Misc::SelectToAcc => variable::select::<ToAcc, InSlot, false>,
        Misc::SelectAccToAcc => variable::select::<ToAcc, InAcc, false>,
        Misc::SelectFloat => variable::select::<ToSlot, InSlot, true>,
        Misc::SelectFloatAcc => variable::select::<ToSlot, InAcc, true>,
        Misc::SelectVector => variable::select_vector,
        Misc::CallBuiltin => builtin::call_builtin,
        Misc::Fence => atomic::fence,
        Misc::Trap => control::trap,
    }
}
