//! Branches, and where they take values.
//!
//! Invariant: a branch that is not taken leaves the model true, so what is on its way changes
//! nothing but scratch registers and the slots it carries values to.

use dynasmrt::DynasmLabelApi;
use wasmparser::BrTable;
use wasmtier_x64::{Alu, Cond, Gpr, Mem, Scale, Width};

use super::control::{BlockKind, Signature};
use super::edge::Moves;
use super::expression::Shape;
use super::register::Registers;
use super::site::Stub;
use super::value::{Kind, Value};
use super::{Compiler, Visit};

/// Up to how many targets a `br_table` compares one by one.
const FEW_TARGETS: usize = 3;

/// What a label wants.
#[derive(Copy, Clone, PartialEq, Eq)]
enum Wants {
    Nothing,
    /// One value in the result register.
    Register(Kind),
    /// As many values in slots.
    Slots(usize),
}

impl Compiler<'_> {
    /// The block that `depth` names.
    fn target(&self, depth: u32) -> usize {
        self.controls.len() - 1 - depth as usize
    }

    fn wants(&self, control: usize) -> Wants {
        let control = &self.controls[control];
        let types = self.types(control.signature);
        if control.kind == BlockKind::Loop {
            return match types.params().len() {
                0 => Wants::Nothing,
                count => Wants::Slots(count),
            };
        }
        match types.results() {
            [] => Wants::Nothing,
            [ty] => Wants::Register(Kind::of(*ty)),
            several => Wants::Slots(several.len()),
        }
    }

    /// Puts the topmost values where a block's label wants them; the model is not true any more.
    pub(crate) fn carry(&mut self, control: usize) {
        match self.wants(control) {
            Wants::Nothing => self.settle_traps(),
            Wants::Register(kind) => self.carry_register(kind),
            Wants::Slots(count) => {
                self.settle_pending();
                let height = self.controls[control].height;
                self.carry_slots(count, height);
            }
        }
    }

    /// The same for the results of a signature, to a height.
    pub(crate) fn carry_results(&mut self, signature: Signature, height: u32) {
        let types = self.types(signature);
        match types.results() {
            [] => self.settle_traps(),
            [ty] => self.carry_register(Kind::of(*ty)),
            several => {
                self.settle_pending();
                self.carry_slots(several.len(), height);
            }
        }
    }

    /// What waits and is not asked for any more may still trap.
    fn settle_traps(&mut self) {
        self.settle_pending();
    }

    fn carry_register(&mut self, kind: Kind) {
        self.settle_below(1);
        let entry = self.pop_lazy();
        let to = kind.result();
        if entry.value == Value::Pending {
            let expression = self.take_pending();
            // Nobody asks for what else may be in the register.
            self.emit(&expression, Some(to));
        } else {
            self.load(&entry, to);
        }
    }

    /// Copies the topmost `count` values to the slots from `height` on, the lowest first: those are
    /// at or below their own.
    fn carry_slots(&mut self, count: usize, height: u32) {
        let mut height = height;
        for at in self.stack.len() - count..self.stack.len() {
            let entry = self.stack[at];
            self.store_at(&entry, height);
            height += entry.kind.slots();
        }
    }

    pub(crate) fn branch(&mut self, depth: u32) -> Visit {
        let control = self.target(depth);
        self.carry(control);
        if control == 0 {
            self.return_();
        } else {
            self.fall_to(control);
            self.code.jmp(self.controls[control].label);
        }
        self.reachable = false;
        self.after()
    }

    pub(crate) fn branch_if(&mut self, depth: u32) -> Visit {
        let control = self.target(depth);
        self.settle_below(1);
        let condition = self.pop_condition();
        if let (Shape::Nonzero { negated, .. }, Value::Const(bits)) =
            (condition.shape, condition.a.value)
        {
            return if (bits as u32 != 0) == negated { Ok(()) } else { self.branch(depth) };
        }
        let wants = self.wants(control);
        let test = self.test(&condition);
        match wants {
            Wants::Nothing => self.jump_if(test, control),
            Wants::Register(kind) => {
                self.top_to_result(kind)?;
                self.jump_if(test, control);
            }
            Wants::Slots(count) => {
                let skip = self.code.new_dynamic_label();
                test.not().jump(&mut self.lowering(), skip);
                self.carry_slots(count, self.controls[control].height);
                self.fall_to(control);
                self.code.jmp(self.controls[control].label);
                self.bind(skip);
            }
        }
        self.after()
    }

    /// Puts the topmost value, which is computed, into the result register, where it stays; leaves
    /// the flags.
    fn top_to_result(&mut self, kind: Kind) -> Visit {
        let entry = self.pop_lazy();
        let to = kind.result();
        if entry.register() != Some(to) {
            self.claim(to);
            self.load(&entry, to);
            self.release(&entry);
        }
        self.push_register(kind, to)
    }

    pub(crate) fn branch_table(&mut self, targets: &BrTable<'_>) -> Visit {
        self.settle_below(1);
        let mut index = self.pop();
        let controls = targets.targets().map(|depth| depth.map(|depth| self.target(depth)));
        let controls: Vec<usize> = controls.collect::<Result<_, _>>()?;
        let default = self.target(targets.default());
        if let Value::Const(bits) = index.value {
            let control = controls.get(bits as u32 as usize).copied().unwrap_or(default);
            return self.branch((self.controls.len() - 1 - control) as u32);
        }
        let wants = self.wants(default);
        if let Wants::Register(kind) = wants {
            if index.register() == Some(kind.result()) {
                let other = self.allocate_in(Registers::GPR.without(kind.result().set()));
                self.copy(Kind::I32, other, kind.result());
                self.release(&index);
                index.value = Value::Reg(other);
            }
            self.top_to_result(kind)?;
        }
        let register = self.gpr(&mut index);
        self.tables += 1;
        let mut ways = Vec::new();
        let default = self.way(default, &mut ways);
        let labels: Vec<_> =
            controls.into_iter().map(|control| self.way(control, &mut ways)).collect();
        if labels.len() <= FEW_TARGETS {
            for (value, label) in labels.into_iter().enumerate() {
                self.code.alu_imm(Alu::Cmp, Width::W32, register, value as i32);
                self.code.jcc(Cond::E, label);
            }
            self.code.jmp(default);
        } else {
            // Before the jump: whoever gives up the register is in its slot on both ways.
            let distance = self.allocate(Kind::I64).as_gpr();
            self.code.alu_imm(Alu::Cmp, Width::W32, register, labels.len() as i32);
            self.code.jcc(Cond::Ae, default);
            let at = self.code.new_dynamic_label();
            self.code.lea(Width::W64, Gpr::R11, at);
            let entry = Mem::base(Gpr::R11).indexed(register, Scale::Four);
            self.code.movsx(Width::W32, Width::W64, distance, entry);
            self.code.alu(Alu::Add, Width::W64, Gpr::R11, distance);
            self.code.jmp_to(Gpr::R11);
            self.stubs.push(Stub::Table { at, targets: labels });
        }
        for way in ways {
            self.code.dynamic_label(way.label);
            if let Wants::Slots(count) = self.wants(way.control) {
                self.carry_slots(count, self.controls[way.control].height);
            }
            self.emit_moves(way.moves);
            self.code.jmp(self.controls[way.control].label);
        }
        self.reachable = false;
        self.after()
    }

    /// Where a jump table goes for a block: its label, or code on the way to it, once for each.
    fn way(&mut self, control: usize, ways: &mut Vec<Way>) -> dynasmrt::DynamicLabel {
        let Compiler { tables, controls, .. } = &*self;
        if controls[control].table == (*tables) {
            return controls[control].stub;
        }
        let moves = self.moves_to(control);
        let carries = matches!(self.wants(control), Wants::Slots(_));
        let label = if moves.is_empty() && !carries {
            self.controls[control].label
        } else {
            let label = self.code.new_dynamic_label();
            ways.push(Way { label, control, moves });
            label
        };
        self.controls[control].table = self.tables;
        self.controls[control].stub = label;
        label
    }
}

/// Code between a jump table and a label.
struct Way {
    label: dynasmrt::DynamicLabel,
    control: usize,
    moves: Moves,
}
