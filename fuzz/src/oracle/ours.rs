//! wasmtier as the oracle sees it: one [`Wasmtier`] per configuration.
//!
//! Invariant: only the public API is used.

use wasmtier::{
    AsContextMut, Config, Engine, ErrorKind, Extern, ExternRef, Func, FuncType, Global, GlobalType,
    HeapType, Linker, Memory, MemoryType, Module, Ref, RefType, Store, Table, TableType, Tier,
    Trap, V128, Val, ValType,
};

use super::host::{Host, HostStop, initial_value};
use crate::interface::{Interface, Item, value_type};
use crate::value::{Failure, HostCall, Observed, Outcome, Signature, Type, Value, hash};

/// Elements of a table that are looked at.
pub(crate) const ELEMENTS_SEEN: u64 = 16;

/// The export through which generated modules are given fuel.
pub const FUEL_EXPORT: &str = "wasmtier.fuel";

/// Fuel of each call: how many loop iterations and calls it may make.
pub const FUEL: u32 = 500;

/// An engine under test.
pub(crate) struct Wasmtier {
    name: &'static str,
    engine: Engine,
}

/// Every configuration that this host can run; results must never depend on which.
pub(crate) fn configurations() -> Vec<Wasmtier> {
    let configuration = |name, tier, configure: fn(&mut Config)| {
        let mut config = Config::new();
        config.tier(tier);
        configure(&mut config);
        // A stack overflow is compared with nothing, so let it be rare.
        config.max_wasm_stack(8 << 20);
        Engine::new(&config).ok().map(|engine| Wasmtier { name, engine })
    };
    let configurations = [
        configuration("portable, guarded memory", Tier::Portable, |_| {}),
        configuration("portable, checked memory", Tier::Portable, checked),
        configuration("threaded, guarded memory", Tier::Interp, |_| {}),
        configuration("threaded, checked memory", Tier::Interp, checked),
        configuration("threaded, guarded memory, stressed", Tier::Interp, stressed),
        configuration("threaded, checked memory, stressed", Tier::Interp, |config| {
            checked(config);
            stressed(config);
        }),
        configuration("jit, guarded memory", Tier::Jit, |_| {}),
        configuration("jit, checked memory, floor", Tier::Jit, |config| {
            checked(config);
            config.cpu_features(0);
        }),
        configuration("mixed, guarded memory", Tier::Jit, |config| {
            config.tier_mask(1);
        }),
        configuration("mixed the other way, checked memory, stressed", Tier::Jit, |config| {
            checked(config);
            stressed(config);
            config.tier_mask(2);
        }),
        configuration("changing over in loops, guarded memory", Tier::Jit, |config| {
            stressed(config);
            config.stress_osr(true);
        }),
        configuration("half changing over in loops, checked memory", Tier::Jit, |config| {
            checked(config);
            stressed(config);
            config.stress_osr(true).tier_mask(3);
        }),
    ];
    configurations.into_iter().flatten().collect()
}

fn checked(config: &mut Config) {
    config.signals_based_traps(false);
}

fn stressed(config: &mut Config) {
    config.stress(true);
}

impl Wasmtier {
    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// Instantiates a module and runs its start function.
    pub(crate) fn start(&self, wasm: &[u8], interface: &Interface) -> Result<Session, Failure> {
        let module = Module::new(&self.engine, wasm).map_err(failure)?;
        let mut store = Store::new(&self.engine, Host::default());
        let mut linker = Linker::new(&self.engine);
        for (index, (module, name, item)) in interface.imports.iter().enumerate() {
            let item = import(&mut store, index, item).map_err(failure)?;
            linker.define(&mut store, module, name, item).map_err(failure)?;
        }
        let instance = linker.instantiate(&mut store, &module).map_err(failure)?;
        let exports = interface.exports.iter();
        let exports = exports.filter_map(|(name, _)| instance.get_export(&mut store, name));
        let exports = exports.collect();
        let fuel = instance.get_global(&mut store, FUEL_EXPORT);
        Ok(Session { name: self.name, store, exports, fuel })
    }
}

/// An instance.
pub(crate) struct Session {
    name: &'static str,
    store: Store<Host>,
    exports: Vec<Extern>,
    fuel: Option<Global>,
}

impl Session {
    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// Calls an export with full fuel.
    pub(crate) fn call(&mut self, export: usize, args: &[Value]) -> Outcome {
        let store = &mut self.store;
        if let Some(fuel) = self.fuel {
            // A module that was made smaller may have another global under that name.
            let _ = fuel.set(&mut *store, Val::I32(FUEL as i32));
        }
        let func = self.exports.get(export).and_then(|export| export.clone().into_func());
        let func = func.ok_or_else(|| Failure::Rejected("no such function".to_owned()))?;
        let args: Vec<Val> = args.iter().map(|value| lower(&mut *store, value)).collect();
        let mut results = vec![Val::I32(0); func.ty(&*store).results().len()];
        func.call(&mut *store, &args, &mut results).map_err(failure)?;
        Ok(results.iter().map(|value| lift(&mut *store, value)).collect())
    }

    pub(crate) fn take_host_calls(&mut self) -> Vec<HostCall> {
        std::mem::take(&mut self.store.data_mut().calls)
    }

    /// What can be seen of each export.
    pub(crate) fn observe(&mut self) -> Vec<Observed> {
        let store = &mut self.store;
        let exports = self.exports.iter();
        exports
            .map(|export| match export {
                Extern::Func(_) => Observed::Func,
                Extern::Global(global) => {
                    let value = global.get(&mut *store);
                    Observed::Global(lift(&mut *store, &value))
                }
                Extern::Memory(memory) => Observed::Memory {
                    pages: memory.size(&*store),
                    hash: hash(memory.data(&*store)),
                },
                Extern::SharedMemory(memory) => {
                    let mut bytes = vec![0; memory.data_size()];
                    memory.read(0, &mut bytes).expect("memories do not shrink");
                    Observed::Memory { pages: memory.size(), hash: hash(&bytes) }
                }
                Extern::Table(table) => Observed::Table {
                    size: table.size(&*store),
                    elements: (0..ELEMENTS_SEEN)
                        .map_while(|index| {
                            let element = table.get(&mut *store, index)?;
                            Some(lift(&mut *store, &element.into()))
                        })
                        .collect(),
                },
            })
            .collect()
    }
}

/// Something for a module to import.
fn import(store: &mut Store<Host>, index: usize, item: &Item) -> wasmtier::Result<Extern> {
    Ok(match item {
        Item::Func(signature) => {
            let types = signature.results.clone();
            let answer =
                move |mut caller: wasmtier::Caller<'_, Host>, args: &[Val], results: &mut [Val]| {
                    let args = args.iter().map(|value| lift(&mut caller, value)).collect();
                    let answers = caller.data_mut().answer(index, args, &types);
                    let answers = answers.map_err(wasmtier::Error::new)?;
                    for (result, answer) in results.iter_mut().zip(answers) {
                        *result = lower(&mut caller, &answer);
                    }
                    Ok(())
                };
            Func::new(store, func_type(signature), answer).into()
        }
        Item::Global { ty, mutable } => {
            let value = lower(&mut *store, &initial_value(index, *ty));
            let ty = GlobalType { content: val_type(*ty), mutable: *mutable };
            Global::new(store, ty, value)?.into()
        }
        Item::Memory(ty) => {
            let ty = MemoryType {
                memory64: ty.memory64,
                shared: ty.shared,
                minimum: ty.initial,
                maximum: ty.maximum,
                page_size_log2: 16,
            };
            Memory::new(store, ty)?.into()
        }
        Item::Table(ty) => {
            let element = match val_type(value_type(ty.element_type.into())) {
                ValType::Ref(element) => element,
                other => return Err(wasmtier::Error::msg(format!("a table of {other:?}"))),
            };
            let ty = TableType {
                element,
                table64: ty.table64,
                minimum: ty.initial,
                maximum: ty.maximum,
            };
            Table::new(store, ty, Ref::null(element.heap_type))?.into()
        }
    })
}

fn val_type(ty: Type) -> ValType {
    match ty {
        Type::I32 => ValType::I32,
        Type::I64 => ValType::I64,
        Type::F32 => ValType::F32,
        Type::F64 => ValType::F64,
        Type::V128 => ValType::V128,
        Type::Func => ValType::FUNCREF,
        Type::Extern => ValType::EXTERNREF,
    }
}

fn type_of(ty: ValType) -> Type {
    match ty {
        ValType::I32 => Type::I32,
        ValType::I64 => Type::I64,
        ValType::F32 => Type::F32,
        ValType::F64 => Type::F64,
        ValType::V128 => Type::V128,
        ValType::Ref(RefType { heap_type: HeapType::Func, .. }) => Type::Func,
        ValType::Ref(RefType { heap_type: HeapType::Extern, .. }) => Type::Extern,
    }
}

fn func_type(signature: &Signature) -> FuncType {
    let types = |types: &[Type]| types.iter().copied().map(val_type).collect::<Vec<_>>();
    FuncType::new(types(&signature.params), types(&signature.results))
}

fn signature(ty: &FuncType) -> Signature {
    let types = |types: &[ValType]| types.iter().copied().map(type_of).collect();
    Signature { params: types(ty.params()), results: types(ty.results()) }
}

/// The value for a store.
fn lower(store: impl AsContextMut<Data = Host>, value: &Value) -> Val {
    match *value {
        Value::I32(value) => Val::I32(value as i32),
        Value::I64(value) => Val::I64(value as i64),
        Value::F32(bits) => Val::F32(bits),
        Value::F64(bits) => Val::F64(bits),
        Value::V128(bits) => Val::V128(V128::from(bits)),
        // Arguments are never functions: which there are, no engine could tell another.
        Value::Func(_) => Val::FuncRef(None),
        Value::Extern(number) => Val::ExternRef(number.map(|number| ExternRef::new(store, number))),
    }
}

/// What there is to say of a value of a store.
fn lift(mut store: impl AsContextMut<Data = Host>, value: &Val) -> Value {
    match value {
        Val::I32(value) => Value::I32(*value as u32),
        Val::I64(value) => Value::I64(*value as u64),
        Val::F32(bits) => Value::F32(*bits),
        Val::F64(bits) => Value::F64(*bits),
        Val::V128(bits) => Value::V128(bits.as_u128()),
        Val::FuncRef(func) => Value::Func(func.map(|func| signature(&func.ty(&mut store)))),
        Val::ExternRef(reference) => Value::Extern(reference.and_then(|reference| {
            let store = store.as_context_mut();
            reference.data(&store).downcast_ref().copied()
        })),
    }
}

fn failure(error: wasmtier::Error) -> Failure {
    match error.downcast_ref::<Trap>() {
        Some(Trap::StackOverflow) => return Failure::Exhausted(error.to_string()),
        Some(trap) => return Failure::Trap(*trap),
        None => {}
    }
    if error.is::<HostStop>() {
        return Failure::Host;
    }
    match error.downcast_ref::<ErrorKind>() {
        Some(kind) => Failure::Rejected(kind.to_string()),
        None => Failure::Rejected(format!("{error:#}")),
    }
}
