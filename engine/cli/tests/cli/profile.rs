//! `--profile`: that the files are where `perf` looks for them.

use std::path::Path;
use std::process::Stdio;
use std::{env, fs};

use crate::support::{Folder, command};

const MODULE: &str = r#"(module (func (export "_start")))"#;

/// Runs the module in its folder; returns the id that the process had.
fn run_in(folder: &Path, file: &str, format: &str) -> u32 {
    let mut command = command();
    command.current_dir(folder).args(["--profile", format, file]).stdout(Stdio::null());
    let mut child = command.spawn().expect("cargo has built the command");
    let process = child.id();
    assert!(child.wait().expect("a child can be waited for").success());
    process
}

#[test]
fn perf_map() {
    let file = Folder::new("profile-map").file("module.wat", MODULE);
    let process = run_in(&env::temp_dir(), &file, "perfmap");
    let path = format!("/tmp/perf-{process}.map");
    let map = fs::read_to_string(&path).expect("the map is there");
    fs::remove_file(&path).expect("it is ours");
    let names: Vec<&str> = map.lines().filter_map(|line| line.splitn(3, ' ').nth(2)).collect();
    for name in ["wasm-interp:stub.enter", "wasm-interp:return"] {
        assert!(names.contains(&name), "{name}: {names:?}");
    }
}

#[test]
fn jit_dump() {
    let file = Folder::new("profile-dump").file("module.wat", MODULE);
    let folder = Path::new(&file).parent().expect("it is in the folder");
    let process = run_in(folder, &file, "jitdump");
    let dump = fs::read(folder.join(format!("jit-{process}.dump"))).expect("the dump is there");
    assert_eq!(dump[..4], 0x4a69_5444u32.to_ne_bytes());
}
