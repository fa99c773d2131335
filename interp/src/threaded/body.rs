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
use wasmtier_vm::{Slot, VmCtx};
use wasmtier_x64::lower::{Lowering, Operand, Test};
use wasmtier_x64::{Alu, Floats, Gpr, Mem, Scale, Width, Xmm, XmmOp};

use super::Bounds;
use super::key::{EitherPin, Pin};
use super::registers::{ACC, BASE, CTX, D, FLOAT_ACC, FLOAT_PINS, FP, INT_PINS, PC, T, V1, X};
use super::stubs::{Stub, Stubs};
use crate::cell::WORD;

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

/// A field of the running cell.
pub(super) fn cell(offset: usize) -> Mem {
    field(PC, offset)
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

/// A handler, and what it is emitted with.
#[derive(Debug)]
pub(super) struct Body<'a> {
    pub(super) l: Lowering<'a>,
    pub(super) stubs: &'a Stubs,
    pub(super) bounds: Bounds,
}

impl Body<'_> {
    /// The address of the slot that the cell names at `offset`, computed with `temp`.
    pub(super) fn slot(&mut self, offset: usize, temp: Gpr) -> Mem {
        self.l.code.movsx(Width::W16, Width::W64, temp, cell(offset));
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
            ScalarType::I32 | ScalarType::F32 => cell(offset).into(),
            ScalarType::I64 => {
                self.l.code.movsx(Width::W32, Width::W64, temp, cell(offset));
                temp.into()
            }
            ScalarType::F64 => {
                // A conversion keeps the rest of its register, and so would wait for it.
                self.l.code.zero_xmm(vector);
                self.l.code.xmm(XmmOp::Cvtss2sd, vector, cell(offset));
                vector.into()
            }
        }
    }

    /// The same in a general purpose register: that of the operand, or `temp`. Floats as their
    /// bits, but only from slots and pins, and `f32` from immediates.
    pub(super) fn in_gpr(&mut self, place: Place, ty: ScalarType, temp: Gpr) -> Gpr {
        match self.operand(place, ty, temp, V1) {
            Operand::Reg(wasmtier_x64::lower::Reg::Gpr(gpr)) => gpr,
            Operand::Reg(wasmtier_x64::lower::Reg::Xmm(xmm)) => {
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

    /// Runs the cell `bytes` behind this one.
    pub(super) fn go_on(&mut self, bytes: usize) {
        let code = &mut *self.l.code;
        code.mov(Width::W32, B_NEXT, cell(bytes));
        let bytes = i32::try_from(bytes).expect("cells are short");
        code.alu_imm(Alu::Add, Width::W64, PC, bytes);
        self.dispatch();
    }

    /// Runs the cell that is now the running one.
    pub(super) fn run(&mut self) {
        self.l.code.mov(Width::W32, B_NEXT, cell(0));
        self.dispatch();
    }

    /// Jumps to the handler word that was loaded.
    fn dispatch(&mut self) {
        self.l.code.alu(Alu::Add, Width::W64, B_NEXT, BASE);
        self.l.code.jmp_to(B_NEXT);
    }

    /// Goes where the cell says at `target` if `test` holds, else behind a cell of `len` bytes.
    pub(super) fn branch(&mut self, test: Test, target: usize, back: bool, len: usize) {
        let taken = self.l.code.new_dynamic_label();
        test.jump(&mut self.l, taken);
        self.go_on(len);
        self.l.code.dynamic_label(taken);
        self.jump(target, back);
    }

    /// Goes where the cell says at `target`.
    pub(super) fn jump(&mut self, target: usize, back: bool) {
        let code = &mut *self.l.code;
        code.movsx(Width::W32, Width::W64, T, cell(target));
        code.alu(Alu::Add, Width::W64, PC, T);
        if back {
            let budget = context(offset_of!(VmCtx, loop_budget));
            code.alu_imm(Alu::Sub, Width::W32, budget, 1);
            let spent = code.new_dynamic_label();
            code.jcc(wasmtier_x64::Cond::S, spent);
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

    /// Where code goes that traps.
    pub(super) fn trap(&mut self, trap: Trap) -> DynamicLabel {
        self.l.exits.trap(self.l.code, trap)
    }

    /// Places the exits and constants of the handler.
    pub(super) fn end(&mut self) {
        for (trap, label) in self.l.exits.traps().to_vec() {
            self.l.code.dynamic_label(label);
            self.l.code.mov_imm(Gpr::Rax, trap as u64);
            self.jump_to_stub(Stub::Leave);
        }
        self.l.exits.place_constants(self.l.code);
    }
}

/// Holds the next handler's address on the way there.
const B_NEXT: Gpr = Gpr::Rcx;

const _: () = assert!(WORD == 4, "handler words have 32 bits");
