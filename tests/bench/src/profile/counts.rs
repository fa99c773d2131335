//! What the counts of basic blocks say of functions and operators.
//!
//! What lives here: folding them into rows. What does not: getting them (`blocks.rs`).
//!
//! Invariant: every number is exact but for the rest of a block in which an operator trapped.
//! `block`, `loop`, `end`, `else` and `nop` execute nothing and are not counted.

use super::blocks::{COUNTER_BYTES, Counted};
use super::operators::Kind;
use serde::Serialize;
use std::collections::HashMap;

/// What one function executed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct FunctionRow {
    /// Its name, see [`blocks::Function`](super::blocks::Function).
    pub name: String,
    /// Its index.
    pub index: u32,
    /// The tier it runs in.
    pub tier: String,
    /// How often it was entered.
    pub calls: u64,
    /// Operators executed in it, without those of the functions it called.
    pub operators: u64,
    /// The size of its body.
    pub body_bytes: usize,
}

/// How often an operator, or a sequence of them, was executed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct OperatorRow {
    /// Names in the text format.
    pub operators: Vec<String>,
    /// Executions.
    pub count: u64,
}

/// What a program executed. Rows with most first, without those that are zero.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Counts {
    /// Operators executed in all.
    pub total: u64,
    /// By function.
    pub functions: Vec<FunctionRow>,
    /// By operator.
    pub operators: Vec<OperatorRow>,
    /// By two operators executed one after the other, never across a label.
    pub pairs: Vec<OperatorRow>,
    /// The same, leaving out those that only name an operand: `local.get` and constants.
    pub work: Vec<OperatorRow>,
}

impl Counts {
    /// Reads the counters of a module that has run. `tier` says which tier a function runs in.
    #[must_use]
    pub fn new(counted: &Counted, counters: &[u8], tier: impl Fn(u32) -> String) -> Self {
        let count = |block: usize| {
            let at = block * COUNTER_BYTES;
            let bytes = counters.get(at..at + COUNTER_BYTES);
            bytes.and_then(|bytes| bytes.try_into().ok()).map_or(0, u64::from_le_bytes)
        };
        let mut rows = Vec::new();
        for function in &counted.functions {
            let in_block = |block: usize| {
                count(block) * u64::try_from(counted.blocks[block].operators.len()).unwrap_or(0)
            };
            let calls = count(function.blocks.start);
            if calls > 0 {
                rows.push(FunctionRow {
                    name: function.name.clone(),
                    index: function.index,
                    tier: tier(function.index),
                    calls,
                    operators: function.blocks.clone().map(in_block).sum(),
                    body_bytes: function.body_bytes,
                });
            }
        }
        rows.sort_by(|a, b| b.operators.cmp(&a.operators).then(a.index.cmp(&b.index)));

        let mut operators = Tally::default();
        let mut pairs = Tally::default();
        let mut work = Tally::default();
        for (block, count) in counted.blocks.iter().zip((0..).map(count)) {
            if count == 0 {
                continue;
            }
            let own = &counted.operators[block.operators.clone()];
            let sequence: Vec<Kind> = block.after.into_iter().chain(own.iter().copied()).collect();
            own.iter().for_each(|kind| operators.add(&[*kind], count));
            sequence.windows(2).for_each(|pair| pairs.add(pair, count));
            let working: Vec<Kind> = sequence.into_iter().filter(|k| !k.is_operand()).collect();
            working.windows(2).for_each(|pair| work.add(pair, count));
        }
        Self {
            total: rows.iter().map(|row| row.operators).sum(),
            functions: rows,
            operators: operators.rows(),
            pairs: pairs.rows(),
            work: work.rows(),
        }
    }
}

impl Counts {
    /// Whether an operator was executed.
    pub(super) fn executes(&self, operator: &str) -> bool {
        self.operators.iter().any(|row| row.operators[..] == [operator])
    }
}

/// Sequences of operators and how often they ran.
#[derive(Default)]
struct Tally(HashMap<Vec<Kind>, u64>);

impl Tally {
    fn add(&mut self, sequence: &[Kind], count: u64) {
        if let Some(sum) = self.0.get_mut(sequence) {
            *sum += count;
        } else {
            self.0.insert(sequence.to_vec(), count);
        }
    }

    fn rows(self) -> Vec<OperatorRow> {
        let mut rows: Vec<OperatorRow> = (self.0.into_iter())
            .map(|(kinds, count)| OperatorRow {
                operators: kinds.into_iter().map(Kind::name).collect(),
                count,
            })
            .collect();
        rows.sort_by(|a, b| b.count.cmp(&a.count).then(a.operators.cmp(&b.operators)));
        rows
    }
}
