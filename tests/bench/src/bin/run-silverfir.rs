//! Silverfir-nano as a runner: its interpreter and its compiler.

use sf_nano_core::{Caller, Config, Engine, Import, Instance, Module, Tier, Value, WasmError};
use std::process::ExitCode;
use std::sync::PoisonError;
use wasmtier_bench::host::{Function, IMPORTS, SharedHost};
use wasmtier_bench::runner::{self, Failure, Peer};

struct Silverfir(Engine);

impl Peer for Silverfir {
    type Module = Module;
    type Instance = Instance;

    const MODES: &'static [&'static str] = &["interp", "jit"];

    fn new(mode: &str) -> Result<Self, Failure> {
        let tier = if mode == "jit" { Tier::Jit } else { Tier::Interp };
        let config = Config::new().tier(tier);
        Engine::new(config).map(Self).map_err(|error| error.to_string().into())
    }

    fn compile(&self, wasm: &[u8]) -> Result<Module, Failure> {
        Module::new("program", wasm).map_err(|error| error.to_string().into())
    }

    fn instantiate(&self, module: Module, host: &SharedHost) -> Result<Instance, Failure> {
        let imports: Vec<Import> = IMPORTS
            .iter()
            .map(|import| {
                let (function, host) = (import.function, SharedHost::clone(host));
                Import::func(import.module, import.name, move |caller, arguments, results| {
                    call(caller, &host, function, arguments, results)
                })
            })
            .collect();
        let made = Instance::from_module(&self.0, module, &imports);
        made.map_err(|error| error.to_string().into())
    }

    fn call(instance: &mut Instance, name: &str) -> Result<Option<f32>, Failure> {
        let results = instance.invoke(name, &[]).map_err(|error| error.to_string())?;
        Ok(results.first().and_then(|result| match result {
            Value::F32(score) => Some(*score),
            _ => None,
        }))
    }
}

fn call(
    caller: &mut Caller<'_>,
    host: &SharedHost,
    function: Function,
    arguments: &[Value],
    results: &mut [Value],
) -> Result<(), WasmError> {
    let mut slots = [0; 9];
    for (slot, argument) in slots.iter_mut().zip(arguments) {
        *slot = match argument {
            Value::I32(value) => u64::from(value.cast_unsigned()),
            Value::I64(value) => value.cast_unsigned(),
            _ => return Err(WasmError::trap("a host function takes integers")),
        };
    }
    let mut memory = caller.memory_mut().unwrap_or(&mut []);
    let mut host = host.lock().unwrap_or_else(PoisonError::into_inner);
    let result = host.call(function, &mut memory, &slots).map_err(|_| WasmError::trap("exit"))?;
    if let Some(place) = results.first_mut() {
        *place = Value::I32(result.cast_signed());
    }
    Ok(())
}

fn main() -> ExitCode {
    runner::main::<Silverfir>(None)
}
