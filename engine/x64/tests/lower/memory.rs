//! Scalar loads and stores against the rows: every operator, operand place and mode.

use wasmtier_ops::{LoadOp, ScalarType, StoreOp};
use wasmtier_x64::lower::{Operand, Reg, load, store};
use wasmtier_x64::{Gpr, Mem, Xmm};

use crate::guest::{
    BASE, From, Guest, INDEX, Mode, Outcome, TEMP, VALUE_SLOT, accessed, number, set_accessed,
    set_low,
};
use crate::machine::{State, slot};

/// Bytes as they may lie in memory.
const BYTES: [u64; 8] = [
    0,
    u64::MAX,
    0x8080_8080_8080_8080,
    0x7f7f_7f7f_7f7f_7f7f,
    0x0123_4567_89ab_cdef,
    0xfff0_0000_0000_0001,
    0x7ff4_0000_7fa0_0001,
    0x8000_0000_8000_0000,
];

/// Far enough to need the temporary.
const FAR: u64 = 0xffff_ffff;

fn guests(access: impl Into<wasmtier_x64::lower::Access>) -> Vec<Guest> {
    let access = access.into();
    let mut guests = Vec::new();
    for mode in Mode::ALL {
        for offset in [0, FAR] {
            guests.push(Guest { offset, from: From::Other, ..Guest::easy(mode, access) });
        }
    }
    guests
}

/// The part of `bits` that a value has, when that is less than a register.
fn value_of(ty: ScalarType, bits: u64) -> u64 {
    match ty {
        ScalarType::I32 | ScalarType::F32 => u64::from(bits as u32),
        ScalarType::I64 | ScalarType::F64 => bits,
    }
}

/// What a register has of a value.
fn read(state: &State, ty: ScalarType, register: Reg) -> u64 {
    match register {
        Reg::Gpr(register) => state.gpr[number(register)],
        Reg::Xmm(register) => value_of(ty, state.xmm[usize::from(register.number())] as u64),
    }
}

#[test]
fn loads() {
    for &op in LoadOp::ALL {
        let whole = if matches!(op.result(), ScalarType::I32 | ScalarType::F32) { 4 } else { 8 };
        let mut results = [Gpr::Rax, Gpr::R15, Gpr::Rsi, BASE, INDEX, TEMP].map(Reg::from).to_vec();
        if op.bytes() == whole {
            results.extend([0, 7, 12].map(|number| Reg::from(Xmm::new(number))));
        }
        for (result, guest) in
            results.into_iter().flat_map(|result| guests(op).into_iter().map(move |g| (result, g)))
        {
            let code = guest.ready(&[result], |l, at| load(l, op, result, at));
            for bytes in BYTES {
                let mut state = State::default();
                set_accessed(&mut state, bytes);
                assert_eq!(code.run(&mut state, 16, 1 << 40), Outcome::Done);
                let value = read(&state, op.result(), result);
                assert_eq!(value, op.extend(bytes), "{} {bytes:x} {result:?}", op.name());
                assert_eq!(accessed(&state), bytes);
            }
        }
    }
}

/// Stores of operands in every place, and where they come from.
fn places(op: StoreOp) -> Vec<Operand> {
    let mut places = [Gpr::Rax, Gpr::Rsi, Gpr::Rbp, Gpr::R15].map(Operand::from).to_vec();
    places.extend([Operand::Mem(slot(VALUE_SLOT)), Operand::Mem(Mem::base(Gpr::R12))]);
    places.extend([0, -1, i32::MIN, 0x1234_5678].map(Operand::Imm));
    let whole = if matches!(op.value(), ScalarType::I32 | ScalarType::F32) { 4 } else { 8 };
    if op.bytes() == whole {
        places.extend([0, 9].map(|number| Operand::from(Xmm::new(number))));
    }
    places
}

/// Puts a value where `place` is; but an immediate is what it is. Returns what it is in the end.
fn put(state: &mut State, place: Operand, value: u64) -> u64 {
    match place {
        // What `rbp` holds is not the state's.
        Operand::Reg(Reg::Gpr(Gpr::Rbp)) => return state.slots.as_ptr().addr() as u64,
        Operand::Reg(Reg::Gpr(register)) => state.gpr[number(register)] = value,
        Operand::Reg(Reg::Xmm(register)) => {
            set_low(&mut state.xmm[usize::from(register.number())], value);
        }
        Operand::Mem(_) => {
            state.gpr[number(Gpr::R12)] = (&raw const state.slots[VALUE_SLOT]).addr() as u64;
            set_low(&mut state.slots[VALUE_SLOT], value);
        }
        Operand::Imm(imm) => return i64::from(imm).cast_unsigned(),
        Operand::Constant(_) => unreachable!("constants are tested as numbers"),
    }
    value
}

#[test]
fn stores() {
    for &op in StoreOp::ALL {
        let mask = u64::MAX >> (64 - 8 * op.bytes());
        for (place, guest) in
            places(op).into_iter().flat_map(|place| guests(op).into_iter().map(move |g| (place, g)))
        {
            let code = guest.ready(&[], |l, at| store(l, op, at, place));
            for value in BYTES {
                let mut state = State::default();
                set_accessed(&mut state, 0xa1b2_c3d4_e5f6_0718);
                let value = put(&mut state, place, value);
                assert_eq!(code.run(&mut state, 16, 1 << 40), Outcome::Done);
                let expected = 0xa1b2_c3d4_e5f6_0718 & !mask | op.narrow(value);
                let context = format!("{} {value:x} {place:?}", op.name());
                assert_eq!(accessed(&state), expected, "{context}");
            }
        }
    }
}

#[test]
fn nothing_is_accessed_out_of_bounds() {
    for mode in Mode::ALL.into_iter().filter(|mode| *mode != Mode::Guard) {
        for &op in LoadOp::ALL {
            let result = Reg::from(Gpr::Rax);
            let code = Guest::easy(mode, op).ready(&[result], |l, at| load(l, op, result, at));
            let mut state = State::default();
            let end = 16 + op.bytes() as u64;
            assert_eq!(code.run(&mut state, 16, end - 1), Outcome::OutOfBounds);
            assert_eq!(code.run(&mut state, 16, end), Outcome::Done);
        }
        for &op in StoreOp::ALL {
            let value = Operand::Mem(slot(VALUE_SLOT));
            let code = Guest::easy(mode, op).ready(&[], |l, at| store(l, op, at, value));
            let mut state = State::default();
            let end = 16 + op.bytes() as u64;
            assert_eq!(code.run(&mut state, 16, end - 1), Outcome::OutOfBounds);
            assert_eq!(code.run(&mut state, 16, end), Outcome::Done);
        }
    }
}
