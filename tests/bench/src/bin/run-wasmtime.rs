//! wasmtime as a runner: its optimising compiler, its baseline compiler, its interpreter.

#[path = "../micro/wasmtime.rs"]
mod micro;

use std::process::ExitCode;
use std::sync::PoisonError;
use wasmtier_bench::host::{Function, IMPORTS, Import, SharedHost, ValueType};
use wasmtier_bench::runner::{self, Failure, Peer};
use wasmtime::{Caller, Config, Engine, Extern, Func, FuncType, Instance, Module, Store, Strategy};
use wasmtime::{Linker, Val, ValType};

struct Wasmtime(Engine);

impl Peer for Wasmtime {
    type Module = Module;
    type Instance = (Store<SharedHost>, Instance);

    const MODES: &'static [&'static str] = &["cranelift", "winch", "pulley"];

    fn new(mode: &str) -> Result<Self, Failure> {
        Ok(Self(Engine::new(&config(mode)?)?))
    }

    fn compile(&self, wasm: &[u8]) -> Result<Module, Failure> {
        Ok(Module::new(&self.0, wasm)?)
    }

    fn code_bytes(module: &Module) -> Option<usize> {
        Some(module.text().len())
    }

    fn instantiate(&self, module: Module, host: &SharedHost) -> Result<Self::Instance, Failure> {
        let mut store = Store::new(&self.0, SharedHost::clone(host));
        let mut linker = Linker::new(&self.0);
        for import in IMPORTS {
            let func = func(&mut store, import);
            linker.define(&store, import.module, import.name, func)?;
        }
        let instance = linker.instantiate(&mut store, &module)?;
        Ok((store, instance))
    }

    fn call((store, instance): &mut Self::Instance, name: &str) -> Result<Option<f32>, Failure> {
        let func = instance.get_func(&mut *store, name).ok_or("no such export")?;
        let mut results = vec![Val::I32(0); func.ty(&*store).results().len()];
        func.call(store, &[], &mut results)?;
        Ok(results.first().and_then(Val::f32))
    }
}

/// The settings of a mode.
fn config(mode: &str) -> Result<Config, Failure> {
    let mut config = Config::new();
    match mode {
        "winch" => config.strategy(Strategy::Winch),
        "pulley" => config.target("pulley64")?,
        _ => config.strategy(Strategy::Cranelift),
    };
    Ok(config)
}

fn func(store: &mut Store<SharedHost>, import: Import) -> Func {
    let params = import.params.iter().map(|param| match param {
        ValueType::I32 => ValType::I32,
        ValueType::I64 => ValType::I64,
    });
    let results = import.has_result.then_some(ValType::I32);
    let ty = FuncType::new(store.engine(), params, results);
    Func::new(store, ty, move |caller, arguments, results| {
        call(caller, import.function, arguments, results)
    })
}

fn call(
    mut caller: Caller<'_, SharedHost>,
    function: Function,
    arguments: &[Val],
    results: &mut [Val],
) -> wasmtime::Result<()> {
    let host = SharedHost::clone(caller.data());
    let mut memory = match caller.get_export("memory") {
        Some(Extern::Memory(memory)) => memory.data_mut(&mut caller),
        _ => &mut [],
    };
    let mut slots = [0; 9];
    for (slot, argument) in slots.iter_mut().zip(arguments) {
        *slot = argument.i64().map_or_else(
            || u64::from(argument.i32().unwrap_or(0).cast_unsigned()),
            i64::cast_unsigned,
        );
    }
    let mut host = host.lock().unwrap_or_else(PoisonError::into_inner);
    let result = host.call(function, &mut memory, &slots)?;
    if let Some(place) = results.first_mut() {
        *place = Val::I32(result.cast_signed());
    }
    Ok(())
}

fn main() -> ExitCode {
    runner::main::<Wasmtime>(Some(micro::run))
}
