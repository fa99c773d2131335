//! The frame of a runner: a process that runs one program on one engine and leaves a record.
//!
//! What lives here: the command line, the clocks, the record. What does not: the engine, which a
//! runner brings as a [`Peer`].
//!
//! Invariant: only the engine's work lies between two readings of the clock.

use crate::host::{Host, SharedHost};
use crate::measure::Usage;
use crate::micro;
use crate::record::{Entry, Outcome, Run};
use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Any error; a runner only prints it.
pub type Failure = Box<dyn Error>;

/// Bytes of stack for the guest where an engine has too few for the programs: what a native thread
/// has in all.
pub const STACK: usize = 8 << 20;

/// An engine in one of its modes.
pub trait Peer: Sized {
    /// Code that can be instantiated.
    type Module;
    /// A module with its memory, and the store it lives in.
    type Instance;

    /// The names of its modes.
    const MODES: &'static [&'static str];

    /// The engine in the mode of that name, one of [`MODES`](Self::MODES).
    ///
    /// # Errors
    ///
    /// When the engine cannot do it here.
    fn new(mode: &str) -> Result<Self, Failure>;

    /// Loads a module.
    ///
    /// # Errors
    ///
    /// When the engine refuses it.
    fn compile(&self, wasm: &[u8]) -> Result<Self::Module, Failure>;

    /// How many bytes of machine code a module is, where the engine tells.
    fn code_bytes(_: &Self::Module) -> Option<usize> {
        None
    }

    /// Makes an instance whose imports are functions of `host`.
    ///
    /// # Errors
    ///
    /// When the engine refuses it.
    fn instantiate(
        &self,
        module: Self::Module,
        host: &SharedHost,
    ) -> Result<Self::Instance, Failure>;

    /// Calls the exported function `name`, which takes nothing, and returns its result if that is
    /// an `f32`.
    ///
    /// # Errors
    ///
    /// When it traps, or a host function ends it.
    fn call(instance: &mut Self::Instance, name: &str) -> Result<Option<f32>, Failure>;
}

struct Arguments {
    mode: String,
    task: Task,
}

enum Task {
    Modes,
    Program { wasm: PathBuf, entry: Entry, record: PathBuf },
    Load(PathBuf),
    Micro(Vec<String>),
}

const USAGE: &str = "usage: run-ENGINE modes
       run-ENGINE MODE program FILE.wasm command|score RECORD.json
       run-ENGINE MODE load FILE.wasm
       run-ENGINE MODE micro [NAME...]";

fn arguments() -> Result<Arguments, Failure> {
    let mut words = std::env::args().skip(1);
    let mut word = || words.next().ok_or(USAGE);
    let mode = word()?;
    if mode == "modes" {
        return Ok(Arguments { mode, task: Task::Modes });
    }
    let task = match word()?.as_str() {
        "program" => Task::Program {
            wasm: word()?.into(),
            entry: Entry::of_name(&word()?).ok_or(USAGE)?,
            record: word()?.into(),
        },
        "load" => Task::Load(word()?.into()),
        "micro" => Task::Micro(words.collect()),
        _ => return Err(USAGE.into()),
    };
    Ok(Arguments { mode, task })
}

/// The body of `main` of a runner. `micro` runs the engine's micro suites, if it has them.
#[must_use]
pub fn main<P: Peer>(micro: Option<micro::Suite>) -> ExitCode {
    let done = arguments().and_then(|arguments| perform::<P>(arguments, micro));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stdout, reason = "the list of modes is what was asked for")]
fn perform<P: Peer>(arguments: Arguments, micro: Option<micro::Suite>) -> Result<(), Failure> {
    let mode = arguments.mode;
    if let Task::Modes = arguments.task {
        P::MODES.iter().for_each(|mode| println!("{mode}"));
        return Ok(());
    }
    if !P::MODES.contains(&mode.as_str()) {
        return Err(format!("no mode `{mode}`: it is one of {}", P::MODES.join(", ")).into());
    }
    match arguments.task {
        Task::Modes => Ok(()),
        Task::Program { wasm, entry, record } => {
            let bytes = std::fs::read(&wasm)?;
            let name = wasm.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let outcome = match run::<P>(&mode, name, &bytes, entry) {
                Ok(run) => Outcome::Ran(run),
                Err(failure) => Outcome::Failed(failure.to_string()),
            };
            std::fs::write(record, serde_json::to_vec(&outcome)?)?;
            Ok(())
        }
        Task::Load(wasm) => load::<P>(&mode, &std::fs::read(wasm)?),
        Task::Micro(names) => micro.ok_or("this engine has no micro suites")?(&mode, &names),
    }
}

/// How often a module is loaded to find the shortest time that takes.
const LOADS: u32 = 5;

/// Prints the shortest time that loading takes, and how much machine code comes of it.
#[expect(clippy::print_stdout, reason = "the figures are what was asked for")]
fn load<P: Peer>(mode: &str, wasm: &[u8]) -> Result<(), Failure> {
    let peer = P::new(mode)?;
    let mut best = (Duration::MAX, None);
    for _ in 0..LOADS {
        let begin = Instant::now();
        let module = peer.compile(wasm)?;
        best = best.min((begin.elapsed(), P::code_bytes(&module)));
    }
    let (time, bytes) = best;
    let bytes = bytes.map_or("an unknown number of".to_owned(), |bytes| bytes.to_string());
    println!("{:.1} ms, {bytes} bytes of machine code", time.as_secs_f64() * 1e3);
    Ok(())
}

fn run<P: Peer>(mode: &str, name: String, wasm: &[u8], entry: Entry) -> Result<Run, Failure> {
    let host = Arc::new(Mutex::new(Host::new(vec![name])));
    let begin = Instant::now();
    let peer = P::new(mode)?;
    let module = peer.compile(wasm)?;
    let compiled = Instant::now();
    let mut instance = peer.instantiate(module, &host)?;
    let instantiated = Instant::now();
    let called = match entry {
        Entry::Command => P::call(&mut instance, entry.export()),
        Entry::Score => score::<P>(&mut instance),
    };
    let end = Instant::now();
    let usage = Usage::own();

    let host = host.lock().unwrap_or_else(PoisonError::into_inner);
    let result = match (called, host.exit()) {
        (Ok(result), _) => result,
        // However the engine words it: the program asked for it.
        (Err(_), Some(_)) => None,
        (Err(failure), None) => return Err(failure),
    };
    let (run, total) = match entry {
        Entry::Command => (host.timed().unwrap_or(end - instantiated), end - begin),
        Entry::Score => {
            let run = time_of_score(result.ok_or("`run` returned no score")?)?;
            (run, instantiated - begin + run)
        }
    };
    Ok(Run {
        compile: compiled - begin,
        instantiate: instantiated - compiled,
        run,
        total,
        usage,
        exit_code: host.exit().map_or(0, |exit| exit.0),
    })
}

/// How often a score is asked for.
const TRIES: u32 = 5;

/// CoreMark's score. It gives none, 0, when its work took less of its time than it had foreseen.
fn score<P: Peer>(instance: &mut P::Instance) -> Result<Option<f32>, Failure> {
    for _ in 1..TRIES {
        let score = P::call(instance, Entry::Score.export())?;
        if score != Some(0.0) {
            return Ok(score);
        }
    }
    P::call(instance, Entry::Score.export())
}

/// The real time of a thousand iterations at `score` iterations per second of the host's clock.
fn time_of_score(score: f32) -> Result<Duration, Failure> {
    let per_second = f64::from(score) * f64::from(crate::host::CLOCK_SPEED);
    Duration::try_from_secs_f64(1000.0 / per_second)
        .map_err(|error| format!("impossible score {score}: {error}").into())
}
