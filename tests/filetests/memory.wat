;; show: handlers all guard i32. i64. f64. far.
;; show: handlers all explicit i32. i64. f64. far.
(module
  (memory 1)
  (memory $other 1)
  (memory $wide i64 1)
  (func (param i32) (result i32) (i32.load (local.get 0)))
  (func (param i32) (result i32) (i32.load offset=16 (local.get 0)))
  (func (param i32) (result i32) (i32.load8_s offset=1 (i32.add (local.get 0) (i32.const 4))))
  (func (param i32) (result i64) (i64.load32_u (local.get 0)))
  (func (param i32) (result f64) (f64.load offset=0xfffffff0 (local.get 0)))
  (func (param i32 i32) (i32.store (local.get 0) (local.get 1)))
  (func (param i32 i32) (i32.store16 offset=2 (local.get 0) (local.get 1)))
  (func (param i32) (i64.store offset=8 (local.get 0) (i64.const -3)))
  (func (param i32 f64) (f64.store (local.get 0) (f64.add (local.get 1) (local.get 1))))
  (func $pinned (param i32 i64)
    (loop
      (local.set 1 (i64.load offset=8 (local.get 0)))
      (i64.store (local.get 0) (local.get 1))
      (br_if 0 (local.tee 0 (i32.add (local.get 0) (i32.const 8))))))
  (func (param i32) (result i32) (i32.load $other offset=4 (local.get 0)))
  (func (param i64) (result i64) (i64.load $wide offset=0x100000000 (local.get 0)))
  (func (param i64 i32) (i32.store8 $wide (local.get 0) (local.get 1))))
