//! `profile`: for one program on one engine, where the time goes.
//!
//! What lives here: the command line and the order of work. What does not: running tools
//! (`tools.rs`), counting on an engine (`count.rs`), reading and showing results
//! (`wasmtier_bench::profile`).

mod count;
mod tools;

use std::env;
use std::error::Error;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use tools::Tool;
use wasmtier_bench::profile::blocks::Counted;
use wasmtier_bench::profile::counts::Counts;
use wasmtier_bench::profile::report::{Report, Tables};
use wasmtier_bench::programs::{bench_folder, corpus};
use wasmtier_bench::record::{Entry, Outcome};
use wasmtier_bench::runner::Failure;

const USAGE: &str = "\
usage: tests/bench/profile PROGRAM [OPTION...]

PROGRAM is a .wasm file, or the name of one in tests/bench/programs or in
../shared/corpus/programs beside the repository.

  --engine ENGINE/MODE  what to sample [wasmtier/portable]
  --top N               rows of each table [30]
  --perf                sample with perf, or fail
  --callgrind           count instructions with callgrind, which takes 50 times as long
  --counts              only count what the program executes
  --json                everything, as JSON";

/// What the command line asks for.
struct Request {
    program: String,
    engine: String,
    top: usize,
    tool: Choice,
    json: bool,
}

/// Where native symbols come from.
enum Choice {
    /// The first tool that works, if any.
    Any,
    Only(Tool),
    None,
}

impl Request {
    fn parse() -> Result<Self, Failure> {
        use lexopt::prelude::{Long, Short, Value, ValueExt as _};
        let mut program = None;
        let mut request = Self {
            program: String::new(),
            engine: "wasmtier-portable".into(),
            top: 30,
            tool: Choice::Any,
            json: false,
        };
        let mut arguments = lexopt::Parser::from_env();
        while let Some(argument) = arguments.next()? {
            match argument {
                Long("engine") => request.engine = arguments.value()?.string()?.replace('/', "-"),
                Long("top") => request.top = arguments.value()?.parse()?,
                Long("perf") => request.tool = Choice::Only(Tool::Perf),
                Long("callgrind") => request.tool = Choice::Only(Tool::Callgrind),
                Long("counts") => request.tool = Choice::None,
                Long("json") => request.json = true,
                Short('h') | Long("help") => return Err(USAGE.into()),
                Value(value) if program.is_none() => program = Some(value.string()?),
                other => return Err(Box::new(other.unexpected())),
            }
        }
        request.program = program.ok_or(USAGE)?;
        Ok(request)
    }
}

fn main() -> ExitCode {
    let done = match count::requested() {
        Some(request) => request.and_then(|request| request.run()),
        None => Request::parse().and_then(|request| profile(&request)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}

fn profile(request: &Request) -> Result<(), Failure> {
    let file = find(&request.program)?;
    let wasm = fs::read(&file)?;
    let scratch = Scratch::new()?;
    let run = tools::Run::new(&request.engine, &file, entry(&wasm)?, &scratch.0)?;
    let mut report = Report {
        program: file.display().to_string(),
        engine: request.engine.clone(),
        native: None,
        counts: None,
        seconds: None,
    };
    let (tools, is_required): (&[Tool], bool) = match &request.tool {
        Choice::Any => (&[Tool::Perf, Tool::Callgrind], false),
        Choice::Only(tool) => (std::slice::from_ref(tool), true),
        Choice::None => (&[], false),
    };
    for tool in tools {
        match run.sample(*tool) {
            Ok(native) => {
                report.native = Some(native);
                // Under callgrind, time means nothing.
                report.seconds = (*tool == Tool::Perf).then(|| run.seconds()).transpose()?;
                break;
            }
            Err(failure) if is_required => return Err(failure),
            Err(failure) => eprintln!("{}: {failure}", tool.name()),
        }
    }
    // A program that cannot be counted has its symbols all the same.
    match counts(&wasm, &run) {
        Ok(counts) => report.counts = Some(counts),
        Err(failure) if report.native.is_none() => return Err(failure),
        Err(failure) => eprintln!("counting: {failure}"),
    }
    let mut out = io::stdout().lock();
    if request.json {
        serde_json::to_writer(&mut out, &report)?;
        writeln!(out)?;
    } else {
        write!(out, "{}", Tables(&report, request.top))?;
    }
    Ok(())
}

/// Counts what the program executes.
fn counts(wasm: &[u8], run: &tools::Run<'_>) -> Result<Counts, Failure> {
    let counted = Counted::new(wasm)?;
    let counters = run.count(&counted.wasm)?;
    Ok(Counts::new(&counted, &counters, |_| tier(run.mode()).to_owned()))
}

/// The tier a function runs in. Every mode there is has but one.
fn tier(mode: &str) -> &str {
    mode
}

/// The file of a program given by path or name.
fn find(program: &str) -> Result<PathBuf, Failure> {
    let named = Path::new(program).join(format!("{program}.wasm"));
    let places = [
        env::current_dir()?.join(program),
        bench_folder().join("programs").join(&named),
        corpus().join(&named),
    ];
    match places.iter().find(|place| place.is_file()) {
        Some(file) => Ok(file.canonicalize()?),
        None => Err(format!("no program `{program}`").into()),
    }
}

/// How a module is entered: as a command if it can.
fn entry(wasm: &[u8]) -> Result<Entry, Failure> {
    for payload in wasmparser::Parser::new(0).parse_all(wasm) {
        if let wasmparser::Payload::ExportSection(exports) = payload? {
            let names: Vec<_> = exports.into_iter().collect::<Result<_, _>>()?;
            let entries = [Entry::Command, Entry::Score].into_iter();
            let has = |entry: &Entry| names.iter().any(|export| export.name == entry.export());
            return entries.into_iter().find(has).ok_or_else(|| "no `_start` and no `run`".into());
        }
    }
    Err("the module exports nothing".into())
}

/// A folder that is gone when this is dropped.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Result<Self, Failure> {
        let folder = env::temp_dir().join(format!("wasmtier-profile-{}", std::process::id()));
        fs::create_dir_all(&folder)?;
        Ok(Self(folder))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What stays behind is in the folder for temporary files.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The outcome a runner left, as an error if it failed.
fn ran(outcome: Outcome) -> Result<wasmtier_bench::record::Run, Failure> {
    match outcome {
        Outcome::Ran(run) => Ok(run),
        Outcome::Failed(failure) => Err(Box::<dyn Error>::from(failure)),
    }
}
