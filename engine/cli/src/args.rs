//! The command line: from arguments to a [`Command`].
//!
//! `lexopt`, not `clap`: for these options clap's builder costs 0.057 ms of processor time per
//! start (0.710 ms against 0.653 ms, mean of 500 runs, of which an empty process is 0.461 ms), 12
//! page faults and 330 KB; a hello-world has a budget of about 0.8 ms.
//!
//! Invariant: nothing behind the file is looked at; it belongs to the program.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use lexopt::prelude::*;
use wasmtier::{ProfilingStrategy, Tier};

use crate::failure::Failure;
use crate::help;
use crate::settings::Settings;

/// What the user asks for.
pub(crate) enum Command {
    /// Print this text.
    Help(&'static str),
    /// Print the version.
    Version,
    /// Run a program or a function.
    Run(Box<RunOptions>),
    /// Show what becomes of functions.
    Explore(Box<ExploreOptions>),
    /// Validate these files.
    Validate(Vec<PathBuf>),
    /// Run these test scripts.
    Wast(Vec<PathBuf>),
}

/// What to run, and what it is given.
#[derive(Default)]
pub(crate) struct RunOptions {
    /// The module.
    pub(crate) file: PathBuf,
    /// Arguments of the program, or of the function that is invoked.
    pub(crate) arguments: Vec<OsString>,
    /// The function to call instead of `_start`.
    pub(crate) invoke: Option<String>,
    /// Directories of the host.
    pub(crate) directories: Vec<HostDirectory>,
    /// Environment variables.
    pub(crate) environment: Vec<(OsString, OsString)>,
    /// What the program sees as its name.
    pub(crate) argv0: Option<OsString>,
    /// Modules to instantiate first: their names and files.
    pub(crate) preloads: Vec<(String, PathBuf)>,
    /// The back-end.
    pub(crate) tier: Tier,
    /// What `-W` sets.
    pub(crate) settings: Settings,
    /// Who is told what code is called.
    pub(crate) profiler: ProfilingStrategy,
}

/// What to show.
#[derive(Default)]
pub(crate) struct ExploreOptions {
    /// The module.
    pub(crate) file: PathBuf,
    /// Index or name of the one function that is meant.
    pub(crate) function: Option<String>,
    /// A line for each function.
    pub(crate) summary: bool,
    /// The back-end.
    pub(crate) tier: Tier,
    /// What `-W` sets.
    pub(crate) settings: Settings,
}

/// A directory the program is given.
pub(crate) struct HostDirectory {
    pub(crate) host: PathBuf,
    /// What the program knows it by.
    pub(crate) guest: String,
    /// The program may change nothing in it.
    pub(crate) read_only: bool,
}

/// Reads the arguments, without the name of the command itself.
pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Command, Failure> {
    let mut arguments = arguments.into_iter().peekable();
    let name = arguments.peek().and_then(|first| first.to_str());
    let command = match name {
        Some("run") => run as fn(&mut lexopt::Parser) -> Result<Command, lexopt::Error>,
        Some("explore") => explore,
        Some("validate") => validate,
        Some("wast") => wast,
        Some("help") => return Ok(Command::Help(help::GENERAL)),
        None | Some(_) => return usage(general(&mut lexopt::Parser::from_args(arguments))),
    };
    arguments.next();
    usage(command(&mut lexopt::Parser::from_args(arguments)))
}

/// Turns an error of the parser, of which some are ours, into a failure.
fn usage(result: Result<Command, lexopt::Error>) -> Result<Command, Failure> {
    result.map_err(|error| match error {
        lexopt::Error::Custom(message) => Failure::message(message),
        error => Failure::message(format_args!("{error}; `wasmtier --help` says what there is")),
    })
}

/// No command was named: `run`, except that `--help` and `--version` are about everything.
fn general(parser: &mut lexopt::Parser) -> Result<Command, lexopt::Error> {
    match options(parser)? {
        Command::Help(_) => Ok(Command::Help(help::GENERAL)),
        command => Ok(command),
    }
}

fn run(parser: &mut lexopt::Parser) -> Result<Command, lexopt::Error> {
    options(parser)
}

fn options(parser: &mut lexopt::Parser) -> Result<Command, lexopt::Error> {
    let mut options = RunOptions::default();
    while let Some(argument) = parser.next()? {
        match argument {
            Short('h') | Long("help") => return Ok(Command::Help(help::RUN)),
            Short('V') | Long("version") => return Ok(Command::Version),
            Long("invoke") => options.invoke = Some(parser.value()?.string()?),
            Long("dir") => options.directories.push(directory(&parser.value()?)?),
            Long("env") => options.environment.push(variable(&parser.value()?)?),
            Long("argv0") => options.argv0 = Some(parser.value()?),
            Long("preload") => options.preloads.push(preload(&parser.value()?)?),
            Long("tier") => options.tier = tier(&parser.value()?.string()?)?,
            Long("profile") => options.profiler = profiler(&parser.value()?.string()?)?,
            Short('W') | Long("wasm") => options.settings.set_all(&parser.value()?.string()?)?,
            Value(file) => {
                options.file = file.into();
                options.arguments = parser.raw_args()?.collect();
                return Ok(Command::Run(Box::new(options)));
            }
            other => return Err(other.unexpected()),
        }
    }
    Err("no file to run; `wasmtier --help` says how to use this command".into())
}

fn explore(parser: &mut lexopt::Parser) -> Result<Command, lexopt::Error> {
    let mut options = ExploreOptions::default();
    while let Some(argument) = parser.next()? {
        match argument {
            Short('h') | Long("help") => return Ok(Command::Help(help::EXPLORE)),
            Long("summary") => options.summary = true,
            Long("tier") => options.tier = tier(&parser.value()?.string()?)?,
            Short('W') | Long("wasm") => options.settings.set_all(&parser.value()?.string()?)?,
            Value(file) if options.file.as_os_str().is_empty() => options.file = file.into(),
            Value(function) if options.function.is_none() => {
                options.function = Some(function.string()?);
            }
            other => return Err(other.unexpected()),
        }
    }
    if options.file.as_os_str().is_empty() {
        return Err("no file given; `wasmtier --help` says how to use this command".into());
    }
    Ok(Command::Explore(Box::new(options)))
}

fn validate(parser: &mut lexopt::Parser) -> Result<Command, lexopt::Error> {
    files(parser, help::VALIDATE, Command::Validate)
}

fn wast(parser: &mut lexopt::Parser) -> Result<Command, lexopt::Error> {
    files(parser, help::WAST, Command::Wast)
}

/// A command that takes nothing but files.
fn files(
    parser: &mut lexopt::Parser,
    help: &'static str,
    command: fn(Vec<PathBuf>) -> Command,
) -> Result<Command, lexopt::Error> {
    let mut files = Vec::new();
    while let Some(argument) = parser.next()? {
        match argument {
            Short('h') | Long("help") => return Ok(Command::Help(help)),
            Value(file) => files.push(file.into()),
            other => return Err(other.unexpected()),
        }
    }
    if files.is_empty() {
        return Err("no file given; `wasmtier --help` says how to use this command".into());
    }
    Ok(command(files))
}

/// Splits at the first occurrence of `separator`.
fn split<'a>(text: &'a OsStr, separator: &[u8]) -> Option<(&'a OsStr, &'a OsStr)> {
    let bytes = text.as_bytes();
    let at = bytes.windows(separator.len()).position(|window| window == separator)?;
    let (before, after) = (&bytes[..at], &bytes[at + separator.len()..]);
    Some((OsStr::from_bytes(before), OsStr::from_bytes(after)))
}

fn directory(text: &OsStr) -> Result<HostDirectory, lexopt::Error> {
    let wrong = |what| lexopt::Error::from(format!("--dir {}: {what}", text.display()));
    let (host, guest) = split(text, b"::").unwrap_or((text, text));
    let (guest, access) = match split(guest, b"::") {
        Some((guest, access)) => (guest, Some(access)),
        None => (guest, None),
    };
    if host.is_empty() || guest.is_empty() {
        return Err(wrong("HOST, HOST::GUEST or HOST::GUEST::ro is wanted"));
    }
    let read_only = match access {
        None => false,
        Some(access) if access == "ro" => true,
        Some(_) => return Err(wrong("behind HOST::GUEST only `::ro` can stand, for read-only")),
    };
    let Some(guest) = guest.to_str() else {
        return Err(wrong("the guest's name for it must be UTF-8"));
    };
    Ok(HostDirectory { host: host.into(), guest: guest.to_owned(), read_only })
}

fn variable(text: &OsStr) -> Result<(OsString, OsString), lexopt::Error> {
    let (name, value) = match split(text, b"=") {
        Some((name, value)) => (name, value.to_owned()),
        None => match std::env::var_os(text) {
            Some(value) => (text, value),
            None => {
                let name = text.display();
                return Err(format!("--env {name}: `{name}` is not set here; give a value").into());
            }
        },
    };
    if name.is_empty() {
        return Err(format!("--env {}: NAME or NAME=VALUE is wanted", text.display()).into());
    }
    Ok((name.to_owned(), value))
}

fn preload(text: &OsStr) -> Result<(String, PathBuf), lexopt::Error> {
    match split(text, b"=").map(|(name, file)| (name.to_str(), file)) {
        Some((Some(name), file)) if !file.is_empty() => Ok((name.to_owned(), file.into())),
        Some(_) | None => Err(format!("--preload {}: NAME=FILE is wanted", text.display()).into()),
    }
}

fn tier(name: &str) -> Result<Tier, lexopt::Error> {
    match name {
        "auto" => Ok(Tier::Auto),
        "portable" => Ok(Tier::Portable),
        "interp" => Ok(Tier::Interp),
        "jit" => Ok(Tier::Jit),
        other => {
            Err(format!("--tier {other}: the tiers are auto, portable, interp and jit").into())
        }
    }
}

fn profiler(name: &str) -> Result<ProfilingStrategy, lexopt::Error> {
    match name {
        "perfmap" => Ok(ProfilingStrategy::PerfMap),
        "jitdump" => Ok(ProfilingStrategy::JitDump),
        other => Err(format!("--profile {other}: the formats are perfmap and jitdump").into()),
    }
}
