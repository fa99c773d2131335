//! Wasm operators as text: what stands on the left of a listing.
//!
//! What lives here: mnemonics and immediates, close to the text format. Mnemonics come from the
//! names in wasmparser's list of operators, so that there is no list here and no printer among the
//! dependencies: `wasmprinter` prints modules, not operators at offsets. What does not: names of
//! locals and functions, which are indices here.
//!
//! Invariant: the text is for humans; nothing reads it back.

use std::fmt::{self, Write as _};

use wasmparser::{
    BlockType, BrTable, HeapType, Ieee32, Ieee64, MemArg, MemArgTarget, Operator, Ordering,
    RefType, ResumeTable, TryTable, V128, ValType,
};

macro_rules! texts {
    ($(@$proposal:ident $op:ident $({ $($arg:ident: $argty:ty),* })? => $visit:ident
        ($($ann:tt)*))*) => {
        /// An operator and its immediates.
        pub(super) fn text(operator: &Operator<'_>) -> String {
            match operator {
                $(Operator::$op $({ $($arg),* })? => {
                    let immediates: &[(&str, &dyn Immediate)] =
                        &[$($((stringify!($arg), $arg)),*)?];
                    compose(stringify!($visit), immediates)
                })*
                // The list above is wasmparser's own; it reserves the right to another.
                other => format!("{other:?}"),
            }
        }
    };
}

wasmparser::for_each_operator!(texts);

fn compose(visit: &str, immediates: &[(&str, &dyn Immediate)]) -> String {
    let mut out = mnemonic(visit.strip_prefix("visit_").unwrap_or(visit));
    for (name, immediate) in immediates {
        // To a string nothing fails to be written.
        let _ = immediate.show(name, &mut out);
    }
    out
}

/// What stands before the dot of a mnemonic.
const PREFIXES: [&str; 21] = [
    "i32", "i64", "f32", "f64", "v128", "i8x16", "i16x8", "i32x4", "i64x2", "f32x4", "f64x2",
    "local", "global", "table", "memory", "data", "elem", "ref", "atomic", "struct", "array",
];

/// `i32.atomic.rmw8.add_u` for `i32_atomic_rmw8_add_u`.
fn mnemonic(name: &str) -> String {
    let Some((prefix, rest)) = name.split_once('_').filter(|(first, _)| PREFIXES.contains(first))
    else {
        return if name.starts_with("typed_select") {
            "select".to_owned()
        } else {
            name.to_owned()
        };
    };
    match rest.strip_prefix("atomic_") {
        None => format!("{prefix}.{rest}"),
        Some(rest) if rest.starts_with("rmw") => {
            format!("{prefix}.atomic.{}", rest.replacen('_', ".", 1))
        }
        Some(rest) => format!("{prefix}.atomic.{rest}"),
    }
}

/// An immediate, which wasmparser calls `name`.
trait Immediate {
    fn show(&self, name: &str, out: &mut String) -> fmt::Result;
}

impl Immediate for u32 {
    fn show(&self, name: &str, out: &mut String) -> fmt::Result {
        if name == "type_index" { write!(out, " (type {self})") } else { write!(out, " {self}") }
    }
}

impl Immediate for BlockType {
    fn show(&self, _: &str, out: &mut String) -> fmt::Result {
        match self {
            Self::Empty => Ok(()),
            Self::Type(ty) => write!(out, " (result {ty})"),
            Self::FuncType(index) => write!(out, " (type {index})"),
        }
    }
}

impl Immediate for BrTable<'_> {
    fn show(&self, _: &str, out: &mut String) -> fmt::Result {
        for target in self.targets().map_while(Result::ok) {
            write!(out, " {target}")?;
        }
        write!(out, " {}", self.default())
    }
}

impl Immediate for MemArg {
    fn show(&self, _: &str, out: &mut String) -> fmt::Result {
        match self.target {
            MemArgTarget::Memory(0) => {}
            MemArgTarget::Memory(index) | MemArgTarget::Array(index) => write!(out, " {index}")?,
        }
        if self.offset != 0 {
            write!(out, " offset={}", self.offset)?;
        }
        if self.align != self.max_align {
            write!(out, " align={}", 1u64 << self.align.min(63))?;
        }
        Ok(())
    }
}

impl Immediate for Ieee32 {
    fn show(&self, _: &str, out: &mut String) -> fmt::Result {
        write!(out, " {:?}", f32::from_bits(self.bits()))
    }
}

impl Immediate for Ieee64 {
    fn show(&self, _: &str, out: &mut String) -> fmt::Result {
        write!(out, " {:?}", f64::from_bits(self.bits()))
    }
}

impl Immediate for V128 {
    fn show(&self, _: &str, out: &mut String) -> fmt::Result {
        write!(out, " {:#034x}", u128::from_le_bytes(*self.bytes()))
    }
}

impl Immediate for [u8; 16] {
    fn show(&self, _: &str, out: &mut String) -> fmt::Result {
        self.iter().try_for_each(|lane| write!(out, " {lane}"))
    }
}

impl Immediate for Vec<ValType> {
    fn show(&self, _: &str, out: &mut String) -> fmt::Result {
        self.iter().try_for_each(|ty| write!(out, " {ty}"))
    }
}

macro_rules! as_displayed {
    ($($ty:ty),*) => {$(
        impl Immediate for $ty {
            fn show(&self, _: &str, out: &mut String) -> fmt::Result {
                write!(out, " {self}")
            }
        }
    )*};
}

as_displayed!(i32, i64, u8, RefType, ValType);

/// Of proposals that no module here uses, or has no need to show.
macro_rules! as_debugged {
    ($($ty:ty),*) => {$(
        impl Immediate for $ty {
            fn show(&self, _: &str, out: &mut String) -> fmt::Result {
                write!(out, " {self:?}")
            }
        }
    )*};
}

as_debugged!(ResumeTable, TryTable);

impl Immediate for Ordering {
    fn show(&self, _: &str, out: &mut String) -> fmt::Result {
        match self {
            Self::SeqCst => Ok(()),
            other => write!(out, " {other:?}"),
        }
    }
}

impl Immediate for HeapType {
    fn show(&self, _: &str, out: &mut String) -> fmt::Result {
        match *self {
            Self::FUNC => out.write_str(" func"),
            Self::EXTERN => out.write_str(" extern"),
            other => write!(out, " {other:?}"),
        }
    }
}
