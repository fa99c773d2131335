//! What tools print is read and named.

use wasmtier_bench::profile::counts::{Counts, OperatorRow};
use wasmtier_bench::profile::report::{Native, Report, Tables};
use wasmtier_bench::profile::samples::{Sample, of_callgrind, of_perf_script};
use wasmtier_bench::profile::symbols::Symbol;

const RUNNER: &str = "/target/profiling/run-wasmtier";

/// Sampled where an interpreter, two functions of machine code and the kernel took turns.
const SCRIPT: &str = include_str!("script.txt");

#[test]
fn reads_perf_script() {
    let native = Native::new("perf".into(), of_perf_script(SCRIPT));
    assert_eq!(native.cost, 9);
    let rows: Vec<_> = (native.symbols.iter())
        .map(|row| (row.cost, row.symbol.name.as_str(), row.symbol.tier.as_deref()))
        .collect();
    assert_eq!(rows[0], (3, "std::vec<int (*)(int)>::push", Some("jit")));
    assert_eq!(rows[1], (2, "i32.add S.SI", None));
    assert!(rows.contains(&(1, "main", Some("interp"))));
    assert!(rows.contains(&(1, "br_if_not.A", None)));
    let groups: Vec<_> =
        native.groups.iter().map(|(group, cost)| (group.as_str(), *cost)).collect();
    assert_eq!(groups[..2], [("wasm code: jit", 3), ("interpreter: arithmetic", 2)]);
    for group in ["wasm code: interp", "kernel", "C library", "interpreter: jumps"] {
        assert!(groups.contains(&(group, 1)), "no {group} in {groups:?}");
    }
}

#[test]
fn shows_wasm_functions_of_a_perf_map_with_their_tiers() {
    let native = Native::new("perf".into(), of_perf_script(SCRIPT));
    let report = Report {
        program: "program.wasm".into(),
        engine: "wasmtier-auto".into(),
        native: Some(native),
        counts: None,
        seconds: None,
    };
    let text = Tables(&report, 10).to_string();
    assert!(text.contains("  33.3%  jit       std::vec<int (*)(int)>::push\n"), "{text}");
    assert!(text.contains("  11.1%  interp    main\n"), "{text}");
}

#[test]
fn marks_handlers_that_stand_for_others() {
    let executed = OperatorRow { operators: vec!["i64.add".into()], count: 2 };
    let counts = Counts {
        total: 2,
        functions: Vec::new(),
        operators: vec![executed],
        pairs: Vec::new(),
        work: Vec::new(),
    };
    let report = Report {
        program: "program.wasm".into(),
        engine: "wasmtier-portable".into(),
        native: Some(Native::new("perf".into(), of_perf_script(SCRIPT))),
        counts: Some(counts),
        seconds: Some(1e-6),
    };
    let text = Tables(&report, 10).to_string();
    assert!(text.contains("i32.add S.SI  (*)"), "{text}");
    assert!(!text.contains("br_if_not.A  (*)"), "{text}");
    assert!(text.contains("500.00 ns each"), "{text}");
}

#[test]
fn reads_callgrind() {
    let text = "\
# callgrind format
version: 1
creator: callgrind-3.19.0
positions: line
events: Ir
summary: 130

ob=(1) /target/profiling/run-wasmtier
fl=(1) portable.rs
fn=(1) run
16 20
+3 10
cfn=(2) leaf
calls=7 40
+1 70
* 5

fn=(2)
40 60
fi=(2) other.rs
-4 10
ob=(2) /lib/libc.so.6
fn=(3) memcpy
0 25
totals: 130
";
    let sample = |symbol: &str, object: &str, cost, calls| Sample {
        symbol: symbol.into(),
        object: object.into(),
        cost,
        calls,
    };
    let expected = [
        sample("leaf", RUNNER, 70, Some(7)),
        sample("memcpy", "/lib/libc.so.6", 25, None),
        sample("run", RUNNER, 35, None),
    ];
    assert_eq!(of_callgrind(text), expected);
}

#[test]
fn puts_symbols_into_groups() {
    let cases = [
        ("wasmtier_interp::translate::visit::visit", "translation"),
        ("<wasmparser::validator::core::ModuleState>::add_type", "validation"),
        ("wasmparser::binary_reader::BinaryReader::read_var_u32", "parsing"),
        ("wasmtier::runtime::call::enter", "runtime"),
        ("wasmtier_bench::host::Host::call", "host functions"),
        ("wasmi::engine::executor::run", "wasmi"),
        ("mystery", "run-wasmtier"),
    ];
    for (symbol, group) in cases {
        assert_eq!(Symbol::new(symbol, RUNNER).group, group, "{symbol}");
    }
}
