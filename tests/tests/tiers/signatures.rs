//! Every argument and result arrives, whoever calls whom.

use std::fmt::Write as _;

use wasmtier::{
    Config, Engine, Extern, Func, FuncType, Instance, Module, Store, Tier, V128, Val, ValType,
};

use crate::{export, instantiate, mixes};

const TYPES: [(ValType, &str); 7] = [
    (ValType::I32, "i32"),
    (ValType::I64, "i64"),
    (ValType::F32, "f32"),
    (ValType::F64, "f64"),
    (ValType::V128, "v128"),
    (ValType::FUNCREF, "funcref"),
    (ValType::EXTERNREF, "externref"),
];

/// How many signatures there are.
const COUNT: usize = 60;

/// Numbers that look random, the same in each run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

/// A signature, as indices of [`TYPES`].
struct Signature {
    params: Vec<usize>,
    results: Vec<usize>,
}

impl Signature {
    fn types(&self) -> FuncType {
        let list = |types: &[usize]| types.iter().map(|&ty| TYPES[ty].0).collect::<Vec<_>>();
        FuncType::new(list(&self.params), list(&self.results))
    }

    fn text(&self) -> String {
        let list =
            |types: &[usize]| types.iter().map(|&ty| TYPES[ty].1).collect::<Vec<_>>().join(" ");
        format!("(param {}) (result {})", list(&self.params), list(&self.results))
    }

    /// The parameter that is result `place`, if one is.
    fn source(&self, place: usize) -> Option<usize> {
        let of_type = |param: &usize| self.params[*param] == self.results[place];
        let all: Vec<usize> = (0..self.params.len()).filter(of_type).collect();
        (!all.is_empty()).then(|| all[(place * 7 + 3) % all.len()])
    }
}

fn signatures() -> Vec<Signature> {
    let mut random = Random(1);
    let mut list = |most: u64| {
        let count = random.below(most + 1);
        // Some with many of one kind, so that registers of that kind run out.
        let kinds = if random.below(2) == 0 { &[0, 1, 2, 3, 4, 5, 6][..] } else { &[0, 2, 4][..] };
        (0..count).map(|_| kinds[random.below(kinds.len() as u64) as usize]).collect()
    };
    (0..COUNT).map(|_| Signature { params: list(24), results: list(6) }).collect()
}

/// A constant of a type.
fn constant(ty: usize, seed: usize) -> String {
    let bits = (seed as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    match ty {
        0 => format!("(i32.const {:#x})", bits as u32),
        1 => format!("(i64.const {bits:#x})"),
        2 => format!("(f32.reinterpret_i32 (i32.const {:#x}))", bits as u32 & 0xbf7f_ffff),
        3 => format!("(f64.reinterpret_i64 (i64.const {:#x}))", bits & 0xbfef_ffff_ffff_ffff),
        4 => format!("(v128.const i64x2 {bits:#x} {:#x})", !bits),
        5 if seed.is_multiple_of(2) => "(ref.func $fold0)".to_owned(),
        5 => "(ref.null func)".to_owned(),
        _ => "(ref.null extern)".to_owned(),
    }
}

/// Functions that note a value of each type in a sum.
const FOLDS: &str = "
    (global $sum (export \"sum\") (mut i64) (i64.const 0))
    (func $note (param i64)
        (global.set $sum (i64.add (i64.mul (global.get $sum) (i64.const 31)) (local.get 0))))
    (func $fold0 (param i32) (call $note (i64.extend_i32_u (local.get 0))))
    (func $fold1 (param i64) (call $note (local.get 0)))
    (func $fold2 (param f32)
        (call $note (i64.extend_i32_u (i32.reinterpret_f32 (local.get 0)))))
    (func $fold3 (param f64) (call $note (i64.reinterpret_f64 (local.get 0))))
    (func $fold4 (param v128)
        (call $note (i64x2.extract_lane 0 (local.get 0)))
        (call $note (i64x2.extract_lane 1 (local.get 0))))
    (func $fold5 (param funcref) (call $note (i64.extend_i32_u (ref.is_null (local.get 0)))))
    (func $fold6 (param externref) (call $note (i64.extend_i32_u (ref.is_null (local.get 0)))))
    (elem declare func $fold0)";

/// Calls `callee` with constants, and notes its results.
fn call_and_fold(signature: &Signature, number: usize, callee: &str) -> String {
    let mut body: String =
        signature.params.iter().enumerate().map(|(i, &ty)| constant(ty, number + i)).collect();
    body.push_str(callee);
    for ty in signature.results.iter().rev() {
        let _ = write!(body, "(call $fold{ty})");
    }
    body
}

/// The module whose functions are called: `f` of each signature notes its parameters and returns
/// some of them.
fn callees(signatures: &[Signature]) -> String {
    let mut text = format!("(module {FOLDS}");
    for (number, signature) in signatures.iter().enumerate() {
        let _ = write!(text, "(func (export \"f{number}\") {}", signature.text());
        for (param, ty) in signature.params.iter().enumerate() {
            let _ = write!(text, "(call $fold{ty} (local.get {param}))");
        }
        for (place, &ty) in signature.results.iter().enumerate() {
            let _ = match signature.source(place) {
                Some(param) => write!(text, "(local.get {param})"),
                None => write!(text, "{}", constant(ty, place)),
            };
        }
        text.push(')');
    }
    text + ")"
}

/// The module that calls, in each way, what it imports as `m` or has in its table; and its own.
fn callers(signatures: &[Signature]) -> String {
    let mut text = String::from("(module ");
    for (number, signature) in signatures.iter().enumerate() {
        let _ = write!(text, "(import \"\" \"\" (func $m{number} {}))", signature.text());
    }
    text.push_str(FOLDS);
    let _ = write!(text, "(table {} funcref)", 2 * signatures.len());
    for (number, signature) in signatures.iter().enumerate() {
        let count = signatures.len();
        let _ = write!(text, "(type $t{number} (func {}))", signature.text());
        let own = number + count;
        let _ = write!(text, "(elem (i32.const {number}) $m{number})");
        let _ = write!(text, "(elem (i32.const {own}) $own{number})");
        let _ = write!(text, "(func $own{number} {}", signature.text());
        for param in 0..signature.params.len() {
            let _ = write!(text, "(local.get {param})");
        }
        let _ = write!(text, "(return_call $m{number}))");
        let ways = [
            format!("(call $m{number})"),
            format!("(call $own{number})"),
            format!("(i32.const {number}) (call_indirect (type $t{number}))"),
            format!("(i32.const {own}) (call_indirect (type $t{number}))"),
        ];
        for (way, callee) in ways.iter().enumerate() {
            let body = call_and_fold(signature, number, callee);
            let _ = write!(text, "(func (export \"g{number}.{way}\") {body})");
        }
    }
    text + ")"
}

/// A host function that does what a callee does, but note.
fn host_function(store: &mut Store<()>, signature: &Signature) -> Func {
    let sources: Vec<_> = (0..signature.results.len()).map(|at| signature.source(at)).collect();
    let defaults: Vec<_> =
        signature.results.iter().map(|&ty| Val::default_for_ty(TYPES[ty].0)).collect();
    Func::new(store, signature.types(), move |_, params, results| {
        for ((result, source), default) in results.iter_mut().zip(&sources).zip(&defaults) {
            *result = source.map_or(*default, |param| params[param]);
        }
        Ok(())
    })
}

/// The value of a type that the host passes.
fn value(ty: usize, seed: usize) -> Val {
    let bits = (seed as u64 + 5).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    match ty {
        0 => Val::I32(bits as i32),
        1 => Val::I64(bits as i64),
        2 => Val::F32(bits as u32 & 0xbf7f_ffff),
        3 => Val::F64(bits & 0xbfef_ffff_ffff_ffff),
        4 => Val::V128(V128::from(u128::from(bits) << 70)),
        5 => Val::FuncRef(None),
        _ => Val::ExternRef(None),
    }
}

/// What all calls note, and return to the host.
fn run(config: &Config) -> Vec<String> {
    let signatures = signatures();
    let mut store = Store::new(&Engine::new(config).unwrap(), ());
    let callees = instantiate(&mut store, &callees(&signatures), &[]);
    let names = (0..signatures.len()).map(|number| format!("f{number}"));
    let funcs: Vec<Extern> = names.map(|name| export(&mut store, callees, &name)).collect();
    let hosts: Vec<Extern> =
        signatures.iter().map(|signature| host_function(&mut store, signature).into()).collect();
    let text = self::callers(&signatures);
    let mut outcomes = Vec::new();
    for imports in [&funcs, &hosts] {
        let callers = instantiate(&mut store, &text, imports);
        for number in 0..signatures.len() {
            for way in 0..4 {
                let name = format!("g{number}.{way}");
                let call = callers.get_typed_func::<(), ()>(&mut store, &name).unwrap();
                call.call(&mut store, ()).unwrap();
                let mut outcome = name;
                for instance in [callees, callers] {
                    let sum = instance.get_global(&mut store, "sum").unwrap();
                    let _ = write!(outcome, " {}", sum.get(&mut store).unwrap_i64());
                }
                outcomes.push(outcome);
            }
        }
    }
    for (number, (signature, func)) in signatures.iter().zip(funcs).enumerate() {
        let params: Vec<Val> =
            signature.params.iter().enumerate().map(|(i, &ty)| value(ty, number + i)).collect();
        let mut results = vec![Val::I32(0); signature.results.len()];
        func.into_func().unwrap().call(&mut store, &params, &mut results).unwrap();
        let show = |result: &Val| match result.ref_() {
            Some(reference) => format!("null: {}", reference.is_null()),
            None => format!("{result:?}"),
        };
        outcomes.push(results.iter().map(show).collect::<Vec<_>>().join(" "));
    }
    outcomes
}

#[test]
fn all_values_arrive_among_all_tiers() {
    let mut portable = Config::new();
    let expected = run(portable.tier(Tier::Portable));
    for mix in mixes() {
        let outcomes = run(&mix.config);
        for (outcome, expected) in outcomes.iter().zip(&expected) {
            assert_eq!(outcome, expected, "{}", mix.name);
        }
    }
}

/// The first calls of functions, for which adapters are made, at the same time on several threads.
#[test]
fn threads_make_adapters_together() {
    for mix in mixes() {
        let engine = Engine::new(&mix.config).unwrap();
        let signatures = signatures();
        let [callees, callers] = [callees(&signatures), callers(&signatures)]
            .map(|text| Module::new(&engine, wat::parse_str(text).unwrap()).unwrap());
        let run = || {
            let mut store = Store::new(&engine, ());
            let first = Instance::new(&mut store, &callees, &[]).unwrap();
            let names = (0..signatures.len()).map(|number| format!("f{number}"));
            let funcs: Vec<Extern> = names.map(|name| export(&mut store, first, &name)).collect();
            let second = Instance::new(&mut store, &callers, &funcs).unwrap();
            for number in 0..signatures.len() {
                let name = format!("g{number}.{}", number % 4);
                let call = second.get_typed_func::<(), ()>(&mut store, &name).unwrap();
                call.call(&mut store, ()).unwrap();
            }
            let sum = |instance: Instance, store: &mut Store<()>| {
                instance.get_global(&mut *store, "sum").unwrap().get(store).unwrap_i64()
            };
            (sum(first, &mut store), sum(second, &mut store))
        };
        let sums = std::thread::scope(|scope| {
            let threads = [(); 4].map(|()| scope.spawn(run));
            threads.map(|thread| thread.join().unwrap())
        });
        assert_eq!(sums, [sums[0]; 4], "{}", mix.name);
    }
}
