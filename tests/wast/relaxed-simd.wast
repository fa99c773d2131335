;; Relaxed operators where the specification allows more than one result: ours, in every mode.

(module
  (func (export "swizzle") (param v128 v128) (result v128)
    (i8x16.relaxed_swizzle (local.get 0) (local.get 1)))
  (func (export "trunc f32 s") (param v128) (result v128)
    (i32x4.relaxed_trunc_f32x4_s (local.get 0)))
  (func (export "trunc f32 u") (param v128) (result v128)
    (i32x4.relaxed_trunc_f32x4_u (local.get 0)))
  (func (export "trunc f64 s") (param v128) (result v128)
    (i32x4.relaxed_trunc_f64x2_s_zero (local.get 0)))
  (func (export "trunc f64 u") (param v128) (result v128)
    (i32x4.relaxed_trunc_f64x2_u_zero (local.get 0)))
  (func (export "madd f32") (param v128 v128 v128) (result v128)
    (f32x4.relaxed_madd (local.get 0) (local.get 1) (local.get 2)))
  (func (export "nmadd f32") (param v128 v128 v128) (result v128)
    (f32x4.relaxed_nmadd (local.get 0) (local.get 1) (local.get 2)))
  (func (export "madd f64") (param v128 v128 v128) (result v128)
    (f64x2.relaxed_madd (local.get 0) (local.get 1) (local.get 2)))
  (func (export "nmadd f64") (param v128 v128 v128) (result v128)
    (f64x2.relaxed_nmadd (local.get 0) (local.get 1) (local.get 2)))
  (func (export "laneselect i8") (param v128 v128 v128) (result v128)
    (i8x16.relaxed_laneselect (local.get 0) (local.get 1) (local.get 2)))
  (func (export "laneselect i16") (param v128 v128 v128) (result v128)
    (i16x8.relaxed_laneselect (local.get 0) (local.get 1) (local.get 2)))
  (func (export "laneselect i32") (param v128 v128 v128) (result v128)
    (i32x4.relaxed_laneselect (local.get 0) (local.get 1) (local.get 2)))
  (func (export "laneselect i64") (param v128 v128 v128) (result v128)
    (i64x2.relaxed_laneselect (local.get 0) (local.get 1) (local.get 2)))
  (func (export "min f32") (param v128 v128) (result v128)
    (f32x4.relaxed_min (local.get 0) (local.get 1)))
  (func (export "max f32") (param v128 v128) (result v128)
    (f32x4.relaxed_max (local.get 0) (local.get 1)))
  (func (export "min f64") (param v128 v128) (result v128)
    (f64x2.relaxed_min (local.get 0) (local.get 1)))
  (func (export "max f64") (param v128 v128) (result v128)
    (f64x2.relaxed_max (local.get 0) (local.get 1)))
  (func (export "q15mulr") (param v128 v128) (result v128)
    (i16x8.relaxed_q15mulr_s (local.get 0) (local.get 1)))
  (func (export "dot") (param v128 v128) (result v128)
    (i16x8.relaxed_dot_i8x16_i7x16_s (local.get 0) (local.get 1)))
  (func (export "dot add") (param v128 v128 v128) (result v128)
    (i32x4.relaxed_dot_i8x16_i7x16_add_s (local.get 0) (local.get 1) (local.get 2)))
)

;; An index above 15 gives 0, also where its low bits name a lane.
(assert_return
  (invoke "swizzle" (v128.const i8x16 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25)
    (v128.const i8x16 0 15 16 17 31 32 0x7f 0x80 0x81 0x8f 0xf0 0xff 1 2 3 4))
  (v128.const i8x16 10 25 0 0 0 0 0 0 0 0 0 0 11 12 13 14))

;; Conversions saturate, and NaN gives 0.
(assert_return (invoke "trunc f32 s" (v128.const f32x4 nan 3e9 -3e9 -1.9))
  (v128.const i32x4 0 0x7fff_ffff 0x8000_0000 -1))
(assert_return (invoke "trunc f32 s" (v128.const f32x4 -nan inf -inf 2147483648))
  (v128.const i32x4 0 0x7fff_ffff 0x8000_0000 0x7fff_ffff))
(assert_return (invoke "trunc f32 u" (v128.const f32x4 nan 5e9 -1 3e9))
  (v128.const i32x4 0 -1 0 3000000000))
(assert_return (invoke "trunc f64 s" (v128.const f64x2 nan 3e9))
  (v128.const i32x4 0 0x7fff_ffff 0 0))
(assert_return (invoke "trunc f64 s" (v128.const f64x2 -3e9 -2147483648.9))
  (v128.const i32x4 0x8000_0000 0x8000_0000 0 0))
(assert_return (invoke "trunc f64 u" (v128.const f64x2 -1 4294967296))
  (v128.const i32x4 0 -1 0 0))

;; Products are rounded before they are added: with the exact product the difference is not 0.
(assert_return
  (invoke "madd f32" (v128.const f32x4 0x1.000002p0 2 0x1p127 0)
    (v128.const f32x4 0x1.000002p0 3 4 inf) (v128.const f32x4 -0x1.000004p0 5 -inf 1))
  (v128.const f32x4 0 11 nan:canonical nan:canonical))
(assert_return
  (invoke "nmadd f32" (v128.const f32x4 0x1.000002p0 2 0x1p127 1)
    (v128.const f32x4 0x1.000002p0 3 4 0) (v128.const f32x4 0x1.000004p0 5 0 -0))
  (v128.const f32x4 0 -1 -inf -0))
(assert_return
  (invoke "madd f64" (v128.const f64x2 0x1.0000000000001p0 2)
    (v128.const f64x2 0x1.0000000000001p0 3) (v128.const f64x2 -0x1.0000000000002p0 5))
  (v128.const f64x2 0 11))
(assert_return
  (invoke "nmadd f64" (v128.const f64x2 0x1.0000000000001p0 2)
    (v128.const f64x2 0x1.0000000000001p0 3) (v128.const f64x2 0x1.0000000000002p0 5))
  (v128.const f64x2 0 -1))

;; Selection is by bit, also where a lane of the mask is neither 0 nor -1.
(assert_return
  (invoke "laneselect i8" (v128.const i64x2 -1 -1) (v128.const i64x2 0 0)
    (v128.const i8x16 0x80 0x7f 1 0 -1 0x55 2 4 0x80 0x7f 1 0 -1 0x55 2 4))
  (v128.const i8x16 0x80 0x7f 1 0 -1 0x55 2 4 0x80 0x7f 1 0 -1 0x55 2 4))
(assert_return
  (invoke "laneselect i16" (v128.const i64x2 -1 -1) (v128.const i64x2 0 0)
    (v128.const i16x8 0x8000 0x7fff 1 0 -1 0x5555 0x80 0x7f))
  (v128.const i16x8 0x8000 0x7fff 1 0 -1 0x5555 0x80 0x7f))
(assert_return
  (invoke "laneselect i32" (v128.const i64x2 -1 -1) (v128.const i64x2 0 0)
    (v128.const i32x4 0x80000000 0x7fffffff 1 0x80))
  (v128.const i32x4 0x80000000 0x7fffffff 1 0x80))
(assert_return
  (invoke "laneselect i64" (v128.const i64x2 -1 -1) (v128.const i64x2 0 0)
    (v128.const i64x2 0x8000000000000000 0x7fffffffffffffff))
  (v128.const i64x2 0x8000000000000000 0x7fffffffffffffff))

;; NaN wins on either side, and zeros are ordered by their signs.
(assert_return
  (invoke "min f32" (v128.const f32x4 nan 1 0 -0) (v128.const f32x4 1 nan -0 0))
  (v128.const f32x4 nan:canonical nan:canonical -0 -0))
(assert_return
  (invoke "max f32" (v128.const f32x4 nan 1 0 -0) (v128.const f32x4 1 nan -0 0))
  (v128.const f32x4 nan:canonical nan:canonical 0 0))
(assert_return (invoke "min f64" (v128.const f64x2 nan 0) (v128.const f64x2 1 -0))
  (v128.const f64x2 nan:canonical -0))
(assert_return (invoke "max f64" (v128.const f64x2 1 -0) (v128.const f64x2 nan 0))
  (v128.const f64x2 nan:canonical 0))

;; -1 times -1, in fractions of 15 bits, saturates.
(assert_return
  (invoke "q15mulr" (v128.const i16x8 -32768 -32768 32767 1 16384 0 -1 2)
    (v128.const i16x8 -32768 32767 32767 16384 1 5 16384 3))
  (v128.const i16x8 32767 -32767 32766 1 1 0 0 0))

;; The second operand is signed even where its bytes have more than 7 bits; sums wrap.
(assert_return
  (invoke "dot" (v128.const i8x16 1 2 3 4 -128 -128 127 127 -128 -128 0 1 2 0 -1 -1)
    (v128.const i8x16 5 6 -1 -2 127 127 127 127 -128 -128 -128 -128 -1 9 -128 -128))
  (v128.const i16x8 17 -11 -32512 32258 -32768 -128 -2 256))
(assert_return
  (invoke "dot add" (v128.const i8x16 1 2 3 4 -128 -128 127 127 -128 -128 -128 -128 -1 -1 -1 -1)
    (v128.const i8x16 5 6 -1 -2 127 127 127 127 -128 -128 -128 -128 -128 -128 -128 -128)
    (v128.const i32x4 100 1 0 0x7fff_ffff))
  (v128.const i32x4 106 -253 -65536 0x800001ff))
