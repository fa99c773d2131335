//! Tidy: the house rules a compiler cannot check, as a test.
//!
//! `source` finds the files and separates code from comments, `rules` holds what each file must
//! satisfy, `crates` what the crate graph must, `docs` what the prose must. Every rule is also
//! tried on a small bad sample in `samples`, so that a rule cannot silently stop finding anything.
//! No rule may be switched off for one place by a comment there: exceptions stand in the rule.

mod crates;
mod docs;
mod rules;
mod samples;
mod source;

use std::fmt;

/// One broken rule: where, what, and what would be right.
struct Problem {
    path: String,
    /// Counted from 1; 0 when the whole file is meant.
    line: usize,
    message: String,
}

impl Problem {
    fn new(path: &str, line: usize, message: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, message: message.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.path, self.message),
            line => write!(f, "{}:{line}: {}", self.path, self.message),
        }
    }
}

/// Fails with all problems at once, one a line.
fn expect_none(problems: &[Problem]) {
    let list: Vec<String> = problems.iter().map(Problem::to_string).collect();
    assert!(list.is_empty(), "{} house rules broken:\n{}", list.len(), list.join("\n"));
}

#[test]
fn source_files_follow_the_house_rules() {
    let files = source::all();
    assert!(files.len() > 20, "found only {} files: the walk is broken", files.len());
    let mut problems = Vec::new();
    for file in &files {
        for rule in rules::ALL {
            rule(file, &mut problems);
        }
    }
    expect_none(&problems);
}

#[test]
fn every_file_is_compiled() {
    expect_none(&rules::check_orphans(&source::all()));
}

#[test]
fn code_lives_in_the_five_folders() {
    expect_none(&crates::check_folders(&source::top_level_folders()));
}

#[test]
fn crates_depend_one_way() {
    expect_none(&crates::check_edges(&crates::workspace()));
}

#[test]
fn crates_take_the_workspace_lints() {
    let manifests = source::all().into_iter().filter(|file| file.path.ends_with("/Cargo.toml"));
    expect_none(&manifests.filter_map(|file| crates::check_lints(&file)).collect::<Vec<_>>());
}

#[test]
fn the_benchmarks_take_a_true_copy_of_the_lints() {
    const COPY: &str = "tests/bench/Cargo.toml";
    let read = |path: &str| {
        std::fs::read_to_string(source::root().join(path)).expect("manifests are text files")
    };
    let problem = crates::check_copied_lints(&read("Cargo.toml"), &read(COPY), COPY);
    expect_none(&problem.into_iter().collect::<Vec<_>>());
}

#[test]
fn the_product_stays_within_its_dependency_budget() {
    let mut problems = crates::check_budget("wasmtier", &crates::tree("wasmtier"));
    problems.extend(crates::check_peers("wasmtier-cli", &crates::tree("wasmtier-cli")));
    expect_none(&problems);
}

#[test]
fn paths_named_in_the_prose_exist() {
    let mut problems = Vec::new();
    for file in source::all().iter().filter(|file| docs::describes_the_present(&file.path)) {
        docs::check_paths(file, |path| source::root().join(path).exists(), &mut problems);
    }
    expect_none(&problems);
}
