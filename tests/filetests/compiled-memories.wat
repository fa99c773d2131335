;; show: compiled all guard
(module
  (memory i64 1)
  (memory $one 1)
  (func $wide (param i64) (result i32) (i32.load offset=8 (local.get 0)))
  (func $far (param i64) (result i32) (i32.load offset=0x1_0000_0000 (local.get 0)))
  (func $load (param i32) (result i64) (i64.load32_s $one offset=4 (local.get 0)))
  (func $store (param i32 i32) (i32.store $one (local.get 0) (i32.mul (local.get 1) (i32.const 5))))
  (func $vector (param i32 v128) (v128.store64_lane $one 1 (local.get 0) (local.get 1)))
  (func $atomic (param i32 i32) (result i32)
    (i32.atomic.rmw.or $one offset=16 (local.get 0) (i32.add (local.get 1) (i32.const 1))))
  (func $copy (param i64 i32) (memory.copy 0 $one (local.get 0) (local.get 1) (i32.const 8))))
