;; locals: what compilers rarely write and engines must be good at all the same. Loops and blocks
;; with parameters and several results, two dozen locals alive at once, values that wait on the
;; operand stack while others come and go, select chains, branches that carry values, and functions
;; with many results.

(module
  (import "wasi_snapshot_preview1" "fd_write"
    (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "bench" "start" (func $bench_start))
  (import "bench" "end" (func $bench_end))
  (memory (export "memory") 1)
  ;; One part: its address and its length. The digits are written over the zeros.
  (data (i32.const 0) "\10\00\00\00\18\00\00\00")
  (data (i32.const 16) "locals 0000000000000000\n")

  (func $mix (param $sum i64) (param $value i64) (result i64)
    (local.tee $sum
      (i64.mul (i64.xor (local.get $sum) (local.get $value)) (i64.const 0x9e3779b97f4a7c15)))
    (i64.xor (i64.shr_u (local.get $sum) (i64.const 29))))

  ;; A loop whose whole state, a counter and two numbers, is on the operand stack: it has no locals
  ;; but those needed to take three values apart.
  (func $fibonacci_loop (param $count i32) (result i64)
    (local $a i64) (local $b i64) (local $left i32)
    (i64.const 0)
    (i64.const 1)
    (local.get $count)
    (loop $next (param i64 i64 i32) (result i64 i64)
      (local.set $left)
      (local.set $b)
      (local.set $a)
      (local.get $b)
      (i64.add (i64.mul (local.get $a) (i64.const 3)) (local.get $b))
      (i32.sub (local.get $left) (i32.const 1))
      (br_if $next (i32.gt_u (local.get $left) (i32.const 1)))
      (drop))
    (i64.xor))

  ;; 24 locals which each step reads and writes, in a ring: no machine has registers for all.
  (func $ring (param $count i32) (result i64)
    (local $a0 i64) (local $a1 i64) (local $a2 i64) (local $a3 i64)
    (local $a4 i64) (local $a5 i64) (local $a6 i64) (local $a7 i64)
    (local $b0 i32) (local $b1 i32) (local $b2 i32) (local $b3 i32)
    (local $b4 i32) (local $b5 i32) (local $b6 i32) (local $b7 i32)
    (local $c0 f64) (local $c1 f64) (local $c2 f64) (local $c3 f64)
    (local $c4 f64) (local $c5 f64) (local $c6 f64) (local $c7 f64)
    (local.set $a0 (i64.const 0x243f6a8885a308d3))
    (local.set $b0 (i32.const 0x13198a2e))
    (local.set $c0 (f64.const 0.75))
    (loop $again
      (local.set $a1 (i64.add (local.get $a1) (local.get $a0)))
      (local.set $a2 (i64.xor (local.get $a2) (local.get $a1)))
      (local.set $a3 (i64.sub (local.get $a3) (local.get $a2)))
      (local.set $a4 (i64.rotl (i64.xor (local.get $a4) (local.get $a3)) (i64.const 19)))
      (local.set $a5 (i64.add (local.get $a5) (local.get $a4)))
      (local.set $a6 (i64.or (local.get $a5) (i64.const 1)))
      (local.set $a7 (i64.mul (local.get $a6) (local.get $a4)))
      (local.set $a0 (i64.xor (local.get $a0) (local.get $a7)))
      (local.set $b1 (i32.add (local.get $b1) (local.get $b0)))
      (local.set $b2 (i32.xor (local.get $b2) (local.get $b1)))
      (local.set $b3 (i32.rotr (i32.add (local.get $b3) (local.get $b2)) (i32.const 7)))
      (local.set $b4 (i32.sub (local.get $b4) (local.get $b3)))
      (local.set $b5 (i32.xor (local.get $b5) (i32.wrap_i64 (local.get $a0))))
      (local.set $b6 (i32.add (local.get $b6) (local.get $b5)))
      (local.set $b7 (i32.and (local.get $b4) (local.get $b6)))
      (local.set $b0 (i32.add (local.get $b0) (i32.xor (local.get $b7) (local.get $count))))
      (local.set $c1 (f64.convert_i32_s (local.get $b0)))
      (local.set $c2 (f64.add (local.get $c2) (local.get $c1)))
      (local.set $c3 (f64.mul (local.get $c2) (f64.const 0.5)))
      (local.set $c4 (f64.sub (local.get $c3) (local.get $c1)))
      (local.set $c5 (f64.max (local.get $c4) (local.get $c5)))
      (local.set $c6 (f64.min (local.get $c4) (local.get $c6)))
      (local.set $c7 (f64.add (local.get $c5) (local.get $c6)))
      (local.set $c2 (f64.mul (f64.sub (local.get $c2) (local.get $c7)) (f64.const 0.25)))
      (local.set $c0 (f64.sqrt (f64.add (f64.abs (local.get $c2)) (local.get $c0))))
      (br_if $again (local.tee $count (i32.sub (local.get $count) (i32.const 1)))))
    (call $mix
      (call $mix (local.get $a0) (i64.extend_i32_u (local.get $b0)))
      (i64.reinterpret_f64 (f64.add (local.get $c0) (local.get $c2)))))

  ;; Copies and exchanges of locals, and nothing else but a step to feed them.
  (func $shuffle (param $count i32) (param $p i32) (param $q i32) (param $r i32) (param $s i32)
    (result i32)
    (local $t i32) (local $u i32)
    (loop $again
      (local.set $t (local.get $p))
      (local.set $p (local.get $q))
      (local.set $q (local.get $t))
      ;; An exchange without a third place: both values wait on the stack.
      (local.get $r)
      (local.get $s)
      (local.set $r)
      (local.set $s)
      ;; A rotation of four.
      (local.get $p)
      (local.get $q)
      (local.get $r)
      (local.get $s)
      (local.set $p)
      (local.set $s)
      (local.set $r)
      (local.set $q)
      (local.set $u (local.tee $t (local.get $s)))
      (local.set $p (i32.add (i32.mul (local.get $p) (i32.const 5)) (local.get $u)))
      (local.set $s (i32.xor (local.get $t) (local.get $count)))
      (br_if $again (local.tee $count (i32.sub (local.get $count) (i32.const 1)))))
    (i32.add
      (i32.xor (local.get $p) (local.get $q))
      (i32.sub (local.get $r) (local.get $s))))

  ;; Seven values wait on the stack while a block with a branch in it decides about the next, and
  ;; a local changes after its old value was pushed.
  (func $waiting (param $count i32) (result i32)
    (local $x i32) (local $sum i32)
    (local.set $x (i32.const 88172645))
    (loop $again
      (local.get $sum)
      (local.get $x)
      (local.get $x)
      (local.set $x (i32.xor (local.get $x) (i32.shl (local.get $x) (i32.const 13))))
      (local.get $x)
      (local.set $x (i32.xor (local.get $x) (i32.shr_u (local.get $x) (i32.const 17))))
      (local.get $x)
      (local.set $x (i32.xor (local.get $x) (i32.shl (local.get $x) (i32.const 5))))
      (i32.shr_u (local.get $x) (i32.const 3))
      (local.get $count)
      (block $chosen (param i32) (result i32)
        (br_if $chosen (i32.and (local.get $x) (i32.const 64)))
        (drop)
        (local.get $sum)
        (br_if $chosen (i32.lt_s (local.get $x) (i32.const 0)))
        (i32.const 11)
        (i32.mul))
      (i32.add)
      (i32.xor)
      (i32.sub)
      (i32.rotl)
      (i32.add)
      (i32.xor)
      (local.set $sum)
      (br_if $again (local.tee $count (i32.sub (local.get $count) (i32.const 1)))))
    (local.get $sum))

  ;; Both arms of an if take two values and leave three; the rest is decided without branches.
  (func $arms (param $count i32) (result i64)
    (local $x i64) (local $y i64) (local $z i64)
    (local.set $x (i64.const 1234567))
    (loop $again
      (local.get $x)
      (local.get $y)
      (if (param i64 i64) (result i64 i64 i64) (i64.eqz (i64.and (local.get $z) (i64.const 3)))
        (then
          (i64.add)
          (local.get $z)
          (i64.const 77))
        (else
          (i64.xor)
          (local.get $x)
          (i64.rotl (local.get $y) (i64.const 9))))
      (local.set $z (i64.add (local.get $z)))
      (local.set $y)
      (local.set $x (i64.mul (i64.const 0x2545f4914f6cdd1d)))
      ;; The greater of two, and the least of three.
      (select (local.get $x) (local.get $y) (i64.gt_s (local.get $x) (local.get $y)))
      (local.get $z)
      (select (local.get $y) (local.get $z) (i64.lt_s (local.get $y) (local.get $z)))
      (select (local.get $x) (i64.lt_s (local.get $x) (local.get $z)))
      (local.set $y (i64.xor (i64.sub)))
      (local.set $z (i64.add (local.get $z) (i64.shr_u (local.get $x) (i64.const 59))))
      (br_if $again (local.tee $count (i32.sub (local.get $count) (i32.const 1)))))
    (call $mix (call $mix (local.get $x) (local.get $y)) (local.get $z)))

  ;; A quotient and a remainder at once, and their sum checked by the caller.
  (func $divide (param $a i32) (param $b i32) (result i32 i32)
    (i32.div_u (local.get $a) (local.get $b))
    (i32.rem_u (local.get $a) (local.get $b)))

  (func $spread (param $a i32) (result i32 i64 f64 i32)
    (i32.add (local.get $a) (i32.const 1))
    (i64.mul (i64.extend_i32_u (local.get $a)) (i64.const 0x100000001b3))
    (f64.convert_i32_u (local.get $a))
    (i32.clz (local.get $a)))

  ;; Results of one call are, as they lie, the arguments of the next.
  (func $gather (param $a i32) (param $b i64) (param $c f64) (param $d i32) (result i32)
    (i32.xor
      (i32.add (local.get $a) (i32.wrap_i64 (local.get $b)))
      (i32.add (i32.trunc_sat_f64_u (local.get $c)) (local.get $d))))

  (func $results (param $count i32) (result i32)
    (local $sum i32)
    (loop $again
      (local.get $sum)
      (call $divide (local.get $sum) (i32.or (local.get $count) (i32.const 3)))
      (i32.xor)
      (call $spread)
      (call $gather)
      (i32.add)
      (local.set $sum)
      (br_if $again (local.tee $count (i32.sub (local.get $count) (i32.const 1)))))
    (local.get $sum))

  ;; br_table to labels of different depths, each of which takes the same two values.
  (func $ways (param $count i32) (result i32)
    (local $state i32) (local $sum i32)
    (loop $again
      (block $third (result i32 i32)
        (block $second (result i32 i32)
          (block $first (result i32 i32)
            (local.get $sum)
            (i32.shr_u (local.get $state) (i32.const 3))
            (br_table $first $second $third $second $first
              (i32.and (local.get $state) (i32.const 7))))
          (i32.rotl (i32.const 5))
          (i32.add)
          (i32.const 17))
        (i32.mul (i32.const 9))
        (i32.xor)
        (local.get $count))
      (i32.sub)
      (local.set $sum)
      (local.set $state
        (i32.add (i32.mul (local.get $state) (i32.const 1664525)) (i32.const 1013904223)))
      (local.set $state (i32.xor (local.get $state) (i32.shr_u (local.get $state) (i32.const 11))))
      (br_if $again (local.tee $count (i32.sub (local.get $count) (i32.const 1)))))
    (local.get $sum))

  (func $print (param $sum i64)
    (local $at i32) (local $digit i32)
    (local.set $at (i32.const 38))
    (loop $again
      (local.set $digit (i32.and (i32.wrap_i64 (local.get $sum)) (i32.const 15)))
      (i32.store8 (local.get $at)
        (i32.add
          (local.get $digit)
          (select (i32.const 48) (i32.const 87) (i32.lt_u (local.get $digit) (i32.const 10)))))
      (local.set $sum (i64.shr_u (local.get $sum) (i64.const 4)))
      (local.set $at (i32.sub (local.get $at) (i32.const 1)))
      (br_if $again (i32.ge_u (local.get $at) (i32.const 23))))
    (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))))

  (func (export "_start")
    (local $sum i64)
    (call $bench_start)
    (call $fibonacci_loop (i32.const 5000000))
    (call $mix (call $ring (i32.const 1000000)))
    (call $mix
      (i64.extend_i32_u
        (call $shuffle
          (i32.const 4000000) (i32.const 1) (i32.const 2) (i32.const 3) (i32.const 4))))
    (call $mix (i64.extend_i32_u (call $waiting (i32.const 2000000))))
    (call $mix (call $arms (i32.const 2000000)))
    (call $mix (i64.extend_i32_u (call $results (i32.const 1500000))))
    (call $mix (i64.extend_i32_u (call $ways (i32.const 1500000))))
    (local.set $sum)
    (call $bench_end)
    (call $print (local.get $sum))))
