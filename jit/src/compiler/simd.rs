//! Vector operators: operands in registers, results in temporaries.
//!
//! What lives here: constants, which wait on the stack until they are needed, and what is done with
//! them. What does not: the code of an operator (`wasmtier_x64::lower`). Invariant: a folded
//! operator has the value its row gives.

use wasmparser::{MemArg, V128, VisitSimdOperator};
use wasmtier_ops::{
    SimdAccessOp, SimdAccessShape, SimdOp, SimdShape, for_each_simd_access, for_each_simd_op,
};
use wasmtier_x64::lower::{self, Imm, Reg};
use wasmtier_x64::{Floats, Xmm, XmmOp};

use super::memory::{At, Guest};
use super::register::{Register, Registers};
use super::value::{Entry, Kind, Value};
use super::{Compiler, Visit};

/// The immediates of a vector operator: lanes, or nothing.
type Lanes = [u8; 16];

impl Compiler<'_> {
    fn simd(&mut self, op: SimdOp, lanes: Lanes) -> Visit {
        let lane = Imm::Lane(lanes[0]);
        let (count, kind, imm) = match op.shape() {
            SimdShape::Unary | SimdShape::Splat(_) => (1, Kind::V128, Imm::None),
            SimdShape::Test => (1, Kind::I32, Imm::None),
            SimdShape::Binary | SimdShape::Shift => (2, Kind::V128, Imm::None),
            SimdShape::Ternary => (3, Kind::V128, Imm::None),
            SimdShape::Extract(ty) => (1, Kind::from(ty), lane),
            SimdShape::Replace(_) => (2, Kind::V128, lane),
            SimdShape::Shuffle => (2, Kind::V128, Imm::Shuffle(lanes)),
        };
        self.settle_below(count);
        let mut operands: Vec<Entry> = (0..count).map(|_| self.pop()).collect();
        operands.reverse();
        if let Some(known) = self.known(&operands) {
            return self.push_known(kind, op.eval(&known, lanes));
        }
        if let Some(value) = self.with_constant(op, &mut operands) {
            self.push_register(Kind::V128, value)?;
            return self.after();
        }
        let to = self.emit_simd(op, kind, &mut operands, imm);
        self.push_register(kind, to)?;
        self.after()
    }

    /// Emits an operator into a temporary, and gives its operands back.
    fn emit_simd(&mut self, op: SimdOp, kind: Kind, operands: &mut [Entry], imm: Imm) -> Register {
        let from: Vec<Reg> =
            operands.iter_mut().map(|operand| self.register(operand).into()).collect();
        let to = self.replace(kind, operands);
        lower::simd(&mut self.lowering(), op, to.into(), &from, imm);
        to
    }

    /// Gives operands back and takes a temporary for the result: that of the first operand that
    /// has one.
    fn replace(&mut self, kind: Kind, operands: &[Entry]) -> Register {
        let mut hint = None;
        for operand in operands {
            self.release(operand);
            let own = operand.register().filter(|register| kind.file().has(*register));
            hint = hint.or(own);
        }
        self.allocate_near(kind, hint)
    }

    /// Emits what is better with a constant as its second operand.
    fn with_constant(&mut self, op: SimdOp, operands: &mut [Entry]) -> Option<Register> {
        let [a, b] = operands else { return None };
        let bits = self.bits(b)?;
        match op {
            _ if op.shape() == SimdShape::Shift => {
                let from = self.xmm(a);
                let to = self.replace(Kind::V128, &[*a]);
                lower::shift_by(&mut self.lowering(), op, to.as_xmm(), from, bits as u32);
                Some(to)
            }
            SimdOp::I8x16Swizzle | SimdOp::I8x16RelaxedSwizzle => {
                let lanes = bits.to_le_bytes();
                if lanes.iter().any(|lane| *lane >= 16) {
                    return None;
                }
                let from = self.register(a).into();
                let to = self.replace(Kind::V128, &[*a]);
                let (op, imm) = (SimdOp::I8x16Shuffle, Imm::Shuffle(lanes));
                lower::simd(&mut self.lowering(), op, to.into(), &[from, from], imm);
                Some(to)
            }
            _ => None,
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

    fn simd_access(&mut self, op: SimdAccessOp, memarg: MemArg, lane: u8) -> Visit {
        let at = At::of(memarg)?;
        match op.shape() {
            SimdAccessShape::Load => {
                self.settle_below(1);
                let mut index = self.pop();
                let Guest { place, held } = self.guest(&mut index, at, op.into(), Registers::NONE);
                self.release(&index);
                self.give_back(held);
                let to = self.allocate(Kind::V128);
                lower::load_vector(&mut self.lowering(), op, to.as_xmm(), None, place);
                self.push_register(Kind::V128, to)?;
            }
            SimdAccessShape::LoadLane => {
                self.settle_below(2);
                let mut value = self.pop();
                let mut index = self.pop();
                let from = self.xmm(&mut value);
                let Guest { place, held } = self.guest(&mut index, at, op.into(), Registers::NONE);
                self.release(&index);
                self.give_back(held);
                let to = self.replace(Kind::V128, &[value]);
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
