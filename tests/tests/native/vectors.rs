//! Every vector operator and wide operator: vectors in locals, temporaries and constants; scalars
//! wherever they may be.
//!
//! Invariant: operators come from `wasmtier_ops`; nothing here names one.

use wasmtier_ops::{ScalarType, SimdOp, SimdShape, WideOp};

use crate::operators::layouts;
use crate::places::{leave, scalars};
use crate::program::{Pins, Program, report};
use crate::values::vectors;
use crate::{oracle, subjects, thorough};

/// The operands of a vector operator that are vectors, in every form.
fn vector_operands(count: usize) -> Vec<(String, String)> {
    let mut all = vec![(String::new(), String::new())];
    for (role, offset) in ["a", "b", "c"].into_iter().zip([0, 16, 32]).take(count) {
        let load = format!("(v128.load offset={offset} (local.get $in))");
        let forms = [
            (format!("(local.set ${role}_v128 {load})"), format!("(local.get ${role}_v128)")),
            (String::new(), load),
            (String::new(), format!("(v128.const i32x4 -1 {offset} 0x7fc00000 0x40490fdb)")),
        ];
        let extended = all.iter().flat_map(|(setup, text)| {
            forms
                .iter()
                .map(move |(more, form)| (format!("{setup}{more}"), format!("{text} {form}")))
        });
        all = extended.collect();
    }
    all
}

/// How many lanes an operator looks at, by its name.
fn lanes(op: SimdOp) -> usize {
    let lanes = op.name().split(['x', '.']).nth(1).expect("names are so");
    lanes.parse().expect("names begin with a shape")
}

/// Leaves a vector in both memories.
fn leave_vector(setup: &str, expression: &str, offset: usize) -> String {
    format!(
        "{setup}(v128.store offset={offset} (local.get $out) (local.tee $d_v128 {expression}))\
         (v128.store 1 offset={offset} (local.get $out) (local.get $d_v128))"
    )
}

/// All forms of an operator.
fn program(op: SimdOp, pins: Pins) -> Program {
    let mut program = Program::new(op.name(), pins, "");
    let name = op.name();
    let mut add_vector = |setup: &str, expression: String| {
        program.add(|offset| leave_vector(setup, &expression, offset), |_| false);
    };
    match op.shape() {
        SimdShape::Unary | SimdShape::Binary | SimdShape::Ternary => {
            let count = match op.shape() {
                SimdShape::Unary => 1,
                SimdShape::Binary => 2,
                _ => 3,
            };
            for (setup, operands) in vector_operands(count) {
                add_vector(&setup, format!("({name} {operands})"));
            }
        }
        SimdShape::Shuffle => {
            for (setup, operands) in vector_operands(2) {
                for lanes in SHUFFLES {
                    let lanes = lanes.map(|lane: u8| lane.to_string()).join(" ");
                    add_vector(&setup, format!("({name} {lanes} {operands})"));
                }
            }
        }
        SimdShape::Shift => {
            for (setup, vector) in vector_operands(1) {
                for (more, count) in scalars(&pins, ScalarType::I32, "b", 16) {
                    add_vector(&(setup.clone() + &more), format!("({name} {vector} {count})"));
                }
            }
        }
        SimdShape::Splat(ty) => {
            for (setup, scalar) in scalars(&pins, ty, "a", 0) {
                add_vector(&setup, format!("({name} {scalar})"));
            }
        }
        SimdShape::Replace(ty) => {
            for (setup, vector) in vector_operands(1) {
                for (more, scalar) in scalars(&pins, ty, "b", 16) {
                    for lane in 0..lanes(op) {
                        let expression = format!("({name} {lane} {vector} {scalar})");
                        add_vector(&(setup.clone() + &more), expression);
                    }
                }
            }
        }
        SimdShape::Test => add_scalar(&mut program, ScalarType::I32, &[name.to_owned()]),
        SimdShape::Extract(ty) => {
            let all: Vec<_> = (0..lanes(op)).map(|lane| format!("{name} {lane}")).collect();
            add_scalar(&mut program, ty, &all);
        }
    }
    program
}

/// Adds operators that make a scalar of a vector.
fn add_scalar(program: &mut Program, ty: ScalarType, operators: &[String]) {
    for (setup, vector) in vector_operands(1) {
        for operator in operators {
            for leave in leave(program.pins(), ty) {
                let expression = format!("({operator} {vector})");
                program.add(|offset| setup.clone() + &leave(&expression, offset), |_| false);
            }
        }
    }
}

/// Lanes out of order, of one operand, twice the same, and shifted.
const SHUFFLES: [[u8; 16]; 5] = [
    [0, 31, 1, 30, 2, 29, 3, 28, 4, 27, 5, 26, 6, 25, 7, 24],
    [15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0],
    [16, 17, 18, 19, 16, 17, 18, 19, 28, 29, 30, 31, 28, 29, 30, 31],
    [5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20],
    [0, 0, 0, 0, 0, 0, 0, 0, 31, 31, 31, 31, 31, 31, 31, 31],
];

fn check(shapes: impl Fn(SimdShape) -> bool) {
    let oracle = oracle();
    let mut failures = Vec::new();
    let operands = vectors(if thorough() { 5000 } else { 200 }, 77);
    for ops in SimdOp::ALL.chunks(32) {
        let subjects = subjects();
        for op in ops.iter().filter(|op| shapes(op.shape())) {
            let ty = match op.shape() {
                SimdShape::Splat(ty) | SimdShape::Extract(ty) | SimdShape::Replace(ty) => ty,
                _ => ScalarType::I32,
            };
            let pins = layouts(&[ty])[0];
            program(*op, pins).check(&oracle, &subjects, &operands, &mut failures);
        }
    }
    report(&failures);
}

#[test]
fn operators_on_vectors() {
    check(|shape| matches!(shape, SimdShape::Unary | SimdShape::Binary | SimdShape::Ternary));
}

#[test]
fn operators_on_vectors_and_scalars() {
    check(|shape| !matches!(shape, SimdShape::Unary | SimdShape::Binary | SimdShape::Ternary));
}

#[test]
fn wide_operators() {
    let (oracle, subjects) = (oracle(), subjects());
    let mut failures = Vec::new();
    let operands: Vec<_> = vectors(2000, 5).into_iter().map(|[a, b, _]| [a, b, a >> 64]).collect();
    let pins = layouts(&[ScalarType::I64])[0];
    for op in WideOp::ALL {
        let mut program = Program::new(op.name(), pins, "");
        let offsets = [0, 8, 16, 24];
        let results = ["$d_i64", "$i0", "$i1", "$i2", "$i3"];
        for (number, (low, high)) in
            results.iter().flat_map(|low| results.iter().map(move |high| (low, high))).enumerate()
        {
            let operands: String = (0..op.shape().operands())
                .map(|index| {
                    let load = format!("(i64.load offset={} (local.get $in))", offsets[index]);
                    match (number + index) % 3 {
                        0 => load,
                        1 => format!("(local.tee $i{index} {load})"),
                        _ => format!("(i64.const {})", number as i64 - 7),
                    }
                })
                .collect();
            let expression = format!("({} {operands})", op.name());
            program.add(
                |offset| {
                    let next = offset + 8;
                    let store = |memory: &str, at: usize, local: &str| {
                        format!(
                            "(i64.store {memory} offset={at} (local.get $out) (local.get {local}))"
                        )
                    };
                    format!(
                        "(block {expression} (local.set {high}) (local.set {low})\
                         (br_if 0 (local.get $first))){}{}{}{}",
                        store("", offset, low),
                        store("", next, high),
                        store("1", offset, low),
                        store("1", next, high),
                    )
                },
                |_| false,
            );
        }
        program.check(&oracle, &subjects, &operands, &mut failures);
    }
    report(&failures);
}
