//! Accesses to guest memory on the machine.
//!
//! What lives here: every way to make an address, and code that tells how it left. What does not:
//! which accesses are tested. Invariant: the effective address of an access, whatever it is, lands
//! on the same bytes in the middle of [`State::slots`]; the base register makes up the difference.

use iced_x86::{Decoder, DecoderOptions, Instruction, Mnemonic, OpKind, Register};
use wasmtier_ops::Trap;
use wasmtier_x64::lower::{
    Access, Bounds, Exits, FarOffset, GuestMem, Index, Limit, Lowering, Offset, Reg, WideIndex,
    address, far_address,
};
use wasmtier_x64::{CodeBuffer, CpuFeatures, Gpr, GprMem, Mem, Scale, Width, Xmm};

use dynasmrt::DynasmLabelApi;

use crate::machine::{Machine, SLOTS, State, slot, wrapped};

pub(crate) const BASE: Gpr = Gpr::Rbx;
pub(crate) const INDEX: Gpr = Gpr::Rcx;
pub(crate) const TEMP: Gpr = Gpr::Rdx;
const LEN: Gpr = Gpr::R8;
const FROM: Gpr = Gpr::R14;
const FROM_TOO: Gpr = Gpr::R13;

const INDEX_SLOT: usize = 4;
const OFFSET_SLOT: usize = 5;
const LEN_SLOT: usize = 6;
/// A slot for operands.
pub(crate) const VALUE_SLOT: usize = 7;
/// Another one, which is part of guest memory, but none that is accessed.
pub(crate) const OTHER_SLOT: usize = 3;
/// The bytes that are accessed begin here, in the first of [`State::slots`].
const PLACE: u32 = 8;

/// How an index becomes an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Guard,
    Explicit,
    /// The length is in a register.
    ExplicitReg,
    /// By 32 bits, in any memory.
    Far,
    /// By 64 bits.
    Far64,
}

impl Mode {
    pub(crate) const ALL: [Self; 5] =
        [Self::Guard, Self::Explicit, Self::ExplicitReg, Self::Far, Self::Far64];

    pub(crate) fn takes_wide_offsets(self) -> bool {
        matches!(self, Self::Far | Self::Far64)
    }
}

/// Where an index comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum From {
    Same,
    Other,
    Slot,
    Sum,
}

impl From {
    pub(crate) const ALL: [Self; 4] = [Self::Same, Self::Other, Self::Slot, Self::Sum];
}

/// What an address is made of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Guest {
    pub(crate) mode: Mode,
    pub(crate) from: From,
    pub(crate) offset: u64,
    pub(crate) offset_in_slot: bool,
    pub(crate) access: Access,
}

/// How code was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Done,
    OutOfBounds,
    Misaligned,
}

impl Guest {
    /// An address without difficulties.
    pub(crate) fn easy(mode: Mode, access: impl Into<Access>) -> Self {
        let (from, offset) = (From::Same, 0);
        Self { mode, from, offset, offset_in_slot: false, access: access.into() }
    }

    /// Emits the address, `access`, and exits that tell in `r11` how it was left.
    fn emit(
        self,
        code: &mut CodeBuffer,
        exits: &mut Exits,
        access: impl FnOnce(&mut Lowering<'_>, GuestMem),
    ) {
        let (outside, done) = (code.new_dynamic_label(), code.new_dynamic_label());
        let l = &mut Lowering { code, exits, cpu: CpuFeatures::FLOOR };
        let len = match self.mode {
            Mode::ExplicitReg => GprMem::from(LEN),
            Mode::Guard | Mode::Explicit | Mode::Far | Mode::Far64 => slot(LEN_SLOT).into(),
        };
        let at = self.place(l, Limit { len, exit: outside });
        access(l, at);
        code.mov_imm(Gpr::R11, 0);
        code.jmp(done);
        code.dynamic_label(outside);
        code.mov_imm(Gpr::R11, 1);
        code.jmp(done);
        for (trap, label) in exits.traps() {
            assert_eq!(*trap, Trap::HeapMisaligned);
            code.dynamic_label(*label);
            code.mov_imm(Gpr::R11, 2);
        }
        code.dynamic_label(done);
    }

    fn place(self, l: &mut Lowering<'_>, limit: Limit) -> GuestMem {
        let (near, far) = if self.offset_in_slot {
            (Offset::Mem(slot(OFFSET_SLOT)), FarOffset::Mem(slot(OFFSET_SLOT)))
        } else {
            (Offset::Imm(self.offset as u32), FarOffset::Imm(self.offset))
        };
        let access = self.access;
        match self.mode {
            Mode::Guard => {
                let index = self.index(l.code);
                address(l, BASE, index, near, access, Bounds::Guard, TEMP)
            }
            Mode::Explicit | Mode::ExplicitReg => {
                let index = self.index(l.code);
                address(l, BASE, index, near, access, Bounds::Explicit(limit), TEMP)
            }
            Mode::Far => {
                let index = self.index(l.code);
                far_address(l, BASE, index, far, access, limit, TEMP)
            }
            Mode::Far64 => {
                let index = self.wide_index(l.code);
                far_address(l, BASE, index, far, access, limit, TEMP)
            }
        }
    }

    fn index(self, code: &mut CodeBuffer) -> Index {
        match self.from {
            From::Same => Index::copied(code, INDEX, INDEX),
            From::Other => Index::copied(code, INDEX, FROM),
            From::Slot => Index::loaded(code, INDEX, slot(INDEX_SLOT)),
            From::Sum => {
                let terms = Mem::new(FROM, 5).indexed(FROM_TOO, Scale::Four);
                Index::sum(code, INDEX, terms)
            }
        }
    }

    fn wide_index(self, code: &mut CodeBuffer) -> WideIndex {
        match self.from {
            From::Same => WideIndex::new(INDEX),
            From::Other | From::Sum => {
                code.mov(Width::W64, INDEX, FROM);
                WideIndex::new(INDEX)
            }
            From::Slot => WideIndex::loaded(code, INDEX, slot(INDEX_SLOT)),
        }
    }

    /// The instructions that read or write what is not the tier's, which `rbp` and `r12` address,
    /// and where they are. These are the ones that may fault.
    pub(crate) fn accesses(
        self,
        access: impl FnOnce(&mut Lowering<'_>, GuestMem),
    ) -> Vec<Instruction> {
        let (mut code, mut exits) = (CodeBuffer::new(), Exits::default());
        self.emit(&mut code, &mut exits, access);
        let code = code.finish().expect("all labels are placed");
        let accesses: Vec<_> = Decoder::new(64, &code, DecoderOptions::NONE)
            .into_iter()
            .filter(|instruction| {
                let in_memory = instruction.op_kinds().any(|kind| kind == OpKind::Memory);
                let is_ours = [Register::RBP, Register::R12].contains(&instruction.memory_base());
                in_memory && !is_ours && instruction.mnemonic() != Mnemonic::Lea
            })
            .collect();
        let offsets: Vec<_> = accesses.iter().map(|access| access.ip() as usize).collect();
        assert_eq!(exits.faults(), offsets, "{self:?}");
        accesses
    }

    /// Code for the machine, which writes to `results`.
    pub(crate) fn ready(
        self,
        results: &[Reg],
        access: impl Fn(&mut Lowering<'_>, GuestMem),
    ) -> Ready {
        self.accesses(&access);
        let mut exits = Exits::default();
        let code = wrapped(|code| self.emit(code, &mut exits, &access));
        Ready { guest: self, machine: Machine::new(code), results: results.to_vec() }
    }

    /// The index as it counts.
    pub(crate) fn counted(self, index: u64) -> u64 {
        if self.mode == Mode::Far64 { index } else { u64::from(index as u32) }
    }
}

/// A [`Guest`] to run.
pub(crate) struct Ready {
    guest: Guest,
    machine: Machine,
    results: Vec<Reg>,
}

impl Ready {
    /// Accesses the place for this `index` in a memory of `len` bytes. Panics when that changes
    /// what it must not change.
    pub(crate) fn run(&self, state: &mut State, index: u64, len: u64) -> Outcome {
        let effective = self.guest.counted(index).wrapping_add(self.guest.offset);
        let place = state.slots.as_ptr().addr() as u64 + u64::from(PLACE);
        state.gpr[number(BASE)] = place.wrapping_sub(effective);
        let terms = index.wrapping_sub(5).wrapping_sub(state.gpr[number(FROM_TOO)] << 2);
        let indices = [(From::Same, INDEX, index), (From::Other, FROM, index)];
        for (from, register, value) in indices.into_iter().chain([(From::Sum, FROM, terms)]) {
            if self.guest.from == from {
                state.gpr[number(register)] = value;
            }
        }
        if self.guest.mode == Mode::Far64 && self.guest.from == From::Sum {
            state.gpr[number(FROM)] = index;
        }
        set_low(&mut state.slots[INDEX_SLOT], index);
        set_low(&mut state.slots[OFFSET_SLOT], self.guest.offset | self.beyond_offset());
        set_low(&mut state.slots[LEN_SLOT], len);
        state.gpr[number(LEN)] = len;
        let before = state.clone();
        self.machine.run(state);
        let outcome = match state.gpr[number(Gpr::R11)] {
            0 => Outcome::Done,
            1 => Outcome::OutOfBounds,
            2 => Outcome::Misaligned,
            other => panic!("left by {other}"),
        };
        self.expect_kept(&before, state, outcome);
        if !self.results.contains(&INDEX.into()) || outcome != Outcome::Done {
            assert_eq!(state.gpr[number(INDEX)], self.guest.counted(index), "index");
        }
        outcome
    }

    fn expect_kept(&self, before: &State, after: &State, outcome: Outcome) {
        let may_change =
            |register: Reg| outcome == Outcome::Done && self.results.contains(&register);
        for register in Gpr::ALL {
            let free = [Gpr::Rsp, SLOTS, Gpr::R11, TEMP, INDEX].contains(&register);
            if !free && !may_change(register.into()) {
                let (was, is) = (before.gpr[number(register)], after.gpr[number(register)]);
                assert_eq!(was, is, "{register:?} of {:?}", self.guest);
            }
        }
        for register in &Xmm::ALL[..13] {
            if !may_change((*register).into()) {
                let number = usize::from(register.number());
                assert_eq!(before.xmm[number], after.xmm[number], "{register:?}");
            }
        }
        assert_eq!(before.slots[0] as u64, after.slots[0] as u64, "what lies before the access");
        assert_eq!(before.slots[1..], after.slots[1..], "slots");
        if outcome != Outcome::Done {
            assert_eq!(before.slots[0], after.slots[0], "guest memory");
        }
    }

    /// What lies behind an offset of 32 bits.
    fn beyond_offset(&self) -> u64 {
        if self.guest.mode.takes_wide_offsets() { 0 } else { 0xabcd_ef01 << 32 }
    }
}

/// Where `register` is in [`State::gpr`].
pub(crate) fn number(register: Gpr) -> usize {
    usize::from(register.number())
}

/// The 8 bytes that are accessed, the low ones by narrower accesses.
pub(crate) fn accessed(state: &State) -> u64 {
    (state.slots[0] >> (8 * PLACE)) as u64
}

/// Sets what is accessed.
pub(crate) fn set_accessed(state: &mut State, value: u64) {
    let rest = state.slots[0] & ((1 << (8 * PLACE)) - 1);
    state.slots[0] = rest | u128::from(value) << (8 * PLACE);
}

/// Replaces the low half of a slot.
pub(crate) fn set_low(slot: &mut u128, value: u64) {
    *slot = *slot >> 64 << 64 | u128::from(value);
}
