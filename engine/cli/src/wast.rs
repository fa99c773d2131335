//! Test scripts in the `.wast` format of the specification's testsuite.
//!
//! What lives here: [`run`], which runs a whole script, and the [`Report`] it returns. What does
//! not: what directives do (`script`, `thread`), values and patterns (`value`), the module the
//! testsuite imports from (`spectest`), and what is expected to fail (whoever reads the report).
//!
//! Invariant: no directive is skipped; each has passed or failed.

mod script;
mod spectest;
mod thread;
mod value;

use std::fmt;

use wasmtier::Engine;
use wast::lexer::Lexer;
use wast::parser::{self, ParseBuffer};
use wast::token::Span;
use wast::{Wast, WastDirective};

use script::Script;
use thread::Spawner;

/// What became of the directives of a script, in their order.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Report {
    /// One for each directive; when the script cannot be parsed, one that says so.
    pub directives: Vec<Directive>,
}

impl Report {
    /// The directives that failed.
    pub fn failures(&self) -> impl Iterator<Item = &Directive> {
        self.directives.iter().filter(|directive| directive.result.is_err())
    }
}

/// What became of one directive. `{}` is one line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Directive {
    /// The line it begins on, from 1.
    pub line: usize,
    /// Its keyword.
    pub keyword: &'static str,
    /// Why it failed, if it did.
    pub result: Result<(), String>,
}

impl fmt::Display for Directive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: ", self.line, self.keyword)?;
        match &self.result {
            Ok(()) => f.write_str("passed"),
            Err(reason) => f.write_str(reason),
        }
    }
}

/// Runs the script `text` in a store of its own on `engine`.
///
/// A module that fails leaves no current module behind, so that what depends on it fails too.
///
/// ```
/// use wasmtier::Engine;
/// let report = wasmtier_cli::wast::run(
///     &Engine::default(),
///     r#"(module (func (export "one") (result i32) (i32.const 1)))
///        (assert_return (invoke "one") (i32.const 1))
///        (assert_trap (invoke "two") "unreachable")"#,
/// );
/// assert_eq!(report.directives.len(), 3);
/// let failures: Vec<_> = report.failures().map(ToString::to_string).collect();
/// assert_eq!(failures, ["3: assert_trap: no function is exported as `two`"]);
/// ```
///
/// # Panics
///
/// With the panics of the engine, of which there should be none.
pub fn run(engine: &Engine, text: &str) -> Report {
    let lines = Lines::new(text);
    let mut lexer = Lexer::new(text);
    // The testsuite tests names in all scripts.
    lexer.allow_confusing_unicode(true);
    let buffer = match ParseBuffer::new_with_lexer(lexer) {
        Ok(buffer) => buffer,
        Err(error) => return unparsed(&lines, &error),
    };
    let directives = match parser::parse::<Wast<'_>>(&buffer) {
        Ok(script) => script.directives,
        Err(error) => return unparsed(&lines, &error),
    };
    std::thread::scope(|scope| {
        let mut script = match Script::new(engine, Spawner { scope, lines: &lines }) {
            Ok(script) => script,
            Err(error) => return failed_whole(1, format!("cannot define `spectest`: {error}")),
        };
        let directives = directives.into_iter().map(|directive| run_one(&mut script, directive));
        let mut report = Report { directives: directives.collect() };
        // What nobody waited for has to end, too.
        report.directives.extend(script.threads.finish());
        report
    })
}

fn run_one<'env>(script: &mut Script<'_, 'env>, directive: WastDirective<'env>) -> Directive {
    let line = script.threads.line(directive.span());
    let keyword = script::keyword(&directive);
    Directive { line, keyword, result: script.run(directive) }
}

fn unparsed(lines: &Lines, error: &wast::Error) -> Report {
    failed_whole(lines.line(error.span()), error.message())
}

fn failed_whole(line: usize, reason: String) -> Report {
    Report { directives: vec![Directive { line, keyword: "script", result: Err(reason) }] }
}

/// Where the lines of a script end.
struct Lines(Vec<usize>);

impl Lines {
    fn new(text: &str) -> Self {
        Self(text.match_indices('\n').map(|(offset, _)| offset).collect())
    }

    /// From 1.
    fn line(&self, span: Span) -> usize {
        self.0.partition_point(|&end| end < span.offset()) + 1
    }
}
