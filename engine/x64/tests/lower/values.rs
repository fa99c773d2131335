//! Values of scalar types that tell a right lowering from a wrong one.
//!
//! What lives here: the values on the edges of every operator, and others by chance. What does not:
//! what becomes of them. Invariant: the same values every time.

use wasmtier_ops::ScalarType;

const INTEGERS: [u64; 24] = [
    0,
    1,
    2,
    7,
    31,
    32,
    63,
    64,
    0x7f,
    0x80,
    0xffff,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_fffe,
    0xffff_ffff,
    0x1_0000_0000,
    0x7fff_ffff_ffff_ffff,
    0x8000_0000_0000_0000,
    0x8000_0000_0000_0001,
    // Just above the middle between two floats, of 64 bits and of 32.
    0x8000_0000_0000_0401,
    0x8000_0080_0000_0001,
    0xffff_ffff_0000_0000,
    0xffff_ffff_ffff_fffe,
    0xffff_ffff_ffff_ffff,
];

/// Of both signs.
const FLOATS: [f64; 18] = [
    0.0,
    0.5,
    0.999_999_999_999,
    1.0,
    1.5,
    2.5,
    1e-310,
    2_147_483_647.0,
    2_147_483_648.0,
    2_147_483_648.5,
    2_147_483_649.0,
    4_294_967_295.0,
    4_294_967_295.9,
    4_294_967_296.0,
    9_223_372_036_854_775_808.0,
    18_446_744_073_709_551_616.0,
    1e300,
    f64::INFINITY,
];

const OTHER_SIGN: usize = 3;

/// Numbers by chance: a linear congruence, mixed.
pub(crate) struct Chance(u64);

impl Chance {
    /// The same numbers for the same `seed`.
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn vector(&mut self) -> u128 {
        u128::from(self.next()) << 64 | u128::from(self.next())
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
        let mixed = self.0 ^ self.0 >> 29;
        mixed.wrapping_mul(0xbf58_476d_1ce4_e5b9) ^ mixed >> 32
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        (self.next() >> 16) as usize % limit
    }
}

/// Slots with edge values of `ty`; of floats, those of the other sign are [`OTHER_SIGN`] away.
fn edges(ty: ScalarType) -> Vec<u64> {
    let signed = FLOATS.into_iter().flat_map(|value| [value, -value]);
    match ty {
        ScalarType::I32 => INTEGERS.iter().map(|&bits| u64::from(bits as u32)).collect(),
        ScalarType::I64 => INTEGERS.to_vec(),
        ScalarType::F32 => {
            let numbers = signed.flat_map(|value| {
                let bits = (value as f32).to_bits();
                [bits.wrapping_sub(1), bits, bits.wrapping_add(1)]
            });
            let nans = [0x7fc0_0000, 0xffc0_0000, 0x7f80_0001, 0xff85_5555, 0x7fff_ffff];
            numbers.chain(nans).map(u64::from).collect()
        }
        ScalarType::F64 => {
            let numbers = signed.flat_map(|value| {
                let bits = value.to_bits();
                [bits.wrapping_sub(1), bits, bits.wrapping_add(1)]
            });
            let nans = [
                0x7ff8_0000_0000_0000,
                0xfff8_0000_0000_0000,
                0x7ff0_0000_0000_0001,
                0xfff5_5555_5555_5555,
                0x7fff_ffff_ffff_ffff,
            ];
            numbers.chain(nans).collect()
        }
    }
}

/// A slot with some value of `ty`.
fn other(ty: ScalarType, chance: &mut Chance) -> u64 {
    let bits = chance.next() >> chance.below(64);
    let near = (chance.next().cast_signed() >> chance.below(63)) as f64 / 8.0;
    match ty {
        ScalarType::I32 => u64::from(bits as u32),
        ScalarType::I64 => bits,
        ScalarType::F32 if bits & 3 == 0 => u64::from((bits >> 32) as u32),
        ScalarType::F32 => u64::from((near as f32).to_bits()),
        ScalarType::F64 if bits & 3 == 0 => bits,
        ScalarType::F64 => near.to_bits(),
    }
}

/// Tuples of slots for `types`: every edge value in every position, with itself
/// and with that of the other sign, and `more`.
pub(crate) fn tuples(types: &[ScalarType], more: usize) -> Vec<Vec<u64>> {
    let mut chance = Chance(types.len() as u64);
    let edges: Vec<Vec<u64>> = types.iter().map(|&ty| edges(ty)).collect();
    let longest = edges.iter().map(Vec::len).max().unwrap_or(0);
    let mut tuples = Vec::new();
    for distance in [0, OTHER_SIGN, longest - OTHER_SIGN] {
        for index in 0..longest {
            let at =
                |(nth, edges): (usize, &Vec<u64>)| edges[(index + nth * distance) % edges.len()];
            tuples.push(edges.iter().enumerate().map(at).collect());
        }
        if types.len() == 1 {
            break;
        }
    }
    for _ in 0..more {
        let some = |(&ty, edges): (&ScalarType, &Vec<u64>)| match chance.below(3) {
            0 => other(ty, &mut chance),
            _ => edges[chance.below(edges.len())],
        };
        tuples.push(types.iter().zip(&edges).map(some).collect());
    }
    tuples
}
