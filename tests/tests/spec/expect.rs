//! The expected failures: `tests/spec.expect`.
//!
//! What lives here: its format, reading it and writing it. Invariant: every line of it names a
//! file of the testsuite and a reason of [`NOT_BUILT`], or [`SUPERSEDED`].
//!
//! A line is `FILE LINES REASON`: the file, where the failing directives begin, the proposal that
//! they need. `LINES` are single lines and ranges, separated by commas; every directive that begins
//! within a range fails, and no other.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::ops::RangeInclusive;

use wasmtier_cli::wast::{Directive, Report};

pub(crate) const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/spec.expect");

const HEADER: &str = "\
# What of the official testsuite is expected to fail: FILE LINES REASON.
# The reason is a proposal that is not built yet, or `superseded`: a later version of the testsuite
# asserts the contrary. An entry that passes fails the run. To write the file anew, but for
# `superseded`, which is put in by hand: BLESS=1 cargo test -p wasmtier-tests --test spec
";

/// The proposals that are not built, and how messages of the failures tell them.
const NOT_BUILT: &[(&str, &[&str])] = &[
    ("custom-descriptors", &["custom descriptors"]),
    ("exceptions", &["exception"]),
    (
        "gc",
        &[
            "gc proposal",
            "`gc` proposal",
            "gc feature",
            "GC proposal",
            "global.get of locally defined global",
        ],
    ),
    ("function-references", &["function references", "function-references"]),
];

/// The reason of what later versions of the testsuite assert to be otherwise.
const SUPERSEDED: &str = "superseded";

/// For failures that nothing explains. Not allowed in the file.
const UNEXPLAINED: &str = "unexplained";

/// Lines of a file.
type Range = RangeInclusive<usize>;

fn parse_lines(text: &str) -> Option<Vec<Range>> {
    let range = |range: &str| {
        let (start, end) = range.split_once('-').unwrap_or((range, range));
        Some(start.parse().ok()?..=end.parse().ok()?)
    };
    text.split(',').map(range).collect()
}

/// The failures that are expected, by file.
pub(crate) struct Expectations(HashMap<String, Vec<Range>>);

impl Expectations {
    /// Reads them, and says what is wrong with them.
    pub(crate) fn parse(text: &str, files: &[&str]) -> (Self, String) {
        let files: HashSet<&str> = files.iter().copied().collect();
        let (mut entries, mut problems) = (HashMap::new(), String::new());
        for (number, line) in (1..).zip(text.lines()) {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let problem = match *line.split_whitespace().collect::<Vec<_>>() {
                [file, ..] if !files.contains(file) => "the testsuite has no such file",
                [file, ..] if entries.contains_key(file) => "the file is listed twice",
                [_, _, reason] if !is_allowed(reason) => "not a reason that may be given",
                [file, lines, _] => match parse_lines(lines) {
                    Some(lines) => {
                        entries.insert(file.to_owned(), lines);
                        continue;
                    }
                    None => "bad line numbers",
                },
                _ => "not `FILE LINES REASON`",
            };
            writeln!(problems, "{PATH}:{number}: {problem}: {line}").expect("strings take text");
        }
        (Self(entries), problems)
    }

    /// What did not go as expected in a file, one text for each.
    pub(crate) fn surprises(&self, file: &str, report: &Report) -> Vec<String> {
        let ranges = self.0.get(file).map_or(&[][..], Vec::as_slice);
        let is_listed =
            |directive: &Directive| ranges.iter().any(|range| range.contains(&directive.line));
        let surprising = report.directives.iter().filter(|it| is_listed(it) != it.result.is_err());
        let texts = surprising.map(|directive| match directive.result {
            Err(_) => directive.to_string(),
            Ok(()) => format!("{directive}: take it from tests/spec.expect"),
        });
        let is_void = |range: &&Range| !report.directives.iter().any(|it| range.contains(&it.line));
        let void = ranges.iter().filter(is_void);
        texts.chain(void.map(|range| format!("no directive begins in lines {range:?}"))).collect()
    }
}

fn is_allowed(reason: &str) -> bool {
    reason == SUPERSEDED || NOT_BUILT.iter().any(|(name, _)| *name == reason)
}

/// The text of the file with these entries.
pub(crate) fn text(lines: &[String]) -> String {
    let mut text = HEADER.to_owned();
    for line in lines {
        text.push_str(line);
        text.push('\n');
    }
    text
}

/// The files with the reason that nothing but a person can tell.
pub(crate) fn superseded(text: &str) -> HashSet<&str> {
    let lines = text.lines().filter(|line| line.ends_with(SUPERSEDED) && !line.starts_with('#'));
    lines.filter_map(|line| line.split(' ').next()).collect()
}

/// The entry for a file, if any of its directives failed.
pub(crate) fn line(file: &str, report: &Report, superseded: &HashSet<&str>) -> Option<String> {
    report.failures().next()?;
    let lines = failed_ranges(&report.directives).join(",");
    let reason = if superseded.contains(file) { SUPERSEDED } else { reason(file, report) };
    Some(format!("{file} {lines} {reason}"))
}

/// The runs of failed directives.
fn failed_ranges(directives: &[Directive]) -> Vec<String> {
    let runs = directives.chunk_by(|a, b| a.result.is_err() == b.result.is_err());
    let failed = runs.filter(|run| run[0].result.is_err());
    failed
        .map(|run| match (run[0].line, run[run.len() - 1].line) {
            (start, end) if start == end => start.to_string(),
            (start, end) => format!("{start}-{end}"),
        })
        .collect()
}

/// The proposal that explains the failures of a file: the one it belongs to, or else the one that
/// the first failure tells of.
fn reason(file: &str, report: &Report) -> &'static str {
    let belongs = |&&(name, _): &&(&str, &[&str])| file.split('/').next() == Some(name);
    if let Some((name, _)) = NOT_BUILT.iter().find(belongs) {
        return name;
    }
    let told = |message: &str| {
        let words =
            |&&(_, words): &&(&str, &[&str])| words.iter().any(|word| message.contains(word));
        NOT_BUILT.iter().find(words)
    };
    let mut messages = report.failures().filter_map(|failure| failure.result.as_ref().err());
    messages.find_map(|message| told(message)).map_or(UNEXPLAINED, |(name, _)| name)
}
