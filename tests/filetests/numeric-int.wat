;; show: handlers all guard i32. i64.
;; show: handlers floor guard i32.shl i32.popcnt i32.clz i32.ctz i64.rotl i32.and
(module
  ;; Every kind of place for one operator.
  (func (param i32 i32) (result i32)
    (i32.add (i32.add (local.get 0) (local.get 1)) (i32.const 7)))
  (func $pinned (param i32 i32 i32)
    (loop
      (local.set 0 (i32.add (local.get 0) (local.get 1)))
      (local.set 1 (i32.sub (local.get 1) (i32.const 1)))
      (br_if 0 (local.tee 2 (i32.sub (i32.mul (local.get 2) (local.get 0)) (local.get 1))))))
  ;; What needs fixed registers, or another instruction on an older processor.
  (func (param i32 i32) (result i32) (i32.shl (local.get 0) (local.get 1)))
  (func (param i32) (result i32) (i32.shl (local.get 0) (i32.const 3)))
  (func (param i64 i64) (result i64) (i64.rotl (local.get 0) (local.get 1)))
  (func (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get 1)))
  (func (param i64 i64) (result i64) (i64.rem_s (local.get 0) (local.get 1)))
  (func (param i32 i32) (result i32) (i32.rem_u (local.get 0) (local.get 1)))
  (func (param i32) (result i32) (i32.popcnt (local.get 0)))
  (func (param i32) (result i32) (i32.clz (local.get 0)))
  (func (param i32) (result i32) (i32.ctz (local.get 0)))
  (func (param i32) (result i32) (i32.eqz (local.get 0)))
  (func (param i64 i64) (result i32) (i64.lt_u (local.get 0) (local.get 1)))
  (func (param i32) (result i32) (i32.extend8_s (local.get 0)))
  (func (param i64 i64) (result i64)
    (i64.and (local.get 0) (i64.xor (local.get 1) (i64.const -1)))))
