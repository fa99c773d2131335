//! The tasks of the micro suites, on the names wasmtier and wasmtime have in common.
//!
//! What lives here: which suites there are, and what several of them do. What does not: the engine,
//! which is `crate::micro::api`, with what it does not share with the other in `crate::micro`.
//!
//! Invariant: nothing here knows which engine it is compiled for.

mod calls;
mod indirect;
mod instantiate;
mod load;
mod memory;
mod trap;
mod wasi;

use crate::micro::api::{AsContextMut, Engine, Instance, Linker, Module, Store, TypedFunc};
use crate::micro::{self, NAME};
use std::time::{Duration, Instant};
use wasmtier_bench::micro::{Report, Tables};
use wasmtier_bench::runner::Failure;

/// What every suite is given.
struct Bench<'a> {
    mode: &'a str,
    engine: Engine,
    report: Report<'a>,
}

/// A group of suites that begin with the same word.
type Group = fn(&Bench<'_>) -> Result<(), Failure>;

/// Runs the suites. One that fails does not keep the others from running.
pub(crate) fn run(mode: &str, names: &[String]) -> Result<(), Failure> {
    let engine = micro::engine(mode, Tables::Lazy)?;
    let bench = Bench { mode, engine, report: Report::new(NAME, mode, names) };
    let suites: &[(&str, Group)] = &[
        ("call", calls::run),
        ("call-indirect", indirect::run),
        ("instantiate", instantiate::run),
        ("load", load::run),
        ("trap", trap::run),
        ("memory-grow", memory::run),
        ("wasi", wasi::run),
    ];
    let mut failed = Vec::new();
    for (name, group) in suites {
        if bench.report.may_want(&format!("{name}/")) {
            failed.extend(group(&bench).err().map(|failure| failure.to_string()));
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(failed.join("\n").into()) }
}

impl Bench<'_> {
    /// A module from its text.
    fn module(&self, text: &str) -> Result<Module, Failure> {
        Ok(Module::new(&self.engine, wat::parse_str(text)?)?)
    }

    /// An instance without imports, in a store of its own.
    fn instance(&self, text: &str) -> Result<(Store<()>, Instance), Failure> {
        let mut store = Store::new(&self.engine, ());
        let module = self.module(text)?;
        let instance = Linker::new(&self.engine).instantiate(&mut store, &module)?;
        Ok((store, instance))
    }
}

/// A loop in wasm: an exported function that does its task as often as its parameter says.
fn in_wasm<T: 'static>(
    store: &mut Store<T>,
    task: &TypedFunc<u32, i32>,
    rounds: u32,
) -> Result<Duration, Failure> {
    let begin = Instant::now();
    let errno = task.call(store.as_context_mut(), rounds)?;
    let time = begin.elapsed();
    if errno == 0 { Ok(time) } else { Err(format!("the guest stopped with {errno}").into()) }
}

/// The time of `rounds` times `task`.
fn repeat(rounds: u32, mut task: impl FnMut() -> Result<(), Failure>) -> Result<Duration, Failure> {
    let begin = Instant::now();
    for _ in 0..rounds {
        task()?;
    }
    Ok(begin.elapsed())
}
