//! The figures as tables, for a terminal and for Markdown.
//!
//! What lives here: which tables there are and what stands in them. What does not: measuring, and
//! computing means and ratios (`results.rs`).

use crate::engines::{Kind, REFERENCE};
use crate::results::{EngineName, Measure, Results, geometric_mean};

/// What stands in a cell for which there is no figure.
const NOTHING: &str = "-";

/// A table: a heading, what it says, and cells.
pub(crate) struct Table {
    pub(crate) title: String,
    pub(crate) says: String,
    head: Vec<String>,
    rows: Vec<Vec<String>>,
    /// As many of the last rows are summaries.
    summaries: usize,
}

impl Table {
    fn new(title: &str, says: &str, head: Vec<String>) -> Self {
        let (title, says) = (title.to_owned(), says.to_owned());
        Self { title, says, head, rows: Vec::new(), summaries: 0 }
    }

    fn summary(&mut self, row: Vec<String>) {
        self.rows.push(row);
        self.summaries += 1;
    }

    /// Columns aligned, the first to the left and the others to the right.
    pub(crate) fn to_text(&self) -> String {
        let widths: Vec<usize> = (0..self.head.len()).map(|column| self.width(column)).collect();
        let line = |row: &[String]| {
            let mut cells = row.iter().zip(&widths);
            let first = cells.next().map(|(cell, width)| format!("{cell:<width$}"));
            let rest = cells.map(|(cell, width)| format!("{cell:>width$}"));
            first.into_iter().chain(rest).collect::<Vec<_>>().join("  ")
        };
        let rule = widths.iter().map(|width| "-".repeat(*width)).collect::<Vec<_>>().join("  ");
        let mut lines = vec![format!("{}: {}", self.title, self.says), line(&self.head)];
        lines.push(rule.clone());
        for (index, row) in self.rows.iter().enumerate() {
            if self.summaries > 0 && index == self.rows.len() - self.summaries {
                lines.push(rule.clone());
            }
            lines.push(line(row));
        }
        lines.join("\n") + "\n"
    }

    fn width(&self, column: usize) -> usize {
        let cells = self.rows.iter().chain([&self.head]).filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    }

    pub(crate) fn to_markdown(&self) -> String {
        let line = |row: &[String]| format!("| {} |\n", row.join(" | "));
        let align = self.head.iter().skip(1).map(|_| "---:|").collect::<String>();
        let mut text = format!("### {}\n\n{}\n\n", self.title, capitalised(&self.says));
        text += &line(&self.head);
        text += &format!("|---|{align}\n");
        let first_summary = self.rows.len() - self.summaries;
        for (index, row) in self.rows.iter().enumerate() {
            if index >= first_summary {
                let bold = |cell: &String| {
                    if cell.is_empty() { String::new() } else { format!("**{cell}**") }
                };
                text += &line(&row.iter().map(bold).collect::<Vec<_>>());
            } else {
                text += &line(row);
            }
        }
        text
    }
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(char::to_uppercase);
    first.into_iter().flatten().chain(letters).collect::<String>() + "."
}

/// All tables there are figures for.
pub(crate) fn all(results: &Results) -> Vec<Table> {
    let mut tables = Vec::new();
    for ours in results.header.engines.iter().filter(|engine| engine.is_ours()) {
        tables.push(against_peers(results, ours));
    }
    let measures = [
        (Measure::Run, "Run time", "the timed part of each program"),
        (Measure::Total, "Total time", "from the module's bytes to the program's end"),
        (Measure::Cpu, "CPU time", "of the whole process, on all its threads"),
    ];
    for (measure, title, what) in measures {
        tables.push(matrix(results, measure, title, what));
    }
    tables.push(per_engine(results));
    tables.push(micro(results));
    tables.push(startup(results));
    tables.retain(|table| !table.rows.is_empty());
    tables
}

/// One of our modes beside the reference, the best peer, and the best peer that interprets.
fn against_peers(results: &Results, ours: &EngineName) -> Table {
    let head = ["program", "run", "best", "to Cranelift", "best peer", "to it", "best interpreter"];
    let head = head.iter().chain(&["to it"]).map(ToString::to_string).collect();
    let says = "median and best of the timed part, and the median as a multiple of others'";
    let mut table = Table::new(&ours.name, says, head);
    let mut columns: [Vec<(f64, &str)>; 3] = Default::default();
    let run = Measure::Run;
    for program in results.programs() {
        let Some(median) = results.median(program, &ours.name, run) else { continue };
        let best = results.best(program, &ours.name, run).unwrap_or(median);
        let mut row = vec![program.to_owned(), time(median), time(best)];
        let is_interpreter = |kind| kind == Kind::Interpreter;
        let others = [
            Some(REFERENCE),
            results.best_peer(program, run, |_| true).map(|peer| peer.name.as_str()),
            results.best_peer(program, run, is_interpreter).map(|peer| peer.name.as_str()),
        ];
        for (index, other) in others.into_iter().enumerate() {
            if index > 0 {
                row.push(other.unwrap_or(NOTHING).to_owned());
            }
            let ratio = other.and_then(|other| results.ratio(program, &ours.name, other, run));
            columns[index].extend(ratio.map(|ratio| (ratio, program)));
            row.push(multiple(ratio));
        }
        table.rows.push(row);
    }
    let mean = |column: &[(f64, &str)]| {
        multiple(geometric_mean(&column.iter().map(|(ratio, _)| *ratio).collect::<Vec<_>>()))
    };
    if !table.rows.is_empty() {
        table.summary(beside("geometric mean", columns.each_ref().map(|column| mean(column))));
        table.summary(beside("worst", columns.each_ref().map(|column| worst(column))));
    }
    table
}

/// A row of the table against peers that has only ratios.
fn beside(name: &str, [reference, peer, interpreter]: [String; 3]) -> Vec<String> {
    let none = String::new;
    vec![name.to_owned(), none(), none(), reference, none(), peer, none(), interpreter]
}

fn worst(column: &[(f64, &str)]) -> String {
    let worst = column.iter().max_by(|a, b| a.0.total_cmp(&b.0));
    worst.map_or_else(String::new, |(ratio, program)| {
        format!("{} {program}", multiple(Some(*ratio)))
    })
}

/// Every program on every engine, as multiples of the reference.
fn matrix(results: &Results, measure: Measure, title: &str, what: &str) -> Table {
    let names = results.header.engines.iter().map(|engine| engine.name.as_str());
    let head = ["program"].into_iter().chain(names.clone()).map(str::to_owned).collect();
    let says = format!("{what}, median, as a multiple of {REFERENCE}'s");
    let mut table = Table::new(title, &says, head);
    let mut columns = vec![Vec::new(); results.header.engines.len()];
    for program in results.programs() {
        let mut row = vec![program.to_owned()];
        for (name, column) in names.clone().zip(&mut columns) {
            let ratio = results.ratio(program, name, REFERENCE, measure);
            column.extend(ratio);
            row.push(multiple(ratio));
        }
        if row.iter().skip(1).any(|cell| cell != NOTHING) {
            table.rows.push(row);
        }
    }
    let means = columns.iter().map(|column| multiple(geometric_mean(column)));
    let worst =
        columns.iter().map(|column| multiple(column.iter().copied().max_by(f64::total_cmp)));
    let means = ["geometric mean".to_owned()].into_iter().chain(means).collect();
    let worst = ["worst".to_owned()].into_iter().chain(worst).collect();
    if !table.rows.is_empty() {
        table.summary(means);
        table.summary(worst);
    }
    table
}

/// What the engines need besides: geometric means over the programs each could run.
fn per_engine(results: &Results) -> Table {
    let head = ["engine", "programs", "compile", "instantiate", "total", "peak memory"];
    let says = "geometric means of medians over the programs each engine ran";
    let mut table = Table::new("Engines", says, head.map(str::to_owned).to_vec());
    for engine in &results.header.engines {
        let mean = |measure| {
            let programs = results.programs();
            let medians: Vec<f64> = programs
                .iter()
                .filter_map(|program| results.median(program, &engine.name, measure))
                .collect();
            geometric_mean(&medians).map(|mean| (mean, medians.len()))
        };
        let (Some(compile), Some(instantiate), Some(total), Some(memory)) = (
            mean(Measure::Compile),
            mean(Measure::Instantiate),
            mean(Measure::Total),
            mean(Measure::PeakRss),
        ) else {
            continue;
        };
        table.rows.push(vec![
            engine.name.clone(),
            compile.1.to_string(),
            time(compile.0),
            time(instantiate.0),
            time(total.0),
            format!("{:.1} MiB", memory.0),
        ]);
    }
    table
}

/// Micro suites: a row per task, a column per engine that has any.
fn micro(results: &Results) -> Table {
    let mut engines: Vec<&str> = Vec::new();
    let mut suites: Vec<&str> = Vec::new();
    for row in &results.micro {
        if !engines.contains(&row.engine.as_str()) {
            engines.push(&row.engine);
        }
        if !suites.contains(&row.suite.as_str()) {
            suites.push(&row.suite);
        }
    }
    let head = ["task"].into_iter().chain(engines.iter().copied()).map(str::to_owned).collect();
    let mut table = Table::new("Small tasks", "median time of one, in process", head);
    for suite in suites {
        let mut cells = vec![suite.to_owned()];
        for engine in &engines {
            let row = results.micro.iter().find(|row| row.suite == suite && row.engine == *engine);
            cells.push(row.map_or_else(|| NOTHING.to_owned(), |row| time(row.median_ns / 1e9)));
        }
        table.rows.push(cells);
    }
    table
}

/// Whole processes that print one line.
fn startup(results: &Results) -> Table {
    let head = ["command", "CPU, median", "CPU, mean", "elapsed, median", "page faults"];
    let says = "a whole process that prints one line";
    let mut table = Table::new("Start of a process", says, head.map(str::to_owned).to_vec());
    for row in &results.startup {
        table.rows.push(vec![
            row.name.clone(),
            time(row.cpu_median.as_secs_f64()),
            time(row.cpu_mean.as_secs_f64()),
            time(row.wall_median.as_secs_f64()),
            row.page_faults.to_string(),
        ]);
    }
    table
}

/// Our ratio to an earlier result: every program on every engine, new over old.
pub(crate) fn drift(new: &Results, old: &Results) -> Table {
    let names: Vec<&str> = new.header.engines.iter().map(|e| e.name.as_str()).collect();
    let head = ["program"].iter().chain(&names).map(ToString::to_string).collect();
    let says = format!("medians of run times, as a multiple of those of {}", old.header.date);
    let mut table = Table::new("Since then", &says, head);
    let mut columns = vec![Vec::new(); names.len()];
    for program in new.programs() {
        let mut row = vec![program.to_owned()];
        for (name, column) in names.iter().zip(&mut columns) {
            let medians = |results: &Results| results.median(program, name, Measure::Run);
            let ratio = medians(new).zip(medians(old)).map(|(new, old)| new / old);
            column.extend(ratio);
            row.push(ratio.map_or_else(|| NOTHING.to_owned(), |ratio| format!("{ratio:.3}")));
        }
        table.rows.push(row);
    }
    let means = columns.iter().map(|column| {
        geometric_mean(column).map_or_else(|| NOTHING.to_owned(), |mean| format!("{mean:.3}"))
    });
    table.summary(["geometric mean".to_owned()].into_iter().chain(means).collect());
    table
}

/// Three digits that matter.
fn digits(value: f64) -> String {
    if value >= 100.0 {
        format!("{value:.0}")
    } else if value >= 10.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.2}")
    }
}

fn multiple(ratio: Option<f64>) -> String {
    ratio.map_or_else(|| NOTHING.to_owned(), digits)
}

/// A time in seconds, in the unit that suits it.
fn time(seconds: f64) -> String {
    let units = [(1.0, "s"), (1e-3, "ms"), (1e-6, "µs")];
    let unit = units.into_iter().find(|(size, _)| seconds >= *size).unwrap_or((1e-9, "ns"));
    format!("{} {}", digits(seconds / unit.0), unit.1)
}
