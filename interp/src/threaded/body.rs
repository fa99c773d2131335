//! [`Body`]: a handler while it is emitted.
//!
//! What lives here: how a handler reads operands, leaves results, goes on and leaves wasm; what the
//! files beside it compose handlers of. What does not: operators.
//!
//! Invariant: a handler changes the accumulators only where its cell yields a value, and a pin only
//! together with its slot.

use core::mem::{offset_of, size_of};

use dynasmrt::{DynamicLabel, DynasmLabelApi};
use wasmtier_ops::{ScalarType, Trap};
use wasmtier_vm::{Activation, FuncEntry, Slot, VmCtx, VmStore};
use wasmtier_x64::lower::{Lowering, Operand, Reg, Test};
use wasmtier_x64::{Alu, CodeBuffer, Cond, Floats, Gpr, Mem, Scale, Width, Xmm, XmmOp};

use super::Bounds;
use super::key::{EitherPin, Pin};
use super::registers::{ACC, BASE, CTX, D, FLOAT_ACC, FLOAT_PINS, FP, INT_PINS, PC, T, V1, X};
use super::stubs::{Stub, Stubs};
use crate::cell::{CodeHeader, WORD};

/// Bytes of a slot.
const SLOT: i32 = size_of::<u64>() as i32;

/// The word of the frame at `slot`, which every frame has.
pub(super) fn frame_word(slot: Slot) -> Mem {
    Mem::new(FP, i32::from(slot.0) * SLOT)
}

/// A field of the running instance's context.
pub(super) fn context(offset: usize) -> Mem {
    field(CTX, offset)
}

/// A field of what `base` points to.
pub(super) fn field(base: Gpr, offset: usize) -> Mem {
    Mem::new(base, i32::try_from(offset).expect("layouts are small"))
}

/// The cell that a handler runs: the one at the pc, or one behind it in a run of several.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) struct Cell {
    /// Its distance from the pc in bytes.
    pub(super) behind: usize,
}

impl Cell {
    /// The field at `offset` in the cell.
    pub(super) fn at(self, offset: usize) -> Mem {
        field(PC, self.behind + offset)
    }
}

/// The lowest address of the running frame, in `into`. Changes `r11`.
pub(super) fn frame_low(code: &mut CodeBuffer, into: Gpr) {
    code.mov(Width::W64, X, frame_word(Slot::ENTRY));
    code.mov(Width::W64, X, field(X, FuncEntry::IR_OFFSET));
    code.mov(Width::W32, X, field(X, offset_of!(CodeHeader, frame_bytes)));
    code.mov(Width::W64, into, FP);
    code.alu(Alu::Sub, Width::W64, into, X);
}

/// Tells the runtime that the running frame leaves wasm, and that nothing below `low` is in use.
/// Changes `r11`.
pub(super) fn exit_to_runtime(code: &mut CodeBuffer, low: Gpr) {
    code.mov(Width::W64, X, context(offset_of!(VmCtx, store)));
    code.store(Width::W64, field(X, offset_of!(VmStore, stack_top)), low);
    code.mov(Width::W64, X, field(X, offset_of!(VmStore, activation)));
    code.store(Width::W64, field(X, offset_of!(Activation, exit_fp)), FP);
    code.store(Width::W64, field(X, offset_of!(Activation, exit_sp)), Gpr::Rsp);
}

/// The register file of scalars.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) enum File {
    Int,
    Float,
}

impl File {
    pub(super) fn of(ty: ScalarType) -> Self {
        match ty {
            ScalarType::I32 | ScalarType::I64 => Self::Int,
            ScalarType::F32 | ScalarType::F64 => Self::Float,
        }
    }

    /// The register that results of the file go to.
    pub(super) fn accumulator(self) -> Reg {
        match self {
            Self::Int => ACC.into(),
            Self::Float => FLOAT_ACC.into(),
        }
    }
}

/// Where a cell says that an operand is.
#[derive(Copy, Clone, Debug)]
pub(super) enum Place {
    /// In the slot that the cell names at an offset.
    Slot(usize),
    /// In a pinned register.
    Pin(u8),
    /// In the accumulator.
    Acc,
    /// In the cell itself, at an offset.
    Imm(usize),
}

impl Place {
    /// The place of an operand that is in a slot, pinned or not.
    pub(super) fn slot(offset: usize, pin: Pin) -> Self {
        pin.map_or(Self::Slot(offset), Self::Pin)
    }
}

/// How wide values of a type are.
pub(super) fn width(ty: ScalarType) -> Width {
    match ty {
        ScalarType::I32 | ScalarType::F32 => Width::W32,
        ScalarType::I64 | ScalarType::F64 => Width::W64,
    }
}

/// An instruction of a handler that accesses guest memory.
#[derive(Copy, Clone, Debug)]
pub(super) struct FaultSite {
    /// Where it begins in the code.
    pub(super) at: u32,
    /// How many bytes the cell it belongs to is behind the pc.
    pub(super) behind: u32,
}

/// What a handler still has to place: code that is rarely run, or not in a straight line.
#[derive(Copy, Clone, Debug)]
pub(super) struct Exit {
    label: DynamicLabel,
    cell: Cell,
    way: Way,
}

/// Where an [`Exit`] leads.
#[derive(Copy, Clone, Debug)]
enum Way {
    /// Out of wasm.
    Trap(Trap),
    /// To a stub that looks at the cell.
    CellStub(Stub),
    /// To a stub that does not.
    Stub(Stub),
    /// To the target that the cell names at an offset.
    Taken { target: usize, back: bool },
}

/// A handler, and what it is emitted with.
#[derive(Debug)]
pub(super) struct Body<'a> {
    pub(super) l: Lowering<'a>,
    pub(super) stubs: &'a Stubs,
    pub(super) bounds: Bounds,
    /// The cell that is run.
    pub(super) cell: Cell,
    /// Whether another cell's code follows, to which to go on is to fall through.
    pub(super) followed: bool,
    /// What is to be placed behind.
    pub(super) exits: &'a mut Vec<Exit>,
    /// Instructions that access guest memory.
    pub(super) faults: &'a mut Vec<FaultSite>,
}

impl Body<'_> {
    /// The address of the slot that the cell names at `offset`, computed with `temp`.
    pub(super) fn slot(&mut self, offset: usize, temp: Gpr) -> Mem {
        self.l.code.movsx(Width::W16, Width::W64, temp, self.cell.at(offset));
        Mem::base(FP).indexed(temp, Scale::Eight)
    }

    /// An operand of type `ty`. It may use `temp`, and floats `vector` too.
    pub(super) fn operand(
        &mut self,
        place: Place,
        ty: ScalarType,
        temp: Gpr,
        vector: Xmm,
    ) -> Operand {
        match (place, File::of(ty)) {
            (Place::Slot(offset), _) => self.slot(offset, temp).into(),
            (Place::Acc, File::Int) => ACC.into(),
            (Place::Acc, File::Float) => FLOAT_ACC.into(),
            (Place::Pin(pin), File::Int) => INT_PINS[usize::from(pin)].into(),
            (Place::Pin(pin), File::Float) => FLOAT_PINS[usize::from(pin)].into(),
            (Place::Imm(offset), _) => self.immediate(offset, ty, temp, vector),
        }
    }

    /// The immediate of type `ty` that the cell holds at `offset`.
    fn immediate(&mut self, offset: usize, ty: ScalarType, temp: Gpr, vector: Xmm) -> Operand {
        match ty {
            ScalarType::I32 | ScalarType::F32 => self.cell.at(offset).into(),
            ScalarType::I64 => {
                self.l.code.movsx(Width::W32, Width::W64, temp, self.cell.at(offset));
                temp.into()
            }
            ScalarType::F64 => {
                // A conversion keeps the rest of its register, and so would wait for it.
                self.l.code.zero_xmm(vector);
                self.l.code.xmm(XmmOp::Cvtss2sd, vector, self.cell.at(offset));
                vector.into()
            }
        }
    }

    /// The same in a general purpose register: that of the operand, or `temp`. Floats as their
    /// bits, but only from slots and pins, and `f32` from immediates.
    pub(super) fn in_gpr(&mut self, place: Place, ty: ScalarType, temp: Gpr) -> Gpr {
        match self.operand(place, ty, temp, V1) {
            Operand::Reg(Reg::Gpr(gpr)) => gpr,
            Operand::Reg(Reg::Xmm(xmm)) => {
                self.l.code.mov_from_xmm(width(ty), temp, xmm);
                temp
            }
            Operand::Mem(mem) => {
                self.l.code.mov(width(ty), temp, mem);
                temp
            }
            Operand::Imm(imm) => {
                self.l.code.mov_imm(temp, i64::from(imm).cast_unsigned());
                temp
            }
            Operand::Constant(_) => unreachable!("constants of handlers are in their cells"),
        }
    }

    /// Leaves the accumulator of `file` in its pin, if there is one, and in the slot that the cell
    /// names at `offset`.
    pub(super) fn finish(&mut self, file: File, offset: usize, pin: Pin) {
        let slot = self.slot(offset, D);
        match file {
            File::Int => {
                self.l.code.store(Width::W64, slot, ACC);
                if let Some(pin) = pin {
                    self.l.code.mov(Width::W64, INT_PINS[usize::from(pin)], ACC);
                }
            }
            File::Float => {
                self.l.code.store_xmm(Floats::Sd, slot, FLOAT_ACC);
                if let Some(pin) = pin {
                    self.l.code.mov_xmm(FLOAT_PINS[usize::from(pin)], FLOAT_ACC);
                }
            }
        }
    }

    /// Leaves the bits in `from` in a pin of either file.
    pub(super) fn pin_bits(&mut self, pin: EitherPin, from: Gpr) {
        match pin {
            EitherPin::None => {}
            EitherPin::Int(pin) => self.l.code.mov(Width::W64, INT_PINS[usize::from(pin)], from),
            EitherPin::Float(pin) => {
                self.l.code.mov_to_xmm(Width::W64, FLOAT_PINS[usize::from(pin)], from);
            }
        }
    }

    /// Runs the next cell: that behind one of type `C`.
    pub(super) fn next<C>(&mut self) {
        self.go_on(size_of::<C>());
    }

    /// Runs the cell `len` bytes behind this one.
    pub(super) fn go_on(&mut self, len: usize) {
        if self.followed {
            return;
        }
        let code = &mut *self.l.code;
        code.mov(Width::W32, B_NEXT, self.cell.at(len));
        let bytes = i32::try_from(self.cell.behind + len).expect("runs are short");
        code.alu_imm(Alu::Add, Width::W64, PC, bytes);
        self.dispatch();
    }

    /// Makes the running cell the one at the pc.
    pub(super) fn take_pc(&mut self) {
        let behind = i32::try_from(self.cell.behind).expect("runs are short");
        if behind != 0 {
            self.l.code.alu_imm(Alu::Add, Width::W64, PC, behind);
            self.cell.behind = 0;
        }
    }

    /// Runs the cell at the pc.
    pub(super) fn run(&mut self) {
        self.l.code.mov(Width::W32, B_NEXT, Mem::base(PC));
        self.dispatch();
    }

    /// Jumps to the handler word that was loaded.
    fn dispatch(&mut self) {
        self.l.code.alu(Alu::Add, Width::W64, B_NEXT, BASE);
        self.l.code.jmp_to(B_NEXT);
    }

    /// Goes where the cell says at `target` if `test` holds, else behind a cell of `len` bytes.
    pub(super) fn branch(&mut self, test: Test, target: usize, back: bool, len: usize) {
        let taken = self.exit(Way::Taken { target, back });
        test.jump(&mut self.l, taken);
        self.go_on(len);
    }

    /// Goes where the cell says at `target`.
    pub(super) fn jump(&mut self, target: usize, back: bool) {
        let behind = i32::try_from(self.cell.behind).expect("runs are short");
        let code = &mut *self.l.code;
        code.movsx(Width::W32, Width::W64, T, self.cell.at(target));
        if behind == 0 {
            code.alu(Alu::Add, Width::W64, PC, T);
        } else {
            code.lea(Width::W64, PC, Mem::new(PC, behind).indexed(T, Scale::One));
        }
        if back {
            let budget = context(offset_of!(VmCtx, loop_budget));
            code.alu_imm(Alu::Sub, Width::W32, budget, 1);
            let spent = code.new_dynamic_label();
            code.jcc(Cond::S, spent);
            self.run();
            self.l.code.dynamic_label(spent);
            self.jump_to_stub(Stub::Poll);
        } else {
            self.run();
        }
    }

    /// Jumps to code that all handlers share.
    pub(super) fn jump_to_stub(&mut self, stub: Stub) {
        let offset = self.stubs.offset(stub);
        self.l.code.lea(Width::W64, X, Mem::new(BASE, offset));
        self.l.code.jmp_to(X);
    }

    /// A label to be placed behind, from where `way` is taken.
    fn exit(&mut self, way: Way) -> DynamicLabel {
        let label = self.l.code.new_dynamic_label();
        self.exits.push(Exit { label, cell: self.cell, way });
        label
    }

    /// Where code goes that traps.
    pub(super) fn trap(&mut self, trap: Trap) -> DynamicLabel {
        self.l.exits.trap(self.l.code, trap)
    }

    /// Where code goes whose access to memory 0 is out of bounds, as far as the context knows.
    pub(super) fn out_of_bounds(&mut self) -> DynamicLabel {
        self.exit(Way::CellStub(Stub::OutOfBounds))
    }

    /// Where code goes that jumps to a stub, which does not look at the cell.
    pub(super) fn rarely(&mut self, stub: Stub) -> DynamicLabel {
        self.exit(Way::Stub(stub))
    }

    /// Ends the code of one cell: its traps are taken at it, and faults are its.
    pub(super) fn end_cell(&mut self) {
        let cell = self.cell;
        let behind = u32::try_from(cell.behind).expect("runs are short");
        let faults = self.l.exits.take_faults();
        self.faults.extend(faults.map(|at| FaultSite { at: at as u32, behind }));
        let traps = self.l.exits.take_traps();
        let exits = traps.map(|(trap, label)| Exit { label, cell, way: Way::Trap(trap) });
        self.exits.extend(exits);
    }

    /// Places what is still to be placed.
    pub(super) fn end(&mut self) {
        for Exit { label, cell, way } in core::mem::take(self.exits) {
            self.l.code.dynamic_label(label);
            self.cell = cell;
            match way {
                Way::Trap(trap) => {
                    self.take_pc();
                    self.l.code.mov_imm(Gpr::Rax, trap as u64);
                    self.jump_to_stub(Stub::Leave);
                }
                Way::CellStub(stub) => {
                    self.take_pc();
                    self.jump_to_stub(stub);
                }
                Way::Stub(stub) => self.jump_to_stub(stub),
                Way::Taken { target, back } => self.jump(target, back),
            }
        }
        self.l.exits.place_constants(self.l.code);
    }
}

/// Holds the next handler's address on the way there.
const B_NEXT: Gpr = Gpr::Rcx;

const _: () = assert!(WORD == 4, "handler words have 32 bits");
