//! External values: [`Extern`], and an instance's [`Export`].
//!
//! What lives here: the sum of the kinds. What does not: the kinds themselves, and their types
//! (`extern_type`).
//!
//! Invariant: an [`Extern`] is a handle like those it holds: of one store, unless it is a shared
//! memory, which is of none.

use crate::store::AsContext;
use crate::{ExternType, Func, Global, Memory, MemoryType, SharedMemory, Table, TableType};

/// An external value: what a module can import and an instance exports.
///
/// A handle: cloning it copies nothing of the thing it names.
///
/// ```
/// use wasmtier::{Engine, Extern, Func, Store};
///
/// let mut store = Store::new(&Engine::default(), ());
/// let answer = Extern::from(Func::wrap(&mut store, || 42i32));
/// assert_eq!(answer.ty(&store).to_string(), "func () -> i32");
/// assert!(answer.clone().into_memory().is_none());
/// assert!(answer.into_func().is_some());
/// ```
#[derive(Clone, Debug)]
pub enum Extern {
    /// A function.
    Func(Func),
    /// A global variable.
    Global(Global),
    /// A table.
    Table(Table),
    /// A linear memory.
    Memory(Memory),
    /// A linear memory that other stores may have, too.
    SharedMemory(SharedMemory),
}

impl Extern {
    /// The function, if this is one.
    #[must_use]
    pub fn into_func(self) -> Option<Func> {
        match self {
            Self::Func(func) => Some(func),
            Self::Global(_) | Self::Table(_) | Self::Memory(_) | Self::SharedMemory(_) => None,
        }
    }

    /// The global, if this is one.
    #[must_use]
    pub fn into_global(self) -> Option<Global> {
        match self {
            Self::Global(global) => Some(global),
            Self::Func(_) | Self::Table(_) | Self::Memory(_) | Self::SharedMemory(_) => None,
        }
    }

    /// The table, if this is one.
    #[must_use]
    pub fn into_table(self) -> Option<Table> {
        match self {
            Self::Table(table) => Some(table),
            Self::Func(_) | Self::Global(_) | Self::Memory(_) | Self::SharedMemory(_) => None,
        }
    }

    /// The memory, if this is one that is not shared.
    #[must_use]
    pub fn into_memory(self) -> Option<Memory> {
        match self {
            Self::Memory(memory) => Some(memory),
            Self::Func(_) | Self::Global(_) | Self::Table(_) | Self::SharedMemory(_) => None,
        }
    }

    /// The shared memory, if this is one.
    #[must_use]
    pub fn into_shared_memory(self) -> Option<SharedMemory> {
        match self {
            Self::SharedMemory(memory) => Some(memory),
            Self::Func(_) | Self::Global(_) | Self::Table(_) | Self::Memory(_) => None,
        }
    }

    /// Its type. For tables and memories the minimum is the present size, which is what import
    /// matching goes by (specification section 4.5, external typing).
    ///
    /// # Panics
    ///
    /// When it belongs to another store.
    #[must_use]
    pub fn ty(&self, store: impl AsContext) -> ExternType {
        match self {
            Self::Func(func) => ExternType::Func(func.ty(store)),
            Self::Global(global) => ExternType::Global(global.ty(store)),
            Self::Table(table) => {
                let store = store.as_context();
                let minimum = table.size(store);
                ExternType::Table(TableType { minimum, ..table.ty(store) })
            }
            Self::Memory(memory) => {
                let store = store.as_context();
                let minimum = memory.size(store);
                ExternType::Memory(MemoryType { minimum, ..memory.ty(store) })
            }
            Self::SharedMemory(memory) => {
                ExternType::Memory(MemoryType { minimum: memory.size(), ..memory.ty() })
            }
        }
    }
}

macro_rules! extern_from {
    ($($kind:ident)*) => {$(
        impl From<$kind> for Extern {
            fn from(item: $kind) -> Self {
                Self::$kind(item)
            }
        }
    )*};
}
extern_from!(Func Global Table Memory SharedMemory);

/// One export of an instance. Made by [`Instance::exports`](crate::Instance::exports).
///
/// ```
/// use wasmtier::{Engine, Instance, Module, Store};
///
/// # fn main() -> Result<(), wasmtier::Error> {
/// // (module (memory (export "memory") 1))
/// let wasm = b"\0asm\x01\0\0\0\x05\x03\x01\0\x01\x07\x0a\x01\x06memory\x02\0";
/// let engine = Engine::default();
/// let mut store = Store::new(&engine, ());
/// let instance = Instance::new(&mut store, &Module::new(&engine, wasm)?, &[])?;
/// let exports = instance.exports(&mut store);
/// let names: Vec<_> = exports.map(|export| export.name().to_owned()).collect();
/// assert_eq!(names, ["memory"]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Export<'instance> {
    name: &'instance str,
    item: Extern,
}

impl<'instance> Export<'instance> {
    pub(crate) fn new(name: &'instance str, item: Extern) -> Self {
        Self { name, item }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &'instance str {
        self.name
    }

    /// What is exported.
    #[must_use]
    pub fn into_extern(self) -> Extern {
        self.item
    }

    /// The function, if it is one.
    #[must_use]
    pub fn into_func(self) -> Option<Func> {
        self.item.into_func()
    }

    /// The global, if it is one.
    #[must_use]
    pub fn into_global(self) -> Option<Global> {
        self.item.into_global()
    }

    /// The table, if it is one.
    #[must_use]
    pub fn into_table(self) -> Option<Table> {
        self.item.into_table()
    }

    /// The memory, if it is one that is not shared.
    #[must_use]
    pub fn into_memory(self) -> Option<Memory> {
        self.item.into_memory()
    }

    /// The shared memory, if it is one.
    #[must_use]
    pub fn into_shared_memory(self) -> Option<SharedMemory> {
        self.item.into_shared_memory()
    }
}
