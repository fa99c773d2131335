//! The rows of the 136 scalar numeric operators: the only list of them in the workspace.
//!
//! Memory operators are in `access`, lane-wise ones in `simd`. A row holds machine-independent
//! facts only, and its expression is the one place that says what the operator computes.

/// Calls macro `$m` once with the rows of all scalar numeric operators, in the order of `NumOp`.
///
/// A row is either of
///
/// ```text
/// Name visit_name "text.name" (a: A) -> R word = expression;
/// Name visit_name "text.name" (a: A, b: B) -> R word = expression;
/// ```
///
/// * `Name` is the operator's name in `wasmparser`, in `NumOp`, and that of its marker type in
///   `op`; `visit_name` is the method of `wasmparser::VisitOperator`.
/// * The types are single identifiers out of `i32 u32 i64 u64 f32 f64`; the sign tells how the
///   operator looks at the bits.
/// * `word` is absent or one of `commutes` (swapping the operands never changes a bit of the
///   result; hence not float addition, whose operand order decides which NaN comes out) and `traps`
///   (the expression may leave with `?`, and the error is a [`Trap`](crate::Trap)). No operator has
///   both.
/// * The expression uses the operands and absolute paths only.
///
/// # Example
///
/// One entry per row, unary and binary rows told apart:
///
/// ```
/// #[derive(Debug, PartialEq)]
/// enum Shape { Unary, Binary }
///
/// macro_rules! shapes {
///     ($($op:ident $visit:ident $text:literal $params:tt -> $R:ident
///         $($word:ident)? = $e:expr;)*) => {
///         [$(($text, shapes!(@shape $params))),*]
///     };
///     (@shape ($a:ident: $A:ident)) => { Shape::Unary };
///     (@shape ($a:ident: $A:ident, $b:ident: $B:ident)) => { Shape::Binary };
/// }
///
/// let shapes = wasmtier_ops::for_each_numeric_op!(shapes);
/// assert_eq!(shapes.len(), wasmtier_ops::NumOp::COUNT);
/// assert!(shapes.contains(&("i32.eqz", Shape::Unary)));
/// assert!(shapes.contains(&("i32.add", Shape::Binary)));
/// ```
///
/// A visitor is one method per row, generic over the marker type:
///
/// ```text
/// ($($op:ident $visit:ident $text:literal $params:tt -> $R:ident
///     $($word:ident)? = $e:expr;)*) => {
///     $(fn $visit(&mut self) { visit!(@push self $op $params) })*
/// };
/// (@push $self:ident $op:ident ($a:ident: $A:ident)) => { $self.unary::<op::$op>() };
/// (@push $self:ident $op:ident ($a:ident: $A:ident, $b:ident: $B:ident)) => {
///     $self.binary::<op::$op>()
/// };
/// ```
#[macro_export]
macro_rules! for_each_numeric_op {
    ($m:ident) => {
        $m! {
            // i32 comparisons
            I32Eqz visit_i32_eqz "i32.eqz" (a: u32) -> i32 = (a == 0) as i32;
            I32Eq visit_i32_eq "i32.eq" (a: u32, b: u32) -> i32 commutes = (a == b) as i32;
            I32Ne visit_i32_ne "i32.ne" (a: u32, b: u32) -> i32 commutes = (a != b) as i32;
            I32LtS visit_i32_lt_s "i32.lt_s" (a: i32, b: i32) -> i32 = (a < b) as i32;
            I32LtU visit_i32_lt_u "i32.lt_u" (a: u32, b: u32) -> i32 = (a < b) as i32;
            I32GtS visit_i32_gt_s "i32.gt_s" (a: i32, b: i32) -> i32 = (a > b) as i32;
            I32GtU visit_i32_gt_u "i32.gt_u" (a: u32, b: u32) -> i32 = (a > b) as i32;
            I32LeS visit_i32_le_s "i32.le_s" (a: i32, b: i32) -> i32 = (a <= b) as i32;
            I32LeU visit_i32_le_u "i32.le_u" (a: u32, b: u32) -> i32 = (a <= b) as i32;
            I32GeS visit_i32_ge_s "i32.ge_s" (a: i32, b: i32) -> i32 = (a >= b) as i32;
            I32GeU visit_i32_ge_u "i32.ge_u" (a: u32, b: u32) -> i32 = (a >= b) as i32;
            // i64 comparisons
            I64Eqz visit_i64_eqz "i64.eqz" (a: u64) -> i32 = (a == 0) as i32;
            I64Eq visit_i64_eq "i64.eq" (a: u64, b: u64) -> i32 commutes = (a == b) as i32;
            I64Ne visit_i64_ne "i64.ne" (a: u64, b: u64) -> i32 commutes = (a != b) as i32;
            I64LtS visit_i64_lt_s "i64.lt_s" (a: i64, b: i64) -> i32 = (a < b) as i32;
            I64LtU visit_i64_lt_u "i64.lt_u" (a: u64, b: u64) -> i32 = (a < b) as i32;
            I64GtS visit_i64_gt_s "i64.gt_s" (a: i64, b: i64) -> i32 = (a > b) as i32;
            I64GtU visit_i64_gt_u "i64.gt_u" (a: u64, b: u64) -> i32 = (a > b) as i32;
            I64LeS visit_i64_le_s "i64.le_s" (a: i64, b: i64) -> i32 = (a <= b) as i32;
            I64LeU visit_i64_le_u "i64.le_u" (a: u64, b: u64) -> i32 = (a <= b) as i32;
            I64GeS visit_i64_ge_s "i64.ge_s" (a: i64, b: i64) -> i32 = (a >= b) as i32;
            I64GeU visit_i64_ge_u "i64.ge_u" (a: u64, b: u64) -> i32 = (a >= b) as i32;
            // f32 comparisons
            F32Eq visit_f32_eq "f32.eq" (a: f32, b: f32) -> i32 commutes = (a == b) as i32;
            F32Ne visit_f32_ne "f32.ne" (a: f32, b: f32) -> i32 commutes = (a != b) as i32;
            F32Lt visit_f32_lt "f32.lt" (a: f32, b: f32) -> i32 = (a < b) as i32;
            F32Gt visit_f32_gt "f32.gt" (a: f32, b: f32) -> i32 = (a > b) as i32;
            F32Le visit_f32_le "f32.le" (a: f32, b: f32) -> i32 = (a <= b) as i32;
            F32Ge visit_f32_ge "f32.ge" (a: f32, b: f32) -> i32 = (a >= b) as i32;
            // f64 comparisons
            F64Eq visit_f64_eq "f64.eq" (a: f64, b: f64) -> i32 commutes = (a == b) as i32;
            F64Ne visit_f64_ne "f64.ne" (a: f64, b: f64) -> i32 commutes = (a != b) as i32;
            F64Lt visit_f64_lt "f64.lt" (a: f64, b: f64) -> i32 = (a < b) as i32;
            F64Gt visit_f64_gt "f64.gt" (a: f64, b: f64) -> i32 = (a > b) as i32;
            F64Le visit_f64_le "f64.le" (a: f64, b: f64) -> i32 = (a <= b) as i32;
            F64Ge visit_f64_ge "f64.ge" (a: f64, b: f64) -> i32 = (a >= b) as i32;
            // i32 arithmetic
            I32Clz visit_i32_clz "i32.clz" (a: u32) -> u32 = a.leading_zeros();
            I32Ctz visit_i32_ctz "i32.ctz" (a: u32) -> u32 = a.trailing_zeros();
            I32Popcnt visit_i32_popcnt "i32.popcnt" (a: u32) -> u32 = a.count_ones();
            I32Add visit_i32_add "i32.add" (a: u32, b: u32) -> u32 commutes = a.wrapping_add(b);
            I32Sub visit_i32_sub "i32.sub" (a: u32, b: u32) -> u32 = a.wrapping_sub(b);
            I32Mul visit_i32_mul "i32.mul" (a: u32, b: u32) -> u32 commutes = a.wrapping_mul(b);
            I32DivS visit_i32_div_s "i32.div_s" (a: i32, b: i32) -> i32 traps =
                a.checked_div($crate::int::nonzero(b)?).ok_or($crate::Trap::IntegerOverflow)?;
            I32DivU visit_i32_div_u "i32.div_u" (a: u32, b: u32) -> u32 traps =
                a / $crate::int::nonzero(b)?;
            I32RemS visit_i32_rem_s "i32.rem_s" (a: i32, b: i32) -> i32 traps =
                a.wrapping_rem($crate::int::nonzero(b)?);
            I32RemU visit_i32_rem_u "i32.rem_u" (a: u32, b: u32) -> u32 traps =
                a % $crate::int::nonzero(b)?;
            I32And visit_i32_and "i32.and" (a: u32, b: u32) -> u32 commutes = a & b;
            I32Or visit_i32_or "i32.or" (a: u32, b: u32) -> u32 commutes = a | b;
            I32Xor visit_i32_xor "i32.xor" (a: u32, b: u32) -> u32 commutes = a ^ b;
            I32Shl visit_i32_shl "i32.shl" (a: u32, b: u32) -> u32 = a.wrapping_shl(b);
            I32ShrS visit_i32_shr_s "i32.shr_s" (a: i32, b: u32) -> i32 = a.wrapping_shr(b);
            I32ShrU visit_i32_shr_u "i32.shr_u" (a: u32, b: u32) -> u32 = a.wrapping_shr(b);
            I32Rotl visit_i32_rotl "i32.rotl" (a: u32, b: u32) -> u32 = a.rotate_left(b);
            I32Rotr visit_i32_rotr "i32.rotr" (a: u32, b: u32) -> u32 = a.rotate_right(b);
            // i64 arithmetic
            I64Clz visit_i64_clz "i64.clz" (a: u64) -> u64 = u64::from(a.leading_zeros());
            I64Ctz visit_i64_ctz "i64.ctz" (a: u64) -> u64 = u64::from(a.trailing_zeros());
            I64Popcnt visit_i64_popcnt "i64.popcnt" (a: u64) -> u64 = u64::from(a.count_ones());
            I64Add visit_i64_add "i64.add" (a: u64, b: u64) -> u64 commutes = a.wrapping_add(b);
            I64Sub visit_i64_sub "i64.sub" (a: u64, b: u64) -> u64 = a.wrapping_sub(b);
            I64Mul visit_i64_mul "i64.mul" (a: u64, b: u64) -> u64 commutes = a.wrapping_mul(b);
            I64DivS visit_i64_div_s "i64.div_s" (a: i64, b: i64) -> i64 traps =
                a.checked_div($crate::int::nonzero(b)?).ok_or($crate::Trap::IntegerOverflow)?;
            I64DivU visit_i64_div_u "i64.div_u" (a: u64, b: u64) -> u64 traps =
                a / $crate::int::nonzero(b)?;
            I64RemS visit_i64_rem_s "i64.rem_s" (a: i64, b: i64) -> i64 traps =
                a.wrapping_rem($crate::int::nonzero(b)?);
            I64RemU visit_i64_rem_u "i64.rem_u" (a: u64, b: u64) -> u64 traps =
                a % $crate::int::nonzero(b)?;
            I64And visit_i64_and "i64.and" (a: u64, b: u64) -> u64 commutes = a & b;
            I64Or visit_i64_or "i64.or" (a: u64, b: u64) -> u64 commutes = a | b;
            I64Xor visit_i64_xor "i64.xor" (a: u64, b: u64) -> u64 commutes = a ^ b;
            I64Shl visit_i64_shl "i64.shl" (a: u64, b: u64) -> u64 = a.wrapping_shl(b as u32);
            I64ShrS visit_i64_shr_s "i64.shr_s" (a: i64, b: u64) -> i64 = a.wrapping_shr(b as u32);
            I64ShrU visit_i64_shr_u "i64.shr_u" (a: u64, b: u64) -> u64 = a.wrapping_shr(b as u32);
            I64Rotl visit_i64_rotl "i64.rotl" (a: u64, b: u64) -> u64 = a.rotate_left(b as u32);
            I64Rotr visit_i64_rotr "i64.rotr" (a: u64, b: u64) -> u64 = a.rotate_right(b as u32);
            // f32 arithmetic
            F32Abs visit_f32_abs "f32.abs" (a: f32) -> f32 = a.abs();
            F32Neg visit_f32_neg "f32.neg" (a: f32) -> f32 = -a;
            F32Ceil visit_f32_ceil "f32.ceil" (a: f32) -> f32 = $crate::float::ceil(a);
            F32Floor visit_f32_floor "f32.floor" (a: f32) -> f32 = $crate::float::floor(a);
            F32Trunc visit_f32_trunc "f32.trunc" (a: f32) -> f32 = $crate::float::trunc(a);
            F32Nearest visit_f32_nearest "f32.nearest" (a: f32) -> f32 = $crate::float::nearest(a);
            F32Sqrt visit_f32_sqrt "f32.sqrt" (a: f32) -> f32 = $crate::float::sqrt(a);
            F32Add visit_f32_add "f32.add" (a: f32, b: f32) -> f32 = $crate::float::add(a, b);
            F32Sub visit_f32_sub "f32.sub" (a: f32, b: f32) -> f32 = $crate::float::sub(a, b);
            F32Mul visit_f32_mul "f32.mul" (a: f32, b: f32) -> f32 = $crate::float::mul(a, b);
            F32Div visit_f32_div "f32.div" (a: f32, b: f32) -> f32 = $crate::float::div(a, b);
            F32Min visit_f32_min "f32.min" (a: f32, b: f32) -> f32 = $crate::float::min(a, b);
            F32Max visit_f32_max "f32.max" (a: f32, b: f32) -> f32 = $crate::float::max(a, b);
            F32Copysign visit_f32_copysign "f32.copysign" (a: f32, b: f32) -> f32 = a.copysign(b);
            // f64 arithmetic
            F64Abs visit_f64_abs "f64.abs" (a: f64) -> f64 = a.abs();
            F64Neg visit_f64_neg "f64.neg" (a: f64) -> f64 = -a;
            F64Ceil visit_f64_ceil "f64.ceil" (a: f64) -> f64 = $crate::float::ceil(a);
            F64Floor visit_f64_floor "f64.floor" (a: f64) -> f64 = $crate::float::floor(a);
            F64Trunc visit_f64_trunc "f64.trunc" (a: f64) -> f64 = $crate::float::trunc(a);
            F64Nearest visit_f64_nearest "f64.nearest" (a: f64) -> f64 = $crate::float::nearest(a);
            F64Sqrt visit_f64_sqrt "f64.sqrt" (a: f64) -> f64 = $crate::float::sqrt(a);
            F64Add visit_f64_add "f64.add" (a: f64, b: f64) -> f64 = $crate::float::add(a, b);
            F64Sub visit_f64_sub "f64.sub" (a: f64, b: f64) -> f64 = $crate::float::sub(a, b);
            F64Mul visit_f64_mul "f64.mul" (a: f64, b: f64) -> f64 = $crate::float::mul(a, b);
            F64Div visit_f64_div "f64.div" (a: f64, b: f64) -> f64 = $crate::float::div(a, b);
            F64Min visit_f64_min "f64.min" (a: f64, b: f64) -> f64 = $crate::float::min(a, b);
            F64Max visit_f64_max "f64.max" (a: f64, b: f64) -> f64 = $crate::float::max(a, b);
            F64Copysign visit_f64_copysign "f64.copysign" (a: f64, b: f64) -> f64 = a.copysign(b);
            // conversions
            I32WrapI64 visit_i32_wrap_i64 "i32.wrap_i64" (a: u64) -> u32 = a as u32;
            I32TruncF32S visit_i32_trunc_f32_s "i32.trunc_f32_s" (a: f32) -> i32 traps =
                $crate::float::trunc_to_i32(f64::from(a))?;
            I32TruncF32U visit_i32_trunc_f32_u "i32.trunc_f32_u" (a: f32) -> u32 traps =
                $crate::float::trunc_to_u32(f64::from(a))?;
            I32TruncF64S visit_i32_trunc_f64_s "i32.trunc_f64_s" (a: f64) -> i32 traps =
                $crate::float::trunc_to_i32(a)?;
            I32TruncF64U visit_i32_trunc_f64_u "i32.trunc_f64_u" (a: f64) -> u32 traps =
                $crate::float::trunc_to_u32(a)?;
            I64ExtendI32S visit_i64_extend_i32_s "i64.extend_i32_s" (a: i32) -> i64 = i64::from(a);
            I64ExtendI32U visit_i64_extend_i32_u "i64.extend_i32_u" (a: u32) -> u64 = u64::from(a);
            I64TruncF32S visit_i64_trunc_f32_s "i64.trunc_f32_s" (a: f32) -> i64 traps =
                $crate::float::trunc_to_i64(f64::from(a))?;
            I64TruncF32U visit_i64_trunc_f32_u "i64.trunc_f32_u" (a: f32) -> u64 traps =
                $crate::float::trunc_to_u64(f64::from(a))?;
            I64TruncF64S visit_i64_trunc_f64_s "i64.trunc_f64_s" (a: f64) -> i64 traps =
                $crate::float::trunc_to_i64(a)?;
            I64TruncF64U visit_i64_trunc_f64_u "i64.trunc_f64_u" (a: f64) -> u64 traps =
                $crate::float::trunc_to_u64(a)?;
            F32ConvertI32S visit_f32_convert_i32_s "f32.convert_i32_s" (a: i32) -> f32 = a as f32;
            F32ConvertI32U visit_f32_convert_i32_u "f32.convert_i32_u" (a: u32) -> f32 = a as f32;
            F32ConvertI64S visit_f32_convert_i64_s "f32.convert_i64_s" (a: i64) -> f32 = a as f32;
            F32ConvertI64U visit_f32_convert_i64_u "f32.convert_i64_u" (a: u64) -> f32 = a as f32;
            F32DemoteF64 visit_f32_demote_f64 "f32.demote_f64" (a: f64) -> f32 =
                $crate::float::demote(a);
            F64ConvertI32S visit_f64_convert_i32_s "f64.convert_i32_s" (a: i32) -> f64 =
                f64::from(a);
            F64ConvertI32U visit_f64_convert_i32_u "f64.convert_i32_u" (a: u32) -> f64 =
                f64::from(a);
            F64ConvertI64S visit_f64_convert_i64_s "f64.convert_i64_s" (a: i64) -> f64 = a as f64;
            F64ConvertI64U visit_f64_convert_i64_u "f64.convert_i64_u" (a: u64) -> f64 = a as f64;
            F64PromoteF32 visit_f64_promote_f32 "f64.promote_f32" (a: f32) -> f64 =
                $crate::float::promote(a);
            I32ReinterpretF32 visit_i32_reinterpret_f32 "i32.reinterpret_f32" (a: f32) -> u32 =
                a.to_bits();
            I64ReinterpretF64 visit_i64_reinterpret_f64 "i64.reinterpret_f64" (a: f64) -> u64 =
                a.to_bits();
            F32ReinterpretI32 visit_f32_reinterpret_i32 "f32.reinterpret_i32" (a: u32) -> f32 =
                f32::from_bits(a);
            F64ReinterpretI64 visit_f64_reinterpret_i64 "f64.reinterpret_i64" (a: u64) -> f64 =
                f64::from_bits(a);
            // sign extension
            I32Extend8S visit_i32_extend8_s "i32.extend8_s" (a: i32) -> i32 = a as i8 as i32;
            I32Extend16S visit_i32_extend16_s "i32.extend16_s" (a: i32) -> i32 = a as i16 as i32;
            I64Extend8S visit_i64_extend8_s "i64.extend8_s" (a: i64) -> i64 = a as i8 as i64;
            I64Extend16S visit_i64_extend16_s "i64.extend16_s" (a: i64) -> i64 = a as i16 as i64;
            I64Extend32S visit_i64_extend32_s "i64.extend32_s" (a: i64) -> i64 = a as i32 as i64;
            // saturating conversions
            I32TruncSatF32S visit_i32_trunc_sat_f32_s "i32.trunc_sat_f32_s" (a: f32) -> i32 =
                a as i32;
            I32TruncSatF32U visit_i32_trunc_sat_f32_u "i32.trunc_sat_f32_u" (a: f32) -> u32 =
                a as u32;
            I32TruncSatF64S visit_i32_trunc_sat_f64_s "i32.trunc_sat_f64_s" (a: f64) -> i32 =
                a as i32;
            I32TruncSatF64U visit_i32_trunc_sat_f64_u "i32.trunc_sat_f64_u" (a: f64) -> u32 =
                a as u32;
            I64TruncSatF32S visit_i64_trunc_sat_f32_s "i64.trunc_sat_f32_s" (a: f32) -> i64 =
                a as i64;
            I64TruncSatF32U visit_i64_trunc_sat_f32_u "i64.trunc_sat_f32_u" (a: f32) -> u64 =
                a as u64;
            I64TruncSatF64S visit_i64_trunc_sat_f64_s "i64.trunc_sat_f64_s" (a: f64) -> i64 =
                a as i64;
            I64TruncSatF64U visit_i64_trunc_sat_f64_u "i64.trunc_sat_f64_u" (a: f64) -> u64 =
                a as u64;
        }
    };
}
