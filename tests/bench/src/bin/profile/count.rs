//! The process that runs a module that counts, on wasmtier, and writes its counters to a file.
//!
//! What lives here: that process. What does not: the rewriting (`wasmtier_bench::profile::blocks`).
//! It is a process of its own because programs print and end as they like.
//!
//! Invariant: the counters are written even if the program exits or traps.

use std::env;
use std::fs;
use std::sync::{Arc, Mutex, PoisonError};
use wasmtier::{Caller, Config, Engine, Extern, Func, FuncType, Instance, Linker, Module, Store};
use wasmtier::{Tier, Val, ValType};
use wasmtier_bench::host::{Function, Host, IMPORTS, Import, SharedHost, ValueType};
use wasmtier_bench::profile::blocks::COUNTERS;
use wasmtier_bench::record::Entry;
use wasmtier_bench::runner::Failure;

/// The first argument of such a process.
pub(crate) const COMMAND: &str = "count-blocks";

/// What such a process is to do.
pub(crate) struct Request {
    module: String,
    name: String,
    entry: Entry,
    counters: String,
}

/// The request, if this is such a process.
pub(crate) fn requested() -> Option<Result<Request, Failure>> {
    let mut words = env::args().skip(1);
    (words.next()? == COMMAND).then(|| {
        let mut word = || words.next().ok_or("count-blocks MODULE NAME ENTRY COUNTERS");
        Ok(Request {
            module: word()?,
            name: word()?,
            entry: Entry::of_name(&word()?).ok_or("no such entry")?,
            counters: word()?,
        })
    })
}

impl Request {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        let host = Arc::new(Mutex::new(Host::new(vec![self.name.clone()])));
        let engine = Engine::new(Config::new().tier(Tier::Portable))?;
        let module = Module::new(&engine, fs::read(&self.module)?)?;
        let mut store = Store::new(&engine, SharedHost::clone(&host));
        let mut linker = Linker::new(&engine);
        for import in IMPORTS {
            let func = func(&mut store, import);
            linker.define(&store, import.module, import.name, func)?;
        }
        let instance = linker.instantiate(&mut store, &module)?;
        let called = call(&mut store, instance, self.entry.export());
        let counters = instance.get_memory(&mut store, COUNTERS).ok_or("no counters")?;
        fs::write(&self.counters, counters.data(&store))?;
        let exit = host.lock().unwrap_or_else(PoisonError::into_inner).exit();
        if let (Err(failure), None) = (called, exit) {
            eprintln!("the program failed, counted up to here: {failure}");
        }
        Ok(())
    }
}

fn call(store: &mut Store<SharedHost>, instance: Instance, name: &str) -> Result<(), Failure> {
    let func = instance.get_func(&mut *store, name).ok_or("no such export")?;
    let mut results = vec![Val::I32(0); func.ty(&*store).results().len()];
    Ok(func.call(store, &[], &mut results)?)
}

fn func(store: &mut Store<SharedHost>, import: Import) -> Func {
    let params = import.params.iter().map(|param| match param {
        ValueType::I32 => ValType::I32,
        ValueType::I64 => ValType::I64,
    });
    let ty = FuncType::new(params, import.has_result.then_some(ValType::I32));
    Func::new(store, ty, move |caller, arguments, results| {
        call_host(caller, import.function, arguments, results)
    })
}

fn call_host(
    mut caller: Caller<'_, SharedHost>,
    function: Function,
    arguments: &[Val],
    results: &mut [Val],
) -> wasmtier::Result<()> {
    let host = SharedHost::clone(caller.data());
    let mut memory = match caller.get_export("memory") {
        Some(Extern::Memory(memory)) => memory.data_mut(&mut caller),
        _ => &mut [],
    };
    let mut slots = [0; 9];
    for (slot, argument) in slots.iter_mut().zip(arguments) {
        *slot = match argument {
            Val::I64(value) => value.cast_unsigned(),
            other => u64::from(other.i32().unwrap_or(0).cast_unsigned()),
        };
    }
    let mut host = host.lock().unwrap_or_else(PoisonError::into_inner);
    let result = host.call(function, &mut memory, &slots)?;
    if let Some(place) = results.first_mut() {
        *place = Val::I32(result.cast_signed());
    }
    Ok(())
}
