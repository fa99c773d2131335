//! Faults of hand-emitted code: those that are traps, and those that are somebody else's.

use std::ops::Range;
use std::os::unix::process::ExitStatusExt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::{mem, ptr, thread};

use dynasmrt::{DynasmApi, dynasm};
use wasmtier_ops::Trap;
use wasmtier_vm::{Status, VmCtx};
use wasmtier_x64::CodeBuffer;

use crate::runtime::activation::{Fault, NativeActivation, ReservationSet};
use crate::runtime::child_process::{run_in_child, succeed_in_child};
use crate::runtime::code_range::{Registration, TrapSite, register};
use crate::runtime::mmap::{Reservation, host_page_size};

/// Executable code that is known to the fault handler, as a back-end will publish it.
struct Code {
    _registration: Registration,
    pages: Reservation,
    /// Offset of the first instruction that may fault.
    site: usize,
}

impl Code {
    fn publish(code: CodeBuffer, sites: &[usize]) -> Self {
        let bytes = code.finish().unwrap();
        let pages = Reservation::new(bytes.len()).unwrap();
        pages.commit(0..bytes.len()).unwrap();
        // SAFETY: the pages were committed and hold that many bytes.
        unsafe { pages.base().copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
        // SAFETY: everything was written.
        unsafe { pages.make_executable(0..pages.len()) }.unwrap();
        let site = |&offset: &usize| {
            let offset = u32::try_from(offset).unwrap();
            TrapSite { offset, trap: Trap::MemoryOutOfBounds }
        };
        // SAFETY: the code is entered by `Code::call` only, and its host calls own nothing that a
        // fault of it would skip.
        let registration = unsafe { register(pages.range(), sites.iter().map(site).collect()) };
        Self { _registration: registration, pages, site: sites[0] }
    }

    /// `args[0] = base[args[0]]`
    fn load() -> Self {
        let mut code = CodeBuffer::new();
        dynasm!(code ; .arch x64 ; mov rax, [rsi]);
        let site = code.len();
        dynasm!(code
            ; movzx eax, BYTE [rdi + rax]
            ; mov [rsi], rax
            ; xor eax, eax
            ; ret
        );
        Self::publish(code, &[site])
    }

    /// Calls `args[1]`, and then is as [`Code::load`]. Restores none of the registers it uses.
    fn call_host_and_load() -> Self {
        let mut code = CodeBuffer::new();
        dynasm!(code
            ; .arch x64
            ; mov r12, rdi
            ; mov rbx, rsi
            ; xor r13d, r13d
            ; mov r14, r13
            ; mov r15, r13
            ; mov rbp, r13
            ; sub rsp, 8
            ; call QWORD [rbx + 8]
            ; add rsp, 8
            ; mov rax, [rbx]
        );
        let site = code.len();
        dynasm!(code
            ; movzx eax, BYTE [r12 + rax]
            ; mov [rbx], rax
            ; xor eax, eax
            ; ret
        );
        Self::publish(code, &[site])
    }

    fn pc(&self) -> usize {
        self.pages.range().start + self.site
    }

    fn call(
        &self,
        activation: &mut NativeActivation,
        base: *mut u8,
        args: &mut [u64; 2],
    ) -> Status {
        let args = args.as_mut_ptr();
        // SAFETY: the code is of the right signature, and uses `base` as the memory it is.
        unsafe { activation.call(self.pages.base(), base.cast::<VmCtx>(), args) }
    }
}

/// One accessible page followed by two that are not.
struct Memory {
    pages: Reservation,
    reservations: ReservationSet,
}

impl Memory {
    fn new() -> Self {
        let page = host_page_size();
        let pages = Reservation::new(3 * page).unwrap();
        pages.commit(0..page).unwrap();
        // SAFETY: within the committed page.
        unsafe { pages.base().wrapping_add(5).write(55) };
        let reservations = ReservationSet::default();
        reservations.insert(pages.range());
        Self { pages, reservations }
    }

    fn activation(&self) -> NativeActivation {
        NativeActivation::new(&raw const self.reservations).unwrap()
    }

    /// Loads byte `index`: the byte, or the fault.
    fn load(&self, code: &Code, index: usize) -> Result<u64, Fault> {
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

    fn guard(&self) -> Range<usize> {
        host_page_size()..self.pages.len()
    }

    fn check(&self, code: &Code, index: usize) {
        assert_eq!(self.load(code, 5), Ok(55));
        let fault = self.load(code, index).unwrap_err();
        assert_eq!(fault.trap, Trap::MemoryOutOfBounds);
        assert_eq!((fault.pc, fault.address), (code.pc(), self.pages.range().start + index));
    }
}

#[test]
fn a_fault_in_a_guard_is_a_trap_every_time() {
    let (memory, code) = (Memory::new(), Code::load());
    let guard = memory.guard();
    for round in 0..10_000 {
        memory.check(&code, guard.start + round % guard.len());
    }
}

#[test]
fn an_activation_can_be_used_again_after_a_trap() {
    let (memory, code) = (Memory::new(), Code::load());
    let mut activation = memory.activation();
    for index in [memory.guard().start, 5, memory.guard().start, 5] {
        let status = code.call(&mut activation, memory.pages.base(), &mut [index as u64, 0]);
        assert_eq!(status.is_ok(), index == 5);
        assert_eq!(activation.fault().is_none(), index == 5);
    }
}

/// A host function: `args[0]` is what the outer code will load, `base` the memory of both.
extern "C" fn fault_inside(base: *mut u8, args: *mut u64) -> u32 {
    let inner = Code::load();
    let reservations = ReservationSet::default();
    let start = base.addr();
    reservations.insert(start..start + 3 * host_page_size());
    let mut activation = NativeActivation::new(&raw const reservations).unwrap();
    let mut inner_args = [2 * host_page_size() as u64, 0];
    let status = inner.call(&mut activation, base, &mut inner_args);
    assert_eq!(status.as_trap(), Some(Trap::MemoryOutOfBounds));
    assert_eq!(activation.fault().unwrap().pc, inner.pc());
    // SAFETY: the outer code passed its own arguments on.
    unsafe { args.cast::<[u64; 2]>().as_mut() }.unwrap()[0] += 1;
    0
}

#[test]
fn a_fault_below_a_host_call_ends_the_inner_activation_only() {
    let (memory, code) = (Memory::new(), Code::call_host_and_load());
    let host = (fault_inside as extern "C" fn(*mut u8, *mut u64) -> u32) as usize as u64;
    let base = memory.pages.base();
    for _ in 0..100 {
        let mut activation = memory.activation();
        let mut args = [4, host];
        assert!(code.call(&mut activation, base, &mut args).is_ok());
        assert_eq!((args[0], activation.fault()), (55, None));

        let mut args = [memory.guard().start as u64 - 1, host];
        let status = code.call(&mut activation, base, &mut args);
        assert_eq!(status.as_trap(), Some(Trap::MemoryOutOfBounds));
        assert_eq!(activation.fault().unwrap().pc, code.pc());
    }
}

#[test]
fn threads_trap_at_the_same_time() {
    let code = Code::load();
    thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                let memory = Memory::new();
                for index in 0..2_000 {
                    memory.check(&code, memory.guard().start + index);
                }
            });
        }
    });
}

#[test]
fn code_comes_and_goes_while_other_code_faults() {
    let (code, done) = (Code::load(), AtomicBool::new(false));
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let memory = Memory::new();
                // Relaxed: only says when to stop.
                while !done.load(Ordering::Relaxed) {
                    memory.check(&code, memory.guard().start);
                }
            });
        }
        let publishers: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    let memory = Memory::new();
                    for round in 0..1_000 {
                        let codes = [Code::load(), Code::load(), Code::load()];
                        memory.check(&codes[round % 3], memory.guard().start);
                    }
                })
            })
            .collect();
        for publisher in publishers {
            publisher.join().unwrap();
        }
        // Relaxed: as above.
        done.store(true, Ordering::Relaxed);
    });
}

/// In a process of its own, where nobody maps anything else at the address that was freed.
#[test]
fn a_thread_gets_an_alternate_stack_and_gives_it_back() {
    let test = "runtime::signals::tests::a_thread_gets_an_alternate_stack_and_gives_it_back";
    succeed_in_child(test, || {
        let stack = thread::spawn(|| {
            let _ = Memory::new().activation();
            let stack = alternate_stack();
            assert!(stack.ss_flags & libc::SS_DISABLE == 0 && stack.ss_size >= 64 << 10);
            let _ = Memory::new().activation();
            assert_eq!(alternate_stack().ss_sp, stack.ss_sp);
            stack.ss_sp.addr()
        });
        let page = ptr::without_provenance_mut(stack.join().unwrap());
        let mut residency = 0_u8;
        // SAFETY: asks about a page, which need not be mapped.
        let status = unsafe { libc::mincore(page, host_page_size(), &raw mut residency) };
        assert_eq!(status, -1, "the stack of a thread that ended is still mapped");
    });
}

fn alternate_stack() -> libc::stack_t {
    let mut stack = libc::stack_t { ss_sp: ptr::null_mut(), ss_flags: 0, ss_size: 0 };
    // SAFETY: asks, changes nothing.
    unsafe { libc::sigaltstack(ptr::null(), &raw mut stack) };
    stack
}

/// A word that the one thread of a child and the handlers below, which interrupt it, share.
struct Shared(AtomicUsize);

impl Shared {
    fn load(&self) -> usize {
        // Relaxed: one thread.
        self.0.load(Ordering::Relaxed)
    }

    fn store(&self, value: usize) {
        // Relaxed: one thread.
        self.0.store(value, Ordering::Relaxed);
    }
}

/// How often the handlers were called.
static CALLS: Shared = Shared(AtomicUsize::new(0));
/// The last address they were told.
static ADDRESS: Shared = Shared(AtomicUsize::new(0));
/// The page they make accessible, so that the instruction can be run again.
static PAGE: Shared = Shared(AtomicUsize::new(0));

extern "C" fn mend(_signal: libc::c_int) {
    CALLS.store(CALLS.load() + 1);
    let page = ptr::without_provenance_mut(PAGE.load());
    let access = libc::PROT_READ | libc::PROT_WRITE;
    // SAFETY: the test owns the page, or there is none and the call fails.
    unsafe { libc::mprotect(page, host_page_size(), access) };
}

extern "C" fn mend_with_info(
    signal: libc::c_int,
    info: *mut libc::siginfo_t,
    context: *mut libc::c_void,
) {
    assert!(!context.is_null());
    // SAFETY: a handler with information gets valid information.
    let info = unsafe { &*info };
    // SAFETY: the tests that look at it cause real faults, which have an address.
    let address = unsafe { info.si_addr() };
    ADDRESS.store(address.addr());
    mend(signal);
}

fn install(handler: usize, flags: libc::c_int) {
    // SAFETY: all zeros is a valid `sigaction`.
    let mut action: libc::sigaction = unsafe { mem::zeroed() };
    action.sa_sigaction = handler;
    action.sa_flags = flags;
    // SAFETY: the handlers of this file are async-signal-safe.
    let status = unsafe { libc::sigaction(libc::SIGSEGV, &raw const action, ptr::null_mut()) };
    assert_eq!(status, 0);
    let no_core = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: lowers a limit of this process, which was started for that.
    unsafe { libc::setrlimit(libc::RLIMIT_CORE, &raw const no_core) };
}

fn install_mend_with_info() {
    install((mend_with_info as super::InfoHandler) as usize, libc::SA_SIGINFO);
}

fn install_mend() {
    install((mend as super::PlainHandler) as usize, 0);
}

/// Reads the first inaccessible byte of a memory from Rust, with our handler in place.
fn fault_in_rust(memory: &Memory) -> u8 {
    let code = Code::load();
    memory.check(&code, memory.guard().start);
    let address = memory.pages.base().wrapping_add(memory.guard().start);
    PAGE.store(address.addr());
    // SAFETY: mapped, and the previous handler makes it readable, or the process ends.
    unsafe { address.read_volatile() }
}

#[test]
fn a_fault_outside_of_our_code_goes_to_the_previous_handler() {
    let test = "runtime::signals::tests::a_fault_outside_of_our_code_goes_to_the_previous_handler";
    succeed_in_child(test, || {
        install_mend_with_info();
        let memory = Memory::new();
        assert_eq!(fault_in_rust(&memory), 0);
        assert_eq!(CALLS.load(), 1);
        assert_eq!(ADDRESS.load(), PAGE.load());
    });
}

#[test]
fn a_previous_handler_without_information_is_called_too() {
    let test = "runtime::signals::tests::a_previous_handler_without_information_is_called_too";
    succeed_in_child(test, || {
        install_mend();
        assert_eq!(fault_in_rust(&Memory::new()), 0);
        assert_eq!(CALLS.load(), 1);
    });
}

#[test]
fn a_previous_handler_for_one_time_is_called_one_time() {
    let test = "runtime::signals::tests::a_previous_handler_for_one_time_is_called_one_time";
    let output = run_in_child(test, || {
        install((mend as super::PlainHandler) as usize, libc::SA_RESETHAND);
        assert_eq!(fault_in_rust(&Memory::new()), 0);
        eprintln!("mended once");
        fault_in_rust(&Memory::new());
    });
    assert_eq!(output.status.signal(), Some(libc::SIGSEGV), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("mended once"));
}

#[test]
fn a_fault_of_our_code_at_a_foreign_address_goes_to_the_previous_handler() {
    let test = "runtime::signals::tests::\
                a_fault_of_our_code_at_a_foreign_address_goes_to_the_previous_handler";
    succeed_in_child(test, || {
        install_mend_with_info();
        let (ours, foreign, code) = (Memory::new(), Memory::new(), Code::load());
        let address = foreign.pages.range().start + foreign.guard().start;
        PAGE.store(address);
        // What was removed from the set is foreign again.
        ours.reservations.insert(foreign.pages.range());
        ours.reservations.remove(&foreign.pages.range());
        let mut activation = ours.activation();
        let mut args = [foreign.guard().start as u64, 0];
        assert!(code.call(&mut activation, foreign.pages.base(), &mut args).is_ok());
        assert_eq!((args[0], activation.fault()), (0, None));
        assert_eq!(CALLS.load(), 1);
        assert_eq!(ADDRESS.load(), address);
    });
}

#[test]
fn a_signal_that_was_sent_is_not_a_fault() {
    let test = "runtime::signals::tests::a_signal_that_was_sent_is_not_a_fault";
    succeed_in_child(test, || {
        install_mend();
        let _ = Memory::new().activation();
        // SAFETY: our handler passes the signal on to `mend`.
        unsafe { libc::raise(libc::SIGSEGV) };
        assert_eq!(CALLS.load(), 1);
    });
}

fn assert_dies(test: &str, body: fn()) {
    let output = run_in_child(test, body);
    assert_eq!(output.status.signal(), Some(libc::SIGSEGV), "{output:?}");
}

#[test]
fn a_foreign_fault_kills_by_default() {
    assert_dies("runtime::signals::tests::a_foreign_fault_kills_by_default", || {
        install(libc::SIG_DFL, 0);
        fault_in_rust(&Memory::new());
    });
}

#[test]
fn a_sent_signal_kills_by_default() {
    assert_dies("runtime::signals::tests::a_sent_signal_kills_by_default", || {
        install(libc::SIG_DFL, 0);
        let _ = Memory::new().activation();
        // SAFETY: ends this process.
        unsafe { libc::raise(libc::SIGSEGV) };
    });
}

#[test]
fn a_foreign_fault_kills_below_the_handler_of_the_standard_library() {
    let test = "runtime::signals::tests::\
                a_foreign_fault_kills_below_the_handler_of_the_standard_library";
    assert_dies(test, || {
        fault_in_rust(&Memory::new());
    });
}

#[test]
fn an_ignored_signal_is_ignored_and_an_ignored_fault_kills() {
    let test = "runtime::signals::tests::an_ignored_signal_is_ignored_and_an_ignored_fault_kills";
    let output = run_in_child(test, || {
        install(libc::SIG_IGN, 0);
        let _ = Memory::new().activation();
        // SAFETY: ignored.
        unsafe { libc::raise(libc::SIGSEGV) };
        eprintln!("ignored");
        fault_in_rust(&Memory::new());
    });
    assert_eq!(output.status.signal(), Some(libc::SIGSEGV), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("ignored"));
}
