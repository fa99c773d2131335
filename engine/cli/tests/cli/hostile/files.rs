//! Files that are no modules, and arguments that fit none.

use super::{attack, refused};
use crate::support::Folder;

#[test]
fn no_file() {
    assert!(attack(&["absent.wasm"]).error().starts_with("cannot read `absent.wasm`: "));
    assert!(attack(&["\n\x1b[2J"]).error().starts_with("cannot read `\\n\\u{1b}[2J`: "));
    assert!(attack(&["x.wasm/"]).error().starts_with("cannot read `x.wasm/`: "));
    assert!(attack(&["--", ""]).error().starts_with("cannot read ``: "));
}

#[test]
fn a_directory() {
    let folder = Folder::new("hostile-directory");
    for arguments in [&[folder.path()][..], &["validate", folder.path()], &["wast", folder.path()]]
    {
        assert!(attack(arguments).error().contains("Is a directory"));
    }
}

#[test]
fn devices() {
    for device in ["/dev/null", "/dev/zero", "/dev/full"] {
        for command in ["run", "validate"] {
            assert!(!attack(&[command, device]).error().is_empty());
        }
    }
}

#[test]
fn nothing_in_it() {
    refused("empty", b"", "the input is empty");
    let file = Folder::new("hostile-blank").file("blank.wat", " \n");
    assert!(!attack(&[&file]).error().is_empty());
}

#[test]
fn other_formats() {
    let program = std::fs::read(env!("CARGO_BIN_EXE_wasmtier")).expect("it can be read");
    refused("elf", &program, "native (ELF) program");
    refused("component", b"\0asm\x0d\0\x01\0", "component");
    refused("zip", b"PK\x03\x04rest", "zip");
    refused("garbage", b"Lorem ipsum dolor sit amet", "not a WebAssembly module");
    refused("version", b"\0asm\x02\0\0\0", "version");
}

#[test]
fn bad_text() {
    let folder = Folder::new("hostile-text");
    let parentheses = "(".repeat(100_000);
    let nested = format!("(module (func {}))", "(block ".repeat(100_000));
    let cases: [(&str, &[u8]); 7] = [
        ("garbage.wat", b"Lorem ipsum"),
        ("binary.wat", b"(module \xff\xfe)"),
        ("string.wat", b"(module \"unclosed"),
        ("comment.wat", b"(; (; (module)"),
        ("control.wat", b"(module \x1b[2J\n\n)"),
        ("parentheses.wat", parentheses.as_bytes()),
        ("nested.wat", nested.as_bytes()),
    ];
    for (name, text) in cases {
        let outcome = attack(&[&folder.file(name, text)]);
        assert!(outcome.error().contains(name), "{}", outcome.error());
    }
}

#[test]
fn a_sparse_file_without_end() {
    let folder = Folder::new("hostile-sparse");
    for (name, beginning) in
        [("zeros", &b""[..]), ("module.wasm", b"\0asm\x01\0\0\0"), ("x.wat", b"(")]
    {
        let path = folder.file(name, beginning);
        let file = std::fs::OpenOptions::new().write(true).open(&path).expect("it can be written");
        if file.set_len(1 << 42).is_ok() {
            assert!(!attack(&[&path]).error().is_empty());
        }
    }
}
