//! [`ModuleFunction`]: the functions of a module by index and name.
//!
//! What lives here: who they are. What does not: their code. Invariant: names are borrowed from the
//! module.

use wasmtier_vm::{ExportItem, FuncIdx};

use crate::Module;

/// A function of a module. Made by [`Module::functions`].
#[derive(Clone, Debug)]
pub struct ModuleFunction<'module> {
    index: u32,
    name: Option<&'module str>,
    imported: bool,
}

impl<'module> ModuleFunction<'module> {
    /// Its index.
    #[must_use]
    pub fn index(&self) -> u32 {
        self.index
    }

    /// Its name, from the name section, or else its export.
    #[must_use]
    pub fn name(&self) -> Option<&'module str> {
        self.name
    }

    /// Whether it is imported, and so has no code here.
    #[must_use]
    pub fn is_imported(&self) -> bool {
        self.imported
    }
}

impl Module {
    /// All functions, imported ones first.
    ///
    /// ```
    /// use wasmtier::{Engine, Module};
    /// // (module (func (export "f") (result i32) i32.const 42))
    /// let bytes = b"\0asm\x01\0\0\0\x01\x05\x01\x60\0\x01\x7f\x03\x02\x01\0\x07\x05\x01\x01f\0\0\
    ///     \x0a\x06\x01\x04\0\x41\x2a\x0b";
    /// let module = Module::new(&Engine::default(), bytes)?;
    /// let function = module.functions().next().expect("there is one");
    /// assert_eq!((function.index(), function.name()), (0, Some("f")));
    /// # Ok::<(), wasmtier::Error>(())
    /// ```
    pub fn functions(&self) -> impl ExactSizeIterator<Item = ModuleFunction<'_>> {
        let info = self.inner().info();
        let count = u32::try_from(info.funcs.len()).expect("validation bounds how many there are");
        (0..count).map(|index| {
            let func = FuncIdx(index);
            let (name, imported) = (info.func_name(func), info.defined_func(func).is_none());
            ModuleFunction { index, name, imported }
        })
    }

    /// The index of the function that is exported as `name`, or else has that name in the name
    /// section.
    #[must_use]
    pub fn function_index(&self, name: &str) -> Option<u32> {
        if let Some(ExportItem::Func(func)) = self.inner().export(name) {
            return Some(func.0);
        }
        let names = &self.inner().info().func_names;
        names.iter().find(|(_, other)| **other == *name).map(|(func, _)| func.0)
    }
}
