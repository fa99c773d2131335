//! Faults and signals that are somebody else's, each in a process of its own.

use std::os::unix::process::ExitStatusExt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{mem, ptr};

use crate::runtime::child_process::{run_in_child, succeed_in_child};
use crate::runtime::emitted::{Code, Memory};
use crate::runtime::mmap::host_page_size;
use crate::runtime::signals::{InfoHandler, PlainHandler};

/// The full path of a test of this file.
fn path(test: &str) -> String {
    format!("runtime::signals::tests::chained::{test}")
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
    install((mend_with_info as InfoHandler) as usize, libc::SA_SIGINFO);
}

fn install_mend() {
    install((mend as PlainHandler) as usize, 0);
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
    let test = "a_fault_outside_of_our_code_goes_to_the_previous_handler";
    succeed_in_child(&path(test), || {
        install_mend_with_info();
        let memory = Memory::new();
        assert_eq!(fault_in_rust(&memory), 0);
        assert_eq!(CALLS.load(), 1);
        assert_eq!(ADDRESS.load(), PAGE.load());
    });
}

#[test]
fn a_previous_handler_without_information_is_called_too() {
    let test = "a_previous_handler_without_information_is_called_too";
    succeed_in_child(&path(test), || {
        install_mend();
        assert_eq!(fault_in_rust(&Memory::new()), 0);
        assert_eq!(CALLS.load(), 1);
    });
}

#[test]
fn a_previous_handler_for_one_time_is_called_one_time() {
    let test = "a_previous_handler_for_one_time_is_called_one_time";
    let output = run_in_child(&path(test), || {
        install((mend as PlainHandler) as usize, libc::SA_RESETHAND);
        assert_eq!(fault_in_rust(&Memory::new()), 0);
        eprintln!("mended once");
        fault_in_rust(&Memory::new());
    });
    assert_eq!(output.status.signal(), Some(libc::SIGSEGV), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("mended once"));
}

#[test]
fn a_fault_of_our_code_at_a_foreign_address_goes_to_the_previous_handler() {
    let test = "a_fault_of_our_code_at_a_foreign_address_goes_to_the_previous_handler";
    succeed_in_child(&path(test), || {
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
    let test = "a_signal_that_was_sent_is_not_a_fault";
    succeed_in_child(&path(test), || {
        install_mend();
        let _ = Memory::new().activation();
        // SAFETY: our handler passes the signal on to `mend`.
        unsafe { libc::raise(libc::SIGSEGV) };
        assert_eq!(CALLS.load(), 1);
    });
}

fn assert_dies(test: &str, body: fn()) {
    let output = run_in_child(&path(test), body);
    assert_eq!(output.status.signal(), Some(libc::SIGSEGV), "{output:?}");
}

#[test]
fn a_foreign_fault_kills_by_default() {
    assert_dies("a_foreign_fault_kills_by_default", || {
        install(libc::SIG_DFL, 0);
        fault_in_rust(&Memory::new());
    });
}

#[test]
fn a_sent_signal_kills_by_default() {
    assert_dies("a_sent_signal_kills_by_default", || {
        install(libc::SIG_DFL, 0);
        let _ = Memory::new().activation();
        // SAFETY: ends this process.
        unsafe { libc::raise(libc::SIGSEGV) };
    });
}

#[test]
fn a_foreign_fault_kills_below_the_handler_of_the_standard_library() {
    let test = "a_foreign_fault_kills_below_the_handler_of_the_standard_library";
    assert_dies(test, || {
        fault_in_rust(&Memory::new());
    });
}

#[test]
fn an_ignored_signal_is_ignored_and_an_ignored_fault_kills() {
    let test = "an_ignored_signal_is_ignored_and_an_ignored_fault_kills";
    let output = run_in_child(&path(test), || {
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
