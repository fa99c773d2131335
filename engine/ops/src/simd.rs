//! The rows of the 233 SIMD operators that do not touch memory, relaxed ones included: the only
//! list of them in the workspace. The 22 that do are in `access`; `v128.const` computes nothing.
//!
//! # Relaxed operators
//!
//! The specification lets each of them choose between results. Ours is fixed, does not depend on
//! the processor, and is the same in every tier:
//!
//! | operator | here it is |
//! |---|---|
//! | `i8x16.relaxed_swizzle` | `i8x16.swizzle`: an index above 15 gives 0 |
//! | `i32x4.relaxed_trunc_*` | `i32x4.trunc_sat_*`: saturates, NaN gives 0 |
//! | `*.relaxed_madd` | `a * b + c`, rounded after each step |
//! | `*.relaxed_nmadd` | `c - a * b`, rounded after each step |
//! | `*.relaxed_laneselect` | `v128.bitselect`: by bit, not by lane |
//! | `*.relaxed_min`, `*.relaxed_max` | `min`, `max`: NaN wins, -0 is less than +0 |
//! | `i16x8.relaxed_q15mulr_s` | `i16x8.q15mulr_sat_s`: -1 times -1 saturates |
//! | `i16x8.relaxed_dot_i8x16_i7x16_s` | both signed; sums of two products wrap in 16 bits |
//! | `i32x4.relaxed_dot_i8x16_i7x16_add_s` | the same sums, added in pairs and to `c`, in 32 bits |

/// Calls macro `$m` once with the rows of all SIMD operators that do not touch memory, in the order
/// of `SimdOp`.
///
/// A row is that of [`for_each_numeric_op!`](crate::for_each_numeric_op) with one more word in it,
/// its shape. The shape fixes operands and immediates, so a consumer need not look at types:
///
/// ```text
/// Name visit_name "text.name" shape (operands) -> R word = expression;
/// ```
///
/// | shape | parameters | implements |
/// |---|---|---|
/// | `unary` | `(a: V)` | `SimdUnary` |
/// | `binary` | `(a: V, b: V)` | `SimdBinary` |
/// | `ternary` | `(a: V, b: V, c: V)` | `SimdTernary` |
/// | `test` | `(a: V) -> i32` | `SimdTest` |
/// | `shift` | `(a: V, n: u32)` | `SimdShift` |
/// | `splat` | `(a: scalar)` | `SimdSplat` |
/// | `extract` | `(a: V, lane: u8) -> scalar`; `lane` is an immediate | `SimdExtract` |
/// | `replace` | `(a: V, b: scalar, lane: u8)`; `lane` is an immediate | `SimdReplace` |
/// | `shuffle` | `(a: V, b: V, lanes: U8x16)`; `lanes` are an immediate | `SimdShuffle` |
///
/// `V` is a view of a `v128` out of [`lanes`](crate::lanes), or `u128`; `R` is one too where
/// nothing else is said. `word` is `commutes` or absent; nothing here traps. The expression uses
/// the operands and what `lanes` exports.
///
/// # Example
///
/// ```
/// macro_rules! shapes {
///     ($($op:ident $visit:ident $text:literal $shape:ident $params:tt -> $R:ident
///         $($word:ident)? = $e:expr;)*) => { [$(($text, stringify!($shape))),*] };
/// }
///
/// let shapes = wasmtier_ops::for_each_simd_op!(shapes);
/// assert_eq!(shapes.len(), wasmtier_ops::SimdOp::COUNT);
/// assert!(shapes.contains(&("i8x16.all_true", "test")));
/// ```
#[macro_export]
macro_rules! for_each_simd_op { ($m:ident) => { $m! {
    // lanes and scalars
    I8x16Shuffle visit_i8x16_shuffle "i8x16.shuffle"
        shuffle (a: U8x16, b: U8x16, lanes: U8x16) -> U8x16 = shuffle(a, b, lanes);
    I8x16ExtractLaneS visit_i8x16_extract_lane_s "i8x16.extract_lane_s"
        extract (a: I8x16, lane: u8) -> i32 = at(a, lane).into();
    I8x16ExtractLaneU visit_i8x16_extract_lane_u "i8x16.extract_lane_u"
        extract (a: U8x16, lane: u8) -> u32 = at(a, lane).into();
    I8x16ReplaceLane visit_i8x16_replace_lane "i8x16.replace_lane"
        replace (a: U8x16, b: u32, lane: u8) -> U8x16 = with(a, lane, b as u8);
    I16x8ExtractLaneS visit_i16x8_extract_lane_s "i16x8.extract_lane_s"
        extract (a: I16x8, lane: u8) -> i32 = at(a, lane).into();
    I16x8ExtractLaneU visit_i16x8_extract_lane_u "i16x8.extract_lane_u"
        extract (a: U16x8, lane: u8) -> u32 = at(a, lane).into();
    I16x8ReplaceLane visit_i16x8_replace_lane "i16x8.replace_lane"
        replace (a: U16x8, b: u32, lane: u8) -> U16x8 = with(a, lane, b as u16);
    I32x4ExtractLane visit_i32x4_extract_lane "i32x4.extract_lane"
        extract (a: U32x4, lane: u8) -> u32 = at(a, lane);
    I32x4ReplaceLane visit_i32x4_replace_lane "i32x4.replace_lane"
        replace (a: U32x4, b: u32, lane: u8) -> U32x4 = with(a, lane, b);
    I64x2ExtractLane visit_i64x2_extract_lane "i64x2.extract_lane"
        extract (a: U64x2, lane: u8) -> u64 = at(a, lane);
    I64x2ReplaceLane visit_i64x2_replace_lane "i64x2.replace_lane"
        replace (a: U64x2, b: u64, lane: u8) -> U64x2 = with(a, lane, b);
    F32x4ExtractLane visit_f32x4_extract_lane "f32x4.extract_lane"
        extract (a: F32x4, lane: u8) -> f32 = at(a, lane);
    F32x4ReplaceLane visit_f32x4_replace_lane "f32x4.replace_lane"
        replace (a: F32x4, b: f32, lane: u8) -> F32x4 = with(a, lane, b);
    F64x2ExtractLane visit_f64x2_extract_lane "f64x2.extract_lane"
        extract (a: F64x2, lane: u8) -> f64 = at(a, lane);
    F64x2ReplaceLane visit_f64x2_replace_lane "f64x2.replace_lane"
        replace (a: F64x2, b: f64, lane: u8) -> F64x2 = with(a, lane, b);
    I8x16Swizzle visit_i8x16_swizzle "i8x16.swizzle"
        binary (a: U8x16, b: U8x16) -> U8x16 = swizzle(a, b);
    I8x16Splat visit_i8x16_splat "i8x16.splat" splat (a: u32) -> U8x16 = [a as u8; 16];
    I16x8Splat visit_i16x8_splat "i16x8.splat" splat (a: u32) -> U16x8 = [a as u16; 8];
    I32x4Splat visit_i32x4_splat "i32x4.splat" splat (a: u32) -> U32x4 = [a; 4];
    I64x2Splat visit_i64x2_splat "i64x2.splat" splat (a: u64) -> U64x2 = [a; 2];
    F32x4Splat visit_f32x4_splat "f32x4.splat" splat (a: f32) -> F32x4 = [a; 4];
    F64x2Splat visit_f64x2_splat "f64x2.splat" splat (a: f64) -> F64x2 = [a; 2];
    // comparisons
    I8x16Eq visit_i8x16_eq "i8x16.eq" binary (a: U8x16, b: U8x16) -> I8x16 commutes = eq(a, b);
    I8x16Ne visit_i8x16_ne "i8x16.ne" binary (a: U8x16, b: U8x16) -> I8x16 commutes = ne(a, b);
    I8x16LtS visit_i8x16_lt_s "i8x16.lt_s" binary (a: I8x16, b: I8x16) -> I8x16 = lt(a, b);
    I8x16LtU visit_i8x16_lt_u "i8x16.lt_u" binary (a: U8x16, b: U8x16) -> I8x16 = lt(a, b);
    I8x16GtS visit_i8x16_gt_s "i8x16.gt_s" binary (a: I8x16, b: I8x16) -> I8x16 = gt(a, b);
    I8x16GtU visit_i8x16_gt_u "i8x16.gt_u" binary (a: U8x16, b: U8x16) -> I8x16 = gt(a, b);
    I8x16LeS visit_i8x16_le_s "i8x16.le_s" binary (a: I8x16, b: I8x16) -> I8x16 = le(a, b);
    I8x16LeU visit_i8x16_le_u "i8x16.le_u" binary (a: U8x16, b: U8x16) -> I8x16 = le(a, b);
    I8x16GeS visit_i8x16_ge_s "i8x16.ge_s" binary (a: I8x16, b: I8x16) -> I8x16 = ge(a, b);
    I8x16GeU visit_i8x16_ge_u "i8x16.ge_u" binary (a: U8x16, b: U8x16) -> I8x16 = ge(a, b);
    I16x8Eq visit_i16x8_eq "i16x8.eq" binary (a: U16x8, b: U16x8) -> I16x8 commutes = eq(a, b);
    I16x8Ne visit_i16x8_ne "i16x8.ne" binary (a: U16x8, b: U16x8) -> I16x8 commutes = ne(a, b);
    I16x8LtS visit_i16x8_lt_s "i16x8.lt_s" binary (a: I16x8, b: I16x8) -> I16x8 = lt(a, b);
    I16x8LtU visit_i16x8_lt_u "i16x8.lt_u" binary (a: U16x8, b: U16x8) -> I16x8 = lt(a, b);
    I16x8GtS visit_i16x8_gt_s "i16x8.gt_s" binary (a: I16x8, b: I16x8) -> I16x8 = gt(a, b);
    I16x8GtU visit_i16x8_gt_u "i16x8.gt_u" binary (a: U16x8, b: U16x8) -> I16x8 = gt(a, b);
    I16x8LeS visit_i16x8_le_s "i16x8.le_s" binary (a: I16x8, b: I16x8) -> I16x8 = le(a, b);
    I16x8LeU visit_i16x8_le_u "i16x8.le_u" binary (a: U16x8, b: U16x8) -> I16x8 = le(a, b);
    I16x8GeS visit_i16x8_ge_s "i16x8.ge_s" binary (a: I16x8, b: I16x8) -> I16x8 = ge(a, b);
    I16x8GeU visit_i16x8_ge_u "i16x8.ge_u" binary (a: U16x8, b: U16x8) -> I16x8 = ge(a, b);
    I32x4Eq visit_i32x4_eq "i32x4.eq" binary (a: U32x4, b: U32x4) -> I32x4 commutes = eq(a, b);
    I32x4Ne visit_i32x4_ne "i32x4.ne" binary (a: U32x4, b: U32x4) -> I32x4 commutes = ne(a, b);
    I32x4LtS visit_i32x4_lt_s "i32x4.lt_s" binary (a: I32x4, b: I32x4) -> I32x4 = lt(a, b);
    I32x4LtU visit_i32x4_lt_u "i32x4.lt_u" binary (a: U32x4, b: U32x4) -> I32x4 = lt(a, b);
    I32x4GtS visit_i32x4_gt_s "i32x4.gt_s" binary (a: I32x4, b: I32x4) -> I32x4 = gt(a, b);
    I32x4GtU visit_i32x4_gt_u "i32x4.gt_u" binary (a: U32x4, b: U32x4) -> I32x4 = gt(a, b);
    I32x4LeS visit_i32x4_le_s "i32x4.le_s" binary (a: I32x4, b: I32x4) -> I32x4 = le(a, b);
    I32x4LeU visit_i32x4_le_u "i32x4.le_u" binary (a: U32x4, b: U32x4) -> I32x4 = le(a, b);
    I32x4GeS visit_i32x4_ge_s "i32x4.ge_s" binary (a: I32x4, b: I32x4) -> I32x4 = ge(a, b);
    I32x4GeU visit_i32x4_ge_u "i32x4.ge_u" binary (a: U32x4, b: U32x4) -> I32x4 = ge(a, b);
    I64x2Eq visit_i64x2_eq "i64x2.eq" binary (a: U64x2, b: U64x2) -> I64x2 commutes = eq(a, b);
    I64x2Ne visit_i64x2_ne "i64x2.ne" binary (a: U64x2, b: U64x2) -> I64x2 commutes = ne(a, b);
    I64x2LtS visit_i64x2_lt_s "i64x2.lt_s" binary (a: I64x2, b: I64x2) -> I64x2 = lt(a, b);
    I64x2GtS visit_i64x2_gt_s "i64x2.gt_s" binary (a: I64x2, b: I64x2) -> I64x2 = gt(a, b);
    I64x2LeS visit_i64x2_le_s "i64x2.le_s" binary (a: I64x2, b: I64x2) -> I64x2 = le(a, b);
    I64x2GeS visit_i64x2_ge_s "i64x2.ge_s" binary (a: I64x2, b: I64x2) -> I64x2 = ge(a, b);
    F32x4Eq visit_f32x4_eq "f32x4.eq" binary (a: F32x4, b: F32x4) -> I32x4 commutes = eq(a, b);
    F32x4Ne visit_f32x4_ne "f32x4.ne" binary (a: F32x4, b: F32x4) -> I32x4 commutes = ne(a, b);
    F32x4Lt visit_f32x4_lt "f32x4.lt" binary (a: F32x4, b: F32x4) -> I32x4 = lt(a, b);
    F32x4Gt visit_f32x4_gt "f32x4.gt" binary (a: F32x4, b: F32x4) -> I32x4 = gt(a, b);
    F32x4Le visit_f32x4_le "f32x4.le" binary (a: F32x4, b: F32x4) -> I32x4 = le(a, b);
    F32x4Ge visit_f32x4_ge "f32x4.ge" binary (a: F32x4, b: F32x4) -> I32x4 = ge(a, b);
    F64x2Eq visit_f64x2_eq "f64x2.eq" binary (a: F64x2, b: F64x2) -> I64x2 commutes = eq(a, b);
    F64x2Ne visit_f64x2_ne "f64x2.ne" binary (a: F64x2, b: F64x2) -> I64x2 commutes = ne(a, b);
    F64x2Lt visit_f64x2_lt "f64x2.lt" binary (a: F64x2, b: F64x2) -> I64x2 = lt(a, b);
    F64x2Gt visit_f64x2_gt "f64x2.gt" binary (a: F64x2, b: F64x2) -> I64x2 = gt(a, b);
    F64x2Le visit_f64x2_le "f64x2.le" binary (a: F64x2, b: F64x2) -> I64x2 = le(a, b);
    F64x2Ge visit_f64x2_ge "f64x2.ge" binary (a: F64x2, b: F64x2) -> I64x2 = ge(a, b);
    // bits
    V128Not visit_v128_not "v128.not" unary (a: u128) -> u128 = !a;
    V128And visit_v128_and "v128.and" binary (a: u128, b: u128) -> u128 commutes = a & b;
    V128AndNot visit_v128_andnot "v128.andnot" binary (a: u128, b: u128) -> u128 = a & !b;
    V128Or visit_v128_or "v128.or" binary (a: u128, b: u128) -> u128 commutes = a | b;
    V128Xor visit_v128_xor "v128.xor" binary (a: u128, b: u128) -> u128 commutes = a ^ b;
    V128Bitselect visit_v128_bitselect "v128.bitselect"
        ternary (a: u128, b: u128, c: u128) -> u128 = select(a, b, c);
    V128AnyTrue visit_v128_any_true "v128.any_true" test (a: u128) -> i32 = i32::from(a != 0);
    // i8x16 arithmetic
    I8x16Abs visit_i8x16_abs "i8x16.abs" unary (a: I8x16) -> I8x16 = a.map(i8::wrapping_abs);
    I8x16Neg visit_i8x16_neg "i8x16.neg" unary (a: I8x16) -> I8x16 = a.map(i8::wrapping_neg);
    I8x16Popcnt visit_i8x16_popcnt "i8x16.popcnt"
        unary (a: U8x16) -> U8x16 = a.map(|a| a.count_ones() as u8);
    I8x16AllTrue visit_i8x16_all_true "i8x16.all_true" test (a: U8x16) -> i32 = all_true(a);
    I8x16Bitmask visit_i8x16_bitmask "i8x16.bitmask" test (a: I8x16) -> u32 = bitmask(a);
    I8x16NarrowI16x8S visit_i8x16_narrow_i16x8_s "i8x16.narrow_i16x8_s"
        binary (a: I16x8, b: I16x8) -> I8x16 = join(a, b, |a| a.clamp(-128, 127) as i8);
    I8x16NarrowI16x8U visit_i8x16_narrow_i16x8_u "i8x16.narrow_i16x8_u"
        binary (a: I16x8, b: I16x8) -> U8x16 = join(a, b, |a| a.clamp(0, 255) as u8);
    I8x16Shl visit_i8x16_shl "i8x16.shl"
        shift (a: U8x16, n: u32) -> U8x16 = a.map(|a| a.wrapping_shl(n));
    I8x16ShrS visit_i8x16_shr_s "i8x16.shr_s"
        shift (a: I8x16, n: u32) -> I8x16 = a.map(|a| a.wrapping_shr(n));
    I8x16ShrU visit_i8x16_shr_u "i8x16.shr_u"
        shift (a: U8x16, n: u32) -> U8x16 = a.map(|a| a.wrapping_shr(n));
    I8x16Add visit_i8x16_add "i8x16.add"
        binary (a: U8x16, b: U8x16) -> U8x16 commutes = zip(a, b, u8::wrapping_add);
    I8x16AddSatS visit_i8x16_add_sat_s "i8x16.add_sat_s"
        binary (a: I8x16, b: I8x16) -> I8x16 commutes = zip(a, b, i8::saturating_add);
    I8x16AddSatU visit_i8x16_add_sat_u "i8x16.add_sat_u"
        binary (a: U8x16, b: U8x16) -> U8x16 commutes = zip(a, b, u8::saturating_add);
    I8x16Sub visit_i8x16_sub "i8x16.sub"
        binary (a: U8x16, b: U8x16) -> U8x16 = zip(a, b, u8::wrapping_sub);
    I8x16SubSatS visit_i8x16_sub_sat_s "i8x16.sub_sat_s"
        binary (a: I8x16, b: I8x16) -> I8x16 = zip(a, b, i8::saturating_sub);
    I8x16SubSatU visit_i8x16_sub_sat_u "i8x16.sub_sat_u"
        binary (a: U8x16, b: U8x16) -> U8x16 = zip(a, b, u8::saturating_sub);
    I8x16MinS visit_i8x16_min_s "i8x16.min_s"
        binary (a: I8x16, b: I8x16) -> I8x16 commutes = zip(a, b, i8::min);
    I8x16MinU visit_i8x16_min_u "i8x16.min_u"
        binary (a: U8x16, b: U8x16) -> U8x16 commutes = zip(a, b, u8::min);
    I8x16MaxS visit_i8x16_max_s "i8x16.max_s"
        binary (a: I8x16, b: I8x16) -> I8x16 commutes = zip(a, b, i8::max);
    I8x16MaxU visit_i8x16_max_u "i8x16.max_u"
        binary (a: U8x16, b: U8x16) -> U8x16 commutes = zip(a, b, u8::max);
    I8x16AvgrU visit_i8x16_avgr_u "i8x16.avgr_u"
        binary (a: U8x16, b: U8x16) -> U8x16 commutes = zip(a, b, |a, b| (a | b) - ((a ^ b) >> 1));
    // i16x8 arithmetic
    I16x8ExtAddPairwiseI8x16S visit_i16x8_extadd_pairwise_i8x16_s "i16x8.extadd_pairwise_i8x16_s"
        unary (a: I8x16) -> I16x8 = pairs(a, |x, y| i16::from(x) + i16::from(y));
    I16x8ExtAddPairwiseI8x16U visit_i16x8_extadd_pairwise_i8x16_u "i16x8.extadd_pairwise_i8x16_u"
        unary (a: U8x16) -> U16x8 = pairs(a, |x, y| u16::from(x) + u16::from(y));
    I16x8Abs visit_i16x8_abs "i16x8.abs" unary (a: I16x8) -> I16x8 = a.map(i16::wrapping_abs);
    I16x8Neg visit_i16x8_neg "i16x8.neg" unary (a: I16x8) -> I16x8 = a.map(i16::wrapping_neg);
    I16x8Q15MulrSatS visit_i16x8_q15mulr_sat_s "i16x8.q15mulr_sat_s"
        binary (a: I16x8, b: I16x8) -> I16x8 commutes = zip(a, b, q15_mul);
    I16x8AllTrue visit_i16x8_all_true "i16x8.all_true" test (a: U16x8) -> i32 = all_true(a);
    I16x8Bitmask visit_i16x8_bitmask "i16x8.bitmask" test (a: I16x8) -> u32 = bitmask(a);
    I16x8NarrowI32x4S visit_i16x8_narrow_i32x4_s "i16x8.narrow_i32x4_s"
        binary (a: I32x4, b: I32x4) -> I16x8 = join(a, b, |a| a.clamp(-32768, 32767) as i16);
    I16x8NarrowI32x4U visit_i16x8_narrow_i32x4_u "i16x8.narrow_i32x4_u"
        binary (a: I32x4, b: I32x4) -> U16x8 = join(a, b, |a| a.clamp(0, 65535) as u16);
    I16x8ExtendLowI8x16S visit_i16x8_extend_low_i8x16_s "i16x8.extend_low_i8x16_s"
        unary (a: I8x16) -> I16x8 = low(a);
    I16x8ExtendHighI8x16S visit_i16x8_extend_high_i8x16_s "i16x8.extend_high_i8x16_s"
        unary (a: I8x16) -> I16x8 = high(a);
    I16x8ExtendLowI8x16U visit_i16x8_extend_low_i8x16_u "i16x8.extend_low_i8x16_u"
        unary (a: U8x16) -> U16x8 = low(a);
    I16x8ExtendHighI8x16U visit_i16x8_extend_high_i8x16_u "i16x8.extend_high_i8x16_u"
        unary (a: U8x16) -> U16x8 = high(a);
    I16x8Shl visit_i16x8_shl "i16x8.shl"
        shift (a: U16x8, n: u32) -> U16x8 = a.map(|a| a.wrapping_shl(n));
    I16x8ShrS visit_i16x8_shr_s "i16x8.shr_s"
        shift (a: I16x8, n: u32) -> I16x8 = a.map(|a| a.wrapping_shr(n));
    I16x8ShrU visit_i16x8_shr_u "i16x8.shr_u"
        shift (a: U16x8, n: u32) -> U16x8 = a.map(|a| a.wrapping_shr(n));
    I16x8Add visit_i16x8_add "i16x8.add"
        binary (a: U16x8, b: U16x8) -> U16x8 commutes = zip(a, b, u16::wrapping_add);
    I16x8AddSatS visit_i16x8_add_sat_s "i16x8.add_sat_s"
        binary (a: I16x8, b: I16x8) -> I16x8 commutes = zip(a, b, i16::saturating_add);
    I16x8AddSatU visit_i16x8_add_sat_u "i16x8.add_sat_u"
        binary (a: U16x8, b: U16x8) -> U16x8 commutes = zip(a, b, u16::saturating_add);
    I16x8Sub visit_i16x8_sub "i16x8.sub"
        binary (a: U16x8, b: U16x8) -> U16x8 = zip(a, b, u16::wrapping_sub);
    I16x8SubSatS visit_i16x8_sub_sat_s "i16x8.sub_sat_s"
        binary (a: I16x8, b: I16x8) -> I16x8 = zip(a, b, i16::saturating_sub);
    I16x8SubSatU visit_i16x8_sub_sat_u "i16x8.sub_sat_u"
        binary (a: U16x8, b: U16x8) -> U16x8 = zip(a, b, u16::saturating_sub);
    I16x8Mul visit_i16x8_mul "i16x8.mul"
        binary (a: U16x8, b: U16x8) -> U16x8 commutes = zip(a, b, u16::wrapping_mul);
    I16x8MinS visit_i16x8_min_s "i16x8.min_s"
        binary (a: I16x8, b: I16x8) -> I16x8 commutes = zip(a, b, i16::min);
    I16x8MinU visit_i16x8_min_u "i16x8.min_u"
        binary (a: U16x8, b: U16x8) -> U16x8 commutes = zip(a, b, u16::min);
    I16x8MaxS visit_i16x8_max_s "i16x8.max_s"
        binary (a: I16x8, b: I16x8) -> I16x8 commutes = zip(a, b, i16::max);
    I16x8MaxU visit_i16x8_max_u "i16x8.max_u"
        binary (a: U16x8, b: U16x8) -> U16x8 commutes = zip(a, b, u16::max);
    I16x8AvgrU visit_i16x8_avgr_u "i16x8.avgr_u"
        binary (a: U16x8, b: U16x8) -> U16x8 commutes = zip(a, b, |a, b| (a | b) - ((a ^ b) >> 1));
    I16x8ExtMulLowI8x16S visit_i16x8_extmul_low_i8x16_s "i16x8.extmul_low_i8x16_s"
        binary (a: I8x16, b: I8x16) -> I16x8 commutes = zip(low(a), low(b), i16::wrapping_mul);
    I16x8ExtMulHighI8x16S visit_i16x8_extmul_high_i8x16_s "i16x8.extmul_high_i8x16_s"
        binary (a: I8x16, b: I8x16) -> I16x8 commutes = zip(high(a), high(b), i16::wrapping_mul);
    I16x8ExtMulLowI8x16U visit_i16x8_extmul_low_i8x16_u "i16x8.extmul_low_i8x16_u"
        binary (a: U8x16, b: U8x16) -> U16x8 commutes = zip(low(a), low(b), u16::wrapping_mul);
    I16x8ExtMulHighI8x16U visit_i16x8_extmul_high_i8x16_u "i16x8.extmul_high_i8x16_u"
        binary (a: U8x16, b: U8x16) -> U16x8 commutes = zip(high(a), high(b), u16::wrapping_mul);
    // i32x4 arithmetic
    I32x4ExtAddPairwiseI16x8S visit_i32x4_extadd_pairwise_i16x8_s "i32x4.extadd_pairwise_i16x8_s"
        unary (a: I16x8) -> I32x4 = pairs(a, |x, y| i32::from(x) + i32::from(y));
    I32x4ExtAddPairwiseI16x8U visit_i32x4_extadd_pairwise_i16x8_u "i32x4.extadd_pairwise_i16x8_u"
        unary (a: U16x8) -> U32x4 = pairs(a, |x, y| u32::from(x) + u32::from(y));
    I32x4Abs visit_i32x4_abs "i32x4.abs" unary (a: I32x4) -> I32x4 = a.map(i32::wrapping_abs);
    I32x4Neg visit_i32x4_neg "i32x4.neg" unary (a: I32x4) -> I32x4 = a.map(i32::wrapping_neg);
    I32x4AllTrue visit_i32x4_all_true "i32x4.all_true" test (a: U32x4) -> i32 = all_true(a);
    I32x4Bitmask visit_i32x4_bitmask "i32x4.bitmask" test (a: I32x4) -> u32 = bitmask(a);
    I32x4ExtendLowI16x8S visit_i32x4_extend_low_i16x8_s "i32x4.extend_low_i16x8_s"
        unary (a: I16x8) -> I32x4 = low(a);
    I32x4ExtendHighI16x8S visit_i32x4_extend_high_i16x8_s "i32x4.extend_high_i16x8_s"
        unary (a: I16x8) -> I32x4 = high(a);
    I32x4ExtendLowI16x8U visit_i32x4_extend_low_i16x8_u "i32x4.extend_low_i16x8_u"
        unary (a: U16x8) -> U32x4 = low(a);
    I32x4ExtendHighI16x8U visit_i32x4_extend_high_i16x8_u "i32x4.extend_high_i16x8_u"
        unary (a: U16x8) -> U32x4 = high(a);
    I32x4Shl visit_i32x4_shl "i32x4.shl"
        shift (a: U32x4, n: u32) -> U32x4 = a.map(|a| a.wrapping_shl(n));
    I32x4ShrS visit_i32x4_shr_s "i32x4.shr_s"
        shift (a: I32x4, n: u32) -> I32x4 = a.map(|a| a.wrapping_shr(n));
    I32x4ShrU visit_i32x4_shr_u "i32x4.shr_u"
        shift (a: U32x4, n: u32) -> U32x4 = a.map(|a| a.wrapping_shr(n));
    I32x4Add visit_i32x4_add "i32x4.add"
        binary (a: U32x4, b: U32x4) -> U32x4 commutes = zip(a, b, u32::wrapping_add);
    I32x4Sub visit_i32x4_sub "i32x4.sub"
        binary (a: U32x4, b: U32x4) -> U32x4 = zip(a, b, u32::wrapping_sub);
    I32x4Mul visit_i32x4_mul "i32x4.mul"
        binary (a: U32x4, b: U32x4) -> U32x4 commutes = zip(a, b, u32::wrapping_mul);
    I32x4MinS visit_i32x4_min_s "i32x4.min_s"
        binary (a: I32x4, b: I32x4) -> I32x4 commutes = zip(a, b, i32::min);
    I32x4MinU visit_i32x4_min_u "i32x4.min_u"
        binary (a: U32x4, b: U32x4) -> U32x4 commutes = zip(a, b, u32::min);
    I32x4MaxS visit_i32x4_max_s "i32x4.max_s"
        binary (a: I32x4, b: I32x4) -> I32x4 commutes = zip(a, b, i32::max);
    I32x4MaxU visit_i32x4_max_u "i32x4.max_u"
        binary (a: U32x4, b: U32x4) -> U32x4 commutes = zip(a, b, u32::max);
    I32x4DotI16x8S visit_i32x4_dot_i16x8_s "i32x4.dot_i16x8_s"
        binary (a: I16x8, b: I16x8) -> I32x4 commutes = dot_i16(a, b);
    I32x4ExtMulLowI16x8S visit_i32x4_extmul_low_i16x8_s "i32x4.extmul_low_i16x8_s"
        binary (a: I16x8, b: I16x8) -> I32x4 commutes = zip(low(a), low(b), i32::wrapping_mul);
    I32x4ExtMulHighI16x8S visit_i32x4_extmul_high_i16x8_s "i32x4.extmul_high_i16x8_s"
        binary (a: I16x8, b: I16x8) -> I32x4 commutes = zip(high(a), high(b), i32::wrapping_mul);
    I32x4ExtMulLowI16x8U visit_i32x4_extmul_low_i16x8_u "i32x4.extmul_low_i16x8_u"
        binary (a: U16x8, b: U16x8) -> U32x4 commutes = zip(low(a), low(b), u32::wrapping_mul);
    I32x4ExtMulHighI16x8U visit_i32x4_extmul_high_i16x8_u "i32x4.extmul_high_i16x8_u"
        binary (a: U16x8, b: U16x8) -> U32x4 commutes = zip(high(a), high(b), u32::wrapping_mul);
    // i64x2 arithmetic
    I64x2Abs visit_i64x2_abs "i64x2.abs" unary (a: I64x2) -> I64x2 = a.map(i64::wrapping_abs);
    I64x2Neg visit_i64x2_neg "i64x2.neg" unary (a: I64x2) -> I64x2 = a.map(i64::wrapping_neg);
    I64x2AllTrue visit_i64x2_all_true "i64x2.all_true" test (a: U64x2) -> i32 = all_true(a);
    I64x2Bitmask visit_i64x2_bitmask "i64x2.bitmask" test (a: I64x2) -> u32 = bitmask(a);
    I64x2ExtendLowI32x4S visit_i64x2_extend_low_i32x4_s "i64x2.extend_low_i32x4_s"
        unary (a: I32x4) -> I64x2 = low(a);
    I64x2ExtendHighI32x4S visit_i64x2_extend_high_i32x4_s "i64x2.extend_high_i32x4_s"
        unary (a: I32x4) -> I64x2 = high(a);
    I64x2ExtendLowI32x4U visit_i64x2_extend_low_i32x4_u "i64x2.extend_low_i32x4_u"
        unary (a: U32x4) -> U64x2 = low(a);
    I64x2ExtendHighI32x4U visit_i64x2_extend_high_i32x4_u "i64x2.extend_high_i32x4_u"
        unary (a: U32x4) -> U64x2 = high(a);
    I64x2Shl visit_i64x2_shl "i64x2.shl"
        shift (a: U64x2, n: u32) -> U64x2 = a.map(|a| a.wrapping_shl(n));
    I64x2ShrS visit_i64x2_shr_s "i64x2.shr_s"
        shift (a: I64x2, n: u32) -> I64x2 = a.map(|a| a.wrapping_shr(n));
    I64x2ShrU visit_i64x2_shr_u "i64x2.shr_u"
        shift (a: U64x2, n: u32) -> U64x2 = a.map(|a| a.wrapping_shr(n));
    I64x2Add visit_i64x2_add "i64x2.add"
        binary (a: U64x2, b: U64x2) -> U64x2 commutes = zip(a, b, u64::wrapping_add);
    I64x2Sub visit_i64x2_sub "i64x2.sub"
        binary (a: U64x2, b: U64x2) -> U64x2 = zip(a, b, u64::wrapping_sub);
    I64x2Mul visit_i64x2_mul "i64x2.mul"
        binary (a: U64x2, b: U64x2) -> U64x2 commutes = zip(a, b, u64::wrapping_mul);
    I64x2ExtMulLowI32x4S visit_i64x2_extmul_low_i32x4_s "i64x2.extmul_low_i32x4_s"
        binary (a: I32x4, b: I32x4) -> I64x2 commutes = zip(low(a), low(b), i64::wrapping_mul);
    I64x2ExtMulHighI32x4S visit_i64x2_extmul_high_i32x4_s "i64x2.extmul_high_i32x4_s"
        binary (a: I32x4, b: I32x4) -> I64x2 commutes = zip(high(a), high(b), i64::wrapping_mul);
    I64x2ExtMulLowI32x4U visit_i64x2_extmul_low_i32x4_u "i64x2.extmul_low_i32x4_u"
        binary (a: U32x4, b: U32x4) -> U64x2 commutes = zip(low(a), low(b), u64::wrapping_mul);
    I64x2ExtMulHighI32x4U visit_i64x2_extmul_high_i32x4_u "i64x2.extmul_high_i32x4_u"
        binary (a: U32x4, b: U32x4) -> U64x2 commutes = zip(high(a), high(b), u64::wrapping_mul);
    // f32x4 arithmetic
    F32x4Ceil visit_f32x4_ceil "f32x4.ceil" unary (a: F32x4) -> F32x4 = a.map(float::ceil);
    F32x4Floor visit_f32x4_floor "f32x4.floor" unary (a: F32x4) -> F32x4 = a.map(float::floor);
    F32x4Trunc visit_f32x4_trunc "f32x4.trunc" unary (a: F32x4) -> F32x4 = a.map(float::trunc);
    F32x4Nearest visit_f32x4_nearest "f32x4.nearest"
        unary (a: F32x4) -> F32x4 = a.map(float::nearest);
    F32x4Abs visit_f32x4_abs "f32x4.abs" unary (a: F32x4) -> F32x4 = a.map(f32::abs);
    F32x4Neg visit_f32x4_neg "f32x4.neg" unary (a: F32x4) -> F32x4 = a.map(|a| -a);
    F32x4Sqrt visit_f32x4_sqrt "f32x4.sqrt" unary (a: F32x4) -> F32x4 = a.map(float::sqrt);
    F32x4Add visit_f32x4_add "f32x4.add"
        binary (a: F32x4, b: F32x4) -> F32x4 = zip(a, b, float::add);
    F32x4Sub visit_f32x4_sub "f32x4.sub"
        binary (a: F32x4, b: F32x4) -> F32x4 = zip(a, b, float::sub);
    F32x4Mul visit_f32x4_mul "f32x4.mul"
        binary (a: F32x4, b: F32x4) -> F32x4 = zip(a, b, float::mul);
    F32x4Div visit_f32x4_div "f32x4.div"
        binary (a: F32x4, b: F32x4) -> F32x4 = zip(a, b, float::div);
    F32x4Min visit_f32x4_min "f32x4.min"
        binary (a: F32x4, b: F32x4) -> F32x4 = zip(a, b, float::min);
    F32x4Max visit_f32x4_max "f32x4.max"
        binary (a: F32x4, b: F32x4) -> F32x4 = zip(a, b, float::max);
    F32x4PMin visit_f32x4_pmin "f32x4.pmin"
        binary (a: F32x4, b: F32x4) -> F32x4 = zip(a, b, float::pmin);
    F32x4PMax visit_f32x4_pmax "f32x4.pmax"
        binary (a: F32x4, b: F32x4) -> F32x4 = zip(a, b, float::pmax);
    // f64x2 arithmetic
    F64x2Ceil visit_f64x2_ceil "f64x2.ceil" unary (a: F64x2) -> F64x2 = a.map(float::ceil);
    F64x2Floor visit_f64x2_floor "f64x2.floor" unary (a: F64x2) -> F64x2 = a.map(float::floor);
    F64x2Trunc visit_f64x2_trunc "f64x2.trunc" unary (a: F64x2) -> F64x2 = a.map(float::trunc);
    F64x2Nearest visit_f64x2_nearest "f64x2.nearest"
        unary (a: F64x2) -> F64x2 = a.map(float::nearest);
    F64x2Abs visit_f64x2_abs "f64x2.abs" unary (a: F64x2) -> F64x2 = a.map(f64::abs);
    F64x2Neg visit_f64x2_neg "f64x2.neg" unary (a: F64x2) -> F64x2 = a.map(|a| -a);
    F64x2Sqrt visit_f64x2_sqrt "f64x2.sqrt" unary (a: F64x2) -> F64x2 = a.map(float::sqrt);
    F64x2Add visit_f64x2_add "f64x2.add"
        binary (a: F64x2, b: F64x2) -> F64x2 = zip(a, b, float::add);
    F64x2Sub visit_f64x2_sub "f64x2.sub"
        binary (a: F64x2, b: F64x2) -> F64x2 = zip(a, b, float::sub);
    F64x2Mul visit_f64x2_mul "f64x2.mul"
        binary (a: F64x2, b: F64x2) -> F64x2 = zip(a, b, float::mul);
    F64x2Div visit_f64x2_div "f64x2.div"
        binary (a: F64x2, b: F64x2) -> F64x2 = zip(a, b, float::div);
    F64x2Min visit_f64x2_min "f64x2.min"
        binary (a: F64x2, b: F64x2) -> F64x2 = zip(a, b, float::min);
    F64x2Max visit_f64x2_max "f64x2.max"
        binary (a: F64x2, b: F64x2) -> F64x2 = zip(a, b, float::max);
    F64x2PMin visit_f64x2_pmin "f64x2.pmin"
        binary (a: F64x2, b: F64x2) -> F64x2 = zip(a, b, float::pmin);
    F64x2PMax visit_f64x2_pmax "f64x2.pmax"
        binary (a: F64x2, b: F64x2) -> F64x2 = zip(a, b, float::pmax);
    // conversions
    I32x4TruncSatF32x4S visit_i32x4_trunc_sat_f32x4_s "i32x4.trunc_sat_f32x4_s"
        unary (a: F32x4) -> I32x4 = a.map(|a| a as i32);
    I32x4TruncSatF32x4U visit_i32x4_trunc_sat_f32x4_u "i32x4.trunc_sat_f32x4_u"
        unary (a: F32x4) -> U32x4 = a.map(|a| a as u32);
    F32x4ConvertI32x4S visit_f32x4_convert_i32x4_s "f32x4.convert_i32x4_s"
        unary (a: I32x4) -> F32x4 = a.map(|a| a as f32);
    F32x4ConvertI32x4U visit_f32x4_convert_i32x4_u "f32x4.convert_i32x4_u"
        unary (a: U32x4) -> F32x4 = a.map(|a| a as f32);
    I32x4TruncSatF64x2SZero visit_i32x4_trunc_sat_f64x2_s_zero "i32x4.trunc_sat_f64x2_s_zero"
        unary (a: F64x2) -> I32x4 = zero_above(a.map(|a| a as i32));
    I32x4TruncSatF64x2UZero visit_i32x4_trunc_sat_f64x2_u_zero "i32x4.trunc_sat_f64x2_u_zero"
        unary (a: F64x2) -> U32x4 = zero_above(a.map(|a| a as u32));
    F64x2ConvertLowI32x4S visit_f64x2_convert_low_i32x4_s "f64x2.convert_low_i32x4_s"
        unary (a: I32x4) -> F64x2 = low(a);
    F64x2ConvertLowI32x4U visit_f64x2_convert_low_i32x4_u "f64x2.convert_low_i32x4_u"
        unary (a: U32x4) -> F64x2 = low(a);
    F32x4DemoteF64x2Zero visit_f32x4_demote_f64x2_zero "f32x4.demote_f64x2_zero"
        unary (a: F64x2) -> F32x4 = zero_above(a.map(float::demote));
    F64x2PromoteLowF32x4 visit_f64x2_promote_low_f32x4 "f64x2.promote_low_f32x4"
        unary (a: F32x4) -> F64x2 = [float::promote(a[0]), float::promote(a[1])];
    // relaxed
    I8x16RelaxedSwizzle visit_i8x16_relaxed_swizzle "i8x16.relaxed_swizzle"
        binary (a: U8x16, b: U8x16) -> U8x16 = swizzle(a, b);
    I32x4RelaxedTruncF32x4S visit_i32x4_relaxed_trunc_f32x4_s "i32x4.relaxed_trunc_f32x4_s"
        unary (a: F32x4) -> I32x4 = a.map(|a| a as i32);
    I32x4RelaxedTruncF32x4U visit_i32x4_relaxed_trunc_f32x4_u "i32x4.relaxed_trunc_f32x4_u"
        unary (a: F32x4) -> U32x4 = a.map(|a| a as u32);
    I32x4RelaxedTruncF64x2SZero visit_i32x4_relaxed_trunc_f64x2_s_zero
        "i32x4.relaxed_trunc_f64x2_s_zero"
        unary (a: F64x2) -> I32x4 = zero_above(a.map(|a| a as i32));
    I32x4RelaxedTruncF64x2UZero visit_i32x4_relaxed_trunc_f64x2_u_zero
        "i32x4.relaxed_trunc_f64x2_u_zero"
        unary (a: F64x2) -> U32x4 = zero_above(a.map(|a| a as u32));
    F32x4RelaxedMadd visit_f32x4_relaxed_madd "f32x4.relaxed_madd"
        ternary (a: F32x4, b: F32x4, c: F32x4) -> F32x4 = zip(zip(a, b, float::mul), c, float::add);
    F32x4RelaxedNmadd visit_f32x4_relaxed_nmadd "f32x4.relaxed_nmadd"
        ternary (a: F32x4, b: F32x4, c: F32x4) -> F32x4 = zip(c, zip(a, b, float::mul), float::sub);
    F64x2RelaxedMadd visit_f64x2_relaxed_madd "f64x2.relaxed_madd"
        ternary (a: F64x2, b: F64x2, c: F64x2) -> F64x2 = zip(zip(a, b, float::mul), c, float::add);
    F64x2RelaxedNmadd visit_f64x2_relaxed_nmadd "f64x2.relaxed_nmadd"
        ternary (a: F64x2, b: F64x2, c: F64x2) -> F64x2 = zip(c, zip(a, b, float::mul), float::sub);
    I8x16RelaxedLaneselect visit_i8x16_relaxed_laneselect "i8x16.relaxed_laneselect"
        ternary (a: u128, b: u128, c: u128) -> u128 = select(a, b, c);
    I16x8RelaxedLaneselect visit_i16x8_relaxed_laneselect "i16x8.relaxed_laneselect"
        ternary (a: u128, b: u128, c: u128) -> u128 = select(a, b, c);
    I32x4RelaxedLaneselect visit_i32x4_relaxed_laneselect "i32x4.relaxed_laneselect"
        ternary (a: u128, b: u128, c: u128) -> u128 = select(a, b, c);
    I64x2RelaxedLaneselect visit_i64x2_relaxed_laneselect "i64x2.relaxed_laneselect"
        ternary (a: u128, b: u128, c: u128) -> u128 = select(a, b, c);
    F32x4RelaxedMin visit_f32x4_relaxed_min "f32x4.relaxed_min"
        binary (a: F32x4, b: F32x4) -> F32x4 = zip(a, b, float::min);
    F32x4RelaxedMax visit_f32x4_relaxed_max "f32x4.relaxed_max"
        binary (a: F32x4, b: F32x4) -> F32x4 = zip(a, b, float::max);
    F64x2RelaxedMin visit_f64x2_relaxed_min "f64x2.relaxed_min"
        binary (a: F64x2, b: F64x2) -> F64x2 = zip(a, b, float::min);
    F64x2RelaxedMax visit_f64x2_relaxed_max "f64x2.relaxed_max"
        binary (a: F64x2, b: F64x2) -> F64x2 = zip(a, b, float::max);
    I16x8RelaxedQ15mulrS visit_i16x8_relaxed_q15mulr_s "i16x8.relaxed_q15mulr_s"
        binary (a: I16x8, b: I16x8) -> I16x8 commutes = zip(a, b, q15_mul);
    I16x8RelaxedDotI8x16I7x16S visit_i16x8_relaxed_dot_i8x16_i7x16_s
        "i16x8.relaxed_dot_i8x16_i7x16_s"
        binary (a: I8x16, b: I8x16) -> I16x8 commutes = dot_i8(a, b);
    I32x4RelaxedDotI8x16I7x16AddS visit_i32x4_relaxed_dot_i8x16_i7x16_add_s
        "i32x4.relaxed_dot_i8x16_i7x16_add_s"
        ternary (a: I8x16, b: I8x16, c: I32x4) -> I32x4 = dot_add_i8(a, b, c);
} } }
