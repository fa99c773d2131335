//! Every scalar operator with operands in slots, pinned locals, accumulators and constants, and its
//! result in each of those, or branched upon.
//!
//! Invariant: operators come from `wasmtier_ops`; nothing here names one.

use std::collections::HashSet;

use wasmtier::Module;
use wasmtier_ops::{NumOp, ScalarType};

use crate::program::{Operands, Pins, Program, constant, report};
use crate::values::operands;
use crate::{oracle, subjects, thorough};

/// Where an operand or a result is.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
enum Place {
    /// A local in a slot.
    Slot,
    Pin(usize),
    Acc,
    Imm(u64),
}

/// Integers and floats are in different registers.
fn is_float(ty: ScalarType) -> bool {
    matches!(ty, ScalarType::F32 | ScalarType::F64)
}

/// Types of pinned locals such that values of `types` are in all pins, in every combination.
pub(crate) fn layouts(types: &[ScalarType]) -> Vec<Pins> {
    use ScalarType::{F64, I64};
    let of = |float: bool, default: ScalarType| {
        let mut found: Vec<_> = types.iter().copied().filter(|ty| is_float(*ty) == float).collect();
        found.sort();
        found.dedup();
        match found[..] {
            [] => vec![[default; 4]],
            [only] => vec![[only; 4]],
            [x, y, ..] => vec![
                [x, x, y, y],
                [y, y, x, x],
                [x, y, x, y],
                [y, x, y, x],
                [x, y, y, x],
                [y, x, x, y],
            ],
        }
    };
    let (ints, floats) = (of(false, I64), of(true, F64));
    let all = ints.iter().flat_map(|ints| floats.iter().map(|floats| (*ints, *floats)));
    all.map(|(ints, floats)| Pins { ints, floats }).collect()
}

/// The pinned places of values of a type.
fn pinned(pins: &Pins, ty: ScalarType) -> impl Iterator<Item = Place> {
    let types = if is_float(ty) { pins.floats } else { pins.ints };
    (0..4).filter(move |pin| types[*pin] == ty).map(Place::Pin)
}

/// The local of role `role` at a place.
fn local(ty: ScalarType, place: Place, role: &str) -> String {
    match place {
        Place::Pin(pin) if is_float(ty) => format!("$f{pin}"),
        Place::Pin(pin) => format!("$i{pin}"),
        Place::Slot | Place::Acc | Place::Imm(_) => format!("${role}_{}", ty.name()),
    }
}

/// The immediates to try.
fn immediates(ty: ScalarType) -> Vec<u64> {
    match ty {
        ScalarType::I32 => vec![7, (-3_i32) as u32 as u64, 0x7fff_fff0, 0, (-1_i32) as u32 as u64],
        // The last has no short form.
        ScalarType::I64 => {
            vec![7, (-3_i64) as u64, 0x7fff_fff0, 0, u64::MAX, 0x1234_5678_9abc_def0]
        }
        ScalarType::F32 => [1.5, -0.0, f32::INFINITY].map(|it| it.to_bits().into()).to_vec(),
        ScalarType::F64 => {
            let mut all = [1.5, -0.0, f64::INFINITY, 0.1].map(f64::to_bits).to_vec();
            all.push(0x7ff4_0000_1234_5678);
            all
        }
    }
}

/// What an operator is applied for.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
enum Purpose {
    /// To have its result in a place.
    Result(Place),
    Use,
    Branch,
}

/// An operator with places for its operands.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
struct Application {
    op: NumOp,
    a: Place,
    b: Option<Place>,
}

impl Application {
    /// Text that puts operands where they belong. Behind its label they are nowhere else.
    fn setup(&self) -> String {
        let mut text = "(block ".to_owned();
        for (place, ty, role, offset) in self.operands() {
            if let Place::Slot | Place::Pin(_) = place {
                let (name, local) = (ty.name(), local(ty, place, role));
                text +=
                    &format!("(local.set {local} ({name}.load offset={offset} (local.get $in)))");
            }
        }
        text + "(br_if 0 (local.get $first)))"
    }

    /// Text of the expression.
    fn expression(&self) -> String {
        let mut text = format!("({}", self.op.name());
        for (place, ty, role, offset) in self.operands() {
            text += " ";
            text += &match place {
                Place::Slot | Place::Pin(_) => {
                    format!("(local.get {})", local(ty, place, role))
                }
                Place::Acc => format!("({}.load offset={offset} (local.get $in))", ty.name()),
                Place::Imm(bits) => constant(ty, bits),
            };
        }
        text + ")"
    }

    fn operands(&self) -> impl Iterator<Item = (Place, ScalarType, &'static str, usize)> {
        let places = [Some(self.a), self.b].into_iter().flatten();
        let rest = self.op.params().iter().zip(["a", "b"]).zip([0, 16]);
        places.zip(rest).map(|(place, ((ty, role), offset))| (place, *ty, role, offset))
    }

    /// What it is applied to.
    fn values(&self, operands: &Operands) -> [u64; 2] {
        let [a, b, _] = operands.map(|it| it as u64);
        let of = |place, value| if let Place::Imm(bits) = place { bits } else { value };
        match self.b {
            // The second is written to the same local after the first.
            Some(place) if place == self.a && matches!(place, Place::Pin(_)) => [b, b],
            Some(place) => [of(self.a, a), of(place, b)],
            None => [of(self.a, a), 0],
        }
    }

    /// Whether an operand in a pinned local is in the second, for which all others stand.
    fn is_plain(&self) -> bool {
        [Some(self.a), self.b].iter().all(|place| !matches!(place, Some(Place::Pin(0 | 2 | 3))))
    }

    fn traps(&self) -> impl Fn(&Operands) -> bool + Sync + 'static {
        let this = *self;
        move |operands| this.op.traps() && this.op.eval(&this.values(operands)).is_err()
    }

    /// All places for the operands of `op`, with pins as given.
    fn all(op: NumOp, pins: &Pins) -> Vec<Self> {
        let places = |ty| [Place::Slot, Place::Acc].into_iter().chain(pinned(pins, ty));
        let [first, second] = [op.params()[0], *op.params().last().expect("it has operands")];
        if op.params().len() == 1 {
            return places(first).map(|a| Self { op, a, b: None }).collect();
        }
        let imms = immediates(second).into_iter().map(Place::Imm);
        let seconds: Vec<_> = places(second).chain(imms).collect();
        let firsts = places(first).chain([Place::Imm(immediates(first)[0])]);
        let all = firsts.flat_map(|a| seconds.iter().map(move |b| (a, *b)));
        all.filter(|pair| !matches!(pair, (Place::Imm(_), Place::Imm(_))))
            .map(|(a, b)| Self { op, a, b: Some(b) })
            .collect()
    }
}

/// A way to leave a result, given the expression.
fn result_text(of: &Application, d: Place, offset: usize) -> String {
    let ty = of.op.result();
    let (name, setup, expression) = (ty.name(), of.setup(), of.expression());
    let store = |offset: usize, value: &str| {
        format!("({name}.store offset={offset} (local.get $out) {value})")
    };
    if d == Place::Acc {
        return setup + &store(offset, &expression);
    }
    let local = local(ty, d, "d");
    let value = format!("(local.get {local})");
    // First what is in the accumulator; behind a label, what is in the pin; then the slot.
    let next = offset + 8;
    format!(
        "{setup}(block (local.set {local} {expression}){} (br_if 0 (local.get $first)))\
         {}({name}.store 1 offset={offset} (local.get $out) {value})",
        store(offset, &value),
        store(next, &value),
    )
}

/// Functions that return what they are given, and what the operator makes of that.
fn fields(op: NumOp) -> String {
    let (ty, names) = (op.result().name(), ["$a", "$b"].into_iter().zip(op.params()));
    let params: String =
        names.clone().map(|(name, ty)| format!("(param {name} {})", ty.name())).collect();
    let operands: String = names.map(|(name, _)| format!("(local.get {name})")).collect();
    format!(
        "(func $same (param {ty}) (result {ty}) (local.get 0))
         (func $apply {params} (result {ty}) ({} {operands}))",
        op.name(),
    )
}

/// Ways to use a result other than to leave it somewhere: as an argument, selected, as the
/// condition of a selection, and returned.
fn uses(of: &Application) -> Vec<String> {
    let (expression, ty) = (of.expression(), of.op.result());
    let (name, other) = (ty.name(), constant(ty, immediates(ty)[0]));
    let odd = "(i32.and (i32.load (local.get $in)) (i32.const 1))";
    let mut uses = vec![
        format!("(call $same {expression})"),
        format!("(select {expression} {other} {odd})"),
        format!("(select (local.get $d_{name}) {expression} {odd})"),
    ];
    if ty == ScalarType::I32 {
        uses.push(format!("(select (local.get $a_i32) (local.get $d_i32) {expression})"));
    }
    let operands = of.expression();
    let operands = &operands[1 + of.op.name().len()..];
    uses.push(format!("(call $apply {operands}"));
    uses
}

/// Programs for `op`: results, and branches if there are such.
pub(crate) fn programs(op: NumOp) -> Vec<Program> {
    let mut seen = HashSet::new();
    let types: Vec<_> = op.params().iter().copied().chain([op.result()]).collect();
    let mut programs = Vec::new();
    for pins in layouts(&types) {
        let mut program = Program::new(format!("{} with {pins:?}", op.name()), pins, fields(op));
        for application in Application::all(op, &pins) {
            let ty = op.result();
            for d in [Place::Slot, Place::Acc].into_iter().chain(pinned(&pins, ty)) {
                if seen.insert((application, Purpose::Result(d))) {
                    program.add(|offset| result_text(&application, d, offset), application.traps());
                }
            }
            if application.is_plain() && seen.insert((application, Purpose::Use)) {
                for expression in uses(&application) {
                    program.add(
                        |offset| {
                            let setup = application.setup();
                            let ty = ty.name();
                            format!(
                                "{setup}({ty}.store offset={offset} (local.get $out) {expression})"
                            )
                        },
                        application.traps(),
                    );
                }
            }
            if ty == ScalarType::I32 && !op.traps() && seen.insert((application, Purpose::Branch)) {
                for (negated, back) in [(false, false), (true, false), (false, true), (true, true)]
                {
                    program
                        .add(|offset| branch_text(&application, negated, back, offset), |_| false);
                }
            }
        }
        if program.count() > 0 {
            programs.push(program);
        }
    }
    programs
}

/// Branches by an application, forwards or backwards.
fn branch_text(of: &Application, negated: bool, back: bool, offset: usize) -> String {
    let (setup, expression) = (of.setup(), of.expression());
    let condition = if negated { format!("(i32.eqz {expression})") } else { expression };
    let branch = if back {
        // Taken twice, if at all.
        format!(
            "(local.set $r (i32.const 0)) (block $x (loop $l \
             (local.set $r (i32.add (local.get $r) (i32.const 1))) \
             (br_if $x (i32.ge_u (local.get $r) (i32.const 3))) (br_if $l {condition})))"
        )
    } else {
        format!(
            "(local.set $r (i32.const 5)) \
             (block $x (br_if $x {condition}) (local.set $r (i32.const 9)))"
        )
    };
    format!("{setup}{branch}(i32.store offset={offset} (local.get $out) (local.get $r))")
}

/// Checks all operators that `of` chooses.
fn check(of: impl Fn(NumOp) -> bool) {
    let oracle = oracle();
    let mut failures = Vec::new();
    let most = if thorough() { 10_000 } else { 300 };
    for op in NumOp::ALL.iter().filter(|op| of(**op)) {
        let operands: Vec<Operands> = operands(op.params(), most, *op as u64)
            .into_iter()
            .map(|[a, b]| [a.into(), b.into(), 0])
            .collect();
        // There is a limit to how much code an engine composes.
        let subjects = subjects();
        for program in programs(*op) {
            program.check(&oracle, &subjects, &operands, &mut failures);
        }
    }
    report(&failures);
}

#[test]
fn operators_on_i32() {
    check(|op| op.params()[0] == ScalarType::I32);
}

#[test]
fn operators_on_i64() {
    check(|op| op.params()[0] == ScalarType::I64);
}

#[test]
fn operators_on_f32() {
    check(|op| op.params()[0] == ScalarType::F32);
}

#[test]
fn operators_on_f64() {
    check(|op| op.params()[0] == ScalarType::F64);
}

/// How many handlers there are for `op`, that of branches apart: for places of operands (a slot, an
/// accumulator, four pinned locals, an immediate) and of the result (not the last).
fn expected_handlers(op: NumOp) -> (usize, usize) {
    // In how many ways operands may be found if so many locals of their type are pinned.
    let ways = |pins: usize| match op.params().len() {
        1 => 2 + pins,
        _ => (1 + pins) * (1 + pins) + 3 * (1 + pins) + 1,
    };
    let (from, to) = (op.params()[0], op.result());
    let shares_pins = from != to && is_float(from) == is_float(to);
    let pinned = if shares_pins { 3 } else { 4 };
    let results = 2 * ways(4) + 4 * ways(pinned);
    let branches = op.params().len() == 2 && to == ScalarType::I32 && !op.traps();
    (results, if branches { 4 * ways(4) } else { 0 })
}

#[test]
fn every_handler_is_reached() {
    let subject = &subjects()[0];
    let step = if thorough() { 1 } else { 3 };
    for op in NumOp::ALL.iter().step_by(step) {
        let mut names = HashSet::new();
        for program in programs(*op) {
            let wasm = wat::parse_str(program.module(1)).expect("the text is well formed");
            let module = Module::new(&subject.engine, wasm).expect("the program is valid");
            let functions = (0..).map_while(|function| module.explore(function).ok());
            names.extend(functions.flat_map(|it| it.handlers).map(|handler| handler.name));
        }
        // Names of runs are those of their cells.
        let cells = names.iter().filter(|name| !name.contains('+'));
        let of_op = |prefix: &str| {
            let start = format!("{prefix}{}.", op.name());
            cells.clone().filter(|name| name.starts_with(&start)).count()
        };
        let found = (of_op(""), of_op("br_if.") + of_op("br_if_not."));
        assert_eq!(found, expected_handlers(*op), "{}", op.name());
    }
}
