//! The runner of test scripts itself: every directive can fail.
//!
//! What lives here: scripts in which one assertion is wrong. What does not: assertions that hold,
//! of which the official testsuite is full. Invariant: a runner that passes what is false passes
//! nothing here.

use wasmtier::Engine;
use wasmtier_cli::wast;

/// What the scripts are about.
const MODULE: &str = r#"
(module $m
  (global (export "g") i32 (i32.const 7))
  (memory (export "memory") 1)
  (func $f (export "f") (result i32) (i32.const 1))
  (func (export "nothing"))
  (func (export "f32") (param i32) (result f32) (f32.reinterpret_i32 (local.get 0)))
  (func (export "f64") (param i64) (result f64) (f64.reinterpret_i64 (local.get 0)))
  (func (export "v128") (param v128) (result v128) (local.get 0))
  (func (export "two") (result i32 i64) (i32.const 1) (i64.const 2))
  (func (export "func") (result funcref) (ref.func $f))
  (func (export "null func") (result funcref) (ref.null func))
  (func (export "extern") (param externref) (result externref) (local.get 0))
  (func (export "divide") (param i32) (result i32) (i32.div_s (i32.const 1) (local.get 0)))
  (func $forever (export "forever") (call $forever))
  (func (export "unreachable") (unreachable)))
"#;

/// Runs `directive` behind the module; whether it passed, with the failures.
fn passes(directive: &str) -> (bool, String) {
    let report = wast::run(&Engine::default(), &format!("{MODULE}{directive}"));
    let (last, before) = report.directives.split_last().expect("there are directives");
    assert!(before.iter().all(|directive| directive.result.is_ok()), "{directive}: {before:?}");
    (last.result.is_ok(), last.to_string())
}

#[track_caller]
fn only_first_passes(directives: &[&str]) {
    for (place, directive) in directives.iter().enumerate() {
        let (passed, text) = passes(directive);
        assert_eq!(passed, place == 0, "{directive}\n{text}");
    }
}

#[test]
fn results_are_compared() {
    only_first_passes(&[
        r#"(assert_return (invoke "f") (i32.const 1))"#,
        r#"(assert_return (invoke "f") (i32.const 2))"#,
        r#"(assert_return (invoke "f") (i64.const 1))"#,
        r#"(assert_return (invoke "f"))"#,
        r#"(assert_return (invoke "f") (i32.const 1) (i32.const 1))"#,
        r#"(assert_return (invoke "f") (either (i32.const 2) (i32.const 3)))"#,
        r#"(assert_return (invoke "nothing") (i32.const 1))"#,
        r#"(assert_return (invoke "unreachable"))"#,
        r#"(assert_return (invoke "absent"))"#,
        r#"(assert_return (invoke "memory"))"#,
        r#"(assert_return (invoke $n "f") (i32.const 1))"#,
        r#"(assert_return (invoke "f" (i32.const 1)) (i32.const 1))"#,
        r#"(assert_return (invoke "divide" (i64.const 1)) (i32.const 1))"#,
    ]);
    only_first_passes(&[
        r#"(assert_return (invoke "two") (i32.const 1) (i64.const 2))"#,
        r#"(assert_return (invoke "two") (i32.const 1) (i64.const 1))"#,
        r#"(assert_return (invoke "two") (i64.const 2) (i32.const 1))"#,
        r#"(assert_return (invoke "two") (i32.const 1))"#,
    ]);
    only_first_passes(&[
        r#"(assert_return (get "g") (i32.const 7))"#,
        r#"(assert_return (get "g") (i32.const 8))"#,
        r#"(assert_return (get "f") (i32.const 7))"#,
        r#"(assert_return (get $n "g") (i32.const 7))"#,
    ]);
}

#[test]
fn floats_are_compared_by_their_bits() {
    only_first_passes(&[
        r#"(assert_return (invoke "f32" (i32.const 0x8000_0000)) (f32.const -0))"#,
        r#"(assert_return (invoke "f32" (i32.const 0x8000_0000)) (f32.const 0))"#,
        r#"(assert_return (invoke "f32" (i32.const 0x7fc0_0001)) (f32.const nan))"#,
        r#"(assert_return (invoke "f32" (i32.const 0x7fc0_0001)) (f32.const nan:canonical))"#,
        r#"(assert_return (invoke "f32" (i32.const 0x7fa0_0000)) (f32.const nan:arithmetic))"#,
        r#"(assert_return (invoke "f32" (i32.const 0x7f80_0000)) (f32.const nan:arithmetic))"#,
    ]);
    only_first_passes(&[
        r#"(assert_return (invoke "f32" (i32.const 0xffc0_0001)) (f32.const nan:arithmetic))"#,
        r#"(assert_return (invoke "f64" (i64.const 0x7ff8000000000001))
            (f64.const nan:canonical))"#,
        r#"(assert_return (invoke "f64" (i64.const 0x7ff4_0000_0000_0000))
            (f64.const nan:arithmetic))"#,
        r#"(assert_return (invoke "f64" (i64.const 0)) (f64.const nan:arithmetic))"#,
    ]);
    only_first_passes(&[
        r#"(assert_return (invoke "f64" (i64.const 0xfff8_0000_0000_0000))
            (f64.const nan:canonical))"#,
        r#"(assert_return (invoke "f64" (i64.const 0x8000_0000_0000_0000)) (f64.const 0))"#,
    ]);
}

#[test]
fn every_lane_is_compared() {
    let invoke = r#"(invoke "v128" (v128.const i32x4 1 2 0x7fc00000 4))"#;
    for (pattern, wanted) in [
        ("i32x4 1 2 0x7fc00000 4", true),
        ("i32x4 1 2 0x7fc00000 5", false),
        ("i32x4 0 2 0x7fc00000 4", false),
        ("i8x16 1 0 0 0 2 0 0 0 0 0 0xc0 0x7f 4 0 0 0", true),
        ("i8x16 1 0 0 0 2 0 0 0 0 0 0xc0 0x7f 4 0 0 1", false),
        ("i16x8 1 0 2 0 0 0x7fc0 4 0", true),
        ("i16x8 1 0 2 0 0 0x7fc0 4 1", false),
        ("i64x2 0x2_0000_0001 0x4_7fc0_0000", true),
        ("i64x2 0x2_0000_0001 0x4_7fc0_0001", false),
        ("f32x4 0x1p-149 0x1p-148 nan:canonical 0x1p-147", true),
        ("f32x4 0x1p-149 0x1p-148 nan:canonical 0x1p-146", false),
        ("f32x4 nan:canonical 0x1p-148 nan:canonical 0x1p-147", false),
        ("f64x2 nan:arithmetic nan:arithmetic", false),
    ] {
        let (passed, text) = passes(&format!("(assert_return {invoke} (v128.const {pattern}))"));
        assert_eq!(passed, wanted, "{pattern}\n{text}");
    }
}

#[test]
fn references_are_compared() {
    only_first_passes(&[
        r#"(assert_return (invoke "func") (ref.func))"#,
        r#"(assert_return (invoke "func") (ref.null))"#,
        r#"(assert_return (invoke "func") (ref.null func))"#,
        r#"(assert_return (invoke "func") (ref.extern 0))"#,
    ]);
    only_first_passes(&[
        r#"(assert_return (invoke "null func") (ref.null func))"#,
        r#"(assert_return (invoke "null func") (ref.null extern))"#,
        r#"(assert_return (invoke "null func") (ref.func))"#,
    ]);
    only_first_passes(&[
        r#"(assert_return (invoke "extern" (ref.extern 3)) (ref.extern 3))"#,
        r#"(assert_return (invoke "extern" (ref.extern 3)) (ref.extern 4))"#,
        r#"(assert_return (invoke "extern" (ref.extern 3)) (ref.null extern))"#,
        r#"(assert_return (invoke "extern" (ref.null extern)) (ref.extern))"#,
        r#"(assert_return (invoke "extern" (ref.null func)) (ref.null extern))"#,
    ]);
}

#[test]
fn traps_are_compared() {
    only_first_passes(&[
        r#"(assert_trap (invoke "divide" (i32.const 0)) "integer divide by zero")"#,
        r#"(assert_trap (invoke "divide" (i32.const 0)) "integer overflow")"#,
        r#"(assert_trap (invoke "divide" (i32.const 1)) "integer divide by zero")"#,
        r#"(assert_trap (invoke "absent") "integer divide by zero")"#,
        r#"(assert_trap (invoke "divide") "integer divide by zero")"#,
        r#"(assert_exhaustion (invoke "divide" (i32.const 0)) "call stack exhausted")"#,
        r#"(assert_exhaustion (invoke "f") "call stack exhausted")"#,
        r#"(invoke "divide" (i32.const 0))"#,
    ]);
    only_first_passes(&[
        r#"(assert_exhaustion (invoke "forever") "call stack exhausted")"#,
        r#"(assert_trap (invoke "forever") "unreachable")"#,
    ]);
    only_first_passes(&[
        r#"(assert_trap (module (memory 1) (data (i32.const 65536) "a"))
            "out of bounds memory access")"#,
        r#"(assert_trap (module (memory 1) (data (i32.const 65535) "a"))
            "out of bounds memory access")"#,
        r#"(assert_trap (module (import "a" "b" (func))) "unknown import")"#,
        r#"(assert_trap (module (func (result i32))) "type mismatch")"#,
    ]);
}

#[test]
fn modules_are_judged() {
    only_first_passes(&[
        r#"(assert_invalid (module (func (result i32))) "type mismatch")"#,
        r#"(assert_invalid (module (func)) "type mismatch")"#,
        r#"(assert_invalid (module quote "(func") "type mismatch")"#,
    ]);
    only_first_passes(&[
        r#"(assert_malformed (module quote "(func") "unexpected token")"#,
        r#"(assert_malformed (module quote "(func)") "unexpected token")"#,
        r#"(assert_malformed (module binary "\00asm\01\00\00\00") "unexpected end")"#,
    ]);
    only_first_passes(&[
        r#"(assert_malformed (module binary "\00asm\01\00\00") "unexpected end")"#,
        r#"(module binary "\00asm\01\00\00")"#,
        r#"(module (func (result i32)))"#,
        r#"(module quote "(func")"#,
        r#"(module (import "absent" "f" (func)))"#,
        r#"(module (func unreachable) (start 0))"#,
        r#"(module definition (func (result i32)))"#,
        r#"(module instance $a $absent)"#,
        r#"(register "a" $absent)"#,
    ]);
    only_first_passes(&[
        r#"(assert_unlinkable (module (import "a" "f" (func))) "unknown import")"#,
        r#"(assert_unlinkable (module (import "a" "f" (func))) "incompatible import type")"#,
        r#"(assert_unlinkable (module) "unknown import")"#,
        r#"(assert_unlinkable (module (func unreachable) (start 0)) "unreachable")"#,
        r#"(assert_unlinkable (module (func (result i32))) "unknown import")"#,
    ]);
    only_first_passes(&[
        r#"(assert_unlinkable (module (import "spectest" "print" (func (param i32))))
            "incompatible import type")"#,
        r#"(assert_unlinkable (module (import "spectest" "print" (func))) "incompatible")"#,
    ]);
}

/// A thread with `directive`, in which `$m` is what the threads of a script share.
fn thread(directive: &str) -> String {
    let module = r#"(module $own (import "mem" "shared" (memory 1 1 shared))
        (func (export "load") (result i32) (i32.load (i32.const 0))))"#;
    format!(
        r#"(module $m (memory (export "shared") 1 1 shared) (func (export "f")))
        (thread $t (shared (module $m)) (register "mem" $m) {module} {directive})"#
    )
}

#[test]
fn threads_are_judged() {
    let passes = |directive: &str, end: &str| {
        let text = format!("{}{end}", thread(directive));
        let report = wast::run(&Engine::default(), &text);
        assert!(report.directives[..2].iter().all(|it| it.result.is_ok()), "{directive}");
        report.failures().map(ToString::to_string).collect::<Vec<_>>()
    };
    let right = r#"(assert_return (invoke "load") (i32.const 0))"#;
    let wrong = r#"(assert_return (invoke "load") (i32.const 1))"#;
    assert!(passes(right, "(wait $t)").is_empty());
    assert!(passes(right, "").is_empty());
    let twice = format!("{wrong} {right}");
    let [failure] = &passes(&twice, "(wait $t)")[..] else { panic!("one directive fails") };
    assert_eq!(
        failure,
        "3: wait: 3: assert_return: result 0: expected (i32.const 1), found (i32.const 0)"
    );
    // Nobody waits, and it is told all the same.
    let [failure] = &passes(wrong, "")[..] else { panic!("the thread fails") };
    assert!(failure.starts_with("2: thread: 3: assert_return"), "{failure}");
    for (directive, end) in [
        (right, "(wait $t) (wait $t)"),
        (right, "(wait $absent) (wait $t)"),
        (right, "(thread $t) (wait $t)"),
        // Of the module that is shared there is nothing but its shared memories.
        (r#"(invoke $m "f")"#, "(wait $t)"),
        (r#"(module (import "mem" "f" (func)))"#, "(wait $t)"),
        (r#"(register "own" $absent)"#, "(wait $t)"),
        (r#"(thread $inner (assert_invalid (module) "it is valid"))"#, "(wait $t)"),
        (right, "(thread $u (shared (module $absent)))"),
    ] {
        assert_eq!(passes(directive, end).len(), 1, "{directive} {end}");
    }
}

#[test]
fn what_failed_leaves_nothing_behind() {
    let script = r#"
        (module $a (func (export "f")))
        (module $a (func (export "f") (result i32)))
        (invoke "f")
        (invoke $a "f")
        (module definition $d (func (export "f")))
        (module definition $d (func (result i32)))
        (module instance $i $d)"#;
    let report = wast::run(&Engine::default(), script);
    let passed: Vec<_> = report.directives.iter().map(|it| it.result.is_ok()).collect();
    assert_eq!(passed, [true, false, false, false, true, false, false]);
    let lines: Vec<_> = report.directives.iter().map(|it| it.line).collect();
    assert_eq!(lines, [2, 3, 4, 5, 6, 7, 8]);
}

#[test]
fn a_script_that_is_none_fails() {
    for text in ["(module", "(assert_return)", "(module) (nonsense)", "\"", "(module) 1"] {
        let report = wast::run(&Engine::default(), text);
        assert_eq!(report.directives.len(), 1, "{text}");
        assert_eq!(report.failures().count(), 1, "{text}");
    }
}
