//! The verifier of compiled code as the oracle sees it.
//!
//! Invariant: what is verified is what an engine compiles that has all optional instructions and
//! guards, and one that has neither.

use wasmtier::{Engine, Module};
use wasmtier_jit::{Bounds, Options};
use wasmtier_verify::verify_module;
use wasmtier_x64::CpuFeatures;

/// Compiles modules and proves that their code stays within its bounds.
pub(crate) struct Verifier {
    engine: Engine,
}

impl Verifier {
    pub(crate) fn new() -> Self {
        Self { engine: Engine::default() }
    }

    /// The first thing that cannot be proven.
    pub(crate) fn refusal(&self, wasm: &[u8]) -> Option<String> {
        let module = Module::new(&self.engine, wasm).ok()?;
        let info = module.declarations();
        let memory = info.memories.first();
        let unguarded = memory.is_some_and(|memory| memory.memory64 || memory.page_size_log2 != 16);
        let guard = if unguarded { Bounds::Explicit } else { Bounds::Guard };
        for (cpu, bounds) in [(CpuFeatures::ALL, guard), (CpuFeatures::FLOOR, Bounds::Explicit)] {
            let options = Options { cpu, bounds, sites: false };
            if let Err(refused) = verify_module(info, wasm, &options) {
                return Some(format!("{bounds:?}, {cpu:?}: {refused}"));
            }
        }
        None
    }
}
