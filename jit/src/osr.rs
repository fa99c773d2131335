//! Entries in the middle: how an interpreted function goes on as compiled code, at a loop.
//!
//! What lives here: what compilation tells about loops, and the code that takes over a frame. What
//! does not: which cell of the interpreter a loop begins at, and when a function changes over.
//!
//! Invariant: at the begin of a loop an interpreted frame and a compiled one differ in lanes alone:
//! all locals are in their homes and all operands in their slots, or are constants that the
//! compiled code knows.

use core::mem::offset_of;
use core::ops::Range;

use dynasmrt::DynasmLabelApi;
use wasmtier_vm::{Continuation, EnteredFrame, FuncType, Slot};
use wasmtier_x64::{Alu, CodeBuffer, Gpr, Width};

use crate::adapter::{finish, frame_distance, header, return_to_slots};
use crate::compiler::SAVED;
use crate::convention::Place;
use crate::native::{Emit, TOP, field};
use Gpr::{R11, Rax, Rcx, Rdx, Rsp};
use Width::W64;

/// The loops of a compiled function.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Loops {
    /// In the order of their operators.
    pub(crate) all: Vec<Loop>,
    /// What their lanes hold, one loop's behind the other's.
    pub(crate) lanes: Vec<Place>,
    /// Bytes of the function's frame, from its top.
    pub(crate) frame_bytes: u32,
}

impl Loops {
    /// Bytes of the function's frame, from the begin of its parameters to the last operand.
    #[must_use]
    pub fn frame_bytes(&self) -> u32 {
        self.frame_bytes
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Where each loop is entered in the function's code, and what its lanes hold then.
    pub fn labels(&self) -> impl Iterator<Item = (u32, &[Place])> {
        let lanes = |range: &Range<u32>| &self.lanes[range.start as usize..range.end as usize];
        self.all.iter().map(move |at| (at.code_offset, lanes(&at.lanes)))
    }

    /// Notes a loop with what its lanes hold.
    pub(crate) fn add(
        &mut self,
        wasm_offset: u64,
        code_offset: u32,
        lanes: impl Iterator<Item = Place>,
    ) {
        let start = self.lanes.len() as u32;
        self.lanes.extend(lanes);
        let lanes = start..self.lanes.len() as u32;
        self.all.push(Loop { wasm_offset, code_offset, lanes });
    }
}

/// A loop of a compiled function.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Loop {
    /// The offset in the module of its operator.
    wasm_offset: u64,
    /// Where its label is in the code.
    code_offset: u32,
    /// What its lanes hold: a range of [`Loops::lanes`].
    lanes: Range<u32>,
}

/// Code that takes over frames of an interpreted function.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LoopEntries {
    /// The code, which wants to lie at a multiple of 32.
    pub code: Vec<u8>,
    /// The offset in the module of each loop's operator, in order, and where it is entered in the
    /// code: by a jump from the interpreter at the loop's first cell.
    pub entries: Vec<(u64, u32)>,
}

/// Emits what takes over frames of a function of type `ty`; it is to lie `distance` bytes behind
/// the begin of the function's code.
#[must_use]
pub fn loop_entries(ty: &FuncType, loops: &Loops, distance: u32) -> LoopEntries {
    let mut buffer = CodeBuffer::new();
    let code = &mut buffer;
    let (start, take_over) = (code.new_dynamic_label(), code.new_dynamic_label());
    code.dynamic_label(start);
    let mut entries = Vec::with_capacity(loops.all.len());
    for at in &loops.all {
        let go_on = code.new_dynamic_label();
        entries.push((at.wasm_offset, code.len() as u32));
        code.lea(W64, Rcx, go_on);
        code.jmp(take_over);
        code.dynamic_label(go_on);
        let lanes = &loops.lanes[at.lanes.start as usize..at.lanes.end as usize];
        code.load_places(lanes.iter().copied());
        code.lea(W64, R11, start);
        code.alu_imm(Alu::Sub, W64, R11, (distance - at.code_offset) as i32);
        code.jmp_to(R11);
    }
    code.dynamic_label(take_over);
    emit_take_over(code, ty);
    LoopEntries { code: finish(buffer), entries }
}

/// Makes the frame at `rbp` one of compiled code that an adapter has called, goes on at the address
/// in `rcx`, and returns what comes back as an interpreted function would.
fn emit_take_over(code: &mut CodeBuffer, ty: &FuncType) {
    let scratch = |offset: usize| field(Rsp, offset);
    code.alu_imm(Alu::Add, W64, TOP, frame_distance(ty));
    code.mov(W64, Rax, header(ty, Slot::RETURN));
    code.mov(W64, Rdx, header(ty, Slot::CALLER_FP));
    code.store(W64, scratch(offset_of!(EnteredFrame, return_word)), Rax);
    code.store(W64, scratch(offset_of!(EnteredFrame, caller_fp)), Rdx);
    // As the function itself does when it is called.
    for (register, slot) in SAVED {
        code.store(W64, header(ty, slot), register);
    }
    code.call_to(Rcx);
    code.mark(Continuation::Entered);
    return_to_slots(code, ty);
}
