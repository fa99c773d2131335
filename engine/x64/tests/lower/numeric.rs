//! The scalar operators against their rows, on operands everywhere they may be.
//!
//! What lives here: which operands, registers and features are combined, what must come out, and
//! what must stay as it was. What does not: the values (`values.rs`). Invariant: a variant is
//! emitted once and run on many values.

use dynasmrt::DynasmLabelApi;
use wasmtier_ops::{NumOp, ScalarType, Trap};
use wasmtier_x64::lower::{Constraint, Exits, Lowering, Operand, Reg, Test};
use wasmtier_x64::lower::{binary, condition, constraint, nonzero, unary};
use wasmtier_x64::{CpuFeatures, Gpr, Mem, Xmm};

use crate::machine::{Machine, State, slot, wrapped};
use crate::values::tuples;

/// Where an operand of a variant is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Where the result goes.
    Dst,
    /// In a register of its own, by its number.
    Own(u8),
    /// In memory that `rbp` points to.
    Slot(usize),
    /// In memory that the result's register points to.
    ByDst(usize),
    Imm(i32),
}

/// One way to use an operator.
#[derive(Clone, Debug)]
struct Variant {
    op: NumOp,
    cpu: CpuFeatures,
    dst: u8,
    places: Vec<Place>,
}

fn is_float(ty: ScalarType) -> bool {
    matches!(ty, ScalarType::F32 | ScalarType::F64)
}

fn reg(ty: ScalarType, number: u8) -> Reg {
    if is_float(ty) { Xmm::new(number).into() } else { Gpr::ALL[usize::from(number)].into() }
}

fn number(gpr: Gpr) -> u8 {
    gpr.into()
}

fn read(state: &State, register: Reg) -> u128 {
    match register {
        Reg::Gpr(gpr) => state.gpr[usize::from(number(gpr))].into(),
        Reg::Xmm(xmm) => state.xmm[usize::from(xmm.number())],
    }
}

fn write(state: &mut State, register: Reg, value: u128) {
    match register {
        Reg::Gpr(gpr) => state.gpr[usize::from(number(gpr))] = value as u64,
        Reg::Xmm(xmm) => state.xmm[usize::from(xmm.number())] = value,
    }
}

impl Variant {
    fn dst(&self) -> Reg {
        reg(self.op.result(), self.dst)
    }

    fn operand(&self, index: usize) -> Operand {
        let ty = self.op.params()[index];
        match self.places[index] {
            Place::Dst => Operand::Reg(reg(ty, self.dst)),
            Place::Own(number) => Operand::Reg(reg(ty, number)),
            Place::Slot(index) => slot(index).into(),
            Place::ByDst(index) => {
                Mem::new(Gpr::ALL[usize::from(self.dst)], 16 * index as i32).into()
            }
            Place::Imm(imm) => Operand::Imm(imm),
        }
    }

    fn has_imm(&self) -> bool {
        self.places.iter().any(|place| matches!(place, Place::Imm(_)))
    }

    /// Whether the operator and the types can have it.
    fn is_possible(&self) -> bool {
        let float_result = is_float(self.op.result());
        let (dst, places) = (self.dst(), &self.places);
        let possible = |(place, ty): (&Place, &ScalarType)| match place {
            Place::Dst => is_float(*ty) == float_result,
            Place::Own(number) => reg(*ty, *number) != dst,
            Place::Slot(_) => true,
            Place::ByDst(_) => !float_result,
            Place::Imm(_) => !is_float(*ty),
        };
        let imms = places.iter().filter(|place| matches!(place, Place::Imm(_))).count();
        let by_dst = places.iter().any(|place| matches!(place, Place::ByDst(_)));
        let constrained = || match constraint(self.op, self.cpu) {
            Constraint::None => true,
            Constraint::ShiftCount => {
                let count = self.operand(1);
                dst != Gpr::Rcx.into()
                    && (matches!(count, Operand::Imm(_)) || count == Gpr::Rcx.into())
            }
            Constraint::Divide { result: promised } => {
                let (a, b) = (self.operand(0), self.operand(1));
                let remainders = [NumOp::I32RemS, NumOp::I32RemU, NumOp::I64RemS, NumOp::I64RemU];
                let result = if remainders.contains(&self.op) { Gpr::Rdx } else { Gpr::Rax };
                assert_eq!(promised, result, "{}", self.op.name());
                let divisor = !b.uses(Gpr::Rax) && !b.uses(Gpr::Rdx);
                a == Gpr::Rax.into() && dst == result.into() && divisor
            }
        };
        places.len() == self.op.params().len()
            && imms <= 1
            // A register cannot hold an address and an operand.
            && !(places.contains(&Place::Dst) && by_dst)
            && places.iter().zip(self.op.params()).all(possible)
            && constrained()
    }

    /// Its code: `r11` tells how it ends, 0 or the number of a trap.
    fn compile(&self, emit: impl FnOnce(&mut Lowering<'_>)) -> Machine {
        let mut exits = Exits::default();
        let mut code = wrapped(|code| {
            let end = code.new_dynamic_label();
            emit(&mut Lowering { code, exits: &mut exits, cpu: self.cpu });
            code.mov_imm(Gpr::R11, 0);
            code.jmp(end);
            for &(trap, label) in exits.traps() {
                code.dynamic_label(label);
                code.mov_imm(Gpr::R11, trap as u64);
                code.jmp(end);
            }
            code.dynamic_label(end);
        });
        exits.place_constants(&mut code);
        Machine::new(code)
    }

    /// Puts `args` where they belong. Upper halves that nobody may look at keep their rubbish.
    fn set_up(&self, state: &mut State, args: &[u64]) {
        if self.places.iter().any(|place| matches!(place, Place::ByDst(_))) {
            let slots = (&raw const state.slots).expose_provenance();
            write(state, reg(ScalarType::I64, self.dst), slots as u128);
        }
        for ((place, ty), arg) in self.places.iter().zip(self.op.params()).zip(args) {
            let narrow = matches!(ty, ScalarType::I32 | ScalarType::F32);
            let mask = u128::from(if narrow { u32::MAX.into() } else { u64::MAX });
            let insert = |old| old & !mask | u128::from(*arg) & mask;
            let number = match *place {
                Place::Imm(_) => continue,
                Place::Slot(index) | Place::ByDst(index) => {
                    state.slots[index] = insert(state.slots[index]);
                    continue;
                }
                Place::Dst => self.dst,
                Place::Own(number) => number,
            };
            let register = reg(*ty, number);
            let old = read(state, register);
            write(state, register, insert(old));
        }
    }

    /// Whether operands in one place have one value, as they must.
    fn agrees(&self, args: &[u64]) -> bool {
        let same = |a: usize, b: usize| self.operand(a) == self.operand(b);
        args.len() < 2 || !same(0, 1) || args[0] == args[1]
    }

    /// The registers that need not keep their values.
    fn scratch(&self, dst: Reg, traps: bool) -> Vec<Reg> {
        let mut scratch = vec![dst];
        if matches!(constraint(self.op, self.cpu), Constraint::Divide { .. }) {
            scratch.extend([Gpr::Rax, Gpr::Rdx].map(Reg::Gpr));
        }
        let is_operand =
            |reg: &Reg| (0..self.places.len()).any(|index| self.operand(index).uses(*reg));
        scratch.retain(|reg| !(traps && is_operand(reg)));
        scratch.push(Gpr::R11.into());
        scratch.extend(Xmm::ALL[13..].iter().map(|&xmm| Reg::Xmm(xmm)));
        scratch
    }

    /// Compiles it and runs it on many values.
    fn run(
        &self,
        values: &[Vec<u64>],
        emit: impl FnOnce(&mut Lowering<'_>),
        dst: Reg,
        of: impl Fn(u64) -> u64,
    ) {
        let machine = self.compile(emit);
        let rubbish = State::default();
        let scratch = [false, true].map(|traps| self.scratch(dst, traps));
        // There are so many immediates that it takes only the values on edges.
        let count = if self.has_imm() { 30 } else { values.len() };
        for args in &values[..count] {
            let mut args = args.clone();
            for ((arg, place), ty) in args.iter_mut().zip(&self.places).zip(self.op.params()) {
                if let Place::Imm(imm) = *place {
                    *arg = ty.bits_of_imm(imm);
                }
            }
            if !self.agrees(&args) {
                continue;
            }
            let expected = self.op.eval(&args).map(&of);
            let mut state = rubbish.clone();
            self.set_up(&mut state, &args);
            let mut before = state.clone();
            machine.run(&mut state);
            for &register in &scratch[usize::from(expected.is_err())] {
                write(&mut before, register, read(&state, register));
            }
            let context = || format!("{self:x?} of {args:x?} gives {expected:x?}");
            assert!(state == before, "{state:x?} of {before:x?}: {}", context());
            let trap = Trap::from_u8(read(&state, Gpr::R11.into()) as u8);
            assert!(trap == expected.err(), "ends with {trap:?}: {}", context());
            if let Ok(expected) = expected {
                let narrow = self.op.result() == ScalarType::F32 && matches!(dst, Reg::Xmm(_));
                let mask = if narrow { u32::MAX.into() } else { u64::MAX };
                let result = read(&state, dst) as u64 & mask;
                assert!(result == expected, "results in {result:#x}: {}", context());
            }
        }
    }
}

/// What this machine has, and subsets of it.
pub(crate) fn feature_sets() -> Vec<CpuFeatures> {
    let found = [
        (is_x86_feature_detected!("avx"), CpuFeatures::AVX),
        (is_x86_feature_detected!("bmi1"), CpuFeatures::BMI1),
        (is_x86_feature_detected!("bmi2"), CpuFeatures::BMI2),
        (is_x86_feature_detected!("lzcnt"), CpuFeatures::LZCNT),
        (is_x86_feature_detected!("popcnt"), CpuFeatures::POPCNT),
        (is_x86_feature_detected!("fma"), CpuFeatures::FMA),
    ];
    let has = |&(has, feature): &(bool, CpuFeatures)| has.then_some(feature);
    let all = found.iter().filter_map(has).fold(CpuFeatures::FLOOR, |all, one| all | one);
    if all == CpuFeatures::FLOOR { vec![all] } else { vec![CpuFeatures::FLOOR, all] }
}

const IMMS: [i32; 22] = [
    0,
    1,
    -1,
    2,
    3,
    5,
    8,
    9,
    31,
    32,
    33,
    63,
    64,
    127,
    128,
    -128,
    255,
    0xffff,
    0x1_0001,
    0x100,
    i32::MAX,
    i32::MIN,
];

/// All ways to use `op`.
fn variants(op: NumOp, features: &[CpuFeatures]) -> Vec<Variant> {
    let common = |slot| vec![Place::Dst, Place::Slot(slot), Place::ByDst(slot)];
    let imms = IMMS.map(Place::Imm);
    let mut first = common(1);
    first.extend([number(Gpr::Rax), number(Gpr::Rcx), number(Gpr::R12)].map(Place::Own));
    first.extend(if op.params().len() == 1 { &imms } else { &imms[..7] });
    let mut second = common(2);
    second.extend([number(Gpr::Rcx), number(Gpr::R12), number(Gpr::R8)].map(Place::Own));
    second.extend(imms);
    let places: Vec<Vec<Place>> = if op.params().len() == 1 {
        first.into_iter().map(|a| vec![a]).collect()
    } else {
        let with = |a| second.iter().map(move |&b| vec![a, b]);
        first.into_iter().flat_map(with).collect()
    };
    let mut variants = Vec::new();
    for &cpu in features {
        for dst in [Gpr::Rax, Gpr::Rdx, Gpr::Rsi].map(number) {
            let one = |places: &Vec<Place>| Variant { op, cpu, dst, places: places.clone() };
            variants.extend(places.iter().map(one).filter(Variant::is_possible));
        }
    }
    variants
}

fn emit(l: &mut Lowering<'_>, variant: &Variant) {
    let a = variant.operand(0);
    match variant.places.len() {
        1 => unary(l, variant.op, variant.dst(), a),
        _ => binary(l, variant.op, variant.dst(), a, variant.operand(1)),
    }
}

#[test]
fn operators_do_what_their_rows_say() {
    let features = feature_sets();
    for &op in NumOp::ALL {
        let (values, variants) = (tuples(op.params(), 60), variants(op, &features));
        assert!(!variants.is_empty(), "{op:?}");
        for variant in variants {
            variant.run(&values, |l| emit(l, &variant), variant.dst(), |bits| bits);
        }
    }
}

/// Operators whose result may be only tested.
fn has_condition(op: NumOp) -> bool {
    op.params().len() == 2 && !op.traps() && !is_float(op.result())
}

/// Makes `dst` 1 or 0 by a jump.
fn set_by_jump(l: &mut Lowering<'_>, test: Test, dst: Gpr) {
    let holds = l.code.new_dynamic_label();
    l.code.mov_imm(dst, 1);
    test.jump(l, holds);
    l.code.mov_imm(dst, 0);
    l.code.dynamic_label(holds);
}

#[test]
fn conditions_hold_when_results_are_not_zero() {
    let features = feature_sets();
    let truth = |bits| u64::from(bits != 0);
    let falsehood = |bits| u64::from(bits == 0);
    for &op in NumOp::ALL.iter().filter(|op| has_condition(**op)) {
        let values = tuples(op.params(), 60);
        // Where it would put the result is of no interest, apart from what is there already.
        let variants = variants(op, &features).into_iter().filter(|variant| variant.dst == 0);
        for variant in variants {
            let (dst, [a, b]) = (Gpr::Rdi, [0, 1].map(|index| variant.operand(index)));
            let test = |l: &mut Lowering<'_>| condition(l, op, a, b);
            variant.run(&values, |l| test(l).set(l, dst), dst.into(), truth);
            if variant.has_imm() {
                continue;
            }
            let by_jump = |l: &mut Lowering<'_>| {
                let test = test(l);
                set_by_jump(l, test, dst);
            };
            variant.run(&values, by_jump, dst.into(), truth);
            variant.run(&values, |l| test(l).not().set(l, dst), dst.into(), falsehood);
            let by_negated_jump = |l: &mut Lowering<'_>| {
                let test = test(l).not();
                set_by_jump(l, test, dst);
            };
            variant.run(&values, by_negated_jump, dst.into(), falsehood);
        }
    }
}

#[test]
fn nonzero_looks_at_as_many_bits_as_it_should() {
    for (op, wide) in [(NumOp::I32Eqz, false), (NumOp::I64Eqz, true)] {
        let values = tuples(op.params(), 60);
        for variant in variants(op, &[CpuFeatures::FLOOR]) {
            let (dst, a) = (Gpr::Rdi, variant.operand(0));
            variant.run(
                &values,
                |l| nonzero(l, wide, a).not().set(l, dst),
                dst.into(),
                |bits| bits,
            );
        }
    }
}
