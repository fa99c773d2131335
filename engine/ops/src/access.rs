//! The rows of the operators that move a scalar between a slot and linear memory.
//!
//! A row says how wide the access is and what becomes of the bytes. Effective addresses, bounds and
//! the access itself belong to `vm` and the tiers. The SIMD memory operators are in `simd`.

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
///     ($(
///         $op:ident $visit:ident $text:literal ($raw:ident: $Mem:ident) -> $V:ident = $e:expr;
///     )*) => {
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
