//! Guests whose memory other threads use too: bytes are copied there, not borrowed.
//!
//! Invariant: it all comes to the same as in a memory of one's own, but that long transfers are
//! done in parts.

use std::fs;
use std::thread;

use wasmtier::{Engine, Linker, MemoryType, Module, SharedMemory, Store};
use wasmtier_wasi::{Errno, GuestMemory, OutputPipe, WasiCtx, WasiCtxBuilder, add_to_linker};
use wasmtier_wasi::{Rights, preview1 as p1};

use crate::guest::{DIR, TempDir};
use crate::interface::imports;

/// Bytes that cannot be borrowed.
pub(crate) struct Copied(pub(crate) Vec<u8>);

impl GuestMemory for Copied {
    fn size(&self) -> usize {
        self.0.size()
    }

    fn read(&self, at: usize, to: &mut [u8]) -> Result<(), Errno> {
        self.0.read(at, to)
    }

    fn write(&mut self, at: usize, from: &[u8]) -> Result<(), Errno> {
        self.0.write(at, from)
    }

    fn bytes(&self) -> Option<&[u8]> {
        None
    }

    fn bytes_mut(&mut self) -> Option<&mut [u8]> {
        None
    }
}

/// A memory of 64 KiB with `file` at 0, `link` at 8, `made` at 16, and vectors of four buffers, one
/// of them empty, at 32: 3 bytes at 100, none at 200, 4 bytes at 300, 5 bytes at 90.
fn prepared() -> Vec<u8> {
    let mut memory = vec![0xee; 64 << 10];
    for (at, name) in [(0, b"file"), (8, b"link"), (16, b"made")] {
        memory[at..at + 4].copy_from_slice(name);
    }
    let buffers = [100u32, 3, 200, 0, 300, 4, 90, 5];
    memory[32..64].copy_from_slice(&buffers.map(u32::to_le_bytes).concat());
    memory
}

/// Calls what reads or writes more than a word of `memory`, in a directory with `file` and `link`.
/// Streams of the host's making take one buffer at a time, so they get one.
fn use_everything(memory: &mut dyn GuestMemory) -> Vec<Result<(), Errno>> {
    let temp = TempDir::new();
    fs::write(temp.join("file"), "0123456789abcdef").unwrap();
    std::os::unix::fs::symlink("file", temp.join("link")).unwrap();
    let output = OutputPipe::new();
    let mut builder = WasiCtxBuilder::new();
    builder.arg("program").arg("argument").env("NAME", "value").stdin(&b"some input"[..]);
    builder.stdout(output.clone()).preopened_dir(temp.path(), "/dir").unwrap();
    let (m, c) = (memory, &mut builder.build());
    let rights = (Rights::FD_READ | Rights::FD_WRITE).bits();
    let mut results = vec![
        p1::args_sizes_get(m, c, 400, 404),
        p1::args_get(m, c, 408, 500),
        p1::environ_get(m, c, 420, 600),
        p1::fd_prestat_dir_name(m, c, DIR, 700, 4),
        p1::fd_read(m, c, 0, 32, 1, 704),
        p1::fd_write(m, c, 1, 32, 1, 708),
        p1::fd_read(m, c, 0, 32, 1, 712),
        p1::path_open(m, c, DIR, 1, 0, 4, 0, rights, 0, 0, 716),
        p1::fd_read(m, c, 4, 32, 3, 720),
        p1::fd_pread(m, c, 4, 32, 4, 8, 724),
        p1::fd_pwrite(m, c, 4, 32, 4, 2, 728),
        p1::fd_pread(m, c, 4, 32, 4, 0, 732),
        p1::path_readlink(m, c, DIR, 8, 4, 740, 100, 736),
        p1::path_symlink(m, c, 0, 4, DIR, 16, 4),
        p1::path_rename(m, c, DIR, 16, 4, DIR, 8, 4),
        p1::path_filestat_get(m, c, DIR, 0, 16, 4, 800),
        p1::path_open(m, c, DIR, 1, 0, 5, 0, rights, 0, 0, 716),
        p1::path_unlink_file(m, c, DIR, 65534, 4),
        p1::fd_read(m, c, 0, 65520, 3, 720),
        p1::fd_write(m, c, 1, 65532, 1, 708),
        p1::fd_write(m, c, 1, 32, u32::MAX, 708),
        p1::fd_readdir(m, c, DIR, 65000, 600, 0, 720),
    ];
    assert_eq!(output.contents(), b"som");
    let written = fs::read(temp.join("file")).unwrap();
    assert_eq!(m.write(2000, &written), Ok(()));
    assert_eq!(fs::read_link(temp.join("link")).unwrap().as_os_str(), "file");
    // Which inodes there are is by chance: only how many bytes are listed.
    results.push(p1::fd_readdir(m, c, DIR, 30000, 1000, 0, 2100));
    assert_eq!(m.write(30000, &[0; 1000]), Ok(()));
    results
}

#[test]
fn copies_come_to_the_same() {
    let (mut own, mut copied) = (prepared(), Copied(prepared()));
    assert_eq!(use_everything(&mut own), use_everything(&mut copied));
    let differs = own.iter().zip(&copied.0).position(|(a, b)| a != b);
    assert_eq!(differs, None);
    // What was there before is not there any more: the calls did something.
    assert_eq!(own[704..712], [3, 0, 0, 0, 3, 0, 0, 0]);
    assert_eq!(own[716..724], [4, 0, 0, 0, 7, 0, 0, 0]);
}

#[test]
fn random_bytes_fill_their_place_and_no_more() {
    let mut memory = Copied(vec![0; 200_000]);
    let ctx = &mut WasiCtxBuilder::new().build();
    assert_eq!(p1::random_get(&mut memory, ctx, 7, 150_000), Ok(()));
    assert!(memory.0[..7].iter().chain(&memory.0[150_007..]).all(|&byte| byte == 0));
    assert!(memory.0[7..150_007].chunks(1000).all(|chunk| chunk.iter().any(|&byte| byte != 0)));
    assert_eq!(p1::random_get(&mut memory, ctx, 7, 199_994), Err(Errno::Fault));
    assert_eq!(p1::random_get(&mut memory, ctx, 200_000, 0), Ok(()));
}

#[test]
fn long_transfers_are_done_in_parts() {
    let output = OutputPipe::new();
    let ctx = &mut WasiCtxBuilder::new().stdout(output.clone()).build();
    let mut memory = Copied(vec![b'x'; 1 << 20]);
    memory.0[..16].copy_from_slice(&[64u32, 300_000, 400_000, 5].map(u32::to_le_bytes).concat());
    assert_eq!(p1::fd_write(&mut memory, ctx, 1, 0, 2, 32), Ok(()));
    let part = output.contents().len();
    assert_eq!(memory.0[32..36], u32::try_from(part).unwrap().to_le_bytes());
    assert!(0 < part && part < 300_005, "{part} bytes at once");
}

/// Two guests in one memory, each with its own output, while each changes the other's buffers.
#[test]
fn guests_share_a_memory() {
    let engine = Engine::default();
    let body = r#"
        (import "env" "memory" (memory 1 2 shared))
        (export "memory" (memory 0))
        (func (export "run") (param $mine i32) (param $theirs i32) (local $left i32)
            ;; A vector at `mine`, its text of 8 bytes behind it.
            (i32.store (local.get $mine) (i32.add (local.get $mine) (i32.const 16)))
            (i32.store offset=4 (local.get $mine) (i32.const 8))
            (local.set $left (i32.const 200))
            (loop $more
                (i32.store8 offset=22 (local.get $theirs) (local.get $left))
                (drop (call $fd_write (i32.const 1) (local.get $mine) (i32.const 1)
                    (i32.add (local.get $mine) (i32.const 8))))
                (if (i32.ne (i32.load offset=8 (local.get $mine)) (i32.const 8))
                    (then (unreachable)))
                (drop (call $random_get
                    (i32.add (local.get $mine) (i32.const 64)) (i32.const 1000)))
                (br_if $more (local.tee $left (i32.sub (local.get $left) (i32.const 1))))))"#;
    // Imports of functions come first in the text.
    let wasm = wat::parse_str(format!("(module {} {body})", imports())).unwrap();
    let module = Module::new(&engine, &wasm).unwrap();
    let memory = SharedMemory::new(&engine, MemoryType::shared(1, 2)).unwrap();
    memory.write(16, b"first!.\n").unwrap();
    memory.write(4096 + 16, b"second.\n").unwrap();
    let run = |mine: i32, theirs: i32| {
        let output = OutputPipe::new();
        let ctx = WasiCtxBuilder::new().stdout(output.clone()).build();
        let mut store = Store::new(&engine, ctx);
        let mut linker = Linker::new(&engine);
        add_to_linker(&mut linker, |ctx: &mut WasiCtx| ctx).unwrap();
        linker.define(&store, "env", "memory", memory.clone()).unwrap();
        let instance = linker.instantiate(&mut store, &module).unwrap();
        let run = instance.get_typed_func::<(i32, i32), ()>(&mut store, "run").unwrap();
        run.call(&mut store, (mine, theirs)).unwrap();
        output.contents()
    };
    let (first, second) = thread::scope(|scope| {
        let first = scope.spawn(|| run(0, 4096));
        let second = scope.spawn(|| run(4096, 0));
        (first.join().unwrap(), second.join().unwrap())
    });
    for (contents, start) in [(first, b"first!"), (second, b"second")] {
        assert_eq!(contents.len(), 200 * 8);
        assert!(contents.chunks(8).all(|text| text.starts_with(start) && text[7] == b'\n'));
    }
}
