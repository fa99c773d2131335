//! Arguments, environment, standard streams, clocks, random bytes and the end of a guest.

use std::ffi::OsStr;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;

use wasmtier_wasi::{Errno, I32Exit, OutputPipe, WasiCtxBuilder, preview1};

use crate::guest::{Guest, OUT};

#[test]
fn arguments_are_written_as_c_strings() {
    let mut builder = WasiCtxBuilder::new();
    builder.arg("prog").args(["", "ü"]).arg(OsStr::from_bytes(b"\xff\0cut"));
    let mut guest = Guest::new(builder.build());
    let Guest { memory, ctx, .. } = &mut guest;
    preview1::args_sizes_get(memory, ctx, 0, 4).unwrap();
    assert_eq!((guest.u32_at(0), guest.u32_at(4)), (4, 5 + 1 + 3 + 2));
    let Guest { memory, ctx, .. } = &mut guest;
    preview1::args_get(memory, ctx, 16, 100).unwrap();
    assert_eq!(&guest.memory[100..111], b"prog\0\0\xc3\xbc\0\xff\0");
    assert_eq!([16, 20, 24, 28].map(|at| guest.u32_at(at)), [100, 105, 106, 109]);
}

#[test]
fn a_later_variable_replaces_an_earlier_one() {
    let mut builder = WasiCtxBuilder::new();
    builder.env("A", "1").envs([("AB", "2"), ("C", "x=y")]).env("A", "3");
    let mut guest = Guest::new(builder.build());
    let Guest { memory, ctx, .. } = &mut guest;
    preview1::environ_sizes_get(memory, ctx, 0, 4).unwrap();
    preview1::environ_get(memory, ctx, 16, 100).unwrap();
    assert_eq!((guest.u32_at(0), guest.u32_at(4)), (3, 15));
    assert_eq!(&guest.memory[100..115], b"AB=2\0C=x=y\0A=3\0"[..15].as_ref());
}

#[test]
fn a_new_context_has_nothing() {
    let mut guest = Guest::new(WasiCtxBuilder::new().build());
    let Guest { memory, ctx, .. } = &mut guest;
    memory.fill(0xff);
    preview1::args_sizes_get(memory, ctx, 0, 4).unwrap();
    preview1::environ_sizes_get(memory, ctx, 8, 12).unwrap();
    assert_eq!([0, 4, 8, 12].map(|at| guest.u32_at(at)), [0; 4]);
    assert_eq!(guest.read(0, 10).unwrap(), b"");
    assert_eq!(guest.write(1, b"lost").unwrap(), 4);
    assert_eq!(guest.open("anything"), Err(Errno::Badf));
}

#[test]
fn streams_lead_to_readers_and_writers() {
    let (out, err) = (OutputPipe::new(), OutputPipe::with_limit(6));
    let mut builder = WasiCtxBuilder::new();
    builder.stdin(&b"some input"[..]).stdout(out.clone()).stderr(err.clone());
    let mut guest = Guest::new(builder.build());
    assert_eq!(guest.read(0, 4).unwrap(), b"some");
    assert_eq!(guest.read(0, 100).unwrap(), b" input");
    assert_eq!(guest.read(0, 100).unwrap(), b"");
    assert_eq!(guest.write(1, b"to stdout"), Ok(9));
    assert_eq!(guest.write(2, b"to stderr"), Ok(6));
    assert_eq!(guest.write(2, b"more"), Err(Errno::NoSpc));
    assert_eq!(out.contents(), b"to stdout");
    assert_eq!(err.contents(), b"to std");
    assert_eq!(guest.write(0, b"x"), Err(Errno::Badf));
    assert_eq!(guest.read(1, 1), Err(Errno::Badf));
}

#[test]
fn errors_of_a_reader_reach_the_guest() {
    struct Failing(io::ErrorKind);
    impl Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(self.0.into())
        }
    }
    for (kind, errno) in [
        (io::ErrorKind::WouldBlock, Errno::Again),
        (io::ErrorKind::BrokenPipe, Errno::Pipe),
        (io::ErrorKind::Other, Errno::Io),
    ] {
        let mut guest = Guest::new(WasiCtxBuilder::new().stdin(Failing(kind)).build());
        assert_eq!(guest.read(0, 1), Err(errno));
    }
}

#[test]
fn a_stream_is_not_a_file() {
    let mut guest = Guest::new(WasiCtxBuilder::new().build());
    let Guest { memory: m, ctx: c, .. } = &mut guest;
    for fd in 0..3 {
        assert_eq!(preview1::fd_seek(m, c, fd, 0, 0, OUT), Err(Errno::Spipe));
        assert_eq!(preview1::fd_filestat_set_size(m, c, fd, 0), Err(Errno::Badf));
        assert_eq!(preview1::fd_prestat_get(m, c, fd, OUT), Err(Errno::Badf));
        assert_eq!(preview1::path_unlink_file(m, c, fd, 0, 0), Err(Errno::NotDir));
        assert_eq!(preview1::sock_shutdown(m, c, fd, 1), Err(Errno::NotSock));
        preview1::fd_fdstat_get(m, c, fd, OUT).unwrap();
        preview1::fd_filestat_get(m, c, fd, OUT).unwrap();
    }
    // The right to read, or to write, and none to seek.
    preview1::fd_fdstat_get(m, c, 0, OUT).unwrap();
    assert_eq!(guest.u64_at(8) & 0b110_0110, 0b10);
    let Guest { memory: m, ctx: c, .. } = &mut guest;
    preview1::fd_fdstat_get(m, c, 1, OUT).unwrap();
    assert_eq!(guest.u64_at(8) & 0b110_0110, 0b100_0000);
}

#[test]
fn streams_can_be_moved_and_closed() {
    let output = OutputPipe::new();
    let mut guest = Guest::new(WasiCtxBuilder::new().stdout(output.clone()).build());
    let Guest { memory: m, ctx: c, .. } = &mut guest;
    preview1::fd_renumber(m, c, 1, 2).unwrap();
    preview1::fd_renumber(m, c, 2, 2).unwrap();
    assert_eq!(guest.write(1, b"gone"), Err(Errno::Badf));
    assert_eq!(guest.write(2, b"here"), Ok(4));
    guest.close(2).unwrap();
    assert_eq!(guest.close(2), Err(Errno::Badf));
    assert_eq!(output.contents(), b"here");
}

#[test]
fn clocks_run() {
    let mut guest = Guest::new(WasiCtxBuilder::new().build());
    let mut time = |id| {
        let Guest { memory, ctx, .. } = &mut guest;
        preview1::clock_time_get(memory, ctx, id, 0, OUT).unwrap();
        guest.u64_at(OUT)
    };
    assert!(time(0) > 1_600_000_000_000_000_000);
    let first = time(1);
    assert!(first < 60_000_000_000, "the monotonic clock starts with the context");
    assert!(time(1) >= first);
    assert!(time(2) > 0 && time(3) > 0);
    for id in 0..4 {
        let Guest { memory, ctx, .. } = &mut guest;
        preview1::clock_res_get(memory, ctx, id, OUT).unwrap();
        assert!((1..1_000_000_000).contains(&guest.u64_at(OUT)));
    }
}

#[test]
fn random_bytes_fill_the_buffer_and_nothing_else() {
    let mut guest = Guest::new(WasiCtxBuilder::new().build());
    let Guest { memory, ctx, .. } = &mut guest;
    preview1::random_get(memory, ctx, 100, 60_000).unwrap();
    assert!(memory[..100].iter().all(|&byte| byte == 0));
    assert!(memory[60_100..].iter().all(|&byte| byte == 0));
    assert!(memory[100..60_100].chunks(64).all(|chunk| chunk.iter().any(|&byte| byte != 0)));
}

#[test]
fn the_end_is_an_error_with_the_status() {
    assert_eq!(preview1::proc_exit(7), I32Exit(7));
    assert_eq!(preview1::proc_exit(u32::MAX), I32Exit(-1));
    let mut guest = Guest::new(WasiCtxBuilder::new().build());
    let Guest { memory, ctx, .. } = &mut guest;
    assert_eq!(preview1::proc_raise(memory, ctx, 6), Err(Errno::NotSup));
    assert_eq!(preview1::sched_yield(memory, ctx), Ok(()));
}
