;; show: compiled all guard
;; show: compiled floor guard
(module
  (memory 1)
  (func $lanes (param v128 v128) (result v128)
    (i32x4.add (i32x4.mul (local.get 0) (local.get 1)) (i32x4.splat (i32.const 3))))
  (func $load (param i32) (result v128)
    (v128.and (v128.load offset=16 (local.get 0)) (v128.load8_splat (local.get 0))))
  (func $shuffle (param v128 v128) (result v128)
    (i8x16.shuffle 0 16 1 17 2 18 3 19 4 20 5 21 6 22 7 23 (local.get 0) (local.get 1)))
  (func $any (param v128) (result i32)
    (if (result i32) (v128.any_true (local.get 0)) (then (i32.const 1)) (else (i32.const 2))))
  (func $floats (param v128 v128) (result v128) (f64x2.min (local.get 0) (local.get 1))))
