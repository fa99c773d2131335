//! One lowering per operator: its machine code, on operands that are where the caller says.
//!
//! What lives here: an exhaustive match over the operators of each table of `wasmtier_ops`, used by
//! the interpreter's handlers and by the compiler alike. What does not: where values live, frames,
//! calls, control; no lowering knows an allocator.
//!
//! The contract of every lowering:
//!
//! * It may change `r11`, `xmm13`, `xmm14`, `xmm15` and the flags; callers never name these
//!   registers as operands. Some operators need more, which
//!   their constraint tells.
//! * A result register may be the same as, or the address of, any operand.
//! * A 32-bit result leaves the upper half of its register zero. The upper half of a 32-bit operand
//!   is never looked at. A scalar float result leaves the rest of its register undefined.
//! * An operand in memory may be read once or twice, and is read before any result is written.
//! * A trap jumps to the label of [`Exits::trap`], with all operands still in place; an access to
//!   guest memory that faults has changed nothing, and is listed in [`Exits::faults`].

mod address;
mod atomic;
mod compare;
mod convert;
mod divide;
mod float;
mod fused;
mod int;
mod memory;
mod numeric;
mod operand;
mod reciprocal;
mod shape;
mod simd;
mod wide;

use dynasmrt::{DynamicLabel, DynasmLabelApi};
use wasmtier_ops::Trap;

use crate::{CodeBuffer, CpuFeatures, Gpr, Mem, Xmm};

pub use address::{Access, Bounds, FarOffset, GuestMem, Index, Limit, Offset, WideIndex};
pub use address::{address, far_address, fixed_address};
pub use atomic::{atomic, atomic_needs_rax};
pub use compare::Test;
pub use fused::{binary_load, condition_load, takes_load};
pub use memory::{load, store};
pub use numeric::{Class, Constraint, binary, class, condition, constraint, flags_tell_zero};
pub use numeric::{nonzero, scale, unary};
pub use simd::{Imm, load_vector, shift_by, shuffle_by, simd, store_vector};
pub use simd::{simd_of_memory, takes_memory};
pub use wide::{wide, wide_needs_rax_rdx};

/// A register of either file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reg {
    /// Integers, references and addresses.
    Gpr(Gpr),
    /// Floats and vectors.
    Xmm(Xmm),
}

impl From<Gpr> for Reg {
    fn from(register: Gpr) -> Self {
        Self::Gpr(register)
    }
}

impl From<Xmm> for Reg {
    fn from(register: Xmm) -> Self {
        Self::Xmm(register)
    }
}

/// Where a scalar operand is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operand {
    /// In a register of the file of its type.
    Reg(Reg),
    /// In memory of the tier's own, a frame slot or a cell: as many bytes as its type has.
    Mem(Mem),
    /// A constant behind the code, where [`Exits::constant`] has put it.
    Constant(DynamicLabel),
    /// The integer itself, sign-extended to 64 bits.
    Imm(i32),
}

impl From<Gpr> for Operand {
    fn from(register: Gpr) -> Self {
        Self::Reg(register.into())
    }
}

impl From<Xmm> for Operand {
    fn from(register: Xmm) -> Self {
        Self::Reg(register.into())
    }
}

impl From<DynamicLabel> for Operand {
    fn from(label: DynamicLabel) -> Self {
        Self::Constant(label)
    }
}

impl From<Mem> for Operand {
    fn from(mem: Mem) -> Self {
        Self::Mem(mem)
    }
}

/// What a lowering writes to.
#[derive(Debug)]
pub struct Lowering<'a> {
    /// Receives the instructions.
    pub code: &'a mut CodeBuffer,
    /// Collects what is placed behind them.
    pub exits: &'a mut Exits,
    /// Which instructions may be used.
    pub cpu: CpuFeatures,
}

/// What the lowerings of one piece of code ask its end to hold: where traps go, and constants.
#[derive(Debug, Default)]
pub struct Exits {
    traps: Vec<(Trap, DynamicLabel)>,
    constants: Vec<(u128, DynamicLabel)>,
    faults: Vec<usize>,
}

impl Exits {
    /// Starts over for another piece of code, keeping the buffers.
    pub fn clear(&mut self) {
        self.traps.clear();
        self.constants.clear();
        self.faults.clear();
    }

    /// Where code goes that traps. The same label for the same trap, until they are taken.
    pub fn trap(&mut self, code: &mut CodeBuffer, trap: Trap) -> DynamicLabel {
        label_for(&mut self.traps, code, trap)
    }

    /// Where in the code 16 bytes of a constant will be, aligned to as many.
    pub fn constant(&mut self, code: &mut CodeBuffer, bits: u128) -> DynamicLabel {
        label_for(&mut self.constants, code, bits)
    }

    /// Notes that the next instruction is an access to guest memory, which may fault.
    pub fn fault(&mut self, code: &CodeBuffer) {
        self.faults.push(code.len());
    }

    /// The traps that code jumps to, each with the label its exit is to be placed at.
    #[must_use]
    pub fn traps(&self) -> &[(Trap, DynamicLabel)] {
        &self.traps
    }

    /// The same, forgotten: code that follows gets labels of its own.
    pub fn take_traps(&mut self) -> impl Iterator<Item = (Trap, DynamicLabel)> {
        self.traps.drain(..)
    }

    /// The offsets of the instructions whose fault is [`Trap::MemoryOutOfBounds`], ascending.
    #[must_use]
    pub fn faults(&self) -> &[usize] {
        &self.faults
    }

    /// The same, forgotten.
    pub fn take_faults(&mut self) -> impl Iterator<Item = usize> {
        self.faults.drain(..)
    }

    /// Places the constants here, behind the last instruction.
    pub fn place_constants(&mut self, code: &mut CodeBuffer) {
        if self.constants.is_empty() {
            return;
        }
        code.align_with_nops(16);
        for (bits, label) in self.constants.drain(..) {
            code.dynamic_label(label);
            code.extend(bits.to_le_bytes());
        }
    }
}

/// How many entries at the end of a list are searched. Of more constants than that some may be
/// there twice, but the time for each is bounded.
const SEARCHED: usize = 32;

/// The label of `value`, a new one if it has none.
fn label_for<T: PartialEq>(
    known: &mut Vec<(T, DynamicLabel)>,
    code: &mut CodeBuffer,
    value: T,
) -> DynamicLabel {
    let latest = known.iter().rev().take(SEARCHED);
    if let Some((_, label)) = latest.into_iter().find(|(known, _)| *known == value) {
        return *label;
    }
    let label = code.new_dynamic_label();
    known.push((value, label));
    label
}
