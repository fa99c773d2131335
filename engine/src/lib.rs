//! The public API of wasmtier.

mod config;
mod engine;
mod error;
mod error_kind;
mod extern_type;
mod imports;
mod limits;
mod module;
mod registry;
mod runtime;
mod tuning;

pub use config::{Config, Tier};
pub use engine::Engine;
pub use error::{Context, Error, Result};
pub use error_kind::ErrorKind;
pub use extern_type::ExternType;
pub use imports::{ExportType, ImportType};
pub use limits::{
    DEFAULT_INSTANCE_LIMIT, DEFAULT_MEMORY_LIMIT, DEFAULT_TABLE_LIMIT, ResourceLimiter,
    StoreLimits, StoreLimitsBuilder,
};
pub use module::Module;
pub use wasmtier_ops::Trap;
pub use wasmtier_vm::{FuncType, GlobalType, HeapType, MemoryType, RefType, TableType, ValType};
