//! The rows of the 4 operators on 128-bit integers: the only list of them in the workspace.
//!
//! wasm has no such type: each of these integers is two `i64` on the operand stack, the low half
//! pushed first.

/// Calls macro `$m` once with the rows of all wide operators, in the order of `WideOp`.
///
/// A row is that of [`for_each_numeric_op!`](crate::for_each_numeric_op) with one more word in it,
/// its shape, which fixes the types:
///
/// ```text
/// Name visit_name "text.name" shape (a: T, b: T) -> u128 word = expression;
/// ```
///
/// | shape | parameters | implements |
/// |---|---|---|
/// | `wide` | `u128`, two halves each | `WideBinary` |
/// | `widening` | `i64` or `u64` | `WideningBinary` |
///
/// `word` is `commutes` or absent; nothing here traps. The expression uses the operands.
///
/// # Example
///
/// ```
/// macro_rules! shapes {
///     ($($op:ident $visit:ident $text:literal $shape:ident $params:tt -> $R:ident
///         $($word:ident)? = $e:expr;)*) => { [$(($text, stringify!($shape))),*] };
/// }
///
/// let shapes = wasmtier_ops::for_each_wide_op!(shapes);
/// assert_eq!(shapes.len(), wasmtier_ops::WideOp::COUNT);
/// assert!(shapes.contains(&("i64.add128", "wide")));
/// ```
#[macro_export]
macro_rules! for_each_wide_op {
    ($m:ident) => {
        $m! {
            I64Add128 visit_i64_add128 "i64.add128" wide (a: u128, b: u128) -> u128 commutes =
                a.wrapping_add(b);
            I64Sub128 visit_i64_sub128 "i64.sub128" wide (a: u128, b: u128) -> u128 =
                a.wrapping_sub(b);
            I64MulWideS visit_i64_mul_wide_s "i64.mul_wide_s"
                widening (a: i64, b: i64) -> u128 commutes =
                (i128::from(a) * i128::from(b)) as u128;
            I64MulWideU visit_i64_mul_wide_u "i64.mul_wide_u"
                widening (a: u64, b: u64) -> u128 commutes = u128::from(a) * u128::from(b);
        }
    };
}
