//! What profilers are told: a perf map and a jitdump of this process, read as `perf` reads them.
//!
//! Invariant: every piece of code has one name: the handler's, or the compiled function's.

use std::collections::BTreeMap;
use std::ops::Range;
use std::{env, fs, process};

use wasmtier::{Config, Engine, Func, Instance, Module, ProfilingStrategy, Store, Tier};

/// What a file says of a piece of code.
struct Named {
    name: String,
    code: Range<u64>,
}

/// Runs a loop that gets warm on an engine that names its code for `strategy`; returns the names
/// and bytes of the handlers it needs.
fn run(strategy: ProfilingStrategy) -> Vec<(String, Vec<u8>)> {
    let text = r#"(module
      (memory 1)
      (func (export "f") (param i32) (result i32) (local i32)
        (loop
          (local.set 1 (i32.add (local.get 1) (i32.load offset=4 (local.get 0))))
          (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
        (local.get 1)))"#;
    let engine = Engine::new(Config::new().tier(Tier::Interp).profiler(strategy)).unwrap();
    let module = Module::new(&engine, wat::parse_str(text).unwrap()).unwrap();
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let f = instance.get_typed_func::<i32, i32>(&mut store, "f").unwrap();
    for _ in 0..1000 {
        assert_eq!(f.call(&mut store, 60).unwrap(), 0);
    }
    // A name tells nothing once its code is gone.
    std::mem::forget(engine);
    let handlers = module.explore(0).unwrap().handlers;
    handlers.into_iter().map(|handler| (handler.name, handler.bytes)).collect()
}

/// Runs compiled functions on an engine that names its code for `strategy`.
fn run_compiled(strategy: ProfilingStrategy) {
    let text = r#"(module
      (import "" "" (func $host (param i32)))
      (func $leaf (param i32) (result i32) (local.get 0))
      (func (export "f") (param i32) (result i32)
        (call $host (local.get 0)) (call $leaf (local.get 0))))"#;
    let engine = Engine::new(Config::new().tier(Tier::Jit).profiler(strategy)).unwrap();
    let module = Module::new(&engine, wat::parse_str(text).unwrap()).unwrap();
    let mut store = Store::new(&engine, ());
    let host = Func::wrap(&mut store, |_: i32| ());
    let instance = Instance::new(&mut store, &module, &[host.into()]).unwrap();
    let f = instance.get_typed_func::<i32, i32>(&mut store, "f").unwrap();
    assert_eq!(f.call(&mut store, 60).unwrap(), 60);
    std::mem::forget(store);
}

/// No two pieces of code are in one place.
fn check_apart(named: &[Named]) {
    let by_start: BTreeMap<u64, &Named> =
        named.iter().map(|named| (named.code.start, named)).collect();
    assert_eq!(by_start.len(), named.len());
    for (before, after) in by_start.values().zip(by_start.values().skip(1)) {
        assert!(before.code.end <= after.code.start, "{} and {}", before.name, after.name);
    }
}

/// All of it is where this process runs code.
fn check_executable(named: &[Named]) {
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let executable: Vec<Range<u64>> = maps
        .lines()
        .filter(|line| line.split(' ').nth(1).is_some_and(|access| access.contains('x')))
        .map(|line| {
            let (start, end) = line.split(' ').next().unwrap().split_once('-').unwrap();
            u64::from_str_radix(start, 16).unwrap()..u64::from_str_radix(end, 16).unwrap()
        })
        .collect();
    for Named { name, code } in named {
        let is_in = |map: &Range<u64>| map.start <= code.start && code.end <= map.end;
        assert!(executable.iter().any(is_in), "{name} at {code:x?}");
    }
}

/// Each handler that was run is named, and so is the code that all share.
fn check_complete(named: &[Named], handlers: &[(String, Vec<u8>)]) {
    for (name, bytes) in handlers {
        let full = format!("wasm-interp:{name}");
        let found = named.iter().find(|named| named.name == full);
        let found = found.unwrap_or_else(|| panic!("no {full}"));
        assert!(found.code.end - found.code.start >= bytes.len() as u64, "{full}");
    }
    for stub in ["enter", "lazy", "leave", "resolve"] {
        let full = format!("wasm-interp:stub.{stub}");
        assert!(named.iter().any(|named| named.name == full), "no {full}");
    }
    for name in
        ["leaf", "f", "stubs", "slots_to_registers.(i32) -> i32", "registers_to_host.(i32) -> ()"]
    {
        let full = format!("wasm-jit:{name}");
        assert!(named.iter().any(|named| named.name == full), "no {full}");
    }
}

#[test]
fn a_perf_map_covers_all_code() {
    let handlers = run(ProfilingStrategy::PerfMap);
    run_compiled(ProfilingStrategy::PerfMap);
    let path = format!("/tmp/perf-{}.map", process::id());
    let map = fs::read_to_string(&path).unwrap();
    fs::remove_file(&path).unwrap();
    let named: Vec<Named> = map
        .lines()
        .map(|line| {
            let [start, size, name] =
                line.splitn(3, ' ').collect::<Vec<_>>().try_into().expect("three fields");
            let start = u64::from_str_radix(start, 16).unwrap();
            let size = u64::from_str_radix(size, 16).unwrap();
            Named { name: name.to_owned(), code: start..start + size }
        })
        .collect();
    check_apart(&named);
    check_executable(&named);
    check_complete(&named, &handlers);
}

/// The next number of a file.
fn take<const BYTES: usize>(file: &mut &[u8]) -> [u8; BYTES] {
    let (bytes, rest) = file.split_first_chunk().expect("the file goes on");
    *file = rest;
    *bytes
}

#[test]
fn a_jitdump_has_all_code() {
    let folder = env::temp_dir().join(format!("wasmtier-jitdump-{}", process::id()));
    fs::create_dir_all(&folder).unwrap();
    env::set_current_dir(&folder).unwrap();
    let handlers = run(ProfilingStrategy::JitDump);
    run_compiled(ProfilingStrategy::JitDump);
    let path = folder.join(format!("jit-{}.dump", process::id()));
    let file = fs::read(&path).unwrap();
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let is_marker = |line: &str| line.contains("r-xp") && line.ends_with(path.to_str().unwrap());
    assert!(maps.lines().any(is_marker), "perf would not notice the file");
    fs::remove_dir_all(&folder).unwrap();

    let mut rest = &file[..];
    let header: [u32; 6] = std::array::from_fn(|_| u32::from_ne_bytes(take(&mut rest)));
    assert_eq!(header, [0x4a69_5444, 1, 40, 62, 0, process::id()]);
    let [time, flags] = std::array::from_fn(|_| u64::from_ne_bytes(take(&mut rest)));
    assert_eq!(flags, 0);

    let mut named = Vec::new();
    while !rest.is_empty() {
        let (record, len) = (rest, rest.len());
        let [kind, total] = std::array::from_fn(|_| u32::from_ne_bytes(take(&mut rest)));
        assert_eq!(kind, 0);
        assert!(u64::from_ne_bytes(take(&mut rest)) >= time);
        let [pid, _] = std::array::from_fn(|_| u32::from_ne_bytes(take(&mut rest)));
        assert_eq!(pid, process::id());
        let [mapped, start, size, index] =
            std::array::from_fn(|_| u64::from_ne_bytes(take(&mut rest)));
        assert_eq!((mapped, index), (start, named.len() as u64));
        let end = rest.iter().position(|byte| *byte == 0).expect("a name ends");
        let name = String::from_utf8(rest[..end].to_vec()).unwrap();
        let code = &rest[end + 1..][..size as usize];
        if let Some((_, bytes)) = handlers.iter().find(|(n, _)| format!("wasm-interp:{n}") == name)
        {
            assert!(code.len() >= bytes.len(), "{name}");
        }
        rest = &record[total as usize..];
        assert_eq!(len - rest.len(), 56 + end + 1 + code.len(), "{name}");
        named.push(Named { name, code: start..start + size });
    }
    check_apart(&named);
    check_executable(&named);
    check_complete(&named, &handlers);
}
