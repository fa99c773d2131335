//! The native world against the portable one.
//!
//! What lives here: programs that reach the pieces of machine code one by one, with every kind of
//! operand, in every way in which the pieces can follow each other; traps by the thousand; threads
//! that emit and run them at once. What does not: what operators compute, which the official tests
//! and `wasmtier-ops` settle; the portable interpreter is the oracle here.
//!
//! Invariant: results do not depend on time, and random numbers come from fixed seeds.

mod access;
mod bounds;
mod calls;
mod emission;
mod expressions;
mod flow;
mod moves;
mod operators;
mod places;
mod program;
mod values;
mod vectors;

use wasmtier::{Config, Engine, Tier};

/// An engine and what to call it.
struct Subject {
    name: &'static str,
    engine: Engine,
}

/// The engine whose results are right.
fn oracle() -> Subject {
    subject("portable", Config::new().tier(Tier::Portable))
}

/// Engines that run machine code: with bounds found by the hardware or by code, and with all
/// optional instructions that there are or with none.
fn subjects() -> Vec<Subject> {
    let native = || {
        let mut config = Config::new();
        config.tier(Tier::Interp);
        config
    };
    let mut all = vec![
        subject("guard", &native()),
        subject("guard, floor", native().cpu_features(0)),
        subject("checked", native().signals_based_traps(false)),
        // Cells are composed as soon as a function is called.
        subject(
            "checked, floor, moving, stressed",
            native().signals_based_traps(false).memory_reservation(0).cpu_features(0).stress(true),
        ),
    ];
    all.extend(compilers());
    all
}

/// Those of them that compile.
fn compilers() -> Vec<Subject> {
    let compiling = || {
        let mut config = Config::new();
        config.tier(Tier::Jit);
        config
    };
    vec![
        subject("jit", &compiling()),
        subject("jit, floor", compiling().cpu_features(0)),
        subject("jit, checked", compiling().signals_based_traps(false)),
        // About half of the functions.
        subject(
            "jit, checked, floor, moving, mixed",
            compiling()
                .signals_based_traps(false)
                .memory_reservation(0)
                .cpu_features(0)
                .tier_mask(7),
        ),
        // Begun by the interpreter, and entered at loops.
        subject("jit, in loops", compiling().stress(true).stress_osr(true)),
    ]
}

fn subject(name: &'static str, config: &Config) -> Subject {
    let engine = Engine::new(config).unwrap_or_else(|error| panic!("{name}: {error}"));
    Subject { name, engine }
}

/// Whether to try much more than there is time for whenever something changed.
fn thorough() -> bool {
    std::env::var_os("WASMTIER_THOROUGH").is_some()
}
