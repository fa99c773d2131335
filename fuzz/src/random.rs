//! [`Random`]: numbers out of a seed.
//!
//! What lives here: the generator, and the edge values that find more bugs than uniform ones do.
//!
//! Invariant: the same seed gives the same numbers, on any machine and in any later version.

use crate::value::{Type, Value};

/// A SplitMix64 generator.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// The generator of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// A number below `bound`; 0 when that is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.bits().checked_rem(bound).unwrap_or(0)
    }

    /// True once in `n` times.
    pub fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    /// One of `choices`, which must not be empty.
    pub fn choose<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u64) as usize]
    }

    /// `length` random bytes.
    pub fn bytes(&mut self, length: usize) -> Vec<u8> {
        let words = length.div_ceil(8);
        let mut bytes: Vec<u8> = (0..words).flat_map(|_| self.bits().to_le_bytes()).collect();
        bytes.truncate(length);
        bytes
    }

    /// A value of type `ty`, more often than not one at an edge. References are null or, for
    /// external ones, a number.
    pub fn value(&mut self, ty: Type) -> Value {
        match ty {
            Type::I32 => Value::I32(self.int(32) as u32),
            Type::I64 => Value::I64(self.int(64)),
            Type::F32 => Value::F32(self.float32()),
            Type::F64 => Value::F64(self.float64()),
            Type::V128 => Value::V128(self.vector()),
            Type::Func => Value::Func(None),
            Type::Extern => {
                Value::Extern((!self.one_in(3)).then(|| self.below(u64::from(u32::MAX)) as u32))
            }
        }
    }

    /// An integer of `width` bits.
    fn int(&mut self, width: u32) -> u64 {
        let mask = u64::MAX >> (64 - width);
        let power = 1u64 << self.below(u64::from(width));
        let edge = match self.below(8) {
            0 => 0,
            1 => self.below(64),
            2 => power,
            3 => power.wrapping_sub(1),
            4 => power.wrapping_neg(),
            // Near the end of a small memory.
            5 => 65_536 - self.below(20),
            6 => self.below(20).wrapping_neg(),
            _ => self.bits(),
        };
        edge & mask
    }

    fn float32(&mut self) -> u32 {
        const EDGES: [f32; 16] = [
            0.0,
            1.0,
            0.5,
            1.5,
            2.5,
            0.1,
            127.5,
            65_535.5,
            8_388_608.5,
            2_147_483_648.0,
            4_294_967_296.0,
            9_223_372_036_854_775_808.0,
            18_446_744_073_709_551_616.0,
            f32::MIN_POSITIVE,
            f32::MAX,
            f32::INFINITY,
        ];
        let sign = (self.bits() as u32) & 0x8000_0000;
        match self.below(8) {
            0 => self.bits() as u32,
            // A quiet and a signalling NaN with payloads, and a subnormal number.
            1 => sign | 0x7fc0_0000 | (self.bits() as u32 >> 10),
            2 => sign | 0x7f80_0001 | (self.bits() as u32 >> 11),
            3 => sign | (self.bits() as u32 >> 10),
            4 => (self.below(2000) as f32 - 1000.0).to_bits(),
            _ => sign | self.choose(&EDGES).to_bits().wrapping_sub(self.below(2) as u32),
        }
    }

    fn float64(&mut self) -> u64 {
        const EDGES: [f64; 16] = [
            0.0,
            1.0,
            0.5,
            1.5,
            2.5,
            0.1,
            2_147_483_647.0,
            2_147_483_648.0,
            4_294_967_295.0,
            4_294_967_296.0,
            4_503_599_627_370_497.5,
            9_223_372_036_854_775_808.0,
            18_446_744_073_709_551_616.0,
            f64::MIN_POSITIVE,
            f64::MAX,
            f64::INFINITY,
        ];
        let sign = self.bits() & (1 << 63);
        match self.below(8) {
            0 => self.bits(),
            1 => sign | 0x7ff8_0000_0000_0000 | (self.bits() >> 13),
            2 => sign | 0x7ff0_0000_0000_0001 | (self.bits() >> 14),
            3 => sign | (self.bits() >> 13),
            4 => f64::from(f32::from_bits(self.float32())).to_bits(),
            _ => sign | self.choose(&EDGES).to_bits().wrapping_sub(self.below(2)),
        }
    }

    fn vector(&mut self) -> u128 {
        let kind = self.below(6);
        let width = [8u32, 16, 32, 64, 32, 64][kind as usize];
        (0..128 / width).fold(0, |vector, lane| {
            let bits = match kind {
                4 => u64::from(self.float32()),
                5 => self.float64(),
                _ => self.int(width),
            };
            vector | (u128::from(bits) << (lane * width))
        })
    }
}

/// Makes each bit of the result depend on all bits of `bits`.
#[must_use]
pub fn mix(bits: u64) -> u64 {
    let bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}
