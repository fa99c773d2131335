//! Every form on general purpose registers, with every register and width.

use dynasmrt::{DynasmApi, DynasmLabelApi, dynasm};
use wasmtier_x64::{Alu, CodeBuffer, Cond, Count, Gpr, Lowest, Shift, ShiftX, Unary, Wide, Width};

use crate::oracle::{Oracle, assemble, gpr};

const IMMEDIATES: [i32; 14] =
    [0, 1, -1, 127, 128, -128, -129, 255, 0x7fff, 0x8000, 0xffff, 0x1_0000, i32::MAX, i32::MIN];

const LARGE: [Width; 3] = [Width::W16, Width::W32, Width::W64];
const WIDE: [Width; 2] = [Width::W32, Width::W64];

fn pairs() -> impl Iterator<Item = (Gpr, Gpr)> {
    Gpr::ALL.into_iter().flat_map(|a| Gpr::ALL.map(|b| (a, b)))
}

/// `dynasm!` of one instruction on two registers, at each of its widths.
macro_rules! two {
    ($op:ident) => {
        |code: &mut CodeBuffer, width: Width, a: Gpr, b: Gpr| {
            match width {
                Width::W8 => dynasm!(code ; .arch x64 ; $op Rb(a), Rb(b)),
                Width::W16 => dynasm!(code ; .arch x64 ; $op Rw(a), Rw(b)),
                Width::W32 => dynasm!(code ; .arch x64 ; $op Rd(a), Rd(b)),
                Width::W64 => dynasm!(code ; .arch x64 ; $op Rq(a), Rq(b)),
            }
        }
    };
}

/// The same with an immediate, which is given as it is encoded.
macro_rules! with_imm {
    ($op:ident) => {
        |code: &mut CodeBuffer, width: Width, a: Gpr, imm: i32| {
            match width {
                Width::W8 => dynasm!(code ; .arch x64 ; $op Rb(a), BYTE imm as i8),
                Width::W16 => dynasm!(code ; .arch x64 ; $op Rw(a), WORD imm as i16),
                Width::W32 => dynasm!(code ; .arch x64 ; $op Rd(a), DWORD imm),
                Width::W64 => dynasm!(code ; .arch x64 ; $op Rq(a), DWORD imm),
            }
        }
    };
}

type Two = fn(&mut CodeBuffer, Width, Gpr, Gpr);
type WithImm = fn(&mut CodeBuffer, Width, Gpr, i32);

const ALU: [(Alu, Two, WithImm); 8] = [
    (Alu::Add, two!(add), with_imm!(add)),
    (Alu::Or, two!(or), with_imm!(or)),
    (Alu::Adc, two!(adc), with_imm!(adc)),
    (Alu::Sbb, two!(sbb), with_imm!(sbb)),
    (Alu::And, two!(and), with_imm!(and)),
    (Alu::Sub, two!(sub), with_imm!(sub)),
    (Alu::Xor, two!(xor), with_imm!(xor)),
    (Alu::Cmp, two!(cmp), with_imm!(cmp)),
];

#[test]
fn arithmetic_of_two_registers() {
    let mut oracle = Oracle::new();
    for (op, theirs, _) in ALU {
        for width in Width::ALL {
            for (a, b) in pairs() {
                oracle.same(|code| code.alu(op, width, a, b), |code| theirs(code, width, a, b));
            }
        }
    }
    for width in Width::ALL {
        for (a, b) in pairs() {
            oracle.same(|code| code.test(width, a, b), |code| two!(test)(code, width, a, b));
            oracle.same(|code| code.mov(width, a, b), |code| two!(mov)(code, width, a, b));
            oracle.reads(|code| code.xchg(width, a, b), &exchange(width, a, b));
        }
    }
}

/// The text of an exchange: the accumulator is named last in its short form.
fn exchange(width: Width, a: Gpr, b: Gpr) -> String {
    let short = a == Gpr::Rax && width != Width::W8;
    let (a, b) = if short { (b, a) } else { (a, b) };
    format!("xchg {},{}", gpr(a, width), gpr(b, width))
}

#[test]
fn arithmetic_with_immediates() {
    let mut oracle = Oracle::new();
    for (op, _, theirs) in ALU {
        for width in Width::ALL {
            for register in Gpr::ALL {
                for imm in IMMEDIATES {
                    oracle.same(
                        |code| code.alu_imm(op, width, register, imm),
                        |code| theirs(code, width, register, imm),
                    );
                }
            }
        }
    }
    for width in Width::ALL {
        for register in Gpr::ALL {
            for imm in IMMEDIATES {
                oracle.same(
                    |code| code.test_imm(width, register, imm),
                    |code| with_imm!(test)(code, width, register, imm),
                );
            }
        }
    }
}

#[test]
fn immediates_take_the_fewest_bytes() {
    let add = |width, register, imm| assemble(|code| code.alu_imm(Alu::Add, width, register, imm));
    assert_eq!(add(Width::W8, Gpr::Rax, 1), [0x04, 1]);
    assert_eq!(add(Width::W32, Gpr::Rax, 1), [0x83, 0xc0, 1]);
    assert_eq!(add(Width::W32, Gpr::Rax, 128), [0x05, 128, 0, 0, 0]);
    assert_eq!(add(Width::W64, Gpr::R8, -128), [0x49, 0x83, 0xc0, 0x80]);
    assert_eq!(add(Width::W16, Gpr::Rcx, 0xffff), [0x66, 0x83, 0xc1, 0xff]);
    assert_eq!(add(Width::W8, Gpr::Rsi, 1), [0x40, 0x80, 0xc6, 1]);
    let mov = |value| assemble(|code| code.mov_imm(Gpr::Rcx, value));
    assert_eq!(mov(0), [0xb9, 0, 0, 0, 0]);
    assert_eq!(mov(0xffff_ffff), [0xb9, 0xff, 0xff, 0xff, 0xff]);
    assert_eq!(mov(u64::MAX), [0x48, 0xc7, 0xc1, 0xff, 0xff, 0xff, 0xff]);
    assert_eq!(mov(1 << 32), [0x48, 0xb9, 0, 0, 0, 0, 1, 0, 0, 0]);
    assert_eq!(assemble(|code| code.zero(Gpr::R9)), [0x45, 0x31, 0xc9]);
}

#[test]
fn constants_in_every_register() {
    let mut oracle = Oracle::new();
    for register in Gpr::ALL {
        for value in [0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff] {
            oracle.same(
                |code| code.mov_imm(register, value),
                |code| dynasm!(code ; .arch x64 ; mov Rd(register), DWORD value as i32),
            );
        }
        for value in [-1, i32::MIN] {
            oracle.same(
                |code| code.mov_imm(register, i64::from(value) as u64),
                |code| dynasm!(code ; .arch x64 ; mov Rq(register), DWORD value),
            );
        }
        for value in [1 << 32, i64::MAX, i64::MIN, -0x8000_0001] {
            oracle.same(
                |code| code.mov_imm(register, value as u64),
                |code| dynasm!(code ; .arch x64 ; mov Rq(register), QWORD value),
            );
        }
    }
}

#[test]
fn extensions() {
    let mut oracle = Oracle::new();
    for (a, b) in pairs() {
        for from in Width::ALL {
            let (op, to) = match from {
                Width::W8 | Width::W16 => ("movzx", Width::W32),
                Width::W32 | Width::W64 => ("mov", from),
            };
            let text = format!("{op} {},{}", gpr(a, to), gpr(b, from));
            oracle.reads(|code| code.movzx(from, a, b), &text);
            for to in Width::ALL {
                let (op, from_name) = match from {
                    _ if from >= to => ("mov", to),
                    Width::W8 | Width::W16 => ("movsx", from),
                    Width::W32 | Width::W64 => ("movsxd", from),
                };
                let text = format!("{op} {},{}", gpr(a, to), gpr(b, from_name));
                oracle.reads(|code| code.movsx(from, to, a, b), &text);
            }
        }
    }
}

#[test]
fn operations_on_one_register() {
    let mut oracle = Oracle::new();
    for register in Gpr::ALL {
        for width in Width::ALL {
            let name = gpr(register, width);
            for op in Unary::ALL {
                let text = format!("{op:?} {name}").to_lowercase();
                oracle.reads(|code| code.unary(op, width, register), &text);
            }
            for op in Wide::ALL {
                let text = format!("{op:?} {name}").to_lowercase();
                oracle.reads(|code| code.wide(op, width, register), &text);
            }
            for op in Shift::ALL {
                let text = format!("{op:?} {name},cl").to_lowercase();
                oracle.reads(|code| code.shift_cl(op, width, register), &text);
                for count in [0, 1, 2, 31, 63] {
                    let text = format!("{op:?} {name},{count:#x}").to_lowercase();
                    oracle.reads(|code| code.shift_imm(op, width, register, count), &text);
                }
            }
        }
        for width in WIDE {
            let text = format!("bswap {}", gpr(register, width));
            oracle.reads(|code| code.bswap(width, register), &text);
        }
        for cond in Cond::ALL {
            let text = format!("set{cond:?} {}", gpr(register, Width::W8)).to_lowercase();
            oracle.reads(|code| code.setcc(cond, register), &text);
        }
        let name = gpr(register, Width::W64);
        oracle.reads(|code| code.push_reg(register), &format!("push {name}"));
        oracle.reads(|code| code.pop_reg(register), &format!("pop {name}"));
        oracle.reads(|code| code.jmp_to(register), &format!("jmp {name}"));
        oracle.reads(|code| code.call_to(register), &format!("call {name}"));
    }
    for (width, text) in LARGE.into_iter().zip(["cwd", "cdq", "cqo"]) {
        oracle.reads(|code| code.cdq(width), text);
    }
}

#[test]
fn operations_from_register_to_register() {
    let mut oracle = Oracle::new();
    for (a, b) in pairs() {
        for width in LARGE {
            let names = format!("{},{}", gpr(a, width), gpr(b, width));
            for cond in Cond::ALL {
                let text = format!("cmov{cond:?} {names}").to_lowercase();
                oracle.reads(|code| code.cmov(cond, width, a, b), &text);
            }
            for op in Count::ALL {
                let text = format!("{op:?} {names}").to_lowercase();
                oracle.reads(|code| code.count(op, width, a, b), &text);
            }
            oracle.same(
                |code| code.bt(width, a, b),
                |code| match width {
                    Width::W8 => unreachable!(),
                    Width::W16 => dynasm!(code ; .arch x64 ; bt Rw(a), Rw(b)),
                    Width::W32 => dynasm!(code ; .arch x64 ; bt Rd(a), Rd(b)),
                    Width::W64 => dynasm!(code ; .arch x64 ; bt Rq(a), Rq(b)),
                },
            );
            oracle.reads(|code| code.bt_imm(width, a, 7), &format!("bt {},0x7", gpr(a, width)));
            oracle.reads(|code| code.imul(width, a, b), &format!("imul {names}"));
            for (imm, text) in [(2, "0x2"), (-128, "-0x80"), (300, "0x12c")] {
                let text = format!("imul {names},{text}");
                oracle.reads(|code| code.imul_imm(width, a, b, imm), &text);
            }
        }
        for width in WIDE {
            let names = format!("{},{}", gpr(a, width), gpr(b, width));
            for op in Lowest::ALL {
                let text = format!("{op:?} {names}").to_lowercase();
                oracle.reads(|code| code.lowest(op, width, a, b), &text);
            }
            oracle.reads(|code| code.rorx(width, a, b, 9), &format!("rorx {names},0x9"));
            for c in Gpr::ALL {
                let names = format!("{names},{}", gpr(c, width));
                for op in ShiftX::ALL {
                    let text = format!("{op:?} {names}").to_lowercase();
                    oracle.reads(|code| code.shiftx(op, width, a, b, c), &text);
                }
                oracle.reads(|code| code.andn(width, a, b, c), &format!("andn {names}"));
                oracle.reads(|code| code.mulx(width, a, b, c), &format!("mulx {names}"));
            }
        }
    }
}

#[test]
fn jumps_are_short_where_the_label_is_near() {
    for (gap, length) in [(0, 2), (126, 2), (127, 5), (1000, 5)] {
        let ours = assemble(|code| {
            let label = code.new_dynamic_label();
            code.dynamic_label(label);
            code.nops(gap);
            code.jmp(label);
        });
        assert_eq!(ours.len(), gap + length);
        let theirs = assemble(|code| {
            dynasm!(code ; .arch x64 ; near:);
            code.nops(gap);
            match length {
                2 => dynasm!(code ; .arch x64 ; jmp BYTE <near),
                _ => dynasm!(code ; .arch x64 ; jmp <near),
            }
        });
        assert_eq!(ours, theirs);
    }
    let ours = assemble(|code| {
        let (behind, end) = (code.new_dynamic_label(), code.new_dynamic_label());
        code.dynamic_label(behind);
        code.jcc(Cond::E, behind);
        code.jcc(Cond::B, end);
        code.jcc_short(Cond::G, end);
        code.jmp_short(end);
        code.jmp(end);
        code.call(behind);
        code.dynamic_label(end);
        code.ret();
        code.ud2();
    });
    let theirs = assemble(|code| {
        dynasm!(code
            ; .arch x64
            ; behind: ; je BYTE <behind ; jb >end ; jg BYTE >end ; jmp BYTE >end ; jmp >end
            ; call <behind ; end: ; ret ; ud2
        );
    });
    assert_eq!(ours, theirs);
}

#[test]
fn filling_is_of_whole_instructions_that_do_nothing() {
    let mut oracle = Oracle::new();
    for length in 1..10 {
        let bytes = assemble(|code| code.nops(length));
        assert_eq!(bytes.len(), length);
        let text = oracle.text(&bytes);
        assert!(text.contains("nop") || text == "xchg ax,ax", "{text}");
    }
    assert_eq!(assemble(|code| code.nops(30)).len(), 30);
    let aligned = assemble(|code| {
        code.ret();
        code.align_with_nops(32);
        code.align_with_nops(32);
    });
    assert_eq!(aligned.len(), 32);
}

#[test]
#[should_panic(expected = "no form for 8 bits")]
fn a_width_without_a_form_is_refused() {
    CodeBuffer::new().imul(Width::W8, Gpr::Rax, Gpr::Rax);
}
