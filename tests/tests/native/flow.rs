//! Jumps by values, jump tables and returns, with what they look at everywhere.

use wasmtier_ops::ScalarType;

use crate::operators::layouts;
use crate::places::scalars;
use crate::program::{Operands, Program, report};
use crate::values::operands;
use crate::{oracle, subjects, thorough};

const TYPES: [ScalarType; 4] = [ScalarType::I32, ScalarType::I64, ScalarType::F32, ScalarType::F64];

/// Operands of which every third is zero, and every third small.
fn records(ty: ScalarType) -> Vec<Operands> {
    let pairs = operands(&[ty, ty], if thorough() { 2000 } else { 200 }, 21);
    let records = pairs.into_iter().zip(0..);
    records
        .map(|([a, b], number)| match number % 3 {
            0 => [0, b.into(), 0],
            1 => [number / 3 % 7, b.into(), 0],
            _ => [a.into(), b.into(), 0],
        })
        .collect()
}

/// Text that branches forwards, backwards, and around either arm of an `if`, by a condition.
fn jumps(condition: &str) -> [String; 3] {
    [
        format!(
            "(local.set $r (i32.const 5))
             (block $x (br_if $x {condition}) (local.set $r (i32.const 9)))"
        ),
        // Taken twice, if at all.
        format!(
            "(local.set $r (i32.const 0)) (block $x (loop $l
               (local.set $r (i32.add (local.get $r) (i32.const 1)))
               (br_if $x (i32.ge_u (local.get $r) (i32.const 3))) (br_if $l {condition})))"
        ),
        format!(
            "(local.set $r (if (result i32) {condition}
               (then (i32.const 3)) (else (local.set $d_i64 (i64.const 4)) (i32.const 8))))"
        ),
    ]
}

/// Text that jumps through tables, forwards and backwards.
fn table_jumps(index: &str) -> [String; 2] {
    [
        format!(
            "(local.set $r (i32.const 3))
             (block $d (block $b (block $a (br_table $a $b $d $a $b {index}))
               (local.set $r (i32.const 1)) (br $d)) (local.set $r (i32.const 2)))"
        ),
        format!(
            "(local.set $r (i32.const 0)) (block $d (loop $l
               (local.set $r (i32.add (local.get $r) (i32.const 1)))
               (br_if $d (i32.ge_u (local.get $r) (i32.const 4)))
               (br_table $l $d $l $d $l {index})))"
        ),
    ]
}

#[test]
fn jumps_by_values() {
    let (oracle, subjects) = (oracle(), subjects());
    let mut failures = Vec::new();
    for ty in [ScalarType::I32, ScalarType::I64] {
        let pins = layouts(&[ty])[0];
        let mut program = Program::new(format!("jumps by {}", ty.name()), pins, "");
        for (setup, value) in scalars(&pins, ty, "a", 0) {
            let zero = format!("({}.eqz {value})", ty.name());
            let mut conditions = vec![format!("(i32.eqz {zero})"), zero];
            if ty == ScalarType::I32 {
                conditions.push(value.clone());
            }
            let mut texts: Vec<_> = conditions.iter().flat_map(|it| jumps(it)).collect();
            if ty == ScalarType::I32 {
                texts.extend(table_jumps(&value));
                // What the comparison left is used again.
                texts.push(format!(
                    "(local.set $r (i32.const 7)) (block $x
                     (br_if $x (local.tee $d_i32 (i32.eqz {value}))) (local.set $r (i32.const 8)))
                     (local.set $r (i32.add (local.get $r) (local.get $d_i32)))"
                ));
            }
            for text in texts {
                program.add(
                    |at| {
                        format!(
                            "{setup}{text}(i32.store offset={at} (local.get $out) (local.get $r))"
                        )
                    },
                    |_| false,
                );
            }
        }
        program.check(&oracle, &subjects, &records(ty), &mut failures);
    }
    report(&failures);
}

/// Functions that return one value from everywhere it may be, and their names.
fn returns(ty: ScalarType) -> (String, Vec<String>) {
    let name = ty.name();
    let mut text = String::new();
    let mut names = Vec::new();
    let uses = |local: usize, count: usize| format!("(drop (local.get {local}))").repeat(count);
    // The parameter is local 0; 1 to 4 are pinned, 5 and 6 are not.
    let pinned: String = (1..5).map(|local| uses(local, 20 - local)).collect();
    let pinning = "(loop ".repeat(6) + &pinned + &")".repeat(6);
    let sets: String = (1..7)
        .map(|local| {
            format!("(local.set {local} ({name}.load offset={} (global.get $at)))", local * 8)
        })
        .collect();
    let sources = (0..7).map(|local| format!("(local.get {local})"));
    let sources = sources.chain([format!("({name}.load (global.get $at))")]);
    for (source, number) in sources.zip(0..) {
        for (form, result) in [
            ("plain", source.clone()),
            ("return", format!("(return {source})")),
            ("branch", format!("(br 0 {source})")),
            (
                "maybe",
                format!(
                    "{source} (br_if 0 (i32.and (i32.load (global.get $at)) (i32.const 1))) drop
                         (local.get 6)"
                ),
            ),
            (
                "many",
                format!("(drop (call $two {source} (global.get $at))) (local.set 6) (local.get 6)"),
            ),
        ] {
            let function = format!("${form}{number}");
            text += &format!(
                "(func {function} (param {name}) (result {name})
                   (local {name} {name} {name} {name} {name} {name}) {pinning}
                   {sets} {result})\n"
            );
            names.push(function);
        }
    }
    text += &format!(
        "(global $at (mut i32) (i32.const 0))
         (func $two (param {name} i32) (result {name} i32) (local.get 0) (local.get 1))"
    );
    (text, names)
}

#[test]
fn returns_from_everywhere() {
    let (oracle, subjects) = (oracle(), subjects());
    let mut failures = Vec::new();
    for ty in TYPES {
        let (fields, functions) = returns(ty);
        let pins = layouts(&[ty])[0];
        let name = ty.name();
        let mut program = Program::new(format!("returns of {name}"), pins, fields);
        for function in functions {
            program.add(
                |at| {
                    format!(
                        "(global.set $at (local.get $in))
                         ({name}.store offset={at} (local.get $out)
                           (call {function} ({name}.load offset=16 (local.get $in))))"
                    )
                },
                |_| false,
            );
        }
        program.check(&oracle, &subjects, &records(ty), &mut failures);
    }
    report(&failures);
}
