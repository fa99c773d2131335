//! Every access at every kind of address, in memories of every kind.
//!
//! What lives here: addresses within, across and beyond the end of a memory, made in every way.
//! Arithmetic says which of them trap; the portable interpreter, what the others do.
//!
//! Invariant: memory is the same afterwards, whatever trapped in between.

mod running;
mod shape;

use self::running::{Running, places};
use self::shape::{SHAPES, Shape, Way};
use crate::access::{Access, as_i64};
use crate::program::report;
use crate::values::Random;
use crate::{Subject, oracle, subjects, thorough};

/// What functions use besides memories.
fn fields(ty: &str) -> String {
    format!(
        "(global $g (mut {ty}) ({ty}.const 0)) (global $clobbered (mut i64) (i64.const 1))
         (func $same (param {ty}) (result {ty}) (local.get 0))
         (func $clobber (local i64 i64 i64 i64 i64 i64 i64 i64 i32)
           (local.set 0 (global.get $clobbered)) (local.set 8 (i32.const 2))
           (loop $l
             (local.set 1 (i64.add (local.get 0) (local.get 1)))
             (local.set 2 (i64.mul (local.get 1) (i64.const -31)))
             (local.set 3 (i64.rotl (local.get 2) (local.get 1)))
             (local.set 4 (i64.xor (local.get 3) (local.get 4)))
             (local.set 5 (i64.sub (local.get 4) (local.get 3)))
             (local.set 6 (i64.or (local.get 5) (local.get 4)))
             (local.set 7 (i64.sub (local.get 6) (local.get 5)))
             (br_if $l (local.tee 8 (i32.sub (local.get 8) (i32.const 1)))))
           (global.set $clobbered (i64.add (i64.add (local.get 3) (local.get 7))
             (i64.add (local.get 1) (local.get 5)))))"
    )
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

/// A function of a module: the offset of its access, and how its index is made.
#[derive(Copy, Clone)]
struct Case {
    offset: u64,
    way: Way,
}

/// The text of a module with a function per case.
fn module(shape: &Shape, access: Access, cases: &[Case]) -> String {
    let ty = shape.index_type();
    let mut functions = String::new();
    for (number, Case { offset, way }) in cases.iter().enumerate() {
        let operator = access.operator(shape.memory, *offset, number);
        let values: String = access.values().into_iter().map(|ty| value(ty, number)).collect();
        let expression = format!("({operator} {} {values})", way.text(shape));
        let run = match access.result() {
            Some(ty) => as_i64(ty, &expression),
            None => format!("{expression} (i64.const -7)"),
        };
        // Those of every third are pinned.
        let uses = match number % 3 {
            0 => "(loop (loop (drop (local.get $s)) (drop (local.get $f))))",
            _ => "",
        };
        functions += &format!(
            "(func (param $i {ty}) (param $dirty i64) (result i64)
               (local $s {ty}) (local $zero {ty}) (local $vector v128) (local $f f64) (local $n i64)
               {uses} (local.set $s (local.get $i)) (local.set $f (f64.const 1.25))
               (local.set $n (i64.const 0x123456789abcdef)) {run})\n"
        );
    }
    let (first, count) = (3, cases.len());
    let elements: String = (first..first + count).map(|index| format!(" {index}")).collect();
    format!(
        "(module {} {}
         (type $t (func (param $i {ty}) (param $dirty i64) (result i64)))
         {functions} (table {count} funcref) (elem (i32.const 0) func{elements})
         (func (export \"run\") (param $k i32) (param $i {ty}) (result i64)
           (global.set $g (local.get $i)) ({ty}.store $scratch (i32.const 8) (local.get $i))
           (call_indirect (type $t) (local.get $i) (i64.const 0xdeadbeef00000000)
             (local.get $k))))",
        shape.memories(),
        fields(ty),
    )
}

/// Runs cases of an access in a memory on all engines.
struct Check<'a> {
    shape: &'a Shape,
    access: Access,
    cases: Vec<Case>,
    random: Random,
    failures: &'a mut Vec<String>,
}

impl<'a> Check<'a> {
    /// All cases, or some of them.
    fn new(shape: &'a Shape, access: Access, failures: &'a mut Vec<String>) -> Self {
        let seed = access.name().len() as u64 + access.bytes() as u64 * 1000;
        let mut random = Random::new(seed ^ shape.name.len() as u64);
        let constants: Vec<_> = shape.indices().into_iter().map(Way::Constant).collect();
        let ways = Way::ALL.into_iter().chain(constants);
        let offsets = shape.offsets();
        let mut cases: Vec<_> =
            ways.flat_map(|way| offsets.iter().map(move |&offset| Case { offset, way })).collect();
        cases.retain(|_| thorough() || random.below(6) == 0);
        Self { shape, access, cases, random, failures }
    }

    fn run(&mut self, oracle: &Subject, subjects: &[Subject]) {
        let text = module(self.shape, self.access, &self.cases);
        let wasm = wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
        let mut expected = Running::new(oracle, self.shape, &wasm);
        let mut running: Vec<_> =
            subjects.iter().map(|subject| Running::new(subject, self.shape, &wasm)).collect();
        for case in 0..self.cases.len() {
            let indices = match self.cases[case].way {
                Way::Constant(_) => vec![0],
                // All others come out the same.
                Way::GrowResult => vec![0, 1],
                _ => self.shape.indices(),
            };
            for passed in indices {
                if thorough() || self.random.below(2) == 0 {
                    self.one(case, passed, &mut expected, &mut running);
                }
            }
        }
        let right = expected.edges(self.shape);
        for subject in running {
            if subject.edges(self.shape) != right {
                let (access, shape) = (self.access.name(), self.shape.name);
                self.failures.push(format!("{access} of {shape} wrote elsewhere"));
            }
        }
    }

    fn one(&mut self, case: usize, passed: u64, expected: &mut Running, all: &mut [Running]) {
        let (access, Case { offset, way }) = (self.access, self.cases[case]);
        let index = way.index(self.shape, passed);
        let address = u128::from(index) + u128::from(offset);
        let beyond = address + access.bytes() as u128 > u128::from(self.shape.len());
        let odd = access.is_atomic() && !address.is_multiple_of(access.bytes() as u128);
        let at = u64::try_from(address).unwrap_or(u64::MAX);
        let right = expected.run(case as i32, passed);
        let what = format!(
            "{} of {} at {index:#x} + {offset:#x}, {way:?}",
            access.name(),
            self.shape.name
        );
        assert_eq!(right.is_err(), beyond || odd, "{what}");
        let right_bytes = expected.bytes(at);
        let look = self.random.below(32) == 0;
        for subject in all {
            let found = subject.run(case as i32, passed);
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
    let (oracle, mut all) = (oracle(), subjects());
    let mut failures = Vec::new();
    for shape in shapes {
        for (number, access) in Access::all().into_iter().enumerate() {
            // There is a limit to how much code an engine may have at once.
            if number % 32 == 0 {
                all = subjects();
            }
            Check::new(shape, access, &mut failures).run(&oracle, &all);
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
