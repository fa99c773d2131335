//! The rows of the operators that load from and store to linear memory.
//!
//! A row says how wide the access is and what becomes of the bytes. Effective addresses, bounds and
//! the access itself belong to `vm` and the tiers.

/// Calls macro `$m` once with the rows of the 14 scalar loads, in the order of `LoadOp`.
///
/// ```text
/// Name visit_name "text.name" (raw: Mem) -> Value = expression;
/// ```
///
/// `Mem` is an integer type as wide as the access; `raw` is the little-endian integer in memory.
/// Its sign, and the expression, tell how it is extended to the value type. Names as in
/// [`for_each_numeric_op!`](crate::for_each_numeric_op).
///
/// # Example
///
/// ```
/// macro_rules! widths {
///     ($($op:ident $visit:ident $text:literal ($raw:ident: $Mem:ident) -> $V:ident
///         = $e:expr;)*) => {
///         [$(($text, size_of::<$Mem>())),*]
///     };
/// }
///
/// let widths = wasmtier_ops::for_each_load!(widths);
/// assert_eq!(widths.len(), wasmtier_ops::LoadOp::COUNT);
/// assert!(widths.contains(&("i64.load16_s", 2)));
/// ```
#[macro_export]
macro_rules! for_each_load {
    ($m:ident) => {
        $m! {
            I32Load visit_i32_load "i32.load" (raw: u32) -> u32 = raw;
            I64Load visit_i64_load "i64.load" (raw: u64) -> u64 = raw;
            F32Load visit_f32_load "f32.load" (raw: u32) -> f32 = f32::from_bits(raw);
            F64Load visit_f64_load "f64.load" (raw: u64) -> f64 = f64::from_bits(raw);
            I32Load8S visit_i32_load8_s "i32.load8_s" (raw: i8) -> i32 = i32::from(raw);
            I32Load8U visit_i32_load8_u "i32.load8_u" (raw: u8) -> u32 = u32::from(raw);
            I32Load16S visit_i32_load16_s "i32.load16_s" (raw: i16) -> i32 = i32::from(raw);
            I32Load16U visit_i32_load16_u "i32.load16_u" (raw: u16) -> u32 = u32::from(raw);
            I64Load8S visit_i64_load8_s "i64.load8_s" (raw: i8) -> i64 = i64::from(raw);
            I64Load8U visit_i64_load8_u "i64.load8_u" (raw: u8) -> u64 = u64::from(raw);
            I64Load16S visit_i64_load16_s "i64.load16_s" (raw: i16) -> i64 = i64::from(raw);
            I64Load16U visit_i64_load16_u "i64.load16_u" (raw: u16) -> u64 = u64::from(raw);
            I64Load32S visit_i64_load32_s "i64.load32_s" (raw: i32) -> i64 = i64::from(raw);
            I64Load32U visit_i64_load32_u "i64.load32_u" (raw: u32) -> u64 = u64::from(raw);
        }
    };
}

/// Calls macro `$m` once with the rows of the 9 scalar stores, in the order of `StoreOp`.
///
/// ```text
/// Name visit_name "text.name" (value: Value) -> Mem = expression;
/// ```
///
/// `Mem` is an unsigned integer type as wide as the access; the expression is the little-endian
/// integer that goes to memory. Matched like the rows of
/// [`for_each_load!`](crate::for_each_load), with the two types swapped.
#[macro_export]
macro_rules! for_each_store {
    ($m:ident) => {
        $m! {
            I32Store visit_i32_store "i32.store" (value: u32) -> u32 = value;
            I64Store visit_i64_store "i64.store" (value: u64) -> u64 = value;
            F32Store visit_f32_store "f32.store" (value: f32) -> u32 = value.to_bits();
            F64Store visit_f64_store "f64.store" (value: f64) -> u64 = value.to_bits();
            I32Store8 visit_i32_store8 "i32.store8" (value: u32) -> u8 = value as u8;
            I32Store16 visit_i32_store16 "i32.store16" (value: u32) -> u16 = value as u16;
            I64Store8 visit_i64_store8 "i64.store8" (value: u64) -> u8 = value as u8;
            I64Store16 visit_i64_store16 "i64.store16" (value: u64) -> u16 = value as u16;
            I64Store32 visit_i64_store32 "i64.store32" (value: u64) -> u32 = value as u32;
        }
    };
}

/// Calls macro `$m` once with the rows of the 22 SIMD loads and stores, in the order of
/// `SimdAccessOp`.
///
/// Like in [`for_each_simd_op!`](crate::for_each_simd_op), each row has a shape:
///
/// | shape | row | implements |
/// |---|---|---|
/// | `load` | `(raw: Mem) -> V` | `SimdLoad` |
/// | `store` | `(value: V) -> Mem` | `SimdStore` |
/// | `load_lane` | `(raw: Mem, value: V, lane: u8) -> V` | `SimdLoadLane` |
/// | `store_lane` | `(value: V, lane: u8) -> Mem` | `SimdStoreLane` |
///
/// `Mem` is an unsigned integer type as wide as the access, `value` the `v128` operand, and `lane`
/// an immediate. The expression uses the operands and what [`lanes`](crate::lanes) exports.
///
/// # Example
///
/// ```
/// macro_rules! takes_lane {
///     ($($op:ident $visit:ident $text:literal $shape:ident $params:tt -> $R:ident
///         = $e:expr;)*) => {
///         [$((stringify!($visit), takes_lane!(@$shape))),*]
///     };
///     (@load) => { false };
///     (@store) => { false };
///     (@load_lane) => { true };
///     (@store_lane) => { true };
/// }
///
/// let visitors = wasmtier_ops::for_each_simd_access!(takes_lane);
/// assert_eq!(visitors.len(), wasmtier_ops::SimdAccessOp::COUNT);
/// assert!(visitors.contains(&("visit_v128_load8_lane", true)));
/// ```
#[macro_export]
macro_rules! for_each_simd_access {
    ($m:ident) => {
        $m! {
            V128Load visit_v128_load "v128.load" load (raw: u128) -> u128 = raw;
            V128Load8x8S visit_v128_load8x8_s "v128.load8x8_s"
                load (raw: u64) -> I16x8 = low(I8x16::of(V128::from_bits(raw.into())));
            V128Load8x8U visit_v128_load8x8_u "v128.load8x8_u"
                load (raw: u64) -> U16x8 = low(U8x16::of(V128::from_bits(raw.into())));
            V128Load16x4S visit_v128_load16x4_s "v128.load16x4_s"
                load (raw: u64) -> I32x4 = low(I16x8::of(V128::from_bits(raw.into())));
            V128Load16x4U visit_v128_load16x4_u "v128.load16x4_u"
                load (raw: u64) -> U32x4 = low(U16x8::of(V128::from_bits(raw.into())));
            V128Load32x2S visit_v128_load32x2_s "v128.load32x2_s"
                load (raw: u64) -> I64x2 = low(I32x4::of(V128::from_bits(raw.into())));
            V128Load32x2U visit_v128_load32x2_u "v128.load32x2_u"
                load (raw: u64) -> U64x2 = low(U32x4::of(V128::from_bits(raw.into())));
            V128Load8Splat visit_v128_load8_splat "v128.load8_splat"
                load (raw: u8) -> U8x16 = [raw; 16];
            V128Load16Splat visit_v128_load16_splat "v128.load16_splat"
                load (raw: u16) -> U16x8 = [raw; 8];
            V128Load32Splat visit_v128_load32_splat "v128.load32_splat"
                load (raw: u32) -> U32x4 = [raw; 4];
            V128Load64Splat visit_v128_load64_splat "v128.load64_splat"
                load (raw: u64) -> U64x2 = [raw; 2];
            V128Load32Zero visit_v128_load32_zero "v128.load32_zero"
                load (raw: u32) -> u128 = raw.into();
            V128Load64Zero visit_v128_load64_zero "v128.load64_zero"
                load (raw: u64) -> u128 = raw.into();
            V128Store visit_v128_store "v128.store" store (value: u128) -> u128 = value;
            V128Load8Lane visit_v128_load8_lane "v128.load8_lane"
                load_lane (raw: u8, value: U8x16, lane: u8) -> U8x16 = with(value, lane, raw);
            V128Load16Lane visit_v128_load16_lane "v128.load16_lane"
                load_lane (raw: u16, value: U16x8, lane: u8) -> U16x8 = with(value, lane, raw);
            V128Load32Lane visit_v128_load32_lane "v128.load32_lane"
                load_lane (raw: u32, value: U32x4, lane: u8) -> U32x4 = with(value, lane, raw);
            V128Load64Lane visit_v128_load64_lane "v128.load64_lane"
                load_lane (raw: u64, value: U64x2, lane: u8) -> U64x2 = with(value, lane, raw);
            V128Store8Lane visit_v128_store8_lane "v128.store8_lane"
                store_lane (value: U8x16, lane: u8) -> u8 = at(value, lane);
            V128Store16Lane visit_v128_store16_lane "v128.store16_lane"
                store_lane (value: U16x8, lane: u8) -> u16 = at(value, lane);
            V128Store32Lane visit_v128_store32_lane "v128.store32_lane"
                store_lane (value: U32x4, lane: u8) -> u32 = at(value, lane);
            V128Store64Lane visit_v128_store64_lane "v128.store64_lane"
                store_lane (value: U64x2, lane: u8) -> u64 = at(value, lane);
        }
    };
}
