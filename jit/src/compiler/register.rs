//! Registers of both files under one numbering, and sets of them.
//!
//! What lives here: the numbering, and which register has which role. What does not: what is in a
//! register at the moment. Invariant: the roles are apart, and none is scratch of the lowerings.

use wasmtier_x64::lower::Reg;
use wasmtier_x64::{Gpr, Xmm};

/// A register: general purpose ones by their number, vector ones above.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) struct Register(u8);

impl Register {
    pub(crate) const RAX: Self = Self::gpr(Gpr::Rax);
    pub(crate) const RCX: Self = Self::gpr(Gpr::Rcx);
    pub(crate) const RDX: Self = Self::gpr(Gpr::Rdx);
    pub(crate) const XMM0: Self = Self(16);
    /// How many there are.
    pub(crate) const COUNT: usize = 32;

    pub(crate) const fn gpr(gpr: Gpr) -> Self {
        Self(gpr.number())
    }

    pub(crate) const fn index(self) -> usize {
        (self.0 & 31) as usize
    }

    pub(crate) const fn is_gpr(self) -> bool {
        self.0 < 16
    }

    /// Its name as a general purpose register, which it must be.
    pub(crate) fn as_gpr(self) -> Gpr {
        debug_assert!(self.is_gpr(), "integers are in general purpose registers");
        Gpr::ALL[usize::from(self.0 & 15)]
    }

    /// Its name as a vector register, which it must be.
    pub(crate) fn as_xmm(self) -> Xmm {
        debug_assert!(!self.is_gpr(), "floats are in vector registers");
        Xmm::ALL[usize::from(self.0 & 15)]
    }

    pub(crate) const fn set(self) -> Registers {
        Registers(1 << (self.0 & 31))
    }
}

impl From<Register> for Reg {
    fn from(register: Register) -> Self {
        if register.is_gpr() { Self::Gpr(register.as_gpr()) } else { Self::Xmm(register.as_xmm()) }
    }
}

impl From<Reg> for Register {
    fn from(register: Reg) -> Self {
        match register {
            Reg::Gpr(gpr) => Self::gpr(gpr),
            Reg::Xmm(xmm) => Self(16 + xmm.number()),
        }
    }
}

/// A set of registers.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Registers(pub(crate) u32);

impl Registers {
    pub(crate) const NONE: Self = Self(0);
    /// All general purpose registers.
    pub(crate) const GPR: Self = Self(0xffff);
    /// All vector registers.
    pub(crate) const XMM: Self = Self(0xffff_0000);
    /// Those that survive a call: `r12`, `r13`, `r15`.
    pub(crate) const PRESERVED: Self = Self(1 << 12 | 1 << 13 | 1 << 15);
    /// General purpose registers that locals are pinned to and calls change: the arguments'.
    pub(crate) const VOLATILE_LANES: Self = Self(1 << 6 | 1 << 7 | 1 << 8 | 1 << 9 | 1 << 10);
    /// Vector registers that locals are pinned to: `xmm4` to `xmm12`.
    pub(crate) const FLOAT_LANES: Self = Self(0x1ff << 20);
    /// Those of operands, in every region: `rax`, `rcx`, `rdx`, `xmm0` to `xmm3`. Where they are
    /// not pinned, volatile lanes are too.
    pub(crate) const TEMPORARIES: Self = Self(0b111 | 0xf << 16);
    /// What a call may change and we use.
    pub(crate) const VOLATILE: Self =
        Self(Self::TEMPORARIES.0 | Self::VOLATILE_LANES.0 | Self::FLOAT_LANES.0);

    pub(crate) const fn has(self, register: Register) -> bool {
        self.0 & register.set().0 != 0
    }

    pub(crate) const fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(crate) const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub(crate) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    pub(crate) const fn len(self) -> u32 {
        self.0.count_ones()
    }

    /// The one with the lowest number.
    pub(crate) const fn first(self) -> Option<Register> {
        if self.0 == 0 { None } else { Some(Register(self.0.trailing_zeros() as u8)) }
    }
}

impl Iterator for Registers {
    type Item = Register;

    fn next(&mut self) -> Option<Register> {
        let first = self.first()?;
        self.0 &= self.0 - 1;
        Some(first)
    }
}
