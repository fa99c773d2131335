//! Signals of others by the thousand while a guest runs.
//!
//! Invariant: they interrupt handlers anywhere, and the guest notices nothing.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};
use std::{mem, ptr, thread};

use wasmtier_ops::Trap;

use crate::runtime::child_process::succeed_in_child;
use crate::{Config, Engine, Instance, Module, Store, Tier, TypedFunc};

/// `work` mixes pinned integers and floats, memory, and what a call returns; `load` may trap:
///
/// `(module (memory (export "m") 1)
///   (func (export "work") (param $n i32) (param $f f64) (result i64)
///     (local $a i64) (local $b i64) (local $at i32)
///     (loop $more
///       (local.set $a
///         (i64.add (i64.mul (local.get $a) (i64.const 31)) (i64.extend_i32_u (local.get $n))))
///       (i64.store (local.get $at) (i64.xor (i64.load (local.get $at)) (local.get $a)))
///       (local.set $at
///         (i32.and (i32.add (local.get $at) (i32.const 8)) (i32.const 0xfff8)))
///       (local.set $f (f64.add (f64.mul (local.get $f) (f64.const 0.5))
///         (f64.convert_i32_s (local.get $at))))
///       (local.set $b (i64.add (local.get $b) (call $leaf (local.get $a))))
///       (br_if $more (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
///     (i64.add (local.get $a) (i64.add (local.get $b) (i64.reinterpret_f64 (local.get $f)))))
///   (func $leaf (param i64) (result i64) (i64.rotl (local.get 0) (i64.const 5)))
///   (func (export "load") (param i32) (result i32) (i32.load (local.get 0))))`
const MODULE: &[u8] =
    b"\0asm\x01\0\0\0\x01\x11\x03`\x02\x7f|\x01~`\x01~\x01~`\x01\x7f\x01\x7f\x03\x04\x03\0\x01\
    \x02\x05\x03\x01\0\x01\x07\x13\x03\x01m\x02\0\x04work\0\0\x04load\0\x02\x0al\x03Z\x02\
    \x02~\x01\x7f\x03@ \x02B\x1f~ \0\xad|!\x02 \x04 \x04)\x03\0 \x02\x857\x03\0 \x04A\x08jA\
    \xf8\xff\x03q!\x04 \x01D\0\0\0\0\0\0\xe0?\xa2 \x04\xb7\xa0!\x01 \x03 \x02\x10\x01|!\x03 \
    \0A\x01k\x22\0\x0d\0\x0b \x02 \x03 \x01\xbd||\x0b\x07\0 \0B\x05\x89\x0b\x07\0 \0(\x02\0\
    \x0b";

/// How often the handlers below ran.
static SIGNALS: AtomicU32 = AtomicU32::new(0);
/// Whether the guest is done.
static DONE: AtomicBool = AtomicBool::new(false);

/// Changes all registers it may.
extern "C" fn disturb(signal: libc::c_int) {
    let mut sum = f64::from(signal);
    for turn in 0..20 {
        sum = sum.mul_add(1.5, f64::from(turn)).sqrt();
    }
    std::hint::black_box(sum);
    // Relaxed: a count.
    SIGNALS.fetch_add(1, Ordering::Relaxed);
}

fn install(signal: libc::c_int, flags: libc::c_int) {
    // SAFETY: all zeros is a valid `sigaction`.
    let mut action: libc::sigaction = unsafe { mem::zeroed() };
    action.sa_sigaction = disturb as extern "C" fn(libc::c_int) as usize;
    action.sa_flags = flags;
    // SAFETY: the handler does only what handlers may do.
    let status = unsafe { libc::sigaction(signal, &raw const action, ptr::null_mut()) };
    assert_eq!(status, 0);
}

fn start_timer(timer: libc::c_int, every: libc::suseconds_t) {
    let every = libc::timeval { tv_sec: 0, tv_usec: every };
    let value = libc::itimerval { it_interval: every, it_value: every };
    // SAFETY: reads `value` only.
    assert_eq!(unsafe { libc::setitimer(timer, &raw const value, ptr::null_mut()) }, 0);
}

type Work = TypedFunc<(i32, f64), i64>;

fn guest(tier: Tier, guards: bool) -> (Store<()>, Work, TypedFunc<i32, i32>) {
    let engine = Engine::new(Config::new().tier(tier).signals_based_traps(guards)).unwrap();
    let module = Module::new(&engine, MODULE).unwrap();
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let work = instance.get_typed_func(&mut store, "work").unwrap();
    let load = instance.get_typed_func(&mut store, "load").unwrap();
    (store, work, load)
}

#[test]
fn guests_do_not_notice_signals_of_others() {
    succeed_in_child(
        "runtime::native::tests::storm::guests_do_not_notice_signals_of_others",
        || {
            // On the stack of whoever is interrupted, and on that for signals.
            install(libc::SIGPROF, libc::SA_RESTART);
            install(libc::SIGALRM, libc::SA_RESTART | libc::SA_ONSTACK);
            install(libc::SIGUSR1, libc::SA_RESTART);
            for guards in [true, false] {
                storm(Tier::Interp, guards);
                storm(Tier::Jit, guards);
            }
        },
    );
}

fn storm(tier: Tier, guards: bool) {
    const TURNS: [i32; 4] = [1, 1000, 20_000, 100_001];
    // The memory remembers, so that each call has a result of its own.
    let (mut calm, right, _) = guest(Tier::Portable, guards);
    let (mut store, work, load) = guest(tier, guards);
    // SAFETY: asks only.
    let guest_thread = unsafe { libc::pthread_self() };
    // Relaxed: threads are started and joined around it.
    DONE.store(false, Ordering::Relaxed);
    let before = SIGNALS.load(Ordering::Relaxed);
    start_timer(libc::ITIMER_PROF, 1000);
    start_timer(libc::ITIMER_REAL, 300);
    thread::scope(|scope| {
        scope.spawn(move || {
            // Relaxed: it only ends the loop.
            while !DONE.load(Ordering::Relaxed) {
                // SAFETY: the thread waits for this one.
                assert_eq!(unsafe { libc::pthread_kill(guest_thread, libc::SIGUSR1) }, 0);
                thread::yield_now();
            }
        });
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(1) {
            for turns in TURNS {
                let expected = right.call(&mut calm, (turns, 0.5)).unwrap();
                assert_eq!(work.call(&mut store, (turns, 0.5)).unwrap(), expected);
                let error = load.call(&mut store, -turns).unwrap_err();
                assert_eq!(error.downcast_ref(), Some(&Trap::MemoryOutOfBounds));
            }
        }
        // Relaxed: as above.
        DONE.store(true, Ordering::Relaxed);
    });
    start_timer(libc::ITIMER_PROF, 0);
    start_timer(libc::ITIMER_REAL, 0);
    // Relaxed: as above.
    let signals = SIGNALS.load(Ordering::Relaxed) - before;
    assert!(signals > 500, "only {signals} signals came");
}
