//! Where scalars are before and after an operator, as text.
//!
//! What lives here: what [`crate::operators`] spells out, for the others. Invariant: behind a setup
//! its value is in a single place.

use wasmtier_ops::ScalarType;

use crate::program::{Pins, constant};
use crate::values::edges;

/// The pinned locals of a type.
pub(crate) fn pinned(pins: &Pins, ty: ScalarType) -> Vec<String> {
    pins.locals().filter(|(other, _)| *other == ty).map(|(_, local)| local).collect()
}

/// Setups and operands for the value of type `ty` at `offset` of a record: in a local that is not
/// pinned and has role `role`, in all that are, in the accumulator; and constants.
pub(crate) fn scalars(
    pins: &Pins,
    ty: ScalarType,
    role: &str,
    offset: usize,
) -> Vec<(String, String)> {
    let name = ty.name();
    let load = format!("({name}.load offset={offset} (local.get $in))");
    let mut locals = pinned(pins, ty);
    locals.push(format!("${role}_{name}"));
    let set = |local: String| {
        (
            format!("(block (local.set {local} {load})(br_if 0 (local.get $first)))"),
            format!("(local.get {local})"),
        )
    };
    let mut all: Vec<_> = locals.into_iter().map(set).collect();
    all.push((String::new(), load.clone()));
    let edges = edges(ty);
    for bits in [edges[1], edges[3], edges[edges.len() - 3]] {
        all.push((String::new(), constant(ty, bits)));
    }
    all
}

/// Ways to leave an expression of type `ty` in memory: from the accumulator, a slot, and pins. Each
/// makes text of the expression and the offset of the output.
pub(crate) fn leave(pins: &Pins, ty: ScalarType) -> Vec<impl Fn(&str, usize) -> String + use<>> {
    let name = ty.name();
    let mut locals: Vec<_> = pinned(pins, ty).into_iter().map(Some).collect();
    locals.push(Some(format!("$d_{name}")));
    locals.push(None);
    let leave = |local: Option<String>| {
        move |expression: &str, offset: usize| {
            let store = |memory: &str, offset: usize, value: &str| {
                format!("({name}.store {memory} offset={offset} (local.get $out) {value})")
            };
            let Some(local) = &local else { return store("", offset, expression) };
            let value = format!("(local.get {local})");
            format!(
                "(block (local.set {local} {expression}){}(br_if 0 (local.get $first))){}{}",
                store("", offset, &value),
                store("", offset + 8, &value),
                store("1", offset, &value),
            )
        }
    };
    locals.into_iter().map(leave).collect()
}
