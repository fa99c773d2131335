//! Bad addresses and lengths are errors, for every function that takes one.

use std::fs;

use wasmtier_wasi::{Errno, GuestMemory, OutputPipe, WasiCtx, WasiCtxBuilder, preview1 as p1};

use crate::guest::{DIR, Guest, PathResolution, TempDir};
use crate::shared::Copied;

const MEMORY: u32 = 4096;

/// Addresses at which nothing of two bytes or more fits.
const BAD: [u32; 4] = [MEMORY - 1, MEMORY, u32::MAX - 1, u32::MAX];

/// A file's descriptor after the standard streams and the preopened directory.
const FILE: u32 = 4;

/// Two buffers, of which the second is given; `faults` expects them to be there before.
fn buffers(at: u32, len: u32) -> u32 {
    let place = BUFFERS.iter().position(|&pair| pair == [at, len]).unwrap();
    u32::try_from(VECTORS + 16 * place).unwrap()
}

/// Where the vectors of [`buffers`] are.
const VECTORS: usize = 1024;

const BUFFERS: [[u32; 2]; 6] = [
    [MEMORY - 7, 8],
    [MEMORY, 8],
    [u32::MAX, 8],
    [32, MEMORY],
    [32, u32::MAX],
    [32, u32::MAX - 31],
];

/// Calls `call` with each bad address and a fresh context; it must answer `Fault` and must not
/// change anything in memory, of whichever kind.
fn faults(name: &str, call: impl Fn(&mut dyn GuestMemory, &mut WasiCtx, u32) -> Result<(), Errno>) {
    let temp = TempDir::new();
    fs::write(temp.join("file"), "0123456789").unwrap();
    std::os::unix::fs::symlink("file", temp.join("link")).unwrap();
    for bad in BAD {
        let mut builder = WasiCtxBuilder::new();
        builder.arg("argument").env("NAME", "value").stdin(&b"input"[..]);
        builder.preopened_dir(temp.path(), "/dir").unwrap();
        let mut guest = Guest::new(builder.build());
        assert_eq!(guest.create("file"), Ok(FILE));
        let Guest { ctx, .. } = &mut guest;
        let (mut memory, mut copied) = (prepared(), Copied(prepared()));
        let before = memory.clone();
        assert_eq!(call(&mut memory, ctx, bad), Err(Errno::Fault), "{name} at {bad:#x}");
        assert!(memory == before, "{name} at {bad:#x} wrote to memory");
        assert_eq!(call(&mut copied, ctx, bad), Err(Errno::Fault), "{name} at {bad:#x}, copied");
        assert!(copied.0 == before, "{name} at {bad:#x} wrote to memory that is copied");
        assert_eq!(fs::read(temp.join("file")).unwrap(), b"0123456789", "{name} at {bad:#x}");
        assert_eq!(fs::read_dir(temp.path()).unwrap().count(), 2, "{name} at {bad:#x}");
    }
}

/// A memory with `file` at 0, `link` at 8, at 16 a vector of one buffer, 8 bytes at 32, and the
/// vectors of [`buffers`].
fn prepared() -> Vec<u8> {
    let mut memory = vec![0; usize::try_from(MEMORY).unwrap()];
    memory[0..4].copy_from_slice(b"file");
    memory[8..12].copy_from_slice(b"link");
    memory[16] = 32;
    memory[20] = 8;
    for (second, vector) in BUFFERS.iter().zip(memory[VECTORS..].chunks_exact_mut(16)) {
        vector.copy_from_slice(&[32, 8, second[0], second[1]].map(u32::to_le_bytes).concat());
    }
    memory
}

#[test]
fn arguments_and_environment() {
    faults("args_get table", |m, c, bad| p1::args_get(m, c, bad, 0));
    faults("args_get buffer", |m, c, bad| p1::args_get(m, c, 0, bad));
    faults("args_sizes_get count", |m, c, bad| p1::args_sizes_get(m, c, bad, 0));
    faults("args_sizes_get size", |m, c, bad| p1::args_sizes_get(m, c, 0, bad));
    faults("environ_get table", |m, c, bad| p1::environ_get(m, c, bad, 0));
    faults("environ_get buffer", |m, c, bad| p1::environ_get(m, c, 0, bad));
    faults("environ_sizes_get count", |m, c, bad| p1::environ_sizes_get(m, c, bad, 0));
    faults("environ_sizes_get size", |m, c, bad| p1::environ_sizes_get(m, c, 0, bad));
}

#[test]
fn clocks_and_random() {
    faults("clock_res_get", |m, c, bad| p1::clock_res_get(m, c, 0, bad));
    faults("clock_time_get", |m, c, bad| p1::clock_time_get(m, c, 0, 0, bad));
    faults("random_get", |m, c, bad| p1::random_get(m, c, bad, 2));
    faults("random_get length", |m, c, _| p1::random_get(m, c, 1, u32::MAX));
}

#[test]
fn descriptors() {
    faults("fd_fdstat_get", |m, c, bad| p1::fd_fdstat_get(m, c, FILE, bad));
    faults("fd_filestat_get", |m, c, bad| p1::fd_filestat_get(m, c, FILE, bad));
    faults("fd_prestat_get", |m, c, bad| p1::fd_prestat_get(m, c, DIR, bad));
    faults("fd_prestat_dir_name", |m, c, bad| p1::fd_prestat_dir_name(m, c, DIR, bad, 8));
    faults("fd_seek", |m, c, bad| p1::fd_seek(m, c, FILE, 0, 0, bad));
    faults("fd_tell", |m, c, bad| p1::fd_tell(m, c, FILE, bad));
    faults("fd_readdir buffer", |m, c, bad| p1::fd_readdir(m, c, DIR, bad, 64, 0, 64));
    faults("fd_readdir used", |m, c, bad| p1::fd_readdir(m, c, DIR, 128, 64, 0, bad));
    let (used, len) = (0, MEMORY - 4);
    faults("fd_readdir len", |m, c, _| p1::fd_readdir(m, c, DIR, 8, len, 0, used));
}

#[test]
fn transfers() {
    for fd in [0, FILE] {
        faults("fd_read vector", |m, c, bad| p1::fd_read(m, c, fd, bad, 1, 64));
        faults("fd_read result", |m, c, bad| p1::fd_read(m, c, fd, 16, 1, bad));
        faults("fd_read count", |m, c, _| p1::fd_read(m, c, fd, 16, u32::MAX, 64));
    }
    for fd in [1, FILE] {
        faults("fd_write vector", |m, c, bad| p1::fd_write(m, c, fd, bad, 1, 64));
        faults("fd_write result", |m, c, bad| p1::fd_write(m, c, fd, 16, 1, bad));
        faults("fd_write count", |m, c, _| p1::fd_write(m, c, fd, 16, u32::MAX, 64));
    }
    // One bad buffer behind a good one, by its address or its length.
    for at in [MEMORY - 7, MEMORY, u32::MAX] {
        for fd in [0, FILE] {
            faults("fd_read buffer", |m, c, _| p1::fd_read(m, c, fd, buffers(at, 8), 2, 64));
        }
        for fd in [1, FILE] {
            faults("fd_write buffer", |m, c, _| p1::fd_write(m, c, fd, buffers(at, 8), 2, 64));
        }
        faults("fd_pread", |m, c, _| p1::fd_pread(m, c, FILE, buffers(at, 8), 2, 0, 64));
        faults("fd_pwrite", |m, c, _| p1::fd_pwrite(m, c, FILE, buffers(at, 8), 2, 0, 64));
    }
    for len in [MEMORY, u32::MAX, u32::MAX - 31] {
        faults("fd_read len", |m, c, _| p1::fd_read(m, c, FILE, buffers(32, len), 2, 64));
        faults("fd_write len", |m, c, _| p1::fd_write(m, c, FILE, buffers(32, len), 2, 64));
    }
    faults("fd_pread vector", |m, c, bad| p1::fd_pread(m, c, FILE, bad, 1, 0, 64));
    faults("fd_pread result", |m, c, bad| p1::fd_pread(m, c, FILE, 16, 1, 0, bad));
    faults("fd_pwrite vector", |m, c, bad| p1::fd_pwrite(m, c, FILE, bad, 1, 0, 64));
    faults("fd_pwrite result", |m, c, bad| p1::fd_pwrite(m, c, FILE, 16, 1, 0, bad));
}

#[test]
fn paths() {
    faults("path_open path", |m, c, bad| p1::path_open(m, c, DIR, 0, bad, 4, 1, 2, 0, 0, 64));
    faults("path_open result", |m, c, bad| p1::path_open(m, c, DIR, 0, 0, 4, 8, 2, 0, 0, bad));
    faults("path_filestat_get", |m, c, bad| p1::path_filestat_get(m, c, DIR, 0, bad, 4, 64));
    faults("path_filestat_get result", |m, c, bad| p1::path_filestat_get(m, c, DIR, 0, 0, 4, bad));
    faults("path_filestat_set_times", |m, c, bad| {
        p1::path_filestat_set_times(m, c, DIR, 0, bad, 4, 0, 0, 1)
    });
    faults("path_create_directory", |m, c, bad| p1::path_create_directory(m, c, DIR, bad, 4));
    faults("path_remove_directory", |m, c, bad| p1::path_remove_directory(m, c, DIR, bad, 4));
    faults("path_unlink_file", |m, c, bad| p1::path_unlink_file(m, c, DIR, bad, 4));
    faults("path_link old", |m, c, bad| p1::path_link(m, c, DIR, 0, bad, 4, DIR, 1, 2));
    faults("path_link new", |m, c, bad| p1::path_link(m, c, DIR, 0, 0, 4, DIR, bad, 2));
    faults("path_rename old", |m, c, bad| p1::path_rename(m, c, DIR, bad, 4, DIR, 1, 2));
    faults("path_rename new", |m, c, bad| p1::path_rename(m, c, DIR, 0, 4, DIR, bad, 2));
    faults("path_symlink target", |m, c, bad| p1::path_symlink(m, c, bad, 4, DIR, 1, 2));
    faults("path_symlink path", |m, c, bad| p1::path_symlink(m, c, 0, 4, DIR, bad, 2));
    faults("path_readlink path", |m, c, bad| p1::path_readlink(m, c, DIR, bad, 4, 64, 8, 96));
    faults("path_readlink buffer", |m, c, bad| p1::path_readlink(m, c, DIR, 8, 4, bad, 8, 96));
    faults("path_readlink used", |m, c, bad| p1::path_readlink(m, c, DIR, 8, 4, 64, 8, bad));
}

#[test]
fn subscriptions() {
    faults("poll_oneoff in", |m, c, bad| p1::poll_oneoff(m, c, bad, 256, 1, 512));
    faults("poll_oneoff out", |m, c, bad| p1::poll_oneoff(m, c, 64, bad, 1, 512));
    faults("poll_oneoff count", |m, c, bad| p1::poll_oneoff(m, c, 64, 256, 1, bad));
    faults("poll_oneoff many", |m, c, _| p1::poll_oneoff(m, c, 64, 256, 16 * 1024, 512));
    let mut guest = Guest::new(WasiCtxBuilder::new().build());
    for count in [0, 16 * 1024 + 1, u32::MAX] {
        let Guest { memory, ctx, .. } = &mut guest;
        assert_eq!(p1::poll_oneoff(memory, ctx, 64, 256, count, 512), Err(Errno::Inval));
    }
}

#[test]
fn the_last_byte_of_memory_can_be_used() {
    let mut guest = Guest::new(WasiCtxBuilder::new().arg("x").build());
    let len = u32::try_from(guest.memory.len()).unwrap();
    let Guest { memory, ctx, .. } = &mut guest;
    p1::args_get(memory, ctx, 0, len - 2).unwrap();
    assert_eq!(p1::args_get(memory, ctx, 0, len - 1), Err(Errno::Fault));
    p1::clock_time_get(memory, ctx, 0, 0, len - 8).unwrap();
    p1::random_get(memory, ctx, len, 0).unwrap();
    p1::random_get(memory, ctx, 0, len).unwrap();
}

#[test]
fn huge_vectors_make_short_transfers() {
    let output = OutputPipe::new();
    let mut guest = Guest::new(WasiCtxBuilder::new().stdout(output.clone()).build());
    // 4000 buffers of one byte, all the same one.
    for record in guest.memory[8..8 + 4000 * 8].chunks_exact_mut(8) {
        record[4] = 1;
    }
    let Guest { memory, ctx, .. } = &mut guest;
    memory[0] = b'x';
    p1::fd_write(memory, ctx, 1, 8, 4000, 40_000).unwrap();
    let written = guest.u32_at(40_000);
    assert!((1..=4000).contains(&written), "{written}");
    assert_eq!(output.contents().len(), usize::try_from(written).unwrap());
}

/// Each byte range may be written many times over; the sum must not overflow anything.
#[test]
fn overlapping_buffers_are_no_trouble() {
    let temp = TempDir::new();
    fs::write(temp.join("file"), "0123456789").unwrap();
    let mut guest = Guest::with_dir(temp.path(), PathResolution::Kernel);
    let fd = guest.open("file").unwrap();
    for index in 0..4 {
        let record = [100u32 + index, 4].map(u32::to_le_bytes).concat();
        guest.put(8 * index, &record);
    }
    let Guest { memory, ctx, .. } = &mut guest;
    p1::fd_read(memory, ctx, fd, 0, 4, 200).unwrap();
    let len = guest.u32_at(200);
    assert!((1..=10).contains(&len), "{len}");
    assert_eq!(&guest.memory[100..104], b"0123");
    let mut guest = Guest::new(WasiCtxBuilder::new().build());
    let whole = u32::try_from(guest.memory.len()).unwrap();
    for index in 0..1000 {
        let record = [0u32, whole].map(u32::to_le_bytes).concat();
        guest.put(8 * index, &record);
    }
    let Guest { memory, ctx, .. } = &mut guest;
    p1::fd_write(memory, ctx, 1, 0, 1000, 60_000).unwrap();
}

#[test]
fn strings_are_checked() {
    let temp = TempDir::new();
    let mut guest = Guest::with_dir(temp.path(), PathResolution::Kernel);
    assert_eq!(guest.open("a\0b"), Err(Errno::Inval));
    assert_eq!(guest.open(&"a".repeat(5000)), Err(Errno::NameTooLong));
    assert_eq!(guest.open(&"a".repeat(300)), Err(Errno::NameTooLong));
    let (at, len) = guest.put(0, b"\xff\xfe");
    let Guest { memory, ctx, .. } = &mut guest;
    assert_eq!(p1::path_create_directory(memory, ctx, DIR, at, len), Err(Errno::Ilseq));
}

#[test]
fn unknown_flags_are_refused() {
    let temp = TempDir::new();
    let mut guest = Guest::with_dir(temp.path(), PathResolution::Kernel);
    guest.put(0, b"file");
    let fd = guest.create("file").unwrap();
    guest.put(0, b"file");
    let Guest { memory: m, ctx: c, .. } = &mut guest;
    let inval = Err(Errno::Inval);
    assert_eq!(p1::path_open(m, c, DIR, 2, 0, 4, 0, 2, 0, 0, 64), inval);
    assert_eq!(p1::path_open(m, c, DIR, 0, 0, 4, 16, 2, 0, 0, 64), inval);
    assert_eq!(p1::path_open(m, c, DIR, 0, 0, 4, 0, 2, 0, 32, 64), inval);
    assert_eq!(p1::path_open(m, c, DIR, 0, 0, 4, 3, 2, 0, 0, 64), inval);
    assert_eq!(p1::path_filestat_get(m, c, DIR, 2, 0, 4, 64), inval);
    assert_eq!(p1::fd_seek(m, c, fd, 0, 3, 64), inval);
    assert_eq!(p1::fd_seek(m, c, fd, -1, 0, 64), inval);
    assert_eq!(p1::fd_advise(m, c, fd, 0, 0, 6), inval);
    assert_eq!(p1::fd_fdstat_set_flags(m, c, fd, 32), inval);
    assert_eq!(p1::fd_filestat_set_times(m, c, fd, 0, 0, 16), inval);
    assert_eq!(p1::fd_filestat_set_times(m, c, fd, 0, 0, 3), inval);
    assert_eq!(p1::clock_time_get(m, c, 4, 0, 64), inval);
    assert_eq!(p1::fd_pread(m, c, fd, 16, 0, u64::MAX, 64), inval);
    assert_eq!(p1::fd_pwrite(m, c, fd, 16, 0, 1 << 63, 64), inval);
    assert_eq!(p1::fd_allocate(m, c, fd, u64::MAX, 1), inval);
    assert_eq!(p1::fd_filestat_set_size(m, c, fd, u64::MAX), Err(Errno::Fbig));
    assert_eq!(p1::fd_readdir(m, c, DIR, 0, 64, u64::MAX, 512), inval);
}

#[test]
fn closed_descriptors_are_refused() {
    for fd in [4, 1000, u32::MAX] {
        let temp = TempDir::new();
        let mut guest = Guest::with_dir(temp.path(), PathResolution::Kernel);
        let Guest { memory: m, ctx: c, .. } = &mut guest;
        let badf = Err(Errno::Badf);
        assert_eq!(p1::fd_close(m, c, fd), badf);
        assert_eq!(p1::fd_read(m, c, fd, 0, 0, 64), badf);
        assert_eq!(p1::fd_write(m, c, fd, 0, 0, 64), badf);
        assert_eq!(p1::fd_pread(m, c, fd, 0, 0, 0, 64), badf);
        assert_eq!(p1::fd_pwrite(m, c, fd, 0, 0, 0, 64), badf);
        assert_eq!(p1::fd_seek(m, c, fd, 0, 0, 64), badf);
        assert_eq!(p1::fd_tell(m, c, fd, 64), badf);
        assert_eq!(p1::fd_sync(m, c, fd), badf);
        assert_eq!(p1::fd_datasync(m, c, fd), badf);
        assert_eq!(p1::fd_advise(m, c, fd, 0, 0, 0), badf);
        assert_eq!(p1::fd_allocate(m, c, fd, 0, 1), badf);
        assert_eq!(p1::fd_fdstat_get(m, c, fd, 64), badf);
        assert_eq!(p1::fd_fdstat_set_flags(m, c, fd, 0), badf);
        assert_eq!(p1::fd_fdstat_set_rights(m, c, fd, 0, 0), badf);
        assert_eq!(p1::fd_filestat_get(m, c, fd, 64), badf);
        assert_eq!(p1::fd_filestat_set_size(m, c, fd, 0), badf);
        assert_eq!(p1::fd_filestat_set_times(m, c, fd, 0, 0, 1), badf);
        assert_eq!(p1::fd_prestat_get(m, c, fd, 64), badf);
        assert_eq!(p1::fd_prestat_dir_name(m, c, fd, 64, 8), badf);
        assert_eq!(p1::fd_readdir(m, c, fd, 0, 64, 0, 512), badf);
        assert_eq!(p1::fd_renumber(m, c, fd, DIR), badf);
        assert_eq!(p1::fd_renumber(m, c, DIR, fd), badf);
        assert_eq!(p1::path_create_directory(m, c, fd, 0, 0), badf);
        assert_eq!(p1::sock_accept(m, c, fd, 0, 64), badf);
        assert_eq!(p1::sock_recv(m, c, fd, 0, 0, 0, 64, 64), badf);
        assert_eq!(p1::sock_send(m, c, fd, 0, 0, 0, 64), badf);
        assert_eq!(p1::sock_shutdown(m, c, fd, 0), badf);
        assert_eq!(p1::fd_fdstat_get(m, c, DIR, 64), Ok(()));
    }
}
