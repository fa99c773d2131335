//! [`Module`]: WebAssembly code, parsed, validated and shared.
//!
//! What lives here: the public type and the record behind it. What does not: parsing and
//! validation (`parse`, `validate`), translation (`lazy`), and anything of an instance.
//!
//! Invariant: a module never changes, except that its functions get translated.

mod compiled;
mod const_expr;
mod functions;
mod input;
mod lazy;
mod names;
mod osr;
mod parse;
mod types;
mod validate;

use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::{fmt, iter};

use wasmtier_vm::{ExportItem, FuncEntry, FuncIdx, ModuleInfo};

use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::error_kind::{ErrorKind, OneLine};
use crate::runtime::memory::BoundsMode;
pub(crate) use compiled::compile_one;
use functions::Functions;
pub use lazy::Warmed;
pub(crate) use lazy::{CodePlace, ScratchPool};

/// WebAssembly code, parsed and validated, ready to be instantiated any number of times.
///
/// Cheap to clone, immutable, safe to use from any thread. Making one validates every function but
/// compiles nothing: functions are translated when they are first called.
///
/// ```
/// use wasmtier::{Engine, Module};
/// let engine = Engine::default();
/// // (module $answer (func (export "f") (result i32) i32.const 42))
/// let bytes = b"\0asm\x01\0\0\0\x01\x05\x01\x60\0\x01\x7f\x03\x02\x01\0\x07\x05\x01\x01f\0\0\
///     \x0a\x06\x01\x04\0\x41\x2a\x0b\0\x0e\x04name\0\x07\x06answer";
/// let module = Module::new(&engine, bytes)?;
/// assert_eq!(module.name(), Some("answer"));
/// # Ok::<(), wasmtier::Error>(())
/// ```
#[derive(Clone)]
pub struct Module(Arc<ModuleInner>);

impl Module {
    /// Parses and validates a module in the binary format.
    ///
    /// Time and memory are linear in the size of `bytes`, of which a copy is kept.
    ///
    /// # Errors
    ///
    /// An [`ErrorKind`] that says what the bytes are when they are no core module, and else what is
    /// wrong at which offset.
    pub fn new(engine: &Engine, bytes: impl AsRef<[u8]>) -> Result<Self> {
        Ok(Self::from_bytes(engine, bytes.as_ref().into())?)
    }

    /// Reads, parses and validates a module in the binary format.
    ///
    /// # Errors
    ///
    /// As [`Module::new`], and when the file cannot be read; the message names the file. A file
    /// that does not begin like a module is not read to its end.
    ///
    /// ```
    /// use wasmtier::{Engine, Module};
    /// let error = Module::from_file(&Engine::default(), "absent.wasm").unwrap_err();
    /// assert!(error.to_string().contains("absent.wasm"));
    /// ```
    pub fn from_file(engine: &Engine, path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let read = input::read(path);
        let module = read.and_then(|bytes| Self::from_bytes(engine, bytes.into()));
        module.map_err(|kind| {
            let names_file = matches!(kind, ErrorKind::File { .. });
            let error = Error::new(kind);
            if names_file {
                error
            } else {
                error.context(format!("cannot load `{}`", path.display()))
            }
        })
    }

    /// Checks that `bytes` are a valid module, without keeping it.
    ///
    /// # Errors
    ///
    /// As [`Module::new`].
    ///
    /// ```
    /// use wasmtier::{Engine, Module};
    /// let engine = Engine::default();
    /// assert!(Module::validate(&engine, b"\0asm\x01\0\0\0").is_ok());
    /// assert!(Module::validate(&engine, b"\0asm\x01\0\0").is_err());
    /// ```
    pub fn validate(engine: &Engine, bytes: &[u8]) -> Result<()> {
        parse_input(engine, bytes)?;
        Ok(())
    }

    /// Translates every function now instead of on its first call; or compiles it, in
    /// [`Tier::Jit`](crate::Tier::Jit), where otherwise the first instance waits for that.
    ///
    /// Worth it where the first call of each function must be as fast as the second; it costs time
    /// and memory in proportion to all code instead of the code that runs.
    ///
    /// # Errors
    ///
    /// When a function exceeds a limit of the interpreter. The others are translated all the same,
    /// and calling one that is not gives the same error.
    ///
    /// ```
    /// use wasmtier::{Engine, Module};
    /// // (module (func (export "f") (result i32) i32.const 42))
    /// let bytes = b"\0asm\x01\0\0\0\x01\x05\x01\x60\0\x01\x7f\x03\x02\x01\0\x07\x05\x01\x01f\0\0\
    ///     \x0a\x06\x01\x04\0\x41\x2a\x0b";
    /// let warmed = Module::new(&Engine::default(), bytes)?.warm()?;
    /// assert_eq!((warmed.functions, warmed.body_bytes), (1, 4));
    /// # Ok::<(), wasmtier::Error>(())
    /// ```
    pub fn warm(&self) -> Result<Warmed> {
        Ok(self.0.translate_all()?)
    }

    /// The engine it was made with.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.0.engine
    }

    /// The name in its name section.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.0.info.name.as_deref()
    }

    fn from_bytes(engine: &Engine, bytes: Box<[u8]>) -> Result<Self, ErrorKind> {
        let mut info = parse_input(engine, &bytes)?;
        info.type_ids = engine.types().register_all(&info.types);
        Ok(Self(ModuleInner::new(engine.clone(), bytes, info)))
    }

    /// The handle of a record.
    pub(crate) fn from_inner(inner: Arc<ModuleInner>) -> Self {
        Self(inner)
    }

    /// The record behind it.
    pub(crate) fn inner(&self) -> &Arc<ModuleInner> {
        &self.0
    }
}

impl fmt::Debug for Module {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, bytes) = (self.name(), self.0.bytes.len());
        f.debug_struct("Module").field("name", &name).field("bytes", &bytes).finish_non_exhaustive()
    }
}

fn parse_input(engine: &Engine, bytes: &[u8]) -> Result<ModuleInfo, ErrorKind> {
    input::check_header(bytes)?;
    parse::parse(engine.config(), bytes).map_err(|invalid| {
        let named = |func| (func, names::func_name(bytes, func));
        ErrorKind::InvalidModule {
            offset: invalid.offset,
            message: invalid.message,
            function: invalid.function.map(named),
        }
    })
}

/// The export through which host functions reach the memory of their caller. They look for it at
/// each call: the search was a third of the time of a call for the time of day (WASI's
/// `clock_time_get`).
const MEMORY: &str = "memory";

/// What all handles and instances of one module share.
pub(crate) struct ModuleInner {
    engine: Engine,
    bytes: Box<[u8]>,
    info: ModuleInfo,
    /// For memories with guards, and for others; made when an instance needs them.
    functions: [OnceLock<Functions>; 2],
    /// Places in `info.exports`, sorted by name.
    exports_by_name: Box<[u32]>,
    /// The export called [`MEMORY`].
    memory: Option<ExportItem>,
}

impl ModuleInner {
    fn new(engine: Engine, bytes: Box<[u8]>, info: ModuleInfo) -> Arc<Self> {
        let mut exports_by_name: Box<[u32]> =
            iter::zip(0.., &info.exports).map(|(place, _)| place).collect();
        exports_by_name.sort_by_key(|&place| &info.exports[place as usize].name);
        let memory = info.exports.iter().find(|export| *export.name == *MEMORY);
        let memory = memory.map(|export| export.item);
        let functions = Default::default();
        Arc::new(Self { engine, bytes, info, functions, exports_by_name, memory })
    }

    /// The engine it was made with.
    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The whole module: bodies and data segments are ranges of it.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What it declares.
    pub(crate) fn info(&self) -> &ModuleInfo {
        &self.info
    }

    /// The functions it defines, as instances have them whose memory 0 has these bounds.
    pub(crate) fn functions(&self, bounds: BoundsMode) -> &Functions {
        let [guard, explicit] = &self.functions;
        let functions = match bounds {
            BoundsMode::Explicit if self.engine.native().is_some() => explicit,
            BoundsMode::Guard | BoundsMode::Explicit => guard,
        };
        functions.get_or_init(|| Functions::new(self, bounds))
    }

    /// The functions that an entry is one of, if it is of this module.
    pub(crate) fn functions_of(&self, entry: *const FuncEntry) -> Option<&Functions> {
        let made = self.functions.iter().filter_map(OnceLock::get);
        made.into_iter().find(|functions| functions.contain(entry))
    }

    /// The bounds mode of memory 0 where nothing is scarce; of an instance that has none, too.
    pub(crate) fn usual_bounds(&self) -> BoundsMode {
        BoundsMode::usual(self.info.memories.first(), &self.engine.config().memory_config())
    }

    /// The function that an entry of this module belongs to.
    pub(crate) fn func_of(&self, entry: &FuncEntry) -> FuncIdx {
        FuncIdx(self.info.imported_funcs + entry.key.index())
    }

    /// The export called `name`.
    ///
    /// Inline, for hosts ask for the memory in many of their functions, by a name that is constant.
    #[inline]
    pub(crate) fn export(&self, name: &str) -> Option<ExportItem> {
        if name == MEMORY { self.memory } else { self.other_export(name) }
    }

    /// The export called `name`, which is not [`MEMORY`].
    fn other_export(&self, name: &str) -> Option<ExportItem> {
        let exports = &self.info.exports;
        let named = |&place: &u32| (*exports[place as usize].name).cmp(name);
        let found = self.exports_by_name.binary_search_by(named).ok()?;
        Some(exports[self.exports_by_name[found] as usize].item)
    }
}

/// Why a module is refused, before it is known which function is at fault by name.
#[derive(Debug)]
struct Invalid {
    offset: u64,
    message: String,
    function: Option<u32>,
}

impl Invalid {
    fn new(offset: u64, message: impl Into<String>) -> Self {
        Self { offset, message: message.into(), function: None }
    }
}

impl From<wasmparser::BinaryReaderError> for Invalid {
    fn from(error: wasmparser::BinaryReaderError) -> Self {
        // The message may quote a name of the module.
        Self::new(error.offset(), OneLine(error.message()).to_string())
    }
}
