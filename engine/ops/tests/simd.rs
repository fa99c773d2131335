//! Edge operands of the SIMD operators and what the specification says becomes of them, written as
//! lanes, lane 0 first. Where a row works on each lane alone, it is compared with the scalar row.

use wasmtier_ops::lanes::*;
use wasmtier_ops::{
    NumOp, SimdAccessOp, SimdAccessShape, SimdLoad, SimdLoadLane, SimdOp, SimdStore, SimdStoreLane,
    op,
};

/// The operator called `name`.
fn named(name: &str) -> SimdOp {
    *SimdOp::ALL.iter().find(|op| op.name() == name).unwrap_or_else(|| panic!("no {name}"))
}

fn bits(lanes: impl Lanes) -> u128 {
    lanes.pack().to_bits()
}

#[track_caller]
fn yields(name: &str, args: &[u128], result: u128) {
    let got = named(name).eval(args, [0; 16]);
    assert_eq!(got, result, "{name} {args:x?}: {got:#034x}, not {result:#034x}");
}

#[track_caller]
fn unary(name: &str, a: impl Lanes, result: impl Lanes) {
    yields(name, &[bits(a)], bits(result));
}

#[track_caller]
fn binary(name: &str, a: impl Lanes, b: impl Lanes, result: impl Lanes) {
    yields(name, &[bits(a), bits(b)], bits(result));
}

/// 0, 1, 2, … in byte lanes.
fn bytes() -> U8x16 {
    std::array::from_fn(|i| i as u8)
}

#[test]
fn lanes_count_from_the_least_significant_byte() {
    assert_eq!(V128::from_le_bytes(bytes()).to_bits(), bits(bytes()));
    assert_eq!(bits([1_u32, 0, 0, 0]), 1);
    assert_eq!(bits([0.0, -0.0]), 1 << 127);
    let at = |name: &str, a: u128, lane: u8| named(name).eval(&[a], [lane; 16]);
    assert_eq!(at("i8x16.extract_lane_s", bits([0x80_u8; 16]), 15), 0xffff_ff80);
    assert_eq!(at("i8x16.extract_lane_u", bits([0x80_u8; 16]), 15), 0x80);
    assert_eq!(at("i16x8.extract_lane_s", bits([-1_i16, 2, 3, 4, 5, 6, 7, 8]), 0), 0xffff_ffff);
    assert_eq!(at("f32x4.extract_lane", bits([0_u32, 0, 0, 0x7fa0_0001]), 3), 0x7fa0_0001);
    let replaced = named("i16x8.replace_lane").eval(&[0, 0x1234_5678], [1; 16]);
    assert_eq!(replaced, bits([0_u16, 0x5678, 0, 0, 0, 0, 0, 0]));
    yields("i16x8.splat", &[0xffff_0102], bits([0x0102_u16; 8]));
    yields("f64x2.splat", &[0x7ff4_0000_0000_0001], bits([0x7ff4_0000_0000_0001_u64; 2]));
}

#[test]
fn shuffle_and_swizzle() {
    let (a, b) = (bytes(), bytes().map(|byte| byte + 16));
    let reverse = std::array::from_fn(|i| 31 - 2 * i as u8);
    assert_eq!(named("i8x16.shuffle").eval(&[bits(a), bits(b)], reverse), bits(reverse));
    let mut indices = [16_u8; 16];
    (indices[0], indices[1], indices[2]) = (15, 255, 1);
    let mut result = [0_u8; 16];
    (result[0], result[2]) = (115, 101);
    binary("i8x16.swizzle", a.map(|byte| byte + 100), indices, result);
    binary("i8x16.relaxed_swizzle", a.map(|byte| byte + 100), indices, result);
}

#[test]
fn tests_and_masks() {
    yields("v128.any_true", &[0], 0);
    yields("v128.any_true", &[1 << 100], 1);
    yields("i8x16.all_true", &[bits(bytes())], 0);
    yields("i8x16.all_true", &[bits(bytes().map(|byte| byte + 1))], 1);
    yields("i64x2.all_true", &[bits([1_u64, 0])], 0);
    yields("i8x16.bitmask", &[bits(bytes().map(|byte| byte << 7))], 0xaaaa);
    yields("i32x4.bitmask", &[bits([i32::MIN, 0, i32::MAX, -1])], 0b1001);
    yields("i64x2.bitmask", &[bits([1_i64, -1])], 0b10);
    yields("v128.bitselect", &[0b1100, 0b1010, 0b0110], 0b1100);
    yields("v128.andnot", &[0b1100, 0b1010], 0b0100);
    yields("i16x8.relaxed_laneselect", &[0b1100, 0b1010, 0b0110], 0b1100);
}

#[test]
fn saturation() {
    let lanes = |a: i8| [a; 16];
    binary("i8x16.add_sat_s", lanes(127), lanes(1), lanes(127));
    binary("i8x16.sub_sat_s", lanes(-128), lanes(1), lanes(-128));
    binary("i8x16.add_sat_u", [255_u8; 16], [1_u8; 16], [255_u8; 16]);
    binary("i8x16.sub_sat_u", [0_u8; 16], [1_u8; 16], [0_u8; 16]);
    let narrow = |name: &str, result: u128| {
        let a = [-32768_i16, -129, -128, -1, 0, 127, 128, 32767];
        yields(name, &[bits(a), bits([256_i16; 8])], result);
    };
    let signed = [-128, -128, -128, -1, 0, 127, 127, 127];
    let unsigned = [0, 0, 0, 0, 0, 127, 128, 255];
    narrow("i8x16.narrow_i16x8_s", bits(join::<i8, _, 8, 16>(signed, [127; 8], |a| a)));
    narrow("i8x16.narrow_i16x8_u", bits(join::<u8, _, 8, 16>(unsigned, [255; 8], |a| a)));
    let wide = [i32::MIN, -1, 65_535, i32::MAX];
    binary("i16x8.narrow_i32x4_s", wide, [0; 4], [-32768_i16, -1, 32767, 32767, 0, 0, 0, 0]);
    binary("i16x8.narrow_i32x4_u", wide, [0; 4], [0_u16, 0, 65535, 65535, 0, 0, 0, 0]);
    let (min, half) = (-32768_i16, 0x4000_i16);
    let (a, b) = ([min, min, half, half, 1, 1, 0, -1], [min, 32767, half, 1, 1, half, 5, half]);
    let product = [32767_i16, -32767, 0x2000, 1, 0, 1, 0, 0];
    binary("i16x8.q15mulr_sat_s", a, b, product);
    binary("i16x8.relaxed_q15mulr_s", a, b, product);
}

#[test]
fn widening_arithmetic() {
    let a = [-128_i8, -128, 127, 127, -1, 1, 0, 0, -128, 127, 1, 2, 3, 4, 5, 6];
    unary("i16x8.extadd_pairwise_i8x16_s", a, [-256_i16, 254, 0, 0, -1, 3, 7, 11]);
    unary("i16x8.extadd_pairwise_i8x16_u", [255_u8; 16], [510_u16; 8]);
    unary("i16x8.extend_low_i8x16_s", a, [-128_i16, -128, 127, 127, -1, 1, 0, 0]);
    unary("i16x8.extend_high_i8x16_u", a, [128_u16, 127, 1, 2, 3, 4, 5, 6]);
    binary("i16x8.extmul_low_i8x16_s", a, a, [16384_i16, 16384, 16129, 16129, 1, 1, 0, 0]);
    binary("i16x8.extmul_high_i8x16_u", [255_u8; 16], [255_u8; 16], [65025_u16; 8]);
    binary("i64x2.extmul_low_i32x4_s", [i32::MIN; 4], [i32::MIN; 4], [1_i64 << 62; 2]);
    binary(
        "i64x2.extmul_high_i32x4_u",
        [u32::MAX; 4],
        [u32::MAX; 4],
        [0xffff_fffe_0000_0001_u64; 2],
    );
    binary("i32x4.dot_i16x8_s", [-32768_i16; 8], [-32768_i16; 8], [i32::MIN; 4]);
    binary("i32x4.dot_i16x8_s", [1_i16, 2, 3, 4, 5, 6, 7, 8], [-1_i16; 8], [-3, -7, -11, -15]);
    let dot = "i16x8.relaxed_dot_i8x16_i7x16_s";
    binary(dot, [-128_i8; 16], [127_i8; 16], [-32512_i16; 8]);
    binary(dot, [-128_i8; 16], [-128_i8; 16], [i16::MIN; 8]);
    let add = [bits([-128_i8; 16]), bits([127_i8; 16]), bits([65_024, 1, 2, 3])];
    let sums = bits([0, -65_023, -65_022, -65_021]);
    yields("i32x4.relaxed_dot_i8x16_i7x16_add_s", &add, sums);
    binary("i8x16.avgr_u", [255_u8; 16], [254_u8; 16], [255_u8; 16]);
    binary("i16x8.avgr_u", [0_u16; 8], [1_u16; 8], [1_u16; 8]);
    unary("i8x16.popcnt", [0xfe_u8; 16], [7_u8; 16]);
    unary("i8x16.abs", [-128_i8; 16], [-128_i8; 16]);
    unary("i64x2.neg", [i64::MIN, 1], [i64::MIN, -1]);
}

#[test]
fn shift_counts_are_modulo_the_lane_width() {
    let shift = |name: &str, a: u128, n: u128, result: u128| yields(name, &[a, n], result);
    shift("i8x16.shl", bits([0x81_u8; 16]), 9, bits([2_u8; 16]));
    shift("i8x16.shr_s", bits([-128_i8; 16]), 15, bits([-1_i8; 16]));
    shift("i16x8.shr_u", bits([0x8000_u16; 8]), 31, bits([1_u16; 8]));
    shift("i32x4.shl", bits([1_u32; 4]), 0xffff_ffff, bits([1_u32 << 31; 4]));
    shift("i64x2.shr_s", bits([i64::MIN; 2]), 127, bits([-1_i64; 2]));
}

#[test]
fn conversions() {
    let edges = [f32::NAN, -1.5, 3e9, f32::INFINITY];
    for kind in ["trunc_sat", "relaxed_trunc"] {
        unary(&format!("i32x4.{kind}_f32x4_s"), edges, [0, -1, i32::MAX, i32::MAX]);
        unary(&format!("i32x4.{kind}_f32x4_u"), edges, [0, 0, 3_000_000_000, u32::MAX]);
        unary(&format!("i32x4.{kind}_f64x2_s_zero"), [-1e10, f64::NAN], [i32::MIN, 0, 0, 0]);
        unary(&format!("i32x4.{kind}_f64x2_u_zero"), [-1e10, 4e9], [0, 4_000_000_000_u32, 0, 0]);
    }
    unary("f64x2.convert_low_i32x4_s", [-1, 2, 3, 4], [-1.0, 2.0]);
    unary("f64x2.convert_low_i32x4_u", [-1, 2, 3, 4], [4_294_967_295.0, 2.0]);
    unary("f32x4.convert_i32x4_u", [u32::MAX; 4], [4_294_967_296_f32; 4]);
    unary("f32x4.demote_f64x2_zero", [1e300, 0.5], [f32::INFINITY, 0.5, 0.0, 0.0]);
    unary("f64x2.promote_low_f32x4", [0.5_f32, -0.0, 9.0, 9.0], [0.5, -0.0]);
}

/// Pseudo-minimum is `b < a ? b : a`, pseudo-maximum `a < b ? b : a`, NaN payloads untouched.
#[test]
fn pseudo_minimum_and_maximum() {
    let signalling = 0x7ff4_0000_0000_0001_u64;
    let (zero, minus_zero, one) = (0_u64, 1_u64 << 63, f64::to_bits(1.0));
    for name in ["f64x2.pmin", "f64x2.pmax"] {
        binary(name, [zero, minus_zero], [minus_zero, zero], [zero, minus_zero]);
        binary(name, [signalling, one], [one, signalling], [signalling, one]);
    }
    binary("f64x2.pmin", [1.0, 2.0], [2.0, 1.0], [1.0, 1.0]);
    binary("f64x2.pmax", [1.0, 2.0], [2.0, 1.0], [2.0, 2.0]);
}

/// Rounded twice: a fused operation would keep the low part of the product.
#[test]
fn relaxed_multiply_add_is_not_fused() {
    let a = 1.0 + f64::EPSILON;
    let product = bits([-(a * a); 2]);
    yields("f64x2.relaxed_madd", &[bits([a; 2]), bits([a; 2]), product], bits([0.0; 2]));
    let product = bits([a * a; 2]);
    yields("f64x2.relaxed_nmadd", &[bits([a; 2]), bits([a; 2]), product], bits([0.0; 2]));
    let [two, three] = [[2_f32; 4], [3_f32; 4]].map(bits);
    yields("f32x4.relaxed_madd", &[two, three, three], bits([9_f32; 4]));
    yields("f32x4.relaxed_nmadd", &[two, three, three], bits([-3_f32; 4]));
}

/// Compares `simd` with `scalar`, an operator of the same name on lanes `width` bits wide, for each
/// pair of `edges`, which change places from lane to lane.
fn behaves_as_scalar(simd: SimdOp, scalar: NumOp, width: u32, edges: &[u64]) {
    let compares = scalar.result() != scalar.params()[0];
    let lanes = |a: u64, b: u64| {
        let pair = u128::from(b) << width | u128::from(a);
        if width == 32 { pair << 64 | pair } else { pair }
    };
    let lane = |a, b| match scalar.eval(&[a, b]).unwrap() {
        holds if compares => holds.wrapping_neg() & (u64::MAX >> (64 - width)),
        value => value,
    };
    for &a in edges {
        for &b in edges {
            let got = simd.eval(&[lanes(a, b), lanes(b, a)], [0; 16]);
            assert_eq!(got, lanes(lane(a, b), lane(b, a)), "{simd:?} {a:#x} {b:#x}");
        }
    }
}

/// The float rows agree with the scalar rows, lane by lane and NaN by NaN.
#[test]
fn float_lanes_behave_as_scalars() {
    let names = "abs neg ceil floor trunc nearest sqrt add sub mul div min max eq ne lt gt le ge \
                 relaxed_min relaxed_max";
    let finite = [0.0, -0.0, 1.0, -2.5, f64::INFINITY, f64::NEG_INFINITY];
    let mut edges32 = vec![1, 0x7fa0_0001, 0xffc0_1234];
    edges32.extend(finite.map(|value| u64::from((value as f32).to_bits())));
    let mut edges64 = vec![1, 0x7ff4_0000_0000_0001, 0xfff8_0000_0000_1234];
    edges64.extend(finite.map(f64::to_bits));
    for (scalar, vector, width, edges) in
        [("f32", "f32x4", 32, &edges32), ("f64", "f64x2", 64, &edges64)]
    {
        for name in names.split(' ') {
            let simd = named(&format!("{vector}.{name}"));
            let name = format!("{scalar}.{}", name.trim_start_matches("relaxed_"));
            let scalar = NumOp::ALL.iter().find(|op| op.name() == name).unwrap();
            behaves_as_scalar(simd, *scalar, width, edges);
        }
    }
}

#[test]
fn loads_and_stores() {
    let raw = 0x8001_7f02_ff03_0004_u128;
    let loaded = |value: V128| value.to_bits();
    assert_eq!(loaded(op::V128Load::extend(raw << 64)), raw << 64);
    let wide = op::V128Load8x8S::extend(raw);
    assert_eq!(loaded(wide), bits([4_i16, 0, 3, -1, 2, 127, 1, -128]));
    assert_eq!(loaded(op::V128Load16x4U::extend(raw)), bits([4_u32, 0xff03, 0x7f02, 0x8001]));
    assert_eq!(loaded(op::V128Load32x2S::extend(raw)), bits([-0xfc_fffc_i64, -0x7ffe_80fe]));
    assert_eq!(loaded(op::V128Load16Splat::extend(0x1234)), bits([0x1234_u16; 8]));
    assert_eq!(loaded(op::V128Load64Zero::extend(raw)), raw);
    let value = V128::from_le_bytes(bytes());
    assert_eq!(op::V128Store::narrow(value), value.to_bits());
    assert_eq!(op::V128Store16Lane::extract(value, 3), 0x0706);
    assert_eq!(op::V128Load32Lane::insert(7, V128::default(), 1).to_bits(), 7 << 32);
    for op in SimdAccessOp::ALL {
        let whole = matches!(op.shape(), SimdAccessShape::Load | SimdAccessShape::Store);
        assert!(op.bytes() <= 16 && (whole || op.bytes() <= 8), "{op:?}");
    }
}
