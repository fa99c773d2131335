//! [`Report`]: all that is known of where the time goes, as JSON and as tables.
//!
//! What lives here: folding samples into rows, and how a person reads them. What does not: counts
//! (`counts.rs`), names (`symbols.rs`).

use super::counts::{Counts, OperatorRow};
use super::samples::Sample;
use super::symbols::Symbol;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;

/// One program on one engine.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Report {
    /// The program's file.
    pub program: String,
    /// The engine and its mode.
    pub engine: String,
    /// By native symbol, where a tool could say.
    pub native: Option<Native>,
    /// What it executed, where that could be counted.
    pub counts: Option<Counts>,
    /// Seconds of processor time of the sampled run.
    pub seconds: Option<f64>,
}

/// What a tool found of native code.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Native {
    /// The tool and what it measured.
    pub tool: String,
    /// Samples or instructions in all.
    pub cost: u64,
    /// By group, most first.
    pub groups: Vec<(String, u64)>,
    /// By symbol, most first.
    pub symbols: Vec<NativeRow>,
}

/// One symbol.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct NativeRow {
    /// What it is.
    #[serde(flatten)]
    pub symbol: Symbol,
    /// Samples or instructions.
    pub cost: u64,
    /// How often it was called, where the tool knows.
    pub calls: Option<u64>,
}

impl Native {
    /// Folds samples by symbol and by group.
    #[must_use]
    pub fn new(tool: String, samples: Vec<Sample>) -> Self {
        let mut symbols: BTreeMap<Symbol, (u64, Option<u64>)> = BTreeMap::new();
        let mut groups: BTreeMap<String, u64> = BTreeMap::new();
        for sample in samples {
            let symbol = Symbol::new(&sample.symbol, &sample.object);
            *groups.entry(symbol.group.clone()).or_default() += sample.cost;
            let (cost, calls) = symbols.entry(symbol).or_default();
            *cost += sample.cost;
            *calls = calls.map_or(sample.calls, |calls| Some(calls + sample.calls.unwrap_or(0)));
        }
        let mut groups: Vec<_> = groups.into_iter().collect();
        groups.sort_by_key(|group| std::cmp::Reverse(group.1));
        let row = |(symbol, (cost, calls))| NativeRow { symbol, cost, calls };
        let mut symbols: Vec<_> = symbols.into_iter().map(row).collect();
        symbols.sort_by_key(|row| std::cmp::Reverse(row.cost));
        Self { tool, cost: groups.iter().map(|group| group.1).sum(), groups, symbols }
    }
}

/// A report as tables of at most so many rows.
pub struct Tables<'a>(pub &'a Report, pub usize);

impl fmt::Display for Tables<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(report, top) = *self;
        writeln!(f, "{} on {}", report.program, report.engine)?;
        if let (Some(seconds), Some(counts)) = (report.seconds, &report.counts) {
            let each = seconds * 1e9 / lossy(counts.total);
            let millions = lossy(counts.total) / 1e6;
            writeln!(
                f,
                "{seconds:.3} s of CPU time for {millions:.1} million operators: {each:.2} ns each"
            )?;
        }
        if let Some(native) = &report.native {
            native_tables(f, native, report.counts.as_ref(), top)?;
        }
        if let Some(counts) = &report.counts {
            functions(f, counts, top)?;
            operators(f, "operators executed", &counts.operators, counts.total, top)?;
            operators(f, "pairs executed", &counts.pairs, counts.total, top)?;
            let title = "pairs without local.get and constants";
            operators(f, title, &counts.work, counts.total, top)?;
        }
        Ok(())
    }
}

fn native_tables(
    f: &mut fmt::Formatter<'_>,
    native: &Native,
    counts: Option<&Counts>,
    top: usize,
) -> fmt::Result {
    writeln!(f, "\n{}: {}", native.tool, native.cost)?;
    writeln!(f, "\n  share  group")?;
    for (group, cost) in native.groups.iter().take(top) {
        writeln!(f, "{:>6.1}%  {group}", share(*cost, native.cost))?;
    }
    writeln!(f, "\n  share         calls  symbol")?;
    for row in native.symbols.iter().take(top) {
        let calls = row.calls.map(|calls| calls.to_string()).unwrap_or_default();
        let (group, name) = (&row.symbol.group, &row.symbol.name);
        let mark = if is_stand_in(&row.symbol, counts) { "  (*)" } else { "" };
        let share = share(row.cost, native.cost);
        writeln!(f, "{share:>6.1}%  {calls:>12}  {name}{mark}  [{group}]")?;
    }
    if native.symbols.iter().take(top).any(|row| is_stand_in(&row.symbol, counts)) {
        writeln!(f, "(*) not executed: the handler that was has the same code")?;
    }
    let wasm: Vec<_> = native.symbols.iter().filter(|row| row.symbol.tier.is_some()).collect();
    if !wasm.is_empty() {
        writeln!(f, "\n  share  tier      wasm function (time in its machine code)")?;
    }
    for row in wasm.iter().take(top) {
        let tier = row.symbol.tier.as_deref().unwrap_or_default();
        writeln!(f, "{:>6.1}%  {tier:<8}  {}", share(row.cost, native.cost), row.symbol.name)?;
    }
    Ok(())
}

/// Whether a handler cannot have run, as the program never executes its operator.
fn is_stand_in(symbol: &Symbol, counts: Option<&Counts>) -> bool {
    match (symbol.operator(), counts) {
        (Some(operator), Some(counts)) => !counts.executes(operator),
        _ => false,
    }
}

fn functions(f: &mut fmt::Formatter<'_>, counts: &Counts, top: usize) -> fmt::Result {
    writeln!(f, "\n  share     operators         calls   bytes  tier      wasm function")?;
    for row in counts.functions.iter().take(top) {
        let share = share(row.operators, counts.total);
        write!(
            f,
            "{share:>6.1}%  {:>12}  {:>12}  {:>6}",
            row.operators, row.calls, row.body_bytes
        )?;
        writeln!(f, "  {:<8}  {}", row.tier, row.name)?;
    }
    Ok(())
}

fn operators(
    f: &mut fmt::Formatter<'_>,
    title: &str,
    rows: &[OperatorRow],
    total: u64,
    top: usize,
) -> fmt::Result {
    writeln!(f, "\n  share         count  {title}")?;
    for row in rows.iter().take(top) {
        let names = row.operators.join("  ");
        writeln!(f, "{:>6.1}%  {:>12}  {names}", share(row.count, total), row.count)?;
    }
    Ok(())
}

/// In percent.
fn share(part: u64, whole: u64) -> f64 {
    100.0 * lossy(part) / lossy(whole.max(1))
}

#[expect(clippy::cast_precision_loss, reason = "figures for a person")]
fn lossy(count: u64) -> f64 {
    count as f64
}
