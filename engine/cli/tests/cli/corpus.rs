//! Whole programs from public benchmark suites, when a corpus of them lies beside the repository.
//!
//! What lives here: how each is run, and the comparison with what it must print. What does not: the
//! programs, which are other people's.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use crate::support::{Folder, Limits, Outcome, command, run};

/// No program takes longer than this in the slowest tier of a debug build.
const LIMITS: Limits =
    Limits { cpu: Duration::from_secs(900), wall: Duration::from_secs(3600), memory_kib: 2 << 20 };

/// What `coremark` imports: a clock that counts milliseconds.
const CLOCK: &str = r#"(module
    (import "wasi_snapshot_preview1" "clock_time_get"
        (func $time (param i32 i64 i32) (result i32)))
    (memory (export "memory") 1)
    (func (export "clock_ms") (result i32)
        (drop (call $time (i32.const 1) (i64.const 0) (i32.const 0)))
        (i32.wrap_i64 (i64.div_u (i64.load (i32.const 0)) (i64.const 1000000)))))"#;

#[test]
fn programs_print_what_they_should() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus/programs");
    let Ok(folders) = fs::read_dir(&corpus) else {
        eprintln!("skipped: there is no corpus at {}", corpus.display());
        return;
    };
    let folders = folders.map(|folder| folder.expect("the corpus can be listed").path());
    let mut folders: Vec<PathBuf> = folders.filter(|path| path.is_dir()).collect();
    folders.sort();
    assert!(!folders.is_empty(), "an empty corpus is a mistake");
    let (queue, problems) = (Mutex::new(folders.into_iter()), Mutex::new(Vec::new()));
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let folder = queue.lock().expect("no thread panics while it locks").next();
                    let Some(folder) = folder else { break };
                    let problem = check(&folder);
                    problems.lock().expect("no thread panics while it locks").extend(problem);
                }
            });
        }
    });
    let problems = problems.into_inner().expect("no thread panics while it locks");
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// Runs the program of a folder; what is wrong with it, if anything.
fn check(folder: &Path) -> Option<String> {
    let name = folder.file_name()?.to_str()?;
    let outcome = if name == "coremark" { coremark(folder) } else { program(folder, name) };
    let expected = expected_output(folder);
    if outcome.status != Some(0) {
        return Some(format!("{name}: status {:?}, {}", outcome.status, outcome.stderr));
    }
    let differs = expected.is_some_and(|expected| expected != outcome.stdout);
    differs.then(|| format!("{name}: it prints something else"))
}

fn program(folder: &Path, name: &str) -> Outcome {
    let arguments = ["--dir", ".", "-W", "unknown-imports-default"];
    let file = format!("{name}.wasm");
    run(command().current_dir(folder).args(arguments).arg(file), LIMITS)
}

/// Its score is its result.
fn coremark(folder: &Path) -> Outcome {
    let clock = format!("env={}", Folder::new("corpus-coremark").file("clock.wat", CLOCK));
    let arguments = ["--preload", &clock, "--invoke", "run", "coremark.wasm"];
    let outcome = run(command().current_dir(folder).args(arguments), LIMITS);
    if let Ok(score) = outcome.stdout.trim().parse::<f32>() {
        eprintln!("coremark: {score}");
        assert!(score > 0.0, "a program that finished has a score");
    }
    outcome
}

/// The contents of `*.stdout.expected`.
fn expected_output(folder: &Path) -> Option<String> {
    let files = fs::read_dir(folder).ok()?.filter_map(|file| Some(file.ok()?.path()));
    let mut expected = files.filter(|path| path.to_string_lossy().ends_with(".stdout.expected"));
    expected.next().map(|path| fs::read_to_string(path).expect("the corpus can be read"))
}
