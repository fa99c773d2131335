//! What a user gives as a module: a file, and bytes that may be anything.
//!
//! What lives here: reading a file, and telling a core module from what people mistake for one.
//! What does not: the sections behind the header.
//!
//! Invariant: a file that is no module is recognised by its beginning, so that an endless device
//! or a huge archive costs no more than a page.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use wasmparser::Parser;

use crate::error_kind::ErrorKind;

/// Bytes at the beginning of a file that are looked at first.
const BEGINNING: u64 = 4096;

/// Bytes of the largest module that is read from a file.
const LARGEST: u64 = 1 << 30;

/// Reads a file that begins like a module.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, ErrorKind> {
    let failed = |source| ErrorKind::File { path: path.to_owned(), source };
    let mut file = File::open(path).map_err(failed)?;
    let mut bytes = Vec::new();
    file.by_ref().take(BEGINNING).read_to_end(&mut bytes).map_err(failed)?;
    check_header(&bytes)?;
    let size = file.metadata().map_err(failed)?.len();
    if size > LARGEST {
        return Err(failed(std::io::ErrorKind::FileTooLarge.into()));
    }
    bytes.reserve_exact((size as usize).saturating_sub(bytes.len()));
    file.take(LARGEST).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > LARGEST {
        return Err(failed(std::io::ErrorKind::FileTooLarge.into()));
    }
    Ok(bytes)
}

/// Refuses bytes that are no core module at all; a truncated or malformed one is the parser's.
pub(super) fn check_header(bytes: &[u8]) -> Result<(), ErrorKind> {
    const MAGIC: &[u8] = b"\0asm";
    if bytes.is_empty() {
        return Err(ErrorKind::NotWasm { found: "unexpected end, the input is empty" });
    }
    if Parser::is_component(bytes) {
        return Err(ErrorKind::Component);
    }
    if bytes.starts_with(MAGIC) || MAGIC.starts_with(bytes) {
        return Ok(());
    }
    if is_text(bytes) {
        return Err(ErrorKind::Text);
    }
    let known = FORMATS.iter().find(|(magic, _)| bytes.starts_with(magic));
    let found = known.map_or("magic header not detected", |(_, found)| found);
    Err(ErrorKind::NotWasm { found })
}

/// What people give by mistake.
const FORMATS: &[(&[u8], &str)] = &[
    (b"\x7fELF", "magic header not detected, this is a native (ELF) program or library"),
    (b"\x1f\x8b", "magic header not detected, this is compressed by gzip"),
    (b"\x28\xb5\x2f\xfd", "magic header not detected, this is compressed by zstd"),
    (b"PK\x03\x04", "magic header not detected, this is a zip archive"),
    (b"!<arch>", "magic header not detected, this is a static library"),
    (b"BC\xc0\xde", "magic header not detected, this is LLVM bitcode"),
    (b"#!", "magic header not detected, this is a script"),
    (b"<", "magic header not detected, this is a markup document"),
];

/// Whether the bytes begin like the text format: an opening parenthesis, or a comment of its own.
fn is_text(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    bytes.starts_with(b"(") || bytes.starts_with(b";;")
}
