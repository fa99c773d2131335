//! Files as modules, whichever of the two formats they are in; and `validate`.
//!
//! What lives here: the text format, which the engine leaves to its users. What does not: the
//! binary one.
//!
//! Invariant: the text format costs nothing to those who do not use it; a binary module is read
//! and checked once, by the engine.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use wasmtier::{Config, Context, Engine, Error, ErrorKind, Module};
use wast::Wat;
use wast::parser::{self, ParseBuffer};

use crate::failure::Failure;

/// Bytes of the largest text that is read. Its syntax tree takes some ten times as much.
const LARGEST_TEXT: u64 = 64 << 20;

/// Reads and validates a module.
pub(crate) fn load(engine: &Engine, file: &Path) -> Result<Module, Failure> {
    let result = if file.extension().is_some_and(|extension| extension == "wat") {
        load_text(engine, file)
    } else {
        match Module::from_file(engine, file) {
            Err(error) if is_text(&error) => load_text(engine, file),
            result => result,
        }
    };
    result.map_err(|error| Failure::error(&error))
}

fn is_text(error: &Error) -> bool {
    matches!(error.downcast_ref(), Some(ErrorKind::Text))
}

fn load_text(engine: &Engine, path: &Path) -> Result<Module, Error> {
    let text = read_text(path).map_err(|source| ErrorKind::File { path: path.into(), source })?;
    let binary = encode(&text).map_err(|error| Error::msg(error_in(&error, &text)));
    let module = binary.and_then(|binary| Module::new(engine, binary));
    module.with_context(|| format!("cannot load `{}`", path.display()))
}

fn read_text(path: &Path) -> io::Result<String> {
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    // It may have been read once already, to see what it is.
    if !metadata.is_file() {
        return Err(io::Error::other("the text format is read from regular files only"));
    }
    if metadata.len() > LARGEST_TEXT {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    let mut text = String::new();
    file.take(LARGEST_TEXT).read_to_string(&mut text)?;
    Ok(text)
}

/// Translates the text format into the binary one.
fn encode(text: &str) -> Result<Vec<u8>, wast::Error> {
    let buffer = ParseBuffer::new(text)?;
    parser::parse::<Wat<'_>>(&buffer)?.encode()
}

/// What is wrong and where, in one line, where `wast` would quote the text over several.
fn error_in(error: &wast::Error, text: &str) -> String {
    let (line, column) = error.span().linecol_in(text);
    format!("line {}, column {}: {}", line + 1, column + 1, error.message())
}

/// `wasmtier validate`: a line for each file that is not valid.
pub(crate) fn validate(files: &[PathBuf]) -> Result<u8, Failure> {
    let engine = Engine::new(&Config::new()).map_err(|error| Failure::error(&error))?;
    let mut outcome = Ok(0);
    for file in files {
        if let Err(failure) = load(&engine, file) {
            failure.report();
            outcome = Err(Failure::Reported);
        }
    }
    outcome
}
