//! Operands: edge values of every type, and random ones.
//!
//! Invariant: the same seed gives the same values.

use wasmtier_ops::ScalarType;

/// Numbers out of a seed.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// 64 random bits.
    pub(crate) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let bits = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.bits() % bound as u64) as usize
    }

    /// A value of type `ty` as the bits of a slot: few, many, or all of them random.
    pub(crate) fn value(&mut self, ty: ScalarType) -> u64 {
        let bits = match self.below(4) {
            0 => self.bits() >> self.below(64),
            1 => !(self.bits() >> self.below(64)),
            2 if ty == ScalarType::F32 => u64::from((self.bits() as i32 as f32).to_bits()),
            2 if ty == ScalarType::F64 => (self.bits() as i64 as f64).to_bits(),
            _ => self.bits(),
        };
        match ty {
            ScalarType::I32 | ScalarType::F32 => bits & 0xffff_ffff,
            ScalarType::I64 | ScalarType::F64 => bits,
        }
    }
}

const I32: &[i32] = &[
    0,
    1,
    -1,
    i32::MIN,
    i32::MAX,
    2,
    -2,
    31,
    32,
    33,
    63,
    64,
    65,
    100,
    127,
    128,
    255,
    256,
    -128,
    -129,
    32767,
    32768,
    65535,
    65536,
    -32768,
    -32769,
    i32::MIN + 1,
    i32::MAX - 1,
    0x5555_5555,
    0x0100_0000,
    0x0080_0001,
];

const I64: &[i64] = &[
    0,
    1,
    -1,
    i64::MIN,
    i64::MAX,
    2,
    -2,
    31,
    32,
    33,
    63,
    64,
    65,
    127,
    -128,
    255,
    32768,
    65535,
    i32::MIN as i64,
    i32::MAX as i64,
    i32::MIN as i64 - 1,
    i32::MAX as i64 + 1,
    u32::MAX as i64,
    u32::MAX as i64 + 1,
    0x8000_0000_0000_0001_u64 as i64,
    0x5555_5555_5555_5555,
    0x0020_0000_0000_0001,
    0x7fff_ffff_ffff_fc00,
    0x0000_0001_8000_0000,
    0x1_0000_0000_0000,
];

/// Whole and half numbers around which conversions and roundings change.
const FLOATS: &[f64] = &[
    0.0,
    1.0,
    0.5,
    0.75,
    1.5,
    2.5,
    0.1,
    3.0,
    127.5,
    2_147_483_647.0,
    2_147_483_648.0,
    2_147_483_649.0,
    4_294_967_295.0,
    4_294_967_296.0,
    4_503_599_627_370_495.5,
    9_007_199_254_740_992.0,
    9_223_372_036_854_775_807.0,
    9_223_372_036_854_775_808.0,
    18_446_744_073_709_551_615.0,
    18_446_744_073_709_551_616.0,
    f64::INFINITY,
];

/// The edge values of a type, as the bits of slots.
pub(crate) fn edges(ty: ScalarType) -> Vec<u64> {
    match ty {
        ScalarType::I32 => I32.iter().map(|value| u64::from(*value as u32)).collect(),
        ScalarType::I64 => I64.iter().map(|value| *value as u64).collect(),
        ScalarType::F32 => {
            let own = [1u32, 0x007f_ffff, 0x0080_0000, 0x7f7f_ffff, 0x7fc0_0000, 0x7fa0_1234];
            let whole = FLOATS.iter().map(|value| (*value as f32).to_bits());
            // Also the next smaller one of each, where the number is not near a limit of its type.
            let below = FLOATS[8..].iter().map(|value| (*value as f32).to_bits() - 1);
            let all = whole.chain(below).chain(own);
            all.flat_map(|bits| [bits, bits | 1 << 31]).map(u64::from).collect()
        }
        ScalarType::F64 => {
            let own = [
                1,
                0x000f_ffff_ffff_ffff,
                0x0010_0000_0000_0000,
                0x7fef_ffff_ffff_ffff,
                0x7ff8_0000_0000_0000,
                0x7ff4_0000_1234_5678,
                // The largest that a conversion to `f32` does not make infinite, and the next.
                0x47ef_ffff_efff_ffff,
                0x47ef_ffff_f000_0000,
            ];
            let whole = FLOATS.iter().map(|value| value.to_bits());
            let below = FLOATS[8..].iter().map(|value| value.to_bits() - 1);
            let all = whole.chain(below).chain(own);
            all.flat_map(|bits| [bits, bits | 1 << 63]).collect()
        }
    }
}

/// `count` times three vectors, their lanes edges or random numbers of all types.
pub(crate) fn vectors(count: usize, seed: u64) -> Vec<[u128; 3]> {
    const TYPES: [ScalarType; 4] =
        [ScalarType::I32, ScalarType::I64, ScalarType::F32, ScalarType::F64];
    let mut random = Random::new(seed);
    let edges = TYPES.map(edges);
    let vector = |random: &mut Random| {
        let kind = random.below(5);
        let Some(ty) = TYPES.get(kind) else {
            let bits = u128::from(random.bits()) << 64 | u128::from(random.bits());
            return bits;
        };
        let bits = if matches!(ty, ScalarType::I32 | ScalarType::F32) { 32 } else { 64 };
        (0..128 / bits).fold(0, |all, lane| {
            let value = match random.below(3) {
                0 => random.value(*ty),
                _ => edges[kind][random.below(edges[kind].len())],
            };
            all | u128::from(value) << (lane * bits)
        })
    };
    (0..count)
        .map(|number| {
            let [a, b, c] = [0; 3].map(|_| vector(&mut random));
            if number % 5 == 0 { [a, a, c] } else { [a, b, c] }
        })
        .collect()
}

/// Operands for one or two parameters: at most `most` of all pairs of edges, and as many random
/// ones as a quarter of that.
pub(crate) fn operands(params: &[ScalarType], most: usize, seed: u64) -> Vec<[u64; 2]> {
    let mut random = Random::new(seed);
    let first = edges(params[0]);
    let second = params.get(1).map_or(vec![0], |ty| edges(*ty));
    let mut all: Vec<_> = first.iter().flat_map(|a| second.iter().map(|b| [*a, *b])).collect();
    while all.len() > most {
        let at = random.below(all.len());
        all.swap_remove(at);
    }
    for _ in 0..most / 4 {
        let a = random.value(params[0]);
        let b = params.get(1).map_or(0, |ty| random.value(*ty));
        all.push([
            a,
            if random.below(8) == 0 && params.get(1) == Some(&params[0]) { a } else { b },
        ]);
    }
    all
}
