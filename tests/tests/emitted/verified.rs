//! Code stays within its bounds: `wasmtier_verify` proves it of every function.
//!
//! Invariant: with and without guards, with all optional instructions and with none.

use std::panic::{AssertUnwindSafe, catch_unwind};

use wasmtier::Engine;
use wasmtier_jit::{Bounds, CompileError};
use wasmtier_verify::{Emitted, verify_module};
use wasmtier_x64::CpuFeatures;

use crate::modules::{Input, of_corpus, of_ours, of_testsuite};

/// Both kinds of bounds, and both ends of what processors have.
const ALL: [(CpuFeatures, Bounds); 4] = [
    (CpuFeatures::ALL, Bounds::Guard),
    (CpuFeatures::FLOOR, Bounds::Explicit),
    (CpuFeatures::FLOOR, Bounds::Guard),
    (CpuFeatures::ALL, Bounds::Explicit),
];

/// How many refusals are shown.
const SHOWN: usize = 200;

fn check(inputs: &[Input], options: &[(CpuFeatures, Bounds)]) -> Emitted {
    let (mut emitted, mut refused) = (Emitted::default(), Vec::new());
    for input in inputs {
        for (cpu, bounds) in options {
            let options = input.options(*cpu, *bounds);
            let verify = || verify_module(input.info(), &input.bytes, &options);
            let Ok(verified) = catch_unwind(AssertUnwindSafe(verify)) else {
                refused.push(format!("{}, {options:?}: panicked", input.name));
                continue;
            };
            match verified {
                Ok(verified) => {
                    let is_limit = |error: &CompileError| {
                        matches!(
                            error,
                            CompileError::TooManySlots { .. } | CompileError::TooLong { .. }
                        )
                    };
                    for (func, error) in verified.left.iter().filter(|(_, e)| !is_limit(e)) {
                        refused.push(format!("{}: function {}: {error}", input.name, func.0));
                    }
                    emitted += verified;
                }
                Err(refusal) => refused.push(format!("{}, {options:?}: {refusal}", input.name)),
            }
        }
    }
    let count = refused.len();
    refused.truncate(SHOWN);
    assert!(refused.is_empty(), "{count} refused, such as\n{}", refused.join("\n"));
    emitted
}

#[test]
fn the_testsuite_is_verified() {
    let inputs = of_testsuite(&Engine::default());
    let emitted = check(&inputs, &ALL);
    assert!(emitted.functions > 10_000, "only {} functions", emitted.functions);
    assert!(emitted.verified.accesses > 1_000, "only {:?}", emitted.verified);
}

#[test]
fn our_own_modules_are_verified() {
    let inputs = of_ours(&Engine::default());
    let emitted = check(&inputs, &ALL);
    assert!(emitted.functions > 100, "only {} functions", emitted.functions);
}

#[test]
fn programs_are_verified() {
    let inputs = of_corpus(&Engine::default());
    if inputs.is_empty() {
        eprintln!("there is no corpus of programs at ../shared/corpus beside the repository");
        return;
    }
    // The two that differ most; each is a minute without optimisation.
    check(&inputs, &ALL[..2]);
}
