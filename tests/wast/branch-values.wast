;; Operands that a branch takes along, or leaves where they are, when they are locals, constants or
;; results that are not in their slots yet.

(module
  ;; The operand of a branch that is not taken is used afterwards.
  (func (export "v128") (param v128 i32) (result v128)
    local.get 0
    local.get 1
    br_if 0
    v128.not)
  (func (export "v128 and i32") (param v128 i32) (result v128 i32)
    local.get 0
    local.get 1
    local.get 1
    br_if 0
    i32.const 7
    i32.add)
  (func (export "f64") (param f64 i32) (result f64)
    local.get 0
    local.get 1
    br_if 0
    f64.const 1
    f64.add)
  (func (export "two locals") (param i32 i64 i32) (result i32 i64)
    local.get 0
    local.get 1
    local.get 2
    br_if 0
    i64.const 1
    i64.add)
  (func (export "constants") (param i32) (result i32 f32 i64)
    i32.const 1
    f32.const 2
    i64.const 0x1_0000_0003
    local.get 0
    br_if 0
    drop
    drop
    i32.const 10
    i32.add
    f32.const 20
    i64.const 30)

  ;; What lies between the label's operands and the branch's is dropped.
  (func (export "drops") (param i32 i32) (result i32)
    i32.const 100
    block (result i32)
      i32.const 1
      local.get 0
      local.get 1
      br_if 0
      i32.add
    end
    i32.add)
  (func (export "drops vectors") (param v128 i32) (result v128 i32)
    block (result v128 i32)
      local.get 0
      v128.not
      i64.const 5
      local.get 0
      i32.const 3
      local.get 1
      br_if 0
      drop
      drop
      drop
      i32.const 4
    end)

  ;; The condition is a local that changes, or an operand's own comparison.
  (func (export "condition changes") (param i32) (result i32)
    block (result i32)
      local.get 0
      local.get 0
      i32.const 8
      local.set 0
      br_if 0
      drop
      local.get 0
    end)
  (func (export "operand is a comparison") (param i32) (result i32)
    block (result i32)
      local.get 0
      i32.const 5
      i32.lt_s
      local.get 0
      i32.const 3
      i32.ge_s
      br_if 0
      i32.const 100
      i32.add
    end)
  (func (export "tee") (param i32) (result i32)
    (local i32)
    block (result i32)
      local.get 0
      i32.const 3
      i32.mul
      local.tee 1
      local.get 1
      i32.const 10
      i32.gt_s
      br_if 0
      local.get 1
      i32.add
      local.set 1
      i32.const -1
    end
    local.get 1
    i32.add)

  ;; Jump tables to labels at different heights.
  (func (export "heights") (param $i i32) (param $x i32) (result i32)
    i32.const 1000
    block $a (result i32)
      i32.const 200
      block $b (result i32)
        i32.const 50
        block $c (result i32)
          i32.const 6
          local.get $x
          local.get $i
          br_table $c $b $a $b 3
        end
        i32.add
      end
      i32.add
    end
    i32.add)
  (func (export "table of vectors") (param $i i32) (param $x v128) (result i32 v128)
    block $a (result v128)
      i32.const 1
      block $b (result v128)
        i64.const 2
        local.get $x
        local.get $i
        br_table $a $b $a
      end
      v128.not
      return
    end
    local.set $x
    i32.const 3
    local.get $x)
  (func (export "index is an operand") (param $i i32) (result i32 i32)
    block $a (result i32 i32)
      block $b (result i32 i32)
        local.get $i
        local.get $i
        i32.const 1
        i32.add
        local.get $i
        br_table $a $b 2
      end
      i32.const 10
      i32.mul
    end
    i32.const 100
    i32.add)
  (func (export "table returns") (param $i i32) (param $x i32) (result i32)
    local.get $x
    local.get $x
    i32.const 1
    i32.sub
    local.get $i
    i32.const 1
    i32.sub
    br_table 0 0 0)
  (func (export "table or return") (param $i i32) (param $x i32) (result i32)
    i32.const 5
    block $a (result i32)
      local.get $x
      local.get $i
      br_table $a 1 $a 1
    end
    i32.add)

  ;; Branches out of loops.
  (func (export "loop") (param i32) (result i32)
    i32.const 1000
    block (result i32)
      loop
        local.get 0
        local.get 0
        i32.const 3
        i32.eq
        br_if 1
        i32.const 1
        i32.sub
        local.set 0
        br 0
      end
      unreachable
    end
    i32.add)
  (func (export "loop returns") (param i32) (result i32 i32)
    local.get 0
    loop (result i32)
      i32.const 7
      local.get 0
      local.get 0
      i32.const 1
      i32.eq
      br_if 1
      i32.add
      drop
      local.get 0
      i32.const 1
      i32.sub
      local.set 0
      br 0
    end)
)

(assert_return (invoke "v128" (v128.const i64x2 5 6) (i32.const 0)) (v128.const i64x2 -6 -7))
(assert_return (invoke "v128" (v128.const i64x2 1 2) (i32.const 1)) (v128.const i64x2 1 2))
(assert_return (invoke "v128" (v128.const i64x2 1 2) (i32.const 0)) (v128.const i64x2 -2 -3))
(assert_return (invoke "v128 and i32" (v128.const i64x2 1 2) (i32.const 1))
  (v128.const i64x2 1 2) (i32.const 1))
(assert_return (invoke "v128 and i32" (v128.const i64x2 1 2) (i32.const 0))
  (v128.const i64x2 1 2) (i32.const 7))
(assert_return (invoke "f64" (f64.const 5) (i32.const 1)) (f64.const 5))
(assert_return (invoke "f64" (f64.const 5) (i32.const 0)) (f64.const 6))
(assert_return (invoke "two locals" (i32.const 5) (i64.const 6) (i32.const 1))
  (i32.const 5) (i64.const 6))
(assert_return (invoke "two locals" (i32.const 5) (i64.const 6) (i32.const 0))
  (i32.const 5) (i64.const 7))
(assert_return (invoke "constants" (i32.const 1))
  (i32.const 1) (f32.const 2) (i64.const 0x1_0000_0003))
(assert_return (invoke "constants" (i32.const 0)) (i32.const 11) (f32.const 20) (i64.const 30))
(assert_return (invoke "drops" (i32.const 5) (i32.const 4)) (i32.const 105))
(assert_return (invoke "drops" (i32.const 5) (i32.const 0)) (i32.const 106))
(assert_return (invoke "drops vectors" (v128.const i64x2 1 2) (i32.const 1))
  (v128.const i64x2 1 2) (i32.const 3))
(assert_return (invoke "drops vectors" (v128.const i64x2 1 2) (i32.const 0))
  (v128.const i64x2 -2 -3) (i32.const 4))
(assert_return (invoke "condition changes" (i32.const 3)) (i32.const 3))
(assert_return (invoke "condition changes" (i32.const 0)) (i32.const 8))
(assert_return (invoke "operand is a comparison" (i32.const 2)) (i32.const 101))
(assert_return (invoke "operand is a comparison" (i32.const 3)) (i32.const 1))
(assert_return (invoke "operand is a comparison" (i32.const 6)) (i32.const 0))
(assert_return (invoke "tee" (i32.const 5)) (i32.const 30))
(assert_return (invoke "tee" (i32.const 2)) (i32.const 11))
(assert_return (invoke "heights" (i32.const 0) (i32.const 1)) (i32.const 1251))
(assert_return (invoke "heights" (i32.const 1) (i32.const 1)) (i32.const 1201))
(assert_return (invoke "heights" (i32.const 2) (i32.const 1)) (i32.const 1001))
(assert_return (invoke "heights" (i32.const 3) (i32.const 1)) (i32.const 1201))
(assert_return (invoke "heights" (i32.const 4) (i32.const 1)) (i32.const 1))
(assert_return (invoke "heights" (i32.const -1) (i32.const 1)) (i32.const 1))
(assert_return (invoke "table of vectors" (i32.const 0) (v128.const i64x2 1 2))
  (i32.const 3) (v128.const i64x2 1 2))
(assert_return (invoke "table of vectors" (i32.const 1) (v128.const i64x2 1 2))
  (i32.const 1) (v128.const i64x2 -2 -3))
(assert_return (invoke "index is an operand" (i32.const 0)) (i32.const 0) (i32.const 101))
(assert_return (invoke "index is an operand" (i32.const 1)) (i32.const 1) (i32.const 120))
(assert_return (invoke "index is an operand" (i32.const 2)) (i32.const 2) (i32.const 3))
(assert_return (invoke "table returns" (i32.const 1) (i32.const 8)) (i32.const 7))
(assert_return (invoke "table returns" (i32.const 0) (i32.const 8)) (i32.const 7))
(assert_return (invoke "table or return" (i32.const 0) (i32.const 8)) (i32.const 13))
(assert_return (invoke "table or return" (i32.const 1) (i32.const 8)) (i32.const 8))
(assert_return (invoke "table or return" (i32.const 9) (i32.const 8)) (i32.const 8))
(assert_return (invoke "loop" (i32.const 9)) (i32.const 1003))
(assert_return (invoke "loop returns" (i32.const 4)) (i32.const 7) (i32.const 1))
