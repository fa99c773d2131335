//! [`Failure`]: why a command did not succeed, what it prints, and its exit status.
//!
//! Invariant: the first line on standard error says everything; only a backtrace follows it. No
//! backtrace of the host is ever captured: symbolising our own binary costs more than most guests.

use core::fmt;
use std::io::{self, Write};
use std::path::Path;

use wasmtier::{Error, ErrorKind, Trap, UnknownImportError, WasmBacktrace};

/// Exit status after anything but a trap.
const FAILED: u8 = 1;

/// Exit status after a trap: that of a process ended by SIGABRT, as shells report it.
const TRAPPED: u8 = 134;

/// Why a command did not succeed.
pub(crate) enum Failure {
    /// Not what the command line should look like, or a file is missing, or output is impossible.
    Message(String),
    /// What the engine, or the program in it, failed with: the file, and the error.
    Wasm(String, Error),
    /// Everything has been reported already.
    Reported,
}

impl Failure {
    pub(crate) fn message(text: impl fmt::Display) -> Failure {
        Failure::Message(text.to_string())
    }

    /// A failure of the engine that says itself what it is about.
    pub(crate) fn error(error: &Error) -> Failure {
        Failure::Message(causes(error))
    }

    /// A failure to link or run what is in a file.
    pub(crate) fn wasm(file: &Path, error: Error) -> Failure {
        Failure::Wasm(file.display().to_string(), error)
    }

    /// Prints it and returns the exit status.
    pub(crate) fn report(&self) -> u8 {
        let (text, status) = match self {
            Failure::Message(text) => (one_line(text), FAILED),
            Failure::Wasm(file, error) => describe(file, error),
            Failure::Reported => return FAILED,
        };
        // There is nobody left to tell when standard error is closed.
        let _ = writeln!(io::stderr().lock(), "error: {text}");
        status
    }
}

/// What to print, and the exit status.
fn describe(file: &str, error: &Error) -> (String, u8) {
    let mut text = format!("{file}: {}", causes(error));
    if error.is::<Trap>() {
        text = format!("{file}: wasm trap: {}", causes(error));
    }
    let backtrace = error.downcast_ref::<WasmBacktrace>();
    if backtrace.is_none() && error.is::<UnknownImportError>() {
        text.push_str("; `-W unknown-imports-trap` runs the program until it is called");
    }
    let text = one_line(&text);
    // A function that this version cannot run is found in the middle of a program, and is still
    // no trap but the module's fault.
    if error.is::<ErrorKind>() {
        return (text, FAILED);
    }
    match backtrace {
        Some(backtrace) => (format!("{text}\n{backtrace}"), TRAPPED),
        None => (text, if error.is::<Trap>() { TRAPPED } else { FAILED }),
    }
}

/// An error and its causes, outermost first.
fn causes(error: &Error) -> String {
    let causes: Vec<String> = error.chain().map(ToString::to_string).collect();
    causes.join(": ")
}

/// The text without anything that would end the line or move a terminal's cursor.
fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() {
            line.extend(character.escape_debug());
        } else {
            line.push(character);
        }
    }
    line
}
