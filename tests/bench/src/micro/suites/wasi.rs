//! Calls into WASI, each engine with its own implementation, in a directory made for it.

use super::{Bench, in_wasm};
use crate::micro;
use crate::micro::api::{Linker, Module, Store};
use std::path::{Path, PathBuf};
use std::{env, fs, process};
use wasmtier_bench::runner::Failure;

const GUEST: &str = include_str!("../../../micro/wasi.wat");

pub(super) fn run(bench: &Bench<'_>) -> Result<(), Failure> {
    let directory = Directory::new()?;
    let mut linker = Linker::new(&bench.engine);
    micro::add_wasi(&mut linker)?;
    let module = Module::new(&bench.engine, wat::parse_str(GUEST)?)?;
    let mut store = Store::new(&bench.engine, micro::wasi(Some(&directory.0))?);
    let instance = linker.instantiate(&mut store, &module)?;
    for name in ["get_time", "open_close", "read", "write", "readdir"] {
        let task = instance.get_typed_func(&mut store, name)?;
        bench
            .report
            .measure(&format!("wasi/{name}"), 1, |rounds| in_wasm(&mut store, &task, rounds))?;
    }
    Ok(())
}

/// The directory the guest works in; removed when it is dropped.
struct Directory(PathBuf);

impl Directory {
    fn new() -> Result<Self, Failure> {
        let path = env::temp_dir().join(format!("wasmtier-bench-{}", process::id()));
        fs::create_dir(&path)?;
        let directory = Self(path);
        directory.fill()?;
        Ok(directory)
    }

    fn fill(&self) -> Result<(), Failure> {
        fs::write(self.0.join("bench.in"), [b'.'; 4096])?;
        let entries = self.0.join("entries");
        fs::create_dir(&entries)?;
        (0..100).try_for_each(|entry| make_empty(&entries.join(format!("entry-{entry}"))))
    }
}

fn make_empty(path: &Path) -> Result<(), Failure> {
    Ok(fs::write(path, [])?)
}

impl Drop for Directory {
    fn drop(&mut self) {
        // Nothing is left to do about it in a drop.
        _ = fs::remove_dir_all(&self.0);
    }
}
