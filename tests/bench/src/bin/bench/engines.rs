//! The engines at hand: the runners that are built, each in all its modes, and V8 where there is
//! `node`.
//!
//! What lives here: their names, kinds and commands. What does not: what they are asked to run.

use serde::{Deserialize, Serialize};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use wasmtier_bench::programs::{Program, bench_folder};
use wasmtier_bench::runner::Failure;

/// How an engine runs code, as far as comparing like with like needs it.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    /// It interprets.
    Interpreter,
    /// It compiles in one pass.
    Baseline,
    /// It compiles and optimises, at once or when code is hot.
    Optimising,
}

/// One engine in one mode.
#[derive(Clone, Debug)]
pub(crate) struct Engine {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    executable: PathBuf,
    /// What comes before `program` on the command line.
    arguments: Vec<OsString>,
}

/// What all figures are compared with.
pub(crate) const REFERENCE: &str = "wasmtime/cranelift";
/// The family whose figures we are after.
pub(crate) const OURS: &str = "wasmtier";
/// The order in which families take their turn.
const FAMILIES: [&str; 5] = [OURS, "wasmtime", "wasmi", "wasm3", "silverfir"];

impl Engine {
    /// Every engine that can be run here, and a line about each that cannot.
    pub(crate) fn all() -> Result<(Vec<Self>, Vec<String>), Failure> {
        let executable = std::env::current_exe()?;
        let folder = executable.parent().unwrap_or(Path::new("."));
        let (mut engines, mut absent) = (Vec::new(), Vec::new());
        for family in FAMILIES {
            let runner = folder.join(format!("run-{family}"));
            if !runner.is_file() {
                absent.push(format!("{family}: not built"));
                continue;
            }
            let modes = Command::new(&runner).arg("modes").output()?.stdout;
            let modes = String::from_utf8(modes)?;
            let single = modes.lines().count() == 1 && family != OURS;
            for mode in modes.lines() {
                let name = if single { family.to_owned() } else { format!("{family}/{mode}") };
                let (executable, arguments) = (runner.clone(), vec![mode.into()]);
                engines.push(Self { name, kind: kind(family, mode), executable, arguments });
            }
        }
        match node_version() {
            Some(_) => engines.extend(v8()),
            None => absent.push("v8: no `node` on the PATH".to_owned()),
        }
        Ok((engines, absent))
    }

    /// The command that runs `program` and leaves its record at `record`, within `limit`: engines
    /// have been seen to hang.
    pub(crate) fn command(&self, program: &Program, record: &Path, limit: Duration) -> Command {
        let mut command = Command::new("timeout");
        command.arg(limit.as_secs().to_string()).arg(&self.executable);
        command.args(&self.arguments).arg("program").arg(&program.wasm);
        command.arg(program.entry.name()).arg(record).current_dir(program.folder());
        command
    }

    /// Whether its runner knows the micro suites, and they say something about this mode.
    pub(crate) fn has_micro(&self) -> bool {
        let compiles = self.kind != Kind::Interpreter;
        self.name.starts_with(OURS) || (self.name.starts_with("wasmtime") && compiles)
    }

    /// The command that runs the micro suites whose names start with one of `names`.
    pub(crate) fn micro(&self, names: &[String]) -> Command {
        let mut command = Command::new(&self.executable);
        command.args(&self.arguments).arg("micro").args(names);
        command
    }
}

fn kind(family: &str, mode: &str) -> Kind {
    match (family, mode) {
        (_, "cranelift") => Kind::Optimising,
        (_, "winch" | "jit" | "auto" | "aot") => Kind::Baseline,
        _ => Kind::Interpreter,
    }
}

fn v8() -> [Engine; 2] {
    let script = bench_folder().join("node/run.mjs").into_os_string();
    let engine = |name: &str, kind, flags: &[&str]| {
        let mut arguments: Vec<OsString> = flags.iter().map(Into::into).collect();
        arguments.push(script.clone());
        Engine { name: name.to_owned(), kind, executable: "node".into(), arguments }
    };
    [
        engine("v8", Kind::Optimising, &["--no-warnings"]),
        engine("v8/liftoff", Kind::Baseline, &["--no-warnings", "--liftoff-only"]),
    ]
}

/// What `node --version` says, if there is one.
pub(crate) fn node_version() -> Option<String> {
    let output = Command::new("node").arg("--version").output().ok()?;
    String::from_utf8(output.stdout).ok().map(|version| version.trim().to_owned())
}
