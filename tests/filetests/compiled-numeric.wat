;; show: compiled all guard
;; show: compiled floor guard
(module
  (func $arithmetic (param i32 i32) (result i32)
    (i32.sub (i32.mul (i32.add (local.get 0) (local.get 1)) (i32.const 7)) (local.get 1)))
  (func $shifts (param i64 i64) (result i64)
    (i64.xor (i64.shl (local.get 0) (local.get 1)) (i64.rotl (local.get 0) (i64.const 9))))
  (func $division (param i32 i32) (result i32)
    (i32.add (i32.div_s (local.get 0) (local.get 1)) (i32.rem_u (local.get 0) (i32.const 10))))
  (func $bits (param i64) (result i64)
    (i64.add (i64.clz (local.get 0)) (i64.popcnt (local.get 0))))
  (func $comparison (param i32 i32) (result i32)
    (select (local.get 0) (local.get 1) (i32.lt_s (local.get 0) (local.get 1))))
  (func $floats (param f64 f64) (result f64)
    (f64.sqrt (f64.add (f64.mul (local.get 0) (local.get 0)) (f64.neg (local.get 1)))))
  (func $conversions (param f32) (result i64)
    (i64.add (i64.trunc_sat_f32_s (local.get 0)) (i64.extend_i32_u (i32.trunc_f32_u (local.get 0)))))
  (func $constant (result i32) (i32.add (i32.const 40) (i32.const 2))))
