//! [`Linker`]: finds by name what a module imports.
//!
//! What lives here: the names, and what may be done with them. What does not: how a whole module
//! becomes a name (`module`), what stands in for missing imports (`unknown`), and instantiation.
//!
//! Invariant: a host function in a linker belongs to no store and may serve any; everything else
//! in it is of one store, and only that store can use it.

mod definition;
mod module;
mod unknown;

use std::collections::HashMap;
use std::fmt;

pub(crate) use definition::Definition;
pub use unknown::UnknownImportError;

use crate::runtime::host::HostFunc;
use crate::store::{AsContext, AsContextMut};
use crate::{
    Caller, Engine, Error, ErrorKind, Extern, Func, FuncType, ImportType, Instance, InstancePre,
    IntoFunc, Module, Result, Val,
};

/// Why a host function can become part of a store.
const ROOM: &str = "a store has room for 2^27 functions";

/// What a linker knows under one first-level name.
type Names<T> = HashMap<Box<str>, Definition<T>>;

/// Finds by name what modules import, and instantiates them.
///
/// Host functions defined with [`Linker::func_wrap`] and [`Linker::func_new`] belong to no store:
/// one linker can serve many stores, and is cheap to keep. Items given to [`Linker::define`],
/// [`Linker::instance`] and [`Linker::module`] tie the linker to their store.
///
/// Cloning a linker gives an independent one with the same definitions.
///
/// ```
/// use wasmtier::{Caller, Engine, Linker, Module, Store};
///
/// # fn main() -> Result<(), wasmtier::Error> {
/// // (module (import "host" "add" (func (param i32))) (func (export "run") i32.const 2 call 0))
/// let wasm = b"\0asm\x01\0\0\0\x01\x08\x02\x60\x01\x7f\0\x60\0\0\x02\x0c\x01\x04host\x03add\0\0\
///     \x03\x02\x01\x01\x07\x07\x01\x03run\0\x01\x0a\x08\x01\x06\0\x41\x02\x10\0\x0b";
/// let engine = Engine::default();
/// let module = Module::new(&engine, wasm)?;
///
/// let mut linker = Linker::<i32>::new(&engine);
/// linker.func_wrap("host", "add", |mut caller: Caller<'_, i32>, n: i32| *caller.data_mut() += n)?;
///
/// let mut store = Store::new(&engine, 40);
/// let instance = linker.instantiate(&mut store, &module)?;
/// instance.get_typed_func::<(), ()>(&mut store, "run")?.call(&mut store, ())?;
/// assert_eq!(*store.data(), 42);
/// # Ok(())
/// # }
/// ```
pub struct Linker<T: 'static> {
    engine: Engine,
    names: HashMap<Box<str>, Names<T>>,
    shadowing: bool,
    unknown_exports: bool,
}

impl<T: 'static> Clone for Linker<T> {
    fn clone(&self) -> Self {
        Self {
            engine: self.engine.clone(),
            names: self.names.clone(),
            shadowing: self.shadowing,
            unknown_exports: self.unknown_exports,
        }
    }
}

impl<T: 'static> fmt::Debug for Linker<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.names.iter().map(|(module, names)| (module, names.keys()));
        f.debug_map().entries(names).finish()
    }
}

impl<T: 'static> Linker<T> {
    /// A linker that knows no name.
    #[must_use]
    pub fn new(engine: &Engine) -> Self {
        Self {
            engine: engine.clone(),
            names: HashMap::new(),
            shadowing: false,
            unknown_exports: false,
        }
    }

    /// The engine it was made for.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Whether a name may be defined again, which replaces what it meant. Off by default.
    pub fn allow_shadowing(&mut self, allow: bool) -> &mut Self {
        self.shadowing = allow;
        self
    }

    /// Whether [`Linker::module`] passes over exports of a command that are no functions, and that
    /// it does not know to be harmless. Off by default.
    pub fn allow_unknown_exports(&mut self, allow: bool) -> &mut Self {
        self.unknown_exports = allow;
        self
    }

    /// Gives an item of a store a name.
    ///
    /// # Errors
    ///
    /// When the name is taken and [`Linker::allow_shadowing`] is off.
    ///
    /// # Panics
    ///
    /// When the item belongs to another store.
    pub fn define(
        &mut self,
        store: impl AsContext<Data = T>,
        module: &str,
        name: &str,
        item: impl Into<Extern>,
    ) -> Result<&mut Self> {
        let item = item.into();
        let ty = item.ty(store);
        self.insert(module, name, Definition::Extern(item, ty))
    }

    /// Gives an item of a store a name whose second level is empty.
    ///
    /// # Errors
    ///
    /// As [`Linker::define`].
    ///
    /// # Panics
    ///
    /// As [`Linker::define`].
    pub fn define_name(
        &mut self,
        store: impl AsContext<Data = T>,
        name: &str,
        item: impl Into<Extern>,
    ) -> Result<&mut Self> {
        self.define(store, name, "", item)
    }

    /// Defines a host function whose type is known only at run time.
    ///
    /// `func` gets its arguments, and room for its results, which are preset to zero and null.
    ///
    /// # Errors
    ///
    /// When the name is taken and [`Linker::allow_shadowing`] is off. Calls of the function fail
    /// when it leaves a result of the wrong type.
    pub fn func_new(
        &mut self,
        module: &str,
        name: &str,
        ty: FuncType,
        func: impl Fn(Caller<'_, T>, &[Val], &mut [Val]) -> Result<()> + Send + Sync + 'static,
    ) -> Result<&mut Self> {
        let func = HostFunc::dynamic(&self.engine, ty, func);
        self.insert(module, name, Definition::Host(func))
    }

    /// Defines a Rust closure as a host function; its type is that of the closure.
    ///
    /// # Errors
    ///
    /// When the name is taken and [`Linker::allow_shadowing`] is off.
    pub fn func_wrap<Params, Results>(
        &mut self,
        module: &str,
        name: &str,
        func: impl IntoFunc<T, Params, Results>,
    ) -> Result<&mut Self> {
        let (ty, code) = func.into_host();
        let func = HostFunc::new(&self.engine, ty, code);
        self.insert(module, name, Definition::Host(func))
    }

    /// Defines every export of an instance under the name `module`.
    ///
    /// # Errors
    ///
    /// When a name is taken and [`Linker::allow_shadowing`] is off.
    ///
    /// # Panics
    ///
    /// When the instance belongs to another store.
    pub fn instance(
        &mut self,
        mut store: impl AsContextMut<Data = T>,
        module: &str,
        instance: Instance,
    ) -> Result<&mut Self> {
        let exports: Vec<(Box<str>, Extern)> = instance
            .exports(store.as_context_mut())
            .map(|export| (export.name().into(), export.into_extern()))
            .collect();
        for (name, item) in exports {
            self.define(store.as_context(), module, &name, item)?;
        }
        Ok(self)
    }

    /// Gives what `module`.`name` means a second name, `as_module`.`as_name`.
    ///
    /// # Errors
    ///
    /// When the first name is not defined, or the second is and [`Linker::allow_shadowing`] is off.
    pub fn alias(
        &mut self,
        module: &str,
        name: &str,
        as_module: &str,
        as_name: &str,
    ) -> Result<&mut Self> {
        let definition = self.definition(module, name).cloned().ok_or_else(|| {
            link_error(format!("cannot alias `{module}`.`{name}`: it is not defined"))
        })?;
        self.insert(as_module, as_name, definition)
    }

    /// Gives everything that is defined under `module` a second name under `as_module`.
    ///
    /// # Errors
    ///
    /// When a new name is taken and [`Linker::allow_shadowing`] is off.
    pub fn alias_module(&mut self, module: &str, as_module: &str) -> Result<()> {
        for (name, definition) in self.names.get(module).cloned().unwrap_or_default() {
            self.insert(as_module, &name, definition)?;
        }
        Ok(())
    }

    /// What `module`.`name` means in `store`, if anything.
    ///
    /// A host function is made part of the store for it.
    ///
    /// # Panics
    ///
    /// When the linker belongs to another engine than the store, and when the store has no room
    /// for another function (2^27).
    pub fn get(
        &self,
        mut store: impl AsContextMut<Data = T>,
        module: &str,
        name: &str,
    ) -> Option<Extern> {
        self.check_engine(&store);
        let definition = self.definition(module, name)?;
        Some(definition.to_extern(&mut store.as_context_mut()).expect(ROOM))
    }

    /// What an import means in `store`, if anything. Its type is not looked at.
    ///
    /// # Panics
    ///
    /// As [`Linker::get`].
    pub fn get_by_import(
        &self,
        store: impl AsContextMut<Data = T>,
        import: &ImportType<'_>,
    ) -> Option<Extern> {
        self.get(store, import.module(), import.name())
    }

    /// The function to run when somebody runs `module`: its export with the empty name, else
    /// `_start`, else one that does nothing.
    ///
    /// # Errors
    ///
    /// When the export is not a function.
    ///
    /// # Panics
    ///
    /// As [`Linker::get`].
    pub fn get_default(
        &self,
        mut store: impl AsContextMut<Data = T>,
        module: &str,
    ) -> Result<Func> {
        for name in ["", "_start"] {
            if let Some(item) = self.get(&mut store, module, name) {
                return item.into_func().ok_or_else(|| {
                    link_error(format!("the default export `{module}`.`{name}` is not a function"))
                });
            }
        }
        Ok(Func::wrap(store, || {}))
    }

    /// Everything that is defined, as (module, name, item), in no particular order.
    ///
    /// # Panics
    ///
    /// As [`Linker::get`].
    pub fn iter<'a>(
        &'a self,
        mut store: impl AsContextMut<Data = T> + 'a,
    ) -> impl Iterator<Item = (&'a str, &'a str, Extern)> + 'a {
        self.check_engine(&store);
        let names = self.names.iter();
        let names = names.flat_map(|(module, names)| names.iter().map(move |item| (module, item)));
        names.map(move |(module, (name, definition))| {
            let item = definition.to_extern(&mut store.as_context_mut()).expect(ROOM);
            (&**module, &**name, item)
        })
    }

    /// Instantiates `module` with what its imports mean here, and runs its start function.
    ///
    /// # Errors
    ///
    /// When an import is not defined ([`UnknownImportError`]) or has another type, and whatever
    /// [`Instance::new`] fails with.
    ///
    /// # Panics
    ///
    /// When a definition belongs to another store, or the linker to another engine than the store.
    pub fn instantiate(
        &self,
        mut store: impl AsContextMut<Data = T>,
        module: &Module,
    ) -> Result<Instance> {
        self.check_engine(&store);
        let mut store = store.as_context_mut();
        let mut imports = Vec::with_capacity(module.imports().len());
        for import in module.imports() {
            let definition = self.resolve(&import)?;
            imports.push(definition.to_extern(&mut store)?);
        }
        Instance::new(store, module, &imports)
    }

    /// Looks up and checks the imports of `module` once, for any number of instantiations.
    ///
    /// # Errors
    ///
    /// When an import is not defined ([`UnknownImportError`]) or has another type, and when the
    /// module was made with another engine than the linker.
    pub fn instantiate_pre(&self, module: &Module) -> Result<InstancePre<T>> {
        if !Engine::same(&self.engine, module.engine()) {
            let text = "the module was made with another engine than the linker";
            return Err(link_error(text.into()));
        }
        let mut imports = Vec::with_capacity(module.imports().len());
        for import in module.imports() {
            let definition = self.resolve(&import)?;
            definition.ty().check_import(import.module(), import.name(), &import.ty())?;
            imports.push(definition.clone());
        }
        Ok(InstancePre::new(module.clone(), imports))
    }

    /// Ids of function types mean something in their engine alone.
    fn check_engine(&self, store: impl AsContext) {
        let engine = store.as_context().engine();
        assert!(
            Engine::same(&self.engine, engine),
            "a linker was used with a store of another engine"
        );
    }

    fn definition(&self, module: &str, name: &str) -> Option<&Definition<T>> {
        self.names.get(module)?.get(name)
    }

    fn resolve(&self, import: &ImportType<'_>) -> Result<&Definition<T>> {
        self.definition(import.module(), import.name())
            .ok_or_else(|| Error::new(UnknownImportError::new(import)))
    }

    fn insert(&mut self, module: &str, name: &str, definition: Definition<T>) -> Result<&mut Self> {
        if !self.shadowing && self.definition(module, name).is_some() {
            return Err(link_error(format!("import of `{module}`.`{name}` is defined twice")));
        }
        self.names.entry(module.into()).or_default().insert(name.into(), definition);
        Ok(self)
    }
}

fn link_error(message: String) -> Error {
    Error::new(ErrorKind::Link(message))
}
