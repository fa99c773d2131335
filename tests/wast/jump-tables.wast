;; Jumps by a table while values wait in all registers.

(module
  (memory (export "memory") 1)
  (data (i32.const 0) "\ff\ff")
  (func (export "carried") (param i32) (result i32 i64 i64 i64)
    (local i64 i64 i64 i64 i64 i64 i64 i64 i64 i32)
    (loop $l
      (local.set 1 (i64.add (local.get 1) (local.get 2)))
      (local.set 2 (i64.add (local.get 2) (local.get 3)))
      (local.set 3 (i64.add (local.get 3) (local.get 4)))
      (local.set 4 (i64.add (local.get 4) (local.get 5)))
      (local.set 5 (i64.add (local.get 5) (local.get 6)))
      (local.set 6 (i64.add (local.get 6) (local.get 7)))
      (local.set 7 (i64.add (local.get 7) (local.get 8)))
      (local.set 8 (i64.add (local.get 8) (local.get 9)))
      (br_if $l (i32.eqz (local.tee 10 (i32.add (local.get 10) (i32.const 1)))))
      (i32.const 0)
      (i64.sub (i64.load16_s (i32.const 0)) (i64.extend_i32_u (local.get 0)))
      (i64.sub (i64.load16_s (i32.const 1)) (i64.extend_i32_u (local.get 0)))
      (i64.sub (i64.load16_s (i32.const 2)) (i64.extend_i32_u (local.get 0)))
      (br_table 1 1 1 1 1 1 (i32.and (local.get 0) (i32.const 15))))
    (unreachable)))

(assert_return (invoke "carried" (i32.const 2))
  (i32.const 0) (i64.const -3) (i64.const 253) (i64.const -2))
(assert_return (invoke "carried" (i32.const 9))
  (i32.const 0) (i64.const -10) (i64.const 246) (i64.const -9))
