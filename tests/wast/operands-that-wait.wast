;; Operands that wait on the stack while control splits or comes back above them. Another
;; interpreter lost each of these: it had their value in a register that was needed again.

(module
  ;; A comparison with zero directly before a `select`, of a local that is also an operand.
  (func (export "select of a comparison") (param i32) (result i32)
    local.get 0
    drop
    i32.const 1
    local.get 0
    local.get 0
    i32.eqz
    select)

  ;; A local computed just before a loop whose parameter takes its place.
  (func (export "below a loop") (param f64) (result i64)
    (local i64)
    local.get 0
    i64.trunc_sat_f64_u
    local.tee 1
    i32.const 1062168960
    loop (param i32) (result i32)
    end
    drop)

  ;; A vector that a table of branches moves down by one slot.
  (func (export "vector by table") (param i32) (result v128)
    block (result v128)
      block (result v128)
        ref.null func
        v128.const i32x4 1 2 3 4
        local.get 0
        br_table 0 1 0
      end
    end)

  ;; A vector local named twice below the condition of an `if` that has a parameter.
  (global $vector (mut v128) (v128.const i64x2 0 0))
  (func (export "vectors below an if") (param v128 i32) (result v128)
    f32.const 1
    ref.null extern
    local.get 0
    i64.const 1
    local.get 0
    i32.const 0
    local.get 1
    if (param i32) (result i32)
    end
    drop
    global.set $vector
    drop
    global.get $vector
    v128.xor
    global.set $vector
    drop
    drop
    global.get $vector))

(assert_return (invoke "select of a comparison" (i32.const 0)) (i32.const 1))
(assert_return (invoke "select of a comparison" (i32.const 5)) (i32.const 5))
(assert_return (invoke "below a loop" (f64.const 2)) (i64.const 2))
(assert_return (invoke "vector by table" (i32.const 0)) (v128.const i32x4 1 2 3 4))
(assert_return (invoke "vector by table" (i32.const 1)) (v128.const i32x4 1 2 3 4))
(assert_return (invoke "vector by table" (i32.const 9)) (v128.const i32x4 1 2 3 4))
(assert_return
  (invoke "vectors below an if" (v128.const i32x4 5 6 7 8) (i32.const 0))
  (v128.const i32x4 0 0 0 0))
(assert_return
  (invoke "vectors below an if" (v128.const i32x4 5 6 7 8) (i32.const 1))
  (v128.const i32x4 0 0 0 0))
