//! The rows of the atomic operators that access linear memory.
//!
//! A row says how wide the access is, what becomes of the integer in memory, and what is pushed.
//! That the access is one, sequentially consistent with all others, and what happens when its
//! address is not a multiple of its width, belongs to the tiers. `atomic.fence` touches no memory
//! and has no row; `memory.atomic.wait32`, `memory.atomic.wait64` and `memory.atomic.notify` are
//! about threads and have builtins.

/// Calls macro `$m` once with the rows of the 63 atomic accesses, in the order of `AtomicOp`.
///
/// Like in [`for_each_simd_access!`](crate::for_each_simd_access), each row has a shape:
///
/// | shape | row | the expression is | implements |
/// |---|---|---|---|
/// | `load` | `(raw: Mem) -> V` | the value | `AtomicLoad` |
/// | `store` | `(value: V) -> Mem` | the integer to write | `AtomicStore` |
/// | `cmpxchg` | `(old: Mem, expected: V, replacement: V) -> V` | what to write, if anything | \
/// `AtomicUpdate` |
/// | others | `(old: Mem, value: V) -> V` | the integer to write | `AtomicUpdate` |
///
/// `Mem` is an unsigned integer type as wide as the access. What an update pushes is `old`,
/// zero-extended to `V`. Its shape is the name of the machine operation that does it at once
/// ([`AtomicShape`](crate::AtomicShape)).
///
/// # Example
///
/// ```
/// macro_rules! operands {
///     ($($op:ident $visit:ident $text:literal $shape:ident ($($p:ident: $P:ident),*) -> $R:ident
///         = $e:expr;)*) => {
///         [$(($text, stringify!($shape), [$(size_of::<$P>()),*].as_slice())),*]
///     };
/// }
///
/// let operands = wasmtier_ops::for_each_atomic_access!(operands);
/// assert_eq!(operands.len(), wasmtier_ops::AtomicOp::COUNT);
/// assert!(operands.contains(&("i64.atomic.rmw16.add_u", "add", &[2, 8])));
/// ```
#[macro_export]
macro_rules! for_each_atomic_access {
    ($m:ident) => {
        $m! {
            I32AtomicLoad visit_i32_atomic_load "i32.atomic.load" load (raw: u32) -> u32 = raw;
            I64AtomicLoad visit_i64_atomic_load "i64.atomic.load" load (raw: u64) -> u64 = raw;
            I32AtomicLoad8U visit_i32_atomic_load8_u "i32.atomic.load8_u"
                load (raw: u8) -> u32 = u32::from(raw);
            I32AtomicLoad16U visit_i32_atomic_load16_u "i32.atomic.load16_u"
                load (raw: u16) -> u32 = u32::from(raw);
            I64AtomicLoad8U visit_i64_atomic_load8_u "i64.atomic.load8_u"
                load (raw: u8) -> u64 = u64::from(raw);
            I64AtomicLoad16U visit_i64_atomic_load16_u "i64.atomic.load16_u"
                load (raw: u16) -> u64 = u64::from(raw);
            I64AtomicLoad32U visit_i64_atomic_load32_u "i64.atomic.load32_u"
                load (raw: u32) -> u64 = u64::from(raw);
            I32AtomicStore visit_i32_atomic_store "i32.atomic.store"
                store (value: u32) -> u32 = value;
            I64AtomicStore visit_i64_atomic_store "i64.atomic.store"
                store (value: u64) -> u64 = value;
            I32AtomicStore8 visit_i32_atomic_store8 "i32.atomic.store8"
                store (value: u32) -> u8 = value as u8;
            I32AtomicStore16 visit_i32_atomic_store16 "i32.atomic.store16"
                store (value: u32) -> u16 = value as u16;
            I64AtomicStore8 visit_i64_atomic_store8 "i64.atomic.store8"
                store (value: u64) -> u8 = value as u8;
            I64AtomicStore16 visit_i64_atomic_store16 "i64.atomic.store16"
                store (value: u64) -> u16 = value as u16;
            I64AtomicStore32 visit_i64_atomic_store32 "i64.atomic.store32"
                store (value: u64) -> u32 = value as u32;
            I32AtomicRmwAdd visit_i32_atomic_rmw_add "i32.atomic.rmw.add"
                add (old: u32, value: u32) -> u32 = old.wrapping_add(value);
            I64AtomicRmwAdd visit_i64_atomic_rmw_add "i64.atomic.rmw.add"
                add (old: u64, value: u64) -> u64 = old.wrapping_add(value);
            I32AtomicRmw8AddU visit_i32_atomic_rmw8_add_u "i32.atomic.rmw8.add_u"
                add (old: u8, value: u32) -> u32 = old.wrapping_add(value as u8);
            I32AtomicRmw16AddU visit_i32_atomic_rmw16_add_u "i32.atomic.rmw16.add_u"
                add (old: u16, value: u32) -> u32 = old.wrapping_add(value as u16);
            I64AtomicRmw8AddU visit_i64_atomic_rmw8_add_u "i64.atomic.rmw8.add_u"
                add (old: u8, value: u64) -> u64 = old.wrapping_add(value as u8);
            I64AtomicRmw16AddU visit_i64_atomic_rmw16_add_u "i64.atomic.rmw16.add_u"
                add (old: u16, value: u64) -> u64 = old.wrapping_add(value as u16);
            I64AtomicRmw32AddU visit_i64_atomic_rmw32_add_u "i64.atomic.rmw32.add_u"
                add (old: u32, value: u64) -> u64 = old.wrapping_add(value as u32);
            I32AtomicRmwSub visit_i32_atomic_rmw_sub "i32.atomic.rmw.sub"
                sub (old: u32, value: u32) -> u32 = old.wrapping_sub(value);
            I64AtomicRmwSub visit_i64_atomic_rmw_sub "i64.atomic.rmw.sub"
                sub (old: u64, value: u64) -> u64 = old.wrapping_sub(value);
            I32AtomicRmw8SubU visit_i32_atomic_rmw8_sub_u "i32.atomic.rmw8.sub_u"
                sub (old: u8, value: u32) -> u32 = old.wrapping_sub(value as u8);
            I32AtomicRmw16SubU visit_i32_atomic_rmw16_sub_u "i32.atomic.rmw16.sub_u"
                sub (old: u16, value: u32) -> u32 = old.wrapping_sub(value as u16);
            I64AtomicRmw8SubU visit_i64_atomic_rmw8_sub_u "i64.atomic.rmw8.sub_u"
                sub (old: u8, value: u64) -> u64 = old.wrapping_sub(value as u8);
            I64AtomicRmw16SubU visit_i64_atomic_rmw16_sub_u "i64.atomic.rmw16.sub_u"
                sub (old: u16, value: u64) -> u64 = old.wrapping_sub(value as u16);
            I64AtomicRmw32SubU visit_i64_atomic_rmw32_sub_u "i64.atomic.rmw32.sub_u"
                sub (old: u32, value: u64) -> u64 = old.wrapping_sub(value as u32);
            I32AtomicRmwAnd visit_i32_atomic_rmw_and "i32.atomic.rmw.and"
                and (old: u32, value: u32) -> u32 = old & value;
            I64AtomicRmwAnd visit_i64_atomic_rmw_and "i64.atomic.rmw.and"
                and (old: u64, value: u64) -> u64 = old & value;
            I32AtomicRmw8AndU visit_i32_atomic_rmw8_and_u "i32.atomic.rmw8.and_u"
                and (old: u8, value: u32) -> u32 = old & value as u8;
            I32AtomicRmw16AndU visit_i32_atomic_rmw16_and_u "i32.atomic.rmw16.and_u"
                and (old: u16, value: u32) -> u32 = old & value as u16;
            I64AtomicRmw8AndU visit_i64_atomic_rmw8_and_u "i64.atomic.rmw8.and_u"
                and (old: u8, value: u64) -> u64 = old & value as u8;
            I64AtomicRmw16AndU visit_i64_atomic_rmw16_and_u "i64.atomic.rmw16.and_u"
                and (old: u16, value: u64) -> u64 = old & value as u16;
            I64AtomicRmw32AndU visit_i64_atomic_rmw32_and_u "i64.atomic.rmw32.and_u"
                and (old: u32, value: u64) -> u64 = old & value as u32;
            I32AtomicRmwOr visit_i32_atomic_rmw_or "i32.atomic.rmw.or"
                or (old: u32, value: u32) -> u32 = old | value;
            I64AtomicRmwOr visit_i64_atomic_rmw_or "i64.atomic.rmw.or"
                or (old: u64, value: u64) -> u64 = old | value;
            I32AtomicRmw8OrU visit_i32_atomic_rmw8_or_u "i32.atomic.rmw8.or_u"
                or (old: u8, value: u32) -> u32 = old | value as u8;
            I32AtomicRmw16OrU visit_i32_atomic_rmw16_or_u "i32.atomic.rmw16.or_u"
                or (old: u16, value: u32) -> u32 = old | value as u16;
            I64AtomicRmw8OrU visit_i64_atomic_rmw8_or_u "i64.atomic.rmw8.or_u"
                or (old: u8, value: u64) -> u64 = old | value as u8;
            I64AtomicRmw16OrU visit_i64_atomic_rmw16_or_u "i64.atomic.rmw16.or_u"
                or (old: u16, value: u64) -> u64 = old | value as u16;
            I64AtomicRmw32OrU visit_i64_atomic_rmw32_or_u "i64.atomic.rmw32.or_u"
                or (old: u32, value: u64) -> u64 = old | value as u32;
            I32AtomicRmwXor visit_i32_atomic_rmw_xor "i32.atomic.rmw.xor"
                xor (old: u32, value: u32) -> u32 = old ^ value;
            I64AtomicRmwXor visit_i64_atomic_rmw_xor "i64.atomic.rmw.xor"
                xor (old: u64, value: u64) -> u64 = old ^ value;
            I32AtomicRmw8XorU visit_i32_atomic_rmw8_xor_u "i32.atomic.rmw8.xor_u"
                xor (old: u8, value: u32) -> u32 = old ^ value as u8;
            I32AtomicRmw16XorU visit_i32_atomic_rmw16_xor_u "i32.atomic.rmw16.xor_u"
                xor (old: u16, value: u32) -> u32 = old ^ value as u16;
            I64AtomicRmw8XorU visit_i64_atomic_rmw8_xor_u "i64.atomic.rmw8.xor_u"
                xor (old: u8, value: u64) -> u64 = old ^ value as u8;
            I64AtomicRmw16XorU visit_i64_atomic_rmw16_xor_u "i64.atomic.rmw16.xor_u"
                xor (old: u16, value: u64) -> u64 = old ^ value as u16;
            I64AtomicRmw32XorU visit_i64_atomic_rmw32_xor_u "i64.atomic.rmw32.xor_u"
                xor (old: u32, value: u64) -> u64 = old ^ value as u32;
            I32AtomicRmwXchg visit_i32_atomic_rmw_xchg "i32.atomic.rmw.xchg"
                xchg (old: u32, value: u32) -> u32 = value;
            I64AtomicRmwXchg visit_i64_atomic_rmw_xchg "i64.atomic.rmw.xchg"
                xchg (old: u64, value: u64) -> u64 = value;
            I32AtomicRmw8XchgU visit_i32_atomic_rmw8_xchg_u "i32.atomic.rmw8.xchg_u"
                xchg (old: u8, value: u32) -> u32 = value as u8;
            I32AtomicRmw16XchgU visit_i32_atomic_rmw16_xchg_u "i32.atomic.rmw16.xchg_u"
                xchg (old: u16, value: u32) -> u32 = value as u16;
            I64AtomicRmw8XchgU visit_i64_atomic_rmw8_xchg_u "i64.atomic.rmw8.xchg_u"
                xchg (old: u8, value: u64) -> u64 = value as u8;
            I64AtomicRmw16XchgU visit_i64_atomic_rmw16_xchg_u "i64.atomic.rmw16.xchg_u"
                xchg (old: u16, value: u64) -> u64 = value as u16;
            I64AtomicRmw32XchgU visit_i64_atomic_rmw32_xchg_u "i64.atomic.rmw32.xchg_u"
                xchg (old: u32, value: u64) -> u64 = value as u32;
            I32AtomicRmwCmpxchg visit_i32_atomic_rmw_cmpxchg "i32.atomic.rmw.cmpxchg"
                cmpxchg (old: u32, expected: u32, replacement: u32) -> u32
                    = (old == expected).then_some(replacement);
            I64AtomicRmwCmpxchg visit_i64_atomic_rmw_cmpxchg "i64.atomic.rmw.cmpxchg"
                cmpxchg (old: u64, expected: u64, replacement: u64) -> u64
                    = (old == expected).then_some(replacement);
            I32AtomicRmw8CmpxchgU visit_i32_atomic_rmw8_cmpxchg_u "i32.atomic.rmw8.cmpxchg_u"
                cmpxchg (old: u8, expected: u32, replacement: u32) -> u32
                    = (old == expected as u8).then_some(replacement as u8);
            I32AtomicRmw16CmpxchgU visit_i32_atomic_rmw16_cmpxchg_u "i32.atomic.rmw16.cmpxchg_u"
                cmpxchg (old: u16, expected: u32, replacement: u32) -> u32
                    = (old == expected as u16).then_some(replacement as u16);
            I64AtomicRmw8CmpxchgU visit_i64_atomic_rmw8_cmpxchg_u "i64.atomic.rmw8.cmpxchg_u"
                cmpxchg (old: u8, expected: u64, replacement: u64) -> u64
                    = (old == expected as u8).then_some(replacement as u8);
            I64AtomicRmw16CmpxchgU visit_i64_atomic_rmw16_cmpxchg_u "i64.atomic.rmw16.cmpxchg_u"
                cmpxchg (old: u16, expected: u64, replacement: u64) -> u64
                    = (old == expected as u16).then_some(replacement as u16);
            I64AtomicRmw32CmpxchgU visit_i64_atomic_rmw32_cmpxchg_u "i64.atomic.rmw32.cmpxchg_u"
                cmpxchg (old: u32, expected: u64, replacement: u64) -> u64
                    = (old == expected as u32).then_some(replacement as u32);
        }
    };
}
