//! Translation of wasm to threaded code, and the back-ends that run it.
//!
//! What lives here: the IR ([cells](cell) with [handler ids](handler)), the translator from
//! validated wasm to it, and the portable back-end. What does not: stores, modules, host
//! functions; those are reached through `wasmtier_vm` alone.

#[expect(dead_code, reason = "the translator that writes them follows")]
mod cell;
#[expect(dead_code, reason = "the translator that picks them follows")]
mod handler;
