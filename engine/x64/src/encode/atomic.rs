//! Atomic updates of memory.
//!
//! What lives here: instructions with a `lock` prefix, and the fence. What does not: `xchg`, which
//! is atomic without a prefix. Invariant: see [`encode`](super).

use super::alu::{byte_name, sized};
use super::form::{Instruction, Opcode, Rm};
use crate::{Address, Alu, CodeBuffer, Gpr, Width};

impl CodeBuffer {
    /// `lock op [dst], src`. Not for `Cmp`, which updates nothing.
    ///
    /// # Panics
    /// When `op` is `Cmp`.
    pub fn lock_alu(&mut self, op: Alu, width: Width, dst: impl Into<Address>, src: Gpr) {
        assert_ne!(op, Alu::Cmp, "a comparison has nothing to lock");
        self.extend(&[0xf0]);
        self.alu_store(op, width, dst, src);
    }

    /// `lock xadd [dst], src`: adds `src` to memory, which it becomes the old value of.
    pub fn lock_xadd(&mut self, width: Width, dst: impl Into<Address>, src: Gpr) {
        self.locked(0xc0, width, dst.into(), src);
    }

    /// `lock cmpxchg [dst], src`: writes `src` and sets `E` if memory is equal to `rax`, which
    /// else becomes the value of memory.
    pub fn lock_cmpxchg(&mut self, width: Width, dst: impl Into<Address>, src: Gpr) {
        self.locked(0xb0, width, dst.into(), src);
    }

    /// `mfence`: orders every access before it with every access behind it.
    pub fn mfence(&mut self) {
        self.extend(&[0x0f, 0xae, 0xf0]);
    }

    fn locked(&mut self, byte: u8, width: Width, dst: Address, src: Gpr) {
        self.extend(&[0xf0]);
        let op = Opcode::m0f(sized(byte, width));
        let needed = byte_name(width, Rm::from(src));
        Instruction::modrm(op, width, src.number(), dst.into(), needed).place(self);
    }
}
