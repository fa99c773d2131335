//! The repository's text files, and a Rust file split into code and comments.
//!
//! The split keeps every line where it was and blanks what does not belong, so a rule can look for
//! a word in code without meeting it in a comment or a string. It knows tokens, not grammar.

use std::fs;
use std::path::{Path, PathBuf};

/// Text worth checking. Anything else (`.wasm`, golden output) is data.
const TEXT: [&str; 7] = ["rs", "md", "toml", "sh", "c", "wat", "wast"];

pub(crate) struct File {
    /// Relative to the repository, with `/`.
    pub(crate) path: String,
    pub(crate) text: String,
    /// The text with comments and literals blanked. Empty unless the file is Rust.
    pub(crate) code: String,
    /// The text with everything but comments blanked. Empty unless the file is Rust.
    pub(crate) comments: String,
}

impl File {
    pub(crate) fn new(path: &str, text: &str) -> Self {
        let (code, comments) =
            if path.ends_with(".rs") { split(text) } else { (String::new(), String::new()) };
        Self { path: path.to_owned(), text: text.to_owned(), code, comments }
    }

    pub(crate) fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    pub(crate) fn is_in(&self, places: &[&str]) -> bool {
        places.iter().any(|place| self.path.starts_with(place))
    }

    /// Lines of code with their numbers, counted from 1.
    pub(crate) fn code_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.code.lines().zip(1..).map(|(line, number)| (number, line))
    }
}

/// The identifiers and keywords of a piece of code, numbers among them.
pub(crate) fn words(code: &str) -> impl Iterator<Item = &str> {
    code.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}

pub(crate) fn root() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().expect("the tests crate is a folder of the repository").to_owned()
}

/// Folders at the top that hold something we wrote.
pub(crate) fn top_level_folders() -> Vec<String> {
    let mut names: Vec<String> = entries(&root())
        .into_iter()
        .filter(|path| path.is_dir() && is_ours(path))
        .map(|path| name(&path).to_owned())
        .collect();
    names.sort();
    names
}

pub(crate) fn all() -> Vec<File> {
    let mut found = Vec::new();
    let mut folders = vec![root()];
    while let Some(folder) = folders.pop() {
        for path in entries(&folder) {
            if path.is_dir() {
                if is_ours(&path) || name(&path) == ".ci" {
                    folders.push(path);
                }
            } else if is_text(&path) {
                let relative = path.strip_prefix(root()).expect("the walk starts at the root");
                let relative = relative.to_str().expect("file names here are UTF-8");
                let text = fs::read_to_string(&path)
                    .unwrap_or_else(|error| panic!("{relative}: {error}; text must be UTF-8"));
                found.push(File::new(relative, &text));
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    entries.map(|entry| entry.expect("the folder stays while it is read").path()).collect()
}

fn name(path: &Path) -> &str {
    path.file_name().and_then(|name| name.to_str()).unwrap_or_default()
}

/// Cargo tags its build folders; hidden folders belong to tools.
fn is_ours(folder: &Path) -> bool {
    !name(folder).starts_with('.')
        && name(folder) != "target"
        && !folder.join("CACHEDIR.TAG").exists()
}

fn is_text(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|extension| TEXT.contains(&extension)) || path.ends_with(".ci/run")
}

/// What the bytes at some place are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Code,
    Comment,
    Literal,
}

fn split(text: &str) -> (String, String) {
    let bytes = text.as_bytes();
    let (mut code, mut comments) = (String::new(), String::new());
    let mut at = 0;
    while at < bytes.len() {
        let (kind, end) = token(bytes, at);
        for &byte in &bytes[at..end] {
            let visible = if byte.is_ascii() { char::from(byte) } else { '?' };
            let blank = if byte == b'\n' { '\n' } else { ' ' };
            code.push(if kind == Kind::Code { visible } else { blank });
            comments.push(if kind == Kind::Comment { visible } else { blank });
        }
        at = end;
    }
    (code, comments)
}

/// The kind of what starts at `at`, and where it ends. Code goes one byte, or one word, at a time.
fn token(bytes: &[u8], at: usize) -> (Kind, usize) {
    let rest = &bytes[at..];
    if rest.starts_with(b"//") {
        return (Kind::Comment, at + rest.iter().position(|&b| b == b'\n').unwrap_or(rest.len()));
    }
    if rest.starts_with(b"/*") {
        return (Kind::Comment, at + block_comment(rest));
    }
    if let Some(length) = raw_string(rest) {
        return (Kind::Literal, at + length);
    }
    match rest[0] {
        b'"' => (Kind::Literal, at + quoted(rest, b'"')),
        b'\'' if is_char(rest) => (Kind::Literal, at + quoted(rest, b'\'')),
        byte if is_word(byte) => {
            let word = rest.iter().position(|&b| !is_word(b)).unwrap_or(rest.len());
            (Kind::Code, at + word)
        }
        _ => (Kind::Code, at + 1),
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn block_comment(rest: &[u8]) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        if rest[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                break;
            }
        } else {
            at += 1;
        }
    }
    at
}

/// The length of the raw string `rest` starts with, if it does.
fn raw_string(rest: &[u8]) -> Option<usize> {
    let prefix = [&b"r"[..], b"br", b"cr"].into_iter().find(|prefix| {
        rest.starts_with(prefix) && matches!(rest.get(prefix.len()), Some(b'"' | b'#'))
    })?;
    let hashes = rest[prefix.len()..].iter().take_while(|&&b| b == b'#').count();
    let open = prefix.len() + hashes;
    if rest.get(open) != Some(&b'"') {
        return None;
    }
    let mut close = vec![b'"'];
    close.resize(1 + hashes, b'#');
    let body = &rest[open + 1..];
    let length = body.windows(close.len()).position(|window| window == close);
    Some(length.map_or(rest.len(), |length| open + 1 + length + close.len()))
}

fn quoted(rest: &[u8], quote: u8) -> usize {
    let mut at = 1;
    while at < rest.len() && rest[at] != quote {
        at += if rest[at] == b'\\' { 2 } else { 1 };
    }
    (at + 1).min(rest.len())
}

/// Whether a quote opens a character; otherwise it is a lifetime.
fn is_char(rest: &[u8]) -> bool {
    match rest.get(1) {
        Some(b'\\') => true,
        Some(&first) => {
            let width = match first {
                0xf0.. => 4,
                0xe0.. => 3,
                0xc0.. => 2,
                _ => 1,
            };
            rest.get(1 + width) == Some(&b'\'')
        }
        None => false,
    }
}
