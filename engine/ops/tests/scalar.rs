//! Edge operands of the scalar operators and what the specification says becomes of them. Operands
//! and results are slots, so NaN payloads, signed zeros and upper halves are compared bit by bit.

use wasmtier_ops::{LoadOp, NumOp, StoreOp, Trap, WideOp};

/// The operator called `name`.
fn named(name: &str) -> NumOp {
    *NumOp::ALL.iter().find(|op| op.name() == name).unwrap_or_else(|| panic!("no {name}"))
}

#[track_caller]
fn yields(name: &str, args: &[u64], result: u64) {
    let got = named(name).eval(args);
    assert_eq!(got, Ok(result), "{name} {args:x?}: {got:x?}, not {result:#x}");
}

#[track_caller]
fn traps(name: &str, args: &[u64], trap: Trap) {
    assert!(named(name).traps(), "{name}");
    assert_eq!(named(name).eval(args), Err(trap), "{name} {args:x?}");
}

const I32_MIN: u64 = 0x8000_0000;
const I32_NEG1: u64 = 0xffff_ffff;
const I64_MIN: u64 = 1 << 63;
const I64_NEG1: u64 = u64::MAX;

#[test]
fn division() {
    for (bits, min, neg1) in [("i32", I32_MIN, I32_NEG1), ("i64", I64_MIN, I64_NEG1)] {
        let op = |name: &str| format!("{bits}.{name}");
        for name in ["div_s", "div_u", "rem_s", "rem_u"] {
            traps(&op(name), &[1, 0], Trap::IntegerDivisionByZero);
            traps(&op(name), &[0, 0], Trap::IntegerDivisionByZero);
        }
        traps(&op("div_s"), &[min, neg1], Trap::IntegerOverflow);
        yields(&op("rem_s"), &[min, neg1], 0);
        yields(&op("div_u"), &[min, neg1], 0);
        yields(&op("rem_u"), &[min, neg1], min);
        // Quotients round towards zero; a remainder has the sign of the dividend.
        let minus = |n: u64| neg1 - n + 1;
        yields(&op("div_s"), &[minus(7), 2], minus(3));
        yields(&op("rem_s"), &[minus(7), 2], neg1);
        yields(&op("rem_s"), &[7, minus(2)], 1);
        yields(&op("div_s"), &[min, 2], minus(min >> 1));
    }
}

#[test]
fn shifts_and_rotations_take_their_count_modulo_the_width() {
    yields("i32.shl", &[1, 33], 2);
    yields("i32.shr_s", &[I32_MIN, 63], I32_NEG1);
    yields("i32.shr_u", &[I32_MIN, 31], 1);
    yields("i32.rotl", &[0xabcd_9876, 1], 0x579b_30ed);
    yields("i32.rotr", &[1, 1], I32_MIN);
    yields("i32.rotl", &[0x0123_4567, 32], 0x0123_4567);
    yields("i64.shl", &[1, 64], 1);
    yields("i64.shl", &[1, 1 << 32], 1);
    yields("i64.shr_s", &[I64_MIN, 127], I64_NEG1);
    yields("i64.rotl", &[I64_MIN | 1, 65], 3);
    yields("i64.rotr", &[1, u64::MAX], 2);
}

#[test]
fn bit_counts() {
    for (bits, width) in [("i32", 32), ("i64", 64)] {
        yields(&format!("{bits}.clz"), &[0], width);
        yields(&format!("{bits}.ctz"), &[0], width);
        yields(&format!("{bits}.clz"), &[1], width - 1);
        yields(&format!("{bits}.ctz"), &[1 << (width - 1)], width - 1);
    }
    yields("i32.popcnt", &[I32_NEG1], 32);
    yields("i64.popcnt", &[I64_NEG1], 64);
}

#[test]
fn comparisons_look_at_the_sign_only_if_signed() {
    yields("i32.lt_s", &[I32_MIN, 0], 1);
    yields("i32.lt_u", &[I32_MIN, 0], 0);
    yields("i64.gt_s", &[I64_NEG1, 0], 0);
    yields("i64.gt_u", &[I64_NEG1, 0], 1);
    let nan = f64::NAN.to_bits();
    for (name, unordered) in [("eq", 0), ("ne", 1), ("lt", 0), ("gt", 0), ("le", 0), ("ge", 0)] {
        yields(&format!("f64.{name}"), &[nan, nan], unordered);
        yields(&format!("f64.{name}"), &[nan, 0], unordered);
    }
    yields("f64.eq", &[0, I64_MIN], 1);
    yields("f32.lt", &[I32_MIN, 0], 0);
}

/// The upper half of a 32-bit operand's slot is ignored; that of a result is zero.
#[test]
fn narrow_values_in_wide_slots() {
    let junk = 0xdead_beef_0000_0000;
    yields("i32.add", &[junk | I32_NEG1, junk | 2], 1);
    yields("i32.sub", &[0, 1], I32_NEG1);
    yields("i32.wrap_i64", &[junk | 5], 5);
    yields("i64.extend_i32_s", &[junk | I32_MIN], 0xffff_ffff_8000_0000);
    yields("i64.extend_i32_u", &[junk | I32_MIN], I32_MIN);
    yields("i32.extend8_s", &[0x180], 0xffff_ff80);
    yields("i32.extend16_s", &[0x0001_7fff], 0x7fff);
    yields("i64.extend32_s", &[I32_MIN], 0xffff_ffff_8000_0000);
    yields("f32.neg", &[junk], I32_MIN);
}

/// Checks a truncation and its saturating twin: the values in `good` convert, those in `bad`
/// overflow, or saturate to what stands beside them.
#[track_caller]
fn truncates(to: &str, from: &str, good: &[(f64, u64)], bad: &[(f64, u64)]) {
    let slot = |value: f64| match &from[..3] {
        "f32" => {
            assert!(f64::from(value as f32) == value, "{value} is no f32");
            u64::from((value as f32).to_bits())
        }
        _ => value.to_bits(),
    };
    let (trapping, saturating) = (format!("{to}.trunc_{from}"), format!("{to}.trunc_sat_{from}"));
    for &(operand, result) in good {
        yields(&trapping, &[slot(operand)], result);
        yields(&saturating, &[slot(operand)], result);
    }
    for &(operand, result) in bad {
        traps(&trapping, &[slot(operand)], Trap::IntegerOverflow);
        yields(&saturating, &[slot(operand)], result);
    }
    let nan = if from.starts_with("f32") { 0x7fc0_0000 } else { 0x7ff8_0000_0000_0000 };
    traps(&trapping, &[nan], Trap::BadConversionToInteger);
    yields(&saturating, &[nan], 0);
}

/// Each bound's last good value, and the first bad one beyond it.
#[test]
fn truncation_to_32_bits() {
    truncates(
        "i32",
        "f64_s",
        &[(-2_147_483_648.9, I32_MIN), (2_147_483_647.9, 0x7fff_ffff)],
        &[(-2_147_483_649.0, I32_MIN), (2_147_483_648.0, 0x7fff_ffff)],
    );
    truncates(
        "i32",
        "f64_u",
        &[(-0.999, 0), (-0.0, 0), (4_294_967_295.9, I32_NEG1)],
        &[(-1.0, 0), (4_294_967_296.0, I32_NEG1)],
    );
    truncates(
        "i32",
        "f32_s",
        &[(-2_147_483_648.0, I32_MIN), (2_147_483_520.0, 0x7fff_ff80)],
        &[(-2_147_483_904.0, I32_MIN), (2_147_483_648.0, 0x7fff_ffff)],
    );
    truncates(
        "i32",
        "f32_u",
        &[(-0.9375, 0), (4_294_967_040.0, 0xffff_ff00)],
        &[(-1.0, 0), (4_294_967_296.0, I32_NEG1)],
    );
}

/// Each bound's last good value, and the first bad one beyond it.
#[test]
fn truncation_to_64_bits() {
    let (min, max) = (-9_223_372_036_854_775_808.0, 9_223_372_036_854_775_808.0);
    truncates(
        "i64",
        "f64_s",
        &[(min, I64_MIN), (9_223_372_036_854_774_784.0, 0x7fff_ffff_ffff_fc00)],
        &[(-9_223_372_036_854_777_856.0, I64_MIN), (max, i64::MAX as u64)],
    );
    truncates(
        "i64",
        "f64_u",
        &[(-0.999, 0), (18_446_744_073_709_549_568.0, 0xffff_ffff_ffff_f800)],
        &[(-1.0, 0), (18_446_744_073_709_551_616.0, I64_NEG1)],
    );
    truncates(
        "i64",
        "f32_s",
        &[(min, I64_MIN), (-1.5, I64_NEG1), (9_223_371_487_098_961_920.0, 0x7fff_ff80_0000_0000)],
        &[(-9_223_373_136_366_403_584.0, I64_MIN), (max, i64::MAX as u64)],
    );
    truncates(
        "i64",
        "f32_u",
        &[(-0.5, 0), (1.5, 1), (18_446_742_974_197_923_840.0, 0xffff_ff00_0000_0000)],
        &[(18_446_744_073_709_551_616.0, I64_NEG1), (f64::NEG_INFINITY, 0)],
    );
}

#[test]
fn integers_round_to_the_nearest_float() {
    yields("f32.convert_i32_s", &[16_777_217], u64::from(16_777_216_f32.to_bits()));
    yields("f32.convert_i32_s", &[16_777_219], u64::from(16_777_220_f32.to_bits()));
    yields("f32.convert_i32_u", &[I32_NEG1], 0x4f80_0000);
    yields("f32.convert_i64_s", &[0x7fff_ff40_0000_0001], 0x5eff_ffff);
    yields("f32.convert_i64_u", &[I64_NEG1], 0x5f80_0000);
    yields("f64.convert_i64_u", &[0x8000_0000_0000_0401], 0x43e0_0000_0000_0001);
    yields("f64.convert_i32_s", &[I32_NEG1], f64::to_bits(-1.0));
}

#[test]
fn minimum_and_maximum() {
    let (zero, minus_zero) = (0, I64_MIN);
    let (one, inf) = (f64::to_bits(1.0), f64::INFINITY.to_bits());
    for (a, b) in [(zero, minus_zero), (minus_zero, zero)] {
        yields("f64.min", &[a, b], minus_zero);
        yields("f64.max", &[a, b], zero);
    }
    yields("f64.min", &[one, inf], one);
    yields("f64.max", &[one, inf], inf);
    yields("f64.max", &[minus_zero, minus_zero], minus_zero);
    // A NaN on either side wins, even against an infinity.
    let nan = 0x7ff8_0000_0000_0000;
    for name in ["f64.min", "f64.max"] {
        yields(name, &[nan, one], nan);
        yields(name, &[inf, nan], nan);
    }
}

#[test]
fn rounding() {
    let f64 = f64::to_bits;
    // Operand, then ceil, floor, trunc and nearest of it.
    let table = [
        (0.5, 1.0, 0.0, 0.0, 0.0),
        (1.5, 2.0, 1.0, 1.0, 2.0),
        (2.5, 3.0, 2.0, 2.0, 2.0),
        (-0.5, -0.0, -1.0, -0.0, -0.0),
        (-1.5, -1.0, -2.0, -1.0, -2.0),
        (-2.5, -2.0, -3.0, -2.0, -2.0),
        (-0.0, -0.0, -0.0, -0.0, -0.0),
        (0.499_999_999_999_999_94, 1.0, 0.0, 0.0, 0.0),
        (
            2_251_799_813_685_249.5,
            2_251_799_813_685_250.0,
            2_251_799_813_685_249.0,
            2_251_799_813_685_249.0,
            2_251_799_813_685_250.0,
        ),
        (f64::INFINITY, f64::INFINITY, f64::INFINITY, f64::INFINITY, f64::INFINITY),
    ];
    for (operand, ceil, floor, trunc, nearest) in table {
        yields("f64.ceil", &[f64(operand)], f64(ceil));
        yields("f64.floor", &[f64(operand)], f64(floor));
        yields("f64.trunc", &[f64(operand)], f64(trunc));
        yields("f64.nearest", &[f64(operand)], f64(nearest));
    }
    yields("f32.nearest", &[u64::from(4_194_305.5_f32.to_bits())], 0x4a80_0004);
    yields("f64.sqrt", &[I64_MIN], I64_MIN);
}

/// The rule of `float`: the first NaN operand, made quiet, or else the default NaN.
#[test]
fn which_nan_comes_out() {
    let (signalling, quieted) = (0x7fa0_0001, 0x7fe0_0001);
    let (other, default) = (0xffc0_1234, 0xffc0_0000);
    let one = u64::from(1_f32.to_bits());
    for name in ["f32.add", "f32.sub", "f32.mul", "f32.div", "f32.min", "f32.max"] {
        yields(name, &[signalling, one], quieted);
        yields(name, &[one, signalling], quieted);
        yields(name, &[signalling, other], quieted);
        yields(name, &[other, signalling], other);
    }
    for name in ["f32.ceil", "f32.floor", "f32.trunc", "f32.nearest", "f32.sqrt"] {
        yields(name, &[signalling], quieted);
    }
    let inf = u64::from(f32::INFINITY.to_bits());
    yields("f32.sub", &[inf, inf], default);
    yields("f32.mul", &[0, inf], default);
    yields("f32.div", &[0, 0], default);
    yields("f32.sqrt", &[u64::from((-1_f32).to_bits())], default);
    yields("f64.div", &[0, 0], 0xfff8_0000_0000_0000);
    yields("f64.promote_f32", &[signalling | I32_MIN], 0xfffc_0000_2000_0000);
    yields("f32.demote_f64", &[0xfff4_0000_2000_0000], 0xffe0_0001);
    yields("f32.demote_f64", &[0x7ff0_0000_0000_0001], 0x7fc0_0000);
}

/// Operators on bits leave every NaN as it is, signalling ones included.
#[test]
fn sign_operators_and_reinterpretations_keep_payloads() {
    let signalling = 0x7fa0_0001;
    yields("f32.neg", &[signalling], 0xffa0_0001);
    yields("f32.abs", &[0xffa0_0001], signalling);
    yields("f32.copysign", &[signalling, I32_MIN], 0xffa0_0001);
    yields("f32.copysign", &[0xffa0_0001, 0x7fc0_0000], signalling);
    yields("i32.reinterpret_f32", &[signalling], signalling);
    yields("f32.reinterpret_i32", &[signalling], signalling);
    let signalling = 0x7ff4_0000_0000_0001;
    yields("f64.neg", &[signalling], I64_MIN | signalling);
    yields("f64.abs", &[I64_MIN | signalling], signalling);
    yields("f64.copysign", &[signalling, I64_MIN], I64_MIN | signalling);
    yields("i64.reinterpret_f64", &[signalling], signalling);
    yields("f64.reinterpret_i64", &[signalling], signalling);
}

#[test]
fn demotion_rounds_and_overflows() {
    let demotes = |from: f64, to: f32| {
        yields("f32.demote_f64", &[from.to_bits()], u64::from(to.to_bits()));
    };
    demotes(1e300, f32::INFINITY);
    demotes(-1e-300, -0.0);
    demotes(16_777_217.0, 16_777_216.0);
    demotes(3.402_823_567_797_336_6e38, f32::INFINITY);
    demotes(3.402_823_567_797_336_2e38, f32::MAX);
}

/// The slots that each access yields for a pattern with all sign bits set, by their names.
#[test]
fn loads_extend_and_stores_narrow() {
    let raw = 0xf1f2_f3f4_f5f6_f7f8_u64;
    for op in LoadOp::ALL {
        let name = op.name();
        let mask = u64::MAX >> (64 - 8 * op.bytes());
        let sign = if name.ends_with("_s") { !mask } else { 0 };
        let slot = if name.starts_with("i64") { u64::MAX } else { 0xffff_ffff };
        let slot = if name == "f64.load" { u64::MAX } else { slot };
        assert_eq!(op.signed(), name.ends_with("_s"), "{name}");
        assert_eq!(op.extend(raw), (raw & mask | sign) & slot, "{name}");
    }
    for op in StoreOp::ALL {
        assert_eq!(op.narrow(raw), raw & (u64::MAX >> (64 - 8 * op.bytes())), "{}", op.name());
    }
}

/// Codes are stored in code images; messages are what the specification's suite looks for.
#[test]
fn trap_codes_and_messages() {
    for &trap in Trap::ALL {
        assert_eq!(Trap::from_u8(trap as u8), Some(trap));
    }
    assert_eq!(Trap::from_u8(0), None);
    assert_eq!(Trap::from_u8(Trap::ALL.len() as u8 + 1), None);
    let expected = [
        (Trap::UnreachableCodeReached, "unreachable"),
        (Trap::MemoryOutOfBounds, "out of bounds memory access"),
        (Trap::TableOutOfBounds, "undefined element"),
        (Trap::TableOutOfBounds, "out of bounds table access"),
        (Trap::IndirectCallToNull, "uninitialized element"),
        (Trap::BadSignature, "indirect call type mismatch"),
        (Trap::IntegerDivisionByZero, "integer divide by zero"),
        (Trap::IntegerOverflow, "integer overflow"),
        (Trap::BadConversionToInteger, "invalid conversion to integer"),
        (Trap::StackOverflow, "call stack exhausted"),
        (Trap::NullReference, "null reference"),
    ];
    for (trap, message) in expected {
        assert!(trap.to_string().contains(message), "{trap}");
    }
}

#[test]
fn wide_operators_carry_between_halves() {
    let yields = |name: &str, args: &[u64], result: [u64; 2]| {
        let op = WideOp::ALL.iter().find(|op| op.name() == name).expect("there is such a row");
        assert_eq!(op.eval(args), result, "{name} {args:x?}");
    };
    const MAX: u64 = u64::MAX;
    const MIN: u64 = 1 << 63;
    yields("i64.add128", &[MAX, 0, 1, 0], [0, 1]);
    yields("i64.add128", &[MAX, MAX, 1, 0], [0, 0]);
    yields("i64.add128", &[0, 1, 0, 2], [0, 3]);
    yields("i64.sub128", &[0, 1, 1, 0], [MAX, 0]);
    yields("i64.sub128", &[0, 0, 1, 0], [MAX, MAX]);
    yields("i64.sub128", &[5, 0, 7, 1], [MAX - 1, MAX - 1]);
    yields("i64.mul_wide_u", &[MAX, MAX], [1, MAX - 1]);
    yields("i64.mul_wide_u", &[MIN, 2], [0, 1]);
    yields("i64.mul_wide_s", &[MAX, MAX], [1, 0]);
    yields("i64.mul_wide_s", &[MIN, MIN], [0, 1 << 62]);
    yields("i64.mul_wide_s", &[MIN, 2], [0, MAX]);
    yields("i64.mul_wide_s", &[MAX, 0], [0, 0]);
}
