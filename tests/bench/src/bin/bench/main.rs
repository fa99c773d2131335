//! `bench`: runs every program on every engine and says what it found.
//!
//! What lives here: the command line and the order of things. What does not: building, which
//! `tests/bench/run` does first.

mod engines;
mod header;
mod measure;
mod plot;
mod report;
mod results;
mod tables;

use engines::Engine;
use lexopt::prelude::*;
use measure::Effort;
use results::Results;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use wasmtier_bench::programs::{Program, bench_folder, corpus, repository};
use wasmtier_bench::runner::Failure;

const HELP: &str = "\
Runs the same programs on wasmtier and its peers and compares them.

usage: tests/bench/run [OPTIONS]

  --programs A,B    only programs whose names contain one of these
  --engines A,B     only engines whose names start with one of these
  --rounds N        runs of each program on each engine (default 3)
  --budget SECONDS  no further run of a pair that has taken this long (default 6)
  --limit SECONDS   a run that takes longer has failed (default 120)
  --only PART       only `programs`, `micro` or `startup`
  --output FILE     where the samples go, as JSON lines (default tests/bench/results/latest.jsonl)
  --from FILE       measure nothing: report the samples of this file
  --against FILE    also compare with the samples of this file
  --write[=FOLDER]  also write BENCHMARKS.md and BENCHMARKS.svg (default: into the repository)
  --list            print the programs and engines at hand
";

struct Options {
    programs: Vec<String>,
    engines: Vec<String>,
    effort: Effort,
    only: Option<String>,
    output: PathBuf,
    from: Option<PathBuf>,
    against: Option<PathBuf>,
    write: Option<PathBuf>,
    list: bool,
    help: bool,
}

const PARTS: [&str; 3] = ["programs", "micro", "startup"];

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn options() -> Result<Options, Failure> {
    let mut options = Options {
        programs: Vec::new(),
        engines: Vec::new(),
        effort: Effort { rounds: 3, budget: seconds(6), limit: seconds(120) },
        only: None,
        output: bench_folder().join("results/latest.jsonl"),
        from: None,
        against: None,
        write: None,
        list: false,
        help: false,
    };
    let mut parser = lexopt::Parser::from_env();
    let list = |value: std::ffi::OsString| -> Result<Vec<String>, lexopt::Error> {
        Ok(value.string()?.split(',').map(str::to_owned).collect())
    };
    while let Some(argument) = parser.next()? {
        match argument {
            Long("programs") => options.programs = list(parser.value()?)?,
            Long("engines") => options.engines = list(parser.value()?)?,
            Long("rounds") => options.effort.rounds = parser.value()?.parse()?,
            Long("budget") => {
                options.effort.budget = seconds(parser.value()?.parse()?);
            }
            Long("limit") => options.effort.limit = seconds(parser.value()?.parse()?),
            Long("only") => options.only = Some(parser.value()?.string()?),
            Long("output") => options.output = parser.value()?.into(),
            Long("from") => options.from = Some(parser.value()?.into()),
            Long("against") => options.against = Some(parser.value()?.into()),
            Long("write") => {
                let folder = parser.optional_value();
                options.write = Some(folder.map_or_else(repository, PathBuf::from));
            }
            Long("list") => options.list = true,
            Long("help") | Short('h') => options.help = true,
            _ => return Err(argument.unexpected().into()),
        }
    }
    match &options.only {
        Some(part) if !PARTS.contains(&part.as_str()) => {
            Err(format!("--only {part}: it is one of {}", PARTS.join(", ")).into())
        }
        _ => Ok(options),
    }
}

fn main() -> ExitCode {
    let done = options().and_then(|options| perform(&options));
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}

/// Whether every engine did what it should.
#[expect(clippy::print_stdout, reason = "the report is what the command is for")]
fn perform(options: &Options) -> Result<bool, Failure> {
    if options.help {
        print!("{HELP}");
        return Ok(true);
    }
    if options.list {
        let (programs, (engines, absent)) = (programs(options)?, Engine::all()?);
        programs.iter().for_each(|program| println!("program {}", program.name));
        engines.iter().for_each(|engine| println!("engine  {}", engine.name));
        absent.iter().for_each(|line| println!("absent  {line}"));
        return Ok(true);
    }
    let results = match &options.from {
        Some(file) => Results::load(file)?,
        None => measured(options)?,
    };
    print!("{}", report::text(&results));
    if let Some(file) = &options.against {
        print!("\n{}", tables::drift(&results, &Results::load(file)?).to_text());
    }
    if let Some(folder) = &options.write {
        for path in report::write(&results, folder)? {
            eprintln!("wrote {}", path.display());
        }
    }
    Ok(results.refusals.iter().all(|refusal| !refusal.wrong))
}

fn programs(options: &Options) -> Result<Vec<Program>, Failure> {
    let mut programs = Program::all()?;
    let wanted = |program: &Program| options.programs.iter().any(|p| program.name.contains(p));
    programs.retain(|program| options.programs.is_empty() || wanted(program));
    Ok(programs)
}

fn measured(options: &Options) -> Result<Results, Failure> {
    let (mut engines, mut absent) = Engine::all()?;
    let wanted = |engine: &Engine| options.engines.iter().any(|e| engine.name.starts_with(e));
    engines.retain(|engine| options.engines.is_empty() || wanted(engine));
    if !corpus().is_dir() {
        absent.push("no corpus beside the repository: only its own programs".to_owned());
    }
    let part = |name| options.only.as_deref().is_none_or(|only| only == name);
    let mut results = Results::new(header::header(&engines, absent));
    // Kept after every step: whoever stops it keeps what there is.
    let save = |results: &Results| results.save(&options.output);
    if part("programs") {
        let programs = programs(options)?;
        for round in 1..=options.effort.rounds {
            eprintln!("round {round} of {}", options.effort.rounds);
            measure::round(&programs, &engines, options.effort, &mut results)?;
            save(&results)?;
        }
    }
    if part("micro") {
        eprintln!("small tasks");
        measure::micro(&engines, &mut results)?;
        save(&results)?;
    }
    if part("startup") {
        eprintln!("start of a process");
        measure::startup(&mut results)?;
        save(&results)?;
    }
    eprintln!("samples are in {}", options.output.display());
    Ok(results)
}
