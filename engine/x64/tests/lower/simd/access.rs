//! Loads and stores of vectors, at any alignment, and what is left where they would fault.

use iced_x86::{Decoder, DecoderOptions, OpKind, Register};
use wasmtier_ops::{
    SimdAccessOp, SimdAccessShape, SimdLoad, SimdLoadLane, SimdStore, SimdStoreLane, V128,
    for_each_simd_access, op,
};
use wasmtier_x64::lower::{Bounds, Index, Lowering, Offset, address, load_vector, store_vector};
use wasmtier_x64::{Gpr, Xmm};

use super::emitted::{feature_sets, ignore_scratch, instructions, machine, machine_of};
use crate::guest::number;
use crate::machine::{SLOTS, State};
use crate::values::Chance;

/// What the row of each shape computes of `raw`, the bytes in memory, and the vector: another
/// vector, or the bytes then in memory.
mod eval {
    use super::*;

    pub(super) fn load<O: SimdLoad>(raw: u128, _: V128, _: u8) -> u128 {
        O::extend(raw).to_bits()
    }

    pub(super) fn store<O: SimdStore>(_: u128, value: V128, _: u8) -> u128 {
        O::narrow(value)
    }

    pub(super) fn load_lane<O: SimdLoadLane>(raw: u128, value: V128, lane: u8) -> u128 {
        O::insert(raw as u64, value, lane).to_bits()
    }

    pub(super) fn store_lane<O: SimdStoreLane>(_: u128, value: V128, lane: u8) -> u128 {
        O::extract(value, lane).into()
    }
}

macro_rules! rows {
    ($($op:ident $visit:ident $text:literal $shape:ident $params:tt -> $R:ident = $e:expr;)*) => {
        fn eval(op: SimdAccessOp, raw: u128, value: u128, lane: u8) -> u128 {
            let value = V128::from_bits(value);
            match op {
                $(SimdAccessOp::$op => eval::$shape::<op::$op>(raw, value, lane),)*
            }
        }
    };
}
for_each_simd_access!(rows);

/// Always zero: accesses differ by their offsets.
const INDEX: Gpr = Gpr::Rcx;

/// An access and where its operands are.
#[derive(Clone, Copy, Debug)]
struct Access {
    op: SimdAccessOp,
    /// Written by loads.
    register: Xmm,
    /// Read by stores and loads of lanes.
    value: Xmm,
    lane: u8,
    /// Where it is in the slots.
    offset: u32,
}

impl Access {
    fn all() -> impl Iterator<Item = Self> {
        let offsets = [32, 33, 40, 47];
        SimdAccessOp::ALL.iter().flat_map(move |&op| {
            let lanes = match op.shape() {
                SimdAccessShape::Load | SimdAccessShape::Store => 1,
                SimdAccessShape::LoadLane | SimdAccessShape::StoreLane => 16 / op.bytes() as u8,
            };
            let access = move |lane, offset, value| Self {
                op,
                register: Xmm::new(9),
                value: Xmm::new(value),
                lane,
                offset,
            };
            let places = offsets.into_iter().flat_map(move |offset| [(offset, 9), (offset, 2)]);
            places.flat_map(move |(offset, value)| {
                (0..lanes).map(move |lane| access(lane, offset, value))
            })
        })
    }

    fn is_load(&self) -> bool {
        matches!(self.op.shape(), SimdAccessShape::Load | SimdAccessShape::LoadLane)
    }

    fn emit(&self, l: &mut Lowering<'_>) {
        let index = Index::copied(l.code, INDEX, INDEX);
        let offset = Offset::Imm(self.offset);
        let at = address(l, SLOTS, index, offset, self.op.into(), Bounds::Guard, Gpr::Rdx);
        let value =
            (self.op.shape() == SimdAccessShape::LoadLane).then_some((self.value, self.lane));
        if self.is_load() {
            load_vector(l, self.op, self.register, value, at);
        } else {
            store_vector(l, self.op, at, self.value, self.lane);
        }
    }

    /// What the state is after it.
    fn apply(&self, state: &mut State) {
        let (at, width) = (self.offset as usize, self.op.bytes());
        let mut memory: Vec<u8> = state.slots.iter().flat_map(|slot| slot.to_le_bytes()).collect();
        let raw =
            memory[at..at + width].iter().rev().fold(0, |raw, &byte| raw << 8 | u128::from(byte));
        let value = state.xmm[usize::from(self.value.number())];
        let result = eval(self.op, raw, value, self.lane);
        if self.is_load() {
            state.xmm[usize::from(self.register.number())] = result;
            return;
        }
        memory[at..at + width].copy_from_slice(&result.to_le_bytes()[..width]);
        for (slot, bytes) in state.slots.iter_mut().zip(memory.as_chunks().0) {
            *slot = u128::from_le_bytes(*bytes);
        }
    }
}

fn state(chance: &mut Chance) -> State {
    let mut state = State::default();
    state.gpr[number(INDEX)] = 0;
    state.xmm.fill_with(|| chance.vector());
    state.slots.fill_with(|| chance.vector());
    state
}

#[test]
fn accesses_are_what_their_rows_say() {
    let mut chance = Chance::new(6);
    for cpu in feature_sets() {
        for access in Access::all() {
            let code = machine(cpu, |l| access.emit(l));
            for _ in 0..10 {
                let mut actual = state(&mut chance);
                let mut expected = actual.clone();
                code.run(&mut actual);
                access.apply(&mut expected);
                ignore_scratch(&mut expected, &actual);
                assert_eq!(actual, expected, "{cpu:?} {access:?}");
            }
        }
    }
}

#[test]
fn one_instruction_may_fault_and_nothing_changed_before() {
    let mut chance = Chance::new(7);
    for cpu in feature_sets() {
        for access in Access::all() {
            let (bytes, faults) = instructions(cpu, |l| access.emit(l));
            let touching: Vec<usize> = Decoder::new(64, &bytes, DecoderOptions::NONE)
                .iter()
                .filter(|i| (0..i.op_count()).any(|operand| i.op_kind(operand) == OpKind::Memory))
                .filter(|i| i.memory_base() != Register::RIP)
                .map(|i| i.ip() as usize)
                .collect();
            assert_eq!(touching, faults, "{cpu:?} {access:?}");
            assert_eq!(faults.len(), 1, "{cpu:?} {access:?}");
            let mut actual = state(&mut chance);
            let mut expected = actual.clone();
            machine_of(&bytes[..faults[0]]).run(&mut actual);
            ignore_scratch(&mut expected, &actual);
            assert_eq!(actual, expected, "{cpu:?} {access:?}");
        }
    }
}
