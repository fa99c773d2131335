//! `i8x16.shuffle` by masks for which there is one instruction, and by others.

use iced_x86::{Decoder, DecoderOptions};
use wasmtier_ops::SimdOp;
use wasmtier_x64::lower::{Imm, Reg, shuffle_by, simd};
use wasmtier_x64::{CpuFeatures, Mem, Xmm};

use super::emitted::{feature_sets, ignore_scratch, instructions, machine};
use crate::machine::{State, slot};
use crate::values::Chance;

/// A mask from what it has at each place.
fn mask(lane: impl Fn(u8) -> u8) -> [u8; 16] {
    std::array::from_fn(|at| lane(at as u8) % 32)
}

/// Masks that are one instruction, where instructions have three operands.
fn simple() -> Vec<[u8; 16]> {
    let mut masks = Vec::new();
    for flip in [0, 16] {
        for width in [1, 2, 4, 8] {
            for start in [0, 8] {
                let element = |at| start + at / width / 2 * width + at % width;
                masks.push(mask(|at| (element(at) + at / width % 2 * 16) ^ flip));
            }
        }
        for first in 0..16 {
            masks.push(mask(|at| flip + first + at));
        }
        for words in [0b0000_0001, 0b1010_1010, 0b0110_1100, 0b0111_1111] {
            masks.push(mask(|at| (at + (words >> (at / 2) & 1) * 16) ^ flip));
        }
        let dwords = [[3, 2, 1, 0], [0, 0, 0, 0], [1, 3, 4, 6], [2, 2, 7, 7]];
        masks.extend(
            dwords.map(|dwords| mask(|at| (dwords[usize::from(at / 4)] * 4 + at % 4) ^ flip)),
        );
        masks.push(mask(|at| (15 - at) ^ flip));
        masks.push(mask(|at| (at * at % 16) ^ flip));
    }
    masks
}

/// Masks next to the simple ones, and some that are there by chance.
fn masks() -> Vec<[u8; 16]> {
    let mut chance = Chance::new(2);
    let mut masks = simple();
    let mut near = masks.clone();
    for mask in &mut near {
        mask[chance.below(16)] = chance.below(32) as u8;
    }
    masks.extend(near);
    masks.extend((0..50).map(|_| chance.vector().to_le_bytes().map(|lane| lane % 32)));
    masks
}

/// All choices of the result and two operands among three registers.
fn registers() -> impl Iterator<Item = [Xmm; 3]> {
    (0..27).map(|choice| [choice / 9, choice / 3 % 3, choice % 3].map(|r| Xmm::new(6 + 3 * r)))
}

fn state(chance: &mut Chance) -> State {
    let mut state = State::default();
    state.xmm.fill_with(|| chance.vector());
    state
}

#[test]
fn by_a_mask_that_is_known() {
    let mut chance = Chance::new(3);
    for cpu in feature_sets() {
        for mask in masks() {
            for [dst, a, b] in registers() {
                let operands = [a, b].map(Reg::Xmm);
                let imm = Imm::Shuffle(mask);
                let code =
                    machine(cpu, |l| simd(l, SimdOp::I8x16Shuffle, dst.into(), &operands, imm));
                let mut actual = state(&mut chance);
                let mut expected = actual.clone();
                code.run(&mut actual);
                let args = [a, b].map(|r| expected.xmm[usize::from(r.number())]);
                let result = SimdOp::I8x16Shuffle.eval(&args, mask);
                expected.xmm[usize::from(dst.number())] = result;
                ignore_scratch(&mut expected, &actual);
                assert_eq!(actual, expected, "{cpu:?} {mask:?} {dst:?} {a:?} {b:?}");
            }
        }
    }
}

#[test]
fn by_a_mask_in_memory() {
    let mut chance = Chance::new(4);
    let (base, _, offset) = slot(2).parts();
    for cpu in feature_sets() {
        for [dst, a, b] in registers() {
            let code = machine(cpu, |l| shuffle_by(l, dst, a, b, Mem::new(base, offset + 3)));
            for mask in masks() {
                let mut actual = state(&mut chance);
                let bits = u128::from_le_bytes(mask);
                (actual.slots[2], actual.slots[3]) = (bits << 24, bits >> 104);
                let mut expected = actual.clone();
                code.run(&mut actual);
                let args = [a, b].map(|r| expected.xmm[usize::from(r.number())]);
                let result = SimdOp::I8x16Shuffle.eval(&args, mask);
                expected.xmm[usize::from(dst.number())] = result;
                ignore_scratch(&mut expected, &actual);
                assert_eq!(actual, expected, "{cpu:?} {mask:?} {dst:?} {a:?} {b:?}");
            }
        }
    }
}

#[test]
fn simple_masks_are_one_instruction() {
    let [dst, a, b] = [0, 1, 2].map(|number| Reg::Xmm(Xmm::new(number)));
    for mask in simple() {
        let (bytes, _) = instructions(CpuFeatures::AVX, |l| {
            simd(l, SimdOp::I8x16Shuffle, dst, &[a, b], Imm::Shuffle(mask));
        });
        let count = Decoder::new(64, &bytes, DecoderOptions::NONE).iter().count();
        assert_eq!(count, 1, "{mask:?}");
    }
}
