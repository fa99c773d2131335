//! What `Module` accepts, what it refuses, and how it says so.
//!
//! Modules are written as bytes here: most of them are ones no assembler would make.

use wasmtier::{Config, Engine, ErrorKind, Module};

const HEADER: &[u8] = b"\0asm\x01\0\0\0";

fn leb(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = (value & 0x7f) as u8;
        value >>= 7;
        if value == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

fn section(id: u8, content: &[u8]) -> Vec<u8> {
    [vec![id], leb(content.len() as u64), content.to_vec()].concat()
}

fn module(sections: &[Vec<u8>]) -> Vec<u8> {
    [HEADER.to_vec(), sections.concat()].concat()
}

/// A body with its size in front.
fn body(code: &[u8]) -> Vec<u8> {
    [leb(code.len() as u64), code.to_vec()].concat()
}

/// A module of functions `() -> ()` with the given bodies (locals and `end` included).
fn functions(bodies: &[&[u8]]) -> Vec<u8> {
    let count = leb(bodies.len() as u64);
    let funcs = [count.clone(), vec![0; bodies.len()]].concat();
    let code = [count, bodies.iter().flat_map(|code| body(code)).collect()].concat();
    module(&[section(1, b"\x01\x60\0\0"), section(3, &funcs), section(10, &code)])
}

/// One of every kind of section.
fn sample() -> Vec<u8> {
    module(&[
        section(1, b"\x02\x60\0\0\x60\x02\x7f\x7e\x01\x7d"),
        section(2, b"\x02\x01m\x01f\0\x01\x01m\x01g\x03\x7f\0"),
        section(3, b"\x01\0"),
        section(4, b"\x01\x70\0\x04"),
        section(5, b"\x01\x01\x01\x02"),
        section(6, b"\x02\x7f\0\x41\x2a\x0b\x70\0\xd2\0\x0b"),
        section(7, b"\x04\x01f\0\0\x01t\x01\0\x03mem\x02\0\x01g\x03\x02"),
        section(8, b"\x01"),
        section(9, b"\x02\0\x41\0\x0b\x02\0\x01\x05\x70\x02\xd0\x70\x0b\xd2\0\x0b"),
        section(12, b"\x02"),
        section(10, b"\x01\x07\x01\x02\x7f\x41\x01\x1a\x0b"),
        section(11, b"\x02\0\x41\x08\x0b\x02hi\x01\x03bye"),
        section(0, b"\x04name\0\x05\x04demo\x01\x07\x01\x01\x04main"),
    ])
}

fn error(bytes: impl AsRef<[u8]>) -> String {
    let error = Module::new(&Engine::default(), bytes).expect_err("the module is not valid");
    let text = format!("{error:#}");
    assert!(!text.contains('\n'), "more than one line: {text}");
    assert!(text.len() < 2000, "too long: {text}");
    text
}

fn assert_error(bytes: impl AsRef<[u8]>, expected: &str) {
    let error = error(bytes);
    assert!(error.contains(expected), "`{error}` does not say `{expected}`");
}

#[test]
fn accepts_every_kind_of_section() {
    let module = Module::new(&Engine::default(), sample()).expect("the sample is valid");
    assert_eq!(module.name(), Some("demo"));
    assert!(format!("{module:?}").contains("demo"));
}

#[test]
fn tells_what_is_imported_and_exported() {
    let module = Module::new(&Engine::default(), sample()).expect("the sample is valid");
    let imports: Vec<String> = module
        .imports()
        .map(|import| format!("{}.{}: {}", import.module(), import.name(), import.ty()))
        .collect();
    assert_eq!(imports, ["m.f: func (i32, i64) -> f32", "m.g: global i32"]);
    let exports: Vec<String> =
        module.exports().map(|export| format!("{}: {}", export.name(), export.ty())).collect();
    assert_eq!(
        exports,
        ["f: func (i32, i64) -> f32", "t: table 4 funcref", "mem: memory 1 2", "g: global funcref"]
    );
    assert_eq!(module.get_export("mem").map(|ty| ty.to_string()).as_deref(), Some("memory 1 2"));
    assert!(module.get_export("absent").is_none());
}

#[test]
fn names_in_messages_cannot_break_the_line() {
    let name = "\n\u{202e}evil".repeat(5000);
    let export = [leb(name.len() as u64), name.into_bytes(), vec![0, 0]].concat();
    let exports = section(7, &[&b"\x02"[..], &export, &export].concat());
    let types_and_funcs = [section(1, b"\x01\x60\0\0"), section(3, b"\x01\0")];
    let bytes = module(&[types_and_funcs.concat(), exports, section(10, b"\x01\x02\0\x0b")]);
    assert_error(bytes, "duplicate export name `\\n\\u{202e}evil");
}

#[test]
fn says_what_was_given_instead_of_a_module() {
    assert_error(b"", "empty");
    assert_error("(module)", "text format");
    assert_error("\u{feff}\n  ;; a comment\n(module)", "text format");
    assert_error(b"\0asm\x0d\0\x01\0", "component");
    assert_error(b"\x7fELF\x02\x01\x01\0", "ELF");
    assert_error(b"<!DOCTYPE html>", "markup");
    assert_error(b"\0msa\x01\0\0\0", "magic header not detected");
    assert_error(b"\0as", "unexpected end");
    assert_error(b"\0asm\x02\0\0\0", "unknown binary version");
}

#[test]
fn says_what_is_wrong_with_a_file() {
    let engine = Engine::default();
    let message = |path: &str| {
        let error = Module::from_file(&engine, path).expect_err("not a module");
        format!("{error:#}")
    };
    let missing = message("no/such/file.wasm");
    assert!(missing.contains("no/such/file.wasm") && missing.contains("No such file"), "{missing}");
    let directory = message(env!("CARGO_MANIFEST_DIR"));
    assert!(directory.contains("directory"), "{directory}");
    let manifest = message(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"));
    assert!(manifest.contains("Cargo.toml") && manifest.contains("magic header"), "{manifest}");
    let endless = message("/dev/zero");
    assert!(endless.contains("magic header"), "{endless}");
}

#[test]
fn every_truncation_is_an_error() {
    let sample = sample();
    let whole_sections: Vec<usize> = {
        let mut ends = vec![HEADER.len()];
        while let Some(&start) = ends.last().filter(|end| **end < sample.len()) {
            // Every section of the sample is shorter than 128 bytes.
            ends.push(start + 2 + usize::from(sample[start + 1]));
        }
        ends
    };
    for length in 0..sample.len() {
        let result = Module::new(&Engine::default(), &sample[..length]);
        assert!(result.is_err() || whole_sections.contains(&length), "{length} bytes are accepted");
    }
}

#[test]
fn no_single_wrong_byte_panics() {
    let (engine, sample) = (Engine::default(), sample());
    for place in 0..sample.len() {
        for value in
            [0, 1, 2, 0x40, 0x60, 0x7f, 0x80, 0xff, sample[place] ^ 1, sample[place] ^ 0x80]
        {
            let mut bytes = sample.clone();
            bytes[place] = value;
            if let Err(error) = Module::new(&engine, bytes) {
                assert!(!error.to_string().contains('\n'), "{error}");
            }
        }
    }
}

#[test]
fn random_bytes_never_panic() {
    let engine = Engine::default();
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    for _ in 0..2000 {
        let length = random() % 64;
        let noise: Vec<u8> = (0..length).map(|_| random() as u8).collect();
        let id = (random() % 14) as u8;
        assert!(Module::new(&engine, [&b"\0"[..], &noise].concat()).is_err());
        let _ = Module::new(&engine, [HEADER, &noise].concat());
        let _ = Module::new(&engine, module(&[section(id, &noise)]));
    }
}

#[test]
fn huge_counts_cost_nothing() {
    for id in 1..14 {
        for count in [100_000, 10_000_000, u64::from(u32::MAX)] {
            error(module(&[section(1, b"\x01\x60\0\0"), section(id, &leb(count))]));
            error([HEADER.to_vec(), vec![id], leb(count), leb(count)].concat());
        }
    }
}

#[test]
fn too_many_locals() {
    let code = [&b"\x01"[..], &leb(50_001), b"\x7f\x0b"].concat();
    assert_error(functions(&[&code]), "too many locals");
    let code = [&b"\x02"[..], &leb(u64::from(u32::MAX)), b"\x7f", &leb(2), b"\x7f\x0b"].concat();
    assert_error(functions(&[&code]), "too many locals");
}

#[test]
fn deep_nesting_is_no_recursion() {
    let depth = 500_000;
    let code = [&b"\0"[..], &b"\x02\x40".repeat(depth), &vec![0x0b; depth + 1]].concat();
    assert!(Module::new(&Engine::default(), functions(&[&code])).is_ok());
    assert_error(functions(&[&code[..code.len() - 1]]), "end");
}

#[test]
fn errors_give_offset_and_function() {
    // The body of function 1 leaves an i64 where nothing is expected.
    let code = functions(&[b"\0\x0b", b"\0\x42\0\x0b"]);
    let names = section(0, b"\x04name\x01\x09\x02\0\x01a\x01\x03bad");
    let error = Module::new(&Engine::default(), [code, names].concat()).unwrap_err();
    let Some(ErrorKind::InvalidModule { offset, function, .. }) = error.downcast_ref() else {
        panic!("{error:?}")
    };
    assert_eq!(function, &Some((1, Some("bad".to_owned()))));
    assert!(error.to_string().contains(&format!("offset {offset:#x}")), "{error}");
    assert!(error.to_string().ends_with("(function 1 `bad`)"), "{error}");
}

#[test]
fn the_lowest_error_is_reported_however_many_threads_validate() {
    let good = [&b"\0"[..], &b"\x41\0\x1a".repeat(100), b"\x0b"].concat();
    let mut bodies = vec![&good[..]; 2000];
    for bad in [700, 701, 1500, 1999] {
        bodies[bad] = b"\0\x42\0\x0b";
    }
    // The unknown section behind the bodies is an error too, but not the first.
    let bytes = [functions(&bodies), vec![0x7f, 0]].concat();
    let mut config = Config::new();
    let one_thread = Engine::new(config.parallel_validation(false)).expect("the host can do it");
    let expected = Module::new(&one_thread, &bytes).unwrap_err().to_string();
    assert!(expected.ends_with("(function 700)"), "{expected}");
    for _ in 0..20 {
        assert_eq!(error(&bytes), expected);
    }
    bodies.truncate(700);
    assert!(Module::new(&Engine::default(), functions(&bodies)).is_ok());
}

#[test]
fn proposals_can_be_refused() {
    let mut config = Config::new();
    let engine = Engine::new(config.wasm_simd(false)).expect("the host can do it");
    let vector = [&b"\0\xfd\x0c"[..], &[0; 16], b"\x1a\x0b"].concat();
    let error = Module::new(&engine, functions(&[&vector])).unwrap_err();
    assert!(error.to_string().contains("SIMD support is not enabled"), "{error}");
    assert!(Module::new(&Engine::default(), functions(&[&vector])).is_ok());
    let shared = module(&[section(5, b"\x01\x03\x01\x01")]);
    let engine = Engine::new(Config::new().wasm_threads(false)).expect("the host can do it");
    let error = Module::new(&engine, &shared).unwrap_err();
    assert!(error.to_string().contains("threads must be enabled"), "{error}");
    assert!(Module::new(&Engine::default(), &shared).is_ok());
    assert_error(module(&[section(13, b"\x01\0\0")]), "exceptions");
}

#[test]
fn engines_refuse_what_is_not_built() {
    let refused = |config: &Config| Engine::new(config).unwrap_err().to_string();
    let text = refused(Config::new().wasm_gc(true).wasm_exceptions(true));
    assert!(text.contains("`exceptions`") && text.contains("`gc`"), "{text}");
}

#[test]
fn broken_names_are_ignored() {
    for names in
        [&b"\x04name\x01\xff"[..], b"\x04name\0\x02\x01\xff", b"\x04name\x01\x04\x01\xff\x01x"]
    {
        let bytes = [functions(&[b"\0\x0b"]), section(0, names)].concat();
        let module = Module::new(&Engine::default(), bytes).expect("names cannot hurt");
        assert_eq!(module.name(), None);
    }
}
