//! wasmi as the oracle sees it: the reference.
//!
//! It is wasmi 1.1 on purpose. 2.0.0 was tried first and computes wrong results about once in
//! 10,000 generated modules: in a `select` behind a comparison with zero (`try_fuse_select` drops
//! the operand), in locals still on the stack where a loop with parameters begins (`visit_loop`
//! overwrites their registers), and in a `v128` carried by `br_table` (its halves are copied over
//! each other). 1.1 agrees with wasmtier, and with the specification, on all of these.
//!
//! Invariant: its fuel ends every call, so that a module which does not end is found here, before
//! an engine under test gets to run it.

use wasmi::errors::{ErrorKind, InstantiationError};
use wasmi::{
    AsContextMut, Config, Engine, Extern, ExternRef, F32, F64, Func, FuncType, Global, Linker,
    Memory, MemoryTypeBuilder, Module, Mutability, Ref, Store, Table, TableType, TrapCode, V128,
    Val, ValType,
};
use wasmtier::Trap;

use super::host::{Host, HostStop, initial_value};
use super::ours::{ELEMENTS_SEEN, FUEL, FUEL_EXPORT};
use crate::interface::{Interface, Item, value_type};
use crate::value::{Failure, HostCall, Observed, Outcome, Signature, Type, Value, hash};

/// What a call may cost by wasmi's count: more than a module that ends by its own fuel needs.
const LIMIT: u64 = 20_000_000;

impl wasmi::errors::HostError for HostStop {}

/// The reference engine.
pub(crate) struct Wasmi {
    engine: Engine,
}

impl Wasmi {
    pub(crate) fn new() -> Self {
        let mut config = Config::default();
        config.wasm_wide_arithmetic(true).wasm_custom_page_sizes(true);
        config.consume_fuel(true).set_max_recursion_depth(10_000).set_max_stack_height(64 << 20);
        Self { engine: Engine::new(&config) }
    }

    /// Instantiates a module and runs its start function.
    pub(crate) fn start(&self, wasm: &[u8], interface: &Interface) -> Result<Session, Failure> {
        let module = Module::new(&self.engine, wasm).map_err(|error| failure(&error))?;
        let mut store = Store::new(&self.engine, Host::default());
        store.set_fuel(LIMIT).map_err(|error| failure(&error))?;
        let mut linker = Linker::new(&self.engine);
        for (index, (module, name, item)) in interface.imports.iter().enumerate() {
            let item = import(&mut store, index, item).map_err(|error| failure(&error))?;
            linker.define(module, name, item).map_err(|error| failure(&error.into()))?;
        }
        let instance = linker.instantiate_and_start(&mut store, &module);
        let instance = instance.map_err(|error| failure(&error))?;
        let exports = interface.exports.iter();
        let exports = exports.filter_map(|(name, _)| instance.get_export(&store, name)).collect();
        let fuel = instance.get_export(&store, FUEL_EXPORT).and_then(Extern::into_global);
        Ok(Session { store, exports, fuel, operators: 0 })
    }
}

/// An instance.
pub(crate) struct Session {
    store: Store<Host>,
    exports: Vec<Extern>,
    fuel: Option<Global>,
    operators: u64,
}

impl Session {
    /// Calls an export with full fuel.
    pub(crate) fn call(&mut self, export: usize, args: &[Value]) -> Outcome {
        let store = &mut self.store;
        if let Some(fuel) = self.fuel {
            // A module that was made smaller may have another global under that name.
            let _ = fuel.set(&mut *store, Val::I32(FUEL as i32));
        }
        let func = self.exports.get(export).and_then(|export| export.into_func());
        let func = func.ok_or_else(|| Failure::Rejected("no such function".to_owned()))?;
        let args: Vec<Val> = args.iter().map(|value| lower(&mut *store, value)).collect();
        let types = func.ty(&*store);
        let mut results: Vec<Val> = types.results().iter().map(|&ty| Val::default(ty)).collect();
        store.set_fuel(LIMIT).map_err(|error| failure(&error))?;
        let outcome = func.call(&mut *store, &args, &mut results);
        self.operators += LIMIT - store.get_fuel().unwrap_or(LIMIT);
        outcome.map_err(|error| failure(&error))?;
        Ok(results.iter().map(|value| lift(&mut *store, value)).collect())
    }

    /// What all calls so far cost.
    pub(crate) fn operators(&self) -> u64 {
        self.operators
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
                    let value = global.get(&*store);
                    Observed::Global(lift(&mut *store, &value))
                }
                Extern::Memory(memory) => Observed::Memory {
                    pages: memory.size(&*store),
                    hash: hash(memory.data(&*store)),
                },
                Extern::Table(table) => Observed::Table {
                    size: table.size(&*store),
                    elements: (0..ELEMENTS_SEEN)
                        .map_while(|index| {
                            let element = table.get(&*store, index)?;
                            Some(lift(&mut *store, &element))
                        })
                        .collect(),
                },
            })
            .collect()
    }
}

/// Something for a module to import.
fn import(store: &mut Store<Host>, index: usize, item: &Item) -> Result<Extern, wasmi::Error> {
    Ok(match item {
        Item::Func(signature) => {
            let types = signature.results.clone();
            let answer =
                move |mut caller: wasmi::Caller<'_, Host>, args: &[Val], results: &mut [Val]| {
                    let args = args.iter().map(|value| lift(&mut caller, value)).collect();
                    let answers = caller.data_mut().answer(index, args, &types);
                    let answers = answers.map_err(wasmi::Error::host)?;
                    for (result, answer) in results.iter_mut().zip(answers) {
                        *result = lower(&mut caller, &answer);
                    }
                    Ok(())
                };
            let types = |types: &[Type]| types.iter().copied().map(val_type).collect::<Vec<_>>();
            let ty = FuncType::new(types(&signature.params), types(&signature.results));
            Func::new(store, ty, answer).into()
        }
        Item::Global { ty, mutable } => {
            let value = lower(&mut *store, &initial_value(index, *ty));
            let mutability = if *mutable { Mutability::Var } else { Mutability::Const };
            Global::new(store, value, mutability).into()
        }
        Item::Memory(ty) => {
            let mut builder = MemoryTypeBuilder::new();
            builder.memory64(ty.memory64).min(ty.initial).max(ty.maximum);
            Memory::new(store, builder.build()?)?.into()
        }
        Item::Table(ty) => {
            let element = match value_type(ty.element_type.into()) {
                Type::Extern => ValType::ExternRef,
                Type::Func | Type::I32 | Type::I64 | Type::F32 | Type::F64 | Type::V128 => {
                    ValType::FuncRef
                }
            };
            let null = Val::default(element);
            let narrow = |size: u64| u32::try_from(size).unwrap_or(u32::MAX);
            let ty = if ty.table64 {
                TableType::new64(element, ty.initial, ty.maximum)
            } else {
                TableType::new(element, narrow(ty.initial), ty.maximum.map(narrow))
            };
            Table::new(store, ty, null)?.into()
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
        Type::Func => ValType::FuncRef,
        Type::Extern => ValType::ExternRef,
    }
}

fn type_of(ty: ValType) -> Type {
    match ty {
        ValType::I32 => Type::I32,
        ValType::I64 => Type::I64,
        ValType::F32 => Type::F32,
        ValType::F64 => Type::F64,
        ValType::V128 => Type::V128,
        ValType::FuncRef => Type::Func,
        ValType::ExternRef => Type::Extern,
    }
}

/// The value for a store.
fn lower(store: impl AsContextMut<Data = Host>, value: &Value) -> Val {
    match *value {
        Value::I32(value) => Val::I32(value as i32),
        Value::I64(value) => Val::I64(value as i64),
        Value::F32(bits) => Val::F32(F32::from_bits(bits)),
        Value::F64(bits) => Val::F64(F64::from_bits(bits)),
        Value::V128(bits) => Val::V128(V128::from(bits)),
        // Arguments are never functions: which there are, no engine could tell another.
        Value::Func(_) => Val::FuncRef(Ref::Null),
        Value::Extern(None) => Val::ExternRef(Ref::Null),
        Value::Extern(Some(number)) => Val::ExternRef(Ref::Val(ExternRef::new(store, number))),
    }
}

/// What there is to say of a value of a store.
fn lift(mut store: impl AsContextMut<Data = Host>, value: &Val) -> Value {
    match value {
        Val::I32(value) => Value::I32(*value as u32),
        Val::I64(value) => Value::I64(*value as u64),
        Val::F32(value) => Value::F32(value.to_bits()),
        Val::F64(value) => Value::F64(value.to_bits()),
        Val::V128(value) => Value::V128(value.as_u128()),
        Val::FuncRef(func) => Value::Func(func.val().map(|func| {
            let ty = func.ty(&store);
            let types = |types: &[ValType]| types.iter().copied().map(type_of).collect();
            Signature { params: types(ty.params()), results: types(ty.results()) }
        })),
        Val::ExternRef(reference) => Value::Extern(reference.val().and_then(|reference| {
            let store = store.as_context_mut();
            reference.data(&store).downcast_ref().copied()
        })),
    }
}

fn failure(error: &wasmi::Error) -> Failure {
    if error.downcast_ref::<HostStop>().is_some() {
        return Failure::Host;
    }
    // Not a trap in wasmi's terms, but one in the specification's.
    if let ErrorKind::Instantiation(InstantiationError::ElementSegmentDoesNotFit { .. }) =
        error.kind()
    {
        return Failure::Trap(Trap::TableOutOfBounds);
    }
    let Some(code) = error.as_trap_code() else { return Failure::Rejected(error.to_string()) };
    Failure::Trap(match code {
        TrapCode::UnreachableCodeReached => Trap::UnreachableCodeReached,
        TrapCode::MemoryOutOfBounds => Trap::MemoryOutOfBounds,
        TrapCode::TableOutOfBounds => Trap::TableOutOfBounds,
        TrapCode::IndirectCallToNull => Trap::IndirectCallToNull,
        TrapCode::IntegerDivisionByZero => Trap::IntegerDivisionByZero,
        TrapCode::IntegerOverflow => Trap::IntegerOverflow,
        TrapCode::BadConversionToInteger => Trap::BadConversionToInteger,
        TrapCode::BadSignature => Trap::BadSignature,
        TrapCode::StackOverflow | TrapCode::OutOfFuel | TrapCode::GrowthOperationLimited => {
            return Failure::Exhausted(error.to_string());
        }
    })
}
