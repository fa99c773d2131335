//! [`ErrorKind`]: the failures that are the engine's own, and their texts.
//!
//! What lives here: what can be wrong with a configuration, a module, a link or a use of the API.
//! What does not: traps, host errors, and the carrier of all of them ([`crate::Error`]).
//!
//! Invariant: every text is one line, says what was wrong and where, and where it helps what would
//! be right.

use std::path::PathBuf;

use core::fmt::{self, Write as _};

/// What went wrong, when it is the engine that says so. Found by [`crate::Error::downcast_ref`].
///
/// ```
/// use wasmtier::{Engine, ErrorKind, Module};
/// let error = Module::new(&Engine::default(), b"\0asm\x01\0\0\0\xff").unwrap_err();
/// match error.downcast_ref() {
///     Some(ErrorKind::InvalidModule { offset, .. }) => assert_eq!(*offset, 8),
///     other => panic!("{other:?}"),
/// }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The configuration asks for what this build or host cannot do.
    Config(String),
    /// A file could not be read.
    File {
        /// The path as it was given.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The bytes are the text format; `Module` takes the binary format.
    Text,
    /// The bytes are a component, not a core module.
    Component,
    /// The bytes are no WebAssembly at all.
    NotWasm {
        /// What they look like.
        found: &'static str,
    },
    /// The module is malformed or invalid.
    InvalidModule {
        /// Offset in the module's bytes.
        offset: u64,
        /// What is wrong there.
        message: String,
        /// In which function: its index and, when known, its name.
        function: Option<(u32, Option<String>)>,
    },
    /// A valid function that this version cannot run, found at its first call.
    Untranslatable {
        /// The function: its index and, when known, its name.
        function: (u32, Option<String>),
        /// Which limit it exceeds, or which operator is not supported yet.
        message: String,
    },
    /// An import is missing or of the wrong type, or a name is defined twice.
    Link(String),
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(message) | Self::Link(message) => f.write_str(message),
            Self::File { path, source } => write!(f, "cannot read `{}`: {source}", path.display()),
            Self::Text => f.write_str(
                "not a binary module: this is the WebAssembly text format; \
                 convert it first, for example with `wasm-tools parse`",
            ),
            Self::Component => f.write_str(
                "this is a WebAssembly component; a core module is needed, \
                 for example one built for `wasm32-wasip1`",
            ),
            Self::NotWasm { found } => write!(
                f,
                "not a WebAssembly module: {found}; \
                 a binary module begins with the bytes 00 61 73 6d 01 00 00 00"
            ),
            Self::InvalidModule { offset, message, function } => {
                write!(f, "invalid module at offset {offset:#x}: {message}")?;
                function.as_ref().map_or(Ok(()), |function| write_function(f, function))
            }
            Self::Untranslatable { function, message } => {
                write!(f, "cannot run a function of the module: {message}")?;
                write_function(f, function)
            }
        }
    }
}

fn write_function(
    f: &mut fmt::Formatter<'_>,
    (index, name): &(u32, Option<String>),
) -> fmt::Result {
    match name {
        Some(name) => write!(f, " (function {index} `{}`)", OneLine(name)),
        None => write!(f, " (function {index})"),
    }
}

/// Text from a module, fit for a message: one line of bounded length, whatever the module says.
pub(crate) struct OneLine<'a>(pub(crate) &'a str);

impl fmt::Display for OneLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const LONGEST: usize = 200;
        for (count, char) in self.0.chars().enumerate() {
            match char {
                _ if count == LONGEST => return f.write_str("..."),
                '\'' | '"' => f.write_char(char)?,
                char => write!(f, "{}", char.escape_debug())?,
            }
        }
        Ok(())
    }
}

impl core::error::Error for ErrorKind {}
