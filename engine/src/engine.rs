//! [`Engine`]: what modules and stores share.
//!
//! What lives here: the checked configuration and the type registry. What does not: modules,
//! stores, code. Invariant: an engine never changes after it is made, except that its registry
//! learns types.

use core::fmt;
use std::sync::Arc;

use wasmparser::WasmFeatures;

use crate::config::{Config, SUPPORTED, Tier};
use crate::error::Result;
use crate::error_kind::ErrorKind;
use crate::module::ScratchPool;
use crate::registry::TypeRegistry;

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
}

impl Engine {
    /// An engine that behaves as `config` says.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] when the configuration asks for a tier or proposal that this build
    /// does not have, or for too large a stack.
    pub fn new(config: &Config) -> Result<Self> {
        check_tier(config.tier)?;
        check_stack(config.max_wasm_stack)?;
        check_features(config.features)?;
        Ok(Self::unchecked(config.clone()))
    }

    fn unchecked(config: Config) -> Self {
        Self(Arc::new(EngineInner {
            config,
            types: TypeRegistry::default(),
            scratch: ScratchPool::default(),
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
        Self::unchecked(Config::new())
    }
}

fn check_stack(bytes: usize) -> Result<(), ErrorKind> {
    if bytes <= LARGEST_STACK {
        return Ok(());
    }
    let message = format!("a stack of {bytes} bytes is too large; the most is {LARGEST_STACK}");
    Err(ErrorKind::Config(message))
}

fn check_tier(tier: Tier) -> Result<(), ErrorKind> {
    let name = match tier {
        Tier::Auto | Tier::Portable => return Ok(()),
        Tier::Interp => "interp",
        Tier::Jit => "jit",
    };
    Err(ErrorKind::Config(format!(
        "tier `{name}` is not built into this version; use `auto` or `portable`"
    )))
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
