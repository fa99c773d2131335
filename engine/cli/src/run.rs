//! `wasmtier run`: one program, from its file to its exit status.
//!
//! What lives here: what the program is given, and which of its functions is called. What does
//! not: the reading of the command line (`args`) and of values (`values`).
//!
//! Invariant: whatever is wrong with the command line is found before anything of the program runs.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::mem::ManuallyDrop;
use std::path::Path;

use wasmtier::{
    AsContextMut, Config, Engine, Error, ExternType, Instance, Linker, Module, ProfilingStrategy,
    Store, StoreLimits, StoreLimitsBuilder, Tier, Val,
};
use wasmtier_wasi::{I32Exit, WasiCtx, WasiCtxBuilder, add_to_linker};

use crate::args::{HostDirectory, RunOptions};
use crate::failure::Failure;
use crate::settings::{Settings, UnknownImports};
use crate::values::{self, Shown};
use crate::{print, source};

/// Most exports that an error message lists.
const MOST_LISTED: usize = 12;

/// What the host keeps for the program.
struct Host {
    wasi: WasiCtx,
    limits: StoreLimits,
}

/// Runs a program and returns its exit status.
pub(crate) fn run(options: &RunOptions) -> Result<u8, Failure> {
    let engine = engine(options.tier, &options.settings, options.profiler)?;
    let module = source::load(&engine, &options.file)?;
    let entry = Entry::new(&module, options)?;
    let limits = StoreLimitsBuilder::new();
    let limits = match options.settings.max_memory_size {
        Some(bytes) => limits.memory_size(bytes),
        None => limits,
    };
    let host = Host { wasi: context(options)?, limits: limits.build() };
    // Never dropped: to unmap all of it just before the process ends is work for nothing.
    let mut store = ManuallyDrop::new(Store::new(&engine, host));
    store.limiter(|host| &mut host.limits);
    let linker = ManuallyDrop::new(link(&engine, &mut store, &module, options)?);
    let result = linker
        .instantiate(&mut *store, &module)
        .and_then(|instance| entry.call(&mut store, instance));
    match result {
        Ok(results) => print(&results),
        Err(error) => ended(&options.file, error),
    }
}

/// The exit status, if that is what the "error" is.
fn ended(file: &Path, error: Error) -> Result<u8, Failure> {
    match error.downcast_ref() {
        // What a process can tell its parent is the low byte.
        Some(&I32Exit(status)) => Ok(status as u8),
        None => Err(Failure::wasm(file, error)),
    }
}

/// The engine that the user wants.
pub(crate) fn engine(
    tier: Tier,
    settings: &Settings,
    profiler: ProfilingStrategy,
) -> Result<Engine, Failure> {
    let mut config = Config::new();
    config.tier(tier).profiler(profiler);
    if let Some(bytes) = settings.max_wasm_stack {
        config.max_wasm_stack(bytes);
    }
    for &(proposal, on) in &settings.proposals {
        proposal(&mut config, on);
    }
    Engine::new(&config).map_err(|error| Failure::error(&error))
}

/// What the program sees of the world.
fn context(options: &RunOptions) -> Result<WasiCtx, Failure> {
    let file_name = || options.file.file_name().unwrap_or_else(|| OsStr::new(""));
    let mut builder = WasiCtxBuilder::new();
    builder
        .inherit_stdio()
        .arg(options.argv0.as_deref().unwrap_or_else(file_name))
        .args(&options.arguments)
        .envs(options.environment.iter().map(|(name, value)| (name, value)));
    for HostDirectory { host, guest, read_only } in &options.directories {
        let opened = if *read_only {
            builder.preopened_dir_read_only(host, guest)
        } else {
            builder.preopened_dir(host, guest)
        };
        opened.map_err(Failure::message)?;
    }
    Ok(builder.build())
}

/// Everything the program can import.
fn link(
    engine: &Engine,
    store: &mut Store<Host>,
    module: &Module,
    options: &RunOptions,
) -> Result<Linker<Host>, Failure> {
    let about = |error| Failure::wasm(&options.file, error);
    let mut linker = Linker::new(engine);
    add_to_linker(&mut linker, |host: &mut Host| &mut host.wasi).map_err(about)?;
    for (name, file) in &options.preloads {
        let preload = source::load(engine, file)?;
        let linked = linker.module(&mut *store, name, &preload);
        linked.map_err(|error| Failure::wasm(file, error))?;
    }
    match options.settings.unknown_imports {
        UnknownImports::Refuse => Ok(()),
        UnknownImports::Trap => linker.define_unknown_imports_as_traps(module),
        UnknownImports::Default => {
            linker.define_unknown_imports_as_default_values(&mut *store, module)
        }
    }
    .map_err(about)?;
    Ok(linker)
}

/// Which function is called, and with what.
struct Entry {
    name: String,
    arguments: Vec<Val>,
    /// Of a reactor, to be called first.
    initialize: bool,
}

impl Entry {
    fn new(module: &Module, options: &RunOptions) -> Result<Entry, Failure> {
        match &options.invoke {
            Some(name) => Entry::invoke(module, name, options),
            None => Entry::command(module, options),
        }
    }

    fn command(module: &Module, options: &RunOptions) -> Result<Entry, Failure> {
        const NAME: &str = "_start";
        let file = options.file.display();
        match module.get_export(NAME) {
            Some(ExternType::Func(ty)) if ty.params().is_empty() && ty.results().is_empty() => {
                Ok(Entry { name: NAME.to_owned(), arguments: Vec::new(), initialize: false })
            }
            Some(ty) => Err(Failure::message(format_args!(
                "{file}: not a program: `{NAME}` must be a function without parameters and \
                 results, and is {ty}"
            ))),
            None => Err(Failure::message(format_args!(
                "{file}: not a program, for it exports no function `{NAME}`; {}",
                exported_functions(module)
            ))),
        }
    }

    fn invoke(module: &Module, name: &str, options: &RunOptions) -> Result<Entry, Failure> {
        let file = options.file.display();
        let Some(ExternType::Func(ty)) = module.get_export(name) else {
            return Err(Failure::message(format_args!(
                "{file}: no function `{name}` is exported; {}",
                exported_functions(module)
            )));
        };
        let texts: Vec<_> = options.arguments.iter().map(|text| text.to_string_lossy()).collect();
        let texts: Vec<&str> = texts.iter().map(|text| &**text).collect();
        let arguments = values::arguments(name, &ty, &texts)
            .map_err(|message| Failure::message(format_args!("{file}: {message}")))?;
        let initialize = module.get_export("_initialize").is_some() && name != "_initialize";
        Ok(Entry { name: name.to_owned(), arguments, initialize })
    }

    /// Calls the function and returns its results, a line each.
    fn call(&self, store: &mut Store<Host>, instance: Instance) -> Result<String, Error> {
        if self.initialize {
            instance.get_typed_func::<(), ()>(&mut *store, "_initialize")?.call(&mut *store, ())?;
        }
        let func = instance.get_func(store.as_context_mut(), &self.name);
        let func = func.expect("the module exports a function of this name");
        let types = func.ty(&*store);
        let mut results: Vec<Val> =
            types.results().iter().map(|&ty| Val::default_for_ty(ty)).collect();
        func.call(&mut *store, &self.arguments, &mut results)?;
        let mut lines = String::new();
        for result in results {
            writeln!(lines, "{}", Shown(result))?;
        }
        Ok(lines)
    }
}

/// What could be invoked, as the end of an error message.
fn exported_functions(module: &Module) -> String {
    let is_func = |ty| matches!(ty, ExternType::Func(_));
    let functions = module.exports().filter(|export| is_func(export.ty()));
    let names: Vec<String> =
        functions.map(|export| format!("`{}`", export.name().escape_debug())).collect();
    match names.len() {
        0 => "it exports no functions".to_owned(),
        count @ ..=MOST_LISTED => {
            let s = if count == 1 { "" } else { "s" };
            format!("what --invoke can call is the function{s} {}", names.join(", "))
        }
        count => {
            let some = names[..MOST_LISTED].join(", ");
            format!("what --invoke can call are {count} functions, among them {some}")
        }
    }
}
