//! `wasmtier explore`: what becomes of the functions of a module.
//!
//! What lives here: which functions are meant. What does not: the listing (`wasmtier`).
//!
//! Invariant: nothing of the module runs.

use std::io::{self, BufWriter, Write};

use wasmtier::{Module, ModuleFunction, ProfilingStrategy};

use crate::args::ExploreOptions;
use crate::failure::Failure;
use crate::{run, source};

/// Most names that an error message suggests.
const MOST_SUGGESTED: usize = 3;

/// Shows the functions that were asked for.
pub(crate) fn explore(options: &ExploreOptions) -> Result<u8, Failure> {
    let engine = run::engine(options.tier, &options.settings, ProfilingStrategy::None)?;
    let module = source::load(&engine, &options.file)?;
    let chosen = match &options.function {
        Some(name) => vec![find(&module, name).map_err(|message| {
            Failure::message(format_args!("{}: {message}", options.file.display()))
        })?],
        None => {
            let defined = module.functions().filter(|function| !function.is_imported());
            defined.map(|function| function.index()).collect()
        }
    };
    let mut stdout = BufWriter::new(io::stdout().lock());
    for index in chosen {
        let explored = module.explore(index).map_err(|error| {
            let error = Failure::wasm(&options.file, error);
            // What was shown so far helps; that it cannot be written does not.
            let _ = stdout.flush();
            error
        })?;
        let written = if options.summary {
            let name = explored.name.as_deref();
            let name = name.map(|name| format!(" `{}`", name.escape_debug())).unwrap_or_default();
            writeln!(stdout, "{index}{name}: {}", explored.summary())
        } else {
            writeln!(stdout, "{explored}")
        };
        if let Some(outcome) = ended(written) {
            return outcome;
        }
    }
    ended(stdout.flush()).unwrap_or(Ok(0))
}

/// The outcome, if nothing more can be written. That nobody reads it any more is no failure.
fn ended(written: io::Result<()>) -> Option<Result<u8, Failure>> {
    match written {
        Ok(()) => None,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Some(Ok(0)),
        Err(error) => {
            Some(Err(Failure::message(format_args!("cannot write to standard output: {error}"))))
        }
    }
}

/// The function that the user means.
fn find(module: &Module, name: &str) -> Result<u32, String> {
    if let Some(index) = module.function_index(name) {
        return Ok(index);
    }
    let count = module.functions().len();
    match name.parse::<u32>() {
        Ok(index) if (index as usize) < count => Ok(index),
        Ok(index) => Err(format!("no function {index}: the module has {count}")),
        Err(_) => {
            Err(format!("no function `{}`; {}", name.escape_debug(), suggestion(module, name)))
        }
    }
}

/// Names that are like one that was not found.
fn suggestion(module: &Module, wanted: &str) -> String {
    let imported = module.functions().filter(ModuleFunction::is_imported).count();
    let has_code =
        |name: &&str| module.function_index(name).is_some_and(|index| index as usize >= imported);
    let exported = module.exports().map(|export| export.name());
    let named = module.functions().filter_map(|function| function.name());
    let mut names: Vec<&str> = exported.chain(named).filter(has_code).collect();
    names.sort_unstable();
    names.dedup();
    if names.is_empty() {
        return "its functions have no names: give an index".to_owned();
    }
    names.sort_by_key(|name| distance(wanted, name));
    let quoted: Vec<String> = names
        .iter()
        .take(MOST_SUGGESTED)
        .map(|name| format!("`{}`", name.escape_debug()))
        .collect();
    format!("there is {}", quoted.join(", "))
}

/// How many characters must be put, dropped or replaced to make `b` of `a`; a name that contains
/// the other is closer than any that does not.
fn distance(a: &str, b: &str) -> (bool, usize) {
    const LONGEST: usize = 64;
    let b: Vec<char> = b.chars().take(LONGEST).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().take(LONGEST).enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    let contains = !a.is_empty() && b.iter().collect::<String>().contains(a);
    (!contains, row[b.len()])
}
