//! The pending expression: an operator that is not emitted before its user is known.
//!
//! What lives here: its shapes, and emitting it. What does not: which operators wait (their own
//! files). Who uses it next may tell where the result goes, or need no result at all: a local's
//! lane, an argument's register, the flags.
//!
//! Invariants: there is at most one, and nothing was emitted since it became pending. Its operands
//! are computed; their temporaries belong to it.

use wasmtier_ops::{LoadOp, NumOp, SimdAccessOp, SimdOp};
use wasmtier_vm::MemoryIdx;
use wasmtier_x64::lower::{self, Class, Constraint, Operand, Test};
use wasmtier_x64::{Cond, Mem, Scale, Width};

use super::Compiler;
use super::Visit;
use super::memory::{At, Guest};
use super::register::{Register, Registers};
use super::value::{Entry, Kind, NONE, Value};

/// An expression whose operands are on nobody's stack any more.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Expression {
    pub(crate) shape: Shape,
    /// The operands, as many as the shape has.
    pub(crate) a: Entry,
    pub(crate) b: Entry,
    /// The type of its value.
    pub(crate) kind: Kind,
    /// The offset in the module of its operator.
    pub(crate) offset: u64,
}

/// What is done with the operands.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Shape {
    Unary(NumOp),
    Binary(NumOp),
    /// 1 if the value of the operator on both is not zero; the other way round if `negated`.
    Compare {
        op: NumOp,
        negated: bool,
    },
    /// 1 if `a`, of 64 bits if `wide`, is not zero; the other way round if `negated`.
    Nonzero {
        wide: bool,
        negated: bool,
    },
    /// `a`, and `b` multiplied.
    ScaledSum {
        scale: Scale,
    },
    /// `a` and what `load` loads from memory 0, at the index `b`; in that order unless `first`.
    /// If `tested`, 1 if the comparison holds; the other way round if `negated`.
    Fused {
        op: NumOp,
        load: LoadOp,
        offset: u32,
        first: bool,
        tested: bool,
        negated: bool,
    },
    /// From memory 0, at the index `a`.
    Load {
        op: LoadOp,
        offset: u32,
    },
    /// `imm` is a lane, or the place of a mask among the constants of vectors.
    Vector {
        op: SimdOp,
        imm: u32,
    },
    /// As `Load`.
    LoadVector {
        op: SimdAccessOp,
        offset: u32,
    },
}

impl Expression {
    /// In place of one.
    pub(crate) const NONE: Self = Self {
        shape: Shape::Nonzero { wide: false, negated: false },
        a: Entry { value: Value::Slot, height: 0, kind: Kind::I32 },
        b: Entry { value: Value::Slot, height: 0, kind: Kind::I32 },
        kind: Kind::I32,
        offset: 0,
    };

    /// The same value as a condition, if it is the value of a condition's kind.
    pub(crate) fn condition(self) -> Option<Self> {
        match self.shape {
            Shape::Compare { .. } | Shape::Nonzero { .. } => Some(self),
            Shape::Binary(op) if lower::class(op) == Class::And => {
                Some(Self { shape: Shape::Compare { op, negated: false }, ..self })
            }
            Shape::Fused { tested: true, .. } => Some(self),
            Shape::Load { op: load, offset } if !self.kind.is_float() => {
                let op = if self.kind == Kind::I64 { NumOp::I64Ne } else { NumOp::I32Ne };
                let (first, tested, negated) = (true, true, false);
                let shape = Shape::Fused { op, load, offset, first, tested, negated };
                let zero = Entry { value: Value::Const(0), ..self.a };
                Some(Self { shape, a: zero, b: self.a, kind: Kind::I32, ..self })
            }
            Shape::Binary(_)
            | Shape::Unary(_)
            | Shape::ScaledSum { .. }
            | Shape::Fused { .. }
            | Shape::Load { .. }
            | Shape::Vector { .. }
            | Shape::LoadVector { .. } => None,
        }
    }

    /// The opposite condition.
    pub(crate) fn negated(self) -> Self {
        let shape = match self.shape {
            Shape::Compare { op, negated } => Shape::Compare { op, negated: !negated },
            Shape::Nonzero { wide, negated } => Shape::Nonzero { wide, negated: !negated },
            Shape::Fused { op, load, offset, first, tested, negated } => {
                Shape::Fused { op, load, offset, first, tested, negated: !negated }
            }
            shape @ (Shape::Unary(_)
            | Shape::Binary(_)
            | Shape::ScaledSum { .. }
            | Shape::Load { .. }
            | Shape::Vector { .. }
            | Shape::LoadVector { .. }) => shape,
        };
        Self { shape, ..self }
    }
}

impl Compiler<'_> {
    /// Pushes an expression of the operator at hand without computing it. Its operands were popped.
    pub(crate) fn push_pending(&mut self, kind: Kind, shape: Shape, a: Entry, b: Entry) -> Visit {
        debug_assert_eq!(self.pending_at, NONE, "one expression waits at a time");
        self.pending = Expression { shape, a, b, kind, offset: self.offset };
        self.pending_at = self.stack.len() as u32;
        self.push(kind, Value::Pending)
    }

    /// The pending expression, whose entry the caller has popped or overwrites.
    pub(crate) fn take_pending(&mut self) -> Expression {
        self.pending_at = NONE;
        self.pending
    }

    /// Computes an expression, into `want` if told so, else into a temporary that the caller then
    /// holds.
    pub(crate) fn emit(&mut self, expression: &Expression, want: Option<Register>) -> Register {
        let offset = core::mem::replace(&mut self.offset, expression.offset);
        let Expression { shape, mut a, mut b, kind, .. } = *expression;
        let result = match shape {
            Shape::Unary(op) => self.emit_unary(op, a, want),
            Shape::Binary(op) => self.emit_binary(op, a, b, want),
            // Of a conjunction, only whether any bit is left.
            Shape::Compare { op, negated } if negated || lower::class(op) == Class::And => {
                let (left, right) = (self.operand(&mut a), self.operand(&mut b));
                let test = lower::condition(&mut self.lowering(), op, left, right);
                self.set((a, b), if negated { test.not() } else { test }, want)
            }
            Shape::Compare { op, .. } => self.emit_binary(op, a, b, want),
            Shape::Nonzero { wide, negated } => {
                let operand = self.operand(&mut a);
                let test = lower::nonzero(&mut self.lowering(), wide, operand);
                self.set((a, b), if negated { test.not() } else { test }, want)
            }
            Shape::ScaledSum { scale } => self.emit_scaled_sum((a, b), scale, kind, want),
            Shape::Fused { tested: true, .. } => {
                let test = self.test_fused(expression);
                self.set((a, a), test, want)
            }
            Shape::Fused { op, load, offset, .. } => {
                self.emit_fused(op, (load, offset), (a, b), want)
            }
            Shape::Load { op, offset } => self.emit_load(op, a, offset, kind, want),
            Shape::Vector { op, imm } => self.emit_vector((op, imm), (a, b), kind, want),
            Shape::LoadVector { op, offset } => self.emit_vector_load(op, a, offset, want),
        };
        self.collect_traps();
        self.offset = offset;
        result
    }

    /// Makes a register 1 or 0 by flags made of `operands`.
    fn set(&mut self, (a, b): (Entry, Entry), test: Test, want: Option<Register>) -> Register {
        self.release(&a);
        self.release(&b);
        let to = match want {
            Some(to) => to,
            None => self.allocate(Kind::I32),
        };
        test.set(&mut self.lowering(), to.as_gpr());
        to
    }

    /// Sets the flags by a condition, and gives its operands back.
    pub(crate) fn test(&mut self, condition: &Expression) -> Test {
        let offset = core::mem::replace(&mut self.offset, condition.offset);
        let Expression { shape, mut a, mut b, .. } = *condition;
        let test = match shape {
            Shape::Compare { op, negated } => {
                let (left, right) = (self.operand(&mut a), self.operand(&mut b));
                self.release(&b);
                let test = lower::condition(&mut self.lowering(), op, left, right);
                if negated { test.not() } else { test }
            }
            Shape::Nonzero { wide, negated } => {
                let operand = self.operand(&mut a);
                // The flags may be those of the operator that computed it.
                let (register, at) = self.zero_flag;
                let known = operand == Operand::Reg(register.into()) && at == self.code.len();
                let test = if known {
                    Test::from(Cond::Ne)
                } else {
                    lower::nonzero(&mut self.lowering(), wide, operand)
                };
                if negated { test.not() } else { test }
            }
            Shape::Fused { .. } => self.test_fused(condition),
            Shape::Unary(_)
            | Shape::Binary(_)
            | Shape::ScaledSum { .. }
            | Shape::Load { .. }
            | Shape::Vector { .. }
            | Shape::LoadVector { .. } => {
                unreachable!("the caller has made a condition")
            }
        };
        self.release(&a);
        self.offset = offset;
        test
    }

    fn emit_unary(&mut self, op: NumOp, mut a: Entry, want: Option<Register>) -> Register {
        let operand = self.operand(&mut a);
        self.release(&a);
        let to = match want {
            Some(to) => to,
            None => self.allocate_near(op.result().into(), a.register()),
        };
        lower::unary(&mut self.lowering(), op, to.into(), operand);
        to
    }

    fn emit_binary(
        &mut self,
        op: NumOp,
        mut a: Entry,
        mut b: Entry,
        want: Option<Register>,
    ) -> Register {
        match lower::constraint(op, self.options.cpu) {
            Constraint::None => {}
            Constraint::ShiftCount => return self.emit_shift(op, a, b, want),
            Constraint::Divide { result } => {
                return self.emit_division(op, (a, b), Register::gpr(result), want);
            }
        }
        let (left, right) = (self.operand(&mut a), self.operand(&mut b));
        self.release(&a);
        self.release(&b);
        let to = match want {
            Some(to) => to,
            None => self.allocate_near(op.result().into(), a.register().or(b.register())),
        };
        lower::binary(&mut self.lowering(), op, to.into(), left, right);
        if to.is_gpr() && lower::flags_tell_zero(op, to.into(), left, right) {
            self.zero_flag = (to, self.code.len());
        }
        to
    }

    fn emit_scaled_sum(
        &mut self,
        (mut a, mut b): (Entry, Entry),
        scale: Scale,
        kind: Kind,
        want: Option<Register>,
    ) -> Register {
        let (base, index) = (self.gpr(&mut a), self.gpr(&mut b));
        self.release(&a);
        self.release(&b);
        let to = match want {
            Some(to) => to,
            None => self.allocate_near(kind, a.register().or(b.register())),
        };
        self.code.lea(kind.width(), to.as_gpr(), Mem::base(base).indexed(index, scale));
        to
    }

    /// A shift or rotation whose count has to be in `rcx`, if it is no constant.
    fn emit_shift(
        &mut self,
        op: NumOp,
        mut a: Entry,
        b: Entry,
        want: Option<Register>,
    ) -> Register {
        let kind = Kind::from(op.result());
        let rcx = Register::RCX;
        if let Value::Const(count) = b.value {
            let left = self.operand(&mut a);
            self.release(&a);
            let to = want.unwrap_or_else(|| self.allocate_near(kind, a.register()));
            let count = Operand::Imm((count & 63) as i32);
            lower::binary(&mut self.lowering(), op, to.into(), left, count);
            return to;
        }
        if b.register() != Some(rcx) {
            if a.register() == Some(rcx) {
                let other = self.allocate_in(Registers::GPR.without(rcx.set()));
                self.copy(kind, other, rcx);
                a.value = Value::Reg(other);
            } else {
                self.claim(rcx);
            }
            self.load(&b, rcx);
            self.release(&b);
        }
        // The result may be where the first operand is, but not in rcx.
        let left = self.operand(&mut a);
        self.release(&a);
        let outside = Registers::GPR.without(rcx.set());
        let to = match want {
            Some(to) if to != rcx => to,
            Some(_) | None => match a.register() {
                Some(near) if self.free.has(near) => self.allocate_near(kind, Some(near)),
                Some(_) | None => self.allocate_in(outside),
            },
        };
        lower::binary(&mut self.lowering(), op, to.into(), left, Operand::from(rcx.as_gpr()));
        self.release_register(rcx);
        to
    }

    /// A division: of `rax`, by what is neither there nor in `rdx`.
    fn emit_division(
        &mut self,
        op: NumOp,
        (mut a, mut b): (Entry, Entry),
        result: Register,
        want: Option<Register>,
    ) -> Register {
        let kind = Kind::from(op.result());
        let both = Register::RAX.set().or(Register::RDX.set());
        let outside = Registers::GPR.without(both);
        // The divisor first out of the way, then the dividend in.
        if let Some(divisor) = b.register().filter(|register| both.has(*register)) {
            match a.register().filter(|register| outside.has(*register)) {
                Some(dividend) if self.free.and(outside).is_empty() => {
                    self.code.xchg(Width::W64, dividend.as_gpr(), divisor.as_gpr());
                    (a.value, b.value) = (b.value, a.value);
                }
                Some(_) | None => {
                    let other = self.allocate_in(outside);
                    self.load(&b, other);
                    self.release(&b);
                    b.value = Value::Reg(other);
                }
            }
        }
        if a.register() != Some(Register::RAX) {
            self.claim(Register::RAX);
            self.load(&a, Register::RAX);
            self.release(&a);
        }
        if kind == Kind::I64 && self.operand_needs_register(&b) {
            let other = self.allocate_in(outside);
            self.load(&b, other);
            b.value = Value::Reg(other);
        }
        self.claim(Register::RDX);
        let divisor = self.operand(&mut b);
        let rax = Operand::from(Register::RAX.as_gpr());
        lower::binary(&mut self.lowering(), op, result.into(), rax, divisor);
        self.release(&b);
        for register in both {
            self.release_register(register);
        }
        match want {
            Some(to) => {
                self.copy(kind, to, result);
                to
            }
            None => self.allocate_near(kind, Some(result)),
        }
    }

    /// Whether a constant is no immediate.
    pub(crate) fn operand_needs_register(&self, entry: &Entry) -> bool {
        entry.constant().is_some_and(|bits| i32::try_from(bits.cast_signed()).is_err())
    }

    fn emit_load(
        &mut self,
        op: LoadOp,
        mut index: Entry,
        offset: u32,
        kind: Kind,
        want: Option<Register>,
    ) -> Register {
        let at = At { memory: MemoryIdx(0), offset: offset.into() };
        let Guest { place, held } = self.guest(&mut index, at, op.into(), Registers::NONE);
        self.release(&index);
        self.give_back(held);
        let to = match want {
            Some(to) => to,
            None => self.allocate_near(kind, index.register()),
        };
        lower::load(&mut self.lowering(), op, to.into(), place);
        to
    }
}
