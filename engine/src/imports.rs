//! Views of what a module imports and exports: [`ImportType`], [`ExportType`].
//!
//! What lives here: the public shape of declarations. What does not: the declarations
//! (`ModuleInfo`). Invariant: names are borrowed from the module, types are copies.

use wasmtier_vm::{ExportItem, ImportType as Declared, ModuleInfo};

use crate::{ExternType, Module};

/// One import of a module. Made by [`Module::imports`](crate::Module::imports).
///
/// ```
/// use wasmtier::{Engine, Module};
///
/// # fn main() -> Result<(), wasmtier::Error> {
/// // (module (import "env" "log" (func (param i32))))
/// let wasm = b"\0asm\x01\0\0\0\x01\x05\x01\x60\x01\x7f\0\x02\x0b\x01\x03env\x03log\0\0";
/// let module = Module::new(&Engine::default(), wasm)?;
/// let import = module.imports().next().expect("the module has one import");
/// assert_eq!((import.module(), import.name()), ("env", "log"));
/// assert_eq!(import.ty().to_string(), "func (i32) -> ()");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct ImportType<'module> {
    module: &'module str,
    name: &'module str,
    ty: ExternType,
}

impl<'module> ImportType<'module> {
    pub(crate) fn new(module: &'module str, name: &'module str, ty: ExternType) -> Self {
        Self { module, name, ty }
    }

    /// The first level of its name: by convention, the module it comes from.
    #[must_use]
    pub fn module(&self) -> &'module str {
        self.module
    }

    /// The second level of its name.
    #[must_use]
    pub fn name(&self) -> &'module str {
        self.name
    }

    /// What it asks for.
    #[must_use]
    pub fn ty(&self) -> ExternType {
        self.ty.clone()
    }
}

/// One export of a module. Made by [`Module::exports`](crate::Module::exports).
///
/// ```
/// use wasmtier::{Engine, Module};
///
/// # fn main() -> Result<(), wasmtier::Error> {
/// // (module (memory (export "memory") 1))
/// let wasm = b"\0asm\x01\0\0\0\x05\x03\x01\0\x01\x07\x0a\x01\x06memory\x02\0";
/// let module = Module::new(&Engine::default(), wasm)?;
/// let export = module.exports().next().expect("the module has one export");
/// assert_eq!(export.name(), "memory");
/// assert_eq!(export.ty().to_string(), "memory 1");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct ExportType<'module> {
    name: &'module str,
    ty: ExternType,
}

impl<'module> ExportType<'module> {
    pub(crate) fn new(name: &'module str, ty: ExternType) -> Self {
        Self { name, ty }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &'module str {
        self.name
    }

    /// The type of what is exported.
    #[must_use]
    pub fn ty(&self) -> ExternType {
        self.ty.clone()
    }
}

impl Module {
    /// What it imports, in order of declaration.
    pub fn imports(&self) -> impl ExactSizeIterator<Item = ImportType<'_>> {
        let info = self.inner().info();
        info.imports.iter().map(|import| {
            ImportType::new(&import.module, &import.name, import_type(info, &import.ty))
        })
    }

    /// What it exports, in order of declaration.
    pub fn exports(&self) -> impl ExactSizeIterator<Item = ExportType<'_>> {
        let info = self.inner().info();
        info.exports
            .iter()
            .map(|export| ExportType::new(&export.name, item_type(info, export.item)))
    }

    /// The type of the export called `name`.
    #[must_use]
    pub fn get_export(&self, name: &str) -> Option<ExternType> {
        let item = self.inner().export(name)?;
        Some(item_type(self.inner().info(), item))
    }
}

/// What an import asks for.
pub(crate) fn import_type(info: &ModuleInfo, ty: &Declared) -> ExternType {
    match *ty {
        Declared::Func(ty) => ExternType::Func(info.types[ty.index()].clone()),
        Declared::Table(ty) => ExternType::Table(ty),
        Declared::Memory(ty) => ExternType::Memory(ty),
        Declared::Global(ty) => ExternType::Global(ty),
    }
}

fn item_type(info: &ModuleInfo, item: ExportItem) -> ExternType {
    match item {
        ExportItem::Func(func) => ExternType::Func(info.func_type(func).clone()),
        ExportItem::Table(table) => ExternType::Table(info.tables[table.index()]),
        ExportItem::Memory(memory) => ExternType::Memory(info.memories[memory.index()]),
        ExportItem::Global(global) => ExternType::Global(info.globals[global.index()]),
    }
}
