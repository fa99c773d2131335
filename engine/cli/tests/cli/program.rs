//! What a program is given, what it may import, and its exit status.

use crate::support::{Folder, ORDINARY, command, run, wasmtier};

/// Prints a list of strings that WASI gives by two functions, each on a line.
fn printer(list: &str) -> String {
    format!(
        r#"(module
        (import "wasi_snapshot_preview1" "{list}_sizes_get"
            (func $sizes (param i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "{list}_get" (func $get (param i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "fd_write"
            (func $write (param i32 i32 i32 i32) (result i32)))
        (memory (export "memory") 1)
        (func (export "_start")
            (local $at i32)
            (drop (call $sizes (i32.const 0) (i32.const 4)))
            (drop (call $get (i32.const 4096) (i32.const 8192)))
            ;; Each NUL becomes the end of a line.
            (loop $next
                (if (i32.lt_u (local.get $at) (i32.load (i32.const 4)))
                    (then
                        (if (i32.eqz (i32.load8_u offset=8192 (local.get $at)))
                            (then (i32.store8 offset=8192 (local.get $at) (i32.const 10))))
                        (local.set $at (i32.add (local.get $at) (i32.const 1)))
                        (br $next))))
            (i32.store (i32.const 8) (i32.const 8192))
            (i32.store (i32.const 12) (local.get $at))
            (drop (call $write (i32.const 1) (i32.const 8) (i32.const 1) (i32.const 16)))))"#
    )
}

/// Exits with the status that is its memory's first byte.
fn exit(status: u32) -> String {
    format!(
        r#"(module
        (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
        (memory (export "memory") 1)
        (func (export "_start") (call $exit (i32.const {status})) unreachable))"#
    )
}

#[test]
fn arguments() {
    let file = Folder::new("program-arguments").file("args.wat", printer("args"));
    assert_eq!(wasmtier([&file]).success(), "args.wat\n");
    let outcome = wasmtier([&*file, "--dir", "", "a b", "--", "-h"]);
    assert_eq!(outcome.success(), "args.wat\n--dir\n\na b\n--\n-h\n");
    assert_eq!(wasmtier(["--argv0", "prog", &file, "x"]).success(), "prog\nx\n");
}

#[test]
fn environment() {
    let file = Folder::new("program-environment").file("environ.wat", printer("environ"));
    assert_eq!(wasmtier([&file]).success(), "");
    let arguments = ["--env", "A=1=2", "--env", "INHERITED", "--env", "EMPTY=", &file];
    let outcome = run(command().env("INHERITED", "from here").args(arguments), ORDINARY);
    let mut lines: Vec<&str> = outcome.success().lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, ["A=1=2", "EMPTY=", "INHERITED=from here"]);
}

#[test]
fn directories() {
    let folder = Folder::new("program-directories");
    let file = folder.file(
        "open.wat",
        r#"(module
        (import "wasi_snapshot_preview1" "fd_prestat_get"
            (func $prestat (param i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "path_open"
            (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
        (memory (export "memory") 1)
        (data (i32.const 100) "greeting.txt")
        ;; The length of a directory's name, or the error.
        (func (export "name_len") (param $fd i32) (result i32)
            (local $errno i32)
            (local.set $errno (call $prestat (local.get $fd) (i32.const 0)))
            (if (result i32) (local.get $errno)
                (then (i32.sub (i32.const 0) (local.get $errno)))
                (else (i32.load (i32.const 4)))))
        (func (export "open") (param $fd i32) (result i32)
            (call $open (local.get $fd) (i32.const 0) (i32.const 100) (i32.const 12) (i32.const 0)
                (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 0)))
        (func (export "truncate") (param $fd i32) (result i32)
            (call $open (local.get $fd) (i32.const 0) (i32.const 100) (i32.const 12) (i32.const 8)
                (i64.const 64) (i64.const 0) (i32.const 0) (i32.const 0))))"#,
    );
    folder.file("greeting.txt", "hello");
    let call = |directory: &str, name: &str, fd: &str| {
        let outcome = wasmtier(["--dir", directory, "--invoke", name, &file, fd]);
        outcome.success().trim().to_owned()
    };
    let (host, renamed) = (folder.path(), format!("{}::/data", folder.path()));
    assert_eq!(call(host, "name_len", "3"), host.len().to_string());
    assert_eq!(call(&renamed, "name_len", "3"), "5");
    assert_eq!(call(&renamed, "name_len", "4"), "-8", "there is no second directory");
    assert_eq!(call(&renamed, "open", "3"), "0");
    assert_ne!(call(env!("CARGO_MANIFEST_DIR"), "open", "3"), "0", "the file is not there");
    let read_only = format!("{host}::/data::ro");
    assert_eq!(call(&read_only, "name_len", "3"), "5");
    assert_eq!(call(&read_only, "open", "3"), "0");
    assert_eq!(call(&read_only, "truncate", "3"), "63", "`perm`");
    assert_eq!(folder.read("greeting.txt"), "hello");
    assert_eq!(call(&renamed, "truncate", "3"), "0");
    assert_eq!(folder.read("greeting.txt"), "");
}

#[test]
fn directories_that_are_none() {
    let folder = Folder::new("program-no-directories");
    let file = folder.file("empty.wat", r#"(module (func (export "_start")))"#);
    for (directory, reason) in [("absent-directory", "No such file"), (&file, "Not a directory")] {
        for suffix in ["", "::/data", "::/data::ro"] {
            let outcome = wasmtier(["--dir", &format!("{directory}{suffix}"), &file]);
            let message = format!("cannot open directory `{directory}`: {reason}");
            assert!(outcome.error().starts_with(&message), "{}", outcome.error());
        }
    }
}

#[test]
fn exit_status() {
    let folder = Folder::new("program-status");
    for status in [0, 1, 3, 126, 134, 255] {
        let file = folder.file("exit.wat", exit(status));
        let outcome = wasmtier([&file]);
        let status = i32::try_from(status).expect("it is small");
        assert_eq!((outcome.status, &*outcome.stderr), (Some(status), ""));
    }
    let started = exit(7)
        .replace(r#"(func (export "_start")"#, r#"(func (export "_start")) (start $s) (func $s"#);
    assert_eq!(wasmtier([folder.file("start.wat", started)]).status, Some(7));
}

#[test]
fn unknown_imports() {
    let folder = Folder::new("program-unknown");
    let file = folder.file(
        "unknown.wat",
        r#"(module
        (import "env" "answer" (func $answer (result i32)))
        (func (export "_start"))
        (func (export "ask") (result i32) (call $answer)))"#,
    );
    let outcome = wasmtier([&file]);
    assert!(outcome.error().contains("unknown import: `env`.`answer` has not been defined"));
    assert_eq!(wasmtier(["-W", "unknown-imports-trap", &file]).success(), "");
    assert_eq!(wasmtier(["-W", "unknown-imports-default=y", &file]).success(), "");
    let ask = |settings| wasmtier(["-W", settings, "--invoke", "ask", &file]);
    assert_eq!(ask("unknown-imports-default").success(), "0\n");
    assert_eq!(ask("unknown-imports-trap,unknown-imports-default").success(), "0\n");
    let outcome = ask("unknown-imports-default=n,unknown-imports-trap=y");
    let (line, backtrace) = outcome.trap();
    assert!(line.contains("unknown import: `env`.`answer`"), "{line}");
    assert!(backtrace.contains("!ask"), "{backtrace}");
    ask("unknown-imports-trap,unknown-imports-trap=n").error();
}

#[test]
fn imports_of_another_type() {
    let folder = Folder::new("program-incompatible");
    for (name, import) in [("kind", r#"(memory 1)"#), ("parameters", "(func (param i64))")] {
        let text = format!(
            r#"(module (import "wasi_snapshot_preview1" "proc_exit" {import})
            (func (export "_start")))"#
        );
        let outcome = wasmtier([folder.file(&format!("{name}.wat"), text)]);
        assert!(outcome.error().contains("incompatible import type for"), "{}", outcome.error());
    }
}

#[test]
fn preloads() {
    let folder = Folder::new("program-preloads");
    let library = folder.file(
        "library.wat",
        r#"(module (func (export "two") (result i32)
        (i32.const 2)))"#,
    );
    let file = folder.file(
        "main.wat",
        r#"(module (import "library" "two" (func $two (result i32)))
        (func (export "four") (result i32) (i32.add (call $two) (call $two))))"#,
    );
    let preload = format!("library={library}");
    assert_eq!(wasmtier(["--preload", &preload, "--invoke", "four", &file]).success(), "4\n");
    wasmtier(["--preload", "library=absent.wasm", "--invoke", "four", &file]).error();
    let twice = ["--preload", &preload, "--preload", &preload, "--invoke", "four", &file];
    assert!(wasmtier(twice).error().contains("defined twice"));
}

#[test]
fn memory_is_limited() {
    let folder = Folder::new("program-memory");
    let file = folder.file(
        "grow.wat",
        r#"(module (memory 2)
        (func (export "grow") (result i32) (memory.grow (i32.const 1))))"#,
    );
    let grow =
        |bytes| wasmtier(["-W", &format!("max-memory-size={bytes}"), "--invoke", "grow", &file]);
    assert_eq!(grow("196608").success(), "2\n");
    assert_eq!(grow("0x20000").success(), "-1\n");
    let outcome = grow("65536");
    assert!(outcome.error().contains("memory"), "{}", outcome.error());
}
