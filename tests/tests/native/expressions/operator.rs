//! [`Operator`]: an operator of any kind as what it takes and gives, and operands for it.
//!
//! What lives here: which operators there are, with which immediates. Invariant: they come from
//! `wasmtier_ops`; nothing here names one.

use wasmtier_ops::{NumOp, ScalarType, SimdOp, SimdShape, Trap, WideOp, WideShape};

use crate::access::Access;
use crate::values::{Random, edges, vectors};

/// The type of a value.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Type {
    Scalar(ScalarType),
    Vector,
}

impl Type {
    pub(crate) const I32: Self = Self::Scalar(ScalarType::I32);
    pub(crate) const I64: Self = Self::Scalar(ScalarType::I64);
    pub(crate) const ALL: [Self; 5] = [
        Self::I32,
        Self::I64,
        Self::Scalar(ScalarType::F32),
        Self::Scalar(ScalarType::F64),
        Self::Vector,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Scalar(ty) => ty.name(),
            Self::Vector => "v128",
        }
    }

    fn named(name: &str) -> Self {
        Self::ALL.into_iter().find(|ty| ty.name() == name).expect("all types are there")
    }

    /// The text of a constant.
    pub(crate) fn constant(self, bits: u128) -> String {
        match self {
            Self::Scalar(ty) => crate::program::constant(ty, bits as u64),
            Self::Vector => {
                format!("(v128.const i64x2 {} {})", bits as i64, (bits >> 64) as i64)
            }
        }
    }

    /// A value: an edge, or with few, many or all bits random.
    pub(crate) fn value(self, random: &mut Random) -> u128 {
        match self {
            Self::Scalar(ty) if random.below(2) == 0 => {
                let edges = edges(ty);
                edges[random.below(edges.len())].into()
            }
            Self::Scalar(ty) => random.value(ty).into(),
            Self::Vector => vectors(1, random.bits())[0][0],
        }
    }
}

/// What an operator does.
#[derive(Copy, Clone, Debug)]
enum Meaning {
    Numeric(NumOp),
    Wide(WideOp),
    Vector(SimdOp, [u8; 16]),
    Access(Access),
}

/// An operator with its immediates.
#[derive(Clone, Debug)]
pub(crate) struct Operator {
    /// Its name and immediates as text.
    pub(crate) text: String,
    pub(crate) params: Vec<Type>,
    pub(crate) results: Vec<Type>,
    meaning: Meaning,
}

impl Operator {
    pub(crate) fn numeric(op: NumOp) -> Self {
        Self {
            text: op.name().to_owned(),
            params: op.params().iter().copied().map(Type::Scalar).collect(),
            results: vec![Type::Scalar(op.result())],
            meaning: Meaning::Numeric(op),
        }
    }

    pub(crate) fn wide(op: WideOp) -> Self {
        let params = match op.shape() {
            WideShape::Wide => 4,
            WideShape::Widening => 2,
        };
        Self {
            text: op.name().to_owned(),
            params: vec![Type::I64; params],
            results: vec![Type::I64; 2],
            meaning: Meaning::Wide(op),
        }
    }

    /// An operator on vectors, its lanes chosen by `random`.
    pub(crate) fn vector(op: SimdOp, random: &mut Random) -> Self {
        const VECTOR: Type = Type::Vector;
        let mut lanes = [0; 16];
        let (params, result) = match op.shape() {
            SimdShape::Unary => (vec![VECTOR], VECTOR),
            SimdShape::Binary | SimdShape::Shuffle => (vec![VECTOR; 2], VECTOR),
            SimdShape::Ternary => (vec![VECTOR; 3], VECTOR),
            SimdShape::Shift => (vec![VECTOR, Type::I32], VECTOR),
            SimdShape::Test => (vec![VECTOR], Type::I32),
            SimdShape::Splat(ty) => (vec![Type::Scalar(ty)], VECTOR),
            SimdShape::Extract(ty) => (vec![VECTOR], Type::Scalar(ty)),
            SimdShape::Replace(ty) => (vec![VECTOR, Type::Scalar(ty)], VECTOR),
        };
        let mut text = op.name().to_owned();
        match op.shape() {
            SimdShape::Shuffle => {
                lanes = [0; 16].map(|_: u8| random.below(32) as u8);
                lanes.iter().for_each(|lane| text += &format!(" {lane}"));
            }
            SimdShape::Extract(_) | SimdShape::Replace(_) => {
                lanes[0] = random.below(lane_count(op)) as u8;
                text += &format!(" {}", lanes[0]);
            }
            SimdShape::Unary
            | SimdShape::Binary
            | SimdShape::Ternary
            | SimdShape::Shift
            | SimdShape::Test
            | SimdShape::Splat(_) => {}
        }
        Self { text, params, results: vec![result], meaning: Meaning::Vector(op, lanes) }
    }

    /// An access to one of two memories, with an offset.
    pub(crate) fn access(access: Access, random: &mut Random) -> Self {
        let values = access.values().into_iter().map(Type::named);
        let (memory, offset, lane) =
            (random.below(2), random.below(3) as u64 * 8, random.below(16));
        Self {
            text: access.operator(memory, offset, lane),
            params: [Type::I32].into_iter().chain(values).collect(),
            results: access.result().map(Type::named).into_iter().collect(),
            meaning: Meaning::Access(access),
        }
    }

    /// Whether some operands make it trap.
    pub(crate) fn traps(&self) -> bool {
        match self.meaning {
            Meaning::Numeric(op) => op.traps(),
            Meaning::Access(access) => access.is_atomic(),
            Meaning::Wide(_) | Meaning::Vector(..) => false,
        }
    }

    /// Whether its operands and results are numbers.
    pub(crate) fn is_scalar(&self) -> bool {
        matches!(self.meaning, Meaning::Numeric(_) | Meaning::Wide(_))
    }

    /// What its row says, if it has results and needs no memory.
    pub(crate) fn eval(&self, args: &[u128]) -> Option<Result<Vec<u128>, Trap>> {
        let slots: Vec<u64> = args.iter().map(|bits| *bits as u64).collect();
        match self.meaning {
            Meaning::Numeric(op) => Some(op.eval(&slots).map(|bits| vec![bits.into()])),
            Meaning::Wide(op) => Some(Ok(op.eval(&slots).map(u128::from).to_vec())),
            Meaning::Vector(op, lanes) => Some(Ok(vec![op.eval(args, lanes)])),
            Meaning::Access(_) => None,
        }
    }

    /// Whether operand `index` is an address.
    pub(crate) fn is_address(&self, index: usize) -> bool {
        matches!(self.meaning, Meaning::Access(_)) && index == 0
    }

    /// Operands; addresses are multiples of 16 that programs may write to.
    pub(crate) fn operands(&self, random: &mut Random) -> Vec<u128> {
        let mut operands: Vec<u128> = Vec::new();
        for (index, ty) in self.params.iter().enumerate() {
            let value = match operands.last() {
                _ if self.is_address(index) => u128::from(random.bits()) & 0x3ff0,
                Some(last) if self.params[index - 1] == *ty && random.below(12) == 0 => *last,
                _ => ty.value(random),
            };
            operands.push(value);
        }
        operands
    }
}

/// How many lanes an operator looks at, by its name.
fn lane_count(op: SimdOp) -> usize {
    let lanes = op.name().split(['x', '.']).nth(1).expect("names are so");
    lanes.parse().expect("names begin with a shape")
}
