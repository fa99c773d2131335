//! What machine code of all tiers agrees on besides frames: the routines it shares, and what it
//! keeps on the native stack.
//!
//! What lives here: the table of routines, the layouts of native frames, and the marks by which
//! code at a return address is recognised. What does not: who emits either (`interp`, `jit`), and
//! who walks them (`wasmtier::runtime`).
//!
//! The native stack has return addresses of compiled code, one word for each frame, and the frames
//! of adapters and stubs that are laid out here. `rsp` does not move while interpreted code runs:
//! it is a multiple of 16, with [`InterpreterFrame::scratch`] above it.
//!
//! Invariant: whoever is called by interpreted code finds an [`InterpreterFrame`] at `rsp`, and
//! whoever is called by compiled code finds a return address there.

/// Addresses of routines that machine code of every function may use, for one engine. Reached
/// through [`crate::BuiltinTable::native`].
///
/// Those for compiled code are entered with `r14` the running context, `rbp` a frame's top and, if
/// not said otherwise, by a call, whose return address names the place in the code.
#[repr(C)]
#[derive(Copy, Clone, Debug)]
pub struct NativeStubs {
    /// Base of the code memory: what `r13` holds in interpreted code.
    pub base: usize,
    /// Jumped to in order to leave wasm with the status in `eax`, from any depth; who left is
    /// noted in the [`crate::Activation`].
    pub leave: usize,
    /// Jumped to in order to return to interpreted code: `rcx` is the return word, 0 or negative,
    /// `rbp` the frame pointer returned to; the first result is in the accumulator of its kind.
    pub resume: usize,
    /// Jumped to with a trap's status in `eax` and the return address of its site at `rsp`.
    pub trap: usize,
    /// Called by a function that finds no room for its frame, or is to stop: leaves at the call of
    /// that function.
    pub refuse: usize,
    /// Calls the [`crate::BuiltinCode`] that lies `eax` bytes from the begin of the table. The
    /// slot of operand 0 is in `rsi`, immediates are in `edx` and `ecx`, and nothing below `r8` is
    /// in use. Leaves if it fails. Preserves `rbp` and `r12` to `r15`; `rbx` is loaded again.
    pub call_builtin: usize,
    /// Finds the function of type `ecx` that table `edx` has at index `rsi`; nothing below `r8` is
    /// in use. Its record is in `rax` then. Leaves if there is none. Preserves all other registers
    /// but `rcx`, `rdx` and `r11`.
    pub resolve: usize,
    /// Called after an access to memory 0 was not within the length in the context. Returns if it
    /// may be now, since the memory has grown; else leaves. Preserves all registers but `r11`.
    pub out_of_bounds: usize,
    /// Calls the function whose entry is in `r11` and whose context, of another instance or the
    /// host's, in `rcx`. Everything else is as for a call within the instance.
    pub call_other: usize,
    /// Jumped to instead of the entry, in order to replace the frame by a call as by
    /// [`NativeStubs::call_other`].
    pub tail_call_other: usize,
}

impl NativeStubs {
    /// Those of the portable world: none.
    pub const NONE: Self = Self {
        base: 0,
        leave: 0,
        resume: 0,
        trap: 0,
        refuse: 0,
        call_builtin: 0,
        resolve: 0,
        out_of_bounds: 0,
        call_other: 0,
        tail_call_other: 0,
    };
}

/// What lies at `rsp` while interpreted code runs.
#[repr(C)]
#[derive(Debug)]
pub struct InterpreterFrame {
    /// For stubs of the interpreter that call out, and for [`EnteredFrame`].
    pub scratch: [u64; 3],
}

/// The scratch of interpreted code that waits for compiled code: the header of the frame that was
/// replaced.
#[repr(C)]
#[derive(Debug)]
pub struct EnteredFrame {
    /// The return word.
    pub return_word: u64,
    /// The caller's frame pointer.
    pub caller_fp: u64,
}

/// The native frame of a call from compiled code to interpreted code, up to the return address of
/// the caller; between the two there may be a word that aligns it.
#[repr(C)]
#[derive(Debug)]
pub struct AdapterFrame {
    /// What interpreted code expects.
    pub interpreter: InterpreterFrame,
    /// Where the caller's return address is.
    pub caller_sp: u64,
    /// The caller's registers.
    pub r12: u64,
    /// As above.
    pub r13: u64,
    /// The caller's context.
    pub r14: u64,
    /// As above.
    pub r15: u64,
}

const _: () = assert!(size_of::<AdapterFrame>().is_multiple_of(16), "the stack stays aligned");
const _: () = assert!(size_of::<EnteredFrame>() <= size_of::<InterpreterFrame>());

/// The native frame of a call between instances, below the return address of the caller.
#[repr(C)]
#[derive(Debug)]
pub struct OtherFrame {
    /// The caller's context.
    pub r14: u64,
}

/// What code at a return address is: the eight bytes with which it begins, which do nothing.
///
/// Compiled code never begins so behind a call.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
#[repr(u32)]
pub enum Continuation {
    /// Behind a call from interpreted code, or the host, to compiled code: above the return address
    /// is an [`EnteredFrame`].
    Entered = 0x6574_6e65,
    /// Behind a call from compiled code to interpreted code, which finds it in its return word: at
    /// `rsp` is an [`AdapterFrame`].
    Interpreted = 0x7265_746e,
    /// Behind a call between instances: above the return address is an [`OtherFrame`].
    Other = 0x7268_746f,
}

impl Continuation {
    /// The bytes of the mark, an instruction that does nothing: `nop [rax + rax + self]`.
    #[must_use]
    pub const fn mark(self) -> [u8; 8] {
        let [a, b, c, d] = (self as u32).to_le_bytes();
        [0x0f, 0x1f, 0x84, 0x00, a, b, c, d]
    }

    /// The mark as the word that machine code compares.
    #[must_use]
    pub const fn word(self) -> u64 {
        u64::from_le_bytes(self.mark())
    }

    /// What the code is that begins with `word`, if it is no compiled code.
    #[must_use]
    pub fn of(word: u64) -> Option<Self> {
        [Self::Entered, Self::Interpreted, Self::Other].into_iter().find(|kind| kind.word() == word)
    }
}
