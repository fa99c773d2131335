;; Tail calls to functions with more and fewer parameters and results than the caller's, directly,
;; through tables and imports, to functions of other instances and of the host, with arguments that
;; are locals in another order.

(module $other
  (memory 1)
  (data (i32.const 0) "\2a")
  (global $calls (mut i32) (i32.const 0))
  (func (export "load") (param i32) (result i32)
    global.get $calls
    i32.const 1
    i32.add
    global.set $calls
    local.get 0
    i32.load8_u)
  (func (export "calls") (result i32) global.get $calls)
  (func (export "nine") (param i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
    local.get 0
    local.get 8
    i32.const 10
    i32.mul
    i32.add))
(register "other")

(module
  (import "other" "load" (func $load (param i32) (result i32)))
  (import "other" "nine"
    (func $nine (param i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "spectest" "print_i32" (func $print (param i32)))
  (type $none-to-i32 (func (result i32)))
  (type $i32-to-i32 (func (param i32) (result i32)))
  (type $five (func (param i32 i64 v128 f64 i32) (result i32)))
  (table 10 funcref)
  (elem (i32.const 0) $load $count $five $seven $down)
  (memory 1)

  (func $seven (type $none-to-i32) i32.const 7)
  (func $five (type $five)
    local.get 0
    local.get 4
    i32.sub
    local.get 1
    i32.wrap_i64
    i32.add
    local.get 2
    i32x4.extract_lane 3
    i32.add
    local.get 3
    i32.trunc_f64_s
    i32.add)

  ;; A million frames in the room of one, each with locals that must be zero.
  (func $count (export "count") (type $i32-to-i32)
    (local i32 i64)
    local.get 1
    if
      unreachable
    end
    i32.const 1
    local.set 1
    local.get 0
    i32.eqz
    if
      i32.const 44
      return
    end
    local.get 0
    i32.const 1
    i32.sub
    return_call $count)

  ;; Two functions that call each other with different numbers of parameters.
  (func $even (export "even") (param i64) (result i32)
    local.get 0
    i64.eqz
    if
      i32.const 1
      return
    end
    f64.const 0.5
    local.get 0
    i64.const 1
    i64.sub
    v128.const i64x2 1 2
    i32.const 3
    return_call $odd)
  (func $odd (export "odd") (param f64 i64 v128 i32) (result i32)
    local.get 1
    i64.eqz
    if
      i32.const 0
      return
    end
    local.get 1
    i64.const 1
    i64.sub
    return_call $even)

  (func (export "more") (param i32) (result i32)
    (local i64)
    i64.const 1000
    local.set 1
    local.get 0
    local.get 1
    v128.const i32x4 0 0 0 5
    f64.const 20
    local.get 0
    i32.const 1
    i32.add
    return_call $five)
  (func (export "more, through a table") (param i32 i32) (result i32)
    local.get 0
    i64.const 1000
    v128.const i32x4 0 0 0 5
    f64.const 20
    local.get 0
    i32.const 1
    i32.add
    local.get 1
    return_call_indirect (type $five))
  (func (export "fewer, through a table") (param i64 i64 i64 i32) (result i32)
    local.get 3
    return_call_indirect (type $none-to-i32))
  (func (export "through a table") (param i32 i32) (result i32)
    local.get 1
    local.get 0
    return_call_indirect (type $i32-to-i32))
  (func (export "import") (param i32) (result i32)
    local.get 0
    return_call $load)
  (func (export "import with more") (param i32 i32) (result i32)
    local.get 1
    i32.const 1
    i32.const 2
    i32.const 3
    i32.const 4
    i32.const 5
    i32.const 6
    i32.const 7
    local.get 0
    return_call $nine)
  (func (export "host") (param i64 i64)
    local.get 1
    i32.wrap_i64
    return_call $print)

  ;; Arguments are the caller's parameters in another order.
  (func $digits (param i32 i32 i32) (result i32)
    local.get 0
    i32.const 10
    i32.mul
    local.get 1
    i32.add
    i32.const 10
    i32.mul
    local.get 2
    i32.add)
  (func (export "rotate") (param i32 i32 i32) (result i32)
    local.get 1
    local.get 2
    local.get 0
    return_call $digits)
  (func (export "same twice") (param i32 i32 i32) (result i32)
    i32.const 99
    local.get 2
    local.get 2
    local.get 0
    i32.const 5
    local.set 0
    return_call $digits)

  ;; Many results, and operands below the arguments.
  (func $three (param i32) (result i32 v128 i64)
    local.get 0
    v128.const i64x2 8 9
    i64.const 10)
  (func (export "many results") (result i32 v128 i64)
    i32.const 1
    i32.const 2
    return_call $three)
  (func (export "results after a tail call") (param i32) (result i32)
    i32.const 1000
    local.get 0
    call $count
    i32.add
    local.get 0
    call $down
    i32.add)
  (func $down (param i32) (result i32)
    block
      local.get 0
      br_if 0
      i32.const 500
      return
    end
    local.get 0
    i32.const 1
    i32.sub
    i32.const 4
    return_call_indirect (type $i32-to-i32))
)

(assert_return (invoke "count" (i32.const 1000000)) (i32.const 44))
(assert_return (invoke "even" (i64.const 100000)) (i32.const 1))
(assert_return (invoke "even" (i64.const 100001)) (i32.const 0))
(assert_return (invoke "more" (i32.const 3)) (i32.const 1024))
(assert_return (invoke "more, through a table" (i32.const 3) (i32.const 2)) (i32.const 1024))
(assert_trap (invoke "more, through a table" (i32.const 3) (i32.const 1)) "indirect call type mismatch")
(assert_trap (invoke "more, through a table" (i32.const 3) (i32.const 9)) "uninitialized element")
(assert_trap (invoke "more, through a table" (i32.const 3) (i32.const 10)) "undefined element")
(assert_return
  (invoke "fewer, through a table" (i64.const 1) (i64.const 2) (i64.const 3) (i32.const 3))
  (i32.const 7))
(assert_return (invoke "through a table" (i32.const 0) (i32.const 0)) (i32.const 42))
(assert_return (invoke "through a table" (i32.const 1) (i32.const 100000)) (i32.const 44))
(assert_return (invoke "import" (i32.const 0)) (i32.const 42))
(assert_return (invoke "import" (i32.const 1)) (i32.const 0))
(assert_trap (invoke "import" (i32.const 65536)) "out of bounds memory access")
(assert_return (invoke $other "calls") (i32.const 4))
(assert_return (invoke "import with more" (i32.const 8) (i32.const 3)) (i32.const 83))
(assert_return (invoke "host" (i64.const 1) (i64.const 2)))
(assert_return (invoke "rotate" (i32.const 1) (i32.const 2) (i32.const 3)) (i32.const 231))
(assert_return (invoke "same twice" (i32.const 1) (i32.const 2) (i32.const 3)) (i32.const 331))
(assert_return (invoke "many results") (i32.const 2) (v128.const i64x2 8 9) (i64.const 10))
(assert_return (invoke "results after a tail call" (i32.const 10)) (i32.const 1544))
