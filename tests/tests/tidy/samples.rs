//! A small bad sample for every rule, and near misses that must pass.

use crate::crates::{
    Crate, check_budget, check_copied_lints, check_edges, check_folders, check_lints,
};
use crate::source::File;
use crate::{Problem, docs, rules};
use std::collections::BTreeSet;

const NONE: [usize; 0] = [];

/// The lines a rule complains about.
fn lines(rule: fn(&File, &mut Vec<Problem>), path: &str, text: &str) -> Vec<usize> {
    let mut problems = Vec::new();
    rule(&File::new(path, text), &mut problems);
    problems.iter().map(|problem| problem.line).collect()
}

#[test]
fn a_file_must_open_with_docs() {
    assert_eq!(lines(rules::opens_with_docs, "jit/src/a.rs", "use std::fmt;\n"), [1]);
    assert_eq!(lines(rules::opens_with_docs, "jit/src/a.rs", "/// Not the file's.\n"), [1]);
    assert_eq!(lines(rules::opens_with_docs, "jit/src/a.rs", "//! A.\n"), NONE);
}

#[test]
fn a_file_must_be_short_and_narrow() {
    let long = "//\n".repeat(801);
    assert_eq!(lines(rules::is_short, "jit/src/a.rs", &long), [0]);
    assert_eq!(lines(rules::is_short, "jit/src/a.rs", &"//\n".repeat(800)), NONE);
    let wide = format!("//\n//{}\n", "é".repeat(99));
    assert_eq!(lines(rules::is_narrow, "jit/src/a.rs", &wide), [2]);
    assert_eq!(lines(rules::is_narrow, "jit/src/a.rs", &"é".repeat(100)), NONE);
}

#[test]
fn unsafe_must_stay_in_its_places() {
    let rule = rules::keeps_unsafe_in_place;
    let code = "fn f() {\n    unsafe { g() }\n}\n";
    for path in [
        "jit/src/a.rs",
        "interp/src/translate/a.rs",
        "engine/src/store.rs",
        "tests/a.rs",
        "tests/bench/programs/a/a.rs",
    ] {
        assert_eq!(lines(rule, path, code), [2], "{path}");
    }
    for path in [
        "engine/vm/src/a.rs",
        "interp/src/handlers/a.rs",
        "engine/src/runtime/a.rs",
        "tests/bench/programs/bench.rs",
        "tests/bench/src/micro/wasmtime.rs",
    ] {
        assert_eq!(lines(rule, path, code), NONE, "{path}");
    }
    for word in [
        "// unsafe",
        "/* /* */ unsafe */",
        "\"unsafe\"",
        "\"\\\" unsafe\"",
        "br#\"\" unsafe\"#",
        "#![forbid(unsafe_code)]",
    ] {
        assert_eq!(lines(rule, "jit/src/a.rs", word), NONE, "{word}");
    }
    for word in ["fn f<'a>(c: &'a u8) { unsafe {} }", "'\"' unsafe", "'\\'' unsafe", "\"\" unsafe"]
    {
        assert_eq!(lines(rule, "jit/src/a.rs", word), [1], "{word}");
    }
}

#[test]
fn computing_crates_must_forbid_unsafe() {
    let rule = rules::forbids_unsafe;
    assert_eq!(lines(rule, "jit/src/lib.rs", "//! A.\n// #![forbid(unsafe_code)]\n"), [0]);
    assert_eq!(lines(rule, "jit/src/lib.rs", "//! A.\n#![forbid(unsafe_code)]\n"), NONE);
    assert_eq!(lines(rule, "jit/src/other.rs", "//! A.\n"), NONE);
}

#[test]
fn operators_must_be_listed_once() {
    let rule = rules::lists_no_operators;
    let visits = |count| (0..count).map(|n| format!("fn visit_i32_op{n}() {{}}\n")).collect();
    let visits: [String; 2] = [visits(25), visits(26)];
    assert_eq!(lines(rule, "interp/src/a.rs", &visits[0]), NONE);
    assert_eq!(lines(rule, "interp/src/a.rs", &visits[1]), [0]);
    assert_eq!(lines(rule, "engine/ops/src/a.rs", &visits[1]), NONE);
    let arms: String = (0..13).map(|n| format!("F64Op{n} => 1, I32x4Op{n} => 2,\n")).collect();
    assert_eq!(lines(rule, "jit/src/a.rs", &arms), [0]);
    assert_eq!(lines(rule, "jit/src/a.rs", &"I32Add i32_add visit_i32_add\n".repeat(30)), NONE);
}

#[test]
fn walking_must_be_left_to_the_walk() {
    let rule = rules::leaves_walking_to_the_walk;
    let code = "fn f() {\n    reader.visit_operator(&mut visitor)?;\n}\n";
    assert_eq!(lines(rule, "jit/src/a.rs", code), [2]);
    assert_eq!(lines(rule, "engine/vm/src/walk.rs", code), NONE);
    let near = "for_each_visit_operator!(a); // visit_operator\nfn visit_i32_add() {}\n";
    assert_eq!(lines(rule, "jit/src/a.rs", near), NONE);
}

#[test]
fn orderings_must_be_explained() {
    let rule = rules::explains_orderings;
    let bare = "a.store(1, Ordering::Release);\n";
    assert_eq!(lines(rule, "engine/src/a.rs", bare), [1]);
    assert_eq!(lines(rule, "engine/src/a.rs", &format!("// Why.\n\n\n\n{bare}")), [5]);
    assert_eq!(lines(rule, "engine/src/a.rs", &format!("// Why.\n\n\n{bare}")), NONE);
    assert_eq!(lines(rule, "engine/src/a.rs", "a.load(Ordering::Acquire) // Why.\n"), NONE);
    assert_eq!(lines(rule, "engine/src/a.rs", "use sync::Ordering::{Acquire, Release};\n"), [1]);
    assert_eq!(lines(rule, "engine/src/a.rs", "a.cmp(b) == Ordering::Less\n"), NONE);
}

#[test]
fn nothing_may_be_left_unfinished() {
    let rule = rules::is_finished;
    for code in ["#[ignore]", "#[ignore = \"slow\"]", "#[allow(dead_code)]", "todo!()", "dbg!(1)"] {
        assert_eq!(lines(rule, "jit/src/a.rs", code), [1], "{code}");
    }
    assert_eq!(lines(rule, "jit/src/a.rs", "fn f() {}\n// TODO: g\n/* FIXME */\n"), [2, 3]);
    assert_eq!(lines(rule, "jit/src/a.rs", "// todo!\nlet s = \"TODO #[ignore]\";"), NONE);
}

#[test]
fn every_file_must_be_compiled() {
    let check = |files: &[(&str, &str)]| -> Vec<String> {
        let files: Vec<File> = files.iter().map(|(path, text)| File::new(path, text)).collect();
        rules::check_orphans(&files).into_iter().map(|problem| problem.path).collect()
    };
    let root = ("jit/src/lib.rs", "mod a;\nmod b;\n// mod lost;\n");
    let files = [root, ("jit/src/a.rs", "pub(crate) mod c;"), ("jit/src/b/mod.rs", "mod d;")];
    let deeper = [("jit/src/a/c.rs", ""), ("jit/src/b/d.rs", ""), ("jit/tests/e/main.rs", "")];
    assert_eq!(check(&[&files[..], &deeper].concat()), [""; 0]);
    let programs = [
        ("tests/src/bin/a/main.rs", "#[path = \"../../e/f.rs\"]\nmod e;\nmod g;"),
        ("tests/src/e/f.rs", ""),
        ("tests/src/bin/a/g.rs", ""),
    ];
    assert_eq!(check(&programs), [""; 0]);
    assert_eq!(check(&[programs[0], ("tests/src/bin/e/f.rs", "")]), ["tests/src/bin/e/f.rs"]);
    let lost = [("jit/src/lost.rs", ""), ("jit/src/a/d.rs", ""), ("jit/src/b/c/mod.rs", "")];
    let paths = lost.map(|(path, _)| path);
    assert_eq!(check(&[&files[..], &lost].concat()), paths);
}

#[test]
fn no_file_may_name_a_machine() {
    let text = concat!("fine\nsee /wo", "rk/notes\n");
    assert_eq!(lines(rules::names_no_machine, "README.md", text), [2]);
    assert_eq!(lines(rules::names_no_machine, "README.md", "../shared/corpus, homework\n"), NONE);
}

#[test]
fn folders_must_be_the_five() {
    let found = ["engine", "fuzz", "interp", "jit", "scripts"].map(str::to_owned);
    let paths: Vec<String> = check_folders(&found).into_iter().map(|p| p.path).collect();
    assert_eq!(paths, ["scripts", "tests"]);
}

#[test]
fn edges_must_be_allowed() {
    let edge = |name: &str, used: &str| {
        check_edges(&[Crate { name: name.to_owned(), uses: vec![used.to_owned()] }]).len()
    };
    assert_eq!(edge("wasmtier-interp", "wasmtier-vm"), 0);
    for (name, used) in [
        ("wasmtier-interp", "wasmtier-jit"),
        ("wasmtier-jit", "wasmtier-interp"),
        ("wasmtier-interp", "wasmtier"),
        ("wasmtier-vm", "wasmtier-interp"),
        ("wasmtier-wasi", "wasmtier-vm"),
        ("wasmtier-new", "wasmtier-vm"),
    ] {
        assert_eq!(edge(name, used), 1, "{name} -> {used}");
    }
}

#[test]
fn manifests_must_take_the_lints() {
    let manifest = |text| check_lints(&File::new("jit/Cargo.toml", text)).is_some();
    assert!(manifest("[package]\nname = \"a\"\n"));
    assert!(!manifest("[package]\nname = \"a\"\n\n[lints]\nworkspace = true\n"));
}

#[test]
fn the_budget_must_hold() {
    let tree = |names: &[&str]| -> BTreeSet<String> { names.iter().map(|&n| n.into()).collect() };
    let many: BTreeSet<String> = (0..46).map(|n| format!("crate{n}")).collect();
    assert_eq!(check_budget("wasmtier", &many).len(), 1);
    assert_eq!(check_budget("wasmtier", &tree(&["wasmi", "wasmtime-environ", "wast"])).len(), 3);
    assert_eq!(check_budget("wasmtier", &tree(&["wasmtier", "wasmparser", "libc"])).len(), 0);
}

#[test]
fn prose_must_name_what_exists() {
    let text =
        "See `engine/vm/src/lib.rs`, and\nrun tests/demo/gone.wasm. Use and/or https://a/jit/.";
    let mut problems = Vec::new();
    docs::check_paths(&File::new("README.md", text), |p| p.contains("/vm/"), &mut problems);
    assert_eq!(problems.iter().map(|p| p.line).collect::<Vec<_>>(), [2]);
    assert!(problems[0].message.contains("`tests/demo/gone.wasm`"), "{}", problems[0]);
}

#[test]
fn lints_must_be_copied_whole() {
    let ours =
        "[workspace]\n\n[workspace.lints.rust]\na = \"deny\"\n\n# Why.\n[profile.dev]\nb = 1\n";
    let same = "[workspace.lints.rust]\na = \"deny\"\n";
    assert!(check_copied_lints(ours, same, "a").is_none());
    for other in ["", "[workspace.lints.rust]\na = \"warn\"\n", "[workspace.lints.rust]\n"] {
        assert!(check_copied_lints(ours, other, "a").is_some(), "{other}");
    }
}
