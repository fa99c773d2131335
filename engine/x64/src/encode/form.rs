//! The shape of an instruction: prefixes, opcode, ModRM, SIB, displacement, immediate.
//!
//! What lives here: what all encoders share. What does not: any opcode. Invariant: of the encodings
//! of the operands the shortest is chosen.

use dynasmrt::relocations::{Relocation, RelocationKind, RelocationSize};
use dynasmrt::x64::X64Relocation;
use dynasmrt::{DynamicLabel, DynasmLabelApi};

use crate::{Address, CodeBuffer, Gpr, GprMem, Mem, Scale, Width, Xmm, XmmMem};

/// The prefix that belongs to an opcode, by its number in VEX.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Prefix {
    Np,
    P66,
    Pf3,
    Pf2,
}

impl Prefix {
    const BYTES: [u8; 4] = [0, 0x66, 0xf3, 0xf2];
}

/// The map in which an opcode stands, by its number in VEX.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Map {
    Primary,
    M0f,
    M0f38,
    M0f3a,
}

/// An opcode with what tells it from others of the same byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Opcode {
    pub(crate) prefix: Prefix,
    pub(crate) map: Map,
    pub(crate) byte: u8,
}

impl Opcode {
    pub(crate) const fn new(prefix: Prefix, map: Map, byte: u8) -> Self {
        Self { prefix, map, byte }
    }

    pub(crate) const fn primary(byte: u8) -> Self {
        Self::new(Prefix::Np, Map::Primary, byte)
    }

    pub(crate) const fn m0f(byte: u8) -> Self {
        Self::new(Prefix::Np, Map::M0f, byte)
    }
}

/// What the ModRM byte names besides its `reg` field.
#[derive(Clone, Copy)]
pub(crate) enum Rm {
    Reg(u8),
    Mem(Address),
}

impl Rm {
    /// The bits X and B of a REX prefix.
    #[inline(always)]
    fn rex(self) -> u8 {
        match self {
            Self::Reg(number) => number >> 3,
            Self::Mem(Address::Label(_)) => 0,
            Self::Mem(Address::Mem(mem)) => {
                let (base, index, _) = normal(mem);
                let x = index.map_or(0, |(index, _)| index.number() >> 3);
                x << 1 | base.number() >> 3
            }
        }
    }

    /// Whether it is a register whose low byte has no name without a REX prefix.
    #[inline(always)]
    pub(crate) fn is_new_byte(self) -> bool {
        matches!(self, Self::Reg(4..8))
    }
}

impl From<Gpr> for Rm {
    fn from(register: Gpr) -> Self {
        Self::Reg(register.number())
    }
}

impl From<Xmm> for Rm {
    fn from(register: Xmm) -> Self {
        Self::Reg(register.number())
    }
}

impl From<GprMem> for Rm {
    fn from(operand: GprMem) -> Self {
        match operand {
            GprMem::Reg(register) => register.into(),
            GprMem::Mem(address) => Self::Mem(address),
        }
    }
}

impl From<XmmMem> for Rm {
    fn from(operand: XmmMem) -> Self {
        match operand {
            XmmMem::Reg(register) => register.into(),
            XmmMem::Mem(address) => Self::Mem(address),
        }
    }
}

impl From<Address> for Rm {
    fn from(address: Address) -> Self {
        Self::Mem(address)
    }
}

/// The same address such that a base of rbp or r13 does not cost a displacement of 0.
#[inline(always)]
fn normal(mem: Mem) -> (Gpr, Option<(Gpr, Scale)>, i32) {
    match mem.parts() {
        (base @ (Gpr::Rbp | Gpr::R13), Some((index, Scale::One)), 0) => {
            (index, Some((base, Scale::One)), 0)
        }
        parts => parts,
    }
}

/// One instruction while it grows.
///
/// Up to its SIB byte it takes at most 8 bytes, and so do displacement and immediate together: each
/// part is a number, so that all of it is in registers until it is placed.
#[derive(Clone, Copy)]
pub(crate) struct Instruction {
    head: u64,
    tail: u64,
    /// Bits of each.
    head_len: u32,
    tail_len: u32,
    /// A label relative to the end of the instruction, and how many bits of the tail are before the
    /// end of its field.
    label: Option<(DynamicLabel, u32)>,
}

impl Instruction {
    #[inline(always)]
    pub(crate) fn new() -> Self {
        Self { head: 0, tail: 0, head_len: 0, tail_len: 0, label: None }
    }

    /// Appends a byte to what is before displacement and immediate.
    #[inline(always)]
    pub(crate) fn front(mut self, byte: u8) -> Self {
        self.head |= u64::from(byte) << (self.head_len & 63);
        self.head_len += 8;
        self
    }

    /// Appends bits of a displacement or an immediate.
    #[inline(always)]
    fn back(mut self, bits: u64, len: u32) -> Self {
        self.tail |= bits << (self.tail_len & 63);
        self.tail_len += len;
        self
    }

    /// Appends an immediate of 8 bits.
    #[inline(always)]
    pub(crate) fn byte(self, byte: u8) -> Self {
        self.back(byte.into(), 8)
    }

    /// The only byte of an instruction, or of its opcode.
    #[inline(always)]
    pub(crate) fn op(byte: u8) -> Self {
        Self::new().front(byte)
    }

    /// The prefixes and the opcode, up to where ModRM or an immediate follows. `rex` has the bits
    /// R, X and B; `needed` says that a register of 8 bits needs the prefix even without bits.
    #[inline(always)]
    pub(crate) fn opcode(self, op: Opcode, width: Width, rex: u8, needed: bool) -> Self {
        let mut bytes = self;
        if width == Width::W16 {
            bytes = bytes.front(0x66);
        }
        if op.prefix != Prefix::Np {
            bytes = bytes.front(Prefix::BYTES[op.prefix as usize]);
        }
        let rex = rex | u8::from(width == Width::W64) << 3;
        if rex != 0 || needed {
            bytes = bytes.front(0x40 | rex);
        }
        bytes = match op.map {
            Map::Primary => bytes,
            Map::M0f => bytes.front(0x0f),
            Map::M0f38 => bytes.front(0x0f).front(0x38),
            Map::M0f3a => bytes.front(0x0f).front(0x3a),
        };
        bytes.front(op.byte)
    }

    /// An instruction with ModRM up to its immediate. `needed` as in [`Self::opcode`].
    #[inline(always)]
    pub(crate) fn modrm(op: Opcode, width: Width, reg: u8, rm: Rm, needed: bool) -> Self {
        let rex = reg >> 3 << 2 | rm.rex();
        Self::new().opcode(op, width, rex, needed).operands(reg, rm)
    }

    /// An instruction with a VEX prefix for 128 bits, up to its immediate. `v` is the operand
    /// that is in no other field, 0 when there is none.
    pub(crate) fn vex(op: Opcode, wide: bool, reg: u8, v: u8, rm: Rm) -> Self {
        let rex = reg >> 3 << 2 | rm.rex();
        let last = (!v & 15) << 3 | op.prefix as u8;
        let prefix = if rex & 3 == 0 && !wide && op.map == Map::M0f {
            Self::new().front(0xc5).front((!rex & 4) << 5 | last)
        } else {
            let first = (!rex & 7) << 5 | op.map as u8;
            Self::new().front(0xc4).front(first).front(u8::from(wide) << 7 | last)
        };
        prefix.front(op.byte).operands(reg, rm)
    }

    #[inline(always)]
    fn operands(self, reg: u8, rm: Rm) -> Self {
        let reg = (reg & 7) << 3;
        match rm {
            Rm::Reg(number) => self.front(0xc0 | reg | number & 7),
            Rm::Mem(Address::Mem(mem)) => self.memory(reg, mem),
            Rm::Mem(Address::Label(label)) => self.front(reg | 5).distance(label),
        }
    }

    #[inline(always)]
    fn memory(self, reg: u8, mem: Mem) -> Self {
        let (base, index, disp) = normal(mem);
        let base = base.number() & 7;
        let short = i8::try_from(disp);
        let mode = match short {
            // Without a displacement, 5 would stand for rip or for no base.
            Ok(0) if base != 5 => 0x00,
            Ok(_) => 0x40,
            Err(_) => 0x80,
        };
        let bytes = match index {
            // 4 stands for a SIB byte, and there for no index.
            None if base == 4 => self.front(mode | reg | 4).front(4 << 3 | base),
            None => self.front(mode | reg | base),
            Some((index, scale)) => {
                let index = (index.number() & 7) << 3;
                self.front(mode | reg | 4).front((scale as u8) << 6 | index | base)
            }
        };
        match (mode, short) {
            (0x00, _) => bytes,
            (_, Ok(short)) => bytes.imm8(short),
            (_, Err(_)) => bytes.imm32(disp),
        }
    }

    #[inline(always)]
    pub(crate) fn imm8(self, value: i8) -> Self {
        self.back(value.cast_unsigned().into(), 8)
    }

    #[inline(always)]
    pub(crate) fn imm16(self, value: i16) -> Self {
        self.back(value.cast_unsigned().into(), 16)
    }

    #[inline(always)]
    pub(crate) fn imm32(self, value: i32) -> Self {
        self.back(value.cast_unsigned().into(), 32)
    }

    #[inline(always)]
    pub(crate) fn imm64(self, value: u64) -> Self {
        self.back(value, 64)
    }

    /// An immediate as wide as the operation, 32 bits at most.
    #[inline(always)]
    pub(crate) fn imm(self, width: Width, value: i32) -> Self {
        match width {
            Width::W8 => self.imm8(value as i8),
            Width::W16 => self.imm16(value as i16),
            Width::W32 | Width::W64 => self.imm32(value),
        }
    }

    /// Appends the 32-bit distance to `label`.
    #[inline(always)]
    pub(crate) fn distance(self, label: DynamicLabel) -> Self {
        let mut bytes = self.imm32(0);
        bytes.label = Some((label, bytes.tail_len));
        bytes
    }

    /// Appends it to `code`.
    #[inline(always)]
    pub(crate) fn place(self, code: &mut CodeBuffer) {
        let bits = u128::from(self.head) | u128::from(self.tail) << (self.head_len & 127);
        code.append(bits, ((self.head_len + self.tail_len) / 8) as usize);
        if let Some((label, end)) = self.label {
            // At most 4 bytes of displacement and 4 of immediate are behind the field's start.
            let back = ((self.tail_len - end) / 8 + 4) as u8;
            let kind = X64Relocation::from_size(RelocationKind::Relative, RelocationSize::DWord);
            code.dynamic_relocation(label, 0, back, 0, kind);
        }
    }
}

/// `width`, of an instruction that has no form for 8 bits.
///
/// # Panics
/// When `width` is 8 bits.
#[inline(always)]
pub(crate) fn not_byte(width: Width) -> Width {
    assert_ne!(width, Width::W8, "the instruction has no form for 8 bits");
    width
}

/// Whether the operation is on 64 bits, of an instruction that has only forms for 32 and 64.
///
/// # Panics
/// When `width` is 8 or 16 bits.
#[inline(always)]
pub(crate) fn is_wide(width: Width) -> bool {
    assert!(width >= Width::W32, "the instruction has only forms for 32 and 64 bits");
    width == Width::W64
}
