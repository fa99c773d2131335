//! Valid modules of absurd sizes.

use super::encode::{leb, module, program, section, sized, with_start};
use super::{refused, survives, traps};

#[test]
fn nested_100_000_deep() {
    const DEPTH: usize = 100_000;
    for (name, open) in
        [("block", &b"\x02\x40"[..]), ("loop", b"\x03\x40"), ("if", b"\x41\0\x04\x40")]
    {
        let operators = [open.repeat(DEPTH), b"\x0b".repeat(DEPTH)].concat();
        survives(&format!("nested-{name}"), &program(b"\0", &operators));
    }
    let open = b"\x02\x40".repeat(DEPTH);
    refused("unclosed", &program(b"\0", &open), "at offset");
}

#[test]
fn a_body_of_a_million_operators() {
    survives("million-nops", &program(b"\0", &b"\x01".repeat(1_000_000)));
    survives("million-drops", &program(b"\0", &b"\x41\x01\x1a".repeat(500_000)));
    // The deepest operand stack that fits into the largest body.
    let operators = [b"\x41\x01".repeat(500_000), b"\x1a".repeat(500_000)].concat();
    survives("million-operands", &program(b"\0", &operators));
    let unreachable = [&b"\0"[..], &b"\x6a".repeat(1_000_000), b"\x1a"].concat();
    survives("million-dead", &program(b"\0", &unreachable));
    refused("largest-body", &program(b"\0", &b"\x01".repeat(8_000_000)), "at offset");
}

#[test]
fn many_locals() {
    for ty in [0x7f, 0x7b, 0x70] {
        let locals = [&[1][..], &leb(50_000), &[ty]].concat();
        survives(&format!("locals-{ty:x}"), &program(&locals, b"\x20\xcf\x86\x03\x1a"));
    }
    let groups = [leb(50_000), b"\x01\x7f".repeat(50_000)].concat();
    survives("locals-groups", &program(&groups, b""));
    // Frames of 400 KB, and a call of itself.
    let locals = [&[1][..], &leb(50_000), b"\x7f"].concat();
    survives("locals-recursion", &program(&locals, b"\x10\0"));
}

#[test]
fn br_table_of_a_million_entries() {
    let operators = [&b"\x41\x07\x0e"[..], &leb(1_000_000), &[0; 1_000_001]].concat();
    survives("br-table", &program(b"\0", &operators));
    // Each entry leaves a block with its own values to move.
    let operators = [
        b"\x02\x40".repeat(100),
        b"\x41\x07\x0e".to_vec(),
        leb(500_000),
        [0, 99, 50, 7, 98].repeat(100_000),
        vec![1],
        b"\x0b".repeat(100),
    ]
    .concat();
    survives("br-table-blocks", &program(b"\0", &operators));
}

#[test]
fn branches_with_a_thousand_operands() {
    let thousand = [&b"\x60\0"[..], &leb(1_000), &[0x7f; 1_000]].concat();
    let types = section(1, &[&b"\x02\x60\0\0"[..], &thousand].concat());
    // One operand more, so that each branch must move all the others.
    let operands = b"\x41\0".repeat(1_001);
    let run = |name: &str, operators: &[u8]| {
        let before = [types.clone(), section(3, b"\x01\0")];
        survives(name, &with_start(&before, &[], b"\x01\x01\x7f", operators));
    };
    let drops = b"\x1a".repeat(1_000);
    let branches = b"\x20\0\x0d\0".repeat(100_000);
    run("br-if-wide", &[b"\x02\x01", &operands[..], &branches, b"\x0c\0\x0b", &drops].concat());
    const DEPTH: u32 = 50_000;
    let targets: Vec<u8> = (0..DEPTH).flat_map(|depth| leb(depth.into())).collect();
    let table = [&b"\x20\0\x0e"[..], &leb((DEPTH - 1).into()), &targets].concat();
    let open = b"\x02\x01".repeat(DEPTH as usize);
    let close = b"\x0b".repeat(DEPTH as usize);
    run("br-table-wide", &[&open[..], &operands, &table, &close, &drops].concat());
}

#[test]
fn a_backtrace_through_the_largest_body() {
    // Frames say where they are at the price of translating their function again.
    let operators = [&b"\x10\0"[..], &b"\x20\0\x20\0\x6a\x21\0".repeat(1_080_000)].concat();
    traps("backtrace", &program(b"\x01\x01\x7f", &operators), "call stack exhausted");
}

#[test]
fn names_in_pieces() {
    const COUNT: u64 = 300_000;
    let bodies = [leb(COUNT), b"\x02\0\x0b".repeat(COUNT as usize)].concat();
    let pieces: Vec<u8> = (0..COUNT)
        .flat_map(|func| {
            let naming = [&b"\x01"[..], &leb(COUNT - 1 - func), b"\x01f"].concat();
            [&b"\x01"[..], &sized(&naming)].concat()
        })
        .collect();
    let names = section(0, &[&b"\x04name"[..], &pieces].concat());
    let functions = section(3, &[leb(COUNT), vec![0; COUNT as usize]].concat());
    let types = section(1, b"\x01\x60\0\0");
    survives("names", &module(&[types, functions, section(10, &bodies), names]));
}

#[test]
fn many_functions_and_types() {
    let types = section(1, b"\x01\x60\0\0");
    let functions = |count: u64| section(3, &[leb(count), vec![0; count as usize]].concat());
    let bodies =
        |count: u64| section(10, &[leb(count), b"\x02\0\x0b".repeat(count as usize)].concat());
    let bytes = module(&[
        types.clone(),
        functions(500_000),
        section(7, b"\x01\x06_start\0\0"),
        bodies(500_000),
    ]);
    survives("functions", &bytes);
    refused(
        "functions-most",
        &module(&[types, functions(1_000_001), bodies(1_000_001)]),
        "at offset",
    );
    let wide = section(1, &[&b"\x01\x60"[..], &leb(1_001), &[0x7f; 1_001], b"\0"].concat());
    refused("parameters", &module(&[wide]), "at offset");
    let many: Vec<u8> = (0..300_000u32)
        .flat_map(|n| {
            let params: Vec<u8> =
                (0..19).map(|bit| if n >> bit & 1 == 0 { 0x7f } else { 0x7e }).collect();
            [&b"\x60"[..], &sized(&params), b"\0"].concat()
        })
        .collect();
    let types = section(1, &[leb(300_000), many].concat());
    survives("types", &module(&[types]));
}

#[test]
fn many_segments() {
    let memory = section(5, b"\x01\0\x01");
    let data = |count: u64| section(11, &[leb(count), b"\x01\0".repeat(count as usize)].concat());
    survives("data", &module(&[memory.clone(), data(100_000)]));
    refused("data-most", &module(&[memory.clone(), data(1_000_000)]), "at offset");
    refused(
        "data-outside",
        &module(&[memory, section(11, b"\x01\0\x41\0\x0b\xff\xff\xff\xff\x0f")]),
        "at offset",
    );
    let elements = section(9, &[leb(100_000), b"\x01\0\0".repeat(100_000)].concat());
    survives("elements", &module(&[elements]));
    // Many parts of a large table that wait for its use, and then its use.
    let active = section(9, &[leb(100_000), b"\0\x41\0\x0b\x01\0".repeat(100_000)].concat());
    let before = [
        section(1, b"\x01\x60\0\0"),
        section(3, b"\x01\0"),
        section(4, &[&b"\x01\x70\0"[..], &leb(10_000_000)].concat()),
    ];
    let length = b"\x80\xad\xe2\x04";
    let copy = [&b"\x41\0\x41\0\x41"[..], length, b"\xfc\x0e\0\0"].concat();
    survives("elements-wait", &with_start(&before, &[active], b"\0", &copy));
    // One segment of a million constant expressions.
    let expressions =
        [&b"\x01\x05\x70"[..], &leb(1_000_000), &b"\xd0\x70\x0b".repeat(1_000_000)].concat();
    survives("expressions", &module(&[section(9, &expressions)]));
}

#[test]
fn a_long_constant_expression() {
    let sum = [&b"\x01\x7f\0\x41\0"[..], &b"\x41\x01\x6a".repeat(300_000), b"\x0b"].concat();
    survives("constant", &module(&[section(6, &sum)]));
    let deep =
        [&b"\x01\x7f\0"[..], &b"\x41\x01".repeat(300_000), &b"\x6a".repeat(299_999), b"\x0b"]
            .concat();
    survives("constant-deep", &module(&[section(6, &deep)]));
}

#[test]
fn memories_and_tables_of_the_largest_size() {
    let start = |sections: &[Vec<u8>]| {
        let before = [section(1, b"\x01\x60\0\0"), section(3, b"\x01\0"), sections.concat()];
        with_start(&before, &[], b"\0", b"")
    };
    survives("memory-4-gib", &start(&[section(5, b"\x01\0\x80\x80\x04")]));
    refused("memory-65537", &start(&[section(5, b"\x01\0\x81\x80\x04")]), "memory size");
    let large = [&b"\x01\x04"[..], &leb(1 << 48)].concat();
    survives("memory64-most", &start(&[section(5, &large)]));
    let many = [leb(100), b"\0\x80\x80\x04".repeat(100)].concat();
    survives("memories-100", &start(&[section(5, &many)]));
    survives("table-most", &start(&[section(4, b"\x01\x70\0\xff\xff\xff\xff\x0f")]));
    let large = [&b"\x01\x70\x04"[..], &leb(u64::MAX)].concat();
    survives("table64-most", &start(&[section(4, &large)]));
}
