//! Runs emitted code on this machine's registers.
//!
//! What lives here: executable pages, and the code around what is tested that fills all registers
//! and reads them back. What does not: what is tested. Invariant: pages are never writable and
//! executable at once, and whatever the tested code does to registers, except `rsp`, is contained.

use std::mem::offset_of;
use std::ptr;

use wasmtier_x64::{CodeBuffer, Floats, Gpr, Mem, Width, Xmm};

/// All registers a lowering may name, and some memory of the tier's.
#[repr(C, align(16))]
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct State {
    /// By the number of the register; that of `rsp` is not used.
    pub(crate) gpr: [u64; 16],
    pub(crate) xmm: [u128; 16],
    /// What memory operands may name, based on [`SLOTS`].
    pub(crate) slots: [u128; 8],
}

/// Holds the address of [`State::slots`] while tested code runs.
pub(crate) const SLOTS: Gpr = Gpr::Rbp;

impl Default for State {
    /// Rubbish everywhere, so that what was not written is not taken for zero.
    fn default() -> Self {
        let word = 0xdead_beef_0bad_f00d_u64;
        let wide = u128::from(word) << 64 | u128::from(!word);
        Self { gpr: [word; 16], xmm: [wide; 16], slots: [wide; 8] }
    }
}

/// Where slot `index` is for tested code.
pub(crate) const fn slot(index: usize) -> Mem {
    Mem::new(SLOTS, 16 * index as i32)
}

/// Code between instructions that fill and read back the registers of a [`State`].
///
/// `emit` gets the buffer; what it emits ends by falling through.
pub(crate) fn wrapped(emit: impl FnOnce(&mut CodeBuffer)) -> CodeBuffer {
    let mut code = CodeBuffer::new();
    for saved in [Gpr::Rbx, Gpr::Rbp, Gpr::R12, Gpr::R13, Gpr::R14, Gpr::R15, Gpr::Rdi] {
        code.push_reg(saved);
    }
    for xmm in Xmm::ALL {
        code.load_xmm(Floats::Ps, xmm, Mem::new(Gpr::Rdi, xmm_offset(xmm)));
    }
    for gpr in Gpr::ALL {
        if !matches!(gpr, Gpr::Rsp | SLOTS | Gpr::Rdi) {
            code.mov(Width::W64, gpr, Mem::new(Gpr::Rdi, gpr_offset(gpr)));
        }
    }
    code.lea(Width::W64, SLOTS, Mem::new(Gpr::Rdi, offset_of!(State, slots) as i32));
    code.mov(Width::W64, Gpr::Rdi, Mem::new(Gpr::Rdi, gpr_offset(Gpr::Rdi)));
    emit(&mut code);
    // The state's address is on top of the stack; `rdi` of the tested code takes its place.
    code.xchg(Width::W64, Mem::base(Gpr::Rsp), Gpr::Rdi);
    for gpr in Gpr::ALL {
        if !matches!(gpr, Gpr::Rsp | SLOTS | Gpr::Rdi) {
            code.store(Width::W64, Mem::new(Gpr::Rdi, gpr_offset(gpr)), gpr);
        }
    }
    for xmm in Xmm::ALL {
        code.store_xmm(Floats::Ps, Mem::new(Gpr::Rdi, xmm_offset(xmm)), xmm);
    }
    code.pop_reg(Gpr::Rax);
    code.store(Width::W64, Mem::new(Gpr::Rdi, gpr_offset(Gpr::Rdi)), Gpr::Rax);
    for saved in [Gpr::R15, Gpr::R14, Gpr::R13, Gpr::R12, Gpr::Rbp, Gpr::Rbx] {
        code.pop_reg(saved);
    }
    code.ret();
    code
}

fn gpr_offset(gpr: Gpr) -> i32 {
    8 * i32::from(u8::from(gpr))
}

fn xmm_offset(xmm: Xmm) -> i32 {
    offset_of!(State, xmm) as i32 + 16 * i32::from(u8::from(xmm))
}

/// Executable code, made by [`wrapped`].
pub(crate) struct Machine {
    pages: *mut libc::c_void,
    len: usize,
}

impl Machine {
    /// Maps `code`, which `wrapped` made and somebody may have appended exits to.
    pub(crate) fn new(code: CodeBuffer) -> Self {
        let bytes = code.finish().expect("all labels are placed");
        let len = bytes.len().next_multiple_of(4096);
        let (read_write, kind) =
            (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
        // SAFETY: a fresh mapping at an address of the kernel's choice.
        let pages = unsafe { libc::mmap(ptr::null_mut(), len, read_write, kind, -1, 0) };
        assert_ne!(pages, libc::MAP_FAILED, "memory for code");
        // SAFETY: the mapping is writable, long enough and nobody else's.
        unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), pages.cast(), bytes.len()) };
        // SAFETY: the whole of our own mapping.
        let status = unsafe { libc::mprotect(pages, len, libc::PROT_READ | libc::PROT_EXEC) };
        assert_eq!(status, 0, "executable memory");
        Self { pages, len }
    }

    /// Runs the code with these registers and slots, and leaves there what it left behind.
    pub(crate) fn run(&self, state: &mut State) {
        type Code = extern "sysv64" fn(*mut State);
        // SAFETY: the pages begin with code that `wrapped` made for this signature.
        let code = unsafe { std::mem::transmute::<*mut libc::c_void, Code>(self.pages) };
        code(state);
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // SAFETY: our own mapping, which nobody runs any more.
        unsafe { libc::munmap(self.pages, self.len) };
    }
}
