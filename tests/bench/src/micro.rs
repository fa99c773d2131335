//! Micro suites: the same small tasks on every engine that can do them.
//!
//! What lives here: the row of one measurement, which suites were asked for, and (`timing.rs`)
//! the clock. What does not: the tasks, as this library holds no engine. They are in
//! `micro/suites/`, written once against the names that wasmtier has in common with wasmtime, and
//! are compiled into each runner; `micro/wasmtier.rs` and `micro/wasmtime.rs` say the rest.
//!
//! Invariant: both engines are given the same modules, the same calls and the same clock.

pub mod timing;

use crate::runner::Failure;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Runs the suites whose names begin with one of the given ones, all if there are none, in a mode
/// of an engine. Each measurement is a [`Row`], a line of JSON on the standard output.
pub type Suite = fn(&str, &[String]) -> Result<(), Failure>;

/// One measurement.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Row {
    /// What was done, from the general to the particular: `call/host-to-wasm/typed/nop`.
    pub suite: String,
    /// The engine and its mode: `wasmtime/winch`.
    pub engine: String,
    /// Nanoseconds each time, in the fastest sample.
    pub best_ns: f64,
    /// Nanoseconds each time, in the sample in the middle.
    pub median_ns: f64,
    /// How often it was done in a sample.
    pub iterations: u64,
}

/// When an engine fills a table from its segments.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Tables {
    /// Each slot when it is first read.
    Lazy,
    /// All slots when the instance is made.
    Eager,
}

impl Tables {
    /// As part of the name of a suite.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Lazy => "lazy",
            Self::Eager => "eager",
        }
    }
}

/// How an engine keeps a module outside of the process.
#[derive(Copy, Clone, Debug)]
pub struct Images<Engine, Module> {
    /// Makes the image of a module.
    pub save: fn(&Module) -> Result<Vec<u8>, Failure>,
    /// Loads an image.
    pub load: fn(&Engine, &[u8]) -> Result<Module, Failure>,
}

/// Where measurements go, and which are wanted.
#[derive(Clone, Debug)]
pub struct Report<'a> {
    engine: String,
    names: &'a [String],
}

impl<'a> Report<'a> {
    /// For a mode of an engine, of the suites whose names begin with one of `names`; of all if
    /// there are none.
    #[must_use]
    pub fn new(engine: &str, mode: &str, names: &'a [String]) -> Self {
        Self { engine: format!("{engine}/{mode}"), names }
    }

    /// Whether a suite whose name begins with `group` may be wanted: whether preparing it is of
    /// use.
    #[must_use]
    pub fn may_want(&self, group: &str) -> bool {
        let related = |name: &String| name.starts_with(group) || group.starts_with(name.as_str());
        self.names.is_empty() || self.names.iter().any(related)
    }

    /// Measures `run` and prints the row, if the suite is wanted. `run` is told how often to do
    /// a round of the task, which does it `in_a_round` times, and returns how long that took.
    ///
    /// # Errors
    ///
    /// When `run` fails.
    #[expect(clippy::print_stdout, reason = "the rows are what was asked for")]
    pub fn measure(
        &self,
        suite: &str,
        in_a_round: u32,
        mut run: impl FnMut(u32) -> Result<Duration, Failure>,
    ) -> Result<(), Failure> {
        let named = |name: &String| suite.starts_with(name.as_str());
        if !self.names.is_empty() && !self.names.iter().any(named) {
            return Ok(());
        }
        let timing = timing::time(&mut run).map_err(|failure| format!("{suite}: {failure}"))?;
        let each = |round: Duration| round.as_secs_f64() * 1e9 / f64::from(in_a_round);
        let row = Row {
            suite: suite.into(),
            engine: self.engine.clone(),
            best_ns: each(timing.best) / f64::from(timing.rounds),
            median_ns: each(timing.median) / f64::from(timing.rounds),
            iterations: u64::from(timing.rounds) * u64::from(in_a_round),
        };
        println!("{}", serde_json::to_string(&row)?);
        Ok(())
    }
}
