//! Entries of the value stack: what an operand is, without having been computed yet.
//!
//! What lives here: their shape. What does not: where the stack changes (`stack`). Invariant: an
//! entry owns the slots of its height, and the register it names.

use wasmtier_ops::ScalarType;
use wasmtier_vm::ValType;
use wasmtier_x64::{Floats, Width};

use super::register::{Register, Registers};

/// No entry, or no local.
pub(crate) const NONE: u32 = u32::MAX;

/// What registers and slots know of a type. References are integers: all of their slot counts.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum Kind {
    I32,
    I64,
    F32,
    F64,
    V128,
}

impl Kind {
    pub(crate) const fn of(ty: ValType) -> Self {
        match ty {
            ValType::I32 => Self::I32,
            ValType::I64 | ValType::Ref(_) => Self::I64,
            ValType::F32 => Self::F32,
            ValType::F64 => Self::F64,
            ValType::V128 => Self::V128,
        }
    }

    pub(crate) const fn slots(self) -> u32 {
        match self {
            Self::V128 => 2,
            Self::I32 | Self::I64 | Self::F32 | Self::F64 => 1,
        }
    }

    /// Its values' width in general purpose registers; floats may be there as their bits.
    pub(crate) const fn width(self) -> Width {
        match self {
            Self::I32 | Self::F32 => Width::W32,
            Self::I64 | Self::F64 | Self::V128 => Width::W64,
        }
    }

    /// Its shape in vector registers.
    pub(crate) const fn floats(self) -> Floats {
        match self {
            Self::I32 | Self::F32 => Floats::Ss,
            Self::I64 | Self::F64 => Floats::Sd,
            Self::V128 => Floats::Ps,
        }
    }

    pub(crate) const fn is_float(self) -> bool {
        matches!(self, Self::F32 | Self::F64 | Self::V128)
    }

    /// The registers its values are in.
    pub(crate) const fn file(self) -> Registers {
        if self.is_float() { Registers::XMM } else { Registers::GPR }
    }

    /// The register of the only result of a block or a function.
    pub(crate) const fn result(self) -> Register {
        if self.is_float() { Register::XMM0 } else { Register::RAX }
    }
}

impl From<ScalarType> for Kind {
    fn from(ty: ScalarType) -> Self {
        match ty {
            ScalarType::I32 => Self::I32,
            ScalarType::I64 => Self::I64,
            ScalarType::F32 => Self::F32,
            ScalarType::F64 => Self::F64,
        }
    }
}

impl From<Kind> for ValType {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::I32 => Self::I32,
            Kind::I64 => Self::I64,
            Kind::F32 => Self::F32,
            Kind::F64 => Self::F64,
            Kind::V128 => Self::V128,
        }
    }
}

/// Where the value of an entry is, or what it is.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Value {
    /// The bits of a scalar.
    Const(u64),
    /// In a temporary register, which is the entry's own.
    Reg(Register),
    /// In the slots of the entry's height.
    Slot,
    /// What the local is at the moment; `below` is the next lower entry that names it.
    Local { local: u32, below: u32 },
    /// Not computed yet: the compiler's one pending expression.
    Pending,
}

/// An operand.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) struct Entry {
    pub(crate) value: Value,
    /// How many slots of operands lie below.
    pub(crate) height: u32,
    pub(crate) kind: Kind,
}

impl Entry {
    /// The bits of a constant.
    pub(crate) fn constant(&self) -> Option<u64> {
        match self.value {
            Value::Const(bits) => Some(bits),
            Value::Reg(_) | Value::Slot | Value::Local { .. } | Value::Pending => None,
        }
    }

    /// Its temporary.
    pub(crate) fn register(&self) -> Option<Register> {
        match self.value {
            Value::Reg(register) => Some(register),
            Value::Const(_) | Value::Slot | Value::Local { .. } | Value::Pending => None,
        }
    }
}
