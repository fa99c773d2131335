//! Addresses: each way to make one, at all limits.

use wasmtier_ops::{AtomicOp, LoadOp, SimdAccessOp};
use wasmtier_x64::Gpr;
use wasmtier_x64::lower::{Access, load};

use crate::guest::{From, Guest, Mode, Outcome, accessed, number, set_accessed};
use crate::machine::State;

const RESULT: Gpr = Gpr::R9;

/// Offsets for any memory, those of 32 bits first.
const OFFSETS: [u64; 17] = [
    0,
    1,
    6,
    8,
    0x1_0000,
    0x7fff_ffef,
    0x7fff_fff7,
    0x7fff_fff8,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    0x1_0000_0000,
    1 << 63,
    u64::MAX - 16,
    u64::MAX - 15,
    u64::MAX - 7,
    u64::MAX,
];

/// Each with the number of its bytes and whether it is checked for alignment.
fn accesses() -> Vec<(Access, u64, bool)> {
    let plain = [LoadOp::I32Load8U, LoadOp::I32Load16U, LoadOp::I32Load, LoadOp::I64Load];
    let atomic = [
        AtomicOp::I64AtomicLoad8U,
        AtomicOp::I32AtomicRmw16AddU,
        AtomicOp::I64AtomicStore32,
        AtomicOp::I64AtomicRmwCmpxchg,
    ];
    let plain = plain.map(|op| (op.into(), op.bytes() as u64, false));
    let atomic = atomic.map(|op| (op.into(), op.bytes() as u64, true));
    let vector = [(SimdAccessOp::V128Load.into(), 16, false)];
    plain.into_iter().chain(atomic).chain(vector).collect()
}

/// What the specification says of an access.
fn expected(guest: Guest, bytes: u64, aligned: bool, index: u64, len: u64) -> Outcome {
    let effective = u128::from(guest.counted(index)) + u128::from(guest.offset);
    let fits = u64::try_from(effective).is_ok();
    if aligned && fits && !effective.is_multiple_of(bytes.into()) {
        Outcome::Misaligned
    } else if guest.mode != Mode::Guard && effective + u128::from(bytes) > len.into() {
        Outcome::OutOfBounds
    } else {
        Outcome::Done
    }
}

/// Indices of all sizes, with rubbish above 32 bits, and such that the sum just overflows or not.
fn indices(guest: Guest, bytes: u64) -> Vec<u64> {
    let mut indices = vec![0, 1, 2, 7, 8, 0x7fff_ffff, 0x8000_0000, 0xffff_fff8, 0xffff_ffff];
    indices.extend([0xffff_ffff_0000_0010, u64::MAX, 1 << 63, 1 << 32]);
    for end in [0, bytes] {
        let top = 0_u64.wrapping_sub(guest.offset).wrapping_sub(end);
        indices.extend([top.wrapping_sub(1), top, top.wrapping_add(1)]);
    }
    indices
}

/// Lengths that the access just fits in, or does not.
fn lengths(guest: Guest, bytes: u64, index: u64) -> Vec<u64> {
    let end = u128::from(guest.counted(index)) + u128::from(guest.offset) + u128::from(bytes);
    let near = [end - u128::from(bytes), end - 1, end, end + 1];
    let near = near.into_iter().filter_map(|len| u64::try_from(len).ok());
    near.chain([0, 7, 0x1_0000, 1 << 32, i64::MAX as u64]).collect()
}

fn check(guest: Guest, bytes: u64, aligned: bool) {
    let code = guest.ready(&[RESULT.into()], |l, at| load(l, LoadOp::I32Load8U, RESULT.into(), at));
    for index in indices(guest, bytes) {
        for len in lengths(guest, bytes, index) {
            let mut state = State::default();
            set_accessed(&mut state, 0x8877_6655_4433_22a1);
            let before = state.clone();
            let outcome = code.run(&mut state, index, len);
            let context = format!("{guest:x?} {bytes} index {index:x} len {len:x}");
            assert_eq!(outcome, expected(guest, bytes, aligned, index, len), "{context}");
            if outcome == Outcome::Done {
                assert_eq!(state.gpr[number(RESULT)], 0xa1, "{context}");
            }
            assert_eq!(accessed(&state), accessed(&before), "{context}");
        }
    }
}

fn check_mode(mode: Mode) {
    for (access, bytes, aligned) in accesses() {
        for from in From::ALL {
            for offset in OFFSETS {
                if offset > 0xffff_ffff && !mode.takes_wide_offsets() {
                    continue;
                }
                for offset_in_slot in [false, true] {
                    let guest = Guest { mode, from, offset, offset_in_slot, access };
                    check(guest, bytes, aligned);
                }
            }
        }
    }
}

#[test]
fn guarded() {
    check_mode(Mode::Guard);
}

#[test]
fn bounded_by_a_length_in_memory() {
    check_mode(Mode::Explicit);
}

#[test]
fn bounded_by_a_length_in_a_register() {
    check_mode(Mode::ExplicitReg);
}

#[test]
fn far_with_32_bits() {
    check_mode(Mode::Far);
}

#[test]
fn far_with_64_bits() {
    check_mode(Mode::Far64);
}
