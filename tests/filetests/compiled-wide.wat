;; show: compiled all guard
(module
  (func $add (param i64 i64 i64 i64) (result i64)
    (i64.add128 (local.get 0) (local.get 1) (local.get 2) (local.get 3))
    (i64.xor))
  (func $constant (param i64 i64) (result i64 i64)
    (i64.sub128 (local.get 0) (local.get 1) (i64.const 0x123456789a) (i64.const 0)))
  (func $product (param i64 i64) (result i64)
    (i64.mul_wide_u (local.get 0) (local.get 1))
    (drop))
  (func $chain (param i64 i64 i64) (result i64 i64)
    (i64.mul_wide_s (local.get 0) (local.get 1))
    (i64.mul_wide_s (local.get 1) (local.get 2))
    (i64.add128)))
