;; Loops whose turns are only a branch, or go through a jump table, with and without operands: they
;; are counted, and so may be looked at by the runtime in the middle of what pins and operands hold.

(module
  (func (export "table") (param i32) (result i32)
    (local i32 i32)
    (loop $again
      (local.set 1 (i32.add (local.get 1) (i32.const 1)))
      (local.set 2 (i32.add (local.get 2) (local.get 1)))
      (block $end
        (br_table $again $end (i32.ge_u (local.get 1) (local.get 0)))))
    (local.get 2))
  (func (export "operands") (param i32) (result i64)
    (local i32)
    (i64.const 0)
    (f64.const 0)
    (loop $again (param i64 f64) (result i64 f64)
      (local.set 1 (i32.add (local.get 1) (i32.const 1)))
      (f64.add (f64.const 1))
      (block $end (param i64 f64) (result i64 f64)
        (br_table $end $again (i32.lt_u (local.get 1) (local.get 0)))))
    (i64.trunc_f64_s)
    (i64.add))
  (func (export "two") (param i32) (result i32)
    (local i32)
    (loop $outer
      (loop $inner
        (local.set 1 (i32.add (local.get 1) (i32.const 1)))
        (block $end
          (br_table $inner $outer $end
            (i32.add
              (i32.eqz (i32.rem_u (local.get 1) (i32.const 3)))
              (i32.gt_u (local.get 1) (local.get 0)))))))
    (local.get 1))
  (func (export "itself") (param i32) (result i32)
    (loop $never (br_if $never (i32.lt_u (local.get 0) (i32.const 0))))
    (loop $never (br_if $never (local.get 0)))
    (i32.const 1)))

(assert_return (invoke "table" (i32.const 10000)) (i32.const 50005000))
(assert_return (invoke "operands" (i32.const 10000)) (i64.const 10000))
(assert_return (invoke "two" (i32.const 10000)) (i32.const 10002))
(assert_return (invoke "itself" (i32.const 0)) (i32.const 1))
