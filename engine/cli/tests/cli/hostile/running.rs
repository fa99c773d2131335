//! Programs that use up what they get, and calls that do not fit.

use super::encode::{import, module, program, section, with_start};
use super::{attack, survives, traps};
use crate::support::Folder;

#[test]
fn recursion_without_end() {
    traps("direct", &program(b"\0", b"\x10\0"), "call stack exhausted");
    // (call_indirect (i32.const 0)) of itself.
    let before =
        [section(1, b"\x01\x60\0\0"), section(3, b"\x01\0"), section(4, b"\x01\x70\0\x01")];
    let elements = section(9, b"\x01\0\x41\0\x0b\x01\0");
    let indirect = with_start(&before, &[elements], b"\0", b"\x41\0\x11\0\0");
    traps("indirect", &indirect, "call stack exhausted");
    let started = module(&[
        section(1, b"\x01\x60\0\0"),
        section(3, b"\x01\0"),
        section(7, b"\x01\x06_start\0\0"),
        section(8, b"\0"),
        section(10, b"\x01\x04\0\x10\0\x0b"),
    ]);
    traps("start", &started, "call stack exhausted");
}

#[test]
fn segments_outside() {
    let before =
        [section(1, b"\x01\x60\0\0"), section(3, b"\x01\0"), section(4, b"\x01\x70\0\x01")];
    let elements = section(9, b"\x01\0\x41\x7f\x0b\x01\0");
    traps("element", &with_start(&before, &[elements], b"\0", b""), "out of bounds table access");
}

#[test]
fn a_host_function_gets_bad_pointers() {
    // (fd_write 1 -1 -1 -1), without a memory and with one.
    let types = section(1, b"\x02\x60\0\0\x60\x04\x7f\x7f\x7f\x7f\x01\x7f");
    let write = import(b"wasi_snapshot_preview1", b"fd_write", b"\0\x01");
    let code = section(10, b"\x01\x0e\0\x41\x01\x41\x7f\x41\x7f\x41\x7f\x10\0\x1a\x0b");
    for (name, memory, exports) in [
        ("no-memory", Vec::new(), &b"\x01\x06_start\0\x01"[..]),
        ("memory", section(5, b"\x01\0\x01"), b"\x02\x06_start\0\x01\x06memory\x02\0"),
    ] {
        let sections = [
            types.clone(),
            write.clone(),
            section(3, b"\x01\0"),
            memory,
            section(7, exports),
            code.clone(),
        ];
        survives(name, &module(&sections));
    }
}

#[test]
fn a_memory_that_grows_without_end() {
    // (loop (br_if 0 (i32.ge_s (memory.grow (i32.const 1024)) (i32.const 0))))
    let before = [section(1, b"\x01\x60\0\0"), section(3, b"\x01\0"), section(5, b"\x01\0\0")];
    let grow = b"\x03\x40\x41\x80\x08\x40\0\x41\0\x4e\x0d\0\x0b";
    survives("grow", &with_start(&before, &[], b"\0", grow));
}

#[test]
fn a_stack_of_any_size() {
    let folder = Folder::new("hostile-stack");
    let recursion = folder.file("recursion.wasm", program(b"\0", b"\x10\0"));
    let nothing = folder.file("nothing.wasm", program(b"\0", b""));
    for bytes in ["0", "1", "4096", "1073741824"] {
        let setting = format!("max-wasm-stack={bytes}");
        super::ended_well(&attack(&["-W", &setting, &nothing]));
    }
    for bytes in ["0", "1", "4096"] {
        let setting = format!("max-wasm-stack={bytes}");
        assert!(attack(&["-W", &setting, &recursion]).trap().0.ends_with("call stack exhausted"));
    }
    let outcome = attack(&["-W", "max-wasm-stack=18446744073709551615", &nothing]);
    assert!(outcome.error().contains("a stack of"), "{}", outcome.error());
}

#[test]
fn wrong_calls() {
    let file = Folder::new("hostile-calls").file("module.wasm", program(b"\0", b""));
    let long = "9".repeat(100_000);
    for arguments in [
        &["--invoke", "absent", &file][..],
        &["--invoke", "", &file],
        &["--invoke", "_start", &file, "1"],
        &["--invoke", &long, &file],
        &["--invoke", "_start", &file, &long],
        &["-W", &format!("max-memory-size={long}"), &file],
        &["--preload", &format!("x={file}"), "--preload", &format!("x={file}"), &file],
        &["--dir", &file, &file],
        &["--tier", "\n", &file],
    ] {
        assert!(!attack(arguments).error().is_empty());
    }
}
