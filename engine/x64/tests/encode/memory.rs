//! Every way to name memory, and every form that takes it.

use dynasmrt::{DynasmApi, DynasmLabelApi, dynasm};
use wasmtier_x64::{
    Alu, CodeBuffer, Cond, Count, Gpr, Lowest, Mem, Scale, Shift, ShiftX, Unary, Wide, Width, Xmm,
    XmmOp,
};

use crate::oracle::{Oracle, assemble, gpr};

const DISPLACEMENTS: [i32; 7] = [0, 1, 127, -128, 128, -129, i32::MAX];

/// `dynasm!` of a load of 64 bits.
fn load(code: &mut CodeBuffer, dst: Gpr, mem: Mem) {
    let (base, index, disp) = mem.parts();
    match index {
        None => dynasm!(code ; .arch x64 ; mov Rq(dst), [Rq(base) + disp]),
        Some((index, Scale::One)) => {
            dynasm!(code ; .arch x64 ; mov Rq(dst), [Rq(base) + Rq(index) + disp]);
        }
        Some((index, Scale::Two)) => {
            dynasm!(code ; .arch x64 ; mov Rq(dst), [Rq(base) + Rq(index) * 2 + disp]);
        }
        Some((index, Scale::Four)) => {
            dynasm!(code ; .arch x64 ; mov Rq(dst), [Rq(base) + Rq(index) * 4 + disp]);
        }
        Some((index, Scale::Eight)) => {
            dynasm!(code ; .arch x64 ; mov Rq(dst), [Rq(base) + Rq(index) * 8 + disp]);
        }
    }
}

/// How the decoder writes `mem`. A base and an index without scale may be exchanged.
fn texts(mem: Mem) -> [String; 2] {
    let (base, index, disp) = mem.parts();
    let name = |register| gpr(register, Width::W64);
    let sign = if disp < 0 { '-' } else { '+' };
    let disp = match disp {
        0 => String::new(),
        _ => format!("{sign}{:#x}", disp.unsigned_abs()),
    };
    let base = name(base);
    match index {
        None => [format!("[{base}{disp}]"), format!("[{base}{disp}]")],
        Some((index, Scale::One)) => {
            let index = name(index);
            [format!("[{base}+{index}{disp}]"), format!("[{index}+{base}{disp}]")]
        }
        Some((index, scale)) => {
            let text = format!("[{base}+{}*{}{disp}]", name(index), 1 << scale as u8);
            [text.clone(), text]
        }
    }
}

fn memories() -> Vec<Mem> {
    let mut all = Vec::new();
    for base in Gpr::ALL {
        for disp in DISPLACEMENTS {
            let plain = Mem::new(base, disp);
            all.push(plain);
            for index in Gpr::ALL.into_iter().filter(|index| *index != Gpr::Rsp) {
                all.extend(Scale::ALL.map(|scale| plain.indexed(index, scale)));
            }
        }
    }
    all
}

#[test]
fn every_base_index_scale_and_displacement() {
    let mut oracle = Oracle::new();
    for mem in memories() {
        let texts = texts(mem);
        for register in [Gpr::Rax, Gpr::R13] {
            let ours = assemble(|code| code.mov(Width::W64, register, mem));
            let theirs = assemble(|code| load(code, register, mem));
            let read = oracle.text(&ours);
            let (_, operand) = read.split_once(',').unwrap();
            assert!(texts.iter().any(|text| text == operand), "{read}, not {}", texts[0]);
            assert!(ours.len() <= theirs.len(), "{read}: {ours:02x?} and {theirs:02x?}");
            if ours.len() == theirs.len() {
                assert_eq!(ours, theirs, "{read}");
            }
        }
        let ours = assemble(|code| code.xmm(XmmOp::Paddb, Xmm::new(9), mem));
        let vex = assemble(|code| code.vex(XmmOp::Paddb, Xmm::new(9), Xmm::new(3), mem));
        for (bytes, start) in [(ours, "paddb xmm9,"), (vex, "vpaddb xmm9,xmm3,")] {
            let read = oracle.text(&bytes);
            assert!(texts.iter().any(|text| read == format!("{start}{text}")), "{read}");
        }
    }
}

#[test]
fn special_bases_cost_what_they_must() {
    let load = |mem| assemble(|code| code.mov(Width::W32, Gpr::Rax, mem));
    assert_eq!(load(Mem::base(Gpr::Rcx)), [0x8b, 0x01]);
    assert_eq!(load(Mem::base(Gpr::Rsp)), [0x8b, 0x04, 0x24]);
    assert_eq!(load(Mem::base(Gpr::R12)), [0x41, 0x8b, 0x04, 0x24]);
    assert_eq!(load(Mem::base(Gpr::Rbp)), [0x8b, 0x45, 0x00]);
    assert_eq!(load(Mem::base(Gpr::R13)), [0x41, 0x8b, 0x45, 0x00]);
    assert_eq!(load(Mem::new(Gpr::R12, 8)), [0x41, 0x8b, 0x44, 0x24, 0x08]);
    let swapped = Mem::base(Gpr::Rbp).indexed(Gpr::Rax, Scale::One);
    assert_eq!(load(swapped), [0x8b, 0x04, 0x28]);
}

/// Every form with memory, at `width`, and the text it must have but for the operand.
fn forms(width: Width, mem: Mem, reg: Gpr) -> Vec<(Vec<u8>, String)> {
    let name = gpr(reg, width);
    let mut all = Vec::new();
    let mut form = |text: String, emit: &dyn Fn(&mut CodeBuffer)| {
        all.push((assemble(emit), text.to_lowercase()));
    };
    for op in Alu::ALL {
        form(format!("{op:?} {name},@"), &|code| code.alu(op, width, reg, mem));
        form(format!("{op:?} @,{name}"), &|code| code.alu_store(op, width, mem, reg));
        form(format!("{op:?} @,0x7"), &|code| code.alu_imm(op, width, mem, 7));
        if op != Alu::Cmp {
            form(format!("lock {op:?} @,{name}"), &|code| code.lock_alu(op, width, mem, reg));
        }
    }
    form(format!("test @,{name}"), &|code| code.test(width, mem, reg));
    form("test @,0x7".to_string(), &|code| code.test_imm(width, mem, 7));
    form(format!("mov {name},@"), &|code| code.mov(width, reg, mem));
    form(format!("mov @,{name}"), &|code| code.store(width, mem, reg));
    form("mov @,0x7".to_string(), &|code| code.store_imm(width, mem, 7));
    form(format!("xchg @,{name}"), &|code| code.xchg(width, mem, reg));
    form(format!("lock xadd @,{name}"), &|code| code.lock_xadd(width, mem, reg));
    form(format!("lock cmpxchg @,{name}"), &|code| code.lock_cmpxchg(width, mem, reg));
    for op in Unary::ALL {
        form(format!("{op:?} @"), &|code| code.unary(op, width, mem));
    }
    for op in Wide::ALL {
        form(format!("{op:?} @"), &|code| code.wide(op, width, mem));
    }
    for op in Shift::ALL {
        form(format!("{op:?} @,cl"), &|code| code.shift_cl(op, width, mem));
        form(format!("{op:?} @,0x7"), &|code| code.shift_imm(op, width, mem, 7));
    }
    form(format!("setb {}", "@"), &|code| code.setcc(Cond::B, mem));
    if width != Width::W8 {
        form(format!("cmovl {name},@"), &|code| code.cmov(Cond::L, width, reg, mem));
        form(format!("imul {name},@"), &|code| code.imul(width, reg, mem));
        form(format!("imul {name},@,0x7"), &|code| code.imul_imm(width, reg, mem, 7));
        form("bt @,0x7".to_string(), &|code| code.bt_imm(width, mem, 7));
        for op in Count::ALL {
            form(format!("{op:?} {name},@"), &|code| code.count(op, width, reg, mem));
        }
    }
    if width >= Width::W32 {
        form(format!("lea {name},@"), &|code| code.lea(width, reg, mem));
        form(format!("rorx {name},@,0x7"), &|code| code.rorx(width, reg, mem, 7));
        form(format!("shlx {name},@,{name}"), &|code| {
            code.shiftx(ShiftX::Shlx, width, reg, mem, reg);
        });
        form(format!("blsi {name},@"), &|code| code.lowest(Lowest::Blsi, width, reg, mem));
        form(format!("andn {name},{name},@"), &|code| code.andn(width, reg, reg, mem));
        form(format!("mulx {name},{name},@"), &|code| code.mulx(width, reg, reg, mem));
    } else {
        let low = gpr(reg, Width::W32);
        form(format!("movzx {low},@"), &|code| code.movzx(width, reg, mem));
        form(format!("movsx {low},@"), &|code| code.movsx(width, Width::W32, reg, mem));
    }
    all
}

#[test]
fn every_form_takes_memory() {
    let mut oracle = Oracle::new();
    let bases = Gpr::ALL.map(Mem::base);
    let others = [Mem::new(Gpr::R12, 300), Mem::new(Gpr::Rdi, -4).indexed(Gpr::R9, Scale::Eight)];
    for mem in bases.into_iter().chain(others) {
        let [operand, _] = texts(mem);
        for width in Width::ALL {
            for reg in Gpr::ALL {
                for (bytes, text) in forms(width, mem, reg) {
                    assert_eq!(oracle.text(&bytes), text.replace('@', &operand), "{bytes:02x?}");
                }
            }
        }
    }
}

#[test]
fn labels_are_operands_also_before_an_immediate() {
    let ours = assemble(|code| {
        let label = code.new_dynamic_label();
        code.mov(Width::W64, Gpr::R9, label);
        code.bt_imm(Width::W32, label, 5);
        code.alu_imm(Alu::Cmp, Width::W32, label, 500);
        code.lea(Width::W64, Gpr::Rax, label);
        code.xmm(XmmOp::Xorps, Xmm::new(8), label);
        code.jmp_to(label);
        code.dynamic_label(label);
    });
    let theirs = assemble(|code| {
        dynasm!(code
            ; .arch x64
            ; mov r9, [>data]
            ; bt DWORD [>data], BYTE 5
            ; cmp DWORD [>data], DWORD 500
            ; lea rax, [>data]
            ; xorps xmm8, [>data]
            ; jmp QWORD [>data]
            ; data:
        );
    });
    assert_eq!(ours, theirs);
}

#[test]
#[should_panic(expected = "rsp cannot be an index")]
fn the_stack_pointer_is_no_index() {
    let _ = Mem::base(Gpr::Rax).indexed(Gpr::Rsp, Scale::One);
}
