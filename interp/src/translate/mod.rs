//! The translator: one linear pass over a validated function body, then a link pass.
//!
//! What lives here: the state of a translation, how operands become sources and results become
//! destinations. The files beside it hold one family of operators each. What does not: validation
//! (done before), and the code of handlers.
//!
//! How operators fold away: `local.get` and constants stay symbolic ([`operand`]); a result is
//! written straight into the local it is then assigned to; a result used at once is read from the
//! accumulator and its write to a slot dropped ([`emit`]); a comparison used by a branch becomes
//! part of the branch ([`control`]).
//!
//! Invariants: translation is deterministic, so that it can be run again to map a cell back to its
//! wasm operator. At every label, call and possible trap with a handler, all live values are in
//! slots. Time is linear in the size of the body.

mod atomic;
mod branch;
mod builtin;
mod call;
mod condition;
mod control;
mod emit;
mod memory;
mod numeric;
mod operand;
mod pins;
mod simd;
mod variable;
mod visit;
mod wide;

use wasmtier_vm::{FrameLayout, FuncIdx, ModuleInfo, Slot, ValType, open_body};

use self::control::{Control, Label};
use self::emit::{CodeMap, Emitter, File, PcEntry};
use self::operand::{Local, Operand, Operands};
use crate::cell::{CodeHeader, Const32Cell, Const64Cell, UnaryCell, WORD};
use crate::code::{Code, TranslateError};
use crate::handler::{HandlerKey, Misc};
use crate::threaded::{Backend, Pins};

/// Slots a frame may reach in either direction; a little less than `i16::MAX` so that the header of
/// a callee is in reach too.
const MAX_FRAME_SLOTS: u32 = 32_000;

/// Code words that a buffer keeps room for between translations: one function of monstrous size
/// must not hold its memory for the life of the engine.
const MAX_IDLE_CODE_WORDS: usize = 1 << 20;

/// Buffers that translations share, so that each allocates only its own code.
#[derive(Debug, Default)]
pub struct Scratch {
    code: Vec<u32>,
    operands: Operands,
    controls: Vec<Control>,
    labels: Vec<Label>,
    fixups: Vec<control::Fixup>,
    pins: Pins,
}

/// Translates a function the module defines, for `backend`. `bytes` are those of the whole module.
///
/// # Errors
///
/// When the function exceeds a limit of the IR, uses an unsupported operator, was not validated, or
/// needs handlers for which there is no memory.
///
/// # Panics
///
/// When `func` is imported.
pub fn translate(
    scratch: &mut Scratch,
    module: &ModuleInfo,
    func: FuncIdx,
    bytes: &[u8],
    backend: Backend<'_>,
) -> Result<Code, TranslateError> {
    let (code, _) = run(scratch, module, func, bytes, backend, None).map_err(|error| *error)?;
    Ok(code)
}

/// The offsets in the module of the wasm operators that the code at each byte of `code_offsets` was
/// translated from; `None` when the function cannot be translated or has no such code.
///
/// Costs a translation, however many offsets are asked for: nothing is kept for this.
#[must_use]
pub fn wasm_offsets(
    module: &ModuleInfo,
    func: FuncIdx,
    bytes: &[u8],
    code_offsets: &[u32],
) -> Vec<Option<u64>> {
    let map =
        translate_with_map(module, func, bytes).map_or_else(|_| Vec::new(), |(_, map)| map.cells);
    let wasm_offset = |&code_offset: &u32| {
        let after = map.partition_point(|entry| entry.at * WORD <= code_offset);
        map[..after].last().map(|entry| entry.offset)
    };
    code_offsets.iter().map(wasm_offset).collect()
}

/// Where a loop begins.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct LoopCell {
    /// The offset in the module of its operator.
    pub wasm_offset: u64,
    /// The offset in the code of its first cell, to which its branches go; all locals and operands
    /// are in their slots there. Loops may share it.
    pub code_offset: u32,
}

/// The loops of a function, in the order of their operators; none when the function cannot be
/// translated. Loops that cannot be reached are not among them.
///
/// Costs a translation: nothing is kept for this.
#[must_use]
pub fn loop_cells(module: &ModuleInfo, func: FuncIdx, bytes: &[u8]) -> Vec<LoopCell> {
    let Ok((_, map)) = translate_with_map(module, func, bytes) else { return Vec::new() };
    let cell =
        |begin: &PcEntry| LoopCell { wasm_offset: begin.offset, code_offset: begin.at * WORD };
    map.loops.iter().map(cell).collect()
}

/// Translates for the portable back-end, and says where each cell comes from. Cells lie where they
/// lie whatever back-end runs them.
pub(crate) fn translate_with_map(
    module: &ModuleInfo,
    func: FuncIdx,
    bytes: &[u8],
) -> Result<(Code, CodeMap), TranslateError> {
    let (scratch, map) = (&mut Scratch::default(), Some(CodeMap::default()));
    let run = run(scratch, module, func, bytes, Backend::Portable, map);
    let (code, map) = run.map_err(|error| *error)?;
    Ok((code, map.unwrap_or_default()))
}

fn run(
    scratch: &mut Scratch,
    module: &ModuleInfo,
    func: FuncIdx,
    bytes: &[u8],
    backend: Backend<'_>,
    map: Option<CodeMap>,
) -> Result<(Code, Option<CodeMap>), Box<TranslateError>> {
    let defined = module.defined_func(func).expect("only functions of the module have bodies");
    let body = module.bodies[defined as usize].clone();
    let reader = open_body(&bytes[body.clone()], body.start as u64)?;
    let mut translator = Translator::new(scratch, module, func, &reader.locals, map)?;
    reader.walk(&mut translator)?;
    translator.finish(scratch, backend)
}

/// What a visit comes to: boxed, so that it is one register on the way through every caller.
type Visit = Result<(), Box<TranslateError>>;

impl From<wasmparser::BinaryReaderError> for Box<TranslateError> {
    fn from(error: wasmparser::BinaryReaderError) -> Self {
        Self::new(error.into())
    }
}

struct Translator<'m> {
    module: &'m ModuleInfo,
    func: FuncIdx,
    frame: FrameLayout,
    emitter: Emitter,
    operands: Operands,
    controls: Vec<Control>,
    labels: Vec<Label>,
    fixups: Vec<control::Fixup>,
    reachable: bool,
    /// How many loops surround the next operator, and what a use there weighs.
    loop_depth: u32,
    use_weight: u32,
    /// Weight of calls, against which pins are weighed.
    call_weight: u32,
}

impl<'m> Translator<'m> {
    fn new(
        scratch: &mut Scratch,
        module: &'m ModuleInfo,
        func: FuncIdx,
        locals: &[(u32, wasmparser::ValType)],
        map: Option<CodeMap>,
    ) -> Result<Self, Box<TranslateError>> {
        let local_slots = locals.iter().try_fold(0u32, |sum, (count, ty)| {
            sum.checked_add(count.checked_mul(val_type(*ty)?.slots())?)
        });
        let local_slots = local_slots
            .filter(|slots| *slots <= MAX_FRAME_SLOTS)
            .ok_or(TranslateError::TooManySlots { limit: MAX_FRAME_SLOTS })?;
        let mut code = core::mem::take(&mut scratch.code);
        code.clear();
        code.resize(CodeHeader::WORDS as usize, 0);
        let mut translator = Self {
            module,
            func,
            frame: module.frame(func, local_slots),
            emitter: Emitter::new(code, map),
            operands: core::mem::take(&mut scratch.operands),
            controls: core::mem::take(&mut scratch.controls),
            labels: core::mem::take(&mut scratch.labels),
            fixups: core::mem::take(&mut scratch.fixups),
            reachable: true,
            loop_depth: 0,
            use_weight: pins::weight(0),
            call_weight: 0,
        };
        let first_temp = translator.frame.temp(0, 0);
        let first_temp = first_temp.expect("locals were kept within MAX_FRAME_SLOTS");
        translator.operands.clear(first_temp, MAX_FRAME_SLOTS - local_slots);
        translator.controls.clear();
        translator.labels.clear();
        translator.fixups.clear();
        translator.declare_locals(locals)?;
        translator.open_function();
        Ok(translator)
    }

    fn declare_locals(&mut self, locals: &[(u32, wasmparser::ValType)]) -> Visit {
        let too_many = TranslateError::TooManySlots { limit: MAX_FRAME_SLOTS };
        let mut index = 0;
        for ty in self.module.func_type(self.func).params() {
            let slot = self.frame.param(index, ty.slots()).ok_or_else(|| too_many.clone())?;
            self.operands.locals.push(Local::new(slot, File::of(*ty)));
            index += ty.slots();
        }
        let mut index = 0;
        for (count, ty) in locals {
            let ty = val_type(*ty).ok_or(TranslateError::Unsupported { proposal: "gc" })?;
            for _ in 0..*count {
                let slot = self.frame.local(index, ty.slots()).ok_or_else(|| too_many.clone())?;
                self.operands.locals.push(Local::new(slot, File::of(ty)));
                index += ty.slots();
            }
        }
        Ok(())
    }

    /// Resolves branches and writes the header. Gives the buffers back to `scratch`.
    fn finish(
        mut self,
        scratch: &mut Scratch,
        backend: Backend<'_>,
    ) -> Result<(Code, Option<CodeMap>), Box<TranslateError>> {
        self.link()?;
        let below = self
            .frame
            .slots_below_fp(self.operands.max_height)
            .expect("the operand stack was kept within MAX_FRAME_SLOTS");
        let (int_pins, float_pins) = pins::choose(&self.operands.locals, self.call_weight);
        let header = CodeHeader {
            frame_bytes: below * 8,
            zero_slots: self.frame.local_slots,
            int_pins,
            float_pins,
        };
        header.write(&mut self.emitter.code);
        let slot_entry = match backend {
            Backend::Portable => None,
            Backend::Threaded { handlers, bounds } => {
                let code = &mut self.emitter.code;
                Some(handlers.link(code, &header, &mut scratch.pins, bounds)?)
            }
        };
        let code = Code::new(&self.emitter.code, slot_entry);
        self.emitter.code.clear();
        self.emitter.code.shrink_to(MAX_IDLE_CODE_WORDS);
        scratch.code = self.emitter.code;
        scratch.operands = self.operands;
        scratch.controls = self.controls;
        scratch.labels = self.labels;
        scratch.fixups = self.fixups;
        Ok((code, self.emitter.map))
    }

    /// The temp at `height` of a value in `file`.
    fn temp(&self, height: u32, file: File) -> Slot {
        self.operands.temp(height, file)
    }

    /// The slot of an operand, after computing it into its temp if it is a constant.
    fn slot_with_value(&mut self, operand: &Operand) -> Slot {
        if let Some(bits) = operand.constant() {
            self.emit_const(operand.slot(), bits, operand.file());
        }
        operand.slot()
    }

    /// Whether the accumulator of an operand's type holds it.
    fn in_accumulator(&self, operand: &Operand) -> bool {
        operand.constant().is_none() && self.emitter.in_accumulator(operand.file(), operand.slot())
    }

    /// Notes that a popped operand is read from its accumulator: nobody reads its temp any more.
    fn consume(&mut self, operand: &Operand) {
        if operand.is_temp() {
            self.emitter.consume(operand.file());
        }
    }

    /// Pushes the result of a cell that `put` appends, given the slot of the result.
    fn push_result(&mut self, file: File, put: impl FnOnce(Slot, &mut Vec<u32>)) -> Visit {
        self.push_narrow_result(file, 0, put)
    }

    /// The same for a handler with a variant, `to_acc` ids away, that writes no slot.
    #[inline(always)]
    fn push_narrow_result(
        &mut self,
        file: File,
        to_acc: u16,
        put: impl FnOnce(Slot, &mut Vec<u32>),
    ) -> Visit {
        let slot = self.operands.next_temp(file);
        self.emitter.define(slot, file, to_acc, |code| put(slot, code));
        self.operands.push_temp(file)
    }

    /// Writes a constant to a slot.
    fn emit_const(&mut self, slot: Slot, bits: u64, file: File) {
        let unused = Slot(0);
        if let Ok(imm) = u32::try_from(bits) {
            let handler = HandlerKey::Misc(Misc::Const32).id();
            let cell = Const32Cell { handler, d: slot, unused, imm };
            self.define_through_int(slot, file, |code| cell.put(code));
        } else {
            let handler = HandlerKey::Misc(Misc::Const64).id();
            let (low, high) = (bits as u32, (bits >> 32) as u32);
            let cell = Const64Cell { handler, d: slot, unused, low, high };
            self.define_through_int(slot, file, |code| cell.put(code));
        }
    }

    /// Appends a cell that leaves the bits of `slot` in the integer accumulator whatever their
    /// type.
    fn define_through_int(&mut self, slot: Slot, file: File, put: impl FnOnce(&mut Vec<u32>)) {
        match file {
            File::Int => self.emitter.define(slot, File::Int, 0, put),
            File::Float | File::Vector => {
                self.emitter.emit(put);
                self.emitter.overwrite(slot);
                self.emitter.clobber_int();
            }
        }
    }

    /// Copies a value in `file` from slot to slot.
    fn emit_copy(&mut self, d: Slot, a: Slot, file: File) {
        if d == a {
            return;
        }
        if self.emitter.in_accumulator(file, a) {
            let misc = if file == File::Int { Misc::CopyAcc } else { Misc::CopyFloatAcc };
            let handler = HandlerKey::Misc(misc).id();
            self.emitter.emit(|code| UnaryCell { handler, d, a }.put(code));
            return self.emitter.holds(file, d);
        }
        let misc = if file == File::Vector { Misc::CopyVector } else { Misc::Copy };
        let handler = HandlerKey::Misc(misc).id();
        let put = |code: &mut Vec<u32>| UnaryCell { handler, d, a }.put(code);
        if file == File::Vector {
            self.emitter.emit(put);
        } else {
            self.define_through_int(d, file, put);
        }
    }

    /// Writes an operand to a slot.
    fn emit_move(&mut self, d: Slot, operand: &Operand) {
        match operand.constant() {
            Some(bits) => self.emit_const(d, bits, operand.file()),
            None => self.emit_copy(d, operand.slot(), operand.file()),
        }
    }

    /// Computes the operand at `index` into its own temp.
    fn settle(&mut self, index: usize) {
        let (operand, temp) = self.operands.settle(index);
        if !operand.is_temp() {
            self.emit_move(temp, &operand);
        }
    }

    /// Computes the topmost `count` operands into their own temps.
    fn settle_top(&mut self, count: usize) {
        let len = self.operands.len();
        for index in (len - count..len).rev() {
            self.settle(index);
        }
    }

    /// Computes every operand into its own temp: what follows may run more than once, or not at
    /// all, and a loop may go on in compiled code. Constants too: were they stored where a loop
    /// begins, a way around the loop would miss them.
    fn settle_all(&mut self) {
        for index in self.operands.unstored().rev() {
            self.settle(index);
        }
    }

    /// Pushes operands that are in their temps already.
    fn push_temps(&mut self, types: &[ValType]) -> Visit {
        for ty in types {
            let file = File::of(*ty);
            let slot = self.operands.next_temp(file);
            self.emitter.overwrite(slot);
            self.operands.push_temp(file)?;
        }
        Ok(())
    }

    /// Pops an operand into a slot.
    fn pop_slot(&mut self) -> Slot {
        let operand = self.operands.pop();
        self.slot_with_value(&operand)
    }

    /// Counts a use of a local for the choice of pins.
    fn weigh(&mut self, local: u32) {
        let local = &mut self.operands.locals[local as usize];
        local.weight = local.weight.saturating_add(self.use_weight);
    }
}

/// A value type of wasmparser as ours; `None` when no supported proposal has it.
fn val_type(ty: wasmparser::ValType) -> Option<ValType> {
    Some(match ty {
        wasmparser::ValType::I32 => ValType::I32,
        wasmparser::ValType::I64 => ValType::I64,
        wasmparser::ValType::F32 => ValType::F32,
        wasmparser::ValType::F64 => ValType::F64,
        wasmparser::ValType::V128 => ValType::V128,
        wasmparser::ValType::Ref(ty) if ty.is_func_ref() => ValType::FUNCREF,
        wasmparser::ValType::Ref(ty) if ty.is_extern_ref() => ValType::EXTERNREF,
        wasmparser::ValType::Ref(_) => return None,
    })
}
