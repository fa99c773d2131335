//! A WebAssembly engine that starts at once, and is being built to become fast where it matters.
//!
//! A [`Module`] is ready to run as soon as it is validated; a function is translated when it is
//! first called. So far it is interpreted, in one of two ways (see [`Tier`]); machine code for what
//! is hot comes next. What lives here is the API for embedding: names and shape are those of the
//! `wasmtime` crate, so that most code moves over with a `use`.
//!
//! # Embedding
//!
//! ```
//! use wasmtier::{Caller, Engine, Error, Extern, Linker, Module, Store};
//!
//! # fn main() -> Result<(), Error> {
//! // (module
//! //   (import "host" "log" (func $log (param i32 i32)))
//! //   (memory (export "memory") 1)
//! //   (data (i32.const 8) "hello")
//! //   (func (export "greet") (param $times i32) (result i32)
//! //     (call $log (i32.const 8) (i32.const 5))
//! //     (i32.mul (local.get $times) (i32.const 2))))
//! let wasm = b"\0asm\x01\0\0\0\x01\x0b\x02\x60\x02\x7f\x7f\0\x60\x01\x7f\x01\x7f\
//!     \x02\x0c\x01\x04host\x03log\0\0\x03\x02\x01\x01\x05\x03\x01\0\x01\
//!     \x07\x12\x02\x06memory\x02\0\x05greet\0\x01\
//!     \x0a\x0f\x01\x0d\0\x41\x08\x41\x05\x10\0\x20\0\x41\x02\x6c\x0b\
//!     \x0b\x0b\x01\0\x41\x08\x0b\x05hello";
//!
//! // An engine holds what modules and stores share; one per process is usual.
//! let engine = Engine::default();
//! let module = Module::new(&engine, wasm)?;
//!
//! // A linker knows what modules may import: here a closure, which reaches the memory of the
//! // instance that calls it, and the data of the store.
//! let mut linker = Linker::<Vec<String>>::new(&engine);
//! linker.func_wrap(
//!     "host",
//!     "log",
//!     |mut caller: Caller<'_, Vec<String>>, at: u32, len: u32| -> Result<(), Error> {
//!         let memory = caller.get_export("memory").and_then(Extern::into_memory);
//!         let memory = memory.ok_or_else(|| Error::msg("the guest exports no memory"))?;
//!         let mut text = vec![0; len as usize];
//!         memory.read(&caller, at as usize, &mut text)?;
//!         caller.data_mut().push(String::from_utf8(text)?);
//!         Ok(())
//!     },
//! )?;
//!
//! // A store owns instances, and data of the host.
//! let mut store = Store::new(&engine, Vec::new());
//! let instance = linker.instantiate(&mut store, &module)?;
//! let greet = instance.get_typed_func::<i32, i32>(&mut store, "greet")?;
//! assert_eq!(greet.call(&mut store, 21)?, 42);
//! assert_eq!(store.data(), &["hello"]);
//! # Ok(())
//! # }
//! ```
//!
//! # The types
//!
//! | type | what it is | threads |
//! |---|---|---|
//! | [`Engine`], [`Config`] | what modules and stores share | share freely |
//! | [`Module`] | code, validated | share freely |
//! | [`Linker`], [`InstancePre`] | what imports mean | share freely |
//! | [`Store`] | instances and all they own, and data `T` of the host | one at a time |
//! | [`Instance`], [`Func`], [`TypedFunc`] | handles into a store | plain values |
//! | [`Memory`], [`Table`], [`Global`] | handles into a store | plain values |
//! | [`SharedMemory`] | a memory that stores share | share freely |
//! | [`Val`], [`Ref`], [`ExternRef`], [`V128`] | values | plain values |
//! | [`Error`], [`Trap`], [`WasmBacktrace`] | what went wrong, and where | plain values |
//!
//! # Handles and stores
//!
//! A handle says where something is in its store, and is used together with it. A handle that is
//! used with another store panics with a message that says so; nothing worse can happen. What is
//! in a store lives until the store is dropped: make a store for each piece of work, as making one
//! costs microseconds.
//!
//! # Errors, traps and panics
//!
//! Whatever a guest or its bytes do wrong is an [`Error`], never a panic. A [`Trap`] is found in it
//! with [`Error::downcast_ref`], and so is the [`WasmBacktrace`] that says where it happened. An
//! error that a host function returns reaches the embedder as it is. A panic of a host function
//! goes on in the embedder, past all wasm frames; the store can be used again afterwards.
//!
//! # Limits
//!
//! [`Store::limiter`] installs a [`ResourceLimiter`] on memory, tables and instances;
//! [`Config::max_wasm_stack`] limits recursion. Nothing limits time yet. Whatever the limiter says,
//! a table holds at most ten million elements. A function whose locals and operands take more than
//! 32,000 slots of 8 bytes together, or whose translation takes more than 128 MiB, is an error when
//! it is first called.

mod caller;
mod config;
mod engine;
mod error;
mod error_kind;
mod explore;
mod extern_;
mod extern_type;
mod func;
mod global;
mod imports;
mod instance;
mod instance_pre;
mod into_func;
mod limits;
mod linker;
mod memory;
mod module;
mod module_function;
mod registry;
mod runtime;
mod shared_memory;
mod store;
mod table;
mod trap;
mod tuning;
mod typed;
mod value;

pub use caller::Caller;
pub use config::{Config, ProfilingStrategy, Tier};
pub use engine::Engine;
pub use error::{Context, Error, Result};
pub use error_kind::ErrorKind;
pub use explore::{
    ExploredCell, ExploredCode, ExploredFunction, ExploredHandler, ExploredOperator, ExploredPart,
    ExploredPin, ExploredRun, ExploredSummary,
};
pub use extern_::{Export, Extern};
pub use extern_type::ExternType;
pub use func::Func;
pub use global::Global;
pub use imports::{ExportType, ImportType};
pub use instance::Instance;
pub use instance_pre::InstancePre;
pub use into_func::{IntoFunc, WasmRet};
pub use limits::{
    DEFAULT_INSTANCE_LIMIT, DEFAULT_MEMORY_LIMIT, DEFAULT_TABLE_LIMIT, ResourceLimiter,
    StoreLimits, StoreLimitsBuilder,
};
pub use linker::{Linker, UnknownImportError};
pub use memory::{Memory, MemoryAccessError};
pub use module::{Module, Warmed};
pub use module_function::ModuleFunction;
pub use shared_memory::{SharedMemory, WaitResult};
pub use store::{AsContext, AsContextMut, Store, StoreContext, StoreContextMut};
pub use table::Table;
pub use trap::{FrameInfo, WasmBacktrace};
pub use typed::{TypedFunc, WasmParams, WasmResults, WasmTy};
pub use value::{ExternRef, Ref, V128, Val};
pub use wasmtier_ops::Trap;
pub use wasmtier_vm::{
    FuncType, GlobalType, HeapType, MemoryType, Mutability, RefType, TableType, ValType,
};
