//! Imports that nobody defined: their error, and what can stand in for them.
//!
//! Invariant: a stand-in has exactly the type that its import asks for.

use core::fmt;

use super::{Linker, link_error};
use crate::store::AsContextMut;
use crate::{
    Error, Extern, ExternType, FuncType, Global, ImportType, Memory, Module, Ref, Result,
    SharedMemory, Table, Val, ValType,
};

/// An import that no definition was found for.
///
/// Returned by [`Linker::instantiate`], and by calls of the functions that
/// [`Linker::define_unknown_imports_as_traps`] defines.
///
/// ```
/// use wasmtier::{Engine, Linker, Module, UnknownImportError};
///
/// # fn main() -> Result<(), wasmtier::Error> {
/// // (module (import "env" "log" (func (param i32))))
/// let wasm = b"\0asm\x01\0\0\0\x01\x05\x01\x60\x01\x7f\0\x02\x0b\x01\x03env\x03log\0\0";
/// let engine = Engine::default();
/// let module = Module::new(&engine, wasm)?;
/// let error = Linker::<()>::new(&engine).instantiate_pre(&module).unwrap_err();
/// assert_eq!(error.to_string(), "unknown import: `env`.`log` has not been defined");
/// let unknown = error.downcast_ref::<UnknownImportError>().expect("it says which");
/// assert_eq!((unknown.module(), unknown.name()), ("env", "log"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct UnknownImportError {
    module: Box<str>,
    name: Box<str>,
    ty: ExternType,
}

impl UnknownImportError {
    pub(crate) fn new(import: &ImportType<'_>) -> Self {
        Self { module: import.module().into(), name: import.name().into(), ty: import.ty() }
    }

    /// The first level of the import's name.
    #[must_use]
    pub fn module(&self) -> &str {
        &self.module
    }

    /// The second level of the import's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the import asks for.
    #[must_use]
    pub fn ty(&self) -> ExternType {
        self.ty.clone()
    }
}

impl fmt::Display for UnknownImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (module, name) = (self.module.escape_debug(), self.name.escape_debug());
        write!(f, "unknown import: `{module}`.`{name}` has not been defined")
    }
}

impl core::error::Error for UnknownImportError {}

impl<T: 'static> Linker<T> {
    /// Defines each function that `module` imports and that is not defined yet, as one that fails
    /// with an [`UnknownImportError`] when it is called.
    ///
    /// Imports of other kinds stay undefined.
    ///
    /// # Errors
    ///
    /// None at present.
    pub fn define_unknown_imports_as_traps(&mut self, module: &Module) -> Result<()> {
        for import in module.imports() {
            if self.definition(import.module(), import.name()).is_some() {
                continue;
            }
            let ExternType::Func(ty) = import.ty() else { continue };
            let error = UnknownImportError::new(&import);
            self.func_new(import.module(), import.name(), ty, move |_, _, _| {
                Err(Error::new(error.clone()))
            })?;
        }
        Ok(())
    }

    /// Defines each import of `module` that is not defined yet, with zeros and nulls: functions
    /// that return them, globals and tables that hold them, memories full of them.
    ///
    /// Memories and tables have the minimum size that the import asks for.
    ///
    /// # Errors
    ///
    /// When a reference type without null is asked for, when a limit of the store is reached, and
    /// when memory cannot be had.
    pub fn define_unknown_imports_as_default_values(
        &mut self,
        mut store: impl AsContextMut<Data = T>,
        module: &Module,
    ) -> Result<()> {
        for import in module.imports() {
            if self.definition(import.module(), import.name()).is_some() {
                continue;
            }
            let item: Extern = match import.ty() {
                ExternType::Func(ty) => {
                    self.define_default_func(&import, ty)?;
                    continue;
                }
                ExternType::Global(ty) => {
                    let value = default_value(&import, ty.content)?;
                    Global::new(&mut store, ty, value)?.into()
                }
                ExternType::Table(ty) => {
                    default_value(&import, ValType::Ref(ty.element))?;
                    Table::new(&mut store, ty, Ref::null(ty.element.heap_type))?.into()
                }
                ExternType::Memory(ty) if ty.shared => SharedMemory::new(self.engine(), ty)?.into(),
                ExternType::Memory(ty) => Memory::new(&mut store, ty)?.into(),
            };
            self.define(&store, import.module(), import.name(), item)?;
        }
        Ok(())
    }

    fn define_default_func(&mut self, import: &ImportType<'_>, ty: FuncType) -> Result<()> {
        let defaults = ty.results().iter().map(|&ty| default_value(import, ty));
        defaults.collect::<Result<Vec<Val>>>()?;
        // Results are preset to their defaults.
        self.func_new(import.module(), import.name(), ty, |_, _, _| Ok(()))?;
        Ok(())
    }
}

fn default_value(import: &ImportType<'_>, ty: ValType) -> Result<Val> {
    let value = Val::default_for_ty(ty);
    if !value.matches_ty(ty) {
        let (module, name) = (import.module(), import.name());
        return Err(link_error(format!(
            "no default value for `{module}`.`{name}`: {ty} has no null"
        )));
    }
    Ok(value)
}
