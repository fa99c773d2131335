//! Counts of hand-written modules are those a person arrives at, and counting changes no result.

use std::error::Error;
use wasmtier::{Engine, Linker, Module, Store, Val};
use wasmtier_bench::profile::blocks::{COUNTERS, Counted};
use wasmtier_bench::profile::counts::{Counts, OperatorRow};

type Tested = Result<(), Box<dyn Error>>;

/// What `run` returns, and what was executed if the module counts.
struct Outcome {
    result: Result<i32, String>,
    counters: Vec<u8>,
}

fn run(wasm: &[u8], argument: i32) -> Result<Outcome, Box<dyn Error>> {
    let engine = Engine::default();
    let module = Module::new(&engine, wasm)?;
    let mut store = Store::new(&engine, ());
    let instance = Linker::new(&engine).instantiate(&mut store, &module)?;
    let func = instance.get_func(&mut store, "run").ok_or("no run")?;
    let mut results = [Val::I32(0)];
    let called = func.call(&mut store, &[Val::I32(argument)], &mut results);
    let memory = instance.get_memory(&mut store, COUNTERS);
    Ok(Outcome {
        result: called
            .map(|()| results[0].i32().unwrap_or_default())
            .map_err(|error| error.to_string().lines().next().unwrap_or_default().to_owned()),
        counters: memory.map(|memory| memory.data(&store).to_vec()).unwrap_or_default(),
    })
}

/// What a module executes when `run` is called, after both forms of it returned the same.
fn counts(text: &str, argument: i32) -> Result<Counts, Box<dyn Error>> {
    let wasm = wat::parse_str(text)?;
    let counted = Counted::new(&wasm)?;
    let plain = run(&wasm, argument)?;
    let counting = run(&counted.wasm, argument)?;
    assert_eq!(plain.result, counting.result);
    Ok(Counts::new(&counted, &counting.counters, |_| "portable".into()))
}

fn count(rows: &[OperatorRow], operators: &[&str]) -> u64 {
    rows.iter().find(|row| row.operators == operators).map_or(0, |row| row.count)
}

#[test]
fn counts_a_loop() -> Tested {
    let text = r#"(module (func $sum (export "run") (param i32) (result i32) (local i32)
        (loop $again
            (local.set 1 (i32.add (local.get 1) (local.get 0)))
            (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
        (local.get 1)))"#;
    let counts = counts(text, 10)?;
    // Nine operators a round, and the last.
    assert_eq!(counts.total, 10 * 9 + 1);
    assert_eq!(count(&counts.operators, &["i32.add"]), 10);
    assert_eq!(count(&counts.operators, &["local.get"]), 31);
    assert_eq!(count(&counts.operators, &["loop"]), 0);
    assert_eq!(count(&counts.pairs, &["local.tee", "br_if"]), 10);
    assert_eq!(count(&counts.pairs, &["local.get", "local.get"]), 10);
    // Control joins at the `end` between them.
    assert_eq!(count(&counts.pairs, &["br_if", "local.get"]), 0);
    assert_eq!(count(&counts.work, &["i32.add", "local.set"]), 10);
    assert_eq!(count(&counts.work, &["local.set", "i32.sub"]), 10);
    let [row] = counts.functions.as_slice() else { return Err("one function".into()) };
    assert_eq!((row.name.as_str(), row.calls, row.operators), ("sum", 1, 91));
    assert_eq!(row.tier, "portable");
    Ok(())
}

#[test]
fn counts_calls_by_function() -> Tested {
    let text = r#"(module (func $fib (export "run") (param i32) (result i32)
        (if (result i32) (i32.lt_s (local.get 0) (i32.const 2))
            (then (local.get 0))
            (else (i32.add
                (call $fib (i32.sub (local.get 0) (i32.const 1)))
                (call $fib (i32.sub (local.get 0) (i32.const 2))))))))"#;
    let counts = counts(text, 10)?;
    // 177 calls, of which 89 end at once: 4 + 1 operators; the others execute 4 + 9.
    assert_eq!(counts.functions[0].calls, 177);
    assert_eq!(counts.total, 177 * 4 + 89 + 88 * 9);
    assert_eq!(count(&counts.pairs, &["if", "local.get"]), 177);
    assert_eq!(count(&counts.pairs, &["call", "i32.add"]), 88);
    Ok(())
}

#[test]
fn counts_ways_through_a_switch() -> Tested {
    let text = r#"(module (func (export "run") (param i32) (result i32)
        (block $default (block $one (block $zero
            (br_table $zero $one $default (local.get 0))
            (drop (i32.const 7)))
            (return (i32.const 10)))
            (return (i32.const 20)))
        nop
        (if (i32.eqz (local.get 0)) (then unreachable) (else (return (i32.const 30))))
        (i32.const 40)))"#;
    assert_eq!(counts(text, 0)?.total, 2 + 2);
    assert_eq!(counts(text, 1)?.total, 2 + 2);
    let counts = counts(text, 5)?;
    assert_eq!(counts.total, 2 + 3 + 2);
    assert_eq!(count(&counts.operators, &["nop"]), 0);
    assert_eq!(counts.functions[0].name, "run");
    Ok(())
}

#[test]
fn counts_what_ran_before_a_trap() -> Tested {
    let text = r#"(module (memory 1) (memory $other 1)
        (global $depth (mut i32) (i32.const 0))
        (func $down (param i32)
            (i32.store $other (i32.const 8) (local.get 0))
            (if (i32.eqz (local.get 0)) (then unreachable))
            (call $down (i32.sub (local.get 0) (i32.const 1)))
            (global.set $depth (i32.const 1)))
        (func (export "run") (param i32) (result i32)
            (call $down (local.get 0))
            (i32.load $other (i32.const 8))))"#;
    let counts = counts(text, 3)?;
    // Four times to the `if`, three times on to the call; nothing behind a call.
    assert_eq!(count(&counts.operators, &["call"]), 4);
    assert_eq!(count(&counts.operators, &["global.set"]), 0);
    assert_eq!(counts.total, 2 + 4 * 6 + 3 * 4 + 1);
    Ok(())
}

#[test]
fn counts_a_start_function() -> Tested {
    let text = r#"(module
        (func $begin (local i32) (local.set 0 (i32.const 3)))
        (func (export "run") (param i32) (result i32) (local.get 0))
        (start $begin)
        (data "unused"))"#;
    let counts = counts(text, 3)?;
    assert_eq!(counts.functions[0].name, "begin");
    assert_eq!(counts.total, 3);
    Ok(())
}

#[test]
fn refuses_what_it_cannot_count() -> Tested {
    // `try ... catch_all ... end` of the old exceptions has no text in `wat` any more.
    let wasm = wat::parse_str("(module (func nop nop nop nop))")?;
    let code: Vec<u8> = [0x06, 0x40, 0x19, 0x0b].into();
    let at = wasm.windows(4).position(|bytes| bytes == [1, 1, 1, 1]).ok_or("no body")?;
    let wasm: Vec<u8> = wasm
        .into_iter()
        .enumerate()
        .map(|(i, byte)| i.checked_sub(at).and_then(|i| code.get(i)).copied().unwrap_or(byte))
        .collect();
    let failure = Counted::new(&wasm).map(|_| ()).map_err(|failure| failure.to_string());
    assert_eq!(failure, Err("cannot count code with `try`".into()));
    Ok(())
}
