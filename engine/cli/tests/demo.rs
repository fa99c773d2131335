//! The demo draws its picture: a whole program, from arguments to floats to output.
//!
//! The colours are compared by `.ci/run`, as the README's command prints them.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn demo() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/demo/ringrise")
}

fn draw(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_wasmtier"))
        .args(["run", "--env", "NO_COLOR=1"])
        .arg(demo().join("ringrise.wasm"))
        .args(arguments)
        .output()
        .expect("the command was built before this test")
}

#[test]
fn the_plain_picture_is_as_committed() {
    let output = draw(&["60"]);
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
    let expected = std::fs::read_to_string(demo().join("plain.txt")).expect("it is committed");
    assert_eq!(String::from_utf8_lossy(&output.stdout), expected);
}

#[test]
fn wrong_arguments_are_refused_by_the_program_itself() {
    for wrong in [&["19"][..], &["241"], &["wide"], &["99999999999"], &["60", "60"]] {
        let output = draw(wrong);
        assert_eq!(output.status.code(), Some(2), "{wrong:?}");
        assert_eq!(output.stdout, b"", "{wrong:?}");
        let usage = "usage: ringrise [COLUMNS], 20 to 240\n";
        assert_eq!(String::from_utf8_lossy(&output.stderr), usage, "{wrong:?}");
    }
}
