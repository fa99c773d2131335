//! Expressions: what leaves a value on the stack.

use wasm_encoder::{BlockType, Instruction, MemArg, MemArgTarget};

use super::{Flow, Label, global};
use crate::generate::operator::{Operator, canonical, constant};
use crate::value::{Signature, Type, Value};

/// Nested blocks and loops of a function.
const MOST_LABELS: usize = 8;

/// For operators that access no memory.
const MEMARG: MemArg =
    MemArg { offset: 0, align: 0, target: MemArgTarget::Memory(0), ordering: None };

impl<'a> Flow<'a> {
    pub(super) fn expressions(&mut self, types: &[Type]) {
        for &ty in types {
            self.expression(ty);
        }
    }

    /// Leaves one value of type `ty` on the stack.
    pub(super) fn expression(&mut self, ty: Type) {
        if self.budget == 0 {
            return self.leaf(ty);
        }
        self.budget -= 1;
        match self.random.below(18) {
            0..=3 => self.leaf(ty),
            4..=7 => self.operator(ty),
            8 => {
                self.expression(ty);
                if let Some(local) = self.local(ty) {
                    self.emit(Instruction::LocalTee(local));
                }
            }
            9 => {
                self.statement();
                self.expression(ty);
            }
            10 | 11 => {
                self.expressions(&[ty, ty]);
                self.condition();
                self.emit(Instruction::Select);
            }
            12 => {
                // A value that waits below a statement.
                self.expression(ty);
                self.statement();
            }
            13 | 14 => self.load(ty),
            _ if self.labels.len() < MOST_LABELS => self.block(ty),
            _ => self.leaf(ty),
        }
    }

    pub(super) fn leaf(&mut self, ty: Type) {
        let instruction = match (self.random.below(8), self.local(ty)) {
            (0, _) => Instruction::GlobalGet(global(ty)),
            (1..=5, Some(local)) => Instruction::LocalGet(local),
            (_, _) if self.random.one_in(3) => match ty {
                // For these, there is often a shorter way.
                Type::I32 => Instruction::I32Const(self.random.below(10) as i32 - 1),
                Type::I64 => Instruction::I64Const(self.random.below(10) as i64 - 1),
                Type::F32 | Type::F64 | Type::V128 | Type::Func | Type::Extern => {
                    constant(&self.random.value(ty))
                }
            },
            _ => constant(&self.random.value(ty)),
        };
        self.emit(instruction);
    }

    /// Leaves a truth value on the stack, mostly by a comparison.
    pub(super) fn condition(&mut self) {
        if self.budget > 0 && !self.random.one_in(3) {
            self.budget -= 1;
            let plan = self.plan;
            let fitting: Vec<&Operator> = plan
                .operators
                .iter()
                .filter(|operator| {
                    operator.is_comparison()
                        && operator.operands.iter().all(|ty| plan.palette.contains(ty))
                })
                .collect();
            let operator = self.random.choose(&fitting);
            match operator.operands[..] {
                [ty @ (Type::I32 | Type::I64), _] if self.random.one_in(3) => self.sign(ty),
                _ => self.expressions(&operator.operands),
            }
            self.apply(operator);
        } else {
            self.expression(Type::I32);
        }
        if self.random.one_in(5) {
            self.emit(Instruction::I32Eqz);
        }
    }

    /// What an operator yields, perhaps kept in a local too, and zero.
    fn sign(&mut self, ty: Type) {
        self.operator(ty);
        if let Some(local) = self.local(ty).filter(|_| self.random.one_in(2)) {
            self.emit(Instruction::LocalTee(local));
        }
        let zero = if ty == Type::I32 { Value::I32(0) } else { Value::I64(0) };
        self.emit(constant(&zero));
    }

    /// An operator whose first result is of type `ty`, whose operands are of types that are there,
    /// and which may trap if that is allowed.
    pub(super) fn choose_operator(&mut self, ty: Type) -> &'a Operator {
        let plan = self.plan;
        let fitting = plan.operators.iter().filter(|operator| {
            operator.results.first() == Some(&ty)
                && !operator.is_access()
                && (plan.traps || !operator.may_trap())
        });
        let (usual, rare): (Vec<_>, Vec<_>) = fitting
            .partition(|operator| operator.operands.iter().all(|ty| plan.palette.contains(ty)));
        let usual = if usual.is_empty() || self.random.one_in(10) { rare } else { usual };
        if usual.is_empty() { self.choose_operator(ty) } else { self.random.choose(&usual) }
    }

    /// An operator on two values of a type that yields a third, if there is one.
    pub(super) fn choose_binary(&mut self, ty: Type) -> &'a Operator {
        let plan = self.plan;
        let fitting: Vec<_> = plan
            .operators
            .iter()
            .filter(|operator| {
                operator.operands == [ty, ty] && operator.results == [ty] && !operator.may_trap()
            })
            .collect();
        self.random.choose(&fitting)
    }

    /// Applies an operator to what is on the stack.
    pub(super) fn apply(&mut self, operator: &Operator) {
        let instruction = (operator.encode)(self.random, MEMARG);
        self.emit(instruction);
        if let Some(open) = operator.open {
            self.emit_all(canonical(open, self.helper(operator.results[0])));
        }
        if let Some(rest @ [_, ..]) = operator.results.get(1..) {
            self.consume(rest);
        }
    }

    /// An operator of any kind, and its operands.
    pub(super) fn operator(&mut self, ty: Type) {
        if self.random.one_in(8) && matches!(ty, Type::I32 | Type::I64) {
            return self.division(ty);
        }
        let operator = self.choose_operator(ty);
        self.expressions(&operator.operands);
        self.apply(operator);
    }

    /// A division or remainder by a constant that lets it not trap.
    fn division(&mut self, ty: Type) {
        let operators = self.plan.operators.iter();
        let divisions: Vec<_> = operators
            .filter(|operator| operator.operands == [ty, ty] && operator.may_trap())
            .collect();
        let operator = self.random.choose(&divisions);
        self.expression(ty);
        let divisor = match self.random.value(ty) {
            Value::I32(0 | u32::MAX) => Value::I32(7),
            Value::I64(0 | u64::MAX) => Value::I64(10),
            other => other,
        };
        self.emit(constant(&divisor));
        self.apply(operator);
    }

    /// Leaves an address on the stack, mostly a small one, that others use too; returns the memory.
    pub(super) fn address(&mut self) -> u32 {
        let memory = u32::from(self.random.one_in(4));
        self.address_in(memory);
        memory
    }

    pub(super) fn address_in(&mut self, memory: u32) {
        let wide = self.plan.memory64 && memory == 0;
        let ty = if wide { Type::I64 } else { Type::I32 };
        if self.random.one_in(4) {
            let at = Value::I32(self.random.below(64) as u32);
            let at = if wide { Value::I64(self.random.below(64)) } else { at };
            self.emit(constant(&at));
            return;
        }
        if !wide && self.random.one_in(3) {
            return self.sum();
        }
        if self.random.one_in(2) {
            self.leaf(ty);
        } else {
            self.expression(ty);
        }
        if self.plan.traps && self.random.one_in(4) {
            return;
        }
        if wide {
            self.emit_all([Instruction::I64Const(63), Instruction::I64And]);
        } else {
            self.emit_all([Instruction::I32Const(63), Instruction::I32And]);
        }
    }

    /// A small address that is a sum of others, one of them shifted.
    fn sum(&mut self) {
        let shift = self.random.below(4) as i32;
        self.expression(Type::I32);
        self.emit_all([
            Instruction::I32Const(7),
            Instruction::I32And,
            Instruction::I32Const(shift),
            Instruction::I32Shl,
        ]);
        if self.random.one_in(2) {
            self.expression(Type::I32);
            self.emit_all([Instruction::I32Const(15), Instruction::I32And, Instruction::I32Add]);
        }
        if self.random.one_in(2) {
            self.emit_all([Instruction::I32Const(9), Instruction::I32Add]);
        }
    }

    /// An access to a memory, its address and operand on the stack.
    pub(super) fn access(&mut self, operator: &Operator, memory: u32) {
        let offset = match self.random.below(8) {
            0..=2 => 0,
            3..=6 => self.random.below(24),
            _ => (1 << 16) - 80 - self.random.below(16),
        };
        let instruction = (operator.encode)(
            self.random,
            MemArg { offset, align: 0, target: MemArgTarget::Memory(memory), ordering: None },
        );
        self.emit(instruction);
        if let Some(open) = operator.open {
            self.emit_all(canonical(open, self.helper(operator.results[0])));
        }
    }

    fn load(&mut self, ty: Type) {
        let loads: Vec<_> = self
            .plan
            .operators
            .iter()
            .filter(|operator| operator.is_access() && operator.results == [ty])
            .collect();
        let operator = self.random.choose(&loads);
        let memory = self.address();
        self.expressions(&operator.operands[1..]);
        self.access(operator, memory);
    }

    /// A block, `if` or loop with parameters and results, of which the first is kept.
    fn block(&mut self, ty: Type) {
        let params = self.plan.types(self.random, 2);
        let mut results = vec![ty];
        results.extend(self.plan.types(self.random, 2));
        let signature = Signature { params, results };
        let block_type = BlockType::FunctionType(self.type_index(&signature));
        let Signature { params, results } = &signature;
        self.expressions(params);
        match self.random.below(3) {
            0 => {
                self.emit(Instruction::Block(block_type));
                self.labels.push(Label::End(results.clone()));
                self.consume(params);
                self.sequence(results);
            }
            1 => {
                self.condition();
                self.emit(Instruction::If(block_type));
                self.labels.push(Label::End(results.clone()));
                self.consume(params);
                self.sequence(results);
                self.emit(Instruction::Else);
                self.consume(params);
                self.sequence(results);
            }
            _ => self.loop_(block_type, params, results),
        }
        self.labels.pop();
        self.emit(Instruction::End);
        self.consume(&results[1..]);
    }

    /// All of a loop but its end.
    fn loop_(&mut self, block_type: BlockType, params: &[Type], results: &[Type]) {
        let counter = self.locals.len() as u32;
        self.locals.push(Type::I32);
        let rounds = self.random.below(3) as i32 + 1;
        self.emit(Instruction::I32Const(rounds));
        self.emit(Instruction::LocalSet(counter));
        self.emit(Instruction::Loop(block_type));
        self.labels.push(Label::Begin { params: params.to_vec(), counter });
        self.consume(params);
        self.statement();
        self.expressions(params);
        self.count_down(counter);
        self.emit(Instruction::BrIf(0));
        self.consume(params);
        self.sequence(results);
    }
}
