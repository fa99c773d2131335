;; show: compiled all guard
;; show: compiled all explicit
(module
  (memory 1 1 shared)
  (func $load (param i32) (result i64) (i64.atomic.load16_u offset=8 (local.get 0)))
  (func $load8 (param i32) (result i32) (i32.atomic.load8_u offset=1 (local.get 0)))
  (func $store (param i32 i32) (i32.atomic.store (local.get 0) (local.get 1)))
  (func $add (param i32 i64) (result i64) (i64.atomic.rmw.add (local.get 0) (local.get 1)))
  (func $xor (param i32 i32) (result i32) (i32.atomic.rmw.xor (local.get 0) (local.get 1)))
  (func $lock (param i32) (result i32)
    (i32.atomic.rmw.cmpxchg (local.get 0) (i32.const 0) (i32.const 1)))
  (func $swap (param i32 i64 i64) (result i64)
    (i64.atomic.rmw32.cmpxchg_u (i32.mul (local.get 0) (i32.const 12))
      (i64.add (local.get 1) (i64.const 1)) (i64.sub (local.get 2) (local.get 1))))
  (func $fence (atomic.fence))
  (func $notify (param i32) (result i32)
    (memory.atomic.notify offset=4 (local.get 0) (i32.const 1))))
