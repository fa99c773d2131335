//! The text of an [`ExploredFunction`]: wasm, cells and handlers side by side.
//!
//! What lives here: the layout. What does not: the facts.
//!
//! Invariant: the text depends on the facts alone; columns are as wide as they must be, up to a
//! limit.

use std::fmt;

use super::{ExploredCode, ExploredFunction, ExploredOperator, ExploredRun};

/// Widest operator, and cell, that a column is made for.
const WIDEST: [usize; 2] = [36, 64];
/// Bytes of compiled code in a line.
const LINE_BYTES: usize = 16;
/// Spaces for each block an operator is in.
const INDENT: usize = 2;
/// Blocks deeper than this are not indented more.
const DEEPEST: usize = 8;

impl fmt::Display for ExploredFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", Title(self))?;
        if let Some(entry) = self.handlers.first() {
            write!(f, "  entry: {} ({} bytes)", entry.name, entry.bytes.len())?;
            if let Some(run) = self.runs.iter().find(|run| run.opens) {
                write!(f, ", warm: with {}", Run(self, run))?;
            }
            writeln!(f)?;
        }
        if let Some(resume) = self.resume {
            let resume = &self.handlers[resume];
            writeln!(f, "  behind calls: {} ({} bytes)", resume.name, resume.bytes.len())?;
        }
        for pin in &self.pins {
            let (register, local, slot) = (&pin.register, pin.local, pin.slot);
            writeln!(f, "  {register}: local {local}, [{slot}]")?;
        }
        Rows::new(self).show(f)?;
        if let Some(code) = &self.compiled {
            Code(self, code).fmt(f)?;
        }
        writeln!(f, "  {}", self.summary())
    }
}

struct Title<'a>(&'a ExploredFunction);

impl fmt::Display for Title<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "function {}", self.0.index)?;
        if let Some(name) = &self.0.name {
            write!(f, " `{}`", name.escape_debug())?;
        }
        write!(f, ": {}", self.0.ty)
    }
}

/// The body of a listing, and the widths of its columns.
struct Rows<'a> {
    function: &'a ExploredFunction,
    operator: usize,
    cell: usize,
}

impl<'a> Rows<'a> {
    fn new(function: &'a ExploredFunction) -> Self {
        let operators = function.operators.iter().map(|op| shown(op).chars().count());
        let cells = function.cells.iter().map(|cell| cell.text.chars().count());
        let [most_operator, most_cell] = WIDEST;
        Self {
            function,
            operator: operators.max().unwrap_or(0).min(most_operator),
            cell: cells.max().unwrap_or(0).min(most_cell),
        }
    }

    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut cells = self.function.cells.iter().enumerate().peekable();
        for (place, operator) in self.function.operators.iter().enumerate() {
            let (offset, text) = (operator.offset, shown(operator));
            let mut left = format!("{offset:>#8x}  {text}");
            while let Some((cell, _)) = cells.next_if(|(_, cell)| cell.operator == place) {
                let width = self.operator + 10;
                writeln!(f, "{left:<width$}{}", Cell(self, cell))?;
                left.clear();
            }
            if !left.is_empty() {
                writeln!(f, "{left}")?;
            }
        }
        Ok(())
    }
}

/// The columns of a cell and its handler.
struct Cell<'a>(&'a Rows<'a>, usize);

impl fmt::Display for Cell<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(rows, place) = *self;
        let cell = &rows.function.cells[place];
        write!(f, " {:>6}  ", cell.at)?;
        match cell.handler.map(|handler| &rows.function.handlers[handler]) {
            None => f.write_str(&cell.text)?,
            Some(handler) => {
                let (text, width) = (&cell.text, rows.cell);
                write!(f, "{text:<width$}  {} ({} bytes)", handler.name, handler.bytes.len())?;
            }
        }
        let mut runs = rows.function.runs.iter();
        if let Some(run) = runs.find(|run| run.first == place && !run.opens) {
            write!(f, ", warm: {}", Run(rows.function, run))?;
        }
        Ok(())
    }
}

struct Run<'a>(&'a ExploredFunction, &'a ExploredRun);

impl fmt::Display for Run<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(function, run) = *self;
        let bytes = function.handlers[run.handler].bytes.len();
        write!(f, "{} cells ({bytes} bytes)", run.cells)
    }
}

/// Compiled code: the bytes of each part.
struct Code<'a>(&'a ExploredFunction, &'a ExploredCode);

impl fmt::Display for Code<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(function, code) = *self;
        let ExploredCode { spills, reloads, flushes, edge_moves, pins, .. } = code;
        write!(f, "  compiled: {} bytes; {pins} pinned, {spills} spills, ", code.bytes.len())?;
        writeln!(f, "{reloads} reloads, {flushes} flushes, {edge_moves} moves to labels")?;
        let ends = code.parts.iter().skip(1).map(|part| part.at as usize);
        let ends = ends.chain([code.bytes.len()]);
        let width = WIDEST[0].min(Rows::new(function).operator);
        for (part, end) in code.parts.iter().zip(ends) {
            let mut left = match part.operator {
                Some(place) => {
                    let operator = &function.operators[place];
                    format!("{:>#8x}  {}", operator.offset, shown(operator))
                }
                None if part.at == 0 => format!("{:10}(entry)", ""),
                None => format!("{:10}(exits)", ""),
            };
            for (line, bytes) in code.bytes[part.at as usize..end].chunks(LINE_BYTES).enumerate() {
                let at = part.at as usize + line * LINE_BYTES;
                let bytes: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
                let left_width = width + 10;
                writeln!(f, "{left:<left_width$} {at:>6x}  {}", bytes.join(" "))?;
                left.clear();
            }
        }
        Ok(())
    }
}

fn shown(operator: &ExploredOperator) -> String {
    let depth = (operator.depth as usize).min(DEEPEST);
    format!("{:1$}{2}", "", depth * INDENT, operator.text)
}
