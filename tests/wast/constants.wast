;; Constants that wait on the stack while control goes around a loop, or through it.

(module
  (func (export "around") (param i32) (result i32)
    i32.const 5
    block
      local.get 0
      br_if 0
      loop
      end
    end
    local.get 0
    i32.add)
  (func (export "else") (param i32) (result i32)
    i32.const 7
    local.get 0
    if
      loop
        local.get 0
        i32.const 1
        i32.sub
        local.tee 0
        br_if 0
      end
    else
    end
    local.get 0
    i32.add)
)

(assert_return (invoke "around" (i32.const 1)) (i32.const 6))
(assert_return (invoke "around" (i32.const 0)) (i32.const 5))
(assert_return (invoke "else" (i32.const 0)) (i32.const 7))
(assert_return (invoke "else" (i32.const 3)) (i32.const 7))
