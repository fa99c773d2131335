//! The code that all handlers share: entry from the host, every way out, calls of the host.
//!
//! What lives here: what is emitted once an engine, whatever runs. What does not: handlers.
//!
//! Invariant: a stub is reached by a jump with the registers of the threaded back-end in place, and
//! with what its documentation asks for besides. Running code finds stubs through its base
//! register, so that no handler holds an address.

use core::mem::{offset_of, size_of};

use dynasmrt::{DynamicLabel, DynasmLabelApi};
use wasmtier_ops::Trap;
use wasmtier_vm::{
    Activation, AdapterFrame, BuiltinTable, FuncEntry, InterpreterFrame, Slot, VmCtx, VmMemory,
    VmStore,
};
use wasmtier_x64::{Alu, CodeBuffer, Cond, Gpr, Mem, Scale, Shift, Width};

use super::body::{context, exit_to_runtime, field, frame_low, frame_word};
use super::call::load_pins;
use super::key::PinCounts;
use super::registers::{ACC, BASE, CTX, FLOAT_ACC, FP, MEMORY, PC};
use crate::cell::WORD;

use Gpr::{R8, R9, R10, R11, Rax, Rcx, Rdi, Rdx, Rsi, Rsp};
use Width::{W32, W64};

/// A stub.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) enum Stub {
    /// `extern "C" fn(vmctx, args, entry, base) -> Status`: runs a function from the host.
    Enter,
    /// Where functions begin that have no code yet.
    Lazy,
    /// Leaves at the running cell with the status in `eax`.
    Leave,
    /// Leaves with the status in `eax`, from any depth of the native stack. Where is noted.
    GoOut,
    /// Leaves as the callee whose frame was opened last has no room, or the guest is to stop.
    Refuse,
    /// Tells the runtime that the function of the entry in `rdx` runs often, and begins it anew.
    Warm,
    /// Looks at a loop whose budget is spent, and runs the cell at the pc, or machine code instead.
    Poll,
    /// Runs a cell again whose access to memory 0 was not in bounds; or leaves, if it is not now.
    OutOfBounds,
    /// Returns to the caller in `rbp` through the return word in `rcx`.
    Return,
    /// Calls the function with its entry in `rdx` and context in `rcx`; its frame pointer is in
    /// `rdi`, the pc to return to in `rsi`.
    Call,
    /// Replaces the frame by a call of the function in `rdx` and `rcx`. Its arguments, as many
    /// slots as `rdi` says, are at `rsi` and below.
    TailCall,
    /// Finds, as a subroutine, the function of type `ecx` that table `edx` has at index `rsi`;
    /// its record is in `rax` then. Leaves if there is none.
    Resolve,
}

impl Stub {
    const ALL: [Self; 12] = [
        Self::Enter,
        Self::Lazy,
        Self::Leave,
        Self::GoOut,
        Self::Refuse,
        Self::Warm,
        Self::Poll,
        Self::OutOfBounds,
        Self::Return,
        Self::Call,
        Self::TailCall,
        Self::Resolve,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Enter => "enter",
            Self::Lazy => "lazy",
            Self::Leave => "leave",
            Self::GoOut => "go_out",
            Self::Refuse => "refuse",
            Self::Warm => "warm",
            Self::Poll => "poll",
            Self::OutOfBounds => "out_of_bounds",
            Self::Return => "return",
            Self::Call => "call",
            Self::TailCall => "tail_call",
            Self::Resolve => "resolve",
        }
    }
}

/// Where the stubs are, from the base of the code memory.
#[derive(Copy, Clone, Debug)]
pub(super) struct Stubs([u32; Stub::ALL.len()]);

impl Stubs {
    /// How far `stub` is from the base.
    pub(super) fn offset(&self, stub: Stub) -> i32 {
        self.0[stub as usize].cast_signed()
    }

    /// The stubs with their offsets.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Stub, u32)> {
        Stub::ALL.into_iter().zip(self.0)
    }
}

/// Bytes below the return address of the entry, which keep calls aligned.
const SCRATCH: i32 = size_of::<InterpreterFrame>() as i32;
/// A word of the scratch.
const fn scratch(index: i32) -> Mem {
    Mem::new(Rsp, index * 8)
}

/// Marks a return word that is a context: no address has the bit.
const OTHER_INSTANCE: u64 = 1 << 63;

/// Bytes of a slot.
const SLOT: i32 = size_of::<u64>() as i32;

/// The stubs, emitted; where they are from the start of the code.
pub(super) fn emit(loop_budget: i32) -> (CodeBuffer, Unplaced) {
    let mut code = CodeBuffer::new();
    let labels = Stub::ALL.map(|_| code.new_dynamic_label());
    let mut emitter = Emitter { code: &mut code, labels };
    let offsets = Stub::ALL.map(|stub| {
        emitter.code.align_with_nops(32);
        let label = emitter.label(stub);
        emitter.code.dynamic_label(label);
        let offset = emitter.code.len() as u32;
        match stub {
            Stub::Enter => emitter.enter(),
            Stub::Lazy => emitter.lazy(),
            Stub::Leave => emitter.leave(),
            Stub::GoOut => emitter.go_out(),
            Stub::Refuse => emitter.refuse(),
            Stub::Warm => emitter.warm(),
            Stub::Poll => emitter.poll(loop_budget),
            Stub::OutOfBounds => emitter.out_of_bounds(),
            Stub::Return => emitter.return_(),
            Stub::Call => emitter.call(),
            Stub::TailCall => emitter.tail_call(),
            Stub::Resolve => emitter.resolve(),
        }
        offset
    });
    (code, Unplaced(offsets))
}

/// Offsets of stubs in code that has no place yet.
#[derive(Debug)]
pub(super) struct Unplaced([u32; Stub::ALL.len()]);

impl Unplaced {
    /// The stubs of code that was placed at `base`.
    pub(super) fn at(self, base: u32) -> Stubs {
        Stubs(self.0.map(|offset| base + offset))
    }
}

struct Emitter<'a> {
    code: &'a mut CodeBuffer,
    labels: [DynamicLabel; Stub::ALL.len()],
}

/// A field of the entry that `rdx` points to.
fn entry(offset: usize) -> Mem {
    field(Rdx, offset)
}

impl Emitter<'_> {
    fn label(&self, stub: Stub) -> DynamicLabel {
        self.labels[stub as usize]
    }

    fn jump(&mut self, stub: Stub) {
        let label = self.label(stub);
        self.code.jmp(label);
    }

    /// Runs the cell at the pc.
    fn run(&mut self) {
        self.code.mov(W32, Rcx, Mem::base(PC));
        self.code.alu(Alu::Add, W64, Rcx, BASE);
        self.code.jmp_to(Rcx);
    }

    /// Takes up the context in `from`, which becomes the running instance's.
    fn switch_to(&mut self, from: Gpr) {
        self.code.mov(W64, CTX, from);
        self.reload_memory();
    }

    fn reload_memory(&mut self) {
        self.code.mov(W64, MEMORY, context(offset_of!(VmCtx, mem0_base)));
    }

    /// The store's innermost activation, in `into`.
    fn activation(&mut self, into: Gpr) {
        self.code.mov(W64, into, context(offset_of!(VmCtx, store)));
        self.code.mov(W64, into, field(into, offset_of!(VmStore, activation)));
    }

    fn go_out(&mut self) {
        let code = &mut *self.code;
        // The frames of compiled code are on the native stack: the runtime looks at them before
        // they are gone.
        code.alu_imm(Alu::And, W64, Rsp, -16);
        code.alu_imm(Alu::Sub, W64, Rsp, 16);
        code.store(W64, Mem::base(Rsp), Rax);
        code.mov(W64, Rdi, CTX);
        code.mov(W32, Rsi, Rax);
        code.mov(W64, R11, context(offset_of!(VmCtx, builtins)));
        code.call_to(field(R11, offset_of!(BuiltinTable, leave)));
        code.mov(W64, Rax, Mem::base(Rsp));
        self.activation(Rcx);
        self.code.mov(W64, Rsp, field(Rcx, offset_of!(Activation, entry_sp)));
        self.code.ret();
    }

    fn begin_function(&mut self) {
        self.code.jmp_to(entry(offset_of!(FuncEntry, slot_entry)));
    }

    fn enter(&mut self) {
        let code = &mut *self.code;
        code.mov(W64, BASE, Rcx);
        code.mov(W64, CTX, Rdi);
        self.reload_memory();
        self.activation(Rax);
        let code = &mut *self.code;
        code.store(W64, field(Rax, offset_of!(Activation, entry_sp)), Rsp);
        code.alu_imm(Alu::Sub, W64, Rsp, SCRATCH);
        let exit = self.code.new_dynamic_label();
        let code = &mut *self.code;
        // The frame pointer is as many slots below the first argument as there are parameters, and
        // one for the return word.
        code.mov(W32, Rax, entry(offset_of!(FuncEntry, param_slots)));
        code.shift_imm(Shift::Shl, W64, Rax, SLOT.trailing_zeros() as u8);
        code.alu(Alu::Sub, W64, Rsi, Rax);
        code.lea(W64, FP, Mem::new(Rsi, -SLOT));
        code.store_imm(W64, frame_word(Slot::CALLER_FP), 0);
        code.lea(W64, Rax, exit);
        code.store(W64, frame_word(Slot::RETURN), Rax);
        self.begin_function();
        self.code.dynamic_label(exit);
        self.code.zero(Rax);
        self.code.alu_imm(Alu::Add, W64, Rsp, SCRATCH);
        self.code.ret();
    }

    /// Translates the function of the entry in `rdx`.
    fn lazy(&mut self) {
        let code = &mut *self.code;
        code.store(W64, scratch(0), Rdx);
        code.mov(W64, Rax, context(offset_of!(VmCtx, builtins)));
        code.mov(W64, Rdi, CTX);
        code.mov(W64, Rsi, Rdx);
        code.call_to(field(Rax, offset_of!(BuiltinTable, translate)));
        code.mov(W64, Rdx, scratch(0));
        let failed = code.new_dynamic_label();
        code.test(W32, Rax, Rax);
        code.jcc(Cond::Ne, failed);
        self.begin_function();
        self.code.dynamic_label(failed);
        self.leave_caller();
    }

    /// Leaves with the status in `eax` at the call that opened the frame, which is not to be seen.
    fn leave_caller(&mut self) {
        let (machine, host) = (self.code.new_dynamic_label(), self.code.new_dynamic_label());
        let code = &mut *self.code;
        code.mov(W64, Rdx, frame_word(Slot::RETURN));
        code.mov(W64, FP, frame_word(Slot::CALLER_FP));
        code.test(W64, Rdx, Rdx);
        code.jcc(Cond::G, machine);
        // The pc behind the call becomes one within the call.
        code.alu_imm(Alu::Sub, W64, frame_word(Slot::SAVED_PC), WORD as i32);
        self.mark(Rsp);
        self.jump(Stub::GoOut);
        // Compiled code left, at its return address; or none, if the host called. That is noted
        // too: a frame that called out may have been replaced since.
        let code = &mut *self.code;
        code.dynamic_label(machine);
        code.zero(Rdx);
        code.test(W64, FP, FP);
        code.jcc(Cond::E, host);
        code.mov(W64, Rdx, Mem::new(Rsp, offset_of!(AdapterFrame, caller_sp) as i32));
        code.zero(FP);
        code.dynamic_label(host);
        self.mark(Rdx);
        self.jump(Stub::GoOut);
    }

    /// Notes that the frame left wasm, with the native stack at `sp`. Changes `rcx`.
    fn mark(&mut self, sp: Gpr) {
        self.activation(Rcx);
        self.code.store(W64, field(Rcx, offset_of!(Activation, exit_fp)), FP);
        self.code.store(W64, field(Rcx, offset_of!(Activation, exit_sp)), sp);
    }

    fn leave(&mut self) {
        self.code.store(W64, frame_word(Slot::SAVED_PC), PC);
        self.mark(Rsp);
        self.jump(Stub::GoOut);
    }

    /// Leaves with the status in `eax`, unless that is OK.
    fn leave_unless_ok(&mut self) {
        let ok = self.code.new_dynamic_label();
        self.code.test(W32, Rax, Rax);
        self.code.jcc(Cond::E, ok);
        self.jump(Stub::Leave);
        self.code.dynamic_label(ok);
    }

    /// Why there is no room, in `eax`.
    fn refusal(&mut self) {
        self.code.mov_imm(Rax, Trap::StackOverflow as u64);
        self.code.mov_imm(Rcx, Trap::Interrupt as u64);
        self.code.alu_imm(Alu::Cmp, W64, context(offset_of!(VmCtx, stack_limit)), -1);
        self.code.cmov(Cond::E, W32, Rax, Rcx);
    }

    fn refuse(&mut self) {
        self.refusal();
        self.leave_caller();
    }

    /// Tells the runtime about the entry in `rdx`.
    fn tell(&mut self) {
        let code = &mut *self.code;
        code.mov(W64, Rax, context(offset_of!(VmCtx, builtins)));
        code.mov(W64, Rdi, CTX);
        code.mov(W64, Rsi, Rdx);
        code.call_to(field(Rax, offset_of!(BuiltinTable, warm)));
    }

    fn warm(&mut self) {
        self.code.store(W64, scratch(0), Rdx);
        self.tell();
        self.code.mov(W64, Rdx, scratch(0));
        self.begin_function();
    }

    fn poll(&mut self, loop_budget: i32) {
        let code = &mut *self.code;
        let (stop, cool) = (code.new_dynamic_label(), code.new_dynamic_label());
        code.store_imm(W32, context(offset_of!(VmCtx, loop_budget)), loop_budget);
        code.alu_imm(Alu::Cmp, W64, context(offset_of!(VmCtx, stack_limit)), -1);
        code.jcc(Cond::E, stop);
        code.mov(W64, Rdx, frame_word(Slot::ENTRY));
        code.alu_imm(Alu::Sub, W32, entry(offset_of!(FuncEntry, heat)), loop_budget);
        code.jcc(Cond::Ns, cool);
        let code = &mut *self.code;
        code.mov(W64, Rsi, Rdx);
        code.mov(W64, Rdi, CTX);
        code.mov(W64, Rdx, PC);
        code.mov(W64, Rcx, FP);
        code.mov(W64, Rax, context(offset_of!(VmCtx, builtins)));
        code.call_to(field(Rax, offset_of!(BuiltinTable, osr)));
        let stay = code.new_dynamic_label();
        code.test(W64, Rax, Rax);
        code.jcc(Cond::E, stay);
        // All values are in slots.
        code.jmp_to(Rax);
        code.dynamic_label(stay);
        // No cell waits for an accumulator where it jumps to.
        code.mov(W64, Rsi, frame_word(Slot::ENTRY));
        code.mov(W64, Rsi, field(Rsi, FuncEntry::IR_OFFSET));
        load_pins(code, Rsi, PinCounts::ALL);
        code.dynamic_label(cool);
        self.run();
        self.code.dynamic_label(stop);
        self.code.mov_imm(Rax, Trap::Interrupt as u64);
        self.jump(Stub::Leave);
    }

    fn out_of_bounds(&mut self) {
        let code = &mut *self.code;
        code.mov(W64, Rcx, context(offset_of!(VmCtx, memories)));
        code.mov(W64, Rcx, Mem::base(Rcx));
        code.mov(W64, Rcx, field(Rcx, offset_of!(VmMemory, len)));
        let trap = code.new_dynamic_label();
        code.alu(Alu::Cmp, W64, Rcx, context(offset_of!(VmCtx, mem0_len)));
        code.jcc(Cond::Be, trap);
        // Another thread has grown the memory.
        code.store(W64, context(offset_of!(VmCtx, mem0_len)), Rcx);
        self.run();
        self.code.dynamic_label(trap);
        self.code.mov_imm(Rax, Trap::MemoryOutOfBounds as u64);
        self.jump(Stub::Leave);
    }

    fn return_(&mut self) {
        let code = &mut *self.code;
        let (other, same) = (code.new_dynamic_label(), code.new_dynamic_label());
        code.test(W64, Rcx, Rcx);
        code.jcc(Cond::S, other);
        code.jcc(Cond::E, same);
        code.jmp_to(Rcx);
        code.dynamic_label(other);
        // Without the mark.
        code.shift_imm(Shift::Shl, W64, Rcx, 1);
        code.shift_imm(Shift::Shr, W64, Rcx, 1);
        self.switch_to(Rcx);
        self.code.dynamic_label(same);
        self.resume();
    }

    /// Goes on in the interpreted function whose frame is the running one.
    fn resume(&mut self) {
        self.code.mov(W64, PC, frame_word(Slot::SAVED_PC));
        self.run();
    }

    /// The running instance as a return word.
    fn this_instance(&mut self, word: Gpr) {
        self.code.mov_imm(word, OTHER_INSTANCE);
        self.code.alu(Alu::Or, W64, word, CTX);
    }

    /// Goes to `host` if the entry in `rdx` is a host function's.
    fn if_host(&mut self, host: DynamicLabel) {
        self.code.alu_imm(Alu::Cmp, W64, entry(offset_of!(FuncEntry, host)), 0);
        self.code.jcc(Cond::Ne, host);
    }

    fn call(&mut self) {
        let (host, same) = (self.code.new_dynamic_label(), self.code.new_dynamic_label());
        self.if_host(host);
        self.code.zero(Rax);
        self.code.alu(Alu::Cmp, W64, Rcx, CTX);
        self.code.jcc(Cond::E, same);
        self.this_instance(Rax);
        self.switch_to(Rcx);
        let code = &mut *self.code;
        code.dynamic_label(same);
        code.store(W64, frame_word(Slot::SAVED_PC), Rsi);
        code.store(W64, Mem::base(Rdi), FP);
        code.store(W64, Mem::new(Rdi, SLOT), Rax);
        code.mov(W64, FP, Rdi);
        self.begin_function();
        self.code.dynamic_label(host);
        self.call_host();
    }

    /// Calls the host function with its entry in `rdx` and context in `rcx`. Arguments lie above
    /// what would be its frame pointer, in `rdi`; it returns to the pc in `rsi`.
    fn call_host(&mut self) {
        let code = &mut *self.code;
        code.store(W64, scratch(0), Rdx);
        code.store(W64, scratch(1), Rsi);
        code.mov(W32, Rax, entry(offset_of!(FuncEntry, param_slots)));
        code.lea(W64, Rsi, Mem::base(Rdi).indexed(Rax, Scale::Eight).offset(SLOT));
        code.store(W64, scratch(2), Rsi);
        frame_low(self.code, Rax);
        self.run_host(Rax);
        let code = &mut *self.code;
        code.mov(W64, Rdx, scratch(0));
        code.mov(W64, PC, scratch(1));
        let no_result = code.new_dynamic_label();
        code.alu_imm(Alu::Cmp, W32, entry(offset_of!(FuncEntry, result_slots)), 0);
        code.jcc(Cond::E, no_result);
        code.mov(W64, Rcx, scratch(2));
        code.mov(W64, ACC, Mem::base(Rcx));
        code.mov_to_xmm(W64, FLOAT_ACC, ACC);
        code.dynamic_label(no_result);
        self.run();
    }

    /// Runs the host function of `rdx` and `rcx` on the arguments at `rsi`; nothing below `low` is
    /// in use. Leaves if it fails.
    fn run_host(&mut self, low: Gpr) {
        let code = &mut *self.code;
        code.store(W64, frame_word(Slot::SAVED_PC), PC);
        exit_to_runtime(code, low);
        code.mov(W64, R11, entry(offset_of!(FuncEntry, host)));
        code.mov(W64, Rdi, Rcx);
        code.mov(W64, Rdx, Rsi);
        code.mov(W64, Rsi, CTX);
        code.call_to(R11);
        self.reload_memory();
        self.leave_unless_ok();
    }

    /// Where argument 0 of the running frame lies.
    fn first_argument(&mut self, into: Gpr) {
        let code = &mut *self.code;
        code.mov(W64, into, frame_word(Slot::ENTRY));
        code.mov(W32, into, field(into, offset_of!(FuncEntry, param_slots)));
        code.lea(W64, into, Mem::base(FP).indexed(into, Scale::Eight).offset(SLOT));
    }

    /// Moves as many slots as `rdi` says from `rsi` downwards to `rax` downwards.
    fn move_up(&mut self) {
        let code = &mut *self.code;
        let (again, done) = (code.new_dynamic_label(), code.new_dynamic_label());
        code.dynamic_label(again);
        code.alu_imm(Alu::Sub, W64, Rdi, 1);
        code.jcc(Cond::B, done);
        code.mov(W64, R11, Mem::base(Rsi));
        code.store(W64, Mem::base(Rax), R11);
        code.alu_imm(Alu::Sub, W64, Rsi, SLOT);
        code.alu_imm(Alu::Sub, W64, Rax, SLOT);
        code.jmp(again);
        code.dynamic_label(done);
    }

    /// Leaves if the stack limit is above `low`.
    fn check_room(&mut self, low: Gpr) {
        let room = self.code.new_dynamic_label();
        self.code.alu(Alu::Cmp, W64, low, context(offset_of!(VmCtx, stack_limit)));
        self.code.jcc(Cond::Ae, room);
        self.refusal();
        self.jump(Stub::Leave);
        self.code.dynamic_label(room);
    }

    fn tail_call(&mut self) {
        let (host, same, known) = (
            self.code.new_dynamic_label(),
            self.code.new_dynamic_label(),
            self.code.new_dynamic_label(),
        );
        self.if_host(host);
        self.first_argument(Rax);
        // The new frame pointer: a slot for each argument, and one for the return word, below.
        let code = &mut *self.code;
        code.lea(W64, R9, Mem::new(Rax, -SLOT));
        code.mov(W64, R8, Rdi);
        code.shift_imm(Shift::Shl, W64, R8, SLOT.trailing_zeros() as u8);
        code.alu(Alu::Sub, W64, R9, R8);
        self.check_room(R9);
        self.code.mov(W64, R10, frame_word(Slot::CALLER_FP));
        self.code.mov(W64, R8, frame_word(Slot::RETURN));
        self.move_up();
        self.code.alu(Alu::Cmp, W64, Rcx, CTX);
        self.code.jcc(Cond::E, same);
        // Whoever is returned to is in this instance, unless the return word says another.
        self.code.test(W64, R8, R8);
        self.code.jcc(Cond::Ne, known);
        self.this_instance(R8);
        self.code.dynamic_label(known);
        self.switch_to(Rcx);
        let code = &mut *self.code;
        code.dynamic_label(same);
        code.mov(W64, FP, R9);
        code.store(W64, frame_word(Slot::CALLER_FP), R10);
        code.store(W64, frame_word(Slot::RETURN), R8);
        self.begin_function();
        self.code.dynamic_label(host);
        self.tail_call_host();
    }

    /// Calls the host function of `rdx` and `rcx` and returns what it returns.
    fn tail_call_host(&mut self) {
        let code = &mut *self.code;
        code.store(W64, scratch(0), Rdx);
        code.store(W64, scratch(1), Rsi);
        // The frame has room for the arguments; the results may take more.
        code.mov(W32, R8, entry(offset_of!(FuncEntry, result_slots)));
        code.shift_imm(Shift::Shl, W64, R8, SLOT.trailing_zeros() as u8);
        code.lea(W64, R9, Mem::new(Rsi, SLOT));
        code.alu(Alu::Sub, W64, R9, R8);
        frame_low(self.code, R10);
        self.code.alu(Alu::Cmp, W64, R9, R10);
        self.code.cmov(Cond::B, W64, R10, R9);
        self.code.store(W64, scratch(2), Rcx);
        self.check_room(R10);
        self.code.mov(W64, Rcx, scratch(2));
        self.run_host(R10);
        // Results may lie over the header.
        let code = &mut *self.code;
        code.mov(W64, Rdx, scratch(0));
        code.mov(W64, Rsi, scratch(1));
        code.mov(W32, Rdi, entry(offset_of!(FuncEntry, result_slots)));
        code.mov(W64, Rcx, frame_word(Slot::RETURN));
        code.mov(W64, R8, frame_word(Slot::CALLER_FP));
        self.first_argument(Rax);
        self.code.mov(W64, R9, Rax);
        self.move_up();
        let code = &mut *self.code;
        code.mov(W64, ACC, Mem::base(R9));
        code.mov_to_xmm(W64, FLOAT_ACC, ACC);
        code.mov(W64, FP, R8);
        code.test(W64, Rcx, Rcx);
        let label = self.label(Stub::Return);
        self.code.jcc(Cond::Ne, label);
        self.resume();
    }

    fn resolve(&mut self) {
        let code = &mut *self.code;
        // The return address is one word more.
        code.alu_imm(Alu::Sub, W64, Rsp, SCRATCH);
        code.store(W64, scratch(0), Rsi);
        code.mov(W64, Rax, context(offset_of!(VmCtx, builtins)));
        code.mov(W64, Rdi, CTX);
        code.mov(W64, Rsi, Rsp);
        code.call_to(field(Rax, offset_of!(BuiltinTable, resolve_indirect)));
        let failed = code.new_dynamic_label();
        code.test(W32, Rax, Rax);
        code.jcc(Cond::Ne, failed);
        code.mov(W32, Rax, scratch(0));
        code.alu(Alu::Add, W64, Rax, context(offset_of!(VmCtx, funcref_base)));
        code.alu_imm(Alu::Add, W64, Rsp, SCRATCH);
        code.ret();
        code.dynamic_label(failed);
        code.alu_imm(Alu::Add, W64, Rsp, SCRATCH + SLOT);
        self.jump(Stub::Leave);
    }
}
