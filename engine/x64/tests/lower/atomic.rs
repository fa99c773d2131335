//! Atomic accesses against the rows, and against each other on several threads.

use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use iced_x86::Mnemonic;
use wasmtier_ops::{
    AtomicLoad, AtomicOp, AtomicShape, AtomicStore, AtomicUpdate, Scalar, for_each_atomic_access,
    op,
};
use wasmtier_x64::lower::{Bounds, Exits, Index, Lowering, Offset, Operand, Reg};
use wasmtier_x64::lower::{address, atomic, atomic_needs_rax};
use wasmtier_x64::{CpuFeatures, Gpr};

use crate::guest::{
    BASE, Guest, INDEX, Mode, OTHER_SLOT, Outcome, TEMP, VALUE_SLOT, accessed, number,
    set_accessed, set_low,
};
use crate::machine::{Machine, State, slot, wrapped};

/// For each operator what its row says: what memory has then, and the result.
macro_rules! rows {
    ($($op:ident $visit:ident $text:literal $shape:ident $params:tt -> $R:ident = $e:expr;)*) => {
        fn expected(op: AtomicOp, old: u64, operands: [u64; 2]) -> (u64, u64) {
            let [a, b] = operands;
            match op {
                $(AtomicOp::$op => rows!(@$shape op::$op, old, a, b),)*
            }
        }
    };
    (@load $op:ty, $old:ident, $a:ident, $b:ident) => {
        ($old, Scalar::to_bits(<$op as AtomicLoad>::extend($old)))
    };
    (@store $op:ty, $old:ident, $a:ident, $b:ident) => {
        (<$op as AtomicStore>::narrow(Scalar::from_bits($a)), 0)
    };
    (@cmpxchg $op:ty, $old:ident, $a:ident, $b:ident) => {{
        let operands = [Scalar::from_bits($a), Scalar::from_bits($b)];
        (<$op as AtomicUpdate>::update($old, operands).unwrap_or($old), $old)
    }};
    (@$shape:ident $op:ty, $old:ident, $a:ident, $b:ident) => {
        (<$op as AtomicUpdate>::update($old, [Scalar::from_bits($a)]).unwrap(), $old)
    };
}
for_each_atomic_access!(rows);

/// Operands that are tried together, the first ones of registers.
const PLACES: [[Operand; 2]; 6] = [
    [register(Gpr::Rsi), register(Gpr::R9)],
    [register(Gpr::R9), register(Gpr::R9)],
    [Operand::Mem(slot(VALUE_SLOT)), Operand::Mem(slot(OTHER_SLOT))],
    [Operand::Imm(-2), Operand::Imm(0x7654_3210)],
    [register(Gpr::Rax), register(Gpr::R15)],
    [register(Gpr::R15), register(Gpr::Rax)],
];

const fn register(gpr: Gpr) -> Operand {
    Operand::Reg(Reg::Gpr(gpr))
}

const VALUES: [[u64; 2]; 6] = [
    [0, 0x0123_4567_89ab_cdef],
    [1, u64::MAX],
    [0x8070_6050_4030_2010, 0x1122_3344_5566_7788],
    [0xffff_ffff_ffff_ffff, 0],
    [0xdddd_dddd_dddd_dd80, 5],
    [0xdddd_dddd_8000_8080, 0x8080],
];

const OLD: [u64; 4] = [0, u64::MAX, 0x8070_6050_4030_2010, 0xa1a2_a3a4_8000_8080];

/// Puts a value where `place` is, unless it is an immediate.
fn put(state: &mut State, place: Operand, value: u64) {
    match place {
        Operand::Reg(Reg::Gpr(register)) => state.gpr[number(register)] = value,
        Operand::Mem(mem) if mem == slot(VALUE_SLOT) => {
            set_low(&mut state.slots[VALUE_SLOT], value);
        }
        Operand::Mem(_) => set_low(&mut state.slots[OTHER_SLOT], value),
        Operand::Imm(_) | Operand::Constant(_) => {}
        Operand::Reg(Reg::Xmm(_)) => unreachable!("no atomic access of floats"),
    }
}

/// The value at `place`.
fn read(state: &State, place: Operand) -> u64 {
    match place {
        Operand::Reg(Reg::Gpr(register)) => state.gpr[number(register)],
        Operand::Mem(mem) if mem == slot(VALUE_SLOT) => state.slots[VALUE_SLOT] as u64,
        Operand::Mem(_) => state.slots[OTHER_SLOT] as u64,
        Operand::Imm(imm) => i64::from(imm).cast_unsigned(),
        Operand::Reg(Reg::Xmm(_)) | Operand::Constant(_) => {
            unreachable!("no atomic access of floats, none of constants")
        }
    }
}

/// Whether the operator takes its first operand where it is, next to `rax`.
fn conflicts(op: AtomicOp, places: [Operand; 2]) -> bool {
    let is_update = atomic_needs_rax(op) && op.shape() != AtomicShape::Cmpxchg;
    is_update && places[0] == register(Gpr::Rax)
}

fn check(op: AtomicOp, guest: Guest, dst: Gpr, places: [Operand; 2]) {
    let mut results = vec![Reg::from(dst)];
    if atomic_needs_rax(op) {
        results.push(Gpr::Rax.into());
    }
    let code = guest.ready(&results, |l, at| atomic(l, op, dst, at, places));
    let mask = u64::MAX >> (64 - 8 * op.bytes());
    for old in OLD {
        // That what is expected is there, too, if only as far as it is compared.
        for values in VALUES.into_iter().chain([[old, 7], [old ^ 1 << 63, 9], [!mask | old, 3]]) {
            let mut state = State::default();
            set_accessed(&mut state, old);
            put(&mut state, places[0], values[0]);
            put(&mut state, places[1], values[1]);
            let operands = places.map(|place| read(&state, place));
            assert_eq!(code.run(&mut state, 16, 1 << 40), Outcome::Done);
            let (new, result) = expected(op, old & mask, operands);
            let context = format!("{} {old:x} {operands:x?} {places:?} {guest:?}", op.name());
            assert_eq!(accessed(&state), old & !mask | new, "{context}");
            if op.shape() != AtomicShape::Store {
                assert_eq!(state.gpr[number(dst)], result, "{context} {dst:?}");
            }
        }
    }
}

#[test]
fn every_operator_in_every_place() {
    for &op in AtomicOp::ALL {
        for places in PLACES.into_iter().filter(|places| !conflicts(op, *places)) {
            for dst in [Gpr::Rax, Gpr::R9, Gpr::Rdi, BASE, INDEX, TEMP] {
                for mode in [Mode::Guard, Mode::Explicit, Mode::Far64] {
                    check(op, Guest::easy(mode, op), dst, places);
                }
            }
        }
    }
}

#[test]
fn what_writes_is_locked() {
    for &op in AtomicOp::ALL {
        let accesses =
            Guest::easy(Mode::Guard, op).accesses(|l, at| atomic(l, op, Gpr::Rax, at, PLACES[0]));
        let last = accesses.last().expect("it is an access");
        match op.shape() {
            AtomicShape::Load => assert!(accesses.len() == 1 && !last.has_lock_prefix()),
            // Locked in any case.
            AtomicShape::Store | AtomicShape::Xchg => assert_eq!(last.mnemonic(), Mnemonic::Xchg),
            AtomicShape::Add | AtomicShape::Sub | AtomicShape::Cmpxchg => {
                assert!(accesses.len() == 1 && last.has_lock_prefix(), "{}", op.name());
            }
            AtomicShape::And | AtomicShape::Or | AtomicShape::Xor => {
                assert!(accesses.len() == 2 && last.has_lock_prefix(), "{}", op.name());
            }
        }
    }
}

#[test]
fn misaligned_before_out_of_bounds() {
    for &op in AtomicOp::ALL {
        for mode in Mode::ALL {
            let places = PLACES[0];
            let dst = Gpr::Rax;
            let code =
                Guest::easy(mode, op).ready(&[dst.into()], |l, at| atomic(l, op, dst, at, places));
            let bytes = op.bytes() as u64;
            for offset in 1..bytes {
                let mut state = State::default();
                assert_eq!(code.run(&mut state, 64 + offset, 0), Outcome::Misaligned);
                assert_eq!(code.run(&mut state, 64 + offset, 1 << 30), Outcome::Misaligned);
            }
            if mode != Mode::Guard {
                let mut state = State::default();
                assert_eq!(code.run(&mut state, 64, 63 + bytes), Outcome::OutOfBounds);
            }
        }
    }
}

const THREADS: u64 = 2;
/// Odd, and, where a processor is free, enough for the threads to run at the same time.
const ROUNDS: u64 = 300_001;

/// Runs `op` on the low bytes of a shared integer from several threads, and gives what is left.
fn contended(op: AtomicOp, initial: u64, value: fn(u64) -> u64) -> u64 {
    let shared = AtomicU64::new(initial);
    let place = shared.as_ptr().expose_provenance() as u64;
    let start = &Barrier::new(THREADS as usize);
    thread::scope(|scope| {
        for thread in 0..THREADS {
            scope.spawn(move || {
                let mut exits = Exits::default();
                let code = wrapped(|code| {
                    let l = &mut Lowering { code, exits: &mut exits, cpu: CpuFeatures::FLOOR };
                    let index = Index::copied(l.code, INDEX, INDEX);
                    let access = AtomicOp::I32AtomicLoad8U.into();
                    let at = address(l, BASE, index, Offset::Imm(0), access, Bounds::Guard, TEMP);
                    atomic(l, op, Gpr::Rax, at, [register(Gpr::R9), register(Gpr::R9)]);
                });
                let machine = Machine::new(code);
                let mut state = State::default();
                start.wait();
                for _ in 0..ROUNDS {
                    state.gpr[number(BASE)] = place;
                    state.gpr[number(INDEX)] = 0;
                    state.gpr[number(Gpr::R9)] = value(thread);
                    machine.run(&mut state);
                }
            });
        }
    });
    // Relaxed: the threads have ended.
    shared.load(Ordering::Relaxed)
}

#[test]
fn no_update_is_lost() {
    let sum = THREADS * ROUNDS;
    let one = |_| 1;
    let own_bit = |thread| 1_u64 << thread;
    assert_eq!(contended(AtomicOp::I64AtomicRmwAdd, 5, one), 5 + sum);
    assert_eq!(contended(AtomicOp::I32AtomicRmw16AddU, 5, one), (5 + sum) & 0xffff);
    assert_eq!(contended(AtomicOp::I64AtomicRmwSub, 1 << 40, one), (1 << 40) - sum);
    // Each an odd number of times.
    assert_eq!(contended(AtomicOp::I64AtomicRmwXor, 0, own_bit), 0b11);
    assert_eq!(contended(AtomicOp::I32AtomicRmw8XorU, 0xf00, own_bit), 0xf03);
    assert_eq!(contended(AtomicOp::I64AtomicRmw32OrU, 1 << 32, own_bit), 1 << 32 | 0b11);
    assert_eq!(contended(AtomicOp::I32AtomicRmwAnd, 0xff, |thread| !(1_u64 << thread)), 0xfc);
}
