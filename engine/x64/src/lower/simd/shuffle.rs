//! `i8x16.shuffle` and `i8x16.swizzle`: bytes of vectors in any order.
//!
//! What lives here: the orders for which there is one instruction, and what does for all others.
//! Invariant: the lanes of a mask, modulo 32, are bytes of `a` if below 16, else of `b`.

use super::form::{SPARE, T0, T1, Two, splat8};
use crate::lower::Lowering;
use crate::{Floats, Mem, Xmm, XmmImm, XmmOp, XmmUnaryImm};

/// An index for which `pshufb` gives 0.
const NONE: u8 = 0x80;
/// Added to an index below 16, leaves it one to `pshufb`; to others, makes them [`NONE`].
const ABOVE_15: u8 = NONE - 16;

/// The bytes of `a` that `b` names, 0 for an index above 15.
pub(super) fn swizzle(l: &mut Lowering<'_>, Two { dst, a, b }: Two) {
    let above = l.vector_constant(splat8(ABOVE_15));
    l.vector(XmmOp::Paddusb, T0, b, above);
    l.vector(XmmOp::Pshufb, dst, a, T0);
}

/// `i8x16.shuffle` by a mask that is only known when the code runs: 16 bytes below 32 at `mask`,
/// which need no alignment. Everything else is as for [`simd`](super::simd).
pub fn shuffle_by(l: &mut Lowering<'_>, dst: Xmm, a: Xmm, b: Xmm, mask: Mem) {
    let above = l.vector_constant(splat8(ABOVE_15));
    let sixteen = l.vector_constant(splat8(16));
    l.code.load_xmm(Floats::Ps, T0, mask);
    l.vector(XmmOp::Paddusb, T1, T0, above);
    l.vector(XmmOp::Pshufb, SPARE, a, T1);
    // Below 0, `pshufb` gives 0.
    l.vector(XmmOp::Psubb, T0, T0, sixteen);
    l.vector(XmmOp::Pshufb, T1, b, T0);
    l.vector(XmmOp::Por, dst, SPARE, T1);
}

/// `i8x16.shuffle` by a mask that is known.
pub(super) fn shuffle(l: &mut Lowering<'_>, at: Two, lanes: [u8; 16]) {
    let lanes = lanes.map(|lane| lane % 32);
    if lanes.iter().all(|&lane| lane < 16) {
        return of_one(l, at.dst, at.a, lanes);
    }
    if at.a == at.b || lanes.iter().all(|&lane| lane >= 16) {
        return of_one(l, at.dst, at.b, lanes.map(|lane| lane % 16));
    }
    if let Some(op) = interleaving(lanes) {
        l.packed(op, at);
    } else if let Some(op) = interleaving(exchanged(lanes)) {
        l.packed(op, at.swapped());
    } else if let Some(first) = run(lanes) {
        // The first operand is the upper half of what is shifted.
        let (low, high) = if first < 16 { (at.a, at.b) } else { (at.b, at.a) };
        l.vector_imm(XmmImm::Palignr, at.dst, high, low, first % 16);
    } else if let Some(words) = blending(lanes) {
        l.vector_imm(XmmImm::Pblendw, at.dst, at.a, at.b, words);
    } else if let Some(order) = halves(lanes) {
        l.vector_imm(XmmImm::Shufps, at.dst, at.a, at.b, order);
    } else if let Some(order) = halves(exchanged(lanes)) {
        l.vector_imm(XmmImm::Shufps, at.dst, at.b, at.a, order);
    } else {
        any(l, at, lanes);
    }
}

fn of_one(l: &mut Lowering<'_>, dst: Xmm, source: Xmm, lanes: [u8; 16]) {
    if follow(0, &lanes) {
        l.vector_mov(dst, source);
    } else if let Some(dwords) = in_dwords(lanes) {
        l.vector_unary_imm(XmmUnaryImm::Pshufd, dst, source, order(dwords));
    } else {
        let mask = l.vector_constant(u128::from_le_bytes(lanes));
        l.vector(XmmOp::Pshufb, dst, source, mask);
    }
}

fn any(l: &mut Lowering<'_>, Two { dst, a, b }: Two, lanes: [u8; 16]) {
    let of_a = lanes.map(|lane| if lane < 16 { lane } else { NONE });
    let of_b = lanes.map(|lane| if lane < 16 { NONE } else { lane - 16 });
    let of_a = l.vector_constant(u128::from_le_bytes(of_a));
    let of_b = l.vector_constant(u128::from_le_bytes(of_b));
    // Without a move at the end where the result is an operand.
    let (other, own) = if dst == a { ((b, of_b), (a, of_a)) } else { ((a, of_a), (b, of_b)) };
    l.vector(XmmOp::Pshufb, T0, other.0, other.1);
    l.vector(XmmOp::Pshufb, dst, own.0, own.1);
    l.vector(XmmOp::Por, dst, dst, T0);
}

/// The same lanes if the operands are exchanged.
fn exchanged(lanes: [u8; 16]) -> [u8; 16] {
    lanes.map(|lane| lane ^ 16)
}

/// The instruction that takes lanes of both operands alternately.
fn interleaving(lanes: [u8; 16]) -> Option<XmmOp> {
    const OPS: [(u8, XmmOp, XmmOp); 4] = [
        (1, XmmOp::Punpcklbw, XmmOp::Punpckhbw),
        (2, XmmOp::Punpcklwd, XmmOp::Punpckhwd),
        (4, XmmOp::Punpckldq, XmmOp::Punpckhdq),
        (8, XmmOp::Punpcklqdq, XmmOp::Punpckhqdq),
    ];
    let is = |width: u8, start: u8| {
        (0..).zip(lanes).all(|(at, lane): (u8, u8)| {
            let (element, byte) = (at / width, at % width);
            lane == start + element / 2 * width + byte + element % 2 * 16
        })
    };
    OPS.into_iter().find_map(|(width, low, high)| {
        if is(width, 0) {
            Some(low)
        } else if is(width, 8) {
            Some(high)
        } else {
            None
        }
    })
}

/// The first of 16 lanes that follow each other, the first also following the last.
fn run(lanes: [u8; 16]) -> Option<u8> {
    follow(lanes[0], &lanes).then_some(lanes[0])
}

/// Which words are of the second operand, if all are where they were.
fn blending(lanes: [u8; 16]) -> Option<u8> {
    let stays = (0..).zip(lanes).all(|(at, lane): (u8, u8)| lane % 16 == at);
    let (words, _) = lanes.as_chunks::<2>();
    let whole = words.iter().all(|[low, high]| low / 16 == high / 16);
    let of_b = words.iter().rev().fold(0, |mask, [low, _]| mask << 1 | u8::from(*low >= 16));
    (stays && whole).then_some(of_b)
}

/// The order of 32-bit lanes, if two of the first operand are followed by two of the second.
fn halves(lanes: [u8; 16]) -> Option<u8> {
    let dwords = in_dwords(lanes)?;
    dwords.map(|dword| dword / 4).eq(&[0, 0, 1, 1]).then(|| order(dwords))
}

/// The lanes as lanes of 32 bits, if they are.
fn in_dwords(lanes: [u8; 16]) -> Option<[u8; 4]> {
    let (dwords, _) = lanes.as_chunks::<4>();
    let whole = dwords.iter().all(|dword| dword[0] % 4 == 0 && follow(dword[0], dword));
    whole.then(|| [0, 1, 2, 3].map(|at: usize| dwords[at][0] / 4))
}

/// Whether `lanes` follow each other, from `first` on.
fn follow(first: u8, lanes: &[u8]) -> bool {
    (first..).zip(lanes).all(|(expected, &lane)| lane == expected % 32)
}

/// Four lanes of an operand as an immediate.
fn order(dwords: [u8; 4]) -> u8 {
    dwords.iter().rev().fold(0, |order, dword| order << 2 | dword & 3)
}
