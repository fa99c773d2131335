//! Where a guest's standard streams lead: nowhere, to the process's own, or to the embedder's
//! readers and writers.

use std::fmt;
use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::io::{readv, retry_on_intr, writev};

use crate::Errno;

/// A stream a guest reads.
pub(crate) enum InputStream {
    /// The standard input of this process.
    Inherit(io::Stdin),
    Reader(Box<dyn Read + Send>),
}

/// A stream a guest writes.
pub(crate) enum OutputStream {
    /// The standard output of this process. Not through `std`'s buffer: what a guest writes is
    /// there when the call returns.
    InheritStdout(io::Stdout),
    /// The standard error of this process.
    InheritStderr(io::Stderr),
    Writer(Box<dyn Write + Send>),
}

impl InputStream {
    pub(crate) fn read(&mut self, buffers: &mut [IoSliceMut<'_>]) -> Result<usize, Errno> {
        match self {
            InputStream::Inherit(stdin) => Ok(retry_on_intr(|| readv(&*stdin, buffers))?),
            InputStream::Reader(reader) => loop {
                match reader.read_vectored(buffers) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    result => return Ok(result?),
                }
            },
        }
    }

    /// The host descriptor, when there is one to wait on.
    pub(crate) fn host_fd(&self) -> Option<BorrowedFd<'_>> {
        match self {
            InputStream::Inherit(stdin) => Some(stdin.as_fd()),
            InputStream::Reader(_) => None,
        }
    }
}

impl OutputStream {
    pub(crate) fn write(&mut self, buffers: &[IoSlice<'_>]) -> Result<usize, Errno> {
        match self {
            OutputStream::InheritStdout(stdout) => Ok(retry_on_intr(|| writev(&*stdout, buffers))?),
            OutputStream::InheritStderr(stderr) => Ok(retry_on_intr(|| writev(&*stderr, buffers))?),
            OutputStream::Writer(writer) => loop {
                match writer.write_vectored(buffers) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    result => return Ok(result?),
                }
            },
        }
    }

    /// Makes a buffering writer pass on what it holds.
    pub(crate) fn flush(&mut self) -> Result<(), Errno> {
        match self {
            OutputStream::InheritStdout(_) | OutputStream::InheritStderr(_) => Ok(()),
            OutputStream::Writer(writer) => Ok(writer.flush()?),
        }
    }

    /// The host descriptor, when there is one to wait on.
    pub(crate) fn host_fd(&self) -> Option<BorrowedFd<'_>> {
        match self {
            OutputStream::InheritStdout(stdout) => Some(stdout.as_fd()),
            OutputStream::InheritStderr(stderr) => Some(stderr.as_fd()),
            OutputStream::Writer(_) => None,
        }
    }
}

/// What an [`OutputPipe`] holds unless told otherwise: 16 MiB.
pub const MAX_PIPE_BYTES: usize = 16 << 20;

/// A writer that keeps what is written to it, for tests and for capturing a guest's output.
///
/// Clones share the bytes. A write beyond the limit is cut short, and one to a full pipe fails
/// with `nospc`, so that a guest cannot fill the host's memory.
///
/// ```
/// use wasmtier_wasi::{OutputPipe, WasiCtxBuilder};
/// let output = OutputPipe::new();
/// let ctx = WasiCtxBuilder::new().stdout(output.clone()).build();
/// // ... run a guest with `ctx` ...
/// # drop(ctx);
/// assert_eq!(output.contents(), b"");
/// ```
#[derive(Clone)]
pub struct OutputPipe {
    bytes: Arc<Mutex<Vec<u8>>>,
    limit: usize,
}

impl OutputPipe {
    /// An empty pipe that holds up to [`MAX_PIPE_BYTES`].
    pub fn new() -> OutputPipe {
        OutputPipe::with_limit(MAX_PIPE_BYTES)
    }

    /// An empty pipe that holds up to `limit` bytes.
    pub fn with_limit(limit: usize) -> OutputPipe {
        OutputPipe { bytes: Arc::default(), limit }
    }

    /// What has been written so far.
    pub fn contents(&self) -> Vec<u8> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<u8>> {
        // Bytes are whole at every moment, so a panic elsewhere does not spoil them.
        self.bytes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for OutputPipe {
    fn default() -> OutputPipe {
        OutputPipe::new()
    }
}

impl fmt::Debug for OutputPipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutputPipe")
            .field("len", &self.lock().len())
            .field("limit", &self.limit)
            .finish()
    }
}

impl Write for OutputPipe {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let mut bytes = self.lock();
        let len = data.len().min(self.limit - bytes.len());
        if len == 0 && !data.is_empty() {
            return Err(io::ErrorKind::StorageFull.into());
        }
        bytes.extend_from_slice(&data[..len]);
        Ok(len)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
