//! Addresses of guest memory.
//!
//! What lives here: the only functions that make a [`GuestMem`], from registers whose types prove
//! that all 64 bits are the index. What does not: the accesses (`memory`, `atomic`), and where base
//! and length come from.
//!
//! Invariant: a [`GuestMem`] is within its memory, or in the guard behind it; and no index is used
//! whose upper half was not cleared by the instruction that wrote it.

use dynasmrt::DynamicLabel;
use wasmtier_ops::{AtomicOp, LoadOp, SimdAccessOp, StoreOp, Trap};

use super::Lowering;
use super::operand;
use crate::{Alu, CodeBuffer, Cond, Gpr, GprMem, Mem, Scale, Width};

/// A register that holds an index of 32 bits, and whose upper half is clear.
///
/// Its register must not be written before the index is used up.
#[derive(Debug)]
pub struct Index(Gpr);

impl Index {
    /// All of `register`: the caller knows that its upper half is clear.
    ///
    /// The compiler's argument: it asks only for operands of type `i32`, and whatever writes such
    /// an operand's register clears the upper half: every lowering whose result has 32 bits does,
    /// loads of homes and slots of that type do, arguments and results of calls are extended by
    /// zeros by convention, and copies of such registers copy 32 bits.
    #[must_use]
    pub const fn clear(register: Gpr) -> Self {
        Self(register)
    }

    /// Copies the low half of `from`, which may be the same register.
    pub fn copied(code: &mut CodeBuffer, into: Gpr, from: Gpr) -> Self {
        code.mov(Width::W32, into, from);
        Self(into)
    }

    /// Loads 32 bits of the tier's memory.
    pub fn loaded(code: &mut CodeBuffer, into: Gpr, from: Mem) -> Self {
        code.mov(Width::W32, into, from);
        Self(into)
    }

    /// Computes what `terms` adds up to, modulo 2^32 as `i32.add` does; nothing is loaded.
    pub fn sum(code: &mut CodeBuffer, into: Gpr, terms: Mem) -> Self {
        code.lea(Width::W32, into, terms);
        Self(into)
    }
}

/// A register that holds an index of 64 bits.
///
/// Its register must not be written before the index is used up.
#[derive(Debug)]
pub struct WideIndex(Gpr);

impl WideIndex {
    /// All of `register` is the index: the address of a memory64.
    #[must_use]
    pub const fn new(register: Gpr) -> Self {
        Self(register)
    }

    /// Loads 64 bits of the tier's memory.
    pub fn loaded(code: &mut CodeBuffer, into: Gpr, from: Mem) -> Self {
        code.mov(Width::W64, into, from);
        Self(into)
    }
}

impl From<Index> for WideIndex {
    fn from(index: Index) -> Self {
        Self(index.0)
    }
}

/// What is added to an index of 32 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offset {
    /// The offset itself.
    Imm(u32),
    /// 32 bits in the tier's memory.
    Mem(Mem),
}

/// What is added to an index of any width.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FarOffset {
    /// The offset itself.
    Imm(u64),
    /// 64 bits in the tier's memory.
    Mem(Mem),
}

/// Where a memory ends, and where code goes for accesses that reach beyond.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// Its length in bytes, 64 bits. Read once.
    pub len: GprMem,
    /// Jumped to before the access, with all registers in place but those that may be changed.
    pub exit: DynamicLabel,
}

/// What keeps an access by an index of 32 bits within its memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bounds {
    /// 8 GiB and some from the base are nothing but the memory and a guard that faults.
    Guard,
    /// A comparison.
    Explicit(Limit),
}

/// What an address is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    bytes: u8,
    aligned: bool,
}

impl Access {
    /// Whether the access must be where a multiple of its size is.
    #[must_use]
    pub fn checks_alignment(self) -> bool {
        self.aligned && self.bytes > 1
    }
}

impl From<LoadOp> for Access {
    fn from(op: LoadOp) -> Self {
        Self { bytes: op.bytes() as u8, aligned: false }
    }
}

impl From<StoreOp> for Access {
    fn from(op: StoreOp) -> Self {
        Self { bytes: op.bytes() as u8, aligned: false }
    }
}

impl From<SimdAccessOp> for Access {
    fn from(op: SimdAccessOp) -> Self {
        Self { bytes: op.bytes() as u8, aligned: false }
    }
}

/// An address that is no multiple of the size leaves by [`Trap::HeapMisaligned`], even when it is
/// out of bounds too.
impl From<AtomicOp> for Access {
    fn from(op: AtomicOp) -> Self {
        Self { bytes: op.bytes() as u8, aligned: true }
    }
}

/// A place in guest memory, for one access.
///
/// The registers it names, which are those that it was made of, must not be written before.
#[derive(Debug)]
pub struct GuestMem(Mem);

impl GuestMem {
    /// The operand of the instruction that accesses it.
    pub(super) fn mem(&self) -> Mem {
        self.0
    }
}

/// The place at `index + offset` in a memory that 32 bits address, whose first byte is at `base`.
///
/// Changes `temp`, and nothing else that a caller may name.
///
/// # Panics
/// When `base`, `index`, `temp` and `r11` are not four registers, or the length is in `temp`.
pub fn address(
    l: &mut Lowering<'_>,
    base: Gpr,
    index: Index,
    offset: Offset,
    access: Access,
    bounds: Bounds,
    temp: Gpr,
) -> GuestMem {
    let place = Place::new(base, index.0, temp);
    let limit = match bounds {
        Bounds::Guard => None,
        Bounds::Explicit(limit) => Some(limit),
    };
    if access.checks_alignment() {
        place.add(l.code, offset);
        return place.aligned(l, access, limit);
    }
    match limit {
        None => place.guarded(l.code, offset),
        Some(limit) => place.bounded(l.code, offset, i32::from(access.bytes), limit),
    }
}

/// The place `at` bytes behind the first one of a memory that has a guard, which is at `base`.
///
/// # Panics
/// When `at` is negative.
#[must_use]
pub fn fixed_address(base: Gpr, at: i32) -> GuestMem {
    assert!(at >= 0, "memory does not begin before its base");
    GuestMem(Mem::new(base, at))
}

/// The place at `index + offset` in any memory, whose first byte is at `base`; out of bounds when
/// the sum has more than 64 bits.
///
/// Changes `temp`, and nothing else that a caller may name.
///
/// # Panics
/// As for [`address`].
pub fn far_address(
    l: &mut Lowering<'_>,
    base: Gpr,
    index: impl Into<WideIndex>,
    offset: FarOffset,
    access: Access,
    limit: Limit,
    temp: Gpr,
) -> GuestMem {
    let place = Place::new(base, index.into().0, temp);
    if access.checks_alignment() {
        place.add_far(l.code, offset, limit);
        return place.aligned(l, access, Some(limit));
    }
    place.bounded_far(l.code, offset, i32::from(access.bytes), limit)
}

impl Limit {
    /// Leaves when the access ends, at what `end` holds, beyond the memory.
    fn check(self, code: &mut CodeBuffer, end: Gpr) {
        let reads_end = match self.len {
            GprMem::Reg(len) => len == end,
            GprMem::Mem(crate::Address::Mem(len)) => len.uses(end),
            GprMem::Mem(crate::Address::Label(_)) => false,
        };
        assert!(!reads_end, "the length is still needed");
        code.alu(Alu::Cmp, Width::W64, end, self.len);
        code.jcc(Cond::A, self.exit);
    }
}

/// The registers an address is made of: all 64 bits of `index` count.
#[derive(Clone, Copy)]
struct Place {
    base: Gpr,
    index: Gpr,
    temp: Gpr,
}

impl Place {
    fn new(base: Gpr, index: Gpr, temp: Gpr) -> Self {
        let all = [base, index, temp, operand::TEMP];
        let apart = (1..all.len()).all(|i| !all[..i].contains(&all[i]));
        assert!(apart, "base, index and temporary are apart, and none is r11");
        Self { base, index, temp }
    }

    /// `index + disp`, where `disp` was not negative before it became signed.
    fn at_index(self, disp: i32) -> GuestMem {
        GuestMem(Mem::new(self.base, disp).indexed(self.index, Scale::One))
    }

    /// What `temp` holds, less `bytes`.
    fn before_temp(self, bytes: i32) -> GuestMem {
        GuestMem(Mem::new(self.base, -bytes).indexed(self.temp, Scale::One))
    }

    /// In a reservation that two numbers of 32 bits cannot leave.
    fn guarded(self, code: &mut CodeBuffer, offset: Offset) -> GuestMem {
        match offset {
            Offset::Imm(offset) => match i32::try_from(offset) {
                Ok(disp) => return self.at_index(disp),
                Err(_) => code.mov_imm(self.temp, offset.into()),
            },
            Offset::Mem(offset) => code.mov(Width::W32, self.temp, offset),
        }
        // Not to the index: that is what is ready last.
        code.alu(Alu::Add, Width::W64, self.temp, self.base);
        GuestMem(Mem::base(self.temp).indexed(self.index, Scale::One))
    }

    /// Two numbers of 32 bits and a small one: no overflow in 64 bits.
    fn bounded(self, code: &mut CodeBuffer, offset: Offset, bytes: i32, limit: Limit) -> GuestMem {
        if let Offset::Imm(offset) = offset
            && let Some(disp) = displacement(offset.into(), bytes)
        {
            code.lea(Width::W64, self.temp, Mem::new(self.index, disp + bytes));
            limit.check(code, self.temp);
            return self.at_index(disp);
        }
        self.add(code, offset);
        code.alu_imm(Alu::Add, Width::W64, self.temp, bytes);
        limit.check(code, self.temp);
        self.before_temp(bytes)
    }

    fn bounded_far(
        self,
        code: &mut CodeBuffer,
        offset: FarOffset,
        bytes: i32,
        limit: Limit,
    ) -> GuestMem {
        if let FarOffset::Imm(offset) = offset
            && let Some(disp) = displacement(offset, bytes)
        {
            code.mov(Width::W64, self.temp, self.index);
            code.alu_imm(Alu::Add, Width::W64, self.temp, disp + bytes);
            code.jcc(Cond::B, limit.exit);
            limit.check(code, self.temp);
            return self.at_index(disp);
        }
        self.add_far(code, offset, limit);
        code.alu_imm(Alu::Add, Width::W64, self.temp, bytes);
        code.jcc(Cond::B, limit.exit);
        limit.check(code, self.temp);
        self.before_temp(bytes)
    }

    /// Makes `temp` `index + offset`.
    fn add(self, code: &mut CodeBuffer, offset: Offset) {
        match offset {
            Offset::Imm(offset) => match i32::try_from(offset) {
                Ok(disp) => {
                    return code.lea(Width::W64, self.temp, Mem::new(self.index, disp));
                }
                Err(_) => code.mov_imm(self.temp, offset.into()),
            },
            Offset::Mem(offset) => code.mov(Width::W32, self.temp, offset),
        }
        code.alu(Alu::Add, Width::W64, self.temp, self.index);
    }

    /// Makes `temp` `index + offset`, or leaves when that overflows.
    fn add_far(self, code: &mut CodeBuffer, offset: FarOffset, limit: Limit) {
        match offset {
            FarOffset::Imm(0) => return code.mov(Width::W64, self.temp, self.index),
            FarOffset::Imm(offset) => code.mov_imm(self.temp, offset),
            FarOffset::Mem(offset) => code.mov(Width::W64, self.temp, offset),
        }
        code.alu(Alu::Add, Width::W64, self.temp, self.index);
        code.jcc(Cond::B, limit.exit);
    }

    /// At `temp`, which holds all of the address but the base. Alignment comes before bounds.
    fn aligned(self, l: &mut Lowering<'_>, access: Access, limit: Option<Limit>) -> GuestMem {
        let bytes = i32::from(access.bytes);
        let misaligned = l.exits.trap(l.code, Trap::HeapMisaligned);
        l.code.test_imm(Width::W8, self.temp, bytes - 1);
        l.code.jcc(Cond::Ne, misaligned);
        if let Some(limit) = limit {
            l.code.mov(Width::W64, operand::TEMP, self.temp);
            l.code.alu_imm(Alu::Add, Width::W64, operand::TEMP, bytes);
            l.code.jcc(Cond::B, limit.exit);
            limit.check(l.code, operand::TEMP);
        }
        self.before_temp(0)
    }
}

/// `offset` as a displacement, where that and its sum with `bytes` can be encoded.
fn displacement(offset: u64, bytes: i32) -> Option<i32> {
    let disp = i32::try_from(offset).ok()?;
    disp.checked_add(bytes).map(|_| disp)
}
