//! Runs every script in `tests/wast` in every mode: what no bug may break again, and what the
//! official testsuite does not ask.
//!
//! Invariant: every directive passes; there are no expected failures here.

use std::fmt::Write as _;
use std::path::Path;
use std::{fs, process};

use libtest_mimic::{Arguments, Failed, Trial};
use wasmtier_cli::wast;
use wasmtier_tests::modes::{MODES, Mode};

fn main() -> process::ExitCode {
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("wast");
    let files = fs::read_dir(&scripts).expect("tests/wast can be listed");
    let mut paths: Vec<_> = files.map(|file| file.expect("a file has a name").path()).collect();
    paths.sort();
    let mut trials = Vec::new();
    for path in paths {
        let text = fs::read_to_string(&path).expect("scripts can be read");
        let name = path.file_stem().expect("a file has a name").to_string_lossy().into_owned();
        for mode in MODES {
            let text = text.clone();
            trials.push(Trial::test(&name, move || run(mode, &text)).with_kind(mode.name));
        }
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn run(mode: &Mode, text: &str) -> Result<(), Failed> {
    let report = wast::run(&mode.engine(), text);
    let mut failures = String::new();
    for failure in report.failures() {
        writeln!(failures, "{failure}")?;
    }
    if failures.is_empty() { Ok(()) } else { Err(failures.into()) }
}
