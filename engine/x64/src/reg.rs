//! Registers, operand widths and conditions.
//!
//! What lives here: the names that instructions are written with. What does not: which value is in
//! which register. Invariant: every number is the hardware's.

/// A general purpose register.
///
/// ```
/// use wasmtier_x64::Gpr;
///
/// assert_eq!(Gpr::R13.number(), 13);
/// assert_eq!(Gpr::ALL[13], Gpr::R13);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Gpr {
    /// The accumulator, which some instructions imply.
    Rax,
    /// The count of a shift without BMI2.
    Rcx,
    /// The upper half of a wide product or dividend.
    Rdx,
    /// A register without special roles.
    Rbx,
    /// The stack pointer, which cannot be an index.
    Rsp,
    /// As a base it costs a displacement.
    Rbp,
    /// A register whose lowest byte costs a REX prefix.
    Rsi,
    /// A register whose lowest byte costs a REX prefix.
    Rdi,
    /// A register that costs a REX prefix.
    R8,
    /// A register that costs a REX prefix.
    R9,
    /// A register that costs a REX prefix.
    R10,
    /// A register that costs a REX prefix.
    R11,
    /// As a base it costs a SIB byte, as `Rsp` does.
    R12,
    /// As a base it costs a displacement, as `Rbp` does.
    R13,
    /// A register that costs a REX prefix.
    R14,
    /// A register that costs a REX prefix.
    R15,
}

impl Gpr {
    /// All registers, each at its number.
    pub const ALL: [Self; 16] = [
        Self::Rax,
        Self::Rcx,
        Self::Rdx,
        Self::Rbx,
        Self::Rsp,
        Self::Rbp,
        Self::Rsi,
        Self::Rdi,
        Self::R8,
        Self::R9,
        Self::R10,
        Self::R11,
        Self::R12,
        Self::R13,
        Self::R14,
        Self::R15,
    ];

    /// The hardware's number, below 16.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }
}

/// Lets `dynasm!` take it as `Rq(…)`.
impl From<Gpr> for u8 {
    fn from(register: Gpr) -> Self {
        register.number()
    }
}

/// A vector register.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Xmm(u8);

impl Xmm {
    /// All registers, each at its number.
    pub const ALL: [Self; 16] = {
        let mut all = [Self(0); 16];
        let mut number = 0;
        while number < 16 {
            all[number as usize] = Self(number);
            number += 1;
        }
        all
    };

    /// The register `xmm{number}`.
    ///
    /// # Panics
    /// When `number` is not below 16; in a constant that is an error of compilation.
    ///
    /// ```
    /// use wasmtier_x64::Xmm;
    ///
    /// const PIN: Xmm = Xmm::new(4);
    /// assert_eq!(PIN, Xmm::ALL[4]);
    /// ```
    #[must_use]
    pub const fn new(number: u8) -> Self {
        assert!(number < 16, "there are 16 vector registers");
        Self(number)
    }

    /// The hardware's number, below 16.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }
}

/// Lets `dynasm!` take it as `Rx(…)`.
impl From<Xmm> for u8 {
    fn from(register: Xmm) -> Self {
        register.number()
    }
}

/// How many bits of a general purpose register or of memory an instruction works on.
///
/// Writing 32 bits of a register clears its upper half; writing 8 or 16 bits leaves the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Width {
    /// 8 bits.
    W8,
    /// 16 bits.
    W16,
    /// 32 bits.
    W32,
    /// 64 bits.
    W64,
}

impl Width {
    /// All widths, the narrowest first.
    pub const ALL: [Self; 4] = [Self::W8, Self::W16, Self::W32, Self::W64];

    /// How many bytes that is in memory.
    #[must_use]
    pub const fn bytes(self) -> u8 {
        1 << self as u8
    }
}

/// What the flags must say for a jump, a move or a set byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Cond {
    /// Overflow.
    O,
    /// No overflow.
    No,
    /// Below, unsigned; less, of floats that compare.
    B,
    /// Above or equal, unsigned.
    Ae,
    /// Equal.
    E,
    /// Not equal.
    Ne,
    /// Below or equal, unsigned.
    Be,
    /// Above, unsigned; greater, of floats.
    A,
    /// Negative.
    S,
    /// Not negative.
    Ns,
    /// Even parity; of floats: unordered.
    P,
    /// Odd parity; of floats: ordered.
    Np,
    /// Less, signed.
    L,
    /// Greater or equal, signed.
    Ge,
    /// Less or equal, signed.
    Le,
    /// Greater, signed.
    G,
}

impl Cond {
    /// All conditions, each at its number.
    pub const ALL: [Self; 16] = [
        Self::O,
        Self::No,
        Self::B,
        Self::Ae,
        Self::E,
        Self::Ne,
        Self::Be,
        Self::A,
        Self::S,
        Self::Ns,
        Self::P,
        Self::Np,
        Self::L,
        Self::Ge,
        Self::Le,
        Self::G,
    ];

    /// The hardware's number, below 16.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The condition that holds exactly when this one does not.
    ///
    /// ```
    /// use wasmtier_x64::Cond;
    ///
    /// assert_eq!(Cond::Le.negated(), Cond::G);
    /// ```
    #[must_use]
    pub const fn negated(self) -> Self {
        Self::ALL[(self as u8 ^ 1) as usize]
    }

    /// The condition that says the same after comparing the operands in the other order.
    ///
    /// `None` for overflow, sign and parity, which tell of the difference and not of the order.
    ///
    /// ```
    /// use wasmtier_x64::Cond;
    ///
    /// assert_eq!(Cond::L.swapped(), Some(Cond::G));
    /// assert_eq!(Cond::Ne.swapped(), Some(Cond::Ne));
    /// ```
    #[must_use]
    pub const fn swapped(self) -> Option<Self> {
        match self {
            Self::B => Some(Self::A),
            Self::Ae => Some(Self::Be),
            Self::E => Some(Self::E),
            Self::Ne => Some(Self::Ne),
            Self::Be => Some(Self::Ae),
            Self::A => Some(Self::B),
            Self::L => Some(Self::G),
            Self::Ge => Some(Self::Le),
            Self::Le => Some(Self::Ge),
            Self::G => Some(Self::L),
            Self::O | Self::No | Self::S | Self::Ns | Self::P | Self::Np => None,
        }
    }
}
