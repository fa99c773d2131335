//! The atomic rows on edge operands: what an update leaves in memory is what the machine operation
//! of its shape leaves there.

use std::sync::atomic::{AtomicU8, AtomicU16, AtomicU32, AtomicU64, Ordering};

use wasmtier_ops::{
    AtomicLoad as _, AtomicOp, AtomicShape, AtomicStore as _, AtomicUpdate as _, Scalar,
    for_each_atomic_access, op,
};

const EDGES: [u64; 9] =
    [0, 1, 0x7f, 0x80, 0xff, 0x8000_ffff, 0xffff_ffff, 0x1234_5678_9abc_def0, u64::MAX];

/// What is in memory after `shape`, done by the machine to an integer of the type of `old`.
macro_rules! by_machine {
    ($shape:expr, $Atomic:ident, $old:expr, $a:expr, $b:expr) => {{
        let (memory, a, b) = ($Atomic::new($old), $a as _, $b as _);
        // Relaxed: there is one thread.
        let order = Ordering::Relaxed;
        match $shape {
            AtomicShape::Add => memory.fetch_add(a, order),
            AtomicShape::Sub => memory.fetch_sub(a, order),
            AtomicShape::And => memory.fetch_and(a, order),
            AtomicShape::Or => memory.fetch_or(a, order),
            AtomicShape::Xor => memory.fetch_xor(a, order),
            AtomicShape::Xchg => memory.swap(a, order),
            AtomicShape::Cmpxchg => {
                memory.compare_exchange(a, b, order, order).unwrap_or_else(|old| old)
            }
            AtomicShape::Load | AtomicShape::Store => panic!("not an update"),
        };
        u64::from(memory.into_inner())
    }};
}

fn machine(op: AtomicOp, old: u64, a: u64, b: u64) -> u64 {
    match op.bytes() {
        1 => by_machine!(op.shape(), AtomicU8, old as u8, a, b),
        2 => by_machine!(op.shape(), AtomicU16, old as u16, a, b),
        4 => by_machine!(op.shape(), AtomicU32, old as u32, a, b),
        8 => by_machine!(op.shape(), AtomicU64, old, a, b),
        other => panic!("{op:?} accesses {other} bytes"),
    }
}

fn mask(op: AtomicOp) -> u64 {
    u64::MAX >> (64 - 8 * op.bytes())
}

/// The row's own integer in the place of `old`.
macro_rules! check {
    ($($op:ident $visit:ident $text:literal $shape:ident $params:tt -> $R:ident = $e:expr;)*) => {
        $(check!(@$shape $op);)*
    };
    (@load $op:ident) => {
        for raw in EDGES {
            let raw = raw & mask(op::$op::OP);
            assert_eq!(Scalar::to_bits(op::$op::extend(raw)), raw, "{:?}", op::$op::OP);
        }
    };
    (@store $op:ident) => {
        for value in EDGES {
            let narrow = op::$op::narrow(Scalar::from_bits(value));
            assert_eq!(narrow, value & mask(op::$op::OP), "{:?}", op::$op::OP);
        }
    };
    (@cmpxchg $op:ident) => {
        for (old, expected) in pairs() {
            let old = old & mask(op::$op::OP);
            let [a, b] = [expected, !old];
            let new = op::$op::update(old, [Scalar::from_bits(a), Scalar::from_bits(b)]);
            let machine = machine(op::$op::OP, old, a, b);
            assert_eq!(new.unwrap_or(old), machine, "{:?} {old:#x} {a:#x}", op::$op::OP);
            assert_eq!(new.is_some(), old == expected & mask(op::$op::OP));
        }
    };
    (@$shape:ident $op:ident) => {
        for (old, value) in pairs() {
            let old = old & mask(op::$op::OP);
            let new = op::$op::update(old, [Scalar::from_bits(value)]);
            let machine = machine(op::$op::OP, old, value, 0);
            assert_eq!(new, Some(machine), "{:?} {old:#x} {value:#x}", op::$op::OP);
        }
    };
}

fn pairs() -> impl Iterator<Item = (u64, u64)> {
    EDGES.iter().flat_map(|&a| EDGES.iter().map(move |&b| (a, b)))
}

#[test]
fn every_row_does_what_its_shape_says() {
    for_each_atomic_access!(check);
}
