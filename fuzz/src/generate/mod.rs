//! Makes modules: arbitrary ones that do real work (`module`), ones of dense control and data flow
//! (`flow`), and ones that run a single operator in every way its operands can come (`operator`).
//!
//! Invariant: every module is valid, ends by its own fuel, and never lets the bits of a NaN be seen
//! that the specification leaves open.

mod flow;
mod module;
mod operator;

pub use operator::count as operator_count;

use crate::oracle::Case;
use crate::random::Random;

/// The case of a seed. Seeds take turns among the kinds of modules, and so get to all operators.
#[must_use]
pub fn from_seed(seed: u64) -> Case {
    const KINDS: u64 = 8;
    let mut random = Random::new(seed);
    match seed % KINDS {
        0 => operator(seed / KINDS),
        1..=4 => {
            let wasm = flow::generate(&mut random);
            Case { wasm, seed: random.bits(), rounds: 3 }
        }
        _ => arbitrary(&mut random),
    }
}

fn arbitrary(random: &mut Random) -> Case {
    loop {
        let bytes = random.bytes(32 << 10);
        if let Some(case) = from_bytes(&bytes) {
            return case;
        }
    }
}

/// The case of what a fuzzer made up; `None` when no module comes of it.
#[must_use]
pub fn from_bytes(bytes: &[u8]) -> Option<Case> {
    let wasm = module::generate(bytes)?;
    let seed = crate::value::hash(bytes);
    Some(Case { wasm, seed, rounds: 3 })
}

/// The case of one operator: `number` modulo how many there are says which.
#[must_use]
pub fn operator(number: u64) -> Case {
    let mut random = Random::new(number);
    let wasm = operator::generate(number, &mut random);
    Case { wasm, seed: random.bits(), rounds: 6 }
}
