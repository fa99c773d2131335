//! What a file can ask to see, in lines at its top:
//!
//! * `;; show: cells`: operators and cells side by side, as the portable back-end has them.
//! * `;; show: listing CPU BOUNDS`: the same with handlers.
//! * `;; show: handlers CPU BOUNDS PREFIX...`: the code of the handlers whose names begin so.
//! * `;; show: runs CPU BOUNDS`: the code of the handlers for several cells in a row.
//! * `;; show: stubs`: the code that all handlers share.
//! * `;; show: compiled CPU BOUNDS`: the code that functions are compiled to, by operator. What one
//!   leaves to the next is in the code of that one.
//!
//! CPU is `floor` or `all`, what optional instructions the processor has; BOUNDS is `guard` or
//! `explicit`, how bounds of memory 0 are checked.
//!
//! Invariant: each handler is shown once in a section.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use libtest_mimic::Failed;
use wasmtier::{Config, Engine, ExploredFunction, Module, Tier};
use wasmtier_interp::{PublishCode, Threaded};
use wasmtier_jit::{Bounds, Options, Scratch, compile};
use wasmtier_vm::FuncIdx;
use wasmtier_x64::CpuFeatures;

use crate::disassembly::{Code, disassemble};

/// What the file whose text this is asks to see.
pub(crate) fn show(text: &str) -> Result<String, Failed> {
    let engine = Engine::new(Config::new().tier(Tier::Portable))?;
    let bytes = wat::parse_str(text)?;
    let module = Module::new(&engine, &bytes)?;
    let mut out = String::new();
    let lines = text.lines().take_while(|line| line.starts_with(";;"));
    for request in lines.filter_map(|line| line.strip_prefix(";; show: ")) {
        let separator = if out.is_empty() { "" } else { "\n" };
        writeln!(out, "{separator}show: {request}")?;
        section((&module, &bytes), request, &mut out)
            .map_err(|error| format!("`{request}`: {error:?}"))?;
    }
    if out.is_empty() { Err("it asks for nothing with `;; show: `".into()) } else { Ok(out) }
}

fn section(
    (module, bytes): (&Module, &[u8]),
    request: &str,
    out: &mut String,
) -> Result<(), Failed> {
    let words: Vec<&str> = request.split(' ').collect();
    let defined = module.functions().filter(|function| !function.is_imported());
    let functions = defined.map(|function| function.index());
    match words[..] {
        ["cells"] => {
            for function in functions {
                write!(out, "\n{}", module.explore(function)?)?;
            }
        }
        ["stubs"] => stubs(out)?,
        ["compiled", cpu, bounds] => {
            let (cpu, guard) = (cpu_features(cpu)?, is_guard(bounds)?);
            let bounds = if guard { Bounds::Guard } else { Bounds::Explicit };
            let options = Options { cpu, bounds, sites: true };
            for function in functions {
                compiled((module, bytes), function, &options, out)?;
            }
        }
        [what @ ("listing" | "handlers" | "runs"), cpu, bounds, ref prefixes @ ..] => {
            let (cpu, guard) = (cpu_features(cpu)?, is_guard(bounds)?);
            let mut shown = BTreeSet::new();
            for function in functions {
                let explored = module.explore_for(function, cpu.bits(), guard)?;
                match what {
                    "listing" => write!(out, "\n{explored}")?,
                    _ => handlers(&explored, what == "runs", prefixes, &mut shown, out)?,
                }
            }
        }
        _ => return Err("no such request".into()),
    }
    Ok(())
}

fn cpu_features(name: &str) -> Result<CpuFeatures, Failed> {
    match name {
        "floor" => Ok(CpuFeatures::FLOOR),
        "all" => Ok(CpuFeatures::ALL),
        _ => Err("the processor is `floor` or `all`".into()),
    }
}

fn is_guard(bounds: &str) -> Result<bool, Failed> {
    match bounds {
        "guard" => Ok(true),
        "explicit" => Ok(false),
        _ => Err("bounds are `guard` or `explicit`".into()),
    }
}

/// Shows what a function is compiled to.
fn compiled(
    (module, bytes): (&Module, &[u8]),
    function: u32,
    options: &Options,
    out: &mut String,
) -> Result<(), Failed> {
    let (info, func) = (module.declarations(), FuncIdx(function));
    let code = compile(&mut Scratch::default(), info, func, bytes, options)?;
    let explored = module.explore(function)?;
    let name = explored.name.map(|name| format!(" `{name}`")).unwrap_or_default();
    writeln!(out, "\nfunction {function}{name}")?;
    let mut text = String::new();
    let whole = Code { bytes: &code.code, start: 0, end: code.code.len() };
    disassemble(whole, &code.faults, &[], &mut text)?;
    let operators = explored.operators.iter();
    let texts: BTreeMap<u64, &str> = operators.map(|op| (op.offset, op.text.as_str())).collect();
    let (behind, starts) = code.starts.split_last().ok_or("it has no operators")?;
    let names = starts.iter().map(|start| (start.offset, texts[&start.wasm_offset]));
    let mut names = names.chain([(behind.offset, "(exits)")]).peekable();
    for line in text.lines() {
        let at = u32::from_str_radix(line.split_whitespace().next().unwrap_or_default(), 16)?;
        while let Some((_, name)) = names.next_if(|(start, _)| *start <= at) {
            writeln!(out, " {name}")?;
        }
        writeln!(out, "{line}")?;
    }
    Ok(())
}

/// Shows the handlers of a function that were not shown before.
fn handlers(
    explored: &ExploredFunction,
    runs: bool,
    prefixes: &[&str],
    shown: &mut BTreeSet<String>,
    out: &mut String,
) -> Result<(), Failed> {
    let of_runs: BTreeSet<usize> = explored.runs.iter().map(|run| run.handler).collect();
    for (place, handler) in explored.handlers.iter().enumerate() {
        let name = &handler.name;
        let wanted = prefixes.is_empty() || prefixes.iter().any(|prefix| name.starts_with(prefix));
        if wanted && of_runs.contains(&place) == runs && shown.insert(name.clone()) {
            writeln!(out, "\n{name}")?;
            let code = Code { bytes: &handler.bytes, start: 0, end: handler.bytes.len() };
            disassemble(code, &handler.faults, &explored.stubs, out)?;
        }
    }
    Ok(())
}

/// Shows the code that all handlers share. It depends on neither processor nor bounds.
fn stubs(out: &mut String) -> Result<(), Failed> {
    /// Any will do that is easy to recognise.
    const LOOP_BUDGET: i32 = 1000;
    let recorder = Recorder::default();
    let threaded =
        Threaded::new(CpuFeatures::FLOOR, LOOP_BUDGET, Box::new(Recorder(recorder.0.clone())));
    let threaded = threaded.ok_or("no stubs")?;
    let bytes = recorder.0.lock().map_err(|_| "poisoned")?.clone();
    let stubs: Vec<(&str, u32)> = threaded.stubs().collect();
    for (place, (name, start)) in stubs.iter().enumerate() {
        let end = stubs.get(place + 1).map_or(bytes.len(), |(_, next)| *next as usize);
        writeln!(out, "\n{name}")?;
        disassemble(Code { bytes: &bytes, start: *start as usize, end }, &[], &stubs, out)?;
    }
    Ok(())
}

/// Keeps what is published.
#[derive(Debug, Default)]
struct Recorder(Arc<Mutex<Vec<u8>>>);

impl PublishCode for Recorder {
    fn publish(&self, code: &[u8], _: &[u32]) -> Option<u32> {
        self.0.lock().ok()?.extend_from_slice(code);
        Some(0)
    }
}
