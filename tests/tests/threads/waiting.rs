//! Waiting and waking: nobody sleeps on, nobody is woken twice.

use std::path::Path;
use std::sync::{Barrier, Mutex, mpsc};
use std::time::Duration;
use std::{fs, thread};

use wasmtier::{MemoryType, SharedMemory, Trap, WaitResult};

use crate::{THREADS, in_every_mode, instantiate, module, run_on_threads};

fn memory(engine: &wasmtier::Engine) -> SharedMemory {
    SharedMemory::new(engine, MemoryType::shared(1, 2)).expect("there is room")
}

const WAITER: &str = r#"(module (memory (import "env" "memory") 1 2 shared)
    (func (export "wait32") (param i32 i32 i64) (result i32)
        (memory.atomic.wait32 (local.get 0) (local.get 1) (local.get 2)))
    (func (export "wait64") (param i32 i64 i64) (result i32)
        (memory.atomic.wait64 (local.get 0) (local.get 1) (local.get 2)))
    (func (export "notify") (param i32 i32) (result i32)
        (memory.atomic.notify (local.get 0) (local.get 1))))"#;

/// The host wakes guests one by one; each wake-up ends exactly one wait.
#[test]
fn the_host_wakes_every_guest_once() {
    in_every_mode(|engine| {
        let memory = memory(engine);
        let module = module(engine, WAITER);
        let waiter = |number: i32| {
            let (mut store, instance) = instantiate(&module, &memory);
            // Half of them wait for 64 bits: what counts is the address.
            if number % 2 == 0 {
                let wait = instance.get_typed_func::<(i32, i32, i64), i32>(&mut store, "wait32");
                wait.unwrap().call(&mut store, (8, 0, -1)).unwrap()
            } else {
                let wait = instance.get_typed_func::<(i32, i64, i64), i32>(&mut store, "wait64");
                wait.unwrap().call(&mut store, (8, 0, i64::MAX)).unwrap()
            }
        };
        thread::scope(|scope| {
            let waiters: Vec<_> =
                (0..THREADS).map(|number| scope.spawn(move || waiter(number))).collect();
            let mut woken = 0;
            while woken < THREADS as u32 {
                // Who has not begun to wait yet is met in a later round.
                woken += memory.atomic_notify(8, 1).unwrap();
                assert_eq!(memory.atomic_notify(12, u32::MAX).unwrap(), 0);
                thread::yield_now();
            }
            for waiter in waiters {
                assert_eq!(waiter.join().unwrap(), 0);
            }
        });
        assert_eq!(memory.atomic_notify(8, u32::MAX).unwrap(), 0);
    });
}

#[test]
fn a_guest_wakes_the_host() {
    in_every_mode(|engine| {
        let memory = memory(engine);
        let module = module(engine, WAITER);
        thread::scope(|scope| {
            let waiter = scope.spawn(|| memory.atomic_wait64(16, 0, None).unwrap());
            let (mut store, instance) = instantiate(&module, &memory);
            let notify = instance.get_typed_func::<(i32, i32), i32>(&mut store, "notify").unwrap();
            while notify.call(&mut store, (16, 1)).unwrap() == 0 {
                thread::yield_now();
            }
            assert_eq!(waiter.join().unwrap(), WaitResult::Ok);
        });
    });
}

/// Each begins to wait when the one before sleeps, which the kernel knows.
#[test]
fn threads_are_woken_in_the_order_in_which_they_came() {
    in_every_mode(|engine| {
        let memory = memory(engine);
        let woken = Mutex::new(Vec::new());
        let count = || woken.lock().unwrap().len();
        thread::scope(|scope| {
            for number in 0..THREADS {
                let (memory, woken) = (&memory, &woken);
                let (tell, told) = mpsc::channel();
                scope.spawn(move || {
                    // `PID/task/TID`, below `/proc`.
                    let this = fs::read_link("/proc/thread-self").expect("Linux has it");
                    tell.send(this).expect("somebody listens");
                    drop(tell);
                    assert_eq!(memory.atomic_wait32(64, 0, None), Ok(WaitResult::Ok));
                    woken.lock().unwrap().push(number);
                });
                let stat = Path::new("/proc").join(told.recv().expect("it tells")).join("stat");
                // Only the wait is left for it to sleep in.
                let is_asleep = || fs::read_to_string(&stat).expect("it runs").contains(") S ");
                while !is_asleep() {
                    thread::yield_now();
                }
            }
            for number in 0..THREADS as usize {
                assert_eq!((count(), memory.atomic_notify(64, 1)), (number, Ok(1)));
                while count() == number {
                    thread::yield_now();
                }
            }
        });
        assert_eq!(woken.into_inner().unwrap(), (0..THREADS).collect::<Vec<_>>());
    });
}

/// The classic race: the value changes and is announced between the look and the wait.
#[test]
fn no_announcement_is_lost() {
    const ROUNDS: i32 = 2000;
    // Thread 0 announces each number after thread 1 has acknowledged the one before.
    let text = format!(
        r#"(module (memory (import "env" "memory") 1 1 shared)
            (func $await (param $at i32) (param $wanted i32) (local $seen i32)
                (block $done
                    (loop $look
                        (br_if $done (i32.eq (local.get $wanted)
                            (local.tee $seen (i32.atomic.load (local.get $at)))))
                        (drop (memory.atomic.wait32
                            (local.get $at) (local.get $seen) (i64.const -1)))
                        (br $look))))
            (func $announce (param $at i32) (param $number i32)
                (i32.atomic.store (local.get $at) (local.get $number))
                (drop (memory.atomic.notify (local.get $at) (i32.const 1))))
            (func (export "run") (param $number i32) (result i32) (local $round i32)
                (if (i32.ge_u (local.get $number) (i32.const 2)) (then (return (i32.const 0))))
                (loop $next
                    (local.set $round (i32.add (local.get $round) (i32.const 1)))
                    (if (local.get $number)
                        (then
                            (call $await (i32.const 0) (local.get $round))
                            (call $announce (i32.const 4) (local.get $round)))
                        (else
                            (call $announce (i32.const 0) (local.get $round))
                            (call $await (i32.const 4) (local.get $round))))
                    (br_if $next (i32.lt_u (local.get $round) (i32.const {ROUNDS}))))
                (local.get $round)))"#
    );
    in_every_mode(|engine| {
        let (_, results) = run_on_threads(engine, MemoryType::shared(1, 1), &text);
        assert_eq!(results[..2], [ROUNDS, ROUNDS]);
    });
}

/// Timeouts race with wake-ups: as many are told that they were woken as were woken.
#[test]
fn timeouts_and_wake_ups_are_counted_right() {
    const ROUNDS: u32 = 200;
    in_every_mode(|engine| {
        let memory = memory(engine);
        let start = Barrier::new(THREADS as usize + 1);
        let waiter = |number: u32| {
            let timeout = Some(Duration::from_micros(u64::from(10 * number)));
            start.wait();
            let waits = (0..ROUNDS).map(|_| memory.atomic_wait32(0, 0, timeout).unwrap());
            waits.filter(|&result| result == WaitResult::Ok).count() as u32
        };
        let waiter = &waiter;
        thread::scope(|scope| {
            let waiters: Vec<_> =
                (0..THREADS as u32).map(|number| scope.spawn(move || waiter(number))).collect();
            start.wait();
            let mut woken = 0;
            while !waiters.iter().all(thread::ScopedJoinHandle::is_finished) {
                woken += memory.atomic_notify(0, 1).unwrap();
            }
            let told: u32 = waiters.into_iter().map(|waiter| waiter.join().unwrap()).sum();
            assert_eq!(told, woken);
        });
        assert_eq!(memory.atomic_notify(0, u32::MAX).unwrap(), 0);
    });
}

#[test]
fn addresses_are_checked() {
    in_every_mode(|engine| {
        let memory = memory(engine);
        let end = memory.data_size() as u64;
        assert_eq!(memory.atomic_notify(2, 1), Err(Trap::HeapMisaligned));
        assert_eq!(memory.atomic_notify(end, 1), Err(Trap::MemoryOutOfBounds));
        assert_eq!(memory.atomic_notify(u64::MAX - 3, 1), Err(Trap::MemoryOutOfBounds));
        assert_eq!(memory.atomic_notify(end - 4, 1), Ok(0));
        assert_eq!(memory.atomic_wait32(end - 2, 0, None), Err(Trap::HeapMisaligned));
        assert_eq!(memory.atomic_wait32(end, 0, None), Err(Trap::MemoryOutOfBounds));
        assert_eq!(memory.atomic_wait32(end - 4, 1, None), Ok(WaitResult::Mismatch));
        assert_eq!(memory.atomic_wait64(end - 4, 0, None), Err(Trap::HeapMisaligned));
        assert_eq!(memory.atomic_wait64(end, 0, None), Err(Trap::MemoryOutOfBounds));
        let soon = Some(Duration::ZERO);
        assert_eq!(memory.atomic_wait64(end - 8, 0, soon), Ok(WaitResult::TimedOut));
        // As long as nobody knows how long: the mismatch is found first.
        assert_eq!(memory.atomic_wait32(0, 1, Some(Duration::MAX)), Ok(WaitResult::Mismatch));
        memory.grow(1).unwrap();
        assert_eq!(memory.atomic_notify(end, 1), Ok(0));
    });
}
