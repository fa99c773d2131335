;; Reads of locals that are pending when the local changes, and operators that fold into others.

(module
  (func $side (param i32) (result i32)
    local.get 0
    i32.const 1
    i32.add)

  ;; A pending read keeps the old value.
  (func (export "set") (param i32) (result i32 i32 i32)
    local.get 0
    i32.const 10
    local.set 0
    local.get 0
    local.get 0
    i32.const 20
    local.set 0
    drop
    local.get 0)
  (func (export "swap") (param i32 i64 f32 f64 v128 i32 i64 f32 f64 v128)
    (result i32 i64 f32 f64 v128 i32 i64 f32 f64 v128)
    local.get 0  local.get 5  local.set 0  local.set 5
    local.get 1  local.get 6  local.set 1  local.set 6
    local.get 2  local.get 7  local.set 2  local.set 7
    local.get 3  local.get 8  local.set 3  local.set 8
    local.get 4  local.get 9  local.set 4  local.set 9
    local.get 0  local.get 1  local.get 2  local.get 3  local.get 4
    local.get 5  local.get 6  local.get 7  local.get 8  local.get 9)
  (func (export "increment behind reads") (param i32) (result i32)
    local.get 0
    local.get 0
    local.get 0
    i32.const 1
    i32.add
    local.tee 0
    i32.const 100
    i32.mul
    i32.add
    local.get 0
    i32.const 10000
    i32.mul
    i32.add
    i32.add)
  (func (export "rotate in a loop") (param i32) (result i32)
    (local $a i32) (local $b i32) (local $c i32)
    i32.const 1
    local.set $a
    i32.const 2
    local.set $b
    i32.const 3
    local.set $c
    loop
      local.get $b
      local.get $c
      local.get $a
      local.set $c
      local.set $b
      local.set $a
      local.get 0
      i32.const 1
      i32.sub
      local.tee 0
      br_if 0
    end
    local.get $a
    i32.const 10
    i32.mul
    local.get $b
    i32.add
    i32.const 10
    i32.mul
    local.get $c
    i32.add)
  (func (export "read before a block that sets") (param i32 i32) (result i32)
    local.get 0
    local.get 1
    if
      i32.const 50
      local.set 0
    end
    local.get 0
    i32.add)
  (func (export "read before a loop that sets") (param i32) (result i32)
    local.get 0
    loop
      local.get 0
      i32.const 1
      i32.sub
      local.tee 0
      br_if 0
    end
    local.get 0
    i32.sub)
  (func (export "read and condition") (param i32) (result i32)
    local.get 0
    local.get 0
    i32.eqz
    if (param i32) (result i32)
      i32.const 1
      local.set 0
      i32.const 10
      i32.add
    else
      local.get 0
      i32.const 2
      local.set 0
      i32.mul
    end
    local.get 0
    i32.add)
  (func (export "select a changed local") (param i32 i32) (result i32)
    local.get 0
    i32.const 7
    local.set 0
    local.get 0
    local.get 1
    select)
  (func (export "select of locals") (param v128 v128 i32) (result v128)
    local.get 0
    local.get 1
    local.get 2
    i32.const 1
    i32.and
    select
    local.tee 0
    local.get 1
    local.get 2
    i32.const 2
    i32.and
    i32.eqz
    select)
  (func (export "calls and pending reads") (param i32) (result i32)
    local.get 0
    local.get 0
    call $side
    local.tee 0
    local.get 0
    call $side
    i32.const 3
    call $side
    i32.mul
    i32.add
    i32.add
    local.get 0
    i32.add)

  ;; Comparisons, negations and what uses them.
  (func (export "negations") (param i32) (result i32)
    (local i32)
    block
      local.get 0
      i32.const 10
      i32.lt_u
      i32.eqz
      i32.eqz
      i32.eqz
      br_if 0
      local.get 1
      i32.const 1
      i32.or
      local.set 1
    end
    block
      local.get 0
      i64.extend_i32_s
      i64.eqz
      i32.eqz
      br_if 0
      local.get 1
      i32.const 2
      i32.or
      local.set 1
    end
    block
      local.get 0
      i32.eqz
      local.tee 0
      i32.eqz
      br_if 0
      local.get 1
      i32.const 4
      i32.or
      local.set 1
    end
    local.get 0
    i32.eqz
    if
      local.get 1
      i32.const 8
      i32.or
      local.set 1
    end
    local.get 1)
  (func (export "comparison kept and used") (param f64 f64) (result i32)
    (local i32)
    local.get 0
    local.get 1
    f64.lt
    local.tee 2
    if (result i32)
      local.get 2
      i32.const 10
      i32.add
    else
      local.get 2
      i32.const 20
      i32.add
    end)
  (func (export "not less is not greater or equal") (param f64 f64) (result i32)
    local.get 0
    local.get 1
    f64.lt
    i32.eqz
    if (result i32)
      i32.const 1
    else
      i32.const 0
    end)
  (func (export "select by comparison") (param i64 i64) (result i64)
    local.get 0
    local.get 1
    local.get 0
    local.get 1
    i64.gt_u
    i32.eqz
    select)
  (func (export "constants left and right") (param i32 i64) (result i32 i64 i32 i64)
    i32.const 100
    local.get 0
    i32.sub
    i64.const 0x1_2345_6789
    local.get 1
    i64.sub
    i32.const 1
    local.get 0
    i32.shl
    local.get 1
    i64.const -0x1_0000_0000
    i64.add)
  (func (export "constant conditions") (param i32) (result i32)
    i32.const 0
    if
      i32.const 1
      return
    end
    i32.const 5
    if (result i32)
      i32.const 3
      local.get 0
      i32.const 1
      select
    else
      i32.const 4
    end
    block (param i32) (result i32)
      i32.const 0
      br_if 0
      local.get 0
      i32.add
      return
    end
    unreachable)
  (func (export "a fold that traps") (result i32)
    i32.const 1
    i32.const 0
    i32.div_s)
  (func (export "a fold that traps later") (param i32) (result i32)
    local.get 0
    i32.eqz
    if
      i32.const 0x8000_0000
      i32.const -1
      i32.div_s
      return
    end
    i32.const 0x8000_0000
    i32.const -1
    i32.rem_s)
  (func (export "NaN bits") (result i32 i64)
    f32.const nan:0x200001
    f32.neg
    i32.reinterpret_f32
    f64.const -nan:0x4000000000001
    f64.abs
    i64.reinterpret_f64)

  ;; Both register files at once.
  (func (export "mixed") (param i32 f64) (result f64)
    local.get 0
    i32.const 2
    i32.mul
    f64.convert_i32_s
    local.get 1
    local.get 1
    f64.mul
    local.get 0
    f64.convert_i32_u
    f64.sqrt
    f64.add
    f64.sub
    local.tee 1
    local.get 1
    f64.mul)
)

(assert_return (invoke "set" (i32.const 1)) (i32.const 1) (i32.const 10) (i32.const 20))
(assert_return
  (invoke "swap"
    (i32.const 1) (i64.const 2) (f32.const 3) (f64.const 4) (v128.const i64x2 5 6)
    (i32.const 7) (i64.const 8) (f32.const 9) (f64.const 10) (v128.const i64x2 11 12))
  (i32.const 7) (i64.const 8) (f32.const 9) (f64.const 10) (v128.const i64x2 11 12)
  (i32.const 1) (i64.const 2) (f32.const 3) (f64.const 4) (v128.const i64x2 5 6))
(assert_return (invoke "increment behind reads" (i32.const 3)) (i32.const 40406))
(assert_return (invoke "rotate in a loop" (i32.const 1)) (i32.const 231))
(assert_return (invoke "rotate in a loop" (i32.const 2)) (i32.const 312))
(assert_return (invoke "rotate in a loop" (i32.const 3)) (i32.const 123))
(assert_return (invoke "read before a block that sets" (i32.const 3) (i32.const 0)) (i32.const 6))
(assert_return (invoke "read before a block that sets" (i32.const 3) (i32.const 1)) (i32.const 53))
(assert_return (invoke "read before a loop that sets" (i32.const 9)) (i32.const 9))
(assert_return (invoke "read and condition" (i32.const 0)) (i32.const 11))
(assert_return (invoke "read and condition" (i32.const 5)) (i32.const 27))
(assert_return (invoke "select a changed local" (i32.const 1) (i32.const 5)) (i32.const 1))
(assert_return (invoke "select a changed local" (i32.const 1) (i32.const 0)) (i32.const 7))
(assert_return
  (invoke "select of locals" (v128.const i64x2 1 2) (v128.const i64x2 3 4) (i32.const 1))
  (v128.const i64x2 1 2))
(assert_return
  (invoke "select of locals" (v128.const i64x2 1 2) (v128.const i64x2 3 4) (i32.const 0))
  (v128.const i64x2 3 4))
(assert_return
  (invoke "select of locals" (v128.const i64x2 1 2) (v128.const i64x2 3 4) (i32.const 3))
  (v128.const i64x2 3 4))
(assert_return (invoke "calls and pending reads" (i32.const 2)) (i32.const 24))
(assert_return (invoke "negations" (i32.const 0)) (i32.const 7))
(assert_return (invoke "negations" (i32.const 5)) (i32.const 9))
(assert_return (invoke "negations" (i32.const 20)) (i32.const 8))
(assert_return (invoke "comparison kept and used" (f64.const 1) (f64.const 2)) (i32.const 11))
(assert_return (invoke "comparison kept and used" (f64.const 2) (f64.const 1)) (i32.const 20))
(assert_return (invoke "comparison kept and used" (f64.const nan) (f64.const 1)) (i32.const 20))
(assert_return (invoke "not less is not greater or equal" (f64.const 1) (f64.const 2)) (i32.const 0))
(assert_return (invoke "not less is not greater or equal" (f64.const 2) (f64.const 1)) (i32.const 1))
(assert_return (invoke "not less is not greater or equal" (f64.const nan) (f64.const 1)) (i32.const 1))
(assert_return (invoke "select by comparison" (i64.const 1) (i64.const 2)) (i64.const 1))
(assert_return (invoke "select by comparison" (i64.const -1) (i64.const 2)) (i64.const 2))
(assert_return (invoke "constants left and right" (i32.const 5) (i64.const 7))
  (i32.const 95) (i64.const 0x1_2345_6782) (i32.const 32) (i64.const -4294967289))
(assert_return (invoke "constant conditions" (i32.const 4)) (i32.const 7))
(assert_trap (invoke "a fold that traps") "integer divide by zero")
(assert_trap (invoke "a fold that traps later" (i32.const 0)) "integer overflow")
(assert_return (invoke "a fold that traps later" (i32.const 1)) (i32.const 0))
(assert_return (invoke "NaN bits") (i32.const 0xffa0_0001) (i64.const 0x7ff4_0000_0000_0001))
(assert_return (invoke "mixed" (i32.const 4) (f64.const 2)) (f64.const 4))
