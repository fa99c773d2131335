//! Hand-emitted code that may fault, and memory for it to fault at.

use std::ops::Range;
use std::ptr;
use std::sync::OnceLock;

use dynasmrt::{DynasmApi, DynasmLabelApi, dynasm};
use wasmtier_ops::Trap;
use wasmtier_vm::Status;
use wasmtier_x64::CodeBuffer;

use crate::runtime::activation::{Fault, NativeActivation};
use crate::runtime::code_memory::{
    Alignment, Code as Piece, CodeMemory, CodeMemoryError, CodeOwner,
};
use crate::runtime::code_range::TrapSite;
use crate::runtime::mmap::{Reservation, host_page_size};
use crate::runtime::reservation_set::ReservationSet;

/// What code that loads has in `r15` meanwhile.
const CELL: i32 = 0x7e57;

/// Code in a code memory that all tests share, with one instruction that may fault.
pub(crate) struct Code {
    piece: Piece,
    site: TrapSite,
}

/// The code memory of all code that a test does not want elsewhere.
fn shared_memory() -> &'static CodeMemory {
    static MEMORY: OnceLock<CodeMemory> = OnceLock::new();
    MEMORY.get_or_init(|| CodeMemory::new(128 << 20).unwrap())
}

impl Code {
    /// Publishes `code` as an owner's only piece.
    fn publish(code: CodeBuffer, site: usize, trap: Trap) -> Self {
        Self::publish_for(&shared_memory().owner(), code, site, trap).unwrap()
    }

    fn publish_for(
        owner: &CodeOwner,
        code: CodeBuffer,
        site: usize,
        trap: Trap,
    ) -> Result<Self, CodeMemoryError> {
        let bytes = code.finish().unwrap();
        let site = TrapSite { offset: u32::try_from(site).unwrap(), trap };
        let draft = owner.allocate(bytes.len(), Alignment::Handler)?;
        // SAFETY: the code is entered by `Code::call` only, its host calls own nothing that a
        // fault of it would skip, and a call borrows what would have to be dropped.
        let piece = unsafe { draft.publish(&bytes, vec![site]) }?;
        Ok(Self { piece, site })
    }

    /// `args[0] = base[args[0]]`, without care for any register.
    pub(crate) fn load() -> Self {
        Self::load_for(&shared_memory().owner()).unwrap()
    }

    /// As [`Code::load`], for an owner of the test's.
    pub(crate) fn load_for(owner: &CodeOwner) -> Result<Self, CodeMemoryError> {
        let (code, site) = Self::emit_load();
        Self::publish_for(owner, code, site, Trap::MemoryOutOfBounds)
    }

    /// As [`Code::load_for`], published as handlers are.
    pub(crate) fn handler_for(owner: &CodeOwner) -> Result<Self, CodeMemoryError> {
        let (code, site) = Self::emit_load();
        let bytes = code.finish().unwrap();
        let site = TrapSite { offset: u32::try_from(site).unwrap(), trap: Trap::MemoryOutOfBounds };
        let draft = owner.allocate(bytes.len(), Alignment::Handler)?;
        // SAFETY: as in `publish_for`; tests use an owner for one kind of code only.
        let piece = unsafe { draft.publish_handlers(&bytes, &[site.offset]) }?;
        Ok(Self { piece, site })
    }

    fn emit_load() -> (CodeBuffer, usize) {
        let mut code = CodeBuffer::new();
        dynasm!(code
            ; .arch x64
            ; xor ebp, ebp
            ; xor ebx, ebx
            ; xor r12d, r12d
            ; xor r13d, r13d
            ; xor r14d, r14d
            ; mov r15d, CELL
            ; mov rax, [rsi]
        );
        let site = code.len();
        dynasm!(code
            ; movzx eax, BYTE [rdi + rax]
            ; mov [rsi], rax
            ; xor eax, eax
            ; ret
        );
        (code, site)
    }

    /// Calls `args[1]`, and then is as [`Code::load`]. Ends with another trap if the call did not
    /// preserve the registers that it must.
    pub(crate) fn call_host_and_load() -> Self {
        let mut code = CodeBuffer::new();
        dynasm!(code
            ; .arch x64
            ; mov r12, rdi
            ; mov rbx, rsi
            ; mov r13, rsi
            ; mov r14, rsi
            ; mov r15, rsi
            ; mov rbp, rsi
            ; sub rsp, 8
            ; call QWORD [rsi + 8]
            ; add rsp, 8
            ; cmp rbx, r13
            ; jne >lost
            ; cmp rbx, r14
            ; jne >lost
            ; cmp rbx, r15
            ; jne >lost
            ; cmp rbx, rbp
            ; jne >lost
            ; mov rax, [rbx]
        );
        let site = code.len();
        dynasm!(code
            ; movzx eax, BYTE [r12 + rax]
            ; mov [rbx], rax
            ; xor eax, eax
            ; ret
            ; lost:
            ; mov eax, Trap::UnreachableCodeReached as i32
            ; ret
        );
        Self::publish(code, site, Trap::MemoryOutOfBounds)
    }

    /// Fills the memory from `base + args[0]` downwards as a stack, and never stops.
    pub(crate) fn overflow_stack() -> Self {
        let mut code = CodeBuffer::new();
        dynasm!(code ; .arch x64 ; mov rax, [rsi] ; lea rsp, [rdi + rax] ; again:);
        let site = code.len();
        dynasm!(code ; .arch x64 ; push rax ; jmp <again);
        Self::publish(code, site, Trap::StackOverflow)
    }

    pub(crate) fn pc(&self) -> usize {
        self.piece.addresses().start + self.site.offset as usize
    }

    pub(crate) fn call(
        &self,
        activation: &mut NativeActivation,
        base: *mut u8,
        args: &mut [u64; 2],
    ) -> Status {
        let args = args.as_mut_ptr();
        // SAFETY: the code is of the right signature, and uses `base` as the memory it is.
        unsafe { activation.call(self.piece.start(), base.cast(), args, ptr::null(), ptr::null()) }
    }
}

/// One accessible page followed by two that are not.
pub(crate) struct Memory {
    pub(crate) pages: Reservation,
    pub(crate) reservations: ReservationSet,
}

impl Memory {
    pub(crate) fn new() -> Self {
        let page = host_page_size();
        let pages = Reservation::new(3 * page).unwrap();
        pages.commit(0..page).unwrap();
        // SAFETY: within the committed page.
        unsafe { pages.base().wrapping_add(5).write(55) };
        let reservations = ReservationSet::default();
        reservations.insert(pages.range());
        Self { pages, reservations }
    }

    pub(crate) fn activation(&self) -> NativeActivation {
        NativeActivation::new(&raw const self.reservations).unwrap()
    }

    /// Loads byte `index`: the byte, or the fault.
    pub(crate) fn load(&self, code: &Code, index: usize) -> Result<u64, Fault> {
        let mut activation = self.activation();
        let mut args = [index as u64, 0];
        let status = code.call(&mut activation, self.pages.base(), &mut args);
        match activation.fault() {
            None => {
                assert_eq!(status, Status::OK);
                Ok(args[0])
            }
            Some(fault) => {
                assert_eq!(status, Status::trap(fault.trap));
                assert_eq!(args[0], index as u64);
                Err(fault)
            }
        }
    }

    pub(crate) fn guard(&self) -> Range<usize> {
        host_page_size()..self.pages.len()
    }

    pub(crate) fn check(&self, code: &Code, index: usize) {
        assert_eq!(self.load(code, 5), Ok(55));
        let fault = self.load(code, index).unwrap_err();
        assert_eq!(fault.trap, Trap::MemoryOutOfBounds);
        assert_eq!((fault.cell, fault.fp), (CELL as usize, 0));
        assert_eq!((fault.pc, fault.address), (code.pc(), self.pages.range().start + index));
    }
}
