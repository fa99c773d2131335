//! What the prose must satisfy: a path it names exists.
//!
//! A path is a word that starts with one of our folders and a slash, in text or in a command.

use crate::Problem;
use crate::source::File;

const STARTS: [&str; 6] = ["engine/", "interp/", "jit/", "tests/", "fuzz/", ".ci/"];

/// A changelog may name what has since gone.
pub(crate) fn describes_the_present(path: &str) -> bool {
    path.ends_with(".md") && path != "CHANGELOG.md"
}

pub(crate) fn check_paths(file: &File, exists: impl Fn(&str) -> bool, problems: &mut Vec<Problem>) {
    let ends_word = |c: char| c.is_whitespace() || "`()[]<>\"'|,;".contains(c);
    for (line, number) in file.text.lines().zip(1..) {
        for word in line.split(ends_word) {
            let path = word.trim_end_matches(['.', ':', '?', '!']);
            if STARTS.iter().any(|start| path.starts_with(start)) && !exists(path) {
                let message = format!("`{path}` does not exist: name what is there now");
                problems.push(Problem::new(&file.path, number, message));
            }
        }
    }
}
