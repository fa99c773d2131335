//! The public API of wasmtier.

mod caller;
mod config;
mod engine;
mod error;
mod error_kind;
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
mod registry;
mod runtime;
mod store;
mod table;
mod trap;
mod tuning;
mod typed;
mod value;

pub use caller::Caller;
pub use config::{Config, Tier};
pub use engine::Engine;
pub use error::{Context, Error, Result};
pub use error_kind::ErrorKind;
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
pub use store::{AsContext, AsContextMut, Store, StoreContext, StoreContextMut};
pub use table::Table;
pub use trap::{FrameInfo, WasmBacktrace};
pub use typed::{TypedFunc, WasmParams, WasmResults, WasmTy};
pub use value::{ExternRef, Ref, V128, Val};
pub use wasmtier_ops::Trap;
pub use wasmtier_vm::{FuncType, GlobalType, HeapType, MemoryType, RefType, TableType, ValType};
