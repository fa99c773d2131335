//! 128-bit integers against the rows: operands and results in all places and in each other's.

use wasmtier_ops::WideOp;
use wasmtier_x64::lower::{Exits, Lowering, Operand, Reg, wide, wide_needs_rax_rdx};
use wasmtier_x64::{CpuFeatures, Gpr, Mem};

use crate::guest::{number, set_low};
use crate::machine::{Machine, State, slot, wrapped};

/// Holds the address of the slots, and may be operand and result too.
const POINTER: Gpr = Gpr::Rcx;

const PLACES: [Operand; 7] = [
    Operand::Reg(Reg::Gpr(Gpr::Rax)),
    Operand::Reg(Reg::Gpr(Gpr::Rdx)),
    Operand::Reg(Reg::Gpr(POINTER)),
    Operand::Reg(Reg::Gpr(Gpr::R8)),
    Operand::Mem(slot(2)),
    Operand::Mem(Mem::new(POINTER, 48)),
    Operand::Imm(-3),
];

const RESULTS: [Gpr; 5] = [Gpr::Rax, Gpr::Rdx, POINTER, Gpr::R8, Gpr::Rsi];

const VALUES: [u64; 6] = [0, 1, u64::MAX, 1 << 63, 0x7fff_ffff_ffff_ffff, 0x0123_4567_89ab_cdef];

/// Registers and slots with a choice of values that `seed` makes.
fn filled(seed: usize) -> State {
    let mut state = State::default();
    let value = |i: usize| VALUES[(seed / VALUES.len().pow(i as u32)) % VALUES.len()];
    for (i, register) in [Gpr::Rax, Gpr::Rdx, Gpr::R8].into_iter().enumerate() {
        state.gpr[number(register)] = value(i);
    }
    set_low(&mut state.slots[2], value(3));
    set_low(&mut state.slots[3], value(4));
    state
}

fn read(state: &State, place: Operand) -> u64 {
    match place {
        Operand::Reg(Reg::Gpr(register)) => state.gpr[number(register)],
        Operand::Mem(mem) if mem == slot(2) => state.slots[2] as u64,
        Operand::Mem(_) => state.slots[3] as u64,
        Operand::Imm(imm) => i64::from(imm).cast_unsigned(),
        Operand::Reg(Reg::Xmm(_)) | Operand::Constant(_) => unreachable!("integers only"),
    }
}

fn check(op: WideOp, dst: [Gpr; 2], operands: &[Operand], seeds: impl Iterator<Item = usize>) {
    let mut exits = Exits::default();
    let code = wrapped(|code| {
        let l = &mut Lowering { code, exits: &mut exits, cpu: CpuFeatures::FLOOR };
        wide(l, op, dst, operands);
    });
    let machine = Machine::new(code);
    for seed in seeds {
        let mut state = filled(seed);
        state.gpr[number(POINTER)] = state.slots.as_ptr().addr() as u64;
        let args: Vec<u64> = operands.iter().map(|place| read(&state, *place)).collect();
        let mut expected = state.clone();
        machine.run(&mut state);
        let context = format!("{} {args:x?} {operands:?} to {dst:?}", op.name());
        let [low, high] = op.eval(&args);
        expected.gpr[number(dst[0])] = low;
        expected.gpr[number(dst[1])] = high;
        for free in [Gpr::R11].into_iter().chain(scratch(op, dst)) {
            expected.gpr[number(free)] = state.gpr[number(free)];
        }
        expected.xmm[13..].copy_from_slice(&state.xmm[13..]);
        assert_eq!(state, expected, "{context}");
    }
}

/// What else the operator may change.
fn scratch(op: WideOp, dst: [Gpr; 2]) -> impl Iterator<Item = Gpr> {
    let both = [Gpr::Rax, Gpr::Rdx];
    both.into_iter().filter(move |free| wide_needs_rax_rdx(op) && !dst.contains(free))
}

/// All pairs of registers that a result may be in.
fn pairs() -> impl Iterator<Item = [Gpr; 2]> {
    let pairs = RESULTS.into_iter().flat_map(|low| RESULTS.map(|high| [low, high]));
    pairs.filter(|[low, high]| low != high)
}

#[test]
fn sums_and_differences() {
    for op in [WideOp::I64Add128, WideOp::I64Sub128] {
        for dst in pairs() {
            for (i, a) in PLACES.into_iter().enumerate() {
                for (j, b) in PLACES.into_iter().enumerate() {
                    // The other halves run through all places, too, one after the other.
                    for shift in 0..PLACES.len() {
                        let a_high = PLACES[(i + j + shift) % PLACES.len()];
                        let b_high = PLACES[(i + 3 * j + 2 * shift) % PLACES.len()];
                        let seeds = (0..12).map(|k| 641 * k + 97 * shift + i + 7 * j);
                        check(op, dst, &[a, a_high, b, b_high], seeds);
                    }
                }
            }
        }
    }
}

#[test]
fn products() {
    for op in [WideOp::I64MulWideS, WideOp::I64MulWideU] {
        for dst in pairs() {
            for a in PLACES {
                for b in PLACES {
                    check(op, dst, &[a, b], (0..64).map(|k| 131 * k));
                }
            }
        }
    }
}
