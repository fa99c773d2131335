//! Running programs: one process per run, engines taking turns, outputs compared.
//!
//! What lives here: the order of runs, how often, and what makes a run count. What does not: what
//! becomes of the figures (`results.rs`).
//!
//! Invariant: runs of one program on all engines are neighbours in time, so a slow spell of the
//! machine meets all alike; an output that differs from the first engine's is no sample but an
//! error that the whole invocation ends with.

use crate::engines::Engine;
use crate::results::{Refusal, Results, Sample};
use sha2::{Digest, Sha256};
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;
use wasmtier_bench::programs::{Program, bench_folder, repository};
use wasmtier_bench::record::Outcome;
use wasmtier_bench::runner::Failure;
use wasmtier_bench::startup;

/// How often a program is run on an engine.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Effort {
    /// At most this many times, once in a round.
    pub(crate) rounds: u32,
    /// Not again once the runs so far took this long.
    pub(crate) budget: Duration,
    /// A run that takes longer has failed.
    pub(crate) limit: Duration,
}

/// What `timeout` exits with when it had to end a run.
const TIMED_OUT: i32 = 124;

/// Runs every program once on every engine, but for the pairs that have run enough, and adds to
/// `results`.
pub(crate) fn round(
    programs: &[Program],
    engines: &[Engine],
    effort: Effort,
    results: &mut Results,
) -> Result<(), Failure> {
    let record = std::env::temp_dir().join(format!("wasmtier-bench-{}.json", std::process::id()));
    for program in programs {
        for engine in engines {
            if done(&program.name, &engine.name, effort, results) {
                continue;
            }
            progress(&format!("{} on {}", program.name, engine.name));
            match once(program, engine, &record, effort.limit, results)? {
                Ok(sample) => results.samples.push(sample),
                Err(refusal) => results.refusals.push(refusal),
            }
        }
    }
    progress("");
    // Whatever is wrong with it, the next one is written over it.
    let _ = std::fs::remove_file(&record);
    Ok(())
}

/// Whether an engine refuses a program or its runs have taken long enough.
fn done(program: &str, engine: &str, effort: Effort, results: &Results) -> bool {
    let refused = results.refusals.iter().any(|r| r.program == program && r.engine == engine);
    let samples = results.samples.iter().filter(|s| s.program == program && s.engine == engine);
    refused || samples.map(|sample| sample.run.total).sum::<Duration>() >= effort.budget
}

/// A line that the next one replaces, for those who watch.
fn progress(line: &str) {
    if io::stderr().is_terminal() {
        eprint!("\r\x1b[K{line}");
    }
}

/// One run. The inner error is about the engine.
fn once(
    program: &Program,
    engine: &Engine,
    record: &Path,
    limit: Duration,
    results: &Results,
) -> Result<Result<Sample, Refusal>, Failure> {
    let refusal = |reason, wrong| {
        let (program, engine) = (program.name.clone(), engine.name.clone());
        Ok(Err(Refusal { program, engine, reason, wrong }))
    };
    // A record that is there belongs to the run before.
    let _ = std::fs::remove_file(record);
    let output = engine.command(program, record, limit).stdin(Stdio::null()).output()?;
    if output.status.code() == Some(TIMED_OUT) {
        return refusal(format!("takes longer than {} s", limit.as_secs()), false);
    }
    let Ok(written) = std::fs::read(record) else {
        return refusal(format!("{}: {}", output.status, last_line(&output.stderr)), false);
    };
    let run = match serde_json::from_slice(&written)? {
        Outcome::Ran(run) => run,
        Outcome::Failed(reason) => return refusal(reason, false),
    };
    if program.expected().is_some_and(|expected| expected != output.stdout) {
        return refusal("prints something else than it must".to_owned(), true);
    }
    let sample = Sample {
        program: program.name.clone(),
        engine: engine.name.clone(),
        entry: program.entry,
        output: digest(&output, run.exit_code),
        run,
    };
    let first = results.samples.iter().find(|other| other.program == program.name);
    match first {
        Some(first) if first.output != sample.output => {
            refusal(format!("prints something else than {}", first.engine), true)
        }
        _ => Ok(Ok(sample)),
    }
}

fn digest(output: &Output, exit_code: i32) -> String {
    let mut hash = Sha256::new();
    hash.update(&output.stdout);
    hash.update(&output.stderr);
    hash.update(exit_code.to_le_bytes());
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn last_line(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    text.lines().last().unwrap_or("it said nothing").to_owned()
}

/// Runs the micro suites on every engine that has them.
pub(crate) fn micro(engines: &[Engine], results: &mut Results) -> Result<(), Failure> {
    for engine in engines.iter().filter(|engine| engine.has_micro()) {
        progress(&format!("small tasks on {}", engine.name));
        let output = engine.micro(&[]).stdin(Stdio::null()).output()?;
        if !output.status.success() {
            let reason = last_line(&output.stderr);
            return Err(format!("small tasks on {}: {reason}", engine.name).into());
        }
        for line in String::from_utf8(output.stdout)?.lines() {
            results.micro.push(serde_json::from_str(line)?);
        }
    }
    progress("");
    Ok(())
}

/// Runs of each command that prints one line.
const STARTUP_ROUNDS: u32 = 100;

/// Measures processes that print one line.
pub(crate) fn startup(results: &mut Results) -> Result<(), Failure> {
    let wasmtier = std::env::var_os("WASMTIER")
        .map_or_else(|| repository().join("target/release/wasmtier"), PathBuf::from);
    let program = bench_folder().join("programs/hello/hello.wasm");
    let candidates = startup::candidates(&wasmtier, &program);
    results.startup = startup::measure(&candidates, STARTUP_ROUNDS)?;
    Ok(())
}
