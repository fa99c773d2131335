//! A short differential run over fixed seeds: every operator once, and some arbitrary modules.

use wasmtier_fuzz::generate;
use wasmtier_fuzz::oracle::{Oracle, Verdict};
use wasmtier_fuzz::run::{self, Summary};

#[test]
fn all_operators_agree() {
    let oracle = Oracle::new();
    let mut summary = Summary::default();
    for number in 0..generate::operator_count() as u64 {
        let report = oracle.run(&generate::operator(number));
        if let Verdict::Diverged(divergence) = &report.verdict {
            panic!("operator {number}: {divergence}");
        }
        summary.add(&report);
    }
    assert_eq!(summary.skipped, 0, "{summary}");
    assert_eq!(summary.exhausted, 0, "{summary}");
}

#[test]
fn arbitrary_modules_agree() {
    let oracle = Oracle::new();
    let summary = run::seeds(
        &oracle,
        0..200,
        |_, _| {},
        |seed, _, divergence| panic!("seed {seed}: {divergence}"),
    );
    assert!(summary.worked * 10 >= summary.modules * 7, "the modules do too little: {summary}");
}

#[test]
fn seeds_are_reproducible() {
    for seed in 0..8 {
        let (once, again) = (generate::from_seed(seed), generate::from_seed(seed));
        assert_eq!((once.wasm, once.seed), (again.wasm, again.seed));
    }
}
