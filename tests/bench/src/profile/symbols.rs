//! [`Symbol`]: what a native symbol is, in words.
//!
//! What lives here: demangling, short names for the handlers of the interpreter, groups, and the
//! names that code made at run time has in a perf map. What does not: where symbols come from.
//!
//! Handlers are named as in dumps of cells: the operator, where its result goes and where its
//! operands come from, `S`lot, `A`ccumulator or `I`mmediate: `i32.add S.SI`.
//!
//! Invariant: a symbol that is not recognised keeps its name, in the group of its crate.

use serde::Serialize;

/// A native symbol.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize)]
pub struct Symbol {
    /// What it belongs to.
    pub group: String,
    /// Its name, short.
    pub name: String,
    /// The tier, if it is the code of a wasm function, whose name is `name`.
    pub tier: Option<String>,
}

impl Symbol {
    /// The symbol `raw` of a binary or perf map `object`, mangled or not.
    #[must_use]
    pub fn new(raw: &str, object: &str) -> Self {
        if let Some((tier, name)) = wasm_function(raw) {
            let group = format!("wasm code: {tier}");
            return Self { group, name: name.to_owned(), tier: Some(tier.to_owned()) };
        }
        let path = format!("{:#}", rustc_demangle::demangle(raw));
        let (group, name) = match path.strip_prefix("wasmtier_interp::handlers::") {
            Some(handler) => handler_of(handler),
            None => (group_of(&path, object), shortened(&path)),
        };
        Self { group, name, tier: None }
    }
}

impl Symbol {
    /// The scalar operator a handler is named for.
    pub(super) fn operator(&self) -> Option<&str> {
        let is_operator = |word: &&str| {
            let head = word.split_once('.').map(|(head, _)| head);
            head.is_some_and(|head| ["i32", "i64", "f32", "f64"].contains(&head))
        };
        let is_handler = self.group.starts_with("interpreter: ");
        self.name.split(' ').find(is_operator).filter(|_| is_handler)
    }
}

/// Tier and name of a function whose code was made at run time: `wasm-TIER:NAME`.
fn wasm_function(raw: &str) -> Option<(&str, &str)> {
    let (tier, name) = raw.strip_prefix("wasm-")?.split_once(':')?;
    let is_word = !tier.is_empty() && tier.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    is_word.then_some((tier, name))
}

fn group_of(path: &str, object: &str) -> String {
    let file = object.rsplit('/').next().unwrap_or(object);
    if object.starts_with("[kernel") || object.starts_with("[guest.kernel") {
        return "kernel".into();
    }
    if ["libc", "ld-linux", "libm", "libgcc", "libstdc++"].iter().any(|lib| file.starts_with(lib)) {
        return "C library".into();
    }
    let path = path.trim_start_matches(['<', '&']);
    let groups = [
        ("wasmtier_interp::", "translation"),
        ("wasmtier_vm::walk", "translation"),
        ("wasmparser::validator", "validation"),
        ("wasmparser::", "parsing"),
        ("wasmtier::module", "loading"),
        ("wasmtier_bench::host", "host functions"),
        ("run_", "host functions"),
        ("wasmtier::", "runtime"),
        ("wasmtier_", "runtime"),
        ("core::", "Rust library"),
        ("alloc::", "Rust library"),
        ("std::", "Rust library"),
    ];
    if let Some((_, group)) = groups.iter().find(|(prefix, _)| path.starts_with(prefix)) {
        return (*group).into();
    }
    match path.split_once("::") {
        Some((krate, _)) if krate.chars().all(|c| c.is_alphanumeric() || c == '_') => krate.into(),
        _ => file.into(),
    }
}

/// Group and name of a function of the portable back-end, from its path below `handlers`.
fn handler_of(path: &str) -> (String, String) {
    let (file, rest) = path.split_once("::").unwrap_or(("", path));
    let (function, arguments) = match rest.split_once("::<") {
        Some((function, arguments)) => (function, arguments.trim_end_matches('>')),
        None => (rest, ""),
    };
    let arguments: Vec<String> = arguments.split(", ").map(argument).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let group = match (file, function) {
        ("portable", _) => "interpreter: dispatch",
        ("numeric", "branch") => "interpreter: compare and branch",
        ("numeric", _) => "interpreter: arithmetic",
        ("memory", _) => "interpreter: loads and stores",
        ("variable", _) => "interpreter: moves",
        ("control", _) => "interpreter: jumps",
        ("call" | "callee" | "tail_call", _) => "interpreter: calls",
        ("simd", _) => "interpreter: vectors",
        ("builtin", _) => "interpreter: builtins",
        _ => "interpreter: other",
    };
    (group.into(), handler_name(function, &arguments))
}

fn handler_name(function: &str, arguments: &[&str]) -> String {
    match (function, arguments) {
        ("unary" | "binary" | "load", [op, dst, src]) => format!("{op} {dst}.{src}"),
        ("branch", [op, srcs, nonzero]) => format!("{} {op} {srcs}", jump(nonzero, "false")),
        ("store", [op, srcs]) => format!("{op} {srcs}"),
        ("far_load" | "far_store", [op, _]) => format!("far {op}"),
        ("jump_if", [src, nonzero, wide]) => format!("{}.{src}", jump(nonzero, wide)),
        ("table_jump", [src]) => format!("br_table.{src}"),
        ("jump", _) => "br".into(),
        ("copy", _) => "copy.S".into(),
        ("copy_acc", _) => "copy.A".into(),
        ("copy_float_acc", _) => "copy.F".into(),
        ("run", _) => "the loop over cells".into(),
        (function, [""]) => function.to_owned(),
        (function, arguments) => format!("{function} {}", arguments.join(",")),
    }
}

fn jump(nonzero: &str, wide: &str) -> String {
    let not = if nonzero == "true" { "" } else { "_not" };
    let width = if wide == "true" { "64" } else { "" };
    format!("br_if{not}{width}")
}

/// A type parameter of a handler: a place of operands, an operator, or a constant.
fn argument(path: &str) -> String {
    let name = path.rsplit("::").next().unwrap_or(path);
    let place = match name {
        "ToSlot" | "InSlot" => "S",
        "ToAcc" | "InAcc" => "A",
        "SlotSlot" => "SS",
        "SlotAcc" => "SA",
        "AccSlot" => "AS",
        "SlotImm" => "SI",
        "AccImm" => "AI",
        _ => return if path.contains("::op::") { operator(name) } else { name.to_owned() },
    };
    place.to_owned()
}

/// The name in the text format of an operator's row: `i64.extend_i32_u` of `I64ExtendI32U`.
fn operator(row: &str) -> String {
    let mut name = String::new();
    let mut separator = '.';
    for letter in row.chars() {
        if letter.is_ascii_uppercase() && !name.is_empty() {
            name.push(separator);
            separator = '_';
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}

/// A path without the paths of its type parameters' modules, cut to a line.
fn shortened(path: &str) -> String {
    const MOST: usize = 90;
    let mut short = String::new();
    for word in path.split_inclusive(['<', '>', ',', ' ', '(', '&']) {
        let mut segments = word.rsplitn(3, "::");
        match (segments.next(), segments.next()) {
            (Some(last), Some(module)) => {
                short.push_str(module);
                short.push_str("::");
                short.push_str(last);
            }
            _ => short.push_str(word),
        }
    }
    if short.chars().count() > MOST {
        short = short.chars().take(MOST).chain("...".chars()).collect();
    }
    short
}
