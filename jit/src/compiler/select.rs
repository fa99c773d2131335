//! `select` and `drop`.

use wasmtier_x64::lower::{Operand, Test};

use super::expression::{Expression, Shape};
use super::value::{Entry, Kind, Value};
use super::{Compiler, Visit};

impl Compiler<'_> {
    pub(crate) fn drop_operand(&mut self) -> Visit {
        self.settle_below(1);
        let entry = self.pop_lazy();
        if entry.value != Value::Pending {
            self.release(&entry);
            return Ok(());
        }
        let expression = self.take_pending();
        let traps = match expression.shape {
            Shape::Unary(op) | Shape::Binary(op) => op.traps(),
            Shape::Compare { .. }
            | Shape::Nonzero { .. }
            | Shape::ScaledSum { .. }
            | Shape::Vector { .. } => false,
            Shape::Load { .. } | Shape::LoadVector { .. } | Shape::Fused { .. } => true,
        };
        if traps {
            let register = self.emit(&expression, None);
            self.release_register(register);
        } else {
            self.release_operands(&expression);
        }
        self.after()
    }

    /// Gives back the operands of an expression that is not computed.
    fn release_operands(&mut self, expression: &Expression) {
        self.release(&expression.a);
        if expression.b != expression.a {
            self.release(&expression.b);
        }
    }

    /// Pops a condition.
    pub(crate) fn pop_condition(&mut self) -> Expression {
        let mut entry = self.pop_lazy();
        if entry.value == Value::Pending {
            let expression = self.take_pending();
            if let Some(condition) = expression.condition() {
                return condition;
            }
            entry.value = Value::Reg(self.emit(&expression, None));
        }
        let shape = Shape::Nonzero { wide: false, negated: false };
        Expression { shape, a: entry, b: entry, kind: Kind::I32, offset: self.offset }
    }

    pub(crate) fn select(&mut self) -> Visit {
        self.settle_below(1);
        let mut condition = self.pop_condition();
        let known = match condition.shape {
            Shape::Nonzero { negated, .. } => {
                condition.a.constant().map(|bits| (bits as u32 != 0) != negated)
            }
            _ => None,
        };
        if known.is_none() {
            self.locate(&mut condition);
        }
        let mut b = self.pop();
        let mut a = self.pop();
        let kind = a.kind;
        if let Some(known) = known {
            let (kept, other) = if known { (a, b) } else { (b, a) };
            self.release(&other);
            return self.push_again(kept);
        }
        if kind.is_float() {
            return self.select_floats(&condition, a, b);
        }
        let (left, right) = (self.operand(&mut a), self.operand(&mut b));
        let test = self.test(&condition);
        self.release(&a);
        self.release(&b);
        let to = self.allocate_near(kind, b.register().or(a.register()));
        let wide = kind == Kind::I64;
        test.select(&mut self.lowering(), wide, to.as_gpr(), left, right);
        self.push_register(kind, to)?;
        self.after()
    }

    /// Floats are chosen by a jump.
    fn select_floats(&mut self, condition: &Expression, mut a: Entry, mut b: Entry) -> Visit {
        let kind = a.kind;
        let (left, right) = (self.register(&mut a), self.register(&mut b));
        let (left, right) = (Operand::Reg(left.into()), Operand::Reg(right.into()));
        let test: Test = self.test(condition);
        self.release(&a);
        self.release(&b);
        let to = self.allocate_near(kind, b.register().or(a.register()));
        test.select_floats(&mut self.lowering(), kind.floats(), to.as_xmm(), left, right);
        self.push_register(kind, to)?;
        self.after()
    }

    /// Pushes a computed operand that was popped, at the same height or below.
    fn push_again(&mut self, entry: Entry) -> Visit {
        match entry.value {
            Value::Const(_) => self.push(entry.kind, entry.value),
            Value::Reg(register) => self.push_register(entry.kind, register),
            Value::Local { local, .. } => self.push_local(local),
            Value::Slot if entry.height == self.height => self.push(entry.kind, entry.value),
            Value::Slot | Value::Pending => {
                let register = self.allocate(entry.kind);
                self.load(&entry, register);
                self.push_register(entry.kind, register)
            }
        }
    }

    /// Finds registers for the operands of a condition while the two entries to choose from are on
    /// the stack, and can make room. Where those need registers too, its value goes to a slot.
    fn locate(&mut self, condition: &mut Expression) {
        let chosen = &self.stack[self.stack.len() - 2..];
        let needs = |entry: &Entry| entry.kind == Kind::I64 && self.operand_needs_register(entry);
        if !chosen.iter().any(needs) {
            self.operand(&mut condition.a);
            match condition.shape {
                Shape::Compare { .. } => _ = self.operand(&mut condition.b),
                Shape::Fused { load, offset, .. } => {
                    self.locate_fused(condition, load, offset);
                }
                _ => condition.b = condition.a,
            }
            return;
        }
        let register = self.emit(condition, None);
        let (value, height, kind) = (Value::Reg(register), condition.a.height, Kind::I32);
        self.store_at(&Entry { value, height, kind }, height);
        self.release_register(register);
        let slot = Entry { value: Value::Slot, height, kind };
        let shape = Shape::Nonzero { wide: false, negated: false };
        *condition = Expression { shape, a: slot, b: slot, ..*condition };
    }
}
