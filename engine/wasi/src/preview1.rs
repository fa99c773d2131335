//! The functions of `wasi_snapshot_preview1`, without an engine.
//!
//! Each takes the guest's memory, the context, and the arguments of the WASI function
//! of that name: addresses and lengths as they come from the guest. Results go to guest memory;
//! `Ok` is errno 0. Where it can be known before, a call that cannot deliver its result has no
//! effect.
//!
//! An address outside of the memory is [`Errno::Fault`](crate::Errno::Fault), and need not be
//! aligned. The notes to preview1 would have such a call trap, and wasmtime does; here only
//! `proc_exit` ends a guest. Text of a guest that is not UTF-8 is
//! [`Errno::Ilseq`](crate::Errno::Ilseq), as in wasmtime, and so is a link's target; entries of
//! directories with such names are not listed.
//!
//! ```
//! use wasmtier_wasi::{Errno, OutputPipe, WasiCtxBuilder, preview1};
//!
//! let output = OutputPipe::new();
//! let mut ctx = WasiCtxBuilder::new().stdout(output.clone()).build();
//! let mut memory = *b"hello\0\0\0\0\0\0\0\x05\0\0\0....";
//! // One `ciovec` at 8: address 0, length 5. The length written goes to 16.
//! assert_eq!(preview1::fd_write(&mut memory, &mut ctx, 1, 8, 1, 16), Ok(()));
//! assert_eq!(output.contents(), b"hello");
//! assert_eq!(memory[16..], 5u32.to_le_bytes());
//! assert_eq!(preview1::fd_write(&mut memory, &mut ctx, 1, 8, 1, 18), Err(Errno::Fault));
//! ```

pub use crate::args::{args_get, args_sizes_get, environ_get, environ_sizes_get};
pub use crate::clocks::{clock_res_get, clock_time_get};
pub use crate::fd::{
    fd_close, fd_fdstat_get, fd_fdstat_set_flags, fd_fdstat_set_rights, fd_filestat_get,
    fd_prestat_dir_name, fd_prestat_get, fd_renumber,
};
pub use crate::fs::entry::{
    path_create_directory, path_link, path_readlink, path_remove_directory, path_rename,
    path_symlink, path_unlink_file,
};
pub use crate::fs::file::{
    fd_advise, fd_allocate, fd_datasync, fd_pread, fd_pwrite, fd_read, fd_seek, fd_sync, fd_tell,
    fd_write,
};
pub use crate::fs::open::path_open;
pub use crate::fs::readdir::fd_readdir;
pub use crate::fs::stat::{
    fd_filestat_set_size, fd_filestat_set_times, path_filestat_get, path_filestat_set_times,
};
pub use crate::poll::poll_oneoff;
pub use crate::process::{proc_exit, proc_raise, sched_yield};
pub use crate::random::random_get;
pub use crate::sock::{sock_accept, sock_recv, sock_send, sock_shutdown};
