;; Tail calls whose arguments come from everywhere and go everywhere: registers and slots of both
;; kinds, more and fewer than the caller's own, over its saved registers and locals.

(module
  (type $many (func
    (param i32 i64 f32 f64 i32 i64 v128 i32 i64 i32 i64 f32 f64 v128 v128 f64 f64 f64 v128 i32)
    (result i64)))
  (table funcref (elem $sum $turn))
  ;; Every argument counts differently.
  (func $sum (type $many)
    (i64.add
      (i64.add
        (i64.add
          (i64.add (i64.extend_i32_u (local.get 0)) (i64.mul (local.get 1) (i64.const 3)))
          (i64.add
            (i64.trunc_f32_s (f32.mul (local.get 2) (f32.const 5)))
            (i64.trunc_f64_s (f64.mul (local.get 3) (f64.const 7)))))
        (i64.add
          (i64.add
            (i64.mul (i64.extend_i32_u (local.get 4)) (i64.const 11))
            (i64.mul (local.get 5) (i64.const 13)))
          (i64.add
            (i64.mul (i64x2.extract_lane 0 (local.get 6)) (i64.const 17))
            (i64.mul (i64x2.extract_lane 1 (local.get 6)) (i64.const 19)))))
      (i64.add
        (i64.add
          (i64.add
            (i64.mul (i64.extend_i32_u (local.get 7)) (i64.const 23))
            (i64.mul (local.get 8) (i64.const 29)))
          (i64.add
            (i64.mul (i64.extend_i32_u (local.get 9)) (i64.const 31))
            (i64.mul (local.get 10) (i64.const 37))))
        (i64.add
          (i64.add
            (i64.trunc_f32_s (f32.mul (local.get 11) (f32.const 41)))
            (i64.trunc_f64_s (f64.mul (local.get 12) (f64.const 43))))
          (i64.add
            (i64.add
              (i64.mul (i64x2.extract_lane 0 (local.get 13)) (i64.const 47))
              (i64.mul (i64x2.extract_lane 1 (local.get 14)) (i64.const 53)))
            (i64.add
              (i64.add
                (i64.trunc_f64_s (f64.mul (local.get 15) (f64.const 59)))
                (i64.trunc_f64_s (f64.mul (local.get 16) (f64.const 61))))
              (i64.add
                (i64.trunc_f64_s (f64.mul (local.get 17) (f64.const 67)))
                (i64.add
                  (i64.mul (i64x2.extract_lane 0 (local.get 18)) (i64.const 71))
                  (i64.mul (i64.extend_i32_u (local.get 19)) (i64.const 73))))))))))

  ;; Moves every argument to the next place of its type, as often as the last says.
  (func $turn (type $many)
    (if (i32.eqz (local.get 19))
      (then
        (return_call $sum
          (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.get 4) (local.get 5)
          (local.get 6) (local.get 7) (local.get 8) (local.get 9) (local.get 10) (local.get 11)
          (local.get 12) (local.get 13) (local.get 14) (local.get 15) (local.get 16)
          (local.get 17) (local.get 18) (local.get 19))))
    (return_call_indirect (type $many)
      (local.get 9) (local.get 10) (local.get 11) (local.get 17) (local.get 0) (local.get 1)
      (local.get 18) (local.get 4) (local.get 5) (local.get 7) (local.get 8) (local.get 2)
      (local.get 3) (local.get 6) (local.get 13) (local.get 12) (local.get 15) (local.get 16)
      (local.get 14) (i32.sub (local.get 19) (i32.const 1))
      (i32.const 1)))

  (func (export "turn") (param i32) (result i64)
    (return_call $turn
      (i32.const 1) (i64.const 2) (f32.const 3) (f64.const 4) (i32.const 5) (i64.const 6)
      (v128.const i64x2 7 8) (i32.const 9) (i64.const 10) (i32.const 11) (i64.const 12)
      (f32.const 13) (f64.const 14) (v128.const i64x2 15 16) (v128.const i64x2 17 18)
      (f64.const 19) (f64.const 20) (f64.const 21) (v128.const i64x2 22 23) (local.get 0)))

  ;; From a frame that keeps registers of its caller, whose loop keeps some too.
  (func $keeps (param $n i32) (param $a i64) (result i64)
    (local $b i64) (local $c i64)
    (loop
      (local.set $b (i64.add (local.get $b) (call $turn
        (local.get $n) (local.get $a) (f32.const 1) (f64.const 2) (local.get $n) (local.get $b)
        (v128.const i64x2 1 1) (i32.const 1) (local.get $c) (i32.const 2) (i64.const 3)
        (f32.const 4) (f64.const 5) (v128.const i64x2 2 2) (v128.const i64x2 3 3)
        (f64.const 6) (f64.const 7) (f64.const 8) (v128.const i64x2 4 4) (i32.const 2))))
      (local.set $c (i64.add (local.get $c) (i64.extend_i32_u (local.get $n))))
      (local.set $c (i64.add (local.get $c) (local.get $a)))
      (br_if 0 (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (return_call $turn
      (i32.wrap_i64 (local.get $c)) (local.get $a) (f32.const 3) (f64.const 4) (i32.const 5)
      (local.get $b) (v128.const i64x2 7 8) (i32.wrap_i64 (local.get $b)) (local.get $c)
      (i32.const 11) (i64.const 12) (f32.const 13) (f64.const 14) (v128.const i64x2 15 16)
      (v128.const i64x2 17 18) (f64.const 19) (f64.const 20) (f64.const 21)
      (v128.const i64x2 22 23) (i32.const 0)))
  (func (export "kept") (param $n i32) (param $x i64) (result i64)
    (local $sum i64) (local $y i64)
    (local.set $y (i64.const 1000))
    (loop
      (local.set $sum (i64.add (local.get $sum) (call $keeps (local.get $n) (local.get $x))))
      (local.set $y (i64.add (i64.mul (local.get $y) (i64.const 3)) (local.get $x)))
      (local.set $sum (i64.xor (local.get $sum) (local.get $y)))
      (local.set $x (i64.add (local.get $x) (i64.const 1)))
      (br_if 0 (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i64.add (local.get $sum) (local.get $x)))

  ;; Several results come back through a tail call.
  (func $three (param i32 f64) (result i32 f64 i64)
    (local.get 0) (local.get 1) (i64.const 3))
  (func $pass (param i64 i64 i64) (result i32 f64 i64)
    (return_call $three (i32.wrap_i64 (local.get 1)) (f64.convert_i64_s (local.get 2))))
  (func (export "three") (param i64 i64 i64) (result i64)
    (call $pass (local.get 0) (local.get 1) (local.get 2))
    (local.set 0)
    (i64.trunc_f64_s)
    (local.set 1)
    (i64.extend_i32_u)
    (i64.add (i64.mul (local.get 1) (i64.const 100)))
    (i64.add (i64.mul (local.get 0) (i64.const 10000))))
)
(assert_return (invoke "turn" (i32.const 0)) (i64.const 9840))
(assert_return (invoke "turn" (i32.const 1)) (i64.const 8049))
(assert_return (invoke "turn" (i32.const 2)) (i64.const 7882))
(assert_return (invoke "turn" (i32.const 1000)) (i64.const 9840))
(assert_return (invoke "kept" (i32.const 1) (i64.const 9)) (i64.const 92502))
(assert_return (invoke "kept" (i32.const 20) (i64.const -7)) (i64.const 6964636739686338903))
(assert_return (invoke "three" (i64.const 1) (i64.const 2) (i64.const 3)) (i64.const 30302))
