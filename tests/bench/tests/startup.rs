//! Measuring commands: that the rows are those of the commands, and which commands are refused.

use std::path::Path;
use wasmtier_bench::startup::{Candidate, candidates, measure};

fn shell(name: &str, script: &str) -> Candidate {
    let arguments = vec!["-c".into(), script.into()];
    Candidate { name: name.into(), program: "/bin/sh".into(), arguments }
}

#[test]
fn each_command_has_a_row() {
    let long = "i=0; while [ $i -lt 20000 ]; do i=$((i + 1)); done; echo hello";
    let rows = measure(&[shell("short", "echo hello"), shell("long", long)], 3).unwrap();
    let names: Vec<&str> = rows.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(names, ["short", "long"]);
    assert!(rows.iter().all(|row| row.runs == 3 && row.page_faults > 0));
    assert!(rows[0].cpu_median < rows[1].cpu_median);
}

#[test]
fn commands_must_print_the_same() {
    let failure = measure(&[shell("a", "echo hello"), shell("b", "echo bye")], 1).unwrap_err();
    assert_eq!(failure.to_string(), "`b` does not print what the others do");
}

#[test]
fn a_command_that_fails_is_not_measured() {
    let failure = measure(&[shell("a", "echo no such file >&2; exit 3")], 1).unwrap_err();
    assert_eq!(failure.to_string(), "`a` ended with exit status: 3: no such file\n");
    let missing = Candidate { program: "/no/such/command".into(), ..shell("a", "") };
    let failure = measure(&[missing], 1).unwrap_err().to_string();
    assert!(failure.starts_with("cannot start `/no/such/command`: "), "{failure}");
}

#[test]
fn our_command_is_the_first_candidate() {
    let candidates = candidates(Path::new("target/wasmtier"), Path::new("hello.wasm"));
    assert_eq!(candidates[0].name, "wasmtier");
    assert_eq!(candidates[0].program, Path::new("target/wasmtier"));
    assert_eq!(candidates[0].arguments, ["run", "hello.wasm"]);
}
