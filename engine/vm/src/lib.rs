//! The contract every tier of wasmtier compiles against.
//!
//! What lives here: the layouts that running code touches ([`VmCtx`], [`FuncEntry`],
//! [`FuncRecord`], frames), the list of builtins, the declarations of a module
//! ([`ModuleInfo`]), and the one walk over bytecode. What does not: stores, linkers, memory
//! mapping, threads; translation and compilation.
//!
//! The machine: one [`VmCtx`] per instance, one value stack per store, frames as [`frame`] lays
//! them out. Everything that two tiers, or a tier and the runtime, must agree on is a `repr(C)`
//! field here; nobody types in an offset.

pub mod frame;

mod builtin;
mod func;
mod key;
mod module;
mod native;
mod opcode;
mod status;
mod types;
mod vmctx;
mod walk;

pub use builtin::{
    AdaptCode, Builtin, BuiltinCode, BuiltinTable, LeaveCode, OsrCode, TranslateCode, WarmCode,
};
pub use frame::{FrameLayout, Slot};
pub use func::{FUNC_RECORD_SIZE, FuncEntry, FuncRecord, HostCode};
pub use key::{FuncKey, FuncKeyKind};
pub use module::{
    ConstExpr, ConstOp, DataSegment, ElemItems, ElemSegment, Export, ExportItem, Import,
    ImportType, ModuleInfo, SegmentMode,
};
pub use native::{
    AdapterFrame, Continuation, EnteredFrame, InterpreterFrame, NativeStubs, OtherFrame,
};
pub use status::Status;
pub use types::{
    DataIdx, ElemIdx, FuncIdx, FuncType, GlobalIdx, GlobalType, HeapType, LocalIdx, MemoryIdx,
    MemoryType, Mutability, RefType, TableIdx, TableType, TypeId, TypeIdx, ValType,
};
pub use vmctx::{Activation, FuncImport, VmCtx, VmMemory, VmStore, VmTable};
pub use walk::{BodyReader, VALIDATED_FRAME, Walk, open_body};
