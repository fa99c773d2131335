//! Input from an enemy: each gets one line of error or a trap, within bounds of time and memory.
//!
//! What lives here: the inputs, and what each must lead to. What does not: errors of honest users
//! (the other files of these tests).

mod encode;
mod files;
mod large;
mod malformed;
mod running;

use std::time::Duration;

use crate::support::{Folder, Limits, Outcome, command, run};

/// What any input may cost.
const LIMITS: Limits =
    Limits { cpu: Duration::from_secs(10), wall: Duration::from_secs(120), memory_kib: 512 << 10 };

/// Runs the command within the limits.
#[track_caller]
fn attack(arguments: &[&str]) -> Outcome {
    run(command().args(arguments), LIMITS)
}

/// Checks that a module is refused with one line that contains `message`.
#[track_caller]
fn refused(name: &str, bytes: &[u8], message: &str) {
    let folder = Folder::new(&format!("hostile-refused-{name}"));
    let outcome = attack(&[&folder.file("module.wasm", bytes)]);
    assert!(outcome.error().contains(message), "{name}: {}", outcome.error());
}

/// Checks that a module traps with `message`.
#[track_caller]
fn traps(name: &str, bytes: &[u8], message: &str) {
    let folder = Folder::new(&format!("hostile-traps-{name}"));
    let outcome = attack(&[&folder.file("module.wasm", bytes)]);
    let (line, _) = outcome.trap();
    assert!(line.contains(message), "{name}: {line}");
}

/// Checks that a module runs to its end, or is refused, or traps: it is valid but absurd, and what
/// it meets are limits of this version.
#[track_caller]
fn survives(name: &str, bytes: &[u8]) {
    let folder = Folder::new(&format!("hostile-survives-{name}"));
    ended_well(&attack(&[&folder.file("module.wasm", bytes)]));
}

#[track_caller]
fn ended_well(outcome: &Outcome) {
    match outcome.status {
        Some(0) => assert_eq!(outcome.success(), ""),
        Some(1) => assert!(!outcome.error().is_empty()),
        Some(134) => assert!(!outcome.trap().0.is_empty()),
        status => panic!("{status:?}: {}", outcome.stderr),
    }
}
