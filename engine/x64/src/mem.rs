//! Operands: memory, and what may be memory or a register.
//!
//! What lives here: what is written between brackets. What does not: how it is encoded
//! (`encode/form.rs`), which address is right. Invariant: a [`Mem`] can be encoded.

use dynasmrt::DynamicLabel;

use crate::{Gpr, Xmm};

/// What an index is multiplied with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Scale {
    /// By 1.
    One,
    /// By 2.
    Two,
    /// By 4.
    Four,
    /// By 8.
    Eight,
}

impl Scale {
    /// All scales, the smallest first.
    pub const ALL: [Self; 4] = [Self::One, Self::Two, Self::Four, Self::Eight];
}

/// Memory at `base + index * scale + disp`.
///
/// ```
/// use wasmtier_x64::{CodeBuffer, Gpr, Mem, Scale, Width};
///
/// let mut code = CodeBuffer::new();
/// let element = Mem::base(Gpr::Rbx).indexed(Gpr::Rax, Scale::Four).offset(8);
/// code.mov(Width::W32, Gpr::Rcx, element);
/// assert_eq!(code.finish()?, [0x8b, 0x4c, 0x83, 0x08]);
/// # Ok::<(), wasmtier_x64::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Mem {
    base: Gpr,
    index: Option<(Gpr, Scale)>,
    disp: i32,
}

impl Mem {
    /// Memory at `base`.
    #[must_use]
    pub const fn base(base: Gpr) -> Self {
        Self { base, index: None, disp: 0 }
    }

    /// Memory at `base + disp`.
    #[must_use]
    pub const fn new(base: Gpr, disp: i32) -> Self {
        Self { base, index: None, disp }
    }

    /// The same with `index * scale` added in place of any index it had.
    ///
    /// # Panics
    /// When `index` is `Rsp`, which the hardware cannot express.
    #[must_use]
    pub const fn indexed(self, index: Gpr, scale: Scale) -> Self {
        assert!(!matches!(index, Gpr::Rsp), "rsp cannot be an index");
        Self { index: Some((index, scale)), ..self }
    }

    /// The same with `disp` in place of any displacement it had.
    #[must_use]
    pub const fn offset(self, disp: i32) -> Self {
        Self { disp, ..self }
    }

    /// Its parts: base, index and displacement.
    #[must_use]
    pub const fn parts(self) -> (Gpr, Option<(Gpr, Scale)>, i32) {
        (self.base, self.index, self.disp)
    }

    /// Whether its address depends on `register`.
    #[must_use]
    pub fn uses(self, register: Gpr) -> bool {
        self.base == register || self.index.is_some_and(|(index, _)| index == register)
    }
}

/// A place in memory: by registers, or in the code itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Address {
    /// By registers.
    Mem(Mem),
    /// Where a label of the same code is placed, now or later; encoded relative to rip.
    Label(DynamicLabel),
}

impl From<Mem> for Address {
    fn from(mem: Mem) -> Self {
        Self::Mem(mem)
    }
}

impl From<DynamicLabel> for Address {
    fn from(label: DynamicLabel) -> Self {
        Self::Label(label)
    }
}

/// A general purpose register or memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GprMem {
    /// A register.
    Reg(Gpr),
    /// Memory.
    Mem(Address),
}

impl From<Gpr> for GprMem {
    fn from(register: Gpr) -> Self {
        Self::Reg(register)
    }
}

impl From<Address> for GprMem {
    fn from(address: Address) -> Self {
        Self::Mem(address)
    }
}

impl From<Mem> for GprMem {
    fn from(mem: Mem) -> Self {
        Self::Mem(mem.into())
    }
}

impl From<DynamicLabel> for GprMem {
    fn from(label: DynamicLabel) -> Self {
        Self::Mem(label.into())
    }
}

/// A vector register or memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum XmmMem {
    /// A register.
    Reg(Xmm),
    /// Memory.
    Mem(Address),
}

impl From<Xmm> for XmmMem {
    fn from(register: Xmm) -> Self {
        Self::Reg(register)
    }
}

impl From<Address> for XmmMem {
    fn from(address: Address) -> Self {
        Self::Mem(address)
    }
}

impl From<Mem> for XmmMem {
    fn from(mem: Mem) -> Self {
        Self::Mem(mem.into())
    }
}

impl From<DynamicLabel> for XmmMem {
    fn from(label: DynamicLabel) -> Self {
        Self::Mem(label.into())
    }
}
