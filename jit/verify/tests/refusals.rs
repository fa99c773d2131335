//! Code written by hand: what is right is verified, and each way in which it is made wrong is
//! refused.
//!
//! What lives here: pairs that differ in one instruction. What does not: what the compiler emits.
//! Invariant: a refusal names what is wrong, so that it cannot be refused for another reason.

use core::mem::offset_of;

use dynasmrt::{DynamicLabel, DynasmLabelApi};
use wasmtier_jit::{Bounds, Compiled, Options};
use wasmtier_verify::{Refusal, Verified, verify};
use wasmtier_vm::{
    BuiltinTable, FuncEntry, FuncIdx, FuncRecord, FuncType, GlobalType, MemoryType, ModuleInfo,
    Mutability, NativeStubs, RefType, TableType, TypeIdx, ValType, VmCtx,
};
use wasmtier_x64::{Alu, CodeBuffer, Cond, CpuFeatures, Gpr, Mem, Scale, Width};

const RAX: Gpr = Gpr::Rax;
const RCX: Gpr = Gpr::Rcx;
const RBX: Gpr = Gpr::Rbx;
const RBP: Gpr = Gpr::Rbp;
const RDI: Gpr = Gpr::Rdi;
const RSI: Gpr = Gpr::Rsi;
const R11: Gpr = Gpr::R11;
const R12: Gpr = Gpr::R12;
const R14: Gpr = Gpr::R14;
const W32: Width = Width::W32;
const W64: Width = Width::W64;

/// Function 0 is `(i32, i64) -> i32`, as are function 1 and type 0.
fn module() -> ModuleInfo {
    ModuleInfo {
        types: vec![FuncType::new([ValType::I32, ValType::I64], [ValType::I32])],
        funcs: vec![TypeIdx(0), TypeIdx(0)],
        memories: vec![MemoryType::new(1, None)],
        tables: vec![TableType::new(RefType::FUNCREF, 1, None)],
        globals: vec![
            GlobalType::new(ValType::I64, Mutability::Var),
            GlobalType::new(ValType::I64, Mutability::Const),
        ],
        global_slots: vec![0, 1],
        global_storage_slots: 2,
        ..ModuleInfo::default()
    }
}

/// Code that is being written.
#[derive(Default)]
struct Writer {
    code: CodeBuffer,
    faults: Vec<u32>,
}

impl Writer {
    /// Notes that the next instruction may fault.
    fn fault(&mut self) -> &mut CodeBuffer {
        self.faults.push(self.code.len() as u32);
        &mut self.code
    }

    /// Leaves with a result.
    fn end(&mut self) {
        self.code.zero(RAX);
        self.code.ret();
    }

    fn label(&mut self) -> DynamicLabel {
        self.code.new_dynamic_label()
    }

    fn place(&mut self, label: DynamicLabel) {
        self.code.dynamic_label(label);
    }

    /// Asks for room for so many bytes of frame; `refuse` is yet to be placed.
    fn ask(&mut self, bytes: i32, refuse: DynamicLabel) {
        self.code.lea(W64, R11, Mem::new(RBP, -bytes));
        self.code.alu(Alu::Cmp, W64, R11, context(offset_of!(VmCtx, stack_limit)));
        self.code.jcc(Cond::B, refuse);
    }

    /// Where `refuse` leads.
    fn refuse(&mut self, refuse: DynamicLabel) {
        self.place(refuse);
        self.code.mov(W64, R11, context(offset_of!(VmCtx, builtins)));
        self.code.call_to(routine(offset_of!(NativeStubs, refuse)));
    }

    /// Calls function 1 with its frame so many bytes below ours.
    fn call(&mut self, distance: i32) {
        self.code.mov(W64, R11, context(offset_of!(VmCtx, code_table)));
        self.code.alu_imm(Alu::Add, W64, R11, size_of::<FuncEntry>() as i32);
        self.code.lea(W64, RBP, Mem::new(RBP, -distance));
        self.code.call_to(Mem::new(R11, offset_of!(FuncEntry, reg_entry) as i32));
        self.code.lea(W64, RBP, Mem::new(RBP, distance));
    }
}

fn context(field: usize) -> Mem {
    Mem::new(R14, field as i32)
}

fn routine(field: usize) -> Mem {
    Mem::new(R11, (offset_of!(BuiltinTable, native) + field) as i32)
}

/// An access to memory 0 by index.
fn guest(index: Gpr, offset: i32) -> Mem {
    Mem::new(RBX, offset).indexed(index, Scale::One)
}

fn check(bounds: Bounds, write: impl FnOnce(&mut Writer)) -> Result<Verified, Refusal> {
    let mut writer = Writer::default();
    write(&mut writer);
    let code = writer.code.finish().expect("the labels are right");
    let compiled = Compiled { code, faults: writer.faults, ..Compiled::default() };
    let options = Options { cpu: CpuFeatures::FLOOR, bounds, sites: false };
    verify(&compiled, &module(), FuncIdx(0), &options)
}

#[track_caller]
fn right(bounds: Bounds, write: impl FnOnce(&mut Writer)) {
    if let Err(refusal) = check(bounds, write) {
        panic!("refused: {refusal}");
    }
}

#[track_caller]
fn wrong(bounds: Bounds, reason: &str, write: impl FnOnce(&mut Writer)) {
    match check(bounds, write) {
        Ok(_) => panic!("verified, though {reason}"),
        Err(refusal) => assert!(refusal.reason.contains(reason), "{refusal}; not {reason}"),
    }
}

#[test]
fn guarded_accesses_need_clear_indices() {
    let load = |index, offset| {
        move |w: &mut Writer| {
            w.fault().mov(W32, RAX, guest(index, offset));
            w.code.ret();
        }
    };
    right(Bounds::Guard, load(RDI, 0));
    right(Bounds::Guard, load(RDI, i32::MAX));
    wrong(Bounds::Guard, "beyond the guard", load(RSI, 0));
    wrong(Bounds::Guard, "below the memory's base", load(RDI, -1));
    wrong(Bounds::Guard, "its fault is not listed", |w| {
        w.code.mov(W32, RAX, guest(RDI, 0));
        w.code.ret();
    });
    wrong(Bounds::Guard, "taken for a guest's", |w| {
        w.fault().mov(W32, RAX, context(offset_of!(VmCtx, table0_len)));
        w.code.ret();
    });
    wrong(Bounds::Guard, "its base is a number", |w| {
        w.fault().mov(W32, RAX, Mem::base(RSI).indexed(RDI, Scale::One));
        w.code.ret();
    });
    wrong(Bounds::Guard, "beyond the guard", |w| {
        w.code.mov(W64, RCX, Mem::new(RBP, -8));
        w.fault().mov(W32, RAX, guest(RCX, 0));
        w.code.ret();
    });
}

#[test]
fn what_clears_the_upper_half_is_known() {
    let by = |make: fn(&mut CodeBuffer)| {
        move |w: &mut Writer| {
            make(&mut w.code);
            w.fault().mov(W32, RAX, guest(RSI, 0));
            w.code.ret();
        }
    };
    for clears in [
        (|code| code.mov(W32, RSI, RSI)) as fn(&mut CodeBuffer),
        |code| code.mov(W32, RSI, Mem::new(RBP, -8)),
        |code| code.alu(Alu::Add, W32, RSI, RDI),
        |code| code.lea(W32, RSI, Mem::base(RSI).indexed(RDI, Scale::Eight)),
        |code| code.movzx(Width::W8, RSI, RSI),
        |code| code.shift_imm(wasmtier_x64::Shift::Shr, W64, RSI, 32),
        |code| code.alu_imm(Alu::And, W64, RSI, 0x7fff),
        |code| code.cmov(Cond::E, W32, RSI, RDI),
        |code| code.mov_imm(RSI, 0xffff_ffff),
    ] {
        right(Bounds::Guard, by(clears));
    }
    for leaves in [
        (|code| code.mov(W64, RSI, Mem::new(RBP, -8))) as fn(&mut CodeBuffer),
        |code| code.mov(Width::W16, RSI, RDI),
        |code| code.alu(Alu::Add, W64, RSI, RDI),
        |code| code.alu(Alu::Xor, Width::W8, RSI, RSI),
        |code| code.shift_imm(wasmtier_x64::Shift::Shr, W64, RSI, 30),
        |code| code.alu_imm(Alu::And, W64, RSI, -2),
        |code| code.cmov(Cond::E, W64, RSI, RDI),
        |code| code.movsx(W32, W64, RSI, RDI),
        |code| code.mov_imm(RSI, 0x3_0000_0000),
        // Leaves its destination as it is if there is no bit.
        |code| code.count(wasmtier_x64::Count::Bsr, W32, RSI, RDI),
    ] {
        wrong(Bounds::Guard, "beyond the guard", by(leaves));
    }
}

#[test]
fn both_paths_must_clear() {
    let join = |clears: bool| {
        move |w: &mut Writer| {
            let join = w.label();
            w.code.mov(W64, RAX, RSI);
            w.code.mov(W32, RSI, RDI);
            w.code.test(W32, RDI, RDI);
            w.code.jcc(Cond::E, join);
            if clears {
                w.code.mov(W32, RSI, RAX);
            } else {
                w.code.mov(W64, RSI, RAX);
            }
            w.place(join);
            w.fault().mov(W32, RAX, guest(RSI, 4));
            w.code.ret();
        }
    };
    right(Bounds::Guard, join(true));
    wrong(Bounds::Guard, "beyond the guard", join(false));
}

#[test]
fn explicit_accesses_need_a_comparison() {
    /// What is compared and accessed.
    #[derive(Clone, Copy)]
    struct Case {
        compared: i32,
        cond: Cond,
        offset: i32,
        changed: bool,
    }
    let fine = Case { compared: 12, cond: Cond::A, offset: 8, changed: false };
    let case = |case: Case| {
        move |w: &mut Writer| {
            let exit = w.label();
            w.code.lea(W64, RCX, Mem::new(RDI, case.compared));
            w.code.alu(Alu::Cmp, W64, RCX, context(offset_of!(VmCtx, mem0_len)));
            w.code.jcc(case.cond, exit);
            if case.changed {
                w.code.mov(W32, RDI, Mem::new(RBP, -8));
            }
            w.code.mov(W32, RAX, guest(RDI, case.offset));
            w.code.ret();
            w.place(exit);
            w.end();
        }
    };
    right(Bounds::Explicit, case(fine));
    right(Bounds::Explicit, case(Case { offset: 0, ..fine }));
    right(Bounds::Explicit, case(Case { cond: Cond::Ae, ..fine }));
    for bad in [
        Case { offset: 9, ..fine },
        Case { compared: 11, ..fine },
        Case { cond: Cond::B, ..fine },
        Case { cond: Cond::G, ..fine },
        Case { changed: true, ..fine },
    ] {
        wrong(Bounds::Explicit, "no comparison", case(bad));
    }
}

#[test]
fn sums_of_64_bits_may_overflow() {
    let case = |carry: bool| {
        move |w: &mut Writer| {
            let exit = w.label();
            w.code.mov(W64, RCX, RSI);
            w.code.alu_imm(Alu::Add, W64, RCX, 1004);
            if carry {
                w.code.jcc(Cond::B, exit);
            }
            w.code.alu(Alu::Cmp, W64, RCX, context(offset_of!(VmCtx, mem0_len)));
            w.code.jcc(Cond::A, exit);
            w.code.mov(W32, RAX, guest(RSI, 1000));
            w.code.ret();
            w.place(exit);
            w.end();
        }
    };
    right(Bounds::Explicit, case(true));
    wrong(Bounds::Explicit, "no comparison", case(false));
}

#[test]
fn frames_are_as_large_as_was_asked_for() {
    let case = |asked: i32, at: i32| {
        move |w: &mut Writer| {
            let refuse = w.label();
            w.ask(asked, refuse);
            w.code.store(W64, Mem::new(RBP, at), RSI);
            w.end();
            w.refuse(refuse);
        }
    };
    right(Bounds::Guard, case(4096, -5120));
    wrong(Bounds::Guard, "below the frame's top", case(4096, -5128));
    wrong(Bounds::Guard, "above the frame", case(4096, 0));
    wrong(Bounds::Guard, "above the frame", case(4096, -4));
}

#[test]
fn callers_registers_are_restored() {
    let case = |restores: bool, overwrites: bool| {
        move |w: &mut Writer| {
            w.code.store(W64, Mem::new(RBP, -32), R12);
            w.code.mov(W64, R12, RSI);
            if overwrites {
                w.code.store(W32, Mem::new(RBP, -28), RDI);
            }
            if restores {
                w.code.mov(W64, R12, Mem::new(RBP, -32));
            }
            w.end();
        }
    };
    right(Bounds::Guard, case(true, false));
    wrong(Bounds::Guard, "R12 is not what it was", case(false, false));
    wrong(Bounds::Guard, "R12 is not what it was", case(true, true));
    wrong(Bounds::Guard, "rbp is not the frame's top", |w| {
        w.code.lea(W64, RBP, Mem::new(RBP, -8));
        w.end();
    });
    wrong(Bounds::Guard, "it changes rsp", |w| {
        w.code.alu_imm(Alu::Sub, W64, Gpr::Rsp, 8);
        w.end();
    });
    wrong(Bounds::Guard, "no encoder makes it", |w| {
        w.code.push_reg(RDI);
        w.code.pop_reg(RDI);
        w.end();
    });
    wrong(Bounds::Guard, "it changes r14", |w| {
        w.code.mov(W64, R14, RSI);
        w.end();
    });
    wrong(Bounds::Guard, "upper half of an result", |w| {
        w.code.mov(W64, RAX, RSI);
        w.code.ret();
    });
}

#[test]
fn calls_pass_what_callees_rely_on() {
    #[derive(Clone, Copy)]
    struct Case {
        asks: bool,
        clears: bool,
        distance: i32,
        back: bool,
    }
    let fine = Case { asks: true, clears: true, distance: 64, back: true };
    let case = |case: Case| {
        move |w: &mut Writer| {
            let refuse = w.label();
            if case.asks {
                w.ask(64, refuse);
            }
            w.code.mov(if case.clears { W32 } else { W64 }, RDI, RSI);
            w.call(case.distance);
            if !case.back {
                w.code.lea(W64, RBP, Mem::new(RBP, -8));
            }
            w.code.ret();
            w.refuse(refuse);
        }
    };
    right(Bounds::Guard, case(fine));
    wrong(Bounds::Guard, "asked for room", case(Case { asks: false, ..fine }));
    wrong(Bounds::Guard, "upper half of an argument", case(Case { clears: false, ..fine }));
    wrong(Bounds::Guard, "bytes below the top", case(Case { distance: 24, ..fine }));
    wrong(Bounds::Guard, "bytes below the top", case(Case { distance: 2048, ..fine }));
    wrong(Bounds::Guard, "rbp is not the frame's top", case(Case { back: false, ..fine }));
    // What a callee may change, and may write below its top.
    wrong(Bounds::Guard, "beyond the guard", |w| {
        let refuse = w.label();
        w.ask(64, refuse);
        w.call(64);
        w.fault().mov(W32, RAX, guest(RDI, 0));
        w.code.ret();
        w.refuse(refuse);
    });
    wrong(Bounds::Guard, "R12 is not what it was", |w| {
        let refuse = w.label();
        w.ask(64, refuse);
        w.code.store(W64, Mem::new(RBP, -72), R12);
        w.code.zero(R12);
        w.call(64);
        w.code.mov(W64, R12, Mem::new(RBP, -72));
        w.code.ret();
        w.refuse(refuse);
    });
}

#[test]
fn indirect_calls_compare_bounds_type_and_context() {
    let case = |skipped: usize| {
        move |w: &mut Writer| {
            let (refuse, cold) = (w.label(), w.label());
            let jcc = |w: &mut Writer, number, cond| {
                if number != skipped {
                    w.code.jcc(cond, cold);
                }
            };
            w.ask(64, refuse);
            w.code.alu(Alu::Cmp, W32, RDI, context(offset_of!(VmCtx, table0_len)));
            jcc(w, 1, Cond::Ae);
            w.code.mov(W64, RAX, context(offset_of!(VmCtx, table0_base)));
            w.code.mov(W32, RAX, Mem::base(RAX).indexed(RDI, Scale::Four));
            w.code.alu(Alu::Add, W64, RAX, context(offset_of!(VmCtx, funcref_base)));
            w.code.mov(W32, RCX, context(size_of::<VmCtx>()));
            w.code.alu(Alu::Cmp, W32, RCX, Mem::new(RAX, offset_of!(FuncRecord, type_id) as i32));
            jcc(w, 2, Cond::Ne);
            w.code.mov(W64, R11, Mem::new(RAX, offset_of!(FuncRecord, entry) as i32));
            w.code.mov(W64, RCX, Mem::new(RAX, offset_of!(FuncRecord, vmctx) as i32));
            w.code.alu(Alu::Cmp, W64, RCX, R14);
            jcc(w, 3, Cond::Ne);
            w.code.lea(W64, RBP, Mem::new(RBP, -64));
            w.code.call_to(Mem::new(R11, offset_of!(FuncEntry, reg_entry) as i32));
            w.code.lea(W64, RBP, Mem::new(RBP, 64));
            w.code.ret();
            w.place(cold);
            w.code.ud2();
            w.refuse(refuse);
        }
    };
    right(Bounds::Guard, case(0));
    wrong(Bounds::Guard, "within its table", case(1));
    wrong(Bounds::Guard, "type was not compared", case(2));
    wrong(Bounds::Guard, "of another instance", case(3));
}

#[test]
fn cycles_ask_whether_to_stop() {
    let case = |asks: bool| {
        move |w: &mut Writer| {
            let (again, stop) = (w.label(), w.label());
            w.place(again);
            if asks {
                w.code.alu_imm(Alu::Cmp, W64, context(offset_of!(VmCtx, stack_limit)), -1);
                w.code.jcc(Cond::E, stop);
            }
            w.code.alu_imm(Alu::Sub, W32, RDI, 1);
            w.code.jcc(Cond::Ne, again);
            w.end();
            w.place(stop);
            w.code.ud2();
        }
    };
    right(Bounds::Guard, case(true));
    wrong(Bounds::Guard, "never asks", case(false));
}

#[test]
fn jump_tables_are_read_within_their_bounds() {
    let case = |count: i32, cond: Cond, wide: bool| {
        move |w: &mut Writer| {
            let (table, other) = (w.label(), w.label());
            w.code.alu_imm(Alu::Cmp, if wide { W64 } else { W32 }, RDI, count);
            w.code.jcc(cond, other);
            w.code.lea(W64, R11, table);
            w.code.movsx(W32, W64, RCX, Mem::base(R11).indexed(RDI, Scale::Four));
            w.code.alu(Alu::Add, W64, RCX, R11);
            w.code.jmp_to(RCX);
            let first = w.code.len();
            w.code.mov_imm(RAX, 1);
            w.code.ret();
            w.place(other);
            w.end();
            let start = w.code.len();
            w.place(table);
            for _ in 0..2 {
                let distance = first as i32 - start as i32;
                w.code.extend(distance.to_le_bytes());
            }
        }
    };
    right(Bounds::Guard, case(2, Cond::Ae, false));
    right(Bounds::Guard, case(1, Cond::A, true));
    wrong(Bounds::Guard, "beyond the jump table", case(2, Cond::A, false));
    wrong(Bounds::Guard, "beyond the jump table", case(3, Cond::Ae, false));
    wrong(Bounds::Guard, "beyond the jump table", case(2, Cond::E, false));
}

#[test]
fn only_what_may_be_written_is() {
    let globals = |slot: i32| {
        move |w: &mut Writer| {
            w.code.mov(W64, RCX, context(offset_of!(VmCtx, globals)));
            w.code.store(W64, Mem::new(RCX, 8 * slot), RSI);
            w.end();
        }
    };
    right(Bounds::Guard, globals(0));
    wrong(Bounds::Guard, "no variable global", globals(1));
    wrong(Bounds::Guard, "no variable global", globals(2));
    for field in [offset_of!(VmCtx, stack_limit), offset_of!(VmCtx, mem0_len)] {
        wrong(Bounds::Guard, "only the runtime may write", |w| {
            w.code.store(W64, context(field), RSI);
            w.end();
        });
    }
    wrong(Bounds::Guard, "it reads 8 bytes", |w| {
        w.code.mov(W64, RCX, context(offset_of!(VmCtx, store)));
        w.end();
    });
}

#[test]
fn bytes_are_instructions_that_encoders_make() {
    let bytes = |bytes: &'static [u8]| {
        move |w: &mut Writer| {
            w.code.extend(bytes);
            w.end();
        }
    };
    right(Bounds::Guard, bytes(&[0x90]));
    // A system call, a far return, a port, a segment, a repeated store.
    for foreign in
        [&[0x0f, 0x05][..], &[0xcb], &[0xe4, 0], &[0x65, 0x48, 0x8b, 0x00], &[0xf3, 0x48, 0xab]]
    {
        wrong(Bounds::Guard, "no encoder makes", bytes(foreign));
    }
    // `vaddsd`, which not every processor has.
    wrong(Bounds::Guard, "the processor need not have AVX", bytes(&[0xc5, 0xb3, 0x58, 0xc1]));
    // A jump into itself, and one behind the end.
    for astray in [&[0xeb, 0xff][..], &[0xeb, 0x70]] {
        wrong(Bounds::Guard, "no instruction of the function", bytes(astray));
    }
    wrong(Bounds::Guard, "behind its end", |w| w.code.zero(RAX));
}
