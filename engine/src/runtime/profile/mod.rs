//! Telling `perf` what machine code is called.
//!
//! What lives here: which file is written, once in a process whatever many engines it has. Beside
//! it: the two formats. What does not: the names, which those make who make code.
//!
//! Invariant: nothing here is reached unless an embedder asked for it. What cannot be written is
//! lost, and no failure of the program that is watched. A forked child writes nothing: the files
//! are its parent's.

mod jit_dump;
mod perf_map;

use std::io;
use std::process;
use std::sync::{Mutex, OnceLock};

use self::jit_dump::JitDump;
use self::perf_map::PerfMap;

/// A file that names code.
#[derive(Debug)]
pub(crate) struct Profile {
    /// The process whose file it is.
    process: u32,
    format: Format,
}

#[derive(Debug)]
enum Format {
    PerfMap(PerfMap),
    JitDump(Mutex<JitDump>),
}

impl Profile {
    /// The process's perf map.
    ///
    /// # Errors
    /// When it cannot be created; another attempt may be made.
    pub(crate) fn perf_map() -> io::Result<&'static Self> {
        static FILE: OnceLock<Profile> = OnceLock::new();
        Self::once(&FILE, |process| PerfMap::create(process).map(Format::PerfMap))
    }

    /// The process's jitdump.
    ///
    /// # Errors
    /// As [`Profile::perf_map`].
    pub(crate) fn jit_dump() -> io::Result<&'static Self> {
        static FILE: OnceLock<Profile> = OnceLock::new();
        Self::once(&FILE, |process| Ok(Format::JitDump(Mutex::new(JitDump::create(process)?))))
    }

    fn once(
        file: &'static OnceLock<Self>,
        create: impl FnOnce(u32) -> io::Result<Format>,
    ) -> io::Result<&'static Self> {
        static CREATION: Mutex<()> = Mutex::new(());
        if let Some(profile) = file.get() {
            return Ok(profile);
        }
        // Nobody panics with the lock, and it guards nothing that could be half done.
        let _creating = CREATION.lock();
        match file.get() {
            Some(profile) => Ok(profile),
            None => {
                let process = process::id();
                let format = create(process)?;
                Ok(file.get_or_init(|| Self { process, format }))
            }
        }
    }

    /// Notes that the code at `address`, which is `code`, is called `name`.
    pub(crate) fn name(&self, address: usize, code: &[u8], name: &str) {
        // Before any lock: one that a thread of the parent holds is never released in a child.
        if process::id() != self.process {
            return;
        }
        let written = match &self.format {
            Format::PerfMap(map) => map.name(address, code.len(), name),
            Format::JitDump(dump) => match dump.lock() {
                Ok(mut dump) => dump.load(address, code, name),
                Err(_) => Ok(()),
            },
        };
        if let Err(error) = written {
            tracing::debug!(%error, "code could not be named");
        }
    }
}
