//! The rows against `wasmparser`'s own list of operators: every pure operator of the supported
//! proposals has one row, under the right names and with the right arity, and nothing else has one.

use std::collections::{BTreeMap, BTreeSet};

use wasmtier_ops::{
    AtomicOp, BinaryOp, LoadAccess, NumOp, Scalar, ScalarType, SimdBinary, SimdOp, SimdShape,
    StoreAccess, V128, WideOp, WideShape, op,
};

/// What a row and an operator of `wasmparser` must agree on, by visitor method.
type Operators = BTreeMap<&'static str, (&'static str, String)>;

macro_rules! theirs {
    ($(@$proposal:ident $op:ident $({ $($arg:ident: $argty:ty),* })? => $visit:ident
        ($($ann:tt)*))*) => {
        [$((
            stringify!($proposal),
            stringify!($visit),
            stringify!($op),
            &[$($(stringify!($arg)),*)?] as &[&str],
            stringify!($($ann)*),
        )),*]
    };
}

type Theirs = (&'static str, &'static str, &'static str, &'static [&'static str], &'static str);

/// The operators of `wasmparser` for which `pure` holds.
fn theirs(pure: impl Fn(&Theirs) -> bool) -> Operators {
    let scalar = wasmparser::for_each_visit_operator!(theirs);
    let simd = wasmparser::for_each_visit_simd_operator!(theirs);
    let all = scalar.iter().chain(simd.iter()).filter(|operator| pure(operator));
    all.map(|&(_, visit, op, _, ann)| (visit, (op, ann.to_string()))).collect()
}

macro_rules! rows {
    ($($op:ident $visit:ident $text:literal $($shape:ident)? ($($p:ident: $P:ident),*) -> $R:ident
        $($word:ident)? = $e:expr;)*) => {
        [$((stringify!($op), stringify!($visit), $text, &[$(stringify!($p)),*] as &[&str])),*]
    };
}

type Row = (&'static str, &'static str, &'static str, &'static [&'static str]);

/// The rows as `wasmparser` would describe them; `arity` is told the parameters.
fn ours(rows: &[Row], mut arity: impl FnMut(&[&str]) -> String) -> Operators {
    let mut operators = Operators::new();
    for &(op, visit, text, params) in rows {
        assert_eq!(visit, format!("visit_{}", text.replace('.', "_")));
        let doubled = operators.insert(visit, (op, arity(params)));
        assert!(doubled.is_none(), "{text} has two rows");
    }
    operators
}

/// Parameters that are popped, not encoded in the instruction.
fn operands(params: &[&str]) -> usize {
    params.iter().filter(|param| !matches!(**param, "lane" | "lanes")).count()
}

/// Operators without immediates that do more than compute a value from values.
const IMPURE: [&str; 7] = [
    "visit_unreachable",
    "visit_nop",
    "visit_else",
    "visit_end",
    "visit_return",
    "visit_drop",
    "visit_select",
];

#[test]
fn scalar_operators() {
    let theirs = theirs(|&(proposal, visit, _, args, _)| {
        matches!(proposal, "mvp" | "sign_extension" | "saturating_float_to_int")
            && args.is_empty()
            && !IMPURE.contains(&visit)
    });
    let ours = ours(&wasmtier_ops::for_each_numeric_op!(rows), |params| {
        format!("arity {} -> 1", params.len())
    });
    assert_eq!(ours, theirs);
    assert_eq!(ours.len(), 136);
}

#[test]
fn wide_operators() {
    let theirs = theirs(|&(proposal, ..)| proposal == "wide_arithmetic");
    let mut shapes = WideOp::ALL.iter().map(|op| op.shape());
    let ours = ours(&wasmtier_ops::for_each_wide_op!(rows), |_| {
        let shape = shapes.next().expect("the enum is in the order of the rows");
        format!("arity {} -> 2", shape.operands())
    });
    assert_eq!(ours, theirs);
    assert_eq!(ours.len(), 4);
}

#[test]
fn scalar_loads_and_stores() {
    let theirs = theirs(|&(proposal, _, _, args, _)| proposal == "mvp" && args == ["memarg"]);
    let mut ours_all = ours(&wasmtier_ops::for_each_load!(rows), |_| "arity memarg 1 -> 1".into());
    ours_all.extend(ours(&wasmtier_ops::for_each_store!(rows), |_| "arity memarg 2 -> 0".into()));
    assert_eq!(ours_all, theirs);
    assert_eq!(ours_all.len(), 14 + 9);
}

#[test]
fn simd_operators() {
    let theirs = theirs(|&(proposal, visit, _, args, _)| {
        matches!(proposal, "simd" | "relaxed_simd")
            && !args.contains(&"memarg")
            && visit != "visit_v128_const"
    });
    let ours = ours(&wasmtier_ops::for_each_simd_op!(rows), |params| {
        format!("arity {} -> 1", operands(params))
    });
    assert_eq!(ours, theirs);
    assert_eq!(ours.len(), 233);
}

#[test]
fn simd_loads_and_stores() {
    let theirs =
        theirs(|&(proposal, _, _, args, _)| proposal == "simd" && args.first() == Some(&"memarg"));
    let ours = ours(&wasmtier_ops::for_each_simd_access!(rows), |params| {
        let results = usize::from(params.contains(&"raw"));
        // The address, and the vector unless the operator only produces one.
        let popped = 1 + usize::from(params.contains(&"value"));
        format!("arity memarg {popped} -> {results}")
    });
    assert_eq!(ours, theirs);
    assert_eq!(ours.len(), 22);
}

/// What the threads proposal has besides accesses: a fence, and what builtins do.
const NO_ACCESS: [&str; 4] = [
    "visit_atomic_fence",
    "visit_memory_atomic_notify",
    "visit_memory_atomic_wait32",
    "visit_memory_atomic_wait64",
];

#[test]
fn atomic_accesses() {
    let theirs =
        theirs(|&(proposal, visit, _, _, _)| proposal == "threads" && !NO_ACCESS.contains(&visit));
    let ours = ours(&wasmtier_ops::for_each_atomic_access!(rows), |params| {
        // The address comes first; `old` and `raw` are in memory.
        let in_memory = |param: &&&str| matches!(**param, "old" | "raw");
        let popped = 1 + params.len() - params.iter().filter(in_memory).count();
        // Stores push nothing, and only they do not look at what is in memory.
        let results = usize::from(params.iter().any(|param| in_memory(&param)));
        format!("arity {popped} -> {results}")
    });
    assert_eq!(ours, theirs);
    assert_eq!(ours.len(), 63);
}

/// Lane immediates appear in the rows exactly where `wasmparser` has them.
#[test]
fn lane_immediates() {
    let with_lanes = |args: &[&str]| args.contains(&"lane") || args.contains(&"lanes");
    let theirs = theirs(|&(_, _, _, args, _)| with_lanes(args));
    let mut ours = Vec::new();
    ours.extend(wasmtier_ops::for_each_simd_op!(rows));
    ours.extend(wasmtier_ops::for_each_simd_access!(rows));
    let ours = ours.iter().filter(|(_, _, _, params)| with_lanes(params));
    let ours: BTreeSet<_> = ours.map(|&(_, visit, _, _)| visit).collect();
    assert_eq!(ours, theirs.keys().copied().collect());
}

/// The tables of facts follow the order of the enum and agree with the markers.
#[test]
fn facts_agree() {
    for (index, &each) in NumOp::ALL.iter().enumerate() {
        assert_eq!(each as usize, index);
        let prefix = each.name().split('.').next().unwrap();
        let compares = each.result() == ScalarType::I32 && !each.name().starts_with("i32");
        assert!(each.result().name() == prefix || compares, "{each:?}");
        assert!(!(each.traps() && each.commutes()), "{each:?}");
    }
    for (index, &each) in SimdOp::ALL.iter().enumerate() {
        assert_eq!(each as usize, index);
        assert!(!each.commutes() || each.shape() == SimdShape::Binary, "{each:?}");
    }
    const { assert!(op::I32Add::COMMUTES && !op::I32Add::TRAPS && op::I32DivS::TRAPS) };
    const { assert!(op::I64Load16S::BYTES == 2 && op::I64Store32::BYTES == 4) };
    for (index, &each) in AtomicOp::ALL.iter().enumerate() {
        assert_eq!(each as usize, index);
        assert_eq!(each.name().split('.').next(), Some(each.value().name()), "{each:?}");
    }
    const { assert!(op::I8x16Add::COMMUTES && !op::I8x16Sub::COMMUTES) };
}

/// `commutes` is a promise about bits; keep it on operands that tell bits apart.
#[test]
fn commuting_operators_commute() {
    let edges = [
        0,
        1,
        u64::MAX,
        0x8000_0000,
        0x8000_0000_0000_0000,
        0x7fc0_0001_ffc0_0001,
        f64::to_bits(1.5),
        f64::to_bits(-0.0),
    ];
    for op in NumOp::ALL.iter().filter(|op| op.commutes()) {
        for (a, b) in pairs_of(&edges) {
            assert_eq!(op.eval(&[a, b]), op.eval(&[b, a]), "{op:?} {a:#x} {b:#x}");
        }
    }
    let edges = edges.map(|edge| u128::from(edge) << 64 | u128::from(!edge));
    for op in SimdOp::ALL.iter().filter(|op| op.commutes()) {
        for (a, b) in pairs_of(&edges) {
            let (ab, ba) = (op.eval(&[a, b], [0; 16]), op.eval(&[b, a], [0; 16]));
            assert_eq!(ab, ba, "{op:?} {a:#x} {b:#x}");
        }
    }
}

/// As above.
#[test]
fn wide_operators_commute() {
    let edges = [0, 1, u64::MAX, 0x8000_0000_0000_0000, 0x0123_4567_89ab_cdef];
    for op in WideOp::ALL.iter().filter(|op| op.commutes()) {
        for ((a, a_high), (b, b_high)) in pairs_of(&pairs_of(&edges).collect::<Vec<_>>()) {
            let (ab, ba) = match op.shape() {
                WideShape::Wide => ([a, a_high, b, b_high], [b, b_high, a, a_high]),
                WideShape::Widening => ([a, b, 0, 0], [b, a, 0, 0]),
            };
            assert_eq!(op.eval(&ab), op.eval(&ba), "{op:?} {ab:x?}");
        }
    }
}

fn pairs_of<T: Copy>(values: &[T]) -> impl Iterator<Item = (T, T)> {
    values.iter().flat_map(|&a| values.iter().map(move |&b| (a, b)))
}

/// What can be encoded as an immediate decodes to the same bits, and nothing else can.
#[test]
fn immediates_are_exact() {
    let decodes = |kind: ScalarType, bits: u64| {
        let imm = kind.imm_of(bits);
        assert!(imm.is_none_or(|imm| kind.bits_of_imm(imm) == bits), "{kind:?} {bits:#x}");
        imm.is_some()
    };
    assert!(decodes(ScalarType::I32, 0xffff_ffff) && decodes(ScalarType::F32, 0x7fa0_0001));
    assert!(decodes(ScalarType::I64, u64::MAX) && decodes(ScalarType::I64, 0x7fff_ffff));
    assert!(!decodes(ScalarType::I64, 0x8000_0000) && !decodes(ScalarType::I64, 0xffff_ffff));
    for exact in [0.0, -0.0, 1.0, -0.5, 1e-45_f32.into(), f64::from(f32::MAX), f64::INFINITY] {
        assert!(decodes(ScalarType::F64, exact.to_bits()), "{exact}");
    }
    for inexact in [0.1, 1e300, 1e-300, f64::MIN_POSITIVE, f64::NAN, 16_777_217.0] {
        assert!(!decodes(ScalarType::F64, inexact.to_bits()), "{inexact}");
    }
    assert_eq!(i32::from_imm(-1), -1);
    assert_eq!(u64::from_imm(-1), u64::MAX);
    assert_eq!(V128::from_le_bytes([1; 16]).to_bits(), u128::MAX / 255);
}
