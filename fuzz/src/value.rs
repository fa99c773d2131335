//! Values and outcomes in terms that all engines share.
//!
//! Invariant: two engines agree if and only if what is said of them here is equal; hence floats are
//! bits, and references are what can be told of them without a store.

use wasmtier::Trap;

/// The type of a value.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Type {
    /// `i32`
    I32,
    /// `i64`
    I64,
    /// `f32`
    F32,
    /// `f64`
    F64,
    /// `v128`
    V128,
    /// `funcref`
    Func,
    /// `externref`
    Extern,
}

/// The type of a function.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Signature {
    /// What it takes.
    pub params: Vec<Type>,
    /// What it returns.
    pub results: Vec<Type>,
}

/// A value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Value {
    /// An `i32`.
    I32(u32),
    /// An `i64`.
    I64(u64),
    /// The bits of an `f32`.
    F32(u32),
    /// The bits of an `f64`.
    F64(u64),
    /// A `v128`, lane 0 lowest.
    V128(u128),
    /// A `funcref`: the type of the function, which is all that can be compared of it.
    Func(Option<Signature>),
    /// An `externref`: the number the host put in.
    Extern(Option<u32>),
}

/// Why something did not work.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Failure {
    /// wasm trapped.
    Trap(Trap),
    /// A host function failed.
    Host,
    /// The engine refuses the module, or to go on with it.
    Rejected(String),
    /// The engine ran out of something of which engines need not have equal amounts.
    Exhausted(String),
    /// The engine panicked.
    Panicked(String),
}

/// What a call returned.
pub type Outcome = Result<Vec<Value>, Failure>;

/// A call of a host function by wasm.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HostCall {
    /// Which import.
    pub import: usize,
    /// With what.
    pub args: Vec<Value>,
}

/// What can be seen of an exported item.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Observed {
    /// A function: nothing.
    Func,
    /// The value of a global.
    Global(Value),
    /// A memory.
    Memory {
        /// Its size in pages.
        pages: u64,
        /// A hash of its bytes.
        hash: u64,
    },
    /// A table.
    Table {
        /// Its size in elements.
        size: u64,
        /// The first of them.
        elements: Vec<Value>,
    },
}

/// A hash of `bytes`, fast enough for whole memories: eight words are mixed at a time, since a
/// multiplication takes longer than there is work to do for one.
#[must_use]
pub fn hash(bytes: &[u8]) -> u64 {
    const MULTIPLIER: u64 = 0x517c_c1b7_2722_0a95;
    const LANES: usize = 8;
    let mix = |hash: u64, word: u64| (hash.rotate_left(5) ^ word).wrapping_mul(MULTIPLIER);
    let (words, rest) = bytes.as_chunks::<8>();
    let (blocks, words) = words.as_chunks::<LANES>();
    let mut lanes = [bytes.len() as u64; LANES];
    for block in blocks {
        for lane in 0..LANES {
            lanes[lane] = mix(lanes[lane], u64::from_le_bytes(block[lane]));
        }
    }
    let words = words.iter().map(|word| u64::from_le_bytes(*word));
    let rest = rest.iter().map(|byte| u64::from(*byte));
    lanes.into_iter().chain(words).chain(rest).fold(0, mix)
}
