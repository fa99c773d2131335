//! `wasmtier explore`: which functions, in which form, and what is said about wrong ones.

use crate::support::{Folder, wasmtier};

const MODULE: &str = r#"(module
  (import "env" "log" (func $log))
  (func $double (export "twice") (param i32) (result i32)
    local.get 0
    i32.const 2
    i32.mul)
  (func (param $n i32)
    loop $again
      local.get $n
      i32.const 1
      i32.sub
      local.tee $n
      br_if $again
    end))"#;

#[test]
fn shows_everything_side_by_side() {
    let file = Folder::new("explore-all").file("module.wat", MODULE);
    let outcome = wasmtier(["explore", &file]);
    let text = outcome.success();
    assert!(text.contains("function 1 `double`: (i32) -> i32\n"), "{text}");
    assert!(text.contains("function 2: (i32) -> ()\n"), "{text}");
    let subtraction = text.lines().find(|line| line.contains("i32.sub")).expect("there is one");
    for column in ["    i32.sub  ", "i32.sub S.SC d=[2] a=[2] imm=1", "i32.sub.L0.L0C ("] {
        assert!(subtraction.contains(column), "{subtraction}");
    }
}

#[test]
fn functions_have_several_names() {
    let file = Folder::new("explore-names").file("module.wat", MODULE);
    let by_index = wasmtier(["explore", &file, "1"]);
    assert!(!by_index.success().contains("function 2"));
    for name in ["twice", "double"] {
        assert_eq!(wasmtier(["explore", &file, name]).success(), by_index.success());
    }
}

#[test]
fn the_portable_tier_has_no_handlers() {
    let file = Folder::new("explore-portable").file("module.wat", MODULE);
    let outcome = wasmtier(["explore", "--tier", "portable", &file, "2"]);
    let text = outcome.success();
    assert!(text.contains("i32.sub S.SC d=[2] a=[2] imm=1\n"), "{text}");
    assert!(!text.contains("i32.sub.L0"), "{text}");
}

#[test]
fn compiled_code_is_shown_by_operator() {
    let file = Folder::new("explore-compiled").file("module.wat", MODULE);
    let outcome = wasmtier(["explore", "--tier", "jit", &file, "double"]);
    let text = outcome.success();
    let (_, compiled) = text.split_once("  compiled: ").expect("it is compiled");
    let (counters, code) = compiled.split_once('\n').expect("there are more lines");
    assert!(counters.ends_with("moves to labels"), "{counters}");
    // How it ends: `ret`.
    let end = code.lines().find(|line| line.contains("  end ")).expect("it has an end");
    assert!(end.ends_with("c3"), "{end}");
    assert!(text.contains("; compiled to "), "{text}");
    let outcome = wasmtier(["explore", "--tier", "interp", &file, "double"]);
    assert!(!outcome.success().contains("compiled"));
}

#[test]
fn a_summary_is_a_line_for_each_function() {
    let file = Folder::new("explore-summary").file("module.wat", MODULE);
    let outcome = wasmtier(["explore", "--summary", "--tier", "portable", &file]);
    let lines: Vec<&str> = outcome.success().lines().collect();
    let [double, countdown] = lines[..] else { panic!("{lines:?}") };
    assert_eq!(
        double,
        "1 `double`: 4 operators in 7 bytes; 2 cells (0.50 an operator) in 44 bytes (6.29 a byte)"
    );
    assert!(countdown.starts_with("2: 8 operators"), "{countdown}");
}

#[test]
fn wrong_functions() {
    let file = Folder::new("explore-wrong").file("module.wat", MODULE);
    let cases = [
        ("doubel", "no function `doubel`; there is `double`, `twice`"),
        ("3", "no function 3: the module has 3"),
        ("0", "function 0 `log` is imported: it has no code"),
        ("log", "function 0 `log` is imported: it has no code"),
    ];
    for (function, message) in cases {
        let outcome = wasmtier(["explore", &file, function]);
        assert!(outcome.error().ends_with(message), "{function}: {}", outcome.error());
    }
    let bare = Folder::new("explore-bare").file("module.wat", "(module (func))");
    let outcome = wasmtier(["explore", &bare, "main"]);
    assert!(outcome.error().contains("no names: give an index"), "{}", outcome.error());
    assert!(wasmtier(["explore"]).error().contains("no file given"));
    assert!(wasmtier(["explore", &file, "1", "2"]).error().contains("unexpected argument"));
    assert!(wasmtier(["explore", "--help"]).success().contains("wasmtier explore [OPTIONS] FILE"));
}
