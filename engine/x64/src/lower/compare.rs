//! Comparisons, and conditions made of them.
//!
//! What lives here: [`Test`], what flags must say, and how it is used; instructions that only set
//! flags. What does not: where a conditional jump goes. Invariant: nothing is written but the flags
//! and scratch registers until a test is used.

use dynasmrt::{DynamicLabel, DynasmLabelApi};

use super::operand::{FLOAT_TEMPS, Int, TEMP, copy_int, float_reg, load_float, load_int};
use super::shape::Order;
use super::{Lowering, Operand};
use crate::{Alu, CodeBuffer, Cond, Floats, Gpr, GprMem, Width, Xmm, XmmMem, XmmUnary};

/// What the flags must say. To be used before anything changes them; only [`Test::set`] does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Test(Needs);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Needs {
    One(Cond),
    Both(Cond, Cond),
    Either(Cond, Cond),
}

impl From<Cond> for Test {
    fn from(cond: Cond) -> Self {
        Self(Needs::One(cond))
    }
}

impl Test {
    /// The test that holds exactly when this one does not.
    #[expect(clippy::should_implement_trait, reason = "it is one step in a chain of methods")]
    pub fn not(self) -> Self {
        Self(match self.0 {
            Needs::One(cond) => Needs::One(cond.negated()),
            Needs::Both(a, b) => Needs::Either(a.negated(), b.negated()),
            Needs::Either(a, b) => Needs::Both(a.negated(), b.negated()),
        })
    }

    /// Goes to `label` if it holds.
    pub fn jump(self, l: &mut Lowering<'_>, label: DynamicLabel) {
        self.branch(l, label, CodeBuffer::jcc);
    }

    /// Goes to `label`, which is at most 127 bytes away, if it holds.
    pub fn jump_short(self, l: &mut Lowering<'_>, label: DynamicLabel) {
        self.branch(l, label, CodeBuffer::jcc_short);
    }

    fn branch(
        self,
        l: &mut Lowering<'_>,
        label: DynamicLabel,
        jcc: fn(&mut CodeBuffer, Cond, DynamicLabel),
    ) {
        match self.0 {
            Needs::One(cond) => jcc(l.code, cond, label),
            Needs::Both(a, b) => {
                let not = l.code.new_dynamic_label();
                l.code.jcc_short(a.negated(), not);
                jcc(l.code, b, label);
                l.place(not);
            }
            Needs::Either(a, b) => {
                jcc(l.code, a, label);
                jcc(l.code, b, label);
            }
        }
    }

    /// Makes `dst` 1 if it holds, else 0. Changes the flags.
    pub fn set(self, l: &mut Lowering<'_>, dst: Gpr) {
        self.set_byte(l, dst);
        l.code.movzx(Width::W8, dst, dst);
    }

    /// Makes the low 8 bits of `dst` 1 if it holds, else 0. Changes the flags.
    pub(super) fn set_byte(self, l: &mut Lowering<'_>, dst: Gpr) {
        let (op, a, b) = match self.0 {
            Needs::One(cond) => return l.code.setcc(cond, dst),
            Needs::Both(a, b) => (Alu::And, a, b),
            Needs::Either(a, b) => (Alu::Or, a, b),
        };
        l.code.setcc(a, dst);
        l.code.setcc(b, TEMP);
        l.code.alu(op, Width::W8, dst, TEMP);
    }

    /// Makes `dst` the integer `a` if it holds, else `b`; of 64 bits if `wide`, else of 32. Memory
    /// is read in any case.
    pub fn select(self, l: &mut Lowering<'_>, wide: bool, dst: Gpr, a: Operand, b: Operand) {
        let width = if wide { Width::W64 } else { Width::W32 };
        let negated = match self.0 {
            // What is in `dst` is best left there, and an immediate takes no register first.
            Needs::One(_) => (matches!(a, Operand::Imm(_)) || a.uses(dst)) && !b.uses(dst),
            // Two moves make an alternative, nothing makes a conjunction.
            Needs::Both(..) => true,
            Needs::Either(..) => false,
        };
        if negated {
            self.not().cmov(l, width, dst, b, a);
        } else {
            self.cmov(l, width, dst, a, b);
        }
    }

    /// `dst = b`, then `dst = a` if it holds.
    fn cmov(self, l: &mut Lowering<'_>, width: Width, dst: Gpr, a: Operand, b: Operand) {
        let (target, source) = match a.int() {
            Int::Place(source) if a.uses(dst) => (TEMP, source),
            Int::Place(source) => (dst, source),
            Int::Imm(_) => {
                copy_int(l.code, width, TEMP, a);
                (dst, TEMP.into())
            }
        };
        load_int(l.code, width, target, b);
        match self.0 {
            Needs::One(cond) => l.code.cmov(cond, width, target, source),
            Needs::Either(a, b) => {
                l.code.cmov(a, width, target, source);
                l.code.cmov(b, width, target, source);
            }
            Needs::Both(..) => unreachable!("the negation of a conjunction is an alternative"),
        }
        if target != dst {
            l.code.mov(width, dst, target);
        }
    }

    /// Makes `dst` the vector or float `a` if it holds, else `b`, by a jump.
    pub fn select_floats(
        self,
        l: &mut Lowering<'_>,
        floats: Floats,
        dst: Xmm,
        a: Operand,
        b: Operand,
    ) {
        let done = l.code.new_dynamic_label();
        if b == dst.into() {
            self.not().jump_short(l, done);
            load_float(l.code, floats, dst, a);
        } else {
            load_float(l.code, floats, dst, a);
            self.jump_short(l, done);
            load_float(l.code, floats, dst, b);
        }
        l.place(done);
    }
}

impl Lowering<'_> {
    /// Places `label` here.
    pub(super) fn place(&mut self, label: DynamicLabel) {
        self.code.dynamic_label(label);
    }
}

/// Whether the integers `a` and `b` compare so.
pub(super) fn integers(
    code: &mut CodeBuffer,
    cond: Cond,
    width: Width,
    a: Operand,
    b: Operand,
) -> Test {
    let cond = match (a.int(), b.int()) {
        (Int::Imm(a), Int::Place(b)) => {
            compare_imm(code, width, b, a);
            cond.swapped().expect("the comparisons of integers have an order")
        }
        (Int::Place(a), Int::Imm(b)) => {
            compare_imm(code, width, a, b);
            cond
        }
        (Int::Place(GprMem::Reg(a)), Int::Place(b)) => {
            code.alu(Alu::Cmp, width, a, b);
            cond
        }
        (Int::Place(GprMem::Mem(a)), Int::Place(GprMem::Reg(b))) => {
            code.alu_store(Alu::Cmp, width, a, b);
            cond
        }
        (Int::Imm(_) | Int::Place(_), b) => {
            load_int(code, width, TEMP, a);
            match b {
                Int::Place(b) => code.alu(Alu::Cmp, width, TEMP, b),
                Int::Imm(b) => code.alu_imm(Alu::Cmp, width, TEMP, b),
            }
            cond
        }
    };
    cond.into()
}

fn compare_imm(code: &mut CodeBuffer, width: Width, a: GprMem, imm: i32) {
    match (a, imm) {
        (GprMem::Reg(a), 0) => code.test(width, a, a),
        (GprMem::Reg(_) | GprMem::Mem(_), _) => code.alu_imm(Alu::Cmp, width, a, imm),
    }
}

/// Whether the conjunction of `a` and `b` is not zero.
pub(super) fn common_bits(code: &mut CodeBuffer, width: Width, a: Operand, b: Operand) -> Test {
    match (a.int(), b.int()) {
        (Int::Imm(imm), Int::Place(place)) | (Int::Place(place), Int::Imm(imm)) => {
            let width = match imm {
                0..256 => Width::W8,
                256.. => Width::W32,
                _ => width,
            };
            code.test_imm(width, place, imm);
        }
        (Int::Place(place), Int::Place(GprMem::Reg(register)))
        | (Int::Place(GprMem::Reg(register)), Int::Place(place)) => {
            code.test(width, place, register);
        }
        (Int::Place(_) | Int::Imm(_), b) => {
            load_int(code, width, TEMP, a);
            match b {
                Int::Place(b) => code.test(width, b, TEMP),
                Int::Imm(b) => code.test_imm(width, TEMP, b),
            }
        }
    }
    Cond::Ne.into()
}

/// Whether the floats `a` and `b` compare so.
pub(super) fn ordered(
    l: &mut Lowering<'_>,
    order: Order,
    floats: Floats,
    a: Operand,
    b: Operand,
) -> Test {
    // If either is NaN, the flags are those of below, of equal and of parity at once. With the
    // greater one first, `A` and `Ae` tell that from every other outcome.
    let (first, second, needs) = match order {
        Order::Eq => (a, b, Needs::Both(Cond::E, Cond::Np)),
        Order::Ne => (a, b, Needs::Either(Cond::Ne, Cond::P)),
        Order::Lt => (b, a, Needs::One(Cond::A)),
        Order::Gt => (a, b, Needs::One(Cond::A)),
        Order::Le => (b, a, Needs::One(Cond::Ae)),
        Order::Ge => (a, b, Needs::One(Cond::Ae)),
    };
    let symmetric = matches!(order, Order::Eq | Order::Ne);
    let in_memory = matches!(a, Operand::Mem(_) | Operand::Constant(_));
    let swap = symmetric && in_memory && matches!(b, Operand::Reg(_));
    let (first, second) = if swap { (second, first) } else { (first, second) };
    let first = float_reg(l, floats, first, FLOAT_TEMPS[0]);
    compare_floats(l, floats, first, second.float());
    Test(needs)
}

/// Sets the flags by comparing `a` with `b`, without an exception for NaN.
pub(super) fn compare_floats(l: &mut Lowering<'_>, floats: Floats, a: Xmm, b: impl Into<XmmMem>) {
    let op = match floats {
        Floats::Ss | Floats::Ps => XmmUnary::Ucomiss,
        Floats::Sd | Floats::Pd => XmmUnary::Ucomisd,
    };
    l.code.xmm_unary(op, a, b);
}
