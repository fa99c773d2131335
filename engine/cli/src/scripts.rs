//! `wasmtier wast`: test scripts, and a line for each directive that fails.
//!
//! What lives here: files and the exit status. What does not: the scripts themselves (`wast`).
//!
//! Invariant: every file is run, whatever became of those before it.

use std::fs;
use std::path::{Path, PathBuf};

use wasmtier::{Config, Engine, Error, ErrorKind};

use crate::failure::Failure;
use crate::wast;

/// Runs the scripts and returns the exit status.
pub(crate) fn run(files: &[PathBuf]) -> Result<u8, Failure> {
    let engine = Engine::new(&Config::new()).map_err(|error| Failure::error(&error))?;
    let mut outcome = Ok(0);
    for file in files {
        for failure in failures(&engine, file) {
            failure.report();
            outcome = Err(Failure::Reported);
        }
    }
    outcome
}

fn failures(engine: &Engine, path: &Path) -> Vec<Failure> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(source) => {
            let error = Error::new(ErrorKind::File { path: path.into(), source });
            return vec![Failure::error(&error)];
        }
    };
    let report = wast::run(engine, &text);
    let failures = report.failures();
    failures.map(|it| Failure::message(format_args!("{}:{it}", path.display()))).collect()
}
