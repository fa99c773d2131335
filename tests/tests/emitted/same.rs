//! Code is the same bytes whoever compiles it, and after whatever: other threads, other orders,
//! other processes.
//!
//! Invariant: a digest is of all that `Compiled` holds.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::process::Command;
use std::{env, fs, iter, thread};

use wasmtier::Engine;
use wasmtier_jit::{Bounds, Scratch, compile};
use wasmtier_vm::FuncIdx;
use wasmtier_x64::CpuFeatures;

use crate::modules::{Input, of_corpus, of_ours, of_testsuite};

/// Names the file for the digests, to another process of this test.
const ASKED: &str = "WASMTIER_DIGESTS";

/// What the code of a function comes to.
fn digest(scratch: &mut Scratch, input: &Input, func: FuncIdx) -> u64 {
    let mut hasher = DefaultHasher::new();
    for (cpu, bounds) in [(CpuFeatures::ALL, Bounds::Guard), (CpuFeatures::FLOOR, Bounds::Explicit)]
    {
        let mut options = input.options(cpu, bounds);
        options.sites = true;
        match compile(scratch, input.info(), func, &input.bytes, &options) {
            Ok(compiled) => {
                (&compiled.code, &compiled.faults).hash(&mut hasher);
                for site in &compiled.sites {
                    (site.offset, site.wasm_offset, site.callee_top).hash(&mut hasher);
                }
            }
            Err(error) => error.to_string().hash(&mut hasher),
        }
    }
    hasher.finish()
}

/// All functions of all modules.
fn functions(inputs: &[Input]) -> Vec<(&Input, FuncIdx)> {
    let of = |input: &Input| input.info().imported_funcs..input.info().funcs.len() as u32;
    inputs
        .iter()
        .flat_map(|input| of(input).map(FuncIdx).zip(iter::repeat(input)))
        .map(|(func, input)| (input, func))
        .collect()
}

/// Compiles with one scratch, in an order.
fn digests<'a>(functions: impl Iterator<Item = &'a (&'a Input, FuncIdx)>) -> Vec<u64> {
    let mut scratch = Scratch::default();
    functions.map(|(input, func)| digest(&mut scratch, input, *func)).collect()
}

#[test]
fn code_is_the_same_on_other_threads_and_in_other_processes() {
    let engine = Engine::default();
    let mut inputs = of_testsuite(&engine);
    inputs.extend(of_ours(&engine));
    inputs.extend(of_corpus(&engine));
    let functions = functions(&inputs);
    if let Some(path) = env::var_os(ASKED) {
        let text: String =
            digests(functions.iter()).iter().map(|one| format!("{one:016x}\n")).collect();
        fs::write(path, text).expect("the file that was asked for can be written");
        return;
    }
    let path = env::temp_dir().join(format!("wasmtier-digests-{}", std::process::id()));
    let mut other = Command::new(env::current_exe().expect("a test knows its own file"))
        .args(["--exact", "same::code_is_the_same_on_other_threads_and_in_other_processes"])
        .env(ASKED, &path)
        .spawn()
        .expect("a test can run itself");
    let (forwards, backwards) = thread::scope(|scope| {
        let forwards = scope.spawn(|| digests(functions.iter()));
        let backwards = scope.spawn(|| {
            let mut digests = digests(functions.iter().rev());
            digests.reverse();
            digests
        });
        (forwards.join().expect("a thread ends"), backwards.join().expect("a thread ends"))
    });
    assert!(other.wait().expect("a process ends").success(), "the other process failed");
    let elsewhere = fs::read_to_string(&path).expect("the other process wrote its digests");
    fs::remove_file(&path).expect("what was written can be removed");
    let mut elsewhere = elsewhere.lines();
    for (((input, func), here), reversed) in functions.iter().zip(&forwards).zip(&backwards) {
        let place = || format!("{}, function {}", input.name, func.0);
        assert_eq!(here, reversed, "{} in another order", place());
        let there = elsewhere.next().map(str::to_owned);
        assert_eq!(there, Some(format!("{here:016x}")), "{} in another process", place());
    }
}
