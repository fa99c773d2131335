//! The adapter by which wasi-testsuite's own runner starts the command: that it has the functions
//! the runner calls, and that the command lines it makes work.
//!
//! Without Python there is nothing to test, which is said.

use std::path::Path;
use std::process::{Command, Output};
use std::{fs, io};

use serde_json::{Value, json};

/// Imports the adapter as the runner does and prints what it answers.
const ASK: &str = r#"
import importlib.util, json, pathlib, sys
spec = importlib.util.spec_from_file_location("wasmtier.py", pathlib.Path(sys.argv[1]))
adapter = importlib.util.module_from_spec(spec)
spec.loader.exec_module(adapter)
test, folder = sys.argv[2], pathlib.Path(sys.argv[3])
given = (["one", "--two"], {"NAME": "a=b"}, [(folder, "/data")])
print(json.dumps({
    "name": adapter.get_name(),
    "version": adapter.get_version(),
    "versions": adapter.get_wasi_versions(),
    "worlds": adapter.get_wasi_worlds(),
    "argv": adapter.compute_argv(test, given, [], "wasi:cli/command", "wasm32-wasip1"),
    "older": adapter.compute_argv(test, given, [], "wasm32-wasip1"),
    "bare": adapter.compute_argv(test, ([], {}, []), [], "wasi:cli/command", "wasm32-wasip1"),
}))
"#;

/// Exits with the number of its arguments, ten times that of its variables, and a hundred when it
/// has a directory.
const PROGRAM: &str = r#"(module
    (import "wasi_snapshot_preview1" "args_sizes_get" (func $args (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "environ_sizes_get"
        (func $environ (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_prestat_get" (func $dir (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (memory (export "memory") 1)
    (func (export "_start")
        (drop (call $args (i32.const 0) (i32.const 16)))
        (drop (call $environ (i32.const 4) (i32.const 16)))
        (call $exit (i32.add
            (i32.add (i32.load (i32.const 0))
                (i32.mul (i32.const 10) (i32.load (i32.const 4))))
            (i32.mul (i32.const 100) (i32.eqz (call $dir (i32.const 3) (i32.const 16))))))))"#;

fn python(arguments: &[&str]) -> Option<Output> {
    let command = env!("CARGO_BIN_EXE_wasmtier");
    let quoted = format!("'{command}' -W max-wasm-stack=1048576");
    match Command::new("python3").args(arguments).env("WASMTIER", quoted).output() {
        Ok(output) => Some(output),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => panic!("python3 does not start: {error}"),
    }
}

/// The exit status of a command line as the adapter made it.
fn run(argv: &Value) -> Option<i32> {
    let words: Vec<&str> =
        argv.as_array().expect("a list").iter().map(|word| word.as_str().expect("text")).collect();
    let (command, arguments) = words.split_first().expect("it names a command");
    Command::new(command).args(arguments).status().expect("the command starts").code()
}

#[test]
fn the_adapter_starts_programs() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let adapter = root.join("tests/wasi-testsuite/wasmtier.py");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("adapter");
    fs::create_dir_all(&folder).expect("the target folder can be written");
    let program = folder.join("-program.wat");
    fs::write(&program, PROGRAM).expect("the target folder can be written");
    let [adapter, program, folder] =
        [&adapter, &program, &folder].map(|path| path.to_str().expect("a path in UTF-8"));
    let Some(asked) = python(&["-B", "-c", ASK, adapter, program, folder]) else {
        eprintln!("not run: there is no python3");
        return;
    };
    assert!(asked.status.success(), "{}", String::from_utf8_lossy(&asked.stderr));
    let answers: Value = serde_json::from_slice(&asked.stdout).expect("it prints JSON");
    assert_eq!(answers["name"], "wasmtier");
    assert_eq!(answers["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(answers["versions"], json!(["wasm32-wasip1"]));
    assert_eq!(answers["worlds"], json!(["wasi:cli/command"]));
    assert_eq!(answers["argv"], answers["older"]);
    assert_eq!(run(&answers["argv"]), Some(113), "{}", answers["argv"]);
    assert_eq!(run(&answers["bare"]), Some(1), "{}", answers["bare"]);
    // The runner starts the file too, and takes any output for an adapter of the oldest kind.
    let started = python(&["-B", adapter, "--version"]).expect("it was there before");
    assert!(started.status.success() && started.stdout.is_empty() && started.stderr.is_empty());
}
