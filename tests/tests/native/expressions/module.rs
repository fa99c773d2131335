//! A module of many functions that apply one operator, run on all subjects and compared.
//!
//! Invariant: all of both memories is compared after every call, and how the call ended.

use std::fmt::Write as _;

use wasmtier::{Instance, Memory, Module, Store, Trap, TypedFunc};

use super::function::{FIELDS, OPERAND, OUTPUT, signature};
use super::operator::Operator;
use crate::Subject;

/// Operators may access what is below this address of both memories.
const SCRATCH: usize = 1 << 15;
/// Bytes of a record: operands, zeros, and such a multiple of 64 that conditions differ.
const RECORD: usize = 192;
const PAGE: usize = 1 << 16;

/// Functions of one operator, and on how many of the records each is run.
pub(super) struct Functions<'a> {
    pub(super) op: &'a Operator,
    pub(super) texts: Vec<(String, usize)>,
}

impl Functions<'_> {
    /// The text of the module, for so many records.
    fn module(&self, records: usize) -> String {
        let (op, count) = (self.op, self.texts.len());
        let pages = (SCRATCH + records * (RECORD + OUTPUT)).div_ceil(PAGE);
        let functions: String = self.texts.iter().map(|(text, _)| text.as_str()).collect();
        let mut arguments = String::new();
        for (index, ty) in op.params.iter().enumerate() {
            let offset = index * OPERAND;
            _ = write!(arguments, "({}.load offset={offset} (local.get $in))", ty.name());
        }
        let (mut locals, mut stores) = (String::new(), String::new());
        for (index, ty) in op.results.iter().enumerate() {
            let (name, offset) = (ty.name(), index * OPERAND);
            _ = write!(locals, "(local $r{index} {name})");
            let store =
                format!("({name}.store offset={offset} (local.get $out) (local.get $r{index}))");
            stores = format!("(local.set $r{index}) {stores} {store}");
        }
        // The functions come first, so that their indices are known.
        let first = 6;
        let elements: String = (first..first + count).map(|index| format!(" {index}")).collect();
        format!(
            "(module {FIELDS} (memory (export \"m0\") {pages}) (memory (export \"m1\") 1)
             (type $t (func {}))
             {functions}
             (table {count} funcref) (elem (i32.const 0) func{elements})
             (func (export \"run\") (param $k i32) (param $in i32) (param $end i32) (param $out i32)
               {locals}
               (loop $next
                 (call_indirect (type $t) {arguments} (local.get $in) (local.get $out)
                   (local.get $k))
                 {stores}
                 (local.set $out (i32.add (local.get $out) (i32.const {OUTPUT})))
                 (br_if $next (i32.lt_u
                   (local.tee $in (i32.add (local.get $in) (i32.const {RECORD})))
                   (local.get $end))))))",
            signature(op),
        )
    }

    /// Runs all functions on all subjects; adds what differs to `failures`.
    pub(super) fn check(
        &self,
        oracle: &Subject,
        subjects: &[Subject],
        records: &[Vec<u128>],
        failures: &mut Vec<String>,
    ) {
        let text = self.module(records.len());
        let wasm = wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}"));
        let mut expected = Running::new(oracle, &wasm, records);
        let mut all: Vec<_> = subjects.iter().map(|it| Running::new(it, &wasm, records)).collect();
        for (number, (text, count)) in self.texts.iter().enumerate() {
            // If operands may trap, they are tried one by one.
            let step = if self.op.traps() { 1 } else { *count };
            for from in (0..*count).step_by(step) {
                let right = expected.run(number, from, from + step);
                if number == 0 {
                    self.check_rows(&expected, right, &records[from..from + step], from);
                }
                for subject in &mut all {
                    let found = subject.run(number, from, from + step);
                    if found != right {
                        failures.push(format!(
                            "{} on {}: {found:?} in place of {right:?} for {:x?}: {text}",
                            self.op.text, subject.name, records[from],
                        ));
                    }
                    subject.compare(&expected, |memory, at| {
                        let output = at.saturating_sub(expected.out) / OUTPUT;
                        let [right, wrong] = [&expected.memories, &subject.memories];
                        let operands = records.get(output);
                        failures.push(format!(
                            "{} on {}: memory {memory} at {at}, {} of output {output}: \
                             {:x?} in place of {:x?} for {operands:x?}: {text}",
                            self.op.text,
                            subject.name,
                            at.saturating_sub(expected.out) % OUTPUT,
                            bytes(&subject.store, wrong[memory], at),
                            bytes(&expected.store, right[memory], at),
                        ));
                    });
                    subject.copy(&expected, failures.len());
                }
            }
        }
    }

    /// Compares the oracle with the row of the operator.
    fn check_rows(
        &self,
        expected: &Running,
        ending: Option<Trap>,
        records: &[Vec<u128>],
        first: usize,
    ) {
        for (record, number) in records.iter().zip(first..) {
            let Some(row) = self.op.eval(record) else { return };
            match row {
                Err(_) => assert!(ending.is_some(), "{} of {record:x?}", self.op.text),
                Ok(values) => {
                    assert_eq!(ending, None, "{} of {record:x?}", self.op.text);
                    for (index, value) in values.into_iter().enumerate() {
                        let at = expected.out + number * OUTPUT + index * OPERAND;
                        let found = bytes(&expected.store, expected.memories[0], at);
                        let found = u128::from_le_bytes(found);
                        assert_eq!(found, value, "{} of {record:x?}", self.op.text);
                    }
                }
            }
        }
    }
}

fn bytes(store: &Store<()>, memory: Memory, at: usize) -> [u8; 16] {
    let mut bytes = [0; 16];
    let at = at / 16 * 16;
    memory.read(store, at, &mut bytes).expect("a memory is pages");
    bytes
}

/// The module on one subject.
struct Running {
    name: &'static str,
    store: Store<()>,
    run: TypedFunc<(i32, i32, i32, i32), ()>,
    memories: [Memory; 2],
    /// Where outputs begin.
    out: usize,
    seen: usize,
}

impl Running {
    fn new(subject: &Subject, wasm: &[u8], records: &[Vec<u128>]) -> Self {
        let module = Module::new(&subject.engine, wasm).expect("the module is valid");
        let mut store = Store::new(&subject.engine, ());
        let instance = Instance::new(&mut store, &module, &[]).expect("it has no imports");
        let run = instance.get_typed_func(&mut store, "run").expect("it is so");
        let memories =
            ["m0", "m1"].map(|name| instance.get_memory(&mut store, name).expect("it is exported"));
        for (index, record) in records.iter().enumerate() {
            let operands: Vec<u8> = record.iter().flat_map(|bits| bits.to_le_bytes()).collect();
            memories[0]
                .write(&mut store, SCRATCH + index * RECORD, &operands)
                .expect("there is room");
        }
        for memory in memories {
            let scratch: Vec<u8> = (0..SCRATCH as u32).map(|at| (at * 89 / 7) as u8).collect();
            memory.write(&mut store, 0, &scratch).expect("there is room");
        }
        let out = SCRATCH + records.len() * RECORD;
        Self { name: subject.name, store, run, memories, out, seen: 0 }
    }

    /// Runs a function on some records; returns how that ended.
    fn run(&mut self, number: usize, from: usize, to: usize) -> Option<Trap> {
        let record = |index: usize| SCRATCH + index * RECORD;
        let args = [number, record(from), record(to), self.out + from * OUTPUT];
        match self.run.call(&mut self.store, args.map(|it| it as i32).into()) {
            Ok(()) => None,
            Err(error) => Some(*error.downcast_ref().expect("it is a trap")),
        }
    }

    fn compare(&self, other: &Self, mut differs: impl FnMut(usize, usize)) {
        for memory in 0..2 {
            let ours = self.memories[memory].data(&self.store);
            let theirs = other.memories[memory].data(&other.store);
            if ours != theirs {
                let at = ours.iter().zip(theirs).position(|(a, b)| a != b);
                differs(memory, at.expect("they are equally long and differ"));
            }
        }
    }

    /// Takes over the memories of another after a failure, so that each is told once.
    fn copy(&mut self, other: &Self, failures: usize) {
        if self.seen == failures {
            return;
        }
        self.seen = failures;
        for memory in 0..2 {
            let bytes = other.memories[memory].data(&other.store);
            self.memories[memory].write(&mut self.store, 0, bytes).expect("they are equally long");
        }
    }
}
