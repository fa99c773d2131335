//! The report: on the terminal, and as `BENCHMARKS.md` with its plot.
//!
//! What lives here: the frame around the tables. What does not: the tables (`tables.rs`).

use crate::results::{Refusal, Results};
use crate::{plot, tables};
use std::path::{Path, PathBuf};
use std::{fs, io};

/// The tables and what is missing in them.
pub(crate) fn text(results: &Results) -> String {
    let mut text = String::new();
    for table in tables::all(results) {
        text += &table.to_text();
        text.push('\n');
    }
    for line in missing(results) {
        text += &format!("{line}\n");
    }
    text
}

fn missing(results: &Results) -> impl Iterator<Item = String> {
    let refusal = |refusal: &Refusal| {
        let verdict = if refusal.wrong { "WRONG" } else { "does not run" };
        let Refusal { program, engine, reason, .. } = refusal;
        let reason = reason.lines().next().unwrap_or_default();
        format!("{engine}: {program}: {verdict}: {reason}")
    };
    results.header.absent.iter().cloned().chain(results.refusals.iter().map(refusal))
}

/// Writes `BENCHMARKS.md` and `BENCHMARKS.svg` into `folder`, and returns their paths.
pub(crate) fn write(results: &Results, folder: &Path) -> io::Result<[PathBuf; 2]> {
    let (page, picture) = (folder.join("BENCHMARKS.md"), folder.join("BENCHMARKS.svg"));
    fs::write(&page, markdown(results))?;
    fs::write(&picture, plot::svg(results))?;
    Ok([page, picture])
}

fn markdown(results: &Results) -> String {
    let header = &results.header;
    let mut text = String::from(
        "# Benchmarks\n\nWritten by `tests/bench/run --write`; do not edit. What is measured, and \
         how, is in [tests/bench/README.md](tests/bench/README.md).\n\n\
         ![Run time and total time of every engine](BENCHMARKS.svg)\n\n## This run\n\n",
    );
    text += &format!("- {}, commit {}\n- {}\n", header.date, header.commit, header.machine);
    let versions = header.versions.iter().map(|(name, version)| format!("{name} {version}"));
    text += &format!("- {}\n", versions.collect::<Vec<_>>().join(", "));
    text += &format!("- {} runs, each in a process of its own\n\n", results.samples.len());
    text += "## Results\n\n";
    for table in tables::all(results) {
        text += &table.to_markdown();
        text.push('\n');
    }
    let missing: Vec<String> = missing(results).collect();
    if !missing.is_empty() {
        text += "### Not measured\n\n";
        missing.iter().for_each(|line| text += &format!("- {line}\n"));
    }
    text
}
