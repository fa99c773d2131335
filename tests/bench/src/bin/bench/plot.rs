//! The plot: run time and total time of every engine, as an SVG.
//!
//! What lives here: two panels side by side with a row per engine, a dot per program and a bar to
//! the geometric mean, on a logarithmic scale whose 1 is the reference. What does not: figures.
//!
//! Invariant: it needs no font, script or colour of the place it is shown in.

use crate::engines::REFERENCE;
use crate::results::{EngineName, Measure, Results, geometric_mean};
use std::fmt::Write;

const ROW: f64 = 26.0;
const LABELS: f64 = 150.0;
const PANEL: f64 = 380.0;
const GAP: f64 = 30.0;
const TOP: f64 = 46.0;
const BOTTOM: f64 = 34.0;

/// The ends of the scale, as powers of ten.
struct Scale {
    low: f64,
    high: f64,
}

impl Scale {
    /// The least whole decades that hold all of `values` and 1.
    fn holding(values: &[f64]) -> Self {
        let logarithms = values.iter().map(|value| value.log10());
        let low = logarithms.clone().fold(0.0, f64::min).floor();
        let high = logarithms.fold(1.0, f64::max).ceil();
        Self { low, high }
    }

    fn x(&self, value: f64) -> f64 {
        (value.log10() - self.low) / (self.high - self.low) * PANEL
    }

    fn decades(&self) -> impl Iterator<Item = f64> {
        let (low, high) = (self.low, self.high);
        std::iter::successors(Some(low), |power| Some(power + 1.0))
            .take_while(move |power| *power <= high)
            .map(|power| 10_f64.powf(power))
    }
}

/// The plot of `results`.
pub(crate) fn svg(results: &Results) -> String {
    let engines = &results.header.engines;
    let rows: f64 = engines.iter().map(|_| ROW).sum();
    let (width, height) = (LABELS + 2.0 * PANEL + 2.0 * GAP, TOP + rows + BOTTOM);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n"
    );
    for (engine, y) in engines.iter().zip(row_middles()) {
        text(&mut svg, (LABELS - 8.0, y + 4.0), "end", weight(engine), &engine.name);
    }
    let panels = [(Measure::Run, "Run time"), (Measure::Total, "Total time with compiling")];
    let mut left = LABELS;
    for (measure, title) in panels {
        panel(&mut svg, results, measure, title, left, rows);
        left += PANEL + GAP;
    }
    svg + "</svg>\n"
}

fn row_middles() -> impl Iterator<Item = f64> {
    std::iter::successors(Some(TOP + ROW / 2.0), |y| Some(y + ROW))
}

fn weight(engine: &EngineName) -> &'static str {
    if engine.is_ours() { "bold" } else { "normal" }
}

fn panel(svg: &mut String, results: &Results, measure: Measure, title: &str, left: f64, rows: f64) {
    let ratios = |engine: &EngineName| -> Vec<f64> {
        let programs = results.programs();
        let of = |program| results.ratio(program, &engine.name, REFERENCE, measure);
        programs.into_iter().filter_map(of).collect()
    };
    let columns: Vec<Vec<f64>> = results.header.engines.iter().map(ratios).collect();
    let scale = Scale::holding(&columns.concat());
    let heading = format!("{title}, multiples of {REFERENCE}'s");
    text(svg, (left + PANEL / 2.0, 18.0), "middle", "bold", &heading);
    for decade in scale.decades() {
        let x = left + scale.x(decade);
        let (y, end) = (TOP, TOP + rows);
        line(svg, (x, y), (x, end), if decade == 1.0 { "#555555" } else { "#dddddd" });
        text(svg, (x, end + 16.0), "middle", "normal", &format!("{decade}×"));
    }
    for ((engine, column), y) in results.header.engines.iter().zip(&columns).zip(row_middles()) {
        let colour = if engine.is_ours() { "#c2410c" } else { "#1d4ed8" };
        if let Some(mean) = geometric_mean(column) {
            bar(svg, left + scale.x(1.0), left + scale.x(mean), y, colour);
            let label = format!("{mean:.2}");
            text(svg, (left + scale.x(mean), y - 8.0), "middle", weight(engine), &label);
        }
        for ratio in column {
            dot(svg, left + scale.x(*ratio), y, colour);
        }
    }
}

fn text(svg: &mut String, (x, y): (f64, f64), anchor: &str, weight: &str, text: &str) {
    let _ = writeln!(
        svg,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" font-weight=\"{weight}\" \
         fill=\"#111111\">{text}</text>"
    );
}

fn line(svg: &mut String, (x1, y1): (f64, f64), (x2, y2): (f64, f64), colour: &str) {
    let _ = writeln!(
        svg,
        "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" stroke=\"{colour}\"/>"
    );
}

fn bar(svg: &mut String, from: f64, to: f64, y: f64, colour: &str) {
    let (x, width) = (from.min(to), (to - from).abs().max(1.0));
    let _ = writeln!(
        svg,
        "<rect x=\"{x:.1}\" y=\"{:.1}\" width=\"{width:.1}\" height=\"8\" fill=\"{colour}\" \
         fill-opacity=\"0.35\"/>",
        y - 4.0
    );
}

fn dot(svg: &mut String, x: f64, y: f64, colour: &str) {
    let _ = writeln!(
        svg,
        "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"2.2\" fill=\"{colour}\" fill-opacity=\"0.6\"/>"
    );
}
