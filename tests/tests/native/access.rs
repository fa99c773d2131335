//! [`Access`]: any operator that accesses memory, and how it is written.
//!
//! Invariant: operators come from `wasmtier_ops`; nothing here names one.

use wasmtier_ops::{
    AtomicOp, AtomicShape, LoadOp, ScalarType, SimdAccessOp, SimdAccessShape, StoreOp,
};

/// An operator with an address.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Access {
    Load(LoadOp),
    Store(StoreOp),
    Simd(SimdAccessOp),
    Atomic(AtomicOp),
}

impl Access {
    pub(crate) fn all() -> Vec<Self> {
        let loads = LoadOp::ALL.iter().map(|op| Self::Load(*op));
        let stores = StoreOp::ALL.iter().map(|op| Self::Store(*op));
        let vectors = SimdAccessOp::ALL.iter().map(|op| Self::Simd(*op));
        let atomics = AtomicOp::ALL.iter().map(|op| Self::Atomic(*op));
        loads.chain(stores).chain(vectors).chain(atomics).collect()
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Load(op) => op.name(),
            Self::Store(op) => op.name(),
            Self::Simd(op) => op.name(),
            Self::Atomic(op) => op.name(),
        }
    }

    pub(crate) fn bytes(self) -> usize {
        match self {
            Self::Load(op) => op.bytes(),
            Self::Store(op) => op.bytes(),
            Self::Simd(op) => op.bytes(),
            Self::Atomic(op) => op.bytes(),
        }
    }

    /// The types of the operands behind the address.
    pub(crate) fn values(self) -> Vec<&'static str> {
        match self {
            Self::Load(_) => vec![],
            Self::Store(op) => vec![op.value().name()],
            Self::Simd(op) => match op.shape() {
                SimdAccessShape::Load => vec![],
                SimdAccessShape::Store | SimdAccessShape::LoadLane | SimdAccessShape::StoreLane => {
                    vec!["v128"]
                }
            },
            Self::Atomic(op) => match op.shape() {
                AtomicShape::Load => vec![],
                AtomicShape::Cmpxchg => vec![op.value().name(); 2],
                AtomicShape::Store
                | AtomicShape::Add
                | AtomicShape::Sub
                | AtomicShape::And
                | AtomicShape::Or
                | AtomicShape::Xor
                | AtomicShape::Xchg => vec![op.value().name()],
            },
        }
    }

    /// The type of the result.
    pub(crate) fn result(self) -> Option<&'static str> {
        match self {
            Self::Load(op) => Some(op.result().name()),
            Self::Store(_) => None,
            Self::Simd(op) => match op.shape() {
                SimdAccessShape::Load | SimdAccessShape::LoadLane => Some("v128"),
                SimdAccessShape::Store | SimdAccessShape::StoreLane => None,
            },
            Self::Atomic(op) => (op.shape() != AtomicShape::Store).then(|| op.value().name()),
        }
    }

    /// How many lanes there are to name.
    pub(crate) fn lanes(self) -> Option<usize> {
        match self {
            Self::Simd(op) => match op.shape() {
                SimdAccessShape::Load | SimdAccessShape::Store => None,
                SimdAccessShape::LoadLane | SimdAccessShape::StoreLane => Some(16 / op.bytes()),
            },
            Self::Load(_) | Self::Store(_) | Self::Atomic(_) => None,
        }
    }

    /// Whether an address that is not a multiple of the size traps.
    pub(crate) fn is_atomic(self) -> bool {
        matches!(self, Self::Atomic(_))
    }

    /// The operator with its immediates.
    pub(crate) fn operator(self, memory: usize, offset: u64, lane: usize) -> String {
        let lane = self.lanes().map_or(String::new(), |lanes| format!(" {}", lane % lanes));
        format!("{} {memory} offset={offset}{lane}", self.name())
    }
}

/// Text that makes an `i64` of a value, which tells all of its bits but for those of vectors.
pub(crate) fn as_i64(ty: &str, value: &str) -> String {
    let local = "(local.get $vector)";
    match ty {
        "i64" => value.to_owned(),
        "i32" => format!("(i64.extend_i32_u {value})"),
        "f32" => format!("(i64.extend_i32_u (i32.reinterpret_f32 {value}))"),
        "f64" => format!("(i64.reinterpret_f64 {value})"),
        _ => format!(
            "(i64.add (i64x2.extract_lane 0 (local.tee $vector {value})) \
             (i64.mul (i64.const 31) (i64x2.extract_lane 1 {local})))"
        ),
    }
}

/// The scalar type called `name`.
pub(crate) fn scalar(name: &str) -> Option<ScalarType> {
    [ScalarType::I32, ScalarType::I64, ScalarType::F32, ScalarType::F64]
        .into_iter()
        .find(|ty| ty.name() == name)
}
