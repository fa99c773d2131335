//! Vectors whose lanes are the values where operators differ, in all combinations of two.

/// Up to three operands.
pub(super) type Tuple = [u128; 3];

/// Numbers that look random and are always the same.
pub(super) struct Random(u64);

impl Random {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) fn word(&mut self) -> u64 {
        // Splitmix64, since it needs no warming up.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    pub(super) fn vector(&mut self) -> u128 {
        u128::from(self.word()) << 64 | u128::from(self.word())
    }
}

/// All pairs of lanes that matter, of all widths, with a third operand that changes, and some that
/// look random.
pub(super) fn tuples() -> Vec<Tuple> {
    let (of_32, of_64) = (lanes_of_32(), lanes_of_64());
    let mut tuples = Vec::new();
    pairs(&mut tuples, 8, &[0, 1, 2, 7, 0x7f, 0x80, 0x81, 0xff]);
    pairs(&mut tuples, 16, &[0, 1, 8, 15, 0x00ff, 0x7f80, 0x7fff, 0x8000, 0x8001, 0xff7f, 0xffff]);
    pairs(&mut tuples, 32, &of_32);
    pairs(&mut tuples, 64, &of_64);
    let mut random = Random::new(5);
    tuples.extend((0..100).map(|_| [random.vector(), random.vector(), random.vector()]));
    tuples
}

fn lanes_of_32() -> Vec<u64> {
    let floats = [
        0.0_f32,
        0.5,
        1.0,
        1.5,
        2.5,
        1e-40,
        3.4e38,
        1_073_741_824.0,
        2_147_483_500.0,
        2_147_483_648.0,
        2_147_484_000.0,
        4_294_967_040.0,
        4_294_967_296.0,
        f32::INFINITY,
    ];
    let signs = floats.into_iter().flat_map(|float| [float.to_bits(), (-float).to_bits()]);
    let others = [
        1,
        31,
        0x7fff_ffff,
        u32::MAX,
        0x0100_0001,
        0x8000_0081,
        0xffff_ff7f,
        0x7fc0_0000,
        0xffc0_1234,
        0x7f80_0001,
        0xff81_2345,
    ];
    signs.chain(others).map(u64::from).collect()
}

fn lanes_of_64() -> Vec<u64> {
    let floats = [
        0.0_f64,
        0.5,
        2.5,
        1e-310,
        1e308,
        3.5e38,
        1e-45,
        1.000_000_1,
        2_147_483_647.0,
        2_147_483_647.9,
        2_147_483_648.0,
        2_147_483_649.0,
        4_294_967_295.5,
        4_294_967_296.0,
        f64::INFINITY,
    ];
    let signs = floats.into_iter().flat_map(|float| [float.to_bits(), (-float).to_bits()]);
    let others = [
        1,
        63,
        i64::MAX as u64,
        u64::MAX,
        0xffff_ffff,
        1 << 32,
        0x8000_0000,
        0x7fff_ffff_0000_0000,
        0x7ff8_0000_0000_0000,
        0xfff8_0000_1234_5678,
        0x7ff0_0000_0000_0001,
        0xfff5_4321_2000_0000,
    ];
    signs.chain(others).collect()
}

/// Vectors of lanes of `width` bits, such that every two of `lanes` meet.
fn pairs(tuples: &mut Vec<Tuple>, width: u32, lanes: &[u64]) {
    let mut random = Random::new(u64::from(width));
    let mut any = || lanes[random.word() as usize % lanes.len()];
    let both: Vec<[u64; 3]> =
        lanes.iter().flat_map(|&a| lanes.iter().map(move |&b| [a, b, 0])).collect();
    for chunk in both.chunks(128 / width as usize) {
        let mut tuple = [0; 3];
        for &[a, b, _] in chunk {
            for (vector, lane) in tuple.iter_mut().zip([a, b, any()]) {
                *vector = *vector << width | u128::from(lane);
            }
        }
        tuples.push(tuple);
    }
}
