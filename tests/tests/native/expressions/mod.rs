//! Every operator in small functions: operands from everywhere, results to everywhere, with little
//! and with much else alive.
//!
//! What lives here: which combinations are tried. What does not: what they look like (`function`),
//! running them (`module`). Long functions, where operands are in pinned locals, are in
//! [`crate::operators`].
//!
//! Invariant: the portable interpreter is compared with the rows, and the rest with it.

mod function;
mod module;
mod operator;

use wasmtier_ops::{NumOp, ScalarType, SimdOp, SimdShape, WideOp};

use self::function::{Source, constant, contexts, function, sinks, sources};
use self::module::Functions;
use self::operator::Operator;
use crate::access::Access;
use crate::program::report;
use crate::values::Random;
use crate::{Subject, compilers, oracle, thorough};

/// How much is tried of an operator.
#[derive(Copy, Clone)]
struct Amount {
    /// Tuples of operands for a function that only applies the operator.
    tuples: usize,
    /// Tuples for the others.
    fewer: usize,
    /// Functions with a constant operand, for each operand.
    constants: usize,
    /// Functions with constants only.
    folded: usize,
    /// One in so many pairs of places of operands, and of ways to use the result with contexts.
    step: usize,
    /// One in so many ways to use the result, for each of the pairs of places.
    rare: usize,
}

impl Amount {
    fn of(op: &Operator) -> Self {
        // A trap takes a microsecond.
        let part = if op.traps() { 4 } else { 1 };
        if thorough() {
            Self {
                tuples: 10_000 / part,
                fewer: 200 / part,
                constants: 200,
                folded: 1000,
                step: 1,
                rare: 3,
            }
        } else {
            // Pairs that are left out are tried for other operators.
            let step = if op.is_scalar() { 2 } else { 6 };
            Self {
                tuples: 600 / part,
                fewer: 24 / part,
                constants: 16,
                folded: 24,
                step,
                rare: usize::MAX,
            }
        }
    }
}

/// The functions for an operator.
fn functions<'a>(op: &'a Operator, amount: &Amount, random: &mut Random) -> Functions<'a> {
    let (sinks, contexts) = (sinks(op), contexts());
    let places: Vec<Vec<Source>> =
        (0..op.params.len()).map(|index| sources(op, index, random)).collect();
    let first: Vec<Source> = places.iter().map(|sources| sources[0].clone()).collect();
    let mut texts = vec![(function(op, &first, &sinks[0], &contexts[0]), amount.tuples)];
    let mut add = |from: &[Source], sink: &str, context: usize, count: usize| {
        texts.push((function(op, from, sink, &contexts[context]), count));
    };
    // Every sink in every context, and every pair of places.
    for sink in &sinks {
        for context in 0..contexts.len() {
            if random.below(amount.step) == 0 {
                add(&first, sink, context, amount.fewer);
            }
        }
    }
    for combination in combinations(&places) {
        if random.below(amount.step) > 0 {
            continue;
        }
        let sink = random.below(sinks.len());
        add(&combination, &sinks[sink], random.below(contexts.len()), amount.fewer);
        for number in (0..sinks.len() * contexts.len()).filter(|_| amount.rare < usize::MAX) {
            if random.below(amount.rare) == 0 {
                let (sink, context) = (number % sinks.len(), number / sinks.len());
                add(&combination, &sinks[sink], context, amount.fewer);
            }
        }
    }
    for index in 0..op.params.len() {
        for number in 0..amount.constants {
            let mut from: Vec<Source> =
                places.iter().map(|sources| sources[random.below(sources.len())].clone()).collect();
            if number % 2 == 0 {
                from.clone_from(&first);
            }
            from[index] = constant(op, index, random);
            let sink = random.below(sinks.len());
            add(&from, &sinks[sink], random.below(contexts.len()), amount.fewer);
        }
    }
    for number in 0..amount.folded {
        let from: Vec<Source> =
            (0..op.params.len()).map(|index| constant(op, index, random)).collect();
        // Most only return.
        let sink = if number % 4 == 0 { random.below(sinks.len()) } else { 0 };
        add(&from, &sinks[sink], 0, 1);
    }
    Functions { op, texts }
}

/// All pairs of places of the first two operands; others vary along.
fn combinations(places: &[Vec<Source>]) -> Vec<Vec<Source>> {
    let second = places.get(1).map_or(1, Vec::len);
    let mut all = Vec::new();
    for a in 0..places[0].len() {
        for b in 0..second {
            let index = [a, b, a + b, a + 2 * b];
            let chosen = places.iter().zip(index);
            all.push(chosen.map(|(sources, at)| sources[at % sources.len()].clone()).collect());
        }
    }
    all
}

fn check(operators: impl IntoIterator<Item = Operator>) {
    let oracle = oracle();
    let mut failures = Vec::new();
    let mut subjects: Vec<Subject> = Vec::new();
    for (number, op) in operators.into_iter().enumerate() {
        // There is a limit to how much code an engine may have at once.
        if number % 8 == 0 {
            subjects = compilers();
        }
        let mut random = Random::new(number as u64);
        let amount = Amount::of(&op);
        let records: Vec<_> = (0..amount.tuples).map(|_| op.operands(&mut random)).collect();
        let functions = functions(&op, &amount, &mut random);
        functions.check(&oracle, &subjects, &records, &mut failures);
    }
    report(&failures);
}

fn check_numeric(ty: ScalarType) {
    let all = NumOp::ALL.iter().copied();
    check(all.filter(|op| op.params()[0] == ty).map(Operator::numeric));
}

#[test]
fn expressions_on_i32() {
    check_numeric(ScalarType::I32);
}

#[test]
fn expressions_on_i64() {
    check_numeric(ScalarType::I64);
}

#[test]
fn expressions_on_f32() {
    check_numeric(ScalarType::F32);
}

#[test]
fn expressions_on_f64() {
    check_numeric(ScalarType::F64);
}

#[test]
fn wide_expressions() {
    check(WideOp::ALL.iter().copied().map(Operator::wide));
}

#[test]
fn expressions_on_vectors() {
    let mut random = Random::new(3);
    let all = SimdOp::ALL.iter().copied();
    let binary = |op: &SimdOp| {
        matches!(op.shape(), SimdShape::Unary | SimdShape::Binary | SimdShape::Ternary)
    };
    check(all.filter(binary).map(|op| Operator::vector(op, &mut random)));
}

#[test]
fn expressions_on_vectors_and_scalars() {
    let mut random = Random::new(4);
    let all = SimdOp::ALL.iter().copied().filter(|op| {
        !matches!(op.shape(), SimdShape::Unary | SimdShape::Binary | SimdShape::Ternary)
    });
    // With several immediates.
    let all = all.flat_map(|op| {
        let several = matches!(
            op.shape(),
            SimdShape::Shuffle | SimdShape::Extract(_) | SimdShape::Replace(_)
        );
        std::iter::repeat_n(op, if several { 3 } else { 1 })
    });
    check(all.map(|op| Operator::vector(op, &mut random)));
}

#[test]
fn accesses_in_expressions() {
    let mut random = Random::new(5);
    check(Access::all().into_iter().map(|access| Operator::access(access, &mut random)));
}
