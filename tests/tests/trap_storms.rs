//! Every kind of trap ten thousand times, in one store and in several at once, in a process that
//! does nothing else: each is what it should be, the next call works, and nothing is left behind.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use wasmtier::{
    Caller, Config, Engine, Error, Extern, Linker, Module, Store, Tier, Trap, TypedFunc,
};

/// How often each kind traps.
const TIMES: usize = 10_000;
const THREADS: usize = 4;

const KINDS: &str = r#"(module
    (import "host" "fail" (func $fail (param i32) (result i32)))
    (import "host" "trap" (func $trap (param i32) (result i32)))
    (import "host" "panic" (func $panic (param i32) (result i32)))
    (import "host" "again" (func $again (param i32) (result i32)))
    (type $unary (func (param i32) (result i32)))
    (memory 1)
    (memory $other 1)
    (table $t 3 funcref)
    (elem (i32.const 0) $unreachable)
    (data $d "abc")
    (elem $e func $unreachable)
    (func $unreachable (export "unreachable") unreachable)
    (func (export "load") (drop (i64.load (i32.const 65529))))
    (func (export "far_load") (drop (i32.load offset=0xffffffff (i32.const -1))))
    (func (export "store") (f64.store (i32.const 65530) (f64.const 1)))
    (func (export "vector") (v128.store (i32.const 65521) (v128.const i64x2 1 2)))
    (func (export "other") (drop (i32.load16_u $other (i32.const 65535))))
    (func (export "atomic") (drop (i32.atomic.rmw.add (i32.const 65536) (i32.const 1))))
    (func (export "odd") (drop (i64.atomic.load (i32.const 4))))
    (func (export "wait")
        (drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const 0))))
    (func (export "fill") (memory.fill (i32.const 65530) (i32.const 1) (i32.const 7)))
    (func (export "init") (memory.init $d (i32.const 0) (i32.const 1) (i32.const 3)))
    (func (export "rem") (drop (i64.rem_u (i64.const 1) (i64.load (i32.const 65000)))))
    (func (export "overflow")
        (drop (i64.div_s (i64.const 0x8000000000000000) (i64.load (i32.const 65008)))))
    (func (export "nan") (drop (i32.trunc_f32_s (f32.load (i32.const 65016)))))
    (func (export "large") (drop (i32.trunc_f64_u (f64.load (i32.const 65024)))))
    (func (export "table") (drop (table.get $t (i32.const 3))))
    (func (export "null") (drop (call_indirect (type $unary) (i32.const 1) (i32.const 1))))
    (func (export "beyond") (drop (call_indirect (type $unary) (i32.const 1) (i32.const 3))))
    (func (export "signature") (drop (call_indirect (type $unary) (i32.const 1) (i32.const 0))))
    (func (export "elem") (table.init $t $e (i32.const 0) (i32.const 0) (i32.const 2)))
    (func $deep (export "deep") (call $deep))
    (func $deeper (export "deeper") (param i32 i64 f64) (result i32) (local v128 i32)
        (i32.add (call $deeper (local.get 0) (local.get 1) (local.get 2)) (local.get 4)))
    (func (export "fail") (drop (call $fail (i32.const 1))))
    (func (export "host") (drop (call $trap (i32.const 1))))
    (func (export "panic") (drop (call $panic (i32.const 1))))
    (func (export "again") (drop (call $again (i32.const 1))))
    (data (i32.const 65008)
        "\ff\ff\ff\ff\ff\ff\ff\ff\00\00\c0\7f\00\00\00\00\00\00\00\00\00\00\f0\43")
    (func (export "fine") (param $n i32) (result i64) (local $sum i64) (local $at i32)
        (loop $more
            (i64.store (local.get $at) (i64.add (i64.load (local.get $at)) (i64.const 0)))
            (local.set $sum (i64.add (local.get $sum) (i64.extend_i32_u (local.get $n))))
            (local.set $at (i32.add (local.get $at) (i32.const 8)))
            (br_if $more (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (local.get $sum)))"#;

/// How a call ends.
#[derive(Copy, Clone, PartialEq, Debug)]
enum Ending {
    Trap(Trap),
    Failure,
    Panic,
}

const ENDINGS: &[(&str, Ending)] = &[
    ("unreachable", Ending::Trap(Trap::UnreachableCodeReached)),
    ("load", Ending::Trap(Trap::MemoryOutOfBounds)),
    ("far_load", Ending::Trap(Trap::MemoryOutOfBounds)),
    ("store", Ending::Trap(Trap::MemoryOutOfBounds)),
    ("vector", Ending::Trap(Trap::MemoryOutOfBounds)),
    ("other", Ending::Trap(Trap::MemoryOutOfBounds)),
    ("atomic", Ending::Trap(Trap::MemoryOutOfBounds)),
    ("odd", Ending::Trap(Trap::HeapMisaligned)),
    ("wait", Ending::Trap(Trap::AtomicWaitNonSharedMemory)),
    ("fill", Ending::Trap(Trap::MemoryOutOfBounds)),
    ("init", Ending::Trap(Trap::MemoryOutOfBounds)),
    ("rem", Ending::Trap(Trap::IntegerDivisionByZero)),
    ("overflow", Ending::Trap(Trap::IntegerOverflow)),
    ("nan", Ending::Trap(Trap::BadConversionToInteger)),
    ("large", Ending::Trap(Trap::IntegerOverflow)),
    ("table", Ending::Trap(Trap::TableOutOfBounds)),
    ("null", Ending::Trap(Trap::IndirectCallToNull)),
    ("beyond", Ending::Trap(Trap::TableOutOfBounds)),
    ("signature", Ending::Trap(Trap::BadSignature)),
    ("elem", Ending::Trap(Trap::TableOutOfBounds)),
    ("deep", Ending::Trap(Trap::StackOverflow)),
    ("fail", Ending::Failure),
    ("host", Ending::Trap(Trap::OutOfFuel)),
    ("panic", Ending::Panic),
    // The host calls `load`.
    ("again", Ending::Trap(Trap::MemoryOutOfBounds)),
];

fn linker(engine: &Engine) -> Linker<()> {
    let mut linker = Linker::new(engine);
    let fail = |_: i32| -> Result<i32, Error> { Err(Error::msg("no")) };
    linker.func_wrap("host", "fail", fail).expect("a new name");
    let trap = |_: i32| -> Result<i32, Error> { Err(Trap::OutOfFuel.into()) };
    linker.func_wrap("host", "trap", trap).expect("a new name");
    let panic = |n: i32| -> i32 { if n > 0 { panic!("on purpose") } else { n } };
    linker.func_wrap("host", "panic", panic).expect("a new name");
    let again = |mut caller: Caller<'_, ()>, n: i32| -> Result<i32, Error> {
        let load = caller.get_export("load").and_then(Extern::into_func).expect("it is there");
        load.typed::<(), ()>(&caller)?.call(&mut caller, ())?;
        Ok(n)
    };
    linker.func_wrap("host", "again", again).expect("a new name");
    linker
}

/// A store in which everything traps.
struct Storm {
    store: Store<()>,
    kinds: Vec<(TypedFunc<(), ()>, &'static str, Ending)>,
    deeper: TypedFunc<(i32, i64, f64), i32>,
    fine: TypedFunc<i32, i64>,
}

impl Storm {
    fn new(module: &Module) -> Self {
        let mut store = Store::new(module.engine(), ());
        let instance = linker(module.engine()).instantiate(&mut store, module).expect("it is so");
        let kinds = ENDINGS.iter().map(|(name, ending)| {
            let func = instance.get_typed_func(&mut store, name).expect("it is exported");
            (func, *name, *ending)
        });
        let kinds = kinds.collect();
        let deeper = instance.get_typed_func(&mut store, "deeper").expect("it is exported");
        let fine = instance.get_typed_func(&mut store, "fine").expect("it is exported");
        Self { store, kinds, deeper, fine }
    }

    /// Each kind of trap so many times in a row.
    fn rage(&mut self, times: usize) {
        for (func, name, right) in &self.kinds {
            for time in 0..times {
                let call = || func.call(&mut self.store, ());
                let ending = match catch_unwind(AssertUnwindSafe(call)) {
                    Ok(Ok(())) => panic!("{name} returns"),
                    Ok(Err(error)) => {
                        error.downcast_ref().map_or(Ending::Failure, |trap| Ending::Trap(*trap))
                    }
                    Err(_) => Ending::Panic,
                };
                assert_eq!(ending, *right, "{name} for the {time}th time");
                let n = (time % 9 + 1) as i32;
                let sum = self.fine.call(&mut self.store, n).expect("it does not trap");
                assert_eq!(sum, i64::from(n) * i64::from(n + 1) / 2, "behind {name}");
            }
        }
        for _ in 0..times {
            let error =
                self.deeper.call(&mut self.store, (1, 2, 3.0)).expect_err("it ends nowhere");
            assert_eq!(error.downcast_ref(), Some(&Trap::StackOverflow));
        }
    }
}

/// Memory of this process that is in use, in bytes.
fn resident_bytes() -> usize {
    let status = std::fs::read_to_string("/proc/self/statm").expect("Linux has it");
    let pages: usize = status.split(' ').nth(1).and_then(|n| n.parse().ok()).expect("a number");
    pages * 4096
}

#[test]
fn traps_by_the_ten_thousand() {
    // Ten thousand messages of panics on purpose tell nothing.
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if info.payload_as_str() != Some("on purpose") {
            hook(info);
        }
    }));
    let wasm = wat::parse_str(KINDS).expect("the text is well formed");
    for guards in [true, false] {
        let mut config = Config::new();
        config.tier(Tier::Interp).signals_based_traps(guards).max_wasm_stack(32 << 10);
        let engine = Engine::new(&config).expect("the host can do it");
        let module = Module::new(&engine, &wasm).expect("the module is valid");
        let mut storm = Storm::new(&module);
        storm.rage(300);
        let before = resident_bytes();
        storm.rage(TIMES);
        let grown = resident_bytes().saturating_sub(before);
        // 8 bytes for each trap would be 2 MB.
        assert!(grown < 1 << 20, "{grown} bytes are left behind");
        thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| Storm::new(&module).rage(TIMES / THREADS));
            }
        });
    }
}
