//! From a handler's key to its bytes.
//!
//! What lives here: the choice of the function that emits a handler, and how handlers lie in the
//! code. What does not: the functions, which are in one file per family of cells.
//!
//! Invariant: every key has bytes, and they depend on nothing but the key, the bounds mode and the
//! processor's features.

use wasmtier_x64::lower::{Exits, Lowering};
use wasmtier_x64::{CodeBuffer, CpuFeatures};

use super::body::{Body, Cell, Exit, FaultSite, File, Place};
use super::key::{NativeKey, PinCounts, Variant, Zeros};
use super::stubs::Stubs;
use super::{Bounds, atomic, builtin, call, control, memory, numeric, simd, variable, wide};
use crate::cell::{CallIndirectCell, CodeHeader};
use crate::handler::{HandlerKey, Misc};

/// What handlers are aligned to: 18 % in a prototype, for they are where every jump goes.
pub(super) const ALIGNMENT: usize = 32;

/// Handlers emitted one behind the other.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) code: CodeBuffer,
    /// Instructions that access guest memory, in ascending order.
    pub(super) faults: Vec<FaultSite>,
    lowered: Exits,
    exits: Vec<Exit>,
}

/// What all handlers of a table have in common.
#[derive(Copy, Clone, Debug)]
pub(super) struct Common<'a> {
    pub(super) cpu: CpuFeatures,
    pub(super) stubs: &'a Stubs,
    pub(super) bounds: Bounds,
    /// See [`super::Threaded::scatter`].
    pub(super) scatter: u64,
}

/// What becomes of the straight line behind a cell.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) enum Flow {
    /// It may go on with the next cell.
    Falls,
    /// It ends.
    Ends,
    /// It ends, and the cell must be the one at the pc: others look at it.
    EndsAtPc,
}

/// The flow behind cells of a handler.
pub(super) fn flow(key: HandlerKey) -> Flow {
    match key {
        HandlerKey::Misc(misc) => flow_of_misc(misc),
        HandlerKey::Unary { .. }
        | HandlerKey::Binary { .. }
        | HandlerKey::Branch { .. }
        | HandlerKey::Load { .. }
        | HandlerKey::Store { .. }
        | HandlerKey::FarLoad { .. }
        | HandlerKey::FarStore { .. }
        | HandlerKey::Simd { .. }
        | HandlerKey::SimdAccess { .. }
        | HandlerKey::Wide { .. }
        | HandlerKey::Atomic { .. } => Flow::Falls,
    }
}

fn flow_of_misc(misc: Misc) -> Flow {
    match misc {
        Misc::Jump
        | Misc::TableJump
        | Misc::TableJumpAcc
        | Misc::Return
        | Misc::ReturnSlot
        | Misc::ReturnAcc
        | Misc::ReturnFloatSlot
        | Misc::ReturnFloatAcc
        | Misc::ReturnMany => Flow::Ends,
        Misc::Call
        | Misc::CallImport
        | Misc::CallIndirect
        | Misc::CallIndirectAcc
        | Misc::ReturnCall
        | Misc::ReturnCallImport
        | Misc::ReturnCallIndirect
        | Misc::CallBuiltin
        | Misc::Trap => Flow::EndsAtPc,
        Misc::Copy
        | Misc::CopyAcc
        | Misc::CopyFloatAcc
        | Misc::CopyVector
        | Misc::Const32
        | Misc::Const64
        | Misc::Const128
        | Misc::JumpIf
        | Misc::JumpIfAcc
        | Misc::JumpIfNot
        | Misc::JumpIfNotAcc
        | Misc::JumpIf64
        | Misc::JumpIf64Acc
        | Misc::JumpIfNot64
        | Misc::JumpIfNot64Acc
        | Misc::GlobalGet
        | Misc::GlobalGetToAcc
        | Misc::GlobalGetFloat
        | Misc::GlobalGetVector
        | Misc::GlobalSet
        | Misc::GlobalSetAcc
        | Misc::GlobalSetVector
        | Misc::ImportedGlobalGet
        | Misc::ImportedGlobalGetFloat
        | Misc::ImportedGlobalGetVector
        | Misc::ImportedGlobalSet
        | Misc::ImportedGlobalSetVector
        | Misc::Select
        | Misc::SelectAcc
        | Misc::SelectToAcc
        | Misc::SelectAccToAcc
        | Misc::SelectFloat
        | Misc::SelectFloatAcc
        | Misc::SelectVector
        | Misc::Fence => Flow::Falls,
    }
}

/// A cell of a run: its handler, and how many bytes it takes.
#[derive(Copy, Clone, Debug)]
pub(super) struct Member {
    pub(super) key: HandlerKey,
    pub(super) variant: Variant,
    pub(super) len: usize,
}

impl Batch {
    /// Appends the handler of `key`; returns where it begins.
    pub(super) fn handler(&mut self, key: NativeKey, common: Common<'_>) -> u32 {
        match key {
            NativeKey::Cell(key, variant) => self.run(&[Member { key, variant, len: 0 }], common),
            NativeKey::Enter { pins, zeros } => {
                self.begin(common, |body| call::enter(body, pins, zeros, true))
            }
            NativeKey::Resume(pins) => self.begin(common, |body| call::resume(body, pins)),
        }
    }

    /// Appends the handler of several cells in a row; returns where it begins.
    pub(super) fn run(&mut self, members: &[Member], common: Common<'_>) -> u32 {
        self.begin(common, |body| cells(body, members))
    }

    /// Appends what opens the frame of a function that begins with these cells, and runs them;
    /// returns where it begins.
    pub(super) fn enter_run(
        &mut self,
        pins: PinCounts,
        zeros: Zeros,
        members: &[Member],
        common: Common<'_>,
    ) -> u32 {
        self.begin(common, |body| {
            body.followed = true;
            call::enter(body, pins, zeros, false);
            body.cell = Cell { behind: size_of::<CodeHeader>() };
            cells(body, members);
        })
    }

    /// Leaves up to three lines free, as `seed` and the place say; none if it is 0.
    fn scatter(&mut self, seed: u64) {
        let mixed = (seed ^ self.code.len() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        for _ in 0..if seed == 0 { 0 } else { mixed >> 62 } {
            self.code.nops(ALIGNMENT);
        }
    }

    /// Appends what `emit` emits, and what is placed behind.
    fn begin(&mut self, common: Common<'_>, emit: impl FnOnce(&mut Body<'_>)) -> u32 {
        self.code.align_with_nops(ALIGNMENT);
        self.scatter(common.scatter);
        let start = self.code.len() as u32;
        let l = Lowering { code: &mut self.code, exits: &mut self.lowered, cpu: common.cpu };
        let mut body = Body {
            l,
            stubs: common.stubs,
            bounds: common.bounds,
            cell: Cell { behind: 0 },
            followed: false,
            exits: &mut self.exits,
            faults: &mut self.faults,
        };
        emit(&mut body);
        body.end_cell();
        body.end();
        start
    }
}

/// Cells in a row.
fn cells(body: &mut Body<'_>, members: &[Member]) {
    let last = members.len() - 1;
    for (index, member) in members.iter().enumerate() {
        let behind = body.cell.behind + member.len;
        body.followed = index < last;
        if flow(member.key) == Flow::EndsAtPc {
            body.take_pc();
        }
        cell(body, member.key, member.variant);
        body.end_cell();
        body.cell = Cell { behind };
    }
}

fn cell(body: &mut Body<'_>, key: HandlerKey, variant: Variant) {
    match key {
        HandlerKey::Unary { op, dst, src } => numeric::unary(body, op, dst, src, variant),
        HandlerKey::Binary { op, dst, srcs } => numeric::binary(body, op, dst, srcs, variant),
        HandlerKey::Branch { op, nonzero, srcs } => {
            numeric::branch(body, op, nonzero, srcs, variant);
        }
        HandlerKey::Load { op, dst, src } => memory::load(body, op, dst, src, variant),
        HandlerKey::Store { op, srcs } => memory::store(body, op, srcs, variant),
        HandlerKey::FarLoad { op, memory64 } => memory::far_load(body, op, memory64, variant),
        HandlerKey::FarStore { op, memory64 } => memory::far_store(body, op, memory64),
        HandlerKey::Simd { op } => simd::simd(body, op, variant),
        HandlerKey::SimdAccess { op, memory64 } => {
            simd::simd_access(body, op, memory64, variant);
        }
        HandlerKey::Wide { op } => wide::wide(body, op, variant),
        HandlerKey::Atomic { op, memory64 } => atomic::atomic(body, op, memory64, variant),
        HandlerKey::Misc(misc) => self::misc(body, misc, variant),
    }
}

/// A handler that belongs to no row.
fn misc(body: &mut Body<'_>, misc: Misc, variant: Variant) {
    use File::{Float, Int};
    let [_, a, _] = variant.pins();
    let indirect = Place::Slot(core::mem::offset_of!(CallIndirectCell, a));
    let returned = Place::slot(core::mem::offset_of!(crate::cell::ReturnCell, a), a);
    match misc {
        Misc::Copy => variable::copy(body, variant),
        Misc::CopyAcc => variable::copy_acc(body, variant),
        Misc::CopyFloatAcc => variable::copy_float_acc(body, variant),
        Misc::CopyVector => variable::copy_vector(body),
        Misc::Const32 => variable::const32(body, variant),
        Misc::Const64 => variable::const64(body, variant),
        Misc::Const128 => variable::const128(body),
        Misc::Jump => control::jump(body, variant),
        Misc::JumpIf => control::jump_if(body, false, false, true, variant),
        Misc::JumpIfAcc => control::jump_if(body, true, false, true, variant),
        Misc::JumpIfNot => control::jump_if(body, false, false, false, variant),
        Misc::JumpIfNotAcc => control::jump_if(body, true, false, false, variant),
        Misc::JumpIf64 => control::jump_if(body, false, true, true, variant),
        Misc::JumpIf64Acc => control::jump_if(body, true, true, true, variant),
        Misc::JumpIfNot64 => control::jump_if(body, false, true, false, variant),
        Misc::JumpIfNot64Acc => control::jump_if(body, true, true, false, variant),
        Misc::TableJump => control::table_jump(body, false, variant),
        Misc::TableJumpAcc => control::table_jump(body, true, variant),
        Misc::Return => call::return_nothing(body),
        Misc::ReturnSlot => call::return_one(body, Int, returned),
        Misc::ReturnAcc => call::return_one(body, Int, Place::Acc),
        Misc::ReturnFloatSlot => call::return_one(body, Float, returned),
        Misc::ReturnFloatAcc => call::return_one(body, Float, Place::Acc),
        Misc::ReturnMany => call::return_many(body),
        Misc::Call => call::call(body, variant),
        Misc::CallImport => call::call_import(body, variant),
        Misc::CallIndirect => call::call_indirect(body, indirect, variant),
        Misc::CallIndirectAcc => call::call_indirect(body, Place::Acc, variant),
        Misc::ReturnCall => call::return_call(body),
        Misc::ReturnCallImport => call::return_call_import(body),
        Misc::ReturnCallIndirect => call::return_call_indirect(body),
        Misc::GlobalGet => variable::global_get(body, Int, false, true, variant),
        Misc::GlobalGetToAcc => variable::global_get(body, Int, false, false, variant),
        Misc::GlobalGetFloat => variable::global_get(body, Float, false, true, variant),
        Misc::GlobalGetVector => variable::global_get_vector(body, false),
        Misc::GlobalSet => variable::global_set(body, false, false, variant),
        Misc::GlobalSetAcc => variable::global_set(body, true, false, variant),
        Misc::GlobalSetVector => variable::global_set_vector(body, false),
        Misc::ImportedGlobalGet => variable::global_get(body, Int, true, true, variant),
        Misc::ImportedGlobalGetFloat => variable::global_get(body, Float, true, true, variant),
        Misc::ImportedGlobalGetVector => variable::global_get_vector(body, true),
        Misc::ImportedGlobalSet => variable::global_set(body, false, true, variant),
        Misc::ImportedGlobalSetVector => variable::global_set_vector(body, true),
        Misc::Select => variable::select(body, Int, false, true, variant),
        Misc::SelectAcc => variable::select(body, Int, true, true, variant),
        Misc::SelectToAcc => variable::select(body, Int, false, false, variant),
        Misc::SelectAccToAcc => variable::select(body, Int, true, false, variant),
        Misc::SelectFloat => variable::select(body, Float, false, true, variant),
        Misc::SelectFloatAcc => variable::select(body, Float, true, true, variant),
        Misc::SelectVector => variable::select_vector(body),
        Misc::CallBuiltin => builtin::call_builtin(body, variant),
        Misc::Fence => atomic::fence(body),
        Misc::Trap => control::trap(body),
    }
}
