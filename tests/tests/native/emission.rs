//! Many threads that translate, emit and compose at once.
//!
//! Invariant: whoever emits a handler, all find the same one, and results are right.

use std::sync::Barrier;
use std::thread;

use wasmtier::{Module, Trap};
use wasmtier_ops::NumOp;

use crate::operators::programs;
use crate::program::{Operands, Program, Running};
use crate::values::operands;
use crate::{oracle, subjects, thorough};

const THREADS: usize = 16;

/// Programs with little in common, and operands for each that trap in none of its statements.
fn all() -> Vec<(Program, Vec<Operands>)> {
    let chosen =
        NumOp::ALL.iter().filter(|op| !op.traps()).step_by(if thorough() { 2 } else { 13 });
    chosen
        .map(|op| {
            let program = programs(*op).swap_remove(0);
            let pairs = operands(op.params(), 24, 5);
            (program, pairs.into_iter().map(|[a, b]| [a.into(), b.into(), 0]).collect())
        })
        .collect()
}

/// What a program leaves behind on an engine.
fn run(program: &Program, operands: &[Operands], module: &Module) -> (Option<Trap>, Running) {
    let mut running = Running::of("threads", module);
    let mut ending = None;
    for _ in 0..2 {
        ending = ending.or(running.run(operands, 0, program.count()));
        // While others do the same to the same function.
        running.warm_up();
    }
    (ending, running)
}

#[test]
fn sixteen_threads_emit_at_once() {
    let all = all();
    let oracle = oracle();
    let wasm: Vec<_> = all
        .iter()
        .map(|(program, operands)| wat::parse_str(program.module(operands.len())).expect("is text"))
        .collect();
    let expected: Vec<_> = all
        .iter()
        .zip(&wasm)
        .map(|((program, operands), wasm)| {
            run(program, operands, &Module::new(&oracle.engine, wasm).expect("it is valid"))
        })
        .collect();
    for _ in 0..if thorough() { 20 } else { 2 } {
        for subject in subjects() {
            let engine = &subject.engine;
            let compile = |wasm: &Vec<u8>| Module::new(engine, wasm).expect("it is valid");
            let shared: Vec<_> = wasm.iter().map(compile).collect();
            let start = Barrier::new(THREADS);
            thread::scope(|scope| {
                for number in 0..THREADS {
                    let (all, wasm, expected, shared, start) =
                        (&all, &wasm, &expected, &shared, &start);
                    scope.spawn(move || {
                        start.wait();
                        for turn in 0..all.len() {
                            // A quarter of the threads begin with the same module; the rest differ.
                            let at = (turn + number / 4 * 3) % all.len();
                            let (program, operands) = &all[at];
                            let own = (number % 4 == 3)
                                .then(|| Module::new(engine, &wasm[at]).expect("it is valid"));
                            let module = own.as_ref().unwrap_or(&shared[at]);
                            let (ending, running) = run(program, operands, module);
                            let (right, oracle) = &expected[at];
                            assert_eq!(ending, *right);
                            assert_eq!(oracle.first_difference(&running), None, "{at}");
                        }
                    });
                }
            });
        }
    }
}
