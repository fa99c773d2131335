;; show: compiled all guard
;; show: compiled all explicit
(module
  (memory 1)
  (memory $other 1)
  (global $count (mut i64) (i64.const 0))
  (func $load (param i32) (result i32) (i32.load8_s offset=8 (i32.add (local.get 0) (i32.const 4))))
  (func $store (param i32 f64) (f64.store offset=16 (local.get 0) (local.get 1)))
  (func $far (param i32) (result i32) (i32.load offset=0xfffffff0 (local.get 0)))
  (func $other (param i32) (result i64) (i64.load $other (local.get 0)))
  (func $update (param i32)
    (i32.store (local.get 0) (i32.add (i32.load (local.get 0)) (i32.const 1))))
  (func $atomic (param i32 i32) (result i32) (i32.atomic.rmw.add (local.get 0) (local.get 1)))
  (func $exchange (param i32) (result i64)
    (i64.atomic.rmw32.cmpxchg_u (local.get 0) (i64.const 1) (i64.const 2)))
  (func $global (global.set $count (i64.add (global.get $count) (i64.const 1))))
  (func $grow (param i32) (result i32) (memory.grow (local.get 0)))
  (func $size (result i32) (memory.size)))
