//! The time that compilation takes is linear in the operators, whatever they are.
//!
//! What lives here: functions of sizes and shapes that no compiler for people writes, each compared
//! with many small ones of the same shape. What does not: how fast that is.
//!
//! Invariant: what is compared is measured in turns, and the best of several counts, so that other
//! work on the machine makes no difference.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use wasmtier::{Engine, Module};
use wasmtier_jit::{Bounds, Options, Scratch, compile};
use wasmtier_vm::FuncIdx;
use wasmtier_x64::CpuFeatures;

/// How much longer an operator of a large function may take.
const FACTOR: f64 = 2.0;

/// Beyond the factor, for the noise of an unoptimised build of tests.
const SLACK: f64 = 1.25;

/// How often each is measured.
const RUNS: usize = 5;

/// What a function is made of.
struct Shape {
    name: &'static str,
    /// Locals of the large function, and of the small ones.
    locals: [usize; 2],
    /// Repetitions of the large function, and of the small ones.
    counts: [usize; 2],
    /// Appends a body of so many repetitions, which has so many locals.
    body: fn(&mut String, usize, usize),
}

const SHAPES: &[Shape] = &[
    // 1M operators in a row, of a few locals.
    Shape { name: "straight", locals: [8, 8], counts: [250_000, 500], body: straight },
    // 20k locals, all used.
    Shape { name: "locals", locals: [20_000, 100], counts: [200_000, 1_000], body: straight },
    // The same in loops one behind the other.
    Shape { name: "loops", locals: [20_000, 100], counts: [20_000, 100], body: loops },
    // 100k blocks, one behind the other.
    Shape { name: "blocks", locals: [8, 8], counts: [100_000, 200], body: blocks },
    // Conditions with both arms.
    Shape { name: "arms", locals: [20_000, 100], counts: [100_000, 200], body: arms },
    // Blocks in blocks, with branches to all of them.
    Shape { name: "nested", locals: [8, 8], counts: [30_000, 200], body: nested },
    // As many targets of one jump as a module may have.
    Shape { name: "table", locals: [8, 8], counts: [65_000, 500], body: table },
    // Calls, around which everything in registers is written back.
    Shape { name: "calls", locals: [20_000, 100], counts: [100_000, 500], body: calls },
];

fn straight(out: &mut String, count: usize, locals: usize) {
    for at in 0..count {
        let (a, b) = (at * 7 % locals, at * 13 % locals);
        writeln!(out, "(local.set {a} (i32.add (local.get {a}) (local.get {b})))").expect("text");
    }
}

fn loops(out: &mut String, count: usize, locals: usize) {
    for at in 0..count {
        let (a, b) = (at * 7 % locals, at * 13 % locals);
        writeln!(
            out,
            "(loop (local.set {a} (i32.add (local.get {a}) (local.get {b}))) \
             (br_if 0 (local.get {a})))"
        )
        .expect("text");
    }
}

fn blocks(out: &mut String, count: usize, locals: usize) {
    for at in 0..count {
        let (a, b) = (at * 7 % locals, at * 13 % locals);
        writeln!(out, "(block (br_if 0 (local.get {a})) (local.set {b} (i32.const {at})))")
            .expect("text");
    }
}

fn arms(out: &mut String, count: usize, locals: usize) {
    for at in 0..count {
        let (a, b) = (at * 7 % locals, at * 13 % locals);
        writeln!(
            out,
            "(if (local.get {a}) (then (local.set {b} (i32.const {at}))) \
             (else (local.set {a} (local.get {b}))))"
        )
        .expect("text");
    }
}

fn nested(out: &mut String, count: usize, locals: usize) {
    out.push_str(&"block ".repeat(count));
    for at in 0..count {
        let a = at * 7 % locals;
        writeln!(out, "local.get {a} br_if {} end", (at * 31) % (count - at)).expect("text");
    }
}

fn table(out: &mut String, count: usize, _: usize) {
    out.push_str("block block block local.get 0 br_table ");
    for at in 0..count {
        write!(out, "{} ", at % 3).expect("text");
    }
    out.push_str("0 end end end ");
}

fn calls(out: &mut String, count: usize, locals: usize) {
    for at in 0..count {
        let (a, b) = (at * 7 % locals, at * 13 % locals);
        writeln!(out, "(local.set {a} (call $callee (local.get {b})))").expect("text");
    }
}

/// A module, and how to compile all of it but the callee.
struct Input {
    bytes: Vec<u8>,
    module: Module,
}

impl Input {
    fn new(engine: &Engine, shape: &Shape, large: bool) -> Self {
        let which = usize::from(!large);
        let (locals, count) = (shape.locals[which], shape.counts[which]);
        let functions = if large { 1 } else { shape.counts[0] / count };
        let mut text = "(module (func $callee (param i32) (result i32) local.get 0)\n".to_owned();
        for _ in 0..functions {
            text.push_str("(func (local ");
            text.push_str(&"i32 ".repeat(locals));
            text.push_str(")\n");
            (shape.body)(&mut text, count, locals);
            text.push_str(")\n");
        }
        text.push(')');
        let bytes = wat::parse_str(&text).unwrap_or_else(|error| panic!("{}: {error}", shape.name));
        let module = Module::new(engine, &bytes);
        let module = module.unwrap_or_else(|error| panic!("{}: {error}", shape.name));
        Self { bytes, module }
    }

    /// How long it takes, which is not 0.
    fn time(&self, scratch: &mut Scratch) -> Duration {
        let info = self.module.declarations();
        let options = Options { cpu: CpuFeatures::ALL, bounds: Bounds::Guard, sites: false };
        let start = Instant::now();
        for func in 1..info.funcs.len() as u32 {
            let compiled = compile(scratch, info, FuncIdx(func), &self.bytes, &options);
            compiled.unwrap_or_else(|error| panic!("it can be compiled: {error}"));
        }
        start.elapsed().max(Duration::from_nanos(1))
    }
}

/// How much longer the large function takes than as many operators in small ones.
fn ratio(engine: &Engine, shape: &Shape) -> f64 {
    let (large, small) = (Input::new(engine, shape, true), Input::new(engine, shape, false));
    let mut scratch = Scratch::default();
    let mut best = [Duration::MAX; 2];
    for _ in 0..RUNS {
        best[0] = best[0].min(large.time(&mut scratch));
        best[1] = best[1].min(small.time(&mut scratch));
    }
    best[0].as_secs_f64() / best[1].as_secs_f64()
}

/// The same, as soon as it is small enough: only what is slow every time is slow.
fn least_ratio(engine: &Engine, shape: &Shape) -> f64 {
    let mut least = f64::MAX;
    for _ in 0..3 {
        least = least.min(ratio(engine, shape));
        if least <= FACTOR * SLACK {
            break;
        }
    }
    least
}

#[test]
fn large_functions_take_no_longer_for_an_operator() {
    let engine = Engine::default();
    let mut slow = Vec::new();
    for shape in SHAPES {
        let ratio = least_ratio(&engine, shape);
        eprintln!("{}: {ratio:.2}", shape.name);
        if ratio > FACTOR * SLACK {
            slow.push(format!("{}: {ratio:.2}", shape.name));
        }
    }
    assert!(
        slow.is_empty(),
        "for an operator, large functions take that many times as long: {slow:?}"
    );
}
