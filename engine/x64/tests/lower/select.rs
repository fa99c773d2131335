//! Selections by a condition, of integers and of floats everywhere they may be.
//!
//! What lives here: every kind of condition, holding or not. What does not: which operators have
//! which condition (`numeric.rs`). Invariant: both alternatives have different values, so that the
//! wrong one shows.

use wasmtier_ops::NumOp;
use wasmtier_x64::lower::{Exits, Lowering, Operand, Test, condition};
use wasmtier_x64::{CpuFeatures, Floats, Gpr, Mem, Xmm};

use crate::machine::{Machine, State, slot, wrapped};

/// Operators of one condition and of two, and the operands that tell their outcomes apart.
const CONDITIONS: [NumOp; 3] = [NumOp::F64Lt, NumOp::F64Eq, NumOp::F64Ne];
const OPERANDS: [[f64; 2]; 4] = [[1.0, 2.0], [2.0, 1.0], [1.0, 1.0], [1.0, f64::NAN]];

const FIRST: u64 = 0x1111_2222_3333_4444;
const SECOND: u64 = 0x5555_6666_7777_8888;

fn compiled(emit: impl FnOnce(&mut Lowering<'_>)) -> Machine {
    let mut exits = Exits::default();
    let cpu = CpuFeatures::FLOOR;
    Machine::new(wrapped(|code| emit(&mut Lowering { code, exits: &mut exits, cpu })))
}

/// The condition of `op` on `xmm6` and `xmm7`.
fn test(l: &mut Lowering<'_>, op: NumOp, negated: bool) -> Test {
    let test = condition(l, op, Xmm::new(6).into(), Xmm::new(7).into());
    if negated { test.not() } else { test }
}

/// Runs `machine` on everything that makes the condition hold or not; gives what it left behind,
/// and whether it held.
fn outcomes(
    machine: &Machine,
    (op, negated): (NumOp, bool),
    set_up: impl Fn(&mut State),
) -> Vec<(State, bool)> {
    let run = |operands: [f64; 2]| {
        let mut state = State::default();
        set_up(&mut state);
        let bits = operands.map(f64::to_bits);
        (state.xmm[6], state.xmm[7]) = (bits[0].into(), bits[1].into());
        machine.run(&mut state);
        let value = op.eval(&bits).expect("comparisons do not trap");
        (state, (value != 0) != negated)
    };
    OPERANDS.into_iter().map(run).collect()
}

fn conditions() -> impl Iterator<Item = (NumOp, bool)> {
    CONDITIONS.into_iter().flat_map(|op| [(op, false), (op, true)])
}

/// The value of an integer operand below, where its place does not say so.
fn value(operand: Operand, value: u64) -> u64 {
    match operand {
        Operand::Imm(imm) => i64::from(imm).cast_unsigned(),
        Operand::Reg(_) | Operand::Mem(_) | Operand::Constant(_) => value,
    }
}

#[test]
fn integers_are_selected() {
    const DST: Gpr = Gpr::Rax;
    let by_dst = |index| Mem::new(DST, 16 * index).into();
    let firsts: [Operand; 5] =
        [DST.into(), Gpr::R8.into(), slot(1).into(), by_dst(1), Operand::Imm(-3)];
    let seconds: [Operand; 5] =
        [DST.into(), Gpr::R9.into(), slot(2).into(), by_dst(2), Operand::Imm(4)];
    let pairs = firsts.into_iter().flat_map(|a| seconds.into_iter().map(move |b| (a, b)));
    // A register cannot hold an address and an operand, nor both operands.
    let holds_one = |a: &Operand, b: &Operand| *a != DST.into() || !b.uses(DST);
    for (a, b) in pairs.filter(|(a, b)| holds_one(a, b) && holds_one(b, a)) {
        for (kind, wide) in conditions().flat_map(|kind| [(kind, false), (kind, true)]) {
            let machine = compiled(|l| test(l, kind.0, kind.1).select(l, wide, DST, a, b));
            let set_up = |state: &mut State| {
                let slots = (&raw const state.slots).expose_provenance() as u64;
                state.gpr[0] = match () {
                    () if a == DST.into() => FIRST,
                    () if b == DST.into() => SECOND,
                    () => slots,
                };
                (state.gpr[8], state.gpr[9]) = (FIRST, SECOND);
                (state.slots[1], state.slots[2]) = (FIRST.into(), SECOND.into());
            };
            for (state, holds) in outcomes(&machine, kind, set_up) {
                let expected = if holds { value(a, FIRST) } else { value(b, SECOND) };
                let expected = if wide { expected } else { expected & 0xffff_ffff };
                assert_eq!(state.gpr[0], expected, "{a:?} or {b:?} by {kind:?} {holds}");
            }
        }
    }
}

#[test]
fn floats_are_selected() {
    let dst = Xmm::new(0);
    let firsts: [Operand; 3] = [dst.into(), Xmm::new(4).into(), slot(1).into()];
    let seconds: [Operand; 3] = [dst.into(), Xmm::new(5).into(), slot(2).into()];
    let pairs = firsts.into_iter().flat_map(|a| seconds.into_iter().map(move |b| (a, b)));
    for (a, b) in pairs.filter(|(a, b)| a != b) {
        for kind in conditions() {
            for (floats, mask) in [
                (Floats::Ss, u32::MAX.into()),
                (Floats::Sd, u64::MAX.into()),
                (Floats::Ps, u128::MAX),
            ] {
                let select = |l: &mut Lowering<'_>| {
                    test(l, kind.0, kind.1).select_floats(l, floats, dst, a, b);
                };
                let [first, second] = [FIRST, SECOND].map(|bits| u128::from(bits) << 64 | 7);
                let (first, second) = (first | 8, second);
                let set_up = |state: &mut State| {
                    state.xmm[0] = if a == dst.into() { first } else { second };
                    (state.xmm[4], state.xmm[5]) = (first, second);
                    (state.slots[1], state.slots[2]) = (first, second);
                };
                for (state, holds) in outcomes(&compiled(select), kind, set_up) {
                    let expected = if holds { first } else { second };
                    assert_eq!(state.xmm[0] & mask, expected & mask, "{a:?} or {b:?} by {kind:?}");
                }
            }
        }
    }
}
