//! [`Host`]: what a measured program sees of the world, the same under every engine.
//!
//! What lives here: the imports the programs use, with their types, and what they share: the marks
//! around the timed part, the exit code, the clocks. What does not: files and streams (`files.rs`),
//! and how an engine calls a host function (`src/bin/run-*.rs`).
//!
//! Invariant: nothing but `env.clock_ms` depends on the time or the machine, so the output of a
//! program is a function of its bytes and its folder, and comparing it between engines means
//! something. Not a sandbox: it runs programs we chose.

mod files;

use files::Files;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// The type of a parameter or result of a host function.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum ValueType {
    /// 32 bits.
    I32,
    /// 64 bits.
    I64,
}

/// A host function.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Function {
    /// `bench.start`: the timed part begins.
    Start,
    /// `bench.end`: it has ended.
    End,
    /// `env.clock_ms`: [`CLOCK_SPEED`] times the milliseconds since the host was made.
    ClockMs,
    /// `args_get` of WASI preview1; the others likewise.
    ArgsGet,
    /// `args_sizes_get`.
    ArgsSizesGet,
    /// `environ_get`: there is none.
    EnvironGet,
    /// `environ_sizes_get`.
    EnvironSizesGet,
    /// `clock_res_get`.
    ClockResGet,
    /// `clock_time_get`: a millisecond later at every call.
    ClockTimeGet,
    /// `random_get`: the same bytes in every run.
    RandomGet,
    /// `sched_yield`.
    SchedYield,
    /// `proc_exit`.
    ProcExit,
    /// `fd_close`.
    FdClose,
    /// `fd_fdstat_get`.
    FdFdstatGet,
    /// `fd_filestat_get`.
    FdFilestatGet,
    /// `fd_prestat_get`: descriptor 3 is the working directory.
    FdPrestatGet,
    /// `fd_prestat_dir_name`.
    FdPrestatDirName,
    /// `fd_read`.
    FdRead,
    /// `fd_seek`.
    FdSeek,
    /// `fd_write`.
    FdWrite,
    /// `path_filestat_get`.
    PathFilestatGet,
    /// `path_open`: for reading.
    PathOpen,
    /// What would change the file system; no measured program gets that far.
    ReadOnly,
}

/// One import: its names, its type, and what it is. Its result is an `i32`, or there is none.
#[derive(Copy, Clone, Debug)]
pub struct Import {
    /// The module it is imported from.
    pub module: &'static str,
    /// Its name there.
    pub name: &'static str,
    /// The types of its parameters.
    pub params: &'static [ValueType],
    /// Whether it has a result.
    pub has_result: bool,
    /// What it does.
    pub function: Function,
}

const I: ValueType = ValueType::I32;
const L: ValueType = ValueType::I64;

const fn wasi(name: &'static str, params: &'static [ValueType], function: Function) -> Import {
    Import { module: "wasi_snapshot_preview1", name, params, has_result: true, function }
}

/// Every import of the measured programs.
pub const IMPORTS: [Import; 27] = [
    Import {
        module: "bench",
        name: "start",
        params: &[],
        has_result: false,
        function: Function::Start,
    },
    Import {
        module: "bench",
        name: "end",
        params: &[],
        has_result: false,
        function: Function::End,
    },
    Import {
        module: "env",
        name: "clock_ms",
        params: &[],
        has_result: true,
        function: Function::ClockMs,
    },
    wasi("args_get", &[I, I], Function::ArgsGet),
    wasi("args_sizes_get", &[I, I], Function::ArgsSizesGet),
    wasi("environ_get", &[I, I], Function::EnvironGet),
    wasi("environ_sizes_get", &[I, I], Function::EnvironSizesGet),
    wasi("clock_res_get", &[I, I], Function::ClockResGet),
    wasi("clock_time_get", &[I, L, I], Function::ClockTimeGet),
    wasi("random_get", &[I, I], Function::RandomGet),
    wasi("sched_yield", &[], Function::SchedYield),
    Import { has_result: false, ..wasi("proc_exit", &[I], Function::ProcExit) },
    wasi("fd_close", &[I], Function::FdClose),
    wasi("fd_fdstat_get", &[I, I], Function::FdFdstatGet),
    wasi("fd_fdstat_set_flags", &[I, I], Function::ReadOnly),
    wasi("fd_filestat_get", &[I, I], Function::FdFilestatGet),
    wasi("fd_prestat_get", &[I, I], Function::FdPrestatGet),
    wasi("fd_prestat_dir_name", &[I, I, I], Function::FdPrestatDirName),
    wasi("fd_read", &[I, I, I, I], Function::FdRead),
    wasi("fd_seek", &[I, L, I, I], Function::FdSeek),
    wasi("fd_sync", &[I], Function::ReadOnly),
    wasi("fd_write", &[I, I, I, I], Function::FdWrite),
    wasi("path_filestat_get", &[I, I, I, I, I], Function::PathFilestatGet),
    wasi("path_open", &[I, I, I, I, I, L, L, I, I], Function::PathOpen),
    wasi("path_remove_directory", &[I, I, I], Function::ReadOnly),
    wasi("path_rename", &[I, I, I, I, I, I], Function::ReadOnly),
    wasi("path_unlink_file", &[I, I, I], Function::ReadOnly),
];

/// The program asked to end. Engines carry it out of the guest in their own kind of error.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct Exit(pub i32);

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "exit with code {}", self.0)
    }
}

impl std::error::Error for Exit {}

/// Error codes of WASI preview1.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
#[repr(u16)]
enum Errno {
    Badf = 8,
    Fault = 21,
    Inval = 28,
    Io = 29,
    Noent = 44,
    Notsup = 58,
    Spipe = 70,
}

type WasiResult = Result<(), Errno>;

/// `env.clock_ms` runs this many times as fast as time. CoreMark, its only user, sizes its work to
/// run for ten seconds of it; one is as good here.
pub const CLOCK_SPEED: u32 = 10;

/// The host of one run.
pub struct Host {
    made: Instant,
    started: Option<Instant>,
    timed: Option<Duration>,
    exit: Option<Exit>,
    /// Nanoseconds the program's clock shows next.
    clock: u64,
    files: Files,
}

/// A host as the functions of an engine hold it.
pub type SharedHost = Arc<Mutex<Host>>;

/// The linear memory of a program. Not every engine hands out a slice of it.
pub trait Memory {
    /// Fills `bytes` from `address` on; `false` when that is out of bounds.
    fn read(&self, address: usize, bytes: &mut [u8]) -> bool;

    /// Writes `bytes` from `address` on; `false` when that is out of bounds.
    fn write(&mut self, address: usize, bytes: &[u8]) -> bool;
}

impl Memory for &mut [u8] {
    fn read(&self, address: usize, bytes: &mut [u8]) -> bool {
        let place = self.get(address..).and_then(|rest| rest.get(..bytes.len()));
        place.map(|place| bytes.copy_from_slice(place)).is_some()
    }

    fn write(&mut self, address: usize, bytes: &[u8]) -> bool {
        let place = self.get_mut(address..).and_then(|rest| rest.get_mut(..bytes.len()));
        place.map(|place| place.copy_from_slice(bytes)).is_some()
    }
}

/// The memory with WASI's errors.
struct Bytes<'a>(&'a mut dyn Memory);

impl Bytes<'_> {
    fn write(&mut self, address: u32, bytes: &[u8]) -> WasiResult {
        let address = usize::try_from(address).map_err(|_| Errno::Fault)?;
        self.0.write(address, bytes).then_some(()).ok_or(Errno::Fault)
    }

    fn read(&self, address: u32, bytes: &mut [u8]) -> WasiResult {
        let address = usize::try_from(address).map_err(|_| Errno::Fault)?;
        self.0.read(address, bytes).then_some(()).ok_or(Errno::Fault)
    }

    fn read_u32(&self, address: u32) -> Result<u32, Errno> {
        let mut bytes = [0; 4];
        self.read(address, &mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }
}

/// The arguments of a call, all parameters as 64 bits.
#[derive(Copy, Clone)]
struct Arguments<'a>(&'a [u64]);

impl Arguments<'_> {
    fn u64(self, index: usize) -> Result<u64, Errno> {
        self.0.get(index).copied().ok_or(Errno::Inval)
    }

    #[expect(clippy::cast_possible_truncation, reason = "an i32 is the lower half of its slot")]
    fn u32(self, index: usize) -> Result<u32, Errno> {
        Ok(self.u64(index)? as u32)
    }
}

impl Host {
    /// A host whose program gets `arguments`, its own name first.
    #[must_use]
    pub fn new(arguments: Vec<String>) -> Self {
        Self {
            made: Instant::now(),
            started: None,
            timed: None,
            exit: None,
            clock: 1_000_000_000,
            files: Files::new(arguments),
        }
    }

    /// The time between the marks, if the program has set both.
    #[must_use]
    pub fn timed(&self) -> Option<Duration> {
        self.timed
    }

    /// The code the program ended with, if it called `proc_exit`.
    #[must_use]
    pub fn exit(&self) -> Option<Exit> {
        self.exit
    }

    /// Calls `function`. Each of `arguments` is a parameter as 64 bits. The result is that of the
    /// function, 0 where it has none.
    ///
    /// # Errors
    ///
    /// When the program is to end.
    pub fn call(
        &mut self,
        function: Function,
        memory: &mut dyn Memory,
        arguments: &[u64],
    ) -> Result<u32, Exit> {
        let arguments = Arguments(arguments);
        match function {
            Function::Start => {
                self.started = Some(Instant::now());
                Ok(0)
            }
            Function::End => {
                self.timed = self.started.map(|started| started.elapsed());
                Ok(0)
            }
            Function::ClockMs => Ok(self.clock_ms()),
            Function::ProcExit => {
                let exit = Exit(arguments.u32(0).unwrap_or(0).cast_signed());
                self.exit = Some(exit);
                Err(exit)
            }
            _ => {
                let errno = self.wasi(function, &mut Bytes(memory), arguments);
                Ok(errno.map_or_else(|errno| errno as u32, |()| 0))
            }
        }
    }

    #[expect(clippy::cast_possible_truncation, reason = "it wraps after five days")]
    fn clock_ms(&self) -> u32 {
        (self.made.elapsed().as_millis() as u32).wrapping_mul(CLOCK_SPEED)
    }

    fn wasi(&mut self, function: Function, memory: &mut Bytes<'_>, a: Arguments<'_>) -> WasiResult {
        let files = &mut self.files;
        match function {
            Function::Start | Function::End | Function::ClockMs | Function::ProcExit => Ok(()),
            Function::ArgsGet => files.args_get(memory, a.u32(0)?, a.u32(1)?),
            Function::ArgsSizesGet => files.args_sizes_get(memory, a.u32(0)?, a.u32(1)?),
            Function::EnvironGet | Function::SchedYield => Ok(()),
            Function::EnvironSizesGet => {
                memory.write(a.u32(0)?, &[0; 4])?;
                memory.write(a.u32(1)?, &[0; 4])
            }
            Function::ClockResGet => memory.write(a.u32(1)?, &1_000_000_u64.to_le_bytes()),
            Function::ClockTimeGet => {
                self.clock += 1_000_000;
                memory.write(a.u32(2)?, &self.clock.to_le_bytes())
            }
            Function::RandomGet => {
                let length = usize::try_from(a.u32(1)?).map_err(|_| Errno::Inval)?;
                memory.write(a.u32(0)?, &vec![0x5a; length])
            }
            Function::FdClose => files.close(a.u32(0)?),
            Function::FdFdstatGet => files.fdstat(memory, a.u32(0)?, a.u32(1)?),
            Function::FdFilestatGet => files.filestat(memory, a.u32(0)?, a.u32(1)?),
            Function::FdPrestatGet => Files::prestat(memory, a.u32(0)?, a.u32(1)?),
            Function::FdPrestatDirName => Files::prestat_name(memory, a.u32(0)?, a.u32(1)?),
            Function::FdRead => files.read(memory, a.u32(0)?, a.u32(1)?, a.u32(2)?, a.u32(3)?),
            Function::FdSeek => {
                files.seek(memory, a.u32(0)?, a.u64(1)?.cast_signed(), a.u32(2)?, a.u32(3)?)
            }
            Function::FdWrite => files.write(memory, a.u32(0)?, a.u32(1)?, a.u32(2)?, a.u32(3)?),
            Function::PathFilestatGet => {
                Files::path_filestat(memory, a.u32(2)?, a.u32(3)?, a.u32(4)?)
            }
            Function::PathOpen => {
                let path = (a.u32(2)?, a.u32(3)?);
                files.open(memory, a.u32(0)?, path, a.u32(4)?, a.u32(8)?)
            }
            Function::ReadOnly => Err(Errno::Notsup),
        }
    }
}
