//! [`Value`]: what is known of what a register holds.
//!
//! What lives here: the values and how two of them become one. What does not: which register holds
//! which. Invariant: a value says nothing that is not so on every path.

use wasmtier_vm::{FuncIdx, GlobalIdx, MemoryIdx, TableIdx, TypeIdx};

use crate::state::Names;

/// A number that is not known, but by where it comes from. Two registers with the same name hold
/// the same number.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Name {
    /// It is 0.
    Zero,
    /// What the instruction at that offset made for a register.
    Made { at: u32, register: u8 },
    /// What the register has when the instruction at that offset is reached, over several paths.
    Joined { at: u32, register: u8 },
    /// Has no name: like no other.
    Unnamed,
}

/// `root + plus`, without overflow, and at most `most`.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) struct Integer {
    pub(crate) root: Name,
    pub(crate) plus: u64,
    pub(crate) most: u64,
}

/// The largest number of 32 bits.
pub(crate) const CLEAR: u64 = u32::MAX as u64;

impl Integer {
    pub(crate) const fn new(root: Name, most: u64) -> Self {
        Self { root, plus: 0, most }
    }

    pub(crate) const fn constant(value: u64) -> Self {
        Self { root: Name::Zero, plus: value, most: value }
    }

    pub(crate) fn as_constant(self) -> Option<u64> {
        (self.root == Name::Zero).then_some(self.plus)
    }

    /// The sum, if it cannot overflow and one of both is a constant.
    pub(crate) fn plus(self, other: Self) -> Option<Self> {
        let (root, constant) = match (self.as_constant(), other.as_constant()) {
            (_, Some(constant)) => (self, constant),
            (Some(constant), None) => (other, constant),
            (None, None) => return None,
        };
        let most = root.most.checked_add(constant)?;
        Some(Self { root: root.root, plus: root.plus + constant, most })
    }

    /// Whether both are the same number.
    pub(crate) fn is(self, other: Self) -> bool {
        self.root != Name::Unnamed && (self.root, self.plus) == (other.root, other.plus)
    }
}

/// Something whose length code compares with.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Measured {
    Memory(MemoryIdx),
    Table(TableIdx),
}

/// A function that is about to be called.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Callee {
    Defined(FuncIdx),
    Imported(FuncIdx),
    /// That of a record: its name, its type as far as that was compared, and whether its context is
    /// the running one.
    Recorded {
        record: Name,
        ty: Option<TypeIdx>,
        own: bool,
    },
}

/// Something of the runtime that a register may point into.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Object {
    Context,
    Builtins,
    /// The entries of the functions that the module defines.
    Entries,
    Entry(Callee),
    Imports,
    /// The record of a [`Callee::Recorded`].
    Record(Callee),
    Records,
    Memories,
    Memory(MemoryIdx),
    Tables,
    Table(TableIdx),
    Elements(TableIdx),
    Globals,
    ImportedGlobals,
    ImportedGlobal(GlobalIdx),
}

/// What a register holds.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Value {
    Integer(Integer),
    /// What the general purpose register of that number held at the entry.
    Kept(u8),
    /// So many bytes above the top of the frame.
    Frame(i32),
    /// So many bytes into an object.
    At(Object, i64),
    /// The base of a memory and a number.
    Guest(MemoryIdx, Integer),
    Length(Measured),
    StackLimit,
    /// The engine's number of a type.
    TypeId(TypeIdx),
    /// That of a record.
    TypeOf(Name),
    /// The context of a callee.
    ContextOf(Callee),
    /// An element of a table.
    Reference,
    /// The address of what is at an offset in the code.
    Code(u32),
    /// An entry of the jump table at that offset, at most `last`, and what it leads to.
    Distance {
        table: u32,
        last: u32,
    },
    Target {
        table: u32,
        last: u32,
    },
}

impl Value {
    /// The largest number it may be, as far as known; `most_length` bounds lengths of memories.
    pub(crate) fn most(self) -> u64 {
        match self {
            Self::Integer(integer) => integer.most,
            Self::Length(Measured::Table(_))
            | Self::Reference
            | Self::TypeId(_)
            | Self::TypeOf(_) => CLEAR,
            Self::Length(Measured::Memory(_))
            | Self::Kept(_)
            | Self::Frame(_)
            | Self::At(..)
            | Self::Guest(..)
            | Self::StackLimit
            | Self::ContextOf(_)
            | Self::Code(_)
            | Self::Distance { .. }
            | Self::Target { .. } => u64::MAX,
        }
    }

    /// Whether it has 32 bits.
    pub(crate) fn is_clear(self) -> bool {
        self.most() <= CLEAR
    }

    /// As a number, which is nameless unless it is one.
    pub(crate) fn integer(self) -> Integer {
        match self {
            Self::Integer(integer) => integer,
            _ => Integer::new(Name::Unnamed, self.most()),
        }
    }

    /// What is so of both.
    pub(crate) fn join(self, other: Self, names: &mut Names) -> Self {
        match (self, other) {
            (Self::Integer(a), Self::Integer(b)) => Self::Integer(a.join(b, names)),
            (Self::At(Object::Record(a), x), Self::At(Object::Record(b), y)) if x == y => {
                Self::At(Object::Record(a.join(b, names)), x)
            }
            (Self::At(Object::Entry(a), x), Self::At(Object::Entry(b), y)) if x == y => {
                Self::At(Object::Entry(a.join(b, names)), x)
            }
            (Self::ContextOf(a), Self::ContextOf(b)) => Self::ContextOf(a.join(b, names)),
            (Self::TypeOf(a), Self::TypeOf(b)) => Self::TypeOf(names.join((a, 0), (b, 0))),
            (Self::Guest(a, x), Self::Guest(b, y)) if a == b => Self::Guest(a, x.join(y, names)),
            (a, b) if a == b => a,
            (a, b) => Self::Integer(a.integer().join(b.integer(), names)),
        }
    }
}

impl Integer {
    fn join(self, other: Self, names: &mut Names) -> Self {
        let most = widened(self.most, other.most);
        if self.plus == other.plus {
            // The roots differ, if anything.
            let root = names.join((self.root, 0), (other.root, 0));
            Self { root, plus: self.plus, most }
        } else {
            let root = names.join((self.root, self.plus), (other.root, other.plus));
            Self { root, plus: 0, most }
        }
    }
}

impl Callee {
    /// A callee that is one of two: nothing can be said of it but that, if they are not both of
    /// records.
    fn join(self, other: Self, names: &mut Names) -> Self {
        match (self, other) {
            (
                Self::Recorded { record: a, ty: a_ty, own: a_own },
                Self::Recorded { record: b, ty: b_ty, own: b_own },
            ) => {
                let ty = if a_ty == b_ty { a_ty } else { None };
                let record = names.join((a, 0), (b, 0));
                Self::Recorded { record, ty, own: a_own && b_own }
            }
            (a, b) if a == b => a,
            _ => Self::Recorded { record: Name::Unnamed, ty: None, own: false },
        }
    }
}

/// The bound of two that differ: one of three, so that loops come to an end.
fn widened(a: u64, b: u64) -> u64 {
    match a.max(b) {
        most if a == b => most,
        0..=CLEAR => CLEAR,
        _ => u64::MAX,
    }
}
