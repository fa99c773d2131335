//! Running one test again in a process of its own, for tests that change or end their process.

use std::env;
use std::io::{Write, stderr};
use std::process::{Command, Output, exit};

/// Set in a child to the name of its test.
const CHILD: &str = "WASMTIER_TEST_CHILD";
/// Tells a body that ran to its end from a test name that matched nothing.
const END: &str = "the child came to its end";

/// Runs `body` in a child process and returns how the child ended; in the child, does not return.
///
/// `test` is the full path of the calling test below the crate.
pub(crate) fn run_in_child(test: &str, body: fn()) -> Output {
    if env::var_os(CHILD).is_some_and(|name| name == test) {
        body();
        stderr().write_all(END.as_bytes()).expect("the parent reads");
        exit(0);
    }
    let executable = env::current_exe().expect("a test knows its own file");
    Command::new(executable)
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(CHILD, test)
        .output()
        .expect("the test binary can be started again")
}

/// As [`run_in_child`], and fails unless the body comes to its end.
pub(crate) fn succeed_in_child(test: &str, body: fn()) {
    let output = run_in_child(test, body);
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && log.contains(END), "{output:?}");
}
