//! The functions of [`preview1`] as imports of a module: the only file that names wasmtier.

use wasmtier::{Caller, Error, Extern, Linker, SharedMemory};

use crate::{Errno, GuestMemory, WasiCtx, preview1};

/// The module name of preview1.
const MODULE: &str = "wasi_snapshot_preview1";

/// Defines the functions of a list: each has the signature of its namesake in [`preview1`]
/// without the first two parameters, and returns the error number.
macro_rules! define {
    ($linker:ident, $ctx:ident; $($name:ident($($arg:ident: $ty:ident),*);)*) => {$(
        $linker.func_wrap(
            MODULE,
            stringify!($name),
            move |mut caller: Caller<'_, T>, $($arg: $ty),*| -> i32 {
                let result = with_memory(&mut caller, $ctx, |memory, ctx| {
                    preview1::$name(memory, ctx, $($arg),*)
                });
                result.map_or_else(|errno| i32::from(errno.code()), |()| 0)
            },
        )?;
    )*};
}

/// Calls `function` with the memory the calling instance exports as `memory`. Without one every
/// address is outside.
fn with_memory<T: 'static>(
    caller: &mut Caller<'_, T>,
    ctx: impl Fn(&mut T) -> &mut WasiCtx,
    function: impl FnOnce(&mut dyn GuestMemory, &mut WasiCtx) -> Result<(), Errno>,
) -> Result<(), Errno> {
    match caller.get_export("memory") {
        Some(Extern::Memory(memory)) => {
            let (mut bytes, data) = memory.data_and_store_mut(caller);
            function(&mut bytes, ctx(data))
        }
        Some(Extern::SharedMemory(memory)) => function(&mut Shared(memory), ctx(caller.data_mut())),
        Some(Extern::Func(_) | Extern::Global(_) | Extern::Table(_)) | None => {
            function(&mut [0; 0], ctx(caller.data_mut()))
        }
    }
}

/// A memory that other threads may use at the same time.
struct Shared(SharedMemory);

impl GuestMemory for Shared {
    fn size(&self) -> usize {
        self.0.data_size()
    }

    fn read(&self, at: usize, to: &mut [u8]) -> Result<(), Errno> {
        self.0.read(at, to).or(Err(Errno::Fault))
    }

    fn write(&mut self, at: usize, from: &[u8]) -> Result<(), Errno> {
        self.0.write(at, from).or(Err(Errno::Fault))
    }

    fn bytes(&self) -> Option<&[u8]> {
        None
    }

    fn bytes_mut(&mut self) -> Option<&mut [u8]> {
        None
    }
}

/// Defines all functions of `wasi_snapshot_preview1` in `linker`. `ctx` finds the [`WasiCtx`] in
/// the data of a store.
///
/// A guest works through the memory its instance exports as `memory`, which may be shared. When it
/// calls `proc_exit`, the call into the guest fails with an error that holds
/// [`I32Exit`](crate::I32Exit).
///
/// # Errors
///
/// When one of the names is defined already.
///
/// ```
/// use wasmtier::{Engine, Linker, Module, Store};
/// use wasmtier_wasi::{I32Exit, OutputPipe, WasiCtx, WasiCtxBuilder, add_to_linker};
///
/// # fn main() -> Result<(), wasmtier::Error> {
/// // A program that prints `hi` and exits with status 3.
/// let wasm = wat::parse_str(
///     r#"(module
///         (import "wasi_snapshot_preview1" "fd_write"
///             (func $fd_write (param i32 i32 i32 i32) (result i32)))
///         (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
///         (memory (export "memory") 1)
///         (data (i32.const 0) "\08\00\00\00\02\00\00\00hi")
///         (func (export "_start")
///             (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16)))
///             (call $proc_exit (i32.const 3))))"#,
/// )?;
/// let engine = Engine::default();
/// let module = Module::new(&engine, &wasm)?;
/// let mut linker = Linker::<WasiCtx>::new(&engine);
/// add_to_linker(&mut linker, |ctx| ctx)?;
///
/// let output = OutputPipe::new();
/// let ctx = WasiCtxBuilder::new().arg("program").stdout(output.clone()).build();
/// let mut store = Store::new(&engine, ctx);
/// let instance = linker.instantiate(&mut store, &module)?;
/// let start = instance.get_typed_func::<(), ()>(&mut store, "_start")?;
/// let end = start.call(&mut store, ()).unwrap_err();
/// assert_eq!(end.downcast_ref(), Some(&I32Exit(3)));
/// assert_eq!(output.contents(), b"hi");
/// # Ok(())
/// # }
/// ```
pub fn add_to_linker<T: 'static>(
    linker: &mut Linker<T>,
    ctx: impl Fn(&mut T) -> &mut WasiCtx + Copy + Send + Sync + 'static,
) -> Result<(), Error> {
    define! { linker, ctx;
        args_get(argv: u32, buffer: u32);
        args_sizes_get(count: u32, size: u32);
        environ_get(environ: u32, buffer: u32);
        environ_sizes_get(count: u32, size: u32);
        clock_res_get(id: u32, resolution: u32);
        clock_time_get(id: u32, precision: u64, time: u32);
        fd_advise(fd: u32, offset: u64, len: u64, advice: u32);
        fd_allocate(fd: u32, offset: u64, len: u64);
        fd_close(fd: u32);
        fd_datasync(fd: u32);
        fd_fdstat_get(fd: u32, stat: u32);
        fd_fdstat_set_flags(fd: u32, flags: u32);
        fd_fdstat_set_rights(fd: u32, base: u64, inheriting: u64);
        fd_filestat_get(fd: u32, stat: u32);
        fd_filestat_set_size(fd: u32, size: u64);
        fd_filestat_set_times(fd: u32, access: u64, modification: u64, flags: u32);
        fd_pread(fd: u32, iovs: u32, count: u32, offset: u64, read: u32);
        fd_prestat_get(fd: u32, prestat: u32);
        fd_prestat_dir_name(fd: u32, path: u32, len: u32);
        fd_pwrite(fd: u32, iovs: u32, count: u32, offset: u64, written: u32);
        fd_read(fd: u32, iovs: u32, count: u32, read: u32);
        fd_readdir(fd: u32, buffer: u32, len: u32, cookie: u64, used: u32);
        fd_renumber(from: u32, to: u32);
        fd_seek(fd: u32, offset: i64, whence: u32, position: u32);
        fd_sync(fd: u32);
        fd_tell(fd: u32, position: u32);
        fd_write(fd: u32, iovs: u32, count: u32, written: u32);
        poll_oneoff(subscriptions: u32, events: u32, count: u32, happened: u32);
        proc_raise(signal: u32);
        random_get(buffer: u32, len: u32);
        sched_yield();
        sock_accept(fd: u32, flags: u32, accepted: u32);
        sock_recv(fd: u32, buffers: u32, count: u32, flags: u32, received: u32, out_flags: u32);
        sock_send(fd: u32, buffers: u32, count: u32, flags: u32, sent: u32);
        sock_shutdown(fd: u32, how: u32);
    }
    add_path_functions(linker, ctx)?;
    linker.func_wrap(MODULE, "proc_exit", |status: u32| -> Result<(), Error> {
        Err(preview1::proc_exit(status).into())
    })?;
    Ok(())
}

fn add_path_functions<T: 'static>(
    linker: &mut Linker<T>,
    ctx: impl Fn(&mut T) -> &mut WasiCtx + Copy + Send + Sync + 'static,
) -> Result<(), Error> {
    define! { linker, ctx;
        path_create_directory(dir: u32, path: u32, len: u32);
        path_filestat_get(dir: u32, lookup: u32, path: u32, len: u32, stat: u32);
        path_filestat_set_times(dir: u32, lookup: u32, path: u32, len: u32,
            access: u64, modification: u64, flags: u32);
        path_link(old_dir: u32, lookup: u32, old: u32, old_len: u32,
            new_dir: u32, new: u32, new_len: u32);
        path_open(dir: u32, lookup: u32, path: u32, len: u32, oflags: u32,
            base: u64, inheriting: u64, flags: u32, opened: u32);
        path_readlink(dir: u32, path: u32, len: u32, buffer: u32, buffer_len: u32, used: u32);
        path_remove_directory(dir: u32, path: u32, len: u32);
        path_rename(old_dir: u32, old: u32, old_len: u32, new_dir: u32, new: u32, new_len: u32);
        path_symlink(target: u32, target_len: u32, dir: u32, path: u32, len: u32);
        path_unlink_file(dir: u32, path: u32, len: u32);
    }
    Ok(())
}
