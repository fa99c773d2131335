//! Scalar operators: folded, or made pending.
//!
//! What lives here: constants and identities. What does not: emission (`expression`). Invariant: a
//! folded operator has the value its row gives.

use wasmtier_ops::{LoadOp, NumOp};
use wasmtier_x64::lower::{self, Class};

use super::expression::Shape;
use super::value::{Entry, Kind, NONE, Value};
use super::{Compiler, Visit};
use crate::compile::CompileError;

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
        let kind = Kind::from(op.result());
        if class == Class::Add && self.scaled_sum(kind)? {
            return self.after();
        }
        if self.fuse_load(op, class)? {
            return self.after();
        }
        let b = self.pop();
        let a = self.pop();
        if let (Value::Const(left), Value::Const(right)) = (a.value, b.value)
            && let Ok(result) = op.eval(&[left, right])
        {
            return self.push(kind, Value::Const(result));
        }
        let (op, b) = cheaper(op, b);
        let shape = match class {
            Class::Compare => Shape::Compare { op, negated: false },
            Class::Eqz | Class::And | Class::Add | Class::Other => Shape::Binary(op),
        };
        self.push_pending(kind, shape, a, b)?;
        self.after()
    }

    /// Makes an operator and the load that waits, and is one of its operands, one instruction.
    fn fuse_load(&mut self, op: NumOp, class: Class) -> Result<bool, Box<CompileError>> {
        let (Shape::Load { op: load, offset }, true) =
            (self.pending.shape, self.pending_at != NONE)
        else {
            return Ok(false);
        };
        let len = self.stack.len();
        let first = self.pending_at as usize == len - 2;
        let other = self.stack[if first { len - 1 } else { len - 2 }];
        let tested = class == Class::Compare;
        let possible = if is_whole(load, op) {
            tested || !first && lower::takes_load(op)
        } else {
            // Of one byte, without its sign, all comparisons are those of bytes.
            let small = other.constant().is_some_and(|bits| bits < 128);
            tested && small && load.bytes() == 1 && !load.signed()
        };
        if !possible {
            return Ok(false);
        }
        let (top, below) = (self.pop_lazy(), self.pop_lazy());
        let expression = self.take_pending();
        let a = if first { top } else { below };
        let shape = Shape::Fused { op, load, offset, first, tested, negated: false };
        self.push_pending(op.result().into(), shape, a, expression.a)?;
        // Of the two only the load may trap.
        self.pending.offset = expression.offset;
        Ok(true)
    }

    /// Makes a sum one with a shift by a small constant that waits, if one of the two topmost
    /// entries is that.
    fn scaled_sum(&mut self, kind: Kind) -> Result<bool, Box<CompileError>> {
        let len = self.stack.len();
        let (Shape::Binary(shift), Value::Const(count)) =
            (self.pending.shape, self.pending.b.value)
        else {
            return Ok(false);
        };
        let scale = lower::scale(shift, count);
        let (Some(scale), true) = (scale, self.pending_at != NONE) else { return Ok(false) };
        let other = if self.pending_at as usize == len - 1 { len - 2 } else { len - 1 };
        if matches!(self.stack[other].value, Value::Const(_)) {
            return Ok(false);
        }
        let (top, below) = (self.pop_lazy(), self.pop_lazy());
        let index = self.take_pending().a;
        let base = if top.value == Value::Pending { below } else { top };
        self.push_pending(kind, Shape::ScaledSum { scale }, base, index)?;
        Ok(true)
    }
}

/// Whether all bits that an operand of `op` has are those that are loaded.
fn is_whole(load: LoadOp, op: NumOp) -> bool {
    let ty = op.params()[0];
    load.result() == ty && load.bytes() == usize::from(Kind::from(ty).width().bytes())
}

/// An operator that gives the same with less work: by a power of two without sign, a shift divides,
/// and a mask leaves the remainder.
fn cheaper(op: NumOp, b: Entry) -> (NumOp, Entry) {
    let Some(divisor) = b.constant().filter(|bits| bits.is_power_of_two()) else {
        return (op, b);
    };
    let power = u64::from(divisor.trailing_zeros());
    let (op, bits) = match op {
        NumOp::I32DivU => (NumOp::I32ShrU, power),
        NumOp::I64DivU => (NumOp::I64ShrU, power),
        NumOp::I32RemU => (NumOp::I32And, divisor - 1),
        NumOp::I64RemU => (NumOp::I64And, divisor - 1),
        _ => return (op, b),
    };
    (op, Entry { value: Value::Const(bits), ..b })
}
