//! Counters, locks and messages.

use wasmtier::MemoryType;

use crate::{THREADS, in_every_mode, run_on_threads, word};

#[test]
fn updates_of_every_width_lose_nothing() {
    const ROUNDS: u32 = 5000;
    let text = format!(
        r#"(module (memory (import "env" "memory") 1 1 shared)
            (func (export "run") (param $number i32) (result i32) (local $left i32)
                (local.set $left (i32.const {ROUNDS}))
                (loop $more
                    (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))
                    (drop (i64.atomic.rmw.sub (i32.const 8) (i64.const 1)))
                    (drop (i32.atomic.rmw16.add_u (i32.const 16) (i32.const 3)))
                    (drop (i64.atomic.rmw8.add_u (i32.const 18) (i64.const 5)))
                    (drop (i64.atomic.rmw32.sub_u (i32.const 20) (i64.const 7)))
                    ;; Each thread flips a bit of its own in one byte.
                    (drop (i32.atomic.rmw8.xor_u (i32.const 24)
                        (i32.shl (i32.const 1) (local.get $number))))
                    (br_if $more
                        (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
                (drop (i32.atomic.rmw8.or_u (i32.const 25)
                    (i32.shl (i32.const 16) (local.get $number))))
                (i32.const 0)))"#
    );
    in_every_mode(|engine| {
        let (memory, _) = run_on_threads(engine, MemoryType::shared(1, 1), &text);
        let count = ROUNDS * THREADS as u32;
        assert_eq!(word(&memory, 0), count);
        assert_eq!(word(&memory, 8), count.wrapping_neg());
        assert_eq!(word(&memory, 12), u32::MAX);
        assert_eq!(word(&memory, 16) & 0xffff, (3 * count) & 0xffff);
        assert_eq!(word(&memory, 16) >> 16, (5 * count) & 0xff);
        assert_eq!(word(&memory, 20), (7 * count).wrapping_neg());
        // An even number of flips.
        assert_eq!(word(&memory, 24), 0xf000);
    });
}

#[test]
fn a_lock_of_wasm_guards_plain_accesses() {
    const ROUNDS: u32 = 3000;
    // 0 is free, 1 is taken, 2 is taken with somebody waiting.
    let text = format!(
        r#"(module (memory (import "env" "memory") 1 1 shared)
            (func $lock
                (block $done
                    (br_if $done (i32.eqz
                        (i32.atomic.rmw.cmpxchg (i32.const 0) (i32.const 0) (i32.const 1))))
                    (loop $again
                        (br_if $done (i32.eqz
                            (i32.atomic.rmw.xchg (i32.const 0) (i32.const 2))))
                        (drop (memory.atomic.wait32 (i32.const 0) (i32.const 2) (i64.const -1)))
                        (br $again))))
            (func $unlock
                (if (i32.eq (i32.atomic.rmw.xchg (i32.const 0) (i32.const 0)) (i32.const 2))
                    (then (drop (memory.atomic.notify (i32.const 0) (i32.const 1))))))
            (func (export "run") (param i32) (result i32) (local $left i32)
                (local.set $left (i32.const {ROUNDS}))
                (loop $more
                    (call $lock)
                    ;; Not aligned, not atomic, and in two places.
                    (i32.store (i32.const 5) (i32.add (i32.load (i32.const 5)) (i32.const 1)))
                    (i64.store (i32.const 11) (i64.extend_i32_u (i32.load (i32.const 5))))
                    (call $unlock)
                    (br_if $more
                        (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
                (i32.const 0)))"#
    );
    in_every_mode(|engine| {
        let (memory, _) = run_on_threads(engine, MemoryType::shared(1, 1), &text);
        let count = ROUNDS * THREADS as u32;
        assert_eq!([0, 5, 11, 15].map(|at| word(&memory, at)), [0, count, count, 0]);
    });
}

/// A token goes round: each thread waits until it has the number that is its turn.
#[test]
fn messages_arrive_in_order() {
    const ROUNDS: u32 = 300;
    let text = format!(
        r#"(module (memory (import "env" "memory") 1 1 shared)
            (func (export "run") (param $turn i32) (result i32) (local $seen i32)
                (loop $next
                    (block $mine
                        (loop $look
                            (local.set $seen (i32.atomic.load (i32.const 0)))
                            (br_if $mine (i32.eq (local.get $seen) (local.get $turn)))
                            (drop (memory.atomic.wait32
                                (i32.const 0) (local.get $seen) (i64.const -1)))
                            (br $look)))
                    ;; What the thread before wrote plainly is here; add to it.
                    (i64.store offset=64 (i32.const 0)
                        (i64.add
                            (i64.mul (i64.load offset=64 (i32.const 0)) (i64.const 31))
                            (i64.extend_i32_u (local.get $turn))))
                    (i32.atomic.store (i32.const 0) (i32.add (local.get $turn) (i32.const 1)))
                    (drop (memory.atomic.notify (i32.const 0) (i32.const -1)))
                    (local.set $turn (i32.add (local.get $turn) (i32.const {THREADS})))
                    (br_if $next (i32.lt_u (local.get $turn) (i32.const {}))))
                (i32.const 0)))"#,
        ROUNDS * THREADS as u32,
    );
    in_every_mode(|engine| {
        let (memory, _) = run_on_threads(engine, MemoryType::shared(1, 1), &text);
        let turns = u64::from(ROUNDS) * THREADS as u64;
        let expected = (0..turns).fold(0u64, |hash, turn| hash.wrapping_mul(31).wrapping_add(turn));
        let found = u64::from(word(&memory, 64)) | u64::from(word(&memory, 68)) << 32;
        assert_eq!(found, expected);
    });
}

/// Sequential consistency: two threads cannot both miss what the other has stored.
#[test]
fn stores_are_not_buffered_past_loads() {
    const ROUNDS: i32 = 400;
    // Threads 0 and 1 meet before each round, and have words of their own for each.
    let text = format!(
        r#"(module (memory (import "env" "memory") 1 1 shared)
            (func $meet (param $round i32)
                (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))
                (loop $wait
                    (br_if $wait (i32.lt_u (i32.atomic.load (i32.const 0))
                        (i32.mul (i32.const 2) (local.get $round))))))
            (func (export "run") (param $number i32) (result i32)
                (local $round i32) (local $mine i32) (local $theirs i32)
                (if (i32.ge_u (local.get $number) (i32.const 2)) (then (return (i32.const 0))))
                (loop $next
                    (local.set $round (i32.add (local.get $round) (i32.const 1)))
                    (local.set $mine (i32.add (i32.mul (local.get $round) (i32.const 16))
                        (i32.mul (local.get $number) (i32.const 4))))
                    (local.set $theirs (i32.xor (local.get $mine) (i32.const 4)))
                    (call $meet (local.get $round))
                    (i32.atomic.store (local.get $mine) (i32.const 1))
                    (i32.store offset=8 (local.get $mine) (i32.atomic.load (local.get $theirs)))
                    (br_if $next (i32.lt_u (local.get $round) (i32.const {ROUNDS}))))
                (i32.const 0)))"#
    );
    in_every_mode(|engine| {
        let (memory, _) = run_on_threads(engine, MemoryType::shared(1, 1), &text);
        for round in 1..=ROUNDS as usize {
            let seen = [8, 12].map(|at| word(&memory, round * 16 + at));
            assert!(seen.contains(&1), "round {round}: {seen:?}");
        }
    });
}
