;; Conditions that are computed, and not only branched upon.

(module
  ;; That some bit is left is not which.
  (func (export "and-32") (param i32 i32) (result i32)
    (i32.eqz (i32.eqz (i32.and (local.get 0) (local.get 1)))))
  (func (export "and-64") (param i64 i64) (result i32)
    (i32.eqz (i64.eqz (i64.and (local.get 0) (local.get 1)))))
  (func (export "and-set") (param i64 i64) (result i32) (local i32)
    (local.set 2 (i32.eqz (i64.eqz (i64.and (local.get 0) (local.get 1)))))
    (if (result i32) (local.get 2) (then (local.get 2)) (else (i32.const 9))))
  (func (export "less") (param i64 i64) (result i32)
    (i32.eqz (i32.eqz (i64.lt_s (local.get 0) (local.get 1))))))

(assert_return (invoke "and-32" (i32.const 6) (i32.const 12)) (i32.const 1))
(assert_return (invoke "and-32" (i32.const 6) (i32.const 8)) (i32.const 0))
(assert_return (invoke "and-64" (i64.const 0x600000000) (i64.const 0xc00000000)) (i32.const 1))
(assert_return (invoke "and-64" (i64.const 6) (i64.const 8)) (i32.const 0))
(assert_return (invoke "and-set" (i64.const 6) (i64.const 12)) (i32.const 1))
(assert_return (invoke "and-set" (i64.const 6) (i64.const 8)) (i32.const 9))
(assert_return (invoke "less" (i64.const 6) (i64.const 8)) (i32.const 1))
(assert_return (invoke "less" (i64.const 8) (i64.const 6)) (i32.const 0))
