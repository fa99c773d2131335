//! Vector operators: folded, or made pending.
//!
//! What lives here: also their emission, and constants, which wait on the stack until they are
//! needed. What does not: the code of an operator (`wasmtier_x64::lower`). Invariant: a folded
//! operator has the value its row gives.

use wasmparser::{MemArg, V128, VisitSimdOperator};
use wasmtier_ops::{
    SimdAccessOp, SimdAccessShape, SimdOp, SimdShape, for_each_simd_access, for_each_simd_op,
};
use wasmtier_vm::MemoryIdx;
use wasmtier_x64::lower::{self, Imm, Reg};
use wasmtier_x64::{CpuFeatures, Floats, Xmm, XmmMem, XmmOp};

use super::expression::Shape;
use super::memory::{At, Guest};
use super::register::{Register, Registers};
use super::value::{Entry, Kind, Value};
use super::{Compiler, Visit};

/// The immediates of a vector operator: lanes, or nothing.
type Lanes = [u8; 16];

impl Compiler<'_> {
    fn simd(&mut self, op: SimdOp, lanes: Lanes) -> Visit {
        let kind = match op.shape() {
            SimdShape::Test => Kind::I32,
            SimdShape::Extract(ty) => Kind::from(ty),
            SimdShape::Unary
            | SimdShape::Splat(_)
            | SimdShape::Binary
            | SimdShape::Shift
            | SimdShape::Replace(_)
            | SimdShape::Shuffle
            | SimdShape::Ternary => Kind::V128,
        };
        let count = operands(op);
        self.settle_below(count);
        let last = self.pop();
        if count == 1 {
            return match self.known(&[last]) {
                Some(known) => self.push_known(kind, op.eval(&known, lanes)),
                None => self.push_vector(kind, (op, lanes[0].into()), last, last),
            };
        }
        let middle = self.pop();
        if count == 3 {
            let first = self.pop();
            return self.ternary(op, [first, middle, last]);
        }
        if let Some(known) = self.known(&[middle, last]) {
            return self.push_known(kind, op.eval(&known, lanes));
        }
        match op {
            SimdOp::I8x16Shuffle => self.shuffle(lanes, middle, last),
            SimdOp::I8x16Swizzle | SimdOp::I8x16RelaxedSwizzle => {
                match self.bits(&last).map(u128::to_le_bytes) {
                    Some(lanes) if lanes.iter().all(|lane| *lane < 16) => {
                        self.shuffle(lanes, middle, middle)
                    }
                    Some(_) | None => self.push_vector(kind, (op, 0), middle, last),
                }
            }
            _ => self.push_vector(kind, (op, lanes[0].into()), middle, last),
        }
    }

    fn push_vector(&mut self, kind: Kind, (op, imm): (SimdOp, u32), a: Entry, b: Entry) -> Visit {
        self.push_pending(kind, Shape::Vector { op, imm }, a, b)?;
        self.after()
    }

    /// Of lanes of one operand only, the other need not be there.
    fn shuffle(&mut self, lanes: Lanes, a: Entry, b: Entry) -> Visit {
        let is_first = |lane: &u8| *lane % 32 < 16;
        let (a, b) = if lanes.iter().all(is_first) {
            if a != b {
                self.release(&b);
            }
            (a, a)
        } else if !lanes.iter().any(is_first) {
            self.release(&a);
            (b, b)
        } else {
            (a, b)
        };
        self.vectors.push(u128::from_le_bytes(lanes));
        let imm = self.vectors.len() as u32 - 1;
        self.push_vector(Kind::V128, (SimdOp::I8x16Shuffle, imm), a, b)
    }

    fn ternary(&mut self, op: SimdOp, mut operands: [Entry; 3]) -> Visit {
        let from = operands.each_mut().map(|operand| self.register(operand).into());
        let to = self.result(Kind::V128, &operands, None);
        lower::simd(&mut self.lowering(), op, to.into(), &from, Imm::None);
        self.push_register(Kind::V128, to)?;
        self.after()
    }

    /// Gives operands back and takes a temporary for the result, if it has no register yet: that of
    /// the first operand that has one.
    fn result(&mut self, kind: Kind, operands: &[Entry], want: Option<Register>) -> Register {
        let mut hint = None;
        for operand in operands {
            self.release(operand);
            let own = operand.register().filter(|register| kind.file().has(*register));
            hint = hint.or(own);
        }
        // Instructions with three operands need not overwrite what may be asked for again.
        if self.options.cpu.has(CpuFeatures::AVX) {
            let others = self.free.and(kind.file()).without(self.kept);
            hint = hint.filter(|hint| !self.kept.has(*hint) || others.is_empty());
        }
        want.unwrap_or_else(|| self.allocate_near(kind, hint))
    }

    /// Emits an operator on one vector, which is both entries, or two.
    pub(crate) fn emit_vector(
        &mut self,
        (op, imm): (SimdOp, u32),
        (mut a, mut b): (Entry, Entry),
        kind: Kind,
        want: Option<Register>,
    ) -> Register {
        let single = a == b;
        if op.shape() == SimdShape::Shift
            && let Some(count) = b.constant()
        {
            let from = self.xmm(&mut a);
            let to = self.result(kind, &[a], want);
            lower::shift_by(&mut self.lowering(), op, to.as_xmm(), from, count as u32);
            return to;
        }
        if !single && let Some((mut other, memory)) = self.with_memory(op, a, b) {
            let from = self.xmm(&mut other);
            let to = self.result(kind, &[other], want);
            lower::simd_of_memory(&mut self.lowering(), op, to.as_xmm(), from, memory);
            return to;
        }
        let left: Reg = self.register(&mut a).into();
        let right = if single { left } else { self.register(&mut b).into() };
        let both = [a, b];
        let to = self.result(kind, &both[..2 - usize::from(single)], want);
        let imm = match op.shape() {
            SimdShape::Extract(_) | SimdShape::Replace(_) => Imm::Lane(imm as u8),
            SimdShape::Shuffle => Imm::Shuffle(self.vectors[imm as usize].to_le_bytes()),
            SimdShape::Unary
            | SimdShape::Binary
            | SimdShape::Ternary
            | SimdShape::Test
            | SimdShape::Shift
            | SimdShape::Splat(_) => Imm::None,
        };
        let from = &[left, right][..operands(op)];
        lower::simd(&mut self.lowering(), op, to.into(), from, imm);
        to
    }

    /// The operand that is to be in a register, and where the other is in memory, if that will do.
    fn with_memory(&mut self, op: SimdOp, a: Entry, b: Entry) -> Option<(Entry, XmmMem)> {
        if !lower::takes_memory(op) {
            return None;
        }
        if let Some(memory) = self.vector_place(&b) {
            return Some((a, memory));
        }
        let memory = op.commutes().then(|| self.vector_place(&a)).flatten();
        memory.map(|memory| (b, memory))
    }

    /// Where in memory a vector is, if an instruction can read it there.
    fn vector_place(&mut self, entry: &Entry) -> Option<XmmMem> {
        let unaligned = self.options.cpu.has(CpuFeatures::AVX);
        match entry.value {
            Value::Const(_) => {
                let bits = self.bits(entry).filter(|bits| ![0, u128::MAX].contains(bits))?;
                Some(self.exits.constant(&mut self.code, bits).into())
            }
            Value::Slot if unaligned => Some(self.frame.temporary(entry.height, Kind::V128).into()),
            Value::Local { local, .. }
                if unaligned && self.lane(local).is_none() && self.kept(local).is_none() =>
            {
                Some(self.locals[local as usize].mem().into())
            }
            Value::Local { .. } | Value::Slot | Value::Reg(_) | Value::Pending => None,
        }
    }

    /// The bits of a constant.
    fn bits(&self, entry: &Entry) -> Option<u128> {
        let bits = entry.constant()?;
        Some(if entry.kind == Kind::V128 { self.vectors[bits as usize] } else { bits.into() })
    }

    /// The operands, if all are constants.
    fn known(&self, operands: &[Entry]) -> Option<Vec<u128>> {
        operands.iter().map(|operand| self.bits(operand)).collect()
    }

    fn push_known(&mut self, kind: Kind, bits: u128) -> Visit {
        let bits = if kind == Kind::V128 {
            self.vectors.push(bits);
            self.vectors.len() as u64 - 1
        } else {
            bits as u64
        };
        self.push(kind, Value::Const(bits))
    }

    /// Makes a vector register a constant; leaves the flags.
    pub(crate) fn load_vector_constant(&mut self, to: Xmm, bits: u128) {
        match bits {
            0 => self.code.zero_xmm(to),
            u128::MAX => self.code.xmm(XmmOp::Pcmpeqd, to, to),
            _ => {
                let label = self.exits.constant(&mut self.code, bits);
                self.code.load_xmm(Floats::Ps, to, label);
            }
        }
    }

    /// Emits a load from memory 0 by an index of 32 bits.
    pub(crate) fn emit_vector_load(
        &mut self,
        op: SimdAccessOp,
        index: Entry,
        offset: u32,
        want: Option<Register>,
    ) -> Register {
        let at = At { memory: MemoryIdx(0), offset: offset.into() };
        self.load_vector(op, index, at, want)
    }

    fn load_vector(
        &mut self,
        op: SimdAccessOp,
        mut index: Entry,
        at: At,
        want: Option<Register>,
    ) -> Register {
        let Guest { place, held } = self.guest(&mut index, at, op.into(), Registers::NONE);
        self.release(&index);
        self.give_back(held);
        let to = want.unwrap_or_else(|| self.allocate(Kind::V128));
        lower::load_vector(&mut self.lowering(), op, to.as_xmm(), None, place);
        to
    }

    fn simd_access(&mut self, op: SimdAccessOp, memarg: MemArg, lane: u8) -> Visit {
        let at = At::of(memarg)?;
        match op.shape() {
            SimdAccessShape::Load => {
                self.settle_below(1);
                let index = self.pop();
                if let Some(offset) = self.near(at) {
                    let shape = Shape::LoadVector { op, offset };
                    self.push_pending(Kind::V128, shape, index, index)?;
                } else {
                    let to = self.load_vector(op, index, at, None);
                    self.push_register(Kind::V128, to)?;
                }
            }
            SimdAccessShape::LoadLane => {
                self.settle_below(2);
                let mut value = self.pop();
                let mut index = self.pop();
                let from = self.xmm(&mut value);
                let Guest { place, held } = self.guest(&mut index, at, op.into(), Registers::NONE);
                self.release(&index);
                self.give_back(held);
                let to = self.result(Kind::V128, &[value], None);
                let value = Some((from, lane));
                lower::load_vector(&mut self.lowering(), op, to.as_xmm(), value, place);
                self.push_register(Kind::V128, to)?;
            }
            SimdAccessShape::Store | SimdAccessShape::StoreLane => {
                self.settle_below(2);
                let mut value = self.pop();
                let mut index = self.pop();
                let from = self.xmm(&mut value);
                let Guest { place, held } = self.guest(&mut index, at, op.into(), Registers::NONE);
                lower::store_vector(&mut self.lowering(), op, place, from, lane);
                self.release(&index);
                self.release(&value);
                self.give_back(held);
            }
        }
        self.after()
    }
}

/// How many operands an operator pops.
fn operands(op: SimdOp) -> usize {
    match op.shape() {
        SimdShape::Unary | SimdShape::Test | SimdShape::Splat(_) | SimdShape::Extract(_) => 1,
        SimdShape::Binary | SimdShape::Shift | SimdShape::Replace(_) | SimdShape::Shuffle => 2,
        SimdShape::Ternary => 3,
    }
}

/// A single lane immediate among [`Lanes`].
fn one_lane(lane: u8) -> Lanes {
    let mut lanes = [0; 16];
    lanes[0] = lane;
    lanes
}

macro_rules! visit_simd {
    ($($op:ident $visit:ident $text:literal $shape:ident $params:tt -> $R:ident
        $($word:ident)? = $e:expr;)*) => {
        $(visit_simd!(@$shape $op $visit);)*
    };
    (@extract $op:ident $visit:ident) => {
        fn $visit(&mut self, lane: u8) -> Visit {
            self.simd(SimdOp::$op, one_lane(lane))
        }
    };
    (@replace $op:ident $visit:ident) => { visit_simd!(@extract $op $visit); };
    (@shuffle $op:ident $visit:ident) => {
        fn $visit(&mut self, lanes: [u8; 16]) -> Visit {
            self.simd(SimdOp::$op, lanes)
        }
    };
    (@$shape:ident $op:ident $visit:ident) => {
        fn $visit(&mut self) -> Visit {
            self.simd(SimdOp::$op, [0; 16])
        }
    };
}

macro_rules! visit_simd_access {
    ($($op:ident $visit:ident $text:literal $shape:ident $params:tt -> $R:ident = $e:expr;)*) => {
        $(visit_simd_access!(@$shape $op $visit);)*
    };
    (@load_lane $op:ident $visit:ident) => {
        fn $visit(&mut self, memarg: MemArg, lane: u8) -> Visit {
            self.simd_access(SimdAccessOp::$op, memarg, lane)
        }
    };
    (@store_lane $op:ident $visit:ident) => { visit_simd_access!(@load_lane $op $visit); };
    (@$shape:ident $op:ident $visit:ident) => {
        fn $visit(&mut self, memarg: MemArg) -> Visit {
            self.simd_access(SimdAccessOp::$op, memarg, 0)
        }
    };
}

impl VisitSimdOperator<'_> for Compiler<'_> {
    for_each_simd_op!(visit_simd);
    for_each_simd_access!(visit_simd_access);

    fn visit_v128_const(&mut self, value: V128) -> Visit {
        self.push_known(Kind::V128, u128::from_le_bytes(*value.bytes()))
    }
}
