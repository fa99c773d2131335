;; show: cells
;; show: listing floor explicit
(module
  (memory 1)
  (func $blocks (param $n i32) (result i32) (local $i i64)
    (block $out
      (loop $again
        (br_if $out (i64.ge_u (local.get $i) (i64.const 0x1_0000_0000)))
        (if (i32.eqz (local.get $n))
          (then (local.set $n (i32.const 3)))
          (else (i32.store offset=4 align=1 (local.get $n) (i32.const -1))))
        (local.set $i (i64.add (local.get $i) (i64.const 1)))
        (br $again)
        (drop (f32.const 0.5))))
    (br_table 0 0 (i32.const 1) (local.get $n)))
  (func $folded (result i32)
    (i32.mul (i32.add (i32.const 2) (i32.const 3)) (i32.const 4)))
  (func $vectors (param v128) (result v128)
    (i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15
      (local.get 0) (v128.const i32x4 1 2 3 4))))
