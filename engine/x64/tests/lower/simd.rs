//! The operators on vectors against their rows, in every choice of registers.
//!
//! What lives here: where operands and results are, and what must stay as it was. What does not:
//! the values (`tuples.rs`), masks of shuffles, accesses. Invariant: code is emitted once and run
//! on many values.

mod access;
mod constant_shift;
mod emitted;
mod shuffle;
mod tuples;

use wasmtier_ops::{ScalarType, SimdOp, SimdShape};
use wasmtier_x64::lower::{Imm, Reg, simd};
use wasmtier_x64::{CpuFeatures, Gpr, Xmm};

use self::emitted::{feature_sets, ignore_scratch, machine};
use self::tuples::{Tuple, tuples};
use crate::machine::{Machine, State};

/// The registers that a value is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum File {
    Integer,
    /// Of which as many bits are defined.
    Vector(u32),
}

const V128: File = File::Vector(128);

fn scalar(kind: ScalarType) -> File {
    match kind {
        ScalarType::I32 | ScalarType::I64 => File::Integer,
        ScalarType::F32 => File::Vector(32),
        ScalarType::F64 => File::Vector(64),
    }
}

/// Of the operands, and of the result.
fn files(shape: SimdShape) -> (Vec<File>, File) {
    match shape {
        SimdShape::Unary => (vec![V128], V128),
        SimdShape::Binary | SimdShape::Shuffle => (vec![V128, V128], V128),
        SimdShape::Ternary => (vec![V128, V128, V128], V128),
        SimdShape::Test => (vec![V128], File::Integer),
        SimdShape::Shift => (vec![V128, File::Integer], V128),
        SimdShape::Splat(kind) => (vec![scalar(kind)], V128),
        SimdShape::Extract(kind) => (vec![V128], scalar(kind)),
        SimdShape::Replace(kind) => (vec![V128, scalar(kind)], V128),
    }
}

/// A choice of registers.
#[derive(Debug)]
struct Registers {
    operands: Vec<Reg>,
    dst: Reg,
}

impl Registers {
    /// Every value in one of its own.
    fn apart(operands: &[File], dst: File) -> Self {
        let all: Vec<File> = operands.iter().copied().chain([dst]).collect();
        Self::of(&all, &[0, 1, 2, 3])
    }

    /// Every way to share three of them.
    fn shared(operands: &[File], dst: File) -> Vec<Self> {
        let all: Vec<File> = operands.iter().copied().chain([dst]).collect();
        let choices = 0..3_usize.pow(all.len() as u32);
        choices
            .map(|choice| Self::of(&all, &[0, 1, 2, 3].map(|at| choice / 3_usize.pow(at) % 3)))
            .collect()
    }

    fn of(files: &[File], choice: &[usize]) -> Self {
        let place = |(file, &choice): (&File, &usize)| match file {
            File::Integer => Reg::Gpr([Gpr::R9, Gpr::Rsi, Gpr::Rax, Gpr::R12][choice]),
            File::Vector(_) => Reg::Xmm(Xmm::new([3, 8, 0, 12][choice])),
        };
        let mut operands: Vec<Reg> = files.iter().zip(choice).map(place).collect();
        let dst = operands.pop().expect("there is a result");
        Self { operands, dst }
    }
}

/// The immediates to try; shuffles have tests of their own.
fn immediates(shape: SimdShape) -> Vec<Imm> {
    match shape {
        SimdShape::Extract(_) | SimdShape::Replace(_) => (0..16).map(Imm::Lane).collect(),
        SimdShape::Shuffle => vec![Imm::Shuffle([7; 16])],
        SimdShape::Unary
        | SimdShape::Binary
        | SimdShape::Ternary
        | SimdShape::Test
        | SimdShape::Shift
        | SimdShape::Splat(_) => vec![Imm::None],
    }
}

fn lanes(imm: Imm) -> [u8; 16] {
    match imm {
        Imm::None => [0; 16],
        Imm::Lane(lane) => [lane; 16],
        Imm::Shuffle(lanes) => lanes,
    }
}

fn number(register: Reg) -> usize {
    match register {
        Reg::Gpr(register) => register.number().into(),
        Reg::Xmm(register) => register.number().into(),
    }
}

fn bits(state: &State, register: Reg) -> u128 {
    match register {
        Reg::Gpr(_) => state.gpr[number(register)].into(),
        Reg::Xmm(_) => state.xmm[number(register)],
    }
}

fn write(state: &mut State, register: Reg, bits: u128) {
    match register {
        Reg::Gpr(_) => state.gpr[number(register)] = bits as u64,
        Reg::Xmm(_) => state.xmm[number(register)] = bits,
    }
}

/// Runs `machine` on `values`. The row of `op` says what `dst` is then, as far as it is defined;
/// all other registers, and memory, stay.
fn check(
    machine: &Machine,
    op: SimdOp,
    imm: Imm,
    registers: &Registers,
    values: &Tuple,
) -> Result<(), String> {
    let mut state = State::default();
    for (&register, &value) in registers.operands.iter().zip(values) {
        write(&mut state, register, value);
    }
    let args: Vec<u128> = registers.operands.iter().map(|&r| bits(&state, r)).collect();
    let result = op.eval(&args, lanes(imm));
    let mut expected = state.clone();
    machine.run(&mut state);
    ignore_scratch(&mut expected, &state);
    let undefined = match files(op.shape()).1 {
        File::Integer | V128 => 0,
        File::Vector(defined) => bits(&state, registers.dst) >> defined << defined,
    };
    write(&mut expected, registers.dst, result | undefined);
    if state == expected {
        return Ok(());
    }
    let actual = bits(&state, registers.dst);
    Err(format!("{op:?} {imm:?} of {args:#034x?} is {result:#034x}, not {actual:#034x}"))
}

fn check_all<'t>(
    cpu: CpuFeatures,
    (op, imm): (SimdOp, Imm),
    registers: &Registers,
    tuples: impl Iterator<Item = &'t Tuple>,
) {
    let code = machine(cpu, |l| simd(l, op, registers.dst, &registers.operands, imm));
    for values in tuples {
        if let Err(problem) = check(&code, op, imm, registers, values) {
            panic!("{problem}, or something else changed; {cpu:?} {registers:?}");
        }
    }
}

/// Calls `test` with every processor, operator and immediate.
fn for_each(test: impl Fn(CpuFeatures, SimdOp, Imm)) {
    for cpu in feature_sets() {
        for &op in SimdOp::ALL {
            immediates(op.shape()).into_iter().for_each(|imm| test(cpu, op, imm));
        }
    }
}

#[test]
fn operators_are_what_their_rows_say() {
    let tuples = tuples();
    for_each(|cpu, op, imm| {
        let (operands, dst) = files(op.shape());
        check_all(cpu, (op, imm), &Registers::apart(&operands, dst), tuples.iter());
    });
}

#[test]
fn registers_may_be_shared() {
    let tuples = tuples();
    for_each(|cpu, op, imm| {
        let (operands, dst) = files(op.shape());
        for registers in Registers::shared(&operands, dst) {
            check_all(cpu, (op, imm), &registers, tuples.iter().step_by(7));
        }
    });
}
