//! A guest without an engine: a memory, a context, and the calls a program would make.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

pub(crate) use wasmtier_wasi::PathResolution;
use wasmtier_wasi::{Errno, OFlags, Rights, WasiCtx, WasiCtxBuilder, preview1};

/// A directory of its own for one test, gone afterwards.
pub(crate) struct TempDir(PathBuf);

impl TempDir {
    pub(crate) fn new() -> TempDir {
        TempDir::below(&std::env::temp_dir())
    }

    /// In memory where the host has a place for that: making many files costs much less there.
    pub(crate) fn in_memory() -> TempDir {
        let memory = Path::new("/dev/shm");
        if memory.is_dir() { TempDir::below(memory) } else { TempDir::new() }
    }

    fn below(folder: &Path) -> TempDir {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        // Relaxed: only the number matters.
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("wasmtier-wasi-{}-{number}", std::process::id());
        let path = folder.join(name);
        fs::create_dir_all(&path).unwrap();
        TempDir(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Both ways to resolve paths: every test of paths runs with each.
pub(crate) const RESOLUTIONS: [PathResolution; 2] =
    [PathResolution::Kernel, PathResolution::Stepwise];

/// The first preopened directory.
pub(crate) const DIR: u32 = 3;

/// Where results go.
pub(crate) const OUT: u32 = 0;
const FIRST: u32 = 32 * 1024;
const TARGET: u32 = 40 * 1024;
const BUFFER: u32 = 48 * 1024;

/// A memory and a context.
pub(crate) struct Guest {
    pub(crate) memory: Vec<u8>,
    pub(crate) ctx: WasiCtx,
    /// The directory in which paths start.
    pub(crate) dir: u32,
}

impl Guest {
    pub(crate) fn new(ctx: WasiCtx) -> Guest {
        Guest { memory: vec![0; 64 * 1024], ctx, dir: DIR }
    }

    pub(crate) fn with_dir(path: &Path, resolution: PathResolution) -> Guest {
        let mut builder = WasiCtxBuilder::new();
        builder.path_resolution(resolution).preopened_dir(path, "/").unwrap();
        Guest::new(builder.build())
    }

    pub(crate) fn read_only(path: &Path, resolution: PathResolution) -> Guest {
        let mut builder = WasiCtxBuilder::new();
        builder.path_resolution(resolution).preopened_dir_read_only(path, "/").unwrap();
        Guest::new(builder.build())
    }

    pub(crate) fn put(&mut self, at: u32, bytes: &[u8]) -> (u32, u32) {
        let start = usize::try_from(at).unwrap();
        self.memory[start..start + bytes.len()].copy_from_slice(bytes);
        (at, u32::try_from(bytes.len()).unwrap())
    }

    pub(crate) fn u32_at(&self, at: u32) -> u32 {
        let start = usize::try_from(at).unwrap();
        u32::from_le_bytes(self.memory[start..start + 4].try_into().unwrap())
    }

    pub(crate) fn u64_at(&self, at: u32) -> u64 {
        let start = usize::try_from(at).unwrap();
        u64::from_le_bytes(self.memory[start..start + 8].try_into().unwrap())
    }

    fn iovec(&mut self, at: u32, buffer: u32, len: u32) {
        let [pointer, length] = [buffer, len].map(u32::to_le_bytes);
        self.put(at, &[pointer, length].concat());
    }

    pub(crate) fn open_with(
        &mut self,
        path: &str,
        follow: bool,
        flags: OFlags,
        rights: Rights,
    ) -> Result<u32, Errno> {
        let (at, len) = self.put(FIRST, path.as_bytes());
        let (follow, flags, rights) = (u32::from(follow), flags.bits(), rights.bits());
        let Guest { memory, ctx, dir } = self;
        preview1::path_open(memory, ctx, *dir, follow, at, len, flags, rights, 0, 0, OUT)?;
        Ok(self.u32_at(OUT))
    }

    pub(crate) fn open(&mut self, path: &str) -> Result<u32, Errno> {
        self.open_with(path, true, OFlags::empty(), Rights::FD_READ)
    }

    pub(crate) fn create(&mut self, path: &str) -> Result<u32, Errno> {
        self.open_with(path, true, OFlags::CREAT, Rights::FD_READ | Rights::FD_WRITE)
    }

    pub(crate) fn close(&mut self, fd: u32) -> Result<(), Errno> {
        preview1::fd_close(&mut self.memory, &mut self.ctx, fd)
    }

    pub(crate) fn read(&mut self, fd: u32, len: u32) -> Result<Vec<u8>, Errno> {
        self.iovec(FIRST, BUFFER, len);
        preview1::fd_read(&mut self.memory, &mut self.ctx, fd, FIRST, 1, OUT)?;
        let (start, len) = (usize::try_from(BUFFER).unwrap(), self.u32_at(OUT));
        Ok(self.memory[start..start + usize::try_from(len).unwrap()].to_vec())
    }

    pub(crate) fn write(&mut self, fd: u32, bytes: &[u8]) -> Result<u32, Errno> {
        let (at, len) = self.put(BUFFER, bytes);
        self.iovec(FIRST, at, len);
        preview1::fd_write(&mut self.memory, &mut self.ctx, fd, FIRST, 1, OUT)?;
        Ok(self.u32_at(OUT))
    }

    pub(crate) fn stat(&mut self, path: &str, follow: bool) -> Result<FileStat, Errno> {
        let (at, len) = self.put(FIRST, path.as_bytes());
        let follow = u32::from(follow);
        let Guest { memory, ctx, dir } = self;
        preview1::path_filestat_get(memory, ctx, *dir, follow, at, len, OUT)?;
        Ok(FileStat { kind: self.memory[16], size: self.u64_at(32), mtim: self.u64_at(48) })
    }

    pub(crate) fn make_dir(&mut self, path: &str) -> Result<(), Errno> {
        let (at, len) = self.put(FIRST, path.as_bytes());
        preview1::path_create_directory(&mut self.memory, &mut self.ctx, self.dir, at, len)
    }

    pub(crate) fn remove_dir(&mut self, path: &str) -> Result<(), Errno> {
        let (at, len) = self.put(FIRST, path.as_bytes());
        preview1::path_remove_directory(&mut self.memory, &mut self.ctx, self.dir, at, len)
    }

    pub(crate) fn unlink(&mut self, path: &str) -> Result<(), Errno> {
        let (at, len) = self.put(FIRST, path.as_bytes());
        preview1::path_unlink_file(&mut self.memory, &mut self.ctx, self.dir, at, len)
    }

    pub(crate) fn symlink(&mut self, target: &str, path: &str) -> Result<(), Errno> {
        let (to, to_len) = self.put(TARGET, target.as_bytes());
        let (at, len) = self.put(FIRST, path.as_bytes());
        preview1::path_symlink(&mut self.memory, &mut self.ctx, to, to_len, self.dir, at, len)
    }

    pub(crate) fn readlink(&mut self, path: &str) -> Result<Vec<u8>, Errno> {
        let (at, len) = self.put(FIRST, path.as_bytes());
        let Guest { memory, ctx, dir } = self;
        preview1::path_readlink(memory, ctx, *dir, at, len, BUFFER, 4096, OUT)?;
        let (start, len) = (usize::try_from(BUFFER).unwrap(), self.u32_at(OUT));
        Ok(self.memory[start..start + usize::try_from(len).unwrap()].to_vec())
    }

    pub(crate) fn rename_between(
        &mut self,
        from: (u32, &str),
        to: (u32, &str),
    ) -> Result<(), Errno> {
        let (old, old_len) = self.put(FIRST, from.1.as_bytes());
        let (new, new_len) = self.put(TARGET, to.1.as_bytes());
        let Guest { memory, ctx, .. } = self;
        preview1::path_rename(memory, ctx, from.0, old, old_len, to.0, new, new_len)
    }

    pub(crate) fn rename(&mut self, from: &str, to: &str) -> Result<(), Errno> {
        self.rename_between((self.dir, from), (self.dir, to))
    }

    pub(crate) fn link_with(
        &mut self,
        follow: bool,
        from: (u32, &str),
        to: (u32, &str),
    ) -> Result<(), Errno> {
        let (old, old_len) = self.put(FIRST, from.1.as_bytes());
        let (new, new_len) = self.put(TARGET, to.1.as_bytes());
        let (follow, Guest { memory, ctx, .. }) = (u32::from(follow), self);
        preview1::path_link(memory, ctx, from.0, follow, old, old_len, to.0, new, new_len)
    }

    pub(crate) fn link_between(&mut self, from: (u32, &str), to: (u32, &str)) -> Result<(), Errno> {
        self.link_with(false, from, to)
    }

    pub(crate) fn link(&mut self, from: &str, to: &str) -> Result<(), Errno> {
        self.link_between((self.dir, from), (self.dir, to))
    }

    pub(crate) fn set_mtime(&mut self, path: &str, follow: bool, time: u64) -> Result<(), Errno> {
        let (at, len) = self.put(FIRST, path.as_bytes());
        let (follow, mtim) = (u32::from(follow), 4);
        let Guest { memory, ctx, dir } = self;
        preview1::path_filestat_set_times(memory, ctx, *dir, follow, at, len, 0, time, mtim)
    }
}

/// What the tests look at of a `filestat`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FileStat {
    pub(crate) kind: u8,
    pub(crate) size: u64,
    pub(crate) mtim: u64,
}
