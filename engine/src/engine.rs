//! [`Engine`]: what modules and stores share.
//!
//! What lives here: the checked configuration, the world, and the type registry. What does not:
//! modules, stores, code. Invariant: an engine never changes after it is made, except that its
//! registry learns types, and its native world gets handlers.

use core::fmt;
use core::sync::atomic::Ordering;
use std::sync::Arc;

use wasmparser::WasmFeatures;
use wasmtier_vm::{BuiltinTable, FuncEntry};

use crate::config::{Config, SUPPORTED, Tier};
use crate::error::{Error, Result};
use crate::error_kind::ErrorKind;
use crate::module::ScratchPool;
use crate::registry::TypeRegistry;
use crate::runtime::builtins::PORTABLE as PORTABLE_BUILTINS;
use crate::runtime::native::{Adapter, Native};
use crate::runtime::unavailable::Unavailable;

/// Most bytes of stack. It is allocated in one piece, and what needs more is recursion gone wrong.
const LARGEST_STACK: usize = 1 << 30;

/// The root of everything: configuration and function types, shared by modules and stores.
///
/// Cheap to clone, safe to use from any thread. Modules and stores of different engines do not
/// mix.
///
/// ```
/// use wasmtier::{Engine, Module};
/// let engine = Engine::default();
/// let module = Module::new(&engine, b"\0asm\x01\0\0\0")?;
/// assert!(Engine::same(&engine, module.engine()));
/// # Ok::<(), wasmtier::Error>(())
/// ```
#[derive(Clone)]
pub struct Engine(Arc<EngineInner>);

struct EngineInner {
    config: Config,
    types: TypeRegistry,
    scratch: ScratchPool,
    /// `None` in the portable world.
    native: Option<Native>,
}

impl Engine {
    /// An engine that behaves as `config` says.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] when the configuration asks for a tier or proposal that this build or
    /// host does not have, for too large a stack, or for a profiler whose file cannot be created.
    pub fn new(config: &Config) -> Result<Self> {
        check_stack(config.max_wasm_stack)?;
        check_features(config.features)?;
        check_profiler(config)?;
        Ok(Self::of(config.clone(), choose_world(config)?))
    }

    fn of(config: Config, native: Option<Native>) -> Self {
        Self(Arc::new(EngineInner {
            config,
            types: TypeRegistry::default(),
            scratch: ScratchPool::default(),
            native,
        }))
    }

    /// Whether `a` and `b` are the same engine.
    #[must_use]
    pub fn same(a: &Self, b: &Self) -> bool {
        Arc::ptr_eq(&a.0, &b.0)
    }

    /// The configuration it was made of.
    pub(crate) fn config(&self) -> &Config {
        &self.0.config
    }

    /// The engine-wide names of function types.
    pub(crate) fn types(&self) -> &TypeRegistry {
        &self.0.types
    }

    /// What the native world consists of; `None` in the portable one.
    #[inline]
    pub(crate) fn native(&self) -> Option<&Native> {
        self.0.native.as_ref()
    }

    /// Makes it possible to call the function of `entry`, which compiled code wants to call for the
    /// first time and which takes its arguments in slots.
    ///
    /// # Errors
    ///
    /// When there is no memory for code.
    pub(crate) fn adapt(&self, entry: &FuncEntry) -> Result<()> {
        let native = self.native().expect("only compiled code needs adapters");
        let ty = self.types().func_type(entry.type_id).expect("types of functions are registered");
        let adapter = match entry.host {
            Some(_) => Adapter::RegistersToHost,
            None => Adapter::RegistersToSlots,
        };
        let adapter = native.adapter(adapter, entry.type_id, &ty).map_err(Error::msg)?;
        let unknown = native.adapt_entry().unwrap_or_default();
        // If it has changed, somebody else was first, or the function was compiled.
        // Release: who jumps there finds the code. Relaxed: what is found otherwise is not used.
        let (success, failure) = (Ordering::Release, Ordering::Relaxed);
        let _ = entry.reg_entry.compare_exchange(unknown, adapter, success, failure);
        Ok(())
    }

    /// The builtins of its code.
    pub(crate) fn builtins(&self) -> *const BuiltinTable {
        match self.native() {
            Some(native) => native.builtins(),
            None => &raw const PORTABLE_BUILTINS,
        }
    }

    /// Buffers of the translator.
    pub(crate) fn scratch(&self) -> &ScratchPool {
        &self.0.scratch
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("config", &self.0.config).finish_non_exhaustive()
    }
}

impl Default for Engine {
    /// An engine with the default configuration, which every host can do.
    fn default() -> Self {
        let config = Config::new();
        let native = any_world(&config);
        Self::of(config, native)
    }
}

fn check_stack(bytes: usize) -> Result<(), ErrorKind> {
    if bytes <= LARGEST_STACK {
        return Ok(());
    }
    let message = format!("a stack of {bytes} bytes is too large; the most is {LARGEST_STACK}");
    Err(ErrorKind::Config(message))
}

/// The native world that the tier of `config` needs, if it needs one.
fn choose_world(config: &Config) -> Result<Option<Native>, ErrorKind> {
    match config.tier {
        Tier::Auto => Ok(any_world(config)),
        Tier::Portable => Ok(None),
        Tier::Interp | Tier::Jit => match new_native(config) {
            Ok(native) => Ok(Some(native)),
            Err(why) => {
                let tier = if config.tier == Tier::Jit { "jit" } else { "interp" };
                Err(ErrorKind::Config(format!(
                    "tier `{tier}` cannot run here: {why}; use `auto` or `portable`"
                )))
            }
        },
    }
}

/// The native world, or that there is none.
fn any_world(config: &Config) -> Option<Native> {
    let native = new_native(config);
    if let Err(why) = &native {
        tracing::debug!(%why, "no machine code");
    }
    native.ok()
}

fn new_native(config: &Config) -> Result<Native, Unavailable> {
    Native::new(config)
}

fn check_profiler(config: &Config) -> Result<(), ErrorKind> {
    if config.tier != Tier::Portable
        && let Err(error) = Native::open_profile(config.profiler)
    {
        return Err(ErrorKind::Config(format!("no file for the profiler: {error}")));
    }
    Ok(())
}

fn check_features(features: WasmFeatures) -> Result<(), ErrorKind> {
    let missing = features.difference(SUPPORTED);
    if missing.is_empty() {
        return Ok(());
    }
    let names: Vec<String> = missing
        .iter_names()
        .map(|(name, _)| format!("`{}`", name.to_lowercase().replace('_', "-")))
        .collect();
    Err(ErrorKind::Config(format!("proposal not supported yet: {}", names.join(", "))))
}
