//! How long a small task takes: as many rounds as fill a sample, and several samples.
//!
//! What lives here: the number of rounds and the choice among samples. What does not: reading the
//! clock around the task, which the task does, as only it knows what is preparation.

use crate::runner::Failure;
use std::time::{Duration, Instant};

/// How long a sample should take.
const SAMPLE: Duration = Duration::from_millis(20);
/// How many samples are taken, if time allows.
const SAMPLES: usize = 15;
/// How many are taken however long they take.
const FEWEST_SAMPLES: usize = 3;
/// How long a sample may take with its preparations.
const SAMPLE_WITH_PREPARATION: Duration = Duration::from_millis(80);
/// How long all samples may take.
const ALL_SAMPLES: Duration = Duration::from_millis(1500);

/// The times of a task.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct Timing {
    /// The fastest sample.
    pub best: Duration,
    /// The sample in the middle.
    pub median: Duration,
    /// Rounds in each sample.
    pub rounds: u32,
}

/// Measures `run`, which does as many rounds as it is told and returns how long they took.
///
/// # Errors
///
/// When `run` fails.
pub fn time(run: &mut dyn FnMut(u32) -> Result<Duration, Failure>) -> Result<Timing, Failure> {
    let rounds = rounds_of_a_sample(run)?;
    let begin = Instant::now();
    let mut samples = Vec::with_capacity(SAMPLES);
    while samples.len() < SAMPLES
        && (samples.len() < FEWEST_SAMPLES || begin.elapsed() < ALL_SAMPLES)
    {
        samples.push(run(rounds)?);
    }
    samples.sort_unstable();
    Ok(Timing { best: samples[0], median: samples[samples.len() / 2], rounds })
}

/// How many rounds fill a sample. Finding that out also warms what is to be measured warm.
fn rounds_of_a_sample(
    run: &mut dyn FnMut(u32) -> Result<Duration, Failure>,
) -> Result<u32, Failure> {
    let mut rounds: u32 = 1;
    loop {
        let begin = Instant::now();
        let time = run(rounds)?;
        let with_preparation = begin.elapsed();
        if time >= SAMPLE / 4 || with_preparation >= SAMPLE_WITH_PREPARATION / 4 {
            let samples = (SAMPLE.as_secs_f64() / time.as_secs_f64())
                .min(SAMPLE_WITH_PREPARATION.as_secs_f64() / with_preparation.as_secs_f64());
            return Ok(scaled(rounds, samples));
        }
        rounds = rounds.saturating_mul(2);
    }
}

/// The cast saturates, and neither factor is negative.
fn scaled(rounds: u32, factor: f64) -> u32 {
    (f64::from(rounds) * factor).max(1.0) as u32
}
