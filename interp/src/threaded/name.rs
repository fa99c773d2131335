//! What handlers are called in listings and profiles: `i32.add.L0.SC`.
//!
//! What lives here: the names. What does not: the names of cells, which say nothing of registers
//! (`dump`).
//!
//! Invariant: two handlers of one bounds mode have two names, without blanks; a name depends on the
//! handler alone. Behind the operator come the destination and the operands, each by a letter:
//! `S`lot, `A`ccumulator, `C`onstant, or a pinned local: `L0` to `L3`, of floats `F0` to `F3`.

use wasmtier_ops::{SimdOp, SimdShape};

use super::NameCode;
use super::body::File;
use super::emit::Member;
use super::key::{EitherPin, NativeKey, Pin, PinCounts, Variant, Zeros};
use super::rule::{Rule, rule_of};
use crate::dump::{dst_letter, src_letter, srcs_letters};
use crate::handler::{HandlerKey, Misc, Srcs};

/// The name of the handler of `key`.
pub(super) fn name(key: NativeKey) -> String {
    match key {
        NativeKey::Cell(key, variant) => cell(key, variant),
        NativeKey::Enter { pins, zeros } => {
            let zeros = match zeros {
                Zeros::Few(few) => few.to_string(),
                Zeros::Many => "many".to_owned(),
            };
            format!("enter.zero_{zeros}{}", counts(pins))
        }
        NativeKey::Resume(pins) => format!("resume{}", counts(pins)),
    }
}

/// The name of the handler of several cells in a row, which may begin with opening the frame.
pub(super) fn name_of_run(
    enter: Option<(PinCounts, Zeros)>,
    cells: impl Iterator<Item = Member>,
) -> String {
    let enter = enter.map(|(pins, zeros)| name(NativeKey::Enter { pins, zeros }));
    let cells = cells.map(|member| cell(member.key, member.variant));
    let names: Vec<String> = enter.into_iter().chain(cells).collect();
    names.join("+")
}

/// Tells `profile` what the code in `bytes` is called, which was published at `base`: where each
/// piece begins in it, and its name after `prefix`. What pads a piece counts as its.
pub(super) fn tell(
    profile: &dyn NameCode,
    base: u32,
    bytes: &[u8],
    prefix: &str,
    names: impl IntoIterator<Item = (u32, String)>,
) {
    let mut names: Vec<(u32, String)> = names.into_iter().collect();
    names.sort_unstable_by_key(|(start, _)| *start);
    for (place, (start, name)) in names.iter().enumerate() {
        let end = names.get(place + 1).map_or(bytes.len(), |(next, _)| *next as usize);
        profile.name(base + start, &bytes[*start as usize..end], &format!("{prefix}{name}"));
    }
}

/// The name of the handler of a cell that says of every operand where it is.
fn cell(key: HandlerKey, variant: Variant) -> String {
    use File::Int;
    let [d, a, b] = variant.pins();
    match key {
        HandlerKey::Unary { op, dst, src } => {
            let d = operand(File::of(op.result()), d, dst_letter(dst));
            let a = operand(File::of(op.params()[0]), a, src_letter(src));
            format!("{}.{d}.{a}", op.name())
        }
        HandlerKey::Binary { op, dst, srcs } => {
            let d = operand(File::of(op.result()), d, dst_letter(dst));
            let file = File::of(op.params()[0]);
            format!("{}.{d}.{}", op.name(), operands(srcs, [file; 2], [a, b]))
        }
        HandlerKey::Branch { op, nonzero, srcs } => {
            let jump = if nonzero { "br_if" } else { "br_if_not" };
            let (back, pins) = variant.branch();
            let operands = operands(srcs, [File::of(op.params()[0]); 2], pins);
            format!("{jump}.{}.{operands}{}", op.name(), flag(back, ".back"))
        }
        HandlerKey::Load { op, dst, src } => {
            let ([d, a], offset) = variant.load();
            let d = operand(File::of(op.result()), d, dst_letter(dst));
            let a = operand(Int, a, src_letter(src));
            format!("{}.{d}.{a}{}", op.name(), flag(offset, ".offset"))
        }
        HandlerKey::Store { op, srcs } => {
            let (pins, offset) = variant.store();
            let operands = operands(srcs, [Int, File::of(op.value())], pins);
            format!("{}.{operands}{}", op.name(), flag(offset, ".offset"))
        }
        HandlerKey::FarLoad { .. }
        | HandlerKey::FarStore { .. }
        | HandlerKey::Simd { .. }
        | HandlerKey::SimdAccess { .. }
        | HandlerKey::Wide { .. }
        | HandlerKey::Atomic { .. }
        | HandlerKey::Misc(_) => cell_in_slots(key, variant),
    }
}

/// The name of the handler of a cell whose operands are in slots, unless the name says otherwise.
fn cell_in_slots(key: HandlerKey, variant: Variant) -> String {
    let (name, file) = match key {
        HandlerKey::Unary { op, .. }
        | HandlerKey::Binary { op, .. }
        | HandlerKey::Branch { op, .. } => (op.name().to_owned(), File::of(op.result())),
        HandlerKey::Load { op, .. } => (op.name().to_owned(), File::of(op.result())),
        HandlerKey::Store { op, .. } => (op.name().to_owned(), File::of(op.value())),
        HandlerKey::FarLoad { op, memory64 } => {
            (format!("far.{}", access(op.name(), memory64)), File::of(op.result()))
        }
        HandlerKey::FarStore { op, memory64 } => {
            (format!("far.{}", access(op.name(), memory64)), File::Int)
        }
        HandlerKey::Simd { op } => (op.name().to_owned(), file_of_vector(op)),
        HandlerKey::SimdAccess { op, memory64 } => (access(op.name(), memory64), File::Int),
        HandlerKey::Wide { op } => (op.name().to_owned(), File::Int),
        HandlerKey::Atomic { op, memory64 } => (access(op.name(), memory64), File::Int),
        HandlerKey::Misc(misc) => {
            let floats =
                [Misc::SelectFloat, Misc::SelectFloatAcc, Misc::ReturnFloatSlot].contains(&misc);
            (misc.name().replace(' ', "."), if floats { File::Float } else { File::Int })
        }
    };
    name + &by_rule(key, variant, file)
}

/// The file of the pin of a vector operator's result.
fn file_of_vector(op: SimdOp) -> File {
    match op.shape() {
        SimdShape::Extract(ty) => File::of(ty),
        SimdShape::Unary
        | SimdShape::Binary
        | SimdShape::Ternary
        | SimdShape::Test
        | SimdShape::Shift
        | SimdShape::Splat(_)
        | SimdShape::Replace(_)
        | SimdShape::Shuffle => File::Int,
    }
}

/// What the rule of a key says about a variant. Pins are of `file` where one rule is for both.
fn by_rule(key: HandlerKey, variant: Variant, file: File) -> String {
    match rule_of(key) {
        Rule::Pins { d, a, b } => pinned(file, &[d, a, b], &variant.pins()),
        Rule::Branch { a, b, .. } => {
            let (back, pins) = variant.branch();
            pinned(file, &[a, b], &pins) + flag(back, ".back")
        }
        Rule::Load { d, a } => pinned(file, &[d, a], &variant.load().0),
        Rule::Store { a, b } => pinned(file, &[a, b], &variant.store().0),
        Rule::Either { d, a } => either([d, a], variant.either()),
        Rule::Lane { d, .. } => {
            let (pin, lane) = variant.lane();
            format!("{}.lane{lane}", pinned(file, &[d], &[pin]))
        }
        Rule::Table { a } => pinned(file, &[a], &variant.pins()[1..]),
        Rule::Call => flag(variant.pinned(), ".pins").to_owned(),
        Rule::CallIndirect => {
            let table = flag(!variant.first_table(), ".table");
            table.to_owned() + flag(variant.pinned(), ".pins")
        }
        Rule::Builtin => {
            let (result, pins) = variant.builtin();
            flag(result, ".result").to_owned() + &counts(pins)
        }
    }
}

/// The name of an access to any memory.
fn access(name: &str, memory64: bool) -> String {
    format!("{name}{}", flag(memory64, ".memory64"))
}

fn flag(set: bool, text: &str) -> &str {
    if set { text } else { "" }
}

/// How many locals are pinned.
fn counts(pins: PinCounts) -> String {
    if pins.any() { format!(".{}L{}F", pins.ints, pins.floats) } else { String::new() }
}

fn operand(file: File, pin: Pin, unpinned: char) -> String {
    match (pin, file) {
        (None, _) => unpinned.to_string(),
        (Some(pin), File::Int) => format!("L{pin}"),
        (Some(pin), File::Float) => format!("F{pin}"),
    }
}

fn operands(srcs: Srcs, [a, b]: [File; 2], [pin_a, pin_b]: [Pin; 2]) -> String {
    let [letter_a, letter_b] = srcs_letters(srcs);
    operand(a, pin_a, letter_a) + &operand(b, pin_b, letter_b)
}

/// Destination and operands, of those that may be pinned, if any is; `places` says which may.
fn pinned(file: File, places: &[u8], pins: &[Pin]) -> String {
    if pins.iter().all(Option::is_none) {
        return String::new();
    }
    let may = places.iter().zip(pins).filter(|(place, _)| **place != 0);
    let operands: String = may.map(|(_, pin)| operand(file, *pin, 'S')).collect();
    format!(".{operands}")
}

/// The same of pins of either file.
fn either(places: [u8; 2], pins: [EitherPin; 2]) -> String {
    if pins == [EitherPin::None; 2] {
        return String::new();
    }
    let operand = |pin| match pin {
        EitherPin::None => "S".to_owned(),
        EitherPin::Int(pin) => format!("L{pin}"),
        EitherPin::Float(pin) => format!("F{pin}"),
    };
    let may = places.into_iter().zip(pins).filter(|(place, _)| *place != 0);
    format!(".{}", may.map(|(_, pin)| operand(pin)).collect::<String>())
}
