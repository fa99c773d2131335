//! Calls, returns, and what stands at the begin of functions and behind calls.
//!
//! What lives here: the frames of the threaded back-end. What does not: calls of the host and
//! between instances, which are stubs.
//!
//! Invariant: a frame's header is complete before its first cell runs, and is read before results,
//! which may lie over it, are written. The return word is 0 for an interpreted caller in the same
//! instance, negative for one in the instance that it names, else where machine code goes on.

use core::mem::{offset_of, size_of};

use dynasmrt::{DynamicLabel, DynasmLabelApi};
use wasmtier_ops::ScalarType;
use wasmtier_vm::{FuncEntry, FuncImport, FuncRecord, Slot, VmCtx, VmTable};
use wasmtier_x64::{Alu, CodeBuffer, Cond, Floats, Gpr, Mem, Scale, Width};

use super::body::{Body, File, Place, context, field, frame_word};
use super::key::{PinCounts, Variant, Zeros};
use super::registers::{ACC, BASE, CTX, FLOAT_ACC, FLOAT_PINS, FP, INT_PINS, PC};
use super::stubs::Stub;
use crate::cell::{
    CallCell, CallIndirectCell, CodeHeader, ReturnCallCell, ReturnCallIndirectCell, ReturnCell,
    ReturnManyCell,
};

use Gpr::{R11, Rax, Rcx, Rdi, Rdx, Rsi};
use Width::{W16, W32, W64};

/// Bytes of a slot.
const SLOT: i32 = size_of::<u64>() as i32;

/// Opens the frame at `rbp` of the function whose entry is in `rdx`, and runs its first cell.
/// Counts the call if the function may become `warm`.
pub(super) fn enter(body: &mut Body<'_>, pins: PinCounts, zeros: Zeros, warm: bool) {
    let refuse = body.rarely(Stub::Refuse);
    if warm {
        let warm = body.rarely(Stub::Warm);
        let heat = field(Rdx, offset_of!(FuncEntry, heat));
        body.l.code.alu_imm(Alu::Sub, W32, heat, 1);
        body.l.code.jcc(Cond::S, warm);
    }
    let (code, cell) = (&mut *body.l.code, body.cell);
    code.mov(W64, PC, field(Rdx, FuncEntry::IR_OFFSET));
    code.store(W64, frame_word(Slot::ENTRY), Rdx);
    code.mov(W32, Rax, cell.at(offset_of!(CodeHeader, frame_bytes)));
    code.mov(W64, Rcx, FP);
    code.alu(Alu::Sub, W64, Rcx, Rax);
    code.alu(Alu::Cmp, W64, Rcx, context(offset_of!(VmCtx, stack_limit)));
    code.jcc(Cond::B, refuse);
    zero_locals(body, zeros);
    load_pins(body.l.code, PC, pins);
    body.next::<CodeHeader>();
}

fn zero_locals(body: &mut Body<'_>, zeros: Zeros) {
    let (code, cell) = (&mut *body.l.code, body.cell);
    let first = i32::from(Slot::SAVED_PC.0) * SLOT - SLOT;
    match zeros {
        Zeros::Few(0) => {}
        Zeros::Few(few) => {
            code.zero(Rax);
            for i in 0..i32::from(few) {
                code.store(W64, Mem::new(FP, first - i * SLOT), Rax);
            }
        }
        Zeros::Many => {
            code.zero(Rax);
            code.mov(W32, Rcx, cell.at(offset_of!(CodeHeader, zero_slots)));
            code.lea(W64, Rdi, Mem::new(FP, first));
            let again = code.new_dynamic_label();
            code.dynamic_label(again);
            code.store(W64, Mem::base(Rdi), Rax);
            code.alu_imm(Alu::Sub, W64, Rdi, SLOT);
            code.alu_imm(Alu::Sub, W32, Rcx, 1);
            code.jcc(Cond::Ne, again);
        }
    }
}

/// Takes up the pins of the running function, whose code starts at `header`.
pub(super) fn load_pins(code: &mut CodeBuffer, header: Gpr, pins: PinCounts) {
    let slot = Mem::base(FP).indexed(Rcx, Scale::Eight);
    for (index, pin) in INT_PINS.iter().enumerate().take(pins.ints.into()) {
        let at = offset_of!(CodeHeader, int_pins) + index * size_of::<Slot>();
        code.movsx(W16, W64, Rcx, field(header, at));
        code.mov(W64, *pin, slot);
    }
    for (index, pin) in FLOAT_PINS.iter().enumerate().take(pins.floats.into()) {
        let at = offset_of!(CodeHeader, float_pins) + index * size_of::<Slot>();
        code.movsx(W16, W64, Rcx, field(header, at));
        code.load_xmm(Floats::Sd, *pin, slot);
    }
}

/// Takes up the pins after something that changed their registers. Keeps the accumulators.
pub(super) fn reload_pins(body: &mut Body<'_>, pins: PinCounts) {
    if pins.any() {
        body.l.code.mov(W64, Rsi, frame_word(Slot::ENTRY));
        body.l.code.mov(W64, Rsi, field(Rsi, FuncEntry::IR_OFFSET));
        load_pins(body.l.code, Rsi, pins);
    }
}

/// Stands behind a call.
pub(super) fn resume(body: &mut Body<'_>, pins: PinCounts) {
    reload_pins(body, pins);
    body.next::<HandlerWord>();
}

/// What stands behind a call.
type HandlerWord = crate::handler::HandlerId;

/// Where to go on behind a call: at the last word of its cell, or behind it.
fn behind_call<C>(pinned: bool) -> usize {
    size_of::<C>() - if pinned { size_of::<HandlerWord>() } else { 0 }
}

/// Calls a function of the module.
pub(super) fn call(body: &mut Body<'_>, variant: Variant) {
    let behind = behind_call::<CallCell>(variant.pinned());
    let (code, cell) = (&mut *body.l.code, body.cell);
    code.movsx(W16, W64, Rcx, cell.at(offset_of!(CallCell, fp)));
    // The link pass made it the distance of the entry from the first.
    code.mov(W32, Rdx, cell.at(offset_of!(CallCell, func)));
    code.alu(Alu::Add, W64, Rdx, context(offset_of!(VmCtx, code_table)));
    code.lea(W64, Rcx, Mem::base(FP).indexed(Rcx, Scale::Eight));
    code.lea(W64, Rax, cell.at(behind));
    code.store(W64, frame_word(Slot::SAVED_PC), Rax);
    open_frame(body);
}

/// Opens the frame at `rcx` for a call of the function of `rdx` within the instance.
fn open_frame(body: &mut Body<'_>) {
    let code = &mut *body.l.code;
    code.store(W64, Mem::base(Rcx), FP);
    code.store_imm(W64, Mem::new(Rcx, SLOT), 0);
    code.mov(W64, FP, Rcx);
    code.jmp_to(field(Rdx, offset_of!(FuncEntry, slot_entry)));
}

/// Calls an imported function.
pub(super) fn call_import(body: &mut Body<'_>, variant: Variant) {
    import(body, offset_of!(CallCell, func), Rax);
    call_any::<CallCell>(body, offset_of!(CallCell, fp), variant.pinned());
}

/// Loads entry and context of the import that the cell names at `func`.
fn import(body: &mut Body<'_>, func: usize, temp: Gpr) {
    const _: () = assert!(size_of::<FuncImport>() == 16, "imports are scaled by a shift of 4");
    let (code, cell) = (&mut *body.l.code, body.cell);
    code.mov(W32, temp, cell.at(func));
    code.shift_imm(wasmtier_x64::Shift::Shl, W64, temp, 4);
    code.alu(Alu::Add, W64, temp, context(offset_of!(VmCtx, imported_funcs)));
    callee(body, temp);
}

/// Loads entry and context of what `from` points to, a record or an import.
fn callee(body: &mut Body<'_>, from: Gpr) {
    let code = &mut *body.l.code;
    code.mov(W64, Rdx, field(from, offset_of!(FuncImport, entry)));
    code.mov(W64, Rcx, field(from, offset_of!(FuncImport, vmctx)));
}

/// Calls the function of `rdx` and `rcx` for a cell of type `C` with a frame pointer at `fp`.
fn call_any<C>(body: &mut Body<'_>, fp: usize, pinned: bool) {
    let other = body.l.code.new_dynamic_label();
    let (code, cell) = (&mut *body.l.code, body.cell);
    code.movsx(W16, W64, Rdi, cell.at(fp));
    code.lea(W64, Rdi, Mem::base(FP).indexed(Rdi, Scale::Eight));
    code.lea(W64, Rsi, cell.at(behind_call::<C>(pinned)));
    // Host functions have contexts of their own, so that this finds them too.
    code.alu(Alu::Cmp, W64, Rcx, CTX);
    code.jcc(Cond::Ne, other);
    code.store(W64, frame_word(Slot::SAVED_PC), Rsi);
    code.mov(W64, Rcx, Rdi);
    open_frame(body);
    body.l.code.dynamic_label(other);
    body.jump_to_stub(Stub::Call);
}

/// Calls through a table.
pub(super) fn call_indirect(body: &mut Body<'_>, index: Place, variant: Variant) {
    let index = body.in_gpr(index, ScalarType::I64, Rsi);
    let lookup = Lookup {
        ty: offset_of!(CallIndirectCell, ty),
        table: offset_of!(CallIndirectCell, table),
        first_table: variant.first_table(),
    };
    let cold = lookup.resolve(body, index);
    call_any::<CallIndirectCell>(body, offset_of!(CallIndirectCell, fp), variant.pinned());
    lookup.resolve_cold(body, cold);
}

/// A function of a type in a table; the cell names both at offsets.
struct Lookup {
    ty: usize,
    table: usize,
    /// Whether the table is known to be table 0.
    first_table: bool,
}

/// The way out of a lookup, and back.
struct Cold {
    cold: DynamicLabel,
    found: DynamicLabel,
}

impl Lookup {
    /// Loads entry and context of the function at `index`.
    fn resolve(&self, body: &mut Body<'_>, index: Gpr) -> Cold {
        let (code, cell) = (&mut *body.l.code, body.cell);
        let (cold, found) = (code.new_dynamic_label(), code.new_dynamic_label());
        if index != Rsi {
            code.mov(W64, Rsi, index);
        }
        let (base, len) = if self.first_table {
            (context(offset_of!(VmCtx, table0_base)), context(offset_of!(VmCtx, table0_len)))
        } else {
            code.mov(W32, Rdx, cell.at(self.table));
            code.mov(W64, Rcx, context(offset_of!(VmCtx, tables)));
            code.mov(W64, Rdx, Mem::base(Rcx).indexed(Rdx, Scale::Eight));
            (field(Rdx, offset_of!(VmTable, base)), field(Rdx, offset_of!(VmTable, len)))
        };
        code.mov(W32, Rcx, len);
        code.alu(Alu::Cmp, W64, Rsi, Rcx);
        code.jcc(Cond::Ae, cold);
        code.mov(W64, Rcx, base);
        code.mov(W32, Rax, Mem::base(Rcx).indexed(Rsi, Scale::Four));
        code.alu(Alu::Add, W64, Rax, context(offset_of!(VmCtx, funcref_base)));
        code.mov(W32, Rdx, cell.at(self.ty));
        // The ids of the module's types follow the context.
        let ids = i32::try_from(size_of::<VmCtx>()).expect("layouts are small");
        code.mov(W32, Rdx, Mem::base(CTX).indexed(Rdx, Scale::Four).offset(ids));
        code.alu(Alu::Cmp, W32, Rdx, field(Rax, offset_of!(FuncRecord, type_id)));
        code.jcc(Cond::Ne, cold);
        code.dynamic_label(found);
        callee(body, Rax);
        Cold { cold, found }
    }

    /// Places the way out: the runtime finds the function, or leaves.
    fn resolve_cold(&self, body: &mut Body<'_>, Cold { cold, found }: Cold) {
        let stub = Mem::new(BASE, body.stubs.offset(Stub::Resolve));
        let (code, cell) = (&mut *body.l.code, body.cell);
        code.dynamic_label(cold);
        code.mov(W32, Rdx, cell.at(self.table));
        code.mov(W32, Rcx, cell.at(self.ty));
        code.lea(W64, R11, stub);
        code.call_to(R11);
        code.jmp(found);
    }
}

/// Tail-calls a function of the module.
pub(super) fn return_call(body: &mut Body<'_>) {
    let (code, cell) = (&mut *body.l.code, body.cell);
    code.mov(W32, Rdx, cell.at(offset_of!(ReturnCallCell, func)));
    code.alu(Alu::Add, W64, Rdx, context(offset_of!(VmCtx, code_table)));
    code.mov(W64, Rcx, CTX);
    let (args, count) = (offset_of!(ReturnCallCell, args), offset_of!(ReturnCallCell, count));
    replace(body, args, count);
}

/// Tail-calls an imported function.
pub(super) fn return_call_import(body: &mut Body<'_>) {
    import(body, offset_of!(ReturnCallCell, func), Rax);
    let (args, count) = (offset_of!(ReturnCallCell, args), offset_of!(ReturnCallCell, count));
    replace(body, args, count);
}

/// Tail-calls through a table.
pub(super) fn return_call_indirect(body: &mut Body<'_>) {
    let index = Place::Slot(offset_of!(ReturnCallIndirectCell, a));
    let index = body.in_gpr(index, ScalarType::I64, Rsi);
    let lookup = Lookup {
        ty: offset_of!(ReturnCallIndirectCell, ty),
        table: offset_of!(ReturnCallIndirectCell, table),
        first_table: false,
    };
    let cold = lookup.resolve(body, index);
    let args = offset_of!(ReturnCallIndirectCell, args);
    replace(body, args, offset_of!(ReturnCallIndirectCell, count));
    lookup.resolve_cold(body, cold);
}

/// Replaces the frame by a call of the function of `rdx` and `rcx`; the cell names its arguments.
fn replace(body: &mut Body<'_>, args: usize, count: usize) {
    let (code, cell) = (&mut *body.l.code, body.cell);
    code.movsx(W16, W64, Rsi, cell.at(args));
    code.lea(W64, Rsi, Mem::base(FP).indexed(Rsi, Scale::Eight));
    code.movzx(W16, Rdi, cell.at(count));
    body.jump_to_stub(Stub::TailCall);
}

/// Reads the frame's header, before results may overwrite it: the return word to `rcx`, the
/// caller's frame pointer to `rsi`.
fn read_header(body: &mut Body<'_>) {
    body.l.code.mov(W64, Rcx, frame_word(Slot::RETURN));
    body.l.code.mov(W64, Rsi, frame_word(Slot::CALLER_FP));
}

/// Goes back to the caller that [`read_header`] found.
fn go_back(body: &mut Body<'_>) {
    let other = body.l.code.new_dynamic_label();
    let code = &mut *body.l.code;
    code.mov(W64, FP, Rsi);
    code.test(W64, Rcx, Rcx);
    code.jcc(Cond::Ne, other);
    code.mov(W64, PC, frame_word(Slot::SAVED_PC));
    body.run();
    body.l.code.dynamic_label(other);
    body.jump_to_stub(Stub::Return);
}

/// Returns nothing.
pub(super) fn return_nothing(body: &mut Body<'_>) {
    read_header(body);
    go_back(body);
}

/// Returns one value, also in its accumulator.
pub(super) fn return_one(body: &mut Body<'_>, file: File, place: Place) {
    match (file, place) {
        (_, Place::Acc) => {}
        (File::Int, place) => {
            let from = body.in_gpr(place, ScalarType::I64, ACC);
            if from != ACC {
                body.l.code.mov(W64, ACC, from);
            }
        }
        (File::Float, Place::Pin(pin)) => {
            body.l.code.mov_xmm(FLOAT_ACC, FLOAT_PINS[usize::from(pin)]);
        }
        (File::Float, Place::Slot(offset) | Place::Imm(offset)) => {
            let slot = body.slot(offset, Rdi);
            body.l.code.load_xmm(Floats::Sd, FLOAT_ACC, slot);
        }
    }
    read_header(body);
    body.finish(file, offset_of!(ReturnCell, d), None);
    go_back(body);
}

/// Returns several slots.
pub(super) fn return_many(body: &mut Body<'_>) {
    read_header(body);
    let (code, cell) = (&mut *body.l.code, body.cell);
    code.movsx(W16, W64, Rax, cell.at(offset_of!(ReturnManyCell, a)));
    code.movsx(W16, W64, Rdi, cell.at(offset_of!(ReturnManyCell, d)));
    code.lea(W64, Rax, Mem::base(FP).indexed(Rax, Scale::Eight));
    code.lea(W64, Rdi, Mem::base(FP).indexed(Rdi, Scale::Eight));
    code.mov(W32, Rdx, cell.at(offset_of!(ReturnManyCell, count)));
    let again = code.new_dynamic_label();
    code.dynamic_label(again);
    code.mov(W64, R11, Mem::base(Rax));
    code.store(W64, Mem::base(Rdi), R11);
    code.alu_imm(Alu::Sub, W64, Rax, SLOT);
    code.alu_imm(Alu::Sub, W64, Rdi, SLOT);
    code.alu_imm(Alu::Sub, W32, Rdx, 1);
    code.jcc(Cond::Ne, again);
    go_back(body);
}
