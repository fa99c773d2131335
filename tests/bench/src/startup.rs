//! What a whole process costs that runs a tiny program: the command lines of the engines, side by
//! side.
//!
//! What lives here: which commands there are, running them in turn, and the accounts of each. What
//! does not: building our own command and printing the rows, which are the driver's.
//!
//! Invariant: no other child of this process ends meanwhile, as the system keeps one account of all
//! children.

use crate::measure::Usage;
use crate::runner::Failure;
use serde::{Deserialize, Serialize};
use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A command that runs the program.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Candidate {
    /// What the row is called.
    pub name: String,
    /// The executable.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<OsString>,
}

/// What one of the commands used.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Row {
    /// The name of the [`Candidate`].
    pub name: String,
    /// How often it ran.
    pub runs: u32,
    /// CPU time of a run, in user and system together, on average.
    pub cpu_mean: Duration,
    /// The same of the run in the middle.
    pub cpu_median: Duration,
    /// From the start of a run to its end, of the run in the middle.
    pub wall_median: Duration,
    /// Page faults of the run in the middle.
    pub page_faults: u64,
}

/// `wasmtier`, which is our command, and those of wasmi and wasmtime where they are found: at
/// `$WASMI` and `$WASMTIME`, else on the `PATH`. All run the module `program`.
#[must_use]
pub fn candidates(wasmtier: &Path, program: &Path) -> Vec<Candidate> {
    let candidate = |name: &str, command: PathBuf| Candidate {
        name: name.into(),
        program: command,
        arguments: vec!["run".into(), program.into()],
    };
    let mut candidates = vec![candidate("wasmtier", wasmtier.into())];
    for (name, variable) in [("wasmi", "WASMI"), ("wasmtime", "WASMTIME")] {
        candidates.extend(find(name, variable).map(|found| candidate(name, found)));
    }
    candidates
}

/// The command of that name: where the environment variable says, else on the `PATH`.
fn find(name: &str, variable: &str) -> Option<PathBuf> {
    let given = env::var_os(variable).map(PathBuf::from);
    given.or_else(|| {
        let path = env::var_os("PATH")?;
        env::split_paths(&path).map(|folder| folder.join(name)).find(|command| command.is_file())
    })
}

/// Runs each command once in each round, A B C A B C, so that drift hits all alike, after a round
/// that does not count.
///
/// # Errors
///
/// When a command cannot be started or fails, or does not print what the first prints.
pub fn measure(candidates: &[Candidate], rounds: u32) -> Result<Vec<Row>, Failure> {
    let mut expected = None;
    for candidate in candidates {
        let (_, output) = run(candidate)?;
        if *expected.get_or_insert_with(|| output.clone()) != output {
            return Err(format!("`{}` does not print what the others do", candidate.name).into());
        }
    }
    let mut runs = vec![Vec::new(); candidates.len()];
    for _ in 0..rounds.max(1) {
        for (candidate, runs) in candidates.iter().zip(&mut runs) {
            runs.push(run(candidate)?.0);
        }
    }
    let rows = candidates.iter().zip(&runs);
    Ok(rows.map(|(candidate, runs)| Row::of(&candidate.name, runs)).collect())
}

/// One run.
#[derive(Copy, Clone)]
struct Run {
    wall: Duration,
    usage: Usage,
}

/// A run, and what it printed.
fn run(candidate: &Candidate) -> Result<(Run, Vec<u8>), Failure> {
    let mut command = Command::new(&candidate.program);
    command.args(&candidate.arguments).stdin(Stdio::null());
    let before = Usage::children();
    let begin = Instant::now();
    let output = command
        .output()
        .map_err(|error| format!("cannot start `{}`: {error}", candidate.program.display()))?;
    let run = Run { wall: begin.elapsed(), usage: Usage::children() - before };
    if output.status.success() {
        Ok((run, output.stdout))
    } else {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        Err(format!("`{}` ended with {}: {said}", candidate.name, output.status).into())
    }
}

impl Row {
    /// Of at least one run.
    fn of(name: &str, runs: &[Run]) -> Self {
        let count = u32::try_from(runs.len()).unwrap_or(u32::MAX);
        Self {
            name: name.into(),
            runs: count,
            cpu_mean: runs.iter().map(|run| run.usage.cpu).sum::<Duration>() / count,
            cpu_median: median(runs, |run| run.usage.cpu),
            wall_median: median(runs, |run| run.wall),
            page_faults: median(runs, |run| run.usage.page_faults),
        }
    }
}

fn median<Value: Copy + Ord>(runs: &[Run], value: impl Fn(&Run) -> Value) -> Value {
    let mut values: Vec<Value> = runs.iter().map(value).collect();
    values.sort_unstable();
    values[values.len() / 2]
}
