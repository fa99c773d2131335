//! WASI preview1 on the public API of wasmtier.
//!
//! The functions themselves know no engine: they are in [`preview1`] and work on a
//! [`GuestMemory`] and a [`WasiCtx`]. Only `linker.rs` names wasmtier. Two things hold everywhere:
//!
//! * What a guest passes is hostile. Pointers and lengths are checked before use, and the answer
//!   to a bad one is an [`Errno`], never a panic and never an allocation of the guest's choosing.
//! * A guest path is resolved beneath a directory the embedder opened, by the kernel
//!   (`openat2` with `RESOLVE_BENEATH`), not by looking at the text of the path. Where that call is
//!   missing or refused, each component is opened by itself; see [`PathResolution`].
//!
//! The host must be Linux. Sockets are not provided.
#![forbid(unsafe_code)]

mod args;
mod clocks;
mod ctx;
mod errno;
mod fd;
mod fs;
mod linker;
mod memory;
mod poll;
pub mod preview1;
mod process;
mod random;
mod sock;
mod stdio;
mod types;

pub use ctx::{PathResolution, WasiCtx, WasiCtxBuilder};
pub use errno::Errno;
pub use linker::add_to_linker;
pub use memory::GuestMemory;
pub use process::I32Exit;
pub use stdio::{MAX_PIPE_BYTES, OutputPipe};
pub use types::{EventType, FdFlags, FileType, FstFlags, LookupFlags, OFlags, Rights, Whence};
