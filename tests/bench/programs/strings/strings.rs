//! strings: text, as programs in Rust treat it. Words are split, folded, counted in a `HashMap`,
//! indexed in a `BTreeMap`, sorted and formatted; numbers are written and read back.

#[path = "../bench.rs"]
mod bench;

use bench::{Random, mix};
use std::cmp::Ordering;
use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::hash::BuildHasherDefault;

/// The keys of a `HashMap` are random unless told otherwise, and with them its order.
type Counts = HashMap<String, u32, BuildHasherDefault<DefaultHasher>>;

const STARTS: [&str; 12] = ["b", "k", "fl", "m", "st", "gr", "l", "n", "tr", "v", "w", "sch"];
const MIDDLES: [&str; 10] = ["a", "e", "i", "o", "u", "ou", "ea", "é", "ö", "ae"];
const ENDS: [&str; 12] = ["n", "r", "st", "ng", "t", "ll", "x", "", "", "ss", "ß", "ck"];

fn mix_text(checksum: u64, text: &str) -> u64 {
    text.bytes().fold(mix(checksum, text.len() as u64), |sum, byte| mix(sum, byte.into()))
}

fn word(random: &mut Random) -> String {
    let mut word = String::new();
    for _ in 0..1 + random.below(3) {
        word += STARTS[random.below(STARTS.len())];
        word += MIDDLES[random.below(MIDDLES.len())];
        word += ENDS[random.below(ENDS.len())];
    }
    word
}

/// Text of which a few words are most, as in any language.
#[inline(never)]
fn write_text(random: &mut Random, words: usize) -> String {
    let vocabulary: Vec<String> = (0..1500).map(|_| word(random)).collect();
    let mut text = String::new();
    let mut opens_sentence = true;
    for _ in 0..words {
        let most = 1 + random.below(vocabulary.len());
        let chosen = &vocabulary[random.below(most)];
        if opens_sentence {
            let (first, others) = chosen.split_at(1);
            text += &first.to_ascii_uppercase();
            text += others;
        } else {
            text += chosen;
        }
        opens_sentence = random.below(9) == 0;
        text += match random.below(30) {
            _ if opens_sentence => ". ",
            0 => ",\n",
            1 => " - ",
            2 => "; ",
            _ => " ",
        };
    }
    text
}

#[inline(never)]
fn count(text: &str) -> Counts {
    let mut counts = Counts::default();
    for word in text.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty()) {
        *counts.entry(word.to_ascii_lowercase()).or_default() += 1;
    }
    counts
}

/// The lines on which each word stands.
#[inline(never)]
fn index(text: &str) -> BTreeMap<&str, Vec<usize>> {
    let mut index: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (number, line) in text.lines().enumerate() {
        for word in line.split_whitespace() {
            let word = word.trim_matches(|c: char| c.is_ascii_punctuation());
            let lines = index.entry(word).or_default();
            if lines.last() != Some(&number) {
                lines.push(number);
            }
        }
    }
    index
}

type Row<'a> = (&'a str, u32);
type Order = fn(&Row, &Row) -> Ordering;

/// Pointers, so that the two need one sort between them.
const MOST_FIRST: Order = |a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0));
const BY_TEXT: Order = |a, b| a.0.cmp(b.0).then_with(|| a.1.cmp(&b.1));

/// A table of the words found most often.
#[inline(never)]
fn report(counts: &Counts) -> String {
    let mut rows: Vec<Row> = counts.iter().map(|(word, &count)| (word.as_str(), count)).collect();
    rows.sort_unstable_by(MOST_FIRST);
    let total: u32 = counts.values().sum();
    let mut table = String::new();
    for (word, count) in rows.into_iter().take(400) {
        let share = u64::from(count) * 100_000 / u64::from(total);
        let (whole, part) = (share / 1000, share % 1000);
        writeln!(table, "{word:<16} {count:>6} {whole:>3}.{part:03} % {count:#06x}")
            .expect("writing to a string cannot fail");
    }
    table
}

/// The sum of the numbers a table prints, read from its text.
#[inline(never)]
fn read_back(table: &str) -> u64 {
    let columns = table.lines().flat_map(|line| line.split([' ', '.']));
    columns.filter_map(|column| column.parse::<u64>().ok()).sum()
}

/// Every word backwards, and some endings exchanged.
#[inline(never)]
fn disguise(text: &str) -> String {
    let turned: Vec<String> =
        text.split(' ').map(|word| word.chars().rev().collect::<String>()).collect();
    turned.join("_").replace("ts", "zz").replace('é', "e").to_ascii_uppercase()
}

#[inline(never)]
fn sort_lines(text: &str) -> u64 {
    let mut lines: Vec<Row> = text.lines().zip(0..).collect();
    lines.sort_unstable_by(BY_TEXT);
    lines.iter().fold(0, |sum, &(line, number)| mix(mix(sum, line.len() as u64), number.into()))
}

fn main() {
    bench::start();
    let mut random = Random(20_000_003);
    let mut sum = 0;
    for _ in 0..6 {
        let text = write_text(&mut random, 12_000);
        let counts = count(&text);
        let table = report(&counts);
        sum = mix_text(sum, &table);
        sum = mix(sum, read_back(&table));
        for (word, lines) in index(&text) {
            sum = mix(mix_text(sum, word), lines.iter().sum::<usize>() as u64);
        }
        sum = mix_text(sum, &disguise(&text));
        sum = mix(sum, sort_lines(&text));
        sum = mix(sum, text.matches("st").count() as u64);
        sum = mix(sum, text.find("no such words").map_or(0, |at| at as u64));
    }
    bench::end();
    println!("strings {sum:016x}");
}
