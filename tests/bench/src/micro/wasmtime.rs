//! wasmtime under the micro suites: what they need of it and cannot have from wasmtier alike.

use std::path::Path;
use wasmtier_bench::micro::{Images, Tables};
use wasmtier_bench::runner::Failure;
use wasmtime_wasi::p1::{WasiP1Ctx, add_to_linker_sync};
use wasmtime_wasi::{FsPerms, WasiCtx};

/// The API the suites use.
pub(crate) use wasmtime as api;
use wasmtime::{Engine, Linker, Module};

#[path = "suites/mod.rs"]
mod suites;

pub(crate) use suites::run;

/// The engine.
pub(crate) const NAME: &str = "wasmtime";
/// Its images, which it calls serialised modules.
pub(crate) const IMAGES: Option<Images<Engine, Module>> =
    Some(Images { save: |module| Ok(module.serialize()?), load: load_image });

/// What WASI keeps for a program.
pub(crate) type Wasi = WasiP1Ctx;

/// When it can fill tables.
pub(crate) fn tables(mode: &str) -> &'static [Tables] {
    // Winch refuses to fill them eagerly.
    if mode == "winch" { &[Tables::Lazy] } else { &[Tables::Lazy, Tables::Eager] }
}

/// An engine in a mode.
pub(crate) fn engine(mode: &str, tables: Tables) -> Result<Engine, Failure> {
    let mut config = crate::config(mode)?;
    config.table_lazy_init(tables == Tables::Lazy);
    Ok(Engine::new(&config)?)
}

fn load_image(engine: &Engine, image: &[u8]) -> Result<Module, Failure> {
    // SAFETY: the only images there are were made by `save` in this process.
    let module = unsafe { Module::deserialize(engine, image) };
    Ok(module?)
}

/// Defines the functions of WASI.
pub(crate) fn add_wasi(linker: &mut Linker<Wasi>) -> Result<(), Failure> {
    Ok(add_to_linker_sync(linker, |wasi| wasi)?)
}

/// A WASI without streams, with at most a directory. Files are read and written on the thread that
/// calls, as in the `wasmtime` command.
pub(crate) fn wasi(directory: Option<&Path>) -> Result<Wasi, Failure> {
    let mut builder = WasiCtx::builder();
    builder.allow_blocking_current_thread(true);
    if let Some(directory) = directory {
        builder.preopened_dir(directory, ".", FsPerms::ReadWrite)?;
    }
    Ok(builder.build_p1())
}
