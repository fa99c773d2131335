//! `differential --seeds A..B [--out DIR] [--no-shrink]`: runs the cases of seeds, prints what was
//! run and what diverged, and exits with 1 when something did.
//!
//! `differential MODULE --arguments SEED` runs a kept module again; it may be text.
//!
//! Invariant: `DIR/running` holds the seed being run, so that a crash of the process or a module
//! that does not end can be told by it.

#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "a program whose report is its output")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use wasmtier_fuzz::oracle::{Case, Oracle, Verdict};
use wasmtier_fuzz::run;

const USAGE: &str = "usage: differential --seeds A..B [--out DIR] [--no-shrink]\n       \
                     differential MODULE [--arguments SEED] [--rounds N]";

/// Seeds between two lines of progress.
const PROGRESS: u64 = 5_000;

struct Arguments {
    seeds: Option<(u64, u64)>,
    module: Option<PathBuf>,
    out: PathBuf,
    shrink: bool,
    arguments: u64,
    rounds: u32,
}

fn main() -> ExitCode {
    let Some(arguments) = parse() else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    if arguments.seeds.is_some() {
        // Panics of engines are caught and reported as divergences.
        std::panic::set_hook(Box::new(|_| {}));
    }
    let oracle = Oracle::new();
    match (arguments.seeds, &arguments.module) {
        (Some((from, to)), _) => run_seeds(&oracle, from, to, &arguments),
        (None, Some(module)) => run_module(&oracle, module, &arguments),
        (None, None) => {
            eprintln!("{USAGE}");
            ExitCode::from(2)
        }
    }
}

fn parse() -> Option<Arguments> {
    let mut parsed = Arguments {
        seeds: None,
        module: None,
        out: PathBuf::from("target/divergences"),
        shrink: true,
        arguments: 0,
        rounds: 3,
    };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--seeds" => {
                let range = words.next()?;
                let (from, to) = range.split_once("..")?;
                parsed.seeds = Some((from.parse().ok()?, to.parse().ok()?));
            }
            "--out" => parsed.out = words.next()?.into(),
            "--no-shrink" => parsed.shrink = false,
            "--arguments" => parsed.arguments = words.next()?.parse().ok()?,
            "--rounds" => parsed.rounds = words.next()?.parse().ok()?,
            _ if word.starts_with('-') => return None,
            _ => parsed.module = Some(word.into()),
        }
    }
    Some(parsed)
}

fn run_seeds(oracle: &Oracle, from: u64, to: u64, arguments: &Arguments) -> ExitCode {
    let out = &arguments.out;
    if let Err(error) = fs::create_dir_all(out) {
        eprintln!("cannot create {}: {error}", out.display());
        return ExitCode::from(2);
    }
    let begin = Instant::now();
    let summary = run::seeds(
        oracle,
        from..to,
        |seed, summary| {
            // Where the note cannot be written, only a crash is harder to find.
            let _ = fs::write(out.join("running"), seed.to_string());
            if seed != from && (seed - from).is_multiple_of(PROGRESS) {
                println!("seed {seed}, {:.0?}: {summary}", begin.elapsed());
            }
        },
        |seed, case, divergence| {
            println!("seed {seed}: {divergence}");
            let small = if arguments.shrink {
                run::minimise(oracle, case, divergence)
            } else {
                case.clone()
            };
            let shown = match oracle.run(&small).verdict {
                Verdict::Diverged(shown) => *shown,
                Verdict::Same | Verdict::Exhausted(_) | Verdict::Skipped(_) => divergence.clone(),
            };
            match run::keep(out, &format!("seed-{seed}"), &small, &shown) {
                Ok(path) => println!("  {} bytes in {}", small.wasm.len(), path.display()),
                Err(error) => println!("  cannot be kept in {}: {error}", out.display()),
            }
        },
    );
    println!("seeds {from}..{to}, {:.0?}: {summary}", begin.elapsed());
    if summary.diverged == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn run_module(oracle: &Oracle, module: &Path, arguments: &Arguments) -> ExitCode {
    let wasm = match wat::parse_file(module) {
        Ok(wasm) => wasm,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::from(2);
        }
    };
    let case = Case { wasm, seed: arguments.arguments, rounds: arguments.rounds };
    let report = oracle.run(&case);
    match report.verdict {
        Verdict::Same => println!("same: {} calls", report.calls),
        Verdict::Exhausted(what) => println!("exhausted: {what}"),
        Verdict::Skipped(what) => println!("skipped: {what}"),
        Verdict::Diverged(divergence) => {
            println!("{divergence}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
