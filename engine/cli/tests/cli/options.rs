//! The command line itself: commands, options, and what is said about wrong ones.

use crate::support::{Folder, ORDINARY, command, run, wasmtier};

const EMPTY: &str = r#"(module (func (export "_start")))"#;

#[test]
fn help_and_version() {
    let version = format!("wasmtier {}\n", env!("CARGO_PKG_VERSION"));
    for flag in ["--version", "-V"] {
        assert_eq!(wasmtier([flag]).success(), version);
    }
    for arguments in [&["--help"][..], &["-h"], &["help"]] {
        assert!(wasmtier(arguments).success().contains("Usage:\n  wasmtier [run] [OPTIONS] FILE"));
    }
    assert!(wasmtier(["validate", "--help"]).success().contains("wasmtier validate FILE..."));
    assert!(wasmtier(["wast", "-h"]).success().contains("wasmtier wast FILE..."));
}

#[test]
fn help_lists_every_option() {
    let outcome = wasmtier(["run", "--help"]);
    let help = outcome.success();
    for option in
        ["--invoke", "--dir", "--env", "--argv0", "--preload", "--tier", "--profile", "-W"]
    {
        assert!(help.contains(option), "{option}");
    }
    let outcome = wasmtier(["-W", "?", "x.wasm"]);
    let (_, settings) = outcome.error().split_once("there are ").expect("it lists the settings");
    for setting in settings.trim_end().split(", ") {
        assert!(help.contains(setting), "{setting}");
    }
}

#[test]
fn wrong_command_lines() {
    let cases: [(&[&str], &str); 27] = [
        (&[], "no file to run"),
        (&["run"], "no file to run"),
        (&["validate"], "no file given"),
        (&["wast"], "no file given"),
        (&["--bogus", "x.wasm"], "invalid option '--bogus'"),
        (&["-x"], "invalid option '-x'"),
        (&["validate", "--dir", ".", "x.wasm"], "invalid option '--dir'"),
        (&["--invoke"], "missing argument for option '--invoke'"),
        (&["--dir"], "missing argument for option '--dir'"),
        (&["--dir", "::x", "x.wasm"], "HOST, HOST::GUEST or HOST::GUEST::ro is wanted"),
        (&["--dir", "", "x.wasm"], "HOST, HOST::GUEST or HOST::GUEST::ro is wanted"),
        (&["--dir", "x::", "x.wasm"], "HOST, HOST::GUEST or HOST::GUEST::ro is wanted"),
        (&["--dir", "x::::ro", "x.wasm"], "HOST, HOST::GUEST or HOST::GUEST::ro is wanted"),
        (&["--dir", "x::y::rx", "x.wasm"], "only `::ro` can stand"),
        (&["--dir", "x::y::ro::", "x.wasm"], "only `::ro` can stand"),
        (&["--env", "=x", "x.wasm"], "NAME or NAME=VALUE is wanted"),
        (&["--env", "WASMTIER_UNSET", "x.wasm"], "`WASMTIER_UNSET` is not set here"),
        (&["--preload", "x", "x.wasm"], "NAME=FILE is wanted"),
        (&["--preload", "x=", "x.wasm"], "NAME=FILE is wanted"),
        (&["--tier", "fast", "x.wasm"], "the tiers are auto, portable, interp and jit"),
        (&["--profile", "x", "x.wasm"], "--profile x: the formats are perfmap and jitdump"),
        (&["-W", "bogus=1", "x.wasm"], "-W bogus=1: no such setting; there are max-memory-size"),
        (&["-W", "", "x.wasm"], "no such setting"),
        (&["-W", "max-memory-size", "x.wasm"], "a number of bytes is wanted"),
        (&["-W", "max-memory-size=-1", "x.wasm"], "a number of bytes is wanted"),
        (&["-W", "max-wasm-stack=1e6", "x.wasm"], "a number of bytes is wanted"),
        (&["-W", "unknown-imports-trap=maybe", "x.wasm"], "`=y` or `=n` is wanted"),
    ];
    for (arguments, message) in cases {
        let outcome = wasmtier(arguments);
        assert!(outcome.error().contains(message), "{arguments:?}: {}", outcome.error());
    }
}

#[test]
fn run_is_the_default() {
    let file = Folder::new("options-default").file("empty.wat", EMPTY);
    assert_eq!(wasmtier([&file]).success(), "");
    assert_eq!(wasmtier(["run", &file]).success(), "");
    assert_eq!(wasmtier(["run", "--", &file]).success(), "");
    // Behind the file there are no options.
    assert_eq!(wasmtier([&file, "--bogus", "--", "-W"]).success(), "");
}

#[test]
fn tiers() {
    let file = Folder::new("options-tiers").file("empty.wat", EMPTY);
    for tier in ["auto", "portable", "interp", "jit"] {
        assert_eq!(wasmtier(["--tier", tier, &file]).success(), "");
    }
}

#[test]
fn threads_can_be_turned_off() {
    let shared = r#"(module (memory 1 1 shared) (func (export "_start")))"#;
    let file = Folder::new("options-threads").file("shared.wat", shared);
    assert_eq!(wasmtier([&file]).success(), "");
    assert_eq!(wasmtier(["-W", "threads=n,threads", &file]).success(), "");
    let outcome = wasmtier(["-W", "threads=n", &file]);
    assert!(outcome.error().contains("threads must be enabled"), "{}", outcome.error());
}

#[test]
fn proposals() {
    let folder = Folder::new("options-proposals");
    let modules = [
        ("wide-arithmetic", "(func (drop (i64.mul_wide_u (i64.const 1) (i64.const 1))) (drop))"),
        ("custom-page-sizes", "(memory 1 (pagesize 1))"),
        ("memory64", "(memory i64 1)"),
        ("tail-call", "(func $f (return_call $f))"),
        (
            "relaxed-simd",
            "(func (param v128) (result v128)
            (i8x16.relaxed_swizzle (local.get 0) (local.get 0)))",
        ),
    ];
    for (proposal, text) in modules {
        let text = format!(r#"(module (func (export "_start")) {text})"#);
        let file = folder.file(&format!("{proposal}.wat"), text);
        assert_eq!(wasmtier([&file]).success(), "");
        assert_eq!(wasmtier(["-W", proposal, &file]).success(), "");
        let outcome = wasmtier(["-W", &format!("{proposal}=n"), &file]);
        assert!(outcome.error().starts_with("cannot load "), "{proposal}: {}", outcome.error());
    }
    let file = folder.file("empty.wat", EMPTY);
    let outcome = wasmtier(["-W", "gc", &file]);
    assert!(outcome.error().contains("proposal not supported yet: `gc`"), "{}", outcome.error());
}

#[test]
fn text_and_binary_are_told_apart_by_content() {
    let folder = Folder::new("options-formats");
    let binary = b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03\x02\x01\0\x07\x0a\x01\x06_start\0\0\
        \x0a\x04\x01\x02\0\x0b";
    assert_eq!(wasmtier([folder.file("binary.wasm", binary)]).success(), "");
    assert_eq!(wasmtier([folder.file("binary", binary)]).success(), "");
    assert_eq!(wasmtier([folder.file("text", format!(" ;; comment\n{EMPTY}"))]).success(), "");
    let wrong = folder.file("wrong.wat", "(module\n  (func bogus))");
    let outcome = wasmtier([&wrong]);
    assert!(outcome.error().starts_with(&format!("cannot load `{wrong}`: line 2, column 9: ")));
}

#[test]
fn validate_has_a_line_for_each_bad_file() {
    let folder = Folder::new("options-validate");
    let good = folder.file("good.wat", EMPTY);
    let bad = folder.file("bad.wat", "(module (func (result i32)))");
    assert_eq!(wasmtier(["validate", &good, &good]).success(), "");
    assert!(wasmtier(["validate", &bad]).error().contains("type mismatch"));
    let outcome = wasmtier(["validate", &bad, &good, "absent.wasm"]);
    assert_eq!(outcome.status, Some(1));
    let lines: Vec<&str> = outcome.stderr.lines().collect();
    assert_eq!(lines.len(), 2, "{}", outcome.stderr);
    assert!(lines[0].starts_with(&format!("error: cannot load `{bad}`: invalid module at offset")));
    assert!(lines[1].starts_with("error: cannot read `absent.wasm`: "));
}

#[test]
fn wast_has_a_line_for_each_failure() {
    let folder = Folder::new("options-wast");
    let module = r#"(module (func (export "two") (result i32) (i32.const 2)))"#;
    let good = format!(r#"{module}(assert_return (invoke "two") (i32.const 2))"#);
    let bad = format!("{module}\n(assert_return (invoke \"two\") (i32.const 3))");
    let (good, bad) = (folder.file("good.wast", good), folder.file("bad.wast", bad));
    assert_eq!(wasmtier(["wast", &good]).success(), "");
    let outcome = wasmtier(["wast", &good, &bad]);
    assert!(outcome.error().starts_with(&format!("{bad}:2: assert_return: ")));
    let outcome = wasmtier(["wast", "absent.wast"]);
    assert!(outcome.error().starts_with("cannot read `absent.wast`: "));
}

#[test]
fn nobody_reads_the_output() {
    let file = Folder::new("options-pipe").file(
        "two.wat",
        r#"
        (module (func (export "two") (result i32) (i32.const 2)))"#,
    );
    for arguments in [&["--help"][..], &["--invoke", "two", &file]] {
        let script = r#"trap "" PIPE; "$@" | :; exit "${PIPESTATUS[0]}""#;
        let command_line = command();
        let outcome = run(
            std::process::Command::new("bash")
                .args(["-c", script, "bash"])
                .arg(command_line.get_program())
                .args(arguments),
            ORDINARY,
        );
        assert_eq!(outcome.success(), "");
    }
    if let Ok(full) = std::fs::OpenOptions::new().write(true).open("/dev/full") {
        let status = command().arg("--help").stdout(full).output().expect("it runs");
        let text = String::from_utf8_lossy(&status.stderr);
        assert!(text.starts_with("error: cannot write to standard output: "), "{text}");
        assert_eq!(status.status.code(), Some(1));
    }
}
