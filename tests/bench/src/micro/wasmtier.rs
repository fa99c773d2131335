//! wasmtier under the micro suites: what they need of it and cannot have from wasmtime alike.

use std::path::Path;
use wasmtier_bench::micro::{Images, Tables};
use wasmtier_bench::runner::Failure;
use wasmtier_wasi::{WasiCtx, WasiCtxBuilder};

/// The API the suites use.
pub(crate) use wasmtier as api;
use wasmtier::{Engine, Linker, Module};

#[path = "suites/mod.rs"]
mod suites;

pub(crate) use suites::run;

/// The engine.
pub(crate) const NAME: &str = "wasmtier";
/// Its images: none so far.
pub(crate) const IMAGES: Option<Images<Engine, Module>> = None;

/// What WASI keeps for a program.
pub(crate) type Wasi = WasiCtx;

/// When it can fill tables.
pub(crate) fn tables(_mode: &str) -> &'static [Tables] {
    &[Tables::Lazy]
}

/// An engine in a mode. Tables are lazy always.
pub(crate) fn engine(mode: &str, _tables: Tables) -> Result<Engine, Failure> {
    Ok(Engine::new(&crate::config(mode)?)?)
}

/// Defines the functions of WASI.
pub(crate) fn add_wasi(linker: &mut Linker<Wasi>) -> Result<(), Failure> {
    Ok(wasmtier_wasi::add_to_linker(linker, |wasi| wasi)?)
}

/// A WASI without streams, with at most a directory.
pub(crate) fn wasi(directory: Option<&Path>) -> Result<Wasi, Failure> {
    let mut builder = WasiCtxBuilder::new();
    if let Some(directory) = directory {
        builder.preopened_dir(directory, ".")?;
    }
    Ok(builder.build())
}
