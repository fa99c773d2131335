;; Accesses that need several registers, in loops whose locals take all there are: memories other
;; than memory 0, 64-bit addresses, atomic accesses, vectors.

(module
  (memory $zero 1)
  (memory $one (export "one") 1)
  (memory $wide i64 1)
  ;; Seven integers and ten vectors are used in the loop, so that few registers are left.
  (func (export "crowd") (param $n i32) (result i64)
    (local $a i32) (local $b i32) (local $c i64) (local $d i32) (local $e i64) (local $w i64)
    (local $v0 v128) (local $v1 v128) (local $v2 v128) (local $v3 v128) (local $v4 v128)
    (local $v5 v128) (local $v6 v128) (local $v7 v128) (local $v8 v128) (local $v9 v128)
    (local.set $a (i32.const 8))
    (local.set $b (i32.const 3))
    (local.set $d (i32.const 16))
    (local.set $w (i64.const 24))
    (local.set $v9 (v128.const i32x4 1 2 3 4))
    (loop
      ;; Scalars in another memory.
      (i32.store $one offset=64 (local.get $a) (i32.add (local.get $b) (local.get $n)))
      (local.set $b (i32.add (local.get $b) (i32.load $one offset=64 (local.get $a))))
      (i64.store $one offset=65 (i32.mul (local.get $d) (i32.const 2))
        (i64.mul (local.get $c) (i64.const 0x123456789)))
      (local.set $c
        (i64.add (i64.add (local.get $c) (i64.const 7))
          (i64.load $one offset=65 (i32.mul (local.get $d) (i32.const 2)))))
      (f64.store $one (local.get $a) (f64.convert_i32_s (local.get $b)))
      ;; By 64 bits.
      (i64.store $wide offset=0x100 (local.get $w) (i64.xor (local.get $c) (local.get $e)))
      (local.set $e
        (i64.rotl (i64.add (local.get $e) (i64.load $wide offset=0x100 (local.get $w)))
          (i64.const 3)))
      ;; Atomic ones, in all memories.
      (local.set $b
        (i32.xor (local.get $b)
          (i32.add
            (i32.atomic.rmw.add $one offset=128 (local.get $d)
              (i32.sub (local.get $n) (local.get $b)))
            (i32.atomic.rmw.xor $one offset=128 (local.get $d)
              (i32.mul (local.get $n) (local.get $a))))))
      (local.set $c
        (i64.add
          (i64.add (local.get $c)
            (i64.atomic.rmw.cmpxchg $one offset=256 (i32.shl (local.get $d) (i32.const 1))
              (i64.sub (local.get $e) (local.get $e)) (i64.add (local.get $c) (i64.const 5))))
          (i64.atomic.rmw8.and_u $wide offset=0x107 (i64.add (local.get $w) (i64.const 1))
            (i64.or (local.get $c) (i64.const 0x55)))))
      (local.set $e
        (i64.add (local.get $e)
          (i64.add
            (i64.atomic.rmw16.cmpxchg_u offset=1024 (local.get $a) (local.get $c) (local.get $e))
            (i64.mul (local.get $c)
              (i64.atomic.rmw.or offset=2048 (local.get $a)
                (i64.add (local.get $c) (local.get $e)))))))
      (i64.atomic.store $wide offset=0x200 (local.get $w) (i64.add (local.get $c) (local.get $e)))
      (local.set $e
        (i64.sub (local.get $e) (i64.atomic.rmw.sub $wide offset=0x200 (local.get $w)
          (i64.add (local.get $c) (i64.const 1)))))
      ;; Vectors.
      (local.set $v0 (i32x4.add (local.get $v9) (i32x4.splat (local.get $b))))
      (local.set $v1 (v128.bitselect (local.get $v0) (local.get $v9) (local.get $v8)))
      (local.set $v2 (i8x16.swizzle (local.get $v1) (v128.const i8x16
        3 2 1 0 7 6 5 4 11 10 9 8 15 14 13 12)))
      (local.set $v3 (i16x8.add (local.get $v2) (local.get $v7)))
      (v128.store $one offset=512 (local.get $a) (local.get $v3))
      (local.set $v4 (v128.load32_lane $one offset=516 2 (local.get $a) (local.get $v3)))
      (local.set $v5 (v128.xor (local.get $v4) (v128.load64_splat $one offset=64 (local.get $a))))
      (v128.store16_lane $wide offset=0x300 5 (local.get $w) (i32x4.mul (local.get $v5)
        (local.get $v0)))
      (local.set $v6 (i64x2.sub (local.get $v5) (v128.load $wide offset=0x2f8 (local.get $w))))
      (local.set $v7 (i8x16.shr_s (local.get $v6) (i32.const 3)))
      (local.set $v8 (i16x8.shl (i32x4.max_s (local.get $v7) (local.get $v6)) (local.get $n)))
      (local.set $v9
        (i8x16.shuffle 0 17 2 19 4 21 6 23 8 25 10 27 12 29 14 31
          (local.get $v8) (i64x2.shr_s (local.get $v6) (i32.const 9))))
      (local.set $e
        (i64.add (local.get $e)
          (i64.add (i64x2.extract_lane 0 (local.get $v9)) (i64x2.extract_lane 1 (local.get $v9)))))
      (br_if 0 (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i64.add
      (i64.mul (i64.xor (local.get $c) (local.get $e)) (i64.const 0x9e3779b97f4a7c15))
      (i64.xor (local.get $e)
        (i64.add (i64.extend_i32_u (local.get $b))
          (i64x2.extract_lane 1 (i64x2.add (local.get $v5) (local.get $v9)))))))

  ;; The same without what is pinned: temporaries hold every operand.
  (func (export "loose") (param i32 i32 i64 i64) (result i64)
    (i64.add
      (i64.atomic.rmw.cmpxchg $one offset=40000
        (i32.mul (local.get 0) (i32.const 8))
        (i64.load $one offset=40000 (i32.mul (local.get 0) (i32.const 8)))
        (i64.mul (local.get 2) (local.get 3)))
      (i64.add
        (i64.atomic.rmw32.xchg_u $wide offset=4000
          (i64.extend_i32_u (i32.mul (local.get 1) (i32.const 4)))
          (i64.mul (local.get 2) (i64.const 3)))
        (i64.add
          (i64.atomic.load32_u $wide offset=4000
            (i64.extend_i32_u (i32.mul (local.get 1) (i32.const 4))))
          (i64.load $one offset=40000 (i32.mul (local.get 0) (i32.const 8)))))))
  (func (export "misaligned-one") (param i32) (result i32)
    (i32.atomic.rmw.and $one offset=2 (local.get 0) (i32.const 1)))
  (func (export "outside-one") (param i32) (result i32)
    (i32.atomic.rmw.and $one offset=65532 (local.get 0) (i32.const 1)))
  (func (export "outside-wide") (param i64) (result i64)
    (i64.atomic.rmw8.or_u $wide offset=65535 (local.get 0) (i64.const 1)))
  (func (export "far-wide") (param i64) (result v128)
    (v128.load $wide offset=0xffffffffffffff00 (local.get 0)))
  (func (export "lane-wide") (param i64 v128) (result v128)
    (v128.load8_lane $wide offset=65535 3 (local.get 0) (local.get 1)))
)
(assert_return (invoke "crowd" (i32.const 1)) (i64.const 7486504078057261350))
(assert_return (invoke "crowd" (i32.const 1000)) (i64.const -537975650337683679))
(assert_return (invoke "loose" (i32.const 5) (i32.const 6) (i64.const 7) (i64.const 8))
  (i64.const 77))
(assert_return (invoke "loose" (i32.const 5) (i32.const 6) (i64.const 9) (i64.const 10))
  (i64.const 194))
(assert_return (invoke "misaligned-one" (i32.const 2)) (i32.const 0))
(assert_trap (invoke "misaligned-one" (i32.const 0)) "unaligned atomic")
(assert_return (invoke "outside-one" (i32.const 0)) (i32.const 0))
(assert_trap (invoke "outside-one" (i32.const 4)) "out of bounds memory access")
(assert_trap (invoke "outside-one" (i32.const -4)) "out of bounds memory access")
(assert_return (invoke "outside-wide" (i64.const 0)) (i64.const 0))
(assert_trap (invoke "outside-wide" (i64.const 1)) "out of bounds memory access")
(assert_trap (invoke "outside-wide" (i64.const -1)) "out of bounds memory access")
(assert_trap (invoke "far-wide" (i64.const 0x100)) "out of bounds memory access")
(assert_trap (invoke "far-wide" (i64.const 0)) "out of bounds memory access")
(assert_trap (invoke "far-wide" (i64.const 0xf0)) "out of bounds memory access")
(assert_return (invoke "lane-wide" (i64.const 0) (v128.const i32x4 -1 -1 -1 -1))
  (v128.const i32x4 0x01ffffff -1 -1 -1))
(assert_trap (invoke "lane-wide" (i64.const 1) (v128.const i32x4 -1 -1 -1 -1))
  "out of bounds memory access")
