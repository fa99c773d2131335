;; Frames: recursion to the end of the stack and after it, results in the places of parameters,
;; locals that must be zero where other frames have been, blocks and loops with several values.

(module $m
  (type $i32-to-i32 (func (param i32) (result i32)))
  (table (export "table") 4 funcref)
  (elem (i32.const 0) $depth-through-table $fib $depth)

  (func $endless (export "endless") (param i64) (result i64)
    local.get 0
    i64.const 1
    i64.add
    call $endless
    i64.const 1
    i64.add)
  (func $endless-pair (param v128 f64)
    local.get 0
    local.get 1
    call $endless-other)
  (func $endless-other (export "endless pair") (param v128 f64)
    (local v128 v128 v128)
    local.get 0
    local.get 1
    call $endless-pair)
  (func $endless-table (export "endless through a table") (param i32)
    local.get 0
    i32.const 1
    i32.add
    i32.const 3
    call_indirect (param i32))
  (elem (i32.const 3) $endless-table)
  (func $endless-locals (export "endless with locals") (result i32)
    (local i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64)
    (local v128 v128 v128 v128 v128 v128 v128 v128 f32 f64)
    call $endless-locals
    i32.const 1
    i32.add)

  (func $depth (export "depth") (param i32) (result i32)
    local.get 0
    i32.eqz
    if (result i32)
      i32.const 0
    else
      local.get 0
      i32.const 1
      i32.sub
      call $depth
      i32.const 1
      i32.add
    end)
  (func $depth-through-table (export "depth through a table") (param i32) (result i32)
    local.get 0
    if (result i32)
      local.get 0
      local.get 0
      i32.const 1
      i32.sub
      i32.const 0
      call_indirect (type $i32-to-i32)
      local.get 0
      i32.sub
      i32.add
      i32.const 1
      i32.add
    else
      i32.const 0
    end)
  (func $fib (export "fib") (param i32) (result i32)
    local.get 0
    i32.const 2
    i32.lt_u
    if
      local.get 0
      return
    end
    local.get 0
    i32.const 1
    i32.sub
    call $fib
    local.get 0
    i32.const 2
    i32.sub
    i32.const 1
    call_indirect (type $i32-to-i32)
    i32.add)
  (func $ackermann (export "ackermann") (param i64 i64) (result i64)
    local.get 0
    i64.eqz
    if (result i64)
      local.get 1
      i64.const 1
      i64.add
    else
      local.get 0
      i64.const 1
      i64.sub
      local.get 1
      i64.eqz
      if (param i64) (result i64)
        i64.const 1
        call $ackermann
      else
        local.get 0
        local.get 1
        i64.const 1
        i64.sub
        call $ackermann
        call $ackermann
      end
    end)

  ;; Locals are zero, whatever lay there before.
  (func $dirty (result i32)
    (local i32 i64 f32 f64 v128 funcref externref i64 i64 i64)
    i32.const -1
    local.set 0
    i64.const -1
    local.set 1
    f32.const -1
    local.set 2
    f64.const -1
    local.set 3
    v128.const i64x2 -1 -1
    local.set 4
    ref.func $dirty
    local.set 5
    i64.const -1
    local.tee 7
    local.tee 8
    local.set 9
    local.get 0)
  (func $clean (result i32)
    (local i32 i64 f32 f64 v128 funcref externref i64 i64 i64)
    local.get 0
    local.get 1
    i32.wrap_i64
    i32.or
    local.get 2
    i32.reinterpret_f32
    i32.or
    local.get 3
    i64.reinterpret_f64
    i64.eqz
    i32.eqz
    i32.or
    local.get 4
    v128.any_true
    i32.or
    local.get 5
    ref.is_null
    i32.eqz
    i32.or
    local.get 6
    ref.is_null
    i32.eqz
    i32.or
    local.get 7
    local.get 8
    i64.or
    local.get 9
    i64.or
    i64.eqz
    i32.eqz
    i32.or)
  (elem declare func $dirty)
  (func (export "clean after dirty") (result i32 i32)
    call $dirty
    call $clean)

  ;; More results than parameters, and the other way round, with operands below.
  (func $spread (param i32) (result i32 i64 f32 f64 v128 i32)
    local.get 0
    local.get 0
    i64.extend_i32_s
    local.get 0
    f32.convert_i32_s
    local.get 0
    f64.convert_i32_s
    local.get 0
    i32x4.splat
    local.get 0
    i32.const 1
    i32.add)
  (func $gather (param i32 i64 f32 f64 v128 i32) (result i32)
    local.get 0
    local.get 1
    i32.wrap_i64
    i32.add
    local.get 2
    i32.trunc_f32_s
    i32.add
    local.get 3
    i32.trunc_f64_s
    i32.add
    local.get 4
    i32x4.extract_lane 2
    i32.add
    local.get 5
    i32.add)
  (func (export "spread and gather") (param i32) (result i32)
    i32.const 1000
    i32.const 5
    local.get 0
    call $spread
    call $gather
    i32.mul
    i32.add)
  (func $swap (param i32 v128) (result v128 i32)
    local.get 1
    local.get 0)
  (func $swap-back (param v128 i32) (result i32 v128)
    local.get 1
    local.get 0)
  (func (export "swap twice") (param i32 v128) (result i32 v128)
    local.get 0
    local.get 1
    call $swap
    call $swap-back
    call $swap
    call $swap-back)

  ;; Loops and blocks with parameters and several results.
  (func (export "fibonacci in a loop") (param i32) (result i64 i64)
    i64.const 0
    i64.const 1
    loop (param i64 i64) (result i64 i64)
      (local.get 0)
      i32.eqz
      br_if 1
      local.get 0
      i32.const 1
      i32.sub
      local.set 0
      call $step
      br 0
    end)
  (func $step (param i64 i64) (result i64 i64)
    local.get 1
    local.get 0
    local.get 1
    i64.add)
  (func (export "loop over a vector and a counter") (param i32) (result v128 i32)
    v128.const i32x4 1 2 3 4
    i32.const 0
    loop (param v128 i32) (result v128 i32)
      i32.const 1
      i32.add
      local.tee 0
      i32x4.splat
      i32x4.add
      local.get 0
      local.get 0
      i32.const 3
      i32.lt_s
      br_if 0
    end)
  (func (export "block with parameters") (param i32) (result i32)
    i32.const 1
    local.get 0
    i32.const 3
    block (param i32 i32 i32) (result i32 i32)
      i32.mul
      local.get 0
      br_if 0
      block (param i32 i32) (result i32 i32)
        i32.const 10
        i32.add
      end
    end
    i32.sub)
  (func (export "if with parameters and no else") (param i32 i32) (result i32 i32)
    local.get 0
    i32.const 4
    local.get 1
    if (param i32 i32) (result i32 i32)
      i32.add
      i32.const 5
    end)
  (func (export "if with constants below") (param i32) (result i32)
    i32.const 1
    i32.const 2
    local.get 0
    if (param i32) (result i32)
      i32.const 3
      i32.mul
    else
      drop
      i32.const 7
    end
    i32.add)
  (func (export "nested ifs") (param i32 i32) (result i32)
    local.get 0
    if (result i32)
      local.get 1
      if (result i32)
        i32.const 1
      else
        i32.const 2
        local.get 0
        i32.const 5
        i32.eq
        br_if 1
        drop
        i32.const 3
      end
      i32.const 10
      i32.mul
    else
      local.get 1
      i32.eqz
      if
        i32.const 4
        return
      end
      i32.const 5
    end)
)

(assert_exhaustion (invoke "endless" (i64.const 0)) "call stack exhausted")
(assert_exhaustion (invoke "endless pair" (v128.const i64x2 1 2) (f64.const 1))
  "call stack exhausted")
(assert_exhaustion (invoke "endless through a table" (i32.const 0)) "call stack exhausted")
(assert_exhaustion (invoke "endless with locals") "call stack exhausted")
(assert_exhaustion (invoke "depth" (i32.const -1)) "call stack exhausted")
(assert_return (invoke "depth" (i32.const 1000)) (i32.const 1000))
(assert_return (invoke "depth through a table" (i32.const 1000)) (i32.const 1000))
(assert_return (invoke "fib" (i32.const 15)) (i32.const 610))
(assert_return (invoke "ackermann" (i64.const 2) (i64.const 20)) (i64.const 43))
(assert_return (invoke "clean after dirty") (i32.const -1) (i32.const 0))
(assert_return (invoke "spread and gather" (i32.const 7)) (i32.const 1215))
(assert_return (invoke "swap twice" (i32.const 1) (v128.const i64x2 2 3))
  (i32.const 1) (v128.const i64x2 2 3))
(assert_return (invoke "fibonacci in a loop" (i32.const 0)) (i64.const 0) (i64.const 1))
(assert_return (invoke "fibonacci in a loop" (i32.const 50))
  (i64.const 12586269025) (i64.const 20365011074))
(assert_return (invoke "loop over a vector and a counter" (i32.const 0))
  (v128.const i32x4 7 8 9 10) (i32.const 3))
(assert_return (invoke "block with parameters" (i32.const 0)) (i32.const -9))
(assert_return (invoke "block with parameters" (i32.const 2)) (i32.const -5))
(assert_return (invoke "if with parameters and no else" (i32.const 1) (i32.const 0))
  (i32.const 1) (i32.const 4))
(assert_return (invoke "if with parameters and no else" (i32.const 1) (i32.const 1))
  (i32.const 5) (i32.const 5))
(assert_return (invoke "if with constants below" (i32.const 1)) (i32.const 7))
(assert_return (invoke "if with constants below" (i32.const 0)) (i32.const 8))
(assert_return (invoke "nested ifs" (i32.const 1) (i32.const 1)) (i32.const 10))
(assert_return (invoke "nested ifs" (i32.const 5) (i32.const 0)) (i32.const 2))
(assert_return (invoke "nested ifs" (i32.const 6) (i32.const 0)) (i32.const 30))
(assert_return (invoke "nested ifs" (i32.const 0) (i32.const 0)) (i32.const 4))
(assert_return (invoke "nested ifs" (i32.const 0) (i32.const 1)) (i32.const 5))

;; The stack's end is reached in another instance, and its traps leave all instances usable.
(register "m" $m)
(module
  (import "m" "endless" (func $endless (param i64) (result i64)))
  (import "m" "depth" (func $depth (param i32) (result i32)))
  (import "m" "table" (table 4 funcref))
  (func (export "endless") (result i64)
    i64.const 5
    call $endless)
  (func $between (export "between") (param i32) (result i32)
    local.get 0
    i32.eqz
    if
      i32.const 0
      return
    end
    local.get 0
    i32.const 1
    i32.sub
    call $between
    i32.const 3
    call $depth
    i32.add)
  (func (export "through the table") (param i32) (result i32)
    i32.const 100
    local.get 0
    i32.const 2
    call_indirect (param i32) (result i32)
    i32.sub)
)
(assert_exhaustion (invoke "endless") "call stack exhausted")
(assert_return (invoke "between" (i32.const 100)) (i32.const 300))
(assert_return (invoke "through the table" (i32.const 30)) (i32.const 70))
(assert_exhaustion (invoke "through the table" (i32.const -1)) "call stack exhausted")
(assert_return (invoke $m "depth" (i32.const 10)) (i32.const 10))
