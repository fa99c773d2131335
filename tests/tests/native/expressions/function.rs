//! The text of a function that applies an operator once: where its operands come from, where its
//! result goes, and what else is alive meanwhile.
//!
//! A function gets the operands, the address of a record with the same operands, and the address
//! of an output. It returns what the operator gives, and leaves in the output what else there is
//! to see: at 32 what it did with the result, from 48 its parameters as they are in the end, and at
//! 112 the values that had to survive.
//!
//! Invariant: values are the same on all subjects; NaNs are not computed with, only looked at.

use std::fmt::Write as _;

use super::operator::{Operator, Type};
use crate::values::Random;

/// Bytes from one operand of a record to the next.
pub(super) const OPERAND: usize = 16;
/// Where the parameters are in an output.
const PARAMS: usize = 48;
/// Where what survived is in an output.
const SURVIVED: usize = 112;
/// Bytes of an output.
pub(super) const OUTPUT: usize = 128;

/// Names of operands.
const NAMES: [&str; 4] = ["a", "b", "c", "e"];

/// What functions use besides.
pub(super) const FIELDS: &str = "
    (func $same_i32 (param i32) (result i32) (local.get 0))
    (func $same_i64 (param i64) (result i64) (local.get 0))
    (func $same_f32 (param f32) (result f32) (local.get 0))
    (func $same_f64 (param f64) (result f64) (local.get 0))
    (func $same_v128 (param v128) (result v128) (local.get 0))
    (global $g_i32 (mut i32) (i32.const 0)) (global $h_i32 (mut i32) (i32.const 0))
    (global $g_i64 (mut i64) (i64.const 0)) (global $h_i64 (mut i64) (i64.const 0))
    (global $g_f32 (mut f32) (f32.const 0)) (global $h_f32 (mut f32) (f32.const 0))
    (global $g_f64 (mut f64) (f64.const 0)) (global $h_f64 (mut f64) (f64.const 0))
    (global $g_v128 (mut v128) (v128.const i64x2 0 0))
    (global $h_v128 (mut v128) (v128.const i64x2 0 0))
    (global $clobbered (mut i64) (i64.const 1))
    (func $clobber (local i64 i64 i64 i64 i64 i64 f64 f64 f64 f64 f64 f64 i32 v128)
        (local.set 0 (global.get $clobbered)) (local.set 12 (i32.const 2))
        (loop $l
            (local.set 1 (i64.add (local.get 0) (local.get 1)))
            (local.set 2 (i64.mul (local.get 1) (i64.const 31)))
            (local.set 3 (i64.rotl (local.get 2) (local.get 1)))
            (local.set 4 (i64.xor (local.get 3) (local.get 4)))
            (local.set 5 (i64.sub (local.get 4) (local.get 3)))
            (local.set 6 (f64.convert_i64_s (local.get 5)))
            (local.set 7 (f64.add (local.get 6) (local.get 7)))
            (local.set 8 (f64.sub (local.get 7) (local.get 6)))
            (local.set 9 (f64.mul (local.get 8) (f64.const 3)))
            (local.set 10 (f64.abs (local.get 9)))
            (local.set 11 (f64.max (local.get 10) (local.get 7)))
            (local.set 13 (i64x2.splat (local.get 5)))
            (br_if $l (local.tee 12 (i32.sub (local.get 12) (i32.const 1)))))
        (global.set $clobbered (i64.add (i64x2.extract_lane 1 (local.get 13))
            (i64.add (local.get 0) (i64.reinterpret_f64 (local.get 11))))))";

/// A condition that is true for every second record.
const ODD: &str = "(i32.and (local.get $in) (i32.const 64))";

/// Text to be executed before, and text of an operand.
pub(super) type Source = (String, String);

/// An operand that is a constant.
pub(super) fn constant(op: &Operator, index: usize, random: &mut Random) -> Source {
    let bits = match op.is_address(index) {
        true => u128::from(random.bits()) & 0x3ff0,
        false => op.params[index].value(random),
    };
    (String::new(), op.params[index].constant(bits))
}

/// Every place an operand may be in, the first being its parameter.
pub(super) fn sources(op: &Operator, index: usize, random: &mut Random) -> Vec<Source> {
    let (ty, a) = (op.params[index], NAMES[index]);
    let name = ty.name();
    let get = format!("(local.get ${a})");
    let load = format!("({name}.load offset={} (local.get $in))", index * OPERAND);
    // The operands of a binary operator have a global each.
    let global = ["$g_", "$h_"][index % 2].to_owned() + name;
    let plain = |text: String| (String::new(), text);
    let mut all = vec![
        plain(get.clone()),
        constant(op, index, random),
        (format!("(local.set $l{a} {get})"), format!("(local.get $l{a})")),
        plain(format!("(local.tee $l{a} {get})")),
        plain(load.clone()),
        (format!("(global.set {global} {get})"), format!("(global.get {global})")),
        plain(format!("(call $same_{name} {get})")),
        plain(format!("(block (result {name}) {get} (br_if 0 {ODD}) drop {load})")),
        plain(format!("(if (result {name}) {ODD} (then {load}) (else {get}))")),
        plain(format!("(select {get} {load} {ODD})")),
        // Pushed, and then written before it is used.
        plain(format!("{get} (local.set ${a} ({name}.load offset=96 (local.get $in)))")),
        // Pushed before a call.
        plain(format!("{load} (call $clobber)")),
        plain(format!("{get} (call $clobber)")),
    ];
    let computed = match name {
        "i32" | "i64" => format!("({name}.xor {get} ({name}.load offset=96 (local.get $in)))"),
        "v128" => format!("(v128.or {get} (v128.load offset=96 (local.get $in)))"),
        _ => format!("({name}.neg ({name}.neg {get}))"),
    };
    all.push(plain(computed));
    if op.is_address(index) {
        return all;
    }
    match name {
        "i32" => {
            all.push(plain(format!("(i32.eqz {get})")));
            all.push(plain(format!(
                "(i32.wrap_i64 (i64.load offset={} (local.get $in)))",
                index * OPERAND
            )));
            all.push(plain(format!("(i32.load8_s offset={} (local.get $in))", index * OPERAND)));
            all.push(plain(format!("(i32.load16_u offset={} (local.get $in))", index * OPERAND)));
        }
        "i64" => {
            all.push(plain(format!("(i64.extend_i32_u (i32.wrap_i64 {get}))")));
            all.push(plain(format!("(i64.extend_i32_s (i32.wrap_i64 {get}))")));
            all.push(plain(format!("(i64.load32_s offset={} (local.get $in))", index * OPERAND)));
            all.push(plain(format!("(i64.load8_u offset={} (local.get $in))", index * OPERAND)));
        }
        _ => {}
    }
    all
}

/// Text that uses an expression, written `@`, and leaves its result in `$d`.
fn common_sinks(op: &Operator, ty: Type) -> Vec<String> {
    let name = ty.name();
    let mut all = vec![
        "(local.set $d @)".to_owned(),
        format!("({name}.store offset=32 (local.get $out) (local.tee $d @))"),
        format!("({name}.store offset=32 (local.get $out) @)"),
        format!("(global.set $g_{name} @) (local.set $d (global.get $g_{name}))"),
        format!("(local.set $d (call $same_{name} @))"),
        "@ (call $clobber) (local.set $d)".to_owned(),
        format!("(local.set $d (select @ (local.get $d) {ODD}))"),
        format!("(local.set $d (select (local.get $d) @ {ODD}))"),
        format!("(local.set $d (block (result {name}) @ (br_if 0 {ODD})))"),
        format!("(local.set $d (if (result {name}) {ODD} (then @) (else (local.get $d))))"),
        format!(
            "(local.set $n (i32.const 3))
             (local.set $d (loop $r (result {name}) @
                (br_if $r (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))"
        ),
    ];
    // In place, and as what a loop carries.
    for (param, a) in op.params.iter().zip(NAMES) {
        if *param == ty {
            all.push(format!("(local.set ${a} @) (local.set $d (local.get ${a}))"));
            all.push(format!("(local.set $d (local.tee ${a} @))"));
            all.push(format!(
                "(local.set $n (i32.const 3)) (loop $r (local.set ${a} @)
                   (br_if $r (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
                 (local.set $d (local.get ${a}))"
            ));
        }
    }
    all
}

/// Uses of a truth value: branches and selections.
fn truth_sinks(condition: &str) -> Vec<String> {
    let store = |value: &str| format!("(i32.store offset=32 (local.get $out) {value})");
    let number = store("(local.get $n)");
    let not = format!("(i32.eqz {condition})");
    let mut all = Vec::new();
    for condition in [condition, &not] {
        all.push(format!(
            "(if {condition} (then (local.set $n (i32.const 3)))
                (else (local.set $n (i32.const 4)))) {number}"
        ));
        all.push(format!(
            "(local.set $n (i32.const 1))
             (block $x (br_if $x {condition}) (local.set $n (i32.const 2))) {number}"
        ));
        all.push(store(&format!(
            "(block (result i32) (br_if 0 (local.get $n) {condition}) drop (i32.const 12))"
        )));
        all.push(format!(
            "(local.set $n (i32.const 0)) (block $x (loop $l
               (local.set $n (i32.add (local.get $n) (i32.const 1)))
               (br_if $x (i32.ge_u (local.get $n) (i32.const 3))) (br_if $l {condition}))) {number}"
        ));
        for name in ["i32", "i64", "f32", "f64", "v128"] {
            let (get, load) = (format!("(local.get $w_{name})"), "load offset=8 (local.get $in)");
            all.push(format!(
                "({name}.store offset=32 (local.get $out)
                    (select {get} ({name}.{load}) {condition}))"
            ));
        }
    }
    all.push(store(&format!("(if (result i32) {condition} (then (i32.const 5)) (else {ODD}))")));
    all.push(store(&not));
    all.push(store(&format!("(i32.eqz {not})")));
    all.push(format!("(local.set $n {not}) (if (local.get $n) (then {number}))"));
    all
}

/// Comparisons with zero, whose flags the operator may have left.
fn sign_sinks(ty: Type) -> Vec<String> {
    let name = ty.name();
    let mut all = Vec::new();
    for comparison in ["lt_s", "ge_s", "gt_s", "le_s", "lt_u", "gt_u", "ge_u", "le_u", "ne"] {
        for value in ["@", "(local.tee $d @)"] {
            all.push(format!(
                "(local.set $n (i32.const 1)) (block $x
                   (br_if $x ({name}.{comparison} {value} ({name}.const 0)))
                   (local.set $n (i32.const 2)))
                 (i32.store offset=32 (local.get $out) (local.get $n))"
            ));
        }
        all.push(format!(
            "(i32.store offset=32 (local.get $out) ({name}.{comparison} ({name}.const 0) @))"
        ));
    }
    all
}

/// Uses that depend on the type of the result.
fn typed_sinks(ty: Type) -> Vec<String> {
    let store = |ty: &str, value: &str| format!("({ty}.store offset=32 (local.get $out) {value})");
    let name = ty.name();
    let zero = format!("({name}.load offset=96 (local.get $in))");
    match name {
        "i32" => {
            let mut all = truth_sinks("@");
            all.extend(truth_sinks("(local.tee $d @)"));
            all.extend(sign_sinks(ty));
            // As part of an address.
            for address in [
                "(i32.add (i32.shl (i32.and @ (i32.const 7)) (i32.const 3)) (local.get $t))",
                "(i32.add (local.get $t) (i32.shl (i32.shr_u @ (i32.const 24)) (i32.const 2)))",
                "(i32.add (i32.and @ (i32.const 31)) (i32.const 12))",
                "(i32.sub (i32.or @ (i32.const -16)) (i32.const -64))",
            ] {
                all.push(store("i64", &format!("(i64.load offset=2 {address})")));
            }
            all.push(format!(
                "(local.set $n (i32.const 3))
                 (block $d (block $b (block $c (br_table $c $b $d $c $b @))
                   (local.set $n (i32.const 1)) (br $d)) (local.set $n (i32.const 2))) {}",
                store("i32", "(local.get $n)")
            ));
            // What shows the upper half of a register.
            all.push(store("i64", "(i64.extend_i32_u @)"));
            all.push(store("i64", "(i64.extend_i32_s @)"));
            all.push(store("f64", "(f64.convert_i32_u @)"));
            all.push(store("i64", "(i64.shl (i64.const 77) (i64.extend_i32_u @))"));
            all.push(store("i32", "(i32.load8_u (i32.and @ (i32.const 0xff)))"));
            all.push(store("i32", "(i32.load8_u offset=3 (i32.shr_u @ (i32.const 20)))"));
            all.push("(i32.store8 offset=32 (local.get $out) @)".to_owned());
            all.push("(i32.store16 offset=32 (local.get $out) @)".to_owned());
            all.push(store("v128", "(i8x16.splat @)"));
            all
        }
        "i64" => {
            let mut all = truth_sinks("(i64.eqz @)");
            all.extend(truth_sinks("(i64.eqz (local.tee $d @))"));
            all.extend(sign_sinks(ty));
            all.push(store("i32", "(i32.wrap_i64 @)"));
            all.push("(i64.store32 offset=32 (local.get $out) @)".to_owned());
            all.push(store("i32", "(i32.load8_u (i32.and (i32.wrap_i64 @) (i32.const 0xff)))"));
            all
        }
        "v128" => {
            let mut all = truth_sinks("(v128.any_true @)");
            all.push(store("i64", "(i64x2.extract_lane 1 @)"));
            all
        }
        _ => {
            let mut all = truth_sinks(&format!("({name}.lt @ {zero})"));
            all.extend(truth_sinks(&format!("({name}.eq @ (local.get $w_{name}))")));
            let bits = name.replace('f', "i");
            all.push(store(&bits, &format!("({bits}.reinterpret_{name} @)")));
            all
        }
    }
}

/// Every way to use what an operator gives, as text with its expression written `@`. The first
/// returns it.
pub(super) fn sinks(op: &Operator) -> Vec<String> {
    match op.results[..] {
        [] => vec!["@".to_owned()],
        [ty] => {
            let mut all = vec![String::new()];
            all.extend(common_sinks(op, ty));
            all.extend(typed_sinks(ty));
            all
        }
        _ => [
            "",
            "@ (local.set $d2) (local.set $d)",
            "@ (local.set $b) (local.set $a) (local.set $d (local.get $a))
             (local.set $d2 (local.get $b))",
            "@ (local.set $a) (local.set $b) (local.set $d (local.get $a))
             (local.set $d2 (local.get $b))",
            "(i64.store offset=32 (local.get $out) (i64.sub @))",
            "@ drop (local.set $d)",
            "@ (call $clobber) (local.set $d2) (local.set $d)",
        ]
        .map(str::to_owned)
        .to_vec(),
    }
}

/// What is alive meanwhile: text before and after.
pub(super) struct Context {
    before: String,
    after: String,
}

/// Every context. In the first nothing is alive but the parameters.
pub(super) fn contexts() -> Vec<Context> {
    let survived = |value: &str| format!("(i64.store offset={SURVIVED} (local.get $out) {value})");
    let mut all = vec![Context { before: String::new(), after: String::new() }];
    // Values wait on the stack, some of them in registers that operators need.
    all.push(Context {
        before: "(i64.load offset=4 (local.get $in)) (i64.mul (i64.load (local.get $in))
            (i64.load offset=8 (local.get $in))) (i32.add (local.get $in) (i32.const 5))
            (local.get $in) (f64.load offset=8 (local.get $in))
            (f64.abs (f64.load (local.get $in)))"
            .to_owned(),
        after: "(i64.reinterpret_f64) (local.set $w_i64) (i64.reinterpret_f64)
            (i64.xor (local.get $w_i64)) (local.set $w_i64)
            (i32.sub) (i64.extend_i32_s) (i64.xor (local.get $w_i64)) (i64.xor) (i64.xor)
            (local.set $w_i64)"
            .to_owned()
            + &survived("(local.get $w_i64)"),
    });
    // More locals than there are registers.
    let (mut before, mut sum) = (String::new(), "(i64.const 0)".to_owned());
    for number in 0..16 {
        let offset = number * 3 % 40;
        _ = write!(
            before,
            "(local.set $p{number} (i64.load offset={offset} (local.get $in)))
             (local.set $q{number} (f64.load offset={offset} (local.get $in)))"
        );
        sum = format!(
            "(i64.xor (i64.rotl {sum} (i64.const 3)) (i64.add (local.get $p{number})
                (i64.reinterpret_f64 (local.get $q{number}))))"
        );
    }
    all.push(Context { before, after: survived(&sum) });
    // In a loop that calls, with locals for registers that calls preserve.
    all.push(Context {
        before: "(local.set $p0 (i64.load (local.get $in)))
            (local.set $p1 (i64.load offset=8 (local.get $in)))
            (local.set $t (i32.const 2))
            (loop $again (call $clobber) (local.set $p0 (i64.add (local.get $p0) (local.get $p1)))"
            .to_owned(),
        after: "(local.set $p1 (i64.xor (local.get $p1) (i64.extend_i32_u (local.get $t))))
            (br_if $again (local.tee $t (i32.sub (local.get $t) (i32.const 1)))))"
            .to_owned()
            + &survived("(i64.sub (local.get $p0) (local.get $p1))"),
    });
    all
}

/// The type of all functions for an operator.
pub(super) fn signature(op: &Operator) -> String {
    let mut text = String::new();
    for (ty, a) in op.params.iter().zip(NAMES) {
        _ = write!(text, "(param ${a} {})", ty.name());
    }
    text += "(param $in i32) (param $out i32)";
    for ty in &op.results {
        _ = write!(text, "(result {})", ty.name());
    }
    text
}

/// A function.
pub(super) fn function(op: &Operator, from: &[Source], sink: &str, context: &Context) -> String {
    let mut text = format!("(func {}", signature(op));
    for (ty, a) in op.params.iter().zip(NAMES) {
        _ = write!(text, "(local $l{a} {})", ty.name());
    }
    for (ty, d) in op.results.iter().zip(["$d", "$d2"]) {
        _ = write!(text, "(local {d} {})", ty.name());
    }
    for ty in Type::ALL {
        _ = write!(text, "(local $w_{0} {0})", ty.name());
    }
    text += "(local $n i32) (local $t i32)";
    for number in (0..16).filter(|number| context.before.contains(&format!("$p{number} "))) {
        _ = write!(text, "(local $p{number} i64) (local $q{number} f64)");
    }
    let mut expression = format!("({}", op.text);
    let mut setup = String::new();
    for (before, operand) in from {
        setup += before;
        expression += operand;
    }
    expression.push(')');
    text += &setup;
    text += &context.before;
    let returns = sink.is_empty() && context.before.is_empty();
    match (returns, sink.is_empty()) {
        (true, _) => {}
        (false, true) if op.results.len() == 2 => {
            _ = write!(text, "{expression} (local.set $d2) (local.set $d)");
        }
        (false, true) => _ = write!(text, "(local.set $d {expression})"),
        (false, false) => text += &sink.replace('@', &expression),
    }
    text += &context.after;
    for (index, (ty, a)) in op.params.iter().zip(NAMES).enumerate() {
        let offset = PARAMS + index * OPERAND;
        _ = write!(text, "({}.store offset={offset} (local.get $out) (local.get ${a}))", ty.name());
    }
    if returns {
        text += &expression;
    } else {
        for d in ["(local.get $d)", "(local.get $d2)"].iter().take(op.results.len()) {
            text += d;
        }
    }
    text + ")\n"
}
