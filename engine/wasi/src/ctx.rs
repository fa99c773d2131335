//! The state a guest sees through WASI, and how an embedder makes it.
//!
//! A new context gives a guest nothing: no arguments, no environment, no files, and standard
//! streams that are empty and swallow what is written. Everything else is granted by the builder.

use std::ffi::OsStr;
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::{env, fmt};

use rustix::fs::{CWD, Mode, OFlags, openat};

use crate::clocks::monotonic_epoch;
use crate::fd::{Descriptor, DirAccess, Directory, FdTable};
use crate::fs::resolve::Resolver;
use crate::stdio::{InputStream, OutputStream};

/// The WASI state of one guest. Made by [`WasiCtxBuilder`].
///
/// It goes into the data of a store; see [`add_to_linker`](crate::add_to_linker).
pub struct WasiCtx {
    pub(crate) args: Vec<Vec<u8>>,
    pub(crate) env: Vec<Vec<u8>>,
    pub(crate) table: FdTable,
    pub(crate) resolver: Resolver,
    /// The host's monotonic clock when the guest's read 0.
    pub(crate) epoch: u64,
}

impl fmt::Debug for WasiCtx {
    /// Names no argument or variable: they may be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WasiCtx")
            .field("args", &self.args.len())
            .field("env", &self.env.len())
            .field("open_descriptors", &self.table.open_count())
            .finish_non_exhaustive()
    }
}

/// How guest paths are resolved beneath a preopened directory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PathResolution {
    /// By the kernel (`openat2` with `RESOLVE_BENEATH`) where it can, else as [`Self::Stepwise`].
    /// The default.
    #[default]
    Kernel,
    /// Component by component, following no symbolic link the resolver has not read itself.
    /// For kernels before 5.6 and sandboxes that refuse `openat2`; the results are the same.
    Stepwise,
}

/// Makes a [`WasiCtx`].
///
/// ```
/// use wasmtier_wasi::{OutputPipe, WasiCtxBuilder};
///
/// # fn main() -> std::io::Result<()> {
/// let output = OutputPipe::new();
/// let mut builder = WasiCtxBuilder::new();
/// builder
///     .args(["prog", "--verbose"])
///     .env("LANG", "C")
///     .stdin(&b"some input"[..])
///     .stdout(output.clone())
///     .preopened_dir(std::env::temp_dir(), "/tmp")?;
/// let ctx = builder.build();
/// # drop(ctx);
/// # Ok(())
/// # }
/// ```
pub struct WasiCtxBuilder {
    args: Vec<Vec<u8>>,
    env: Vec<Vec<u8>>,
    stdin: InputStream,
    stdout: OutputStream,
    stderr: OutputStream,
    directories: Vec<Directory>,
    resolution: PathResolution,
}

impl Default for WasiCtxBuilder {
    fn default() -> WasiCtxBuilder {
        WasiCtxBuilder::new()
    }
}

impl fmt::Debug for WasiCtxBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WasiCtxBuilder")
            .field("args", &self.args.len())
            .field("env", &self.env.len())
            .field("directories", &self.directories.len())
            .field("resolution", &self.resolution)
            .finish_non_exhaustive()
    }
}

/// The bytes of a string as a guest will see them: up to the first NUL, which ends them there.
fn c_bytes(string: &OsStr) -> Vec<u8> {
    string.as_bytes().split(|&byte| byte == 0).next().unwrap_or_default().to_vec()
}

impl WasiCtxBuilder {
    /// A builder that grants nothing yet.
    pub fn new() -> WasiCtxBuilder {
        WasiCtxBuilder {
            args: Vec::new(),
            env: Vec::new(),
            stdin: InputStream::Reader(Box::new(io::empty())),
            stdout: OutputStream::Writer(Box::new(io::sink())),
            stderr: OutputStream::Writer(Box::new(io::sink())),
            directories: Vec::new(),
            resolution: PathResolution::default(),
        }
    }

    /// Adds an argument. By convention the first is the program's name. It need not be UTF-8; a
    /// NUL ends it.
    pub fn arg(&mut self, arg: impl AsRef<OsStr>) -> &mut WasiCtxBuilder {
        self.args.push(c_bytes(arg.as_ref()));
        self
    }

    /// Adds arguments, as [`arg`](Self::arg) does.
    pub fn args(
        &mut self,
        args: impl IntoIterator<Item = impl AsRef<OsStr>>,
    ) -> &mut WasiCtxBuilder {
        for arg in args {
            self.arg(arg);
        }
        self
    }

    /// Sets an environment variable, in place of an earlier one of that name. Neither name nor
    /// value need be UTF-8; a NUL ends them.
    pub fn env(
        &mut self,
        name: impl AsRef<OsStr>,
        value: impl AsRef<OsStr>,
    ) -> &mut WasiCtxBuilder {
        let mut variable = c_bytes(name.as_ref());
        variable.push(b'=');
        self.env.retain(|other| !other.starts_with(&variable));
        variable.extend(c_bytes(value.as_ref()));
        self.env.push(variable);
        self
    }

    /// Sets environment variables, as [`env`](Self::env) does.
    pub fn envs(
        &mut self,
        variables: impl IntoIterator<Item = (impl AsRef<OsStr>, impl AsRef<OsStr>)>,
    ) -> &mut WasiCtxBuilder {
        for (name, value) in variables {
            self.env(name, value);
        }
        self
    }

    /// Sets every environment variable of this process.
    pub fn inherit_env(&mut self) -> &mut WasiCtxBuilder {
        self.envs(env::vars_os())
    }

    /// Gives the guest this process's standard streams.
    ///
    /// The guest writes to the descriptors directly: flush what `std::io::stdout` buffers first.
    pub fn inherit_stdio(&mut self) -> &mut WasiCtxBuilder {
        self.inherit_stdin().inherit_stdout().inherit_stderr()
    }

    /// Gives the guest this process's standard input.
    pub fn inherit_stdin(&mut self) -> &mut WasiCtxBuilder {
        self.stdin = InputStream::Inherit(io::stdin());
        self
    }

    /// Gives the guest this process's standard output.
    pub fn inherit_stdout(&mut self) -> &mut WasiCtxBuilder {
        self.stdout = OutputStream::InheritStdout(io::stdout());
        self
    }

    /// Gives the guest this process's standard error.
    pub fn inherit_stderr(&mut self) -> &mut WasiCtxBuilder {
        self.stderr = OutputStream::InheritStderr(io::stderr());
        self
    }

    /// The guest's standard input comes from `reader`.
    pub fn stdin(&mut self, reader: impl Read + Send + 'static) -> &mut WasiCtxBuilder {
        self.stdin = InputStream::Reader(Box::new(reader));
        self
    }

    /// The guest's standard output goes to `writer`, which is flushed when the guest asks for it.
    pub fn stdout(&mut self, writer: impl Write + Send + 'static) -> &mut WasiCtxBuilder {
        self.stdout = OutputStream::Writer(Box::new(writer));
        self
    }

    /// The guest's standard error goes to `writer`, which is flushed when the guest asks for it.
    pub fn stderr(&mut self, writer: impl Write + Send + 'static) -> &mut WasiCtxBuilder {
        self.stderr = OutputStream::Writer(Box::new(writer));
        self
    }

    /// Gives the guest the directory `host` with everything beneath it, under the name `guest`.
    ///
    /// # Errors
    /// When `host` cannot be opened as a directory; the message names it.
    pub fn preopened_dir(
        &mut self,
        host: impl AsRef<Path>,
        guest: impl AsRef<str>,
    ) -> io::Result<&mut WasiCtxBuilder> {
        self.preopen(host.as_ref(), guest.as_ref(), DirAccess::ReadWrite)
    }

    /// As [`preopened_dir`](Self::preopened_dir), but what would change anything beneath the
    /// directory fails with `perm`.
    ///
    /// # Errors
    /// When `host` cannot be opened as a directory; the message names it.
    pub fn preopened_dir_read_only(
        &mut self,
        host: impl AsRef<Path>,
        guest: impl AsRef<str>,
    ) -> io::Result<&mut WasiCtxBuilder> {
        self.preopen(host.as_ref(), guest.as_ref(), DirAccess::ReadOnly)
    }

    fn preopen(
        &mut self,
        host: &Path,
        guest: &str,
        access: DirAccess,
    ) -> io::Result<&mut WasiCtxBuilder> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let fd = openat(CWD, host, flags, Mode::empty()).map_err(|errno| {
            let error = io::Error::from(errno);
            let text = format!("cannot open directory `{}`: {error}", host.display());
            io::Error::new(error.kind(), text)
        })?;
        let name = Some(c_bytes(OsStr::new(guest)));
        self.directories.push(Directory::new(fd, access, name));
        Ok(self)
    }

    /// Chooses how guest paths are resolved. Only needed to test the resolution that replaces the
    /// kernel's.
    pub fn path_resolution(&mut self, resolution: PathResolution) -> &mut WasiCtxBuilder {
        self.resolution = resolution;
        self
    }

    /// Makes the context and leaves the builder empty.
    pub fn build(&mut self) -> WasiCtx {
        let builder = std::mem::take(self);
        let streams = [
            Descriptor::Input(builder.stdin),
            Descriptor::Output(builder.stdout),
            Descriptor::Output(builder.stderr),
        ];
        let directories = builder.directories.into_iter().map(Descriptor::Directory);
        WasiCtx {
            args: builder.args,
            env: builder.env,
            table: streams.into_iter().chain(directories).collect(),
            resolver: Resolver::new(builder.resolution),
            epoch: monotonic_epoch(),
        }
    }
}
