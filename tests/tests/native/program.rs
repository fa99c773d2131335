//! [`Program`]: statements that are run for many operands by one call, on every subject.
//!
//! What lives here: the function around the statements, and the comparison of what they leave in
//! memory. What does not: the statements.
//!
//! A statement reads its operands from the record at `$in` and leaves what it computes in memories
//! 0 and 1, at `$out` and an offset of its own. Locals `$i0` to `$i3` and `$f0` to `$f3` are used
//! so much that they are pinned to registers, in this order. Accesses to memory 1 read and write
//! slots, never pins or accumulators, which shows whether both have the same value.
//!
//! Invariant: all that the subjects leave in memory is compared, and how each call ends.

use std::fmt::Write as _;

use wasmtier::{Instance, Linker, Memory, Module, Store, Trap, TypedFunc};
use wasmtier_ops::ScalarType;

use crate::Subject;

/// Bytes of the operands of one run: three, 16 bytes apart.
pub(crate) const RECORD: usize = 64;
/// What one statement may write in each memory.
const OUTPUT: usize = 16;
/// Statements may do what they like below this address of both memories.
pub(crate) const SCRATCH: usize = 1 << 16;
/// About as many bytes of outputs are compared at once.
const CHUNK: usize = 1 << 20;
/// What programs may import from `env`.
const GLOBALS: &str = r#"(module
    (global (export "i32") (mut i32) (i32.const 0)) (global (export "i64") (mut i64) (i64.const 0))
    (global (export "f32") (mut f32) (f32.const 0)) (global (export "f64") (mut f64) (f64.const 0))
    (global (export "v128") (mut v128) (v128.const i64x2 0 0)))"#;
/// More calls than it takes until a function is warm.
const CALLS_TO_WARM: usize = 200;
const PAGE: usize = 1 << 16;
const TYPES: [ScalarType; 4] = [ScalarType::I32, ScalarType::I64, ScalarType::F32, ScalarType::F64];

/// Operands of a run.
pub(crate) type Operands = [u128; 3];

/// The types of the pinned locals.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) struct Pins {
    pub(crate) ints: [ScalarType; 4],
    pub(crate) floats: [ScalarType; 4],
}

impl Pins {
    /// The types with the names of the locals.
    pub(crate) fn locals(&self) -> impl Iterator<Item = (ScalarType, String)> {
        let named = |file: char, types: [ScalarType; 4]| {
            types.into_iter().zip(0..).map(move |(ty, pin)| (ty, format!("${file}{pin}")))
        };
        named('i', self.ints).chain(named('f', self.floats))
    }
}

/// A statement and when it traps.
struct Statement {
    text: String,
    traps: Box<dyn Fn(&Operands) -> bool + Sync>,
}

/// See above.
pub(crate) struct Program {
    name: String,
    pins: Pins,
    /// Imports, functions, globals and so on that the statements use.
    fields: String,
    statements: Vec<Statement>,
}

impl Program {
    pub(crate) fn new(name: impl Into<String>, pins: Pins, fields: impl Into<String>) -> Self {
        Self { name: name.into(), pins, fields: fields.into(), statements: Vec::new() }
    }

    /// How many statements there are.
    pub(crate) fn count(&self) -> usize {
        self.statements.len()
    }

    pub(crate) fn pins(&self) -> &Pins {
        &self.pins
    }

    /// Adds the statement whose text `text` gives for the offset of its output. It traps for
    /// operands if `traps` says so.
    pub(crate) fn add(
        &mut self,
        text: impl FnOnce(usize) -> String,
        traps: impl Fn(&Operands) -> bool + Sync + 'static,
    ) {
        let text = text(self.statements.len() * OUTPUT);
        self.statements.push(Statement { text, traps: Box::new(traps) });
    }

    /// The text of a module with the statements, for `runs` records.
    pub(crate) fn module(&self, runs: usize) -> String {
        let outputs = self.statements.len() * OUTPUT * runs;
        let pages = (SCRATCH + RECORD * runs + outputs).div_ceil(PAGE);
        let pinned = self.pins.locals().map(|(ty, local)| format!("{local} {}", ty.name()));
        let others = TYPES
            .iter()
            .flat_map(|ty| ["a", "b", "d"].map(|role| format!("${role}_{0} {0}", ty.name())));
        let vectors = ["a", "b", "c", "d"].map(|role| format!("${role}_v128 v128"));
        let mut locals = String::new();
        for local in pinned.chain(others).chain(vectors) {
            _ = write!(locals, " (local {local})");
        }
        let mut statements = String::new();
        for (statement, number) in self.statements.iter().zip(0..) {
            _ = writeln!(
                statements,
                "(if (i32.lt_u (i32.sub (i32.const {number}) (local.get $first)) \
                 (local.get $count)) (then {}))",
                statement.text
            );
        }
        format!(
            "(module {}\n(memory (export \"m0\") {pages}) (memory (export \"m1\") {pages})\n\
             (func (export \"run\") (param $in i32) (param $end i32) (param $out i32) \
             (param $first i32) (param $count i32) (local $r i32) {locals}\n{}\n\
             (loop $next\n{statements}\
             (local.set $out (i32.add (local.get $out) (i32.const {})))\n\
             (br_if $next (i32.lt_u (local.tee $in (i32.add (local.get $in) (i32.const {RECORD})))\
             (local.get $end)))))\n)",
            self.fields,
            self.uses_of_pins(),
            self.statements.len() * OUTPUT,
        )
    }

    /// Uses of the locals to be pinned, in deep loops that are left at once.
    fn uses_of_pins(&self) -> String {
        let mut uses = "(loop ".repeat(6);
        for (_, local) in self.pins.locals() {
            let number: usize = local[2..].parse().expect("the name ends with a number");
            uses.push_str(&format!("(drop (local.get {local}))").repeat(20 - number));
        }
        uses + &")".repeat(6)
    }

    /// Runs the program for all operands on the oracle and all subjects, half of them when the
    /// subjects have run often; adds what differs to `failures`.
    pub(crate) fn check(
        &self,
        oracle: &Subject,
        subjects: &[Subject],
        operands: &[Operands],
        failures: &mut Vec<String>,
    ) {
        let (odd, even): (Vec<_>, Vec<_>) = operands.iter().partition(|operands| {
            self.statements.iter().any(|statement| (statement.traps)(operands))
        });
        let runs = (CHUNK / OUTPUT / self.statements.len()).clamp(1, operands.len());
        let text = self.module(runs);
        let wasm = wat::parse_str(&text).unwrap_or_else(|error| panic!("{}: {error}", self.name));
        let mut expected = Running::new(oracle, &wasm);
        let mut running: Vec<_> = subjects.iter().map(|it| Running::new(it, &wasm)).collect();
        // Those that trap in one statement are run for one statement after the other.
        let few = if crate::thorough() { odd.len() } else { odd.len().min(12) };
        let halves = [&even[..even.len() / 2], &even[even.len() / 2..]];
        let odd_halves = [&odd[..few / 2], &odd[few / 2..few]];
        for (even, odd) in halves.into_iter().zip(odd_halves) {
            for chunk in even.chunks(runs) {
                self.check_all(chunk, &mut expected, &mut running, failures);
            }
            for operands in odd {
                for statement in 0..self.statements.len() {
                    self.check_one(operands, statement, &mut expected, &mut running, failures);
                }
            }
            running.iter_mut().for_each(Running::warm_up);
        }
    }

    fn check_all(
        &self,
        chunk: &[Operands],
        expected: &mut Running,
        running: &mut [Running],
        failures: &mut Vec<String>,
    ) {
        let right = expected.run(chunk, 0, self.statements.len());
        assert_eq!(right, None, "{}: only some operands make it trap", self.name);
        for subject in running {
            let ending = subject.run(chunk, 0, self.statements.len());
            if ending != right {
                failures.push(format!("{} on {}: ends with {ending:?}", self.name, subject.name));
                continue;
            }
            if let Some((memory, at)) = expected.first_difference(subject) {
                let output = at.saturating_sub(SCRATCH + chunk.len() * RECORD);
                let stride = self.statements.len() * OUTPUT;
                let (run, statement) = (output / stride, output % stride / OUTPUT);
                let [right, wrong] = [&*expected, subject].map(|it| it.output(memory, at));
                failures.push(format!(
                    "{} on {}: memory {memory} at {at}: {wrong:x?} in place of {right:x?}\n\
                     for {:x?}: {}",
                    self.name, subject.name, chunk[run], self.statements[statement].text,
                ));
            }
        }
    }

    fn check_one(
        &self,
        operands: &Operands,
        statement: usize,
        expected: &mut Running,
        running: &mut [Running],
        failures: &mut Vec<String>,
    ) {
        let right = expected.run(&[*operands], statement, 1);
        let text = &self.statements[statement].text;
        for subject in running {
            let ending = subject.run(&[*operands], statement, 1);
            let at = SCRATCH + RECORD + statement * OUTPUT;
            let same = |memory| expected.output(memory, at) == subject.output(memory, at);
            if ending != right || !same(0) || !same(1) {
                failures.push(format!(
                    "{} on {}: {ending:?} in place of {right:?}, or its results\n\
                     for {operands:x?}: {text}",
                    self.name, subject.name,
                ));
            }
        }
    }
}

/// What failed, shortened.
pub(crate) fn report(failures: &[String]) {
    let shown = failures.iter().take(25).map(String::as_str).collect::<Vec<_>>().join("\n");
    assert!(failures.is_empty(), "{} failures:\n{shown}", failures.len());
}

/// A program in a store of a subject.
pub(crate) struct Running {
    name: &'static str,
    store: Store<()>,
    run: TypedFunc<(i32, i32, i32, i32, i32), ()>,
    memories: [Memory; 2],
}

impl Running {
    fn new(subject: &Subject, wasm: &[u8]) -> Self {
        let module = Module::new(&subject.engine, wasm).expect("the program is valid");
        Self::of(subject.name, &module)
    }

    pub(crate) fn of(name: &'static str, module: &Module) -> Self {
        let engine = module.engine();
        let mut store = Store::new(engine, ());
        let others = wat::parse_str(GLOBALS).expect("the text is well formed");
        let others = Module::new(engine, others).expect("the module is valid");
        let others = Instance::new(&mut store, &others, &[]).expect("it has no imports");
        let mut linker = Linker::new(engine);
        linker.instance(&mut store, "env", others).expect("the names are new");
        let instance = linker.instantiate(&mut store, module).expect("all imports are there");
        let run = instance.get_typed_func(&mut store, "run").expect("it is so");
        let memories =
            ["m0", "m1"].map(|name| instance.get_memory(&mut store, name).expect("it is exported"));
        Self { name, store, run, memories }
    }

    /// Runs some statements for operands; returns how that ended.
    pub(crate) fn run(
        &mut self,
        operands: &[Operands],
        first: usize,
        count: usize,
    ) -> Option<Trap> {
        let records: Vec<u8> = operands
            .iter()
            .flat_map(|[a, b, c]| [*a, *b, *c, 0].map(u128::to_le_bytes))
            .flatten()
            .collect();
        self.memories[0].write(&mut self.store, SCRATCH, &records).expect("there is room");
        let end = SCRATCH + records.len();
        let args = [SCRATCH, end, end, first, count].map(|it| it as i32);
        match self.run.call(&mut self.store, args.into()) {
            Ok(()) => None,
            Err(error) => Some(*error.downcast_ref().expect("it is a trap")),
        }
    }

    /// Calls the program so often, without statements, that it is run as warm functions are.
    pub(crate) fn warm_up(&mut self) {
        for _ in 0..CALLS_TO_WARM {
            let args = [SCRATCH, SCRATCH, SCRATCH + RECORD, 0, 0].map(|it| it as i32);
            self.run.call(&mut self.store, args.into()).expect("it does nothing");
        }
    }

    /// The output that byte `at` belongs to.
    fn output(&self, memory: usize, at: usize) -> [u8; OUTPUT] {
        let at = at / OUTPUT * OUTPUT;
        let data = self.memories[memory].data(&self.store);
        data[at..at + OUTPUT].try_into().expect("it is so long")
    }

    pub(crate) fn first_difference(&self, other: &Self) -> Option<(usize, usize)> {
        (0..2).find_map(|memory| {
            let ours = self.memories[memory].data(&self.store);
            let theirs = other.memories[memory].data(&other.store);
            if ours == theirs {
                return None;
            }
            let at = ours.iter().zip(theirs).position(|(a, b)| a != b);
            Some((memory, at.expect("they are equally long and differ")))
        })
    }
}

/// The text of a constant of type `ty`.
pub(crate) fn constant(ty: ScalarType, bits: u64) -> String {
    match ty {
        ScalarType::I32 => format!("(i32.const {})", bits as i32),
        ScalarType::I64 => format!("(i64.const {})", bits as i64),
        ScalarType::F32 => {
            let value = f32::from_bits(bits as u32);
            let sign = if bits & 1 << 31 == 0 { "" } else { "-" };
            match value.is_nan() {
                true => format!("(f32.const {sign}nan:{:#x})", bits & 0x007f_ffff),
                false => format!("(f32.const {value:?})"),
            }
        }
        ScalarType::F64 => {
            let value = f64::from_bits(bits);
            let sign = if bits & 1 << 63 == 0 { "" } else { "-" };
            match value.is_nan() {
                true => format!("(f64.const {sign}nan:{:#x})", bits & 0x000f_ffff_ffff_ffff),
                false => format!("(f64.const {value:?})"),
            }
        }
    }
}
