//! Standard streams that end, or whose other end is gone.

use std::fs::File;
use std::io::Write;
use std::process::Stdio;

use crate::support::{Folder, ORDINARY, command, run};

const IMPORTS: &str = r#"
    (import "wasi_snapshot_preview1" "fd_read"
        (func $read (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_write"
        (func $write (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "poll_oneoff"
        (func $poll (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (memory (export "memory") 1)
    ;; A vector of one buffer: 16 bytes at 4096.
    (data (i32.const 8) "\00\10\00\00\10\00\00\00")"#;

/// Writes until that fails, and exits with the error number.
const WRITER: &str = r#"
    (func (export "_start")
        (local $errno i32)
        (loop $more
            (local.set $errno (call $write
                (i32.const 1) (i32.const 8) (i32.const 1) (i32.const 0)))
            (br_if $more (i32.eqz (local.get $errno))))
        (call $exit (local.get $errno)))"#;

/// Reads until there is no more, and exits with the number of bytes, or 200 more than the error.
const READER: &str = r#"
    (func (export "_start")
        (local $errno i32) (local $sum i32)
        (loop $more
            (local.set $errno (call $read
                (i32.const 0) (i32.const 8) (i32.const 1) (i32.const 0)))
            (if (local.get $errno)
                (then (call $exit (i32.add (i32.const 200) (local.get $errno)))))
            (local.set $sum (i32.add (local.get $sum) (i32.load (i32.const 0))))
            (br_if $more (i32.load (i32.const 0))))
        (call $exit (local.get $sum)))"#;

/// Waits for input and for a moment that never comes, and exits with 100 times the number of
/// events, ten times whether the first is the end of input, and its error.
const WAITER: &str = r#"
    (data (i32.const 256) "\01")
    (data (i32.const 264) "\01")
    (data (i32.const 304) "\02")
    (data (i32.const 320) "\01\00\00\00\00\00\00\00\ff\ff\ff\ff\ff\ff\ff\7f")
    (func (export "_start")
        (drop (call $poll (i32.const 256) (i32.const 512) (i32.const 2) (i32.const 0)))
        (call $exit (i32.add
            (i32.add (i32.mul (i32.const 100) (i32.load (i32.const 0)))
                (i32.mul (i32.const 10) (i32.load16_u (i32.const 536))))
            (i32.load16_u (i32.const 520)))))"#;

fn program(folder: &Folder, body: &str) -> String {
    folder.file("program.wat", format!("(module {IMPORTS} {body})"))
}

/// Nobody reads: that is error 64, `pipe`, and no signal ends the process.
#[test]
fn nobody_reads() {
    let folder = Folder::new("streams-writer");
    let (reader, writer) = std::io::pipe().expect("there is room for a pipe");
    drop(reader);
    let status = command().arg(program(&folder, WRITER)).stdout(writer).status();
    assert_eq!(status.expect("it starts").code(), Some(64));
    if let Ok(full) = File::options().write(true).open("/dev/full") {
        let status = command().arg(program(&folder, WRITER)).stdout(full).status();
        assert_eq!(status.expect("it starts").code(), Some(51), "`nospc`");
    }
}

#[test]
fn input_ends() {
    let folder = Folder::new("streams-reader");
    let file = program(&folder, READER);
    let from = |stdin: Stdio| run(command().arg(&file).stdin(stdin), ORDINARY).status;
    assert_eq!(from(Stdio::null()), Some(0));
    let (reader, mut writer) = std::io::pipe().expect("there is room for a pipe");
    writer.write_all(&[b'x'; 100]).expect("it takes that much");
    drop(writer);
    assert_eq!(from(reader.into()), Some(100));
    let folder = File::open(folder.path()).expect("the folder is there");
    assert_eq!(from(folder.into()), Some(231), "`isdir`");
}

#[test]
fn the_end_of_input_ends_a_wait() {
    let folder = Folder::new("streams-waiter");
    let file = program(&folder, WAITER);
    let from = |stdin: Stdio| run(command().arg(&file).stdin(stdin), ORDINARY).status;
    let (reader, writer) = std::io::pipe().expect("there is room for a pipe");
    drop(writer);
    assert_eq!(from(reader.into()), Some(110));
    let (reader, mut writer) = std::io::pipe().expect("there is room for a pipe");
    writer.write_all(b"x").expect("it takes that much");
    assert_eq!(from(reader.into()), Some(100), "there is input, and may come more");
    drop(writer);
    assert_eq!(from(Stdio::null()), Some(100));
}
