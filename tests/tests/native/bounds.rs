//! Every access at every kind of address, in memories of every kind.
//!
//! What lives here: addresses within, across and beyond the end of a memory, made in every way.
//! Arithmetic says which of them trap; the portable interpreter, what the others do.
//!
//! Invariant: memory is the same afterwards, whatever trapped in between.

use wasmtier::{
    Extern, Instance, Memory, MemoryType, Module, SharedMemory, Store, Trap, TypedFunc,
    WasmBacktrace,
};

use crate::access::{Access, as_i64};
use crate::program::report;
use crate::values::Random;
use crate::{Subject, oracle, subjects, thorough};

const PAGE: u64 = 1 << 16;

/// A kind of memory.
#[derive(Copy, Clone, Debug)]
struct Shape {
    name: &'static str,
    /// The index of the memory that is accessed. Others are smaller or larger.
    memory: usize,
    wide: bool,
    shared: bool,
    pages: u64,
    /// How many of the pages are grown.
    grown: u64,
}

const SHAPES: &[Shape] = &[
    Shape { name: "one page", memory: 0, wide: false, shared: false, pages: 1, grown: 0 },
    Shape { name: "largest", memory: 0, wide: false, shared: false, pages: 65536, grown: 0 },
    Shape { name: "empty", memory: 0, wide: false, shared: false, pages: 0, grown: 0 },
    Shape { name: "grown", memory: 0, wide: false, shared: false, pages: 4, grown: 3 },
    Shape { name: "second", memory: 1, wide: false, shared: false, pages: 2, grown: 1 },
    Shape { name: "wide", memory: 0, wide: true, shared: false, pages: 2, grown: 1 },
    Shape { name: "second wide", memory: 1, wide: true, shared: false, pages: 1, grown: 0 },
    Shape { name: "shared", memory: 0, wide: false, shared: true, pages: 3, grown: 1 },
];

/// How an index is made.
const WAYS: usize = 6;

impl Shape {
    fn len(&self) -> u64 {
        self.pages * PAGE
    }

    fn offsets(&self) -> Vec<u64> {
        let len = self.len();
        let mut all = vec![
            0,
            1,
            8,
            len / 2,
            len.saturating_sub(8),
            len.saturating_sub(1),
            len,
            0x7fff_ffff,
            0x8000_0000,
            0xffff_0000,
            0xffff_fff8,
            0xffff_ffff,
        ];
        all.retain(|offset| *offset <= 0xffff_ffff);
        if self.wide {
            all.extend([1 << 32, i64::MAX as u64, u64::MAX - 7, u64::MAX]);
        }
        all
    }

    fn indices(&self) -> Vec<u64> {
        let len = self.len();
        let mut all = vec![
            0,
            1,
            16,
            len / 2,
            len.saturating_sub(16),
            len.saturating_sub(5),
            len.saturating_sub(1),
            len,
            0x7fff_fff8,
            0x8000_0000,
            0xffff_fff0,
            0xffff_ffff,
        ];
        all.retain(|index| *index <= 0xffff_ffff);
        if self.wide {
            all.extend([(1 << 32) + 16, 1 << 63, u64::MAX - 15, u64::MAX]);
        }
        all
    }

    fn index_type(&self) -> &'static str {
        if self.wide { "i64" } else { "i32" }
    }

    /// The text of the memories.
    fn memories(&self) -> String {
        let before = self.pages - self.grown;
        let wide = if self.wide { "i64" } else { "" };
        let tested = if self.shared {
            format!("(memory (import \"env\" \"memory\") {before} {} shared)", self.pages)
        } else {
            format!("(memory (export \"memory\") {wide} {before} {})", self.pages)
        };
        match self.memory {
            0 => tested + "(memory $scratch 1)",
            _ => "(memory $scratch 1)".to_owned() + &tested,
        }
    }

    /// A module with every access of `access` at every offset in every way.
    fn module(&self, access: Access, offsets: &[u64], indices: &[u64]) -> String {
        let ty = self.index_type();
        let mut cases = String::new();
        let mut number = 0;
        let mut add = |offset: u64, index: &str| {
            let operator = access.operator(self.memory, offset, number);
            let values: String = access.values().into_iter().map(|ty| value(ty, number)).collect();
            let expression = format!("({operator} {index} {values})");
            let run = match access.result() {
                Some(ty) => format!("(return {})", as_i64(ty, &expression)),
                None => format!("{expression} (return (i64.const -7))"),
            };
            cases += &format!("(if (i32.eq (local.get $k) (i32.const {number})) (then {run}))\n");
            number += 1;
        };
        for offset in offsets {
            add(*offset, "(local.get $s)");
            add(*offset, "(local.get $p)");
            add(*offset, &format!("({ty}.xor (local.get $i) ({ty}.const 0))"));
            add(*offset, &format!("({ty}.add (local.get $s) (local.get $zero))"));
            add(*offset, &format!("({ty}.sub (local.get $p) (local.get $zero))"));
            add(*offset, &format!("({ty}.load $scratch (i32.const 8))"));
        }
        for offset in offsets {
            for index in indices {
                add(*offset, &format!("({ty}.const {index})"));
            }
        }
        let uses = "(loop ".repeat(6)
            + &"(drop (local.get $p)) (drop (local.get $f))".repeat(9)
            + &")".repeat(6);
        format!(
            "(module {}
             (func (export \"run\") (param $k i32) (param $i {ty}) (result i64)
               (local $p {ty}) (local $s {ty}) (local $zero {ty}) (local $vector v128)
               (local $f f64) (local $n i64)
               {uses}
               (local.set $p (local.get $i)) (local.set $s (local.get $i))
               (local.set $f (f64.const 1.25)) (local.set $n (i64.const 0x123456789abcdef))
               ({ty}.store $scratch (i32.const 8) (local.get $i))
               {cases} (i64.const -1)))",
            self.memories(),
        )
    }
}

/// A value to be written, made in different ways.
fn value(ty: &str, number: usize) -> String {
    let number = number as u64;
    let bits = number.wrapping_mul(0x0101_0203_0509_0b0d).rotate_left(number as u32 % 61);
    let computed = "(i64.add (local.get $n) (i64.const 3))";
    match (ty, number % 3) {
        ("i32", 0) => format!("(i32.const {})", bits as i32),
        ("i32", 1) => format!("(i32.wrap_i64 {computed})"),
        ("i32", _) => "(i32.wrap_i64 (local.get $n))".to_owned(),
        ("i64", 0) => format!("(i64.const {})", bits as i32),
        ("i64", 1) => computed.to_owned(),
        ("i64", _) => "(local.get $n)".to_owned(),
        ("f32", 0) => "(f32.const 0.1)".to_owned(),
        ("f32", _) => "(f32.demote_f64 (local.get $f))".to_owned(),
        ("f64", 0) => "(f64.const 0.5)".to_owned(),
        ("f64", 1) => "(f64.add (local.get $f) (local.get $f))".to_owned(),
        ("f64", _) => "(local.get $f)".to_owned(),
        _ => format!("(v128.const i64x2 {bits} {})", !bits),
    }
}

/// The memory that is accessed.
#[derive(Clone)]
enum Accessed {
    Own(Memory),
    Shared(SharedMemory),
}

/// A module of one access on one subject.
struct Running {
    name: &'static str,
    store: Store<()>,
    memory: Accessed,
    run: Run,
}

enum Run {
    Narrow(TypedFunc<(i32, i32), i64>),
    Wide(TypedFunc<(i32, i64), i64>),
}

impl Running {
    fn new(subject: &Subject, shape: &Shape, wasm: &[u8]) -> Self {
        let engine = &subject.engine;
        let module = Module::new(engine, wasm).expect("the module is valid");
        let mut store = Store::new(engine, ());
        let pages = shape.pages - shape.grown;
        let shared = shape.shared.then(|| {
            SharedMemory::new(engine, MemoryType::shared(pages as u32, shape.pages as u32))
                .expect("there is room")
        });
        let imports: Vec<Extern> = shared.iter().map(|it| it.clone().into()).collect();
        let instance = Instance::new(&mut store, &module, &imports).expect("there is room");
        let memory = match shared {
            Some(memory) => Accessed::Shared(memory),
            None => Accessed::Own(instance.get_memory(&mut store, "memory").expect("exported")),
        };
        let run = if shape.wide {
            Run::Wide(instance.get_typed_func(&mut store, "run").expect("it is so"))
        } else {
            Run::Narrow(instance.get_typed_func(&mut store, "run").expect("it is so"))
        };
        let mut this = Self { name: subject.name, store, memory, run };
        if shape.grown > 0 {
            // Translated and run before the memory grows.
            for index in [0, shape.len() - 1] {
                _ = this.run(0, index);
            }
            this.grow(shape.grown);
        }
        let len = shape.len();
        if len > 0 {
            let bytes: Vec<u8> = (0..251).map(|byte| (byte * 89 + 3) as u8).collect();
            for at in [0, len / 2 - 120, len - 251] {
                this.write(at as usize, &bytes);
            }
        }
        this
    }

    fn grow(&mut self, pages: u64) {
        match &self.memory {
            Accessed::Own(memory) => memory.grow(&mut self.store, pages),
            Accessed::Shared(memory) => memory.grow(pages),
        }
        .expect("there is room");
    }

    fn write(&mut self, at: usize, bytes: &[u8]) {
        match &self.memory {
            Accessed::Own(memory) => memory.write(&mut self.store, at, bytes),
            Accessed::Shared(memory) => memory.write(at, bytes),
        }
        .expect("in bounds");
    }

    /// What is at an address, as far as the memory goes.
    fn bytes(&self, at: u64) -> [u8; 16] {
        let mut bytes = [0; 16];
        for (byte, next) in bytes.iter_mut().zip(0..) {
            let at = at.saturating_add(next);
            let mut one = [0];
            let read = match &self.memory {
                Accessed::Own(memory) => memory.read(&self.store, at as usize, &mut one),
                Accessed::Shared(memory) => memory.read(at as usize, &mut one),
            };
            *byte = if read.is_ok() { one[0] } else { 0xee };
        }
        bytes
    }

    /// The result, or the trap and where it was.
    fn run(&mut self, case: i32, index: u64) -> Result<i64, (Trap, wasmtier::Error)> {
        let result = match &self.run {
            Run::Narrow(run) => run.call(&mut self.store, (case, index as i32)),
            Run::Wide(run) => run.call(&mut self.store, (case, index as i64)),
        };
        result.map_err(|error| (*error.downcast_ref().expect("it is a trap"), error))
    }
}

/// The offsets of a backtrace.
fn places(error: &wasmtier::Error) -> Vec<Option<u64>> {
    let backtrace: &WasmBacktrace = error.downcast_ref().expect("a trap has a backtrace");
    backtrace.frames().iter().map(wasmtier::FrameInfo::module_offset).collect()
}

/// A case of a module: the offset of the access, and its index if that is constant.
struct Case {
    offset: u64,
    index: Option<u64>,
}

/// Runs all cases of an access in a memory on all engines.
struct Check<'a> {
    shape: &'a Shape,
    access: Access,
    cases: Vec<Case>,
    random: Random,
    failures: &'a mut Vec<String>,
}

impl Check<'_> {
    fn run(&mut self, oracle: &Subject, subjects: &[Subject]) {
        let (offsets, indices) = (self.shape.offsets(), self.shape.indices());
        let text = self.shape.module(self.access, &offsets, &indices);
        let wasm = wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
        let mut expected = Running::new(oracle, self.shape, &wasm);
        let mut running: Vec<_> =
            subjects.iter().map(|subject| Running::new(subject, self.shape, &wasm)).collect();
        let computed = offsets.iter().flat_map(|offset| [*offset; WAYS]);
        self.cases = computed.map(|offset| Case { offset, index: None }).collect();
        self.cases.extend(offsets.iter().flat_map(|offset| {
            indices.iter().map(|index| Case { offset: *offset, index: Some(*index) })
        }));
        for case in 0..self.cases.len() {
            let constant = self.cases[case].index;
            for index in constant.map_or_else(|| indices.clone(), |index| vec![index]) {
                if thorough() || self.random.below(8) == 0 {
                    self.one(case, index, &mut expected, &mut running);
                }
            }
        }
    }

    fn one(&mut self, case: usize, index: u64, expected: &mut Running, all: &mut [Running]) {
        let (access, offset) = (self.access, self.cases[case].offset);
        let address = u128::from(index) + u128::from(offset);
        let beyond = address + access.bytes() as u128 > u128::from(self.shape.len());
        let odd = access.is_atomic() && !address.is_multiple_of(access.bytes() as u128);
        let at = u64::try_from(address).unwrap_or(u64::MAX);
        let right = expected.run(case as i32, index);
        let what = format!(
            "{} of {} at {index:#x} + {offset:#x}, case {case}",
            access.name(),
            self.shape.name
        );
        assert_eq!(right.is_err(), beyond || odd, "{what}");
        let right_bytes = expected.bytes(at);
        let look = self.random.below(32) == 0;
        for subject in all {
            let found = subject.run(case as i32, index);
            let same = match (&right, &found) {
                (Ok(right), Ok(found)) => right == found,
                (Err((right, at)), Err((found, found_at))) => {
                    right == found && (!look || places(at) == places(found_at))
                }
                _ => false,
            };
            let bytes = subject.bytes(at);
            if !same || bytes != right_bytes {
                self.failures.push(format!(
                    "{what} on {}: {found:x?} and {bytes:x?} in place of {right:x?} and \
                     {right_bytes:x?}",
                    subject.name
                ));
            }
        }
    }
}

/// Checks the accesses of some shapes.
fn check(shapes: &[Shape]) {
    let (oracle, subjects) = (oracle(), subjects());
    let mut failures = Vec::new();
    for shape in shapes {
        for access in Access::all() {
            let seed = access.name().len() as u64 + access.bytes() as u64 * 1000;
            let random = Random::new(seed);
            let cases = Vec::new();
            Check { shape, access, cases, random, failures: &mut failures }.run(&oracle, &subjects);
        }
    }
    report(&failures);
}

#[test]
fn accesses_of_small_memories() {
    check(&[SHAPES[0], SHAPES[2], SHAPES[3]]);
}

#[test]
fn accesses_of_the_largest_memory() {
    check(&SHAPES[1..2]);
}

#[test]
fn accesses_of_other_memories() {
    check(&SHAPES[4..]);
}
