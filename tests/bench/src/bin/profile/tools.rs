//! [`Run`]: the processes that run a program for its profile.
//!
//! What lives here: the commands of perf, callgrind and the runners. What does not: reading what
//! they print (`wasmtier_bench::profile::samples`).
//!
//! Invariant: the program runs in its own folder, and what it prints goes nowhere.

use crate::{count, ran};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use wasmtier_bench::profile::report::Native;
use wasmtier_bench::profile::samples;
use wasmtier_bench::record::Entry;
use wasmtier_bench::runner::Failure;

/// Samples per second: not a divisor of timers that tick in round numbers.
const FREQUENCY: &str = "1999";

/// What can say where native code spends its time.
#[derive(Copy, Clone, PartialEq, Eq)]
pub(crate) enum Tool {
    Perf,
    Callgrind,
}

impl Tool {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Perf => "perf",
            Self::Callgrind => "callgrind",
        }
    }
}

/// A program, an engine, and a folder for their records.
pub(crate) struct Run<'a> {
    runner: PathBuf,
    mode: &'a str,
    wasm: &'a Path,
    entry: Entry,
    scratch: &'a Path,
}

impl<'a> Run<'a> {
    /// A run on `engine`, which is `NAME-MODE`: its runner lies beside this program.
    pub(crate) fn new(
        engine: &'a str,
        wasm: &'a Path,
        entry: Entry,
        scratch: &'a Path,
    ) -> Result<Self, Failure> {
        let (name, mode) = engine.split_once('-').ok_or("an engine is ENGINE-MODE")?;
        let runner = env::current_exe()?.with_file_name(format!("run-{name}"));
        if !runner.is_file() {
            return Err(format!("no engine `{name}`: no {}", runner.display()).into());
        }
        Ok(Self { runner, mode, wasm, entry, scratch })
    }

    pub(crate) fn mode(&self) -> &str {
        self.mode
    }

    fn record(&self) -> PathBuf {
        self.scratch.join("record.json")
    }

    /// Runs the program under a tool.
    pub(crate) fn sample(&self, tool: Tool) -> Result<Native, Failure> {
        match tool {
            Tool::Perf => self.perf(),
            Tool::Callgrind => self.callgrind(),
        }
    }

    /// The processor time the program took when it was sampled, without the profiler's own. Not the
    /// time on the clock, which depends on what else the machine does.
    pub(crate) fn seconds(&self) -> Result<f64, Failure> {
        Ok(ran(serde_json::from_slice(&fs::read(self.record())?)?)?.usage.cpu.as_secs_f64())
    }

    fn perf(&self) -> Result<Native, Failure> {
        let event = event()?;
        let data = self.scratch.join("perf.data");
        let mut record = self.command("perf");
        record.args(["record", "--quiet", "--event", event, "--freq", FREQUENCY, "--output"]);
        record.arg(&data).arg("--");
        self.add_runner(&mut record);
        finish(&mut record)?;
        // Fails here if the program did.
        self.seconds()?;
        let mut script = self.command("perf");
        script.args(["script", "--no-demangle", "--fields", "ip,sym,dso", "--input"]).arg(data);
        let text = finish(script.stdout(Stdio::piped()))?;
        let samples = samples::of_perf_script(&text);
        if samples.is_empty() {
            return Err("no samples".into());
        }
        Ok(Native::new(format!("samples of {event} by perf, {FREQUENCY} a second"), samples))
    }

    fn callgrind(&self) -> Result<Native, Failure> {
        let data = self.scratch.join("callgrind.out");
        let mut valgrind = self.command("valgrind");
        valgrind.args(["--tool=callgrind", "--quiet", "--demangle=no", "--dump-line=no"]);
        valgrind.arg(format!("--callgrind-out-file={}", data.display()));
        self.add_runner(&mut valgrind);
        finish(&mut valgrind)?;
        self.seconds()?;
        let samples = samples::of_callgrind(&fs::read_to_string(data)?);
        Ok(Native::new("instructions by callgrind".into(), samples))
    }

    /// Runs a module that counts, on this program, and returns its counters. On another engine
    /// than wasmtier there would be the same.
    pub(crate) fn count(&self, wasm: &[u8]) -> Result<Vec<u8>, Failure> {
        let module = self.scratch.join("counted.wasm");
        let counters = self.scratch.join("counters");
        fs::write(&module, wasm)?;
        let mut command = Command::new(env::current_exe()?);
        let name = self.wasm.file_name().unwrap_or_default();
        command.arg(count::COMMAND).arg(module).arg(name).arg(self.entry.name()).arg(&counters);
        finish(self.prepare(&mut command))?;
        Ok(fs::read(counters)?)
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        self.prepare(&mut command);
        command
    }

    fn prepare<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        command.current_dir(self.wasm.parent().unwrap_or(Path::new(".")));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped())
    }

    fn add_runner(&self, command: &mut Command) {
        command.arg(&self.runner).args([self.mode, "program"]).arg(self.wasm);
        command.arg(self.entry.name()).arg(self.record());
    }
}

/// The event to sample: cycles where they are counted, else time, as on most virtual machines.
fn event() -> Result<&'static str, Failure> {
    let probe = Command::new("perf").args(["stat", "--event", "cycles", "true"]).output()?;
    let said = String::from_utf8_lossy(&probe.stderr);
    let works = probe.status.success() && !said.contains("<not ");
    Ok(if works { "cycles" } else { "cpu-clock" })
}

/// Waits for a command and returns what it printed, if it was asked for.
fn finish(command: &mut Command) -> Result<String, Failure> {
    let program = Path::new(command.get_program()).display().to_string();
    let output = command.output().map_err(|error| format!("{program}: {error}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let last = said.trim().lines().last().unwrap_or_default();
        return Err(format!("{program}: {}: {last}", output.status).into());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
