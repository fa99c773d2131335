//! Modules that break the binary format or the rules of validation.

use super::encode::{import, leb, module, program, section, sized, with_start};
use super::{attack, ended_well, refused};
use crate::support::Folder;

/// A small program with most kinds of sections: it runs and does nothing.
fn sample() -> Vec<u8> {
    let sections = [
        section(1, b"\x02\x60\0\0\x60\x04\x7f\x7f\x7f\x7f\x01\x7f"),
        import(b"wasi_snapshot_preview1", b"fd_write", b"\0\x01"),
        section(3, b"\x01\0"),
        section(4, b"\x01\x70\0\x02"),
        section(5, b"\x01\0\x01"),
        section(6, b"\x01\x7f\x01\x41\x2a\x0b"),
        section(7, b"\x02\x06_start\0\x01\x06memory\x02\0"),
        section(9, b"\x01\0\x41\0\x0b\x01\0"),
        // (if (global.get 0) (then (drop (call 0 (i32.const 1) ...))))
        section(
            10,
            b"\x01\x15\x01\x02\x7f\x23\0\x04\x40\x41\x01\x41\0\x41\0\x41\x08\x10\0\x1a\x0b\x0b\x0b",
        ),
    ];
    module(&sections)
}

/// Deterministic noise.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

#[test]
fn truncated_everywhere() {
    let bytes = sample();
    let folder = Folder::new("hostile-truncated");
    for length in 1..bytes.len() {
        let outcome = attack(&[&folder.file("module.wasm", &bytes[..length])]);
        assert!(!outcome.error().is_empty(), "{length} bytes");
    }
}

#[test]
fn random_bytes() {
    let folder = Folder::new("hostile-random");
    let mut noise = Noise(0x9e37_79b9_7f4a_7c15);
    let files: Vec<String> = (0..200)
        .map(|number: usize| {
            let header: &[u8] = if number.is_multiple_of(2) { b"\0asm\x01\0\0\0" } else { b"" };
            let random = (0..number * 5 + 1).map(|_| noise.next() as u8);
            let bytes: Vec<u8> = header.iter().copied().chain(random).collect();
            folder.file(&format!("{number}.wasm"), bytes)
        })
        .collect();
    let arguments: Vec<&str> =
        ["validate"].into_iter().chain(files.iter().map(|file| &**file)).collect();
    let outcome = attack(&arguments);
    assert_eq!(outcome.status, Some(1));
    assert_eq!(outcome.stderr.lines().count(), files.len(), "{}", outcome.stderr);
    assert!(outcome.stderr.lines().all(|line| line.starts_with("error: cannot load `")));
}

#[test]
fn flipped_bits() {
    let folder = Folder::new("hostile-flipped");
    let mut noise = Noise(0x2545_f491_4f6c_dd1d);
    for _ in 0..200 {
        let mut bytes = sample();
        for _ in 0..=noise.next() % 2 {
            let place = 8 + noise.next() as usize % (bytes.len() - 8);
            bytes[place] ^= 1 << (noise.next() % 8);
        }
        ended_well(&attack(&[&folder.file("module.wasm", &bytes)]));
    }
}

#[test]
fn sections_that_declare_too_much() {
    const MOST: &[u8] = b"\xff\xff\xff\xff\x0f";
    for id in 0..=13 {
        refused(&format!("size-{id}"), &module(&[[&[id][..], MOST].concat()]), "at offset");
        if id != 0 && id != 8 {
            refused(&format!("count-{id}"), &module(&[section(id, MOST)]), "at offset");
        }
    }
}

#[test]
fn functions_that_declare_too_much() {
    let types = section(1, b"\x01\x60\0\0");
    let code = |body: &[u8]| {
        let functions = section(3, b"\x01\0");
        module(&[types.clone(), functions, section(10, &[b"\x01", body].concat())])
    };
    refused("body-size", &code(b"\xff\xff\xff\xff\x0f\0\x0b"), "at offset");
    refused("locals-groups", &code(&sized(b"\xff\xff\xff\xff\x0f\x0b")), "at offset");
    refused("locals-count", &code(&sized(b"\x01\xff\xff\xff\xff\x0f\x7f\x0b")), "locals");
    refused("locals-50001", &program(&[&[1][..], &leb(50_001), b"\x7f"].concat(), b""), "locals");
    let table = [b"\x41\0\x0e".as_slice(), &leb(0xffff_ffff), &[0; 100]].concat();
    refused("br-table-size", &program(b"\0", &table), "at offset");
}

#[test]
fn names_that_are_not_utf8() {
    refused(
        "import-name",
        &module(&[section(1, b"\x01\x60\0\0"), import(b"\xff", b"\xc0\x80", b"\0\0")]),
        "UTF-8",
    );
    refused("export-name", &module(&[section(7, b"\x01\x02\xc3\x28\0\0")]), "UTF-8");
    refused("section-name", &module(&[section(0, b"\x02\xed\xa0")]), "UTF-8");
    // Debugging names are no reason to refuse a program.
    let names = section(0, b"\x04name\x01\x06\x01\0\x03\xff\xff\xff");
    let bytes = [program(b"\0", b"\0"), names].concat();
    let outcome = attack(&[&Folder::new("hostile-names").file("module.wasm", bytes)]);
    assert!(outcome.trap().1.contains("wasm backtrace"));
}

#[test]
fn counts_that_contradict_each_other() {
    let types = section(1, b"\x01\x60\0\0");
    refused("code-missing", &module(&[types.clone(), section(3, b"\x02\0\0")]), "at offset");
    refused("data-count", &module(&[section(12, &leb(0xffff_ffff))]), "at offset");
    refused("order", &module(&[section(3, b"\0"), section(1, b"\0")]), "section");
    refused("twice", &module(&[types.clone(), types.clone()]), "section");
    refused("type", &module(&[types, section(3, b"\x01\x7f")]), "unknown type");
    refused("start", &module(&[section(8, &leb(0xffff_ffff))]), "unknown func");
}

#[test]
fn imports_of_a_wrong_kind() {
    let start =
        [section(1, b"\x02\x60\0\0\x60\x01\x7e\x01\x7e"), Vec::new(), section(3, b"\x01\0")];
    let wasi = b"wasi_snapshot_preview1";
    for (name, ty) in
        [("memory", &b"\x02\0\x01"[..]), ("table", b"\x01\x70\0\x01"), ("global", b"\x03\x7f\0")]
    {
        let mut sections = start.clone();
        sections[1] = import(wasi, b"fd_write", ty);
        refused(name, &with_start(&sections, &[], b"\0", b""), "incompatible import type");
        sections[1] = import(wasi, b"fd_\x1b[2J\n", ty);
        refused(name, &with_start(&sections, &[], b"\0", b""), "unknown import");
    }
    let sections = [start[0].clone(), import(wasi, b"fd_write", b"\0\x01")];
    refused(
        "func",
        &module(&[sections.concat(), section(7, b"\x01\x06_start\0\0")]),
        "not a program",
    );
}
