//! Runs one module on all engines in lockstep and compares what can be seen after each step.
//!
//! What lives here: the order of steps, and what counts as a divergence. What does not: how an
//! engine is driven (`ours`, `theirs`), what is proven of code (`emitted`), where modules come from
//! ([`crate::generate`]).
//!
//! Compared are results, the kind of trap, the host functions called and with what, the remaining
//! fuel, and all exported globals, memories and tables; after a trap as after a return.
//!
//! Invariant: the reference goes first in every step, and counts its operators. When it runs out of
//! something, nobody else takes that step: what differs from there on says nothing, and a module
//! that does not end is ended by the reference.

mod emitted;
mod host;
mod ours;
mod theirs;

pub use ours::{FUEL, FUEL_EXPORT};

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::interface::{Interface, Item};
use crate::random::Random;
use crate::value::{Failure, HostCall, Observed, Outcome, Value};

/// A module and how its exports are to be called.
#[derive(Clone, Debug)]
pub struct Case {
    /// The binary module.
    pub wasm: Vec<u8>,
    /// What arguments follow from.
    pub seed: u64,
    /// How often each export is called.
    pub rounds: u32,
}

/// What became of a case.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Calls that all engines made.
    pub calls: u64,
    /// Operators the reference executed, by its own count.
    pub operators: u64,
    /// What came of comparing.
    pub verdict: Verdict,
}

/// What came of comparing.
#[derive(Clone, Debug, Default)]
pub enum Verdict {
    /// All engines agreed to the end.
    #[default]
    Same,
    /// All agreed until the reference ran out of something.
    Exhausted(String),
    /// The module could not be run on the reference.
    Skipped(String),
    /// An engine did something else than the reference.
    Diverged(Box<Divergence>),
}

/// Where an engine parted from the reference.
#[derive(Clone, Debug)]
pub struct Divergence {
    /// The engine.
    pub engine: &'static str,
    /// What was being done.
    pub step: String,
    /// What the reference did.
    pub expected: String,
    /// What the engine did.
    pub found: String,
}

impl Divergence {
    /// Whether `other` is by the same engine and of the same kind, so that a smaller module which
    /// shows `self` most likely shows the same bug.
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        let kind = |text: &str| text.split(['(', '[', '{']).next().map(str::to_owned);
        self.engine == other.engine
            && kind(&self.expected) == kind(&other.expected)
            && kind(&self.found) == kind(&other.found)
    }
}

impl fmt::Display for Divergence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { engine, step, expected, found } = self;
        write!(f, "{engine}: {step}\n  expected {expected}\n  found    {found}")
    }
}

/// The engines to compare, the reference apart.
pub struct Oracle {
    reference: theirs::Wasmi,
    engines: Vec<ours::Wasmtier>,
    verifier: emitted::Verifier,
}

impl Oracle {
    /// The reference, and wasmtier in each of its configurations.
    ///
    /// # Panics
    ///
    /// When the host cannot run a configuration.
    #[must_use]
    pub fn new() -> Self {
        Self {
            reference: theirs::Wasmi::new(),
            engines: ours::configurations(),
            verifier: emitted::Verifier::new(),
        }
    }

    /// Runs `case` on all engines.
    #[must_use]
    pub fn run(&self, case: &Case) -> Report {
        let mut report = Report::default();
        report.verdict = match self.compare(case, &mut report) {
            Ok(()) => Verdict::Same,
            Err(verdict) => verdict,
        };
        report
    }

    fn compare(&self, case: &Case, report: &mut Report) -> Result<(), Verdict> {
        let interface = Interface::of(&case.wasm)
            .map_err(|error| Verdict::Skipped(format!("invalid module: {error}")))?;
        self.verify(&case.wasm)?;
        let mut run = self.instantiate(case, &interface)?;
        let mut random = Random::new(case.seed);
        for _ in 0..case.rounds {
            for (index, (name, item)) in interface.exports.iter().enumerate() {
                let Item::Func(signature) = item else { continue };
                let args: Vec<Value> =
                    signature.params.iter().map(|&ty| random.value(ty)).collect();
                run.step(index, name, &args)?;
                report.calls += 1;
                report.operators = run.reference.operators();
            }
        }
        Ok(())
    }

    /// Proves that the code stays within its bounds, whether it is run or not.
    fn verify(&self, wasm: &[u8]) -> Result<(), Verdict> {
        match self.verifier.refusal(wasm) {
            None => Ok(()),
            Some(found) => Err(Verdict::Diverged(Box::new(Divergence {
                engine: "the verifier",
                step: "compilation".to_owned(),
                expected: "code that stays within its bounds".to_owned(),
                found,
            }))),
        }
    }

    fn instantiate(&self, case: &Case, interface: &Interface) -> Result<Run, Verdict> {
        let expected = guarded(|| self.reference.start(&case.wasm, interface));
        let (reference, expected) = match expected {
            Ok(session) => (Some(session), Ok(())),
            Err(failure @ (Failure::Trap(_) | Failure::Host)) => (None, Err(failure)),
            Err(Failure::Exhausted(what)) => return Err(Verdict::Exhausted(what)),
            Err(Failure::Rejected(what) | Failure::Panicked(what)) => {
                return Err(Verdict::Skipped(what));
            }
        };
        let mut sessions = Vec::new();
        for engine in &self.engines {
            let found = guarded(|| engine.start(&case.wasm, interface));
            let found = found.map(|session| sessions.push(session));
            agree(engine.name(), &"instantiation", &expected, &found)?;
        }
        let reference = reference.ok_or(Verdict::Same)?;
        let mut run = Run { reference, sessions };
        run.check("after instantiation", &Ok(Vec::new()), |_| Ok(Vec::new()))?;
        Ok(run)
    }
}

impl Default for Oracle {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Oracle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Oracle").finish_non_exhaustive()
    }
}

/// An instance of the same module on each engine.
struct Run {
    reference: theirs::Session,
    sessions: Vec<ours::Session>,
}

impl Run {
    /// Calls an export everywhere and compares.
    fn step(&mut self, export: usize, name: &str, args: &[Value]) -> Result<(), Verdict> {
        let expected = guarded(|| self.reference.call(export, args));
        let step = format!("call of {name:?} with {args:?}");
        match &expected {
            Err(Failure::Exhausted(what)) => return Err(Verdict::Exhausted(what.clone())),
            Err(Failure::Rejected(what) | Failure::Panicked(what)) => {
                return Err(Verdict::Skipped(what.clone()));
            }
            Ok(_) | Err(Failure::Trap(_) | Failure::Host) => {}
        }
        self.check(&step, &expected, |session| session.call(export, args))
    }

    /// Compares what `act` returns, the host calls it made, and the state it left behind.
    fn check(
        &mut self,
        step: &str,
        outcome: &Outcome,
        mut act: impl FnMut(&mut ours::Session) -> Outcome,
    ) -> Result<(), Verdict> {
        let calls: Vec<HostCall> = self.reference.take_host_calls();
        let state: Vec<Observed> = self.reference.observe();
        for session in &mut self.sessions {
            let found = guarded(|| act(session));
            let name = session.name();
            if let Err(Failure::Exhausted(what)) = found {
                return Err(Verdict::Exhausted(what));
            }
            agree(name, &step, outcome, &found)?;
            agree(name, &format_args!("host calls of {step}"), &calls, &session.take_host_calls())?;
            for (index, (expected, found)) in state.iter().zip(session.observe()).enumerate() {
                agree(name, &format_args!("export {index} after {step}"), expected, &found)?;
            }
        }
        Ok(())
    }
}

fn agree<T: PartialEq + fmt::Debug>(
    engine: &'static str,
    step: &dyn fmt::Display,
    expected: &T,
    found: &T,
) -> Result<(), Verdict> {
    if expected == found {
        return Ok(());
    }
    Err(Verdict::Diverged(Box::new(Divergence {
        engine,
        step: step.to_string(),
        expected: format!("{expected:x?}"),
        found: format!("{found:x?}"),
    })))
}

/// Makes a panic of an engine a failure like others.
fn guarded<T>(act: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    let text = |payload: Box<dyn Any + Send>| {
        let text = payload.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| payload.downcast_ref::<&str>().copied());
        text.unwrap_or("a panic without a text").to_owned()
    };
    catch_unwind(AssertUnwindSafe(act)).map_err(|payload| Failure::Panicked(text(payload)))?
}
