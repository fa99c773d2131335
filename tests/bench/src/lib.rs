//! The same programs on wasmtier and its peers, measured in one run.
//!
//! What lives here: what the driver (`bench`) and the programs that hold one engine each (`run-*`)
//! share: the host the measured programs see, the record of one run, and the frame of a runner.
//! What does not: any engine; each lives in its own `src/bin/run-*.rs`, so that a process that is
//! measured holds one engine and nothing of the others.
//!
//! Invariant: every engine runs the same bytes on the same host functions; only the engine differs.

pub mod host;
pub mod measure;
pub mod micro;
pub mod profile;
pub mod programs;
pub mod record;
pub mod runner;
pub mod startup;
