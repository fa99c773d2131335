//! What `perf script` and callgrind print, as [`Sample`]s.
//!
//! What lives here: reading their text. What does not: running them, naming symbols.
//!
//! Invariant: lines that are not understood are left out, so a newer tool loses detail, not the
//! run.

use std::collections::BTreeMap;
use std::collections::HashMap;

/// Cost in one symbol of one object file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sample {
    /// The symbol as the tool printed it.
    pub symbol: String,
    /// The object file it is in.
    pub object: String,
    /// Samples, or instructions.
    pub cost: u64,
    /// How often it was called, where the tool knows.
    pub calls: Option<u64>,
}

/// Reads `perf script --fields ip,sym,dso`: one line a sample.
#[must_use]
pub fn of_perf_script(text: &str) -> Vec<Sample> {
    let mut costs: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for line in text.lines() {
        let Some((address, rest)) = line.trim().split_once(' ') else { continue };
        let is_address = u64::from_str_radix(address, 16).is_ok();
        let Some((symbol, object)) = rest.trim().rsplit_once(" (") else { continue };
        if is_address {
            *costs.entry((symbol, object.trim_end_matches(')'))).or_default() += 1;
        }
    }
    let sample = |((symbol, object), cost): ((&str, &str), u64)| Sample {
        symbol: symbol.to_owned(),
        object: object.to_owned(),
        cost,
        calls: None,
    };
    costs.into_iter().map(sample).collect()
}

/// Reads an output file of callgrind, names as they are in the binary (`--demangle=no`).
#[must_use]
pub fn of_callgrind(text: &str) -> Vec<Sample> {
    let mut reading = Callgrind::default();
    text.lines().for_each(|line| reading.line(line));
    let calls = reading.calls;
    let sample = |((symbol, object), cost)| {
        let calls = calls.get(&symbol).copied();
        Sample { symbol, object, cost, calls }
    };
    reading.costs.into_iter().map(sample).collect()
}

#[derive(Default)]
struct Callgrind {
    /// Names given before under a number, by what they name.
    names: HashMap<(bool, String), String>,
    object: String,
    function: String,
    callee: String,
    /// The next line is what a call cost, which the callee's own lines say, too.
    is_inclusive: bool,
    costs: BTreeMap<(String, String), u64>,
    calls: HashMap<String, u64>,
}

impl Callgrind {
    fn line(&mut self, line: &str) {
        let Some((key, value)) = line.split_once('=') else { return self.cost(line) };
        match key {
            "ob" => self.object = self.name(true, value),
            "cob" => {
                self.name(true, value);
            }
            "fn" => self.function = self.name(false, value),
            "cfn" => self.callee = self.name(false, value),
            "calls" => {
                let count = value.split(' ').next().and_then(|count| count.parse().ok());
                *self.calls.entry(self.callee.clone()).or_default() += count.unwrap_or(0);
                self.is_inclusive = true;
            }
            _ => {}
        }
    }

    /// The name in `(3) name`, or the one that number stood for before.
    fn name(&mut self, is_object: bool, value: &str) -> String {
        let Some((number, name)) = value.strip_prefix('(').and_then(|rest| rest.split_once(')'))
        else {
            return value.to_owned();
        };
        let key = (is_object, number.to_owned());
        match name.trim() {
            "" => self.names.get(&key).cloned().unwrap_or_default(),
            name => {
                self.names.insert(key, name.to_owned());
                name.to_owned()
            }
        }
    }

    /// A place and what it cost: `+3 12`.
    fn cost(&mut self, line: &str) {
        let mut words = line.split(' ');
        let is_place = words.next().is_some_and(|place| {
            place == "*" || place.trim_start_matches(['+', '-']).parse::<u64>().is_ok()
        });
        let Some(cost) = words.next().and_then(|cost| cost.parse::<u64>().ok()) else { return };
        if is_place && !std::mem::take(&mut self.is_inclusive) {
            let key = (self.function.clone(), self.object.clone());
            *self.costs.entry(key).or_default() += cost;
        }
    }
}
