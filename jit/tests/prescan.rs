//! The prescan on bodies made by hand.

use wasmtier_jit::{RegionIdx, prescan};
use wasmtier_vm::LocalIdx;

const LOOP: u8 = 0x03;
const BLOCK: u8 = 0x02;
const EMPTY: u8 = 0x40;
const END: u8 = 0x0b;
const BR: u8 = 0x0c;
const CALL: u8 = 0x10;
const DROP: u8 = 0x1a;
const LOCAL_GET: u8 = 0x20;

#[test]
fn nested_loops_tell_their_own_uses() {
    let get = [LOCAL_GET, 0, DROP];
    let mut body = vec![0];
    body.extend(get);
    body.extend([LOOP, EMPTY]);
    body.extend(get);
    body.extend([LOOP, EMPTY]);
    body.extend(get);
    body.extend([CALL, 0, END]);
    body.extend(get);
    body.extend([END, END]);
    let scan = prescan(&body, 100, 1).expect("a body");
    let parents: Vec<_> = scan.regions.iter().map(|region| region.parent.index()).collect();
    assert_eq!(parents, [0, 0, 1]);
    let depths: Vec<_> = scan.regions.iter().map(|region| region.depth).collect();
    assert_eq!(depths, [0, 1, 2]);
    assert_eq!(scan.regions[2].calls, 1);
    assert_eq!(scan.regions[1].calls, 0);
    assert_eq!(scan.regions[1].offset, 104);
    // Once in the body, before and after the inner loop in the outer one, once in the inner.
    assert_eq!(scan.weight(LocalIdx(0)), 1 + 2 * 8 + 64);
    let first = &scan.uses[0];
    assert_eq!((first.region, first.local, first.count), (RegionIdx::BODY, LocalIdx(0), 1));
}

#[test]
fn dead_code_is_not_counted() {
    let body = [0, BLOCK, EMPTY, BR, 0, LOCAL_GET, 0, DROP, END, END];
    let scan = prescan(&body, 0, 1).expect("a body");
    assert_eq!(scan.uses, []);
    assert_eq!(scan.operators, 4);
}

#[test]
fn unknown_locals_and_truncation_are_errors() {
    assert!(prescan(&[0, LOCAL_GET, 1, DROP, END], 0, 1).is_err());
    assert!(prescan(&[], 0, 0).is_err(), "no locals");
    assert!(prescan(&[0, LOOP], 0, 0).is_err(), "no block type");
    assert!(prescan(&[0, LOCAL_GET], 0, 1).is_err(), "no index");
}

#[test]
fn a_million_alternating_uses_take_linear_room() {
    let mut body = vec![0];
    for _ in 0..100_000 {
        body.extend([LOCAL_GET, 0, DROP, LOOP, EMPTY, LOCAL_GET, 0, DROP, END]);
    }
    body.push(END);
    let scan = prescan(&body, 0, 1).expect("a body");
    assert_eq!(scan.regions.len(), 100_001);
    assert!(scan.uses.len() <= 200_000);
}
