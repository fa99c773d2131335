;; show: compiled all guard
;; show: compiled floor guard
(module
  (memory 1)
  (func $shifts (param v128 v128) (result v128)
    (v128.or
      (i64x2.add (i8x16.shl (local.get 0) (i32.const 3)) (i32x4.shr_u (local.get 0) (i32.const 25)))
      (i64x2.shr_s (local.get 1) (i32.const 7))))
  (func $by (param v128 i32) (result v128) (i16x8.shr_s (local.get 0) (local.get 1)))
  (func $swizzle (param v128) (result v128)
    (i8x16.swizzle (local.get 0)
      (v128.const i8x16 1 2 3 0 5 6 7 4 9 10 11 8 13 14 15 12)))
  (func $rotate (param v128) (result v128)
    (i8x16.shuffle 2 3 0 1 6 7 4 5 10 11 8 9 14 15 12 13 (local.get 0) (local.get 0)))
  (func $folded (result v128) (i16x8.mul (i16x8.splat (i32.const 3)) (i16x8.splat (i32.const 5))))
  (func $lanes (param i32 v128) (result v128)
    (v128.load8_lane 3 (i32.add (local.get 0) (i32.const 1))
      (i32x4.replace_lane 2 (local.get 1) (local.get 0))))
  (func $store (param i32 v128) (v128.store offset=16 (local.get 0) (i32x4.neg (local.get 1))))
  ;; The sum of four products in a loop: the result is made where the local is.
  (func $dot (param $at i32) (param $end i32) (result f32)
    (local $sum v128)
    (loop
      (local.set $sum
        (f32x4.add (local.get $sum)
          (f32x4.mul (v128.load (local.get $at)) (v128.load offset=4096 (local.get $at)))))
      (br_if 0
        (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 16))) (local.get $end))))
    (f32x4.extract_lane 0 (local.get $sum))))
