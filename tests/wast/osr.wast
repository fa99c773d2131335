;; Loops that are entered in the middle, as a frame changes tier while it runs: what of the function's
;; state is where at the begin of each loop.

;; Every depth of nested loops, with more locals than there are registers, of each type.
(module
  (func (export "nested") (param $n i32) (param $x i64) (param $f f64) (result i64)
    (local $a i32) (local $b i32) (local $c i32) (local $d i32) (local $e i32) (local $g i32)
    (local $s i64) (local $t i64) (local $u i64) (local $v i64) (local $w i64)
    (local $p f32) (local $q f64) (local $r f64)
    (local.set $s (i64.const 1))
    (local.set $t (i64.const 3))
    (local.set $u (i64.const 5))
    (local.set $p (f32.const 0.5))
    (loop $1
      (local.set $b (i32.const 0))
      (local.set $s (i64.add (local.get $s) (local.get $x)))
      (loop $2
        (local.set $c (i32.const 0))
        (local.set $t (i64.xor (local.get $t) (i64.rotl (local.get $s) (i64.const 7))))
        (loop $3
          (local.set $d (i32.const 0))
          (local.set $q (f64.add (local.get $q) (local.get $f)))
          (loop $4
            (local.set $e (i32.const 0))
            (local.set $u (i64.add (local.get $u) (local.get $t)))
            (loop $5
              (local.set $g (i32.const 0))
              (local.set $p (f32.add (local.get $p) (f32.const 0.25)))
              (loop $6
                (local.set $v (i64.add (local.get $v) (local.get $u)))
                (local.set $w (i64.sub (local.get $w) (i64.extend_i32_u (local.get $e))))
                (local.set $r (f64.sub (local.get $r) (local.get $q)))
                (br_if $6 (i32.lt_u
                  (local.tee $g (i32.add (local.get $g) (i32.const 1))) (local.get $n))))
              (br_if $5 (i32.lt_u
                (local.tee $e (i32.add (local.get $e) (i32.const 1))) (local.get $n))))
            (br_if $4 (i32.lt_u
              (local.tee $d (i32.add (local.get $d) (i32.const 1))) (local.get $n))))
          (br_if $3 (i32.lt_u
            (local.tee $c (i32.add (local.get $c) (i32.const 1))) (local.get $n))))
        (br_if $2 (i32.lt_u
          (local.tee $b (i32.add (local.get $b) (i32.const 1))) (local.get $n))))
      (br_if $1 (i32.lt_u
        (local.tee $a (i32.add (local.get $a) (i32.const 1))) (local.get $n))))
    (i64.add (i64.add (local.get $v) (local.get $w))
      (i64.add (i64.trunc_sat_f64_s (local.get $r)) (i64.trunc_sat_f32_s (local.get $p)))))
  ;; A loop whose inner ones are run only once the outer has been entered.
  (func (export "later") (param $n i32) (result i32)
    (local $i i32) (local $j i32) (local $sum i32)
    (loop $outer
      (if (i32.gt_u (local.get $i) (i32.const 2))
        (then
          (local.set $j (local.get $i))
          (loop $inner
            (local.set $sum (i32.add (local.get $sum) (local.get $j)))
            (br_if $inner (local.tee $j (i32.sub (local.get $j) (i32.const 1)))))))
      (br_if $outer (i32.lt_u
        (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
    (local.get $sum)))

(assert_return (invoke "nested" (i32.const 3) (i64.const 77) (f64.const 1.5)) (i64.const 372931351))
(assert_return (invoke "later" (i32.const 6)) (i32.const 31))

;; Parameters and results of loops, and what lies below: values, constants and locals.
(module
  (func (export "fibonacci") (param $n i32) (result i64 i64)
    (i64.const 0)
    (i64.const 1)
    (loop $next (param i64 i64) (result i64 i64)
      (call $step)
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
  (func $step (param i64 i64) (result i64 i64)
    (local.get 1)
    (i64.add (local.get 0) (local.get 1)))
  (func $id (param i32) (result i32) (local.get 0))
  (func (export "below") (param $n i32) (param $k i64) (result i64)
    (local $m i64)
    (i64.const 1000)
    (i64.extend_i32_u (call $id (local.get $n)))
    (local.get $k)
    (i64.const 7)
    (f64.const 0.5)
    (i32.const 3)
    (local.get $m)
    (f32.const 2)
    (loop $again (param f32) (result f32)
      (f32.add (f32.const 1))
      (local.set $k (i64.mul (local.get $k) (i64.const 3)))
      (local.set $m (i64.const 11))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i64.trunc_f32_s)
    (i64.add)
    (local.set $m)
    (i64.extend_i32_u)
    (i64.add (local.get $m))
    (local.set $m)
    (i64.trunc_f64_u (f64.mul (f64.const 8)))
    (i64.add (local.get $m))
    (i64.mul)
    (i64.sub)
    (i64.add)
    (i64.add)
    (i64.add (local.get $k)))
  ;; Constants that are parameters of a block around the loop.
  (func (export "constants") (param $n i32) (result i32)
    (i32.const 40)
    (i64.const 4294967297)
    (block $out (param i32 i64) (result i32 i64)
      (loop $again
        (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
    (i32.wrap_i64)
    (i32.add)
    (if (result i32 i32) (local.get $n)
      (then (i32.const 1) (i32.const 1))
      (else (i32.const 2) (i32.const 3)
        (local.set $n (i32.const 5))
        (loop $again (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))
    (i32.mul)
    (i32.add))
  ;; Loops with nothing between them.
  (func (export "together") (param $n i32) (result i32)
    (local $i i32) (local $turns i32)
    (loop $outer (result i32)
      (i32.const 5)
      (loop $middle (result i32)
        (i32.const 6)
        (block
          (loop $inner
            (local.set $turns (i32.add (local.get $turns) (i32.const 1)))
            (local.set $i (i32.add (local.get $i) (i32.const 1)))
            (br_if $inner (i32.and (local.get $i) (i32.const 1)))
            (br_if $middle (i32.and (local.get $i) (i32.const 2)))
            (br_if $outer (i32.lt_u (local.get $i) (local.get $n))))))
      (i32.add))
    (i32.mul (local.get $turns)))
  ;; Deep below.
  (func (export "deep") (param $n i32) (result i32)
    (local.get $n) (call $id (i32.const 1)) (local.get $n) (call $id (i32.const 2))
    (local.get $n) (call $id (i32.const 3)) (local.get $n) (call $id (i32.const 4))
    (local.get $n) (call $id (i32.const 5)) (local.get $n) (call $id (i32.const 6))
    (i32.const 9) (i32.const 10) (i32.const 11) (i32.const 12)
    (loop $outer (result i32)
      (i32.const 13) (local.get $n) (i32.mul (local.get $n) (local.get $n))
      (loop $again (result i32)
        (i32.const 100)
        (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1))))
        (drop)
        (local.get $n))
      (i32.sub) (i32.add) (i32.add))
    (i32.add) (i32.add) (i32.add) (i32.add) (i32.sub) (i32.add) (i32.mul) (i32.sub)
    (i32.add) (i32.add) (i32.sub) (i32.add) (i32.xor) (i32.add) (i32.add) (i32.sub)))

(assert_return (invoke "fibonacci" (i32.const 50)) (i64.const 12586269025) (i64.const 20365011074))
(assert_return (invoke "below" (i32.const 5) (i64.const 2)) (i64.const 1395))
(assert_return (invoke "constants" (i32.const 4)) (i32.const 47))
(assert_return (invoke "together" (i32.const 20)) (i32.const 220))
(assert_return (invoke "deep" (i32.const 7)) (i32.const 499))

;; Vectors and references in locals and below.
(module
  (table $t 4 funcref)
  (table $x 4 externref)
  (type $f (func (result i32)))
  (elem (table $t) (i32.const 0) func $one $two)
  (func $one (result i32) (i32.const 1))
  (func $two (result i32) (i32.const 2))
  (func (export "vectors") (param $n i32) (result i64)
    (local $a v128) (local $b v128) (local $c v128) (local $i i32) (local $d v128)
    (local.set $a (v128.const i64x2 1 2))
    (local.set $c (v128.const i64x2 10 20))
    (i64x2.splat (i64.extend_i32_u (local.get $n)))
    (v128.const i32x4 1 0 1 0)
    (local.get $c)
    (loop $again (param v128) (result v128)
      (i64x2.add (local.get $a))
      (local.set $b (i64x2.add (local.get $b) (local.get $c)))
      (local.set $d (i32x4.max_s (local.get $b) (local.get $a)))
      (br_if $again (i32.lt_u
        (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
    (i64x2.add)
    (i64x2.mul)
    (local.set $a (i64x2.add (local.get $b)))
    (local.set $a (i64x2.add (local.get $a) (local.get $d)))
    (i64.add (i64x2.extract_lane 0 (local.get $a)) (i64x2.extract_lane 1 (local.get $a))))
  (func (export "references") (param $n i32) (param $e externref) (param $f funcref)
      (result externref i32)
    (local $g funcref) (local $h externref) (local $sum i32) (local $null externref)
    (local.get $e)
    (ref.null func)
    (loop $again
      (local.set $h (local.get $e))
      (local.set $g (table.get $t (i32.and (local.get $n) (i32.const 1))))
      (table.set $t (i32.const 2) (local.get $g))
      (table.set $x (i32.const 1) (local.get $h))
      (local.set $sum (i32.add (i32.mul (local.get $sum) (i32.const 3))
        (call_indirect $t (type $f) (i32.const 2))))
      (local.set $sum (i32.add (local.get $sum) (ref.is_null (local.get $f))))
      (local.set $sum (i32.sub (local.get $sum) (ref.is_null (local.get $null))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i32.mul (ref.is_null) (local.get $sum))))

(assert_return (invoke "vectors" (i32.const 4)) (i64.const 416))
(assert_return (invoke "references" (i32.const 4) (ref.extern 3) (ref.null func))
  (ref.extern 3) (i32.const 50))

;; Many results, in registers and slots, returned to callers of every tier.
(module
  (memory $m 1)
  (memory $o 1)
  (func $many (param $n i32) (param $x i64)
      (result i32 f32 i64 f64 i32 i64 f32 f64)
    (local $i i32)
    (loop $again
      (i64.store $o (i32.shl (local.get $i) (i32.const 3)) (local.get $x))
      (i32.store8 $m offset=5 (local.get $i) (local.get $i))
      (local.set $x (i64.add (local.get $x)
        (i64.load8_u $m offset=5 (local.get $i))))
      (br_if $again (i32.lt_u
        (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
    (local.get $i) (f32.const 0.5) (local.get $x)
    (f64.convert_i32_u (i32.load8_u $m offset=4 (local.get $i)))
    (i32.const -1) (i64.load $o (i32.const 16)) (f32.const 3) (f64.const 4))
  (func (export "many") (param i32) (result i32 f32 i64 f64 i32 i64 f32 f64)
    (local i64 i64)
    (call $many (local.get 0) (i64.const 100)))
  ;; Called again and again, with loops on both sides.
  (func (export "turns") (param $n i32) (result i64)
    (local $sum i64) (local $i i32)
    (loop $again
      (call $sum (local.get $i) (f64.const 0.5) (local.get $sum))
      (local.set $sum)
      (br_if $again (i32.lt_u
        (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
    (local.get $sum))
  (func $sum (param $n i32) (param $f f64) (param $x i64) (result i64)
    (loop $again
      (local.set $f (f64.add (local.get $f) (f64.const 1)))
      (if (i32.gt_s (local.get $n) (i32.const 3))
        (then
          (local.set $x (i64.add (local.get $x)
            (call $sum (i32.sub (local.get $n) (i32.const 4)) (local.get $f) (i64.const 1))))))
      (br_if $again (i32.gt_s
        (local.tee $n (i32.sub (local.get $n) (i32.const 1))) (i32.const 0))))
    (i64.add (local.get $x) (i64.trunc_f64_s (local.get $f)))))

(assert_return (invoke "many" (i32.const 5))
  (i32.const 5) (f32.const 0.5) (i64.const 110) (f64.const 4)
  (i32.const -1) (i64.const 101) (f32.const 3) (f64.const 4))
(assert_return (invoke "turns" (i32.const 12)) (i64.const 430))
