//! Jumps, calls, the stack, and filling.
//!
//! What lives here: what changes `rip` or `rsp`, and what does nothing. What does not: the protocol
//! of calls. Invariant: see [`encode`](super); a jump to a label yet to be placed has 32 bits.

use dynasmrt::relocations::{Relocation, RelocationKind, RelocationSize};
use dynasmrt::x64::X64Relocation;
use dynasmrt::{DynamicLabel, DynasmLabelApi};

use super::form::{Instruction, Opcode};
use crate::{CodeBuffer, Cond, Gpr, GprMem, Width};

/// The recommended sequences that do nothing, by their length less 1.
const NOPS: [&[u8]; 9] = [
    &[0x90],
    &[0x66, 0x90],
    &[0x0f, 0x1f, 0x00],
    &[0x0f, 0x1f, 0x40, 0x00],
    &[0x0f, 0x1f, 0x44, 0x00, 0x00],
    &[0x66, 0x0f, 0x1f, 0x44, 0x00, 0x00],
    &[0x0f, 0x1f, 0x80, 0x00, 0x00, 0x00, 0x00],
    &[0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00],
    &[0x66, 0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00],
];

impl CodeBuffer {
    /// `jmp label`: with 8 bits where `label` is already placed so near, else with 32.
    ///
    /// ```
    /// use dynasmrt::DynasmLabelApi;
    /// use wasmtier_x64::CodeBuffer;
    ///
    /// let mut code = CodeBuffer::new();
    /// let again = code.new_dynamic_label();
    /// code.dynamic_label(again);
    /// code.jmp(again);
    /// assert_eq!(code.finish()?, [0xeb, 0xfe]);
    /// # Ok::<(), wasmtier_x64::Error>(())
    /// ```
    pub fn jmp(&mut self, label: DynamicLabel) {
        match self.near(label) {
            Some(distance) => Instruction::op(0xeb).imm8(distance),
            None => Instruction::op(0xe9).distance(label),
        }
        .place(self);
    }

    /// `jcc label`: with 8 bits where `label` is already placed so near, else with 32.
    pub fn jcc(&mut self, cond: Cond, label: DynamicLabel) {
        match self.near(label) {
            Some(distance) => Instruction::op(0x70 | cond.number()).imm8(distance),
            None => Instruction::op(0x0f).front(0x80 | cond.number()).distance(label),
        }
        .place(self);
    }

    /// `jmp label` with 8 bits; if it turns out to be farther, [`CodeBuffer::finish`] fails.
    pub fn jmp_short(&mut self, label: DynamicLabel) {
        self.short(0xeb, label);
    }

    /// `jcc label` with 8 bits; if it turns out to be farther, [`CodeBuffer::finish`] fails.
    pub fn jcc_short(&mut self, cond: Cond, label: DynamicLabel) {
        self.short(0x70 | cond.number(), label);
    }

    /// `call label`.
    pub fn call(&mut self, label: DynamicLabel) {
        Instruction::op(0xe8).distance(label).place(self);
    }

    /// `jmp target`: to the address in a register or in memory.
    pub fn jmp_to(&mut self, target: impl Into<GprMem>) {
        self.near_branch(4, target.into());
    }

    /// `call target`: to the address in a register or in memory.
    pub fn call_to(&mut self, target: impl Into<GprMem>) {
        self.near_branch(2, target.into());
    }

    /// `ret`.
    pub fn ret(&mut self) {
        Instruction::op(0xc3).place(self);
    }

    /// `ud2`: an instruction that always faults.
    pub fn ud2(&mut self) {
        Instruction::op(0x0f).front(0x0b).place(self);
    }

    /// `push src`: 64 bits of a register.
    pub fn push_reg(&mut self, src: Gpr) {
        let op = Opcode::primary(0x50 | src.number() & 7);
        Instruction::new().opcode(op, Width::W32, src.number() >> 3, false).place(self);
    }

    /// `pop dst`: 64 bits to a register.
    pub fn pop_reg(&mut self, dst: Gpr) {
        let op = Opcode::primary(0x58 | dst.number() & 7);
        Instruction::new().opcode(op, Width::W32, dst.number() >> 3, false).place(self);
    }

    /// `length` bytes that do nothing, in as few instructions as are decoded well everywhere.
    pub fn nops(&mut self, length: usize) {
        let (full, rest) = (length / NOPS.len(), length % NOPS.len());
        for _ in 0..full {
            self.extend(NOPS[NOPS.len() - 1]);
        }
        if rest > 0 {
            self.extend(NOPS[rest - 1]);
        }
    }

    /// Does nothing up to the next multiple of `alignment`, which is not 0.
    pub fn align_with_nops(&mut self, alignment: usize) {
        self.nops(self.len().next_multiple_of(alignment) - self.len());
    }

    /// Entry `index` of a table of 32-bit distances, from the table's begin to `label`.
    ///
    /// ```
    /// use dynasmrt::DynasmLabelApi;
    /// use wasmtier_x64::CodeBuffer;
    ///
    /// let mut code = CodeBuffer::new();
    /// let behind = code.new_dynamic_label();
    /// code.table_entry(behind, 0);
    /// code.table_entry(behind, 1);
    /// code.dynamic_label(behind);
    /// assert_eq!(code.finish()?, [8, 0, 0, 0, 8, 0, 0, 0]);
    /// # Ok::<(), wasmtier_x64::Error>(())
    /// ```
    pub fn table_entry(&mut self, label: DynamicLabel, index: usize) {
        self.extend(&[0; 4]);
        let kind = X64Relocation::from_size(RelocationKind::Relative, RelocationSize::DWord);
        let to_begin = 4 * (index as isize + 1);
        self.dynamic_relocation(label, to_begin, 4, 0, kind);
    }

    /// The distance to `label` from behind a jump of two bytes, if it is known and fits.
    fn near(&self, label: DynamicLabel) -> Option<i8> {
        let back = self.len() + 2 - self.label_offset(label)?;
        i8::try_from(i64::try_from(back).ok()?.wrapping_neg()).ok()
    }

    fn short(&mut self, byte: u8, label: DynamicLabel) {
        self.extend(&[byte, 0]);
        let kind = X64Relocation::from_size(RelocationKind::Relative, RelocationSize::Byte);
        self.dynamic_relocation(label, 0, 1, 0, kind);
    }

    fn near_branch(&mut self, digit: u8, target: GprMem) {
        // These are of 64 bits without a prefix that says so.
        let op = Opcode::primary(0xff);
        Instruction::modrm(op, Width::W32, digit, target.into(), false).place(self);
    }
}
