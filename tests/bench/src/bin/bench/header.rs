//! Where and with what it is measured.
//!
//! What lives here: the machine, the date, the commit and the versions, as far as they can be
//! found; what cannot is said to be unknown. What does not: anything measured.

use crate::engines::{Engine, node_version};
use crate::results::{EngineName, Header};
use std::fs;
use std::process::Command;
use std::time::SystemTime;
use wasmtier_bench::programs::repository;

const LOCK: &str = include_str!("../../../Cargo.lock");
const PACKAGES: [&str; 5] = ["wasmtier", "wasmtime", "wasmi", "wasm3x", "sf-nano-core"];

pub(crate) fn header(engines: &[Engine], absent: Vec<String>) -> Header {
    let packages = PACKAGES.iter().filter_map(|name| Some((*name, locked(name)?.to_owned())));
    let node = node_version().map(|version| ("node", version));
    let names = |engine: &Engine| EngineName { name: engine.name.clone(), kind: engine.kind };
    Header {
        date: humantime::format_rfc3339_seconds(SystemTime::now()).to_string(),
        commit: commit(),
        machine: machine(),
        versions: packages.chain(node).map(|(name, v)| (name.to_owned(), v)).collect(),
        engines: engines.iter().map(names).collect(),
        absent,
    }
}

/// The version of a package in our lock file.
fn locked(package: &str) -> Option<&'static str> {
    let start = format!("name = \"{package}\"\nversion = \"");
    let rest = LOCK.split_once(&start)?.1;
    rest.split_once('"').map(|(version, _)| version)
}

fn commit() -> String {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").args(arguments).current_dir(repository()).output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        output.status.success().then(|| text.trim().to_owned())
    };
    let changed = git(&["status", "--porcelain"]).is_some_and(|changes| !changes.is_empty());
    let commit = git(&["rev-parse", "--short", "HEAD"]).unwrap_or_else(|| "unknown".to_owned());
    if changed { format!("{commit}, with changes") } else { commit }
}

fn machine() -> String {
    let unknown = || "unknown".to_owned();
    let field = |path: &str, name: &str| {
        let text = fs::read_to_string(path).ok()?;
        let line = text.lines().find(|line| line.starts_with(name))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    let processor = field("/proc/cpuinfo", "model name").unwrap_or_else(unknown);
    let memory = field("/proc/meminfo", "MemTotal").unwrap_or_else(unknown);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_else(|_| unknown());
    format!("{processor}, {cores} cores, {memory} of memory, Linux {}", kernel.trim())
}
