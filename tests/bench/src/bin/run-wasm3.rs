//! wasm3 as a runner: an interpreter in C.

use std::process::ExitCode;
use std::sync::PoisonError;
use wasm3x::{Caller, Engine, Error, FuncType, Instance, Linker, Module, Store, Val, ValType};
use wasmtier_bench::host::{Function, IMPORTS, Memory, SharedHost, ValueType};
use wasmtier_bench::runner::{self, Failure, Peer};

struct Wasm3(Engine);

impl Peer for Wasm3 {
    type Module = Module;
    type Instance = (Store<SharedHost>, Instance);

    const MODES: &'static [&'static str] = &["interp"];

    fn new(_mode: &str) -> Result<Self, Failure> {
        Ok(Self(Engine::default()))
    }

    fn compile(&self, wasm: &[u8]) -> Result<Module, Failure> {
        Ok(Module::new(&self.0, wasm)?)
    }

    fn instantiate(&self, module: Module, host: &SharedHost) -> Result<Self::Instance, Failure> {
        let mut store = Store::new(&self.0, SharedHost::clone(host));
        let mut linker = Linker::new(&self.0);
        for import in IMPORTS {
            let params = import.params.iter().map(|param| match param {
                ValueType::I32 => ValType::I32,
                ValueType::I64 => ValType::I64,
            });
            let ty = FuncType::new(params, import.has_result.then_some(ValType::I32));
            let function = import.function;
            let body = move |caller: Caller<'_, SharedHost>, params: &[Val], out: &mut [Val]| {
                call(caller, function, params, out)
            };
            linker.func_new(import.module, import.name, ty, body)?;
        }
        let instance = linker.instantiate_and_start(&mut store, &module)?;
        Ok((store, instance))
    }

    fn call((store, instance): &mut Self::Instance, name: &str) -> Result<Option<f32>, Failure> {
        let func = instance.get_func(&*store, name).ok_or("no such export")?;
        let mut results = vec![Val::I32(0); func.ty(&*store)?.results().len()];
        func.call(store, &[], &mut results)?;
        Ok(results.first().and_then(Val::f32))
    }
}

/// The memory of the program in a host function; a slice of it is not to be had.
struct Access<'a> {
    caller: Caller<'a, SharedHost>,
    memory: wasm3x::Memory,
}

impl Memory for Access<'_> {
    fn read(&self, address: usize, bytes: &mut [u8]) -> bool {
        self.memory.read(&self.caller, address, bytes).is_ok()
    }

    fn write(&mut self, address: usize, bytes: &[u8]) -> bool {
        self.memory.write(&mut self.caller, address, bytes).is_ok()
    }
}

fn call(
    caller: Caller<'_, SharedHost>,
    function: Function,
    arguments: &[Val],
    results: &mut [Val],
) -> Result<(), Error> {
    let host = SharedHost::clone(caller.data());
    let memory = caller.get_memory().ok_or_else(|| Error::new("no memory"))?;
    let mut slots = [0; 9];
    for (slot, argument) in slots.iter_mut().zip(arguments) {
        *slot = argument.i64().map_or_else(
            || u64::from(argument.i32().unwrap_or(0).cast_unsigned()),
            i64::cast_unsigned,
        );
    }
    let mut host = host.lock().unwrap_or_else(PoisonError::into_inner);
    let result =
        host.call(function, &mut Access { caller, memory }, &slots).map_err(Error::host)?;
    if let Some(place) = results.first_mut() {
        *place = Val::I32(result.cast_signed());
    }
    Ok(())
}

fn main() -> ExitCode {
    runner::main::<Wasm3>(None)
}
