//! The verifier notices when code is wrong: code that the compiler emitted is changed, in ways that
//! are never right, and must be refused.
//!
//! What lives here: changes of one bit that are known to matter from how the instruction reads
//! then, instructions that are left out, and faults that are not listed. Changes that cost an
//! operator its meaning and nothing its safety are none of ours. What does not: code written by
//! hand, which is with the verifier.
//!
//! Invariant: no change of these kinds is ever verified.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::mem::offset_of;

use iced_x86::{Decoder, DecoderOptions, FlowControl, Instruction, Mnemonic, OpKind, Register};
use wasmtier::Engine;
use wasmtier_jit::{Bounds, Compiled, Options, Scratch, compile};
use wasmtier_verify::{instructions, verify};
use wasmtier_vm::{FuncIdx, VmCtx};
use wasmtier_x64::CpuFeatures;

use crate::modules::{Input, of_ours, of_testsuite};

/// How code is made wrong.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Kind {
    /// A jump or call goes into an instruction, or out of the function.
    Astray,
    /// An access to guest memory gets another base.
    OtherBase,
    /// Or a negative offset.
    BelowBase,
    /// An access to the frame goes above it.
    AboveFrame,
    /// The stack pointer or the context is written.
    Pinned,
    /// An instruction that brings back the frame's top is left out.
    TopLost,
    /// A loop no longer asks whether to stop.
    Unstoppable,
    /// A fault is not listed.
    Unlisted,
}

/// Which changes were made, and which of them were verified.
#[derive(Default)]
struct Tally {
    made: BTreeMap<Kind, usize>,
    verified: Vec<String>,
}

/// A function.
struct Target<'a> {
    input: &'a Input,
    func: FuncIdx,
    options: Options,
    compiled: Compiled,
}

impl fmt::Display for Target<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, function {}, {:?}", self.input.name, self.func.0, self.options.bounds)
    }
}

impl Target<'_> {
    fn try_all(&self, tally: &mut Tally) {
        let decoded = instructions(&self.compiled.code);
        let starts: BTreeSet<u64> = decoded.list.iter().map(Instruction::ip).collect();
        // A loop around another may do with what that one asks, and some turn only once.
        let asking: Vec<u64> =
            decoded.list.iter().filter(|one| asks(one)).map(Instruction::ip).collect();
        let turns = |start: u64| {
            decoded.list.iter().any(|one| is_direct(one) && one.near_branch_target() == start)
        };
        let once = matches!(asking[..], [start] if turns(start));
        for instruction in &decoded.list {
            self.flip_bits(instruction, &starts, tally);
            self.leave_out(instruction, once, tally);
        }
        for (at, fault) in self.compiled.faults.iter().enumerate() {
            let access = decoded.list.iter().find(|one| one.ip() == u64::from(*fault));
            // Other memories have no guards, and what is known to be within the length needs none.
            let guarded = access.is_some_and(is_guest)
                && self.options.bounds == Bounds::Guard
                && !decoded.list.iter().any(|one| compares(one) || is_constant(one));
            if guarded {
                let mut changed = self.compiled.clone();
                changed.faults.remove(at);
                self.expect_refusal(&changed, Kind::Unlisted, *fault, tally);
            }
        }
    }

    /// Changes each bit of an instruction that keeps its length and becomes wrong.
    fn flip_bits(&self, instruction: &Instruction, starts: &BTreeSet<u64>, tally: &mut Tally) {
        let (start, length) = (instruction.ip() as usize, instruction.len());
        for bit in 0..8 * length {
            let mut bytes = self.compiled.code[start..start + length].to_vec();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let mut decoder = Decoder::with_ip(64, &bytes, start as u64, DecoderOptions::NONE);
            let now = decoder.decode();
            if now.is_invalid() || now.len() != length {
                continue;
            }
            let kind = wrong(instruction, &now, starts);
            // With explicit bounds, what is compared may include an offset that is subtracted.
            let matters = kind != Some(Kind::BelowBase) || self.options.bounds == Bounds::Guard;
            if let Some(kind) = kind.filter(|_| matters) {
                let mut changed = self.compiled.clone();
                changed.code[start..start + length].copy_from_slice(&bytes);
                self.expect_refusal(&changed, kind, start as u32, tally);
            }
        }
    }

    /// Replaces an instruction that is never in vain by ones that do nothing.
    fn leave_out(&self, instruction: &Instruction, once: bool, tally: &mut Tally) {
        let lifts = instruction.mnemonic() == Mnemonic::Lea
            && instruction.op0_register() == Register::RBP
            && instruction.memory_displacement64().cast_signed() > 0;
        let asks = asks(instruction) && once;
        let kind = match (lifts, asks) {
            (true, _) => Kind::TopLost,
            (false, true) => Kind::Unstoppable,
            (false, false) => return,
        };
        let mut changed = self.compiled.clone();
        let start = instruction.ip() as usize;
        changed.code[start..start + instruction.len()].fill(0x90);
        self.expect_refusal(&changed, kind, start as u32, tally);
    }

    fn expect_refusal(&self, changed: &Compiled, kind: Kind, at: u32, tally: &mut Tally) {
        *tally.made.entry(kind).or_default() += 1;
        if verify(changed, self.input.info(), self.func, &self.options).is_ok() {
            tally.verified.push(format!("{self}: {kind:?} at {at:#x}"));
        }
    }
}

/// Whether an instruction jumps or calls to where it says itself.
fn is_direct(instruction: &Instruction) -> bool {
    let jumps = matches!(
        instruction.flow_control(),
        FlowControl::UnconditionalBranch | FlowControl::ConditionalBranch | FlowControl::Call
    );
    jumps && instruction.op0_kind() == OpKind::NearBranch64
}

/// Whether an instruction asks whether to stop.
fn asks(instruction: &Instruction) -> bool {
    instruction.mnemonic() == Mnemonic::Cmp
        && instruction.memory_base() == Register::R14
        && instruction.op1_kind() == OpKind::Immediate8to64
}

/// Whether an instruction makes a constant, which may be an address.
fn is_constant(instruction: &Instruction) -> bool {
    let (a, b) = (instruction.op0_register(), instruction.op1_register());
    match instruction.mnemonic() {
        Mnemonic::Mov => a.is_gpr() && instruction.op1_kind() == OpKind::Immediate32,
        Mnemonic::Xor => a.is_gpr() && a == b,
        _ => false,
    }
}

/// Whether an instruction looks at the length of memory 0.
fn compares(instruction: &Instruction) -> bool {
    instruction.memory_base() == Register::R14
        && instruction.memory_displacement64() == offset_of!(VmCtx, mem0_len) as u64
}

/// Whether an instruction accesses memory 0 by an index.
fn is_guest(instruction: &Instruction) -> bool {
    instruction.memory_base() == Register::RBX && instruction.memory_index() != Register::None
}

/// How an instruction is wrong that another one was changed to.
fn wrong(was: &Instruction, now: &Instruction, starts: &BTreeSet<u64>) -> Option<Kind> {
    if is_direct(was) {
        let astray = is_direct(now) && !starts.contains(&now.near_branch_target());
        return astray.then_some(Kind::Astray);
    }
    let writes = |register: Register| {
        now.op0_kind() == OpKind::Register
            && now.op0_register().full_register() == register
            && !matches!(now.mnemonic(), Mnemonic::Cmp | Mnemonic::Test | Mnemonic::Bt)
            && !matches!(now.mnemonic(), Mnemonic::Mul | Mnemonic::Div | Mnemonic::Idiv)
            && (now.mnemonic() != Mnemonic::Imul || now.op_count() > 1)
            && now.mnemonic() == was.mnemonic()
            && now.op0_register().is_gpr()
            && was.op0_register().is_gpr()
    };
    if [Register::RSP, Register::R14].into_iter().any(writes) {
        return Some(Kind::Pinned);
    }
    let accesses = |one: &Instruction| {
        let memory = one.op_kinds().any(|kind| kind == OpKind::Memory);
        memory && !matches!(one.mnemonic(), Mnemonic::Lea | Mnemonic::Nop)
    };
    if !accesses(was) || !accesses(now) || was.mnemonic() != now.mnemonic() {
        return None;
    }
    let moved = now.memory_displacement64().cast_signed();
    let same_place = now.memory_base() == was.memory_base()
        && now.memory_index() == was.memory_index()
        && now.memory_index_scale() == was.memory_index_scale();
    let other = now.memory_base() != was.memory_base()
        && now.memory_index() == was.memory_index()
        && now.memory_base() != was.memory_index();
    match was.memory_base() {
        _ if is_guest(was) && other => Some(Kind::OtherBase),
        Register::RBX if is_guest(was) && same_place && moved < -16 => Some(Kind::BelowBase),
        Register::RBP if same_place && moved >= 0 => Some(Kind::AboveFrame),
        _ => None,
    }
}

#[test]
fn changed_code_is_refused() {
    let engine = Engine::default();
    let mut inputs = of_ours(&engine);
    inputs.extend(of_testsuite(&engine).into_iter().step_by(40));
    let (mut scratch, mut tally) = (Scratch::default(), Tally::default());
    for input in &inputs {
        let info = input.info();
        // Code behind an address that has over 64 bits whatever the index cannot be reached.
        if info.memories.iter().any(|memory| memory.memory64) {
            continue;
        }
        for func in (info.imported_funcs..info.funcs.len() as u32).map(FuncIdx) {
            let bounds = if func.0 % 2 == 0 { Bounds::Guard } else { Bounds::Explicit };
            let options = input.options(CpuFeatures::FLOOR, bounds);
            let Ok(compiled) = compile(&mut scratch, info, func, &input.bytes, &options) else {
                continue;
            };
            // The time is the square of the length.
            if compiled.code.len() < 1000 {
                Target { input, func, options, compiled }.try_all(&mut tally);
            }
        }
    }
    eprintln!("{:?}", tally.made);
    let count = tally.verified.len();
    tally.verified.truncate(20);
    assert_eq!(count, 0, "changed, and yet verified:\n{}", tally.verified.join("\n"));
    for kind in [Kind::Astray, Kind::OtherBase, Kind::AboveFrame, Kind::Pinned, Kind::TopLost] {
        assert!(tally.made.get(&kind).is_some_and(|made| *made > 100), "{kind:?} was not tried");
    }
}
