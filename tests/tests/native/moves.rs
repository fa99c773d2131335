//! What moves values: copies between locals, constants, globals and selections, accesses to memory.
//!
//! Invariant: operators come from `wasmtier_ops`; nothing here names one.

use wasmtier_ops::ScalarType;

use crate::access::{Access, scalar};
use crate::operators::layouts;
use crate::places::{leave, pinned, scalars};
use crate::program::{Operands, Pins, Program, constant, report};
use crate::values::{edges, operands, vectors};
use crate::{oracle, subjects, thorough};

const TYPES: [ScalarType; 4] = [ScalarType::I32, ScalarType::I64, ScalarType::F32, ScalarType::F64];

/// The pins when only values of a type matter.
fn pins_of(ty: ScalarType) -> Pins {
    layouts(&[ty])[0]
}

/// Pairs of edge values of a type.
fn pairs(ty: ScalarType) -> Vec<Operands> {
    let pairs = operands(&[ty, ty], if thorough() { 4000 } else { 300 }, 11);
    pairs.into_iter().zip(0..).map(|([a, b], c)| [a.into(), b.into(), c]).collect()
}

#[test]
fn copies_and_constants() {
    let (oracle, subjects) = (oracle(), subjects());
    let mut failures = Vec::new();
    for ty in TYPES {
        let pins = pins_of(ty);
        let mut program = Program::new(format!("copies of {}", ty.name()), pins, "");
        for (setup, value) in scalars(&pins, ty, "a", 0) {
            for leave in leave(&pins, ty) {
                program.add(|offset| setup.clone() + &leave(&value, offset), |_| false);
            }
        }
        for bits in edges(ty) {
            for leave in leave(&pins, ty) {
                program.add(|offset| leave(&constant(ty, bits), offset), |_| false);
            }
        }
        // Locals that change places while one of them waits on the operand stack.
        let locals = [pinned(&pins, ty), vec![format!("$a_{0}", ty.name())]].concat();
        for x in &locals {
            for y in locals.iter().filter(|y| *y != x) {
                let name = ty.name();
                program.add(
                    |offset| {
                        let next = offset + 8;
                        format!(
                            "(local.set {x} ({name}.load (local.get $in)))\
                             (local.set {y} ({name}.load offset=16 (local.get $in)))\
                             (local.get {x}) (local.set {x} (local.get {y})) (local.set {y})\
                             ({name}.store offset={offset} (local.get $out) (local.get {x}))\
                             ({name}.store offset={next} (local.get $out) (local.get {y}))\
                             ({name}.store 1 offset={offset} (local.get $out) (local.get {x}))\
                             ({name}.store 1 offset={next} (local.get $out) (local.get {y}))"
                        )
                    },
                    |_| false,
                );
            }
        }
        program.check(&oracle, &subjects, &pairs(ty), &mut failures);
    }
    report(&failures);
}

#[test]
fn globals() {
    let (oracle, subjects) = (oracle(), subjects());
    let mut failures = Vec::new();
    for ty in TYPES {
        let (pins, name) = (pins_of(ty), ty.name());
        let fields = format!(
            "(import \"env\" \"{name}\" (global $imported (mut {name})))
             (global $before (mut v128) (v128.const i64x2 1 2))
             (global $own (mut {name}) {})",
            constant(ty, edges(ty)[1]),
        );
        let mut program = Program::new(format!("globals of {name}"), pins, fields);
        for global in ["$own", "$imported"] {
            for (setup, value) in scalars(&pins, ty, "a", 0) {
                for leave in leave(&pins, ty) {
                    program.add(
                        |offset| {
                            let get = format!("(global.get {global})");
                            format!("{setup}(global.set {global} {value}){}", leave(&get, offset))
                        },
                        |_| false,
                    );
                }
            }
        }
        program.check(&oracle, &subjects, &pairs(ty), &mut failures);
    }
    let fields = "(import \"env\" \"v128\" (global $imported (mut v128)))
        (global $before (mut i32) (i32.const 1)) (global $own (mut v128) (v128.const i64x2 1 2))";
    let mut program = Program::new("globals of v128", pins_of(ScalarType::I64), fields);
    for global in ["$own", "$imported"] {
        program.add(
            |offset| {
                format!(
                    "(global.set {global} (v128.load (local.get $in)))\
                     (v128.store offset={offset} (local.get $out) (global.get {global}))\
                     (local.set $a_v128 (global.get {global}))\
                     (v128.store 1 offset={offset} (local.get $out) (local.get $a_v128))"
                )
            },
            |_| false,
        );
    }
    program.check(&oracle, &subjects, &vectors(100, 3), &mut failures);
    report(&failures);
}

#[test]
fn selections() {
    let (oracle, subjects) = (oracle(), subjects());
    let mut failures = Vec::new();
    let odd = "(i32.and (i32.load offset=32 (local.get $in)) (i32.const 1))";
    for ty in TYPES {
        let (pins, name) = (pins_of(ty), ty.name());
        let mut program = Program::new(format!("selections of {name}"), pins, "");
        // The condition in the accumulator, in a slot, and behind operands that need it.
        let conditions = [
            (String::new(), odd.to_owned()),
            (format!("(local.set $d_i32 {odd})"), "(local.get $d_i32)".to_owned()),
            (
                format!("(local.set $d_i64 (i64.extend_i32_u {odd}))"),
                "(i64.eqz (local.get $d_i64))".to_owned(),
            ),
        ];
        for (first, a) in scalars(&pins, ty, "a", 0) {
            for (second, b) in scalars(&pins, ty, "b", 16) {
                for (before, condition) in &conditions {
                    for leave in leave(&pins, ty) {
                        program.add(
                            |offset| {
                                let select = format!("(select {a} {b} {condition})");
                                format!("{before}{first}{second}{}", leave(&select, offset))
                            },
                            |_| false,
                        );
                    }
                }
            }
        }
        let pairs = pairs(ty);
        program.check(&oracle, &subjects, &pairs[..pairs.len() / 3], &mut failures);
    }
    let mut program = Program::new("selections of v128", pins_of(ScalarType::I32), "");
    for condition in [odd, "(local.tee $i0 (i32.load8_u offset=33 (local.get $in)))"] {
        program.add(
            |offset| {
                let loads = "(v128.load (local.get $in)) (v128.load offset=16 (local.get $in))";
                let store = format!("(v128.store offset={offset} (local.get $out)");
                format!("{store} (select {loads} {condition}))")
            },
            |_| false,
        );
    }
    program.check(&oracle, &subjects, &vectors(200, 4), &mut failures);
    report(&failures);
}

#[test]
fn accesses_with_every_kind_of_operand() {
    let oracle = oracle();
    let mut failures = Vec::new();
    let operands: Vec<Operands> = vectors(if thorough() { 3000 } else { 150 }, 9)
        .into_iter()
        // An aligned address in what programs may write, a value, and another.
        .map(|[a, b, c]| [a & 0x7ff0, b, c])
        .collect();
    for accesses in Access::all().chunks(16) {
        let subjects = subjects();
        for access in accesses {
            for program in access_programs(*access) {
                program.check(&oracle, &subjects, &operands, &mut failures);
            }
        }
    }
    report(&failures);
}

/// An access to both memories, its operands and result everywhere.
fn access_programs(access: Access) -> Vec<Program> {
    let types: Vec<_> =
        access.values().into_iter().chain(access.result()).filter_map(scalar).collect();
    let ty = types.first().copied().unwrap_or(ScalarType::I32);
    // Addresses are integers too.
    let layouts = layouts(&[ScalarType::I32, ty]);
    // The others only look at slots.
    let pinning = matches!(access, Access::Load(_) | Access::Store(_));
    let layouts = if pinning { &layouts[..] } else { &layouts[..1] };
    layouts.iter().map(|pins| access_program(access, *pins)).collect()
}

fn access_program(access: Access, pins: Pins) -> Program {
    let mut program = Program::new(access.name(), pins, "");
    for memory in [0, 1] {
        for offset in [0, 8] {
            for (address_setup, address) in scalars(&pins, ScalarType::I32, "a", 0) {
                // The constants are not addresses.
                let address = match address.starts_with("(i32.const") {
                    true => "(i32.const 4096)".to_owned(),
                    false => address,
                };
                for (value_setup, values) in value_operands(access, &pins) {
                    if address.starts_with("(local") && values.contains(&address) {
                        // Only one of them can be in this local.
                        continue;
                    }
                    let lane = program.count();
                    let operator = access.operator(memory, offset, lane);
                    let expression = format!("({operator} {address} {values})");
                    let setup = format!("{address_setup}{value_setup}");
                    add_access(&mut program, access, &setup, &expression);
                }
            }
        }
    }
    program
}

fn add_access(program: &mut Program, access: Access, setup: &str, expression: &str) {
    match access.result() {
        None => program.add(|_| format!("{setup}{expression}"), |_| false),
        Some("v128") => program.add(
            |at| format!("{setup}(v128.store offset={at} (local.get $out) {expression})"),
            |_| false,
        ),
        Some(name) => {
            let ty = scalar(name).expect("it is no vector");
            for leave in leave(program.pins(), ty) {
                program.add(|at| setup.to_owned() + &leave(expression, at), |_| false);
            }
        }
    }
}

/// Setups and text for what is written, or compared with.
fn value_operands(access: Access, pins: &Pins) -> Vec<(String, String)> {
    match access.values()[..] {
        [] => vec![Default::default()],
        ["v128", ..] => vec![(String::new(), "(v128.load offset=16 (local.get $in))".to_owned())],
        [name] => scalars(pins, scalar(name).expect("it is no vector"), "b", 16),
        [name, ..] => {
            let ty = scalar(name).expect("it is no vector");
            let mut all = scalars(pins, ty, "b", 32);
            for (_, value) in &mut all {
                *value = format!("({name}.const 0) {value}");
            }
            let other = format!("({name}.load offset=32 (local.get $in))");
            all.extend(
                scalars(pins, ty, "b", 16)
                    .into_iter()
                    .map(|(setup, value)| (setup, format!("{value} {other}"))),
            );
            all
        }
    }
}
