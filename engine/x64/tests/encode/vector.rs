//! Every form on vector registers, with every register.

use dynasmrt::{DynasmApi, dynasm};
use wasmtier_x64::{
    CodeBuffer, Floats, Fma, Gpr, Mem, Width, Xmm, XmmBlend, XmmImm, XmmOp, XmmShift, XmmUnary,
    XmmUnaryImm,
};

use crate::oracle::{Oracle, gpr, xmm};

fn pairs() -> impl Iterator<Item = (Xmm, Xmm)> {
    Xmm::ALL.into_iter().flat_map(|a| Xmm::ALL.map(|b| (a, b)))
}

/// No predicate of a comparison, which the decoder would have a name for.
const IMM: u8 = 0x55;

fn named<T: std::fmt::Debug>(op: T) -> String {
    format!("{op:?}").to_lowercase()
}

#[test]
fn tables() {
    let mut oracle = Oracle::new();
    for (a, b) in pairs() {
        let names = format!("{},{}", xmm(a), xmm(b));
        for &op in XmmOp::ALL {
            let name = named(op);
            oracle.reads(|code| code.xmm(op, a, b), &format!("{name} {names}"));
            let c = Xmm::new(13 - a.number().min(13));
            let text = format!("v{name} {names},{}", xmm(c));
            oracle.reads(|code| code.vex(op, a, b, c), &text);
        }
        for &op in XmmUnary::ALL {
            let text = format!("{} {names}", named(op));
            oracle.reads(|code| code.xmm_unary(op, a, b), &text);
            oracle.reads(|code| code.vex_unary(op, a, b), &format!("v{text}"));
        }
        for &op in XmmImm::ALL {
            let text = format!("{} {names},{IMM:#x}", named(op));
            oracle.reads(|code| code.xmm_imm(op, a, b, IMM), &text);
            let text = format!("v{} {names},{},{IMM:#x}", named(op), xmm(b));
            oracle.reads(|code| code.vex_imm(op, a, b, b, IMM), &text);
        }
        for &op in XmmUnaryImm::ALL {
            let text = format!("{} {names},{IMM:#x}", named(op));
            oracle.reads(|code| code.xmm_unary_imm(op, a, b, IMM), &text);
            oracle.reads(|code| code.vex_unary_imm(op, a, b, IMM), &format!("v{text}"));
        }
        for &op in XmmShift::ALL {
            let text = format!("{} {},{IMM:#x}", named(op), xmm(a));
            oracle.reads(|code| code.xmm_shift(op, a, IMM), &text);
            let text = format!("v{} {names},{IMM:#x}", named(op));
            oracle.reads(|code| code.vex_shift(op, a, b, IMM), &text);
        }
    }
}

#[test]
fn three_and_four_operands() {
    let mut oracle = Oracle::new();
    for (a, b) in pairs() {
        for &op in XmmBlend::ALL {
            let text = format!("{} {},{}", named(op), xmm(a), xmm(b));
            oracle.reads(|code| code.xmm_blend(op, a, b), &text);
        }
        for c in Xmm::ALL {
            let names = format!("{},{},{}", xmm(a), xmm(b), xmm(c));
            oracle.reads(|code| code.vex(XmmOp::Addsd, a, b, c), &format!("vaddsd {names}"));
            for &op in XmmBlend::ALL {
                let mask = Xmm::new(a.number() ^ 5);
                let text = format!("v{} {names},{}", named(op), xmm(mask));
                oracle.reads(|code| code.vex_blend(op, a, b, c, mask), &text);
            }
            for op in Fma::ALL {
                for floats in Floats::ALL {
                    let text = format!("{}{} {names}", named(op), named(floats));
                    oracle.reads(|code| code.fma(op, floats, a, b, c), &text);
                }
            }
        }
    }
}

#[test]
fn memory_of_any_alignment() {
    let mut oracle = Oracle::new();
    for register in Xmm::ALL {
        for base in Gpr::ALL {
            let mem = Mem::new(base, 0x20);
            let (name, place) = (xmm(register), format!("[{}+0x20]", gpr(base, Width::W64)));
            for (floats, op) in Floats::ALL.into_iter().zip(["movss", "movsd", "movups", "movupd"])
            {
                let text = format!("{op} {name},{place}");
                oracle.reads(|code| code.load_xmm(floats, register, mem), &text);
                let text = format!("{op} {place},{name}");
                oracle.reads(|code| code.store_xmm(floats, mem, register), &text);
            }
        }
    }
}

#[test]
fn between_the_kinds_of_registers() {
    let mut oracle = Oracle::new();
    for (x, g) in Xmm::ALL.into_iter().flat_map(|x| Gpr::ALL.map(|g| (x, g))) {
        let vector = xmm(x);
        for (width, mov) in [(Width::W32, "movd"), (Width::W64, "movq")] {
            let name = gpr(g, width);
            let text = format!("{mov} {vector},{name}");
            oracle.reads(|code| code.mov_to_xmm(width, x, g), &text);
            let text = format!("{mov} {name},{vector}");
            oracle.reads(|code| code.mov_from_xmm(width, g, x), &text);
            for (floats, kind) in [(Floats::Ss, "ss"), (Floats::Sd, "sd")] {
                let text = format!("cvtsi2{kind} {vector},{name}");
                oracle.reads(|code| code.cvt_from_int(floats, width, x, g), &text);
                let text = format!("cvtt{kind}2si {name},{vector}");
                oracle.reads(|code| code.cvtt_to_int(floats, width, g, x), &text);
            }
        }
        let low = gpr(g, Width::W32);
        oracle.reads(|code| code.movmsk(Floats::Ps, g, x), &format!("movmskps {low},{vector}"));
        oracle.reads(|code| code.movmsk(Floats::Pd, g, x), &format!("movmskpd {low},{vector}"));
        oracle.reads(|code| code.pmovmskb(g, x), &format!("pmovmskb {low},{vector}"));
        for (lane, letter) in Width::ALL.into_iter().zip(['b', 'w', 'd', 'q']) {
            let name = gpr(g, if lane == Width::W64 { lane } else { Width::W32 });
            let text = format!("pinsr{letter} {vector},{name},0x1");
            oracle.reads(|code| code.insert_lane(lane, x, g, 1), &text);
            let text = format!("vpinsr{letter} xmm9,{vector},{name},0x1");
            oracle.reads(|code| code.vex_insert_lane(lane, Xmm::new(9), x, g, 1), &text);
            let text = format!("pextr{letter} {name},{vector},0x1");
            oracle.reads(|code| code.extract_lane(lane, g, x, 1), &text);
            let mem = Mem::base(g).offset(0x20);
            let text = format!("pextr{letter} [{}+0x20],{vector},0x1", gpr(g, Width::W64));
            oracle.reads(|code| code.extract_lane(lane, mem, x, 1), &text);
        }
    }
}

#[test]
fn between_vector_registers_and_memory() {
    let mut oracle = Oracle::new();
    for (x, g) in Xmm::ALL.into_iter().flat_map(|x| Gpr::ALL.map(|g| (x, g))) {
        let mem = Mem::new(g, 0x20);
        let (vector, place) = (xmm(x), format!("[{}+0x20]", gpr(g, Width::W64)));
        for (width, mov) in [(Width::W32, "movd"), (Width::W64, "movq")] {
            let text = format!("{mov} {vector},{place}");
            oracle.reads(|code| code.mov_to_xmm(width, x, mem), &text);
            let text = format!("{mov} {place},{vector}");
            oracle.reads(|code| code.mov_from_xmm(width, mem, x), &text);
            let text = format!("cvtsi2sd {vector},{place}");
            oracle.reads(|code| code.cvt_from_int(Floats::Sd, width, x, mem), &text);
            let text = format!("cvttss2si {},{place}", gpr(Gpr::R9, width));
            oracle.reads(|code| code.cvtt_to_int(Floats::Ss, width, Gpr::R9, mem), &text);
        }
        for (lane, letter) in Width::ALL.into_iter().zip(['b', 'w', 'd', 'q']) {
            let text = format!("pinsr{letter} {vector},{place},0x1");
            oracle.reads(|code| code.insert_lane(lane, x, mem, 1), &text);
            let text = format!("vpinsr{letter} {vector},xmm9,{place},0x1");
            oracle.reads(|code| code.vex_insert_lane(lane, x, Xmm::new(9), mem, 1), &text);
        }
        for op in Fma::ALL {
            let text = format!("{}sd {vector},xmm3,{place}", named(op));
            oracle.reads(|code| code.fma(op, Floats::Sd, x, Xmm::new(3), mem), &text);
        }
        for &op in XmmUnary::ALL {
            let text = format!("{} {vector},{place}", named(op));
            oracle.reads(|code| code.xmm_unary(op, x, mem), &text);
            oracle.reads(|code| code.vex_unary(op, x, mem), &format!("v{text}"));
        }
        for &op in XmmImm::ALL {
            let text = format!("{} {vector},{place},{IMM:#x}", named(op));
            oracle.reads(|code| code.xmm_imm(op, x, mem, IMM), &text);
        }
    }
}

/// `dynasm!` of the same operation on two registers.
macro_rules! two {
    ($($op:ident $name:ident),*) => {
        [$((XmmOp::$op, |code: &mut CodeBuffer, a: Xmm, b: Xmm| {
            dynasm!(code ; .arch x64 ; $name Rx(a), Rx(b));
        })),*]
    };
}

#[test]
fn the_assembler_agrees() {
    type Two = fn(&mut CodeBuffer, Xmm, Xmm);
    let table: [(XmmOp, Two); 12] = two!(
        Addss addss, Subsd subsd, Mulps mulps, Divpd divpd, Minss minss, Maxsd maxsd, Andps andps,
        Xorpd xorpd, Pshufb pshufb, Pmulld pmulld, Packusdw packusdw, Pcmpeqq pcmpeqq
    );
    let mut oracle = Oracle::new();
    for (a, b) in pairs() {
        for (op, theirs) in table {
            oracle.same(|code| code.xmm(op, a, b), |code| theirs(code, a, b));
        }
        oracle.same(
            |code| code.vex(XmmOp::Addpd, a, b, b),
            |code| {
                dynasm!(code ; .arch x64 ; vaddpd Rx(a), Rx(b), Rx(b));
            },
        );
    }
}
