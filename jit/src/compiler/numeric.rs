//! Scalar operators: folded, or made pending.
//!
//! What lives here: constants and identities. What does not: emission (`expression`). Invariant: a
//! folded operator has the value its row gives.

use wasmtier_ops::NumOp;
use wasmtier_x64::lower::{self, Class};

use super::expression::Shape;
use super::value::{Kind, Value};
use super::{Compiler, Visit};

impl Compiler<'_> {
    pub(crate) fn visit_numeric(&mut self, op: NumOp) -> Visit {
        let class = lower::class(op);
        if op.params().len() == 1 { self.unary(op, class) } else { self.binary(op, class) }
    }

    fn unary(&mut self, op: NumOp, class: Class) -> Visit {
        self.settle_below(1);
        let kind = Kind::from(op.result());
        if class == Class::Eqz {
            return self.eqz(op);
        }
        let a = self.pop();
        if let Value::Const(bits) = a.value
            && let Ok(result) = op.eval(&[bits])
        {
            return self.push(kind, Value::Const(result));
        }
        self.push_pending(kind, Shape::Unary(op), a, a)?;
        self.after()
    }

    /// Whether an integer is zero; the opposite of a condition that was to be computed.
    pub(crate) fn eqz(&mut self, op: NumOp) -> Visit {
        let wide = Kind::from(op.params()[0]) == Kind::I64;
        let mut a = self.pop_lazy();
        if a.value == Value::Pending {
            let expression = self.take_pending();
            if let Some(condition) = expression.condition() {
                let condition = condition.negated();
                self.push_pending(Kind::I32, condition.shape, condition.a, condition.b)?;
                self.pending.offset = condition.offset;
                return self.after();
            }
            a.value = Value::Reg(self.emit(&expression, None));
        }
        if let Value::Const(bits) = a.value {
            return self.push(Kind::I32, Value::Const(u64::from(bits == 0)));
        }
        self.push_pending(Kind::I32, Shape::Nonzero { wide, negated: true }, a, a)?;
        self.after()
    }

    fn binary(&mut self, op: NumOp, class: Class) -> Visit {
        self.settle_below(2);
        let b = self.pop();
        let a = self.pop();
        let kind = Kind::from(op.result());
        if let (Value::Const(left), Value::Const(right)) = (a.value, b.value)
            && let Ok(result) = op.eval(&[left, right])
        {
            return self.push(kind, Value::Const(result));
        }
        let shape = match class {
            Class::Compare => Shape::Compare { op, negated: false },
            Class::Eqz | Class::Test | Class::Other => Shape::Binary(op),
        };
        self.push_pending(kind, shape, a, b)?;
        self.after()
    }
}
