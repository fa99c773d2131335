//! The driver as a process: engines agree, samples are kept, an old file gives its report again.

use std::path::PathBuf;
use std::process::{Command, Output};

fn bench(arguments: &[&str]) -> Output {
    let output = Command::new(env!("CARGO_BIN_EXE_bench")).args(arguments).output();
    output.expect("the driver can be started")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&folder).expect("cargo's folder for tests can be written");
    folder
}

#[test]
fn measures_and_reports() {
    let folder = folder("driver");
    let file = folder.join("samples.jsonl");
    let file = file.to_str().expect("the path is text");
    let what = ["--only", "programs", "--programs", "alloc,sort-search", "--rounds", "1"];
    // Not wasmi: without optimisation its handlers do not return and overflow the stack.
    let measured =
        bench(&[&what[..], &["--engines", "wasmtier,silverfir", "--output", file]].concat());
    assert!(measured.status.success(), "{}", text(&measured.stderr));
    let lines = std::fs::read_to_string(file).expect("the samples were kept");
    for program in ["alloc", "sort-search"] {
        let sample = format!("{{\"sample\":{{\"program\":\"{program}\",\"engine\":\"wasmtier/");
        assert!(lines.lines().any(|line| line.starts_with(&sample)), "{lines}");
    }
    assert!(!lines.contains("\"refusal\""), "{lines}");

    let write = format!("--write={}", folder.display());
    let again = bench(&["--from", file, "--against", file, &write]);
    assert!(again.status.success(), "{}", text(&again.stderr));
    let (first, second) = (text(&measured.stdout), text(&again.stdout));
    assert!(first.contains("wasmtier/portable") && second.starts_with(&first), "{second}");
    assert!(second.contains("Since then") && second.contains("1.000"), "{second}");
    let page = std::fs::read_to_string(folder.join("BENCHMARKS.md")).expect("the page was written");
    assert!(page.contains("| alloc |"), "{page}");
    let plot =
        std::fs::read_to_string(folder.join("BENCHMARKS.svg")).expect("the plot was written");
    assert!(plot.starts_with("<svg") && plot.ends_with("</svg>\n"), "{plot}");
}

#[test]
fn says_what_is_wrong_with_the_command_line() {
    for (arguments, said) in [
        (&["--only", "nothing"][..], "it is one of programs, micro, startup"),
        (&["--rounds", "many"], "many"),
        (&["--from", "no/such/file"], "no/such/file"),
        (&["--surprise"], "--surprise"),
    ] {
        let output = bench(arguments);
        assert!(!output.status.success());
        let stderr = text(&output.stderr);
        assert!(stderr.starts_with("error: ") && stderr.contains(said), "{stderr}");
    }
}
