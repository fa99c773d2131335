//! Division by constants against the rows: the factors that replace it must be right to the last
//! bit.
//!
//! What lives here: many divisors, and dividends where a quotient changes. What does not: operands
//! in other places (`numeric.rs`). Invariant: the same values every time.

use wasmtier_ops::{NumOp, ScalarType};
use wasmtier_x64::lower::{Constraint, Exits, Lowering, Operand, binary, constraint};
use wasmtier_x64::{CpuFeatures, Gpr};

use crate::machine::{Machine, State, wrapped};

const DIVISIONS: [NumOp; 8] = [
    NumOp::I32DivS,
    NumOp::I32DivU,
    NumOp::I32RemS,
    NumOp::I32RemU,
    NumOp::I64DivS,
    NumOp::I64DivU,
    NumOp::I64RemS,
    NumOp::I64RemU,
];

/// Small ones, those next to powers of two, and some by chance.
fn divisors() -> impl Iterator<Item = i32> {
    let next_to_powers = (2..32).flat_map(|bit| {
        let power = 1_u32.wrapping_shl(bit).cast_signed();
        [power.wrapping_sub(1), power, power.wrapping_add(1)]
    });
    let by_chance = numbers().map(|number| number as i32).take(60);
    let all = (1..40).chain(next_to_powers).chain(by_chance).filter(|divisor| *divisor != 0);
    all.flat_map(|divisor| [divisor, divisor.wrapping_neg()]).filter(|divisor| *divisor != -1)
}

/// A sequence that looks like chance.
fn numbers() -> impl Iterator<Item = u64> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    core::iter::repeat_with(move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    })
}

/// Extremes, and numbers next to multiples of the divisor.
fn dividends(divisor: u64) -> Vec<u64> {
    let extremes = [0, 1, i32::MAX as u64, 1 << 31, u32::MAX.into(), i64::MAX as u64, 1 << 63];
    let mut all = Vec::new();
    for number in extremes.into_iter().chain([u64::MAX]).chain(numbers().take(12)) {
        let multiple = (number / divisor.max(1)).wrapping_mul(divisor);
        for near in [number, multiple] {
            all.extend([near.wrapping_sub(1), near, near.wrapping_add(1), near.wrapping_neg()]);
        }
    }
    all
}

#[test]
fn constants_divide_exactly() {
    for op in DIVISIONS {
        let ty = op.result();
        let Constraint::Divide { result } = constraint(op, CpuFeatures::FLOOR) else {
            panic!("{} is a division", op.name());
        };
        for divisor in divisors() {
            let mut exits = Exits::default();
            let mut code = wrapped(|code| {
                let mut l = Lowering { code, exits: &mut exits, cpu: CpuFeatures::FLOOR };
                let imm = Operand::Imm(divisor);
                binary(&mut l, op, result.into(), Gpr::Rax.into(), imm);
            });
            exits.place_constants(&mut code);
            let machine = Machine::new(code);
            let divisor = ty.bits_of_imm(divisor);
            for dividend in dividends(divisor) {
                let mut state = State::default();
                state.gpr[usize::from(u8::from(Gpr::Rax))] = dividend;
                machine.run(&mut state);
                let narrow = ty == ScalarType::I32;
                let bits = if narrow { u64::from(dividend as u32) } else { dividend };
                let expected = op.eval(&[bits, divisor]).expect("no divisor traps");
                let found = state.gpr[usize::from(u8::from(result))];
                assert_eq!(found, expected, "{} of {bits:#x} by {divisor:#x}", op.name());
            }
        }
    }
}
