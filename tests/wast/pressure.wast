;; More values at once than there are registers.

(module
  ;; Both values, both sides of the condition, and a constant that is no immediate.
  (func (export "select")
    (param i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64) (result i64) (local i32)
    (local.set 12 (i32.const 3))
    (loop $l
      (local.set 0 (i64.add (local.get 0) (local.get 1)))
      (local.set 1 (i64.add (local.get 1) (local.get 2)))
      (local.set 2 (i64.add (local.get 2) (local.get 3)))
      (local.set 3 (i64.add (local.get 3) (local.get 4)))
      (local.set 4 (i64.add (local.get 4) (local.get 5)))
      (local.set 5 (i64.add (local.get 5) (local.get 6)))
      (local.set 6 (i64.add (local.get 6) (local.get 7)))
      (local.set 7 (i64.add (local.get 7) (local.get 8)))
      (local.set 8 (i64.add (local.get 8) (local.get 9)))
      (local.set 9 (select
        (i64.add (local.get 9) (i64.const 1)) (i64.add (local.get 10) (i64.const 2))
        (i64.lt_s (i64.add (local.get 11) (i64.const 3)) (i64.const 0x123456789ab))))
      (local.set 10 (select
        (i64.const 0x123456789abd) (i64.const 0x123456789abc)
        (i64.lt_s (i64.add (local.get 11) (i64.const 3)) (i64.const 0x123456789ab))))
      (br_if $l (local.tee 12 (i32.sub (local.get 12) (i32.const 1)))))
    (i64.add (local.get 0) (i64.add (local.get 9) (local.get 10)))))

(assert_return
  (invoke "select" (i64.const 1) (i64.const 2) (i64.const 3) (i64.const 4) (i64.const 5)
    (i64.const 6) (i64.const 7) (i64.const 8) (i64.const 9) (i64.const 10) (i64.const 11)
    (i64.const 0x123456789a7))
  (i64.const 20015998343902))
(assert_return
  (invoke "select" (i64.const 1) (i64.const 2) (i64.const 3) (i64.const 4) (i64.const 5)
    (i64.const 6) (i64.const 7) (i64.const 8) (i64.const 9) (i64.const 10) (i64.const 11)
    (i64.const 0x123456789a8))
  (i64.const 40031996687758))
