//! The module `spectest`, from which the testsuite imports.
//!
//! What lives here: its items. Invariant: they are those of the specification's own interpreter;
//! only that the functions print nothing.

use wasmtier::{
    Error, Global, GlobalType, Linker, Memory, MemoryType, Ref, RefType, SharedMemory, Store,
    Table, TableType, Val,
};

const NAME: &str = "spectest";

/// Defines it.
pub(super) fn define(linker: &mut Linker<()>, store: &mut Store<()>) -> Result<(), Error> {
    linker.func_wrap(NAME, "print", || {})?;
    linker.func_wrap(NAME, "print_i32", |_: i32| {})?;
    linker.func_wrap(NAME, "print_i64", |_: i64| {})?;
    linker.func_wrap(NAME, "print_f32", |_: f32| {})?;
    linker.func_wrap(NAME, "print_f64", |_: f64| {})?;
    linker.func_wrap(NAME, "print_i32_f32", |_: i32, _: f32| {})?;
    linker.func_wrap(NAME, "print_f64_f64", |_: f64, _: f64| {})?;

    let globals: [(&str, Val); 4] = [
        ("global_i32", 666i32.into()),
        ("global_i64", 666i64.into()),
        ("global_f32", 666.6f32.into()),
        ("global_f64", 666.6f64.into()),
    ];
    for (name, value) in globals {
        let ty = GlobalType { content: value.ty(), mutable: false };
        let global = Global::new(&mut *store, ty, value)?;
        linker.define(&*store, NAME, name, global)?;
    }

    for (name, table64) in [("table", false), ("table64", true)] {
        let element = RefType::FUNCREF;
        let ty = TableType { element, table64, minimum: 10, maximum: Some(20) };
        let table = Table::new(&mut *store, ty, Ref::Func(None))?;
        linker.define(&*store, NAME, name, table)?;
    }

    let ty = MemoryType {
        memory64: false,
        shared: false,
        minimum: 1,
        maximum: Some(2),
        page_size_log2: 16,
    };
    let memory = Memory::new(&mut *store, ty)?;
    linker.define(&*store, NAME, "memory", memory)?;
    let memory = SharedMemory::new(store.engine(), MemoryType::shared(1, 2))?;
    linker.define(&*store, NAME, "shared_memory", memory)?;
    Ok(())
}
