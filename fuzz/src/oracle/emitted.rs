//! The verifier of compiled code as the oracle sees it.
//!
//! Invariant: what is verified is what engines compile that have all optional instructions, and
//! none. Only code that relies on guards: in explicit checks, the verifier does not follow the
//! length of a table that a guest uses as an index, which generated modules do.

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
        let guarded = match &*info.memories {
            [] => true,
            [memory] => !memory.memory64 && memory.page_size_log2 == 16,
            _ => false,
        };
        if !guarded {
            return None;
        }
        for cpu in [CpuFeatures::ALL, CpuFeatures::FLOOR] {
            let options = Options { cpu, bounds: Bounds::Guard, sites: false };
            if let Err(refused) = verify_module(info, wasm, &options) {
                return Some(format!("{cpu:?}: {refused}"));
            }
        }
        None
    }
}
