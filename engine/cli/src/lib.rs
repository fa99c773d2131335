//! The commands of `wasmtier`: run a program, explore and validate modules, run test scripts.
//!
//! What lives here: [`main`], and below it a file per command and per language the user writes
//! (the command line, values, `-W`). What does not: anything an embedder might want, which is in
//! `wasmtier` and `wasmtier-wasi`.
//!
//! Invariant: whatever the user gives, the answer is the program's exit status, or one line on
//! standard error that says what was wrong, followed by a backtrace if wasm was running.

mod args;
mod explore;
mod failure;
mod help;
mod proposals;
mod run;
mod scripts;
mod settings;
mod source;
mod values;
pub mod wast;

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;

use args::Command;
use failure::Failure;

/// Does what the arguments (without the command's own name) ask for, and returns the exit status
/// of the process: the program's, 134 after a trap, 1 after any other failure, which has then been
/// reported on standard error.
///
/// ```
/// use std::process::ExitCode;
/// let status = wasmtier_cli::main(["validate", "absent.wasm"].map(Into::into));
/// assert_eq!(status, ExitCode::FAILURE);
/// ```
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let status = args::parse(arguments).and_then(execute);
    ExitCode::from(status.unwrap_or_else(|failure| failure.report()))
}

/// The exit status.
fn execute(command: Command) -> Result<u8, Failure> {
    match command {
        Command::Help(text) => print(text),
        Command::Version => print(concat!("wasmtier ", env!("CARGO_PKG_VERSION"), "\n")),
        Command::Run(options) => run::run(&options),
        Command::Explore(options) => explore::explore(&options),
        Command::Validate(files) => source::validate(&files),
        Command::Wast(files) => scripts::run(&files),
    }
}

/// Writes to standard output. That nobody reads it (any more) is no failure.
fn print(text: &str) -> Result<u8, Failure> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::message(format_args!("cannot write to standard output: {error}")))
        }
        Ok(()) | Err(_) => Ok(0),
    }
}
