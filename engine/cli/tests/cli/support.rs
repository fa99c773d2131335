//! Runs the built command as a user does, and watches what it costs.
//!
//! Invariant: a command that takes too much time or memory fails the test instead of hanging it.

use std::ffi::OsStr;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

/// How often the cost is looked at. Memory comes in faults that take far longer than this to
/// reach any limit, so that none is exceeded unseen.
const INTERVAL: Duration = Duration::from_millis(5);

/// What a command may cost.
#[derive(Copy, Clone)]
pub(crate) struct Limits {
    /// Processor time, so that a busy machine changes nothing.
    pub(crate) cpu: Duration,
    /// Wall clock, for commands that wait for something that never comes.
    pub(crate) wall: Duration,
    /// Resident memory at its peak.
    pub(crate) memory_kib: u64,
}

/// Enough for every test that does not say otherwise.
pub(crate) const ORDINARY: Limits =
    Limits { cpu: Duration::from_secs(60), wall: Duration::from_secs(300), memory_kib: 1 << 20 };

/// How a command ended.
pub(crate) struct Outcome {
    /// `None` when a signal ended it.
    pub(crate) status: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Outcome {
    /// What it printed, after success.
    #[track_caller]
    pub(crate) fn success(&self) -> &str {
        assert_eq!((self.status, &*self.stderr), (Some(0), ""));
        &self.stdout
    }

    /// The one line with which it failed, without `error: ` and the line's end.
    #[track_caller]
    pub(crate) fn error(&self) -> &str {
        assert_eq!(self.status, Some(1), "{}", self.stderr);
        let line = self.stderr.strip_prefix("error: ").and_then(|line| line.strip_suffix('\n'));
        let line = line.unwrap_or_else(|| panic!("not an error line: {:?}", self.stderr));
        assert!(!line.chars().any(char::is_control), "more than a line: {line:?}");
        line
    }

    /// The error line and the backtrace with which it trapped.
    #[track_caller]
    pub(crate) fn trap(&self) -> (&str, &str) {
        assert_eq!(self.status, Some(134), "{}", self.stderr);
        let (line, backtrace) = self.stderr.split_once('\n').expect("lines have an end");
        (line.strip_prefix("error: ").expect("the line begins so"), backtrace)
    }
}

/// Runs `wasmtier` with arguments.
#[track_caller]
pub(crate) fn wasmtier<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Outcome {
    run(command().args(arguments), ORDINARY)
}

/// The command, without arguments yet.
pub(crate) fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wasmtier"));
    // What a developer has set must change nothing, and what would cost must not.
    command.env("RUST_BACKTRACE", "1").stdin(Stdio::null());
    command
}

/// Runs a command to its end.
#[track_caller]
pub(crate) fn run(command: &mut Command, limits: Limits) -> Outcome {
    let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("cargo has built the command");
    let stdout = collect(child.stdout.take());
    let stderr = collect(child.stderr.take());
    let start = Instant::now();
    let stderr = loop {
        match stderr.recv_timeout(INTERVAL) {
            Ok(text) => break text,
            Err(RecvTimeoutError::Disconnected) => panic!("standard error could not be read"),
            Err(RecvTimeoutError::Timeout) => check(&mut child, start, limits),
        }
    };
    let stdout = stdout.recv().expect("standard output can be read");
    let status = child.wait().expect("a child can be waited for").code();
    Outcome { status, stdout, stderr }
}

/// Reads a stream to its end on a thread of its own.
fn collect(stream: Option<impl Read + Send + 'static>) -> Receiver<String> {
    let mut stream = stream.expect("the stream is piped");
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let read = stream.read_to_end(&mut bytes);
        // The receiver is gone when the test has failed for another reason.
        let _ = read.map(|_| sender.send(String::from_utf8_lossy(&bytes).into_owned()));
    });
    receiver
}

/// Ends the child and the test when a limit is exceeded.
#[track_caller]
fn check(child: &mut Child, start: Instant, limits: Limits) {
    let folder = PathBuf::from(format!("/proc/{}", child.id()));
    let (cpu, memory) = (cpu_time(&folder), peak_memory_kib(&folder));
    let exceeded = cpu.is_some_and(|cpu| cpu > limits.cpu)
        || memory.is_some_and(|memory| memory > limits.memory_kib)
        || start.elapsed() > limits.wall;
    if exceeded {
        child.kill().expect("a child that was not waited for can be killed");
        panic!("it took {cpu:?} of processor time and {memory:?} KiB");
    }
}

/// What a process has used; `None` when it has just ended.
fn cpu_time(folder: &Path) -> Option<Duration> {
    let stat = fs::read_to_string(folder.join("stat")).ok()?;
    // Fields 14 and 15, in hundredths of a second; field 2 may hold anything, in parentheses.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11);
    let (user, system): (u64, u64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some(Duration::from_millis(10 * (user + system)))
}

/// The most memory a process has had; `None` when it has just ended.
fn peak_memory_kib(folder: &Path) -> Option<u64> {
    let status = fs::read_to_string(folder.join("status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// A folder of files for one test.
pub(crate) struct Folder(PathBuf);

impl Folder {
    /// An empty folder; `name` must be the test's alone.
    pub(crate) fn new(name: &str) -> Folder {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("the target folder can be written");
        Folder(path)
    }

    /// Writes a file and returns its path.
    pub(crate) fn file(&self, name: &str, contents: impl AsRef<[u8]>) -> String {
        let path = self.0.join(name);
        fs::write(&path, contents).expect("the target folder can be written");
        path.into_os_string().into_string().expect("the target folder's path is UTF-8")
    }

    /// What a file holds.
    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.0.join(name)).expect("the file is there")
    }

    /// Its path.
    pub(crate) fn path(&self) -> &str {
        self.0.to_str().expect("the target folder's path is UTF-8")
    }
}
