//! [`Results`]: everything one invocation measured, and the figures computed from it.
//!
//! What lives here: the samples, their medians and ratios, and the file they are kept in, one JSON
//! value a line. What does not: how they are shown (`tables.rs`, `plot.rs`).
//!
//! Invariant: a report is a function of this alone, so an old file gives the old report again.

use crate::engines::{Kind, OURS};
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::{fs, io};
use wasmtier_bench::micro;
use wasmtier_bench::record::{Entry, Run};
use wasmtier_bench::runner::Failure;
use wasmtier_bench::startup;

/// Where and with what it was measured.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Header {
    pub(crate) date: String,
    pub(crate) commit: String,
    pub(crate) machine: String,
    /// Names with versions.
    pub(crate) versions: Vec<(String, String)>,
    pub(crate) engines: Vec<EngineName>,
    /// What could not be measured, and why.
    pub(crate) absent: Vec<String>,
}

/// An engine, as far as a report needs it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct EngineName {
    pub(crate) name: String,
    pub(crate) kind: Kind,
}

impl EngineName {
    pub(crate) fn is_ours(&self) -> bool {
        self.name.starts_with(OURS)
    }
}

/// One run of one program.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Sample {
    pub(crate) program: String,
    pub(crate) engine: String,
    pub(crate) entry: Entry,
    pub(crate) run: Run,
    /// SHA-256 of what it printed, and its exit code.
    pub(crate) output: String,
}

/// An engine that did not run a program.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Refusal {
    pub(crate) program: String,
    pub(crate) engine: String,
    pub(crate) reason: String,
    /// Whether it ran, but not as the others did.
    pub(crate) wrong: bool,
}

/// One line of the file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Line {
    Header(Header),
    Sample(Sample),
    Refusal(Refusal),
    Micro(micro::Row),
    Startup(startup::Row),
}

/// All of it.
#[derive(Clone, Debug)]
pub(crate) struct Results {
    pub(crate) header: Header,
    pub(crate) samples: Vec<Sample>,
    pub(crate) refusals: Vec<Refusal>,
    pub(crate) micro: Vec<micro::Row>,
    pub(crate) startup: Vec<startup::Row>,
}

/// A quantity of a run.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Measure {
    Compile,
    Instantiate,
    Run,
    Total,
    Cpu,
    /// In MiB.
    PeakRss,
}

impl Measure {
    /// In seconds, but for memory.
    #[expect(clippy::cast_precision_loss, reason = "KiB of memory are far below 2^52")]
    pub(crate) fn of(self, run: &Run) -> f64 {
        match self {
            Self::Compile => run.compile.as_secs_f64(),
            Self::Instantiate => run.instantiate.as_secs_f64(),
            Self::Run => run.run.as_secs_f64(),
            Self::Total => run.total.as_secs_f64(),
            Self::Cpu => run.usage.cpu.as_secs_f64(),
            Self::PeakRss => run.usage.peak_rss_kib as f64 / 1024.0,
        }
    }
}

impl Results {
    pub(crate) fn new(header: Header) -> Self {
        let (samples, refusals) = (Vec::new(), Vec::new());
        Self { header, samples, refusals, micro: Vec::new(), startup: Vec::new() }
    }

    pub(crate) fn save(&self, path: &Path) -> io::Result<()> {
        let header = std::iter::once(Line::Header(self.header.clone()));
        let samples = self.samples.iter().cloned().map(Line::Sample);
        let refusals = self.refusals.iter().cloned().map(Line::Refusal);
        let micro = self.micro.iter().cloned().map(Line::Micro);
        let startup = self.startup.iter().cloned().map(Line::Startup);
        let mut text = String::new();
        for line in header.chain(samples).chain(refusals).chain(micro).chain(startup) {
            text.push_str(&serde_json::to_string(&line)?);
            text.push('\n');
        }
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(path, text)
    }

    pub(crate) fn load(path: &Path) -> Result<Self, Failure> {
        let named = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        let text = fs::read_to_string(path).map_err(|error| named(&error))?;
        let mut results = None;
        for (number, line) in text.lines().enumerate() {
            let line: Line = serde_json::from_str(line)
                .map_err(|error| named(&format!("line {}: {error}", number + 1)))?;
            match (line, &mut results) {
                (Line::Header(header), _) => results = Some(Self::new(header)),
                (_, None) => return Err(named(&"does not begin with a header").into()),
                (Line::Sample(sample), Some(results)) => results.samples.push(sample),
                (Line::Refusal(refusal), Some(results)) => results.refusals.push(refusal),
                (Line::Micro(row), Some(results)) => results.micro.push(row),
                (Line::Startup(row), Some(results)) => results.startup.push(row),
            }
        }
        results.ok_or_else(|| named(&"is empty").into())
    }

    /// The programs, in the order they were first run.
    pub(crate) fn programs(&self) -> Vec<&str> {
        let mut programs: Vec<&str> = Vec::new();
        for sample in &self.samples {
            if !programs.contains(&sample.program.as_str()) {
                programs.push(&sample.program);
            }
        }
        programs
    }

    /// The values of all runs, sorted.
    fn values(&self, program: &str, engine: &str, measure: Measure) -> Vec<f64> {
        let of_pair = |s: &&Sample| s.program == program && s.engine == engine;
        // A program that measures itself uses as much as it likes.
        let counts = |s: &&Sample| s.entry == Entry::Command || measure != Measure::Cpu;
        let samples = self.samples.iter().filter(of_pair).filter(counts);
        let mut values: Vec<f64> = samples.map(|sample| measure.of(&sample.run)).collect();
        values.sort_by(f64::total_cmp);
        values
    }

    pub(crate) fn median(&self, program: &str, engine: &str, measure: Measure) -> Option<f64> {
        let values = self.values(program, engine, measure);
        let upper = *values.get(values.len() / 2)?;
        let lower = *values.get(values.len().saturating_sub(1) / 2)?;
        Some(f64::midpoint(lower, upper))
    }

    pub(crate) fn best(&self, program: &str, engine: &str, measure: Measure) -> Option<f64> {
        self.values(program, engine, measure).first().copied()
    }

    /// How many times as long `engine` takes as `reference`, by medians.
    pub(crate) fn ratio(
        &self,
        program: &str,
        engine: &str,
        reference: &str,
        measure: Measure,
    ) -> Option<f64> {
        let reference = self.median(program, reference, measure)?;
        Some(self.median(program, engine, measure)? / reference)
    }

    /// The peer with the least median, among those `admit` lets in.
    pub(crate) fn best_peer(
        &self,
        program: &str,
        measure: Measure,
        admit: impl Fn(Kind) -> bool,
    ) -> Option<&EngineName> {
        let peers = self.header.engines.iter().filter(|e| !e.is_ours() && admit(e.kind));
        peers
            .filter_map(|peer| Some((self.median(program, &peer.name, measure)?, peer)))
            .min_by(|a, b| a.0.total_cmp(&b.0))
            .map(|(_, peer)| peer)
    }
}

/// The geometric mean; `None` of nothing.
#[expect(clippy::cast_precision_loss, reason = "there are far fewer than 2^52 values")]
pub(crate) fn geometric_mean(values: &[f64]) -> Option<f64> {
    let logarithms: f64 = values.iter().map(|value| value.ln()).sum();
    (!values.is_empty()).then(|| (logarithms / values.len() as f64).exp())
}
