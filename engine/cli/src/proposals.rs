//! The proposals of WebAssembly that `-W` can turn off, or on.
//!
//! Invariant: the names are those that wasmtime's `-W` has for them. Whether one is built is not
//! known here; turning on one that is not makes the engine refuse.

use wasmtier::Config;

/// Turns a proposal on or off.
pub(crate) type Switch = fn(&mut Config, bool) -> &mut Config;

/// The proposals by name.
const PROPOSALS: &[(&str, Switch)] = &[
    ("bulk-memory", Config::wasm_bulk_memory),
    ("custom-page-sizes", Config::wasm_custom_page_sizes),
    ("exceptions", Config::wasm_exceptions),
    ("extended-const", Config::wasm_extended_const),
    ("function-references", Config::wasm_function_references),
    ("gc", Config::wasm_gc),
    ("memory64", Config::wasm_memory64),
    ("multi-memory", Config::wasm_multi_memory),
    ("multi-value", Config::wasm_multi_value),
    ("reference-types", Config::wasm_reference_types),
    ("relaxed-simd", Config::wasm_relaxed_simd),
    ("simd", Config::wasm_simd),
    ("tail-call", Config::wasm_tail_call),
    ("threads", Config::wasm_threads),
    ("wide-arithmetic", Config::wasm_wide_arithmetic),
];

/// Their names.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    PROPOSALS.iter().map(|(name, _)| *name)
}

/// The one called `name`.
pub(crate) fn named(name: &str) -> Option<Switch> {
    PROPOSALS.iter().find(|(known, _)| *known == name).map(|(_, switch)| *switch)
}
