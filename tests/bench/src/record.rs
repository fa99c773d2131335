//! [`Run`]: what one process that ran one program on one engine has to say.
//!
//! What lives here: the record as a runner writes it and the driver reads it. What does not: what
//! the driver adds (names, the hash of the output) and makes of many records.

use crate::measure::Usage;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How a program is entered and what its time is.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Entry {
    /// A WASI command: `_start`, with the timed part between `bench.start` and `bench.end`.
    Command,
    /// CoreMark: `run`, whose result is its score, iterations per second of `env.clock_ms`.
    Score,
}

impl Entry {
    /// The exported function to call.
    #[must_use]
    pub fn export(self) -> &'static str {
        match self {
            Self::Command => "_start",
            Self::Score => "run",
        }
    }

    /// As an argument on a command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Command => "command",
            Self::Score => "score",
        }
    }

    /// The entry of that name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        [Self::Command, Self::Score].into_iter().find(|entry| entry.name() == name)
    }
}

/// One run, measured inside its process.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Run {
    /// Making an engine and loading the module, down to where it can be instantiated.
    pub compile: Duration,
    /// Making an instance.
    pub instantiate: Duration,
    /// The timed part of the program; for a score, the time of a thousand iterations.
    pub run: Duration,
    /// From before the engine was made to the end of the program, without the reading of the file;
    /// for a score, the time to the instance and that of a thousand iterations.
    pub total: Duration,
    /// The accounts of the whole process.
    pub usage: Usage,
    /// What the program handed to `proc_exit`, or 0.
    pub exit_code: i32,
}

/// What a runner leaves behind: a run, or why there is none.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It ran.
    Ran(Run),
    /// The engine refused it or failed.
    Failed(String),
}
