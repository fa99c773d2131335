//! `--invoke`: arguments by type, results, and what is said when they do not fit.

use crate::support::{Folder, wasmtier};

const ECHO: &str = r#"(module
    (func (export "i32") (param i32) (result i32) (local.get 0))
    (func (export "i64") (param i64) (result i64) (local.get 0))
    (func (export "f32") (param f32) (result f32) (local.get 0))
    (func (export "f64") (param f64) (result f64) (local.get 0))
    (func (export "v128") (param v128) (result v128) (local.get 0))
    (func (export "func") (param funcref) (result funcref) (local.get 0))
    (func $self (export "self") (result funcref) (ref.func $self))
    (func (export "swap") (param i32 f64) (result f64 i32) (local.get 1) (local.get 0))
    (memory (export "memory") 1))"#;

#[test]
fn values_of_every_type() {
    let file = Folder::new("invoke-values").file("echo.wat", ECHO);
    let cases = [
        ("i32", "7", "7"),
        ("i32", "-7", "-7"),
        ("i32", "+7", "7"),
        ("i32", "0x7fffffff", "2147483647"),
        ("i32", "0xffffffff", "-1"),
        ("i32", "4294967295", "-1"),
        ("i32", "-0x80000000", "-2147483648"),
        ("i64", "18446744073709551615", "-1"),
        ("i64", "-9223372036854775808", "-9223372036854775808"),
        ("f32", "1.5", "1.5"),
        ("f32", "-0", "-0"),
        ("f32", "0x1.8p3", "12"),
        ("f32", "1e10", "10000000000"),
        ("f64", "0.1", "0.1"),
        ("f64", "-0x1p-1", "-0.5"),
        ("f64", "inf", "inf"),
        ("f64", "-inf", "-inf"),
        ("f64", "nan", "NaN"),
        ("f64", "nan:0x123", "NaN"),
        ("v128", "0xffffffffffffffffffffffffffffffff", "340282366920938463463374607431768211455"),
        ("func", "null", "null"),
    ];
    for (name, argument, result) in cases {
        let outcome = wasmtier(["--invoke", name, &file, argument]);
        assert_eq!(outcome.success(), format!("{result}\n"), "{name} {argument}");
    }
    assert_eq!(wasmtier(["--invoke", "swap", &file, "-1", "2.5"]).success(), "2.5\n-1\n");
    assert_eq!(wasmtier(["--invoke", "self", &file]).success(), "<funcref>\n");
}

#[test]
fn wrong_arguments() {
    let file = Folder::new("invoke-wrong").file("echo.wat", ECHO);
    let cases: [(&[&str], &str); 13] = [
        (&["i32"], "`i32` takes 1 argument, not 0: its type is (i32) -> i32"),
        (&["i32", "1", "2"], "`i32` takes 1 argument, not 2"),
        (&["swap", "1"], "`swap` takes 2 arguments, not 1"),
        (&["i32", "4294967296"], "argument 1 of `i32` is not an i32: 4294967296"),
        (&["i32", "-2147483649"], "is not an i32"),
        (&["i32", "1.0"], "is not an i32"),
        (&["i32", ""], "is not an i32"),
        (&["i32", "--1"], "is not an i32"),
        (&["i64", "0x1ffffffffffffffff"], "is not an i64"),
        (&["f64", "one"], "is not an f64"),
        (&["swap", "1", "1)(module"], "argument 2 of `swap` is not an f64"),
        (&["v128", "-1"], "is not a v128"),
        (&["func", "1"], "is not a funcref; of references only `null` can be written"),
    ];
    for (arguments, message) in cases {
        let (name, arguments) = arguments.split_first().expect("each has a name");
        let outcome = wasmtier(["--invoke", name, &file].iter().chain(arguments));
        assert!(outcome.error().contains(message), "{}", outcome.error());
    }
}

#[test]
fn a_function_that_is_not_there() {
    let folder = Folder::new("invoke-absent");
    let file = folder.file("echo.wat", ECHO);
    for name in ["absent", "memory"] {
        let outcome = wasmtier(["--invoke", name, &file]);
        let wanted = format!("no function `{name}` is exported; what --invoke can call is the");
        assert!(outcome.error().contains(&wanted), "{}", outcome.error());
    }
    let outcome = wasmtier([&file]);
    assert!(outcome.error().contains("it exports no function `_start`"), "{}", outcome.error());
    let outcome = wasmtier([folder.file("nothing.wat", "(module)")]);
    assert!(outcome.error().ends_with("it exports no functions"), "{}", outcome.error());
    let many: String = (0..100).map(|i| format!(r#"(func (export "f{i}"))"#)).collect();
    let outcome = wasmtier([folder.file("many.wat", format!("(module {many})"))]);
    assert!(outcome.error().contains("are 100 functions, among them `f0`, "));
}

#[test]
fn a_reactor_is_initialised_first() {
    let file = Folder::new("invoke-reactor").file(
        "reactor.wat",
        r#"(module
        (global $n (mut i32) (i32.const 0))
        (func (export "_initialize") (global.set $n (i32.const 42)))
        (func (export "_start") unreachable)
        (func (export "n") (result i32) (global.get $n)))"#,
    );
    assert_eq!(wasmtier(["--invoke", "n", &file]).success(), "42\n");
    assert_eq!(wasmtier(["--invoke", "_initialize", &file]).success(), "");
}
