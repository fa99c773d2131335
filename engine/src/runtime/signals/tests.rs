//! Faults of hand-emitted code that are traps: one, many, nested, at the same time.

use std::sync::atomic::{AtomicBool, Ordering};
use std::{ptr, thread};

use wasmtier_ops::Trap;

use crate::runtime::activation::NativeActivation;
use crate::runtime::child_process::succeed_in_child;
use crate::runtime::emitted::{Code, Memory};
use crate::runtime::mmap::{Reservation, host_page_size};
use crate::runtime::reservation_set::ReservationSet;

mod chained;

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

#[test]
fn an_overflow_of_the_stack_in_use_is_a_trap() {
    let (stack, code) = (Reservation::new(4 * host_page_size()).unwrap(), Code::overflow_stack());
    stack.commit(host_page_size()..stack.len()).unwrap();
    let reservations = ReservationSet::default();
    reservations.insert(stack.range());
    let mut activation = NativeActivation::new(&raw const reservations).unwrap();
    for _ in 0..100 {
        let status = code.call(&mut activation, stack.base(), &mut [stack.len() as u64, 0]);
        assert_eq!(status.as_trap(), Some(Trap::StackOverflow));
        let guard_end = stack.range().start + host_page_size();
        let fault = activation.fault().unwrap();
        assert_eq!((fault.pc, fault.address), (code.pc(), guard_end - 8));
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
