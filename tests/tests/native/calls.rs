//! Calls of every kind out of functions with pinned locals, and what is in the locals afterwards.
//!
//! Invariant: a local changes only where its function writes it, whoever is called in between.

use std::fmt::Write as _;

use wasmtier::{Caller, Extern, Instance, Linker, Module, Store, Trap, TypedFunc};

use crate::{Subject, oracle, subjects};

/// Callees that use every pinned register for something else, called in every way.
const CALLEES: &str = r#"
    (type $unary (func (param i64) (result i64)))
    (import "other" "mix" (func $imported (param i64) (result i64)))
    (import "host" "plain" (func $host (param i64) (result i64)))
    (import "host" "again" (func $again (param i64) (result i64)))
    (import "host" "many" (func $host_many (param i64 f64) (result f64 i64 i32)))
    (memory (export "memory") 1)
    (memory $other 1 9)
    (table $first 8 funcref)
    (table $second 8 funcref)
    (elem (table $first) (i32.const 1) func $mix $imported $host $again $tail)
    (elem (table $second) (i32.const 1) func $mix $imported $host $again $tail)
    (func $mix (export "mix") (param $x i64) (result i64)
        (local $a i64) (local $b i64) (local $c i64) (local $f f64) (local $g f64) (local $h f64)
        (local $k f64) (local $n i32)
        (local.set $n (i32.const 5))
        (loop $more
            (local.set $a (i64.add (local.get $x) (i64.mul (local.get $a) (i64.const 31))))
            (local.set $b (i64.xor (local.get $a) (i64.rotl (local.get $b) (i64.const 7))))
            (local.set $c (i64.sub (local.get $b) (local.get $c)))
            (local.set $f (f64.add (local.get $f) (f64.convert_i64_s (local.get $c))))
            (local.set $g (f64.sub (local.get $f) (local.get $g)))
            (local.set $h (f64.mul (local.get $g) (f64.const 0.5)))
            (local.set $k (f64.max (local.get $h) (local.get $k)))
            (br_if $more (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (i64.add (i64.add (local.get $a) (local.get $b))
            (i64.add (local.get $c) (i64.reinterpret_f64 (local.get $k)))))
    (func $tail (param $x i64) (result i64) (local $y i64)
        (loop $l (loop $m (drop (local.get $y)) (drop (local.get $x))))
        (local.set $y (i64.mul (local.get $x) (i64.const 3)))
        (return_call $more_arguments (local.get $y) (f64.const 2.5) (local.get $x) (i32.const 9)
            (i64.const -5) (f32.const 7) (i64.const 11)))
    (func $more_arguments (param i64 f64 i64 i32 i64 f32 i64) (result i64)
        (if (i64.eqz (i64.and (local.get 0) (i64.const 1)))
            (then (return_call $imported (i64.add (local.get 0) (local.get 6)))))
        (if (i64.eqz (i64.and (local.get 0) (i64.const 2)))
            (then (return_call_indirect $second (type $unary) (local.get 4) (i32.const 3))))
        (return_call $mix (i64.add (local.get 2) (i64.extend_i32_u (local.get 3)))))
    (func $many (param $x i64) (result i64 f64 i32 f32 i64 f64 i64)
        (local.get $x) (f64.convert_i64_s (local.get $x)) (i32.wrap_i64 (local.get $x))
        (f32.convert_i64_s (local.get $x)) (i64.mul (local.get $x) (i64.const 3)) (f64.const -0.5)
        (i64.const 77))
    (func $five (param i64 i64 f64 i64 f64) (result i64)
        (i64.add (i64.sub (local.get 0) (local.get 1))
            (i64.xor (local.get 3) (i64.reinterpret_f64 (f64.sub (local.get 2) (local.get 4))))))
"#;

/// Expressions of type `i64` that call something with `$i0` to `$i3` and `$f0` to `$f3` in use.
const CALLS: &[&str] = &[
    "(call $mix (local.get $i0))",
    "(call $imported (local.get $i1))",
    "(call $host (local.get $i2))",
    "(call $again (local.get $i3))",
    "(call $tail (local.get $i0))",
    "(call_indirect $first (type $unary) (local.get $i0) (i32.const 1))",
    "(call_indirect $first (type $unary) (local.get $i1) (i32.const 2))",
    "(call_indirect $first (type $unary) (local.get $i2) (i32.const 3))",
    "(call_indirect $first (type $unary) (local.get $i2) (i32.const 4))",
    "(call_indirect $second (type $unary) (local.get $i3)
        (i32.add (i32.const 1) (i32.and (i32.wrap_i64 (local.get $i0)) (i32.const 3))))",
    "(call_indirect $second (type $unary) (local.get $i3)
        (local.tee $n
            (i32.add (i32.const 1) (i32.and (i32.wrap_i64 (local.get $i1)) (i32.const 3)))))",
    "(call $five (local.get $i0) (local.get $i3) (local.get $f1) (local.get $i2) (local.get $f3))",
    "(call $five (call $mix (local.get $i1)) (local.get $i1)
        (f64.add (local.get $f0) (local.get $f2)) (local.tee $i2 (call $host (local.get $i2)))
        (local.get $f0))",
    "(i64.add (i64.extend_i32_u (memory.grow $other (i32.const 1)))
        (i64.extend_i32_u (memory.size $other)))",
    "(i64.extend_i32_s (table.grow $second (ref.null func) (i32.const 1)))",
    "(memory.fill (i32.const 64) (i32.wrap_i64 (local.get $i0)) (i32.const 100))
        (i64.load (i32.const 80))",
    "(memory.copy (i32.const 300) (i32.const 64) (i32.const 20)) (i64.load (i32.const 299))",
    "(call $many (local.get $i1)) (local.set $i3) (local.set $f2) (local.set $i0) drop
        (local.set $n) (local.set $f0)",
    "(call $host_many (local.get $i0) (local.get $f3)) drop (local.set $i1) (local.set $f3)
        (local.get $i1)",
    "(i64.add (call $mix (i64.const 5)) (i64.add (local.get $i0) (call $mix (local.get $i0))))",
    "(block (result i64) (local.get $i3)
        (br_if 0 (i64.gt_s (call $mix (local.get $i2)) (local.get $i0)))
        drop (call $imported (local.get $i1)))",
];

/// A function per call, with so many integers and floats pinned, that mixes all its locals.
fn module() -> (String, Vec<(String, usize)>) {
    let mut text = format!("(module {CALLEES}");
    let mut names = Vec::new();
    for (call, number) in CALLS.iter().zip(0..) {
        for pins in 0..5 {
            let name = format!("f{number}_{pins}");
            let mut uses = "(loop ".repeat(6);
            for pin in 0..pins {
                uses += &format!("(drop (local.get $i{pin})) (drop (local.get $f{pin}))")
                    .repeat(60 - pin);
            }
            uses += &")".repeat(6);
            let sum = (0..4).fold("(local.get $r)".to_owned(), |sum, pin| {
                format!(
                    "(i64.add (i64.mul {sum} (i64.const 31)) (i64.xor (local.get $i{pin})
                        (i64.reinterpret_f64 (local.get $f{pin}))))"
                )
            });
            _ = write!(
                text,
                "(func (export \"{name}\") (param $x i64) (param $y f64) (result i64)
                   (local $i0 i64) (local $i1 i64) (local $i2 i64) (local $i3 i64)
                   (local $f0 f64) (local $f1 f64) (local $f2 f64) (local $f3 f64)
                   (local $r i64) (local $n i32) {uses}
                   (local.set $i0 (local.get $x))
                   (local.set $i1 (i64.add (local.get $x) (i64.const 1)))
                   (local.set $i2 (i64.mul (local.get $x) (i64.const 5)))
                   (local.set $i3 (i64.xor (local.get $x) (i64.const -1)))
                   (local.set $f0 (local.get $y))
                   (local.set $f1 (f64.add (local.get $y) (f64.const 1)))
                   (local.set $f2 (f64.mul (local.get $y) (f64.const 5)))
                   (local.set $f3 (f64.neg (local.get $y)))
                   (local.set $r {})
                   {sum})\n",
                // Operators without parentheses follow one that yields.
                if call.starts_with("(memory.")
                    || call.contains(") drop")
                    || call.contains("(local.set $i3)")
                {
                    format!("(block (result i64) {call})")
                } else {
                    (*call).to_owned()
                },
            );
            names.push((name, number));
        }
    }
    (text + ")", names)
}

/// What the host was asked.
#[derive(Default)]
struct Host {
    calls: u64,
    depth: u32,
}

struct Running {
    store: Store<Host>,
    instance: Instance,
}

impl Running {
    fn new(subject: &Subject, wasm: &[u8]) -> Self {
        let engine = &subject.engine;
        let other = wat::parse_str(
            r#"(module (memory 1)
                (func (export "mix") (param $x i64) (result i64) (local $a i64) (local $f f64)
                    (loop $more
                        (local.set $f (f64.add (local.get $f) (f64.const 1.5)))
                        (local.set $a (i64.add (local.get $a) (i64.trunc_f64_s (local.get $f))))
                        (i64.store (i32.const 8) (local.get $a))
                        (br_if $more (i64.lt_s (local.get $a) (i64.const 30))))
                    (i64.add (local.get $x) (i64.load (i32.const 8)))))"#,
        )
        .expect("the text is well formed");
        let other = Module::new(engine, other).expect("the module is valid");
        let mut store = Store::new(engine, Host::default());
        let mut linker = Linker::new(engine);
        let other = Instance::new(&mut store, &other, &[]).expect("it has no imports");
        linker.instance(&mut store, "other", other).expect("new names");
        let plain = |mut caller: Caller<'_, Host>, x: i64| {
            caller.data_mut().calls += 1;
            x.wrapping_mul(7)
        };
        linker.func_wrap("host", "plain", plain).expect("a new name");
        let many = |_: Caller<'_, Host>, x: i64, y: f64| (y * 2.0, x - 1, 6);
        linker.func_wrap("host", "many", many).expect("a new name");
        linker.func_wrap("host", "again", again).expect("a new name");
        let module = Module::new(engine, wasm).expect("the module is valid");
        let instance = linker.instantiate(&mut store, &module).expect("all imports are there");
        Self { store, instance }
    }

    fn func(&mut self, name: &str) -> TypedFunc<(i64, f64), i64> {
        self.instance.get_typed_func(&mut self.store, name).expect("it is exported")
    }

    fn call(&mut self, func: &TypedFunc<(i64, f64), i64>, x: i64) -> Result<i64, Trap> {
        func.call(&mut self.store, (x, x as f64 * 0.75))
            .map_err(|error| *error.downcast_ref().expect("it is a trap"))
    }
}

/// Calls the same module again, sometimes grows its memory first, which moves it.
fn again(mut caller: Caller<'_, Host>, x: i64) -> Result<i64, wasmtier::Error> {
    caller.data_mut().calls += 1;
    if caller.data().depth >= 3 {
        return Ok(x);
    }
    caller.data_mut().depth += 1;
    let mix = caller.get_export("mix").and_then(Extern::into_func).expect("it is exported");
    let name = format!("f{}_4", x.rem_euclid(4));
    let nested = caller.get_export(&name).and_then(Extern::into_func).expect("it is exported");
    let memory = caller.get_export("memory").and_then(Extern::into_memory).expect("it is exported");
    if caller.data().calls.is_multiple_of(16) && memory.size(&caller) < 6 {
        memory.grow(&mut caller, 1)?;
    }
    let mixed = mix.typed::<i64, i64>(&caller)?.call(&mut caller, x)?;
    let nested = nested.typed::<(i64, f64), i64>(&caller)?.call(&mut caller, (mixed, 1.0));
    caller.data_mut().depth -= 1;
    Ok(nested?.wrapping_add(mixed))
}

#[test]
fn calls_keep_the_locals_of_their_callers() {
    let (text, names) = module();
    let wasm = wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}"));
    for subject in subjects() {
        let mut expected = Running::new(&oracle(), &wasm);
        let mut running = Running::new(&subject, &wasm);
        for (name, call) in &names {
            let (right, func) = (expected.func(name), running.func(name));
            // They are warm before the end.
            for x in -40..120 {
                let right = expected.call(&right, x);
                let found = running.call(&func, x);
                assert_eq!(found, right, "{name}({x}) on {}: {}", subject.name, CALLS[*call]);
            }
        }
        assert_eq!(running.store.data().calls, expected.store.data().calls);
    }
}
