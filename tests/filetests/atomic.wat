;; show: handlers all guard i32. i64. atomic.
;; show: handlers all explicit i32.atomic.load i64.atomic.rmw.cmpxchg
(module
  (memory 1 1 shared)
  (func (param i32) (result i32) (i32.atomic.load offset=4 (local.get 0)))
  (func (param i32 i64) (i64.atomic.store (local.get 0) (local.get 1)))
  (func (param i32 i32) (result i32) (i32.atomic.rmw.add (local.get 0) (local.get 1)))
  (func (param i32 i32) (result i32) (i32.atomic.rmw8.or_u (local.get 0) (local.get 1)))
  (func (param i32 i32) (result i32) (i32.atomic.rmw.xchg (local.get 0) (local.get 1)))
  (func (param i32 i64 i64) (result i64)
    (i64.atomic.rmw.cmpxchg (local.get 0) (local.get 1) (local.get 2)))
  (func (atomic.fence)))
