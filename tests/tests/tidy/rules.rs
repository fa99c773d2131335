//! What every source file must satisfy.
//!
//! A rule reads one file and adds a problem per breach. Numbers and exceptions stand beside the
//! rule they belong to, each with its reason; `CONTRIBUTING.md` says the same in prose.

use crate::Problem;
use crate::source::{File, words};
use std::collections::BTreeSet;
use std::path::Path;

type Rule = fn(&File, &mut Vec<Problem>);

pub(crate) const ALL: [Rule; 10] = [
    opens_with_docs,
    is_short,
    is_narrow,
    keeps_unsafe_in_place,
    forbids_unsafe,
    lists_no_operators,
    leaves_walking_to_the_walk,
    explains_orderings,
    is_finished,
    names_no_machine,
];

pub(crate) fn opens_with_docs(file: &File, problems: &mut Vec<Problem>) {
    if file.is_rust() && !file.text.starts_with("//!") {
        let message = "does not open with //!: say what lives here, what does not, \
                       and the invariant it keeps";
        problems.push(Problem::new(&file.path, 1, message));
    }
}

const MOST_LINES: usize = 800;

pub(crate) fn is_short(file: &File, problems: &mut Vec<Problem>) {
    let lines = file.text.lines().count();
    if file.is_rust() && lines > MOST_LINES {
        let message = format!("{lines} lines: split it by idea below {MOST_LINES}");
        problems.push(Problem::new(&file.path, 0, message));
    }
}

const MOST_COLUMNS: usize = 100;

pub(crate) fn is_narrow(file: &File, problems: &mut Vec<Problem>) {
    for (line, number) in file.text.lines().zip(1..) {
        let columns = line.chars().count();
        if file.is_rust() && columns > MOST_COLUMNS {
            let message = format!("{columns} columns: wrap it at {MOST_COLUMNS}");
            problems.push(Problem::new(&file.path, number, message));
        }
    }
}

/// The layouts all tiers share, the handlers that run on them, and what maps memory and code. The
/// last are no part of the engine: a test that runs what was lowered, and what programs import that
/// run inside an engine.
const UNSAFE_PLACES: [&str; 8] = [
    "engine/vm/",
    "interp/src/handlers/",
    "interp/src/handlers.rs",
    "engine/src/runtime/",
    "engine/src/runtime.rs",
    "engine/x64/tests/lower/machine.rs",
    "tests/bench/programs/bench.rs",
    "tests/bench/src/micro/wasmtime.rs",
];

pub(crate) fn keeps_unsafe_in_place(file: &File, problems: &mut Vec<Problem>) {
    if file.is_in(&UNSAFE_PLACES) {
        return;
    }
    for (number, line) in file.code_lines() {
        if words(line).any(|word| word == "unsafe") {
            let message = "`unsafe` here: it lives only in engine/vm, interp/src/handlers and \
                           engine/src/runtime; move the operation there behind a safe function";
            problems.push(Problem::new(&file.path, number, message));
        }
    }
}

/// Where not even a crate's own exception is possible: they only compute facts and bytes.
const SAFE_CRATES: [&str; 3] = ["engine/ops/src/lib.rs", "engine/x64/src/lib.rs", "jit/src/lib.rs"];

pub(crate) fn forbids_unsafe(file: &File, problems: &mut Vec<Problem>) {
    let is_root = SAFE_CRATES.contains(&file.path.as_str());
    if is_root && !file.code.contains("#![forbid(unsafe_code)]") {
        let message = "without #![forbid(unsafe_code)]: this crate computes, it touches no memory \
                       but its own";
        problems.push(Problem::new(&file.path, 0, message));
    }
}

/// More names of numeric operators than this in one file is a list of operators.
const MOST_OPERATORS: usize = 25;
/// Their rows, their one lowering each, and tests, which are allowed to check lists by lists.
const OPERATOR_PLACES: [&str; 3] = ["engine/ops/", "engine/x64/", "tests/"];

pub(crate) fn lists_no_operators(file: &File, problems: &mut Vec<Problem>) {
    if file.is_in(&OPERATOR_PLACES) {
        return;
    }
    let named: BTreeSet<String> = words(&file.code).filter_map(operator_name).collect();
    if named.len() > MOST_OPERATORS {
        let message = format!(
            "names {} numeric operators: what an operator means is its row in engine/ops, how the \
             machine does it is its lowering in engine/x64; derive the rest from those",
            named.len()
        );
        problems.push(Problem::new(&file.path, 0, message));
    }
}

/// `i32add` for `visit_i32_add`, `i32_add` and `I32Add`; nothing for other words.
fn operator_name(word: &str) -> Option<String> {
    const TYPES: [&str; 10] =
        ["i32", "i64", "f32", "f64", "i8x16", "i16x8", "i32x4", "i64x2", "f32x4", "f64x2"];
    let name = word.strip_prefix("visit_").unwrap_or(word);
    let is_operator = TYPES.iter().any(|ty| {
        let snake = name.strip_prefix(ty).is_some_and(|rest| rest.starts_with('_'));
        let camel = name
            .strip_prefix(ty.to_ascii_uppercase().as_str())
            .or_else(|| name.strip_prefix(ty.to_ascii_uppercase().replace('X', "x").as_str()))
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_uppercase()));
        snake || camel
    });
    is_operator.then(|| name.to_ascii_lowercase().replace('_', ""))
}

/// The one walk, which skips dead code for all tiers.
const WALK: &str = "engine/vm/src/walk.rs";

pub(crate) fn leaves_walking_to_the_walk(file: &File, problems: &mut Vec<Problem>) {
    for (number, line) in file.code_lines() {
        if file.path != WALK && words(line).any(|word| word == "visit_operator") {
            let message = format!("drives a visitor: implement `Walk` of {WALK} and be driven");
            problems.push(Problem::new(&file.path, number, message));
        }
    }
}

pub(crate) fn explains_orderings(file: &File, problems: &mut Vec<Problem>) {
    const ORDERINGS: [&str; 5] = ["Acquire", "Release", "AcqRel", "Relaxed", "SeqCst"];
    const ABOVE: usize = 3;
    let comments: Vec<&str> = file.comments.lines().collect();
    for (number, line) in file.code_lines() {
        if line.contains("Ordering::{") || line.contains("Ordering::*") {
            let message = "write `Ordering::` at each use, so that each is seen and explained";
            problems.push(Problem::new(&file.path, number, message));
            continue;
        }
        let mut used = line.split("Ordering::").skip(1).filter_map(|rest| words(rest).next());
        if !used.any(|word| ORDERINGS.contains(&word)) {
            continue;
        }
        let near = number.saturating_sub(1 + ABOVE)..number;
        let mut near = comments.get(near).into_iter().flatten();
        let explained = near.any(|comment| !comment.trim().is_empty());
        if !explained {
            let message = format!(
                "a memory ordering without its reason: say within {ABOVE} lines above what it \
                 pairs with, or why nothing needs to"
            );
            problems.push(Problem::new(&file.path, number, message));
        }
    }
}

pub(crate) fn is_finished(file: &File, problems: &mut Vec<Problem>) {
    const CODE: [(&str, &str); 6] = [
        ("#[ignore", "a test that never runs: make it pass, or list it as an expected failure"),
        ("#[allow", "use #[expect(lint, reason = \"...\")], which says why and when to go"),
        ("#![allow", "use #![expect(lint, reason = \"...\")], which says why and when to go"),
        ("todo!", "unfinished: return an error that says what is not supported"),
        ("unimplemented!", "unfinished: return an error that says what is not supported"),
        ("dbg!", "left over from debugging: remove it"),
    ];
    const COMMENTS: [&str; 3] = ["TODO", "FIXME", "XXX"];
    for (number, line) in file.code_lines() {
        for (what, message) in CODE {
            if line.contains(what) {
                problems.push(Problem::new(&file.path, number, format!("`{what}`: {message}")));
            }
        }
    }
    for (line, number) in file.comments.lines().zip(1..) {
        if let Some(word) = words(line).find(|word| COMMENTS.contains(word)) {
            let message = format!("`{word}`: do it, or open an issue and leave no note here");
            problems.push(Problem::new(&file.path, number, message));
        }
    }
}

pub(crate) fn names_no_machine(file: &File, problems: &mut Vec<Problem>) {
    // In two pieces, or this file would break the rule.
    const PLACES: [&str; 2] = [concat!("/wo", "rk/"), concat!("/ro", "ot/")];
    for (line, number) in file.text.lines().zip(1..) {
        if let Some(place) = PLACES.into_iter().find(|place| line.contains(place)) {
            let message = format!("`{place}` exists on one machine: start from the repository");
            problems.push(Problem::new(&file.path, number, message));
        }
    }
}

/// Files below a `src` that no `mod` names: rustc does not see them, so nothing else complains.
pub(crate) fn check_orphans(files: &[File]) -> Vec<Problem> {
    let orphans = files.iter().filter(|file| {
        let Some((folder, module)) = module(&file.path) else { return false };
        let parents = [
            format!("{folder}/mod.rs"),
            format!("{folder}/lib.rs"),
            format!("{folder}/main.rs"),
            format!("{folder}.rs"),
        ];
        let is_declared =
            |parent: &File| parents.contains(&parent.path) && declares(parent, module);
        !files.iter().any(|parent| is_declared(parent) || points_to(parent, &file.path))
    });
    let message = "no `mod` names it, so it is never compiled: name it or delete it";
    orphans.map(|file| Problem::new(&file.path, 0, message)).collect()
}

/// The folder whose module must declare the file, and the name to declare; nothing for a root.
fn module(path: &str) -> Option<(&str, &str)> {
    let path = path.strip_suffix(".rs").filter(|path| path.contains("/src/"))?;
    let (folder, name) = path.strip_suffix("/mod").unwrap_or(path).rsplit_once('/')?;
    let is_root = folder.ends_with("/src") && ["lib", "main"].contains(&name);
    let is_program = folder.rsplit_once('/').is_some_and(|(above, _)| above.ends_with("/src/bin"));
    let is_root = is_root || folder.ends_with("/src/bin") || is_program && name == "main";
    (!is_root).then_some((folder, name))
}

/// Whether a `#[path]` in `file` means the file at `path`.
fn points_to(file: &File, path: &str) -> bool {
    let folder = Path::new(&file.path).parent().unwrap_or(Path::new(""));
    let pointers = file.text.lines().filter_map(|line| {
        line.trim().strip_prefix("#[path = \"").and_then(|rest| rest.strip_suffix("\"]"))
    });
    let mut targets = pointers.map(|pointer| {
        let mut target = folder.to_owned();
        for part in pointer.split('/') {
            match part {
                ".." => _ = target.pop(),
                part => target.push(part),
            }
        }
        target
    });
    targets.any(|target| target == Path::new(path))
}

fn declares(file: &File, module: &str) -> bool {
    let words: Vec<&str> = words(&file.code).collect();
    words.windows(2).any(|pair| pair == ["mod", module])
}
