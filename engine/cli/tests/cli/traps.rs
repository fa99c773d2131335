//! Traps, and other ways in which a program does not come to its end.

use crate::support::{Folder, wasmtier};

#[test]
fn a_trap_has_a_named_backtrace() {
    let file = Folder::new("traps-named").file(
        "deep.wat",
        r#"(module $deep
        (func $inner (param i32) (result i32) (i32.div_s (i32.const 1) (local.get 0)))
        (func $outer (export "outer") (result i32) (call $inner (i32.const 0)))
        (func (export "_start") (drop (call $outer))))"#,
    );
    let outcome = wasmtier([&file]);
    let (line, backtrace) = outcome.trap();
    assert_eq!(line, format!("{file}: wasm trap: integer divide by zero"));
    let lines: Vec<&str> = backtrace.lines().collect();
    assert_eq!(lines[0], "wasm backtrace:");
    for (frame, name) in lines[1..].iter().zip(["deep!inner", "deep!outer", "deep!_start"]) {
        let (place, found) = frame.split_once(" - ").expect("a frame has an offset and a name");
        assert_eq!(found, name);
        assert!(place.contains(": ") && place.contains("0x"), "{frame}");
    }
    assert_eq!(lines.len(), 4);
}

#[test]
fn the_start_function_traps() {
    let file = Folder::new("traps-start").file(
        "start.wat",
        r#"(module
        (func $s unreachable) (start $s) (func (export "_start")))"#,
    );
    let outcome = wasmtier([&file]);
    let (line, backtrace) = outcome.trap();
    assert!(line.contains("wasm `unreachable` instruction executed"), "{line}");
    assert!(backtrace.contains("!s\n"), "{backtrace}");
}

#[test]
fn a_segment_does_not_fit() {
    let file = Folder::new("traps-segment").file(
        "segment.wat",
        r#"(module
        (memory 1) (data (i32.const 65536) "x") (func (export "_start")))"#,
    );
    assert!(wasmtier([&file]).trap().0.contains("out of bounds memory access"));
}

#[test]
fn recursion_without_end() {
    let folder = Folder::new("traps-recursion");
    let file = folder.file("recursion.wat", r#"(module (func $f (export "_start") (call $f)))"#);
    for stack in ["65536", "1048576", "16777216"] {
        let outcome = wasmtier(["-W", &format!("max-wasm-stack={stack}"), &file]);
        let (line, backtrace) = outcome.trap();
        assert!(line.ends_with("call stack exhausted"), "{line}");
        assert!(backtrace.lines().count() < 200, "{}", backtrace.len());
        assert!(backtrace.contains("frames omitted"), "{backtrace}");
    }
}

#[test]
fn the_stack_is_as_large_as_it_should_be() {
    let file = Folder::new("traps-stack").file(
        "depth.wat",
        r#"(module
        (func $down (export "down") (param i32) (result i32)
            (if (result i32) (local.get 0)
                (then (i32.add (i32.const 1) (call $down (i32.sub (local.get 0) (i32.const 1)))))
                (else (i32.const 0)))))"#,
    );
    let down = |settings, depth| wasmtier(["-W", settings, "--invoke", "down", &file, depth]);
    assert_eq!(down("max-wasm-stack=16777216", "50000").success(), "50000\n");
    assert!(down("max-wasm-stack=65536", "50000").trap().0.ends_with("call stack exhausted"));
}

#[test]
fn names_cannot_forge_lines() {
    let file = Folder::new("traps-names").file(
        "forged.wat",
        r#"(module
        (func (export "_start") (call 1))
        (func (@name "a\n error: forged\1b[2J") unreachable))"#,
    );
    let outcome = wasmtier([&file]);
    let (_, backtrace) = outcome.trap();
    assert_eq!(backtrace.lines().count(), 3, "{backtrace}");
    assert!(!backtrace.contains('\u{1b}'));
}
