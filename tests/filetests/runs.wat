;; show: listing all guard
;; show: runs all guard
;; show: runs all explicit
(module
  (memory 1)
  (func $sum (param $at i32) (param $count i32) (result f64) (local $sum f64)
    (loop
      (local.set $sum (f64.add (local.get $sum) (f64.load offset=8 (local.get $at))))
      (local.set $at (i32.add (local.get $at) (i32.const 8)))
      (br_if 0 (local.tee $count (i32.sub (local.get $count) (i32.const 1)))))
    (local.get $sum))
  (func $fib (param i32) (result i32)
    (if (result i32) (i32.lt_s (local.get 0) (i32.const 2))
      (then (local.get 0))
      (else
        (i32.add
          (call $fib (i32.sub (local.get 0) (i32.const 1)))
          (call $fib (i32.sub (local.get 0) (i32.const 2))))))))
