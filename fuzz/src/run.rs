//! Runs the cases of many seeds, counts, and keeps what diverged.
//!
//! Invariant: a kept reproduction diverges by itself: the module alone, with the seed its arguments
//! follow from in its file name, is enough.

use std::fmt;
use std::fs;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use wasm_shrink::WasmShrink;

use crate::generate;
use crate::oracle::{Case, Divergence, Oracle, Report, Verdict};

/// Guest operators from which a module counts as having done something.
const WORKED: u64 = 20;

/// Attempts in a row to make a module smaller that may fail.
const SHRINK_ATTEMPTS: u32 = 2_000;

/// Sums over many cases.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// Modules that ran on all engines.
    pub modules: u64,
    /// Calls made on all engines.
    pub calls: u64,
    /// Operators executed, as the reference counts them.
    pub operators: u64,
    /// Modules of at least 20 executed operators.
    pub worked: u64,
    /// Modules cut short because an engine ran out of something.
    pub exhausted: u64,
    /// Modules that the reference could not run.
    pub skipped: u64,
    /// Modules on which the engines parted.
    pub diverged: u64,
}

impl Summary {
    /// Adds what became of one case.
    pub fn add(&mut self, report: &Report) {
        self.modules += 1;
        self.calls += report.calls;
        self.operators += report.operators;
        self.worked += u64::from(report.operators >= WORKED);
        match report.verdict {
            Verdict::Same => {}
            Verdict::Exhausted(_) => self.exhausted += 1,
            Verdict::Skipped(_) => {
                self.modules -= 1;
                self.skipped += 1;
            }
            Verdict::Diverged(_) => self.diverged += 1,
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { modules, calls, operators, worked, exhausted, skipped, diverged } = self;
        let percent = 100 * worked / modules.max(&1);
        write!(
            f,
            "{modules} modules, {calls} calls, {operators} operators; \
             {percent}% of modules executed {WORKED} operators or more; \
             {exhausted} exhausted, {skipped} skipped, {diverged} diverged"
        )
    }
}

/// Runs the cases of `seeds`. `started` is told each seed before it runs, and `found` each case
/// that diverges.
pub fn seeds(
    oracle: &Oracle,
    seeds: Range<u64>,
    mut started: impl FnMut(u64, &Summary),
    mut found: impl FnMut(u64, &Case, &Divergence),
) -> Summary {
    let mut summary = Summary::default();
    for seed in seeds {
        started(seed, &summary);
        let case = generate::from_seed(seed);
        let report = oracle.run(&case);
        summary.add(&report);
        if let Verdict::Diverged(divergence) = &report.verdict {
            found(seed, &case, divergence);
        }
    }
    summary
}

/// The smallest case found that still diverges in the same way of the same engine.
#[must_use]
pub fn minimise(oracle: &Oracle, case: &Case, divergence: &Divergence) -> Case {
    let with = |wasm: &[u8]| Case { wasm: wasm.to_vec(), ..case.clone() };
    let shrunk = WasmShrink::default().attempts(SHRINK_ATTEMPTS).run(case.wasm.clone(), |wasm| {
        Ok(match oracle.run(&with(wasm)).verdict {
            Verdict::Diverged(found) => found.is_like(divergence),
            Verdict::Same | Verdict::Exhausted(_) | Verdict::Skipped(_) => false,
        })
    });
    shrunk.map_or_else(|_| case.clone(), |shrunk| with(&shrunk.output))
}

/// Writes a case to `directory` as `NAME.wasm` and `NAME.wat`, and what it shows to `NAME.txt`.
///
/// # Errors
///
/// When a file cannot be written.
pub fn keep(
    directory: &Path,
    name: &str,
    case: &Case,
    divergence: &Divergence,
) -> io::Result<PathBuf> {
    fs::create_dir_all(directory)?;
    let path = |extension: &str| directory.join(format!("{name}.{extension}"));
    fs::write(path("wasm"), &case.wasm)?;
    let text = wasmprinter::print_bytes(&case.wasm)
        .unwrap_or_else(|error| format!(";; cannot be printed: {error}\n"));
    fs::write(path("wat"), text)?;
    let Case { seed, rounds, .. } = case;
    fs::write(path("txt"), format!("seed of arguments {seed}, {rounds} rounds\n{divergence}\n"))?;
    Ok(path("wasm"))
}
