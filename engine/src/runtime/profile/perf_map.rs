//! The perf map: a text file with a line for each piece of code, which `perf report` looks for at
//! `/tmp/perf-PID.map`.
//!
//! Invariant: a line is `START SIZE NAME`, numbers in hexadecimal without prefix, written at once.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;

/// The file.
#[derive(Debug)]
pub(super) struct PerfMap(File);

impl PerfMap {
    pub(super) fn create(process: u32) -> io::Result<Self> {
        let path = format!("/tmp/perf-{process}.map");
        // A link would have been put there by somebody else, whom the name was easy to guess for.
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).custom_flags(libc::O_NOFOLLOW);
        let file = options.open(&path);
        file.map(Self).map_err(|error| io::Error::new(error.kind(), format!("{path}: {error}")))
    }

    pub(super) fn name(&self, address: usize, len: usize, name: &str) -> io::Result<()> {
        // In one call, so that no line of another thread comes between.
        (&self.0).write_all(format!("{address:x} {len:x} {name}\n").as_bytes())
    }
}
