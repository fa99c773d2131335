//! Branches and returns: moving operands to where a label expects them, and jumping.
//!
//! What lives here: the operators that leave a block, and the cells they become. What does not:
//! blocks and labels (`control`), conditions (`condition`).
//!
//! Invariant: a path that leaves changes nothing the other path relies on.

use wasmparser::BrTable;
use wasmtier_ops::Trap;
use wasmtier_vm::{Slot, ValType};

use super::control::{Control, ControlKind, Fixup, LabelIdx, Types};
use super::emit::File;
use super::operand::Operand;
use super::{Translator, Visit};
use crate::cell::{JumpCell, PlainCell, ReturnCell, ReturnManyCell, TableJumpCell, TrapCell};
use crate::code::TranslateError;
use crate::handler::{HandlerKey, Misc, Src};

impl<'m> Translator<'m> {
    /// The block a branch of `depth` goes to.
    fn target(&self, depth: u32) -> Control {
        self.controls[self.controls.len() - 1 - depth as usize]
    }

    /// The types of the operands a branch to `control` takes along.
    fn branch_types(&self, control: &Control) -> (Types<'m>, bool) {
        (self.types(control.signature), control.kind == ControlKind::Loop)
    }

    pub(super) fn branch_arity(&self, control: &Control) -> usize {
        let (types, to_start) = self.branch_types(control);
        if to_start { types.params().len() } else { types.results().len() }
    }

    /// Whether the operands of a branch lie where its label expects them.
    fn in_place(&self, control: &Control) -> bool {
        let (arity, len) = (self.branch_arity(control), self.operands.len());
        arity == 0
            || self.operands.operand(len - arity).height() == control.height
                && (len - arity..len).all(|index| self.operands.operand(index).is_temp())
    }

    /// Moves the operands of a branch to where its label expects them; they stay on the stack.
    ///
    /// Lowest first: a target is never above its source, so that no source is overwritten unread.
    fn move_operands(&mut self, control: &Control) {
        let (arity, len) = (self.branch_arity(control), self.operands.len());
        let mut height = control.height;
        for index in len - arity..len {
            let operand = self.operands.operand(index);
            let slot = self.temp(height, operand.file());
            self.emit_move(slot, &operand);
            height += operand.file().slots();
        }
    }

    pub(super) fn branch(&mut self, depth: u32) {
        let control = self.target(depth);
        self.emitter.keep_writes();
        self.leave_to(&control);
        self.reachable = false;
    }

    /// Goes to a target with the operands it takes.
    fn leave_to(&mut self, control: &Control) {
        if control.kind == ControlKind::Function {
            self.return_values();
        } else {
            self.move_operands(control);
            self.jump(control.label);
        }
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
        (len - arity..len).all(|index| self.operands.operand(index).is_temp())
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

    pub(super) fn branch_table(&mut self, targets: &BrTable<'_>) -> Visit {
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
            self.leave_to(&control);
        }
        self.reachable = false;
        Ok(())
    }

    /// Where the jump table at `table` goes for a branch of `depth`: to the block itself, or to a
    /// stub that moves operands, returns, or jumps back, which jump tables must not: they do not
    /// count turns of loops. There is one stub for each block.
    fn table_target(
        &mut self,
        table: u32,
        depth: u32,
        stubs: &mut Vec<(u32, LabelIdx)>,
    ) -> LabelIdx {
        let control = self.target(depth);
        let direct = match control.kind {
            ControlKind::Function => self.branch_arity(&control) == 0,
            ControlKind::Loop => false,
            ControlKind::Block | ControlKind::If(_) | ControlKind::Else => self.in_place(&control),
        };
        if direct {
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
    pub(super) fn consume_result(&mut self) {
        if let [single] = self.module.func_type(self.func).results() {
            let operand = self.operands.operand(self.operands.len() - 1);
            if *single != ValType::V128 && self.in_accumulator(&operand) {
                self.consume(&operand);
            }
        }
    }

    /// Returns the topmost operands; they stay on the stack.
    pub(super) fn return_values(&mut self) {
        let results = self.module.func_type(self.func).results();
        let len = self.operands.len();
        match results {
            [] => self.emit_return(),
            [single] if *single != ValType::V128 => {
                let operand = self.operands.operand(len - 1);
                let a = self.slot_with_value(&operand);
                let file = File::of(*single);
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
                self.return_many(self.operands.operand(len - many.len()).height());
            }
        }
    }

    fn return_many(&mut self, height: u32) {
        let count = self.module.func_type(self.func).result_slots();
        let handler = HandlerKey::Misc(Misc::ReturnMany).id();
        let (d, a) = (self.result_slot(), self.temp(height, File::Int));
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
    pub(super) fn return_stub(&mut self, control: &Control) -> Visit {
        self.bind(control.label);
        if self.branch_arity(control) != 0 {
            return Err(TranslateError::Malformed("a jump returns values".into()).into());
        }
        self.emit_return();
        Ok(())
    }

    pub(super) fn jump(&mut self, label: LabelIdx) {
        let handler = HandlerKey::Misc(Misc::Jump).id();
        let cell = self.emitter.emit(|code| JumpCell { handler, target: 0 }.put(code));
        self.refer(cell, cell + 1, label);
    }

    pub(super) fn refer(&mut self, cell: u32, word: u32, label: LabelIdx) {
        self.labels[label.0 as usize].used = true;
        self.fixups.push(Fixup { cell, word, label });
    }
}
