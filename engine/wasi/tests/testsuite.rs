//! The preview1 programs of wasi-testsuite, where the corpus is beside the repository: each must
//! end and print as its description says, with either way to resolve paths.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::Value;
use wasmtier::{Engine, Error, Linker, Module, Store};
use wasmtier_wasi::{I32Exit, OutputPipe, PathResolution, WasiCtx, WasiCtxBuilder, add_to_linker};

const CORPUS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/corpus/wasi-testsuite");

/// A copy of a program's files, gone afterwards.
struct Scratch(PathBuf);

impl Scratch {
    fn copy(from: &Path, name: &str) -> Scratch {
        let to = std::env::temp_dir().join(format!("wasmtier-{}-{name}", std::process::id()));
        copy(from, &to).unwrap();
        Scratch(to)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &to)?;
        } else {
            fs::write(to, fs::read(entry.path())?)?;
        }
    }
    Ok(())
}

fn programs() -> Vec<PathBuf> {
    let folders = ["assemblyscript", "c", "rust"].map(|folder| Path::new(CORPUS).join(folder));
    let files = folders.iter().filter_map(|folder| fs::read_dir(folder).ok()).flatten();
    let files = files.map(|entry| entry.unwrap().path());
    let mut programs: Vec<_> =
        files.filter(|path| path.extension() == Some(OsStr::new("wasm"))).collect();
    programs.sort();
    programs
}

fn strings(value: &Value) -> impl Iterator<Item = &str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str)
}

fn run(module: &Module, ctx: WasiCtx) -> Result<i64, Error> {
    let mut linker = Linker::new(module.engine());
    add_to_linker(&mut linker, |ctx: &mut WasiCtx| ctx)?;
    let mut store = Store::new(module.engine(), ctx);
    let instance = linker.instantiate(&mut store, module)?;
    let start = instance.get_typed_func::<(), ()>(&mut store, "_start")?;
    match start.call(&mut store, ()) {
        Ok(()) => Ok(0),
        Err(error) => match error.downcast_ref() {
            Some(&I32Exit(status)) => Ok(i64::from(status)),
            None => Err(error),
        },
    }
}

/// Runs one program; what went wrong, if anything did.
fn check(engine: &Engine, program: &Path, resolution: PathResolution) -> Result<(), String> {
    let name = program.file_stem().unwrap().to_str().unwrap();
    let spec = fs::read(program.with_extension("json")).unwrap_or_else(|_| b"{}".to_vec());
    let spec: Value = serde_json::from_slice(&spec).unwrap();
    let (stdout, stderr) = (OutputPipe::new(), OutputPipe::new());
    let mut builder = WasiCtxBuilder::new();
    builder.path_resolution(resolution).stdout(stdout.clone()).stderr(stderr.clone());
    builder.arg(name).args(strings(&spec["args"]));
    for (name, value) in spec["env"].as_object().into_iter().flatten() {
        builder.env(name, value.as_str().unwrap());
    }
    let root = spec["root"].as_str().map(|root| {
        let files = Scratch::copy(&program.with_file_name(root), name);
        builder.preopened_dir(&files.0, "/").unwrap();
        files
    });
    let module = Module::from_file(engine, program).map_err(|error| format!("{error:#}"))?;
    let status = run(&module, builder.build()).map_err(|error| format!("{error:#}"))?;
    drop(root);
    let expected = spec["exit_code"].as_i64().unwrap_or(0);
    if status != expected {
        let stderr = stderr.contents();
        let stderr = String::from_utf8_lossy(&stderr);
        return Err(format!("exits with {status} instead of {expected}\n{stderr}"));
    }
    match spec["stdout"].as_str() {
        Some(text) if text.as_bytes() != stdout.contents() => Err("prints something else".into()),
        Some(_) | None => Ok(()),
    }
}

#[test]
fn programs_of_the_testsuite_succeed() {
    let programs = programs();
    if programs.is_empty() {
        eprintln!("not run: there is no {CORPUS}");
        return;
    }
    assert_eq!(programs.len(), 72);
    let engine = Engine::default();
    let mut failures = String::new();
    for resolution in [PathResolution::Kernel, PathResolution::Stepwise] {
        for program in &programs {
            if let Err(problem) = check(&engine, program, resolution) {
                failures += &format!("{} ({resolution:?}): {problem}\n", program.display());
            }
        }
    }
    assert!(failures.is_empty(), "{failures}");
}
