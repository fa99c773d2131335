//! Statements: what leaves nothing on the stack.

use wasm_encoder::{BlockType, Instruction};

use super::{Flow, Label, NULLS, global};
use crate::value::{Signature, Type};

/// Values of one type that wait on the stack together.
const MOST_PILED: u64 = 20;

impl Flow<'_> {
    /// Some statements, then `results` on the stack, and perhaps an early way out with them.
    pub(super) fn sequence(&mut self, results: &[Type]) {
        for _ in 0..self.random.below(4) {
            self.statement();
        }
        self.expressions(results);
        let leaves = matches!(self.labels.last(), Some(Label::End(types)) if types == results);
        if leaves && self.random.one_in(2) {
            self.condition();
            self.emit(Instruction::BrIf(0));
        }
    }

    /// Takes values from the stack, topmost last in `types`.
    pub(super) fn consume(&mut self, types: &[Type]) {
        for &ty in types.iter().rev() {
            let instruction = match (self.random.below(5), self.local(ty)) {
                (0..=2, Some(local)) => Instruction::LocalSet(local),
                (3, _) => Instruction::GlobalSet(global(ty)),
                _ => Instruction::Drop,
            };
            self.emit(instruction);
        }
    }

    pub(super) fn statement(&mut self) {
        let ty = self.plan.ty(self.random);
        match self.random.below(22) {
            0..=4 => {
                self.expression(ty);
                self.consume(&[ty]);
            }
            5..=7 => self.update(ty),
            8 | 9 => self.branch_if(),
            10 | 11 => self.branch_in_if(),
            12 => self.again(),
            13..=15 => self.call(),
            16 => self.rotate(ty),
            17 => self.pile(ty),
            18 | 19 => self.store(),
            20 => self.bulk(),
            _ => self.arms(),
        }
    }

    /// `x = x op y`, or the other way round.
    fn update(&mut self, ty: Type) {
        let Some(local) = self.local(ty) else { return };
        let operator = self.choose_operator(ty);
        let at = operator.operands.iter().position(|operand| *operand == ty);
        for (index, &operand) in operator.operands.iter().enumerate() {
            if Some(index) == at {
                self.emit(Instruction::LocalGet(local));
            } else {
                self.expression(operand);
            }
        }
        self.apply(operator);
        let tee = self.random.one_in(3);
        self.emit(if tee { Instruction::LocalTee(local) } else { Instruction::LocalSet(local) });
        if tee {
            self.consume(&[ty]);
        }
    }

    /// A label one can branch to without looking at a counter, as its depth, and what that takes.
    fn label(&mut self) -> (u32, Vec<Type>) {
        let mut targets = Vec::new();
        for (depth, label) in (0..).zip(self.labels.iter().rev()) {
            if let Label::End(types) = label {
                targets.push((depth, types));
            }
        }
        let (depth, types) = self.random.choose(&targets);
        (depth, types.clone())
    }

    /// A conditional branch; its values are used when it is not taken.
    fn branch_if(&mut self) {
        let (depth, types) = self.label();
        self.expressions(&types);
        self.condition();
        self.emit(Instruction::BrIf(depth));
        self.consume(&types);
    }

    /// Goes back to a loop, which may be one around others, if it has rounds left.
    fn again(&mut self) {
        let labels = (0..).zip(self.labels.iter().rev());
        let loops: Vec<(u32, u32)> = labels
            .filter_map(|(depth, label)| match label {
                Label::Begin { counter, .. } => Some((depth, *counter)),
                Label::End(_) => None,
            })
            .collect();
        if loops.is_empty() {
            return self.branch_if();
        }
        let (depth, counter) = self.random.choose(&loops);
        let label = &self.labels[self.labels.len() - 1 - depth as usize];
        let params = match label {
            Label::Begin { params, .. } => params.clone(),
            Label::End(_) => return,
        };
        self.expressions(&params);
        self.count_down(counter);
        self.emit(Instruction::BrIf(depth));
        self.consume(&params);
    }

    /// Leaves on the stack whether a loop has rounds left, of which it takes one.
    pub(super) fn count_down(&mut self, counter: u32) {
        self.emit_all([
            Instruction::LocalGet(counter),
            Instruction::I32Const(1),
            Instruction::I32Sub,
            Instruction::LocalTee(counter),
            Instruction::I32Const(0),
            Instruction::I32GtS,
        ]);
    }

    fn branch_in_if(&mut self) {
        self.condition();
        self.emit(Instruction::If(BlockType::Empty));
        self.labels.push(Label::End(Vec::new()));
        match self.random.below(6) {
            0 => self.leave(),
            1 => self.tail_call(),
            _ => self.branch(),
        }
        // What cannot be reached.
        if self.random.one_in(4) {
            self.statement();
        }
        self.labels.pop();
        self.emit(Instruction::End);
    }

    /// Two arms that write locals.
    fn arms(&mut self) {
        self.condition();
        self.emit(Instruction::If(BlockType::Empty));
        self.labels.push(Label::End(Vec::new()));
        self.statement();
        if self.random.one_in(2) {
            self.emit(Instruction::Else);
            self.statement();
        }
        self.labels.pop();
        self.emit(Instruction::End);
    }

    fn leave(&mut self) {
        self.expressions(&self.signature.results.clone());
        self.emit(Instruction::Return);
    }

    /// A branch or a table of branches that take the same.
    fn branch(&mut self) {
        let (depth, types) = self.label();
        self.expressions(&types);
        if self.random.one_in(2) {
            self.emit(Instruction::Br(depth));
            return;
        }
        let labels = (0..).zip(self.labels.iter().rev());
        let same: Vec<u32> = labels
            .filter(|(_, label)| matches!(label, Label::End(end) if *end == types))
            .map(|(depth, _)| depth)
            .collect();
        let count = if self.random.one_in(4) { 0 } else { self.random.below(12) };
        let targets: Vec<u32> = (0..count).map(|_| self.random.choose(&same)).collect();
        self.expression(Type::I32);
        if !self.random.one_in(4) {
            self.emit(Instruction::I32Const(7));
            self.emit(Instruction::I32And);
        }
        self.emit(Instruction::BrTable(targets.into(), depth));
    }

    /// The functions that may be called here.
    fn callees(&self) -> Vec<u32> {
        let all = 0..self.plan.functions.len() as u32;
        all.filter(|callee| self.calls || (*callee as usize) < self.plan.imported).collect()
    }

    /// A call of any function, its results used.
    fn call(&mut self) {
        let callees = self.callees();
        if callees.is_empty() {
            return self.store();
        }
        let callee = self.random.choose(&callees);
        let signature = self.plan.signature(callee).clone();
        self.expressions(&signature.params);
        if self.random.one_in(2) {
            self.emit(Instruction::Call(callee));
        } else {
            let type_index = self.callee_index(callee, &signature);
            self.emit(Instruction::CallIndirect { type_index, table_index: 0 });
        }
        self.consume(&signature.results);
    }

    /// Leaves the index of a callee in the table on the stack; returns that of its type.
    fn callee_index(&mut self, callee: u32, signature: &Signature) -> u32 {
        if self.plan.traps && self.random.one_in(8) {
            // Nothing, or a function of another type, or beyond the end.
            let beyond = self.plan.functions.len() as u64 + u64::from(NULLS) + 2;
            let index = self.random.below(beyond) as i32;
            self.emit(Instruction::I32Const(index));
        } else {
            self.emit(Instruction::I32Const(callee as i32));
            if self.random.one_in(2) {
                let others = self.plan.functions.iter().enumerate();
                let same: Vec<usize> = others
                    .filter(|(other, ty)| {
                        self.plan.signatures[**ty] == *signature
                            && (self.calls || *other < self.plan.imported)
                    })
                    .map(|(other, _)| other)
                    .collect();
                let other = self.random.choose(&same);
                self.emit(Instruction::I32Const(other as i32));
                self.condition();
                self.emit(Instruction::Select);
            }
        }
        self.type_index(signature)
    }

    /// A call in place of a return, of a function with the same results if there is any.
    fn tail_call(&mut self) {
        let mut callees = self.callees();
        callees.retain(|callee| self.plan.signature(*callee).results == self.signature.results);
        if callees.is_empty() {
            return self.leave();
        }
        let callee = self.random.choose(&callees);
        let signature = self.plan.signature(callee).clone();
        self.expressions(&signature.params);
        if self.random.one_in(2) {
            self.emit(Instruction::ReturnCall(callee));
        } else {
            let type_index = self.callee_index(callee, &signature);
            self.emit(Instruction::ReturnCallIndirect { type_index, table_index: 0 });
        }
    }

    /// Locals that change places by way of the stack.
    fn rotate(&mut self, ty: Type) {
        let all = self.locals_of(ty);
        if all.is_empty() {
            return;
        }
        let count = self.random.below(all.len() as u64 + 1);
        let first = self.random.below(all.len() as u64);
        let chosen: Vec<u32> =
            (0..count).map(|at| all[((first + at) % all.len() as u64) as usize]).collect();
        for local in &chosen {
            self.emit(Instruction::LocalGet(*local));
        }
        if self.random.one_in(3) {
            self.statement();
        }
        for local in &chosen {
            self.emit(Instruction::LocalSet(*local));
        }
    }

    /// More values on the stack than there are registers, which are then combined.
    fn pile(&mut self, ty: Type) {
        let count = 2 + self.random.below(MOST_PILED);
        for _ in 0..count {
            if self.random.one_in(4) { self.operator(ty) } else { self.leaf(ty) }
        }
        for _ in 1..count {
            if self.random.one_in(12) {
                self.statement();
            }
            let operator = self.choose_binary(ty);
            self.apply(operator);
        }
        self.consume(&[ty]);
    }

    /// A store, mostly near others.
    fn store(&mut self) {
        let plan = self.plan;
        let stores: Vec<_> = plan
            .operators
            .iter()
            .filter(|operator| operator.is_access() && operator.results.is_empty())
            .collect();
        let operator = self.random.choose(&stores);
        let memory = self.address();
        self.expressions(&operator.operands[1..]);
        self.access(operator, memory);
    }

    /// A fill or copy, mostly short, or growth, which mostly fails.
    fn bulk(&mut self) {
        let mem = u32::from(self.random.one_in(3));
        let wide = self.plan.memory64 && mem == 0;
        let number = |value: u64| match wide {
            true => Instruction::I64Const(value as i64),
            false => Instruction::I32Const(value as i32),
        };
        let most = if self.random.one_in(4) { 200 } else { 40 };
        let (from, length) = (self.random.below(64), self.random.below(most));
        match self.random.below(5) {
            0 | 1 => {
                self.address_in(mem);
                self.emit_all([number(from), number(length)]);
                self.emit(Instruction::MemoryCopy { src_mem: mem, dst_mem: mem });
            }
            2 | 3 => {
                self.address_in(mem);
                self.expression(Type::I32);
                self.emit(number(length));
                self.emit(Instruction::MemoryFill(mem));
            }
            _ => {
                self.emit(number(from % 2));
                self.emit(Instruction::MemoryGrow(mem));
                self.consume(&[if wide { Type::I64 } else { Type::I32 }]);
            }
        }
    }
}
