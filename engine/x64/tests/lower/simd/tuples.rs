//! Vectors whose lanes are the values where operators differ.
//!
//! What does not live here: scalar operands, which take the low bits of a vector. Invariant: every
//! two such values meet in some lane.

use crate::values::Chance;

/// Up to three operands.
pub(super) type Tuple = [u128; 3];

/// All pairs of lanes that matter, of all widths, with a third operand that changes, and some that
/// are there by chance.
pub(super) fn tuples() -> Vec<Tuple> {
    let (of_32, of_64) = (lanes_of_32(), lanes_of_64());
    let mut tuples = Vec::new();
    pairs(&mut tuples, 8, &[0, 1, 2, 7, 0x7f, 0x80, 0x81, 0xff]);
    pairs(&mut tuples, 16, &[0, 1, 8, 15, 0x00ff, 0x7f80, 0x7fff, 0x8000, 0x8001, 0xff7f, 0xffff]);
    pairs(&mut tuples, 32, &of_32);
    pairs(&mut tuples, 64, &of_64);
    let mut chance = Chance::new(5);
    tuples.extend((0..100).map(|_| [chance.vector(), chance.vector(), chance.vector()]));
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
    let mut chance = Chance::new(u64::from(width));
    let mut any = || lanes[chance.below(lanes.len())];
    let both: Vec<(u64, u64)> =
        lanes.iter().flat_map(|&a| lanes.iter().map(move |&b| (a, b))).collect();
    for chunk in both.chunks(128 / width as usize) {
        let mut tuple = [0; 3];
        for &(a, b) in chunk {
            for (vector, lane) in tuple.iter_mut().zip([a, b, any()]) {
                *vector = *vector << width | u128::from(lane);
            }
        }
        tuples.push(tuple);
    }
}
