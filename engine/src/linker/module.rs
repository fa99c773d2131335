//! Modules as names: [`Linker::module`], for commands and reactors.
//!
//! Invariant: a command gets a fresh instance for each call of an export and is then over; a
//! reactor has one instance, initialised before anybody calls it. (The WASI application ABI.)

use super::{Linker, link_error};
use crate::store::AsContextMut;
use crate::{Context, Extern, ExternType, Module, Result};

/// What a module expects of whoever runs it.
enum ModuleKind {
    /// Exports `_start`: runs once, from there.
    Command,
    /// Lives as long as it is used; may export `_initialize`, which is called first.
    Reactor,
}

impl ModuleKind {
    fn of(module: &Module) -> Result<Self> {
        let is_func = |name| module.get_export(name).map(|ty| ty.func().is_some());
        match (is_func("_start"), is_func("_initialize")) {
            (None, None | Some(true)) => Ok(Self::Reactor),
            (Some(true), None) => Ok(Self::Command),
            (Some(false), None) => Err(link_error("the export `_start` is not a function".into())),
            (None, Some(false)) => {
                Err(link_error("the export `_initialize` is not a function".into()))
            }
            (Some(_), Some(_)) => Err(link_error(
                "a module cannot be a command and a reactor: it exports both `_start` and \
                 `_initialize`"
                    .into(),
            )),
        }
    }
}

/// Whether an export of a command that is no function is one that toolchains always make.
fn is_customary(name: &str, ty: &ExternType) -> bool {
    match ty {
        ExternType::Memory(_) => name == "memory",
        ExternType::Table(_) => matches!(name, "__indirect_function_table" | "table"),
        ExternType::Global(_) => {
            matches!(name, "__data_end" | "__heap_base" | "__dso_handle" | "__rtti_base")
        }
        ExternType::Func(_) => false,
    }
}

impl<T: 'static> Linker<T> {
    /// Defines the exports of a module under the name `name`, by what kind of program it is.
    ///
    /// * A *command*, which exports `_start`: each call of one of its functions makes a new
    ///   instance for that call alone. `_start` is also its default export, as
    ///   [`Linker::get_default`] has it. Exports that are not functions cannot be used, and unusual
    ///   ones are an error unless [`Linker::allow_unknown_exports`] is on.
    /// * A *reactor*, every other module: it is instantiated now, `_initialize` is called if it is
    ///   exported, and its exports are defined as by [`Linker::instance`].
    ///
    /// The imports are resolved now, with what is defined so far.
    ///
    /// # Errors
    ///
    /// Whatever [`Linker::instantiate`] or `_initialize` fails with; a name that is taken; a module
    /// that exports both `_start` and `_initialize`, or one of them as something else.
    ///
    /// # Panics
    ///
    /// As [`Linker::instantiate`].
    pub fn module(
        &mut self,
        store: impl AsContextMut<Data = T>,
        name: &str,
        module: &Module,
    ) -> Result<&mut Self> {
        match ModuleKind::of(module)? {
            ModuleKind::Command => self.command(name, module),
            ModuleKind::Reactor => self.reactor(store, name, module),
        }
    }

    fn command(&mut self, name: &str, module: &Module) -> Result<&mut Self> {
        let pre = self.instantiate_pre(module)?;
        for export in module.exports() {
            let ty = match export.ty() {
                ExternType::Func(ty) => ty,
                ty if self.unknown_exports || is_customary(export.name(), &ty) => continue,
                ty => {
                    let export = export.name();
                    return Err(link_error(format!(
                        "the export `{export}` of the command `{name}` is not a function but a {ty}"
                    )));
                }
            };
            let (pre, export_name) = (pre.clone(), Box::<str>::from(export.name()));
            self.func_new(name, export.name(), ty, move |mut caller, params, results| {
                let instance = pre.instantiate(&mut caller)?;
                let func = instance.get_func(&mut caller, &export_name);
                let func = func.expect("the module declares the export as a function");
                func.call(&mut caller, params, results)
            })?;
        }
        self.alias(name, "_start", name, "")
    }

    fn reactor(
        &mut self,
        mut store: impl AsContextMut<Data = T>,
        name: &str,
        module: &Module,
    ) -> Result<&mut Self> {
        let instance = self.instantiate(&mut store, module)?;
        if let Some(Extern::Func(initialize)) = instance.get_export(&mut store, "_initialize") {
            initialize
                .typed::<(), ()>(&store)
                .and_then(|initialize| initialize.call(&mut store, ()))
                .context("cannot initialise the reactor")?;
        }
        self.instance(store, name, instance)
    }
}
