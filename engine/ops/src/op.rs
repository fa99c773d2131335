//! One marker type per row, named as the row, for code that is generic over operators.
//!
//! ```
//! use wasmtier_ops::{BinaryOp, op};
//!
//! fn twice<O: BinaryOp<A = u32, B = u32, R = u32>>(a: u32) -> u32 {
//!     O::eval(a, a).unwrap()
//! }
//! assert_eq!(twice::<op::I32Add>(4), 8);
//! ```

/// The marker types of one table.
macro_rules! markers {
    ($($op:ident $visit:ident $text:literal $($shape:ident)? ($($params:tt)*) -> $R:ident
        $($word:ident)? = $e:expr;)*) => {$(
        #[doc = concat!("`", $text, "`")]
        #[derive(Clone, Copy, Debug)]
        pub struct $op;
    )*};
}

crate::for_each_numeric_op!(markers);
crate::for_each_wide_op!(markers);
crate::for_each_load!(markers);
crate::for_each_store!(markers);
crate::for_each_simd_op!(markers);
crate::for_each_simd_access!(markers);
crate::for_each_atomic_access!(markers);
