//! Blocks, branches and returns.
//!
//! Values that cross a label are in temps: the operands a label expects lie at the height of its
//! block. A branch whose operands are elsewhere moves them first; a conditional one does so on its
//! own path. A block nobody branches to leaves its operands symbolic.

use wasmparser::{BlockType, BrTable};
use wasmtier_ops::{NumOp, ScalarType, Trap};
use wasmtier_vm::{FuncType, Slot, TypeIdx, ValType};

use super::emit::File;
use super::operand::{Operand, Value, file_of};
use super::{Translator, val_type};
use crate::cell::{
    BranchCell, BranchImmCell, JumpCell, PlainCell, ReturnCell, ReturnManyCell, TableJumpCell,
    TrapCell, WORD,
};
use crate::code::TranslateError;
use crate::handler::{HandlerKey, Misc, Src, Srcs};

/// Twice what the largest valid body comes to when its branches move few operands. A branch
/// reaches it all.
const MAX_CODE_WORDS: usize = 32 << 20;

/// A place in the code that branches go to.
#[derive(Copy, Clone, Debug, Default)]
pub(super) struct Label {
    at: Option<u32>,
    used: bool,
}

#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) struct LabelIdx(u32);

/// A branch whose target word is filled in by the link pass.
#[derive(Copy, Clone, Debug)]
pub(super) struct Fixup {
    /// The cell the target is relative to.
    cell: u32,
    /// The word to fill in.
    word: u32,
    label: LabelIdx,
}

#[derive(Copy, Clone, PartialEq, Eq, Debug)]
enum ControlKind {
    /// The function body: branches to it return.
    Function,
    Block,
    Loop,
    /// An `if`; the label of its `else` part.
    If(LabelIdx),
    Else,
}

/// The parameters and results of a block.
#[derive(Copy, Clone, Debug)]
enum Signature {
    Empty,
    Result(ValType),
    Type(TypeIdx),
}

/// An open block.
#[derive(Copy, Clone, Debug)]
pub(super) struct Control {
    kind: ControlKind,
    /// Where branches to the block go.
    label: LabelIdx,
    signature: Signature,
    /// How many operands lie below the block's parameters, and their height in slots.
    base: usize,
    height: u32,
    /// The jump table (by its position) that last needed a stub to this block, and the stub.
    stub: (u32, LabelIdx),
}

/// No jump table is at position 0: the header is.
const NO_STUB: (u32, LabelIdx) = (0, LabelIdx(0));

/// The types of a signature.
struct Types<'m> {
    func: Option<&'m FuncType>,
    single: [ValType; 1],
    has_single: bool,
}

impl Types<'_> {
    fn params(&self) -> &[ValType] {
        self.func.map_or(&[], FuncType::params)
    }

    fn results(&self) -> &[ValType] {
        match self.func {
            Some(func) => func.results(),
            None if self.has_single => &self.single,
            None => &[],
        }
    }
}

/// A condition, ready for a branch.
enum Condition {
    /// Known at translation.
    Known(bool),
    /// Whether a value is not zero; wide ones are 64 bits.
    Value { slot: Slot, src: Src, wide: bool, nonzero: bool },
    /// Whether an operator on two values gives not zero, or zero.
    Compare { op: NumOp, srcs: Srcs, a: Slot, word: u32, nonzero: bool },
}

impl Condition {
    fn not(self) -> Self {
        match self {
            Self::Known(known) => Self::Known(!known),
            Self::Value { slot, src, wide, nonzero } => {
                Self::Value { slot, src, wide, nonzero: !nonzero }
            }
            Self::Compare { op, srcs, a, word, nonzero } => {
                Self::Compare { op, srcs, a, word, nonzero: !nonzero }
            }
        }
    }
}

impl<'m> Translator<'m> {
    pub(super) fn open_function(&mut self) {
        let label = self.new_label();
        let signature = Signature::Type(self.module.funcs[self.func.index()]);
        self.controls.push(Control {
            kind: ControlKind::Function,
            label,
            signature,
            base: 0,
            height: 0,
            stub: NO_STUB,
        });
    }

    fn signature(&self, ty: BlockType) -> Result<Signature, TranslateError> {
        Ok(match ty {
            BlockType::Empty => Signature::Empty,
            BlockType::Type(ty) => Signature::Result(
                val_type(ty).ok_or(TranslateError::Unsupported { proposal: "gc" })?,
            ),
            BlockType::FuncType(ty) => Signature::Type(TypeIdx(ty)),
        })
    }

    fn types(&self, signature: Signature) -> Types<'m> {
        let (func, single) = match signature {
            Signature::Empty => (None, None),
            Signature::Result(ty) => (None, Some(ty)),
            Signature::Type(ty) => (Some(&self.module.types[ty.index()]), None),
        };
        Types { func, single: [single.unwrap_or(ValType::I32)], has_single: single.is_some() }
    }

    fn new_label(&mut self) -> LabelIdx {
        self.labels.push(Label::default());
        LabelIdx(self.labels.len() as u32 - 1)
    }

    /// Binds a label to the end of the code, if anything branches to it.
    fn bind(&mut self, label: LabelIdx) -> bool {
        let at = self.emitter.position();
        let label = &mut self.labels[label.0 as usize];
        label.at = Some(at);
        if label.used {
            self.emitter.forget();
        }
        label.used
    }

    fn push_control(&mut self, kind: ControlKind, label: LabelIdx, signature: Signature) {
        let types = self.types(signature);
        let base = self.operands.len() - types.params().len();
        let param_slots: u32 = types.params().iter().map(|ty| ty.slots()).sum();
        let height = self.operands.height - param_slots;
        self.controls.push(Control { kind, label, signature, base, height, stub: NO_STUB });
    }

    pub(super) fn block(&mut self, ty: BlockType) -> Result<(), TranslateError> {
        let signature = self.signature(ty)?;
        self.settle_locals();
        let label = self.new_label();
        self.push_control(ControlKind::Block, label, signature);
        Ok(())
    }

    pub(super) fn loop_(&mut self, ty: BlockType) -> Result<(), TranslateError> {
        let signature = self.signature(ty)?;
        let params = self.types(signature).params().len();
        self.settle_locals();
        self.settle_top(params);
        let label = self.new_label();
        self.push_control(ControlKind::Loop, label, signature);
        self.labels[label.0 as usize] = Label { at: Some(self.emitter.position()), used: true };
        self.emitter.forget();
        self.loop_depth += 1;
        Ok(())
    }

    pub(super) fn if_(&mut self, ty: BlockType) -> Result<(), TranslateError> {
        let signature = self.signature(ty)?;
        let params = self.types(signature).params().len();
        let condition = self.operands.pop();
        // Copies below would hide the cell that computed the condition: look at it first, and only
        // then settle, when there is anything to settle.
        let condition = if self.must_settle(params) {
            let condition = self.hold_condition(&condition);
            self.settle_locals();
            self.settle_top(params);
            condition
        } else {
            condition
        };
        let condition = self.condition(&condition);
        self.emitter.keep_writes();
        let (label, otherwise) = (self.new_label(), self.new_label());
        self.jump_if(condition.not(), otherwise);
        self.push_control(ControlKind::If(otherwise), label, signature);
        Ok(())
    }

    /// Whether operands below a condition must be computed before control splits.
    fn must_settle(&mut self, params: usize) -> bool {
        let len = self.operands.len();
        self.operands.names_locals()
            || (len - params..len)
                .any(|index| !matches!(self.operands.operand(index).value, Value::Temp))
    }

    /// Makes sure that a popped condition survives cells emitted before it is used.
    fn hold_condition(&mut self, condition: &Operand) -> Operand {
        let mut held = *condition;
        if let Value::Local { .. } = held.value {
            // Its temp is free: the operand was popped.
            let slot = self.temp(held.height, held.ty);
            self.emit_move(slot, &held);
            held.value = Value::Temp;
        }
        held
    }

    pub(super) fn else_(&mut self) -> Result<(), TranslateError> {
        let control = *self.controls.last().expect("`else` is inside an `if`");
        let ControlKind::If(otherwise) = control.kind else {
            return Err(TranslateError::Malformed("`else` outside an `if`".into()));
        };
        let types = self.types(control.signature);
        if self.reachable {
            self.settle_top(types.results().len());
            self.jump(control.label);
        }
        self.operands.truncate(control.base);
        self.push_temps(types.params())?;
        self.bind(otherwise);
        self.emitter.forget();
        self.reachable = true;
        self.controls.last_mut().expect("as above").kind = ControlKind::Else;
        Ok(())
    }

    pub(super) fn end(&mut self) -> Result<(), TranslateError> {
        let control = self.controls.pop().expect("every `end` closes a block");
        let types = self.types(control.signature);
        match control.kind {
            ControlKind::Function => {
                if self.reachable {
                    self.consume_result();
                    self.return_values();
                }
                if self.labels[control.label.0 as usize].used {
                    self.return_stub(&control)?;
                }
                self.operands.truncate(0);
                self.reachable = false;
                return Ok(());
            }
            ControlKind::Loop => {
                // Branches to a loop go to its start: its end is reached by falling through alone.
                self.loop_depth -= 1;
                if !self.reachable {
                    self.operands.truncate(control.base);
                    return self.push_temps(types.results());
                }
                return Ok(());
            }
            ControlKind::Block | ControlKind::If(_) | ControlKind::Else => {}
        }
        let splits = matches!(control.kind, ControlKind::If(_));
        if !splits && !self.labels[control.label.0 as usize].used {
            if !self.reachable {
                self.operands.truncate(control.base);
                return self.push_temps(types.results());
            }
            return Ok(());
        }
        if self.reachable {
            self.settle_top(types.results().len());
        }
        if let ControlKind::If(otherwise) = control.kind {
            // Without `else`, the parameters are the results, and in their temps.
            self.bind(otherwise);
        }
        self.bind(control.label);
        self.emitter.forget();
        self.operands.truncate(control.base);
        self.reachable = true;
        self.push_temps(types.results())
    }

    /// The block a branch of `depth` goes to.
    fn target(&self, depth: u32) -> Control {
        self.controls[self.controls.len() - 1 - depth as usize]
    }

    /// The types of the operands a branch to `control` takes along.
    fn branch_types(&self, control: &Control) -> (Types<'m>, bool) {
        (self.types(control.signature), control.kind == ControlKind::Loop)
    }

    fn branch_arity(&self, control: &Control) -> usize {
        let (types, to_start) = self.branch_types(control);
        if to_start { types.params().len() } else { types.results().len() }
    }

    /// Whether the operands of a branch lie where its label expects them.
    fn in_place(&self, control: &Control) -> bool {
        let (arity, len) = (self.branch_arity(control), self.operands.len());
        arity == 0
            || self.operands.operand(len - arity).height == control.height
                && (len - arity..len)
                    .all(|index| matches!(self.operands.operand(index).value, Value::Temp))
    }

    /// Moves the operands of a branch to where its label expects them; they stay on the stack.
    ///
    /// Lowest first: a target is never above its source, so that no source is overwritten unread.
    fn move_operands(&mut self, control: &Control) {
        let (arity, len) = (self.branch_arity(control), self.operands.len());
        let mut height = control.height;
        for index in len - arity..len {
            let operand = self.operands.operand(index);
            let slot = self.temp(height, operand.ty);
            self.emit_move(slot, &operand);
            height += operand.ty.slots();
        }
    }

    pub(super) fn branch(&mut self, depth: u32) {
        let control = self.target(depth);
        self.emitter.keep_writes();
        if control.kind == ControlKind::Function {
            self.return_values();
        } else {
            self.move_operands(&control);
            self.jump(control.label);
        }
        self.reachable = false;
    }

    pub(super) fn return_(&mut self) {
        self.consume_result();
        self.return_values();
        self.reachable = false;
    }

    pub(super) fn branch_if(&mut self, depth: u32) {
        let control = self.target(depth);
        let condition = self.operands.pop();
        let returns = control.kind == ControlKind::Function;
        if returns && self.returns_many() && !self.top_settled(&control) {
            // Such results are returned from consecutive temps, wherever they come from.
            let condition = self.hold_condition(&condition);
            self.settle_top(self.branch_arity(&control));
            return self.branch_if_aside(&condition, &control);
        }
        if returns || !self.in_place(&control) {
            return self.branch_if_aside(&condition, &control);
        }
        let condition = self.condition(&condition);
        self.emitter.keep_writes();
        self.jump_if(condition, control.label);
    }

    /// Whether results are more than one slot.
    fn returns_many(&self) -> bool {
        self.module.func_type(self.func).result_slots() > 1
    }

    fn top_settled(&self, control: &Control) -> bool {
        let (arity, len) = (self.branch_arity(control), self.operands.len());
        (len - arity..len).all(|index| matches!(self.operands.operand(index).value, Value::Temp))
    }

    /// A conditional branch that has more to do on its way than to jump.
    fn branch_if_aside(&mut self, condition: &Operand, control: &Control) {
        let condition = self.condition(condition).not();
        let skip = self.new_label();
        self.emitter.keep_writes();
        self.jump_if(condition, skip);
        let aside = self.emitter.aside();
        if control.kind == ControlKind::Function {
            self.return_values();
        } else {
            self.move_operands(control);
            self.jump(control.label);
        }
        self.bind(skip);
        self.emitter.back(aside);
    }

    pub(super) fn branch_table(&mut self, targets: &BrTable<'_>) -> Result<(), TranslateError> {
        let mut index = self.operands.pop();
        let arity = self.branch_arity(&self.target(targets.default()));
        if arity > 0 {
            index = self.hold_condition(&index);
            self.settle_top(arity);
        }
        let a = self.slot_with_value(&index);
        let src = self.consumed(&index, a);
        self.emitter.keep_writes();
        let misc = if src == Src::Acc { Misc::TableJumpAcc } else { Misc::TableJump };
        let handler = HandlerKey::Misc(misc).id();
        let cell = TableJumpCell { handler, a, unused: Slot(0), count: targets.len() };
        let at = self.emitter.emit(|code| cell.put(code));
        let mut stubs = Vec::new();
        for target in targets.targets().chain([Ok(targets.default())]) {
            let label = self.table_target(at, target?, &mut stubs);
            let word = self.emitter.position();
            self.emitter.code.push(0);
            self.refer(at, word, label);
        }
        for (depth, label) in stubs {
            self.check_length()?;
            self.bind(label);
            let control = self.target(depth);
            if control.kind == ControlKind::Function {
                self.return_values();
            } else {
                self.move_operands(&control);
                self.jump(control.label);
            }
        }
        self.reachable = false;
        Ok(())
    }

    /// Where the jump table at `table` goes for a branch of `depth`: to the block itself, or to a
    /// stub that moves operands or returns. There is one stub for each block.
    fn table_target(
        &mut self,
        table: u32,
        depth: u32,
        stubs: &mut Vec<(u32, LabelIdx)>,
    ) -> LabelIdx {
        let control = self.target(depth);
        let returns = control.kind == ControlKind::Function;
        if if returns { self.branch_arity(&control) == 0 } else { self.in_place(&control) } {
            return control.label;
        }
        if control.stub.0 == table {
            return control.stub.1;
        }
        let label = self.new_label();
        stubs.push((depth, label));
        let at = self.controls.len() - 1 - depth as usize;
        self.controls[at].stub = (table, label);
        label
    }

    pub(super) fn trap(&mut self, trap: Trap) {
        let handler = HandlerKey::Misc(Misc::Trap).id();
        self.emitter.emit(|code| TrapCell { handler, trap: trap as u32 }.put(code));
        self.reachable = false;
    }

    /// Before a return that nothing follows: a single result in its accumulator is needed nowhere
    /// else.
    fn consume_result(&mut self) {
        if let [single] = self.module.func_type(self.func).results() {
            let operand = self.operands.operand(self.operands.len() - 1);
            if *single != ValType::V128 && self.in_accumulator(&operand) {
                self.consume(&operand);
            }
        }
    }

    /// Returns the topmost operands; they stay on the stack.
    fn return_values(&mut self) {
        let results = self.module.func_type(self.func).results();
        let len = self.operands.len();
        match results {
            [] => self.emit_return(),
            [single] if *single != ValType::V128 => {
                let operand = self.operands.operand(len - 1);
                let a = self.slot_with_value(&operand);
                let file = file_of(*single);
                let misc = match (file, self.emitter.in_accumulator(file, a)) {
                    (File::Int, false) => Misc::ReturnSlot,
                    (File::Int, true) => Misc::ReturnAcc,
                    (File::Float | File::Vector, false) => Misc::ReturnFloatSlot,
                    (File::Float | File::Vector, true) => Misc::ReturnFloatAcc,
                };
                let handler = HandlerKey::Misc(misc).id();
                let d = self.result_slot();
                self.emitter.emit(|code| ReturnCell { handler, d, a }.put(code));
            }
            many => {
                self.settle_top(many.len());
                self.return_many(self.operands.operand(len - many.len()).height);
            }
        }
    }

    fn return_many(&mut self, height: u32) {
        let count = self.module.func_type(self.func).result_slots();
        let handler = HandlerKey::Misc(Misc::ReturnMany).id();
        let (d, a) = (self.result_slot(), self.temp(height, ValType::I64));
        self.emitter.emit(|code| ReturnManyCell { handler, d, a, count }.put(code));
    }

    fn emit_return(&mut self) {
        let handler = HandlerKey::Misc(Misc::Return).id();
        self.emitter.emit(|code| PlainCell { handler, unused: 0 }.put(code));
    }

    /// The slot of the first result slot, in the caller's temps.
    fn result_slot(&self) -> Slot {
        self.frame.result(1).expect("parameters were checked to be in reach")
    }

    /// Where jump tables go that return without results.
    fn return_stub(&mut self, control: &Control) -> Result<(), TranslateError> {
        self.bind(control.label);
        if self.branch_arity(control) != 0 {
            return Err(TranslateError::Malformed("a jump returns values".into()));
        }
        self.emit_return();
        Ok(())
    }

    fn jump(&mut self, label: LabelIdx) {
        let handler = HandlerKey::Misc(Misc::Jump).id();
        let cell = self.emitter.emit(|code| JumpCell { handler, target: 0 }.put(code));
        self.refer(cell, cell + 1, label);
    }

    fn refer(&mut self, cell: u32, word: u32, label: LabelIdx) {
        self.labels[label.0 as usize].used = true;
        self.fixups.push(Fixup { cell, word, label });
    }

    /// A popped operand as a source; nobody reads it again.
    fn consumed(&mut self, operand: &Operand, slot: Slot) -> Src {
        let in_accumulator = self.emitter.in_accumulator(File::Int, slot);
        if in_accumulator {
            self.consume(operand);
            return Src::Acc;
        }
        Src::Slot
    }

    /// Makes a condition of a popped operand, taking back the cells it can replace.
    fn condition(&mut self, operand: &Operand) -> Condition {
        if let Value::Const(bits) = operand.value {
            return Condition::Known(bits as u32 != 0);
        }
        let mut slot = self.slot_of(operand);
        let mut nonzero = true;
        let mut words = [0; 4];
        let mut peeled = false;
        if matches!(operand.value, Value::Temp) {
            while let Some(definition) = self.emitter.last_defines(slot) {
                match definition.key {
                    HandlerKey::Unary { op: op @ (NumOp::I32Eqz | NumOp::I64Eqz), src, .. } => {
                        self.emitter.take_last(&mut words);
                        (nonzero, peeled) = (!nonzero, true);
                        slot = operand_a(&words);
                        let wide = op == NumOp::I64Eqz;
                        // What is in the accumulator alone may have been made by a comparison.
                        let replaceable = src == Src::Acc && !wide && self.is_temp(slot);
                        if !replaceable || self.emitter.last_defines(slot).is_none() {
                            return Condition::Value { slot, src, wide, nonzero };
                        }
                    }
                    HandlerKey::Binary { op, srcs, .. }
                        if op.result() == ScalarType::I32 && !op.traps() =>
                    {
                        self.emitter.take_last(&mut words);
                        let a = operand_a(&words);
                        return Condition::Compare { op, srcs, a, word: words[2], nonzero };
                    }
                    _ if !peeled => break,
                    _ => return Condition::Value { slot, src: Src::Acc, wide: false, nonzero },
                }
            }
        }
        let src = self.consumed(operand, slot);
        Condition::Value { slot, src, wide: false, nonzero }
    }

    /// Whether a slot is an operand temp, which only the operand that owns it reads.
    fn is_temp(&self, slot: Slot) -> bool {
        slot <= self.temp(0, ValType::I64)
    }

    fn jump_if(&mut self, condition: Condition, label: LabelIdx) {
        match condition {
            Condition::Known(true) => self.jump(label),
            Condition::Known(false) => {}
            Condition::Value { slot, src, wide, nonzero } => {
                let handler = HandlerKey::Misc(jump_handler(wide, nonzero, src)).id();
                let cell = BranchCell { handler, a: slot, b: Slot(0), target: 0 };
                let at = self.emitter.emit(|code| cell.put(code));
                self.refer(at, at + BranchCell::TARGET_WORD, label);
            }
            Condition::Compare { op, srcs, a, word, nonzero } => {
                let handler = HandlerKey::Branch { op, nonzero, srcs }.id();
                let at = match srcs {
                    Srcs::SlotImm | Srcs::AccImm => self.emitter.emit(|code| {
                        let imm = word as i32;
                        BranchImmCell { handler, a, unused: Slot(0), target: 0, imm }.put(code);
                    }),
                    Srcs::SlotSlot | Srcs::SlotAcc | Srcs::AccSlot => self.emitter.emit(|code| {
                        let b = Slot(word as i16);
                        BranchCell { handler, a, b, target: 0 }.put(code);
                    }),
                };
                self.refer(at, at + BranchCell::TARGET_WORD, label);
            }
        }
    }

    /// Fails when the code is longer than any function needs: a branch that moves many operands on
    /// its way is a thousand times as long as its operator.
    pub(super) fn check_length(&self) -> Result<(), TranslateError> {
        if self.emitter.code.len() > MAX_CODE_WORDS {
            return Err(TranslateError::TooLong { limit: MAX_CODE_WORDS as u32 * WORD });
        }
        Ok(())
    }

    /// Fills in the targets of branches.
    pub(super) fn link(&mut self) -> Result<(), TranslateError> {
        self.check_length()?;
        for fixup in &self.fixups {
            let label = self.labels[fixup.label.0 as usize];
            let at = label.at.expect("every label is bound by the end of its block");
            let distance = (i64::from(at) - i64::from(fixup.cell)) * i64::from(WORD);
            self.emitter.code[fixup.word as usize] = distance as i32 as u32;
        }
        Ok(())
    }
}

/// The first operand of a cell of one or two operands.
fn operand_a(words: &[u32]) -> Slot {
    Slot((words[1] >> 16) as i16)
}

/// The handler that jumps by one value.
fn jump_handler(wide: bool, nonzero: bool, src: Src) -> Misc {
    match (wide, nonzero, src) {
        (false, true, Src::Slot) => Misc::JumpIf,
        (false, true, Src::Acc) => Misc::JumpIfAcc,
        (false, false, Src::Slot) => Misc::JumpIfNot,
        (false, false, Src::Acc) => Misc::JumpIfNotAcc,
        (true, true, Src::Slot) => Misc::JumpIf64,
        (true, true, Src::Acc) => Misc::JumpIf64Acc,
        (true, false, Src::Slot) => Misc::JumpIfNot64,
        (true, false, Src::Acc) => Misc::JumpIfNot64Acc,
    }
}
